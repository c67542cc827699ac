"""Stock: counters, holds and the ledger they are the sum of. An order is known only as `ref`."""

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
        """Rows with at least one unit nobody holds."""
        return self.filter(on_hand__gt=F("held"))


class Stock(models.Model):
    """Units of a product in a store: a projection of `Movement`, written only by inventory.services."""

    store = models.ForeignKey("catalog.Store", on_delete=models.PROTECT, related_name="stock")
    product = models.ForeignKey("catalog.Product", on_delete=models.PROTECT, related_name="stock")
    bin = models.ForeignKey(Bin, on_delete=models.SET_NULL, null=True, blank=True, related_name="stock")
    on_hand = models.IntegerField(default=0)
    held = models.IntegerField(default=0)

    objects = StockQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "stock"
        constraints = [
            models.UniqueConstraint(fields=["store", "product"], name="stock_once_per_store_and_product"),
            models.CheckConstraint(condition=Q(on_hand__gte=0), name="stock_on_hand_not_negative"),
            models.CheckConstraint(condition=Q(held__gte=0), name="stock_held_not_negative"),
            models.CheckConstraint(condition=Q(held__lte=F("on_hand")), name="stock_held_within_on_hand"),
        ]

    def __str__(self) -> str:
        return f"{self.product} in {self.store.code}"

    @property
    def free_units(self) -> int:
        return self.on_hand - self.held


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


class MovementKind(models.TextChoices):
    RECEIVE = "receive", "Received"
    HOLD = "hold", "Held"
    RELEASE = "release", "Released"
    SHIP = "ship", "Left with a rider"
    COUNT = "count", "Counted"
    WASTE = "waste", "Wasted"
    RETURN = "return", "Came back"


class Movement(models.Model):
    """The append-only ledger. For every stock row: on_hand = sum(on_hand_delta), held = sum(held_delta)."""

    stock = models.ForeignKey(Stock, on_delete=models.PROTECT, related_name="movements")
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
            models.Index(fields=["ref"], name="movement_by_ref", condition=Q(ref__isnull=False)),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(on_hand_delta=0) | ~Q(held_delta=0) | Q(kind="count"), name="movement_moves_something"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.on_hand_delta:+} on hand, {self.held_delta:+} held"
