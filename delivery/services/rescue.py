"""A second rider rides to a stranded one and takes the bags over; the orders stay on the road.

Lock order: orders by key, offers and jobs by key, riders by key, stops and trips.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from blinkit.kernel import events, live
from blinkit.kernel.said import say
from blinkit.kernel.sweeping import one_by_one
from delivery.errors import ReasonMissing, RiderBusy, StopGone
from delivery.events import RescueAsked
from delivery.incidents import Rescue
from delivery.models import Earning, Job, JobState, Rider, Stop, StopState, Trip
from delivery.services import returns, trips
from delivery.services.doors import last_known
from delivery.services.doors_before import tell_after_commit
from delivery.services.duty import lock_rider, write_load
from delivery.services.fitting import refuse_unfit
from delivery.services.offers import lock_open, withdraw_all
from delivery.services.positions import note_carrying
from orders import services as orders
from orders.errors import WrongBags


@transaction.atomic
def send_rescue(
    *, from_rider_id: int, to_rider_id: int, why: str, actor: str, now: datetime, sure: bool = False
) -> Rescue:
    """Rider `to` leaves for rider `from`, who keeps the bags until they meet. What `from` had not fetched yet goes back
    to the pool. Silent when that rider is on the way already.

    Raises StopGone without bags on board, RiderBusy, NotOnDuty, Suspended, ReasonMissing, CannotTake for who cannot
    carry all of it, and AgainstRule unless operations are `sure`.
    """
    if not why.strip():
        raise ReasonMissing("Say why another rider takes over.")
    trip = trips.live_trip(from_rider_id)
    stops = [] if trip is None else list(trip.stops.filter(state__in=trips.ON_TRIP).select_related("job"))
    if trip is None or not any(stop.state == StopState.ON_BOARD for stop in stops):
        raise StopGone("This rider has no bags on board.")
    order_ids = sorted(stop.job.order_id for stop in stops)
    for order_id in order_ids:
        orders.lock(order_id)
    both = {from_rider_id, to_rider_id}
    offers, jobs = lock_open(Q(rider_id=to_rider_id), jobs=Q(order_id__in=order_ids), riders=both)
    riders = {rider_id: lock_rider(rider_id) for rider_id in sorted(both)}
    running = Rescue.objects.filter(from_trip=trip, taken_at=None, off_at=None).select_related("trip").first()
    if running is not None and running.trip.rider_id == to_rider_id:
        return running
    if running is not None:
        raise RiderBusy("Another rider is on the way to these bags. Call that off first.")
    to = riders[to_rider_id]
    _refuse_unless_free(to, from_rider_id)
    # Read under the locks: what was handed over meanwhile needs nobody.
    carried = list(Stop.objects.filter(trip=trip, state=StopState.ON_BOARD).values_list("job", flat=True))
    if not carried:
        raise StopGone("This rider has no bags on board.")
    refuse_unfit(to, carried, at_shelf=False, now=now, sure=sure)
    withdraw_all(offers.values(), jobs, reason=f"sent to a stranded rider ({actor})", now=now)
    for stop in stops:
        if stop.state == StopState.TO_PICK_UP:
            trips.hand_back(stop_id=stop.pk, rider_id=from_rider_id, reason=why, actor=actor, now=now)
    place, _at = last_known(riders[from_rider_id])
    place = place or trip.store.point
    rescue = Rescue.objects.create(
        trip=Trip.objects.create(rider=to, store=trip.store, started_at=now),
        from_trip=trip,
        lat=place.lat,
        lng=place.lng,
        why=why.strip()[:160],
        asked_by=actor[:60],
        asked_at=now,
    )
    asked = RescueAsked(rider_id=to.pk, rider_user_id=to.user_id, from_rider_id=from_rider_id)
    events.record(asked, subject=f"rider:{from_rider_id}", actor=actor)
    write_load(store_id=to.store_id, now=now)
    _hint(rescue)
    return rescue


@transaction.atomic
def take_over(*, rider_id: int, bag_codes: list[str], now: datetime) -> Trip:
    """The second rider has all the bags in hand (each code, in any order): the doors are theirs now. The first rider is
    paid for the ride so far as for a delivery without a tip, and is free. Silent when repeated.

    Raises StopGone without a rescue, WrongBags(missing, foreign).
    """
    rescue = _rescue_of(rider_id)
    if rescue.taken_at is not None:
        return rescue.trip
    carried = rescue.from_trip.stops.filter(state=StopState.ON_BOARD)
    order_ids = sorted(carried.values_list("job__order_id", flat=True))
    locked = {order_id: orders.lock(order_id) for order_id in order_ids}
    list(Job.objects.select_for_update(no_key=True).filter(order_id__in=order_ids).order_by("pk"))
    from_rider_id = rescue.from_trip.rider_id
    riders = {it: lock_rider(it) for it in sorted({from_rider_id, rider_id})}
    # Read again under the locks: a bag may have been handed over meanwhile, both pressed at once, or it was called off.
    Rescue.objects.select_for_update(no_key=True).get(pk=rescue.pk)
    rescue = _rescue_of(rider_id)
    if rescue.taken_at is not None:
        return rescue.trip
    stops = list(
        carried.filter(job__order_id__in=order_ids).select_related("job__store", "trip").order_by("rank", "pk")
    )
    if not stops:
        raise StopGone("There are no bags to take over any more.")
    own = {code for stop in stops for code in locked[stop.job.order_id].bag_codes}
    given = {code.strip().upper() for code in bag_codes if code.strip()}
    if own != given:
        missing, foreign = sorted(own - given), sorted(given - own)
        words = say("Still to scan: {bags}.", bags=", ".join(missing)) if missing else say("These are not their bags.")
        raise WrongBags(words, missing=missing, foreign=foreign)
    name = str(riders[rider_id])
    for rank, stop in enumerate(stops, start=1):
        order = locked[stop.job.order_id]
        if not Earning.objects.filter(stop=stop).exists():
            rescue.from_trip.refresh_from_db(fields=["paid_metres"])
            stop.trip = rescue.from_trip
            trips._earn(stop, door=order.point, tip_paise=0, now=now)
        stop.state, stop.done_at, stop.fail_reason = StopState.DROPPED, now, "Another rider took the bags over"
        stop.save(update_fields=["state", "done_at", "fail_reason"])
        Stop.objects.create(
            trip=rescue.trip, job=stop.job, rank=rank, state=StopState.ON_BOARD, picked_up_at=stop.picked_up_at,
            pay_paise=stop.pay_paise,
        )  # fmt: skip
        Job.objects.filter(pk=stop.job_id).update(state=JobState.TAKEN)
        orders.rider_changed(order_id=order.pk, rider_id=rider_id, rider_name=name, actor=f"rider:{rider_id}", now=now)
    rescue.taken_at = now
    rescue.save(update_fields=["taken_at"])
    Trip.objects.filter(pk=rescue.trip_id, at_store_at=None).update(at_store_at=now)
    returns.end_if_over(rescue.from_trip.pk, now=now)
    for it in (from_rider_id, rider_id):
        transaction.on_commit(lambda it=it: note_carrying(rider_id=it, left=True))  # type: ignore[misc]
    tell_after_commit(rider_id, now=now)
    _hint(rescue)
    return rescue.trip


@transaction.atomic
def call_off(*, rescue_id: int, actor: str, now: datetime) -> None:
    """The second rider turns round: the bags stay where they are. Silent when repeated. Raises StopGone once taken."""
    rescue = (
        Rescue.objects.select_for_update(of=("self",), no_key=True)
        .select_related("trip", "from_trip")
        .get(pk=rescue_id)
    )
    if rescue.off_at is not None:
        return
    if rescue.taken_at is not None:
        raise StopGone("The bags have changed hands already.")
    rescue.off_at = now
    rescue.save(update_fields=["off_at"])
    returns.end_if_over(rescue.trip.pk, now=now)
    _hint(rescue)


def sweep_rescues(*, now: datetime) -> int:
    """Riders on the way to bags that are not there any more (the first one handed them over, or brought them back)
    turn round, whoever waits longest first. Returns how many; one that breaks does not hold up the others, however
    often: all are tried, for there are no more of them than riders on the road."""
    carried = Stop.objects.filter(trip=OuterRef("from_trip"), state=StopState.ON_BOARD)
    idle = Rescue.objects.filter(~Exists(carried), taken_at=None, off_at=None).order_by("asked_at", "pk")

    def turn_round(rescue_id: int) -> bool:
        try:
            call_off(rescue_id=rescue_id, actor="system", now=now)
        except StopGone:  # taken over in this second
            return False
        return True

    return one_by_one(list(idle.values_list("pk", flat=True)), turn_round, sweep="rescues")


def rescue_for(rider_id: int) -> Rescue | None:
    """The stranded rider this one is riding to, if any."""
    found = Rescue.objects.filter(trip__rider_id=rider_id, trip__ended_at=None, taken_at=None, off_at=None)
    return found.select_related("from_trip__rider__user").first()


def _rescue_of(rider_id: int) -> Rescue:
    found = Rescue.objects.filter(trip__rider_id=rider_id, trip__ended_at=None, off_at=None)
    rescue = found.select_related("trip", "from_trip").first()
    if rescue is None:
        raise StopGone("You are not on the way to another rider.")
    return rescue


def _refuse_unless_free(to: Rider, from_rider_id: int) -> None:
    if to.pk == from_rider_id:
        raise RiderBusy("Choose another rider.")
    trips.refuse_absent(to)
    if to.trips.filter(ended_at=None).exists():
        raise RiderBusy("This rider is on a trip.")


def _hint(rescue: Rescue) -> None:
    for trip in (rescue.trip, rescue.from_trip):
        live.touch(f"rider.{trip.rider_id}", what="trip", id=trip.pk)
    live.touch("ops", what="riders")
