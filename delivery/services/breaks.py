"""A pause within a shift: no offer comes, and the promise does not count on the rider.

Lock order: job (of an open offer), then rider, then break.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from blinkit.kernel import live
from blinkit.kernel.errors import Invalid
from blinkit.kernel.said import say
from delivery.errors import NotOnDuty, TripLive
from delivery.models import RiderBreak, Shift, Trip
from delivery.services.asking import ask_for_round
from delivery.services.duty import lock_rider, write_load
from delivery.services.gigs import policy_of
from delivery.services.offers import lock_open, withdraw_all

SHORTEST_M = 5


@transaction.atomic
def start_break(*, rider_id: int, minutes: int, now: datetime) -> RiderBreak:
    """No offers until the rider is back; an open one is withdrawn. Silent while a break is live.

    Raises NotOnDuty, TripLive on a trip, Invalid for less than 5 minutes or more than the city allows.
    """
    offers, jobs = lock_open(Q(rider_id=rider_id), riders=[rider_id])
    rider = lock_rider(rider_id)
    shift = Shift.objects.filter(rider=rider, ended_at=None).first()
    if shift is None:
        raise NotOnDuty("Go on duty first.")
    there = RiderBreak.objects.filter(shift=shift, ended_at=None).first()
    if there is not None:
        return there
    most = policy_of(rider.store).longest_break_m
    if not SHORTEST_M <= minutes <= most:
        raise Invalid(say("A break lasts 5 to {most} minutes.", most=most), errors={"minutes": [f"From 5 to {most}."]})
    if Trip.objects.filter(rider=rider, ended_at=None).exists():
        raise TripLive("Finish your trip first, then take your break.")
    withdraw_all(offers.values(), jobs, reason="on a break", now=now)
    made = RiderBreak.objects.create(shift=shift, started_at=now, back_at=now + timedelta(minutes=minutes))
    _announce(rider.pk, rider.store_id, now=now)
    return made


@transaction.atomic
def end_break(*, rider_id: int, now: datetime) -> None:
    """Offers may come again. Silent when there is no break."""
    rider = lock_rider(rider_id)
    if not RiderBreak.objects.filter(shift__rider=rider, ended_at=None).update(ended_at=now):
        return
    _announce(rider.pk, rider.store_id, now=now)
    ask_for_round(rider.store_id)


def _announce(rider_id: int, store_id: int, *, now: datetime) -> None:
    live.touch(f"rider.{rider_id}", what="duty")
    live.touch("ops", what="riders")
    write_load(store_id=store_id, now=now)
