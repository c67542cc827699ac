"""One question from a screen or the API to one answer they can show: the shape all doors share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.models import User
from blinkit.kernel.errors import NotAllowed
from dashboard import charts
from dashboard.cells import Column
from dashboard.services import ask as facade

PAGE = 50


@dataclass(frozen=True, slots=True)
class Chip:
    """One part of what was understood, as a person may take it away or change it. `at` says which part it is."""

    at: str
    text: str
    can_go: bool = True
    op: str = ""
    ops: tuple[tuple[str, str], ...] = ()
    value: str = ""
    values: tuple[tuple[str, str], ...] = ()
    """What it may be instead, where that is a short list: (value, words)."""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """One of several ways to read the question."""

    text: str
    understood: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """`verdict`: answered, which (see `ways`), sorry (see `near`), refused, failed (both: see `why`)."""

    verdict: str
    question: str = ""
    understood: dict[str, Any] | None = None
    intent: str = ""
    sentence: str = ""
    columns: Sequence[Column] = ()
    rows: Sequence[Sequence[Any]] = ()
    total: int | None = None
    """How many rows there are on all pages; None when nobody counted them."""
    more: bool = False
    page: int = 0
    per_page: int = 50
    sql: str = ""
    fresh_at: datetime | None = None
    cached: bool = False
    by_model: bool = False
    ms: int = 0
    chips: tuple[Chip, ...] = ()
    ways: tuple[Way, ...] = ()
    steps: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    near: tuple[str, ...] = ()
    why: str = ""
    log_id: UUID | None = None

    @property
    def chart(self) -> charts.Chart | None:
        return charts.chart_of(intent=self.intent, columns=self.columns, rows=self.rows)

    @property
    def start(self) -> int:
        return self.page * self.per_page

    @property
    def end(self) -> int:
        return self.start + len(self.rows)


ask = facade.told
suggest = facade.suggest
caller_of = facade.caller_of
changed = facade.changed
may_ask = facade.may_ask
note_feedback = facade.note_feedback


def again(understood: dict[str, Any], *, user: User, now: datetime) -> Told:
    """A kept question asked with the rights this person has now. Raises NotAllowed when these are not enough any more,
    Refusal for whatever else stands in its way."""
    if not user.is_active:
        raise NotAllowed("This account is closed.")
    found = ask(understood, caller=caller_of(user.pk, user.roles), now=now)
    if found.verdict != "answered":
        raise NotAllowed(found.why or "This cannot be asked any more.")
    return found
