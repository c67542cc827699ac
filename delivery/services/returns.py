"""Bags of undelivered orders ride back: the trip is over when the store has them.

Lock order: order, job, trip, stop, return.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F

from blinkit.kernel import events, live
from blinkit.kernel.geo import Point
from catalog.models import Zone
from catalog.travel import street_metres
from delivery.errors import ReasonMissing, StopGone, TooEarly
from delivery.events import BagsLeftUnseen, BagsNotComing
from delivery.models import BagsReturn, Job, Stop, StopState, Trip
from delivery.policies import policy_at
from delivery.services.asking import ask_for_round
from delivery.services.duty import write_load
from delivery.services.pay import pay_way_back
from orders import services as orders
from orders.models import OrderLine
from orders.services.at_door import BAGS_LOST

COLD = (Zone.CHILLED, Zone.FROZEN)
ON_TRIP = (StopState.TO_PICK_UP, StopState.ON_BOARD)


def begin_return(stop: Stop, *, at: Point, now: datetime) -> None:
    """The stop failed with bags in hand, which ride back from `at`. For acts that hold the locks of order, job and
    stop."""
    order = stop.job.order
    cold = OrderLine.objects.filter(order=order, product__zone__in=COLD, qty__gt=F("short_qty")).exists()
    BagsReturn.objects.get_or_create(
        stop=stop,
        defaults={
            "trip_id": stop.trip_id,
            "is_cold": cold,
            "way_metres": street_metres(at, stop.job.store.point),
            "begun_at": now,
        },
    )


def is_over(trip_id: UUID) -> bool:
    """Nothing of this trip is left to fetch, to hand over or to bring back."""
    stops = Stop.objects.filter(trip_id=trip_id, state__in=ON_TRIP)
    return not stops.exists() and not BagsReturn.objects.filter(trip_id=trip_id, done_at=None).exists()


def end_if_over(trip_id: UUID, *, now: datetime) -> bool:
    """The trip ends with the last thing left of it: the rider is free. Two doors that are done in the same instant wait
    for each other at the trip's row, so the later one sees that nothing is left. Returns whether it has ended."""
    trip = Trip.objects.select_for_update(no_key=True).get(pk=trip_id)
    if not is_over(trip_id):
        return False
    if trip.ended_at is None:
        trip.ended_at = now
        trip.save(update_fields=["ended_at"])
        write_load(store_id=trip.store_id, now=now)
        ask_for_round(trip.store_id)
    return True


@transaction.atomic
def back_at_store(*, rider_id: int, now: datetime) -> None:
    """The rider stands in the store with the bags; from now on the store's time counts. Silent when repeated.

    Raises StopGone without bags to bring back, or while another door of the trip is still to come.
    """
    trip = Trip.objects.select_for_update(of=("self",), no_key=True).filter(rider_id=rider_id, ended_at=None).first()
    if trip is None or not (waiting := list(trip.returns.filter(done_at=None).select_related("stop__job__order"))):
        raise StopGone("You have no bags to bring back.")
    if trip.stops.filter(state__in=ON_TRIP).exists():
        raise StopGone("First the other doors of this trip.")
    leave_from = now + timedelta(seconds=policy_at(trip.store_id).store_wait_s)
    trip.returns.filter(done_at=None, back_at=None).update(back_at=now, leave_from=leave_from)
    live.touch(f"rider.{rider_id}", what="trip", id=trip.pk)
    for it in waiting:
        live.touch(f"store.{trip.store.code}", what="order", id=it.stop.job.order_id)


@transaction.atomic
def put_down(*, rider_id: int, now: datetime) -> None:
    """Nobody of the store came in time: the bags stand on the shelf, the rider is free, operations know. Silent when
    there is nothing to put down. Raises TooEarly(leave_from) while the store still has time."""
    trip = Trip.objects.filter(rider_id=rider_id, ended_at=None).first()
    if trip is None:
        return
    waiting = list(trip.returns.filter(done_at=None).order_by("stop__job__order_id").select_related("stop__job"))
    for it in waiting:
        if it.leave_from is None or now < it.leave_from:
            raise TooEarly("Wait for somebody of the store to take the bags.", leave_from=it.leave_from)
    for order in [orders.lock(it.stop.job.order_id) for it in waiting]:  # all, before the trip is locked with the first
        if _done(order.pk, now=now, unseen=True):
            left = BagsLeftUnseen(order_id=order.pk, store_code=order.store.code, rider_id=rider_id)
            events.record(left, subject=f"order:{order.pk}", actor=f"rider:{rider_id}")


@transaction.atomic
def bags_back(*, order_id: UUID, now: datetime) -> None:
    """The store has the bags of this order: its rider is free when these were the last. Silent when repeated."""
    orders.lock(order_id)
    _done(order_id, now=now)


@transaction.atomic
def not_coming(*, order_id: UUID, reason: str, actor: str, now: datetime) -> None:
    """Operations say that these bags do not come back (the rider is in hospital, they were stolen): the rider is free
    of them, no way back is paid, and the store may still take in what turns up. Silent when repeated, and when the
    store has them. Raises ReasonMissing, StopGone unless bags of this order ride back."""
    if not reason.strip():
        raise ReasonMissing("Say why the bags do not come back.")
    orders.lock(order_id)
    if not BagsReturn.objects.filter(stop__job__order_id=order_id).exists():
        raise StopGone("No bags of this order ride back.")
    rider_id = _done(order_id, now=now, is_there=False)
    if not rider_id:
        return
    why = reason.strip()[:160]
    orders.evidence(order_id=order_id, kind=BAGS_LOST, detail={"why": why}, actor=actor, now=now)
    lost = BagsNotComing(order_id=order_id, rider_id=rider_id, reason=why)
    events.record(lost, subject=f"order:{order_id}", actor=actor)
    live.touch(f"order.{order_id}", what="order", id=order_id)


def _done(order_id: UUID, *, now: datetime, unseen: bool = False, is_there: bool = True) -> int:
    """Nothing of this order rides back any more. The rider it was of; 0 when nothing did."""
    Job.objects.select_for_update(no_key=True).filter(order_id=order_id).first()
    waiting = BagsReturn.objects.filter(stop__job__order_id=order_id, done_at=None)
    trip = Trip.objects.select_for_update(no_key=True).filter(pk__in=waiting.values("trip")).first()
    it = waiting.select_for_update(of=("self",), no_key=True).first()
    if trip is None or it is None:
        return 0
    it.done_at, it.is_unseen = max(now, it.begun_at), unseen
    it.save(update_fields=["done_at", "is_unseen"])
    if is_there:
        pay_way_back(trip, now=now)
    end_if_over(trip.pk, now=now)
    live.touch(f"rider.{trip.rider_id}", what="trip", id=trip.pk)
    live.touch("ops", what="riders")
    return trip.rider_id
