"""How far along the way to the next stop, in one figure that only goes back when the rider does.

Without a route the way is the street model's estimate from where the rider is; with one (a line of places) the rider is
put on its nearest piece. Off the route: the way that is left grows for a while, or the line is far away for as long.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from delivery.tracing.plane import apart, offset

BACK_METRES, BACK_S = 60.0, 15.0
"""A way that is longer than before by less, or for less time, is noise or a one-way street."""
GROWN_METRES, GROWN_S = 120.0, 45.0
NEARER_METRES = 60.0
"""Positions wobble: less than this is no coming nearer."""
AWAY_METRES = 120.0
"""From the line of the route."""
HOME_AGAIN_METRES = 60.0
SHORTEST_METRES = 60.0

Places = Sequence[Sequence[float]]


@dataclass(frozen=True, slots=True)
class Leg:
    """Where to: `name` changes when the goal does. `line`: the route there as (lat, lng) places, where it is known."""

    name: str
    lat: float
    lng: float
    line: Places = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """`nearer_ms`: when the rider last came nearer to the goal than ever on this leg."""

    fraction: float
    left_metres: float
    off_route_since_ms: int | None
    nearer_ms: int


def advance(
    state: dict[str, Any] | None, leg: Leg, lat: float, lng: float, at_ms: int, metres_of: Callable[[float], float]
) -> tuple[Progress, dict[str, Any]]:
    """The progress here, and the state for the next time. `metres_of` makes street metres of a straight line."""
    straight = apart(lat, lng, leg.lat, leg.lng)
    away = 0.0
    if len(leg.line) >= 2:
        left, away = _along(leg.line, lat, lng)
    else:
        left = metres_of(straight)
    if state is None or state["leg"] != leg.name:
        state = {"leg": leg.name, "whole": max(left, SHORTEST_METRES), "left": left, "back": 0}
        state |= {"least": left, "least_at": at_ms, "most": left, "away_at": 0, "off": 0}
        state |= {"near": left, "near_at": at_ms}
    else:
        state = {"near": left, "near_at": at_ms, **state}
    if left <= state["near"] - NEARER_METRES:
        state["near"], state["near_at"] = left, at_ms
    _only_forward(state, left, at_ms)
    _watch_route(state, left, away, at_ms)
    whole = max(state["whole"], state["left"])
    fraction = min(1.0, max(0.0, 1 - state["left"] / whole))
    return Progress(round(fraction, 4), round(state["left"], 1), state["off"] or None, state["near_at"]), state


def _only_forward(state: dict[str, Any], left: float, at_ms: int) -> None:
    if left <= state["left"]:
        state["left"], state["back"] = left, 0
    elif left - state["left"] <= BACK_METRES:
        state["back"] = 0
    elif not state["back"]:
        state["back"] = at_ms
    elif at_ms - state["back"] >= BACK_S * 1000:
        state["left"], state["back"] = left, 0


def _watch_route(state: dict[str, Any], left: float, away: float, at_ms: int) -> None:
    if left < state["least"] or left < state["most"] - HOME_AGAIN_METRES:  # comes nearer (again)
        state["least"], state["least_at"], state["most"] = left, at_ms, left
    state["most"] = max(state["most"], left)
    state["away_at"] = 0 if away <= AWAY_METRES else state["away_at"] or at_ms
    grown = left - state["least"] > GROWN_METRES and at_ms - state["least_at"] >= GROWN_S * 1000
    strayed = state["away_at"] and at_ms - state["away_at"] >= GROWN_S * 1000
    since = [since for since, is_so in ((state["least_at"], grown), (state["away_at"], strayed)) if is_so]
    state["off"] = min(since) if since else 0


def _along(line: Places, lat: float, lng: float) -> tuple[float, float]:
    """(metres left on the line, metres away from it) of the nearest piece."""
    pieces = [offset(a[0], a[1], b[0], b[1]) for a, b in pairwise(line)]
    lengths = [(n * n + e * e) ** 0.5 for n, e in pieces]
    behind, best = sum(lengths), (float("inf"), 0.0)
    for (a, (n, e)), length in zip(zip(line, pieces, strict=False), lengths, strict=False):
        pn, pe = offset(a[0], a[1], lat, lng)
        part = 0.0 if not length else min(1.0, max(0.0, (pn * n + pe * e) / (length * length)))
        gap = ((pn - part * n) ** 2 + (pe - part * e) ** 2) ** 0.5
        if gap < best[0]:
            best = (gap, behind - part * length)
        behind -= length
    return best[1], best[0]
