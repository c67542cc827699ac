"""What a run is judged by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fulfillment.floorsim.engine import Outcome, Pick


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds, shares of one, lines per hour a picker works, metres per line.

    `late`: bags on the shelf after the promise needed them there, with the street at its usual pace (the floor's own
    breaches); one order in a hundred is late by more than `late_p99_s`. `late_at_door`: after the promised range, with
    the ride as it really went. `busy`, `walking`: of pickers' time, of their time at work. `together`: orders per walk.
    """

    orders: int
    pick_p50_s: float
    pick_p90_s: float
    wait_p50_s: float
    wait_p90_s: float
    lines_per_hour: float
    late: float
    late_p99_s: float
    late_at_door: float
    metres_per_line: float
    walking: float
    busy: float
    together: float
    promised_p50_m: float


def figures(outcomes: Sequence[Outcome]) -> Figures:
    """Over all days of one policy at one load. Raises ValueError without any order."""
    picks = [pick for outcome in outcomes for pick in outcome.picks]
    if not picks:
        raise ValueError("Nothing was picked.")
    lines = sum(len(pick.job.lines) for pick in picks)
    busy_s = sum(outcome.busy_s for outcome in outcomes)
    picking = sorted(pick.ready_s - pick.begun_s for pick in picks)
    waits = sorted(pick.begun_s - pick.job.at_s for pick in picks)
    return Figures(
        orders=len(picks),
        pick_p50_s=quantile(picking, 0.5),
        pick_p90_s=quantile(picking, 0.9),
        wait_p50_s=quantile(waits, 0.5),
        wait_p90_s=quantile(waits, 0.9),
        lines_per_hour=lines / busy_s * 3600,
        late=sum(pick.ready_s > pick.job.due_s for pick in picks) / len(picks),
        late_p99_s=quantile(sorted(max(0.0, pick.ready_s - pick.job.due_s) for pick in picks), 0.99),
        late_at_door=sum(map(_late_at_door, picks)) / len(picks),
        metres_per_line=sum(outcome.metres for outcome in outcomes) / lines,
        walking=sum(outcome.walk_s for outcome in outcomes) / busy_s,
        busy=busy_s / sum(outcome.open_s for outcome in outcomes),
        together=len(picks) / sum(1 / pick.together for pick in picks),
        promised_p50_m=quantile(sorted((pick.job.by_s - pick.job.at_s) / 60 for pick in picks), 0.5),
    )


def _late_at_door(pick: Pick) -> bool:
    """The rider leaves when both the bags and the rider are there."""
    rider_s = pick.job.rider_s if pick.job.rider_s < float("inf") else 0.0
    return max(pick.ready_s, rider_s) + pick.job.door_s > pick.job.by_s


def quantile(ordered: Sequence[float], share: float) -> float:
    """Linear between the two nearest of an ordered list."""
    at = share * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)
