"""On and off duty, and what checkout and the promise are told about the riders of a store.

Lock order: open offers, their jobs, then the rider.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q

from blinkit.kernel import events, live
from blinkit.kernel.events import DomainEvent
from catalog import services as goods
from delivery.errors import NoSuchRider, NotOnDuty, Suspended, TripLive
from delivery.events import DutyChanged, RiderSuspended, RiderVerified
from delivery.models import Rider, Shift, Trip
from delivery.services.asking import ask_for_round

LONG_SILENCE = timedelta(minutes=15)
RIDE_GUESS_S = 900
"""How long a rider is away for one delivery, when nothing better is known."""


def rider_of(user_id: int) -> Rider:
    """The rider behind a signed-in person. Raises NoSuchRider."""
    rider = Rider.objects.select_related("user", "store").filter(user_id=user_id).first()
    if rider is None:
        raise NoSuchRider("You are not registered as a rider.")
    return rider


def rider_on_duty(user_id: int) -> int:
    """Id of the rider behind a signed-in person who is on duty; one small statement. Raises NotOnDuty."""
    found = Shift.objects.filter(rider__user_id=user_id, ended_at=None).values_list("rider_id", flat=True).first()
    if found is None:
        raise NotOnDuty("You are off duty: your position is not taken.")
    return found


def anyone_on_duty(store_id: int) -> bool:
    return Shift.objects.filter(rider__store_id=store_id, ended_at=None).exists()


def lock_rider(rider_id: int) -> Rider:
    """The rider's row, locked to the end of the transaction. Raises NoSuchRider."""
    riders = Rider.objects.select_related("user", "store").select_for_update(of=("self",), no_key=True)
    rider = riders.filter(pk=rider_id).first()
    if rider is None:
        raise NoSuchRider("There is no such rider.")
    return rider


@transaction.atomic
def go_on_duty(*, rider_id: int, now: datetime) -> Shift:
    """The rider may be offered trips from now on. Silent when on duty; raises Suspended with the reason."""
    rider = lock_rider(rider_id)
    if rider.suspended_reason:
        raise Suspended(f"Your account is paused: {rider.suspended_reason}. Write to us if that is wrong.")
    if not rider.is_verified:
        raise Suspended("Your papers are still being checked. We will tell you as soon as you can ride.")
    shift = Shift.objects.filter(rider=rider, ended_at=None).first()
    if shift is not None:
        return shift
    shift = Shift.objects.create(rider=rider, started_at=now)
    Rider.objects.filter(pk=rider.pk).update(seen_at=now)
    _announce(rider, on_duty=True, now=now)
    ask_for_round(rider.store_id)
    return shift


@transaction.atomic
def go_off_duty(*, rider_id: int, now: datetime) -> None:
    """No more offers; an open one is withdrawn. Silent when off duty; raises TripLive while a trip is not over."""
    from delivery.services.offers import lock_open, withdraw_all  # late: offers ask this module who is on duty

    # Offers and jobs before the rider, as when an offer is accepted: the two may happen in the same second.
    offers, jobs = lock_open(Q(rider_id=rider_id))
    rider = lock_rider(rider_id)
    shift = Shift.objects.filter(rider=rider, ended_at=None).first()
    if shift is None:
        return
    if Trip.objects.filter(rider=rider, ended_at=None).exists():
        raise TripLive("Finish your trip first, or hand it back to us with a reason.")
    withdraw_all(offers.values(), jobs, reason="went off duty", now=now)
    shift.ended_at = now
    shift.save(update_fields=["ended_at"])
    _announce(rider, on_duty=False, now=now)


def sweep_silent(*, now: datetime, limit: int = 100) -> int:
    """Riders nobody has heard of for a quarter of an hour, and who have no trip, go off duty: the promise must not
    count on them. Returns how many."""
    silent = Shift.objects.filter(ended_at=None, rider__seen_at__lt=now - LONG_SILENCE).exclude(
        rider__trips__in=Trip.objects.filter(ended_at=None)
    )
    done = 0
    for rider_id in list(silent.order_by("pk").values_list("rider_id", flat=True)[:limit]):
        try:
            go_off_duty(rider_id=rider_id, now=now)
        except TripLive:  # sent by hand meanwhile
            continue
        done += 1
    return done


@transaction.atomic
def suspend(*, rider_id: int, reason: str, actor: str, now: datetime) -> Rider:
    """No further duty, with a reason the rider reads; an empty reason ends the suspension. A live trip is finished."""
    reason = reason.strip()[:160]
    if reason:
        try:
            with transaction.atomic():
                go_off_duty(rider_id=rider_id, now=now)
        except TripLive:
            pass  # the bags in hand are delivered first; no new offer comes
    rider = lock_rider(rider_id)
    rider.suspended_reason = reason
    rider.save(update_fields=["suspended_reason"])
    return _changed(rider, RiderSuspended(rider_id=rider_id, reason=reason), actor=actor)


@transaction.atomic
def verify(*, rider_id: int, actor: str, now: datetime) -> Rider:
    """The rider's papers are in order: duty is allowed. Silent when repeated."""
    rider = lock_rider(rider_id)
    if rider.is_verified:
        return rider
    rider.is_verified = True
    rider.save(update_fields=["is_verified"])
    return _changed(rider, RiderVerified(rider_id=rider_id), actor=actor)


def _changed(rider: Rider, what: DomainEvent, *, actor: str) -> Rider:
    events.record(what, subject=f"rider:{rider.pk}", actor=actor)
    live.touch(f"rider.{rider.pk}", what="duty")
    live.touch("ops", what="riders")
    return rider


def write_load(*, store_id: int, now: datetime) -> None:
    """Write down how many riders of a store are on duty and idle, and how long until one is free. Two statements."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE t.id IS NULL) FROM delivery_shift s"
            " JOIN delivery_rider r ON r.id = s.rider_id"
            " LEFT JOIN delivery_trip t ON t.rider_id = r.id AND t.ended_at IS NULL"
            " WHERE r.store_id = %(store)s AND s.ended_at IS NULL",
            {"store": store_id},
        )
        on, idle = cursor.fetchone()
    wait = 0 if idle or not on else RIDE_GUESS_S // on
    goods.write_store_load(store_id=store_id, now=now, riders_on=on, riders_idle=idle, rider_wait_s=wait)


def _announce(rider: Rider, *, on_duty: bool, now: datetime) -> None:
    events.record(
        DutyChanged(rider_id=rider.pk, on_duty=on_duty), subject=f"rider:{rider.pk}", actor=f"rider:{rider.pk}"
    )
    live.touch(f"rider.{rider.pk}", what="duty")
    live.touch("ops", what="riders")
    write_load(store_id=rider.store_id, now=now)
