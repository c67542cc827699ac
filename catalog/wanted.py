"""Reads for shelves that suggest: what goes with a product or a cart, what is similar, what a customer marked.

Suggestions are rows of one store's shelf. Each says where it comes from, so that nobody takes a rule of thumb
for knowledge.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q

from blinkit.kernel import pictures
from catalog import queries, tree
from catalog.affinity import Trait, companions, most_similar
from catalog.errors import NoSuchList
from catalog.prices import PriceWatch
from catalog.queries import ROW_COLUMNS, ROW_JOINS, ShelfRow
from catalog.search import words
from catalog.wishes import AffinitySource, FavouriteItem, RestockAlert, ShoppingList, ShoppingListItem

FROM_ORDERS = AffinitySource.ORDERS.value
FROM_STAFF = AffinitySource.STAFF.value
FROM_CATEGORY = "category"
"""A rule of thumb: its category goes with these."""
FROM_POPULAR = "popular"
"""Nothing is known: the store's best sellers."""
SOURCES = (FROM_STAFF, FROM_ORDERS, FROM_CATEGORY, FROM_POPULAR)

PER_CATEGORY = 6
COMPARED = 200
"""Best sellers of a category among which similar ones are looked for."""


@dataclass(frozen=True, slots=True)
class Suggested:
    """A row and why it is here; scores are comparable within one answer and one source only."""

    row: ShelfRow
    source: str
    score: float


# -- goes with ----------------------------------------------------------------------------------------------------


def goes_with(
    *,
    store_id: int,
    product_ids: Sequence[int],
    category_slugs: Iterable[str],
    limit: int,
    without: Collection[int] = (),
) -> list[Suggested]:
    """Up to `limit` rows that go with all of these products together, learned pairs first; never one of these
    products, nor of those in `without` (what is sold out, say).

    One statement while there are enough pairs; else one more for categories that go with `category_slugs` (those of the
    products), and one more for best sellers where that is not enough either. Empty when the store sells nothing else.
    """
    found = _learned(store_id, product_ids, {*product_ids, *without}, limit) if product_ids else []
    there = {*product_ids, *without, *(it.row.product_id for it in found)}
    if len(found) < limit:
        found += _by_category(store_id, there, list(category_slugs), limit - len(found))
    if len(found) < limit:
        there.update(it.row.product_id for it in found)
        rows = queries.shelf_page(store_id=store_id, limit=limit + len(there))
        found += [Suggested(row, FROM_POPULAR, 0.0) for row in rows if row.product_id not in there]
    return found[:limit]


def _learned(store_id: int, product_ids: Sequence[int], there: Collection[int], limit: int) -> list[Suggested]:
    sql = f"""SELECT {ROW_COLUMNS}, g.score, g.by_hand FROM (
            SELECT a.other_id, sum(a.score) AS score, bool_or(a.source = %s) AS by_hand FROM catalog_affinity a
            WHERE a.product_id = ANY(%s) AND a.other_id <> ALL(%s) GROUP BY a.other_id) g
        JOIN catalog_shelfitem s ON s.store_id = %s AND s.product_id = g.other_id AND s.is_listed
        {ROW_JOINS} WHERE p.is_active ORDER BY g.score DESC, s.rank DESC, s.id LIMIT %s"""
    with connection.cursor() as cursor:
        cursor.execute(sql, [FROM_STAFF, list(product_ids), list(there), store_id, limit])
        return [
            Suggested(ShelfRow(*row[:-2]), FROM_STAFF if row[-1] else FROM_ORDERS, row[-2]) for row in cursor.fetchall()
        ]


def _by_category(store_id: int, there: Collection[int], slugs: list[str], limit: int) -> list[Suggested]:
    """The best of each category that goes with these, in turns; then of their neighbours in the tree."""
    known = _nodes()
    named = [known[slug].id for slug in companions(slugs) if slug in known]
    mine = {known[slug].id for slug in slugs if slug in known}
    families = {known[slug].parent_slug for slug in slugs if slug in known} - {""}
    near = [child.id for slug in sorted(families) for child in known[slug].children if child.id not in {*mine, *named}]
    wanted = [(id, 1) for id in named] + [(id, 2) for id in near]
    if not wanted:
        return []
    sql = f"""SELECT {ROW_COLUMNS}, s.tier FROM (
            SELECT i.*, w.tier, w.place
            FROM unnest(%s::bigint[], %s::int[]) WITH ORDINALITY AS w(category_id, tier, place)
            CROSS JOIN LATERAL (
                SELECT s.*, row_number() OVER (ORDER BY s.rank DESC, s.id) AS turn FROM catalog_shelfitem s
                WHERE s.store_id = %s AND s.category_id = w.category_id AND s.is_listed AND s.product_id <> ALL(%s)
                ORDER BY s.rank DESC, s.id LIMIT %s) i) s
        {ROW_JOINS} WHERE p.is_active ORDER BY s.tier, s.turn, s.place LIMIT %s"""
    ids, tiers = [id for id, _ in wanted], [tier for _, tier in wanted]
    with connection.cursor() as cursor:
        cursor.execute(sql, [ids, tiers, store_id, list(there), PER_CATEGORY, limit])
        return [Suggested(ShelfRow(*row[:-1]), FROM_CATEGORY, 1 / row[-1]) for row in cursor.fetchall()]


def _nodes() -> dict[str, tree.CategoryNode]:
    """Every category by slug; no statement while the tree is kept."""
    found: dict[str, tree.CategoryNode] = {}
    waiting = list(tree.category_tree())
    while waiting:
        node = waiting.pop()
        found[node.slug] = node
        waiting += node.children
    return found


# -- similar ------------------------------------------------------------------------------------------------------


def similar(*, store_id: int, row: ShelfRow, limit: int) -> list[Suggested]:
    """What of the same category is most like this product in name, pack, price and brand. One statement."""
    sql = f"""SELECT {ROW_COLUMNS} FROM (
            SELECT s.* FROM catalog_shelfitem s JOIN catalog_category c ON c.id = s.category_id AND c.slug = %s
            WHERE s.store_id = %s AND s.is_listed ORDER BY s.rank DESC, s.id LIMIT %s) s
        {ROW_JOINS} WHERE p.is_active"""
    with connection.cursor() as cursor:
        cursor.execute(sql, [row.category_slug, store_id, COMPARED])
        rows = {found[0]: ShelfRow(*found) for found in cursor.fetchall()}
    best = most_similar(_trait(row), map(_trait, rows.values()), limit=limit)
    return [Suggested(rows[product_id], FROM_CATEGORY, score) for product_id, score in best]


def similar_to_each(*, store_id: int, rows: Sequence[ShelfRow], limit: int) -> dict[int, list[ShelfRow]]:
    """The same for several products at once, by product id; never one of `rows` itself. One statement."""
    sql = f"""SELECT {ROW_COLUMNS} FROM catalog_category kind CROSS JOIN LATERAL (
            SELECT s.* FROM catalog_shelfitem s WHERE s.category_id = kind.id AND s.store_id = %s AND s.is_listed
            ORDER BY s.rank DESC, s.id LIMIT %s) s
        {ROW_JOINS} WHERE kind.slug = ANY(%s) AND p.is_active"""
    given = {row.product_id for row in rows}
    with connection.cursor() as cursor:
        cursor.execute(sql, [store_id, COMPARED, sorted({row.category_slug for row in rows})])
        others = [other for found in cursor.fetchall() if (other := ShelfRow(*found)).product_id not in given]
    by_id = {other.product_id: other for other in others}
    best = {
        row.product_id: most_similar(
            _trait(row), (_trait(other) for other in others if other.category_slug == row.category_slug), limit=limit
        )
        for row in rows
    }
    return {pk: [by_id[other_id] for other_id, _score in found] for pk, found in best.items()}


def _trait(row: ShelfRow) -> Trait:
    brand = set(words(row.brand))
    return Trait(
        product_id=row.product_id,
        words=frozenset(words(row.name)) - brand,
        price_paise=row.price_paise,
        size=_in_base_unit(row),
        unit={"kg": "g", "l": "ml"}.get(row.pack_unit, row.pack_unit),
        brand=row.brand,
        veg=row.veg,
        rank=row.rank,
    )


def _in_base_unit(row: ShelfRow) -> float:
    return (row.pack_size or 0.0) * (1000 if row.pack_unit in ("kg", "l") else 1)


# -- what a customer marked ---------------------------------------------------------------------------------------


def favourite_ids(*, customer_id: int, limit: int = 300) -> list[int]:
    """Products, the newest mark first."""
    marked = FavouriteItem.objects.filter(customer_id=customer_id).order_by("-created_at", "-id")
    return list(marked.values_list("product_id", flat=True)[:limit])


def favourite_skus(*, customer_id: int) -> frozenset[str]:
    """For the hearts on cards."""
    return frozenset(FavouriteItem.objects.filter(customer_id=customer_id).values_list("product__sku", flat=True))


@dataclass(frozen=True, slots=True)
class ListCard:
    id: UUID
    name: str
    items: int
    created_at: datetime

    def as_dict(self) -> dict[str, Any]:
        return {"id": self.id, "name": self.name, "items": self.items, "created_at": self.created_at}


def lists_of(*, customer_id: int) -> list[ListCard]:
    """By name, with how many items are on each. One statement."""
    mine = ShoppingList.objects.filter(customer_id=customer_id).annotate(number=Count("items")).order_by("name", "id")
    return [ListCard(*row) for row in mine.values_list("id", "name", "number", "created_at")]


@dataclass(frozen=True, slots=True)
class ListItem:
    product_id: int
    sku: str
    name: str
    pack: str
    image: str
    qty: int

    def as_dict(self) -> dict[str, Any]:
        return {
            "sku": self.sku,
            "name": self.name,
            "pack": self.pack,
            "image": self.image,
            "images": pictures.sizes_dict(self.image),
            "qty": self.qty,
        }


def list_items(*, customer_id: int, list_id: UUID) -> tuple[ListCard, list[ListItem]]:
    """One's own list and what stands on it, in the order it was written. Two statements. Raises NoSuchList."""
    found = ShoppingList.objects.filter(pk=list_id, customer_id=customer_id).values_list("name", "created_at").first()
    if found is None:
        raise NoSuchList()
    fields = ("product_id", "product__sku", "product__name", "product__pack", "product__image", "qty")
    items = [ListItem(*row) for row in ShoppingListItem.objects.filter(list_id=list_id).values_list(*fields)]
    name, created_at = found
    return ListCard(list_id, name, len(items), created_at), items


def restock_waiting(*, customer_id: int, store_id: int) -> list[str]:
    """SKUs this customer waits for at this store, the newest first."""
    waiting = RestockAlert.objects.filter(customer_id=customer_id, store_id=store_id, told_at=None)
    return list(waiting.order_by("-created_at", "-id").values_list("product__sku", flat=True))


def prices_watched(*, customer_id: int, store_id: int) -> dict[str, int]:
    """SKU and price seen (paise) of what this customer watches at this store, the newest first."""
    mine = PriceWatch.objects.filter(
        Q(is_asked=True) | Q(is_favourite=True), customer_id=customer_id, store_id=store_id
    )
    return dict(mine.order_by("-created_at", "-id").values_list("product__sku", "seen_paise"))


def lists_with(*, customer_id: int, product_id: int) -> dict[UUID, int]:
    """On which of one's lists a product stands, and how many."""
    items = ShoppingListItem.objects.filter(list__customer_id=customer_id, product_id=product_id)
    return dict(items.values_list("list_id", "qty"))


def owner_of_list(list_id: UUID) -> int:
    """Whose list it is. Raises NoSuchList."""
    found = ShoppingList.objects.filter(pk=list_id).values_list("customer_id", flat=True).first()
    if found is None:
        raise NoSuchList()
    return int(found)


@dataclass(frozen=True, slots=True)
class AlertRow:
    store_id: int
    store: str
    sku: str
    name: str
    image: str
    created_at: datetime


def alerts_of(*, customer_id: int) -> list[AlertRow]:
    """What a customer waits for at any store, the newest first. One statement."""
    waiting = RestockAlert.objects.filter(customer_id=customer_id, told_at=None).order_by("-created_at", "-id")
    fields = ("store_id", "store__name", "product__sku", "product__name", "product__image", "created_at")
    return [AlertRow(*row) for row in waiting.values_list(*fields)]
