"""Stock: batches, counters, holds and the ledger they are the sum of. An order is known only as `ref`.

A `Movement` is about one batch; `Batch` is the sum of its movements and `Stock` the sum of its batches. What a customer
may have is `Stock.free`: on hand, less what is held, less what is blocked (too short-dated, expired, quarantined).
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class Bin(models.Model):
    """A place in a store; `sequence` is the order in which a picker walks past it."""

    store = models.ForeignKey("catalog.Store", on_delete=models.CASCADE, related_name="bins")
    code = models.CharField(max_length=12)
    zone = models.CharField(max_length=8)
    sequence = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["store", "code"], name="bin_code_once_per_store")]

    def __str__(self) -> str:
        return self.code


class StockQuerySet(models.QuerySet["Stock"]):
    def at(self, store_id: int) -> StockQuerySet:
        return self.filter(store_id=store_id)

    def free(self) -> StockQuerySet:
        """Rows with at least one unit that may be sold."""
        return self.filter(free__gt=0)


class Stock(models.Model):
    """Units of a product in a store: the sum of its batches, written only by inventory.services.

    `blocked` are units nobody holds in batches that may not be sold; `bin` is the product's home place.
    """

    store = models.ForeignKey("catalog.Store", on_delete=models.PROTECT, related_name="stock")
    product = models.ForeignKey("catalog.Product", on_delete=models.PROTECT, related_name="stock")
    bin = models.ForeignKey(Bin, on_delete=models.SET_NULL, null=True, blank=True, related_name="stock")
    on_hand = models.IntegerField(default=0)
    held = models.IntegerField(default=0)
    blocked = models.IntegerField(default=0, db_default=0)
    free = models.GeneratedField(
        expression=F("on_hand") - F("held") - F("blocked"), output_field=models.IntegerField(), db_persist=True
    )

    objects = StockQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "stock"
        constraints = [
            models.UniqueConstraint(fields=["store", "product"], name="stock_once_per_store_and_product"),
            models.CheckConstraint(condition=Q(on_hand__gte=0), name="stock_on_hand_not_negative"),
            models.CheckConstraint(condition=Q(held__gte=0), name="stock_held_not_negative"),
            models.CheckConstraint(condition=Q(blocked__gte=0), name="stock_blocked_not_negative"),
            models.CheckConstraint(
                condition=Q(held__lte=F("on_hand") - F("blocked")), name="stock_held_and_blocked_within_on_hand"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product} in {self.store.code}"


class BatchState(models.TextChoices):
    """Only units of OPEN batches may be held."""

    OPEN = "open", "For sale"
    SHORT = "short", "Too short-dated to sell"
    EXPIRED = "expired", "Expired"
    QUARANTINED = "quarantined", "In quarantine"


class Batch(models.Model):
    """Units of one stock row that came with the same lot number and expiry. Its stock row is its lock.

    `sell_until` is the last instant at which a customer may receive one: the end of `expires_on` where the store is,
    less the life that must remain (`inventory.services.batches`). Empty: it keeps.
    """

    stock = models.ForeignKey(Stock, on_delete=models.PROTECT, related_name="batches")
    lot = models.CharField(max_length=40, blank=True, default="", help_text="As printed; empty when nothing is")
    expires_on = models.DateField(null=True, blank=True, help_text="Last day of use")
    sell_until = models.DateTimeField(null=True, blank=True)
    bin = models.ForeignKey(
        Bin, on_delete=models.SET_NULL, null=True, blank=True, related_name="batches",
        help_text="Empty: in the product's home place",
    )  # fmt: skip
    unit_cost_paise = models.BigIntegerField(null=True, blank=True, help_text="What one unit cost us")
    state = models.CharField(max_length=11, choices=BatchState.choices, default=BatchState.OPEN)
    state_reason = models.CharField(max_length=120, blank=True, default="")
    on_hand = models.IntegerField(default=0)
    held = models.IntegerField(default=0)
    received_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "batches"
        constraints = [
            models.UniqueConstraint(
                fields=["stock", "lot", "expires_on"], name="batch_once_per_lot_and_expiry", nulls_distinct=False
            ),
            models.CheckConstraint(condition=Q(held__gte=0), name="batch_held_not_negative"),
            models.CheckConstraint(condition=Q(held__lte=F("on_hand")), name="batch_held_within_on_hand"),
        ]
        indexes = [
            models.Index(
                fields=["sell_until"],
                name="batch_to_block",
                condition=Q(sell_until__isnull=False, on_hand__gt=0) & ~Q(state__in=["expired", "quarantined"]),
            ),
            models.Index(fields=["lot"], name="batch_by_lot", condition=~Q(lot="")),
            models.Index(
                fields=["stock"],
                name="batch_held_but_not_to_leave",
                condition=Q(state__in=["expired", "quarantined"], held__gt=0),
            ),
        ]

    @property
    def free(self) -> int:
        """Units nobody holds, on sale or not."""
        return self.on_hand - self.held

    def __str__(self) -> str:
        ends = f", expires {self.expires_on:%d %b %Y}" if self.expires_on else ""
        return f"Lot {self.lot or '(none)'}{ends}"


class HoldState(models.TextChoices):
    ACTIVE = "active", "Waiting for payment"
    FIRM = "firm", "Firm"
    SHIPPED = "shipped", "Left the store"
    RELEASED = "released", "Given back"


class Hold(models.Model):
    """Units of one product set aside for one `ref`. ACTIVE holds end at `expires_at`; FIRM ones do not expire."""

    ref = models.UUIDField()
    stock = models.ForeignKey(Stock, on_delete=models.PROTECT, related_name="holds")
    qty = models.PositiveIntegerField()
    state = models.CharField(max_length=8, choices=HoldState.choices, default=HoldState.ACTIVE)
    expires_at = models.DateTimeField(null=True, blank=True)
    arrives_at = models.DateTimeField(null=True, blank=True, help_text="When the units must still be good")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ref", "stock"], name="hold_once_per_ref_and_stock"),
            models.CheckConstraint(
                condition=~Q(state="active") | Q(expires_at__isnull=False), name="hold_active_has_an_end"
            ),
        ]
        indexes = [models.Index(fields=["expires_at"], name="hold_expiring", condition=Q(state="active"))]

    def __str__(self) -> str:
        return f"{self.qty} for {self.ref}"


class HoldLot(models.Model):
    """From which batch a hold's units are: first expired, first out. A live hold's `qty` is the sum of its lots."""

    hold = models.ForeignKey(Hold, on_delete=models.CASCADE, related_name="lots")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="hold_lots")
    qty = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["hold", "batch"], name="hold_lot_once_per_hold_and_batch")]

    def __str__(self) -> str:
        return f"{self.qty} of {self.batch}"


class MovementKind(models.TextChoices):
    RECEIVE = "receive", "Received"
    HOLD = "hold", "Held"
    RELEASE = "release", "Released"
    SHIP = "ship", "Left with a rider"
    COUNT = "count", "Counted"
    WASTE = "waste", "Wasted"
    RETURN = "return", "Came back"
    DISPATCH = "dispatch", "Sent to another store"
    ARRIVE = "arrive", "Came from another store"
    SYNC = "sync", "Told by another system"
    RELOT = "relot", "Held from another lot"
    BLOCK = "block", "Taken off sale"
    UNBLOCK = "unblock", "Back on sale"


class Movement(models.Model):
    """The append-only ledger. For every batch, and so for every stock row: on_hand = sum(on_hand_delta), held =
    sum(held_delta)."""

    stock = models.ForeignKey(Stock, on_delete=models.PROTECT, related_name="movements")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="movements")
    kind = models.CharField(max_length=8, choices=MovementKind.choices)
    on_hand_delta = models.IntegerField(default=0)
    held_delta = models.IntegerField(default=0)
    ref = models.UUIDField(null=True, blank=True)
    reason = models.CharField(max_length=120, blank=True)
    actor = models.CharField(max_length=60)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["stock", "id"], name="movement_by_stock"),
            models.Index(fields=["batch", "id"], name="movement_by_batch"),
            models.Index(fields=["ref"], name="movement_by_ref", condition=Q(ref__isnull=False)),
            models.Index(fields=["batch", "at"], name="movement_of_goods", condition=~Q(on_hand_delta=0)),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(on_hand_delta=0) | ~Q(held_delta=0) | Q(kind__in=["count", "sync", "block", "unblock"]),
                name="movement_moves_something",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.on_hand_delta:+} on hand, {self.held_delta:+} held"


# Counts, wastage and replenishment have a file of their own; Django finds the models of an app here.
from inventory.counts import CasePack as CasePack  # noqa: E402
from inventory.counts import CountedLot as CountedLot  # noqa: E402
from inventory.counts import CountSheet as CountSheet  # noqa: E402
from inventory.counts import CountTask as CountTask  # noqa: E402
from inventory.counts import ReorderPoint as ReorderPoint  # noqa: E402
from inventory.counts import ReplenishmentSuggestion as ReplenishmentSuggestion  # noqa: E402
from inventory.counts import ShelfPolicy as ShelfPolicy  # noqa: E402
from inventory.counts import Wastage as Wastage  # noqa: E402
from inventory.inbound import Discrepancy as Discrepancy  # noqa: E402
from inventory.inbound import GoodsReceipt as GoodsReceipt  # noqa: E402
from inventory.inbound import PurchaseLine as PurchaseLine  # noqa: E402
from inventory.inbound import PurchaseOrder as PurchaseOrder  # noqa: E402
from inventory.inbound import Putaway as Putaway  # noqa: E402
from inventory.inbound import ReceiptLine as ReceiptLine  # noqa: E402
from inventory.inbound import Supplier as Supplier  # noqa: E402
from inventory.inbound import Transfer as Transfer  # noqa: E402
from inventory.inbound import TransferLine as TransferLine  # noqa: E402
from inventory.inbound import TransferLot as TransferLot  # noqa: E402
from inventory.partners import ApiClient as ApiClient  # noqa: E402
from inventory.partners import SyncKind as SyncKind  # noqa: E402
from inventory.partners import SyncMessage as SyncMessage  # noqa: E402
from inventory.partners import SyncStream as SyncStream  # noqa: E402
from inventory.recalls import Recall as Recall  # noqa: E402
from inventory.recalls import RecallNotice as RecallNotice  # noqa: E402
