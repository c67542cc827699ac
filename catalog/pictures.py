"""Pictures of products: one row per upload, shown once its sizes are made."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone


class Picture(models.Model):
    """`key` tells the content: the same picture has the same files, whose names never get another content.

    `is_main` pictures become `Product.image`, others a `ProductImage`. Until the sizes are made nothing shows it.
    """

    key = models.CharField(max_length=32)
    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="pictures")
    is_main = models.BooleanField(default=True)
    rank = models.PositiveSmallIntegerField(default=0)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    actor = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    ready_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=["id"], name="picture_waiting", condition=Q(ready_at=None)),
            models.Index(fields=["key"], name="picture_key"),
        ]

    def __str__(self) -> str:
        return f"{self.width} × {self.height}" + ("" if self.ready_at else ", its sizes are being made")
