"""A router (OSRM) asked for the way by street, where settings.OSRM_URL names one; else, and whenever it does not answer
in time, nobody notices: the city's field and figures serve (catalog.ways).

Answers are kept for an hour, in the process and in Redis, by places of ten metres. One more try after a fault, then
the breaker counts it; while it is open nothing is asked. Inside a transaction only what is kept is used: a slow router
must not hold locks. Metres and the line of a way are taken, no seconds: they are those of the router's own vehicle,
ours are in catalog.travel.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from functools import partial
from threading import Lock
from typing import Any, Generic, TypeVar

import httpx
import structlog
from django.conf import settings
from django.db import connection

from blinkit.kernel import metrics
from blinkit.kernel.breakers import ServiceDown, breaker
from blinkit.kernel.geo import Point, distance_metres
from blinkit.kernel.redis_client import client, key
from catalog.travel.line import Line, line_from
from catalog.travel.osrm import (
    BadAnswer,
    Way,
    road_from,
    road_path,
    route_from,
    route_path,
    table_from,
    table_path,
)

log = structlog.get_logger(__name__)

KEPT_S = 3_600
MOST_KEPT, MOST_LINES = 20_000, 5_000
TRIES = 2
MOST_PER_TABLE = 100
"""OSRM's own limit of a table, unless it was started with another one."""
NO_WAY = -1
BESIDE_METRES = 150.0
"""A line that begins or ends further than that from where it should is not the way there."""

Legs = Collection[tuple[Point, Point]]
T = TypeVar("T")


class _Kept(Generic[T]):
    """Answers by the name of their way, for an hour: up to `most` in this process, all in Redis."""

    def __init__(self, kind: str, *, most: int, read: Callable[[str], T], write: Callable[[T], str | int]) -> None:
        self.kind, self.most, self.read, self.write = kind, most, read, write
        self.here: dict[str, tuple[float, T]] = {}
        self.keeping = Lock()

    def known_here(self, name: str) -> tuple[T] | None:
        kept = self.here.get(name)
        return (kept[1],) if kept is not None and kept[0] > time.monotonic() else None

    def recall(self, names: Sequence[str]) -> dict[str, T]:
        """Those that are known; one round trip for what this process does not."""
        found = {name: kept[0] for name in names if (kept := self.known_here(name)) is not None}
        missing = [name for name in names if name not in found]
        if missing:
            try:
                values: list[Any] = client().mget([key(f"{self.kind}:{name}") for name in missing])  # type: ignore[assignment]
                there = {n: self.read(value) for n, value in zip(missing, values, strict=True) if value is not None}
            except Exception as error:
                log.warning("ways not recalled", error=repr(error))
            else:
                self._keep_here(there)
                found |= there
        return found

    def keep(self, ways: dict[str, T]) -> dict[str, T]:
        self._keep_here(ways)
        try:
            pipe = client().pipeline(transaction=False)
            for name, way in ways.items():
                pipe.set(key(f"{self.kind}:{name}"), self.write(way), ex=KEPT_S)
            pipe.execute()
        except Exception as error:
            log.warning("ways not kept", error=repr(error))
        return ways

    def _keep_here(self, ways: dict[str, T]) -> None:
        until = time.monotonic() + KEPT_S
        with self.keeping:
            for name, way in ways.items():
                self.here.pop(name, None)
                self.here[name] = (until, way)
            while len(self.here) > self.most:
                del self.here[next(iter(self.here))]


_metres: _Kept[int] = _Kept("way", most=MOST_KEPT, read=int, write=int)
_lines: _Kept[Line | None] = _Kept(
    "line",
    most=MOST_LINES,
    read=lambda text: line_from(text) if text else None,
    write=lambda line: "" if line is None else line.text,
)
transport: httpx.BaseTransport | None = None
"""Tests put recorded answers here."""


def routed_metres(origin: Point, to: Point) -> int | None:
    """Whole metres by the router; None where there is none, it does not answer, or it knows no way."""
    if not settings.OSRM_URL:
        return None
    at = _name(origin, to)
    metres = _metres.recall([at]).get(at)
    if metres is None and _may_wait():
        answer = _ask(route_path(origin, to, profile=settings.OSRM_PROFILE), partial(route_from, between=(origin, to)))
        if answer is not _NOTHING:
            metres = _metres.keep({at: _length(answer)})[at]
    return None if metres is None or metres == NO_WAY else metres


def routed_line(origin: Point, to: Point) -> Line | None:
    """The way on the map by the router; None as for `routed_metres`, and where its line leads elsewhere."""
    if not settings.OSRM_URL:
        return None
    at = _name(origin, to)
    known = _lines.recall([at])
    if at not in known and _may_wait():
        answer = _ask(road_path(origin, to, profile=settings.OSRM_PROFILE), road_from)
        if answer is not _NOTHING:
            known = _lines.keep({at: answer if _leads(answer, origin, to) else None})
    return known.get(at)


def kept_lines(legs: Legs) -> dict[tuple[Point, Point], Line | None]:
    """Those of the ways whose line was asked for in the last hour (None: there is none); nothing is asked. One round
    trip to Redis, none for what this process knows."""
    names = {leg: _name(*leg) for leg in legs} if settings.OSRM_URL else {}
    found = _lines.recall(list(names.values()))
    return {leg: found[name] for leg, name in names.items() if name in found}


def lines_here(legs: Legs) -> dict[tuple[Point, Point], Line | None]:
    """The same of what this process knows, at the cost of a look into a dictionary."""
    if not settings.OSRM_URL:
        return {}
    return {leg: known[0] for leg in legs if (known := _lines.known_here(_name(*leg))) is not None}


def ask_ahead(origins: Sequence[Point], to: Point) -> None:
    """Ask for many ways to one place at once, so that `routed_metres` finds them: one call for up to MOST_PER_TABLE."""
    if not settings.OSRM_URL or not _may_wait():
        return
    names = {_name(origin, to): origin for origin in origins}
    known = _metres.recall(list(names))
    open_ = [(name, origin) for name, origin in names.items() if name not in known]
    for start in range(0, len(open_), MOST_PER_TABLE - 1):
        part = open_[start : start + MOST_PER_TABLE - 1]
        places = [origin for _name, origin in part]
        path = table_path(places, to, profile=settings.OSRM_PROFILE)
        answer = _ask(path, partial(table_from, origins=places, to=to))
        if answer is _NOTHING:
            return
        _metres.keep({name: _length(way) for (name, _origin), way in zip(part, answer, strict=True)})


_NOTHING: Any = object()


def _ask(path: str, read: Any) -> Any:
    """The router's answer, read; _NOTHING when it could not be had."""
    for attempt in range(TRIES):
        try:
            with breaker("osrm", fail_max=5, reset_s=30), httpx.Client(transport=transport) as http:
                began = time.monotonic()
                got = http.get(settings.OSRM_URL.rstrip("/") + path, timeout=settings.OSRM_TIMEOUT_MS / 1000)
                # OSRM says in the body what it could not do, with 400; anything else is a fault.
                if got.status_code not in (200, 400):
                    raise BadAnswer(f"status {got.status_code}")
                found = read(got.json())
                metrics.observe("router_seconds", time.monotonic() - began)
                return found
        except ServiceDown:
            break
        except (httpx.HTTPError, ValueError) as error:  # BadAnswer and damaged JSON are ValueErrors
            log.warning("router did not answer", attempt=attempt + 1, error=repr(error))
    metrics.count("router_fallbacks_total")
    return _NOTHING


def _may_wait() -> bool:
    return not connection.in_atomic_block


def _name(origin: Point, to: Point) -> str:
    """Four decimals: places of about ten metres are one."""
    return f"{origin.lat:.4f},{origin.lng:.4f}>{to.lat:.4f},{to.lng:.4f}"


def _length(way: Way | None) -> int:
    return NO_WAY if way is None else way.metres


def _leads(line: Line | None, origin: Point, to: Point) -> bool:
    if line is None:
        return False
    ends = ((line.place(0), origin), (line.place(line.metres), to))
    return all(distance_metres(Point(*end), place) <= BESIDE_METRES for end, place in ends)
