"""What keeps the shelf true: counts and what they found, wastage, reorder points, and what should be ordered."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from blinkit.kernel.ids import uuid7


class ShelfPolicy(models.Model):
    """How a store counts, wastes and orders: the store's own row, else the one for all, else the values below."""

    store = models.OneToOneField(
        "catalog.Store", on_delete=models.CASCADE, null=True, blank=True, related_name="shelf_policy",
        help_text="Empty: for every store without a row of its own",
    )  # fmt: skip
    a_share_bp = models.PositiveIntegerField(default=8_000, help_text="A: what makes the first 8000 bp of sales")
    b_share_bp = models.PositiveIntegerField(default=9_500, help_text="B: what makes up to 9500 bp; C is the rest")
    a_every_days = models.PositiveSmallIntegerField(default=7)
    b_every_days = models.PositiveSmallIntegerField(default=30)
    c_every_days = models.PositiveSmallIntegerField(default=90)
    counts_per_day = models.PositiveSmallIntegerField(default=60, help_text="Products a store can count in a day")
    recount_units = models.PositiveIntegerField(default=3, help_text="From so many units off, another person counts")
    recount_paise = models.PositiveBigIntegerField(default=30_000, help_text="Or from so much value off")
    approve_units = models.PositiveIntegerField(default=6, help_text="From so many units off, a manager approves")
    approve_paise = models.PositiveBigIntegerField(default=50_000, help_text="Or from so much value off")
    waste_approve_paise = models.PositiveBigIntegerField(default=100_000, help_text="Waste from this value is approved")
    cold_out_m = models.PositiveSmallIntegerField(
        default=30, help_text="Chilled and frozen goods that were out longer are not sold again; minutes"
    )
    lead_time_h = models.PositiveSmallIntegerField(default=24, help_text="From ordering to the shelf; hours")
    cover_days = models.PositiveSmallIntegerField(default=3, help_text="Days an order should last beyond the lead time")
    service_bp = models.PositiveIntegerField(default=9_500, help_text="Chance of not running out in the lead time")

    class Meta:
        verbose_name_plural = "shelf policies"
        constraints = [
            models.UniqueConstraint(
                models.Value(1), condition=Q(store=None), name="shelf_policy_one_for_all_stores"
            ),
            models.CheckConstraint(
                condition=Q(a_share_bp__lte=models.F("b_share_bp"), b_share_bp__lte=10_000),
                name="shelf_policy_shares_rise_to_the_whole",
            ),
            models.CheckConstraint(
                condition=Q(service_bp__gte=5_000, service_bp__lte=9_999), name="shelf_policy_service_is_a_chance"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return str(self.store) if self.store_id else "All stores"


class CountState(models.TextChoices):
    OPEN = "open", "To be counted"
    RECOUNT = "recount", "To be counted by somebody else"
    REVIEW = "review", "Waits for the manager"
    POSTED = "posted", "In the book"


COUNT_NEXT: dict[CountState, frozenset[CountState]] = {
    CountState.OPEN: frozenset({CountState.RECOUNT, CountState.REVIEW, CountState.POSTED}),
    CountState.RECOUNT: frozenset({CountState.REVIEW, CountState.POSTED}),
    CountState.REVIEW: frozenset({CountState.OPEN, CountState.POSTED}),
    CountState.POSTED: frozenset(),
}


class CountTask(models.Model):
    """One product of one store is to be counted. `why` says what made its score: [[reason, points, how many], …].

    `difference` is what was written into the book, `left_units` what was missing too but is set aside for `left_refs`.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    stock = models.ForeignKey("inventory.Stock", on_delete=models.PROTECT, related_name="counts")
    state = models.CharField(max_length=8, choices=CountState.choices, default=CountState.OPEN)
    abc = models.CharField(max_length=1, choices=[(letter, letter) for letter in "ABC"], default="C")
    score = models.PositiveSmallIntegerField(default=0)
    why = models.JSONField(default=list)
    round = models.PositiveSmallIntegerField(default=1)
    made_at = models.DateTimeField()
    counted_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    found = models.IntegerField(null=True, blank=True, help_text="Units found less units expected, last count")
    value_paise = models.BigIntegerField(default=0, help_text="Value of what is off, over and under added up")
    difference = models.IntegerField(null=True, blank=True, help_text="Units written into the book")
    left_units = models.PositiveIntegerField(default=0)
    left_refs = models.JSONField(default=list)
    approved_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, null=True, blank=True, related_name="counts_approved"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["stock"], condition=~Q(state="posted"), name="count_task_one_live_per_product"
            ),
            models.CheckConstraint(
                condition=~Q(state="posted") | Q(closed_at__isnull=False, difference__isnull=False),
                name="count_task_posted_has_a_result",
            ),
        ]
        indexes = [models.Index(fields=["stock", "-closed_at"], name="count_task_last")]

    def __str__(self) -> str:
        return f"Count of {self.stock}"


class CountSheet(models.Model):
    """What one person counted without seeing the book. `seen_movement` is the last ledger line of the row then."""

    task = models.ForeignKey(CountTask, on_delete=models.CASCADE, related_name="sheets")
    round = models.PositiveSmallIntegerField()
    by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="count_sheets")
    nonce = models.CharField(max_length=64)
    seen_movement = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["task", "nonce"], name="count_sheet_once_per_nonce"),
            models.UniqueConstraint(fields=["task", "round", "by"], name="count_sheet_once_per_person_and_round"),
        ]

    def __str__(self) -> str:
        return f"Sheet of {self.by_id} for {self.task_id}"


class CountedLot(models.Model):
    """Units of one lot on a sheet; without a batch: units of no lot that is known. `expected` should have lain there:
    on hand less what had been picked and had not left yet."""

    sheet = models.ForeignKey(CountSheet, on_delete=models.CASCADE, related_name="lots")
    batch = models.ForeignKey("inventory.Batch", on_delete=models.PROTECT, null=True, related_name="counted")
    counted = models.PositiveIntegerField()
    expected = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["sheet", "batch"], name="counted_lot_once_per_sheet", nulls_distinct=False
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.counted} counted, {self.expected} expected"


class WasteReason(models.TextChoices):
    EXPIRED = "expired", "Expired"
    SHORT = "short", "Too short-dated"
    DAMAGED = "damaged", "Damaged"
    SPOILED = "spoiled", "Spoiled"
    TEMPERATURE = "temperature", "Was too warm"
    OPENED = "opened", "Opened"
    UNKNOWN = "unknown", "Missing or stolen"
    SAMPLE = "sample", "Sample"
    RECALL = "recall", "Recalled"


class WasteState(models.TextChoices):
    WAITING = "waiting", "Waits for the manager"
    POSTED = "posted", "Written off"
    REFUSED = "refused", "Put back"


class Wastage(models.Model):
    """Units of one lot that are thrown away. While it waits for approval, units of a lot on sale are set aside for it.

    `unit_paise` is what one cost us, or (`is_cost` false) the MRP where that is not known. `ref` is the order it came
    back from.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    stock = models.ForeignKey("inventory.Stock", on_delete=models.PROTECT, related_name="wastage")
    batch = models.ForeignKey("inventory.Batch", on_delete=models.PROTECT, related_name="wastage")
    qty = models.PositiveIntegerField()
    reason = models.CharField(max_length=12, choices=WasteReason.choices)
    note = models.CharField(max_length=120, blank=True, default="")
    photo = models.CharField(max_length=120, blank=True, default="", help_text="Name in the private storage")
    unit_paise = models.BigIntegerField()
    is_cost = models.BooleanField(default=False)
    state = models.CharField(max_length=8, choices=WasteState.choices)
    nonce = models.CharField(max_length=80, unique=True)
    ref = models.UUIDField(null=True, blank=True)
    by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="wastage_asked")
    at = models.DateTimeField()
    decided_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, null=True, blank=True, related_name="wastage_decided"
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "wastage"
        constraints = [
            models.CheckConstraint(condition=Q(qty__gt=0), name="wastage_of_at_least_one_unit"),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=models.F("by")), name="wastage_approved_by_somebody_else"
            ),
        ]
        indexes = [
            models.Index(fields=["stock", "-at"], name="wastage_by_stock"),
            models.Index(fields=["at"], name="wastage_waiting", condition=Q(state="waiting")),
        ]

    def __str__(self) -> str:
        return f"{self.qty} of {self.stock}"

    @property
    def value_paise(self) -> int:
        return self.qty * self.unit_paise


class CasePack(models.Model):
    """Units of a product that come in one case. No row: single units."""

    product = models.OneToOneField("catalog.Product", on_delete=models.CASCADE, primary_key=True, related_name="case")
    units = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(units__gt=0), name="case_pack_holds_something")]

    def __str__(self) -> str:
        return f"{self.units} in a case"


class ReorderPoint(models.Model):
    """How fast a product sells in a store and from how many units on it is low. Written by the nightly sweep.

    `low_since` is set when it went low and was told, and emptied when it is well above again.
    """

    stock = models.OneToOneField("inventory.Stock", on_delete=models.CASCADE, primary_key=True, related_name="reorder")
    daily_units = models.FloatField(help_text="Expected demand of a usual day")
    week = models.JSONField(default=list, help_text="Expected demand of the next days, from tomorrow on")
    spread_units = models.FloatField(help_text="Standard deviation of a day's demand")
    method = models.CharField(max_length=10)
    available_bp = models.PositiveIntegerField(default=10_000, help_text="Share of selling time it could be bought")
    point_units = models.PositiveIntegerField()
    low_since = models.DateTimeField(null=True, blank=True)
    computed_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["low_since"], name="reorder_point_low", condition=Q(low_since__isnull=False))]

    def __str__(self) -> str:
        return f"{self.point_units} for {self.stock_id}"


class SuggestionState(models.TextChoices):
    OPEN = "open", "Suggested"
    ACCEPTED = "accepted", "Ordered"
    DISMISSED = "dismissed", "Not wanted"
    REPLACED = "replaced", "Replaced by a newer one"


class ReplenishmentSuggestion(models.Model):
    """So many units should be ordered. `why` are the figures it was made from: forecast, cover, limits."""

    stock = models.ForeignKey("inventory.Stock", on_delete=models.PROTECT, related_name="suggestions")
    qty = models.PositiveIntegerField()
    case_units = models.PositiveSmallIntegerField(default=1)
    free = models.IntegerField()
    incoming = models.PositiveIntegerField(default=0)
    cover_days = models.FloatField(help_text="Days what is there and on its way lasts")
    daily_units = models.FloatField()
    why = models.JSONField(default=dict)
    state = models.CharField(max_length=9, choices=SuggestionState.choices, default=SuggestionState.OPEN)
    made_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, null=True, blank=True, related_name="suggestions_decided"
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["stock"], condition=Q(state="open"), name="suggestion_one_open_per_product"
            ),
            models.CheckConstraint(condition=Q(qty__gt=0), name="suggestion_of_at_least_one_unit"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.qty} of {self.stock}"
