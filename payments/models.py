"""Money: what is owed, what was tried, what was captured or given back, and the double-entry ledger.

An order is known only as `ref`. All amounts are whole paise.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from blinkit.kernel.ids import uuid7
from blinkit.kernel.money import rupees


class Method(models.TextChoices):
    COD = "cod", "Cash on delivery"
    ONLINE = "online", "UPI or card"
    WALLET = "wallet", "Wallet alone"


class Purpose(models.TextChoices):
    """What a payment's `ref` is."""

    ORDER = "order", "Order"
    MEMBERSHIP = "membership", "Membership"
    DEPOSIT = "deposit", "A rider's cash, paid in"


class PaymentState(models.TextChoices):
    OPEN = "open", "Waiting for money"
    CAPTURED = "captured", "Paid"
    CANCELLED = "cancelled", "No longer wanted"


class Payment(models.Model):
    """What one order owes and has paid. At most one capture; refunds never exceed it.

    `amount_paise` is what is paid by `method`; `wallet_paise` came from the wallet beside it, at once.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    ref = models.UUIDField(unique=True)
    customer = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="payments")
    method = models.CharField(max_length=8, choices=Method.choices)
    state = models.CharField(max_length=10, choices=PaymentState.choices, default=PaymentState.OPEN)
    amount_paise = models.BigIntegerField()
    captured_paise = models.BigIntegerField(default=0)
    refunded_paise = models.BigIntegerField(
        default=0, help_text="Promised or done: a refund reserves its amount at once"
    )
    wallet_paise = models.BigIntegerField(default=0, db_default=0, help_text="Taken from the wallet")
    wallet_returned_paise = models.BigIntegerField(default=0, db_default=0, help_text="Of it, back in the wallet")
    purpose = models.CharField(max_length=10, choices=Purpose.choices, default=Purpose.ORDER, db_default=Purpose.ORDER)
    due_by = models.DateTimeField(null=True, blank=True, help_text="End of the payment window; null for cash")
    created_at = models.DateTimeField()
    captured_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_paise__gte=0), name="payment_amount_not_negative"),
            models.CheckConstraint(
                condition=Q(refunded_paise__gte=0, refunded_paise__lte=F("captured_paise")),
                name="payment_refunds_within_capture",
            ),
            models.CheckConstraint(
                condition=Q(wallet_returned_paise__gte=0, wallet_returned_paise__lte=F("wallet_paise")),
                name="payment_wallet_returns_within_what_it_gave",
            ),
        ]

    def __str__(self) -> str:
        return f"{rupees(self.amount_paise)} · {self.get_state_display()} · {self.get_method_display()}"


class Reduction(models.Model):
    """A part of what an unpaid order owed fell away (a short pick before cash changed hands)."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="reductions")
    key = models.CharField(max_length=120, unique=True, help_text="Asking twice with one key reduces once")
    amount_paise = models.BigIntegerField()
    reason = models.CharField(max_length=160)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount_paise__gt=0), name="reduction_is_positive")]


class AttemptState(models.TextChoices):
    STARTED = "started", "Started"
    AUTHORISED = "authorised", "Reserved, to be taken by us"
    DECLINED = "declined", "Declined"
    CAPTURED = "captured", "Captured"
    STRAY = "stray", "Captured although not wanted; sent back"
    VOIDED = "voided", "Reserved and let go: nothing was taken"


class Attempt(models.Model):
    """One try at one gateway."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="attempts")
    gateway = models.CharField(max_length=16)
    gateway_ref = models.CharField(max_length=80, null=True, blank=True)
    state = models.CharField(max_length=10, choices=AttemptState.choices, default=AttemptState.STARTED)
    instrument = models.CharField(max_length=40, blank=True, help_text="'UPI', 'card ending 4242': never card data")
    decline_reason = models.CharField(max_length=160, blank=True)
    authorised_paise = models.BigIntegerField(default=0, db_default=0)
    captured_paise = models.BigIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(default=0, db_default=0, help_text="To take or let go what is reserved")
    next_try_at = models.DateTimeField(
        null=True, blank=True, help_text="When to take or let go what is reserved, or to ask again about a decline"
    )
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["gateway", "gateway_ref"], name="attempt_gateway_ref_once"),
            models.UniqueConstraint(
                fields=["payment"], condition=Q(state="captured"), name="payment_captured_at_most_once"
            ),
        ]
        indexes = [
            models.Index(fields=["created_at"], name="attempt_unsettled", condition=Q(state="started")),
            models.Index(fields=["next_try_at"], name="attempt_to_capture", condition=Q(state="authorised")),
            models.Index(
                fields=["next_try_at"],
                name="attempt_to_ask_again",
                condition=Q(state="declined", next_try_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.instrument or self.gateway} · {self.get_state_display()}"


class RefundState(models.TextChoices):
    DUE = "due", "To be sent"
    SENT = "sent", "Sent to the gateway"
    DONE = "done", "Completed"
    FAILED = "failed", "Failed, will be retried"


class Refund(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, null=True, blank=True, related_name="refunds")
    key = models.CharField(max_length=120, unique=True, help_text="Asking twice with one key refunds once")
    amount_paise = models.BigIntegerField()
    reason = models.CharField(max_length=160)
    to_wallet = models.BooleanField(default=False, db_default=False, help_text="Credited to the wallet, done at once")
    state = models.CharField(max_length=6, choices=RefundState.choices, default=RefundState.DUE)
    gateway_ref = models.CharField(max_length=80, null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount_paise__gt=0), name="refund_is_positive")]
        indexes = [
            models.Index(
                fields=["next_try_at"], name="refund_to_look_at", condition=Q(state__in=["due", "failed", "sent"])
            ),
            models.Index(fields=["gateway_ref"], name="refund_by_gateway_ref", condition=Q(gateway_ref__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{rupees(self.amount_paise)} back · {self.get_state_display()}"


class WebhookReceipt(models.Model):
    """A gateway's message, recorded before anything is done with it; the gateway's event id makes repeats harmless."""

    gateway = models.CharField(max_length=16)
    event_id = models.CharField(max_length=80)
    kind = models.CharField(max_length=60)
    body = models.JSONField()
    received_at = models.DateTimeField()
    processed_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=160, blank=True)
    tries = models.PositiveSmallIntegerField(
        default=0, help_text="Failed tries; after too many an administrator decides"
    )
    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, null=True, blank=True, related_name="webhooks")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["gateway", "event_id"], name="webhook_event_once")]
        indexes = [models.Index(fields=["received_at"], name="webhook_waiting", condition=Q(processed_at=None))]

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"


class AccountKind(models.TextChoices):
    ASSET = "asset", "Asset"
    LIABILITY = "liability", "Liability"
    INCOME = "income", "Income"
    EXPENSE = "expense", "Expense"


class Account(models.Model):
    """A ledger account: 'gateway:sandbox', 'cash:rider:12', 'orders:prepaid' ... (the chart: payments/ledger.py)."""

    code = models.CharField(max_length=60, unique=True)
    kind = models.CharField(max_length=10, choices=AccountKind.choices)

    def __str__(self) -> str:
        return self.code


class Transfer(models.Model):
    """One balanced posting. A deferred trigger refuses to commit entries that do not sum to zero."""

    kind = models.CharField(max_length=24)
    key = models.CharField(max_length=120, unique=True)
    ref = models.UUIDField(null=True, blank=True)
    memo = models.CharField(max_length=160, blank=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["ref"], name="transfer_by_ref")]

    def __str__(self) -> str:
        return self.key


class Entry(models.Model):
    """Debit positive, credit negative."""

    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="entries")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="entries")
    amount_paise = models.BigIntegerField()

    class Meta:
        verbose_name_plural = "entries"
        constraints = [models.CheckConstraint(condition=~Q(amount_paise=0), name="entry_is_not_zero")]

    def __str__(self) -> str:
        return rupees(self.amount_paise)


class SandboxIntent(models.Model):
    """The pretend gateway's own book (it stands for somebody else's database): what was asked, what happened there."""

    id = models.CharField(max_length=40, primary_key=True)
    attempt_id = models.UUIDField()
    amount_paise = models.BigIntegerField()
    state = models.CharField(max_length=10, default="created")
    instrument = models.CharField(max_length=40, blank=True)
    refunded_paise = models.BigIntegerField(default=0)
    refuses_refunds = models.PositiveSmallIntegerField(default=0, db_default=0, help_text="So many refunds will fail")
    created_at = models.DateTimeField()


class SandboxEvent(models.Model):
    """A webhook the pretend gateway owes its merchant: sent when due, again with growing pauses until it is taken."""

    id = models.CharField(max_length=40, primary_key=True)
    intent = models.ForeignKey(SandboxIntent, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=40)
    body = models.JSONField()
    due_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="sandbox_event_to_send", condition=Q(sent_at=None))]


class SandboxRefund(models.Model):
    """The pretend gateway's book of money sent back. The merchant's key makes a repeated request one refund."""

    id = models.CharField(max_length=40, primary_key=True)
    intent = models.ForeignKey(SandboxIntent, on_delete=models.CASCADE, related_name="refunds")
    key = models.CharField(max_length=80, unique=True)
    amount_paise = models.BigIntegerField()
    created_at = models.DateTimeField()


# Disputes, routes, settlements and wallets have files of their own; Django finds the models of an app here.
from payments.disputes import Dispute as Dispute  # noqa: E402
from payments.disputes import DisputeState as DisputeState  # noqa: E402
from payments.payouts import Payout as Payout  # noqa: E402
from payments.payouts import PayoutState as PayoutState  # noqa: E402
from payments.payouts import SandboxPayout as SandboxPayout  # noqa: E402
from payments.routes import Route as Route  # noqa: E402
from payments.settlements import SettlementLine as SettlementLine  # noqa: E402
from payments.wallets import Membership as Membership  # noqa: E402
from payments.wallets import MembershipPlan as MembershipPlan  # noqa: E402
from payments.wallets import MembershipPurchase as MembershipPurchase  # noqa: E402
from payments.wallets import Source as Source  # noqa: E402
from payments.wallets import Wallet as Wallet  # noqa: E402
from payments.wallets import WalletLot as WalletLot  # noqa: E402
from payments.wallets import WalletSpent as WalletSpent  # noqa: E402
