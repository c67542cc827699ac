"""A store's shelf as a shop shows it: what, at which price, and whether it is there. Three statements per page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from catalog import queries as goods
from catalog import search as finding
from catalog.errors import NoSuchStore
from catalog.kept import BrieflyKept
from catalog.models import Store
from catalog.queries import Cursor, ProductDetail, ShelfRow
from catalog.search import Suggestion
from inventory import queries as stock

MOST_PER_PAGE = 100
MOST_OF_A_KIND = 2
FEW_LEFT = 5
"""From here on the shop says how many are left."""


@dataclass(frozen=True, slots=True)
class ShelfCard:
    """A product of the shelf and how many units can be sold now."""

    row: ShelfRow
    free: int

    def as_dict(self) -> dict[str, Any]:
        """JSON-able. The exact number only when it is small: how much a store keeps is nobody's business."""
        available = max(0, min(self.free, self.row.max_per_order))
        out = self.row.as_dict()
        out["available"] = available > 0
        out["left"] = self.free if 0 < self.free <= FEW_LEFT else None
        out["max_qty"] = available
        return out


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a list; `next_cursor` is "" on the last page."""

    items: list[ShelfCard]
    next_cursor: str = ""

    def as_dict(self) -> dict[str, Any]:
        return {"items": [card.as_dict() for card in self.items], "next_cursor": self.next_cursor or None}


def best_offers(rows: Sequence[ShelfRow], *, most: int) -> list[ShelfRow]:
    """Furthest below MRP first, at most two of a kind, so that the strip is more than vegetables."""
    seen: Counter[str] = Counter()
    chosen = []
    for row in sorted(rows, key=lambda row: (row.price_paise * 100 // row.mrp_paise, -row.rank)):
        if row.price_paise < row.mrp_paise and seen[row.category_slug] < MOST_OF_A_KIND:
            seen[row.category_slug] += 1
            chosen.append(row)
    return chosen[:most]


def offers(*, store_code: str, limit: int) -> list[ShelfCard]:
    """What is furthest below its MRP among what sells best. Three statements. Raises NoSuchStore."""
    store_id = store_id_of(store_code)
    popular = goods.shelf_page(store_id=store_id, limit=MOST_PER_PAGE)
    return [card for card in _cards(store_id, best_offers(popular, most=limit)) if card.free > 0]


def store_id_of(code: str) -> int:
    """The active store's id; kept for a few seconds, because every page of a shelf asks. Raises NoSuchStore."""
    return _store_ids(code)


def _read_store_id(code: str) -> int:
    found = Store.objects.filter(code=code, is_active=True).values_list("pk", flat=True).first()
    if found is None:
        raise NoSuchStore
    return int(found)


_store_ids: BrieflyKept[int] = BrieflyKept(_read_store_id)


def shelf(*, store_code: str, category_slug: str | None = None, cursor: str = "", limit: int = 40) -> Page:
    """Listed products, best first; a category includes its children. Raises NoSuchStore, NoSuchCategory, BadCursor."""
    limit = max(1, min(limit, MOST_PER_PAGE))
    category_ids = goods.category_ids(category_slug) if category_slug else None
    after = Cursor.decode(cursor) if cursor else None
    store_id = store_id_of(store_code)
    # One row more than asked for tells whether there is a next page.
    rows = goods.shelf_page(store_id=store_id, category_ids=category_ids, after=after, limit=limit + 1)
    shown = rows[:limit]
    return Page(_cards(store_id, shown), Cursor.of(shown[-1]).encode() if len(rows) > limit else "")


@dataclass(frozen=True, slots=True)
class FoundCards:
    """What a search shows. `meant`: how the question is probably spelt ("" when there is no doubt); `instead`: the
    cards answer that; `near`: nothing has everything asked for, the cards have some of it."""

    cards: list[ShelfCard]
    meant: str = ""
    instead: bool = False
    near: bool = False

    @property
    def matched(self) -> int:
        """How many answer the question as it was typed: what the search log counts."""
        return 0 if self.near else len(self.cards)


def find(*, store_code: str, q: str, limit: int = 40) -> FoundCards:
    """What the words find on this store's shelf, best first; sold-out products come last."""
    store_id = store_id_of(store_code)
    limit = max(1, min(limit, MOST_PER_PAGE))
    # A few more than wanted, so that what is sold out makes room.
    found = finding.find(store_id=store_id, q=q, limit=min(limit + limit // 4, MOST_PER_PAGE))
    cards = _cards(store_id, [hit.row for hit in found.hits])
    cards.sort(key=lambda card: card.free <= 0)  # stable: the score's order stays within each half
    return FoundCards(cards[:limit], found.meant, found.instead, found.near)


def search(*, store_code: str, q: str, limit: int = 40) -> list[ShelfCard]:
    """The cards alone."""
    return find(store_code=store_code, q=q, limit=limit).cards


def suggestions(*, store_code: str, q: str) -> list[Suggestion]:
    """What to offer while somebody types."""
    return finding.suggestions(store_id=store_id_of(store_code), q=q)


def product(*, store_code: str, sku: str) -> tuple[ProductDetail, int]:
    """One product of the shelf and its free units. Raises NoSuchStore, NoSuchProduct."""
    store_id = store_id_of(store_code)
    detail = goods.product_detail(store_id=store_id, sku=sku)
    free = stock.free(store_id=store_id, product_ids=[detail.row.product_id])
    return detail, free.get(detail.row.product_id, 0)


def cards(*, store_code: str, product_ids: Sequence[int]) -> list[ShelfCard]:
    """Cards of certain products in the given order, without those the store does not list ("buy again")."""
    store_id = store_id_of(store_code)
    rows = goods.shelf_rows(store_id=store_id, product_ids=product_ids)
    return _cards(store_id, [rows[pk] for pk in product_ids if pk in rows])


def _cards(store_id: int, rows: Sequence[ShelfRow]) -> list[ShelfCard]:
    free = stock.free(store_id=store_id, product_ids=[row.product_id for row in rows]) if rows else {}
    return [ShelfCard(row, free.get(row.product_id, 0)) for row in rows]
