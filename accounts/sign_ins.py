"""Where somebody is signed in with a browser; apps are the families of their refresh tokens."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from blinkit.kernel.ids import uuid7


class SignIn(models.Model):
    """A browser somebody signed in with. It is over when its session is."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="sign_ins")
    session_key = models.CharField(max_length=40, unique=True)
    agent = models.CharField(max_length=200, blank=True)
    started_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["user", "-started_at"], name="sign_in_by_user")]
