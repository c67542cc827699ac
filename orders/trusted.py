"""When a person decides how far a customer is trusted with cash, and until when."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from accounts.models import User
from orders.trust import Level


class CustomerTrust(User):
    """A customer, looked at by how far they are trusted with cash."""

    class Meta:
        proxy = True
        verbose_name = "customer and cash"
        verbose_name_plural = "customers and cash"


class TrustOverride(models.Model):
    """A level set by hand. The newest one that is not over holds; none is ever changed except to end it."""

    customer = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="trust_overrides")
    level = models.CharField(max_length=8, choices=[(level.value, level.value.capitalize()) for level in Level])
    reason = models.CharField(max_length=160)
    until = models.DateTimeField()
    actor = models.CharField(max_length=60)
    made_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["customer", "-made_at"], name="trust_override_of")]
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="trust_override_has_a_reason")]
        permissions = [("set_trust", "Can set how far a customer is trusted with cash")]

    def __str__(self) -> str:
        return f"{self.level} until {self.until:%d %b %Y}"
