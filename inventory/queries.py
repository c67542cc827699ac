"""Reads of stock that other rooms need in one statement, and the proof that counters equal the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Q

from inventory.models import Batch, BatchState, Bin, HoldLot, HoldState, Stock

FEW_LEFT = 5
"""From here on the shop says how many are left."""


class Place(NamedTuple):
    """Where a product lies: bin code, zone, and the bin's turn on the walk."""

    bin_code: str
    zone: str
    sequence: int


class LotToPick(NamedTuple):
    """Units of one batch that are held for an order. `bin_code` None: in the product's home place."""

    batch_id: int
    lot: str
    expires_on: date | None
    bin_code: str | None
    qty: int
    state: str


@dataclass(frozen=True, slots=True)
class Difference:
    """A counter of a stock row or of one of its batches that is not what the ledger, the holds or the batches say."""

    stock_id: int
    store_code: str
    sku: str
    counter: str
    counted: int
    expected: int
    source: str
    lot: str = ""


def free(*, store_id: int, product_ids: Sequence[int], arrives_at: datetime | None = None) -> dict[int, int]:
    """Units that may be sold, per product. A product without a stock row is not in the answer. One statement.

    With `arrives_at` (a slot) only units that may still be handed over then. Written out: every shelf, search and cart
    asks it, and building it from a QuerySet cost more than running it.
    """
    with connection.cursor() as cursor:
        if arrives_at is None:
            sql = "SELECT product_id, free FROM inventory_stock WHERE store_id = %s AND product_id = ANY(%s)"
            cursor.execute(sql, [store_id, list(product_ids)])
        else:
            cursor.execute(_FREE_THEN, [arrives_at, store_id, list(product_ids)])
        return dict(cursor.fetchall())


_FREE_THEN = """
    SELECT s.product_id, coalesce(sum(b.on_hand - b.held), 0)::int
    FROM inventory_stock AS s LEFT JOIN inventory_batch AS b
        ON b.stock_id = s.id AND b.state = 'open' AND b.on_hand > b.held
        AND (b.sell_until IS NULL OR b.sell_until >= %s)
    WHERE s.store_id = %s AND s.product_id = ANY(%s) GROUP BY s.product_id
"""


def orders_with(*, batch_id: int) -> list[tuple[UUID, str, int]]:
    """Who has, or has had, units of a batch: (ref, state of the hold, units), newest first. For recalls."""
    rows = HoldLot.objects.filter(batch_id=batch_id, qty__gt=0).exclude(hold__state=HoldState.RELEASED)
    return list(rows.order_by("-hold_id").values_list("hold__ref", "hold__state", "qty"))


def lots_for(*, ref: UUID) -> dict[int, list[LotToPick]]:
    """Which lots an order's units are to be picked from, by product, first expired first."""
    return lots_of(refs=[ref]).get(ref, {})


def lots_of(*, refs: Sequence[UUID]) -> dict[UUID, dict[int, list[LotToPick]]]:
    """The same for several orders, by order. One statement."""
    rows: Any = (
        HoldLot.objects.filter(
            hold__ref__in=list(refs), qty__gt=0, hold__state__in=[HoldState.ACTIVE, HoldState.FIRM]
        )
        .order_by(F("batch__expires_on").asc(nulls_last=True), "batch_id")
        .values_list(
            "hold__ref", "hold__stock__product_id", "batch_id", "batch__lot", "batch__expires_on", "batch__bin__code",
            "qty", "batch__state",
        )
    )  # fmt: skip
    found: dict[UUID, dict[int, list[LotToPick]]] = {}
    for ref, product_id, *lot in rows:
        found.setdefault(ref, {}).setdefault(product_id, []).append(LotToPick(*lot))
    return found


def free_lots(*, store_id: int, product_ids: Sequence[int], arrives_at: datetime) -> dict[int, list[LotToPick]]:
    """Lots with units nobody holds that are good until then, by product, first expired first. `qty`: those units. One
    statement."""
    rows: Any = (
        Batch.objects.filter(
            Q(sell_until=None) | Q(sell_until__gte=arrives_at), stock__store_id=store_id,
            stock__product_id__in=list(product_ids), state=BatchState.OPEN, on_hand__gt=F("held"),
        )
        .order_by(F("expires_on").asc(nulls_last=True), "pk")
        .values_list("stock__product_id", "pk", "lot", "expires_on", "bin__code", F("on_hand") - F("held"), "state")
    )  # fmt: skip
    found: dict[int, list[LotToPick]] = {}
    for product_id, *lot in rows:
        found.setdefault(product_id, []).append(LotToPick(*lot))
    return found


def bins(*, store_id: int, product_ids: Sequence[int]) -> dict[int, Place]:
    """Where each product lies; products without a bin are not in the answer. One statement."""
    rows = (
        Stock.objects.at(store_id)
        .filter(product_id__in=list(product_ids), bin__isnull=False)
        .values_list("product_id", "bin__code", "bin__zone", "bin__sequence")
    )
    return {product_id: Place(code, zone, sequence) for product_id, code, zone, sequence in rows}


def walk(*, store_id: int) -> list[Bin]:
    """The store's bins in the order a picker passes them."""
    return list(Bin.objects.filter(store_id=store_id).order_by("sequence", "code"))


_PROOF = """
    WITH moved AS (
        SELECT batch_id, sum(on_hand_delta)::bigint AS on_hand, sum(held_delta)::bigint AS held
        FROM inventory_movement GROUP BY batch_id
    ), holding AS (
        SELECT l.batch_id, sum(l.qty)::bigint AS units
        FROM inventory_holdlot AS l JOIN inventory_hold AS h ON h.id = l.hold_id
        WHERE h.state IN ('active', 'firm') GROUP BY l.batch_id
    ), batch AS (
        SELECT b.id, b.stock_id, b.lot, b.state, b.on_hand, b.held, coalesce(m.on_hand, 0) AS moved_on_hand,
            coalesce(m.held, 0) AS moved_held, coalesce(h.units, 0) AS holding
        FROM inventory_batch AS b LEFT JOIN moved AS m ON m.batch_id = b.id LEFT JOIN holding AS h ON h.batch_id = b.id
    ), stock AS (
        SELECT stock_id, sum(on_hand) AS on_hand, sum(held) AS held,
            coalesce(sum(on_hand - held) FILTER (WHERE state <> 'open'), 0) AS blocked
        FROM batch GROUP BY stock_id
    ), lotted AS (
        SELECT h.stock_id, sum(h.qty)::bigint AS units, sum(l.units)::bigint AS lots FROM inventory_hold AS h
        LEFT JOIN (SELECT hold_id, sum(qty) AS units FROM inventory_holdlot GROUP BY hold_id) AS l ON l.hold_id = h.id
        WHERE h.state IN ('active', 'firm') GROUP BY h.stock_id
    ), gone AS (
        SELECT ref, batch_id, max(stock_id) AS stock_id, -sum(on_hand_delta)::bigint AS units FROM inventory_movement
        WHERE kind = 'dispatch' GROUP BY ref, batch_id
    ), come AS (
        SELECT ref, max(stock_id) AS stock_id, sum(on_hand_delta)::bigint AS units FROM inventory_movement
        WHERE kind = 'arrive' GROUP BY ref
    ), travelled AS (
        SELECT l.transfer_id, t.state, min(b.stock_id) AS stock_id, sum(l.arrived)::bigint AS arrived,
            sum(l.in_transit)::bigint AS in_transit
        FROM inventory_transferlot AS l JOIN inventory_transfer AS t ON t.id = l.transfer_id
        JOIN inventory_batch AS b ON b.id = l.batch_id GROUP BY l.transfer_id, t.state
    ), found (stock_id, counter, counted, expected, source, lot) AS (
        SELECT stock_id, 'on_hand', on_hand, moved_on_hand, 'movements', lot FROM batch WHERE on_hand <> moved_on_hand
        UNION ALL SELECT stock_id, 'held', held, moved_held, 'movements', lot FROM batch WHERE held <> moved_held
        UNION ALL SELECT stock_id, 'held', held, holding, 'holds', lot FROM batch WHERE held <> holding
        UNION ALL SELECT s.id, 'on_hand', s.on_hand, coalesce(b.on_hand, 0), 'batches', ''
            FROM inventory_stock AS s LEFT JOIN stock AS b ON b.stock_id = s.id
            WHERE s.on_hand <> coalesce(b.on_hand, 0)
        UNION ALL SELECT s.id, 'held', s.held, coalesce(b.held, 0), 'batches', ''
            FROM inventory_stock AS s LEFT JOIN stock AS b ON b.stock_id = s.id WHERE s.held <> coalesce(b.held, 0)
        UNION ALL SELECT s.id, 'blocked', s.blocked, coalesce(b.blocked, 0), 'batches', ''
            FROM inventory_stock AS s LEFT JOIN stock AS b ON b.stock_id = s.id
            WHERE s.blocked <> coalesce(b.blocked, 0)
        UNION ALL SELECT stock_id, 'hold', units, coalesce(lots, 0), 'lots', '' FROM lotted
            WHERE units <> coalesce(lots, 0)
        UNION ALL SELECT b.stock_id, 'dispatched', coalesce(l.sent, 0), coalesce(g.units, 0), 'movements', b.lot
            FROM inventory_transferlot AS l FULL JOIN gone AS g ON g.ref = l.transfer_id AND g.batch_id = l.batch_id
            JOIN inventory_batch AS b ON b.id = coalesce(l.batch_id, g.batch_id)
            WHERE coalesce(l.sent, 0) <> coalesce(g.units, 0)
        UNION ALL SELECT coalesce(c.stock_id, v.stock_id), 'arrived', coalesce(v.arrived, 0), coalesce(c.units, 0),
            'movements', '' FROM travelled AS v FULL JOIN come AS c ON c.ref = v.transfer_id
            WHERE coalesce(v.arrived, 0) <> coalesce(c.units, 0)
        UNION ALL SELECT stock_id, 'in_transit', in_transit, 0, 'transfers', '' FROM travelled
            WHERE state <> 'dispatched' AND in_transit <> 0
    )
    SELECT f.stock_id, t.code, p.sku, f.counter, f.counted, f.expected, f.source, f.lot
    FROM found AS f JOIN inventory_stock AS s ON s.id = f.stock_id JOIN catalog_store AS t ON t.id = s.store_id
    JOIN catalog_product AS p ON p.id = s.product_id WHERE %(store)s = '' OR t.code = %(store)s
    ORDER BY t.code, p.sku, f.lot, f.counter, f.source
"""


def audit(*, store_code: str = "") -> list[Difference]:
    """Every counter of a batch that differs from its ledger or its live holds, every stock row that is not the sum of
    its batches, every hold that is not the sum of its lots, every transfer whose units dispatched are not those that
    arrived, are lost or in transit, or not what the ledger says; of one store or of all, empty when all is well. One
    statement, so it sees one moment and may run while the shop is open."""
    with transaction.atomic(), connection.cursor() as cursor:
        # What is known about a table that was just filled says it is empty: a nested loop would then take hours.
        cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute(_PROOF, {"store": store_code})
        found = cursor.fetchall()
        cursor.execute("SET LOCAL enable_nestloop = on")
    return [
        Difference(stock_id, store, sku, counter, int(counted), int(expected), source, lot)
        for stock_id, store, sku, counter, counted, expected, source, lot in found
    ]


def totals() -> dict[str, int]:
    """Rows, batches, units on hand, held, blocked and between two stores, and ledger lines in the whole house."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), coalesce(sum(on_hand), 0)::bigint, coalesce(sum(held), 0)::bigint,"
            " coalesce(sum(blocked), 0)::bigint, (SELECT count(*) FROM inventory_batch),"
            " (SELECT count(*) FROM inventory_movement),"
            " (SELECT coalesce(sum(in_transit), 0)::bigint FROM inventory_transferlot) FROM inventory_stock"
        )
        rows, on_hand, held, blocked, batches, movements, in_transit = cursor.fetchone()
    return {
        "stock_rows": rows, "batches": batches, "on_hand": on_hand, "held": held, "blocked": blocked,
        "movements": movements, "in_transit": in_transit,
    }  # fmt: skip
