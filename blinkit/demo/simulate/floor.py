"""manage.py simulate --floor: real baskets through one store's floor, the product's rules against first-in picking.

Needs no server and no database. What is compared is who gets which order when, and with which others in one walk
(`fulfillment.queueing`, `fulfillment.clustering`); all four ways walk by `fulfillment.pickroute`.

- **Capacity.** 1x is the load at which first-in single picking is busy `--busy` (0.85) of the time: orders per hour =
  busy x pickers / mean seconds of picking and packing one order alone. That is the mean over the open hours, 8 to 20;
  the hours follow the sample's curve, so that the busiest one has 1.21 times as much. The crew is the same all day;
  each day begins with an empty floor. Breaks and shifts are left out.
- **Promise.** Made by `orders.promise.quote` when the order comes in, from its lines, its ride (the demo store's front
  doors) and picking and packing legs as measured on this floor: the same promises for all four. The floor's backlog is
  left out, because a promise that stretches hides a slow floor: with `--stretch` it is counted as a first-in floor
  would have it, hardly anything is late then, and promises grow instead.
- **Breach.** The bags stand on the shelf later than the promise needs: its end minus handover, ride and door, which is
  how the product sets a pick task's `due_at`. "at the door" counts what the customer sees, with the street's spread.
- **Lines per hour** are those of a picker at work: waiting for orders is not counted.
"""

from __future__ import annotations

import argparse
import heapq
import math
import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from blinkit.demo import places
from blinkit.demo.simulate.baskets import UNITS, Absent, Shop, read
from blinkit.kernel.commands import progress, report
from blinkit.kernel.geo import Point
from catalog.travel import travel_seconds
from fulfillment import pickroute
from fulfillment.clustering import Pace
from fulfillment.floorsim import POLICIES, Figures, Job, Line, Policy, TimeModel, arrivals, figures, run
from fulfillment.floorsim.engine import alone_s, draw_paces, mean_pace, spread
from fulfillment.floorsim.times import USUAL_UNITS
from fulfillment.pickroute import Item, Layout
from orders import promise
from orders.promise import legs

USUAL = TimeModel()
OPEN_HOURS = range(8, 20)
RIDER_S, RIDER_SIGMA = 150.0, 0.5
"""A rider stands at the shelf so long after the order, usually; riders are not what is scarce here."""
MONDAY = datetime(2026, 11, 2, tzinfo=UTC) - timedelta(hours=5.5)  # midnight in Bengaluru
ALONE = 2000
"""Baskets from which the seconds of one order alone are reckoned."""
Z90 = 1.2816  # the normal distribution's nine tenths


@dataclass(frozen=True)
class Plan:
    """What is replayed. `known`: what the rules know of this floor's seconds: "all" of the time model's averages, one
    "factor" by which an order takes longer than their own defaults say, or "nothing"."""

    orders: int = 3000
    capacity: tuple[float, ...] = (0.5, 1.0, 1.5)
    pickers: int = 6
    busy: float = 0.85
    most_lines: int = 8
    seed: int = 1
    stretch: bool = False
    known: str = "all"


@dataclass(frozen=True)
class Floor:
    """What is the same in every run: the ground, the people, the baskets.

    `alone_s`: mean seconds of one order by itself, at the crew's pace. `correction`: by how much the promise's own
    legs for picking and packing are too short for this floor.
    """

    plan: Plan
    shop: Shop
    layout: Layout
    times: TimeModel
    paces: list[float]
    alone_s: float
    correction: float

    @property
    def per_hour(self) -> float:
        """Orders per hour at 1x, on average over the open hours."""
        return self.plan.busy * self.plan.pickers / self.alone_s * 3600


def prepare(plan: Plan, folder: Path, times: TimeModel = USUAL) -> Floor:
    """Raises Absent."""
    bins = list(places.bins())
    layout = Layout.of((one.code, one.sequence) for one in bins)
    shop = read(
        folder, bins=bins, layout=layout, most_lines=plan.most_lines, baskets=max(plan.orders, ALONE), seed=plan.seed
    )
    rng = random.Random(f"people {plan.seed}")
    paces = draw_paces(plan.pickers, times, rng)
    sample = [_lines(shop, n, basket, times, rng) for n, basket in enumerate(shop.baskets[:ALONE])]
    alone = [
        alone_s(_job(id=n, at_s=0, lines=lines), layout=layout, times=times, policy=POLICIES[0])
        for n, lines in enumerate(sample)
    ]
    mean_s = sum(alone) / len(alone) * mean_pace(paces)
    reckoned_s = sum(_job(id=n, at_s=0, lines=lines).work_s for n, lines in enumerate(sample)) / len(sample)
    return Floor(plan, shop, layout, times, paces, mean_s, mean_s / reckoned_s)


def days(floor: Floor, load: float) -> list[list[Job]]:
    """The orders of each day at a load, with their promises. The same baskets at every load, closer together."""
    plan, rng = floor.plan, random.Random(f"orders {floor.plan.seed}")
    curve = [weight if hour in OPEN_HOURS else 0.0 for hour, weight in enumerate(floor.shop.hours)]
    rush = max(curve) / (sum(curve) / len(OPEN_HOURS))
    peak_per_s = load * floor.per_hour / 3600 * rush
    baskets = _forever(floor.shop.baskets)
    rides = _rides()
    made = []
    when = arrivals(curve, peak_per_s=peak_per_s, orders=plan.orders, rng=random.Random(f"when {plan.seed}"))
    for day in when:
        jobs: list[Job] = []
        pickers = [0.0] * plan.pickers  # when each would be free, by the product's own estimate
        for at_s in day:
            job = _job(id=len(jobs), at_s=at_s, lines=_lines(floor.shop, len(jobs), next(baskets), floor.times, rng))
            work_s = job.work_s * floor.correction
            free_s = max(at_s, heapq.heappop(pickers))
            heapq.heappush(pickers, free_s + work_s)
            backlog_s = free_s - at_s if plan.stretch else 0.0
            if plan.known != "nothing":
                job = replace(job, work_s=work_s)
            jobs.append(_promised(job, floor=floor, ride=rng.choice(rides), backlog_s=backlog_s, rng=rng))
        made.append(jobs)
    return made


def known_pace(floor: Floor) -> Pace:
    """What the rules reckon a walk with."""
    if floor.plan.known == "all":
        return floor.times.learned(pace=mean_pace(floor.paces))
    usual = Pace()
    if floor.plan.known == "nothing":
        return usual
    expected = []
    for n, basket in enumerate(floor.shop.baskets[:200]):
        items = [line.item for line in _lines(floor.shop, n, basket, floor.times, random.Random(n))]
        units = len(items) * USUAL_UNITS
        picking_s = usual.pick_s(pickroute.route(items, floor.layout).metres, lines=len(items), units=round(units))
        expected.append(picking_s + usual.pack_order_s(round(units)))
    return usual.scaled(floor.alone_s / (sum(expected) / len(expected)))


def play(floor: Floor, orders: Sequence[Sequence[Job]], policy: Policy) -> Figures:
    """All days of one load under one policy."""
    known = known_pace(floor)
    return figures(
        [
            run(day, paces=floor.paces, layout=floor.layout, times=floor.times, policy=policy, known=known)
            for day in orders
            if day
        ]
    )


def compare(floor: Floor, policies: Sequence[Policy] = POLICIES) -> dict[float, dict[str, Figures]]:
    """By load, then by policy."""
    found: dict[float, dict[str, Figures]] = {}
    orders: dict[float, list[list[Job]]] = {}
    work = [(load, policy) for load in floor.plan.capacity for policy in policies]
    for load, policy in progress(work, label="loads and policies"):
        if load not in orders:
            orders = {load: days(floor, load)}
        found.setdefault(load, {})[policy.name] = play(floor, orders[load], policy)
    return found


def halved(by_policy: Mapping[str, Figures]) -> bool | None:
    """The bar: slack order and clusters breach at most half as often as first-in single. None: nothing to halve."""
    before, after = by_policy[POLICIES[0].name].late, by_policy[POLICIES[-1].name].late
    return after <= before / 2 if before else None


def _lines(shop: Shop, order: int, basket: Sequence[int], times: TimeModel, rng: random.Random) -> tuple[Line, ...]:
    made = []
    for n, product in enumerate(basket):
        good = shop.goods[product]
        units = rng.choices([n for n, _ in UNITS], [share for _, share in UNITS])[0]
        made.append(
            Line(
                item=Item(
                    id=(order, n), zone=good.bin.zone, sequence=good.bin.sequence, weight_g=good.weight_g * units,
                    bin_code=good.bin.code,
                ),
                units=units,
                hand=spread(times.line_spread, rng), short=rng.random() < times.short_share,
            )
        )  # fmt: skip
    return tuple(made)


def _job(*, id: int, at_s: float, lines: tuple[Line, ...]) -> Job:
    """With what the product reckons it takes: the pick and the pack leg of its promise."""
    quoted = promise.quote(promise.PromiseInputs(lines=len(lines), units=sum(one.units for one in lines), ride_s=0))
    work_s = sum(leg.p50_s for leg in quoted.legs if leg.name in ("pick", "pack"))
    return Job(id=id, at_s=at_s, due_s=math.inf, work_s=work_s, lines=lines)


def _promised(job: Job, *, floor: Floor, ride: tuple[Point, Point], backlog_s: float, rng: random.Random) -> Job:
    ride_s = travel_seconds(*ride, at=MONDAY + timedelta(seconds=job.at_s))
    inputs = promise.PromiseInputs(
        lines=len(job.lines), units=job.units, ride_s=ride_s, backlog_s=backlog_s, rider_wait_s=RIDER_S
    )
    measured = {
        leg.name: (leg.p50_s * floor.correction, leg.p90_s * floor.correction)
        for leg in promise.quote(inputs).legs
        if leg.name in ("pick", "pack")
    }
    quoted = promise.quote(replace(inputs, measured=measured))
    by_s = job.at_s + quoted.to_m * 60
    street = {"handover": legs.HANDOVER_S, "ride": ride_s, "door": legs.DOOR_S}
    return replace(
        job,
        by_s=by_s,
        due_s=max(job.at_s, by_s - sum(street.values())),
        door_s=sum(seconds * _as_it_went(name, rng) for name, seconds in street.items()),
        rider_s=job.at_s + RIDER_S * math.exp(rng.gauss(0, RIDER_SIGMA)),
        packing=spread(floor.times.pack_spread, rng),
    )


def _as_it_went(leg: str, rng: random.Random) -> float:
    """A factor with median 1 and the promise's own bad case as its nine tenths."""
    return math.exp(rng.gauss(0, math.log(1 + legs.SPREAD[leg]) / Z90))


def _rides() -> list[tuple[Point, Point]]:
    store = places.STORES[0]
    return [
        (Point(store.lat, store.lng), Point(door.lat, door.lng)) for door in places.doors() if door.store == store.code
    ]


def _forever(baskets: Sequence[list[int]]) -> Iterator[list[int]]:
    while baskets:
        yield from baskets


def main(arguments: Sequence[str]) -> int:
    """Exit status 0 when the bar is met or was not asked for, 1 when missed, 2 without data or with bad options."""
    given = parser().parse_args(arguments)
    started = time.perf_counter()
    plan = Plan(
        orders=given.orders, capacity=given.capacity, pickers=given.pickers, busy=given.busy,
        most_lines=given.most_lines, seed=given.seed, stretch=given.stretch,
    )  # fmt: skip
    try:
        floor = prepare(plan, given.data, replace(USUAL, scale=given.scale))
    except Absent as error:
        print(error, file=sys.stderr)
        return 2
    if given.sensitivity:
        return tell_sensitivity(floor, given.data, as_json=given.json)
    found = compare(floor)
    passed = halved(found[1.0]) if 1.0 in found else None
    tell(floor, found, passed, took_s=time.perf_counter() - started, as_json=given.json)
    return 1 if passed is False else 0


def tell(
    floor: Floor, found: Mapping[float, Mapping[str, Figures]], passed: bool | None, *, took_s: float, as_json: bool
) -> None:
    rows = [
        {
            "load": f"{load:g}x",
            "way": name,
            "pick+pack p50 s": round(one.pick_p50_s),
            "p90 s": round(one.pick_p90_s),
            "wait p50 s": round(one.wait_p50_s),
            "wait p90 s": round(one.wait_p90_s),
            "lines/h": round(one.lines_per_hour),
            "breaches": f"{one.late:.1%}",
            "1 in 100 later by s": round(one.late_p99_s),
            "at the door": f"{one.late_at_door:.1%}",
            "m/line": round(one.metres_per_line, 1),
            "orders/walk": round(one.together, 2),
            "busy": f"{one.busy:.0%}",
        }
        for load, by_policy in found.items()
        for name, one in by_policy.items()
    ]
    figures_now = {
        "loads": {f"{load:g}": {name: rounded(one) for name, one in by.items()} for load, by in found.items()},
        "plan": asdict(floor.plan),
        "times": asdict(floor.times),
        "alone_s": round(floor.alone_s, 1),
        "orders_per_hour_at_1x": round(floor.per_hour, 1),
        "passed": passed,
        "seconds": round(took_s, 1),
    }
    title = (
        f"{floor.plan.orders:,} orders, {floor.plan.pickers} pickers; 1x = {floor.per_hour:.0f} orders an hour "
        f"(first-in single picking {floor.plan.busy:.0%} busy, {floor.alone_s:.0f} s an order alone)"
    )
    report([] if as_json else rows, figures_now, title="" if as_json else title)
    if passed is not None and not as_json:
        print("At 1x breaches are at least halved." if passed else "At 1x breaches are NOT halved.", file=sys.stderr)


def rounded(one: Figures) -> dict[str, float]:
    return {name: round(value, 4 if abs(value) <= 1 else 2) for name, value in asdict(one).items()}


VARIANTS: tuple[tuple[str, dict[str, Any], dict[str, Any]], ...] = (
    ("as it is", {}, {}),
    *((f"seed {seed}", {"seed": seed}, {}) for seed in (2, 3, 4)),
    *((f"busy {busy:.0%}", {"busy": busy}, {}) for busy in (0.7, 0.8, 0.9)),
    *((f"baskets up to {lines}", {"most_lines": lines}, {}) for lines in (4, 12, 100)),
    *((f"{pickers} pickers", {"pickers": pickers}, {}) for pickers in (3, 12)),
    ("the plan's own metres", {}, {"scale": 1.0}),
    ("walking 1.3 m/s", {}, {"walk_mps": 1.3}),
    ("one factor known", {"known": "factor"}, {}),
    ("nothing known", {"known": "nothing"}, {}),
    ("a promise that stretches", {"stretch": True}, {}),
)
"""What the outcome could hang on, each against the default: a name, what differs in the plan and in the time model."""


def tell_sensitivity(floor: Floor, folder: Path, *, as_json: bool) -> int:
    """First-in single picking against slack and clusters at 1x, one assumption changed at a time."""
    rows, found = [], {}
    for name, plan, times in progress(VARIANTS, label="variants"):
        made = prepare(replace(floor.plan, capacity=(1.0,), **plan), folder, replace(floor.times, **times))
        before, after = compare(made, (POLICIES[0], POLICIES[-1]))[1.0].values()
        found[name] = {"first_in": rounded(before), "slack_clusters": rounded(after)}
        rows.append(
            {
                "changed": name, "alone s": round(made.alone_s), "walking": f"{before.walking:.0%}",
                "first-in": f"{before.late:.1%}", "slack, clusters": f"{after.late:.1%}",
                "ratio": round(after.late / before.late, 2) if before.late else None,
                "wait p90 s": f"{before.wait_p90_s:.0f} > {after.wait_p90_s:.0f}",
                "lines/h": f"{before.lines_per_hour:.0f} > {after.lines_per_hour:.0f}",
                "promised m": round(after.promised_p50_m),
            }
        )  # fmt: skip
    report([] if as_json else rows, found, title="" if as_json else "Breaches at 1x, one assumption changed at a time")
    return 0


def nearest_data() -> Path:
    """shared/data/instacart beside the project, or beside a folder around it."""
    around = Path(__file__).resolve().parents[4:]
    places = [folder / "shared" / "data" / "instacart" for folder in around]
    return next((place for place in places if place.is_dir()), places[0])


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="simulate --floor",
        description="Real baskets through one store's floor: slack order and clusters against first-in single picking.",
    )
    default = Plan()
    made.add_argument("--data", type=Path, default=nearest_data(), help="the Instacart files of 2017 (%(default)s)")
    made.add_argument("--orders", type=_whole(50, 100_000), default=default.orders, help="in all (%(default)s)")
    made.add_argument("--capacity", type=_loads, default=default.capacity, help="loads, as 0.5,1,1.5")
    made.add_argument("--pickers", type=_whole(1, 60), default=default.pickers, help="on the floor (%(default)s)")
    made.add_argument("--busy", type=_part(0.1, 1.2), default=default.busy, help="share that is 1x (%(default)s)")
    made.add_argument("--most-lines", type=_whole(1, 200), default=default.most_lines, help="of a basket (%(default)s)")
    made.add_argument("--scale", type=_part(0.2, 10), default=USUAL.scale, help="metres per metre of the plan")
    made.add_argument("--seed", type=int, default=default.seed)
    made.add_argument("--stretch", action="store_true", help="promises count a first-in floor's backlog")
    made.add_argument("--sensitivity", action="store_true", help="1x only, one assumption changed at a time")
    made.add_argument("--json", action="store_true", help="only the JSON line")
    return made


def _whole(least: int, most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not least <= (made := int(text)) <= most:
            raise argparse.ArgumentTypeError(f"from {least} to {most}")
        return made

    return number


def _part(least: float, most: float) -> Callable[[str], float]:
    def number(text: str) -> float:
        if not least <= (made := float(text)) <= most:
            raise argparse.ArgumentTypeError(f"from {least:g} to {most:g}")
        return made

    return number


def _loads(text: str) -> tuple[float, ...]:
    return tuple(dict.fromkeys(_part(0.05, 5)(one) for one in text.split(",")))
