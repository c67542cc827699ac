"""The learned models of the promise: what was trained, how well it did, and which one is in use."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class EtaModel(models.Model):
    """One training. `kept` is what quotes read, `figures` how it and the others did on the same later orders.

    At most one is in use; with none the legs' rule of thumb is.
    """

    trained_at = models.DateTimeField()
    learned_until = models.DateTimeField(help_text="It has seen no promise made later")
    rows = models.PositiveIntegerField(help_text="Delivered orders it learned from")
    judged_on = models.PositiveIntegerField(help_text="Later orders it was judged on")
    mae_s = models.FloatField()
    kept_percent = models.FloatField(help_text="Of its nine-in-ten promises")
    padding_s = models.FloatField(help_text="Promise minus actual, mean")
    figures = models.JSONField(default=dict)
    kept = models.JSONField()
    is_active = models.BooleanField(default=False)
    why = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["is_active"], condition=Q(is_active=True), name="eta_model_one_in_use"),
            models.CheckConstraint(
                condition=Q(learned_until__lte=F("trained_at")), name="eta_model_learns_from_the_past"
            ),
        ]

    def __str__(self) -> str:
        return f"l{self.pk}"
