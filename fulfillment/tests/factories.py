"""People on the floor, shelves and pick tasks for tests. Everything is made through the services, at NOW."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import count
from typing import Any

from accounts.models import User
from accounts.tests.factories import UserFactory
from catalog.models import Product, Store, StoreMembership
from catalog.tests.factories import NOW, ProductFactory
from fulfillment import services
from fulfillment.models import PickTask, ShelfSlot
from orders import services as orders
from orders.models import Order
from orders.tests.factories import customer, place_order, shop

_codes = count(8_900_000_000_001)
LATER = NOW + timedelta(minutes=1)


def product(**fields: Any) -> Product:
    return ProductFactory(**({"barcode": str(next(_codes)), "weight_g": 500} | fields))


def worker(store: Store, *, role: str = "picker", on_shift: bool = True, **fields: Any) -> User:
    """A picker (or store manager) of this store, on shift unless told."""
    user = UserFactory(roles=[role], **fields)
    StoreMembership.objects.create(user=user, store=store)
    if on_shift:
        services.start_shift(picker_id=user.pk, store_id=store.pk, now=NOW)
    return user


def floor(*products: Product, slots: int = 4, at: Store | None = None) -> Store:
    """A store with these products on its shelves and so many places on the handover shelf."""
    store = shop(*products, at=at)
    ShelfSlot.objects.bulk_create([ShelfSlot(store=store, code=f"{n:02}") for n in range(1, slots + 1)])
    return store


def order_for(store: Store, basket: Mapping[Product, int] | Sequence[Product]) -> Order:
    return place_order(customer(), store, basket)


def task_for(store: Store, basket: Mapping[Product, int] | Sequence[Product]) -> PickTask:
    """An open pick task of a fresh order."""
    task = services.open_task(order_id=order_for(store, basket).pk, now=NOW)
    assert task is not None
    return task


def picked(task: PickTask, picker: User) -> PickTask:
    """The task started by the picker and every unit scanned."""
    services.start(task_id=task.pk, picker_id=picker.pk, now=LATER)
    for line in task.lines.select_related("product"):
        for unit in range(line.qty):
            services.scan(
                task_id=task.pk,
                picker_id=picker.pk,
                barcode=line.product.barcode or line.product.sku,
                nonce=f"{line.pk}-{unit}",
                now=LATER,
            )
    task.refresh_from_db()
    return task


def packed(task: PickTask, picker: User) -> PickTask:
    picked(task, picker)
    services.pack(task_id=task.pk, picker_id=picker.pk, now=LATER)
    task.refresh_from_db()
    return task


def undelivered(task: PickTask) -> Order:
    """A packed order that went out and could not be handed over."""
    order = Order.objects.get(pk=task.order_id)
    rider = {"order_id": order.pk, "actor": "rider:7", "now": LATER}
    orders.rider_accepted(rider_id=7, rider_name="Ravi", **rider)
    orders.picked_up(bag_codes=Order.objects.get(pk=order.pk).bag_codes, **rider)
    services.close_handed_over(order_id=order.pk, now=LATER)
    return orders.undelivered(reason="Nobody opened", **rider)
