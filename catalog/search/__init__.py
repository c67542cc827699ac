"""Search: words people type (English, Hindi, Hinglish, misspelt) to products on one store's shelf."""

from catalog.search.find import SearchHit, search
from catalog.search.folding import fold, sound, words

__all__ = ["SearchHit", "fold", "search", "sound", "words"]
