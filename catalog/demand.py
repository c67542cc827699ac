"""Where people ask for us and nobody delivers: counted per cell of the map and day, never per person."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class UnmetDemand(models.Model):
    """How often somebody asked from a cell of about 500 m on one day. Cells: catalog/services/demand.py."""

    day = models.DateField()
    cell_y = models.IntegerField()
    cell_x = models.IntegerField()
    asked = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "unmet demand"
        constraints = [
            models.UniqueConstraint(fields=["day", "cell_y", "cell_x"], name="unmet_demand_once_per_day_and_cell"),
            models.CheckConstraint(condition=Q(asked__gte=1), name="unmet_demand_was_asked_for"),
        ]

    def __str__(self) -> str:
        return f"{self.asked} on {self.day}"
