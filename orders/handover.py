"""Bags that were scanned out of a store, one row each; gone again when the rider falls away before all are."""

from __future__ import annotations

from django.db import models


class BagScan(models.Model):
    """One bag (or the order's own code, or its place on the shelf) read by whoever hands it over."""

    class How(models.TextChoices):
        SCAN = "scan", "Scanned"
        LIST = "list", "Named in a list"

    order = models.ForeignKey("orders.Order", on_delete=models.CASCADE, related_name="bag_scans")
    code = models.CharField(max_length=40)
    at = models.DateTimeField()
    actor = models.CharField(max_length=60, help_text="rider:7 or user:12")
    how = models.CharField(max_length=4, choices=How.choices, default=How.SCAN)
    nonce = models.CharField(max_length=64, blank=True, help_text="The device's own; a re-sent scan is the same scan")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "code"], name="bag_leaves_the_store_once")]

    def __str__(self) -> str:
        return self.code
