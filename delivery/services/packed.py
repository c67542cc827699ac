"""The bags stand on the shelf: what they are like is known now, and whether their rider can carry them.

Lock order: order, then offers, jobs, rider, stop with its trip.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from blinkit.kernel import events
from delivery.events import BagsOutgrewRider
from delivery.models import Job, JobState, Offer, Rider, Stop, StopState, Trip
from delivery.services import trips
from delivery.services.asking import ask_for_round
from delivery.services.duty import anyone_on_duty
from delivery.services.fitting import too_much_for
from delivery.services.offers import Jobs, Offers, lock_open, withdraw_all
from orders import services as orders
from orders.states import ON_ROAD


@transaction.atomic
def bags_ready(*, order_id: UUID, bags: int, volume_ml: int = 0, now: datetime) -> None:
    """The job knows its size (`volume_ml` 0: nobody reckoned it anew) and is urgent now.

    An order is promised to a rider before anybody knows its bags: when it has outgrown theirs, an offer is withdrawn,
    and from a trip it is taken off again as long as its bags stand on the shelf; operations are told and somebody who
    can carry it is sought. Silent when repeated."""
    order = orders.lock(order_id)
    offers, jobs = lock_open(Q(offered__job__order_id=order_id), jobs=Q(order_id=order_id))
    job = next((job for job in jobs.values() if job.order_id == order_id), None)
    if job is None:
        return
    job.ready_at, job.bags, job.volume_ml = now, max(1, bags), volume_ml or job.volume_ml
    job.save(update_fields=["ready_at", "bags", "volume_ml"])
    if job.state == JobState.OFFERED:
        _withdraw_outgrown(offers, jobs, now=now)
    elif job.state == JobState.TAKEN and order.status not in ON_ROAD:
        _take_off_outgrown(job, now=now)
    elif job.state == JobState.SEEKING and anyone_on_duty(job.store_id):
        ask_for_round(job.store_id)


def _withdraw_outgrown(offers: Offers, jobs: Jobs, *, now: datetime) -> None:
    riders = Rider.objects.select_related("user").in_bulk([offer.rider_id for offer in offers.values()])
    outgrown: list[Offer] = []
    for offer in offers.values():
        together = [jobs[job_id] for job_id in offer.offered.values_list("job_id", flat=True)]
        if too_much_for(riders[offer.rider_id], together):
            outgrown.append(offer)
    withdraw_all(outgrown, jobs, reason="more bags than they carry", now=now)


def _take_off_outgrown(job: Job, *, now: datetime) -> None:
    stop = Stop.objects.select_related("trip__rider__user").filter(job=job, state=StopState.TO_PICK_UP).first()
    if stop is None:  # in the rider's hands already
        return
    # Of two orders of a trip that are packed in the same second one waits here, and sees the other's bags.
    Trip.objects.select_for_update(no_key=True).get(pk=stop.trip_id)
    rider = stop.trip.rider
    under_way = Q(stops__trip=stop.trip_id, stops__state__in=trips.ON_TRIP)
    why = too_much_for(rider, list(Job.objects.filter(under_way)))
    if not why:
        return
    # Excused: they did not say no, and may be asked again when they carry less.
    trips.hand_back(stop_id=stop.pk, rider_id=rider.pk, reason=why, actor="system", now=now, excused=True)
    outgrew = BagsOutgrewRider(
        order_id=job.order_id, store_code=job.store.code, rider_id=rider.pk, rider=str(rider), bags=job.bags
    )
    events.record(outgrew, subject=f"order:{job.order_id}", actor="system")
