"""What may not be sold any more: recalled lots, expired and too short-dated batches.

A blocked batch keeps its units on hand; those nobody holds count as `Stock.blocked`. Units that orders hold of it are
held from other batches instead, as far as there are any; orders for which there are none are named in the event.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from blinkit.kernel import events, metrics
from inventory import fefo
from inventory.errors import LotRecalled, NoSuchBatch
from inventory.events import BatchBlocked
from inventory.models import Batch, BatchState, MovementKind
from inventory.recalls import Recall
from inventory.services import ledger
from inventory.services.ledger import Lot, Row

SELL_AHEAD = timedelta(minutes=30)
"""A batch goes off sale this long before its last instant: what is ordered now arrives within it."""

MILDER = frozenset(
    {
        (BatchState.QUARANTINED, BatchState.SHORT),
        (BatchState.QUARANTINED, BatchState.EXPIRED),
        (BatchState.EXPIRED, BatchState.SHORT),
    }
)
"""(state, what a sweep that looked before would make of it)."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """What a block did: orders (refs) whose units now come from another batch, and those for which there is none."""

    batch_id: int
    free_units: int
    relotted: tuple[UUID, ...] = ()
    stuck: tuple[UUID, ...] = ()


def block(*, batch_id: int, state: str, reason: str, actor: str, now: datetime) -> Blocked:
    """Take a batch off sale. Held units move to other batches (those paid first before others); BatchBlocked names the
    refs that could not be helped. Blocking again with the same state is silent, and so is a milder one: recalled goods
    do not become merely old. Raises NoSuchBatch.
    """
    to = BatchState(state)
    stock_id = _stock_id_of(batch_id)
    with transaction.atomic():
        row = ledger.lock_stock([stock_id])[stock_id]
        batch = Batch.objects.get(pk=batch_id)
        if batch.state == to or (batch.state, to) in MILDER:
            return Blocked(batch_id, batch.on_hand - batch.held)
        _mark(row, batch, to, reason=reason, kind=MovementKind.BLOCK, actor=actor, now=now)
        relotted, stuck = _relot(row, batch, reason=reason, actor=actor, now=now)
        fact = BatchBlocked(
            store_code=row.store_code,
            product_id=row.product_id,
            batch_id=batch_id,
            lot=batch.lot,
            state=to.value,
            reason=reason[:120],
            units=batch.on_hand,
            stuck=[str(ref) for ref in stuck],
        )
        events.record(fact, subject=f"store:{row.store_code}", actor=actor)
    metrics.count("batches_blocked_total", state=to.value)
    return Blocked(batch_id, batch.on_hand - batch.held, tuple(relotted), tuple(stuck))


def unblock(*, batch_id: int, reason: str, actor: str, now: datetime) -> None:
    """A quarantined batch was found to be good: on sale again. Silent for one that is on sale. An expired or too
    short-dated batch stays off sale whatever is said. Raises NoSuchBatch, LotRecalled while there is a recall to end.
    """
    stock_id = _stock_id_of(batch_id)
    with transaction.atomic():
        row = ledger.lock_stock([stock_id])[stock_id]
        batch = Batch.objects.get(pk=batch_id)
        if batch.state != BatchState.QUARANTINED:
            return
        if Recall.objects.filter(product_id=row.product_id, lot__in=["", batch.lot], ended_at=None).exists():
            raise LotRecalled("This lot is recalled: end the recall first.", lots=[])
        in_time = batch.sell_until is None or batch.sell_until > now + SELL_AHEAD
        to = BatchState.OPEN if in_time else BatchState.SHORT
        _mark(row, batch, to, reason=reason, kind=MovementKind.UNBLOCK, actor=actor, now=now)


def _stock_id_of(batch_id: int) -> int:
    stock_id: int | None = Batch.objects.filter(pk=batch_id).values_list("stock_id", flat=True).first()
    if stock_id is None:
        raise NoSuchBatch("There is no such lot.")
    return stock_id


def sweep_short_dated(*, now: datetime, limit: int = 500) -> int:
    """Take off sale what can no longer be handed over in time, and call expired what is. Returns how many batches."""
    due = ledger.execute(
        """
        SELECT b.id, CASE WHEN (b.expires_on + 1)::timestamp AT TIME ZONE city.timezone <= %(now)s
            THEN 'expired' ELSE 'short' END AS state
        FROM inventory_batch AS b JOIN inventory_stock AS s ON s.id = b.stock_id
        JOIN catalog_store AS t ON t.id = s.store_id JOIN catalog_city AS city ON city.id = t.city_id
        WHERE b.sell_until IS NOT NULL AND b.on_hand > 0 AND b.state NOT IN ('expired', 'quarantined') AND (
            (b.state = 'open' AND b.sell_until < %(soon)s)
            OR (b.expires_on + 1)::timestamp AT TIME ZONE city.timezone <= %(now)s
        )
        ORDER BY b.sell_until LIMIT %(limit)s
        """,
        {"now": now, "soon": now + SELL_AHEAD, "limit": limit},
    )
    for batch_id, state in due:
        reason = "Expired" if state == BatchState.EXPIRED else "Too short-dated to sell"
        block(batch_id=batch_id, state=state, reason=reason, actor="system", now=now)
    return len(due)


def sweep_in_time(*, now: datetime) -> int:
    """Batches that were too short-dated for a rule that has since been loosened are on sale again. Returns how many."""
    due = Batch.objects.filter(state=BatchState.SHORT, on_hand__gt=0, sell_until__gt=now + SELL_AHEAD)
    done = 0
    for batch_id, stock_id in due.order_by("stock_id", "pk").values_list("pk", "stock_id"):
        with transaction.atomic():
            row = ledger.lock_stock([stock_id])[stock_id]
            batch = Batch.objects.get(pk=batch_id)
            if batch.state == BatchState.SHORT and batch.sell_until and batch.sell_until > now + SELL_AHEAD:
                kind, why = MovementKind.UNBLOCK, "Its product may be sold for longer"
                _mark(row, batch, BatchState.OPEN, reason=why, kind=kind, actor="system", now=now)
                done += 1
    return done


def _mark(
    row: Row, batch: Batch, to: BatchState, *, reason: str, kind: MovementKind, actor: str, now: datetime
) -> None:
    """The locked row's batch gets its new state; the row's blocked units and the ledger say so."""
    free = batch.on_hand - batch.held
    was, now_blocked = batch.state != BatchState.OPEN, to != BatchState.OPEN
    changed = ledger.execute(
        """
        WITH marked AS (
            UPDATE inventory_batch SET state = %(state)s, state_reason = %(reason)s WHERE id = %(batch)s
        ), ledger AS (
            INSERT INTO inventory_movement
                (stock_id, batch_id, kind, on_hand_delta, held_delta, ref, reason, actor, at)
            VALUES (%(stock)s, %(batch)s, %(kind)s, 0, 0, %(ref)s, %(reason)s, %(actor)s, %(now)s)
        )
        UPDATE inventory_stock SET blocked = blocked + %(blocked)s WHERE id = %(stock)s RETURNING id, free
        """,
        ledger.values(kind, reason=reason, actor=actor, now=now)
        | {"batch": batch.pk, "stock": row.id, "state": to.value, "blocked": free * (int(now_blocked) - int(was))},
    )
    ledger.tell([row], changed)


def _relot(row: Row, batch: Batch, *, reason: str, actor: str, now: datetime) -> tuple[list[UUID], list[UUID]]:
    """Units that live holds have of a blocked batch come from open ones instead, but not what waits to be thrown away.
    Returns the refs helped, and stuck."""
    holds = ledger.execute(
        """
        SELECT l.hold_id, h.ref, l.qty, h.arrives_at
        FROM inventory_holdlot AS l JOIN inventory_hold AS h ON h.id = l.hold_id
        WHERE l.batch_id = %(batch)s AND l.qty > 0 AND h.state IN ('active', 'firm')
        AND NOT EXISTS (SELECT 1 FROM inventory_wastage AS w WHERE w.id = h.ref)
        ORDER BY h.state = 'firm' DESC, h.id FOR UPDATE OF h
        """,
        {"batch": batch.pk},
    )
    if not holds:
        return [], []
    lots: Sequence[Lot] = ledger.lots([row], arrives_at=now).get(row.id, [])
    free = {lot.id: lot.free for lot in lots}
    moves: list[tuple[int, UUID, int, int]] = []
    helped: list[UUID] = []
    stuck: list[UUID] = []
    for hold_id, ref, qty, arrives_at in holds:
        good = [(lot.id, free[lot.id]) for lot in lots if keeps(lot.sell_until, arrives_at or now)]
        takes = fefo.allocate(good, qty)
        for take in takes:
            free[take.batch_id] -= take.qty
            moves.append((hold_id, ref, take.batch_id, take.qty))
        (helped if fefo.units(takes) == qty else stuck).append(ref)
    if moves:
        move_holds(row, batch, moves, reason=reason, actor=actor, now=now)
    return helped, stuck


def keeps(sell_until: datetime | None, arrives_at: datetime) -> bool:
    return sell_until is None or sell_until >= arrives_at


def move_holds(
    row: Row, batch: Batch, moves: Sequence[tuple[int, UUID, int, int]], *, reason: str, actor: str, now: datetime
) -> None:
    """(hold, its ref, batch, units) each: held from there and not from `batch` any more. Nothing else changes."""
    values = ledger.values(MovementKind.RELOT, reason=reason, actor=actor, now=now) | {
        "from": batch.pk,
        "stock": row.id,
        "holds": [move[0] for move in moves],
        "refs": [move[1] for move in moves],
        "to": [move[2] for move in moves],
        "qty": [move[3] for move in moves],
    }
    ledger.execute(
        """
        WITH move AS (
            SELECT * FROM unnest(%(holds)s::bigint[], %(refs)s::uuid[], %(to)s::bigint[], %(qty)s::int[])
                AS m(hold_id, ref, batch_id, qty)
        ), less AS (
            UPDATE inventory_holdlot AS l SET qty = l.qty - m.qty
            FROM (SELECT hold_id, sum(qty)::int AS qty FROM move GROUP BY hold_id) AS m
            WHERE l.hold_id = m.hold_id AND l.batch_id = %(from)s
        ), more AS (
            INSERT INTO inventory_holdlot (hold_id, batch_id, qty) SELECT hold_id, batch_id, qty FROM move
            ON CONFLICT (hold_id, batch_id) DO UPDATE SET qty = inventory_holdlot.qty + excluded.qty
        )
        INSERT INTO inventory_movement (stock_id, batch_id, kind, on_hand_delta, held_delta, ref, reason, actor, at)
        SELECT %(stock)s, %(from)s, %(kind)s, 0, -qty, ref, %(reason)s, %(actor)s, %(now)s FROM move
        UNION ALL
        SELECT %(stock)s, batch_id, %(kind)s, 0, qty, ref, %(reason)s, %(actor)s, %(now)s FROM move
        RETURNING id
        """,
        values,
    )
    changed = ledger.execute(
        """
        WITH delta AS (
            SELECT batch_id, sum(qty)::int AS held FROM (
                SELECT unnest(%(to)s::bigint[]) AS batch_id, unnest(%(qty)s::int[]) AS qty
                UNION ALL SELECT %(from)s, -unnest(%(qty)s::int[])
            ) AS d GROUP BY batch_id
        ), changed AS (
            UPDATE inventory_batch AS b SET held = b.held + delta.held FROM delta WHERE b.id = delta.batch_id
            RETURNING CASE WHEN b.state = 'open' THEN 0 ELSE -delta.held END AS blocked
        )
        UPDATE inventory_stock SET blocked = blocked + (SELECT sum(blocked)::int FROM changed)
        WHERE id = %(stock)s RETURNING id, free
        """,
        values,
    )
    ledger.tell([row], changed)
