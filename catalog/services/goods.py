"""Products changed by people: one sheet or one selection is one act, written set by set and said in one event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from blinkit.kernel import events
from catalog.errors import SheetChanged, SheetRefused
from catalog.events import ProductsEdited
from catalog.importing.sheets import SheetPlan, plan_sheet
from catalog.models import Product
from catalog.services.faces import refresh_families
from catalog.services.findability import refresh_search
from catalog.services.shelf import put_on_shelf, refresh_shelf

BATCH = 1_000
NAMED_AT_MOST = 300
"""An event names so many changes; the rest is counted."""
TOGETHER = ("category", "brand", "gst_bp", "zone", "max_per_order", "is_active")


@transaction.atomic
def apply_sheet(
    *, content: bytes, digest: str, store_id: int | None, all_or_nothing: bool, reason: str, actor: str, now: datetime
) -> SheetPlan:
    """Do what a sheet's preview showed. Prices leave PriceChange rows with actor and reason; shelf and search follow.

    Raises SheetChanged when the preview is no longer what would happen, SheetRefused when `all_or_nothing` and a row is
    refused. Nothing is written then.
    """
    plan = plan_sheet(content, store_id=store_id, lock=True)
    if plan.digest != digest:
        raise SheetChanged()
    if all_or_nothing and plan.count("refused"):
        raise SheetRefused(f"{plan.count('refused')} rows are refused, so nothing was changed.")
    new = [Product(sku=sku, source="sheet", updated_at=now, **said) for sku, said in plan.values.items()
           if sku not in plan.products]  # fmt: skip
    changed = [plan.products[sku] for sku in plan.values if sku in plan.products]
    Product.objects.bulk_create(new, batch_size=BATCH)
    _write(changed, plan, now)
    ids = [p.pk for p in (*new, *changed)]
    refresh_families(ids)
    refresh_shelf(product_ids=ids, actor=actor, now=now)
    if plan.prices and store_id is not None:
        rows = [(plan.products[sku].pk, price) for sku, price in plan.prices]
        put_on_shelf(store_id=store_id, rows=rows, actor=actor, reason=reason or "sheet", now=now)
    if ids:
        refresh_search(ids)
        said_changes = [
            f"{line.sku} {change.field}: {change.old} → {change.new}"
            for line in plan.lines
            if line.kind == "changed"
            for change in line.changes
        ]
        events.record(
            ProductsEdited(
                how="sheet", new=len(new), changed=len(changed), reason=reason[:120],
                changes=said_changes[:NAMED_AT_MOST], more=max(0, len(said_changes) - NAMED_AT_MOST),
            ),
            subject="catalog:products",
            actor=actor,
        )  # fmt: skip
    return plan


@transaction.atomic
def edit_products(
    *, product_ids: Sequence[int], changes: Mapping[str, Any], actor: str, reason: str = "", now: datetime
) -> int:
    """Give many products the same category, brand, GST rate, zone, most per order, or on and off. How many changed."""
    unknown = set(changes) - set(TOGETHER)
    if unknown:
        raise ValueError(f"Not changed together: {', '.join(sorted(unknown))}")
    rows = Product.objects.filter(pk__in=product_ids).order_by("pk").defer("search_vector", "search_text")
    products = list(rows.select_for_update(no_key=True))  # a shelf may point at them meanwhile
    differing = [p for p in products if any(_plain(getattr(p, _column(n))) != _plain(v) for n, v in changes.items())]
    ids = [p.pk for p in differing]
    if not ids:
        return 0
    Product.objects.filter(pk__in=ids).update(**changes, updated_at=now)
    refresh_families(ids)
    refresh_shelf(product_ids=ids, actor=actor, now=now)
    refresh_search(ids)
    told = ", ".join(f"{name} → {value}" for name, value in changes.items())
    events.record(
        ProductsEdited(
            how="selection", new=0, changed=len(ids), reason=reason[:120],
            changes=[f"{p.sku}: {told}" for p in differing[:NAMED_AT_MOST]], more=max(0, len(ids) - NAMED_AT_MOST),
        ),
        subject="catalog:products",
        actor=actor,
    )  # fmt: skip
    return len(ids)


def _column(name: str) -> str:
    return f"{name}_id" if name in {"category", "brand"} else name


def _plain(value: Any) -> Any:
    return getattr(value, "pk", value)


_TYPES = {
    "name": "text", "name_hi": "text", "brand": "bigint", "category": "bigint", "pack": "text", "pack_size": "numeric",
    "pack_unit": "text", "weight_g": "int", "mrp_paise": "bigint", "hsn": "text", "gst_bp": "int", "veg": "text",
    "zone": "text", "barcode": "text", "shelf_life_days": "int", "min_life_days": "int", "max_per_order": "smallint",
    "description": "text",
    "keywords": "text", "family_by_hand": "text", "popularity": "int", "is_active": "boolean",
}  # fmt: skip


def _write(changed: Sequence[Product], plan: SheetPlan, now: datetime) -> None:
    """All changed rows in one statement."""
    touched = sorted({change.field for line in plan.lines if line.kind == "changed" for change in line.changes})
    fields = [name for name in touched if name in _TYPES]
    if not changed or not fields:
        return
    ids = [p.pk for p in changed]
    if "barcode" in fields:
        Product.objects.filter(pk__in=ids).update(barcode=None)  # one may move from row to row within the sheet
    arrays = [[_plain(plan.values[p.sku][name]) for p in changed] for name in fields]
    columns = [_column(name) for name in fields]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""UPDATE catalog_product p SET {", ".join(f"{c} = n.{c}" for c in columns)}, updated_at = %s
            FROM unnest(%s::bigint[], {", ".join(f"%s::{_TYPES[name]}[]" for name in fields)})
                AS n(id, {", ".join(columns)}) WHERE p.id = n.id""",
            [now, ids, *arrays],
        )
