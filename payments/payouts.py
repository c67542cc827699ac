"""Money that leaves for a rider's bank account, and the pretend bank's own book of it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from blinkit.kernel.ids import uuid7
from blinkit.kernel.money import rupees


class PayoutState(models.TextChoices):
    DUE = "due", "To be sent"
    SENT = "sent", "Sent to the bank"
    DONE = "done", "Arrived"
    FAILED = "failed", "Failed, will be retried"


class Payout(models.Model):
    """One payment to one rider; the same key pays once. Its id is the bank's idempotency key."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(max_length=80, unique=True)
    rider_ref = models.BigIntegerField()
    amount_paise = models.BigIntegerField()
    state = models.CharField(max_length=6, choices=PayoutState.choices, default=PayoutState.DUE)
    bank_ref = models.CharField(max_length=80, blank=True)
    why_failed = models.CharField(max_length=160, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True, help_text="Empty and not done: a person decides")
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount_paise__gt=0), name="payout_is_positive")]
        indexes = [
            models.Index(
                fields=["next_try_at"], name="payout_to_look_at", condition=Q(state__in=["due", "failed", "sent"])
            ),
            models.Index(fields=["rider_ref"], name="payout_of_rider"),
        ]

    def __str__(self) -> str:
        return f"{rupees(self.amount_paise)} · {self.get_state_display()}"


class SandboxPayout(models.Model):
    """The pretend bank's book. The house's key makes a repeated request one payment."""

    key = models.CharField(max_length=80, unique=True)
    account = models.CharField(max_length=80)
    amount_paise = models.BigIntegerField()
    created_at = models.DateTimeField()
