"""Favourites, shopping lists, "tell me when it is back", and the pairs that go together."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from blinkit.kernel.errors import Invalid
from blinkit.kernel.said import say
from catalog.affinity import Pairs
from catalog.errors import ListNameTaken, NoSuchList, NoSuchProduct, TooManyWishes
from catalog.models import Product, ShelfItem
from catalog.services.watches import unfollow, watch_price
from catalog.wishes import Affinity, AffinitySource, FavouriteItem, RestockAlert, ShoppingList, ShoppingListItem

MOST_FAVOURITES = 300
MOST_LISTS = 30
MOST_LIST_ITEMS = 60
"""As many as a cart holds."""
MOST_ALERTS = 100
MOST_UNITS = 99


# -- pairs --------------------------------------------------------------------------------------------------------


@transaction.atomic
def replace_learned(*, pairs: Pairs, now: datetime) -> int:
    """These pairs instead of all that were learned before; what people set by hand stays. Returns how many.

    Products that are gone meanwhile are left out. Readers see the old pairs until the commit; two learners take turns.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('catalog.affinity'))")
        cursor.execute("DELETE FROM catalog_affinity WHERE source = %s", [AffinitySource.ORDERS])
        cursor.execute(
            """CREATE TEMPORARY TABLE learned (product_id bigint, other_id bigint, score float8, together int)
            ON COMMIT DROP"""
        )
        with cursor.copy("COPY learned FROM STDIN") as copy:
            for row in pairs.rows():
                copy.write_row(row)
        cursor.execute(
            """INSERT INTO catalog_affinity (product_id, other_id, score, source, together, learned_at)
            SELECT l.product_id, l.other_id, l.score, %s, l.together, %s FROM learned l
            JOIN catalog_product p ON p.id = l.product_id JOIN catalog_product o ON o.id = l.other_id""",
            [AffinitySource.ORDERS, now],
        )
        written = cursor.rowcount
        cursor.execute("DROP TABLE learned")
    return int(written)


@transaction.atomic
def pair_by_hand(*, product_id: int, other_id: int, score: float = 1.0, now: datetime) -> Affinity:
    """Say that `other` goes with `product`, whatever the baskets say. Again with another score replaces it."""
    if product_id == other_id:
        raise Invalid("A product does not go with itself: choose two.")
    if not 0 < score <= 1:
        raise Invalid("The score lies above 0 and is at most 1.")
    pair, _ = Affinity.objects.update_or_create(
        product_id=product_id,
        other_id=other_id,
        source=AffinitySource.STAFF,
        defaults={"score": score, "learned_at": now},
    )
    return pair


# -- favourites ---------------------------------------------------------------------------------------------------


@transaction.atomic
def add_favourite(*, customer_id: int, sku: str, now: datetime, store_id: int | None = None) -> None:
    """Remember a product. Silent when it is one already. Raises NoSuchProduct, TooManyWishes.

    With the store where it was seen, its price there is watched from now on.
    """
    product_id = _product_id(sku)
    favourites = FavouriteItem.objects.filter(customer_id=customer_id)
    if not favourites.filter(product_id=product_id).exists():
        _refuse_more(favourites.count(), MOST_FAVOURITES, "favourites")
        FavouriteItem.objects.bulk_create(
            [FavouriteItem(customer_id=customer_id, product_id=product_id, created_at=now)], ignore_conflicts=True
        )
    if store_id is not None:
        with suppress(NoSuchProduct, TooManyWishes):  # not sold there: a favourite all the same
            watch_price(customer_id=customer_id, store_id=store_id, sku=sku, now=now, favourite=True)


def remove_favourite(*, customer_id: int, sku: str) -> None:
    """Forget it. Silent when it is none."""
    FavouriteItem.objects.filter(customer_id=customer_id, product__sku=sku).delete()
    unfollow(customer_id=customer_id, sku=sku)


# -- shopping lists -----------------------------------------------------------------------------------------------


@transaction.atomic
def save_list(*, customer_id: int, name: str, list_id: UUID | None = None, now: datetime) -> ShoppingList:
    """A new list, or a new name for one's own. Raises NoSuchList, ListNameTaken, TooManyWishes, Invalid."""
    name = " ".join(name.split())[:60]
    if not name:
        raise Invalid("Give the list a name.", errors={"name": ["Needed."]})
    if list_id is None:
        _refuse_more(ShoppingList.objects.filter(customer_id=customer_id).count(), MOST_LISTS, "lists")
        mine = ShoppingList(customer_id=customer_id, created_at=now)
    else:
        mine = _own_list(customer_id, list_id)
    mine.name = name
    try:
        with transaction.atomic():
            mine.save()
    except IntegrityError:
        raise ListNameTaken() from None
    return mine


def delete_list(*, customer_id: int, list_id: UUID) -> None:
    """Throw the list away with what is on it. Silent when it is gone already."""
    ShoppingList.objects.filter(customer_id=customer_id, pk=list_id).delete()


@transaction.atomic
def set_list_item(*, customer_id: int, list_id: UUID, sku: str, qty: int, now: datetime) -> None:
    """How many of a product stand on one's own list; 0 takes it off.

    Raises NoSuchList, NoSuchProduct, TooManyWishes, Invalid outside 0 to 99.
    """
    if not 0 <= qty <= MOST_UNITS:
        raise Invalid(f"A quantity from 0 to {MOST_UNITS}.", errors={"qty": [f"From 0 to {MOST_UNITS}."]})
    mine = _own_list(customer_id, list_id)
    items = ShoppingListItem.objects.filter(list=mine)
    if qty == 0:
        items.filter(product__sku=sku).delete()
        return
    product_id = _product_id(sku)
    if not items.filter(product_id=product_id).update(qty=qty):
        _refuse_more(items.count(), MOST_LIST_ITEMS, "items on one list")
        ShoppingListItem.objects.create(list=mine, product_id=product_id, qty=qty, added_at=now)


def _own_list(customer_id: int, list_id: UUID) -> ShoppingList:
    """Locked: two devices of one customer take turns. Raises NoSuchList, also for somebody else's."""
    mine = ShoppingList.objects.select_for_update().filter(pk=list_id, customer_id=customer_id).first()
    if mine is None:
        raise NoSuchList()
    return mine


# -- tell me when it is back --------------------------------------------------------------------------------------


@transaction.atomic
def ask_for_restock(*, customer_id: int, store_id: int, sku: str, now: datetime) -> None:
    """Wait for a product of this store's shelf. Silent when waiting already. Raises NoSuchProduct, TooManyWishes."""
    item = ShelfItem.objects.filter(store_id=store_id, product__sku=sku, is_listed=True, product__is_active=True)
    product_id = item.values_list("product_id", flat=True).first()
    if product_id is None:
        raise NoSuchProduct()
    waiting = RestockAlert.objects.filter(customer_id=customer_id, told_at=None)
    if not waiting.filter(store_id=store_id, product_id=product_id).exists():
        _refuse_more(waiting.count(), MOST_ALERTS, "waiting alerts")
        RestockAlert.objects.bulk_create(
            [RestockAlert(customer_id=customer_id, store_id=store_id, product_id=product_id, created_at=now)],
            ignore_conflicts=True,
        )


def forget_restock(*, customer_id: int, store_id: int, sku: str) -> None:
    """Wait no longer. Silent when not waiting."""
    RestockAlert.objects.filter(customer_id=customer_id, store_id=store_id, product__sku=sku, told_at=None).delete()


def restock_told(*, alert_ids: Sequence[Any], now: datetime) -> None:
    """These customers are being told in the same transaction; called by the room that knows the stock."""
    RestockAlert.objects.filter(pk__in=alert_ids, told_at=None).update(told_at=now)


def _product_id(sku: str) -> int:
    found = Product.objects.filter(sku=sku, is_active=True).values_list("pk", flat=True).first()
    if found is None:
        raise NoSuchProduct("There is no such product (any more).")
    return int(found)


def _refuse_more(now_there: int, most: int, what: str) -> None:
    if now_there >= most:
        raise TooManyWishes(
            say("At most {most} {what}: take something out first.", most=most, what=say(what)), max=most
        )
