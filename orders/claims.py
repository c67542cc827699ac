"""Claims, their photos, the policy they are decided by, and ratings. Written by `orders.services.claims` only."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from blinkit.kernel.ids import uuid7
from blinkit.kernel.said import Said
from orders import claiming


class ClaimKind(models.TextChoices):
    MISSING = "missing", "Missing"
    WRONG = "wrong", "Wrong item"
    DAMAGED = "damaged", "Damaged"
    BAD = "bad", "Expired or bad"
    NOT_AS_DESCRIBED = "not-as-described", "Not as described"
    NEVER_CAME = "never-came", "The order never came"
    LATE = "late", "It was late"
    RIDER = "rider", "About the rider"
    PAYMENT = "payment", "Payment or bill"


class ClaimState(models.TextChoices):
    WAITING = "waiting", "A person decides"
    REFUNDED = "refunded", "Refunded"
    REFUSED = "refused", "Refused"


class ClaimPolicy(models.Model):
    """How far claims are settled without a person: one row, the newest counts. No row: the values below."""

    order_paise = models.PositiveBigIntegerField(default=50_000, help_text="Most per order")
    days30_paise = models.PositiveBigIntegerField(default=100_000, help_text="Most per customer in 30 days")
    share_bp = models.PositiveIntegerField(default=2_500, help_text="Most of 90 days' spending: 2500 is 25 %")
    share_floor_paise = models.PositiveBigIntegerField(default=20_000, help_text="So much whatever they spent")
    small_paise = models.PositiveBigIntegerField(default=15_000, help_text="Up to this a word is enough")
    claims_30d = models.PositiveSmallIntegerField(default=4, help_text="From so many in 30 days a person looks")
    score_asks = models.PositiveSmallIntegerField(default=60, help_text="From this score a person looks (0 to 100)")
    late_after_m = models.PositiveSmallIntegerField(default=15, help_text="From so late the delivery fee goes back")
    window_h = models.PositiveSmallIntegerField(default=24, help_text="Hours after delivery")
    perishable_window_h = models.PositiveSmallIntegerField(default=12, help_text="Chilled, frozen, fruit, vegetables")
    question_days = models.PositiveSmallIntegerField(default=7, help_text="For questions about rider or payment")
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "claim policies"
        constraints = [models.CheckConstraint(condition=Q(share_bp__lte=10_000), name="claim_policy_share_is_a_share")]

    def __str__(self) -> str:
        return "Claim policy"

    def as_policy(self) -> claiming.Policy:
        return claiming.Policy(**{name: getattr(self, name) for name in claiming.Policy.__slots__})


class ClaimPhoto(models.Model):
    """A photo of what is wrong, in private storage: only its customer and staff may see it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.ForeignKey("orders.Order", on_delete=models.CASCADE, related_name="claim_photos")
    name = models.CharField(max_length=120, help_text="In the private storage")
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    created_at = models.DateTimeField(default=timezone.now)


class Claim(models.Model):
    """A customer says that something was not right: with one line, or with the order (`line` None).

    `asked_paise` is the most that may go back; `decision` keeps the rule, the facts and the policy it was decided by.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    batch = models.UUIDField(help_text="Claims sent together; the same again is a repeat")
    order = models.ForeignKey("orders.Order", on_delete=models.PROTECT, related_name="claims")
    customer = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="claims")
    line = models.ForeignKey("orders.OrderLine", on_delete=models.PROTECT, null=True, blank=True, related_name="claims")
    kind = models.CharField(max_length=16, choices=ClaimKind.choices)
    qty = models.PositiveSmallIntegerField(default=0)
    note = models.CharField(max_length=300, blank=True)
    photo = models.ForeignKey(ClaimPhoto, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    asked_paise = models.PositiveBigIntegerField(default=0)
    state = models.CharField(max_length=8, choices=ClaimState.choices)
    refund_paise = models.PositiveBigIntegerField(default=0)
    decision = models.JSONField(default=dict)
    reason = models.CharField(max_length=300, blank=True, help_text="What staff told the customer")
    decided_by = models.CharField(max_length=60, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["line"], condition=Q(state="waiting"), name="claim_one_open_per_line"),
            models.UniqueConstraint(
                fields=["order", "kind"],
                condition=Q(state="waiting", line=None),
                name="claim_one_open_per_order_and_kind",
            ),
            models.UniqueConstraint(
                fields=["order", "kind"],
                condition=Q(state="refunded", line=None, kind__in=["late", "never-came"]),
                name="claim_late_is_refunded_once",
            ),
            models.UniqueConstraint(fields=["batch", "line", "kind"], name="claim_once_per_batch_line_and_kind"),
            models.CheckConstraint(condition=Q(refund_paise__lte=F("asked_paise")), name="claim_refund_within_asked"),
            models.CheckConstraint(condition=Q(state__in=ClaimState.values), name="claim_state_is_known"),
            models.CheckConstraint(
                condition=Q(state="refunded") | Q(refund_paise=0), name="claim_refund_only_when_refunded"
            ),
        ]
        indexes = [
            models.Index(fields=["created_at"], name="claim_waiting", condition=Q(state="waiting")),
            models.Index(fields=["customer", "-created_at"], name="claim_by_customer"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {timezone.localtime(self.created_at):%d %b %H:%M}"

    @property
    def rule(self) -> str:
        return str(self.decision.get("rule", ""))

    @property
    def sentence(self) -> Said:
        """What became of it, as the customer was told; Said, so that a screen may say it in Hindi."""
        kept: dict[str, Any] = self.decision
        return Said(kept.get("sentence", ""), kept.get("template", ""), kept.get("figures", {}))


class ClaimedLine(models.Model):
    """How much of a line is claimed and went back. The database refuses more than was sold and paid."""

    line = models.OneToOneField("orders.OrderLine", on_delete=models.PROTECT, primary_key=True, related_name="claimed")
    sold_units = models.PositiveSmallIntegerField()
    paid_paise = models.PositiveBigIntegerField()
    units = models.SmallIntegerField(default=0, help_text="Claimed and not refused")
    refunded_paise = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(units__gte=0, units__lte=F("sold_units")), name="claimed_units_within_sold"
            ),
            models.CheckConstraint(
                condition=Q(refunded_paise__gte=0, refunded_paise__lte=F("paid_paise")),
                name="claimed_refund_within_paid",
            ),
        ]


class Rating(models.Model):
    """What a customer thought of an order and of its rider, 1 to 5; theirs to change for a day."""

    order = models.OneToOneField("orders.Order", on_delete=models.CASCADE, primary_key=True, related_name="rating")
    stars = models.PositiveSmallIntegerField()
    rider_stars = models.PositiveSmallIntegerField(null=True, blank=True)
    chips = models.JSONField(default=list, help_text="Codes of orders.services.rating.CHIPS")
    note = models.CharField(max_length=300, blank=True)
    rider_id_ref = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(stars__gte=1, stars__lte=5), name="rating_from_one_to_five"),
            models.CheckConstraint(
                condition=Q(rider_stars=None) | Q(rider_stars__gte=1, rider_stars__lte=5),
                name="rating_of_rider_from_one_to_five",
            ),
        ]
        indexes = [models.Index(fields=["rider_id_ref"], name="rating_by_rider")]
