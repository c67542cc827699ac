"""What the screens at the door read: what is expected, how far a receipt is, what waits to be put away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Count, F, Q, QuerySet, Sum

from catalog.models import Product
from inventory import gs1
from inventory.errors import NoSuchDelivery
from inventory.gs1 import Label
from inventory.inbound import (
    Discrepancy,
    GoodsReceipt,
    PurchaseOrder,
    Putaway,
    ReceiptLine,
    ReceiptState,
    Transfer,
    TransferLot,
    TransferState,
)
from inventory.models import Batch, Stock
from inventory.putaway import Place
from inventory.states import COMING

LAST_DIGITS = 4
SHOWN = 50
COLD_FIRST = {"frozen": 0, "chilled": 1, "produce": 2, "ambient": 3}


@dataclass(slots=True)
class Row:
    """One product of a receipt. `expected` None: without an order nothing is."""

    product: Product
    expected: int | None = None
    good: int = 0
    damaged: int = 0
    refused: int = 0
    lots: list[Batch] = field(default_factory=list)
    lines: list[ReceiptLine] = field(default_factory=list)

    @property
    def came(self) -> int:
        return self.good + self.damaged + self.refused

    @property
    def over(self) -> int:
        return max(0, self.came - self.expected) if self.expected is not None else 0

    @property
    def short(self) -> int:
        return max(0, self.expected - self.came) if self.expected is not None else 0

    @property
    def state(self) -> str:
        if self.over or self.damaged or self.refused:
            return "warn"
        return "wait" if self.short else "done"


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a code at the door means: several products when the last digits fit several."""

    products: list[Product]
    label: Label


def expected(*, store_id: int) -> tuple[list[PurchaseOrder], list[Transfer], list[GoodsReceipt]]:
    """Purchase orders and transfers on their way to a store, and receipts somebody has open. Three statements."""
    purchases = (
        PurchaseOrder.objects.filter(store_id=store_id, state__in=COMING)
        .select_related("supplier")
        .annotate(lines_n=Count("lines"), units_n=Sum("lines__ordered") - Sum("lines__delivered"))
        .order_by(F("expected_on").asc(nulls_last=True), "number")
    )
    coming = (
        Transfer.objects.filter(to_store_id=store_id, state=TransferState.DISPATCHED)
        .select_related("from_store")
        .annotate(lines_n=Count("lots"), units_n=Sum("lots__sent"))
        .order_by("dispatched_at")
    )
    opened = (
        GoodsReceipt.objects.filter(store_id=store_id, state=ReceiptState.OPEN)
        .select_related("purchase__supplier", "transfer__from_store")
        .annotate(lines_n=Count("lines", filter=Q(lines__removed_at=None)))
        .order_by("-opened_at")
    )
    return list(purchases[:SHOWN]), list(coming[:SHOWN]), list(opened[:SHOWN])


def receipt_of(*, receipt_id: UUID, store_id: int) -> GoodsReceipt:
    rows = GoodsReceipt.objects.select_related("store__city", "purchase__supplier", "transfer__from_store")
    receipt = rows.filter(pk=receipt_id, store_id=store_id).first()
    if receipt is None:
        raise NoSuchDelivery("There is no such receipt in this store.")
    return receipt


def progress(receipt: GoodsReceipt) -> list[Row]:
    """A row per product: first what is still expected, then what is done, then what was not ordered. Few statements."""
    rows: dict[int, Row] = {}
    if receipt.purchase is not None:
        for order_line in receipt.purchase.lines.select_related("product__category").order_by("pk"):
            closed = receipt.state != ReceiptState.OPEN
            due = order_line.ordered - (0 if closed else order_line.delivered)
            rows[order_line.product_id] = Row(order_line.product, max(0, due))
    elif receipt.transfer is not None:
        for lot in _lots(receipt.transfer):
            product = lot.batch.stock.product
            row = rows.setdefault(product.pk, Row(product, 0))
            row.expected = (row.expected or 0) + lot.sent
            row.lots.append(lot.batch)
    expects = 0 if receipt.purchase_id or receipt.transfer_id else None
    for line in receipt.lines.filter(removed_at=None).select_related("product__category").order_by("-pk"):
        row = rows.setdefault(line.product_id, Row(line.product, expects))
        row.good, row.damaged, row.refused = row.good + line.qty, row.damaged + line.damaged, row.refused + line.refused
        row.lines.append(line)
    return sorted(rows.values(), key=lambda row: (not row.short, row.product.name))


def understand(code: str, *, receipt: GoodsReceipt, today: date) -> Scanned:
    """A GS1 code, a barcode, a SKU, or the last digits of one that is expected here."""
    code = code.strip()
    label = gs1.parse(code, today=today) or Label()
    codes = gs1.codes_of(label.gtin) if label.gtin else [code]
    goods = Product.objects.select_related("category")
    found = list(goods.filter(Q(barcode__in=codes) | Q(sku__in=codes)).order_by("pk")[:2])
    if not found and len(code) >= LAST_DIGITS:
        ends = Q(barcode__endswith=code) | Q(barcode=None, sku__iendswith=code)
        if receipt.purchase_id:
            here = Q(pk__in=receipt.purchase.lines.values("product"))  # type: ignore[union-attr]
        elif receipt.transfer_id:
            here = Q(pk__in=receipt.transfer.lots.values("batch__stock__product"))  # type: ignore[union-attr]
        else:
            here = Q(pk__in=Stock.objects.at(receipt.store_id).values("product"))
        found = list(goods.filter(ends, here).order_by("name")[:6])
    return Scanned(found, label)


def product_by(code: str, *, today: date) -> Product | None:
    """The product with this barcode (GS1 codes too) or SKU."""
    label = gs1.parse(code.strip(), today=today)
    codes = gs1.codes_of(label.gtin) if label and label.gtin else [code.strip()]
    return Product.objects.filter(Q(barcode__in=codes) | Q(sku__in=codes)).first()


def places(*, store_id: int) -> list[tuple[int, Place]]:
    """The store's bins with how many products live in each and of which categories. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT b.id, b.code, b.zone, b.sequence, count(s.id),
                coalesce(array_agg(DISTINCT p.category_id) FILTER (WHERE p.id IS NOT NULL), '{}')
            FROM inventory_bin AS b LEFT JOIN inventory_stock AS s ON s.bin_id = b.id
            LEFT JOIN catalog_product AS p ON p.id = s.product_id
            WHERE b.store_id = %s GROUP BY b.id ORDER BY b.sequence, b.code
            """,
            [store_id],
        )
        return [
            (bin_id, Place(code, zone, sequence, living, frozenset(categories)))
            for bin_id, code, zone, sequence, living, categories in cursor.fetchall()
        ]


def to_put_away(*, store_id: int) -> list[Putaway]:
    """What stands at the door: the cold first so that it stays cold, then along the walk. One statement."""
    rows = (
        Putaway.objects.filter(store_id=store_id, done_at=None)
        .select_related("batch__stock__product__category", "suggested")
        .order_by("pk")[:500]
    )

    def turn(row: Putaway) -> tuple[int, int, int]:
        zone = COLD_FIRST.get(row.batch.stock.product.zone, 3)
        return zone, row.suggested.sequence if row.suggested else 1_000_000, row.pk

    return sorted(rows, key=turn)


def to_put_away_count(*, store_id: int) -> int:
    return Putaway.objects.filter(store_id=store_id, done_at=None).count()


def differences(*, store_id: int, settled: bool = False) -> QuerySet[Discrepancy]:
    rows = Discrepancy.objects.filter(store_id=store_id).select_related(
        "product", "receipt__purchase__supplier", "receipt__transfer__from_store"
    )
    return rows.filter(settled_at__isnull=not settled).order_by("-pk")[: SHOWN * 2]


def transfers(*, store_id: int, now: datetime) -> list[Transfer]:
    """Transfers out of and into a store: what is under way, and what ended in the last week. One statement."""
    under_way = Q(state__in=[TransferState.REQUESTED, TransferState.DISPATCHED])
    rows = (
        Transfer.objects.filter(Q(from_store_id=store_id) | Q(to_store_id=store_id))
        .filter(under_way | Q(ended_at__gte=now - timedelta(days=7)))
        .select_related("from_store", "to_store")
        .annotate(lines_n=Count("lines", distinct=True))
    )
    return list(rows.order_by("-requested_at")[:SHOWN])


def transfer_of(*, transfer_id: UUID, store_id: int) -> Transfer:
    """A transfer out of or into this store."""
    rows = Transfer.objects.select_related("from_store", "to_store")
    transfer = rows.filter(Q(from_store_id=store_id) | Q(to_store_id=store_id), pk=transfer_id).first()
    if transfer is None:
        raise NoSuchDelivery("There is no such transfer in this store.")
    return transfer


def sendable(*, store_id: int, product_ids: Sequence[int]) -> dict[int, int]:
    """Units for sale that nobody holds, per product."""
    rows = Stock.objects.at(store_id).filter(product_id__in=list(product_ids))
    return dict(rows.values_list("product_id", "free"))


def lots_of(transfer: Transfer) -> list[TransferLot]:
    return list(_lots(transfer))


def _lots(transfer: Transfer) -> QuerySet[TransferLot]:
    return transfer.lots.select_related("batch__stock__product__category").order_by(
        F("batch__expires_on").asc(nulls_last=True), "batch_id"
    )
