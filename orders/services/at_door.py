"""What happens to an order between the road and the door: what the customer agrees to, a wrong pin, bags that change
hands, bags that come back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from blinkit.kernel import events
from blinkit.kernel.errors import Invalid
from blinkit.kernel.geo import Point, distance_metres
from blinkit.kernel.said import say
from catalog.ways import leg_metres, ride_seconds, way_metres
from orders.errors import CashNeedsHand, IllegalMove, NoSuchOrder, WrongBag
from orders.events import BagsBack, PinMoved, RiderChanged
from orders.models import Evidence, Order, Promise
from orders.services.mover import hint, lock, subject
from orders.states import LIVE, ON_ROAD, Status

LEAVING = ("leave_at_door", "leave_with_guard")
"""Instructions with which a photo proves the delivery."""
BAG_BACK, BAGS_BACK, PIN = "bag_back", "bags_back", "pin_moved"
SAME_HOUSE_METRES = 45
"""A pin that moves by less is another entrance of the same house: who stands at the door stays there."""
CALLED_BACK = "called_back"
BAGS_LOST = "bags_lost"
UNPROVEN = "arrival_unproven"
"""A rider said "I am there" and no position showed it: `where` is STORE or DOOR, `metres` how far a good one was."""
STORE, DOOR = "store", "door"


@dataclass(frozen=True, slots=True)
class BagBack:
    """What a scan at the return did: bag `number` of `of`, `missing` are still with the rider."""

    number: int
    of: int
    missing: tuple[str, ...]


@transaction.atomic
def agree_to_leave(*, order_id: UUID, how: str, actor: str, now: datetime) -> Order:
    """The customer lets the rider leave the bags (`how` is one of LEAVING): a photo proves it then. Silent when
    repeated.

    Raises CashNeedsHand while cash is due, IllegalMove unless the bags are on the road, Invalid.
    """
    order = lock(order_id)
    if how not in LEAVING:
        raise Invalid("Bags are left at the door or with the guard.")
    if how in order.instructions:
        return order
    if order.status not in ON_ROAD:
        raise IllegalMove("The bags are not on the road.", status_now=order.status)
    if order.cash_due_paise:
        raise CashNeedsHand("Cash is handed over at the door: it cannot be left there.")
    order.instructions = [*order.instructions, how]
    order.save(update_fields=["instructions"])
    Evidence.objects.create(order=order, kind="agreed_to_leave", detail={"how": how}, actor=actor, at=now)
    hint(order)
    return order


@transaction.atomic
def move_pin(*, order_id: UUID, to: Point, most_metres: int, actor: str, now: datetime, wished: bool = False) -> Order:
    """The door is a little elsewhere: the pin moves, the way is measured anew, and a longer way moves the promise by
    what it takes more, never back; for a rider who stands at the old door that is at least the way from there. At most
    `most_metres` from where the order was placed. Silent within five metres.

    `wished`: the customer moves it, or asked for it, and is told the new time: that is the promise we are held to then.
    Else the one that was given before still is.

    Raises Invalid for a place too far away, IllegalMove once the order is over.
    """
    order = lock(order_id)
    if order.status not in LIVE:
        raise IllegalMove("This order is over.", status_now=order.status)
    moves = list(Evidence.objects.filter(order=order, kind=PIN).order_by("pk").values_list("detail", flat=True))
    placed = Point(*moves[0]["from"]) if moves else order.point
    if distance_metres(order.point, to) < 5:
        return order
    if distance_metres(placed, to) > most_metres:
        raise Invalid(
            say("The door can move by {n} metres at most. Write to us if the address is another one.", n=most_metres),
            most_metres=most_metres,
        )
    before, metres = order.point, way_metres(order.store, to)
    ridden_s, ride_s = (ride_seconds(order.store, to, at=now, metres=way) for way in (order.distance_metres, metres))
    longer_s = _longer_s(moves, ride_s - ridden_s)
    if order.rider_at_door_at is not None and distance_metres(before, to) > SAME_HOUSE_METRES:
        on_s = ride_seconds(order.store, to, at=now, metres=leg_metres(order.store, before, to))
        longer_s = max(longer_s, on_s)
    order.lat, order.lng, order.distance_metres = to.lat, to.lng, metres
    fields = ["lat", "lng", "distance_metres"]
    if longer_s > 0 and order.promised_by and order.slot_id is None:
        longer = timedelta(seconds=longer_s)
        order.promised_by += longer
        order.promised_from = None if order.promised_from is None else order.promised_from + longer
        fields += ["promised_from", "promised_by"]
        if wished:
            _agree(order, longer_s)
    order.save(update_fields=fields)
    detail = {
        "from": [before.lat, before.lng], "to": [to.lat, to.lng], "ride_s": ride_s - ridden_s, "longer_s": longer_s,
        "wished": wished,
    }  # fmt: skip
    Evidence.objects.create(order=order, kind=PIN, detail=detail, actor=actor, at=now)
    moved = PinMoved(
        order_id=order.pk, store_code=order.store.code, by_metres=round(distance_metres(before, to)), actor=actor
    )
    events.record(moved, subject=subject(order), actor=actor)
    hint(order)
    return order


def _longer_s(moves: list[dict[str, Any]], by_s: int) -> int:
    """What a ride that takes `by_s` more or less adds to what was added before: who moves the pin to and fro adds the
    farthest place once."""
    here_s = farthest_s = 0
    for detail in moves:
        here_s += detail.get("ride_s", detail["longer_s"])
        farthest_s = max(farthest_s, here_s)
    return max(0, here_s + by_s - farthest_s)


def _agree(order: Order, longer_s: int) -> None:
    """The promise this order is held to ends so much later, by its customer's wish: a ride that takes longer."""
    was = Promise.objects.filter(order=order).judged().first()
    if was is None:
        return
    longer, made_from = timedelta(seconds=longer_s), dict[str, Any](was.inputs)
    made_from.pop("shown_to_m", None)  # what was shown is not what was asked for any more
    made_from |= {"agreed": made_from.get("agreed", 0) + 1, "longer_s": made_from.get("longer_s", 0) + longer_s}
    made_from["ride_s"] = made_from.get("ride_s", 0) + longer_s
    if "quoted" in made_from:
        made_from["quoted"] = [one + longer_s for one in made_from["quoted"]]
    if "ride" in (legs := made_from.get("legs") or {}):
        made_from["legs"] = {**legs, "ride": [one + longer_s for one in legs["ride"]]}
    Promise.objects.create(
        order=order, version=was.version, made_at=was.made_at, p50_at=was.p50_at + longer,
        promised_by=was.promised_by + longer, inputs=made_from,
    )  # fmt: skip


def unproven(at: datetime, where: str) -> QuerySet[Evidence]:
    """The arrivals of this instant that no position showed."""
    return Evidence.objects.filter(kind=UNPROVEN, at=at, detail__where=where)


def proven_at_door(order: Order) -> datetime | None:
    """Since when the rider stands at the door, unless no position showed it: then None. One statement."""
    at = order.rider_at_door_at
    if at is None:
        return None
    return None if unproven(at, DOOR).filter(order=order).exists() else at


@transaction.atomic
def rider_rides_on(*, order_id: UUID) -> Order:
    """The rider stood at what is not the door: they are on the way again. Silent when they are."""
    order = lock(order_id)
    if order.rider_at_door_at is not None:
        order.rider_at_door_at = None
        order.save(update_fields=["rider_at_door_at"])
        hint(order)
    return order


@transaction.atomic
def rider_changed(*, order_id: UUID, rider_id: int, rider_name: str, actor: str, now: datetime) -> Order:
    """Bags on the road are in another rider's hands. Silent when repeated. Raises IllegalMove off the road."""
    order = lock(order_id)
    if order.rider_id_ref == rider_id:
        return order
    if order.status not in ON_ROAD:
        raise IllegalMove("The bags are not on the road.", status_now=order.status)
    hint(order)  # the one who gives them away looks again too
    old, order.rider_id_ref, order.rider_name = order.rider_name, rider_id, rider_name
    order.rider_at_door_at, order.doors_before_s = None, 0  # of the rider who has them no more
    order.save(update_fields=["rider_id_ref", "rider_name", "rider_at_door_at", "doors_before_s"])
    Evidence.objects.create(
        order=order, kind="rider_changed", detail={"from": old, "to": rider_name}, actor=actor, at=now
    )
    events.record(RiderChanged(order_id=order.pk, old=old, new=rider_name), subject=subject(order), actor=actor)
    hint(order)
    return order


@transaction.atomic
def bag_back(*, order_id: UUID, store_id: int, code: str, actor: str, now: datetime) -> BagBack:
    """The store has taken one bag of an undelivered order back from its rider (`code` "" takes all that are left). With
    the last one the rider is free. Silent when repeated.

    Raises NoSuchOrder for another store's order, WrongBag(missing) for a code that is none of its bags, IllegalMove
    unless the order is undelivered.
    """
    order = lock(order_id)
    if order.store_id != store_id:
        raise NoSuchOrder()
    if order.status not in (Status.UNDELIVERED, Status.REFUNDED) or order.picked_up_at is None:
        raise IllegalMove("Only bags of an undelivered order come back.", status_now=order.status)
    code = code.strip().upper()
    there = set(bags_in(order.pk))
    missing = [bag for bag in order.bag_codes if bag not in there]
    if code and code not in order.bag_codes:
        words = say("{code} is no bag of order {number}.", code=code[:40], number=order.number)
        raise WrongBag(words, scanned=code[:40], right_slot="", missing=missing)
    for bag in [code] if code else list(missing):
        if bag in missing:
            Evidence.objects.create(order=order, kind=BAG_BACK, detail={"code": bag}, actor=actor, at=now)
            missing.remove(bag)
    if not missing:
        all_bags_back(order, actor=actor, now=now)
    hint(order)
    number = order.bag_codes.index(code) + 1 if code else len(order.bag_codes)
    return BagBack(number, len(order.bag_codes), tuple(missing))


def bags_in(order_id: UUID) -> list[str]:
    """Codes of the bags the store has back."""
    scans = Evidence.objects.filter(order_id=order_id, kind=BAG_BACK).order_by("pk")
    return [detail["code"] for detail in scans.values_list("detail", flat=True)]


def all_bags_back(order: Order, *, actor: str, now: datetime) -> None:
    """Of a locked order: the store has everything, its rider is free. Silent when it was said."""
    if not Evidence.objects.filter(order=order, kind=BAGS_BACK).exists():
        Evidence.objects.create(order=order, kind=BAGS_BACK, detail={}, actor=actor, at=now)
        events.record(BagsBack(order_id=order.pk, store_code=order.store.code), subject=subject(order), actor=actor)
