"""python -m blinkit.bench [--only list,search] [--statements] [--scale 0.2] [--no-bars]: see the package."""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import os
import secrets
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from blinkit.bench.runs import Bench, Run
    from blinkit.embedded import Handle

PLAIN_RUNS = ("dispatch", "ask")
"""Measured in this process: without servers, or (ask) without those that serve pages."""
RUNS = ("list", "search", "suggest", "purchase", "webhook", "race", "fanout", "shelf", "floor", "eta")
BUYERS = 1000
MISSED = 3
"""How the program ends when a bar is missed; 1 is a bench that could not be run."""
USERS = ("web", "live", "workers")
"""A database user per group of processes, so that pg_stat_statements knows who sent what."""
BARS: dict[str, dict[str, float]] = {
    "list": {"cpu_ms_per_op": 3, "sql_per_op": 6},
    "search": {"cpu_ms_per_op": 5},
    "suggest": {"cpu_ms_per_op": 2},
    "purchase": {"cpu_ms_per_op": 40, "sql_per_op": 45},
    "webhook": {"cpu_ms_per_op": 20, "sql_per_op": 1},
    "fanout": {"p95_ms": 1000},
    "shelf": {"p95_ms": 100},
    "floor": {"cpu_p95_ms": 60},
    "eta": {"quote_cpu_ms": 1, "stores300_cpu_ms": 20},
}
RACE_BAR = {"sold": 50, "refused": 150, "errors": 0, "deadlocks": 0}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m blinkit.bench", description="What the main operations cost.")
    parser.add_argument(
        "--only", default=",".join((*RUNS, *PLAIN_RUNS)), help="comma separated: " + ", ".join((*RUNS, *PLAIN_RUNS))
    )
    parser.add_argument("--scale", type=float, default=1.0, help="more or fewer operations (1 is the usual number)")
    parser.add_argument("--statements", type=int, metavar="N", default=0, help="show the N most frequent statements")
    parser.add_argument("--out", help="where the figures go (bench-results.json where everything was measured)")
    parser.add_argument("--no-bars", action="store_true", help="end well although a bar is missed")
    parser.add_argument("--pause", action="store_true", help="wait for Enter before each run (to attach a profiler)")
    given = parser.parse_args(arguments)
    wanted = [name for name in RUNS if name in given.only.split(",")]
    plain = [name for name in PLAIN_RUNS if name in given.only.split(",")]
    if not wanted and not plain:
        parser.error(f"--only: choose among {', '.join((*RUNS, *PLAIN_RUNS))}")
    found: dict[str, Any] = {}
    if "dispatch" in plain:
        found["dispatch"] = _dispatch(scale=given.scale)
    if "ask" in plain:
        found["ask"] = _asking(scale=given.scale)
    if wanted:
        code, figures = _with_layout(wanted, given)
        if code:
            return code
        found |= figures
    return _end(found, given)


def _end(found: dict[str, Any], given: argparse.Namespace) -> int:
    """Write the figures and say which bars were missed: MISSED then, unless --no-bars."""
    out = given.out or ("bench-results.json" if set(found) == {*RUNS, *PLAIN_RUNS} else "")
    if out:
        Path(out).write_text(json.dumps(found, indent=2) + "\n")
    missed = [name for name, figures in found.items() if _bar(name, figures).startswith("MISSED")]
    if missed:
        print(f"Bars were missed: {', '.join(missed)}.", file=sys.stderr)
    return MISSED if missed and not given.no_bars else 0


def _with_layout(wanted: Sequence[str], given: argparse.Namespace) -> tuple[int, dict[str, Any]]:
    """(exit code, figures by run) of what is measured with servers."""
    folder = Path(tempfile.mkdtemp(prefix="blinkit-bench-", dir="/var/tmp"))
    folder.chmod(0o755)
    _set_environment(folder)
    try:
        return _bench(folder, wanted, given)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130, {}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _set_environment(folder: Path) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "BLINKIT_TESTING", "BLINKIT_PROFILE", "DEBUG", "BLINKIT_FORKS"):
        os.environ.pop(name, None)
    os.environ.update(
        {
            "BLINKIT_DATA_DIR": str(folder),
            "DJANGO_SETTINGS_MODULE": "blinkit.settings",
            "DJANGO_SECRET_KEY": secrets.token_hex(40),
            "DEMO_MODE": "1",  # messages go to the demo inbox instead of an SMS company
            "RATE_LIMIT_PER_MINUTE": "0",  # sixteen clients of one address are no abuse here
            "ORDER_MOST_OPEN_UNPAID": "0",  # nor are buyers whose orders nobody brings
            "ORDER_MOST_OPEN_CASH": "0",
            "ALLOWED_HOSTS": "127.0.0.1",
            "LOG_FORMAT": "json",
            "LOG_LEVEL": os.environ.get("LOG_LEVEL", "WARNING"),
        }
    )


def _bench(folder: Path, wanted: Sequence[str], given: argparse.Namespace) -> tuple[int, dict[str, Any]]:
    from blinkit import embedded

    _say("Starting PostgreSQL and Valkey")
    with embedded.ensure("run") as servers:
        import django

        django.setup()
        return _with_servers(servers, folder, wanted, given)


def _with_servers(
    servers: Handle, folder: Path, wanted: Sequence[str], given: argparse.Namespace
) -> tuple[int, dict[str, Any]]:
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection
    from django.utils import timezone

    from blinkit import embedded
    from blinkit.bench import goods, layout
    from blinkit.bench.meter import Meter
    from blinkit.bench.runs import Bench, Failed

    _say("Making tables and loading 5,000 products")
    call_command("migrate", verbosity=0)
    market = goods.load(buyers=BUYERS, now=timezone.now())
    with connection.cursor() as cursor:
        for user in USERS:
            cursor.execute(f"CREATE ROLE {user} SUPERUSER LOGIN")
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]
    dsn = embedded.database_url()
    urls = {user: dsn.replace("//postgres@", f"//{user}@") for user in USERS}

    _say("Starting the production layout")
    environment = {"REDIS_URL": embedded.redis_url()}
    try:
        with layout.running(folder=folder, database_url=urls, environment=environment) as parts:
            servers_up = embedded.status("run")

            def pids() -> dict[str, int]:
                return {**parts.pids(), **{name: pid for name, pid in servers_up.items() if pid}}

            meter = Meter(dsn=dsn, redis_url=settings.REDIS_URL, prefix=settings.REDIS_PREFIX, pids=pids)
            try:
                meter.sql.execute("VACUUM ANALYZE")
                bench = Bench(parts, meter, market, scale=given.scale)
                runs = asyncio.run(_run(bench, wanted, given))
            finally:
                meter.close()
    except (layout.CannotStart, Failed) as error:
        print(error, file=sys.stderr)
        for log in sorted(folder.glob("*.log")):
            lines = log.read_text(errors="replace").splitlines()[-12:]
            print(f"--- {log.name}", *lines, sep="\n", file=sys.stderr)
        return 1, {}
    _report(runs, given)
    return 0, {run.name: run.figures for run in runs}


async def _run(bench: Bench, wanted: Sequence[str], given: argparse.Namespace) -> list[Run]:
    runs = []
    for name in wanted:
        if given.pause:
            print(f"Next: {name}; processes {dict(bench.meter.pids())}. Enter to go on.", file=sys.stderr)
            await asyncio.to_thread(sys.stdin.readline)
        _say(f"Measuring: {name}")
        began = time.monotonic()
        runs.append(await getattr(bench, f"run_{name}")())
        _say(f"  {time.monotonic() - began:.1f} s")
    return runs


def _report(runs: Sequence[Run], given: argparse.Namespace) -> None:
    from blinkit.kernel.commands import report

    figures = {run.name: run.figures for run in runs}
    for run in runs:
        if given.statements:
            print(f"\n{run.name}: statements per operation (transaction control is not counted)")
            for s in run.cost.statements[: given.statements]:
                text = " ".join(s.text.split())[:160]
                print(f"  {s.calls / run.operations:7.2f} {s.ms / s.calls:8.3f} ms {s.who:8} {text}")
    names = list(runs[0].cost.cpu_ms)
    where = io.StringIO()
    report(
        [
            {
                "operation": run.name,
                "CPU ms": run.cost.total_cpu_ms / run.operations,
                **{name.removeprefix("worker-"): run.cost.cpu_ms[name] / run.operations for name in names},
                "statements": run.cost.sql() / run.operations,
                **{f"by {who}": run.cost.sql(who) / run.operations for who in USERS},
            }
            for run in runs
        ],
        {},
        title="Where processor time and statements go, per operation (per order in the fan-out)",
        out=where,
    )
    print(where.getvalue().rpartition("{}")[0].rstrip())
    rows = []
    for run in runs:
        shown = ", ".join(f"{name} {value:,}" for name, value in run.figures.items())
        notes = ", ".join(f"{name} {value}" for name, value in run.notes.items())
        rows.append({"operation": run.name, "result": shown, "bar": _bar(run.name, run.figures), "notes": notes})
    report(rows, figures, title=_title())


def _dispatch(*, scale: float) -> dict[str, Any]:
    """Rounds of the dispatch engine in processor time of one core, at two sizes; the figures."""
    from blinkit.kernel.commands import report
    from delivery.dispatch import STRATEGIES
    from delivery.dispatch.speed import SIZES, measure

    rows, figures = [], {}
    for jobs, riders, _bar_ms in SIZES:
        _say(f"Measuring: dispatch, {jobs} jobs x {riders} riders")
        figure = measure(
            STRATEGIES["rolling"], jobs, riders, rounds=max(10, round((100 if jobs <= 200 else 40) * scale))
        )
        figures[f"{jobs}x{riders}"] = figure
        bar = _bar("dispatch", {f"{jobs}x{riders}": figure})
        rows.append({"round": f"{jobs} jobs x {riders} riders", **figure, "bar": bar})
    report(rows, figures, title="Dispatch: a round of the rolling horizon, processor time of one core")
    return figures


def _asking(*, scale: float) -> dict[str, Any]:
    """The figures, measured in a process of its own: it has its own servers and settings."""
    folder = Path(tempfile.mkdtemp(prefix="blinkit-bench-", dir="/var/tmp"))
    folder.chmod(0o755)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            _set_environment(folder)
            from blinkit.bench import asking

            figures = asking.run(scale=scale, say=_say)
            (folder / "figures.json").write_text(json.dumps(figures))
            code = 0
        except KeyboardInterrupt:
            code = 130
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(code)
    try:
        _, status = os.waitpid(child, 0)
        if status:
            sys.exit(os.waitstatus_to_exitcode(status))
        found: dict[str, Any] = json.loads((folder / "figures.json").read_text())
        return found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _title() -> str:
    return (
        f"Bench: production layout on {os.cpu_count()} cores, without beat and nginx; load average at the end "
        f"{os.getloadavg()[0]:.1f} (whatever else runs here makes every figure worse)"
    )


def _bar(name: str, figures: dict[str, Any]) -> str:
    if name == "race":
        return "met" if all(figures[key] == value for key, value in RACE_BAR.items()) else "MISSED: 50/150/0/0"
    if name == "dispatch":
        bars = _rounds()
        missed = [f"p99_ms ≤ {bars[size]:g}" for size, figure in figures.items() if figure["p99_ms"] > bars[size]]
    elif name == "ask":
        from blinkit.bench import asking

        told = (asking.bar(what, figure) for what, figure in figures.items())
        missed = [bar.removeprefix("MISSED: ") for bar in told if bar.startswith("MISSED")]
    else:
        missed = [f"{key} ≤ {most:g}" for key, most in BARS[name].items() if figures[key] > most]
    if figures.get("lost"):
        missed.append("no socket lost")
    return "MISSED: " + ", ".join(missed) if missed else "met"


def _rounds() -> dict[str, float]:
    from delivery.dispatch.speed import SIZES

    return {f"{jobs}x{riders}": most for jobs, riders, most in SIZES}


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
