"""The wallet as it is kept: a balance, the lots of credit it is made of, memberships and what was paid for them.

The balance is a projection of the ledger account `wallet:<user>` (`payments/ledger.py`); `audit_ledger` proves it.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from blinkit.kernel.ids import uuid7
from blinkit.kernel.money import rupees


class Source(models.TextChoices):
    """Where credit came from."""

    REFUND = "refund", "Refund"
    CASHBACK = "cashback", "Cashback"
    REFERRAL = "referral", "Referral"
    GOODWILL = "goodwill", "Goodwill"
    LATE = "late", "Late delivery"


class Wallet(models.Model):
    """What a customer has with us. Its row is the lock of everything that spends or credits."""

    customer = models.OneToOneField("accounts.User", on_delete=models.PROTECT, primary_key=True, related_name="wallet")
    balance_paise = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(balance_paise__gte=0), name="wallet_balance_not_negative")]

    def __str__(self) -> str:
        return rupees(self.balance_paise)


class WalletLot(models.Model):
    """One credit and what is left of it. The lot that ends first is spent first; without an end, last."""

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="lots")
    source = models.CharField(max_length=10, choices=Source.choices)
    key = models.CharField(max_length=120, unique=True, help_text="Asking twice with one key credits once")
    ref = models.UUIDField(null=True, blank=True, help_text="The order it is about")
    amount_paise = models.BigIntegerField()
    left_paise = models.BigIntegerField()
    reason = models.CharField(max_length=160, blank=True)
    actor = models.CharField(max_length=60, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: never")
    had_grace = models.BooleanField(
        default=False, db_default=False, help_text="It ended while an order had it, and was made good for longer once"
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_paise__gt=0), name="wallet_lot_is_positive"),
            models.CheckConstraint(
                condition=Q(left_paise__gte=0, left_paise__lte=F("amount_paise")), name="wallet_lot_left_within_amount"
            ),
            models.CheckConstraint(
                condition=~Q(source="refund") | Q(expires_at=None), name="wallet_refund_never_expires"
            ),
        ]
        indexes = [
            models.Index(fields=["wallet", "expires_at"], name="wallet_lot_to_spend", condition=Q(left_paise__gt=0)),
            models.Index(
                fields=["expires_at"],
                name="wallet_lot_to_expire",
                condition=Q(left_paise__gt=0, expires_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{rupees(self.left_paise)} of {rupees(self.amount_paise)} · {self.get_source_display()}"


class WalletSpent(models.Model):
    """What one credit paid for one reference, and what of it came back: it goes back to where it was taken from."""

    lot = models.ForeignKey(WalletLot, on_delete=models.PROTECT, related_name="spent")
    ref = models.UUIDField()
    paise = models.BigIntegerField()
    back_paise = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ref", "lot"], name="wallet_lot_pays_once_for_one_thing"),
            models.CheckConstraint(condition=Q(paise__gt=0), name="wallet_spent_is_positive"),
            models.CheckConstraint(
                condition=Q(back_paise__gte=0, back_paise__lte=F("paise")), name="wallet_spent_back_within_what_it_paid"
            ),
        ]

    def __str__(self) -> str:
        return rupees(self.paise)


class MembershipPlan(models.Model):
    """What can be bought. What it gives is promotions for the segment `members`; here it is said in words."""

    name = models.CharField(max_length=60)
    price_paise = models.PositiveBigIntegerField()
    days = models.PositiveSmallIntegerField()
    gives = models.TextField(help_text="One benefit per line, as customers read it")
    gives_hi = models.TextField(blank=True, help_text="The same in Hindi")
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["price_paise", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(price_paise__gt=0), name="membership_plan_has_a_price"),
            models.CheckConstraint(condition=Q(days__gt=0), name="membership_plan_lasts"),
        ]

    def __str__(self) -> str:
        return f"{self.name} · {rupees(self.price_paise)} · {self.days} days"

    def benefits(self, language: str = "en") -> list[str]:
        text = self.gives_hi if language == "hi" and self.gives_hi else self.gives
        return [line.strip() for line in text.splitlines() if line.strip()]


class Membership(models.Model):
    """A customer's membership: since when, until when. It ends by itself; nothing renews it."""

    customer = models.OneToOneField(
        "accounts.User", on_delete=models.PROTECT, primary_key=True, related_name="membership"
    )
    since = models.DateTimeField()
    until = models.DateTimeField()
    reminded_of = models.DateTimeField(null=True, blank=True, help_text="The end the customer was reminded of")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(until__gte=F("since")), name="membership_ends_after_it_begins")
        ]
        indexes = [models.Index(fields=["until"], name="membership_by_end")]

    def __str__(self) -> str:
        return f"until {self.until:%d %b %Y}"


class MembershipPurchase(models.Model):
    """One purchase at the price and length of its day; its id is the payment's `ref`."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    customer = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="membership_purchases")
    plan = models.ForeignKey(MembershipPlan, on_delete=models.PROTECT, related_name="purchases")
    price_paise = models.PositiveBigIntegerField()
    days = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField()
    begins_at = models.DateTimeField(null=True, blank=True, help_text="Empty until it is paid")
    ends_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["customer", "-created_at"], name="membership_purchase_newest")]

    def __str__(self) -> str:
        return f"{self.days} days · {rupees(self.price_paise)}"
