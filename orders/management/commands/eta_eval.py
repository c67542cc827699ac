"""The learned middle and the nine-in-ten promise on real deliveries, judged on later orders than it learned from."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from orders.promise.deliveries import (
    FIELDS,
    INCREASING,
    KINDS,
    NUMBERS,
    BadFile,
    Delivery,
    Judged,
    facts,
    judge,
    read,
    walk,
)  # fmt: skip

HEAD = f"{'':28s}   MAE     kept  padding   kept by fifths of time     of predicted size"
MOST_MAE_M, KEPT, KEPT_IN_FIFTHS = 9.6, (88, 92), (85, 95)


class Command(BaseCommand):
    help = "Learn from the earlier deliveries of a file and judge on the later ones: middle, promise kept, padding."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--train", type=Path, help="Without it, or with the same file: its first three quarters")

    def handle(self, *args: Any, file: Path, train: Path | None, **options: Any) -> None:
        began_s = time.monotonic()
        try:
            rows = self._judge(*self._split(file, train))
        except BadFile as error:
            raise CommandError(str(error)) from error
        self.stdout.write(HEAD)
        for name, judged in rows:
            by = "   ".join(" ".join(f"{share:4.0f}" for share in five) for five in (judged.by_time, judged.by_size))
            self.stdout.write(f"{name:28s} {judged.mae_m:5.2f}  {judged.kept:5.1f} %  {judged.padding_m:7.1f}   {by}")
        ours = rows[-1][1]
        fifths = [*ours.by_time, *ours.by_size]
        fits = [
            (ours.mae_m <= MOST_MAE_M, f"MAE at most {MOST_MAE_M}"),
            (KEPT[0] <= ours.kept <= KEPT[1], f"kept {KEPT[0]} to {KEPT[1]} %"),
            (
                all(KEPT_IN_FIFTHS[0] <= share <= KEPT_IN_FIFTHS[1] for share in fifths),
                f"every fifth {KEPT_IN_FIFTHS[0]} to {KEPT_IN_FIFTHS[1]} % ({min(fifths):.1f} to {max(fifths):.1f})",
            ),
        ]
        self.stdout.write("; ".join(f"{'met' if fit else 'NOT MET'}: {words}" for fit, words in fits))
        self.stdout.write(f"{time.monotonic() - began_s:.0f} s")

    def _split(self, file: Path, train: Path | None) -> tuple[list[Delivery], list[Delivery], list[Delivery]]:
        """Learned from; all that had been placed before (some of it still under way); judged."""
        rows = read(file)
        if train is None or train.resolve() == file.resolve():
            cut = len(rows) * 3 // 4
            before, asked = rows[:cut], rows[cut:]
            how = "first three quarters of the file by time, last quarter"
        else:
            before, asked = [row for row in read(train) if row.at_m < rows[0].at_m], rows
            how = "the other file as far as it lies before, this file"
        learn_from = [row for row in before if row.at_m + row.took_m < asked[0].at_m] if asked else []
        if len(learn_from) < 200 or len(asked) < 50:
            raise BadFile("It needs 200 deliveries to learn from, all before the 50 or more it is judged on")
        self.stdout.write(f"{len(learn_from)} learned from, {len(asked)} judged ({how}); minutes, promises not rounded")
        return learn_from, before, asked

    def _judge(
        self, train: Sequence[Delivery], before: Sequence[Delivery], asked: Sequence[Delivery]
    ) -> list[tuple[str, Judged]]:
        try:
            from orders.promise.learning import Effort, NotInstalled, learn
        except ImportError as error:
            raise CommandError(str(error)) from error
        middle_m = median(row.took_m for row in train)
        table = facts(train, [*before, *asked])
        ended = {id(row) for row in train}
        known = [line for row, line in zip(before, table, strict=False) if id(row) in ended]
        took = [row.took_m for row in train]
        ones = [1.0] * len(train)
        always = [(middle_m, 1.0)] * len(asked)
        found = [("median of the past", judge(walk(asked, always, [one - middle_m for one in took], fixed=True)))]
        own = len(NUMBERS) + len(KINDS)
        for name, wide, fixed in (("plain boosting, own row only", own, True), ("learned", len(FIELDS), False)):
            try:
                lesson = learn(
                    [row[:wide] for row in known],
                    ones,
                    took,
                    fields=FIELDS[:wide],
                    increasing=INCREASING,
                    version="eval",
                    effort=Effort(models=1, features=0.7) if fixed else Effort(),
                )
            except NotInstalled as error:
                raise CommandError(str(error)) from error
            model = lesson.learned
            rows = [row[:wide] for row in table[len(before) :]]
            said = [(model.times(1.0, row)[0], model.usual_miss(row)) for row in rows]
            found.append((name, judge(walk(asked, said, lesson.scores, fixed=fixed))))
            if not fixed:
                found.insert(-1, ("the same, nothing on the way", judge(walk(asked, said, lesson.scores, fixed=True))))
        return found
