"""Was a question understood as it should be? Compared as canonical objects; what has no gold is only sorted."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dashboard.ask.folding import fold
from dashboard.ask.form import canonical
from dashboard.ask.query import Understanding

HERE = Path(__file__).parent
REFUSE = "refuse"
VERDICTS = {
    "right": "answered right", "asked": "asked which, the right one among them", "honest": "honestly refused",
    "missed": "refused though it can be answered", "wrong": "wrong", "answered": "answered (no gold)",
    "which": "asks which (no gold)", "refused": "refused (no gold)",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Golden:
    """`expect`: the canonical object, several where it must ask which, REFUSE, or None where nobody has said."""

    question: str
    expect: Any = None
    group: str = ""
    sql: str = ""


def golden() -> list[Golden]:
    """Our own golden questions."""
    rows = json.loads((HERE / "questions.json").read_text(encoding="utf-8"))
    return [Golden(row["question"], row["expect"], row["group"], row.get("sql", "")) for row in rows]


def mark(question: str) -> str:
    """By what a question is known whose text may not be kept here."""
    return hashlib.sha256(fold(question).encode()).hexdigest()


def read(text: str) -> list[Golden]:
    """Questions of a file: JSON rows with "question" (and perhaps "expect"), or one a line. Raises ValueError."""
    known = json.loads((HERE / "dev.json").read_text(encoding="utf-8"))
    stripped = text.lstrip()
    if stripped.startswith("["):
        rows = json.loads(stripped)
    else:
        rows = [
            json.loads(line) if line.lstrip().startswith("{") else line
            for line in stripped.splitlines()
            if line.strip()
        ]
    found: list[Golden] = []
    for row in rows:
        told = {"question": row} if isinstance(row, str) else row
        if not isinstance(told, dict) or not isinstance(told.get("question"), str):
            raise ValueError("Each row is a question, or an object with one.")
        question = told["question"]
        found.append(Golden(question, told.get("expect", known.get(mark(question))), told.get("group", "")))
    return found


def verdict(one: Golden, understanding: Understanding) -> str:
    """A key of VERDICTS."""
    got = [canonical(reading.of) for reading in understanding.readings]
    if one.expect is None:
        return "refused" if not got else "answered" if len(got) == 1 else "which"
    if one.expect == REFUSE:
        return "wrong" if got else "honest"
    wanted = one.expect if isinstance(one.expect, list) else [one.expect]
    if not got:
        return "missed"
    if len(got) == 1 and len(wanted) == 1:
        return "right" if got == wanted else "wrong"
    if len(wanted) > 1:
        return "right" if sorted(map(str, got)) == sorted(map(str, wanted)) else "wrong"
    return "asked" if wanted[0] in got else "wrong"


@dataclass(frozen=True, slots=True)
class Score:
    counts: Counter[str]

    @property
    def answerable(self) -> int:
        return sum(self.counts[one] for one in ("right", "asked", "missed", "wrong")) - self.counts["dared"]

    @property
    def right_percent(self) -> float:
        """Of those that can be answered."""
        return 100 * self.counts["right"] / self.answerable if self.answerable else 0.0

    @property
    def wrong_percent(self) -> float:
        """Of all that have gold."""
        judged = sum(self.counts[one] for one in ("right", "asked", "missed", "wrong", "honest"))
        return 100 * self.counts["wrong"] / judged if judged else 0.0


def score(pairs: Iterable[tuple[Golden, str]]) -> Score:
    """`dared` counts the wrong that should have been refused: they are no answerable questions."""
    counts: Counter[str] = Counter()
    for one, found in pairs:
        counts[found] += 1
        counts["dared"] += found == "wrong" and one.expect == REFUSE
    return Score(counts)
