"""`manage.py ask_eval FILE`: how well questions are understood. Nothing is written and no database is asked, but with
`--live`, which takes the vocabulary from it.

FILE: JSON rows with "question" (and "expect", a canonical object or "refuse"), or one question a line; `golden` stands
for our own questions. Those of strangers are known by their hash (dashboard/ask/golden/dev.json). Without gold it is
only said what was answered, refused or asked back, and with `--verbose` what was understood, for a person to judge.
"""

from __future__ import annotations

import random
import time
from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from dashboard.ask.chips import describe
from dashboard.ask.golden import data, judge
from dashboard.ask.layer import FILE as LAYER
from dashboard.ask.layer import load
from dashboard.ask.understand import understand
from dashboard.queries.lexicon import read

STAFF = frozenset({"public", "store", "ops", "finance", "admin"})


class Command(BaseCommand):
    help = "Measure how questions are understood: answered right, honestly refused, wrong."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="A file of questions, or “golden”")
        parser.add_argument("--verbose", action="store_true", help="Say what each question was understood as")
        parser.add_argument("--public", action="store_true", help="As somebody who may only ask about prices")
        parser.add_argument("--live", action="store_true", help="With the vocabulary of the database")
        parser.add_argument("--names", type=int, default=0, help="So many made-up product names more, to see the speed")
        parser.add_argument("--layer", type=Path, default=LAYER)

    def handle(self, *args: Any, **options: Any) -> None:
        questions = self._questions(options["file"])
        layer = load(options["layer"])
        lexicon = read() if options["live"] else data.lexicon()
        if options["names"]:
            lexicon = replace(lexicon, products=(*lexicon.products, *_made_up(options["names"])))
        now = data.NOW  # what the expected queries were written for
        audiences = frozenset({"public"}) if options["public"] else STAFF
        lexicon.index  # noqa: B018  # built before the clock runs
        understand("onion prices", lexicon, layer, now, data.CITY, audiences)
        pairs: list[tuple[judge.Golden, str]] = []
        took: list[float] = []
        for one in questions:
            begun = time.perf_counter()
            understanding = understand(one.question, lexicon, layer, now, data.CITY, audiences)
            took.append(1000 * (time.perf_counter() - begun))
            found = judge.verdict(one, understanding)
            pairs.append((one, found))
            if options["verbose"] or found in ("wrong", "missed"):
                self.stdout.write(f"{judge.VERDICTS[found]:<38} {one.question}")
                for reading in understanding.readings:
                    chips = " · ".join(f"{chip.label}: {chip.value}" for chip in describe(reading.of, layer, lexicon))
                    unused = f" [not used: {', '.join(reading.unused)}]" if reading.unused else ""
                    self.stdout.write(f"    {chips}{unused}")
                if understanding.sorry:
                    self.stdout.write(f"    {understanding.sorry} ({' / '.join(understanding.near)})")
        result = judge.score(pairs)
        took.sort()
        rows: list[tuple[str, object]] = [
            (said, f"{result.counts[key]} of {len(pairs)}")
            for key, said in judge.VERDICTS.items()
            if result.counts[key]
        ]
        if result.answerable:
            rows.append(("right, of those that can be answered", f"{result.right_percent:.1f} %"))
        if any(one.expect is not None for one, _ in pairs):
            rows.append(("wrong, of all", f"{result.wrong_percent:.1f} %"))
        if took:
            rows.append(
                ("milliseconds, median and p95", f"{took[len(took) // 2]:.1f}, {took[int(len(took) * 0.95)]:.1f}")
            )
        for said, value in rows:
            self.stdout.write(f"{said:<42}{value}")

    def _questions(self, name: str) -> list[judge.Golden]:
        if name == "golden":
            return judge.golden()
        path = Path(name)
        if not path.is_file():
            raise CommandError(f"{path} is not a file.")
        try:
            return judge.read(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise CommandError(f"{path}: {error}") from None


def _made_up(count: int) -> list[str]:
    """Names of four words, one of them new, always the same."""
    dice = random.Random(7)
    words = sorted({word for row in data.THINGS for word in row[0].split()})
    parts = ("ka", "ri", "mo", "ta", "ne", "lu", "si", "pra", "dho", "vi", "chi", "gu", "ba", "sho")
    return [" ".join([*dice.sample(words, 3), "".join(dice.choices(parts, k=3))]) for _ in range(count)]
