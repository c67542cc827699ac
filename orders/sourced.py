"""Why this store: every store that was judged for an order, at the moment it was chosen."""

from __future__ import annotations

from django.db import models
from django.utils.timezone import localtime


class Cause(models.TextChoices):
    """Why a store was looked for."""

    CHECKOUT = "checkout", "At checkout"
    SLOT = "slot", "By its slot"
    OFFLINE = "offline", "The store went offline"
    DECLINED = "declined", "The store declined"


class Sourcing(models.Model):
    """One choice of a store for an order. `store` is empty when nobody could. Append only; gone after 30 days.

    `candidates` are best first: {"store", "score" (seconds, less is better), "parts", "reason", "missing"}.
    """

    order = models.ForeignKey("orders.Order", on_delete=models.CASCADE, related_name="sourcings")
    cause = models.CharField(max_length=12, choices=Cause.choices)
    store = models.ForeignKey("catalog.Store", on_delete=models.PROTECT, null=True, related_name="+")
    candidates = models.JSONField()
    why = models.CharField(max_length=160, blank=True, default="")
    made_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["made_at"], name="sourcing_to_purge")]

    def __str__(self) -> str:
        return f"{self.get_cause_display()} {localtime(self.made_at):%d %b %H:%M}"
