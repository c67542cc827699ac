"""A customer's bank wants captured money back, and a gateway told us: what it is about, until when to answer."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from blinkit.kernel.ids import uuid7
from blinkit.kernel.money import rupees


class DisputeState(models.TextChoices):
    OPEN = "open", "To be answered"
    WON = "won", "Won: the money stays"
    LOST = "lost", "Lost: the gateway took it back"


class Dispute(models.Model):
    """Opened, then won or lost once. It is answered in the gateway's own dashboard; the books follow what it says."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    payment = models.ForeignKey("payments.Payment", on_delete=models.PROTECT, related_name="disputes")
    attempt = models.ForeignKey("payments.Attempt", on_delete=models.PROTECT, related_name="disputes")
    gateway = models.CharField(max_length=16)
    gateway_ref = models.CharField(max_length=80)
    amount_paise = models.BigIntegerField()
    reason = models.CharField(max_length=160, blank=True)
    state = models.CharField(max_length=4, choices=DisputeState.choices, default=DisputeState.OPEN)
    due_by = models.DateTimeField(null=True, blank=True, help_text="The gateway wants our answer until then")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["gateway", "gateway_ref"], name="dispute_gateway_ref_once"),
            models.CheckConstraint(condition=Q(amount_paise__gt=0), name="dispute_is_positive"),
            models.CheckConstraint(
                condition=Q(state="open", closed_at=None) | (~Q(state="open") & Q(closed_at__isnull=False)),
                name="dispute_closed_when_won_or_lost",
            ),
        ]
        indexes = [models.Index(fields=["due_by"], name="dispute_to_answer", condition=Q(state="open"))]

    def __str__(self) -> str:
        return f"{rupees(self.amount_paise)} · {self.get_state_display()}"
