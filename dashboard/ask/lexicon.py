"""The vocabulary of the house: platforms, brands, goods, categories, stores, cities and product names.

Plain data in (`dashboard.queries.lexicon` reads it from the database), an index of it out. People are not in it, so no
question can be understood as being about one. Spelling: candidates by shared letter trigrams, then edit distance.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from dashboard.ask.folding import stems, words

LONGEST_NAME = 5
"""Words of a name that are looked for together."""
MOST_CANDIDATES = 40


@dataclass(frozen=True, slots=True)
class Named:
    """`key` is how the database calls it (a slug, a code), `label` how people do."""

    key: str
    label: str
    others: tuple[str, ...] = ()
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Shelf:
    """A category; `parent` is its aisle's slug, "" for an aisle."""

    key: str
    label: str
    parent: str = ""
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """What a listing is in one or two words (onion), and the category most of its listings are in."""

    key: str
    category: str = ""


@dataclass(frozen=True, slots=True)
class Meaning:
    """`kind`: platform, brand, item, category, aisle, store, city, or word (only seen inside product names)."""

    kind: str
    keys: tuple[str, ...]
    label: str


@dataclass(frozen=True)
class Lexicon:
    platforms: tuple[Named, ...] = ()
    brands: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()
    categories: tuple[Shelf, ...] = ()
    stores: tuple[Named, ...] = ()
    cities: tuple[Named, ...] = ()
    products: tuple[str, ...] = ()
    """Names as sold, ours and those of platforms."""
    synonyms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Folded words people type → what the catalogue says for it."""
    category_words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Everyday words → slugs of categories they stand for (snacks, dairy)."""
    platform_words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Other names of platforms → the names or slugs they may have here."""

    @cached_property
    def index(self) -> Index:
        return Index(self)

    def category_of(self, item: str) -> str:
        return next((one.category for one in self.items if one.key == item), "")

    def label(self, kind: str, key: str) -> str:
        """How people call a key (instamart: Instamart); the key itself when nobody knows it. `sold_by` has several."""
        if kind == "sold_by":
            return ", ".join(self.label("platform", one) for one in key.split())
        places: dict[str, Sequence[Named | Shelf]] = {
            "platform": self.platforms, "category": self.categories, "aisle": self.categories, "store": self.stores,
            "city": self.cities,
        }  # fmt: skip
        return next((one.label for one in places.get(kind, ()) if one.key == key), key)


class Index:
    """Names by their stems, words by their trigrams, products by their words."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.names: dict[tuple[str, ...], list[Meaning]] = {}
        for one in lexicon.platforms:
            self._place("platform", one, *_also_called(one, lexicon.platform_words))
        for one in lexicon.stores:
            self._place("store", one)
        for one in lexicon.cities:
            self._place("city", one)
        for item in lexicon.items:
            self._add(item.key, Meaning("item", (item.key,), item.key))
        self._categories(lexicon)
        for brand in lexicon.brands:
            self._add(brand, Meaning("brand", (brand,), brand))
        self.in_products: dict[str, set[int]] = defaultdict(set)
        for number, name in enumerate(lexicon.products):
            for word in stems(name):
                self.in_products[word].add(number)
        self._synonyms(lexicon)
        seldom = {word: 1 for word, where in self.in_products.items() if len(where) > 1}
        self._weights = seldom | {word: 3 for key in self.names for word in key}
        self._grams = by_gram(self._weights)

    def _place(self, kind: str, one: Named, *others: str) -> None:
        for text in (one.key, one.label, *one.others, *others):
            self._add(text, Meaning(kind, (one.key,), one.label))

    def _add(self, text: str, meaning: Meaning) -> None:
        key = stems(text)
        if not key or len(key) > LONGEST_NAME:
            return
        held = self.names.setdefault(key, [])
        if all(one.kind != meaning.kind or one.keys != meaning.keys for one in held):
            held.append(meaning)

    def _categories(self, lexicon: Lexicon) -> None:
        for shelf in lexicon.categories:
            kind = "category" if shelf.parent else "aisle"
            meaning = Meaning(kind, (shelf.key,), shelf.label)
            for text in (shelf.label, shelf.key, *shelf.others):
                self._add(text, meaning)
                if "&" in text:
                    self._add(text.replace("&", " and "), meaning)
        known = {shelf.key: shelf for shelf in lexicon.categories}
        for said, slugs in lexicon.category_words.items():
            here = [slug for slug in slugs if slug in known]
            if not here:
                continue
            kind = "category" if any(known[slug].parent for slug in here) else "aisle"
            self._add(said, Meaning(kind, tuple(here), said))
        things = {stems(said) for said in lexicon.synonyms}  # of ghee nobody lists oils are no answer
        for shelf in lexicon.categories:  # "Chips & Crisps" is also said with one of its words
            for part in shelf.label.replace("&", ",").split(","):
                if shelf.parent and stems(part) and stems(part) not in self.names and stems(part) not in things:
                    self._add(part, Meaning("category", (shelf.key,), shelf.label))

    def _synonyms(self, lexicon: Lexicon) -> None:
        """What people type means what the catalogue says: pyaz is whatever onion is. `unlisted`: nothing is."""
        self.unlisted: set[tuple[str, ...]] = set()
        for term, meant in lexicon.synonyms.items():
            key = stems(term)
            if key in self.names or not key or len(key) > LONGEST_NAME:
                continue
            if len(meant) > 1 and stems(meant[0]) == key and self._named(key):  # a maker's line, as products say it
                self.names[key] = [Meaning("word", (meant[0],), meant[0])]
                continue
            for means in meant:
                found = self.names.get(stems(means))
                if found:
                    self.names[key] = list(found)
                    break
            else:
                if self._named(stems(meant[0])):
                    self.names[key] = [Meaning("word", (meant[0],), meant[0])]
                else:
                    self.unlisted.add(key)

    def _named(self, said: tuple[str, ...]) -> bool:
        """Whether some product's name holds all these words."""
        return bool(said) and bool(set.intersection(*(self.in_products.get(one, set()) for one in said)))

    def knows(self, word: str) -> bool:
        return word in self._weights or word in self.in_products

    def together(self, one: str, other: str) -> bool:
        """Whether some product's name holds both words."""
        return not self.in_products.get(one, set()).isdisjoint(self.in_products.get(other, ()))

    def close(self, word: str) -> tuple[float, str] | None:
        """The known word this may be a misspelling of, and how far it is; None when nothing is near enough."""
        return nearest(word, self._grams, self._weights)


def _also_called(one: Named, platform_words: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Other names of a platform, known by its slug or by what it is called."""
    known = {one.key, " ".join(words(one.label))}
    return [said for said, meant in platform_words.items() if not known.isdisjoint(meant)]


def grams(word: str) -> set[str]:
    padded = f" {word} "
    return {padded[at : at + 3] for at in range(len(padded) - 2)}


def by_gram(known: Iterable[str]) -> dict[str, list[str]]:
    """Words by their trigrams, as `nearest` takes them."""
    found: dict[str, list[str]] = {}
    for word in known:
        for gram in grams(word):
            found.setdefault(gram, []).append(word)
    return found


def nearest(
    word: str, by_gram: Mapping[str, list[str]], weights: Mapping[str, int], *, long_from: int = 9
) -> tuple[float, str] | None:
    """Candidates that share trigrams, the nearest by edit distance; a heavier word wins a tie. One letter may be wrong,
    two in words from `long_from` letters on."""
    if len(word) < 4 or not word.isalpha():
        return None
    most = 1 if len(word) < long_from else 2
    shared: dict[str, int] = defaultdict(int)
    for gram in grams(word):
        for other in by_gram.get(gram, ()):
            if abs(len(other) - len(word)) <= most:
                shared[other] += 1
    for other in _swapped(word):
        if other in weights:
            shared[other] += 3
    best: tuple[float, int, str] | None = None
    for other in sorted(shared, key=lambda each: (-shared[each], each))[:MOST_CANDIDATES]:
        far = distance(word, other) + 0.6 * (other[0] != word[0])
        if far <= most and len(other) > 2:
            scored = (far, -weights.get(other, 0), other)
            best = min(best, scored) if best else scored
    return (best[0], best[2]) if best else None


def _swapped(word: str) -> list[str]:
    return [word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1)]


def distance(one: str, other: str) -> float:
    """Letters to change, add, drop or swap (optimal string alignment); a doubled letter is half a change."""
    before: list[float] = []
    last: list[float] = [float(at) for at in range(len(other) + 1)]
    for i, a in enumerate(one, start=1):
        drop = 0.5 if i > 1 and one[i - 2] == a else 1.0
        now = [last[0] + 1]
        for j, b in enumerate(other, start=1):
            add = 0.5 if j > 1 and other[j - 2] == b else 1.0
            cost = min(now[j - 1] + add, last[j] + drop, last[j - 1] + (a != b))
            if before and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            now.append(cost)
        before, last = last, now
    return last[-1]
