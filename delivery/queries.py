"""What a rider sees: one reading for the API, the socket and the screens.

Before a rider accepts, a door is only an area.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, F, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from catalog.models import Store, Zone
from catalog.travel import street_metres, travel_seconds
from catalog.ways import leg_metres
from delivery import calling, road
from delivery.models import Earning, Offer, OfferState, Rider, Shift, Stop, StopState, Trip
from delivery.paying import PARTS
from delivery.services.drops import hints_for
from delivery.standing_queries import duty_json
from orders.landmarks import is_landmark
from orders.models import Order, OrderLine
from orders.queries.handover import scanned_bags
from orders.services.at_door import LEAVING
from orders.states import Status
from payments.queries import cash_in_hand

LOCAL = ZoneInfo(settings.TIME_ZONE)
COLD = (Zone.CHILLED, Zone.FROZEN)
NOTICE_FOR = timedelta(minutes=10)
"""How long a rider is told why a stop disappeared."""
TO_THE_RIDER = {
    "The rider's phone fell silent": gettext_noop("Your phone could not be heard, so somebody else fetches it."),
    "The rider did not come nearer": gettext_noop(
        "Your phone came no nearer to the store, so somebody else fetches it."
    ),
}
"""A reason as it is written down for everybody, said to the rider it is about."""
OFFER_NOTICE_FOR = timedelta(minutes=2)
"""How long a rider is told that an offer was not answered in time."""
AREA_DIGITS = 3
"""Coordinates before accepting, and of a door that is over, are rounded to about 100 metres."""
OVER = (StopState.DELIVERED, StopState.FAILED, StopState.DROPPED)


def rider_state(*, rider: Rider, now: datetime) -> dict[str, Any]:
    """Everything the rider's screen shows now. At most ten statements, fewer without a trip."""
    shift = Shift.objects.filter(rider=rider, ended_at=None).select_related("duty_check").first()
    trip = trip_of(rider=rider, now=now)
    duty = duty_json(rider, shift, now=now)
    offer = None if trip else offer_of(rider=rider, now=now)
    is_idle = shift is not None and not duty["break"] and not trip and not offer
    return {
        "rider": rider_json(rider),
        "on_duty": shift is not None,
        "on_duty_since": shift.started_at if shift else None,
        "duty": duty,
        "offer": offer,
        "wait_at": store_json(rider.wait_at) if is_idle and rider.wait_at else None,
        "trip": trip,
        "today": today_of(rider=rider, now=now),
        "cash_paise": cash_in_hand(rider.pk),
        "currency": "INR",
        "notice": "" if trip else _notice(rider, now=now),
    }


def rider_json(rider: Rider) -> dict[str, Any]:
    return {
        "id": rider.pk,
        "name": str(rider),
        "vehicle": rider.vehicle,
        "max_bags": rider.max_bags,
        "max_litres": rider.max_litres,
        "has_cold_bag": rider.has_cold_bag,
        "store": store_json(rider.store),
        "suspended_reason": rider.suspended_reason,
        "verified": rider.is_verified,
        "rating": rider.score.stars,
        "ratings": rider.rating_count,
    }


def store_json(store: Store) -> dict[str, Any]:
    return {"code": store.code, "name": store.name, "lat": store.lat, "lng": store.lng}


def offer_of(*, rider: Rider, now: datetime) -> dict[str, Any] | None:
    """The open offer to this rider, or None."""
    open_now = Offer.objects.filter(rider=rider, state=OfferState.OPEN, expires_at__gt=now)
    offer = open_now.select_related("store__city").first()
    return None if offer is None else offer_json(offer, rider)


def offer_json(offer: Offer, rider: Rider) -> dict[str, Any]:
    """What the rider is asked: one shelf, then these doors in this order. Until it is accepted a door is an area, and
    nothing says by when it has to be reached."""
    store = offer.store
    offered = list(offer.offered.select_related("job__order"))
    drops, before, way, ride_s = [], store.point, 0, 0
    for one in offered:
        order = one.job.order
        leg = leg_metres(store, before, order.point)
        way, ride_s = way + leg, ride_s + travel_seconds(before, order.point, rider.vehicle, metres=leg)
        before = order.point
        drops.append(
            {
                "area": area_of(order.address_text, order.distance_metres),
                "lat": round(order.lat, AREA_DIGITS),
                "lng": round(order.lng, AREA_DIGITS),
                "instructions": list(order.instructions),
                "distance_metres": leg,
                "bags": one.job.bags,
                "cash_paise": _cash_due(order),
                "pay_paise": one.pay_paise,
            }
        )
    parts: Counter[str] = Counter()
    for one in offered:
        parts.update(one.pay_parts)
    return {
        "id": offer.pk,
        "made_at": offer.made_at,
        "expires_at": offer.expires_at,
        "store": store_json(store),
        "drops": drops,
        "to_store_metres": street_metres(rider.point, store.point) if rider.point else None,
        "distance_metres": way,
        "ride_s": ride_s,
        "bags": sum(drop["bags"] for drop in drops),
        "cold": _is_cold([one.job.order_id for one in offered]),
        "cash_paise": sum(drop["cash_paise"] for drop in drops),
        "pay_paise": offer.pay_paise,
        "pay_parts": dict.fromkeys(PARTS, 0) | parts,
        "ready_at": max(one.job.ready_at for one in offered),
    }


def trip_of(*, rider: Rider, now: datetime) -> dict[str, Any] | None:
    """The live trip with its stops, or None."""
    trip = Trip.objects.select_related("store").filter(rider=rider, ended_at=None).first()
    if trip is None:
        return None
    stops = Stop.objects.select_related("job", "job__order").filter(trip=trip).order_by("rank", "pk")
    way = road.road_of(rider, rows := list(stops), store_id=trip.store_id, now=now)
    found = [stop_json(stop, trip, way=way) for stop in rows]
    failed = any(stop.state == StopState.FAILED for stop in rows)
    back = road.returns_of(trip, way) if failed else []
    rescue = None if rows else road.rescue_json(rider, way)  # a trip begins without doors only to help another rider
    return {
        "id": trip.pk,
        "started_at": trip.started_at,
        "at_store_at": trip.at_store_at,
        "store": store_json(trip.store),
        "navigate": way.way(trip.store.point, label=trip.store.name),
        "next": road.next_of(found, back, rescue),
        "stops": found,
        "returns": back,
        "rescue": rescue,
    }


def stop_json(stop: Stop, trip: Trip, *, way: road.Road | None = None) -> dict[str, Any]:
    """One door. `next` is the one thing to do: at-store, wait, pick-up, depart, arrive, deliver; "" when it is over:
    then the door is an area again, and who lives there is nobody's business any more."""
    order = stop.job.order
    act = next_act(stop, trip, Status(order.status))
    if way is None:
        way = road.road_of(trip.rider, [stop], store_id=trip.store_id, now=timezone.now())
    is_over = stop.state in OVER
    return {
        "id": stop.pk,
        "state": stop.state,
        "next": act,
        "order_id": order.pk,
        "order_number": order.number,
        "order_status": order.status,
        "ready": order.status == Status.ASSIGNED_TO_PARTNER,
        "ready_at": stop.job.ready_at,
        "bag_codes": list(order.bag_codes),
        "bags_scanned": scanned_bags(order)
        if act == "pick-up"
        else list(order.bag_codes)
        if order.picked_up_at
        else [],
        "bags": stop.job.bags,
        "shelf_slot": order.shelf_slot,
        "cold": _is_cold([order.pk]),
        "drop": {
            "address": "" if is_over else order.address_text,
            "area": area_of(order.address_text, order.distance_metres),
            "lat": round(order.lat, AREA_DIGITS) if is_over else order.lat,
            "lng": round(order.lng, AREA_DIGITS) if is_over else order.lng,
            "door_instructions": "" if is_over else order.door_instructions,
            "instructions": [] if is_over else list(order.instructions),
            "contact_name": "" if is_over else order.contact_name,
            "contact_phone": "" if is_over else calling.shown(order.contact_phone),
            "hints": hints_for(order, now=stop.picked_up_at) if stop.picked_up_at and not is_over else [],
        },
        "distance_metres": order.distance_metres,
        "photo_allowed": any(chip in order.instructions for chip in LEAVING),
        "cash_paise": _cash_due(order),
        "pay_paise": stop.pay_paise,
        "picked_up_at": stop.picked_up_at,
        "arrived_at": stop.arrived_at,
        "done_at": stop.done_at,
        "fail_reason": stop.fail_reason,
        **way.of(stop),
    }


def next_act(stop: Stop, trip: Trip, status: Status) -> str:
    if stop.state == StopState.TO_PICK_UP:
        if trip.at_store_at is None:
            return "at-store"
        return "pick-up" if status == Status.ASSIGNED_TO_PARTNER else "wait"
    if stop.state == StopState.ON_BOARD:
        if stop.arrived_at is not None:
            return "deliver"
        return "depart" if status == Status.PICKED_UP else "arrive"
    return ""


def today_of(*, rider: Rider, now: datetime) -> dict[str, int]:
    """Deliveries and pay since midnight where the riders live."""
    midnight = now.astimezone(LOCAL).replace(hour=0, minute=0, second=0, microsecond=0)
    sums = Earning.objects.filter(rider=rider, at__gte=midnight).aggregate(n=Count("pk"), paise=Sum("total_paise"))
    return {"deliveries": sums["n"], "total_paise": sums["paise"] or 0}


def earnings_by_day(*, rider: Rider, now: datetime, days: int = 7) -> list[dict[str, Any]]:
    """The last `days` local days, oldest first, days without a ride included. One statement."""
    today = now.astimezone(LOCAL).date()
    first = today - timedelta(days=days - 1)
    start = datetime(first.year, first.month, first.day, tzinfo=LOCAL)
    rows = (
        Earning.objects.filter(rider=rider, at__gte=start)
        .annotate(day=TruncDate("at", tzinfo=LOCAL))
        .values_list("day")
        .annotate(n=Count("pk"), paise=Sum("total_paise"))
    )
    found: defaultdict[Any, tuple[int, int]] = defaultdict(lambda: (0, 0), {day: (n, paise) for day, n, paise in rows})
    dates = [first + timedelta(days=number) for number in range(days)]
    return [{"date": day, "deliveries": found[day][0], "total_paise": found[day][1]} for day in dates]


def earnings_of(*, rider: Rider) -> QuerySet[Earning]:
    """Newest first, with all that a receipt shows."""
    return Earning.objects.filter(rider=rider).select_related("stop__job__order").order_by("-at", "-pk")


def receipt_json(earning: Earning) -> dict[str, Any]:
    """What one delivery paid, part by part."""
    stop = earning.stop
    return {
        "id": earning.pk,
        "at": earning.at,
        "order_number": stop.job.order.number,
        "area": area_of(stop.job.order.address_text, stop.job.order.distance_metres),
        "delivered": stop.state == StopState.DELIVERED,
        "parts": dict.fromkeys(PARTS, 0) | earning.parts,
        "total_paise": earning.total_paise,
        "stop_id": stop.pk,
        "distance": distance_json(earning.receipt),
    }


def distance_json(receipt: dict[str, Any]) -> dict[str, Any] | None:
    """The distance receipt: routed, ridden and paid metres and why; None for earnings of before it was kept."""
    if not receipt:
        return None
    names = ("routed_metres", "ridden_metres", "paid_metres", "why", "from", "waited_s", "surge", "offered_paise")
    rates = {name: receipt["rates"][name] for name in ("first_metres", "per_km_paise")}
    return {name: receipt[name] for name in names} | rates


def area_of(address: str, metres: int) -> str:
    """The neighbourhood of an address, without house, landmark or street where it names them: "Indiranagar, 560038".

    Where none is named: how far from the store (`metres` by street).
    """
    parts = [part.strip() for part in address.split(",") if part.strip()]
    named = [part for part in parts if not part.isdigit() and not is_landmark(part)]
    pincode = next((part for part in reversed(parts) if len(part) == 6 and part.isdigit()), "")
    return ", ".join(filter(None, [named[-1] if len(named) > 1 else "", pincode])) or _("%(km)s km from the store") % {
        "km": f"{metres / 1000:.1f}"
    }


def _cash_due(order: Order) -> int:
    return order.cash_due_paise


def _is_cold(orders: list[UUID]) -> bool:
    """Something that is really in the bags has to stay cold."""
    lines = OrderLine.objects.filter(order__in=orders, product__zone__in=COLD)
    return lines.filter(qty__gt=F("short_qty")).exists()


def _notice(rider: Rider, *, now: datetime) -> str:
    """Why the last trip or offer is gone, when the rider did not end it."""
    stop = (
        Stop.objects.filter(trip__rider=rider, state=StopState.DROPPED, done_at__gte=now - NOTICE_FOR)
        .select_related("job__order")
        .order_by("-done_at")
        .first()
    )
    if stop is not None:
        why = TO_THE_RIDER.get(stop.fail_reason, stop.fail_reason)
        return f"{stop.job.order.number}: {_(why) if why else ''}"
    last = Offer.objects.filter(rider=rider).order_by("-made_at").values("state", "expires_at").first()
    if last is None or last["expires_at"] > now or last["expires_at"] < now - OFFER_NOTICE_FOR:
        return ""
    passed = last["state"] in (OfferState.OPEN, OfferState.EXPIRED)
    return _("That trip went to somebody else: the time to answer was over.") if passed else ""
