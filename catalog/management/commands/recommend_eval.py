"""manage.py recommend_eval: does "goes with" guess better than the best sellers? Exits with 1 when it does not.

Reads the Instacart baskets of 2017 (order_products__train: order_id, product_id, add_to_cart_order), a file that is not
part of this repository. A CSV with the same columns is read without any further package.
"""

from __future__ import annotations

import resource
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError

from blinkit.kernel.commands import report
from catalog.affinity import STANDARD, Baskets, evaluate

COLUMNS = ("order_id", "product_id", "add_to_cart_order")
BAR = 1.5
NO_READER = "Reading parquet needs pyarrow, a development package: run `make setup-dev`, or give a CSV file."


class Command(BaseCommand):
    help = "Hit rate of the last item of held-out baskets among ten guesses, against the best sellers."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="order_products__train.parquet, or a CSV with its columns")
        parser.add_argument("--k", type=int, default=10, help="how many guesses")
        parser.add_argument("--held-out", type=float, default=0.1, help="share of the baskets that is judged")
        parser.add_argument("--seed", type=int, default=2017, help="which baskets are held out")
        parser.add_argument("--bar", type=float, default=BAR, help="how many times better than best sellers it must be")

    def handle(self, *args: Any, file: Path, k: int, held_out: float, seed: int, bar: float, **options: Any) -> None:
        if not 1 <= k <= 100 or not 0 < held_out < 1:
            raise CommandError("--k from 1 to 100, --held-out between 0 and 1.")
        started = time.perf_counter()
        baskets = read_baskets(file)
        board = evaluate(baskets, k=k, held_out=held_out, seed=seed)
        seconds = time.perf_counter() - started
        trials = [board.popularity, board.goes_with]
        rows = [
            {
                "method": trial.method,
                f"hit@{k}": f"{trial.hit_rate:.2%}",
                "±": f"{trial.error:.2%}",
                "mrr": f"{trial.mrr:.4f}",
                "hits": trial.hits,
                "baskets": trial.tried,
            }
            for trial in trials
        ]
        passed = board.lift >= bar
        figures = {
            "k": k,
            "popularity": board.popularity.hit_rate,
            "goes_with": board.goes_with.hit_rate,
            "lift": round(board.lift, 3),
            "bar": bar,
            "passed": passed,
            "judged_baskets": board.goes_with.tried,
            "learned_from_baskets": board.learned_from,
            "pairs": board.pairs,
            "kept_per_product": STANDARD.keep,
            "seconds": round(seconds, 1),
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        }
        title = f"“Goes with” guesses {board.lift:.2f} × as often right as the best sellers (the bar is {bar:g} ×)."
        self.stdout.ending = ""  # report ends its own lines
        report(rows, figures, title=title, out=self.stdout)  # type: ignore[arg-type]
        if not passed:
            sys.exit(1)


def read_baskets(file: Path) -> Baskets:
    """The file's baskets, lines in the order they were added. Raises CommandError with what to do."""
    if not file.is_file():
        raise CommandError(f"There is no file {file}.")
    order, product, place = _parquet(file) if file.suffix == ".parquet" else _csv(file)
    if not len(order):
        raise CommandError(f"{file} has no baskets.")
    sorting = np.lexsort((place, order))
    return Baskets(order[sorting], product[sorting])


def _parquet(file: Path) -> list[np.ndarray[Any, np.dtype[np.int64]]]:
    try:
        from pyarrow import parquet
    except ImportError:
        raise CommandError(NO_READER) from None
    try:
        table = parquet.read_table(file, columns=list(COLUMNS))
        return [table[name].to_numpy().astype(np.int64, copy=False) for name in COLUMNS]
    except (OSError, ValueError, KeyError) as error:
        raise CommandError(f"{file} is not a parquet file with the columns {', '.join(COLUMNS)}: {error}") from None


def _csv(file: Path) -> list[np.ndarray[Any, np.dtype[np.int64]]]:
    with file.open(encoding="utf-8-sig") as lines:
        heading = lines.readline().strip().split(",")
        try:
            wanted = [heading.index(name) for name in COLUMNS]
            figures = np.loadtxt(lines, delimiter=",", dtype=np.int64, usecols=wanted, ndmin=2)
        except ValueError as error:
            raise CommandError(f"{file} needs the columns {', '.join(COLUMNS)}, whole numbers: {error}") from None
    return [figures[:, column] for column in range(len(COLUMNS))]
