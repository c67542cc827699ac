"""Search: words people type (English, Hindi, Hinglish, misspelt) to products on one store's shelf."""

from catalog.search.find import Found, SearchHit, find, search
from catalog.search.folding import fold, sound, words
from catalog.search.suggest import Suggestion, suggestions

__all__ = ["Found", "SearchHit", "Suggestion", "find", "fold", "search", "sound", "suggestions", "words"]
