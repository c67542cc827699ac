"""Telling who watches a price that it fell, when the thing can be bought."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Subquery
from django.utils import timezone

from blinkit.kernel import events
from catalog import services as catalog_services
from catalog.models import PriceWatch, ShelfItem
from inventory.models import Stock
from orders.events import PriceDropped


@transaction.atomic
def tell_cheaper(*, now: datetime, limit: int = 200) -> int:
    """Announce PriceDropped to customers whose price fell by settings.PRICE_DROP_BP or more below what they saw.

    Each once, one message per customer, product and day, and only while it is on the shelf and in stock; what costs
    more again meanwhile is not told. One sweeper at a time, another one leaves at once. Returns how many were told.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('orders.cheaper'))")
        if not cursor.fetchone()[0]:
            return 0
    today = timezone.localdate(now)
    here = {"store_id": OuterRef("store_id"), "product_id": OuterRef("product_id")}
    told = PriceWatch.objects.filter(
        customer_id=OuterRef("customer_id"), product_id=OuterRef("product_id"), told_on=today
    )
    on_shelf = ShelfItem.objects.filter(**here, is_listed=True, product__is_active=True)
    due = (
        PriceWatch.objects.filter(~Exists(told), Exists(Stock.objects.free().filter(**here)), fell_at__isnull=False)
        .annotate(price_paise=Subquery(on_shelf.values("price_paise")[:1]))
        .filter(price_paise__isnull=False)
        .select_related("store", "product")
        .order_by("fell_at", "pk")
        .select_for_update(of=("self",))[:limit]
    )
    done: set[tuple[int, int]] = set()
    dearer: list[int] = []
    for watch in due:
        paise, who = watch.price_paise, (watch.customer_id, watch.product_id)
        if paise * 10_000 > watch.seen_paise * (10_000 - settings.PRICE_DROP_BP):
            dearer.append(watch.pk)
        elif who not in done:  # the same product at another store is told another day
            done.add(who)
            event = PriceDropped(
                customer_id=watch.customer_id,
                store_code=watch.store.code,
                sku=watch.product.sku,
                product_name=str(watch.product),
                seen_paise=watch.seen_paise,
                price_paise=paise,
            )
            events.record(event, subject=f"user:{watch.customer_id}", actor="system")
            catalog_services.cheaper_told(watch=watch, paise=paise, today=today)
    catalog_services.not_cheaper(watch_ids=dearer)
    return len(done)
