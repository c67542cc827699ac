"""The one way units change: stock rows locked by primary key, then one statement that writes ledger lines, batches and
stock rows together, so that counters and ledger cannot part.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from blinkit.kernel import live
from inventory.fefo import Take
from inventory.models import MovementKind
from inventory.queries import FEW_LEFT


@dataclass(frozen=True, slots=True)
class Row:
    """A locked stock row, with the hold that is being changed where there is one."""

    id: int
    product_id: int
    on_hand: int
    held: int
    blocked: int
    free: int
    store_code: str
    hold_id: int = 0
    hold_qty: int = 0


@dataclass(frozen=True, slots=True)
class Lot:
    """A batch of a locked stock row."""

    id: int
    stock_id: int
    on_hand: int
    held: int
    is_open: bool
    sell_until: datetime | None = None

    @property
    def free(self) -> int:
        return self.on_hand - self.held


_COLUMNS = "s.id, s.product_id, s.on_hand, s.held, s.blocked, s.free, t.code"
COUNTED_ELSEWHERE = "Counted by another system"
"""The reason of a SYNC that corrects, as a count does; one that moves units has none."""
FEFO = "b.expires_on NULLS LAST, b.id"


def execute(sql: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def lock_shelf(store_id: int, product_ids: Iterable[int]) -> list[Row]:
    """The stock rows of these products, locked in key order."""
    return [
        Row(*found)
        for found in execute(
            f"SELECT {_COLUMNS} FROM inventory_stock AS s JOIN catalog_store AS t ON t.id = s.store_id"
            " WHERE s.store_id = %(store)s AND s.product_id = ANY(%(products)s) ORDER BY s.id FOR UPDATE OF s",
            {"store": store_id, "products": list(product_ids)},
        )
    ]


def lock_stock(stock_ids: Iterable[int]) -> dict[int, Row]:
    """These stock rows, locked in key order, by their ids."""
    found = execute(
        f"SELECT {_COLUMNS} FROM inventory_stock AS s JOIN catalog_store AS t ON t.id = s.store_id"
        " WHERE s.id = ANY(%(ids)s) ORDER BY s.id FOR UPDATE OF s",
        {"ids": list(stock_ids)},
    )
    return {row[0]: Row(*row) for row in found}


def lock_held(
    ref: UUID, states: Sequence[str], *, product_id: int | None = None, expired_at: datetime | None = None
) -> list[Row]:
    """The stock rows that `ref` holds in one of the states, with their holds, locked in key order."""
    sql = (
        f"SELECT {_COLUMNS}, h.id, h.qty FROM inventory_hold AS h JOIN inventory_stock AS s ON s.id = h.stock_id"
        " JOIN catalog_store AS t ON t.id = s.store_id WHERE h.ref = %(ref)s AND h.state = ANY(%(states)s)"
    )
    if product_id is not None:
        sql += " AND s.product_id = %(product)s"
    if expired_at is not None:
        sql += " AND h.expires_at <= %(expired)s"
    return [
        Row(*found)
        for found in execute(
            sql + " ORDER BY s.id FOR UPDATE OF s, h",
            {"ref": ref, "states": list(states), "product": product_id, "expired": expired_at},
        )
    ]


def lots(rows: Iterable[Row], *, arrives_at: datetime | None = None) -> dict[int, list[Lot]]:
    """The batches of locked stock rows with units in them, first expired first, by stock row.

    With `arrives_at` only those a customer may receive then. A statement of its own after the lock, so it sees what
    those it waited for have written.
    """
    sql = (
        "SELECT b.id, b.stock_id, b.on_hand, b.held, b.state = 'open', b.sell_until FROM inventory_batch AS b"
        " WHERE b.stock_id = ANY(%(ids)s) AND b.on_hand > 0"
    )
    if arrives_at is not None:
        sql += " AND b.state = 'open' AND b.on_hand > b.held AND (b.sell_until IS NULL OR b.sell_until >= %(at)s)"
    found: dict[int, list[Lot]] = {}
    for values in execute(f"{sql} ORDER BY b.stock_id, {FEFO}", {"ids": [row.id for row in rows], "at": arrives_at}):
        lot = Lot(*values)
        found.setdefault(lot.stock_id, []).append(lot)
    return found


def posting(deltas: str, *, after: str = "") -> str:
    """SQL that posts the deltas: `deltas` is a SELECT of (batch_id, on_hand, held), a batch once; `after` are the
    common table expressions it reads. Its values need kind, ref, reason, actor and now. Returns (stock id, free after).

    The stock rows must be locked.
    """
    return f"""
        WITH {after}{", " if after else ""} delta (batch_id, on_hand, held) AS ({deltas}), changed AS (
            UPDATE inventory_batch AS b SET on_hand = b.on_hand + delta.on_hand, held = b.held + delta.held
            FROM delta WHERE b.id = delta.batch_id
            RETURNING b.stock_id, b.id AS batch_id, delta.on_hand, delta.held,
                CASE WHEN b.state = 'open' THEN 0 ELSE delta.on_hand - delta.held END AS blocked
        ), ledger AS (
            INSERT INTO inventory_movement
                (stock_id, batch_id, kind, on_hand_delta, held_delta, ref, reason, actor, at)
            SELECT stock_id, batch_id, %(kind)s, on_hand, held, %(ref)s, %(reason)s, %(actor)s, %(now)s FROM changed
        )
        UPDATE inventory_stock AS s SET
            on_hand = s.on_hand + total.on_hand, held = s.held + total.held, blocked = s.blocked + total.blocked
        FROM (
            SELECT stock_id, sum(on_hand)::int AS on_hand, sum(held)::int AS held, sum(blocked)::int AS blocked
            FROM changed GROUP BY stock_id
        ) AS total WHERE s.id = total.stock_id
        RETURNING s.id, s.free
    """


def values(kind: MovementKind, *, reason: str, actor: str, now: datetime, ref: UUID | None = None) -> dict[str, Any]:
    """What every posting's ledger lines say."""
    return {"kind": kind.value, "ref": ref, "reason": reason[:120], "actor": actor, "now": now}


def post(
    takes: Sequence[Take],
    kind: MovementKind,
    *,
    on_hand: int = 0,
    held: int = 0,
    reason: str,
    actor: str,
    now: datetime,
    rows: Iterable[Row],
    ref: UUID | None = None,
) -> None:
    """Change each batch by its units times the factors, and the stock rows and the ledger with it. One statement."""
    changed = execute(
        posting(
            "SELECT d.id, %(on_hand)s * d.qty, %(held)s * d.qty FROM unnest(%(ids)s::bigint[], %(qty)s::int[])"
            " AS d(id, qty)"
        ),
        values(kind, reason=reason, actor=actor, now=now, ref=ref)
        | {"ids": [t.batch_id for t in takes], "qty": [t.qty for t in takes], "on_hand": on_hand, "held": held},
    )
    tell(rows, changed)


def post_each(
    moves: Sequence[tuple[int, int, UUID, str]], kind: MovementKind, *, actor: str, now: datetime
) -> list[tuple[Any, ...]]:
    """(batch, units that came or went, ref, reason) each gets a line of its own; a batch may be there several times.
    One statement; returns (stock id, free after) for `tell`. The stock rows must be locked."""
    return execute(
        """
        WITH line AS (
            SELECT * FROM unnest(%(ids)s::bigint[], %(qty)s::int[], %(refs)s::uuid[], %(reasons)s::text[])
                AS l(batch_id, qty, ref, reason)
        ), total AS (
            SELECT batch_id, sum(qty)::int AS qty FROM line GROUP BY batch_id
        ), changed AS (
            UPDATE inventory_batch AS b SET on_hand = b.on_hand + total.qty FROM total WHERE b.id = total.batch_id
            RETURNING b.id, b.stock_id, total.qty, CASE WHEN b.state = 'open' THEN 0 ELSE total.qty END AS blocked
        ), ledger AS (
            INSERT INTO inventory_movement
                (stock_id, batch_id, kind, on_hand_delta, held_delta, ref, reason, actor, at)
            SELECT changed.stock_id, line.batch_id, %(kind)s, line.qty, 0, line.ref, line.reason, %(actor)s, %(now)s
            FROM line JOIN changed ON changed.id = line.batch_id
        )
        UPDATE inventory_stock AS s SET on_hand = s.on_hand + sum.qty, blocked = s.blocked + sum.blocked
        FROM (
            SELECT stock_id, sum(qty)::int AS qty, sum(blocked)::int AS blocked FROM changed GROUP BY stock_id
        ) AS sum WHERE s.id = sum.stock_id
        RETURNING s.id, s.free
        """,
        values(kind, reason="", actor=actor, now=now)
        | dict(zip(("ids", "qty", "refs", "reasons"), map(list, zip(*moves, strict=True)), strict=True)),
    )


def tell(rows: Iterable[Row], changed: Iterable[tuple[Any, ...]]) -> None:
    """Screens hear of stock only when a product sells out or comes back, not at each hold; the shop's shelf also hears
    of each of the last few units, which it counts out loud. After the commit: no statement of its own."""
    before = {row.id: row for row in rows}
    for stock_id, free_after in changed:
        row = before[stock_id]
        if (row.free > 0) != (free_after > 0):
            live.touch(f"store.{row.store_code}", what="stock", id=row.product_id)
        if _seen(row.free) != _seen(free_after):
            live.touch(f"shelf.{row.store_code}", what="stock", id=row.product_id)


def _seen(free: int) -> int:
    """What a customer can tell of the units left: none, one to FEW_LEFT, or more than that."""
    return max(0, min(free, FEW_LEFT + 1))
