"""What riders are paid by and what they were paid: policies, campaigns, adjustments, deductions, weekly statements.

Everything in paise. Written by `delivery.services` pay, targets, deductions and weeks; policies by administrators.
"""

from __future__ import annotations

from typing import Any

from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.timezone import localtime

from blinkit.kernel.ids import uuid7
from blinkit.kernel.money import rupees
from delivery.models import Earning, Rider, Vehicle
from delivery.paying import STANDARD, Rates, Surge

MOST_PAISE = 100_000
"""₹1,000: no single figure of a policy is higher; a slip of the finger is."""
WAY_BACK = "way-back:"
"""Keys of adjustments that pay the ride back with bags nobody took; their reason is the kilometres."""
WAY_THERE = "way-there:"
"""Keys of those that pay the way to a shelf at which nothing was fetched; their reason is the store."""
_a_figure = [MaxValueValidator(MOST_PAISE)]


class PayPolicy(models.Model):
    """What a delivery pays in a city from `starts_at` on, until a later row begins. Never changed once it has begun."""

    city = models.ForeignKey(
        "catalog.City", on_delete=models.PROTECT, null=True, blank=True, related_name="+", help_text="Empty: everywhere"
    )
    starts_at = models.DateTimeField()
    base_paise = models.PositiveIntegerField(default=STANDARD.base_paise, validators=_a_figure)
    next_base_paise = models.PositiveIntegerField(
        default=STANDARD.next_base_paise, validators=_a_figure, help_text="Base of each further stop of a bundle"
    )
    first_metres = models.PositiveIntegerField(default=STANDARD.first_metres, help_text="In the base")
    per_km_paise = models.PositiveIntegerField(default=STANDARD.per_km_paise, validators=_a_figure)
    long_from_metres = models.PositiveIntegerField(default=STANDARD.long_from_metres)
    long_per_km_paise = models.PositiveIntegerField(
        default=STANDARD.long_per_km_paise, validators=_a_figure, help_text="Beside the rate, beyond the long distance"
    )
    wait_free_s = models.PositiveIntegerField(default=STANDARD.wait_free_s)
    wait_per_min_paise = models.PositiveIntegerField(default=STANDARD.wait_per_min_paise, validators=_a_figure)
    leg_share_bp = models.PositiveIntegerField(
        default=STANDARD.leg_share_bp, help_text="Of a stop's own way from the store, paid at least in a bundle"
    )
    detour_from_bp = models.PositiveIntegerField(default=STANDARD.detour_from_bp)
    detour_from_metres = models.PositiveIntegerField(default=STANDARD.detour_from_metres)
    detour_most_bp = models.PositiveIntegerField(
        default=STANDARD.detour_most_bp, help_text="Of the routed way; a longer ride is looked at by a person"
    )
    hour_least_paise = models.PositiveIntegerField(
        default=STANDARD.hour_least_paise,
        validators=_a_figure,
        help_text="An hour on duty earns at least this, tips aside, over a week; 0: no such promise",
    )
    note = models.CharField(max_length=160, blank=True, help_text="Why it changes")

    class Meta:
        verbose_name_plural = "pay policies"
        ordering = ["-starts_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["city", "starts_at"], name="pay_policy_once_per_city_and_start", nulls_distinct=False
            ),
            models.CheckConstraint(condition=Q(leg_share_bp__lte=10_000), name="pay_policy_share_is_a_share"),
            models.CheckConstraint(condition=Q(detour_most_bp__gte=10_000), name="pay_policy_pays_the_routed_way"),
        ]

    def __str__(self) -> str:
        return f"{self.city or 'Everywhere'} from {localtime(self.starts_at):%d %b %Y %H:%M}"

    @property
    def rates(self) -> Rates:
        return Rates(**{name: getattr(self, name) for name in Rates.__slots__})


class PaySurge(models.Model):
    """More per stop: every week between two times of the day, or in bad weather until a stated instant."""

    class Kind(models.TextChoices):
        PEAK = "peak", "Busy hours"
        WEATHER = "weather", "Bad weather"

    city = models.ForeignKey(
        "catalog.City", on_delete=models.CASCADE, null=True, blank=True, related_name="+", help_text="Empty: everywhere"
    )
    store = models.ForeignKey(
        "catalog.Store", on_delete=models.CASCADE, null=True, blank=True, related_name="+", help_text="Only this store"
    )
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.PEAK)
    reason = models.CharField(max_length=60, help_text="The rider reads it: Heavy rain")
    paise = models.PositiveIntegerField(validators=_a_figure)
    weekdays = models.CharField(
        max_length=7, default="1234567", validators=[RegexValidator("^[1-7]+$")], help_text="Monday is 1"
    )
    from_time = models.TimeField(null=True, blank=True)
    until_time = models.TimeField(null=True, blank=True)
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(paise__gt=0), name="pay_surge_pays_something"),
            models.CheckConstraint(
                condition=~Q(kind="weather") | Q(starts_at__isnull=False, ends_at__gt=F("starts_at")),
                name="pay_surge_weather_has_an_end",
            ),
            models.CheckConstraint(
                condition=~Q(kind="peak") | Q(from_time__isnull=False, until_time__isnull=False),
                name="pay_surge_peak_has_hours",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reason}: {rupees(self.paise)}"

    @property
    def window(self) -> Surge:
        return Surge(
            self.paise, self.reason, self.kind, self.weekdays, self.from_time, self.until_time, self.starts_at,
            self.ends_at,
        )  # fmt: skip


class Campaign(models.Model):
    """So many deliveries between two instants earn so much more: counted from earnings, paid once per rider."""

    name = models.CharField(max_length=80, help_text="Riders read it: Friday evening")
    city = models.ForeignKey("catalog.City", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    store = models.ForeignKey("catalog.Store", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    vehicle = models.CharField(max_length=10, choices=Vehicle.choices, blank=True, help_text="Empty: every vehicle")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    deliveries = models.PositiveSmallIntegerField()
    reward_paise = models.PositiveIntegerField()

    class Meta:
        ordering = ["-ends_at"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="campaign_ends_after_it_begins"),
            models.CheckConstraint(condition=Q(deliveries__gte=1), name="campaign_wants_a_delivery"),
            models.CheckConstraint(condition=Q(reward_paise__gte=1), name="campaign_gives_something"),
        ]
        indexes = [models.Index(fields=["ends_at"], name="campaign_by_end")]

    def __str__(self) -> str:
        return f"{self.name}: {self.deliveries} deliveries, {rupees(self.reward_paise)}"


class CampaignReward(models.Model):
    """A target was reached. Append only."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="rewards")
    rider = models.ForeignKey(Rider, on_delete=models.PROTECT, related_name="rewards")
    amount_paise = models.PositiveIntegerField()
    earned_at = models.DateTimeField(help_text="When the last delivery that was needed was made")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "rider"], name="campaign_pays_a_rider_once")]
        indexes = [models.Index(fields=["rider", "earned_at"], name="reward_of_rider")]


class Adjustment(models.Model):
    """Money added by a person or a rule, with its reason. Never negative: see Deduction. Append only."""

    rider = models.ForeignKey(Rider, on_delete=models.PROTECT, related_name="adjustments")
    amount_paise = models.PositiveIntegerField()
    reason = models.CharField(max_length=160, help_text="The rider reads it")
    key = models.CharField(max_length=80, unique=True, help_text="Given once per key")
    actor = models.CharField(max_length=60)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount_paise__gt=0), name="adjustment_adds")]
        indexes = [models.Index(fields=["rider", "at"], name="adjustment_of_rider")]

    def __str__(self) -> str:
        return f"{rupees(self.amount_paise)}: {self.reason}"

    @property
    def line(self) -> dict[str, Any]:
        """As a statement keeps it."""
        kinds = {WAY_BACK: "way_back", WAY_THERE: "way_there"}
        kind = next((kind for begin, kind in kinds.items() if self.key.startswith(begin)), "added")
        return {"kind": kind, "text": self.reason, "paise": self.amount_paise, "at": self.at.isoformat()}


class WeekStatement(models.Model):
    """A rider's week, Monday to Sunday local time, as it was issued: frozen, a trigger refuses every change."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    rider = models.ForeignKey(Rider, on_delete=models.PROTECT, related_name="statements")
    week = models.DateField(help_text="Its Monday")
    deliveries = models.PositiveIntegerField()
    parts = models.JSONField(help_text="Paise by part of the deliveries, the tips with them")
    lines = models.JSONField(help_text="Targets, adjustments, the hourly promise and deductions, each with its reason")
    days = models.JSONField(help_text="Deliveries and paise per day")
    metres = models.JSONField(default=dict, help_text="Routed, ridden and paid")
    earned_paise = models.PositiveBigIntegerField(help_text="Deliveries without tips")
    tips_paise = models.PositiveBigIntegerField()
    targets_paise = models.PositiveBigIntegerField()
    added_paise = models.PositiveBigIntegerField(help_text="Adjustments and the hourly promise")
    deducted_paise = models.PositiveBigIntegerField()
    payout_paise = models.PositiveBigIntegerField()
    cash_before_paise = models.BigIntegerField()
    cash_collected_paise = models.BigIntegerField()
    cash_handed_in_paise = models.BigIntegerField()
    cash_after_paise = models.BigIntegerField()
    issued_at = models.DateTimeField()

    class Meta:
        ordering = ["-week"]
        constraints = [
            models.UniqueConstraint(fields=["rider", "week"], name="statement_once_per_rider_and_week"),
            models.CheckConstraint(
                condition=Q(
                    payout_paise=F("earned_paise")
                    + F("tips_paise")
                    + F("targets_paise")
                    + F("added_paise")
                    - F("deducted_paise")
                ),
                name="statement_is_the_sum_of_its_parts",
            ),
            models.CheckConstraint(
                condition=Q(
                    cash_after_paise=F("cash_before_paise") + F("cash_collected_paise") - F("cash_handed_in_paise")
                ),
                name="statement_cash_adds_up",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        year, week, _ = self.week.isocalendar()
        return f"PAY-{year}-W{week:02}-{self.rider_id}"


class DeductionState(models.TextChoices):
    TOLD = "told", "Told, may be disputed"
    DISPUTED = "disputed", "Disputed"
    UPHELD = "upheld", "Looked at again, counts"
    DROPPED = "dropped", "Dropped"


class Deduction(models.Model):
    """Money somebody wants to take off, with reason and evidence. It counts on a statement only after the rider was
    told and had time to dispute, or after somebody else looked at the dispute."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    rider = models.ForeignKey(Rider, on_delete=models.PROTECT, related_name="deductions")
    amount_paise = models.PositiveIntegerField()
    reason = models.CharField(max_length=160, help_text="The rider reads it")
    evidence = models.CharField(max_length=300, help_text="What shows it: an order number, a receipt, a report")
    made_by = models.CharField(max_length=60)
    told_at = models.DateTimeField()
    dispute_until = models.DateTimeField()
    state = models.CharField(max_length=8, choices=DeductionState.choices, default=DeductionState.TOLD)
    disputed_at = models.DateTimeField(null=True, blank=True)
    dispute = models.CharField(max_length=300, blank=True, help_text="What the rider says")
    decided_by = models.CharField(max_length=60, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decision = models.CharField(max_length=160, blank=True)
    statement = models.ForeignKey(
        WeekStatement, on_delete=models.PROTECT, null=True, blank=True, related_name="deductions"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_paise__gt=0), name="deduction_is_positive"),
            models.CheckConstraint(condition=~Q(reason="") & ~Q(evidence=""), name="deduction_says_why_and_shows_it"),
            models.CheckConstraint(
                condition=Q(dispute_until__gt=F("told_at")), name="deduction_can_be_disputed_after_it_was_told"
            ),
            models.CheckConstraint(
                condition=Q(statement=None) | Q(state__in=["told", "upheld"]), name="deduction_disputed_does_not_count"
            ),
        ]
        indexes = [models.Index(fields=["rider", "-told_at"], name="deduction_of_rider")]
        permissions = [("decide_deduction", "Can decide what is to be deducted, and what riders dispute")]

    def __str__(self) -> str:
        return f"{rupees(self.amount_paise)}: {self.reason}"


class PayReview(models.Model):
    """Something a person looks at: a detour beyond the limit, cash that differed. Nothing follows by itself."""

    class Kind(models.TextChoices):
        DETOUR = "detour", "Ride much longer than routed"
        CASH = "cash", "Cash counted differs from what the rider said"

    kind = models.CharField(max_length=8, choices=Kind.choices)
    rider = models.ForeignKey(Rider, on_delete=models.PROTECT, related_name="pay_reviews")
    earning = models.OneToOneField(
        Earning, on_delete=models.PROTECT, null=True, blank=True, related_name="review", editable=False
    )
    key = models.CharField(max_length=80, unique=True)
    facts = models.JSONField(default=dict)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.CharField(max_length=60, blank=True)
    outcome = models.CharField(max_length=160, blank=True)
    given_paise = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["opened_at"], name="pay_review_open", condition=Q(closed_at=None))]
        permissions = [("close_payreview", "Can decide pay reviews")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.rider}"


class RiderScore(Rider):
    """A rider, looked at by the stars customers gave."""

    class Meta:
        proxy = True
        verbose_name = "rider score"
        verbose_name_plural = "rider scores"
