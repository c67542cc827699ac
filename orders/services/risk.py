"""The stages of live orders are timed, and a promise at risk is warned of before it is broken. Rows and a sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from blinkit.kernel import events, live, metrics
from blinkit.kernel.events import DomainEvent
from orders.events import PromiseAtRisk, PromiseKeptAgain, RunningLate, StoreAtRisk
from orders.models import Order, StageTimer
from orders.queries.outlook import FIELDS, Outlook, outlooks, with_facts
from orders.risk import CLEAR_BELOW, KEPT_FOR, RISK_FROM, WORSE_S
from orders.states import FINISHED, Status

_TIMER = ("timer__promised_by", "timer__at_risk", "timer__warned_late_s", "timer__raised_at", "timer__warned_at")
Row = Mapping[str, Any]
_News = tuple[DomainEvent, str]
"""What happened, and to what."""

_END_FINISHED = """
UPDATE orders_stagetimer AS t SET at_risk = false, ended_at = greatest(t.began_at, o.finished_at),
    breached = t.breached OR (o.status = ANY(%(done)s) AND greatest(t.began_at, o.finished_at) > t.due_at
        AND t.began_at <= t.due_at)
FROM orders_order AS o WHERE o.id = t.order_id AND t.ended_at IS NULL AND o.status = ANY(%(finished)s)
"""
_END_LEFT = """
UPDATE orders_stagetimer AS t SET at_risk = false, ended_at = greatest(t.began_at, n.at),
    breached = t.breached OR (greatest(t.began_at, n.at) > t.due_at AND t.began_at <= t.due_at)
FROM unnest(%(orders)s::uuid[], %(began)s::timestamptz[]) AS n(order_id, at)
WHERE t.order_id = n.order_id AND t.ended_at IS NULL
"""
_OPEN = """
INSERT INTO orders_stagetimer AS t (order_id, store_id, stage, began_at, usual_s, due_at, promised_by, breached,
    slow_stage, slow_s, at_risk, warned_at, warned_late_s)
SELECT w.order_id, w.store_id, w.stage, w.began_at, w.usual_s, w.due_at, w.promised_by, false, w.slow_stage, w.slow_s,
    w.at_risk, w.warned_at, w.warned_late_s
FROM unnest(%(orders)s::uuid[], %(stores)s::bigint[], %(stages)s::text[], %(began)s::timestamptz[], %(usual)s::int[],
    %(due)s::timestamptz[], %(promised)s::timestamptz[], %(slow_stages)s::text[], %(slow)s::int[], %(at_risk)s::bool[],
    %(warned)s::timestamptz[], %(warned_late)s::int[])
    AS w(order_id, store_id, stage, began_at, usual_s, due_at, promised_by, slow_stage, slow_s, at_risk, warned_at,
    warned_late_s)
ORDER BY w.order_id
ON CONFLICT (order_id, stage) DO UPDATE SET store_id = EXCLUDED.store_id, began_at = EXCLUDED.began_at,
    usual_s = EXCLUDED.usual_s, due_at = EXCLUDED.due_at, promised_by = EXCLUDED.promised_by, ended_at = NULL,
    slow_stage = EXCLUDED.slow_stage, slow_s = EXCLUDED.slow_s, at_risk = EXCLUDED.at_risk,
    warned_at = EXCLUDED.warned_at, warned_late_s = EXCLUDED.warned_late_s
"""
_STILL_LIVE = """
SELECT o.id FROM orders_order AS o JOIN unnest(%(orders)s::uuid[], %(statuses)s::text[]) AS w(id, status)
    ON w.id = o.id AND w.status = o.status
ORDER BY o.id FOR NO KEY UPDATE OF o SKIP LOCKED
"""
_RAISE = """
UPDATE orders_stagetimer AS t SET at_risk = true, raised_at = coalesce(b.raised_at, %(now)s),
    warned_at = CASE WHEN b.raised_at IS NULL THEN %(now)s ELSE b.warned_at END, warned_late_s = w.late_s
FROM unnest(%(orders)s::uuid[], %(late)s::int[]) AS w(order_id, late_s) JOIN (
    SELECT id, order_id, raised_at, warned_at FROM orders_stagetimer
    WHERE order_id = ANY(%(orders)s::uuid[]) AND ended_at IS NULL FOR UPDATE) AS b ON b.order_id = w.order_id
WHERE t.id = b.id
RETURNING t.order_id, b.raised_at IS NULL
"""
_CLEAR = """
UPDATE orders_stagetimer AS t SET at_risk = false, kept_at = coalesce(b.kept_at, %(now)s), warned_late_s = NULL
FROM (SELECT id, kept_at FROM orders_stagetimer
    WHERE order_id = ANY(%(orders)s::uuid[]) AND ended_at IS NULL AND at_risk FOR UPDATE) AS b
WHERE t.id = b.id
RETURNING t.order_id, b.kept_at IS NULL
"""
_TELL_CUSTOMER = """
UPDATE orders_stagetimer AS t SET customer_told_at = %(now)s
WHERE t.order_id = ANY(%(orders)s::uuid[]) AND t.ended_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM orders_stagetimer AS b
        WHERE b.order_id = t.order_id AND b.customer_told_at IS NOT NULL)
RETURNING t.order_id
"""
_TELL_STORES = """
INSERT INTO orders_storewarning AS s (store_id, told_at, orders, late_s, stage)
SELECT t.store_id, %(now)s, count(*), greatest(0, max(t.warned_late_s)), mode() WITHIN GROUP (ORDER BY t.stage)
FROM orders_stagetimer AS t LEFT JOIN orders_storewarning AS b ON b.store_id = t.store_id
WHERE t.ended_at IS NULL AND t.at_risk
GROUP BY t.store_id HAVING max(t.warned_at) > coalesce(max(b.told_at), '-infinity')
ORDER BY t.store_id
ON CONFLICT (store_id) DO UPDATE SET told_at = EXCLUDED.told_at, orders = EXCLUDED.orders, late_s = EXCLUDED.late_s,
    stage = EXCLUDED.stage
WHERE s.told_at <= %(quiet_since)s
RETURNING (SELECT code FROM catalog_store WHERE id = s.store_id), s.orders, s.late_s, s.stage
"""


@transaction.atomic
def sweep_timers(*, now: datetime) -> int:
    """Time the stages of all live orders and warn of promises at risk, in at most twelve statements however many
    orders there are. Returns how many warnings are new.

    An order kept for a slot, one that is not paid and one that is over have no timer. PromiseAtRisk comes once per
    order and stage, and in a later stage only when it got WORSE_S worse; PromiseKeptAgain when it will be in time after
    all. The customer is told once, a store's people at most every ORDER_RISK_QUIET_M minutes. One sweep at a time: a
    second one leaves at once, and the rows would refuse it. Who is being moved at this moment is looked at next time.
    """
    if not _first():
        return 0
    finished, done = [status.value for status in FINISHED], [Status.DELIVERED.value, Status.CLOSED.value]
    _run(_END_FINISHED, finished=finished, done=done)
    found = with_facts(Order.objects.at_work().exclude(status=Status.PENDING)).order_by("pk")
    rows: list[Row] = list(found.values(*FIELDS, *_TIMER, "customer_id", "store__code"))
    seen = outlooks(rows, now=now)
    timed = [(row, seen[row["id"]]) for row in rows if row["id"] in seen]
    _open([(row, it) for row, it in timed if _moved_on(row, it)])
    return _warn(timed, now=now)


@transaction.atomic
def purge_timers(*, now: datetime) -> int:
    """Forget the stages of orders of more than 60 days ago. Returns how many."""
    return StageTimer.objects.filter(ended_at__isnull=False, began_at__lt=now - KEPT_FOR).delete()[0]


def _first() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('orders.timers'))")
        return bool(cursor.fetchone()[0])


def _moved_on(row: Row, it: Outlook) -> bool:
    was = (row["timer__stage"], row["timer__began_at"], row["timer__promised_by"])
    return was != (it.stage, it.began_at, it.promised_by)


def _open(moved: Sequence[tuple[Row, Outlook]]) -> None:
    """End the stages that were left, begin those that were entered. What was said of the order goes along."""
    if not moved:
        return
    left = [(row, it) for row, it in moved if row["timer__stage"] not in (None, it.stage)]
    if left:
        _run(_END_LEFT, orders=[row["id"] for row, _it in left], began=[it.began_at for _row, it in left])
    _run(
        _OPEN,
        orders=[row["id"] for row, _it in moved],
        stores=[row["store_id"] for row, _it in moved],
        stages=[it.stage for _row, it in moved],
        began=[it.began_at for _row, it in moved],
        usual=[it.usual_s for _row, it in moved],
        due=[it.due_at for _row, it in moved],
        promised=[it.promised_by for _row, it in moved],
        slow_stages=[it.lost_in for _row, it in moved],
        slow=[it.lost_s for _row, it in moved],
        at_risk=[bool(row["timer__at_risk"]) for row, _it in moved],
        warned=[row["timer__warned_at"] for row, _it in moved],
        warned_late=[row["timer__warned_late_s"] for row, _it in moved],
    )


def _warn(timed: Sequence[tuple[Row, Outlook]], *, now: datetime) -> int:
    raised = [(row, it) for row, it in timed if _is_new(row, it)]
    kept = [(row, it) for row, it in timed if row["timer__at_risk"] and _is_kept(it)]
    told = [(row, it) for row, it in timed if _runs_late(it)]
    found: list[_News] = []
    new = 0
    if raised or kept or told:
        free = _still_live([*raised, *kept, *told])
        raised, kept, told = ([pair for pair in pairs if pair[0]["id"] in free] for pairs in (raised, kept, told))
        warnings = _raise(raised, now=now)
        new = len(warnings)
        found += [*warnings, *_clear(kept, now=now), *_tell_customers(told, now=now)]
    quiet_since = now - timedelta(minutes=settings.ORDER_RISK_QUIET_M)
    for code, orders, late_by_s, stage in _run(_TELL_STORES, now=now, quiet_since=quiet_since):
        found.append((StoreAtRisk(store_code=code, orders=orders, late_s=late_by_s, stage=stage), f"store:{code}"))
    if found:
        events.record_each(found, actor="system")
    for code in {row["store__code"] for row, _it in (*raised, *kept)}:
        live.touch(f"store.{code}", what="risk")
        live.touch("ops", what="risk")
    metrics.count("promises_at_risk_total", by=new)
    return new


def _raise(pairs: Sequence[tuple[Row, Outlook]], *, now: datetime) -> list[_News]:
    """Onto the list. Returns what is news of it."""
    if not pairs:
        return []
    by_id, late = _by_id(pairs), [it.expected_late_s for _row, it in pairs]
    changed = _run(_RAISE, orders=list(by_id), late=late, now=now)
    return [(_at_risk(*by_id[pk]), f"order:{pk}") for pk, is_new in changed if is_new]


def _clear(pairs: Sequence[tuple[Row, Outlook]], *, now: datetime) -> list[_News]:
    """Off the list again. Returns what is news of it."""
    if not pairs:
        return []
    by_id = _by_id(pairs)
    found: list[_News] = []
    for pk, is_new in _run(_CLEAR, orders=list(by_id), now=now):
        if is_new:
            row, it = by_id[pk]
            again = PromiseKeptAgain(order_id=pk, store_code=row["store__code"], stage=it.stage)
            found.append((again, f"order:{pk}"))
    return found


def _tell_customers(pairs: Sequence[tuple[Row, Outlook]], *, now: datetime) -> list[_News]:
    """That it will be late, and when it comes."""
    if not pairs:
        return []
    by_id = _by_id(pairs)
    found: list[_News] = []
    for (pk,) in _run(_TELL_CUSTOMER, orders=list(by_id), now=now):
        row, it = by_id[pk]
        from_at, to_at = it.window(now)
        delay = RunningLate(order_id=pk, customer_id=row["customer_id"], from_at=from_at, to_at=to_at)
        found.append((delay, f"order:{pk}"))
        live.touch(f"order.{pk}", what="order", id=pk)
    return found


def _by_id(pairs: Sequence[tuple[Row, Outlook]]) -> dict[UUID, tuple[Row, Outlook]]:
    return {row["id"]: (row, it) for row, it in pairs}


def _runs_late(it: Outlook) -> bool:
    """By so much, and so surely, that its customer is told; at the door they see it themselves."""
    late_s = 60 * settings.ORDER_TELL_LATE_M
    return it.probability >= RISK_FROM and it.expected_late_s >= late_s and it.stage != "door" and it.left_s >= 0


def _is_new(row: Row, it: Outlook) -> bool:
    if it.left_s < 0 or it.probability < RISK_FROM:
        return False  # broken already: nobody can be warned any more
    if row["timer__stage"] == it.stage and row["timer__raised_at"] is not None:
        return not row["timer__at_risk"]  # on the list again, without another word
    said_s = row["timer__warned_late_s"] if row["timer__at_risk"] else None
    return said_s is None or it.expected_late_s >= said_s + WORSE_S


def _is_kept(it: Outlook) -> bool:
    return it.left_s >= 0 and it.probability < CLEAR_BELOW


def _still_live(pairs: Sequence[tuple[Row, Outlook]]) -> set[UUID]:
    """Those whose status is what was read, locked in key order. One that somebody moves now is left out."""
    statuses = {row["id"]: row["status"] for row, _it in pairs}
    found = _run(_STILL_LIVE, orders=list(statuses), statuses=list(statuses.values()))
    return {pk for (pk,) in found}


def _at_risk(row: Row, it: Outlook) -> PromiseAtRisk:
    return PromiseAtRisk(
        order_id=row["id"],
        store_code=row["store__code"],
        stage=it.stage,
        expected_late_s=it.expected_late_s,
        slow=it.slow,
        probability=round(100 * it.probability),
        why=str(it.why),
        help=str(it.help),
    )


def _run(sql: str, **values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else []
