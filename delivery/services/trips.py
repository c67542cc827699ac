"""A rider's trip: at the shelf, on the road, at the door; and what happens when it goes differently.

Lock order: order (through orders.services), then offers, jobs, rider, stop with its trip.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from blinkit.kernel import events, live
from blinkit.kernel.geo import Point
from blinkit.kernel.said import say, together
from catalog.models import Store
from catalog.travel import street_metres
from delivery import saying_no
from delivery.doors import DoorAnswer, DoorWait
from delivery.errors import NoSuchStop, NotOnDuty, NotThere, ReasonMissing, RiderBusy, StopGone, Suspended
from delivery.events import TripGrew
from delivery.incidents import Rescue
from delivery.models import (
    Job,
    JobState,
    ProofOfDelivery,
    Rider,
    Shift,
    Stop,
    StopState,
    Trip,
)
from delivery.services import arriving, pay, returns
from delivery.services.arriving import AT_DOOR_WITHIN_M, AT_STORE_WITHIN_M
from delivery.services.asking import ask_for_round
from delivery.services.doors_before import tell_after_commit
from delivery.services.duty import anyone_on_duty, lock_rider
from delivery.services.fitting import refuse_unfit
from delivery.services.offers import PROMISE_GUESS, READY_GUESS, begin_trip, lock_open, open_job, withdraw_all
from delivery.services.positions import last_fix, note_carrying
from orders import services as orders
from orders.services.at_door import DOOR, STORE
from orders.states import ON_ROAD, Status

MOST_STOPS = 4
ON_TRIP = (StopState.TO_PICK_UP, StopState.ON_BOARD)


def live_trip(rider_id: int) -> Trip | None:
    """The rider's trip that is not over, with its store."""
    return Trip.objects.select_related("store").filter(rider_id=rider_id, ended_at=None).first()


@transaction.atomic
def arrive_at_store(*, rider_id: int, now: datetime, sure: bool = False) -> Trip:
    """The rider stands at the shelf; waiting counts from here, and the floor hurries with what they fetch. Silent when
    repeated. Raises StopGone without a trip, and NotThere when the position says so, unless the rider is `sure`: then
    operations are told, and no waiting is paid before a position shows it."""
    fetches = Stop.objects.filter(trip__rider_id=rider_id, trip__ended_at=None, state=StopState.TO_PICK_UP)
    fetched = list(fetches.order_by("rank", "pk").values_list("job__order_id", flat=True))
    orders.rider_here(order_ids=fetched, rider_id=rider_id, now=now)
    trip = Trip.objects.select_for_update().select_related("store").filter(rider_id=rider_id, ended_at=None).first()
    if trip is None:
        raise StopGone("You have no trip at the moment.")
    if trip.at_store_at is None:
        doubt = arriving.doubt_of(rider_id, trip.store.point, within_m=AT_STORE_WITHIN_M, now=now)
        if doubt is not None and doubt.metres is not None:
            if not sure:
                raise _not_at_store(trip.store, rider_id, doubt.metres)
            arriving.note_doubt(
                order_ids=fetched, rider_id=rider_id, where=STORE, doubt=doubt, store_code=trip.store.code, now=now
            )
        trip.at_store_at = now
        trip.save(update_fields=["at_store_at"])
        live.touch(f"store.{trip.store.code}", what="rider", id=rider_id)
        live.touch(f"rider.{rider_id}", what="trip", id=trip.pk)
    return trip


def _not_at_store(store: Store, rider_id: int, metres: int) -> NotThere:
    """Nobody waits at the wrong store: who stands at another one is told so by its name."""
    fix = last_fix(rider_id)
    others = Store.objects.filter(city_id=store.city_id).exclude(pk=store.pk) if fix else Store.objects.none()
    near = (place for place in others if fix and street_metres(fix.point, place.point) <= AT_STORE_WITHIN_M)
    other = next(near, None)
    here_is = (
        say("You are at {other}.", other=other.name)
        if other
        else say("Your phone is {far} away.", far=arriving.far(metres))
    )
    return NotThere(together([here_is, say("The bags are at {store}.", store=store.name)]), metres=metres)


@transaction.atomic
def pick_up(*, stop_id: UUID, rider_id: int, bag_codes: Sequence[str], now: datetime) -> Stop:
    """The rider has scanned the bags at the shelf: exactly this order's. Silent when repeated.

    Raises WrongBags(missing, foreign) (from orders), IllegalMove while they are not packed, NoSuchStop, StopGone.
    """
    stop = lock_stop(stop_id, rider_id)
    if stop.state == StopState.ON_BOARD:
        return stop
    _must_be(stop, StopState.TO_PICK_UP)
    codes = [code.strip().upper() for code in bag_codes if code.strip()]
    orders.picked_up(order_id=stop.job.order_id, bag_codes=codes, actor=f"rider:{rider_id}", now=now)
    _take_on_board(stop, now=now)
    return stop


@transaction.atomic
def scan_bag(*, stop_id: UUID, rider_id: int, code: str, nonce: str, now: datetime) -> orders.Handed:
    """The rider scans one bag (or the order's code, or its place) at the shelf; with the last bag all are on board.

    A re-sent scan (same nonce) does nothing more. Raises WrongBag, BagTwice, NotReady (from orders), NoSuchStop,
    StopGone for a stop that was given back or is over.
    """
    stop = lock_stop(stop_id, rider_id)
    if stop.state not in (StopState.TO_PICK_UP, StopState.ON_BOARD):
        _must_be(stop, StopState.TO_PICK_UP)
    handed = orders.scan_bag(order_id=stop.job.order_id, code=code, actor=f"rider:{rider_id}", nonce=nonce, now=now)
    if handed.complete:
        _take_on_board(stop, now=now)
    return handed


@transaction.atomic
def bags_on_board(*, order_id: UUID, now: datetime) -> None:
    """The store has scanned the bags out for the rider: they are on board. Silent when they are, or nobody comes."""
    order = orders.lock(order_id)
    found = Stop.objects.filter(job__order_id=order_id, state=StopState.TO_PICK_UP).values_list("pk", "trip__rider_id")
    stop_id, rider_id = found.first() or (None, 0)
    if stop_id is not None and order.status in ON_ROAD:
        stop = lock_stop(stop_id, rider_id)
        if stop.state == StopState.TO_PICK_UP:
            _take_on_board(stop, now=order.picked_up_at or now)


def _take_on_board(stop: Stop, *, now: datetime) -> None:
    if stop.state == StopState.ON_BOARD:
        return
    stop.state, stop.picked_up_at = StopState.ON_BOARD, now
    stop.save(update_fields=["state", "picked_up_at"])
    Trip.objects.filter(pk=stop.trip_id, at_store_at=None).update(at_store_at=now)
    _carry(stop.trip)
    _hint(stop.trip.rider_id, stop)


@transaction.atomic
def depart(*, rider_id: int, now: datetime) -> None:
    """The rider has left the store (says so, or the position does): what is on board is on its way. Else silent."""
    stops = Stop.objects.filter(trip__rider_id=rider_id, trip__ended_at=None, state=StopState.ON_BOARD)
    for order_id in stops.order_by("job__order_id").values_list("job__order_id", flat=True):
        if orders.lock(order_id).status == Status.PICKED_UP:
            orders.in_transit(order_id=order_id, actor=f"rider:{rider_id}", now=now)
    trip = live_trip(rider_id)
    if trip is not None and stops.exists():
        _carry(trip, left=True)
        live.touch(f"rider.{rider_id}", what="trip", id=trip.pk)


@transaction.atomic
def leave_store(*, stop_id: UUID, rider_id: int, now: datetime) -> None:
    """The rider says so at one stop: everything on board departs, and what was left on the shelf is sought by somebody
    else. Raises NoSuchStop, StopGone unless it is on board."""
    _must_be(require_stop(stop_id=stop_id, rider_id=rider_id), StopState.ON_BOARD)
    _leave(rider_id, now=now)


def _leave(rider_id: int, *, now: datetime) -> None:
    under_way = Stop.objects.filter(trip__rider_id=rider_id, trip__ended_at=None, state__in=ON_TRIP)
    in_order = under_way.order_by("job__order_id").values_list("job__order_id", flat=True)
    locked = [orders.lock(order_id) for order_id in in_order]
    for order in locked:
        if order.status in ON_ROAD:  # else the store's scan, whose event is still on its way, would bar the rider
            bags_on_board(order_id=order.pk, now=now)
    depart(rider_id=rider_id, now=now)
    behind = Stop.objects.filter(trip__rider_id=rider_id, trip__ended_at=None, state=StopState.TO_PICK_UP)
    for left in behind.order_by("job__order_id").values_list("pk", flat=True):
        hand_back(stop_id=left, rider_id=rider_id, reason="Left on the shelf", actor=f"rider:{rider_id}", now=now)


@transaction.atomic
def arrive(*, stop_id: UUID, rider_id: int, now: datetime, sure: bool = False) -> Stop:
    """The rider stands at the door, and so at no other one: who waited elsewhere on the trip begins to wait anew there.
    Silent when repeated. Raises NoSuchStop, StopGone, and NotThere when a fresh good position is far from the door,
    unless the rider is `sure`: then operations are told. An arrival no position shows is written down, and counts for
    no late credit."""
    carried = Q(state=StopState.ON_BOARD) | Q(state=StopState.TO_PICK_UP, job__order__status__in=ON_ROAD)
    coming = Stop.objects.filter(carried, pk=stop_id, trip__rider_id=rider_id, arrived_at=None)
    doubt = None
    if (going := coming.select_related("job__order").first()) is not None:
        doubt = arriving.doubt_of(rider_id, going.job.order.point, within_m=AT_DOOR_WITHIN_M, now=now)
        if doubt is not None and doubt.metres is not None and not sure:
            raise NotThere(
                say("Your phone is {far} from this door.", far=arriving.far(doubt.metres)), metres=doubt.metres
            )
        _leave(rider_id, now=now)  # locks every order of the trip, in their order, before this one's stop
        stood = Stop.objects.filter(trip__stops=stop_id, state=StopState.ON_BOARD, arrived_at__isnull=False)
        for other_id in stood.order_by("job__order_id").values_list("pk", flat=True):
            leave_door(lock_stop(other_id, rider_id))
    stop = lock_stop(stop_id, rider_id)
    _must_be(stop, StopState.ON_BOARD)
    if stop.arrived_at is None:
        stop.arrived_at = now
        stop.save(update_fields=["arrived_at"])
        orders.at_the_door(order_id=stop.job.order_id, actor=f"rider:{rider_id}", now=now)
        if doubt is not None:
            arriving.note_doubt(
                order_ids=[stop.job.order_id], rider_id=rider_id, where=DOOR, doubt=doubt,
                store_code=stop.trip.store.code, now=now,
            )  # fmt: skip
        _hint(rider_id, stop)
    return stop


def leave_door(stop: Stop) -> None:
    """The rider, whose stop the caller has locked, is not at this door (any more): on the way again, and nobody was
    waited for there, unless the customer has cancelled."""
    if stop.arrived_at is None:
        return
    stop.arrived_at = None
    stop.save(update_fields=["arrived_at"])
    DoorWait.objects.filter(stop=stop).exclude(answer=DoorAnswer.CANCEL).delete()
    orders.rider_rides_on(order_id=stop.job.order_id)
    _hint(stop.trip.rider_id, stop)


@transaction.atomic
def deliver(
    *,
    stop_id: UUID,
    rider_id: int,
    now: datetime,
    otp: str = "",
    photo: str = "",
    cash_paise: int | None = None,
    at: Point | None = None,
) -> Stop:
    """Handed over at the door, proven by the code (or a photo where the customer chose so). Silent when repeated.

    Writes the proof and the earning, ends the trip with its last stop. Who cancelled at the door is given it for the
    code only. Raises what orders.delivered raises
    (ProofNeeded, WrongOtp, WrongCash), NoSuchStop, StopGone.
    """
    stop = lock_stop(stop_id, rider_id)
    if stop.state == StopState.DELIVERED:
        return stop
    _must_be(stop, StopState.ON_BOARD)
    if not otp and DoorWait.objects.filter(stop=stop, answer=DoorAnswer.CANCEL).exists():
        raise StopGone("The customer has cancelled at the door: bring it back, or ask for the code.", state=stop.state)
    order = orders.delivered(
        order_id=stop.job.order_id,
        rider_id=rider_id,
        otp=otp,
        photo=photo,
        cash_paise=cash_paise,
        actor=f"rider:{rider_id}",
        now=now,
    )
    ProofOfDelivery.objects.create(
        stop=stop,
        kind="otp" if otp else "photo",
        photo=photo,
        lat=at.lat if at else None,
        lng=at.lng if at else None,
        at=now,
    )
    _earn(stop, door=order.point, tip_paise=order.tip_paise, now=now)
    _finish(stop, StopState.DELIVERED, JobState.DONE, now=now)
    return stop


@transaction.atomic
def fail_stop(
    *,
    stop_id: UUID,
    rider_id: int,
    reason: str,
    now: datetime,
    actor: str = "",
    keeps_offer: bool = False,
    by_us: bool = False,
) -> Stop:
    """Nobody to hand it to: the goods go back to the store; the trip is over when the store has them
    (services.returns). The ride is paid all the same: to the door, or where the bags turned round before it as far as
    it was ridden; with `keeps_offer` (the house ended it, not the rider) never less than the offer said. `by_us`: the
    customer did nothing to it (orders.undelivered). Silent when repeated."""
    stop = lock_stop(stop_id, rider_id)
    if stop.state == StopState.FAILED:
        return stop
    _must_be(stop, StopState.ON_BOARD)
    if not reason.strip():
        raise ReasonMissing("Say what happened at the door.")
    turned = _turned_at(stop, now=now)
    who = actor or f"rider:{rider_id}"
    order = orders.undelivered(order_id=stop.job.order_id, reason=reason, actor=who, now=now, by_us=by_us)
    stop.fail_reason = reason.strip()[:160]
    pay.earn(stop, door=order.point, tip_paise=0, now=now, turned=turned, keeps_offer=keeps_offer)
    returns.begin_return(stop, at=turned or order.point, now=now)
    _finish(stop, StopState.FAILED, JobState.DONE, now=now)
    return stop


def _turned_at(stop: Stop, *, now: datetime) -> Point | None:
    """Where the bags turn round when that is not the door; None at the door. Before the rider says to be there, and
    where the position contradicted it, the last position counts, and without one since the pickup the store."""
    rider_id, door = stop.trip.rider_id, stop.job.order.point
    fix = last_fix(rider_id)
    if stop.arrived_at is not None:
        doubt = arriving.doubt_at_door(stop.job.order_id, stop.arrived_at)
        if doubt is None:
            return None
        if doubt.metres is None and (fix is None or fix.at < now - arriving.FRESH):
            return None  # the phone tells nothing, then and now: the rider is believed
    if fix is None or (stop.picked_up_at is not None and fix.at < stop.picked_up_at):
        return stop.job.store.point
    return fix.point if street_metres(fix.point, door) > AT_DOOR_WITHIN_M + fix.accuracy_metres else None


@transaction.atomic
def hand_back(*, stop_id: UUID, rider_id: int, reason: str, actor: str, now: datetime, excused: bool = False) -> None:
    """Before the pickup the rider (or ops) gives the job back: somebody else is sought. Silent when repeated. Who is
    `excused` may be asked about it again at once."""
    stop = lock_stop(stop_id, rider_id)
    if stop.state == StopState.DROPPED:
        return
    _must_be(stop, StopState.TO_PICK_UP)
    if not reason.strip():
        raise ReasonMissing("Say why you can't take it.")
    job = stop.job
    if not excused:
        job.declined_by = saying_no.noted(job.declined_by, rider_id, pause=saying_no.DECLINED_PAUSE, now=now)
        job.save(update_fields=["declined_by"])
    orders.rider_fell_away(order_id=job.order_id, rider_id=rider_id, actor=actor, now=now, why=reason.strip()[:120])
    stop.fail_reason = reason.strip()[:160]
    _finish(stop, StopState.DROPPED, JobState.SEEKING, now=now)


@transaction.atomic
def drop_cancelled(*, order_id: UUID, now: datetime) -> None:
    """The order is cancelled: its job ends, an open offer is withdrawn, the rider is free. Silent when repeated."""
    orders.lock(order_id)
    job = _job_without_offers(order_id, reason="order cancelled", now=now)
    if job is None or job.state in (JobState.DONE, JobState.CANCELLED):
        return
    stop = _lock_fetching(job)
    if stop is not None:
        stop.fail_reason = "The order was cancelled"
        _finish(stop, StopState.DROPPED, JobState.CANCELLED, now=now)
    else:
        job.state = JobState.CANCELLED
        job.save(update_fields=["state"])


@transaction.atomic
def follow_order(*, order_id: UUID, now: datetime) -> None:
    """Another store does the order: whoever was coming to the old one is free, a rider is sought there. Silent when the
    job is there already or over."""
    order = orders.lock(order_id)
    here = Job.objects.filter(order_id=order_id).values_list("store_id", flat=True).first()
    if here is None:
        open_job(order_id=order_id, now=now)
        return
    if here == order.store_id:
        return
    job = _job_without_offers(order_id, reason="another store has it now", now=now)
    if job is None or job.state in (JobState.DONE, JobState.CANCELLED):
        return
    stop = _lock_fetching(job)
    if stop is not None:
        rider_id = stop.trip.rider_id
        orders.rider_fell_away(order_id=order_id, rider_id=rider_id, actor="system", now=now, why="Another store")
        stop.fail_reason = "Another store has the order now"
        _finish(stop, StopState.DROPPED, JobState.SEEKING, now=now)
    job.store, job.state, job.declined_by = order.store, JobState.SEEKING, []
    job.ready_at, job.due_at = now + READY_GUESS, order.promised_by or now + PROMISE_GUESS
    job.save(update_fields=["store", "state", "declined_by", "ready_at", "due_at"])
    if anyone_on_duty(order.store_id):
        ask_for_round(order.store_id)


@transaction.atomic
def assign_by_hand(*, order_id: UUID, rider_id: int, actor: str, now: datetime, sure: bool = False) -> Trip:
    """Operations send a particular rider, without an offer; offers that stand in the way are withdrawn. A rider whose
    trip from the same store has not been picked up yet takes it along. Silent when that rider fetches it already.

    Raises StopGone when the order does not wait for a rider, RiderBusy, NotOnDuty, Suspended, CannotTake; AgainstRule
    for what rounds would not do, unless they are `sure`.
    """
    return _send(
        order_id=order_id, rider_id=rider_id, actor=actor, reason=f"assigned by hand ({actor})", sure=sure, now=now
    )


@transaction.atomic
def take_along(*, order_id: UUID, rider_id: int, now: datetime) -> Trip:
    """A round puts one more order on the rider's trip, whose bags are all at the store still, and the rider is told.

    Raises what `assign_by_hand` does when that is not so any more, or speaks against it."""
    return _send(
        order_id=order_id, rider_id=rider_id, actor="system", reason="goes along with another", only_along=True, now=now
    )


def _send(
    *,
    order_id: UUID,
    rider_id: int,
    actor: str,
    reason: str,
    now: datetime,
    sure: bool = False,
    only_along: bool = False,
) -> Trip:
    order = orders.lock(order_id)
    wanted = Q(offered__job__order_id=order_id) | Q(rider_id=rider_id)
    in_the_way, jobs = lock_open(wanted, jobs=Q(order_id=order_id), riders=[rider_id])
    job = next((job for job in jobs.values() if job.order_id == order_id), None)
    theirs = Q(rider_id=rider_id, ended_at=None, stops__job__order_id=order_id, stops__state=StopState.TO_PICK_UP)
    if job is not None and job.state == JobState.TAKEN and (sent := Trip.objects.filter(theirs).first()) is not None:
        return sent
    if job is None or job.state not in (JobState.SEEKING, JobState.OFFERED):
        raise StopGone("This order does not wait for a rider.")
    if only_along and job.state == JobState.OFFERED:
        raise StopGone("Somebody was asked for this order in this moment.")
    rider = lock_rider(rider_id)
    refuse_absent(rider)
    # Locked: it must not end while this order is put on it.
    trip = Trip.objects.select_for_update(no_key=True).filter(rider=rider, ended_at=None).first()
    if trip is None and only_along:
        raise StopGone("This rider is on no trip any more.")
    if trip is not None and not _takes_along(trip, job):
        raise RiderBusy("This rider is on a trip.")
    refuse_unfit(rider, [job.pk], now=now, sure=sure)
    withdraw_all(in_the_way.values(), jobs, reason=reason, now=now)
    fetched = Stop.objects.filter(trip=trip, state=StopState.TO_PICK_UP) if trip else Stop.objects.none()
    route = [*(stop.job.order for stop in fetched.select_related("job__order").order_by("rank")), order]
    paid = pay.quote(
        store=order.store, doors=[it.point for it in route], tips_paise=[it.tip_paise for it in route], now=now
    )
    more = pay.total_of(paid[-1])
    if trip is not None:
        grew = TripGrew(
            trip_id=trip.pk, order_id=order_id, rider_id=rider.pk, rider_user_id=rider.user_id, pay_paise=more
        )
        events.record(grew, subject=f"order:{order_id}", actor=actor)
    return begin_trip([job], rider, pay_paise={job.pk: more}, now=now)


def refuse_absent(rider: Rider) -> None:
    """Whoever may not ride now is not sent anywhere. Raises Suspended, NotOnDuty."""
    if rider.suspended_reason:
        raise Suspended(say("This rider is suspended: {reason}.", reason=rider.suspended_reason))
    if not rider.is_verified:
        raise Suspended("One of this rider's papers is missing or over.")
    if not Shift.objects.working().filter(rider=rider).exists():
        raise NotOnDuty("This rider is off duty or on a break.")


def _takes_along(trip: Trip, job: Job) -> bool:
    """Can this job be fetched along? Only while the bags of the same store are still to be fetched."""
    states = list(Stop.objects.filter(trip=trip).exclude(state=StopState.DROPPED).values_list("state", flat=True))
    if Rescue.objects.filter(trip=trip).exists() or trip.store_id != job.store_id:
        return False
    return len(states) < MOST_STOPS and all(state == StopState.TO_PICK_UP for state in states)


def _job_without_offers(order_id: UUID, *, reason: str, now: datetime) -> Job | None:
    """The order's job, locked, its open offers withdrawn. The caller holds the order."""
    mine = Q(offered__job__order_id=order_id)
    offers, jobs = lock_open(mine, jobs=Q(order_id=order_id))
    withdraw_all(offers.values(), jobs, reason=reason, now=now)
    return next((job for job in jobs.values() if job.order_id == order_id), None)


@transaction.atomic
def unassign(*, order_id: UUID, reason: str, actor: str, now: datetime) -> None:
    """Operations take an order from its rider before the pickup; somebody else is sought.

    Raises StopGone when no rider is on the way to fetch it, ReasonMissing.
    """
    stop = Stop.objects.select_related("trip").filter(job__order_id=order_id, state=StopState.TO_PICK_UP).first()
    if stop is None:
        raise StopGone("No rider is on the way to fetch this order.")
    hand_back(stop_id=stop.pk, rider_id=stop.trip.rider_id, reason=reason, actor=actor, now=now)


def require_stop(*, stop_id: UUID, rider_id: int) -> Stop:
    """The rider's own stop, unlocked. Raises NoSuchStop."""
    stop = Stop.objects.filter(pk=stop_id, trip__rider_id=rider_id).first()
    if stop is None:
        raise NoSuchStop("This stop is not on a trip of yours.")
    return stop


def lock_stop(stop_id: UUID, rider_id: int) -> Stop:
    """The rider's own stop with order, job and stop locked in that order. Raises NoSuchStop."""
    order_id = Stop.objects.filter(pk=stop_id, trip__rider_id=rider_id).values_list("job__order_id", flat=True).first()
    if order_id is None:
        raise NoSuchStop("This stop is not on a trip of yours.")
    orders.lock(order_id)
    Job.objects.select_for_update(no_key=True).get(order_id=order_id)
    return (
        Stop.objects.select_related("trip", "trip__store", "job", "job__store", "job__order")
        .select_for_update(of=("trip", "self"), no_key=True)  # a trip before its stops: acts on one may touch all
        .get(pk=stop_id)
    )


def _lock_fetching(job: Job) -> Stop | None:
    """The stop of a job whose bags are still to be fetched. The caller holds order and job."""
    stop = Stop.objects.select_related("trip").filter(job=job, state=StopState.TO_PICK_UP).first()
    return None if stop is None else lock_stop(stop.pk, stop.trip.rider_id)


def _must_be(stop: Stop, state: StopState) -> None:
    if stop.state != state:
        raise StopGone(say("This stop is “{state}”.", state=str(StopState(stop.state).label)), state=stop.state)


def _finish(stop: Stop, state: StopState, job_state: JobState, *, now: datetime) -> None:
    stop.state, stop.done_at = state, now
    stop.save(update_fields=["state", "done_at", "fail_reason"])
    Job.objects.filter(pk=stop.job_id).update(state=job_state)
    trip = stop.trip
    if not returns.end_if_over(trip.pk, now=now) and job_state == JobState.SEEKING:
        ask_for_round(trip.store_id)
    _carry(trip, left=None)
    tell_after_commit(trip.rider_id, now=now)
    _hint(trip.rider_id, stop)


def _earn(stop: Stop, *, door: Point, tip_paise: int, now: datetime) -> None:
    pay.earn(stop, door=door, tip_paise=tip_paise, now=now)


def _carry(trip: Trip, *, left: bool | None = False) -> None:
    """After the commit: whose customers may see the rider now. `left` None leaves the store's fence as it was known."""
    rider_id = trip.rider_id
    transaction.on_commit(lambda: note_carrying(rider_id=rider_id, left=left))


def doors_changed(rider_id: int, *, now: datetime) -> None:
    """After the commit: the next positions are judged by the doors as they are then."""
    transaction.on_commit(lambda: note_carrying(rider_id=rider_id))
    tell_after_commit(rider_id, now=now)


def _hint(rider_id: int, stop: Stop) -> None:
    live.touch(f"rider.{rider_id}", what="trip", id=stop.trip_id)
    live.touch("ops", what="job", id=stop.job_id)
