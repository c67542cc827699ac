"""Which gateways take a way of paying, in which order: rows, so that an operator can turn money to another gateway."""

from __future__ import annotations

from django.db import models

from payments.gateways.base import METHODS


class Route(models.Model):
    """For one way of paying. Without a row it goes to the gateway of the settings."""

    method = models.CharField(max_length=12, unique=True, choices=METHODS)
    gateways = models.CharField(
        max_length=80, help_text="Names in the order in which they are tried, comma separated: razorpay, stripe"
    )

    def __str__(self) -> str:
        return f"{self.get_method_display()}: {self.gateways}"

    def names(self) -> list[str]:
        return [name for name in (part.strip() for part in self.gateways.split(",")) if name]
