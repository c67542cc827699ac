"""What is said to people: templates, preferences, messages and how they went."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from blinkit.kernel.ids import uuid7


class Channel(models.TextChoices):
    SMS = "sms", "SMS"
    PUSH = "push", "Push"
    EMAIL = "email", "E-mail"
    INAPP = "inapp", "In the app"


class Template(models.Model):
    """Words for one message kind, channel and language; `{name}` placeholders."""

    code = models.CharField(max_length=40)
    channel = models.CharField(max_length=6, choices=Channel.choices)
    language = models.CharField(max_length=5, default="en")
    subject = models.CharField(max_length=120, blank=True)
    body = models.TextField()
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["code", "channel", "language"], name="template_once_per_code_channel_language"
            )
        ]

    def __str__(self) -> str:
        return f"{self.code}/{self.channel}/{self.language}"


class Preference(models.Model):
    """A channel somebody switched off. Sign-in codes are sent all the same."""

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="notification_preferences")
    channel = models.CharField(max_length=6, choices=Channel.choices)
    is_on = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "channel"], name="preference_once_per_channel")]


class MessageState(models.TextChoices):
    DUE = "due", "To be sent"
    SENT = "sent", "Sent"
    READ = "read", "Read"
    FAILED = "failed", "Given up"


class Message(models.Model):
    """One message to one person on one channel. `key` (event : template : channel : person) makes repeats harmless."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(max_length=120, unique=True)
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, null=True, blank=True, related_name="messages")
    template_code = models.CharField(max_length=40)
    channel = models.CharField(max_length=6, choices=Channel.choices)
    to = models.CharField(max_length=400, help_text="Phone, e-mail address or device token")
    subject = models.CharField(max_length=160, blank=True)
    body = models.TextField()
    link = models.CharField(max_length=200, blank=True)
    is_secret = models.BooleanField(
        default=False, help_text="Body is blanked once sent (sign-in codes), except in demo mode"
    )
    state = models.CharField(max_length=6, choices=MessageState.choices, default=MessageState.DUE)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)
    provider_ref = models.CharField(max_length=120, blank=True)
    error = models.CharField(max_length=240, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["next_try_at"], name="message_due", condition=Q(state="due")),
            models.Index(fields=["to", "-created_at"], name="message_by_address"),
            models.Index(fields=["user", "-created_at"], name="message_by_user"),
        ]
