"""Learn the promise from our own delivered orders, and use what was learned only while it does better."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from statistics import fmean, median
from typing import Any

from django.db import connection, transaction

from blinkit.kernel import live
from orders.etas import EtaModel
from orders.models import JUDGED_FIRST
from orders.promise.conformal import Adaptive
from orders.promise.facts import FIELDS, INCREASING, Corrector, facts, guess_of
from orders.queries.eta import NOTED, Outcome, corrector

LEARN_FROM_DAYS = 60
MOST_ROWS = 50_000
LEAST_ROWS = 1_000
"""Fewer delivered orders say less than the rule of thumb does."""
JUDGED_SHARE = 0.2
"""The newest part, which is not learned from."""
LEAST_UNSEEN = 200
"""The model in use is judged on what it has not seen where there is so much of it."""
BETTER_BY = 0.005
"""A new model must lose so much less than what is in use: changing for nothing costs trust in the figures."""
KEEP_DAYS = 90
HEURISTIC = "heuristic"
NOTED_S = 8 * 24 * 3600


class NoSuchModel(ValueError):
    """No training of this number, or one that can't be read."""


@dataclass(frozen=True, slots=True)
class Row:
    made_at: datetime
    made_from: dict[str, Any]
    guess: tuple[float, float]
    actual_s: float


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds and per cent. `loss` is the mean pinball loss of p50 and p90 (Koenker and Bassett 1978): both the middle
    and the promise count, too much padding as well as too little."""

    mae_s: float
    kept_percent: float
    padding_s: float
    loss: float


@dataclass(frozen=True, slots=True)
class Trained:
    """`in_use` says what quotes use from now on: "heuristic" or a model, as in the ledger's version."""

    model: EtaModel | None
    in_use: str
    why: str
    figures: dict[str, Figures]
    outcome: Outcome
    orders: int = 0


def train_eta(*, now: datetime) -> Trained:
    """Learn from the last 60 days but their newest fifth, judge on that, and use the best of three: the rule of thumb,
    the model in use, the new one. A model that does worse than the rule of thumb goes out of use by itself.

    Every training is kept with its figures, and what came of the last one is noted for operations
    (orders.queries.eta.training_now). Raises learning.NotInstalled.
    """
    from orders.promise.learning import NotInstalled, booster

    try:
        booster()
    except NotInstalled:
        _note(Outcome.NOT_INSTALLED, now=now)
        raise
    trained = _train(now=now)
    _note(trained.outcome, now=now, orders=trained.orders, model=str(trained.model or ""))
    return trained


def _note(outcome: Outcome, *, now: datetime, **more: Any) -> None:
    live.remember(NOTED, {"at": now.isoformat(), "outcome": outcome.value, **more}, ttl_s=NOTED_S)


def _train(*, now: datetime) -> Trained:
    from orders.promise.learning import Effort, learn

    rows = delivered_rows(now=now)
    active = EtaModel.objects.filter(is_active=True).first()
    name = str(active) if active else HEURISTIC
    if len(rows) < LEAST_ROWS:
        why = f"{len(rows)} delivered orders; {LEAST_ROWS} are needed."
        return Trained(None, name, why, {}, Outcome.TOO_FEW, orders=len(rows))
    cut = len(rows) - round(JUDGED_SHARE * len(rows))
    earlier, later = rows[:cut], rows[cut:]
    ranks = _ranks(earlier)
    effort = Effort(rounds=80, rate=0.08, leaves=8, least_rows=max(20, len(earlier) // 200), models=1)
    lesson = learn(
        [facts(row.made_from, ranks) for row in earlier],
        [row.guess[0] for row in earlier],
        [row.actual_s for row in earlier],
        fields=FIELDS,
        increasing=INCREASING,
        version="new",
        effort=effort,
    )
    new = Corrector(lesson.learned, ranks)
    if active is not None:
        unseen = [row for row in later if row.made_at > active.learned_until]
        later = unseen if len(unseen) >= LEAST_UNSEEN else later
    said = _walk(new, later, lesson.scores)
    figures = {HEURISTIC: judged(later, lambda row: row.guess), "new": _figures(later, said.times)}
    current = corrector(active.pk) if active else None
    if active is not None and current is not None:
        using = current
        figures[name] = judged(later, lambda row: using.times(row.guess[0], row.made_from))
    return _keep(
        Corrector(lesson.learned.with_z(said.z), ranks),
        figures,
        active=active,
        rows=earlier,
        judged_on=len(later),
        now=now,
    )


def use_eta(*, model_id: int | None) -> None:
    """Put an earlier training back into use, or with None the rule of thumb. Repeated: silent. Raises NoSuchModel."""
    if model_id is not None and corrector(model_id) is None:
        raise NoSuchModel(f"There is no readable model l{model_id}.")
    with transaction.atomic():
        _lock()
        EtaModel.objects.filter(is_active=True).exclude(pk=model_id or 0).update(
            is_active=False, why="Taken out by hand."
        )
        if model_id is not None:
            EtaModel.objects.filter(pk=model_id, is_active=False).update(is_active=True, why="Put in use by hand.")


def delivered_rows(*, now: datetime) -> list[Row]:
    """The promise each delivered order was held to, but for a slot, oldest first; at most MOST_ROWS."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT made_at, inputs, extract(epoch FROM actual_at - made_at) FROM (
                SELECT DISTINCT ON (p.order_id) p.made_at, p.inputs, p.actual_at
                FROM orders_promise p JOIN orders_order o ON o.id = p.order_id
                WHERE p.made_at > %s AND p.made_at <= %s AND o.slot_id IS NULL AND o.delivered_at <= %s
                ORDER BY p.order_id, {JUDGED_FIRST}) held_to
            WHERE actual_at > made_at ORDER BY made_at DESC LIMIT %s""",
            [now - timedelta(days=LEARN_FROM_DAYS), now, now, MOST_ROWS],
        )
        found = cursor.fetchall()
    rows = []
    for made_at, inputs, actual_s in reversed(found):
        made_from = _json(inputs)
        guess = guess_of(made_from)
        if guess is not None:
            rows.append(Row(made_at, made_from, guess, float(actual_s)))
    return rows


def judged(rows: Sequence[Row], times: Callable[[Row], tuple[float, float]]) -> Figures:
    return _figures(rows, [times(row) for row in rows])


def _figures(rows: Sequence[Row], said: Sequence[tuple[float, float]]) -> Figures:
    actual = [row.actual_s for row in rows]
    return Figures(
        mae_s=round(fmean(abs(took - p50) for took, (p50, _p90) in zip(actual, said, strict=True)), 1),
        kept_percent=round(100 * fmean(took <= p90 for took, (_p50, p90) in zip(actual, said, strict=True)), 1),
        padding_s=round(fmean(p90 - took for took, (_p50, p90) in zip(actual, said, strict=True)), 1),
        loss=round(fmean(_pinball(took, *both) for took, both in zip(actual, said, strict=True)), 2),
    )


def _pinball(took: float, p50: float, p90: float) -> float:
    over, far = took - p50, took - p90
    return max(0.5 * over, -0.5 * over) + max(0.9 * far, -0.1 * far)


@dataclass(frozen=True, slots=True)
class _Said:
    times: list[tuple[float, float]]
    z: float


def _walk(new: Corrector, rows: Sequence[Row], scores: Sequence[float]) -> _Said:
    """The new model promises in turn; its room follows what was kept, as it would night after night."""
    room, times = Adaptive(scores), []
    for row in rows:
        values = new.values(row.made_from)
        p50_s, _p90_s = new.learned.times(row.guess[0], values)
        usual_s = new.learned.usual_miss(values)
        both = new.bounded(row.guess[0], p50_s, p50_s + room.z() * usual_s)
        times.append(both)
        room.seen((row.actual_s - both[0]) / usual_s, kept=row.actual_s <= both[1])
    return _Said(times, room.z())


def _ranks(rows: Sequence[Row]) -> dict[str, float]:
    ratios: defaultdict[str, list[float]] = defaultdict(list)
    for row in rows:
        ratios[str(row.made_from.get("store"))].append(row.actual_s / row.guess[0])
    known = {code: median(many) for code, many in ratios.items() if len(many) >= 20}
    return {code: float(rank) for rank, code in enumerate(sorted(known, key=lambda code: (known[code], code)))}


@transaction.atomic
def _keep(
    new: Corrector,
    figures: dict[str, Figures],
    *,
    active: EtaModel | None,
    rows: Sequence[Row],
    judged_on: int,
    now: datetime,
) -> Trained:
    """Write the training down and choose. Whoever trained meanwhile was first: the new one is then kept out of use."""
    _lock()
    name = str(active) if active else HEURISTIC
    using = EtaModel.objects.filter(is_active=True).first()
    own = figures["new"]
    others = {other: one.loss for other, one in figures.items() if other != "new"}
    best = min(others, key=others.__getitem__)
    wins = own.loss <= others[best] * (1 - BETTER_BY)
    if (using.pk if using else None) != (active.pk if active else None):
        wins, best, why = False, str(using) if using else HEURISTIC, "Another training came first."
    else:
        why = f"It loses {own.loss:.1f}, {best} {others[best]:.1f} on the same {judged_on} orders."
        if active is not None and not wins and best == HEURISTIC:
            worse = f"Worse than the rule of thumb. {why}"
            EtaModel.objects.filter(pk=active.pk).update(is_active=False, why=worse[:200])
    if wins and active is not None:
        EtaModel.objects.filter(pk=active.pk).update(is_active=False, why=f"A newer one does better. {why}"[:200])
    model = EtaModel(
        trained_at=now,
        learned_until=rows[-1].made_at,
        rows=len(rows),
        judged_on=judged_on,
        mae_s=own.mae_s,
        kept_percent=own.kept_percent,
        padding_s=own.padding_s,
        figures={other: asdict(one) for other, one in figures.items()},
        kept={},
        is_active=wins,
        why=why,
    )
    model.save()
    kept = new.as_json()
    kept["learned"]["version"] = str(model)
    EtaModel.objects.filter(pk=model.pk).update(kept=kept)
    EtaModel.objects.filter(is_active=False, trained_at__lt=now - timedelta(days=KEEP_DAYS)).delete()
    in_use = str(model) if wins else (name if best == name else best)
    outcome = Outcome.TAKEN if wins else Outcome.KEPT_OUT
    if in_use == HEURISTIC != name:
        outcome = Outcome.ROLLED_BACK
    return Trained(model, in_use, why, figures, outcome, orders=len(rows))


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('orders.eta'))")


def _json(value: Any) -> dict[str, Any]:
    import orjson

    found = orjson.loads(value) if isinstance(value, str | bytes) else value
    return found if isinstance(found, dict) else {}
