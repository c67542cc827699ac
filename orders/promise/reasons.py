"""Why an order takes longer than usual just now, as a fact and in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from blinkit.kernel.said import Said, say

LONG_S = 180
"""An order that begins sooner than this is nothing to talk about."""


class Cause(StrEnum):
    """What makes it long; the value goes to programs."""

    RUSH = "rush"
    FEW_HANDS = "few-hands"
    MANY_ORDERS = "many-orders"
    WEATHER = "bad-weather"


IN_WEATHER = {
    "rain": "Heavy rain: our riders take more time.",
    "storm": "A storm: our riders take more time.",
    "flood": "Flooded streets: our riders take more time.",
    "fog": "Dense fog: our riders take more time.",
    "heat": "Great heat: our riders take more breaks.",
}


@dataclass(frozen=True, slots=True)
class WhyLong:
    cause: Cause
    sentence: Said

    def as_dict(self) -> dict[str, str]:
        return {"code": self.cause.value, "sentence": self.sentence}


def why_long(
    *,
    backlog_s: float,
    pickers_on: int,
    pickers_planned: int,
    rush: bool = False,
    rush_reason: str = "",
    weather: str | None = None,
) -> WhyLong | None:
    """What the manager said of a rush; else the bad weather that was declared; else, when a new order waits LONG_S and
    more, whether people are missing or orders are many. None when nothing is unusual."""
    if rush:
        if not rush_reason.strip():
            return WhyLong(Cause.RUSH, say("Rush in the store right now."))
        return WhyLong(Cause.RUSH, say("Rush: {reason}", reason=rush_reason.strip()))
    if weather:
        return WhyLong(Cause.WEATHER, say(IN_WEATHER[weather]))
    if backlog_s < LONG_S:
        return None
    if pickers_on < pickers_planned:
        return WhyLong(Cause.FEW_HANDS, say("Fewer people on the floor than planned."))
    return WhyLong(Cause.MANY_ORDERS, say("Many orders in the store right now."))
