"""What a customer and their rider write to each other, for as long as the bags are on the road."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from blinkit.kernel.ids import uuid7


class Side(models.TextChoices):
    CUSTOMER = "customer", "Customer"
    RIDER = "rider", "Rider"


class ChatMessage(models.Model):
    """One message. A thread is one stop: the rider who takes bags over begins a new one."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.ForeignKey("orders.Order", on_delete=models.CASCADE, related_name="chat")
    stop = models.ForeignKey("delivery.Stop", on_delete=models.CASCADE, related_name="chat")
    side = models.CharField(max_length=8, choices=Side.choices)
    text = models.CharField(max_length=400)
    quick = models.CharField(max_length=24, blank=True, help_text="A ready sentence: read in the reader's language")
    nonce = models.CharField(max_length=64)
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["at", "id"]
        constraints = [models.UniqueConstraint(fields=["stop", "side", "nonce"], name="chat_message_sent_once")]
        indexes = [
            models.Index(fields=["order", "at"], name="chat_of_an_order"),
            models.Index(fields=["at"], name="chat_by_age"),
        ]


class ChatFlag(models.Model):
    """Somebody says a message is not right. Kept until a person has looked; the thread is kept as long."""

    message = models.ForeignKey(ChatMessage, on_delete=models.CASCADE, related_name="flags")
    by_side = models.CharField(max_length=8, choices=Side.choices)
    reason = models.CharField(max_length=160)
    at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "by_side"], name="message_flagged_once_a_side")]
        indexes = [models.Index(fields=["at"], name="flag_waits", condition=Q(settled_at=None))]
