"""Referral as it is kept: what it gives and may cost, everybody's code, who came by whose."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper


class ReferralPolicy(models.Model):
    """What both get and how much it may cost. One is active at most."""

    is_active = models.BooleanField(default=True)
    referrer_paise = models.PositiveBigIntegerField(help_text="For who gave the code")
    newcomer_paise = models.PositiveBigIntegerField(help_text="For who came by it")
    min_order_paise = models.PositiveBigIntegerField(help_text="The first delivered order of at least this counts")
    credit_days = models.PositiveSmallIntegerField(default=60, help_text="How long the credit can be spent")
    most_per_month = models.PositiveSmallIntegerField(default=10, help_text="Rewards of one referrer per month")
    budget_paise = models.PositiveBigIntegerField(help_text="In all")
    used_paise = models.PositiveBigIntegerField(default=0, editable=False)

    class Meta:
        verbose_name_plural = "referral policies"
        constraints = [
            models.CheckConstraint(condition=Q(used_paise__lte=F("budget_paise")), name="referral_within_budget"),
            models.CheckConstraint(condition=Q(credit_days__gt=0), name="referral_credit_lasts"),
            models.UniqueConstraint(
                fields=["is_active"], condition=Q(is_active=True), name="referral_one_active_policy"
            ),
        ]

    def __str__(self) -> str:
        return f"Referral policy {self.pk}"


class ReferralCode(models.Model):
    """A customer's own code, and the marks of devices they were seen on (hashes: a phone's push token, a browser's
    cookie)."""

    user = models.OneToOneField(
        "accounts.User", on_delete=models.CASCADE, primary_key=True, related_name="referral_code"
    )
    code = models.CharField(max_length=12, unique=True)
    devices = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(code=Upper("code")), name="referral_code_in_capitals")]

    def __str__(self) -> str:
        return self.code


class ReferralState(models.TextChoices):
    WAITING = "waiting", "Waiting for the first order"
    REWARDED = "rewarded", "Rewarded"
    REFUSED = "refused", "Not rewarded"


class Referral(models.Model):
    """Somebody came by somebody's code: once, and never by their own."""

    newcomer = models.OneToOneField("accounts.User", on_delete=models.PROTECT, related_name="referred_by")
    referrer = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="referrals")
    policy = models.ForeignKey(ReferralPolicy, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    state = models.CharField(max_length=8, choices=ReferralState.choices, default=ReferralState.WAITING)
    why = models.CharField(max_length=24, blank=True, help_text="The rule that refused it")
    device = models.CharField(max_length=64, blank=True)
    order_ref = models.UUIDField(null=True, blank=True)
    referrer_paise = models.PositiveBigIntegerField(default=0)
    newcomer_paise = models.PositiveBigIntegerField(default=0)
    entered_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(newcomer=F("referrer")), name="referral_never_of_oneself"),
            models.UniqueConstraint(fields=["device"], condition=~Q(device=""), name="referral_once_per_device"),
        ]
        indexes = [models.Index(fields=["referrer", "-decided_at"], name="referral_by_referrer")]

    def __str__(self) -> str:
        return f"{self.newcomer_id} by {self.referrer_id}"
