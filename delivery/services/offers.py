"""From an order to a rider: jobs, offers and their answers.

Lock order: orders by key (through orders.services), then offers by key, then jobs by key, then rider, then trip.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from django.db import transaction
from django.db.models import Max, Q, QuerySet

from blinkit.kernel import events, live, metrics
from blinkit.kernel.said import say
from blinkit.kernel.sweeping import one_by_one
from delivery import saying_no
from delivery.errors import NoSuchOffer, NotOnDuty, OfferGone, RiderBusy, Suspended
from delivery.events import OfferAnswered
from delivery.models import Job, JobState, Offer, OfferedJob, OfferState, Rider, Shift, Stop, Trip
from delivery.services.asking import ask_for_round
from delivery.services.doors_before import tell_after_commit
from delivery.services.duty import anyone_on_duty, lock_rider, write_load
from orders import services as orders
from orders.states import BEFORE_PICKUP

Row = TypeVar("Row", Job, Offer)
Offers = dict[UUID, Offer]
Jobs = dict[UUID, Job]

READY_GUESS = timedelta(minutes=3)
"""From the confirmation to packed bags, until the floor says when they are packed."""
PROMISE_GUESS = timedelta(minutes=15)
NO = {OfferState.DECLINED: saying_no.DECLINED_PAUSE, OfferState.EXPIRED: saying_no.UNANSWERED_PAUSE}


def open_job(*, order_id: UUID, now: datetime) -> None:
    """A confirmed order needs a rider. Silent when repeated, when the order is over already, and for a slot whose time
    has not come. Three statements."""
    with transaction.atomic(savepoint=False):
        order = orders.lock(order_id)
        if order.status not in BEFORE_PICKUP or order.is_for_later:
            return
        job = Job(
            order=order,
            store=order.store,
            due_at=order.promised_by or now + PROMISE_GUESS,
            opened_at=now,
            ready_at=order.packed_at or now + READY_GUESS,
            bags=max(1, len(order.bag_codes) or order.bags_expected),
            volume_ml=order.volume_ml_expected,
        )
        Job.objects.bulk_create([job], ignore_conflicts=True)
        live.touch("ops", what="job", id=order_id)
        if anyone_on_duty(order.store_id):  # else there is nobody to ask: whoever comes on duty asks again
            ask_for_round(order.store_id)


@transaction.atomic
def accept(*, offer_id: UUID, rider_id: int, now: datetime, actor: str = "") -> Trip:
    """The rider takes what was offered: a trip begins, the orders have their rider. A second tap gives the same trip.
    Of an offer that was put to several riders the first answer counts.

    Raises NoSuchOffer, OfferGone when it was answered, withdrawn or is too old, NotOnDuty, Suspended, RiderBusy.
    """
    offer = _own_offer(offer_id, rider_id)
    offered = list(offer.offered.select_related("job"))
    for order_id in sorted(one.job.order_id for one in offered):
        orders.lock(order_id)
    if offer.is_broadcast:
        offers, jobs = lock_open(Q(offered__job__in=[one.job_id for one in offered]), also=[offer_id])
    else:
        offers, jobs = _lock_offer(offer_id)
    rider = lock_rider(rider_id)
    offer = offers[offer_id]
    if offer.state == OfferState.ACCEPTED:
        trip = Trip.objects.filter(stops__job__in=jobs, rider=rider).order_by("-started_at").first()
        if trip is not None:
            return trip
    taken = [jobs[one.job_id] for one in offered]
    if offer.state != OfferState.OPEN or offer.expires_at <= now or any(j.state != JobState.OFFERED for j in taken):
        raise OfferGone("This trip has gone to somebody else. The next one will come.")
    if rider.suspended_reason:
        raise Suspended(say("Your account is paused: {reason}.", reason=rider.suspended_reason))
    if not rider.is_verified:
        raise Suspended("One of your papers is missing or over. Send it under “Me”; then offers come again.")
    if not Shift.objects.working().filter(rider=rider).exists():
        raise NotOnDuty("Go on duty first.")
    if rider.trips.filter(ended_at=None).exists():
        raise RiderBusy("Finish the trip you are on first.")
    _answer(offer, OfferState.ACCEPTED, taken, now=now, actor=actor)
    trip = begin_trip(taken, rider, pay_paise={one.job_id: one.pay_paise for one in offered}, now=now)
    others = [other for other in offers.values() if other.pk != offer_id]
    withdraw_all(others, jobs, reason="somebody was quicker", now=now)
    return trip


def begin_trip(jobs: Sequence[Job], rider: Rider, *, pay_paise: Mapping[UUID, int], now: datetime) -> Trip:
    """The trip with its doors in this order, for acts that hold the locks of orders, jobs and rider. Jobs are added to
    a trip of the rider whose bags are still at the store."""
    trip = Trip.objects.filter(rider=rider, ended_at=None).first()
    if trip is None:
        trip = Trip.objects.create(rider=rider, store_id=jobs[0].store_id, started_at=now)
    last = Stop.objects.filter(trip=trip).aggregate(last=Max("rank"))["last"] or 0
    for rank, job in enumerate(jobs, start=last + 1):
        Stop.objects.create(trip=trip, job=job, rank=rank, pay_paise=pay_paise.get(job.pk, 0))
        job.state = JobState.TAKEN
        job.save(update_fields=["state"])
        orders.rider_accepted(
            order_id=job.order_id, rider_id=rider.pk, rider_name=str(rider), actor=f"rider:{rider.pk}", now=now
        )
    if trip.at_store_at is not None:  # who stands at the shelf already waits for these as well
        orders.rider_here(order_ids=[job.order_id for job in jobs], rider_id=rider.pk, now=now)
    if last + len(jobs) > 1:
        tell_after_commit(rider.pk, now=now)
    if rider.wait_at_id is not None:
        Rider.objects.filter(pk=rider.pk).update(wait_at=None)
    live.touch(f"rider.{rider.pk}", what="trip", id=trip.pk)
    write_load(store_id=rider.store_id, now=now)
    return trip


@transaction.atomic
def decline(*, offer_id: UUID, rider_id: int, reason: str, now: datetime) -> None:
    """No, thank you: the jobs go to somebody else, and for some minutes not back to this rider. Silent when repeated.

    When everybody said no they are asked again (delivery.saying_no): an order is never left without a rider.

    Raises NoSuchOffer, OfferGone when it was answered otherwise.
    """
    _own_offer(offer_id, rider_id)
    offers, jobs = _lock_offer(offer_id)
    offer = offers[offer_id]
    if offer.state == OfferState.DECLINED:
        return
    if offer.state != OfferState.OPEN:
        raise OfferGone("This offer is over already.")
    offer.decline_reason = reason.strip()[:80]
    _answer(offer, OfferState.DECLINED, list(jobs.values()), now=now, reason=offer.decline_reason)


def withdraw_all(offers: Iterable[Offer], jobs: Mapping[UUID, Job], *, reason: str, now: datetime) -> None:
    """We take these open offers back, for acts that hold what `lock_open` locks: their jobs are sought again."""
    for offer in offers:
        if offer.state == OfferState.OPEN:
            theirs = [jobs[job_id] for job_id in offer.offered.values_list("job_id", flat=True)]
            _answer(offer, OfferState.WITHDRAWN, theirs, now=now, reason=reason)


def sweep_offers(*, now: datetime, limit: int = 200) -> int:
    """Offers nobody answered in time go back to the pool. Returns how many. Each is an act of its own: one that fails
    does not hold up the others."""
    due = Offer.objects.filter(state=OfferState.OPEN, expires_at__lte=now).order_by("expires_at")
    ids = list(due.values_list("pk", flat=True)[:limit])
    return one_by_one(ids, lambda offer_id: _expire(offer_id, now=now), sweep="offers")


@transaction.atomic
def _expire(offer_id: UUID, *, now: datetime) -> bool:
    offers, jobs = _lock_offer(offer_id)
    offer = offers[offer_id]
    if offer.state != OfferState.OPEN or offer.expires_at > now:
        return False
    _answer(offer, OfferState.EXPIRED, list(jobs.values()), now=now)
    return True


class _Again(Exception):
    """A round offered something of it meanwhile."""


def lock_open(
    wanted: Q, *, jobs: Q | None = None, also: Sequence[UUID] = (), riders: Collection[int] = ()
) -> tuple[Offers, Jobs]:
    """The open offers that match, and those named in `also`; and every job in them, with those that match `jobs`. By
    id, all locked in the order of the house, whatever a round does at the same time.

    `riders` are locked after them: a round offers nothing to whoever is held, so that these are all their offers."""
    while True:
        try:
            with transaction.atomic():
                ids = set(Offer.objects.filter(wanted, state=OfferState.OPEN).values_list("pk", flat=True)) | {*also}
                offers = _locked(Offer.objects.filter(pk__in=ids))
                mine = Q(offered__offer__in=ids) if jobs is None else Q(offered__offer__in=ids) | jobs
                found = _locked(Job.objects.filter(pk__in=Job.objects.filter(mine).values("pk")))
                for rider_id in sorted(riders):
                    lock_rider(rider_id)
                if Offer.objects.filter(wanted, state=OfferState.OPEN).exclude(pk__in=ids).exists():
                    raise _Again
                return offers, found
        except _Again:
            continue


def _lock_offer(offer_id: UUID) -> tuple[Offers, Jobs]:
    offers = _locked(Offer.objects.filter(pk=offer_id))
    return offers, _locked(Job.objects.filter(pk__in=OfferedJob.objects.filter(offer=offer_id).values("job")))


def _locked(rows: QuerySet[Row]) -> dict[UUID, Row]:
    return {row.pk: row for row in rows.select_for_update(no_key=True).order_by("pk")}


def _own_offer(offer_id: UUID, rider_id: int) -> Offer:
    offer = Offer.objects.filter(pk=offer_id, rider_id=rider_id).first()
    if offer is None:
        raise NoSuchOffer("There is no such offer for you.")
    return offer


def _answer(
    offer: Offer, answer: OfferState, jobs: Sequence[Job], *, now: datetime, reason: str = "", actor: str = ""
) -> None:
    offer.state, offer.answered_at = answer, now
    offer.save(update_fields=["state", "answered_at", "decline_reason"])
    OfferedJob.objects.filter(offer=offer).update(is_open=False)
    by_rider = answer in (OfferState.ACCEPTED, OfferState.DECLINED)
    for job in jobs:
        if answer in NO:
            job.declined_by = saying_no.noted(job.declined_by, offer.rider_id, pause=NO[answer], now=now)
        if answer != OfferState.ACCEPTED and job.state == JobState.OFFERED:
            if not OfferedJob.objects.filter(job=job, is_open=True).exists():
                job.state = JobState.SEEKING
                ask_for_round(job.store_id)
            job.save(update_fields=["state", "declined_by"])
        events.record(
            OfferAnswered(
                offer_id=offer.pk, order_id=job.order_id, rider_id=offer.rider_id, answer=answer.value, reason=reason
            ),
            subject=f"order:{job.order_id}",
            actor=actor or (f"rider:{offer.rider_id}" if by_rider else "system"),
        )
        live.touch("ops", what="job", id=job.pk)
    live.touch(f"rider.{offer.rider_id}", what="offer", id=offer.pk)
    metrics.count("offers_answered_total", answer=answer.value)


def waiting_without_rider(*, now: datetime) -> Q:
    """Jobs that ops should look at: bags ready, nobody coming."""
    return Q(state__in=[JobState.SEEKING, JobState.OFFERED], ready_at__lte=now)
