"""Bags leave the store: each is scanned by the rider or for them, and what does not belong stays on the shelf.

The order's lock makes two devices that scan the same order wait for each other; the row per bag is unique.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from blinkit.kernel.said import say, together
from inventory import services as stock
from orders.errors import BagTwice, NotReady, WrongBag, WrongBags
from orders.events import OrderPickedUp
from orders.handover import BagScan
from orders.models import Evidence, Order
from orders.services.mover import hint, lock, step
from orders.states import LIVE, Status

PLACE = "SLOT:"
"""What the code on a place of the shelf begins with: SLOT:BLR-1:03."""


@dataclass(frozen=True, slots=True)
class Handed:
    """What a scan did. `number` of `of`: which bag it was, 0 for the order's code or its place. `scanned`: how many
    bags are off the shelf by now."""

    order_id: UUID
    order_number: str
    code: str
    number: int
    of: int
    scanned: int
    missing: tuple[str, ...]
    slot: str

    @property
    def complete(self) -> bool:
        return not self.missing

    def as_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "number": self.number,
            "of": self.of,
            "scanned": self.scanned,
            "missing": list(self.missing),
            "complete": self.complete,
        }


@transaction.atomic
def scan_bag(*, order_id: UUID, code: str, actor: str, now: datetime, nonce: str = "") -> Handed:
    """One bag leaves the shelf; with the last one the order is PICKED_UP. The order's number, or the code of its place,
    counts as well: it proves that somebody stands at the right place.

    A re-sent scan (same `nonce`) gives the same answer. Raises WrongBag(slot, right_slot, missing) for a bag of another
    order, an unknown code or another place; BagTwice for one that is out already; NotReady until a rider has
    accepted and the bags are packed, and for a cancelled order.
    """
    order = lock(order_id)
    code = code.strip().upper()
    before = {scan.code: scan for scan in BagScan.objects.filter(order=order)}
    known = before.get(code)
    again = known is not None and bool(nonce) and known.nonce == nonce and known.actor == actor
    if not again:
        _must_be_ready(order)
        if not _is_own_place(order, code):
            if code not in order.bag_codes:
                raise _wrong(order, code, before)
            if known is not None:
                raise _twice(order, known, before)
        if known is None:
            before[code] = BagScan.objects.create(order=order, code=code, at=now, actor=actor, nonce=nonce)
            hint(order)
    if not (missing := _missing(order, before)) and order.status == Status.ASSIGNED_TO_PARTNER:
        order = _leave(order, before, actor=actor, now=now)
    number = order.bag_codes.index(code) + 1 if code in order.bag_codes else 0
    of = len(order.bag_codes)
    return Handed(order.pk, order.number, code, number, of, of - len(missing), tuple(missing), order.shelf_slot)


@transaction.atomic
def picked_up(*, order_id: UUID, bag_codes: Sequence[str], actor: str, now: datetime) -> Order:
    """ASSIGNED_TO_PARTNER → PICKED_UP: exactly the order's bags leave the store, and the stock with them. What was
    scanned one by one counts too.

    Silent when repeated. Raises WrongBags(missing, foreign), IllegalMove.
    """
    order = lock(order_id)
    if order.status == Status.PICKED_UP:
        return order
    scans = {scan.code: scan for scan in BagScan.objects.filter(order=order)}
    own = set(order.bag_codes)
    given = set(bag_codes) | (scans.keys() & own)
    if order.status == Status.ASSIGNED_TO_PARTNER and own != given:
        missing, foreign = sorted(own - given), sorted(given - own)
        words = [_still(order, missing)] if missing else []
        words += [_whose(order, code) for code in foreign]
        raise WrongBags(together(words), missing=missing, foreign=foreign)
    if order.status == Status.ASSIGNED_TO_PARTNER:
        listed = [
            BagScan(order=order, code=code, at=now, actor=actor, how=BagScan.How.LIST)
            for code in order.bag_codes
            if code not in scans
        ]
        scans |= {scan.code: scan for scan in BagScan.objects.bulk_create(listed)}
    return _leave(order, scans, actor=actor, now=now)


def forget_scans(order: Order, *, actor: str, now: datetime) -> None:
    """The rider falls away before all bags were out: they go back to their place; the scans are kept as evidence."""
    scans = list(BagScan.objects.filter(order=order).order_by("pk"))
    if scans:
        BagScan.objects.filter(pk__in=[scan.pk for scan in scans]).delete()
        detail = {"bags": [_kept(scan) for scan in scans], "rider": order.rider_name}
        Evidence.objects.create(order=order, kind="handover_stopped", detail=detail, actor=actor, at=now)


def _leave(order: Order, scans: dict[str, BagScan], *, actor: str, now: datetime) -> Order:
    order.picked_up_at = now
    gone = OrderPickedUp(order_id=order.pk, store_code=order.store.code, customer_id=order.customer_id)
    step(order, Status.PICKED_UP, actor=actor, now=now, fields=("picked_up_at",), also=[gone])
    stock.ship(ref=order.pk, actor=actor, now=now)
    detail = {
        "bags": [_kept(scan) for scan in sorted(scans.values(), key=lambda scan: (scan.at, scan.code))],
        "slot": order.shelf_slot,
        "rider": order.rider_name,
        "rider_id": order.rider_id_ref,
    }
    Evidence.objects.create(order=order, kind="handover", detail=detail, actor=actor, at=now)
    return order


def _kept(scan: BagScan) -> dict[str, str]:
    return {"code": scan.code, "at": scan.at.isoformat(timespec="seconds"), "by": scan.actor, "how": scan.how}


def _must_be_ready(order: Order) -> None:
    if order.status == Status.CANCELLED:
        raise NotReady(
            say("Order {number} was cancelled. Leave its bags on {slot}.", number=order.number, slot=order.shelf_slot),
            status_now=order.status,
        )
    if order.status == Status.PACKED:
        raise NotReady(
            say(
                "No rider has taken order {number} yet. Its bags stay on {slot}.",
                number=order.number,
                slot=order.shelf_slot,
            ),
            status_now=order.status,
        )
    if order.status in LIVE and order.packed_at is None:
        raise NotReady(say("Order {number} is not packed yet.", number=order.number), status_now=order.status)
    if order.status != Status.ASSIGNED_TO_PARTNER:
        raise BagTwice(
            say("The bags of order {number} left with {rider} already.", number=order.number, rider=order.rider_name),
            missing=[],
        )


def _is_own_place(order: Order, code: str) -> bool:
    if code.startswith(PLACE):
        _, store_code, place = [*code.split(":", 2), "", ""][:3]
        return store_code == order.store.code.upper() and place in _places(order)
    return code == order.number.upper() or code in _places(order)


def _places(order: Order) -> list[str]:
    return [place.strip().upper() for place in order.shelf_slot.split("+") if place.strip()]


def _missing(order: Order, scans: dict[str, BagScan]) -> list[str]:
    return [code for code in order.bag_codes if code not in scans]


def _wrong(order: Order, code: str, scans: dict[str, BagScan]) -> WrongBag:
    missing = _missing(order, scans)
    words = [_whose(order, code), _still(order, missing)]
    return WrongBag(together(words), scanned=code[:40], right_slot=order.shelf_slot, missing=missing)


def _whose(order: Order, code: str) -> str:
    """What a code that is not this order's is: a bag of another order of this store, another place, or unknown."""
    if code.startswith(PLACE):
        return say("This is place {place}.", place=code.rpartition(":")[2][:12])
    shelf = Order.objects.filter(store_id=order.store_id)
    live = shelf.filter(status__in=LIVE, bag_codes__contains=[code]).first()
    other = live or shelf.filter(status=Status.CANCELLED, bag_codes__contains=[code]).order_by("-status_at").first()
    if other is None:
        return say("{code} is no bag of this store.", code=code[:40])
    where = {"code": code, "n": other.bag_codes.index(code) + 1, "m": len(other.bag_codes), "number": other.number}
    if other.status == Status.CANCELLED:
        return say("{code} is of order {number}, which was cancelled. Put it back.", code=code, number=other.number)
    return say("{code} is bag {n} of {m} of order {number}: put it back on {slot}.", **where, slot=other.shelf_slot)


def _still(order: Order, missing: Sequence[str]) -> str:
    bags = ", ".join(
        f"{code} ({order.bag_codes.index(code) + 1}/{len(order.bag_codes)})" if "/" not in code else code
        for code in missing
    )
    return say("Still to scan: {bags}. Place: {slot}.", bags=bags, slot=order.shelf_slot)


def _twice(order: Order, scan: BagScan, scans: dict[str, BagScan]) -> BagTwice:
    missing = _missing(order, scans)
    who = say("the rider") if scan.actor.startswith("rider:") else say("the store")
    first = say(
        "Bag {n} of {m} was scanned by {who} at {time} already.",
        n=order.bag_codes.index(scan.code) + 1,
        m=len(order.bag_codes),
        who=who,
        time=timezone.localtime(scan.at).strftime("%H:%M"),
    )
    return BagTwice(together([first, _still(order, missing) if missing else ""]), scanned=scan.code, missing=missing)
