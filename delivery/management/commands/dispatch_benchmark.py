"""manage.py dispatch_benchmark DIR…: the dispatch engine on public instances of the Meal Delivery Routing Problem.

Runs the harness that lies beside the project (its simulator, its independent check of the rules, its published
figures); neither it nor the instances are part of this repository. Exits with 1 when a rule was broken, with 2 when
the harness is not there.
"""

from __future__ import annotations

import importlib
import json
import shlex
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from blinkit.kernel.commands import report
from delivery.dispatch import STRATEGIES, WEIGHTS
from delivery.dispatch.benchmark import Adapter
from delivery.models import DispatchPolicy
from delivery.services.rounds import CITY

PUBLISHED = {"exact_t4": "optimum", "reyes2018_t4": "Reyes", "yildiz2018_t9": "Yildiz"}
"""Tables of published.json that are shown, under the short names of the README."""
YARDSTICK = {
    "0o50t100s1p100": (0, 30.1, 85),
    "0r50t100s2p125": (0, 34.5, 69),
    "0o100t100s1p125": (0, 33.2, 72),
    "2r50t100s1p100": (0.6, 29.7, 87),
    "4o100t100s1p125": (0, 38.0, 61),
    "6o100t75s1p100": (0, 27.2, 89),
    "q2": (0.9, 18.2, 73),
    "q4": (0, 12.9, 94),
    "q6": (0, 17.2, 76),
}
"""The README's own rolling horizon: undelivered %, click-to-door, on time %. Only shown, never used."""


class Command(BaseCommand):
    help = "Scores a dispatch strategy on folders with instances; needs the benchmark harness beside the project."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("instances", nargs="+", metavar="DIR", help="folders with orders.txt, couriers.txt, ...")
        parser.add_argument("--strategy", choices=sorted(STRATEGIES), default="rolling")
        parser.add_argument("--ready-info", choices=["exact", "estimate"], default="exact")
        parser.add_argument("--scramble", type=int, metavar="N", help="the same problem under other names, axes, clock")
        parser.add_argument("--weights", choices=sorted(WEIGHTS), help="weights by name (waiting)")
        parser.add_argument("--as-product", action="store_true", help="with the settings of a city's rounds")
        parser.add_argument("--as-command", action="store_true", help="the engine as a process that speaks JSON lines")
        parser.add_argument("--interval", type=int, default=1, help="minutes between rounds")
        parser.add_argument("--harness", type=Path, help="folder of the harness (../shared/dispatch)")

    def handle(
        self, *args: Any, instances: list[str], strategy: str, ready_info: str, scramble: int | None, interval: int,
        harness: Path | None, weights: str | None, as_command: bool, as_product: bool, **options: Any,
    ) -> None:  # fmt: skip
        folder = find_harness(harness)
        if folder is None:
            self.stderr.write(
                "The benchmark harness is not here: give its folder (with run.py and sim.py) by --harness."
            )
            sys.exit(2)
        missing = [name for name in instances if not (Path(name) / "orders.txt").is_file()]
        if missing:
            self.stderr.write(f"No instance (a folder with orders.txt) in: {', '.join(missing)}.")
            sys.exit(2)
        if as_command and (strategy, weights, as_product) != ("rolling", None, False):
            self.stderr.write("As a command the engine is what it is: nothing else is set with --as-command.")
            sys.exit(2)
        rows, figures, broken = [], [], 0
        for name in instances:
            one = score(
                folder, name, strategy, ready_info=ready_info, seed=scramble, interval=interval, weights=weights,
                as_command=as_command, as_product=as_product,
            )  # fmt: skip
            figures.append(one)
            broken += len(one["violations"]) + sum(one["rejected"].values())
            rows.append(_row(folder, one))
            self.stderr.write(f"{one['instance']}: {one['ctd_mean_penalised']:.2f} ({one['cpu_s']:.0f} s)")
        mean = sum(one["ctd_mean_penalised"] for one in figures) / len(figures)
        seed = "" if scramble is None else f", scrambled by {scramble}"
        seed += f", weights {weights}" if weights else ""
        seed += ", as a command" if as_command else ", as in the product" if as_product else ""
        title = f"{strategy}, ready {ready_info}{seed}: mean penalised click-to-door {mean:.2f}, broken rules {broken}"
        self.stdout.ending = ""
        summary = {"strategy": strategy, "ready_info": ready_info, "scramble": scramble, "mean": round(mean, 3)}
        report(rows, {**summary, "broken": broken, "instances": figures}, title=title, out=self.stdout)  # type: ignore[arg-type]
        if any(one["violations"] for one in figures):
            sys.exit(1)


def find_harness(given: Path | None = None) -> Path | None:
    """The harness's folder: the one given, else `shared/dispatch` beside the project or a folder above it."""
    base = Path(settings.BASE_DIR).resolve()
    places = [given] if given else [up / "shared" / "dispatch" for up in base.parents]
    return next(
        (one.resolve() for one in places if one and (one / "run.py").is_file() and (one / "sim.py").is_file()), None
    )


def score(
    harness: Path, folder: str, strategy: str, *, ready_info: str = "exact", seed: int | None = None, interval: int = 1,
    weights: str | None = None, as_command: bool = False, as_product: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """One instance through the harness's simulator, and its own check and metrics of what came out."""
    if str(harness) not in sys.path:
        sys.path.insert(0, str(harness))
    mdrp, sim, verify = (importlib.import_module(name) for name in ("mdrp", "sim", "verify"))
    instance = mdrp.load(folder)
    if seed is not None:
        instance = mdrp.scramble(instance, seed)
    run = sim.Simulation(instance, interval, ready_info)
    began = time.process_time()
    if as_command:
        here = f"env PYTHONPATH={shlex.quote(str(settings.BASE_DIR))} {shlex.quote(sys.executable)}"
        process = importlib.import_module("run").Command(f"{here} -m delivery.dispatch.benchmark", run.info())
        run.run(process)
        process.close()
    else:
        changes = {**(_product() if as_product else {}), **({"weights": WEIGHTS[weights]} if weights else {})}
        run.run(Adapter(run.info(), strategy=strategy, **changes))
    spent = time.process_time() - began
    moves = {number: courier.moves for number, courier in run.cs.items()}
    rounds = sorted(ms for ms, _, _ in run.calls_ms)
    return {
        "instance": instance.name,
        "violations": verify.check(instance, run.jobs, moves),
        "rejected": run.rejected,
        "round_p99_ms": round(rounds[int(0.99 * (len(rounds) - 1))], 1),
        "cpu_s": round(spent, 1),
        **verify.metrics(instance, run.jobs, moves),
    }


def _product() -> dict[str, Any]:
    """What a city's rounds set otherwise than the benchmark's adapter does, but for the times at shelf and door, which
    are the instance's."""
    policy = DispatchPolicy()
    ours = ("open_bundles", "early_s", "seek_ahead_s", "farthest_pickup_s", "grace_s")
    return {name: getattr(CITY, name) for name in ours} | {
        "weights": WEIGHTS[policy.weights],
        "most_jobs": policy.most_jobs,
    }


def _row(harness: Path, one: dict[str, Any]) -> dict[str, Any]:
    name = one["instance"]
    published = json.loads((harness / "published.json").read_text())
    known = [
        f"{short} {published[key][name]['ctd']:g}" for key, short in PUBLISHED.items() if name in published.get(key, {})
    ]
    yardstick = " / ".join(f"{value:g}" for value in YARDSTICK[name]) if name in YARDSTICK else None
    return {
        "instance": name,
        "orders": one["orders"],
        "undel %": one["undelivered_pct"],
        "CtD": one["click_to_door"]["mean"],
        "on time %": one["on_time_pct"],
        "penalised": one["ctd_mean_penalised"],
        "excess": one["excess"]["mean"],
        "per bundle": one["orders_per_bundle"],
        "p99 ms": one["round_p99_ms"],
        "broken": len(one["violations"]) + sum(one["rejected"].values()),
        "yardstick": yardstick,
        "published": ", ".join(known) or None,
    }
