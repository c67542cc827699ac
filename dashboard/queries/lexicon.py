"""The vocabulary questions are understood with, read from the database: nine statements, kept while the data stays.

People are not in it. Prices change every few seconds, names hardly: it is looked at again at most once a minute, only
when the version of the market's or the catalogue's data has changed (at the latest after ten), and its index is built
anew only when a name really differs.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict

from django.conf import settings
from django.db.models import Count

from catalog import versions
from catalog.market import Listing, Platform
from catalog.matching.naming import said_for
from catalog.models import Brand, Category, City, Product, Store, Synonym
from catalog.search.folding import fold
from dashboard.ask.entities import told
from dashboard.ask.lexicon import Item, Lexicon, Named, Shelf

MOST_PRODUCTS = 100_000
LOOK_EVERY_S, READ_EVERY_S = 60, 600
_CITY_NAMES = {
    "bengaluru": ("bangalore", "blr"), "mumbai": ("bombay",), "delhi": ("new delhi", "dilli"), "chennai": ("madras",),
    "kolkata": ("calcutta",), "gurugram": ("gurgaon",), "hyderabad": ("hyd",),
}  # fmt: skip


def lexicon() -> Lexicon:
    """The one of this process; the same object, with its index, until a name changes."""
    return _kept.get()


class _Kept:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: Lexicon | None = None
        self._version = ""
        self._looked = self._read = 0.0

    def get(self) -> Lexicon:
        now = time.monotonic()
        brief = 0 if getattr(settings, "TESTING", False) else LOOK_EVERY_S
        if self._found is not None and now - self._looked < brief:
            return self._found
        with self._lock:
            if self._found is not None and time.monotonic() - self._looked < brief:
                return self._found
            version = f"{versions.read('market')}/{versions.read('catalog')}"
            if self._found is None or not brief or version != self._version or now - self._read > READ_EVERY_S:
                found = read()
                self._found = self._found if found == self._found else found
                self._version, self._read = version, now
            self._looked = now
            return self._found


_kept = _Kept()


def read() -> Lexicon:
    """From the database, now."""
    words = told()
    return Lexicon(
        platforms=tuple(
            Named(slug, name, (), ours)
            for slug, name, ours in Platform.objects.filter(is_active=True).values_list("slug", "name", "is_ours")
        ),
        brands=_brands(),
        items=_items(),
        categories=tuple(
            Shelf(slug, name, parent or "", (name_hi,) if name_hi else ())
            for slug, name, parent, name_hi in Category.objects.values_list("slug", "name", "parent__slug", "name_hi")
        ),
        stores=tuple(Named(code, name) for code, name in Store.objects.values_list("code", "name")),
        cities=tuple(
            Named(slug, name, _CITY_NAMES.get(slug, ())) for slug, name in City.objects.values_list("slug", "name")
        ),
        products=_products(),
        synonyms=_synonyms(),
        category_words={said: tuple(slugs) for said, slugs in words["categories"].items()},
        platform_words={said: tuple(meant) for said, meant in words["platforms"].items()},
    )


def _brands() -> tuple[str, ...]:
    """As listings spell them, and ours that nobody lists."""
    listed = list(Listing.objects.exclude(brand="").order_by("brand").values_list("brand", flat=True).distinct())
    known = {fold(one) for one in listed}
    ours = [name for name in Brand.objects.order_by("name").values_list("name", flat=True) if fold(name) not in known]
    return (*listed, *ours)


def _items() -> tuple[Item, ...]:
    """Each item with the category most of its listings are in."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    rows = (
        Listing.objects.exclude(item="").values_list("item", "category__slug").annotate(number=Count("id")).order_by()
    )
    for item, category, number in rows:
        counts[item][category or ""] += number if category else 0
    return tuple(Item(item, found.most_common(1)[0][0]) for item, found in sorted(counts.items()))


def _products() -> tuple[str, ...]:
    names = list(Product.objects.filter(is_active=True).values_list("name", flat=True)[:MOST_PRODUCTS])
    listed = Listing.objects.order_by().values_list("name", flat=True).distinct()[:MOST_PRODUCTS]
    return tuple(dict.fromkeys([*names, *listed]))


def _synonyms() -> dict[str, tuple[str, ...]]:
    """What the catalogue was taught, above the words every shop has for things."""
    found: dict[str, list[str]] = defaultdict(list)
    for term, means in Synonym.objects.filter(is_approved=True).order_by("id").values_list("term", "means"):
        found[term].append(means)
    return {**said_for(), **{term: tuple(means) for term, means in found.items()}}
