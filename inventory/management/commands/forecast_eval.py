"""manage.py forecast_eval: is the demand forecast better than naive ones, and do stock-outs bend it less?

Reads a folder with the Instacart files of 2017 (not part of this repository): order_products__train (parquet, or a CSV
with order_id and product_id) and instacart_sample_hours.csv. What is real and what is assumed:
`inventory.forecast.evaluation`. Exits with 1 when seasonal naive is not beaten or the correction does not lessen bias.
"""

from __future__ import annotations

import csv
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError

from blinkit.kernel.commands import report
from inventory.forecast import evaluation

BASKETS, HOURS = "order_products__train", "instacart_sample_hours.csv"


class Command(BaseCommand):
    help = "WAPE, MASE and bias of the demand forecast on real baskets, with and without simulated stock-outs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help=f"with {BASKETS}.parquet (or .csv) and {HOURS}")
        parser.add_argument("--weeks", type=int, default=12, help="weeks the baskets are spread over")
        parser.add_argument("--train", type=int, default=8, help="weeks before the first forecast")
        parser.add_argument("--least", type=int, default=42, help="lines a product needs to take part")
        parser.add_argument("--products", type=int, default=2000, help="products at most, drawn at random")
        parser.add_argument("--out-share", type=float, default=0.4, help="share of days that begin with too little")
        parser.add_argument("--seed", type=int, default=2017)

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        weeks, train = options["weeks"], options["train"]
        if not 2 <= train < weeks <= 60:
            raise CommandError("--train from 2 and below --weeks, --weeks up to 60.")
        started = time.perf_counter()
        orders, products = read_baskets(folder)
        sales = evaluation.spread_over_days(
            orders, products, read_hours(folder / HOURS), weeks=weeks, least_lines=options["least"],
            most_products=options["products"], seed=options["seed"],
        )  # fmt: skip
        scores = evaluation.compare(sales, train_weeks=train)
        censored, lost = evaluation.with_stock_outs(
            sales, train_weeks=train, share=options["out_share"], seed=options["seed"]
        )
        found = evaluation.by_method([*scores, *censored])
        passed = found["forecast"].wape < found["seasonal naive"].wape and abs(found["corrected"].bias) < abs(
            found["uncorrected"].bias
        )
        rows = [
            {
                "method": name, "WAPE": f"{one.wape:.1%}", "MASE": f"{one.mase:.3f}", "bias": f"{one.bias:+.1%}",
                "judged on": "all that was asked" if one in scores else f"the same; {lost:.0%} of sales were lost",
            }
            for name, one in found.items()
        ]  # fmt: skip
        figures = {
            name.replace(" ", "_"): {"wape": round(one.wape, 4), "mase": round(one.mase, 4), "bias": round(one.bias, 4)}
            for name, one in found.items()
        } | {
            "products": len(sales.daily),
            "units_per_product_and_day": round(float(sales.daily.mean()), 3),
            "train_weeks": train,
            "test_weeks": weeks - train,
            "lost_share": round(lost, 4),
            "passed": passed,
            "seconds": round(time.perf_counter() - started, 1),
        }
        self.stdout.ending = ""  # report ends its own lines
        report(rows, figures, title="Daily demand, forecast a week ahead", out=self.stdout)  # type: ignore[arg-type]
        if not passed:
            sys.exit(1)


def read_baskets(folder: Path) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Order and product of every line. Raises CommandError with what to do."""
    names = ["order_id", "product_id"]
    if (file := folder / f"{BASKETS}.parquet").is_file():
        try:
            from pyarrow import parquet
        except ImportError:
            raise CommandError("Reading parquet needs pyarrow, a development package; or give a CSV file.") from None
        table = parquet.read_table(file, columns=names)
        return table["order_id"].to_numpy(), table["product_id"].to_numpy()
    if (file := folder / f"{BASKETS}.csv").is_file():
        with file.open(encoding="utf-8-sig", newline="") as lines:
            found = [(int(row["order_id"]), int(row["product_id"])) for row in csv.DictReader(lines)]
        return np.array([a for a, _ in found]), np.array([b for _, b in found])
    raise CommandError(f"There is no {BASKETS} in {folder}.")


def read_hours(file: Path) -> list[tuple[int, int, int]]:
    """(order, weekday, hour) of real orders. Raises CommandError."""
    if not file.is_file():
        raise CommandError(f"There is no file {file}.")
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return [
            (int(row["order_id"]), int(row["order_dow"]), int(row["order_hour_of_day"]))
            for row in csv.DictReader(lines)
        ]
