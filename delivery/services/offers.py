"""From an order to a rider: jobs, dispatch rounds, offers and their answers.

Lock order: order (through orders.services), then job, then offer.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q

from blinkit.kernel import events, live, metrics
from blinkit.kernel.geo import Point
from catalog.travel import travel_seconds
from delivery import dispatch
from delivery.dispatch import Candidate, FreeRider, OpenJob
from delivery.errors import NotOnDuty, OfferGone
from delivery.events import OfferAnswered, OfferMade
from delivery.models import Job, JobState, Offer, OfferState, Rider, Stop, Trip
from delivery.services import pay
from delivery.services.duty import lock_rider, write_load
from orders import services as orders
from orders.models import Order
from orders.states import FINISHED, Status
from payments.models import Method

OFFER_S = 40
SILENT_AFTER = timedelta(minutes=3)
READY_GUESS = timedelta(minutes=3)
_LOCK_CLASS = 4117
"""Any number that no other advisory lock of the house uses."""


@transaction.atomic
def open_job(*, order_id: UUID, now: datetime) -> Job | None:
    """A confirmed order needs a rider. Silent when repeated; None when the order is over already."""
    order = orders.lock(order_id)
    if order.status in FINISHED or order.status in (Status.PENDING, Status.PICKED_UP, Status.IN_TRANSIT):
        return None
    due_at = order.promised_by or now + timedelta(minutes=15)
    job, created = Job.objects.get_or_create(
        order=order,
        defaults={
            "store": order.store,
            "due_at": due_at,
            "opened_at": now,
            "ready_at": order.packed_at or now + READY_GUESS,
            "bags": max(1, len(order.bag_codes)),
        },
    )
    if created:
        live.touch("ops", what="job", id=job.pk)
    return job


@transaction.atomic
def bags_ready(*, order_id: UUID, bags: int, now: datetime) -> None:
    """The bags stand on the shelf: the job knows its size and is urgent now."""
    Job.objects.filter(order_id=order_id).update(ready_at=now, bags=max(1, bags))


def dispatch_round(*, now: datetime, store_id: int | None = None) -> int:
    """Offer waiting jobs to free riders, per store. Returns how many offers were made.

    Two dispatchers never work on one store at once: the second finds the store's advisory lock taken and skips it.
    """
    waiting = Job.objects.filter(state=JobState.SEEKING)
    if store_id is not None:
        waiting = waiting.filter(store_id=store_id)
    stores = sorted(set(waiting.order_by().values_list("store_id", flat=True)))
    return sum(_round(store, now=now) for store in stores)


@transaction.atomic
def _round(store_id: int, *, now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [_LOCK_CLASS, store_id])
        if not cursor.fetchone()[0]:
            return 0
    jobs = list(
        Job.objects.filter(store_id=store_id, state=JobState.SEEKING)
        .select_related("order", "store")
        .select_for_update(of=("self",), skip_locked=True, no_key=True)
        .order_by("due_at", "pk")[:200]
    )
    riders = free_riders(store_id=store_id, now=now)
    if not jobs or not riders:
        return 0
    plan = dispatch.assign(
        [_open_job(job) for job in jobs],
        [_free_rider(rider, now=now) for rider in riders],
        now_s=now.timestamp(),
        travel=_ride_s,
    )
    by_id = {job.pk: job for job in jobs}
    names = {rider.pk: rider for rider in riders}
    for assignment in plan.assignments:
        job = by_id[assignment.jobs[0]]
        _offer(job, names[assignment.rider], why=_why(plan.why[job.pk], names), now=now)
    return len(plan.assignments)


def free_riders(*, store_id: int, now: datetime) -> list[Rider]:
    """On duty, heard of lately, without a trip and without an open offer. One statement."""
    return list(
        Rider.objects.filter(
            store_id=store_id,
            shifts__ended_at=None,
            shifts__isnull=False,
            suspended_reason="",
            is_verified=True,
            seen_at__gte=now - SILENT_AFTER,
        )
        .exclude(trips__in=Trip.objects.filter(ended_at=None))
        .exclude(offers__in=Offer.objects.filter(state=OfferState.OPEN))
        .select_related("user", "store")
        .order_by("pk")
    )


@transaction.atomic
def accept(*, offer_id: UUID, rider_id: int, now: datetime) -> Trip:
    """The rider takes the job: a trip begins, the order has its rider. A second tap gives the same trip.

    Raises OfferGone when it was answered, withdrawn or is too old, NotOnDuty.
    """
    offer = _own_offer(offer_id, rider_id)
    orders.lock(offer.job.order_id)
    job = Job.objects.select_for_update(no_key=True).get(pk=offer.job_id)
    rider = lock_rider(rider_id)
    offer = Offer.objects.select_for_update(no_key=True).get(pk=offer_id)
    if offer.state == OfferState.ACCEPTED:
        trip = Trip.objects.filter(stops__job=job, rider=rider).order_by("-started_at").first()
        if trip is not None:
            return trip
    if offer.state != OfferState.OPEN or offer.expires_at < now or job.state != JobState.OFFERED:
        raise OfferGone("This trip has gone to somebody else. The next one will come.")
    if not rider.shifts.filter(ended_at=None).exists():
        raise NotOnDuty("Go on duty first.")
    _answer(offer, OfferState.ACCEPTED, job, now=now)
    return begin_trip(job, rider, now=now)


def begin_trip(job: Job, rider: Rider, *, now: datetime) -> Trip:
    """The trip itself, for acts that hold the locks of order, job and rider."""
    trip = Trip.objects.create(rider=rider, store_id=job.store_id, started_at=now)
    Stop.objects.create(trip=trip, job=job, rank=1)
    job.state = JobState.TAKEN
    job.save(update_fields=["state"])
    orders.rider_accepted(
        order_id=job.order_id, rider_id=rider.pk, rider_name=str(rider), actor=f"rider:{rider.pk}", now=now
    )
    live.touch(f"rider.{rider.pk}", what="trip", id=trip.pk)
    write_load(store_id=rider.store_id, now=now)
    return trip


@transaction.atomic
def decline(*, offer_id: UUID, rider_id: int, reason: str, now: datetime) -> None:
    """No, thank you: the job goes to somebody else and never back to this rider. Silent when repeated."""
    offer = _own_offer(offer_id, rider_id)
    if offer.state == OfferState.DECLINED:
        return
    job = Job.objects.select_for_update(no_key=True).get(pk=offer.job_id)
    offer = Offer.objects.select_for_update(no_key=True).get(pk=offer_id)
    if offer.state != OfferState.OPEN:
        raise OfferGone("This offer is over already.")
    offer.decline_reason = reason.strip()[:80]
    job.declined_by = [*job.declined_by, rider_id]
    _answer(offer, OfferState.DECLINED, job, now=now, reason=offer.decline_reason)


@transaction.atomic
def withdraw(*, offer_id: UUID, reason: str, now: datetime) -> None:
    """We take an offer back. Silent when it is answered."""
    job_id = Offer.objects.filter(pk=offer_id).values_list("job_id", flat=True).first()
    job = Job.objects.select_for_update(no_key=True).get(pk=job_id)
    offer = Offer.objects.select_for_update(no_key=True).get(pk=offer_id)
    if offer.state == OfferState.OPEN:
        _answer(offer, OfferState.WITHDRAWN, job, now=now, reason=reason)


def sweep_offers(*, now: datetime, limit: int = 200) -> int:
    """Offers nobody answered in time go back to the pool. Returns how many. Each is an act of its own."""
    due = Offer.objects.filter(state=OfferState.OPEN, expires_at__lte=now).order_by("expires_at")
    return sum(_expire(offer_id, now=now) for offer_id in list(due.values_list("pk", flat=True)[:limit]))


@transaction.atomic
def _expire(offer_id: UUID, *, now: datetime) -> bool:
    job_id = Offer.objects.values_list("job_id", flat=True).get(pk=offer_id)
    job = Job.objects.select_for_update(no_key=True).get(pk=job_id)
    offer = Offer.objects.select_for_update(no_key=True).get(pk=offer_id)
    if offer.state != OfferState.OPEN or offer.expires_at > now:
        return False
    _answer(offer, OfferState.EXPIRED, job, now=now)
    return True


def _own_offer(offer_id: UUID, rider_id: int) -> Offer:
    offer = Offer.objects.select_related("job").filter(pk=offer_id, rider_id=rider_id).first()
    if offer is None:
        raise OfferGone("There is no such offer for you.")
    return offer


def _answer(offer: Offer, answer: OfferState, job: Job, *, now: datetime, reason: str = "") -> None:
    offer.state, offer.answered_at = answer, now
    offer.save(update_fields=["state", "answered_at", "decline_reason"])
    if answer != OfferState.ACCEPTED and job.state == JobState.OFFERED:
        job.state = JobState.SEEKING
        job.save(update_fields=["state", "declined_by"])
    events.record(
        OfferAnswered(
            offer_id=offer.pk, order_id=job.order_id, rider_id=offer.rider_id, answer=answer.value, reason=reason
        ),
        subject=f"order:{job.order_id}",
        actor=f"rider:{offer.rider_id}" if answer in (OfferState.ACCEPTED, OfferState.DECLINED) else "system",
    )
    live.touch(f"rider.{offer.rider_id}", what="offer", id=offer.pk)
    live.touch("ops", what="job", id=job.pk)
    metrics.count("offers_answered_total", answer=answer.value)


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
    )
    live.touch(f"rider.{rider.pk}", what="offer", id=offer.pk)
    live.touch("ops", what="job", id=job.pk)
    return offer


def _why(candidates: Sequence[Candidate], names: dict[int, Rider]) -> list[dict[str, Any]]:
    return [
        {"rider": c.rider, "name": str(names[c.rider]), "score_s": round(c.score), "parts": c.parts}  # type: ignore[index]
        for c in candidates
    ]


def _open_job(job: Job) -> OpenJob:
    order: Order = job.order
    return OpenJob(
        id=job.pk,
        store=job.store_id,
        pickup=job.store.point,
        drop=order.point,
        placed_s=order.placed_at.timestamp(),
        ready_s=job.ready_at.timestamp(),
        due_s=job.due_at.timestamp(),
        bags=job.bags,
        cash_paise=order.total_paise if order.payment_method == Method.COD else 0,
        refused_by=frozenset(job.declined_by),
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


def _ride_s(a: Point, b: Point, vehicle: str) -> float:
    return travel_seconds(a, b, vehicle, datetime.now(UTC))


def waiting_without_rider(*, now: datetime) -> Q:
    """Jobs that ops should look at: bags ready, nobody coming."""
    return Q(state__in=[JobState.SEEKING, JobState.OFFERED], ready_at__lte=now)
