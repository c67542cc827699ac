"""Dispatch rounds: waiting jobs of a store are put to its free riders."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet

from blinkit.kernel import events, live
from catalog.travel import travel_seconds
from delivery import dispatch, saying_no
from delivery.dispatch import Candidate, FreeRider, OpenJob, Policy
from delivery.events import OfferMade
from delivery.models import Job, JobState, Offer, OfferState, Rider, Shift, Trip
from delivery.services import pay
from orders.models import Order

OFFER_S = 30
SILENT_AFTER = timedelta(minutes=3)
"""A rider nobody has heard of for so long gets no offer: the phone is off or out of reach."""
MOST_JOBS = 200
CITY = Policy(round_s=5.0, early_s=300.0, most_jobs=1, pick_before_s=30.0, drop_before_s=60.0, drop_after_s=30.0)
"""How a round of a store plans. An offer takes its time (the answer, the way to the vehicle): it is made five minutes
before the rider must leave. One job at a time: an `Offer` has one job, so a plan makes no bundles here."""
_LOCK_CLASS = 4117
"""Any number that no other advisory lock of the house uses."""


def dispatch_round(*, now: datetime, store_id: int | None = None) -> int:
    """Offer waiting jobs to free riders, per store. Returns how many offers were made.

    Two dispatchers never work on one store at once: the second finds the store's advisory lock taken and skips it.
    """
    if store_id is not None:
        return _round(store_id, now=now)
    waiting = Job.objects.filter(state=JobState.SEEKING).order_by("store_id").distinct()
    return sum(_round(store, now=now) for store in list(waiting.values_list("store_id", flat=True)))


@transaction.atomic
def _round(store_id: int, *, now: datetime) -> int:
    if not _only_dispatcher(store_id):
        return 0
    riders = free_riders(store_id=store_id, now=now)  # few, and often none: asked first
    if not riders:
        return 0
    jobs = list(
        Job.objects.filter(store_id=store_id, state=JobState.SEEKING)
        .select_related("order", "store")
        .select_for_update(of=("self",), skip_locked=True, no_key=True)
        .order_by("due_at", "pk")[:MOST_JOBS]
    )
    if not jobs:
        return 0
    asked: frozenset[int] = frozenset()
    if any(job.declined_by for job in jobs):
        asked = frozenset(reachable_riders(store_id=store_id, now=now).values_list("pk", flat=True))
    plan = dispatch.assign(
        [_open_job(job, asked, now=now) for job in jobs],
        [_free_rider(rider, now=now) for rider in riders],
        now_s=now.timestamp(),
        travel=lambda a, b, vehicle: travel_seconds(a, b, vehicle, now),
        policy=CITY,
        strategy=settings.DISPATCH_STRATEGY,
    )
    by_id: dict[Any, Job] = {job.pk: job for job in jobs}
    names: dict[Any, Rider] = {rider.pk: rider for rider in riders}
    for assignment in plan.assignments:
        job = by_id[assignment.jobs[0]]
        _offer(job, names[assignment.rider], why=_why(plan.why[job.pk], names), now=now)
    return len(plan.assignments)


def _only_dispatcher(store_id: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [_LOCK_CLASS, store_id])
        return bool(cursor.fetchone()[0])


def reachable_riders(*, store_id: int, now: datetime) -> QuerySet[Rider]:
    """On duty and on no break, allowed to ride and heard of lately: whom we can count on, on a trip or not."""
    return Rider.objects.filter(
        Exists(Shift.objects.working().filter(rider=OuterRef("pk"))),
        store_id=store_id,
        suspended_reason="",
        is_verified=True,
        seen_at__gte=now - SILENT_AFTER,
    )


def free_riders(*, store_id: int, now: datetime) -> list[Rider]:
    """Reachable riders without a trip and without an open offer. One statement."""
    mine = OuterRef("pk")
    return list(
        reachable_riders(store_id=store_id, now=now)
        .filter(
            ~Exists(Trip.objects.filter(rider=mine, ended_at=None)),
            ~Exists(Offer.objects.filter(rider=mine, state=OfferState.OPEN)),
        )
        .select_related("user", "store")
        .order_by("pk")
    )


def _offer(job: Job, rider: Rider, *, why: list[dict[str, Any]], now: datetime) -> Offer:
    parts = pay.parts_of(store=job.store.point, door=job.order.point, tip_paise=job.order.tip_paise)
    offer = Offer.objects.create(
        job=job,
        rider=rider,
        pay_paise=pay.total_of(parts),
        pay_parts=parts,
        why=why,
        made_at=now,
        expires_at=now + timedelta(seconds=OFFER_S),
    )
    job.state = JobState.OFFERED
    job.save(update_fields=["state"])
    events.record(
        OfferMade(offer_id=offer.pk, order_id=job.order_id, rider_id=rider.pk, rider_user_id=rider.user_id),
        subject=f"order:{job.order_id}",
        actor="system",
    )
    live.touch(f"rider.{rider.pk}", what="offer", id=offer.pk)
    live.touch("ops", what="job", id=job.pk)
    return offer


def _why(candidates: Sequence[Candidate], names: dict[Any, Rider]) -> list[dict[str, Any]]:
    return [
        {"rider": c.rider, "name": str(names[c.rider]), "score_s": round(c.score), "parts": c.parts} for c in candidates
    ]


def _open_job(job: Job, on_duty: Collection[int], *, now: datetime) -> OpenJob:
    order: Order = job.order
    return OpenJob(
        id=job.pk,
        store=job.store_id,
        pickup=job.store.point,
        drop=order.point,
        placed_s=order.placed_at.timestamp(),
        # Until the bags are packed their time is a guess; one that has passed says nothing any more.
        ready_s=(job.ready_at if order.packed_at else max(job.ready_at, now)).timestamp(),
        is_known=order.packed_at is not None,
        due_s=job.due_at.timestamp(),
        bags=job.bags,
        cash_paise=order.cash_due_paise,
        refused_by=saying_no.refused_by(job.declined_by, on_duty=on_duty, opened_at=job.opened_at, now=now),
    )


def _free_rider(rider: Rider, *, now: datetime) -> FreeRider:
    return FreeRider(
        id=rider.pk,
        store=rider.store_id,
        # A rider without a position waits at the home store, as far as we know.
        at=rider.point or rider.store.point,
        free_s=now.timestamp(),
        vehicle=rider.vehicle,
        max_bags=rider.max_bags,
    )
