"""A door nobody opens, by rule: call, wait by the clock of a row, do what the customer says, else bring it back.

Lock order: order (through orders.services), job, stop with its trip, wait.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from blinkit.kernel import events, live
from blinkit.kernel.errors import Invalid
from blinkit.kernel.geo import Point, distance_metres
from blinkit.kernel.said import say
from delivery.doors import CallAttempt, DoorAnswer, DoorPolicy, DoorWait, GateNote, MapChoice, Maps
from delivery.errors import CallFirst, ReasonMissing, RiderBusy, StopGone, TooEarly
from delivery.events import BagsCalledBack, DoorAnswered, DoorWaitBegun, DoorWaitSet
from delivery.models import Job, Rescue, Rider, Stop, StopState
from delivery.policies import policy_at
from delivery.services import trips
from delivery.services.positions import progress_of
from orders import services as orders
from orders.errors import NoSuchOrder
from orders.models import Order
from orders.services.at_door import CALLED_BACK, SAME_HOUSE_METRES

NOBODY, REFUSED, ADDRESS, DAMAGED = "nobody", "refused", "address", "damaged"
AT_ONCE = {REFUSED: "The customer does not want it", DAMAGED: "The bags are damaged"}
"""Outcomes that need no waiting, and what is written down."""
AFTER_WAIT = {NOBODY: "Nobody opened and nobody answered", ADDRESS: "The address is wrong"}
CANCELLED_AT_DOOR = "Cancelled at the door"
LONGEST_WAIT = timedelta(minutes=30)
GATE_NEAR_DEG = 0.0004
"""About 45 metres: the same building."""
GATE_FAR_METRES = 500
GATE_KEPT_FOR = timedelta(days=365)


@transaction.atomic
def begin_wait(*, stop_id: UUID, rider_id: int, now: datetime) -> DoorWait:
    """Nobody opens: the customer is told until when the rider waits. Silent when repeated.

    Raises NoSuchStop, StopGone unless the rider stands at the door with the bags.
    """
    stop = trips.lock_stop(stop_id, rider_id)
    found = DoorWait.objects.filter(stop=stop).first()
    if found is not None:
        return found
    _must_stand_there(stop)
    until = now + timedelta(seconds=policy_at(stop.job.store_id).wait_s)
    made = DoorWait.objects.create(stop=stop, begun_at=now, waits_until=until)
    order = stop.job.order
    begun = DoorWaitBegun(order_id=order.pk, customer_id=order.customer_id, rider_id=rider_id, waits_until=until)
    events.record(begun, subject=f"order:{order.pk}", actor=f"rider:{rider_id}")
    _hint(stop)
    return made


@transaction.atomic
def answer_door(*, order_id: UUID, customer_id: int, answer: str, now: datetime) -> DoorWait:
    """The customer says what to do while the rider waits. A later answer replaces an earlier one, but for
    a cancellation.

    "leave" and "guard" let a photo prove the delivery (orders.agree_to_leave: CashNeedsHand while cash is due).
    Raises NoSuchOrder for somebody else's, StopGone when nobody waits, Invalid.
    """
    if answer not in DoorAnswer.values:
        raise Invalid("Choose one of the answers.", answers=DoorAnswer.values)
    if not Order.objects.filter(pk=order_id, customer_id=customer_id).exists():
        raise NoSuchOrder()
    orders.lock(order_id)
    Job.objects.select_for_update(no_key=True).filter(order_id=order_id).first()
    wait = (
        DoorWait.objects.select_for_update(of=("self",), no_key=True)
        .select_related("stop__trip", "stop__job")
        .filter(stop__job__order_id=order_id, stop__state=StopState.ON_BOARD)
        .first()
    )
    if wait is None:
        raise StopGone("The rider is not waiting at the door.")
    if wait.answer == answer:
        return wait
    if wait.answer == DoorAnswer.CANCEL:
        raise StopGone("You have cancelled. The rider brings it back to the store.")
    actor = f"user:{customer_id}"
    if answer in (DoorAnswer.LEAVE, DoorAnswer.GUARD):
        orders.agree_to_leave(order_id=order_id, how=answer, actor=actor, now=now)
    wait.answer, wait.answered_at = answer, now
    wait.save(update_fields=["answer", "answered_at"])
    said = DoorAnswered(order_id=order_id, answer=answer)
    events.record(said, subject=f"order:{order_id}", actor=actor)
    _hint(wait.stop)
    return wait


@transaction.atomic
def set_wait(*, order_id: UUID, minutes: int, why: str, actor: str, now: datetime) -> DoorWait:
    """Operations let the rider leave in `minutes` from now (0: at once, at most 30).

    Raises StopGone when nobody waits, ReasonMissing, Invalid.
    """
    if not 0 <= minutes * 60 <= LONGEST_WAIT.total_seconds():
        raise Invalid("Between 0 and 30 minutes.")
    if not why.strip():
        raise ReasonMissing("Say why the time changes.")
    orders.lock(order_id)
    wait = (
        DoorWait.objects.select_for_update(of=("self",), no_key=True)
        .select_related("stop__trip", "stop__job")
        .filter(stop__job__order_id=order_id, stop__state=StopState.ON_BOARD)
        .first()
    )
    if wait is None:
        raise StopGone("No rider is waiting at this door.")
    wait.waits_until = now + timedelta(minutes=minutes)
    wait.set_by, wait.set_why = actor[:60], why.strip()[:120]
    wait.save(update_fields=["waits_until", "set_by", "set_why"])
    changed = DoorWaitSet(order_id=order_id, waits_until=wait.waits_until, why=wait.set_why)
    events.record(changed, subject=f"order:{order_id}", actor=actor)
    _hint(wait.stop)
    return wait


@transaction.atomic
def bring_back(*, stop_id: UUID, rider_id: int, why: str, now: datetime) -> Stop:
    """The bags go back to the store; the ride is paid. Silent when repeated. `why` is one of AT_ONCE or AFTER_WAIT, or
    words, which count as "nobody".

    "nobody" and "address" only after the city's number of calls (CallFirst: calls, needed) and once the wait is over
    (TooEarly: leave_from), unless the customer cancelled. Raises NoSuchStop, StopGone away from the door,
    ReasonMissing.
    """
    stop = trips.lock_stop(stop_id, rider_id)
    if stop.state == StopState.FAILED:
        return stop
    words = AT_ONCE.get(why) or AFTER_WAIT.get(why) or why.strip()
    if not words:
        raise ReasonMissing("Say what happened at the door.", reasons=[*AFTER_WAIT, *AT_ONCE])
    wait, by_us = DoorWait.objects.filter(stop=stop).first(), why == DAMAGED
    if wait is not None and wait.answer == DoorAnswer.CANCEL:
        words, by_us = CANCELLED_AT_DOOR, False
    else:
        if why != DAMAGED:
            _must_stand_there(stop)
        if why not in AT_ONCE:
            refuse_leaving(stop, wait, now=now)
    return trips.fail_stop(stop_id=stop_id, rider_id=rider_id, reason=words, now=now, by_us=by_us)


def refuse_leaving(stop: Stop, wait: DoorWait | None, *, now: datetime) -> None:
    """Raises TooEarly or CallFirst while the rule does not let the rider leave the door."""
    if wait is None:
        raise TooEarly("Tell the customer first that you are waiting: press “Nobody opens”.", leave_from=None)
    policy = policy_at(stop.job.store_id)
    calls = calls_counted(stop.pk, policy)
    if calls < policy.calls_least:
        left = policy.calls_least - calls
        detail = (
            say("Call once more before you leave.") if left == 1 else say("Call {n} times before you leave.", n=left)
        )
        raise CallFirst(detail, calls=calls, needed=policy.calls_least)
    if now < wait.waits_until:
        raise TooEarly("You may leave later, at the time on your screen.", leave_from=wait.waits_until)


def calls_counted(stop_id: UUID, policy: DoorPolicy) -> int:
    """Calls of the rider from this stop; those closer together than the policy's gap count as one."""
    times = CallAttempt.objects.filter(stop_id=stop_id, by=CallAttempt.By.RIDER).order_by("at")
    return count_apart(list(times.values_list("at", flat=True)), gap_s=policy.call_gap_s)


def count_apart(times: list[datetime], *, gap_s: int) -> int:
    """How many of these instants (in order) lie at least `gap_s` after the last one counted."""
    counted, last = 0, None
    for at in times:
        if last is None or (at - last).total_seconds() >= gap_s:
            counted, last = counted + 1, at
    return counted


def give_up(*, stop_id: UUID, rider_id: int, reason: str, now: datetime) -> None:
    """The rider can't finish this stop: brought back by the rule after the pickup, given to somebody else before it.
    Raises as those two do."""
    if trips.require_stop(stop_id=stop_id, rider_id=rider_id).picked_up_at is not None:
        bring_back(stop_id=stop_id, rider_id=rider_id, why=reason, now=now)
    else:
        trips.hand_back(stop_id=stop_id, rider_id=rider_id, reason=reason, actor=f"rider:{rider_id}", now=now)


@transaction.atomic
def call_back(*, order_id: UUID, reason: str, actor: str, now: datetime) -> Stop:
    """Operations end a delivery whose bags are on the road (the customer asked for it, it is no good address): the
    rider brings them back; what was paid, and the coupon, go back to the customer. The rider is told at once, and paid
    the ride as offered and the way back. Silent when they ride back already.

    Raises ReasonMissing, StopGone unless a rider has the bags, RiderBusy while another rider comes to take them over.
    """
    if not reason.strip():
        raise ReasonMissing("Say why the bags come back.")
    kept = Stop.objects.filter(job__order_id=order_id).exclude(state=StopState.DROPPED)
    stop_id, rider_id = kept.values_list("pk", "trip__rider_id").first() or (None, 0)
    if stop_id is None:
        raise StopGone("No rider has these bags.")
    trips.bags_on_board(order_id=order_id, now=now)  # the store's scan may still be on its way
    stop = trips.lock_stop(stop_id, rider_id)
    if stop.state == StopState.FAILED:
        return stop
    if stop.state != StopState.ON_BOARD:
        raise StopGone(say("This stop is “{state}”.", state=str(StopState(stop.state).label)), state=stop.state)
    if Rescue.objects.filter(from_trip=stop.trip, taken_at=None, off_at=None).exists():
        raise RiderBusy("Another rider is on the way to these bags. Call that off first.")
    failed = trips.fail_stop(
        stop_id=stop_id, rider_id=rider_id, reason=reason, actor=actor, now=now, keeps_offer=True, by_us=True
    )
    why = reason.strip()[:160]
    orders.evidence(order_id=order_id, kind=CALLED_BACK, detail={"why": why}, actor=actor, now=now)
    called = BagsCalledBack(order_id=order_id, rider_id=rider_id, reason=why)
    events.record(called, subject=f"order:{order_id}", actor=actor)
    _hint(stop)
    return failed


@transaction.atomic
def door_first(*, stop_id: UUID, rider_id: int, now: datetime) -> None:
    """The rider does this door next; the others keep their order behind it. Silent when it is next.

    Raises NoSuchStop, StopGone unless its bags are on board, or while the rider stands at another door.
    """
    stop = trips.lock_stop(stop_id, rider_id)
    if stop.state != StopState.ON_BOARD:
        raise StopGone(say("This stop is “{state}”.", state=str(StopState(stop.state).label)), state=stop.state)
    others = list(
        Stop.objects.filter(trip=stop.trip, state=StopState.ON_BOARD).exclude(pk=stop.pk).order_by("rank", "pk")
    )
    if any(other.arrived_at is not None for other in others):
        raise StopGone("Finish the door you stand at first.")
    if not others or stop.rank < others[0].rank:
        return
    # Those on board change their places among each other: nobody gets that of an order still on the shelf.
    places = sorted(one.rank for one in [stop, *others])
    for one, place in zip([stop, *others], places, strict=True):
        Stop.objects.filter(pk=one.pk).update(rank=place)
    trips.doors_changed(rider_id, now=now)
    _hint(stop)


@transaction.atomic
def scan_trip_bag(*, rider_id: int, code: str, nonce: str, now: datetime) -> tuple[Stop, orders.Handed]:
    """One bag of any order of the trip, in any order: the code says whose it is. With an order's last bag that order is
    on board. A re-sent scan does nothing more.

    Raises StopGone without bags to fetch, and what trips.scan_bag raises (a bag of nobody's is refused as for the first
    order that waits).
    """
    code = code.strip().upper()
    stops = list(
        Stop.objects.filter(trip__rider_id=rider_id, trip__ended_at=None, state__in=trips.ON_TRIP)
        .select_related("job__order")
        .order_by("rank", "pk")
    )
    waiting = [stop for stop in stops if stop.state == StopState.TO_PICK_UP]
    owner = next((stop for stop in stops if code in stop.job.order.bag_codes or code == stop.job.order.number), None)
    chosen = owner or (waiting[0] if waiting else None)
    if chosen is None:
        raise StopGone("You have no bags to fetch at the moment.")
    return chosen, trips.scan_bag(stop_id=chosen.pk, rider_id=rider_id, code=code, nonce=nonce, now=now)


@transaction.atomic
def move_pin(
    *, order_id: UUID, to: Point, actor: str, now: datetime, customer_id: int | None = None, asked: bool = False
) -> Order:
    """The door was put in the wrong place: the customer (within the city's `pin_metres`) or operations
    (`pin_ops_metres`) correct it. A rider who stands at another house than the new one has to ride there: they are not
    at the door, and nobody was waited for. `asked`: the customer asked operations for it and was told the new time, as
    one who moves it reads it (orders.move_pin, `wished`). Raises what orders.move_pin raises, NoSuchOrder for
    somebody else's."""
    mine = Order.objects.filter(pk=order_id)
    if customer_id is not None:
        mine = mine.filter(customer_id=customer_id)
    store_id = mine.values_list("store_id", flat=True).first()
    if store_id is None:
        raise NoSuchOrder()
    policy = policy_at(store_id)
    most = policy.pin_ops_metres if customer_id is None else policy.pin_metres
    before = orders.lock(order_id).point
    wished = customer_id is not None or asked
    moved = orders.move_pin(order_id=order_id, to=to, most_metres=most, actor=actor, now=now, wished=wished)
    if moved.promised_by is not None:
        Job.objects.filter(order_id=order_id).update(due_at=moved.promised_by)  # rounds plan to what was told
    carries = Stop.objects.filter(job__order_id=order_id, trip__ended_at=None, state__in=trips.ON_TRIP)
    for stop_id, rider_id in carries.values_list("pk", "trip__rider_id"):
        if distance_metres(before, moved.point) > SAME_HOUSE_METRES:
            trips.leave_door(trips.lock_stop(stop_id, rider_id))
        trips.doors_changed(rider_id, now=now)
    return moved


@transaction.atomic
def note_gate(*, stop_id: UUID, rider_id: int, at: Point | None, text: str, now: datetime) -> GateNote:
    """The rider tells where the way into this building is; whoever comes next is led there first.

    Raises NoSuchStop, Invalid without a position, or for one more than 500 m from the door.
    """
    door = trips.lock_stop(stop_id, rider_id).job.order.point  # locked: the same note sent twice at once is one
    if at is None:
        raise Invalid("Your phone does not give your position.")
    if distance_metres(at, door) > GATE_FAR_METRES:
        raise Invalid("That is too far from this door.")
    note, _made = GateNote.objects.update_or_create(
        rider_id=rider_id,
        lat=door.lat,
        lng=door.lng,
        defaults={"gate_lat": at.lat, "gate_lng": at.lng, "text": text.strip()[:120], "at": now},
    )
    return note


def gate_of(door: Point) -> GateNote | None:
    """The newest note on the way into the building at this door."""
    near = GateNote.objects.filter(
        is_hidden=False,
        lat__range=(door.lat - GATE_NEAR_DEG, door.lat + GATE_NEAR_DEG),
        lng__range=(door.lng - GATE_NEAR_DEG, door.lng + GATE_NEAR_DEG),
    )
    return near.order_by("-at").first()


def purge_gates(*, now: datetime, limit: int = 5000) -> int:
    """Forget notes on gates that nobody has renewed for a year: the gate may be another one, the door is somebody's.
    Returns how many."""
    old = GateNote.objects.filter(at__lt=now - GATE_KEPT_FOR).values_list("pk", flat=True)[:limit]
    return GateNote.objects.filter(pk__in=list(old)).delete()[0]


def hide_gates(*, ids: Collection[int]) -> int:
    """Operations take notes on gates away: riders are not led there any more. Returns how many."""
    return GateNote.objects.filter(pk__in=ids, is_hidden=False).update(is_hidden=True)


def choose_maps(*, rider_id: int, maps: str) -> MapChoice:
    """Which map Navigate opens for this rider. Raises Invalid."""
    if maps not in Maps.values:
        raise Invalid("There is no such map.", maps=Maps.values)
    choice, _made = MapChoice.objects.update_or_create(rider_id=rider_id, defaults={"maps": maps})
    return choice


def last_known(rider: Rider) -> tuple[Point | None, datetime | None]:
    """Where the rider was last, and when."""
    seen = progress_of(rider.pk)
    return (None, rider.seen_at) if seen is None else (seen.point, seen.at)


def _must_stand_there(stop: Stop) -> None:
    if stop.state != StopState.ON_BOARD:
        raise StopGone(say("This stop is “{state}”.", state=str(StopState(stop.state).label)), state=stop.state)
    if stop.arrived_at is None:
        raise StopGone("Go to the door first.", state=stop.state)


def _hint(stop: Stop) -> None:
    live.touch(f"rider.{stop.trip.rider_id}", what="trip", id=stop.trip_id)
    live.touch(f"order.{stop.job.order_id}", what="order", id=stop.job.order_id)
    live.touch("ops", what="job", id=stop.job_id)
