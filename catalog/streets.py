"""The ways from a store on its city's real streets, worked out once by services.fit_travel."""

from __future__ import annotations

from django.db import models


class StreetField(models.Model):
    """`packed` is a catalog.travel.Field; used while its store stands where it stood and `made_at` is its city's."""

    store = models.OneToOneField(
        "catalog.Store", on_delete=models.CASCADE, primary_key=True, related_name="street_field"
    )
    packed = models.BinaryField()
    made_at = models.DateTimeField()
