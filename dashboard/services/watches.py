""" "Watch this": a kept question asked again and again, and its owner told when the figure says something.

Beat sweeps the rows that are due. A row is claimed by moving its time on (SKIP LOCKED), asked outside any transaction
with the rights its owner has at that moment, and judged under its lock; so that two sweeps, or one that died in the
middle, never tell twice.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F
from django.utils.translation import override

from accounts.models import User
from blinkit.kernel import events, metrics
from blinkit.kernel.errors import Invalid, Refusal, TooMany, Unavailable
from blinkit.kernel.said import say
from blinkit.kernel.words import said
from dashboard import cells, charts
from dashboard.ask.columns import Column
from dashboard.ask.figures import figure
from dashboard.errors import NothingToWatch, QuestionNotFound, TooManySaved
from dashboard.models import QuestionAlert, QuestionWatch, SavedQuestion
from dashboard.services import asking
from notifications.events import QuestionTold, WatchStopped

log = structlog.get_logger(__name__)

MOST_WATCHES = 20
LEAST_EVERY_S, MOST_EVERY_S = 60, 24 * 3600
BATCH = 50
ROWS = "rows"
"""The figure of an answer without one: how many rows it has."""
ROWS_KEPT = 60


def watchable(columns: Sequence[Column]) -> list[tuple[str, str, str]]:
    """(name, label, kind) of what can be watched in an answer: its figures, and how many rows there are."""
    found = [(column.name, column.label, column.kind) for column in columns if column.is_figure]
    return [*found, (ROWS, "How many rows", "number")]


def value_of(answer: asking.Told, field: str) -> float | None:
    """The figure looked at: of the first row, which is the cheapest, the largest, the newest; None without one."""
    if field == ROWS:
        return float(len(answer.rows) if answer.total is None else answer.total)
    at = next((number for number, column in enumerate(answer.columns) if column.name == field), None)
    if at is None or not answer.rows:
        return None
    return figure(answer.rows[0][at])


@transaction.atomic
def watch(
    *,
    saved_id: UUID,
    user_id: int,
    field: str,
    now: datetime,
    above: float | None = None,
    below: float | None = None,
    every_s: int = 300,
) -> QuestionWatch:
    """Tell this person when `field` rises above or falls below a bound or, with neither, when it changes. Bounds are in
    the field's own unit (paise, hundredths of a percent, seconds).

    The same figure of the same question is watched once: new bounds replace the old ones. Raises QuestionNotFound,
    TooManySaved, Invalid.
    """
    if not LEAST_EVERY_S <= every_s <= MOST_EVERY_S:
        raise Invalid("A question is watched once a minute at most, and once a day at least.")
    if any(bound is not None and not math.isfinite(bound) for bound in (above, below)):
        raise Invalid("A bound is a number.")
    if not field or len(field) > 80:
        raise NothingToWatch()
    User.objects.select_for_update(no_key=True).only("pk").get(pk=user_id)
    question = SavedQuestion.objects.filter(pk=saved_id, owner_id=user_id).first()
    if question is None:
        raise QuestionNotFound()
    mine = QuestionWatch.objects.filter(owner_id=user_id)
    found = mine.filter(question=question, field=field).first()
    live = mine.filter(is_active=True)
    if (found is None or not found.is_active) and live.count() >= MOST_WATCHES:
        raise TooManySaved(say("You watch {n} questions. Stop some first.", n=MOST_WATCHES))
    bounds = {"above": above, "below": below, "every_s": every_s, "due_at": now, "is_active": True, "last_value": None}
    if found is None:
        return QuestionWatch.objects.create(question=question, owner_id=user_id, field=field, **bounds)
    for name, value in bounds.items():
        setattr(found, name, value)
    found.save(update_fields=list(bounds))
    return found


def stop(*, watch_id: UUID, user_id: int) -> None:
    """Stopped is stopped. Raises QuestionNotFound for somebody else's."""
    if not QuestionWatch.objects.filter(pk=watch_id, owner_id=user_id).update(is_active=False):
        raise QuestionNotFound()


def sweep(*, now: datetime, limit: int = BATCH) -> int:
    """Ask every watch that is due. Returns how many were asked."""
    due = _claim(now=now, limit=limit)
    for one in due:
        _look(one, now=now)
    return len(due)


def alert_seen(*, alert_id: int, user_id: int, now: datetime) -> QuestionAlert:
    """Seen the first time it is opened. Raises QuestionNotFound for somebody else's."""
    found = (
        QuestionAlert.objects.select_related("watch", "watch__question")
        .filter(pk=alert_id, watch__owner_id=user_id)
        .first()
    )
    if found is None:
        raise QuestionNotFound()
    if found.seen_at is None:
        QuestionAlert.objects.filter(pk=alert_id, seen_at=None).update(seen_at=now)
    return found


def picture(link: str) -> bytes | None:
    """The chart of the alert a message leads to, as PNG; None when there is none to draw."""
    number = link.rstrip("/").rpartition("/")[2]
    found = QuestionAlert.objects.filter(pk=int(number)).first() if number.isdigit() and len(number) < 18 else None
    if found is None or not found.answer.get("chart"):
        return None
    return charts.png(charts.from_json(found.answer["chart"]), title=str(found.answer.get("title", "")))


# -- sweeping ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def _claim(*, now: datetime, limit: int) -> list[QuestionWatch]:
    due = QuestionWatch.objects.filter(is_active=True, due_at__lte=now).order_by("due_at", "pk")
    found = list(due.select_for_update(skip_locked=True, of=("self",)).select_related("question", "owner")[:limit])
    for one in found:
        QuestionWatch.objects.filter(pk=one.pk).update(due_at=now + timedelta(seconds=one.every_s))
    return found


def _look(one: QuestionWatch, *, now: datetime) -> None:
    try:
        answer = asking.again(one.question.understood, user=one.owner, now=now)
    except (TooMany, Unavailable) as busy:
        log.info("a watch could not be asked", watch=str(one.pk), why=busy.detail)
        return  # next time
    except Refusal as refusal:
        _end(one, why=refusal.detail, now=now)
        return
    except Exception:
        metrics.count("question_watch_failed_total")
        log.exception("a watch failed", watch=str(one.pk))
        return
    value = value_of(answer, one.field)
    if value is not None:
        _judge(one.pk, value=value, answer=answer, asked_at=now)


@transaction.atomic
def _judge(watch_id: UUID, *, value: float, answer: asking.Told, asked_at: datetime) -> QuestionAlert | None:
    """Write down what was found and, when it is news, tell it. News is passing a bound, not every look beyond it."""
    one = (
        QuestionWatch.objects.select_for_update(of=("self",), no_key=True)
        .select_related("question", "owner")
        .filter(pk=watch_id, is_active=True)
        .first()
    )
    if one is None or (one.looked_at is not None and one.looked_at >= asked_at):
        return None  # stopped meanwhile, or another sweep has judged this look or a later one
    was = one.last_value
    one.last_value, one.looked_at = value, asked_at
    one.save(update_fields=["last_value", "looked_at"])
    if not is_news(value, was, above=one.above, below=one.below):
        return None
    QuestionWatch.objects.filter(pk=one.pk).update(told_at=asked_at)
    label, kind = next(
        ((label, kind) for name, label, kind in watchable(answer.columns) if name == one.field), ("", "")
    )
    with override(one.owner.language):  # kept as words: told, and read later, in its owner's language
        chart, sentence = answer.chart, said(answer.sentence)
        alert = QuestionAlert.objects.create(
            watch=one, at=asked_at, value=value, was=was,
            answer={
                "title": one.question.title, "sentence": sentence, "label": said(label), "kind": kind,
                "columns": [[column.name, said(column.label), column.kind] for column in answer.columns],
                "rows": [[cells.as_json(cell) for cell in row] for row in answer.named[:ROWS_KEPT]],
                "chart": chart.as_json() if chart else None,
            },
        )  # fmt: skip
        told = QuestionTold(
            user_id=one.owner_id, alert_id=alert.pk, title=one.question.title,
            value=cells.show(_whole(value, kind), kind), was="" if was is None else cells.show(_whole(was, kind), kind),
            sentence=sentence,
        )  # fmt: skip
    events.record(told, subject=f"user:{one.owner_id}", actor="system")
    return alert


def is_news(value: float, was: float | None, *, above: float | None, below: float | None) -> bool:
    """Whether a figure has passed its bound since the last look; without a bound, whether it changed."""
    if above is None and below is None:
        return was is not None and value != was
    over = above is not None and value > above and (was is None or was <= above)
    under = below is not None and value < below and (was is None or was >= below)
    return over or under


@transaction.atomic
def _end(one: QuestionWatch, *, why: str, now: datetime) -> None:
    """Its owner may not ask this any more, or nobody can: it stops, and says so once."""
    if not QuestionWatch.objects.filter(pk=one.pk, is_active=True).update(is_active=False, looked_at=now):
        return
    events.record(
        WatchStopped(user_id=one.owner_id, title=one.question.title, reason=str(why)),
        subject=f"user:{one.owner_id}", actor="system",
    )  # fmt: skip


def _whole(value: float, kind: str) -> Any:
    return round(value) if kind in ("paise", "number") and value == round(value) else value


def news_of(*, user_id: int, limit: int = 20) -> list[QuestionAlert]:
    """What the watches of a person said last, unseen first."""
    found = QuestionAlert.objects.filter(watch__owner_id=user_id).select_related("watch", "watch__question")
    return list(found.order_by(F("seen_at").desc(nulls_first=True), "-at")[:limit])
