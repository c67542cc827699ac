"""Who delivers to a place, when, and at which fees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from django.db import connection

from blinkit.kernel.geo import Point, distance_metres
from blinkit.kernel.said import say
from catalog import queries as goods
from catalog.kept import BrieflyKept
from catalog.models import ShelfItem, Store, StoreLoad, StoreMode
from catalog.pricing import FeeRules
from catalog.routing import ask_ahead
from catalog.travel import LAWFUL_KMH, RIDDEN, lawful_seconds
from catalog.ways import ride_seconds, way_metres, weather_of
from inventory import queries as stock
from orders import promise, sourcing
from orders.models import LegStat
from orders.promise.room import with_room
from orders.promise.safety import RIDDEN_BY, governed, reason, vehicle_for
from orders.promise.trees import UNKNOWN
from orders.queries.eta import corrector
from orders.sourcing import Candidate, Need, Reason, Verdict

TYPICAL_LINES, TYPICAL_UNITS = 5, 7
"""The basket a promise is quoted for before there is one."""

NOT_YET_HERE = "not-yet-here"
MOST_STORES_ASKED = 6
"""So many of the nearest stores are asked what they have of a basket."""


@dataclass(frozen=True, slots=True)
class Serviceability:
    """The answer for a place. `store` may be set although it can't deliver now: its shelf can be looked at.

    `reason` is "" when it can, else "not-yet-here", "closed", "paused", "full" or "missing-items"; `sentence` says it
    to people. The range is in whole minutes, None when nobody can deliver.
    """

    point: Point
    store: Store | None
    policy: FeeRules | None = None
    mode: str = ""
    reason: str = ""
    sentence: str = ""
    distance_metres: int = 0
    eta_from_m: int | None = None
    eta_to_m: int | None = None
    opens_at: datetime | None = None
    surge_paise: int = 0
    surge_why: str = ""
    eta_why: promise.WhyLong | None = None
    why: tuple[Verdict, ...] = field(default=(), compare=False)
    made: tuple[promise.Quote, dict[str, Any]] | None = field(default=None, compare=False)
    """The promise and what it was made from, for the ledger of what was shown."""

    @property
    def is_served(self) -> bool:
        return self.store is not None and not self.reason

    def as_dict(self) -> dict[str, Any]:
        """JSON-able, for the API."""
        store = self.store
        return {
            "served": self.is_served,
            "reason": self.reason,
            "sentence": self.sentence,
            "store": None
            if store is None
            else {"code": store.code, "name": store.name, "lat": store.lat, "lng": store.lng},
            "mode": self.mode,
            "eta_from_m": self.eta_from_m,
            "eta_to_m": self.eta_to_m,
            "distance_metres": self.distance_metres,
            "eta_why": None if self.eta_why is None else self.eta_why.as_dict(),
            "opens_at": self.opens_at,
            "fees": None if self.policy is None else fees_json(self.policy),
            "surge": {"paise": self.surge_paise, "why": self.surge_why} if self.surge_paise else None,
            "currency": "INR",
        }


@cache
def zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def serviceability(*, point: Point, now: datetime) -> Serviceability:
    """Which store serves this place now, the arrival range for a usual basket, and its fees. One statement."""
    return source(point=point, now=now)


def source(
    *,
    point: Point,
    now: datetime,
    prefers_store_id: int | None = None,
    basket: Mapping[int, int] | None = None,
    free: Mapping[int, Mapping[int, int]] | None = None,
    units: tuple[int, int] = (TYPICAL_LINES, TYPICAL_UNITS),
    stores: Sequence[Store] | None = None,
) -> Serviceability:
    """The same with a basket in mind: `free` is what each store (by id) could sell, `units` its (lines, units)."""
    near = list(goods.stores_for(point)) if stores is None else list(stores)
    if not near:
        return Serviceability(
            point=point,
            store=None,
            reason=NOT_YET_HERE,
            sentence="We don't deliver here yet. Leave your number and we'll tell you when we do.",
        )
    need = Need(basket=basket or {}, prefers_store_id=prefers_store_id)
    candidates = [candidate(store, point, None if free is None else free.get(store.pk, {}), now=now) for store in near]
    choice = sourcing.choose(candidates, need, now=now)
    best_id = choice.store_id if choice.store_id is not None else choice.why[0].store_id
    store = next(store for store in near if store.pk == best_id)
    mode = goods.current_mode(store, now=now).value
    surge_paise, surge_why = goods.current_surge(store, now=now)
    known = Serviceability(
        point=point,
        store=store,
        policy=goods.fee_policy(store),
        mode=mode,
        distance_metres=way_metres(store, point),
        surge_paise=surge_paise,
        surge_why=surge_why,
        why=choice.why,
    )
    if choice.store_id is None:
        reason = choice.refusal or Reason.CLOSED
        opens_at = goods.next_opening(store, now=now) if reason == Reason.CLOSED else None
        return replace(known, reason=reason.value, sentence=_sentence(reason, store, opens_at), opens_at=opens_at)
    quote, inputs = promise_for(store, to=point, lines=units[0], units=units[1], now=now)
    sentence = say("Arrives in {a}–{b} minutes.", a=quote.from_m, b=quote.to_m)
    if mode == StoreMode.RUSH:
        sentence = say("It is busy: arrives in {a}–{b} minutes.", a=quote.from_m, b=quote.to_m)
    why = why_long(store, now=now)
    return replace(
        known, sentence=sentence, eta_from_m=quote.from_m, eta_to_m=quote.to_m, eta_why=why, made=(quote, inputs)
    )


def sellable(stores: Sequence[Store], *, product_ids: Sequence[int]) -> dict[int, dict[int, int]]:
    """Units of each product each of these stores lists and could sell now, by store. One statement, and one a store."""
    listed: dict[int, set[int]] = {store.pk: set() for store in stores}
    on_shelf = ShelfItem.objects.filter(
        store_id__in=list(listed), product_id__in=list(product_ids), is_listed=True, product__is_active=True
    )
    for store_id, product_id in on_shelf.values_list("store_id", "product_id"):
        listed[store_id].add(product_id)
    free = {pk: stock.free(store_id=pk, product_ids=sorted(there)) if there else {} for pk, there in listed.items()}
    return {
        pk: {product_id: max(0, free[pk].get(product_id, 0)) for product_id in there} for pk, there in listed.items()
    }


def typical_door(store: Store) -> Point:
    """A place in the store's area for people who have not said where they are: halfway to the edge, at its median
    distance. The promise for the store's own doorstep would flatter us."""
    edge = sorted((Point(lat, lng) for lng, lat in store.area), key=lambda corner: distance_metres(store.point, corner))
    if not edge:
        return store.point
    corner = edge[len(edge) // 2]
    return Point((store.lat + corner.lat) / 2, (store.lng + corner.lng) / 2)


def promise_for(
    store: Store, *, to: Point, lines: int, units: int, now: datetime
) -> tuple[promise.Quote, dict[str, Any]]:
    """The promise for a basket of this size from this store, and its inputs and legs as the ledger keeps them.

    The rule of thumb over the legs, corrected by what was learned where a model is in use, with the room the store's
    promises need, and never so short that somebody would have to ride faster than the law allows."""
    quote, made_from = _promise(store, known_at(store, now), to=to, lines=lines, units=units, now=now)
    if why := why_long(store, now=now):
        made_from["why"] = why.as_dict()
    return quote, made_from


def _promise(
    store: Store, known: Known, *, to: Point, lines: int, units: int, now: datetime
) -> tuple[promise.Quote, dict[str, Any]]:
    inputs, metres = _inputs(store, known, to=to, lines=lines, units=units, now=now)
    quote = promise.quote(inputs)
    made_from: dict[str, Any] = {"store": store.code, **inputs.as_json(), **_hour(store, load_of(store), now)}
    made_from["legs"] = quote.legs_json()  # the rule of thumb's: what was learned corrects their sum
    if (learned := corrector(known.model_id)) is not None:
        quote = learned.correct(quote, made_from)
    made_from["quoted"] = [round(quote.p50_s), round(quote.p90_s)]
    if (room := known.room_for(quote.version)) is not None:
        quote = with_room(quote, room)
        made_from["room"] = [round(room.middle, 2), round(room.end, 2)]
    before = quote
    quote, added_s = governed(quote, least_s=inputs.least_ride_s)
    if added_s:
        made_from["governor"] = reason(before, metres=metres, vehicle=known.vehicle, kmh=known.kmh, added_s=added_s)
    return quote, made_from


def _inputs(
    store: Store, known: Known, *, to: Point, lines: int, units: int, now: datetime
) -> tuple[promise.PromiseInputs, int]:
    """What the quote is made from, and the metres of the way."""
    load, metres = load_of(store), way_metres(store, to)
    return promise.PromiseInputs(
        lines=lines,
        units=units,
        ride_s=ride_seconds(store, to, at=now, metres=metres),
        backlog_s=load.pick_backlog_s,
        rider_wait_s=load.next_rider_s,
        rush=goods.current_mode(store, now=now) == StoreMode.RUSH,
        bad_weather=weather_of(store.city, at=now) is not None,
        least_ride_s=lawful_seconds(metres, known.kmh),
        measured=known.legs,
    ), metres


def promises_for(
    stores: Sequence[Store], *, to: Point, lines: int, units: int, now: datetime
) -> dict[int, promise.Quote]:
    """The promise of each of these stores for one place, by the store's id, the same as `promise_for` says of each. At
    most one statement, however many; what was learned is asked for all of them at once."""
    if not stores:
        return {}
    hours = {name: now.astimezone(zone(name)).hour for name in {store.city.timezone for store in stores}}
    asked = tuple(store.pk for store in stores), tuple(hours[store.city.timezone] for store in stores)
    known = _known_of_many(*asked)
    ask_ahead([store.point for store in stores], to)
    inputs = [_inputs(store, known[store.pk], to=to, lines=lines, units=units, now=now)[0] for store in stores]
    quotes = [promise.quote(one) for one in inputs]
    if (learned := corrector(known[stores[0].pk].model_id)) is not None:
        locals_ = {name: now.astimezone(zone(name)) for name in hours}
        rows = []
        for store, one in zip(stores, inputs, strict=True):
            load, local = load_of(store), locals_[store.city.timezone]
            rows.append((
                round(one.ride_s), round(one.backlog_s), round(one.rider_wait_s), lines, units, one.rush,
                one.bad_weather, local.hour, local.weekday(), load.open_orders, load.pickers_on,
                load.riders_on, load.riders_idle, learned.stores.get(store.code, UNKNOWN),
            ))  # fmt: skip
        quotes = learned.correct_many(quotes, rows)
    found = {}
    for store, one, quote in zip(stores, inputs, quotes, strict=True):
        if (room := known[store.pk].room_for(quote.version)) is not None:
            quote = with_room(quote, room)
        found[store.pk] = governed(quote, least_s=one.least_ride_s)[0]
    return found


def why_long(store: Store, *, now: datetime) -> promise.WhyLong | None:
    """Why orders from this store take long just now; None when they do not."""
    load = load_of(store)
    return promise.why_long(
        backlog_s=load.pick_backlog_s,
        pickers_on=load.pickers_on,
        pickers_planned=load.pickers_planned,
        rush=goods.current_mode(store, now=now) == StoreMode.RUSH,
        rush_reason=store.mode_reason,
        weather=weather_of(store.city, at=now),
    )


def load_of(store: Store) -> StoreLoad:
    """What the floor and the riders wrote down; an idle store when nobody has yet."""
    try:
        return store.load
    except StoreLoad.DoesNotExist:
        return StoreLoad(store=store)


def _hour(store: Store, load: StoreLoad, now: datetime) -> dict[str, int]:
    """What else is known when the promise is made; the learned model asks for it."""
    local = now.astimezone(zone(store.city.timezone))
    return {
        "hour": local.hour,
        "weekday": local.weekday(),
        "open_orders": load.open_orders,
        "pickers_on": load.pickers_on,
        "riders_on": load.riders_on,
        "riders_idle": load.riders_idle,
    }


Legs = dict[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Known:
    """What a quote needs to know of a store at an hour: the learned model in use, what legs really take ((p50, p90) in
    seconds; of the hour, else of any hour, else of all stores), the room its promises need,
    the lawful average speed in its city of the vehicle that counts there (orders.promise.safety)."""

    model_id: int | None
    legs: Legs
    vehicle: str
    kmh: float
    room: promise.Room | None = None
    room_version: str = ""

    def room_for(self, version: str) -> promise.Room | None:
        """Room learned with other quotes says nothing about these."""
        return self.room if self.room_version == version else None


_KNOWN = """
WITH wanted AS (SELECT * FROM unnest(%(stores)s::bigint[], %(hours)s::int[]) AS w (store_id, hour))
SELECT w.store_id, (SELECT id FROM orders_etamodel WHERE is_active), r.version, r.middle, r."end",
    (SELECT jsonb_object_agg(vehicle, kmh) FROM (
        SELECT DISTINCT ON (v.vehicle) v.vehicle, v.kmh
        FROM orders_safespeed v JOIN catalog_store c ON c.id = w.store_id
        WHERE v.city_id = c.city_id OR v.city_id IS NULL ORDER BY v.vehicle, v.city_id NULLS LAST
    ) lawful),
    (SELECT jsonb_object_agg(leg, pair) FROM (
        SELECT DISTINCT ON (l.leg) l.leg, jsonb_build_array(l.p50_s, l.p90_s) AS pair FROM orders_legstat l
        WHERE (l.store_id = w.store_id OR l.store_id IS NULL) AND l.hour IN (w.hour, %(any)s)
        ORDER BY l.leg, l.store_id NULLS LAST, l.hour
    ) known)
FROM wanted w LEFT JOIN orders_promiseroom r ON r.store_id = w.store_id
"""


def _read_known(store_ids: Sequence[int], hours: Sequence[int]) -> dict[int, Known]:
    """By store. One statement: a quote must not become dearer by the question which model is in use."""
    asked: dict[str, Any] = {
        "stores": list(store_ids),
        "hours": list(hours),
        "any": LegStat.ANY_HOUR,
    }
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, asked)
        rows = cursor.fetchall()
    found = {}
    for store_id, model_id, version, middle, end, speeds, legs in rows:
        measured: Legs = {}
        shares: dict[str, float] = {}
        for leg, (p50_s, p90_s) in orjson.loads(legs).items() if legs else ():
            if leg.startswith(RIDDEN_BY):
                shares[leg.removeprefix(RIDDEN_BY)] = p50_s
            else:
                measured[leg] = (p50_s, p90_s)
        lawful = {**LAWFUL_KMH, **orjson.loads(speeds)} if speeds else LAWFUL_KMH
        vehicle = vehicle_for(lawful, shares, RIDDEN)
        room = None if version is None else promise.Room(middle, end)
        found[store_id] = Known(model_id, measured, vehicle, lawful[vehicle], room, version or "")
    return found


def _read_one(store_id: int, hour: int) -> Known:
    return _read_known([store_id], [hour])[store_id]


_known: BrieflyKept[Known] = BrieflyKept(_read_one)
_known_of_many: BrieflyKept[dict[int, Known]] = BrieflyKept(_read_known, most=20)


def known_at(store: Store, at: datetime) -> Known:
    """What is known of this store at this time of its day."""
    return _known(store.pk, at.astimezone(zone(store.city.timezone)).hour)


def place_for_slot(*, point: Point, store_id: int, stores: Sequence[Store], now: datetime) -> Serviceability | None:
    """The answer for an order that comes later: this store, whatever its hours, mode and load are now.

    None when it does not serve the place.
    """
    store = next((store for store in stores if store.pk == store_id), None)
    if store is None:
        return None
    surge_paise, surge_why = goods.current_surge(store, now=now)
    return Serviceability(
        point=point,
        store=store,
        policy=goods.fee_policy(store),
        mode=goods.current_mode(store, now=now).value,
        distance_metres=way_metres(store, point),
        surge_paise=surge_paise,
        surge_why=surge_why,
    )


def fees_json(policy: FeeRules) -> dict[str, Any]:
    """`delivery_bands` is the whole truth about delivery; the single figures say the same for its first steps."""
    table = policy.delivery_table
    near, far = table[0], table[1] if len(table) > 1 else table[0]
    return {
        "delivery_paise": near.fee(0),
        "free_delivery_from_paise": next((step for step, fee in near.fees if not fee), 0),
        "far_metres": far.beyond_metres,
        "far_extra_paise": far.fee(0) - near.fee(0),
        "delivery_bands": [band.as_dict() for band in table],
        "handling_paise": policy.handling_paise,
        "small_cart_below_paise": policy.small_cart_below_paise,
        "small_cart_paise": policy.small_cart_paise,
        "minimum_order_paise": policy.minimum_order_paise,
        "cod_limit_paise": policy.cod_limit_paise,
    }


def candidate(store: Store, point: Point, free: Mapping[int, int] | None, *, now: datetime) -> Candidate:
    load = load_of(store)
    return Candidate(
        store_id=store.pk,
        code=store.code,
        street_metres=way_metres(store, point),
        opens=store.opens,
        closes=store.closes,
        timezone=store.city.timezone,
        mode=store.mode,
        mode_until=store.mode_until,
        mode_reason=store.mode_reason,
        open_orders=load.open_orders,
        max_open_orders=goods.most_open_orders(store, now=now),
        backlog_s=load.pick_backlog_s,
        rider_wait_s=load.next_rider_s,
        free=free,
    )


def _sentence(reason: Reason, store: Store, opens_at: datetime | None) -> str:
    if reason == Reason.CLOSED:
        assert opens_at is not None
        local = opens_at.astimezone(ZoneInfo(store.city.timezone))
        return say("{store} is closed now and opens at {at}.", store=store.name, at=f"{local:%H:%M}")
    if reason == Reason.PAUSED:
        if not store.mode_reason:
            return say("{store} takes a short break. Please try again in a little while.", store=store.name)
        because = store.mode_reason.rstrip(".")
        return say(
            "{store} takes a short break: {because}. Please try again in a little while.",
            store=store.name,
            because=because,
        )
    if reason == Reason.FULL:
        return say(
            "{store} has as many orders as it can carry right now. Please try again in a few minutes.", store=store.name
        )
    return say("{store} does not have everything in this basket right now.", store=store.name)
