""" "Tell me when it is cheaper": asked for, or following a favourite. Who watches is marked when the price falls."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction

from catalog.errors import NoSuchProduct, TooManyWishes
from catalog.models import PriceWatch, ShelfItem

MOST_WATCHES = 100
MOST_FOLLOWED = 300
"""As many as there can be favourites."""


@transaction.atomic
def watch_price(*, customer_id: int, store_id: int, sku: str, now: datetime, favourite: bool = False) -> None:
    """Watch a product of this store's shelf from the price it has now. Raises NoSuchProduct, TooManyWishes.

    Asked again, the price seen is today's. A favourite that is watched already keeps the price it was seen at.
    """
    item = ShelfItem.objects.filter(store_id=store_id, product__sku=sku, is_listed=True, product__is_active=True)
    found = item.values_list("product_id", "price_paise").first()
    if found is None:
        raise NoSuchProduct()
    product_id, paise = found
    kind = "is_favourite" if favourite else "is_asked"
    mine = PriceWatch.objects.filter(customer_id=customer_id)
    there = mine.filter(store_id=store_id, product_id=product_id).select_for_update().first()
    most = MOST_FOLLOWED if favourite else MOST_WATCHES
    if (there is None or not getattr(there, kind)) and mine.filter(**{kind: True}).count() >= most:
        raise TooManyWishes(f"At most {most} prices to watch: take something out first.", max=most)
    if there is None:
        watch = PriceWatch(
            customer_id=customer_id,
            store_id=store_id,
            product_id=product_id,
            seen_paise=paise,
            created_at=now,
            **{kind: True},
        )
        PriceWatch.objects.bulk_create([watch], ignore_conflicts=True)
        return
    if not favourite or not (there.is_asked or there.is_favourite):
        there.seen_paise, there.fell_at = paise, None
    setattr(there, kind, True)
    there.save(update_fields=["seen_paise", "fell_at", kind])


def forget_cheaper(*, customer_id: int, store_id: int, sku: str) -> None:
    """Watch no longer at this store, also not as a favourite. Silent when not watching."""
    mine = PriceWatch.objects.filter(customer_id=customer_id, store_id=store_id, product__sku=sku)
    mine.update(is_asked=False, is_favourite=False, fell_at=None)


def unfollow(*, customer_id: int, sku: str) -> None:
    """The heart is empty again: what was not asked for is watched no longer, at any store."""
    mine = PriceWatch.objects.filter(customer_id=customer_id, product__sku=sku)
    mine.update(is_favourite=False)
    mine.filter(is_asked=False).update(fell_at=None)


def cheaper_told(*, watch: PriceWatch, paise: int, today: date) -> None:
    """This customer is being told in the same transaction. What was asked for is over; a favourite goes on."""
    PriceWatch.objects.filter(pk=watch.pk).update(
        fell_at=None, told_on=today, is_asked=False, seen_paise=paise if watch.is_favourite else watch.seen_paise
    )


def not_cheaper(*, watch_ids: Sequence[int]) -> None:
    """It costs more again, or nobody watches: there is nothing to tell until it falls again."""
    PriceWatch.objects.filter(pk__in=watch_ids).update(fell_at=None)
