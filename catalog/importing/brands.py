"""Whose it is, where a file has no column for it: the brand a product's name begins with. Plain Python.

A book of brands knows names other files gave and what a file's own names betray: a beginning that many of its products
share and that stands nowhere else in a name. The longest one that fits counts. A brand that is also a common word
("Fresh", "Good Food", "Organic") is passed over: no brand is better than a wrong one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from catalog.search.folding import words
from catalog.search.naming import KINDS

LONGEST_WORDS = 5
FEWEST_PRODUCTS = 4
"""So many different products must share a beginning before it is taken for a brand."""
FEWEST_FOLLOWERS = 3
_LITTLE = frozenset({"the", "and", "of", "by", "a", "n", "s", "la", "le", "el", "mr", "dr"})


class BrandBook:
    """`names`: product names of the file at hand, for what is a common word there. `brands`: brands known by name.

    `things`: names of categories and types of goods, whose words are never a brand by themselves.
    """

    def __init__(self, *, names: Iterable[str], brands: Iterable[str], things: Iterable[str] = ()) -> None:
        self._first: Counter[str] = Counter()
        self._later: Counter[str] = Counter()
        self._things = {word for thing in things for word in words(thing)}
        told = {tuple(words(name)): name for name in names}  # the same product in two categories counts once
        for said in told:
            self._first[said[0] if said else ""] += 1
            self._later.update(set(said[1:]))
        self._known: dict[tuple[str, ...], str] = {}
        for brand in sorted(brands):
            key = tuple(words(brand))
            if key and len(key) <= LONGEST_WORDS and self._may_be(key):
                self._known.setdefault(key, brand.strip())
        for key, name in self._mined(told):
            self._known.setdefault(key, name)

    def __len__(self) -> int:
        return len(self._known)

    def brand_of(self, name: str) -> str:
        """The brand the name begins with, as it is usually written; "" when none is known or nothing would be left."""
        said = tuple(words(name))
        for length in range(min(LONGEST_WORDS, len(said) - 1), 0, -1):
            found = self._known.get(said[:length])
            if found:
                return found
        return ""

    def _may_be(self, key: tuple[str, ...]) -> bool:
        telling = [word for word in key if word not in _LITTLE and word not in KINDS and not word.isdigit()]
        if not telling or all(word in self._things for word in telling):
            return False
        if len(key) > 1:
            return True
        (word,) = key
        if len(word) < 3 or word in self._things:
            return False
        # What stands inside names as often as in front of them is a word of the language, not a maker.
        return self._later[word] <= max(1, self._first[word] // 3)

    def _mined(self, told: dict[tuple[str, ...], str]) -> list[tuple[tuple[str, ...], str]]:
        """Beginnings that betray a brand, each as long as all its products agree on."""
        beginning: dict[tuple[str, ...], list[tuple[str, ...]]] = defaultdict(list)
        for said in told:
            for length in (1, 2, 3):
                if len(said) > length:
                    beginning[said[:length]].append(said)
        mined: list[tuple[tuple[str, ...], str]] = []
        for key, products in beginning.items():
            if len(key) != 1 or len(products) < FEWEST_PRODUCTS:
                continue
            longest: tuple[str, ...] = key
            for longer in (2, 3):
                same = products[0][:longer]
                if all(p[:longer] == same for p in products) and all(len(p) > longer for p in products):
                    longest = same
            if len({p[len(longest)] for p in products}) < FEWEST_FOLLOWERS:
                continue
            if self._later[key[0]] > len(products) // 8 or not self._may_be(longest) or not self._may_be(key):
                continue
            written = " ".join(told[products[0]].split()[: len(longest)]).strip(" -,'’")
            if tuple(words(written)) == longest and written[:1].isupper():
                mined.append((longest, written))
        return mined
