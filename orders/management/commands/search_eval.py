"""`manage.py search_eval FILE [--store CODE]`: how good and how quick search is, by a file of questions.

Here and not in catalog because what is judged is what a customer sees: what is in stock comes first.
"""

from __future__ import annotations

import json
import re
import time
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any, TextIO, cast

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.models import Count, Q

from blinkit.kernel.commands import report
from catalog.models import Store
from orders import queries


@dataclass(frozen=True, slots=True)
class Question:
    """`want` and `unwanted` are looked for in "name brand" of a product, whatever the case; `k` places are judged."""

    q: str
    want: re.Pattern[str]
    unwanted: re.Pattern[str] | None = None
    k: int = 5

    def is_met_by(self, text: str) -> bool:
        return bool(self.want.search(text)) and not (self.unwanted and self.unwanted.search(text))


@dataclass(frozen=True, slots=True)
class Answer:
    """`place` of the first right product, 1 is the top, 0 is none among those returned."""

    question: Question
    place: int
    found: int
    first: str
    ms: float


def questions_in(path: Path) -> list[Question]:
    """One per line: {"q", "want", "not" (optional), "k" (optional)}. Raises ValueError naming the line."""
    read: list[Question] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
            unwanted = fields.get("not")
            read.append(
                Question(
                    q=str(fields["q"]),
                    want=re.compile(fields["want"], re.IGNORECASE),
                    unwanted=re.compile(unwanted, re.IGNORECASE) if unwanted else None,
                    k=int(fields.get("k", 5)),
                )
            )
        except (ValueError, KeyError, TypeError, AttributeError, re.error) as error:
            raise ValueError(f"Line {number} is not a question: {error!r}") from None
    return read


def asked(question: Question, search: Callable[[str], Sequence[str]]) -> Answer:
    """The question put to `search`, which gives "name brand" of products, best first."""
    started = time.perf_counter()
    found = search(question.q)
    ms = (time.perf_counter() - started) * 1000
    place = next((at for at, text in enumerate(found, start=1) if question.is_met_by(text)), 0)
    return Answer(question, place, len(found), found[0] if found else "", ms)


def figures_of(answers: Sequence[Answer]) -> dict[str, Any]:
    """Shares of questions with a right product first, among five, among k; mean of 1/place; milliseconds."""
    n = len(answers) or 1
    times = [answer.ms for answer in answers]
    return {
        "questions": len(answers),
        "success@1": round(sum(answer.place == 1 for answer in answers) / n, 4),
        "success@5": round(sum(1 <= answer.place <= 5 for answer in answers) / n, 4),
        "success@k": round(sum(1 <= answer.place <= answer.question.k for answer in answers) / n, 4),
        "mrr": round(sum(1 / answer.place for answer in answers if answer.place) / n, 4),
        **spread(times),
    }


def spread(times: Sequence[float], name: str = "") -> dict[str, float]:
    return {
        f"{name}p50_ms": round(median(times), 2) if times else 0.0,
        f"{name}p95_ms": round(quantiles(times, n=20)[-1] if len(times) > 1 else sum(times), 2),
    }


class Command(BaseCommand):
    help = "Judge search by a file of JSON lines {q, want, not, k}: success@1/@5, MRR, p50/p95 milliseconds."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--store", metavar="CODE", help="default: the store with the longest shelf")
        parser.add_argument("--limit", type=int, default=40, help="products looked at per question (default 40)")
        parser.add_argument("--rounds", type=int, default=3, help="times each question is put; the median counts")
        parser.add_argument(
            "--missed", action="store_true", help="show only questions not answered by the first product"
        )
        parser.add_argument("--suggest", action="store_true", help="also type each question letter by letter")

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.ending = ""
        try:
            questions = questions_in(options["file"])
        except (OSError, ValueError) as error:
            raise CommandError(str(error)) from None
        code = options["store"] or longest_shelf()
        if not Store.objects.filter(code=code, is_active=True).exists():
            raise CommandError(f"There is no active store {code!r}.")

        def search(q: str) -> list[str]:
            cards = queries.search(store_code=code, q=q, limit=options["limit"])
            return [f"{card.row.name} {card.row.brand}" for card in cards]

        rounds = max(1, options["rounds"])
        search("warm")
        cpu = cpu_seconds()
        all_rounds = [[asked(question, search) for question in questions] for _ in range(rounds)]
        cpu_ms = (cpu_seconds() - cpu) * 1000 / max(1, rounds * len(questions))
        answers = [
            Answer(a[0].question, a[0].place, a[0].found, a[0].first, median(answer.ms for answer in a))
            for a in zip(*all_rounds, strict=True)
        ]
        shown = [answer for answer in answers if answer.place != 1 or not options["missed"]]
        rows = [
            {
                "q": answer.question.q,
                "place": answer.place or "-",
                "found": answer.found,
                "ms": round(answer.ms, 1),
                "first": answer.first[:70],
            }
            for answer in shown
        ]
        figures = {"store": code, **figures_of(answers), "cpu_ms": round(cpu_ms, 2)}
        if options["suggest"]:
            figures |= self._typed(code, questions)
        report(rows, figures, title=f"Search of {code} by {options['file'].name}", out=cast(TextIO, self.stdout))

    def _typed(self, code: str, questions: Sequence[Question]) -> dict[str, Any]:
        """Each question as it is typed, from the second letter on."""
        times: list[float] = []
        queries.suggestions(store_code=code, q="warm")
        cpu = cpu_seconds()
        for question in questions:
            for end in range(2, len(question.q) + 1):
                started = time.perf_counter()
                queries.suggestions(store_code=code, q=question.q[:end])
                times.append((time.perf_counter() - started) * 1000)
        cpu_ms = (cpu_seconds() - cpu) * 1000 / max(1, len(times))
        return {"suggestions": len(times), **spread(times, "suggest_"), "suggest_cpu_ms": round(cpu_ms, 2)}


def longest_shelf() -> str:
    stores = Store.objects.filter(is_active=True).annotate(n=Count("shelf", filter=Q(shelf__is_listed=True)))
    return stores.order_by("-n", "code").values_list("code", flat=True).first() or ""


def cpu_seconds() -> float:
    """Of this process and, where the database runs on this (Linux) machine, of the connection's server process."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    try:
        server_ns = int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        server_ns = 0
    return time.process_time() + server_ns / 1e9
