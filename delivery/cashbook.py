"""The cash a rider may carry, what was handed in, and what a rider was told about it. Money is in the ledger."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from blinkit.kernel.ids import uuid7
from blinkit.kernel.money import rupees
from delivery.models import Rider


class CashLimit(models.Model):
    """How much cash a rider may carry: the rider's own row, else the city's, else everywhere's; none: no limit."""

    city = models.ForeignKey("catalog.City", on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    rider = models.ForeignKey(Rider, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    cash_limit_paise = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["city", "rider"], name="cash_limit_once_per_city_or_rider", nulls_distinct=False
            ),
            models.CheckConstraint(condition=Q(city=None) | Q(rider=None), name="cash_limit_is_of_a_city_or_a_rider"),
        ]

    def __str__(self) -> str:
        return f"{self.rider or self.city or 'Everywhere'}: {rupees(self.cash_limit_paise)}"


class CashNotice(models.Model):
    """The last thing a rider was told about the cash limit: 0 nothing, 80 deposit soon, 100 no more cash orders."""

    rider = models.OneToOneField(Rider, on_delete=models.CASCADE, primary_key=True, related_name="cash_notice")
    level = models.PositiveSmallIntegerField(default=0)
    at = models.DateTimeField()


class CashReceipt(models.Model):
    """Cash handed in, with a number of ours. Append only."""

    class Way(models.TextChoices):
        DESK = "desk", "At the store's desk"
        UPI = "upi", "By UPI"

    rider = models.ForeignKey(Rider, on_delete=models.PROTECT, related_name="cash_receipts")
    way = models.CharField(max_length=4, choices=Way.choices)
    amount_paise = models.PositiveIntegerField()
    said_paise = models.PositiveIntegerField(null=True, blank=True, help_text="What the rider said it was")
    key = models.CharField(max_length=60, unique=True, help_text="The desk's paper, or the payment by UPI")
    actor = models.CharField(max_length=60)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount_paise__gt=0), name="cash_receipt_is_positive")]
        indexes = [models.Index(fields=["rider", "-id"], name="cash_receipt_of_rider")]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        return f"CD-{self.pk:06}"


class UpiDeposit(models.Model):
    """Cash a rider pays in by UPI: its id is the payment's `ref`; booked by the capture."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    rider = models.ForeignKey(Rider, on_delete=models.PROTECT, related_name="upi_deposits")
    amount_paise = models.PositiveIntegerField()
    created_at = models.DateTimeField()
    receipt = models.OneToOneField(CashReceipt, on_delete=models.PROTECT, null=True, blank=True, related_name="upi")
    booked_at = models.DateTimeField(null=True, blank=True)
