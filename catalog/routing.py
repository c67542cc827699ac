"""A router (OSRM) asked for the way by street, where settings.OSRM_URL names one; else, and whenever it does not answer
in time, nobody notices: the city's field and figures serve (catalog.ways).

Answers are kept for an hour, in the process and in Redis, by places of ten metres. One more try after a fault, then
the breaker counts it; while it is open nothing is asked. Inside a transaction only what is kept is used: a slow router
must not hold locks. Only metres are taken: the seconds are those of the router's own vehicle, ours are in
catalog.travel.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import httpx
import structlog
from django.conf import settings
from django.db import connection

from blinkit.kernel import metrics
from blinkit.kernel.breakers import ServiceDown, breaker
from blinkit.kernel.geo import Point
from blinkit.kernel.redis_client import client, key
from catalog.travel.osrm import BadAnswer, Way, route_from, route_path, table_from, table_path

log = structlog.get_logger(__name__)

KEPT_S = 3_600
MOST_KEPT = 20_000
TRIES = 2
MOST_PER_TABLE = 100
"""OSRM's own limit of a table, unless it was started with another one."""
NO_WAY = -1

_kept: dict[str, tuple[float, int]] = {}
transport: httpx.BaseTransport | None = None
"""Tests put recorded answers here."""


def routed_metres(origin: Point, to: Point) -> int | None:
    """Whole metres by the router; None where there is none, it does not answer, or it knows no way."""
    if not settings.OSRM_URL:
        return None
    at = _name(origin, to)
    metres = _recall([at]).get(at)
    if metres is None and _may_wait():
        answer = _ask(route_path(origin, to, profile=settings.OSRM_PROFILE), partial(route_from, between=(origin, to)))
        if answer is not _NOTHING:
            metres = _keep({at: answer})[at]
    return None if metres is None or metres == NO_WAY else metres


def ask_ahead(origins: Sequence[Point], to: Point) -> None:
    """Ask for many ways to one place at once, so that `routed_metres` finds them: one call for up to MOST_PER_TABLE."""
    if not settings.OSRM_URL or not _may_wait():
        return
    names = {_name(origin, to): origin for origin in origins}
    known = _recall(list(names))
    open_ = [(name, origin) for name, origin in names.items() if name not in known]
    for start in range(0, len(open_), MOST_PER_TABLE - 1):
        part = open_[start : start + MOST_PER_TABLE - 1]
        places = [origin for _name, origin in part]
        path = table_path(places, to, profile=settings.OSRM_PROFILE)
        answer = _ask(path, partial(table_from, origins=places, to=to))
        if answer is _NOTHING:
            return
        _keep({name: way for (name, _origin), way in zip(part, answer, strict=True)})


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


def _recall(names: list[str]) -> dict[str, int]:
    now = time.monotonic()
    found = {name: kept[1] for name in names if (kept := _kept.get(name)) is not None and kept[0] > now}
    missing = [name for name in names if name not in found]
    if missing:
        try:
            values: list[Any] = client().mget([key(f"way:{name}") for name in missing])  # type: ignore[assignment]
            found |= {name: int(value) for name, value in zip(missing, values, strict=True) if value is not None}
        except Exception as error:
            log.warning("ways not recalled", error=repr(error))
    return found


def _keep(ways: dict[str, Way | None]) -> dict[str, int]:
    metres = {name: NO_WAY if way is None else way.metres for name, way in ways.items()}
    if len(_kept) + len(metres) > MOST_KEPT:
        _kept.clear()
    until = time.monotonic() + KEPT_S
    _kept.update({name: (until, value) for name, value in metres.items()})
    try:
        pipe = client().pipeline(transaction=False)
        for name, value in metres.items():
            pipe.set(key(f"way:{name}"), value, ex=KEPT_S)
        pipe.execute()
    except Exception as error:
        log.warning("ways not kept", error=repr(error))
    return metres
