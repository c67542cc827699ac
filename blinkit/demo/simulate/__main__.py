"""python -m blinkit.demo.simulate: see --help."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from blinkit.demo.simulate import floor
from blinkit.demo.simulate.city import LEGS, City, Plan
from blinkit.demo.simulate.link import Refused, Unreachable
from blinkit.demo.simulate.run import simulate
from blinkit.kernel.commands import report


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0 when nothing went wrong that should not."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if "--floor" in arguments:  # one store's floor, without a server: options of its own
        return floor.main([one for one in arguments if one != "--floor"])
    given = parser().parse_args(arguments)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # manage.py shows every request otherwise
    plan = Plan(
        base_url=given.url.rstrip("/"), orders=given.orders, customers=given.customers, pickers=given.pickers,
        riders=given.riders, speed=given.speed, seed=given.seed, at_most_s=given.at_most_s,
        patience_s=given.patience_s, journal=given.journal,
    )  # fmt: skip
    try:
        if given.serve:
            with served():
                city, figures = asyncio.run(simulate(plan))
        else:
            city, figures = asyncio.run(simulate(plan))
    except (Unreachable, Refused) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    tell(city, figures)
    return 1 if figures["errors"] else 0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="simulate", description="Customers, pickers and riders at a running server, through its public doors."
    )
    default = os.environ.get("BASE_URL") or f"http://127.0.0.1:{os.environ.get('PORT', '8000')}"
    made.add_argument(
        "--floor", action="store_true", help="one store's floor instead, without a server (--floor --help)"
    )
    made.add_argument("--url", default=default, help="the running server (BASE_URL; default %(default)s)")
    made.add_argument("--serve", action="store_true", help="start `make run` for it and stop it afterwards")
    made.add_argument("--orders", type=int, default=40)
    made.add_argument("--customers", type=int, default=20, help="at most the fifty of the demo city")
    made.add_argument("--pickers", type=int, default=6)
    made.add_argument("--riders", type=int, default=12)
    made.add_argument("--speed", type=float, default=30.0, help="human time runs so many times faster (default 30)")
    made.add_argument("--seed", type=int, default=1)
    made.add_argument("--at-most-s", type=float, default=600.0, help="end after so many seconds, done or not")
    made.add_argument("--patience-s", type=float, default=60.0, help="how long a request is repeated")
    made.add_argument("--journal", type=Path, help="append the id of every acknowledged order to this file")
    return made


@contextmanager
def served() -> Iterator[None]:
    """The platform itself, for the length of the simulation. PORT and BLINKIT_DATA_DIR as given."""
    server = subprocess.Popen(
        [sys.executable, "-m", "blinkit.run"], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert server.stdout is not None
        for line in server.stdout:
            if "Logs are in" in line:
                break
        else:
            raise Unreachable("The platform did not start; the reason is above.")
        yield
    finally:
        server.send_signal(signal.SIGINT)
        server.communicate()


def tell(city: City, figures: dict[str, object]) -> None:
    ended = ", ".join(f"{count} {status.lower()}" for status, count in city.ended.most_common())
    print(f"\n{len(city.placed)} orders placed: {ended or 'none ended'}; {city.late} late.")
    print(f"{city.shorted} short picks, {city.declined_offers} offers declined, speed {city.plan.speed:g}.")
    for why, count in city.refused.most_common():
        print(f"  refused {count:4} {why}")
    if city.trouble.repeated:
        print("  repeated " + ", ".join(f"{count} × {why}" for why, count in city.trouble.repeated.most_common()))
    for error in city.trouble.errors[:10]:
        print(f"  error: {error}")
    rows = []
    for name, _, _ in LEGS:
        median, worst = city.minutes(name)
        rows.append({"leg": name, "orders": len(city.legs_s.get(name, ())), "median min": median, "p90 min": worst})
    report(rows, figures, title="Minutes per leg (of the city: the clock's time × speed)")


if __name__ == "__main__":
    sys.exit(main())
