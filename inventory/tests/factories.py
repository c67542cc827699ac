"""Stock for tests. Upper apps may use it too."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from blinkit.kernel.ids import uuid7
from catalog.models import Product, Store
from catalog.tests.factories import NOW, ProductFactory
from catalog.tests.factories import store as make_store
from inventory import services
from inventory.models import Stock


def stocked(
    units: int = 10, *, at: Store | None = None, product: Product | None = None, bin_code: str | None = None
) -> Stock:
    """A product with so many units in a store, received through the service."""
    place = at or make_store()
    goods = product or ProductFactory()
    services.receive(store_id=place.pk, lines=[(goods.pk, units, bin_code)], reason="delivery", actor="system", now=NOW)
    return Stock.objects.select_related("store", "product").get(store=place, product=goods)


def leave(place: Store, units: int, *products: Product) -> None:
    """Somebody counts, and so many units of each product (of all that are in stock, unless told) are there."""
    rows = Stock.objects.at(place.pk)
    for row in rows.filter(product__in=products) if products else rows:
        services.count(
            store_id=place.pk, product_id=row.product_id, counted=units, reason="count", actor="user:9", now=NOW
        )


def hold(stock: Stock, qty: int = 1, *, ref: UUID | None = None, until: datetime | None = None, **more: Any) -> UUID:
    """Units of one stock row held for a new ref (firm unless `until` is given)."""
    ref = ref or uuid7()
    services.hold(
        ref=ref,
        store_id=stock.store_id,
        basket={stock.product_id: qty},
        until=until,
        actor="user:1",
        now=more.get("now", NOW),
    )
    return ref
