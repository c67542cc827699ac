"""How one store closes its bags: whether it has a scale, and which labels its printer takes."""

from __future__ import annotations

from django.db import models


class Scale(models.TextChoices):
    NONE = "none", "No scale: bags are not weighed"
    MAY = "may", "A scale: weighing is offered"
    MUST = "must", "Every bag is weighed"


class LabelSize(models.TextChoices):
    WIDE = "100x50", "100 × 50 mm"
    SMALL = "50x40", "50 × 40 mm"


class PackingRule(models.Model):
    """One row per store; a store without one has no scale and prints labels of 100 × 50 mm."""

    store = models.OneToOneField("catalog.Store", on_delete=models.CASCADE, related_name="packing_rule")
    scale = models.CharField(max_length=4, choices=Scale.choices, default=Scale.NONE)
    label_size = models.CharField(max_length=8, choices=LabelSize.choices, default=LabelSize.WIDE)

    def __str__(self) -> str:
        return f"{self.store}: {self.get_scale_display()}"


def rule_of(store_id: int) -> PackingRule:
    """The store's rule, or the one every store begins with. One statement."""
    return PackingRule.objects.filter(store_id=store_id).first() or PackingRule(store_id=store_id)
