"""`manage.py match_eval [FILE]`: how well listings are told from each other, on pairs labelled by reading them.

Weights and thresholds are learned from one half of the pairs, decided by their hash; the other half was not learned
from. FILE (columns a, a_pack, b, b_pack, label, kind) is judged as a whole with the weights in use. Writes nothing
without --write.
"""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from blinkit.kernel.commands import report
from catalog.matching import evaluation, scoring
from catalog.matching.naming import describe
from catalog.matching.scoring import Measured, Pair

SHOWN = ("same", "family", "review", "other")


class Command(BaseCommand):
    help = "Precision, recall and F1 of matching on labelled pairs, by label and by kind of pair."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, nargs="?", help="pairs of your own instead of the house's")
        parser.add_argument("--data", type=Path, help="the folder with the scraped files (found by itself)")
        parser.add_argument("--wrong", action="store_true", help="print what was judged wrongly, with reasons")
        parser.add_argument("--write", action="store_true", help="keep what was learned as the house's weights")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["file"]:
            self._told(_read(options["file"]), options)
            return
        pairs = evaluation.own_pairs()
        data: Path | None = options["data"] or evaluation.shared_data()
        lost = 0
        if data is not None:
            scraped, lost = evaluation.scraped_pairs(data)
            pairs += scraped
        else:
            print("No scraped files here: the house's own pairs alone.")
        learning = [pair for pair in pairs if pair.is_for_learning]
        model = scoring.learn(learning)
        held = [pair for pair in pairs if not pair.is_for_learning]
        parts = {"learned from": learning, "held out": held}
        if options["write"]:
            scoring.WEIGHTS.write_text(json.dumps(model.as_json(), indent=1) + "\n", encoding="utf-8")
            scoring.given.cache_clear()
            print(f"Kept in {scoring.WEIGHTS.name}.")
        else:
            parts["held out, weights in use"] = held
        measured = {
            name: scoring.measure(scoring.given() if "in use" in name else model, part) for name, part in parts.items()
        }
        report([_row(name, found) for name, found in measured.items()], {"lost": lost}, title="Same product")
        report(_confusion(measured["held out"]), {}, title="Held out: label, and what it was taken for")
        report(_kinds(measured["held out"]), {}, title="Held out: by kind of pair")
        if options["wrong"]:
            _print_wrong(measured["held out"])
        if data is not None:
            report(_amounts(data), {}, title="Unit price: listings whose amount is read")

    def _told(self, pairs: Sequence[Pair], options: dict[str, Any]) -> None:
        found = scoring.measure(scoring.given(), pairs)
        row = _row(options["file"].name, found)
        report([row], row, title="Same product")
        report(_confusion(found), {}, title="Label, and what it was taken for")
        report(_kinds(found), {}, title="By kind of pair")
        if options["wrong"]:
            _print_wrong(found)


def _read(path: Path) -> list[Pair]:
    if not path.is_file():
        raise CommandError(f"{path} is not a file.")
    try:
        pairs = evaluation.read_pairs(path)
    except ValueError as problem:
        raise CommandError(str(problem)) from None
    if not pairs:
        raise CommandError("The file has no pairs.")
    return pairs


def _row(name: str, found: Measured) -> dict[str, Any]:
    return {
        "pairs of": name, "pairs": found.pairs, "same": found.same, "accepted": found.accepted,
        "review": found.reviewed,
        "precision": round(found.precision, 3), "recall": round(found.recall, 3), "f1": round(found.f1, 3),
    }  # fmt: skip


def _confusion(found: Measured) -> list[dict[str, Any]]:
    labels = ("same", "family", "other")
    return [{"label": label, **{said: found.confusion.get((label, said), 0) for said in SHOWN}} for label in labels]


def _kinds(found: Measured) -> list[dict[str, Any]]:
    return [{"kind": kind, "pairs": total, "right": right} for kind, (right, total) in sorted(found.kinds.items())]


def _print_wrong(found: Measured) -> None:
    for pair, scored in found.wrong:
        print(f"{scored.score:.2f} {pair.label}: {' '.join(pair.a.said)} / {' '.join(pair.b.said)}")
        print("     " + ", ".join(f"{what} {how:+.2f}" for what, how in scored.reasons[:7]))


def _amounts(data: Path) -> list[dict[str, Any]]:
    rows = []
    for platform, lines in evaluation.platforms(data).items():
        described, micros = [], []
        for line in lines:
            began = time.thread_time_ns()
            described.append(describe(*line))
            micros.append((time.thread_time_ns() - began) / 1000)
        rows.append(
            {
                "platform": platform, "listings": len(lines),
                "amount": f"{sum(d.amount is not None for d in described) / len(lines):.1%}",
                "thing": f"{sum(bool(d.item) for d in described) / len(lines):.1%}",
                "unlike things": sum(d.is_bundle for d in described),
                "maker": f"{sum(bool(d.brand) for d in described) / len(lines):.1%}",
                "us median": round(median(micros)), "us p90": round(quantiles(micros, n=10)[8]),
            }
        )  # fmt: skip
    return rows
