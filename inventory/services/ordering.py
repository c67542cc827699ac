"""Suggestions become purchase orders, and what is ordered or on the road is known to the next suggestion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from blinkit.kernel.said import say
from inventory.errors import NoSupplier
from inventory.inbound import PurchaseLine, PurchaseOrder, PurchaseState, Supplier
from inventory.services import ledger

COST_UNKNOWN = "Costs of 0 are not known: enter them before it is sent."


class Wanted(Protocol):
    @property
    def product_id(self) -> int: ...

    @property
    def qty(self) -> int: ...


def draft(*, store_id: int, lines: Sequence[Wanted], now: datetime) -> list[PurchaseOrder]:
    """Draft purchase orders with these lines, one per supplier; a draft that the store has open there grows.

    A product is ordered where it was bought last, and one that was never bought where the store has bought most lines.
    Raises NoSupplier while there is nobody to order from. Part of the caller's transaction.
    """
    if not lines:
        return []
    bought = _bought_before([line.product_id for line in lines])
    usual = _usual_supplier(store_id)
    orders: dict[int, PurchaseOrder] = {}
    for line in lines:
        supplier_id, cost_paise = bought.get(line.product_id, (usual, None))
        order = orders.get(supplier_id) or _open_draft(store_id, supplier_id, now=now)
        orders[supplier_id] = order
        # The draft's row is locked: nobody else adds to it.
        row, is_new = PurchaseLine.objects.get_or_create(
            purchase=order,
            product_id=line.product_id,
            defaults={"ordered": line.qty, "unit_cost_paise": cost_paise or 0},
        )
        if not is_new:
            row.ordered += line.qty
            row.save(update_fields=["ordered"])
        if not row.unit_cost_paise and order.note != COST_UNKNOWN:
            order.note = COST_UNKNOWN
            order.save(update_fields=["note"])
    return list(orders.values())


def ordered_units(*, store_id: int, now: datetime) -> Mapping[int, int]:
    """Units of orders that are written or sent and have not come, by product."""
    return _units(
        "SELECT l.product_id, sum(greatest(l.ordered - l.delivered, 0))::int FROM inventory_purchaseline AS l"
        " JOIN inventory_purchaseorder AS o ON o.id = l.purchase_id"
        " WHERE o.store_id = %(store)s AND o.state IN ('draft', 'sent', 'partly') GROUP BY l.product_id",
        store_id,
    )


def coming_units(*, store_id: int, now: datetime) -> Mapping[int, int]:
    """Units on the road from other stores, by product."""
    return _units(
        "SELECT s.product_id, sum(l.in_transit)::int FROM inventory_transferlot AS l"
        " JOIN inventory_transfer AS t ON t.id = l.transfer_id JOIN inventory_batch AS b ON b.id = l.batch_id"
        " JOIN inventory_stock AS s ON s.id = b.stock_id"
        " WHERE t.to_store_id = %(store)s AND t.state = 'dispatched' GROUP BY s.product_id",
        store_id,
    )


def _units(sql: str, store_id: int) -> dict[int, int]:
    return {product_id: units for product_id, units in ledger.execute(sql, {"store": store_id}) if units}


def _bought_before(product_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """{product: (supplier, cost of a unit in paise)} of its latest order to somebody who still sells to us."""
    rows = ledger.execute(
        "SELECT DISTINCT ON (l.product_id) l.product_id, o.supplier_id, l.unit_cost_paise"
        " FROM inventory_purchaseline AS l JOIN inventory_purchaseorder AS o ON o.id = l.purchase_id"
        " JOIN inventory_supplier AS s ON s.id = o.supplier_id"
        " WHERE l.product_id = ANY(%(products)s) AND o.state <> 'cancelled' AND s.is_active"
        " ORDER BY l.product_id, o.created_at DESC",
        {"products": list(product_ids)},
    )
    return {product_id: (supplier_id, cost_paise) for product_id, supplier_id, cost_paise in rows}


def _usual_supplier(store_id: int) -> int:
    rows = ledger.execute(
        "SELECT s.id FROM inventory_supplier AS s LEFT JOIN inventory_purchaseorder AS o ON o.supplier_id = s.id"
        " AND o.store_id = %(store)s LEFT JOIN inventory_purchaseline AS l ON l.purchase_id = o.id"
        " WHERE s.is_active GROUP BY s.id ORDER BY count(l.id) DESC, s.id LIMIT 1",
        {"store": store_id},
    )
    if not rows:
        raise NoSupplier(say("There is nobody to order from yet. Enter a supplier in the administration first."))
    return int(rows[0][0])


def _open_draft(store_id: int, supplier_id: int, *, now: datetime) -> PurchaseOrder:
    """Locked: two people who order at once add to one draft, one after the other."""
    Supplier.objects.select_for_update(no_key=True).get(pk=supplier_id)
    found = PurchaseOrder.objects.filter(store_id=store_id, supplier_id=supplier_id, state=PurchaseState.DRAFT)
    return found.select_for_update(no_key=True).order_by("-created_at").first() or PurchaseOrder.objects.create(
        store_id=store_id, supplier_id=supplier_id, created_at=now
    )
