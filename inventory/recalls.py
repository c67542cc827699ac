"""Recalls: a lot, or a whole product, that may not be sold anywhere, now or when more of it comes."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Recall(models.Model):
    """While `ended_at` is empty, units of it are quarantined in every store, on arrival too. Lot empty: every lot."""

    product = models.ForeignKey("catalog.Product", on_delete=models.PROTECT, related_name="recalls")
    lot = models.CharField(max_length=40, blank=True, default="")
    reason = models.CharField(max_length=120)
    actor = models.CharField(max_length=60)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=120, blank=True, default="")
    ended_by = models.CharField(max_length=60, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["product", "lot"], condition=Q(ended_at=None), name="recall_one_live_per_product_and_lot"
            ),
        ]
        permissions = [("see_recall_phones", "May see the telephone numbers of customers who got a recalled lot")]

    def __str__(self) -> str:
        return f"{self.product}, {f'lot {self.lot}' if self.lot else 'every lot'}"


class RecallNotice(models.Model):
    """Whose order (`ref`) has been told of a recall: once each."""

    recall = models.ForeignKey(Recall, on_delete=models.CASCADE, related_name="notices")
    ref = models.UUIDField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["recall", "ref"], name="recall_told_once_per_ref")]

    def __str__(self) -> str:
        return str(self.ref)
