"""Deliveries and transfers for tests. Everything is made through the services, at NOW."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

from blinkit.kernel.ids import uuid7
from catalog.models import Product, Store
from catalog.tests.factories import NOW
from inventory.inbound import GoodsReceipt, PurchaseLine, PurchaseOrder, ReceiptLine, Supplier, Transfer
from inventory.services import inbound, transfers

TODAY = NOW.date()
IN_A_MONTH = TODAY + timedelta(days=30)
_nonces = count(1)


def purchase(at: Store, *lines: tuple[Product, int, int], sent: bool = True) -> PurchaseOrder:
    """(product, units, cost of one in paise) each, ordered from one supplier."""
    supplier, _ = Supplier.objects.get_or_create(code="nandi", defaults={"name": "Nandi Dairy"})
    order = PurchaseOrder.objects.create(supplier=supplier, store=at, expected_on=TODAY, created_at=NOW)
    PurchaseLine.objects.bulk_create(
        PurchaseLine(purchase=order, product=product, ordered=units, unit_cost_paise=cost)
        for product, units, cost in lines
    )
    return inbound.send_purchase(purchase_id=order.pk, now=NOW) if sent else order


def receipt(at: Store, order: PurchaseOrder | None = None, transfer: Transfer | None = None) -> GoodsReceipt:
    return inbound.open_receipt(
        store_id=at.pk, purchase_id=order.pk if order else None, transfer_id=transfer.pk if transfer else None,
        receipt_id=uuid7(), actor="user:1", now=NOW,
    )  # fmt: skip


def enter(to: GoodsReceipt, product: Product, qty: int = 0, **more: Any) -> ReceiptLine:
    fields = {"nonce": f"n{next(_nonces)}", "expires_on": IN_A_MONTH, "lot": "L1", "actor": "user:1", "now": NOW} | more
    return inbound.enter_line(receipt_id=to.pk, product_id=product.pk, qty=qty, **fields)


def transfer(from_store: Store, to_store: Store, *lines: tuple[Product, int], sent: bool = False) -> Transfer:
    made = transfers.request_transfer(
        transfer_id=uuid7(), from_store_id=from_store.pk, to_store_id=to_store.pk, actor="user:2", now=NOW
    )
    for product, units in lines:
        transfers.ask_for(transfer_id=made.pk, product_id=product.pk, units=units)
    return transfers.dispatch(transfer_id=made.pk, actor="user:2", now=NOW) if sent else made
