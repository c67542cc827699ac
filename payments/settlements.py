"""What gateways paid into the bank, as their settlement files say it, line by line."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from blinkit.kernel.money import rupees


class LineKind(models.TextChoices):
    PAYMENT = "payment", "Payment"
    REFUND = "refund", "Refund"
    OTHER = "other", "Something else"


class Problem(models.TextChoices):
    """What differs; the first of these that holds."""

    NONE = "", "As we know it"
    UNKNOWN = "unknown", "We do not know it"
    TWICE = "twice", "Settled twice"
    AMOUNT = "amount", "Another amount"
    SUM = "sum", "Does not add up"
    FEE = "fee", "Fee above the contract"


class SettlementLine(models.Model):
    """A line of a gateway's settlement file, kept once, matched with the attempt or refund it is about and posted."""

    gateway = models.CharField(max_length=16)
    line_id = models.CharField(max_length=90, help_text="The gateway's own name of the line")
    settlement_id = models.CharField(max_length=40, help_text="The payment into the bank it was part of")
    settled_at = models.DateTimeField()
    kind = models.CharField(max_length=8, choices=LineKind.choices)
    word = models.CharField(max_length=24, blank=True, help_text="What the gateway calls it")
    attempt = models.ForeignKey(
        "payments.Attempt", on_delete=models.PROTECT, null=True, blank=True, related_name="settlement_lines"
    )
    refund = models.ForeignKey(
        "payments.Refund", on_delete=models.PROTECT, null=True, blank=True, related_name="settlement_lines"
    )
    amount_paise = models.BigIntegerField()
    fee_paise = models.BigIntegerField(default=0, help_text="Without GST")
    tax_paise = models.BigIntegerField(default=0, help_text="GST on the fee")
    net_paise = models.BigIntegerField(help_text="Into the bank; negative when it was taken off")
    problem = models.CharField(max_length=8, choices=Problem.choices, blank=True, default=Problem.NONE)
    detail = models.CharField(max_length=200, blank=True)
    imported_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["gateway", "line_id"], name="settlement_line_once"),
            models.UniqueConstraint(
                fields=["attempt"],
                condition=Q(kind="payment") & ~Q(problem="twice"),
                name="attempt_is_settled_once",
            ),
            models.UniqueConstraint(
                fields=["refund"], condition=Q(kind="refund") & ~Q(problem="twice"), name="refund_is_settled_once"
            ),
        ]
        indexes = [
            models.Index(fields=["-settled_at"], name="settlement_line_newest"),
            models.Index(fields=["-settled_at"], name="settlement_line_differs", condition=~Q(problem="")),
        ]

    def __str__(self) -> str:
        return f"{self.line_id} {rupees(self.net_paise)}"
