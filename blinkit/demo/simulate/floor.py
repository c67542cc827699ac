"""manage.py simulate --floor: real baskets through one store's floor, the product's rules against first-in picking.

Needs no server and no database. What is compared is who gets which order when, and with which others in one walk
(`fulfillment.queueing`, `fulfillment.clustering`); all four ways walk by `fulfillment.pickroute`.

- **Capacity.** 1× is the load at which first-in single picking would be busy `--busy` (0.88) of the time in the busiest
  hour of the day: rate = busy × pickers / mean seconds of picking and packing one order alone. The other hours follow
  the sample's curve, the shop is open from 6 to midnight, and each day begins with an empty floor.
- **Promise.** Made by `orders.promise.quote` when the order comes in, from its lines, its ride (the demo store's front
  doors) and the backlog a first-in floor would have then by the product's own estimate. It does not depend on the
  policy: all are held to the same promises. `--still` leaves the backlog out: a promise that never stretches.
- **Breach.** The bags stand on the shelf later than the promise needs: its end minus handover, ride and door, which is
  how the product sets a pick task's `due_at`. "at the door" counts what the customer sees, with the street's spread.
"""

from __future__ import annotations

import argparse
import heapq
import math
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from blinkit.demo import places
from blinkit.demo.simulate.baskets import UNITS, Absent, Shop, read
from blinkit.kernel.commands import progress, report
from blinkit.kernel.geo import Point
from catalog.travel import travel_seconds
from fulfillment.floorsim import POLICIES, Figures, Job, Line, TimeModel, arrivals, figures, run
from fulfillment.floorsim.engine import alone_s, draw_paces, mean_pace, spread
from fulfillment.pickroute import Item, Layout
from orders import promise
from orders.promise import legs

DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "instacart"
OPEN_HOURS = range(8, 20)
RIDER_S, RIDER_SIGMA = 150.0, 0.5
"""A rider stands at the shelf so long after the order, usually; riders are not what is scarce here."""
MONDAY = datetime(2026, 11, 2, tzinfo=UTC) - timedelta(hours=5.5)  # midnight in Bengaluru
Z90 = 1.2816  # the normal distribution's nine tenths


@dataclass(frozen=True)
class Plan:
    orders: int = 3000
    capacity: tuple[float, ...] = (0.5, 1.0, 1.5)
    pickers: int = 6
    busy: float = 0.88
    most_lines: int = 8
    seed: int = 1
    still: bool = True


@dataclass(frozen=True)
class Floor:
    """What is the same in every run: the ground, the people, the baskets."""

    plan: Plan
    shop: Shop
    layout: Layout
    times: TimeModel
    paces: list[float]
    alone_s: float  # mean seconds of one order by itself, at the floor's mean pace
    learned: float  # by how much the promise's own legs for picking and packing have to be corrected here

    @property
    def peak_per_hour(self) -> float:
        """Orders in the busiest hour at 1×."""
        return self.plan.busy * self.plan.pickers / self.alone_s * 3600


def prepare(plan: Plan, folder: Path, times: TimeModel = TimeModel()) -> Floor:
    """Raises Absent."""
    bins = list(places.bins())
    layout = Layout.of((one.code, one.sequence) for one in bins)
    shop = read(folder, bins=bins, layout=layout, most_lines=plan.most_lines, seed=plan.seed)
    rng = random.Random(f"people {plan.seed}")
    paces = draw_paces(plan.pickers, times, rng)
    sample = [_lines(shop, n, basket, times, rng) for n, basket in enumerate(shop.baskets[:1500])]
    alone = [
        alone_s(_job(id=n, at_s=0, lines=lines), layout=layout, times=times)
        for n, lines in enumerate(sample)
    ]
    pace = mean_pace(paces)
    mean_s = sum(alone) / len(alone) * pace
    reckoned = sum(_job(id=n, at_s=0, lines=lines).work_s for n, lines in enumerate(sample)) / len(sample)
    return Floor(plan, shop, layout, times, paces, mean_s, mean_s / reckoned)


def days(floor: Floor, load: float) -> list[list[Job]]:
    """The orders of each day at a load, with their promises. The same baskets at every load, closer together."""
    plan, rng = floor.plan, random.Random(f"orders {floor.plan.seed}")
    curve = [weight if hour in OPEN_HOURS else 0.0 for hour, weight in enumerate(floor.shop.hours)]
    open_now = [floor.shop.hours[hour] for hour in OPEN_HOURS]
    peak_per_s = load * floor.peak_per_hour / 3600 * max(open_now) / (sum(open_now) / len(open_now))
    baskets = iter(_forever(floor.shop.baskets))
    rides = list(_rides())
    made = []
    when = arrivals(curve, peak_per_s=peak_per_s, orders=plan.orders, rng=random.Random(f"when {plan.seed}"))
    for day in when:
        jobs = []
        pickers = [0.0] * plan.pickers  # when each would be free, by the product's own estimate
        for at_s in day:
            lines = _lines(floor.shop, len(jobs), next(baskets), floor.times, rng)
            job = _job(id=len(jobs), at_s=at_s, lines=lines, learned=floor.learned)
            free_s = max(at_s, heapq.heappop(pickers))
            heapq.heappush(pickers, free_s + job.work_s)
            backlog_s = 0.0 if plan.still else free_s - at_s
            jobs.append(_promised(job, learned=floor.learned, ride=rng.choice(rides), backlog_s=backlog_s, times=floor.times, rng=rng))
        made.append(jobs)
    return made


def compare(floor: Floor) -> dict[float, dict[str, Figures]]:
    """By load, then by policy."""
    plan = floor.plan
    found: dict[float, dict[str, Figures]] = {}
    work = [(load, policy) for load in plan.capacity for policy in POLICIES]
    orders: dict[float, list[list[Job]]] = {}
    for load, policy in progress(work, label="loads and policies"):
        orders.setdefault(load, days(floor, load))
        outcomes = [
            run(jobs, paces=floor.paces, layout=floor.layout, times=floor.times, policy=policy)
            for jobs in orders[load]
            if jobs
        ]
        found.setdefault(load, {})[policy.name] = figures(outcomes)
    return found


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


def _job(*, id: int, at_s: float, lines: tuple[Line, ...], learned: float = 1.0) -> Job:
    """With what the product reckons it takes: the pick and the pack leg of its promise."""
    quoted = promise.quote(promise.PromiseInputs(lines=len(lines), units=sum(one.units for one in lines), ride_s=0))
    work_s = sum(leg.p50_s for leg in quoted.legs if leg.name in ("pick", "pack"))
    work_s *= learned
    return Job(id=id, at_s=at_s, due_s=math.inf, work_s=work_s, lines=lines)


def _promised(
    job: Job, *, learned: float, ride: tuple[Point, Point], backlog_s: float, times: TimeModel, rng: random.Random
) -> Job:
    ride_s = travel_seconds(*ride, at=MONDAY + timedelta(seconds=job.at_s))
    inputs = promise.PromiseInputs(
        lines=len(job.lines), units=job.units, ride_s=ride_s, backlog_s=backlog_s, rider_wait_s=RIDER_S
    )
    measured = {
        leg.name: (leg.p50_s * learned, leg.p90_s * learned)
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
        packing=spread(times.pack_spread, rng),
    )


def _as_it_went(leg: str, rng: random.Random) -> float:
    """A factor with median 1 and the promise's own bad case as its nine tenths."""
    return math.exp(rng.gauss(0, math.log(1 + legs.SPREAD[leg]) / Z90))


def _rides() -> list[tuple[Point, Point]]:
    store = places.STORES[0]
    return [
        (Point(store.lat, store.lng), Point(door.lat, door.lng)) for door in places.doors() if door.store == store.code
    ]


def _forever(baskets: Sequence[list[int]]):
    while True:
        yield from baskets


def main(arguments: Sequence[str]) -> int:
    """Exit status 0 when the bar is met, 1 when not, 2 without data or with options that make no sense."""
    given = parser().parse_args(arguments)
    started = time.perf_counter()
    try:
        plan = Plan(
            orders=given.orders, capacity=given.capacity, pickers=given.pickers, busy=given.busy,
            most_lines=given.most_lines, seed=given.seed, still=given.still,
        )  # fmt: skip
        floor = prepare(plan, given.data)
    except Absent as error:
        print(error, file=sys.stderr)
        return 2
    found = compare(floor)
    for load, by_policy in found.items():
        for name, f in by_policy.items():
            print(load, name, f)
    print(floor.alone_s, floor.peak_per_hour, floor.paces)
    print(time.perf_counter() - started)
    return 0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="simulate --floor", description="Real baskets through one store's floor: slack and clusters against first-in."
    )
    made.add_argument("--data", type=Path, default=DATA)
    made.add_argument("--orders", type=int, default=3000)
    made.add_argument("--capacity", type=lambda s: tuple(float(x) for x in s.split(",")), default=(0.5, 1.0, 1.5))
    made.add_argument("--pickers", type=int, default=6)
    made.add_argument("--busy", type=float, default=0.88)
    made.add_argument("--most-lines", type=int, default=8)
    made.add_argument("--seed", type=int, default=1)
    made.add_argument("--still", action="store_true")
    return made
