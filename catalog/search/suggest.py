"""What to offer while somebody types: searches others made, categories, brands, products of one store.

One statement and what each process keeps for some minutes: about a millisecond at 30,000 products. The beginnings of
words count, in English, Hindi and Hinglish; nothing typed offers what is asked for most.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from django.db import connection

from catalog import tree
from catalog.kept import BrieflyKept
from catalog.models import SearchTerm, SearchWord
from catalog.search.asked import understand
from catalog.search.folding import fold, stem
from catalog.search.index import HEAD, WHOLE, all_of, any_of, lexeme, mark
from catalog.search.naming import KINDS
from catalog.search.synonyms import known

Kind = Literal["search", "category", "brand", "product"]
MOST_SEARCHES, MOST_CATEGORIES, MOST_BRANDS, MOST_PRODUCTS = 3, 2, 2, 4
MOST_KEPT = 5_000
ASKED_OFTEN = 5
"""A search is offered to others only after it was made so many times: what one person typed stays theirs."""
LOOKED_AT = 120
"""Products looked at per statement: enough to choose four from, whatever is typed."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`text` to show and to search for; `key` is the category's slug or the product's SKU, else "". The rest is a
    product's: price in paise, pack, picture and its category's hue."""

    kind: Kind
    text: str
    text_hi: str = ""
    key: str = ""
    price_paise: int | None = None
    mrp_paise: int | None = None
    pack: str = ""
    image: str = ""
    hue: int = 0


class Beginnings:
    """Suggestions found by the beginning of any of their words, weightiest first."""

    def __init__(self, offers: Iterable[tuple[str, float, Suggestion]]) -> None:
        entries: list[tuple[str, float, int, Suggestion]] = []
        for number, (text, weight, offer) in enumerate(offers):
            said = fold(text).split()
            # Beginning with the first word counts more than with a later one.
            entries += [(" ".join(said[at:]), weight / (1 + at), number, offer) for at in range(len(said))]
        entries.sort(key=lambda entry: entry[0])
        self._keys = [entry[0] for entry in entries]
        self._entries = entries

    def __call__(self, beginning: str, most: int) -> list[Suggestion]:
        start, end = bisect_left(self._keys, beginning), bisect_left(self._keys, beginning + "\U0010ffff")
        best: dict[int, tuple[float, Suggestion]] = {}
        for _, weight, number, offer in self._entries[start:end]:
            if number not in best or best[number][0] < weight:
                best[number] = (weight, offer)
        return [offer for _, offer in sorted(best.values(), key=lambda found: -found[0])[:most]]


def suggestions(*, store_id: int, q: str) -> list[Suggestion]:
    """At most eleven, each kind together: searches, categories, brands, products of this store. Words of the catalogue
    fill up the searches where the store has products that begin so."""
    typed = fold(q[:80])
    searches = _searches(store_id)
    if not typed:
        return searches("", MOST_SEARCHES * 2)
    asked_for = searches(typed, MOST_SEARCHES)
    brands = _brands(store_id)(typed, MOST_BRANDS)
    taken = {*(fold(brand.text) for brand in brands), *(search.text for search in asked_for)}
    products = _products(store_id, typed)
    words = [word for word in _words()(typed, MOST_SEARCHES * 2) if word.text not in taken] if products else []
    found = [
        *asked_for,
        *words[: MOST_SEARCHES - len(asked_for)],
        *_categories(store_id)(typed, MOST_CATEGORIES),
        *brands,
    ]
    seen = {fold(offer.text) for offer in found}
    return [*found, *(offer for offer in products if fold(offer.text) not in seen)]


def _read_searches(store_id: int) -> Beginnings:
    terms = SearchTerm.objects.filter(store_id=store_id, times__gte=ASKED_OFTEN, results__gt=0, is_dismissed=False)
    rows = terms.order_by("-times").values_list("text", "times")[:MOST_KEPT]
    return Beginnings((text, times, Suggestion("search", text)) for text, times in rows)


def _read_words() -> Beginnings:
    """What the catalogue speaks of most, and the Hindi and Hinglish words for it."""
    rows = SearchWord.objects.filter(products__gte=3).order_by("-products").values_list("word", "products")
    uses: dict[str, int] = {word: n for word, n in rows[:MOST_KEPT] if word not in KINDS}
    weights: dict[str, float] = {}
    stems: set[str] = set()
    for word, n in uses.items():  # the commoner of singular and plural
        if stem(word) not in stems:
            stems.add(stem(word))
            weights[word] = n
    for term, meanings in known().means.items():
        weight = max((min(uses.get(word, 0) for word in meaning.split()) for meaning in meanings), default=0)
        if weight:
            weights.setdefault(term, weight / 2)
    return Beginnings((word, n, Suggestion("search", word)) for word, n in weights.items())


def _read_categories(store_id: int) -> Beginnings:
    offers: list[tuple[str, float, Suggestion]] = []
    level = [(node, 2.0) for node in tree.category_tree(store_id=store_id)]
    while level:
        node, weight = level.pop(0)
        offers.append(
            (f"{node.name} {node.name_hi}", weight, Suggestion("category", node.name, node.name_hi, node.slug))
        )
        level.extend((child, 1.0) for child in node.children)
    return Beginnings(offers)


def _read_brands(store_id: int) -> Beginnings:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT b.name, count(*) FROM catalog_shelfitem s JOIN catalog_product p ON p.id = s.product_id
            JOIN catalog_brand b ON b.id = p.brand_id
            WHERE s.store_id = %s AND s.is_listed AND p.is_active GROUP BY b.id ORDER BY 2 DESC LIMIT %s""",
            [store_id, MOST_KEPT],
        )
        return Beginnings((name, n, Suggestion("brand", name.strip())) for name, n in cursor.fetchall())


_searches = BrieflyKept(_read_searches, times=20)
_words = BrieflyKept(_read_words, times=20)
_categories = BrieflyKept(_read_categories, times=20)
_brands = BrieflyKept(_read_brands, times=20)


def forget() -> None:
    """Read them again in this process."""
    for kept in (_searches, _words, _categories, _brands):
        kept.forget()


def _products(store_id: int, typed: str) -> list[Suggestion]:
    """Things that are what is typed, or begin so; else products with the words."""
    asked = understand(typed, known())
    if not asked.groups:
        return []
    *before, last = asked.groups
    begun = last.words[-1]
    of_it = [lexeme(mark(sign, begun), prefix=True) for sign in (WHOLE, HEAD)][: 1 if len(begun) < 3 else 2]
    meant = [lexeme(mark(WHOLE, "".join(meaning))) for meaning in last.meanings[1:]]
    exact = [group.exact for group in before]
    things = all_of([*exact, any_of([*of_it, *meant])])
    whole = any_of([of_it[0], *meant])
    words = things if len(begun) < 3 else asked.wide()
    parameters: list[Any] = []
    candidates = []
    for matching in dict.fromkeys((all_of([*exact, whole]), things, words)):
        candidates.append(
            "(SELECT p.id, p.name, p.name_hi, p.sku, p.brand_id, p.popularity, p.search_vector, p.pack, p.image"
            " FROM catalog_product p"
            " WHERE p.search_vector @@ %s::tsquery AND p.is_active LIMIT %s)"
        )
        parameters += [matching, LOOKED_AT]
    sql = f"""SELECT c.name, c.name_hi, c.sku, COALESCE(b.name, ''), s.price_paise, s.mrp_paise, c.pack, c.image, g.hue
        FROM (SELECT * FROM ({" UNION ALL ".join(candidates)}) u LIMIT %s) c
        JOIN catalog_shelfitem s ON s.product_id = c.id AND s.store_id = %s AND s.is_listed
        JOIN catalog_category g ON g.id = s.category_id
        LEFT JOIN catalog_brand b ON b.id = c.brand_id
        ORDER BY (c.search_vector @@ %s::tsquery) DESC, (c.search_vector @@ %s::tsquery) DESC,
            length(c.name) / 8 - ln(1 + c.popularity), c.id LIMIT %s"""
    itself = any_of([lexeme(mark(WHOLE, stem(begun))), *meant])
    parameters += [LOOKED_AT, store_id, itself, whole, MOST_PRODUCTS * 3]
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows = cursor.fetchall()
    offers: dict[str, Suggestion] = {}
    for name, name_hi, sku, brand, *shown in rows:
        text = name if fold(name).startswith(fold(brand)) else f"{brand} {name}".strip()
        offers.setdefault(fold(text), Suggestion("product", text, name_hi, sku, *shown))
    return list(offers.values())[:MOST_PRODUCTS]
