"""The line of the way riders ride, for their next positions: where a router is configured, and without waiting for it.

The intake of positions asks here for what is known. A line nobody knows yet (the leg has just begun, Redis lost it, the
rider took another way) is asked for by a task, once in half a minute, and is there for the positions that follow. While
the router is away nothing is asked; progress and map do without, silently.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence

import structlog
from django.conf import settings

from blinkit.kernel import breakers
from blinkit.kernel.geo import Point
from blinkit.kernel.redis_client import client, key
from catalog.routing import kept_lines, lines_here, routed_line
from catalog.travel import Line

log = structlog.get_logger(__name__)

LOOK_AGAIN_S, ASK_AGAIN_S = 1.0, 30
"""A line that was not in Redis is looked for again after so long, then ever more seldom; the router is asked once in
half a minute for one it did not give."""
MOST_LOOKED_FOR = 20_000
_NEVER = (0.0, LOOK_AGAIN_S)
Ends = tuple[Point, Point]

_looked: dict[Ends, tuple[float, float]] = {}
"""When to look again, and how long to wait after that."""


def lines_of(legs: Collection[Ends]) -> dict[Ends, Line | None]:
    """The known ones of these ways (None: there is none), never from the router. No statement; a round trip to Redis
    only for ways that are new to this process."""
    if not settings.OSRM_URL or not legs:
        return {}
    found = lines_here(legs)
    now = time.monotonic()
    unknown = [leg for leg in set(legs) if leg not in found and _looked.get(leg, _NEVER)[0] <= now]
    if unknown:
        kept = kept_lines(unknown)
        if len(_looked) + len(unknown) > MOST_LOOKED_FOR:
            _looked.clear()
        for leg in unknown:
            wait_s = _looked.get(leg, _NEVER)[1]
            _looked[leg] = (now + wait_s, min(2 * wait_s, ASK_AGAIN_S))
        found |= kept
        _want([leg for leg in unknown if leg not in kept])
    return found


def ask_for_lines(ways: Sequence[Sequence[float]]) -> int:
    """Ask the router for these ways ([lat, lng, lat, lng] each). Returns how many lines there are."""
    lines = [routed_line(Point(lat, lng), Point(to_lat, to_lng)) for lat, lng, to_lat, to_lng in ways]
    return sum(line is not None for line in lines)


def _want(legs: Sequence[Ends]) -> None:
    if not legs or breakers.is_open("osrm"):
        return
    from delivery.tasks import draw_lines  # late: tasks call the services

    try:
        pipe = client().pipeline(transaction=False)
        ways = [[a.lat, a.lng, b.lat, b.lng] for a, b in legs]
        for way in ways:
            pipe.set(key(f"line-asked:{way}"), "1", nx=True, ex=ASK_AGAIN_S)
        first = [way for way, is_first in zip(ways, pipe.execute(), strict=True) if is_first]
        if first:
            draw_lines.apply_async(kwargs={"ways": first}, retry=False, expires=ASK_AGAIN_S)
    except Exception as error:
        log.warning("lines not asked for", error=repr(error))
