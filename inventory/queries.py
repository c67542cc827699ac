"""Reads of stock that other rooms need in one statement, and the proof that counters equal the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db import connection

from inventory.models import Bin, Stock

FEW_LEFT = 5
"""From here on the shop says how many are left."""


class Place(NamedTuple):
    """Where a product lies: bin code, zone, and the bin's turn on the walk."""

    bin_code: str
    zone: str
    sequence: int


@dataclass(frozen=True, slots=True)
class Difference:
    """A stock row whose counter is not what the ledger (or the holds) say."""

    stock_id: int
    store_code: str
    sku: str
    counter: str
    counted: int
    expected: int
    source: str


def free(*, store_id: int, product_ids: Sequence[int]) -> dict[int, int]:
    """Units nobody holds, per product. A product without a stock row is not in the answer. One statement.

    Written out: every shelf, search and cart asks it, and building it from a QuerySet cost more than running it.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT product_id, on_hand - held FROM inventory_stock WHERE store_id = %s AND product_id = ANY(%s)",
            [store_id, list(product_ids)],
        )
        return dict(cursor.fetchall())


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
    SELECT s.id, t.code, p.sku, s.on_hand, s.held,
           coalesce(m.on_hand, 0), coalesce(m.held, 0), coalesce(h.units, 0)
    FROM inventory_stock AS s
    JOIN catalog_store AS t ON t.id = s.store_id
    JOIN catalog_product AS p ON p.id = s.product_id
    LEFT JOIN (
        SELECT stock_id, sum(on_hand_delta)::bigint AS on_hand, sum(held_delta)::bigint AS held
        FROM inventory_movement GROUP BY stock_id
    ) AS m ON m.stock_id = s.id
    LEFT JOIN (
        SELECT stock_id, sum(qty)::bigint AS units
        FROM inventory_hold WHERE state IN ('active', 'firm') GROUP BY stock_id
    ) AS h ON h.stock_id = s.id
    WHERE s.on_hand <> coalesce(m.on_hand, 0) OR s.held <> coalesce(m.held, 0) OR s.held <> coalesce(h.units, 0)
    ORDER BY t.code, p.sku
"""


def audit() -> list[Difference]:
    """Every stock row that differs from its ledger or from its live holds; empty when all is well. One statement, so it
    sees one moment and may run while the shop is open."""
    with connection.cursor() as cursor:
        cursor.execute(_PROOF)
        rows = cursor.fetchall()
    found: list[Difference] = []
    for stock_id, store, sku, on_hand, held, ledger_on_hand, ledger_held, live_holds in rows:
        for counter, counted, expected, source in (
            ("on_hand", on_hand, ledger_on_hand, "movements"),
            ("held", held, ledger_held, "movements"),
            ("held", held, live_holds, "holds"),
        ):
            if counted != expected:
                found.append(Difference(stock_id, store, sku, counter, counted, expected, source))
    return found


def totals() -> dict[str, int]:
    """Rows, units on hand, units held and ledger lines in the whole house."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), coalesce(sum(on_hand), 0)::bigint, coalesce(sum(held), 0)::bigint,"
            " (SELECT count(*) FROM inventory_movement) FROM inventory_stock"
        )
        rows, on_hand, held, movements = cursor.fetchone()
    return {"stock_rows": rows, "on_hand": on_hand, "held": held, "movements": movements}
