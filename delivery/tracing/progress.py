"""How far along the way to the next stop, in one figure that only goes back when the rider does.

Without a route the way is the street model's estimate from where the rider is; with one (a line) the rider is put on
its nearest piece. Who has left the line for a while rides another way: a line is wanted from there. Off the route: the
way that is left grows for a while, or the line is far away for as long.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from catalog.travel import Line
from delivery.tracing.plane import apart

BACK_METRES, BACK_S = 60.0, 15.0
"""A way that is longer than before by less, or for less time, is noise or a one-way street."""
GROWN_METRES, GROWN_S = 120.0, 45.0
NEARER_METRES = 60.0
"""Positions wobble: less than this is no coming nearer."""
AWAY_METRES = 120.0
"""From the line of the route."""
HOME_AGAIN_METRES = 60.0
SHORTEST_METRES = 60.0
SNAP_METRES = 40.0
"""Nearer to the line than that, the rider is on it: the width of a wide road, and what a phone is wrong by."""
STRAY_METRES, STRAY_S = 60.0, 15.0
"""Further away for so long, the rider has taken another way."""


@dataclass(frozen=True, slots=True)
class Leg:
    """Where to: `name` changes when the goal does. `line`: the route there from `origin`, where it is known."""

    name: str
    lat: float
    lng: float
    line: Line | None = None
    origin: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """`nearer_ms`: when the rider last came nearer to the goal than ever on this leg. `along`: metres on the leg's
    line, None for who is not on it."""

    fraction: float
    left_metres: float
    off_route_since_ms: int | None
    nearer_ms: int
    along: float | None = None


def advance(
    state: dict[str, Any] | None, leg: Leg, lat: float, lng: float, at_ms: int, metres_of: Callable[[float], float]
) -> tuple[Progress, dict[str, Any]]:
    """The progress here, and the state for the next time. `metres_of` makes street metres of a straight line.

    `state["from"]`: where a rider who took another way was then; `state["before"]`: where the line they left begins.
    """
    straight = apart(lat, lng, leg.lat, leg.lng)
    line, mark = leg.line, leg.line.mark if leg.line is not None else ""
    if state is not None and state["leg"] != leg.name:
        state = None
    if line is not None:
        was = state.get("along") if state is not None and state.get("line") == mark else None
        along, gap = line.nearest(lat, lng, was=was)
        left = line.metres - along
    else:
        along, gap, left = 0.0, 0.0, metres_of(straight)
    if state is None:
        state = {"leg": leg.name, "whole": max(left, SHORTEST_METRES), "left": left, "back": 0}
        state |= {"least": left, "least_at": at_ms, "most": left, "away_at": 0, "off": 0}
        state |= {"near": left, "near_at": at_ms}
    else:
        state = {"near": left, "near_at": at_ms, **state}
        if mark != state.get("line", ""):
            _measure_anew(state, left, at_ms, by_line=bool(mark and state.get("line")))
    state["line"] = mark
    if left <= state["near"] - NEARER_METRES:
        state["near"], state["near_at"] = left, at_ms
    _only_forward(state, left, at_ms)
    # At the goal's own yard nobody is off the way: lines end in the street.
    away = gap if straight > AWAY_METRES else 0.0
    _watch_route(state, left, away, at_ms)
    _stray(state, leg, away, (lat, lng), at_ms)
    state["along"] = round(along, 1)
    whole = max(state["whole"], state["left"])
    fraction = min(1.0, max(0.0, 1 - state["left"] / whole))
    on_line = along if line is not None and gap <= SNAP_METRES else None
    told = Progress(round(fraction, 4), round(state["left"], 1), state["off"] or None, state["near_at"], on_line)
    return told, state


def _measure_anew(state: dict[str, Any], left: float, at_ms: int, *, by_line: bool) -> None:
    """The way has another length from here on. Between two lines that is true of the ride; else only the measure is
    another, and what was longer or nearer by the old one says nothing."""
    if not by_line:
        state["whole"] = max(state["whole"] + left - state["left"], SHORTEST_METRES)
        state |= {"least": left, "least_at": at_ms, "most": left, "near": left}
    state |= {"left": left, "back": 0}


def _stray(state: dict[str, Any], leg: Leg, away: float, here: tuple[float, float], at_ms: int) -> None:
    if away <= STRAY_METRES:
        state["stray"] = 0
        return
    state["stray"] = state.get("stray") or at_ms
    if at_ms - state["stray"] >= STRAY_S * 1000:
        state["before"] = leg.origin
        state["from"], state["stray"] = (round(here[0], 4), round(here[1], 4)), at_ms


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
