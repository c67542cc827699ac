"""What is on its way to the demo stores: an order to a supplier each, and units one store asks another for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from blinkit.demo import places
from catalog.models import Product, Store
from inventory.models import PurchaseLine, PurchaseOrder, Supplier, Transfer
from inventory.services import inbound, transfers

SUPPLIER = {"code": "nandi-foods", "name": "Nandi Foods", "phone": "+919900091001", "fssai": "11226999000901"}
LINES = (("chilled", 3), ("frozen", 1), ("produce", 1), ("ambient", 2))
"""How many products of each zone are ordered."""


def make(stores: Mapping[str, Store], *, now: datetime) -> int:
    """A purchase order expected today per store and one transfer asked for. Returns how many were added."""
    supplier, _ = Supplier.objects.get_or_create(code=SUPPLIER["code"], defaults=SUPPLIER)
    best = Product.objects.filter(source="demo").order_by("-popularity", "sku")
    goods = [product for zone, count in LINES for product in best.filter(zone=zone)[:count]]
    made = 0
    for store in stores.values():
        number = f"PO-{store.code}-1"
        if PurchaseOrder.objects.filter(number=number).exists():
            continue
        order = PurchaseOrder.objects.create(
            number=number, supplier=supplier, store=store, created_at=now,
            expected_on=now.astimezone(ZoneInfo(places.CITY["timezone"])).date(),
        )  # fmt: skip
        PurchaseLine.objects.bulk_create(
            PurchaseLine(purchase=order, product=product, ordered=24, unit_cost_paise=product.mrp_paise * 7 // 10)
            for product in goods
        )
        inbound.send_purchase(purchase_id=order.pk, now=now)
        made += 1
    giver, asker = (stores[plan.code] for plan in places.STORES[:2])
    transfer_id = uuid5(NAMESPACE_URL, "demo-transfer")
    if not Transfer.objects.filter(pk=transfer_id).exists():
        transfers.request_transfer(
            transfer_id=transfer_id, from_store_id=giver.pk, to_store_id=asker.pk, actor="system", now=now
        )
        for product in goods[:2]:
            transfers.ask_for(transfer_id=transfer_id, product_id=product.pk, units=6)
        made += 1
    return made
