"""Earnings, weeks and cash for tests, made at chosen instants."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from catalog.tests.factories import NOW
from delivery import services
from delivery.models import Earning, Rider, Stop
from delivery.services.weeks import SETTLE_FOR, bounds_of, monday_of
from delivery.tests.factories import BAGS, offered, packed, rider, waiting_job
from payments import services as money
from payments.tests.factories import cash

WEEK = monday_of(NOW)
MONDAY = bounds_of(WEEK)[1] + SETTLE_FOR
"""The first instant at which the week of NOW may be issued."""


def delivered(who: Rider | None = None, *, now: datetime = NOW, **order: Any) -> Earning:
    """A delivery of this rider (of a new one unless given), from the offer to the door."""
    job = waiting_job(at=who.store if who else None, **order)
    who = who or rider(job.store)
    offer = offered(job)
    services.accept(offer_id=offer.pk, rider_id=who.pk, now=NOW)
    packed(job.order)
    stop = Stop.objects.get(job=job)
    services.arrive_at_store(rider_id=who.pk, now=NOW)
    services.pick_up(stop_id=stop.pk, rider_id=who.pk, bag_codes=BAGS, now=NOW)
    services.arrive(stop_id=stop.pk, rider_id=who.pk, now=NOW)
    due = job.order.cash_due_paise
    services.deliver(stop_id=stop.pk, rider_id=who.pk, otp=job.order.door_otp, cash_paise=due, now=now)
    return Earning.objects.select_related("rider__user", "rider__store", "stop__job__order").get(stop=stop)


def earned(earning: Earning, *paise: int, every: timedelta = timedelta(hours=1)) -> None:
    """More earnings of the same rider, copied from a real one: only figures and instants differ."""
    for number, amount in enumerate(paise, start=1):
        stop = Stop.objects.get(pk=earning.stop_id)
        job = stop.job
        order = job.order
        order.pk, order.number = None, f"X-{Earning.objects.count()}"
        order.id = None
        order.save(force_insert=True)
        job.pk, job.order = None, order
        job.save(force_insert=True)
        stop.pk, stop.job = None, job
        stop.save(force_insert=True)
        parts = dict.fromkeys(earning.parts, 0) | {"base_paise": amount}
        Earning.objects.create(
            rider=earning.rider, stop=stop, parts=parts, total_paise=amount, receipt=earning.receipt,
            at=earning.at + every * number,
        )  # fmt: skip


def carrying(who: Rider, paise: int, *, now: datetime = NOW) -> None:
    """The rider has taken so much cash at a door."""
    money.collect_cash(ref=cash(paise).ref, rider_ref=who.pk, amount_paise=paise, now=now)
