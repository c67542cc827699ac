"""From an order to a rider: jobs, offers and their answers.

Lock order: order (through orders.services), then job, then rider, then offer and trip.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from blinkit.kernel import events, live, metrics
from delivery import saying_no
from delivery.errors import NoSuchOffer, NotOnDuty, OfferGone, RiderBusy, Suspended
from delivery.events import OfferAnswered
from delivery.models import Job, JobState, Offer, OfferState, Rider, Stop, Trip
from delivery.services.asking import ask_for_round
from delivery.services.duty import anyone_on_duty, lock_rider, write_load
from orders import services as orders
from orders.states import FINISHED, Status

READY_GUESS = timedelta(minutes=3)
"""From the confirmation to packed bags, until the floor says when they are packed."""
PROMISE_GUESS = timedelta(minutes=15)
NO = {OfferState.DECLINED: saying_no.DECLINED_PAUSE, OfferState.EXPIRED: saying_no.UNANSWERED_PAUSE}
NO_RIDER_NEEDED = FINISHED | {Status.PENDING, Status.PICKED_UP, Status.IN_TRANSIT}


def open_job(*, order_id: UUID, now: datetime) -> None:
    """A confirmed order needs a rider. Silent when repeated, when the order is over already, and for a slot whose time
    has not come. Three statements."""
    with transaction.atomic(savepoint=False):
        order = orders.lock(order_id)
        if order.status in NO_RIDER_NEEDED or order.is_for_later:
            return
        job = Job(
            order=order,
            store=order.store,
            due_at=order.promised_by or now + PROMISE_GUESS,
            opened_at=now,
            ready_at=order.packed_at or now + READY_GUESS,
            bags=max(1, len(order.bag_codes)),
        )
        Job.objects.bulk_create([job], ignore_conflicts=True)
        live.touch("ops", what="job", id=order_id)
        if anyone_on_duty(order.store_id):  # else there is nobody to ask: whoever comes on duty asks again
            ask_for_round(order.store_id)


def bags_ready(*, order_id: UUID, bags: int, now: datetime) -> None:
    """The bags stand on the shelf: the job knows its size and is urgent now."""
    with transaction.atomic(savepoint=False):
        waiting = Job.objects.filter(order_id=order_id)
        waiting.update(ready_at=now, bags=max(1, bags))
        for store_id in waiting.filter(state=JobState.SEEKING).values_list("store_id", flat=True):
            if anyone_on_duty(store_id):
                ask_for_round(store_id)


@transaction.atomic
def accept(*, offer_id: UUID, rider_id: int, now: datetime) -> Trip:
    """The rider takes the job: a trip begins, the order has its rider. A second tap gives the same trip.

    Raises NoSuchOffer, OfferGone when it was answered, withdrawn or is too old, NotOnDuty, Suspended, RiderBusy.
    """
    offer = _own_offer(offer_id, rider_id)
    orders.lock(offer.job.order_id)
    job = lock_job(offer.job_id)
    rider = lock_rider(rider_id)
    offer = Offer.objects.select_for_update(no_key=True).get(pk=offer_id)
    if offer.state == OfferState.ACCEPTED:
        trip = Trip.objects.filter(stops__job=job, rider=rider).order_by("-started_at").first()
        if trip is not None:
            return trip
    if offer.state != OfferState.OPEN or offer.expires_at <= now or job.state != JobState.OFFERED:
        raise OfferGone("This trip has gone to somebody else. The next one will come.")
    if rider.suspended_reason:
        raise Suspended(f"Your account is paused: {rider.suspended_reason}.")
    if not rider.shifts.filter(ended_at=None).exists():
        raise NotOnDuty("Go on duty first.")
    if rider.trips.filter(ended_at=None).exists():
        raise RiderBusy("Finish the trip you are on first.")
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
    """No, thank you: the job goes to somebody else, and for some minutes not back to this rider. Silent when repeated.

    When everybody said no they are asked again (delivery.saying_no): an order is never left without a rider.

    Raises NoSuchOffer, OfferGone when it was answered otherwise.
    """
    offer = _own_offer(offer_id, rider_id)
    job = lock_job(offer.job_id)
    offer = Offer.objects.select_for_update(no_key=True).get(pk=offer_id)
    if offer.state == OfferState.DECLINED:
        return
    if offer.state != OfferState.OPEN:
        raise OfferGone("This offer is over already.")
    offer.decline_reason = reason.strip()[:80]
    _answer(offer, OfferState.DECLINED, job, now=now, reason=offer.decline_reason)


@transaction.atomic
def withdraw(*, offer_id: UUID, reason: str, now: datetime) -> None:
    """We take an offer back. Silent when it is answered."""
    job = lock_job(Offer.objects.values_list("job_id", flat=True).get(pk=offer_id))
    offer = Offer.objects.select_for_update(no_key=True).get(pk=offer_id)
    if offer.state == OfferState.OPEN:
        _answer(offer, OfferState.WITHDRAWN, job, now=now, reason=reason)


def sweep_offers(*, now: datetime, limit: int = 200) -> int:
    """Offers nobody answered in time go back to the pool. Returns how many. Each is an act of its own."""
    due = Offer.objects.filter(state=OfferState.OPEN, expires_at__lte=now).order_by("expires_at")
    return sum(_expire(offer_id, now=now) for offer_id in list(due.values_list("pk", flat=True)[:limit]))


@transaction.atomic
def _expire(offer_id: UUID, *, now: datetime) -> bool:
    job = lock_job(Offer.objects.values_list("job_id", flat=True).get(pk=offer_id))
    offer = Offer.objects.select_for_update(no_key=True).get(pk=offer_id)
    if offer.state != OfferState.OPEN or offer.expires_at > now:
        return False
    _answer(offer, OfferState.EXPIRED, job, now=now)
    return True


def lock_job(job_id: UUID) -> Job:
    return Job.objects.select_for_update(no_key=True).get(pk=job_id)


def _own_offer(offer_id: UUID, rider_id: int) -> Offer:
    offer = Offer.objects.select_related("job").filter(pk=offer_id, rider_id=rider_id).first()
    if offer is None:
        raise NoSuchOffer("There is no such offer for you.")
    return offer


def _answer(offer: Offer, answer: OfferState, job: Job, *, now: datetime, reason: str = "") -> None:
    offer.state, offer.answered_at = answer, now
    offer.save(update_fields=["state", "answered_at", "decline_reason"])
    if answer in NO:
        job.declined_by = saying_no.noted(job.declined_by, offer.rider_id, pause=NO[answer], now=now)
    if answer != OfferState.ACCEPTED and job.state == JobState.OFFERED:
        job.state = JobState.SEEKING
        job.save(update_fields=["state", "declined_by"])
        ask_for_round(job.store_id)
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


def waiting_without_rider(*, now: datetime) -> Q:
    """Jobs that ops should look at: bags ready, nobody coming."""
    return Q(state__in=[JobState.SEEKING, JobState.OFFERED], ready_at__lte=now)
