"""Riders on duty and orders that wait for them. Made through the services, at NOW."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from accounts.models import RoleGrant, User
from catalog.models import Store
from catalog.tests.factories import NOW
from delivery import services
from delivery.models import Job, Offer, OfferState, Rider, Stop, Trip
from orders import services as orders
from orders.models import Order
from orders.tests.factories import order as make_order

_phones = count(9_100_000_001)
BAGS = ["BAG-1", "BAG-2"]


def rider(store: Store, *, on_duty: bool = True, at: tuple[float, float] | None = None, **fields: Any) -> Rider:
    """A rider of this store, on duty since NOW unless told, three streets away unless told: who stands at the shelf is
    asked when the bags are ready, not before."""
    user = User.objects.create_user(f"+91{next(_phones)}", name=fields.pop("name", "Ravi"))
    RoleGrant.objects.create(user=user, role="rider")
    lat, lng = at or (store.lat + 0.003, store.lng)
    made = Rider.objects.create(user=user, store=store, lat=lat, lng=lng, **({"is_verified": True} | fields))
    if on_duty:
        services.go_on_duty(rider_id=made.pk, now=NOW)
    return Rider.objects.select_related("user", "store").get(pk=made.pk)


def waiting_job(*, at: Store | None = None, **order: Any) -> Job:
    """A confirmed order (cash unless told) whose job seeks a rider."""
    order_row = make_order(at=at, products=1, qty=1, **order)
    orders.confirm(order_id=order_row.pk, now=NOW)  # nothing to do for cash
    services.open_job(order_id=order_row.pk, now=NOW)
    return Job.objects.select_related("order", "store").get(order=order_row)


def offered(job: Job, *, now: datetime = NOW) -> Offer:
    """The offer a round makes for this job."""
    services.dispatch_round(now=now)
    return Offer.objects.select_related("rider__user").get(offered__job=job, state=OfferState.OPEN)


def packed(order: Order, *, now: datetime = NOW) -> Order:
    """The floor has done its part."""
    orders.to_store(order_id=order.pk, actor="system", now=now)
    orders.start_picking(order_id=order.pk, actor="user:2", now=now)
    return orders.packed(order_id=order.pk, bag_codes=BAGS, shelf_slot="S1", actor="user:2", now=now)


def trip(*, at: Store | None = None, to_door: bool = False, **order: Any) -> tuple[Trip, Stop]:
    """An accepted trip whose bags are packed; with `to_door` the rider stands at the door with them."""
    job = waiting_job(at=at, **order)
    who = rider(job.store)
    offer = offered(job)
    made = services.accept(offer_id=offer.pk, rider_id=who.pk, now=NOW)
    packed(job.order, now=NOW + timedelta(minutes=1))
    stop = Stop.objects.get(trip=made)
    if to_door:
        later = NOW + timedelta(minutes=2)
        services.arrive_at_store(rider_id=who.pk, now=later)
        services.pick_up(stop_id=stop.pk, rider_id=who.pk, bag_codes=BAGS, now=later)
        services.arrive(stop_id=stop.pk, rider_id=who.pk, now=later + timedelta(minutes=5))
    return Trip.objects.select_related("rider__user", "store").get(pk=made.pk), Stop.objects.select_related(
        "job__order"
    ).get(pk=stop.pk)
