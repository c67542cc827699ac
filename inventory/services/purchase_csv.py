"""Lines of a purchase order from a CSV file: `sku` (or barcode), `units`, `cost` (rupees for one unit)."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from catalog.models import Product
from inventory.errors import DeliveryMoved
from inventory.inbound import PurchaseLine, PurchaseOrder, PurchaseState

COLUMNS = ("sku", "units", "cost")
MOST_LINES = 5_000
MOST_UNITS = 99_999
MOST_RUPEES = Decimal(1_000_000)


@dataclass(slots=True)
class Read:
    """What a file says: (product id, units, cost of one in paise) each, and what is wrong with it, line by line."""

    rows: list[tuple[int, int, int]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def read(text: str) -> Read:
    """Reads the whole file and names every mistake with its line. Two statements at most; nothing is written."""
    done = Read()
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff")))
    header = [(name or "").strip().lower() for name in reader.fieldnames or []]
    if missing := [name for name in COLUMNS if name not in header]:
        done.problems.append(f"Line 1: the first line must name the columns {', '.join(COLUMNS)}; "
                             f"missing: {', '.join(missing)}.")  # fmt: skip
        return done
    reader.fieldnames = header
    found: list[tuple[int, str, int, int]] = []
    try:
        for row in reader:
            _line(row, reader.line_num, found, done)
            if len(found) > MOST_LINES:
                done.problems.append(f"More than {MOST_LINES} lines.")
                return done
    except csv.Error as error:
        done.problems.append(f"Line {reader.line_num}: {error}.")
        return done
    codes = {code for _, code, _, _ in found}
    by_code: dict[str, int] = {}
    for pk, sku, barcode in Product.objects.filter(Q(sku__in=codes) | Q(barcode__in=codes)).values_list(
        "pk", "sku", "barcode"
    ):
        by_code[sku] = pk
        if barcode:
            by_code.setdefault(barcode, pk)
    seen: dict[int, int] = {}
    for number, code, units, cost in found:
        product_id = by_code.get(code)
        if product_id is None:
            done.problems.append(f"Line {number}: no product has the SKU or barcode {code[:40]}.")
        elif product_id in seen:
            done.problems.append(f"Line {number}: {code[:40]} was on line {seen[product_id]} already.")
        else:
            seen[product_id] = number
            done.rows.append((product_id, units, cost))
    if not found and not done.problems:
        done.problems.append("The file has no lines.")
    return done


@transaction.atomic
def write(*, purchase_id: UUID, rows: list[tuple[int, int, int]]) -> int:
    """These lines are the draft's lines now (one of a product replaces the one that was there). Raises DeliveryMoved
    when it is no draft any more."""
    purchase = PurchaseOrder.objects.select_for_update(no_key=True).get(pk=purchase_id)
    if purchase.state != PurchaseState.DRAFT:
        raise DeliveryMoved("This order was sent already: its lines stay.", state=purchase.state)
    PurchaseLine.objects.bulk_create(
        (PurchaseLine(purchase=purchase, product_id=product_id, ordered=units, unit_cost_paise=cost)
         for product_id, units, cost in rows),
        update_conflicts=True, unique_fields=["purchase", "product"], update_fields=["ordered", "unit_cost_paise"],
    )  # fmt: skip
    return len(rows)


def _line(row: dict[str, str | None], number: int, found: list[tuple[int, str, int, int]], done: Read) -> None:
    code, units, cost = ((row.get(name) or "").strip() for name in COLUMNS)
    if not (code or units or cost):
        return
    try:
        rupees = Decimal(cost.replace(",", "").lstrip("₹"))
    except InvalidOperation:
        rupees = Decimal(-1)
    rupees = rupees if rupees.is_finite() else Decimal(-1)
    paise = rupees * 100
    if not code:
        done.problems.append(f"Line {number}: the SKU is missing.")
    elif not (units.isascii() and units.isdigit() and 0 < int(units[:7]) <= MOST_UNITS):
        done.problems.append(f"Line {number}: units must be a whole number from 1 to {MOST_UNITS}, not {units[:20]!r}.")
    elif not 0 <= rupees <= MOST_RUPEES or paise != int(paise):
        done.problems.append(f"Line {number}: the cost must be rupees and paise, for example 42.50, not {cost[:20]!r}.")
    else:
        found.append((number, code, int(units), int(paise)))
