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
from blinkit.kernel.errors import Invalid, NotAllowed, Unavailable
from blinkit.kernel.words import said
from dashboard import cells, charts
from dashboard.ask import chips, dates, form, say, tokens
from dashboard.ask import suggest as suggesting
from dashboard.ask.columns import Column, drawn
from dashboard.ask.figures import PER_UNIT, figure
from dashboard.ask.layer import FIGURES, Layer
from dashboard.ask.layer import layer as whole_layer
from dashboard.ask.lexicon import Lexicon
from dashboard.ask.query import Query, Reading, Understood, Window
from dashboard.models import Verdict
from dashboard.queries.lexicon import lexicon
from dashboard.services import ask as facade
from dashboard.services import asking_basket, asking_model
from dashboard.services.ask import Answer, Caller, caller_of, may_ask, note_feedback
from orders.states import Status

__all__ = ["Chip", "Told", "Way", "again", "ask", "caller_of", "changed", "may_ask", "note_feedback", "suggest"]

UNSAID = frozenset({"limit", "order"})
"""Parts that go without saying."""
UNITS = {"paise": "₹", "bp": "%", "seconds": "min", "minutes": "min"}


@dataclass(frozen=True, slots=True)
class Chip:
    """One part of what was understood, as a person may take it away or change it. `at` says which part it is."""

    at: str
    label: str
    value: str
    can_go: bool = False
    others: tuple[tuple[str, str], ...] = ()
    """What it may be instead: (value, words)."""
    takes_words: bool = False
    """Something else may be typed in: a number in `unit`, or words."""
    typed: str = ""
    unit: str = ""

    @property
    def text(self) -> str:
        return f"{said(self.label)}: {said(self.value)}"


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
    is_query: bool = True
    """False: what was sent is no query object at all, whoever asks."""
    log_id: UUID | None = None

    @property
    def title(self) -> str:
        """What to call it: the words it was asked in, else its parts."""
        return self.question or " · ".join(chip.value for chip in self.chips if chip.at not in UNSAID)

    @property
    def chart(self) -> charts.Chart | None:
        return charts.chart_of(intent=self.intent, columns=self.columns, rows=self.named)

    @property
    def named(self) -> list[tuple[Any, ...]]:
        """The rows as people read them: platforms, stores and shelves by name, not by key."""
        kinds = [column.of for column in self.columns]
        if not any(kinds):
            return [tuple(row) for row in self.rows]
        names = lexicon()
        return [
            tuple(
                _called(of, cell, names) if of and isinstance(cell, str) else cell
                for of, cell in zip(kinds, row, strict=True)
            )
            for row in self.rows
        ]

    @property
    def start(self) -> int:
        return self.page * self.per_page

    @property
    def end(self) -> int:
        return self.start + len(self.rows)


def ask(
    asked: str | Mapping[str, Any],
    *,
    caller: Caller,
    now: datetime,
    page: int = 0,
    text: str = "",
    anew: bool = False,
) -> Told:
    """Words, or a query object as an earlier answer had it (`text`: the words it came from; `anew`: its "today" is
    that of `now`, not of the day it was kept). Never raises for what was
    asked: what these names or these rights do not allow is an answer with verdict "refused"."""
    if isinstance(asked, str):
        answer = facade.ask(asked, caller=caller, now=now, page=page)
        if answer.verdict in (Verdict.SORRY, Verdict.WHICH):
            answer = _with_model(asked, answer, caller=caller, now=now)
        return _told(answer, question=asked, caller=caller, now=now)
    try:
        understood = facade.read_understood(asked, caller=caller)
    except ValueError as wrong:
        return Told("refused", question=text, why=wrong.args[0] if wrong.args else "", is_query=_is_query(asked))
    if anew and isinstance(understood, Query):
        window, against = _moved(understood.window, now), _moved(understood.against, now)
        understood = replace(understood, window=window, against=against)
    answer = facade.ask(understood, caller=caller, now=now, page=page, text=text)
    return _told(answer, question=text, caller=caller, now=now)


def again(understood: dict[str, Any], *, user: User, now: datetime) -> Told:
    """A kept question asked with the rights this person has now. Raises NotAllowed when these are not enough any more,
    Unavailable when it cannot be answered just now."""
    if not user.is_active:
        raise NotAllowed("This account is closed.")
    found = ask(understood, caller=caller_of(user.pk, user.roles), now=now, anew=True)
    if found.verdict == "failed":
        raise Unavailable(found.why)
    if found.verdict != "answered":
        raise NotAllowed(found.why or "This cannot be asked any more.")
    return found


def _moved(window: Window | None, now: datetime) -> Window | None:
    """A period as its words mean it now; one without words stays where it is."""
    found = dates.spans(tokens.read(window.said), now) if window is not None and window.said else []
    return replace(window, start=found[0].start, end=found[0].end) if window and len(found) == 1 else window


def _is_query(told: Mapping[str, Any]) -> bool:
    try:
        form.from_json(told, whole_layer())
    except ValueError:
        return False
    return True


def _with_model(asked: str, answer: Answer, *, caller: Caller, now: datetime) -> Answer:
    """What a model makes of it, where there is one and it is of use; else the answer as it was."""
    proposed = asking_model.propose(
        asked, layer=facade.layer_for(caller), read=lambda told: facade.read_understood(told, caller=caller), now=now
    )
    if proposed is None:
        return answer
    found = facade.ask(proposed, caller=caller, now=now, text=asked, by_model=True)
    return found if found.verdict == Verdict.ANSWERED else answer


def suggest(text: str, *, caller: Caller) -> list[str]:
    """Whole questions that begin like this; examples where nothing is typed."""
    return suggesting.suggest(text, lexicon(), facade.layer_for(caller), caller.audiences)


def changed(
    understood: Mapping[str, Any],
    *,
    at: str,
    caller: Caller,
    now: datetime,
    value: str = "",
    typed: str = "",
    gone: bool = False,
) -> dict[str, Any]:
    """The query object after one of its parts was taken away or changed: into one of its `others`, into what was typed
    (in the unit of its chip), or both. Raises Invalid for what does not fit."""
    layer = facade.layer_for(caller)
    try:
        of = facade.read_understood(understood, caller=caller)
        if gone:
            return form.to_json(chips.apply(of, at, None, layer, now=now))
        if value:
            of = chips.apply(of, at, value, layer, now=now)
        if typed:
            part = next((one for one in chips.describe(of, layer) if one.id == at), None)
            kind = _kind(layer, part.field) if part else "text"
            if kind in FIGURES:
                number = cells.in_units(typed, kind)
                typed = str(int(number)) if number == int(number) else str(float(number))
            of = chips.apply(of, at, typed, layer, now=now)
    except ValueError as wrong:
        raise Invalid(wrong.args[0] if wrong.args else "That part of the question can't be changed so.") from None
    return form.to_json(of)


def _told(answer: Answer, *, question: str, caller: Caller, now: datetime) -> Told:
    meant = answer.understanding
    reading = meant.readings[0] if meant and len(meant.readings) == 1 and not answer.by_model else None
    of, layer = answer.query, facade.layer_for(caller)
    told = Told(
        answer.verdict.value, question=question, understood=form.to_json(of) if of else None,
        intent=str(of.intent) if isinstance(of, Query) else "", sentence=_sentence(answer, layer),
        columns=drawn(answer.columns, of) if isinstance(of, Query) else (), rows=answer.rows, more=answer.more,
        page=answer.page, per_page=of.limit if isinstance(of, Query) else 50,
        sql=answer.sql, fresh_at=answer.fresh_at, cached=answer.cached, by_model=answer.by_model, ms=answer.ms,
        steps=answer.steps, unused=reading.unused if reading else (), near=meant.near if meant else (), why=answer.why,
        log_id=answer.log_id, chips=_chips(of, layer) if of and answer.verdict == Verdict.ANSWERED else (),
    )  # fmt: skip
    if answer.basket is not None:
        return replace(
            told, intent="compare", sentence=asking_basket.sentence(answer.basket),
            columns=asking_basket.COLUMNS, rows=asking_basket.rows(answer.basket),
        )  # fmt: skip
    if answer.verdict == Verdict.WHICH and meant:
        return replace(told, ways=tuple(Way(_in_words(one, layer), form.to_json(one.of)) for one in meant.readings))
    if isinstance(of, Query) and answer.verdict == Verdict.ANSWERED and (answer.more or answer.page):
        return replace(told, total=facade.counted(of, caller=caller, now=now))
    return told


def _called(of: str, key: str, names: Lexicon) -> str:
    """What people call it; of a state of an order, what they read elsewhere."""
    return str(Status(key).label) if of == "status" and key in Status.values else names.label(of, key)


def _sentence(answer: Answer, layer: Layer) -> str:
    if not isinstance(answer.query, Query) or answer.verdict != Verdict.ANSWERED:
        return ""
    keys = [column.key for column in answer.columns]
    rows = [dict(zip(keys, row, strict=True)) for row in answer.rows]
    return say.sentence(answer.query, rows, layer, lexicon())


# -- chips -------------------------------------------------------------------------------------------------------------


def _chips(of: Understood, layer: Layer) -> tuple[Chip, ...]:
    return tuple(_chip(one, of, layer) for one in chips.describe(of, layer, lexicon()))


def _chip(one: chips.Chip, of: Understood, layer: Layer) -> Chip:
    others = tuple((other.key, other.label) for other in one.others)
    made = Chip(one.id, one.label, one.value, one.removable, others)
    part, _colon, number = one.id.partition(":")
    if part != "filter" or not isinstance(of, Query):
        return made
    found, kind = of.filters[int(number)], _kind(layer, one.field)
    is_list = others and not others[0][0].startswith("op:")
    if is_list or kind in ("flag", "time", "date", "id") or len(found.values) != 1:
        return made
    typed = figure(found.values[0])
    shown = str(found.values[0]) if typed is None else f"{typed / PER_UNIT.get(kind, 1):.12g}"
    return replace(made, takes_words=True, typed=shown, unit=UNITS.get(kind, ""))


def _kind(layer: Layer, path: str) -> str:
    try:
        return layer.field(path)[1].kind
    except KeyError:
        return "text"


def _in_words(one: Reading, layer: Layer) -> str:
    """A reading as its chips say it, without what goes without saying."""
    parts = [chip for chip in chips.describe(one.of, layer, lexicon()) if chip.id not in UNSAID and chip.value]
    flags = {say.plain(True, "flag"), say.plain(False, "flag")}
    return " · ".join(f"{chip.label}: {chip.value}" if chip.value in flags else chip.value for chip in parts)
