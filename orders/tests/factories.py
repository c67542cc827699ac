"""Customers, full carts and orders for tests. Upper apps may use them too.

Everything is made through the services, at NOW, in a store that is open round the clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

from accounts.models import Address, User
from catalog.models import Product, Store
from catalog.tests.factories import NOW, ProductFactory, on_shelf
from catalog.tests.factories import store as make_store
from inventory import services as stock
from orders import queries, services
from orders.models import Order
from orders.states import Status

_phones = count(9_000_000_001)
HOME = (12.956, 77.628)
"""Inside the square of the test store, some 350 metres from it."""


def customer(name: str = "Asha", **fields: Any) -> User:
    return User.objects.create_user(f"+91{next(_phones)}", name=name, **fields)


def address(
    user: User, *, lat: float = HOME[0], lng: float = HOME[1], is_default: bool = True, **fields: Any
) -> Address:
    return Address.objects.create(
        user=user, line1="12, 5th Cross", pincode="560038", lat=lat, lng=lng, is_default=is_default, **fields
    )


def shop(*products: Product, units: int = 20, at: Store | None = None, price_paise: int | None = None) -> Store:
    """A store with these products on its shelf and so many units of each."""
    place = at or make_store()
    on_shelf(place, *products, price_paise=price_paise)
    lines = [(product.pk, units, f"A-{number:02}") for number, product in enumerate(products, start=1)]
    stock.receive(store_id=place.pk, lines=lines, reason="delivery", actor="system", now=NOW)
    return place


def full_cart(
    user: User, place: Store, basket: Mapping[Product, int] | Sequence[Product], *, tip_paise: int = 0
) -> queries.CartView:
    """The customer's cart with these products (one of each unless told)."""
    wanted = basket if isinstance(basket, Mapping) else dict.fromkeys(basket, 1)
    lines = [services.Asked(product.sku, qty) for product, qty in wanted.items()]
    return services.replace_lines(customer_id=user.pk, store_code=place.code, lines=lines, tip_paise=tip_paise, now=NOW)


def place_order(
    user: User, place: Store, basket: Mapping[Product, int] | Sequence[Product], *, method: str = "cod", **more: Any
) -> Order:
    """A checkout of these products by a customer with an address (made when there is none)."""
    where = Address.objects.filter(user=user).first() or address(user)
    view = full_cart(user, place, basket, tip_paise=more.pop("tip_paise", 0))
    return services.checkout(
        customer_id=user.pk,
        address_id=where.pk,
        method=method,
        bill_fingerprint=view.fingerprint,
        now=more.pop("now", NOW),
        **more,
    )


def order(*, products: int = 2, qty: int = 2, method: str = "cod", at: Store | None = None, **more: Any) -> Order:
    """A fresh order of a new customer for new products."""
    goods = ProductFactory.create_batch(products)
    return place_order(customer(), shop(*goods, at=at), dict.fromkeys(goods, qty), method=method, **more)


def advance(order: Order, to: Status, *, rider_id: int = 7, bags: Sequence[str] = ("BAG-1",)) -> Order:
    """Walk a CONFIRMED order through its life up to `to`, one minute per step, each step by its own service."""
    pk: UUID = order.pk
    path = {
        Status.ASSIGNED_TO_STORE: lambda now: services.to_store(order_id=pk, actor="system", now=now),
        Status.PICKING: lambda now: services.start_picking(order_id=pk, actor="user:2", now=now),
        Status.PACKED: lambda now: services.packed(
            order_id=pk, bag_codes=bags, shelf_slot="S1", actor="user:2", now=now
        ),
        Status.ASSIGNED_TO_PARTNER: lambda now: services.rider_accepted(
            order_id=pk, rider_id=rider_id, rider_name="Ravi", actor=f"rider:{rider_id}", now=now
        ),
        Status.PICKED_UP: lambda now: services.picked_up(
            order_id=pk, bag_codes=bags, actor=f"rider:{rider_id}", now=now
        ),
        Status.IN_TRANSIT: lambda now: services.in_transit(order_id=pk, actor=f"rider:{rider_id}", now=now),
        Status.DELIVERED: lambda now: services.delivered(
            order_id=pk,
            rider_id=rider_id,
            otp=order.door_otp,
            cash_paise=Order.objects.get(pk=pk).cash_due_paise,
            actor=f"rider:{rider_id}",
            now=now,
        ),
        Status.CLOSED: lambda now: services.close(order_id=pk, now=now + timedelta(days=2)),
    }
    now = order.placed_at
    for status, walk in path.items():
        now += timedelta(minutes=1)
        walk(now)
        if status == to:
            return Order.objects.select_related("store").get(pk=pk)
    raise AssertionError(f"No ordinary way leads to {to}.")
