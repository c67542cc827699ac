"""Where riders are: taken in bulk, cleaned, shown live, kept by the day.

Everything that is needed to take a position is two facts per rider in Redis: the track so far (`rider-at`) and what the
rider carries for whom (`rider-carries`, read from the database again every two minutes and whenever it may have
changed). A batch of reports, of one rider or of all sockets of a process, costs one read and one write there, and no
statement; `write_positions` brings what was taken to the database every few seconds. Where a router knows the line of
the way to the next door (services.routes), the rider is put on it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import structlog
from django.conf import settings
from django.db import connection
from django.db.utils import Error as DatabaseError

from blinkit.kernel import live
from blinkit.kernel.geo import Point, distance_metres
from blinkit.kernel.redis_client import key
from catalog.travel import STANDARD, Line, Streets, streets_from, travel_seconds
from delivery.models import Rider, StopState
from delivery.services import history, routes
from delivery.tracing import CITY, DEMO, Cleaner, Door, Leg, Mark, advance, line_shown_to, shown_to
from orders.states import Status

log = structlog.get_logger(__name__)

CLOCK_AHEAD = timedelta(seconds=60)
OLDEST = timedelta(hours=12)
"""So long a phone may have been out of reach: older reports of its buffer are not taken."""
LEFT_STORE_M = 80.0
AT_TTL_S = 3600
CARRYING_TTL_S = 120
"""A fact about the trip that missed its change (Redis was away for a moment) is wrong for no longer than this."""
SEEN_EVERY_S, STILL_EVERY_S = 10.0, 30.0
DRAWN_AGAIN_S = 600
"""A customer's line that got lost is written down again."""
DOOR_S = 120
"""Ringing, handing over, back on the vehicle: for each door that comes before one's own."""
SILENT_AFTER = timedelta(seconds=60)
BACK_TO_STORE = "store"
SERVED = (StopState.DELIVERED, StopState.FAILED)


@dataclass(frozen=True, slots=True)
class Fix:
    """One position report: aware `at`, `accuracy_metres` as the phone says (0 when unknown)."""

    point: Point
    at: datetime
    accuracy_metres: float = 0.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How a rider gets on. `remaining_s` to the next stop (None without one), `fraction` of the way there; `at`: of the
    last believed position; `off_route_since`: the way grows since then, or the route is far away; `silent_since`:
    nothing was heard since then (None while the rider is heard). `goal`: what the last position was measured against
    (BACK_TO_STORE, or the order of a door), with the metres that are left to it and since when they got no fewer."""

    remaining_s: int | None
    fraction: float | None
    off_route_since: datetime | None
    at: datetime
    silent_since: datetime | None
    point: Point
    goal: str = ""
    left_metres: int = 0
    nearer_at: datetime | None = None


@dataclass(slots=True)
class _Taken:
    """What one rider's reports come to."""

    fix: Fix | None = None
    off_duty: bool = False
    left_store: bool = False
    rows: list[history.Row] = field(default_factory=list)


def report_positions(*, rider_id: int, fixes: Sequence[Fix], now: datetime) -> Fix | None:
    """Take the reports of a rider on duty (also late, in a batch) and show the newest good one. Returns it, cleaned, or
    None when none was.

    Dropped: from the future, not newer than the last one, less accurate than 200 m, or a jump nobody can ride
    (delivery/tracing). Reports from before the last one are history only. Customers see a rider only while their bags
    are on board. Leaving the store's fence with bags on board is a departure.
    """
    return _take({rider_id: fixes}, now=now)[rider_id].fix


def take_positions(reports: Mapping[int, Sequence[Fix]], *, now: datetime) -> set[int]:
    """The same for many riders at once: two round trips to Redis in all. Returns those who are off duty, of whom
    nothing was taken. Never raises because Redis is away."""
    return {rider_id for rider_id, taken in _take(reports, now=now, on_duty_only=True).items() if taken.off_duty}


def note_carrying(*, rider_id: int, left: bool | None = None) -> dict[str, Any]:
    """Write down for the next positions whose bags this rider has on board: those customers may see the rider.

    Read from the database, so it can be called whenever the fact got lost. `left`: is the rider outside the store's
    fence.
    """
    fact = _carrying([rider_id])[rider_id]
    if left is not None:
        fact["left"] = left
    live.remember(f"rider-carries:{rider_id}", fact, ttl_s=CARRYING_TTL_S)
    return fact


def note_all_carrying(rider_ids: Collection[int]) -> None:
    """The same for many riders, in one statement: something about them may have changed."""
    if rider_ids:
        batch = live.Batch()
        for rider_id, fact in _carrying(rider_ids).items():
            batch.remember(f"rider-carries:{rider_id}", fact, ttl_s=CARRYING_TTL_S)
        batch.send()


def still_here(*, rider_id: int, now: datetime) -> None:
    """The rider's app is alive although it has no position to tell. At most one write a minute."""
    Rider.objects.filter(pk=rider_id).exclude(seen_at__gt=now - timedelta(seconds=60)).update(seen_at=now)


def last_fix(rider_id: int) -> Fix | None:
    """The last believed position of this rider; None when Redis knows none (of the last hour)."""
    fact = live.recall(f"rider-at:{rider_id}")
    if fact is None:
        return None
    return Fix(Point(fact["lat"], fact["lng"]), _instant(fact["at"]), fact.get("accuracy", 0.0))


def progress_of(rider_id: int, *, now: datetime | None = None) -> Progress | None:
    """How this rider gets on, from the last position; None when nothing is known."""
    return progress_of_many([rider_id], now=now).get(rider_id)


def progress_of_many(rider_ids: Sequence[int], *, now: datetime | None = None) -> dict[int, Progress]:
    """Those of the riders whose position is known. One round trip to Redis; riders it does not know, one statement."""
    now = now or datetime.now(UTC)
    found = live.recall_many([f"rider-at:{rider_id}" for rider_id in rider_ids])
    told: dict[int, Progress] = {}
    for rider_id in rider_ids:
        if (fact := found.get(f"rider-at:{rider_id}")) is not None:
            told[rider_id] = _progress(fact, now)
    if missing := [rider_id for rider_id in rider_ids if rider_id not in told]:
        for rider in Rider.objects.filter(pk__in=missing):
            if rider.point is not None and rider.seen_at is not None:
                silent = rider.seen_at if now - rider.seen_at > SILENT_AFTER else None
                told[rider.pk] = Progress(None, None, None, rider.seen_at, silent, rider.point)
    return told


def _progress(fact: Mapping[str, Any], now: datetime) -> Progress:
    at, heard = _instant(fact["at"]), _instant(fact["heard"])
    off = fact.get("off")
    return Progress(
        remaining_s=fact.get("left_s"),
        fraction=fact.get("fraction"),
        off_route_since=_instant(off) if off else None,
        at=at,
        silent_since=heard if now - heard > SILENT_AFTER else None,
        point=Point(fact["lat"], fact["lng"]),
        goal=fact["way"]["leg"] if "way" in fact else "",
        left_metres=fact.get("left_m", 0),
        nearer_at=_instant(fact["nearer"]) if "nearer" in fact else None,
    )


def _instant(at_ms: float) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)


# -- taking


def _take(reports: Mapping[int, Sequence[Fix]], *, now: datetime, on_duty_only: bool = False) -> dict[int, _Taken]:
    known = live.recall_many([f"{kind}:{rider}" for rider in reports for kind in ("rider-at", "rider-carries")])
    carries = {rider: known.get(f"rider-carries:{rider}") for rider in reports}
    batch = live.Batch()
    if unknown := [rider for rider, fact in carries.items() if fact is None]:
        for rider, read in _carrying(unknown).items():
            carries[rider] = read
            # Unless somebody wrote it meanwhile: what they know is newer.
            name, kept = key(f"fact:rider-carries:{rider}"), orjson.dumps(read)
            batch.command("SET", name, kept, "NX", "EX", CARRYING_TTL_S)
    told: dict[int, _Taken] = {}
    legs = _legs({rider: (fact, known.get(f"rider-at:{rider}")) for rider, fact in carries.items() if fact is not None})
    on_map: dict[int, list[Any]] = {}
    seen: list[history.Seen] = []
    for rider, fixes in reports.items():
        fact = carries[rider]
        if fact is None or (on_duty_only and not fact["duty"]):
            told[rider] = _Taken(off_duty=True)
            continue
        told[rider] = _take_one(
            rider, fixes, known.get(f"rider-at:{rider}"), fact, legs.get(rider), batch, on_map, seen, now=now
        )
    for city, members in on_map.items():
        batch.command("GEOADD", key(f"riders-in:{city}"), *members)
    rows = [row for taken in told.values() for row in taken.rows]
    if rows or seen:
        batch.command(*history.as_command(rows, seen, now=now))
    if not batch.send() and (rows or seen):
        history.write_at_once(rows, seen, now=now)
    for rider, taken in told.items():
        if taken.left_store:
            _depart(rider, now=now)
    return told


def _take_one(
    rider: int,
    fixes: Sequence[Fix],
    before: dict[str, Any] | None,
    fact: dict[str, Any],
    leg: Leg | None,
    batch: live.Batch,
    on_map: dict[int, list[Any]],
    seen: list[history.Seen],
    *,
    now: datetime,
) -> _Taken:
    taken = _Taken()
    state = dict(before or {})
    limits = DEMO if settings.DEMO_MODE else CITY
    cleaner = Cleaner(limits, state.get("track"))
    newest: Mark | None = None
    late: list[tuple[Fix, int]] = []
    kept_ms = state.get("kept", 0)
    for fix, at_ms in _in_order(fixes, now):
        if at_ms <= cleaner.at:
            late.append((fix, at_ms))
            continue
        mark = cleaner.take(fix.point.lat, fix.point.lng, at_ms, fix.accuracy_metres)
        if mark is None:
            continue
        newest = mark
        if not mark.still or at_ms - kept_ms >= STILL_EVERY_S * 1000:
            taken.rows.append((rider, mark.lat, mark.lng, fix.accuracy_metres, at_ms))
            kept_ms = at_ms
    taken.rows += _late_rows(rider, late, limits)
    if newest is None:
        if before is not None and cleaner.odd is not None:  # what was set aside now may agree with the next
            batch.remember(f"rider-at:{rider}", {**state, "track": cleaner.state()}, ttl_s=AT_TTL_S)
        return taken
    now_ms = round(now.timestamp() * 1000)
    state |= {"track": cleaner.state(), "kept": kept_ms, "lat": newest.lat, "lng": newest.lng, "at": newest.at_ms}
    state["heard"], state["accuracy"] = now_ms, round(newest.accuracy_m)
    if now_ms - state.get("seen", 0) >= SEEN_EVERY_S * 1000:
        state["seen"] = now_ms
        seen.append((rider, newest.lat, newest.lng))
    along = _get_on(state, fact, leg, newest)
    if abs(newest.lat) < 85:  # as far as Redis draws maps
        on_map.setdefault(fact["city"], []).extend((newest.lng, newest.lat, rider))
    _show(rider, newest, state, fact, leg, along, batch)
    batch.remember(f"rider-at:{rider}", state, ttl_s=AT_TTL_S)
    taken.fix = Fix(Point(newest.lat, newest.lng), _instant(newest.at_ms), newest.accuracy_m)
    taken.left_store = bool(
        fact["store"]
        and not fact["left"]
        and any(stop[3] == StopState.ON_BOARD for stop in fact["stops"])
        and distance_metres(Point(*fact["store"]), taken.fix.point) > LEFT_STORE_M
    )
    return taken


def _in_order(fixes: Sequence[Fix], now: datetime) -> list[tuple[Fix, int]]:
    """Oldest first, in milliseconds. A phone whose clock is up to a minute ahead is set back by as much; what claims to
    be from later still, or from long ago, is left out."""
    good = sorted((fix for fix in fixes if now - OLDEST <= fix.at <= now + CLOCK_AHEAD), key=lambda fix: fix.at)
    if not good:
        return []
    ahead_ms = max(0.0, (good[-1].at - now).total_seconds() * 1000)
    return [(fix, round(fix.at.timestamp() * 1000 - ahead_ms)) for fix in good]


def _late_rows(rider: int, late: Sequence[tuple[Fix, int]], limits: Any) -> list[history.Row]:
    """What a phone's buffer tells of before the last position: history, cleaned by itself."""
    if len(late) < 2:  # one alone cannot be judged, and is mostly a repeat
        return []
    cleaner = Cleaner(limits)
    rows: list[history.Row] = []
    for fix, at_ms in late:
        mark = cleaner.take(fix.point.lat, fix.point.lng, at_ms, fix.accuracy_metres)
        if mark is not None:
            rows.append((rider, mark.lat, mark.lng, fix.accuracy_metres, at_ms))
    return rows


# -- the way


def _legs(riders: Mapping[int, tuple[Mapping[str, Any], Mapping[str, Any] | None]]) -> dict[int, Leg]:
    """Where each of these riders goes next, from what they carry and where they were, with the line of the way there:
    from where the rider took another way, else from where the leg begins."""
    legs: dict[int, Leg] = {}
    ends: dict[int, list[routes.Ends]] = {}
    for rider, (fact, state) in riders.items():
        leg = _leg(fact)
        if leg is None:
            continue
        legs[rider] = leg
        if settings.OSRM_URL and leg.origin is not None:
            way = (state or {}).get("way", {})
            turns = (way.get("from"), way.get("before")) if way.get("leg") == leg.name else ()
            starts = dict.fromkeys(tuple(start) for start in (*turns, leg.origin) if start)
            ends[rider] = [(Point(*start), Point(leg.lat, leg.lng)) for start in starts]
    known = routes.lines_of([each for of_rider in ends.values() for each in of_rider])
    for rider, of_rider in ends.items():
        for start, to in of_rider:
            if (line := known.get((start, to))) is not None:
                legs[rider] = replace(legs[rider], line=line, origin=(start.lat, start.lng))
                break
    return legs


def _leg(fact: Mapping[str, Any]) -> Leg | None:
    """Where this rider goes next: to the store while there are bags to fetch, then door by door, back with what was not
    delivered. To a door the way begins at the store, or at the door before it."""
    stops = fact["stops"]
    on_board = [stop for stop in stops if stop[3] == StopState.ON_BOARD]
    to_fetch = any(stop[3] == StopState.TO_PICK_UP for stop in stops)
    if on_board and (fact["left"] or not to_fetch):
        order, lat, lng, _ = on_board[0]
        served = [(stop[1], stop[2]) for stop in stops if stop[3] in SERVED]
        begin = served[-1] if served else fact["store"]
        return Leg(order, lat, lng, origin=begin and tuple(begin))
    if fact["store"] and (to_fetch or any(stop[3] == StopState.FAILED for stop in stops)):
        return Leg(BACK_TO_STORE, *fact["store"])
    return None


def _get_on(state: dict[str, Any], fact: Mapping[str, Any], leg: Leg | None, mark: Mark) -> float | None:
    """Returns how far along the line of the way the rider is; None for who is on none."""
    if leg is None:
        for name in ("way", "left_s", "left_m", "fraction", "off", "nearer"):
            state.pop(name, None)
        return None
    progress, state["way"] = advance(state.get("way"), leg, mark.lat, mark.lng, mark.at_ms, _streets(fact).metres)
    state["left_m"] = round(progress.left_metres)
    state["left_s"] = _ride_s(mark.at_ms, fact, state["left_m"])
    state["fraction"] = progress.fraction
    state["off"] = progress.off_route_since_ms
    state["nearer"] = progress.nearer_ms
    return progress.along


def _streets(fact: Mapping[str, Any]) -> Streets:
    return streets_from(fact["streets"]) if fact["streets"] else STANDARD


_NOWHERE = Point(0.0, 0.0)


def _ride_s(at_ms: int, fact: Mapping[str, Any], metres: int) -> int:
    wet = at_ms < fact.get("wet_until_ms", 0)
    return travel_seconds(_NOWHERE, _NOWHERE, fact["vehicle"], _instant(at_ms), metres=metres, bad_weather=wet)


# -- showing


def _show(
    rider: int,
    mark: Mark,
    state: dict[str, Any],
    fact: Mapping[str, Any],
    leg: Leg | None,
    along: float | None,
    batch: live.Batch,
) -> None:
    at = _instant(mark.at_ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    shown = {"type": "position", "rider": rider, "lat": mark.lat, "lng": mark.lng, "at": at, "seq": mark.at_ms}
    batch.share("ops", {**shown, "off_route": bool(state.get("off"))})
    stops = fact["stops"]
    if not any(stop[3] == StopState.ON_BOARD for stop in stops):
        return
    doors = [Door(order, lat, lng, served=is_in in SERVED) for order, lat, lng, is_in in stops]
    left_s, here = state.get("left_s") or 0, None
    for order, lat, lng, is_in in stops:
        if is_in != StopState.ON_BOARD:
            continue
        if here is not None:
            metres = round(_streets(fact).metres(distance_metres(here, Point(lat, lng))))
            left_s += DOOR_S + _ride_s(mark.at_ms, fact, metres)
        here = Point(lat, lng)
        place: tuple[float, float] = (mark.lat, mark.lng)
        on_route: dict[str, Any] = {}
        if leg is not None and leg.line is not None and order == leg.name:
            place, on_route = _on_route(leg, leg.line, mark, state, along, doors, batch)
        seen = shown_to(order, doors, *place)
        if seen is None or seen.rough:
            batch.share(f"order-exact.{order}", {**shown, "left_s": left_s})
        if seen is not None:
            mine = {**shown, "lat": seen.lat, "lng": seen.lng, "rough": seen.rough, "left_s": left_s, **on_route}
            if order == state["way"]["leg"]:
                mine["progress"] = state["fraction"]
            batch.remember(f"rider-of-order:{order}", {**mine, "vehicle": fact["vehicle"]}, ttl_s=AT_TTL_S)
            batch.share(f"order.{order}", mine)


def _on_route(
    leg: Leg,
    line: Line,
    mark: Mark,
    state: dict[str, Any],
    along: float | None,
    doors: Sequence[Door],
    batch: live.Batch,
) -> tuple[tuple[float, float], dict[str, Any]]:
    """Where the customer whose door is next sees the rider, and where that is on their line, which is written down for
    them when it is another one. A line the rider has left is not named, though no other is known yet."""
    place = (mark.lat, mark.lng) if along is None else line.place(along)
    way = state["way"]
    if along is None and way.get("from") and leg.origin != tuple(way["from"]):
        return place, {}
    drawn = way.get("drawn")
    if drawn is None or drawn[0] != line.mark or mark.at_ms - drawn[3] > DRAWN_AGAIN_S * 1000:
        part = line_shown_to(leg.name, doors, line)
        if part is None:
            return place, {}
        shown, cut = part
        drawn = way["drawn"] = [line.mark, shown.mark, cut, mark.at_ms]
        route = {"id": shown.mark, "polyline": shown.text, "metres": round(shown.metres)}
        batch.remember(f"route-of-order:{leg.name}", route, ttl_s=AT_TTL_S)
    on_route: dict[str, Any] = {"route_id": drawn[1]}
    if along is not None and along >= drawn[2]:
        on_route["along_metres"] = round(along - drawn[2])
    return place, on_route


def _depart(rider_id: int, *, now: datetime) -> None:
    from delivery.services.trips import depart  # late: trips write down what this module reads

    try:
        depart(rider_id=rider_id, now=now)
    except DatabaseError as error:  # the next position tries again
        log.warning("departure not written", rider=rider_id, error=repr(error))


# -- what is carried

_CARRYING = """
SELECT r.id, r.vehicle, home.city_id, city.streets::text,
       CASE WHEN city.bad_weather <> '' THEN extract(epoch FROM city.bad_weather_until)::bigint * 1000 END,
       EXISTS (SELECT 1 FROM delivery_shift s WHERE s.rider_id = r.id AND s.ended_at IS NULL),
       at.lat, at.lng, o.id::text, o.lat, o.lng, o.status, st.state
FROM delivery_rider r
JOIN catalog_store home ON home.id = r.store_id
JOIN catalog_city city ON city.id = home.city_id
LEFT JOIN delivery_trip t ON t.rider_id = r.id AND t.ended_at IS NULL
LEFT JOIN catalog_store at ON at.id = t.store_id
LEFT JOIN delivery_stop st ON st.trip_id = t.id AND st.state <> 'dropped'
LEFT JOIN delivery_job j ON j.id = st.job_id
LEFT JOIN orders_order o ON o.id = j.order_id
WHERE r.id = ANY(%s)
ORDER BY r.id, st.rank, st.id
"""


def _carrying(rider_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Per rider: on duty?, city, vehicle, the trip's store, [order, lat, lng, state] of its stops in their order, and
    whether everything on board has left the store. One statement; riders that do not exist are missing."""
    with connection.cursor() as cursor:
        cursor.execute(_CARRYING, [list(rider_ids)])
        rows = cursor.fetchall()
    facts: dict[int, dict[str, Any]] = {}
    for rider, vehicle, city, streets, wet_ms, duty, store_lat, store_lng, order, lat, lng, status, is_in in rows:
        fact = facts.get(rider)
        if fact is None:
            store = None if store_lat is None else [store_lat, store_lng]
            fact = facts[rider] = {"duty": duty, "city": city, "vehicle": vehicle, "store": store}
            fact["streets"], fact["wet_until_ms"] = orjson.loads(streets), wet_ms or 0
            fact |= {"stops": [], "left": True}
        if order is not None:
            fact["stops"].append([order, lat, lng, is_in])
            if is_in == StopState.ON_BOARD and status != Status.IN_TRANSIT:
                fact["left"] = False
    return facts
