"""How far a place is from a store and how long the ride takes: by the city's fit, and the store's field if it has one.

A city without fields costs no statement; one with fields one statement per store, process and fit.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings

from blinkit.kernel.geo import Point
from catalog.models import City, Store, Weather
from catalog.routing import routed_metres
from catalog.streets import StreetField
from catalog.travel import BadField, Field, Streets, field_from, street_metres, streets_from, travel_seconds

FIELDS_AT = "fields_at"
"""In City.streets: the stamp of the fields made for its stores."""
MOST_KEPT = 1_000
SAME_PLACE = 1e-4
"""Degrees; a store that was moved further than that has no field until the next fit."""

_fields: dict[tuple[int, str], Field | None] = {}


def streets_of(city: City) -> Streets:
    return streets_from(city.streets)


def weather_of(city: City, *, at: datetime) -> Weather | None:
    """The bad weather that was declared for that instant (services.declare_weather); None when there is none."""
    if not city.bad_weather or city.bad_weather_until is None or city.bad_weather_until <= at:
        return None
    return Weather(city.bad_weather)


def way_metres(store: Store, to: Point) -> int:
    """Whole metres by street from a store, loaded with its city, to a place: by the router where there is one and it
    answers, else by the store's field, else by the city's figures."""
    if settings.OSRM_URL and (routed := routed_metres(store.point, to)) is not None:
        return routed
    field = _field_of(store)
    metres = None if field is None else field.to(to)
    return street_metres(store.point, to, streets_of(store.city)) if metres is None else metres


def ride_seconds(store: Store, to: Point, *, at: datetime, metres: int | None = None) -> int:
    """Whole seconds of the usual ride from a store to a place in that hour's traffic and weather."""
    way = way_metres(store, to) if metres is None else metres
    bad_weather = weather_of(store.city, at=at) is not None
    return travel_seconds(store.point, to, at=at, timezone=store.city.timezone, metres=way, bad_weather=bad_weather)


def leg_metres(store: Store, a: Point, b: Point) -> int:
    """Whole metres by street between two places of a store's area (loaded with its city): from the store itself as
    `way_metres`, else by the city's figures."""
    return way_metres(store, b) if a == store.point else street_metres(a, b, streets_of(store.city))


def leg_seconds(store: Store, a: Point, b: Point, *, vehicle: str, at: datetime) -> int:
    """Whole seconds of the same with a vehicle, in that hour's traffic and weather."""
    metres, bad_weather = leg_metres(store, a, b), weather_of(store.city, at=at) is not None
    return travel_seconds(a, b, vehicle, at, timezone=store.city.timezone, metres=metres, bad_weather=bad_weather)


def fields_of(stores: Iterable[Store]) -> dict[Point, Field]:
    """By place: the fields of those stores that have one, for who asks for many ways at once."""
    return {store.point: field for store in stores if (field := _field_of(store)) is not None}


def _field_of(store: Store) -> Field | None:
    stamp = store.city.streets.get(FIELDS_AT) if isinstance(store.city.streets, dict) else None
    if not stamp:
        return None
    key = (store.pk, str(stamp))
    if key not in _fields:
        if len(_fields) >= MOST_KEPT:
            _fields.clear()
        _fields[key] = _read(store.pk, str(stamp))
    field = _fields[key]
    if field is None or abs(field.origin.lat - store.lat) + abs(field.origin.lng - store.lng) > SAME_PLACE:
        return None
    return field


def _read(store_id: int, stamp: str) -> Field | None:
    row: tuple[Any, datetime] | None = StreetField.objects.filter(pk=store_id).values_list("packed", "made_at").first()
    if row is None or row[1].isoformat() != stamp:
        return None
    try:
        return field_from(bytes(row[0]))
    except BadField:
        return None  # the city's figures serve
