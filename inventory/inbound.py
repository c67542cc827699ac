"""Goods on their way in: purchase orders, receipts, what has to be put away, transfers between stores, differences.

Nothing here is stock. Units become stock when a receipt is closed, and leave it when a transfer is dispatched, both
through the ledger (`inventory.services`) with the receipt's or transfer's id as the movements' `ref`.
"""

from __future__ import annotations

import secrets
from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from blinkit.kernel.ids import uuid7


def purchase_number() -> str:
    return f"PO-{secrets.randbelow(10**7):07}"


class Supplier(models.Model):
    """Who sells to us."""

    code = models.SlugField(max_length=24, unique=True)
    name = models.CharField(max_length=120)
    phone = models.CharField(max_length=16, blank=True, default="")
    gstin = models.CharField("GSTIN", max_length=15, blank=True, default="")
    fssai = models.CharField("FSSAI licence", max_length=14, blank=True, default="")
    is_active = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.name


class PurchaseState(models.TextChoices):
    DRAFT = "draft", "Draft"
    SENT = "sent", "Sent to the supplier"
    PARTLY = "partly", "Partly received"
    RECEIVED = "received", "Received"
    CANCELLED = "cancelled", "Cancelled"


class PurchaseOrder(models.Model):
    """What a supplier was asked to bring to one store, and at which cost. State moves only through the services."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(max_length=24, unique=True, default=purchase_number)
    supplier = models.ForeignKey(Supplier, on_delete=models.PROTECT, related_name="purchases")
    store = models.ForeignKey("catalog.Store", on_delete=models.PROTECT, related_name="purchases")
    state = models.CharField(max_length=9, choices=PurchaseState.choices, default=PurchaseState.DRAFT, editable=False)
    expected_on = models.DateField(null=True, blank=True)
    note = models.CharField(max_length=160, blank=True, default="")
    created_at = models.DateTimeField(editable=False)
    sent_at = models.DateTimeField(null=True, editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        indexes = [
            models.Index(
                fields=["store", "expected_on"], name="purchase_expected", condition=Q(state__in=["sent", "partly"])
            )
        ]

    def __str__(self) -> str:
        return self.number


class PurchaseLine(models.Model):
    """`delivered` are all units that came, `accepted` those of them that were good. Written when a receipt closes."""

    purchase = models.ForeignKey(PurchaseOrder, on_delete=models.CASCADE, related_name="lines")
    product = models.ForeignKey("catalog.Product", on_delete=models.PROTECT, related_name="+")
    ordered = models.PositiveIntegerField()
    unit_cost_paise = models.BigIntegerField(help_text="What one unit costs us, in paise")
    delivered = models.PositiveIntegerField(default=0, editable=False)
    accepted = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["purchase", "product"], name="purchase_line_once_per_product"),
            models.CheckConstraint(condition=Q(ordered__gt=0), name="purchase_line_orders_something"),
            models.CheckConstraint(condition=Q(unit_cost_paise__gte=0), name="purchase_line_cost_not_negative"),
            models.CheckConstraint(condition=Q(accepted__lte=F("delivered")), name="purchase_line_accepts_what_came"),
        ]

    def __str__(self) -> str:
        return f"{self.ordered} × {self.product_id}"


class TransferState(models.TextChoices):
    REQUESTED = "requested", "Asked for"
    DISPATCHED = "dispatched", "On its way"
    RECEIVED = "received", "Received"
    CANCELLED = "cancelled", "Cancelled"


class Transfer(models.Model):
    """Units one store sends to another. On their way they are in neither store's stock: `TransferLot` counts them."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    from_store = models.ForeignKey("catalog.Store", on_delete=models.PROTECT, related_name="transfers_out")
    to_store = models.ForeignKey("catalog.Store", on_delete=models.PROTECT, related_name="transfers_in")
    state = models.CharField(max_length=10, choices=TransferState.choices, default=TransferState.REQUESTED)
    note = models.CharField(max_length=160, blank=True, default="")
    requested_by = models.CharField(max_length=60)
    requested_at = models.DateTimeField()
    dispatched_by = models.CharField(max_length=60, blank=True, default="")
    dispatched_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=60, blank=True, default="")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(from_store=F("to_store")), name="transfer_is_between_two_stores"
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(
                fields=["to_store"], name="transfer_under_way", condition=Q(state__in=["requested", "dispatched"])
            )
        ]

    @property
    def number(self) -> str:
        return f"TR-{str(self.pk)[-6:].upper()}"

    def __str__(self) -> str:
        return self.number


class TransferLine(models.Model):
    """Units asked for."""

    transfer = models.ForeignKey(Transfer, on_delete=models.CASCADE, related_name="lines")
    product = models.ForeignKey("catalog.Product", on_delete=models.PROTECT, related_name="+")
    asked = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["transfer", "product"], name="transfer_line_once_per_product"),
            models.CheckConstraint(condition=Q(asked__gt=0), name="transfer_line_asks_for_something"),
        ]

    def __str__(self) -> str:
        return f"{self.asked} × {self.product_id}"


class TransferLot(models.Model):
    """Units of one batch that left. sent = arrived + lost + in transit, and the ledger says the same."""

    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="lots")
    batch = models.ForeignKey("inventory.Batch", on_delete=models.PROTECT, related_name="+")
    sent = models.PositiveIntegerField()
    arrived = models.PositiveIntegerField(default=0)
    lost = models.PositiveIntegerField(default=0, help_text="Never came, or came spoilt")
    in_transit = models.GeneratedField(
        expression=F("sent") - F("arrived") - F("lost"), output_field=models.IntegerField(), db_persist=True
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["transfer", "batch"], name="transfer_lot_once_per_batch"),
            models.CheckConstraint(condition=Q(sent__gt=0), name="transfer_lot_sends_something"),
            models.CheckConstraint(
                condition=Q(sent__gte=F("arrived") + F("lost")), name="transfer_lot_arrives_within_sent"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sent} of {self.batch_id}"


class ReceiptState(models.TextChoices):
    OPEN = "open", "Being received"
    CLOSED = "closed", "Received"
    CANCELLED = "cancelled", "Given up"


class GoodsReceipt(models.Model):
    """What came in at one door (GRN): against a purchase order, against a transfer, or without either."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    store = models.ForeignKey("catalog.Store", on_delete=models.PROTECT, related_name="goods_receipts")
    purchase = models.ForeignKey(PurchaseOrder, on_delete=models.PROTECT, null=True, related_name="receipts")
    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, null=True, related_name="receipts")
    state = models.CharField(max_length=9, choices=ReceiptState.choices, default=ReceiptState.OPEN)
    opened_by = models.CharField(max_length=60)
    opened_at = models.DateTimeField()
    closed_by = models.CharField(max_length=60, blank=True, default="")
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["purchase"], condition=Q(state="open"), name="receipt_one_open_per_purchase"
            ),
            models.UniqueConstraint(
                fields=["transfer"], condition=~Q(state="cancelled"), name="receipt_one_per_transfer"
            ),
            models.CheckConstraint(
                condition=Q(purchase=None) | Q(transfer=None), name="receipt_has_one_origin_at_most"
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["store", "-opened_at"], name="receipt_by_store")]

    @property
    def number(self) -> str:
        return f"GR-{str(self.pk)[-6:].upper()}"

    @property
    def ordered_as(self) -> str:
        """The number people know it by: the purchase order's or transfer's, else its own."""
        origin = self.purchase or self.transfer
        return origin.number if origin else self.number

    def __str__(self) -> str:
        return self.number


class Refused(models.TextChoices):
    """Why units that came were not taken in."""

    NO = "", "Taken"
    TEMPERATURE = "temperature", "Too warm"
    SHORT_DATED = "short_dated", "Too short-dated"


class ReceiptLine(models.Model):
    """One entry at the door. `qty` become stock when the receipt closes; damaged and refused ones never do."""

    receipt = models.ForeignKey(GoodsReceipt, on_delete=models.PROTECT, related_name="lines")
    product = models.ForeignKey("catalog.Product", on_delete=models.PROTECT, related_name="+")
    lot = models.CharField(max_length=40, blank=True, default="")
    expires_on = models.DateField(null=True)
    qty = models.PositiveIntegerField(default=0)
    damaged = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    refused_why = models.CharField(max_length=11, choices=Refused.choices, blank=True, default="")
    stays_blocked = models.BooleanField(default=False, help_text="Too short-dated; the manager took it in, off sale")
    temperature_c: models.DecimalField[Decimal | None, Decimal | None] = models.DecimalField(
        max_digits=4, decimal_places=1, null=True
    )
    nonce = models.CharField(max_length=64)
    actor = models.CharField(max_length=60)
    at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, help_text="Taken back before the receipt was closed")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["receipt", "nonce"], name="receipt_line_once_per_nonce"),
            models.CheckConstraint(
                condition=Q(qty__gt=0) | Q(damaged__gt=0) | Q(refused__gt=0), name="receipt_line_counts_something"
            ),
            models.CheckConstraint(condition=Q(refused=0) | ~Q(refused_why=""), name="receipt_line_refused_for_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.qty} × {self.product_id}"


class Putaway(models.Model):
    """Units of a batch that came and stand at the door until somebody scans the bin they were put into."""

    store = models.ForeignKey("catalog.Store", on_delete=models.PROTECT, related_name="putaways")
    batch = models.ForeignKey("inventory.Batch", on_delete=models.PROTECT, related_name="putaways")
    ref = models.UUIDField(help_text="The receipt they came with")
    qty = models.PositiveIntegerField()
    suggested = models.ForeignKey("inventory.Bin", on_delete=models.SET_NULL, null=True, related_name="+")
    why = models.CharField(max_length=10, blank=True, default="", help_text="A reason of inventory.putaway")
    made_at = models.DateTimeField()
    bin = models.ForeignKey("inventory.Bin", on_delete=models.SET_NULL, null=True, related_name="+")
    done_at = models.DateTimeField(null=True)
    done_by = models.CharField(max_length=60, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ref", "batch"], name="putaway_once_per_receipt_and_batch")]
        indexes = [models.Index(fields=["store"], name="putaway_open", condition=Q(done_at=None))]

    def __str__(self) -> str:
        return f"{self.qty} of {self.batch_id}"


class DiscrepancyKind(models.TextChoices):
    OVER = "over", "More than expected"
    SHORT = "short", "Fewer than expected"
    DAMAGED = "damaged", "Damaged"
    TEMPERATURE = "temperature", "Too warm"
    SHORT_DATED = "short_dated", "Too short-dated"


class Discrepancy(models.Model):
    """A difference between what should have come and what did. Stays open until a manager says how it was settled."""

    store = models.ForeignKey("catalog.Store", on_delete=models.PROTECT, related_name="discrepancies")
    receipt = models.ForeignKey(GoodsReceipt, on_delete=models.PROTECT, related_name="discrepancies")
    product = models.ForeignKey("catalog.Product", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=11, choices=DiscrepancyKind.choices)
    units = models.PositiveIntegerField()
    at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    settled_by = models.CharField(max_length=60, blank=True, default="")
    settlement = models.CharField(max_length=160, blank=True, default="")

    class Meta:
        verbose_name_plural = "discrepancies"
        constraints = [
            models.UniqueConstraint(fields=["receipt", "product", "kind"], name="discrepancy_once_per_receipt"),
            models.CheckConstraint(condition=Q(units__gt=0), name="discrepancy_is_of_some_units"),
        ]
        indexes = [models.Index(fields=["store", "-id"], name="discrepancy_open", condition=Q(settled_at=None))]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.units}"
