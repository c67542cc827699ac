"""One question from a screen or a program to one answer they can show: the shape all doors share.

`dashboard.services.ask` answers; here its answer becomes what people see: chips, ways to read it, a shopping list as a
table. Where nobody here understood a question a language model may be asked (`asking_model`), and what it proposes is
asked like anybody else's query object.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.models import User
from blinkit.kernel.errors import Invalid, NotAllowed
from dashboard import charts
from dashboard.ask import form
from dashboard.ask.query import Query, Understood
from dashboard.cells import Column
from dashboard.models import Verdict
from dashboard.services import ask as facade
from dashboard.services import asking_model
from dashboard.services.ask import Answer, Caller, caller_of, may_ask, note_feedback

__all__ = ["Chip", "Told", "Way", "again", "ask", "caller_of", "changed", "may_ask", "note_feedback", "suggest"]


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


def ask(
    asked: str | Mapping[str, Any], *, caller: Caller, now: datetime, page: int = 0, text: str = ""
) -> Told:
    """Words, or a query object as an earlier answer had it (`text`: the words it came from). Never raises for what was
    asked: what these names or these rights do not allow is an answer with verdict "refused"."""
    if isinstance(asked, str):
        answer = facade.ask(asked, caller=caller, now=now, page=page)
        if answer.verdict in (Verdict.SORRY, Verdict.WHICH):
            answer = _with_model(asked, answer, caller=caller, now=now)
        return _told(answer, question=asked, caller=caller, now=now)
    try:
        understood = facade.read_understood(asked, caller=caller)
    except ValueError as wrong:
        return Told("refused", question=text, why=str(wrong))
    answer = facade.ask(understood, caller=caller, now=now, page=page, text=text)
    return _told(answer, question=text, caller=caller, now=now)


def again(understood: dict[str, Any], *, user: User, now: datetime) -> Told:
    """A kept question asked with the rights this person has now. Raises NotAllowed when these are not enough any more,
    Unavailable when it cannot be answered just now."""
    if not user.is_active:
        raise NotAllowed("This account is closed.")
    found = ask(understood, caller=caller_of(user.pk, user.roles), now=now)
    if found.verdict == "failed":
        raise Unavailable(found.why)
    if found.verdict != "answered":
        raise NotAllowed(found.why or "This cannot be asked any more.")
    return found


def _with_model(asked: str, answer: Answer, *, caller: Caller, now: datetime) -> Answer:
    """What a model makes of it, where there is one and it is of use; else the answer as it was."""
    proposed = asking_model.propose(
        asked, layer=facade.layer_for(caller), read=lambda told: facade.read_understood(told, caller=caller), now=now
    )
    if proposed is None:
        return answer
    found = facade.ask(proposed, caller=caller, now=now, text=asked, by_model=True)
    return found if found.verdict == Verdict.ANSWERED else answer


def _told(answer: Answer, *, question: str, caller: Caller, now: datetime) -> Told:
    meant = answer.understanding
    reading = meant.readings[0] if meant and len(meant.readings) == 1 and not answer.by_model else None
    of = answer.query
    told = Told(
        answer.verdict.value, question=question, understood=form.to_json(of) if of else None,
        intent=str(of.intent) if isinstance(of, Query) else "", sentence=answer.sentence, columns=answer.columns,
        rows=answer.rows, more=answer.more, page=answer.page, per_page=of.limit if isinstance(of, Query) else 50,
        sql=answer.sql, fresh_at=answer.fresh_at, cached=answer.cached, by_model=answer.by_model, ms=answer.ms,
        steps=answer.steps, unused=reading.unused if reading else (), near=meant.near if meant else (), why=answer.why,
        log_id=answer.log_id,
    )  # fmt: skip
    return told
