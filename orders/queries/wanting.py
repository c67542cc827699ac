"""Shelves that suggest, as a shop shows them: buy again, goes with, similar, favourites, lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from blinkit.kernel.errors import SignInNeeded
from catalog import queries as goods
from catalog import wanted
from catalog.errors import NoSuchProduct
from catalog.wanted import ListCard, Suggested
from inventory import queries as stock
from orders.models import Cart, CartLine
from orders.queries.carts import CartView
from orders.queries.shelves import ShelfCard, cards, store_id_of
from orders.states import Status

SHOWN = 12
SPARE = 8
"""So many more are looked up, because what is sold out is not suggested."""
ROUNDS = 3
"""So often it is looked again when all of that was sold out."""

LAST_ORDERS = 100
HALF_LIFE_DAYS = 30
"""An order a month ago counts half of one today, two months ago a quarter."""
BOUGHT = [Status.DELIVERED.value, Status.CLOSED.value]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A card and where the suggestion comes from: "orders", "staff", "category" or "popular"."""

    card: ShelfCard
    source: str

    def as_dict(self) -> dict[str, Any]:
        return {**self.card.as_dict(), "source": self.source}


@dataclass(frozen=True, slots=True)
class BoughtBefore:
    """A card, in how many orders it was delivered, and when it was ordered last."""

    card: ShelfCard
    times: int
    last_at: datetime

    def as_dict(self) -> dict[str, Any]:
        return {**self.card.as_dict(), "times": self.times, "last_at": self.last_at}


# -- goes with, similar -------------------------------------------------------------------------------------------


def goes_with(*, store_code: str, sku: str, limit: int = SHOWN) -> list[Suggestion]:
    """What goes with a product, never sold out, best first. Raises NoSuchStore, NoSuchProduct.

    Three statements (product, pairs, stock), one more per fallback, see catalog.wanted.goes_with; once more all but the
    first where too much of what was found is sold out.
    """
    store_id = store_id_of(store_code)
    row = _row(store_id, sku)
    return _goes_with_ids(store_id, [row.product_id], {row.category_slug}, limit)


def goes_with_view(view: CartView, *, limit: int = SHOWN) -> list[Suggestion]:
    """What goes with a cart that was read already: two statements, one more per fallback."""
    if view.store is None:
        return []
    rows = [line.row for line in view.lines if line.row is not None]
    ids = [line.product_id for line in view.lines]
    slugs = {row.category_slug for row in rows}
    return _goes_with_ids(view.store.pk, ids, slugs, limit)


def goes_with_cart(
    *, customer_id: int | None = None, guest_token: UUID | None = None, limit: int = SHOWN
) -> list[Suggestion]:
    """The same for the cart of a customer or guest; one statement more. Empty when there is nothing in it."""
    if customer_id is None and guest_token is None:
        raise SignInNeeded("Sign in, or send the token of a guest's cart.")
    owner = {"cart__customer_id": customer_id} if customer_id is not None else {"cart__guest_token": guest_token}
    lines = list(
        CartLine.objects.filter(**owner).values_list("cart__store_id", "product_id", "product__category__slug")
    )
    if not lines:
        return []
    return _goes_with_ids(lines[0][0], [line[1] for line in lines], {line[2] for line in lines}, limit)


def _goes_with_ids(store_id: int, product_ids: list[int], slugs: set[str], limit: int) -> list[Suggestion]:
    if not product_ids:
        return []
    shown: list[Suggestion] = []
    seen: set[int] = set()
    for _ in range(ROUNDS):
        asked = limit - len(shown) + SPARE
        found = wanted.goes_with(
            store_id=store_id, product_ids=product_ids, category_slugs=sorted(slugs), limit=asked, without=seen
        )
        shown += _there(store_id, found, limit)
        seen.update(it.row.product_id for it in found)
        if len(shown) >= limit or len(found) < asked:
            break
    return shown[:limit]


def similar(*, store_code: str, sku: str, limit: int = SHOWN) -> list[Suggestion]:
    """What may stand in for a product, never sold out, most like first. Three statements.

    Raises NoSuchStore, NoSuchProduct. Empty when nothing else of its category is there.
    """
    store_id = store_id_of(store_code)
    row = _row(store_id, sku)
    return _there(store_id, wanted.similar(store_id=store_id, row=row, limit=limit + SPARE), limit)


def _row(store_id: int, sku: str) -> goods.ShelfRow:
    row = goods.shelf_rows_by_sku(store_id=store_id, skus=[sku]).get(sku)
    if row is None:
        raise NoSuchProduct()
    return row


def _there(store_id: int, found: Sequence[Suggested], limit: int) -> list[Suggestion]:
    """With stock, without what is sold out."""
    ids = [it.row.product_id for it in found]
    free = stock.free(store_id=store_id, product_ids=ids) if ids else {}
    shown = [
        Suggestion(ShelfCard(it.row, free[it.row.product_id]), it.source)
        for it in found
        if free.get(it.row.product_id, 0) > 0
    ]
    return shown[:limit]


# -- buy again ----------------------------------------------------------------------------------------------------


def buy_again(*, customer_id: int, store_code: str, now: datetime, limit: int = SHOWN) -> list[BoughtBefore]:
    """What this customer was brought before and this store sells, most wanted first, sold-out last. Three statements.

    Each delivered order counts for its products, half as much every HALF_LIFE_DAYS, over the last LAST_ORDERS orders:
    often and lately come first. Lines that could not be found do not count. Raises NoSuchStore.
    """
    store_id = store_id_of(store_code)
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT l.product_id, count(*), max(o.placed_at) FROM (
                SELECT id, placed_at FROM orders_order WHERE customer_id = %s AND status = ANY(%s)
                ORDER BY placed_at DESC LIMIT %s) o
            JOIN orders_orderline l ON l.order_id = o.id AND l.short_qty < l.qty GROUP BY l.product_id
            ORDER BY sum(power(0.5, extract(epoch FROM %s - o.placed_at)::float8 / 86400 / %s)) DESC,
                max(o.placed_at) DESC, l.product_id LIMIT %s""",
            [customer_id, BOUGHT, LAST_ORDERS, now, HALF_LIFE_DAYS, limit + SPARE],
        )
        bought = {product_id: (times, last_at) for product_id, times, last_at in cursor.fetchall()}
    if not bought:
        return []
    rows = goods.shelf_rows(store_id=store_id, product_ids=bought)
    free = stock.free(store_id=store_id, product_ids=list(rows)) if rows else {}
    found = [
        BoughtBefore(ShelfCard(rows[pk], free.get(pk, 0)), times, last_at)
        for pk, (times, last_at) in bought.items()
        if pk in rows
    ]
    return sorted(found, key=lambda it: it.card.free <= 0)[:limit]


# -- what a customer marked ---------------------------------------------------------------------------------------


def favourites(*, customer_id: int, store_code: str) -> list[ShelfCard]:
    """Favourites this store sells, the newest first. Three statements. Raises NoSuchStore."""
    return cards(store_code=store_code, product_ids=wanted.favourite_ids(customer_id=customer_id))


favourite_skus = wanted.favourite_skus
lists_of = wanted.lists_of


@dataclass(frozen=True, slots=True)
class ListView:
    """A list with what the store sells of it; `card` None for what it does not."""

    list: ListCard
    items: tuple[tuple[wanted.ListItem, ShelfCard | None], ...]

    def as_dict(self) -> dict[str, Any]:
        lines = [{**item.as_dict(), "card": None if card is None else card.as_dict()} for item, card in self.items]
        return {"id": self.list.id, "name": self.list.name, "created_at": self.list.created_at, "items": lines}


def list_view(*, customer_id: int, list_id: UUID, store_code: str = "") -> ListView:
    """One's own list, with today's cards when a store is named. Four statements. Raises NoSuchList, NoSuchStore."""
    mine, items = wanted.list_items(customer_id=customer_id, list_id=list_id)
    there: dict[int, ShelfCard] = {}
    if store_code and items:
        found = cards(store_code=store_code, product_ids=[item.product_id for item in items])
        there = {card.row.product_id: card for card in found}
    return ListView(mine, tuple((item, there.get(item.product_id)) for item in items))


def restock_waiting(*, customer_id: int, store_code: str) -> list[str]:
    """SKUs this customer waits for at this store. Raises NoSuchStore."""
    return wanted.restock_waiting(customer_id=customer_id, store_id=store_id_of(store_code))


def prices_watched(*, customer_id: int, store_code: str) -> dict[str, int]:
    """SKU and price seen of what this customer watches at this store. Raises NoSuchStore."""
    return wanted.prices_watched(customer_id=customer_id, store_id=store_id_of(store_code))


def store_of_cart(*, customer_id: int) -> int | None:
    """The store this customer's cart is for: where they shop."""
    found = Cart.objects.filter(customer_id=customer_id).values_list("store_id", flat=True).first()
    return None if found is None else int(found)
