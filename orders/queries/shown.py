"""What an order's page said last, and who brings it: small facts in Redis, read in one round trip. They may be lost:
then the range starts afresh, and the rating is counted again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from blinkit.kernel import live
from orders.models import Order
from orders.queries.outlook import Outlook
from orders.queries.rated import rider_stars
from orders.stars import score_of
from orders.states import ON_ROAD
from orders.steady import Arrival, Shown, steady

SHOWN_TTL_S = 6 * 3600
RATING_TTL_S = 900
PLACE_WORDS = (
    "lat", "lng", "at", "seq", "heading", "accuracy_metres", "rough", "left_s", "progress", "route_id", "along_metres",
)  # fmt: skip
"""Of a position, what leaves the house: never who it is."""
ROUTE_WORDS = ("id", "polyline", "metres")
Facts = Mapping[str, dict[str, Any]]


def facts_of(order: Order) -> Facts:
    """All that is remembered about this order, by name."""
    names = {"shown": f"eta-shown:{order.pk}"}
    if order.status in ON_ROAD and order.rider_id_ref is not None:
        names |= {"position": f"rider-of-order:{order.pk}", "route": f"route-of-order:{order.pk}"}
        names["rating"] = f"rider-rating:{order.rider_id_ref}"
    found = live.recall_many(list(names.values()))
    return {name: found[key] for name, key in names.items() if key in found}


def rider_at(order: Order, facts: Facts) -> dict[str, Any] | None:
    """What is known of where the rider of this order is: only while its own bags are on the road, never from before
    their pick-up, and never where a rider was who has it no more."""
    fact = facts.get("position")
    if fact is None or order.status not in ON_ROAD or fact.get("rider", order.rider_id_ref) != order.rider_id_ref:
        return None
    if order.picked_up_at is not None and _is_before(fact.get("at"), order.picked_up_at):
        return None
    return fact


def position_of(order: Order, facts: Facts) -> dict[str, Any] | None:
    """The same as others may see it."""
    fact = rider_at(order, facts)
    return None if fact is None else place_of(fact)


def place_of(fact: Mapping[str, Any]) -> dict[str, Any]:
    """The position as others may see it."""
    return {word: fact[word] for word in PLACE_WORDS if fact.get(word) is not None}


def route_of(position: Mapping[str, Any] | None, facts: Facts) -> dict[str, Any] | None:
    """The line of the way to the door on the map: only beside a position that may be shown and says that it is on the
    way it draws. So it is never that of another rider, nor one by way of somebody else's door."""
    fact = facts.get("route")
    if fact is None or position is None or position.get("route_id") != fact["id"]:
        return None
    return {word: fact[word] for word in ROUTE_WORDS}


def rating_of(order: Order, facts: Facts) -> float | None:
    """Stars of this rider, 1.0 to 5.0, as the rider reads them (orders.stars); None while there are too few. One
    statement every 15 minutes and rider."""
    if order.status not in ON_ROAD or order.rider_id_ref is None:
        return None
    known = facts.get("rating")
    if known is None:
        total, count = rider_stars(order.rider_id_ref)
        known = {"stars": score_of(stars_sum=total, count=count).stars}
        live.remember(f"rider-rating:{order.rider_id_ref}", known, ttl_s=RATING_TTL_S)
    stars: float | None = known["stars"]
    return stars


def shown_of(order: Order, seen: Outlook, facts: Facts, *, between: tuple[datetime, datetime], now: datetime) -> Shown:
    """The range to show, `between` as known now, after what was shown before; it is kept for the next look."""
    fresh = Arrival(*between, seen.stage, order.store_id, order.rider_id_ref)
    last = _read(facts.get("shown"))
    shown = steady(fresh, last, now=now)
    if shown != last:
        live.remember(f"eta-shown:{order.pk}", _written(shown), ttl_s=SHOWN_TTL_S)
    return shown


def _written(shown: Shown) -> dict[str, Any]:
    arrival = shown.arrival
    return {
        "from": arrival.from_at.isoformat(), "to": arrival.to_at.isoformat(), "stage": arrival.stage,
        "store": arrival.store_id, "rider": arrival.rider_id, "why": shown.why,
        "why_at": shown.why_at and shown.why_at.isoformat(),
    }  # fmt: skip


def _read(fact: Mapping[str, Any] | None) -> Shown | None:
    if fact is None:
        return None
    begin, end = datetime.fromisoformat(fact["from"]), datetime.fromisoformat(fact["to"])
    arrival = Arrival(begin, end, fact["stage"], fact["store"], fact["rider"])
    return Shown(arrival, fact["why"], datetime.fromisoformat(fact["why_at"]) if fact["why_at"] else None)


def _is_before(at: Any, moment: datetime) -> bool:
    try:
        return datetime.fromisoformat(at) < moment
    except (TypeError, ValueError):  # a time nobody can read, or one without a zone, is no reason to hide it
        return False
