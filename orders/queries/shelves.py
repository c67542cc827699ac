"""A store's shelf as a shop shows it: what, at which price, and whether it is there. Three statements per page.

Packs of one thing are one card. In front stands the pack the shelf or the question put there, unless it is sold out and
another one is not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog import facets as choosing
from catalog import queries as goods
from catalog import search as finding
from catalog.errors import NoSuchStore
from catalog.facets import Facets, Filters, SortCursor
from catalog.kept import BrieflyKept
from catalog.models import Store
from catalog.pricing.unit_price import UnitPrice, unit_price
from catalog.queries import Cursor, ProductDetail, ShelfRow
from catalog.search import Suggestion
from catalog.traits import MEASURED_IN
from inventory import queries as stock
from inventory.queries import FEW_LEFT

MOST_PER_PAGE = 100
MOST_OF_A_KIND = 2


@dataclass(frozen=True, slots=True)
class Pack:
    """One of the packs of a family; `is_best`: no other that can be bought costs less per unit of the same measure."""

    row: ShelfRow
    free: int
    is_best: bool = False

    @property
    def available(self) -> bool:
        return min(self.free, self.row.max_per_order) > 0

    @property
    def unit_price(self) -> UnitPrice | None:
        return unit_price(self.row.price_paise, self.row.pack_size, self.row.pack_unit)

    def as_dict(self) -> dict[str, Any]:
        per = self.unit_price
        return {
            "sku": self.row.sku,
            "pack": self.row.pack,
            "price_paise": self.row.price_paise,
            "mrp_paise": self.row.mrp_paise,
            "unit_price": {"paise": per.paise, "per": per.per} if per else None,
            "available": self.available,
            "is_best": self.is_best,
        }


@dataclass(frozen=True, slots=True)
class ShelfCard:
    """A product of the shelf and how many units can be sold now; all `packs` of its family, smallest first, when it has
    more than one."""

    row: ShelfRow
    free: int
    packs: tuple[Pack, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """JSON-able. The exact number only when it is small: how much a store keeps is nobody's business."""
        available = max(0, min(self.free, self.row.max_per_order))
        out = self.row.as_dict()
        out["available"] = available > 0
        out["left"] = self.free if 0 < self.free <= FEW_LEFT else None
        out["max_qty"] = available
        out["packs"] = [pack.as_dict() for pack in self.packs]
        return out


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a list; `next_cursor` is "" on the last page. `facets` only where they were asked for."""

    items: list[ShelfCard]
    next_cursor: str = ""
    facets: Facets | None = None

    def as_dict(self) -> dict[str, Any]:
        out: dict[str, Any] = {
            "items": [card.as_dict() for card in self.items],
            "next_cursor": self.next_cursor or None,
        }
        if self.facets is not None:
            out["facets"] = self.facets.as_dict()
        return out


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


def shelf(
    *,
    store_code: str,
    category_slug: str | None = None,
    cursor: str = "",
    limit: int = 40,
    wanted: Filters | None = None,
    sort: str = "rank",
    with_facets: bool = False,
) -> Page:
    """Listed products, best first, or filtered and in another order; a category includes its children.

    Raises NoSuchStore, NoSuchCategory, BadCursor.
    """
    limit = max(1, min(limit, MOST_PER_PAGE))
    wanted = wanted or Filters()
    category_ids = goods.category_ids(category_slug) if category_slug else None
    digest = None
    if not wanted.is_set and sort == "rank":
        after = Cursor.decode(cursor) if cursor else None
        store_id = store_id_of(store_code)
        # One row more than asked for tells whether there is a next page.
        rows = goods.shelf_page(store_id=store_id, category_ids=category_ids, after=after, limit=limit + 1)
        following = Cursor.of(rows[limit - 1]).encode() if len(rows) > limit else ""
        rows = rows[:limit]
    else:
        beyond = SortCursor.decode(cursor, sort=sort) if cursor else None
        store_id = store_id_of(store_code)
        page = choosing.filtered_page(
            store_id=store_id, category_ids=category_ids, wanted=wanted, sort=sort, after=beyond, limit=limit
        )
        rows, following, digest = page.rows, page.next.encode() if page.next else "", page.digest
    facets = None
    if with_facets:
        digest = digest or choosing.digest_of(store_id=store_id, category_ids=category_ids)
        facets = digest.facets(wanted)
    return Page(_cards(store_id, rows, wanted), following, facets)


@dataclass(frozen=True, slots=True)
class FoundCards:
    """What a search shows. `meant`: how the question is probably spelt ("" when there is no doubt); `instead`: the
    cards answer that; `near`: nothing has everything asked for, the cards have some of it. `facets` only where they
    were asked for."""

    cards: list[ShelfCard]
    meant: str = ""
    instead: bool = False
    near: bool = False
    facets: Facets | None = None

    @property
    def matched(self) -> int:
        """How many answer the question as it was typed: what the search log counts."""
        return 0 if self.near else len(self.cards)


def find(
    *,
    store_code: str,
    q: str,
    limit: int = 40,
    wanted: Filters | None = None,
    sort: str = "rank",
    with_facets: bool = False,
) -> FoundCards:
    """What the words find on this store's shelf, best first; sold-out products come last. Packs of one thing are one
    card, with the pack that answers best in front. Filters choose among the best hits, as many as a page may hold."""
    store_id = store_id_of(store_code)
    limit = max(1, min(limit, MOST_PER_PAGE))
    wanted = wanted or Filters()
    is_plain = not (wanted.is_set or with_facets) and sort == "rank"
    # More than wanted, so that what is sold out makes room and packs of one thing leave enough others.
    asked = min(limit + limit // 4, MOST_PER_PAGE) if is_plain else MOST_PER_PAGE
    found = finding.find(store_id=store_id, q=q, limit=asked)
    rows = [hit.row for hit in found.hits]
    facets = None
    if not is_plain:
        digest = choosing.Digest(choosing.Entry.of(row, rank=-place) for place, row in enumerate(rows))
        by_id = {row.shelf_item_id: row for row in rows}
        ids, _ = digest.page(wanted, sort=sort, after=None, limit=len(rows))
        rows = [by_id[id] for id in ids]
        facets = digest.facets(wanted) if with_facets else None
    in_front: dict[int, ShelfRow] = {}
    for row in rows:
        in_front.setdefault(row.family, row)
    cards = _cards(store_id, list(in_front.values()), wanted)
    cards.sort(key=lambda card: card.free <= 0)  # stable: the score's order stays within each half
    return FoundCards(cards[:limit], found.meant, found.instead, found.near, facets)


def search(*, store_code: str, q: str, limit: int = 40) -> list[ShelfCard]:
    """The cards alone."""
    return find(store_code=store_code, q=q, limit=limit).cards


def suggestions(*, store_code: str, q: str) -> list[Suggestion]:
    """What to offer while somebody types."""
    return finding.suggestions(store_id=store_id_of(store_code), q=q)


def product(*, store_code: str, sku: str) -> tuple[ProductDetail, ShelfCard]:
    """One product of the shelf as its own page shows it, with the other packs. Raises NoSuchStore, NoSuchProduct."""
    store_id = store_id_of(store_code)
    detail = goods.product_detail(store_id=store_id, sku=sku)
    free = stock.free(store_id=store_id, product_ids=stocked([detail.row]))
    return detail, ShelfCard(detail.row, free.get(detail.row.product_id, 0), _packs(detail.row, free))


def cards(*, store_code: str, product_ids: Sequence[int]) -> list[ShelfCard]:
    """Cards of certain products in the given order, without those the store does not list ("buy again")."""
    store_id = store_id_of(store_code)
    rows = goods.shelf_rows(store_id=store_id, product_ids=product_ids)
    return _cards(store_id, [rows[pk] for pk in product_ids if pk in rows])


def stocked(rows: Sequence[ShelfRow]) -> list[int]:
    """The products whose stock must be known to draw these rows: their other packs too."""
    return list(dict.fromkeys(pack.product_id for row in rows for pack in (row, *row.others)))


def faced(row: ShelfRow, free: Mapping[int, int], wanted: Filters | None = None) -> ShelfCard:
    """The card of a family: the row itself, or where it is sold out the most wanted other pack that is not (and that
    meets the filters too)."""
    if not row.others:
        return ShelfCard(row, free.get(row.product_id, 0))
    front = row
    if free.get(row.product_id, 0) <= 0:
        others = choosing.still_meeting(row.others, wanted or Filters())
        there = [other for other in others if free.get(other.product_id, 0) > 0]
        front = min(there, key=lambda it: (-it.rank, it.price_paise, it.shelf_item_id), default=row)
    return ShelfCard(front, free.get(front.product_id, 0), _packs(row, free))


def _packs(row: ShelfRow, free: Mapping[int, int]) -> tuple[Pack, ...]:
    if not row.others:
        return ()
    rows = sorted((row, *row.others), key=_size)
    best: dict[str, int] = {}
    for it in rows:
        measure = MEASURED_IN.get(it.pack_unit, "")
        if it.unit_paise is not None and free.get(it.product_id, 0) > 0:
            best[measure] = min(best.get(measure, it.unit_paise), it.unit_paise)
    compared = len({it.unit_paise for it in rows if it.unit_paise is not None}) > 1
    return tuple(
        Pack(
            it,
            free.get(it.product_id, 0),
            compared
            and it.unit_paise is not None
            and free.get(it.product_id, 0) > 0
            and it.unit_paise == best[MEASURED_IN.get(it.pack_unit, "")],
        )
        for it in rows
    )


def _size(row: ShelfRow) -> tuple[str, float, int, int]:
    """Smallest pack first within one measure; packs of unknown size by their price."""
    measure = MEASURED_IN.get(row.pack_unit, "")
    size = (row.pack_size or 0) / (1000 if row.pack_unit in ("g", "ml") else 1)
    return measure, size, row.price_paise, row.product_id


def _cards(store_id: int, rows: Sequence[ShelfRow], wanted: Filters | None = None) -> list[ShelfCard]:
    free = stock.free(store_id=store_id, product_ids=stocked(rows)) if rows else {}
    return [faced(row, free, wanted) for row in rows]
