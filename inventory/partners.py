"""Programs of partners (a warehouse or ERP system) that read and write stock, and what they have said so far."""

from __future__ import annotations

from django.db import models

from blinkit.kernel.ids import uuid7


class ApiClient(models.Model):
    """A partner's program. Its key is shown once; kept is the SHA-256 of it, which is enough for 256 random bits."""

    name = models.CharField(max_length=80, unique=True)
    key_start = models.CharField(max_length=12, help_text="The first characters of the key, to tell keys apart")
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    may_read = models.BooleanField(default=True, help_text="May list the stock of its stores")
    may_write = models.BooleanField(default=False, help_text="May change the stock of its stores")
    stores = models.ManyToManyField("catalog.Store", blank=True, related_name="+", help_text="None: it may do nothing")
    per_minute = models.PositiveIntegerField(default=120, help_text="Requests a minute")
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "API client"

    def __str__(self) -> str:
        return self.name


class SyncStream(models.Model):
    """What one client says about one product of one store, or about one lot of it: sequence numbers count in here.

    The ledger's lines carry its id as `ref`. `newest_count` is the sequence number of the newest absolute count:
    what is older than that changes nothing any more.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey(ApiClient, on_delete=models.PROTECT, related_name="streams")
    stock = models.ForeignKey("inventory.Stock", on_delete=models.PROTECT, related_name="sync_streams")
    lot = models.CharField(max_length=40, blank=True, default="")
    expires_on = models.DateField(null=True, blank=True)
    newest_count = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["client", "stock", "lot", "expires_on"], name="sync_stream_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.client} on {self.stock}{f', lot {self.lot}' if self.lot else ''}"


class SyncKind(models.TextChoices):
    SET = "set", "There are so many"
    DELTA = "delta", "So many came or went"


class SyncMessage(models.Model):
    """A line that was taken (applied, or too old to matter). A refused one leaves nothing and may be sent again."""

    stream = models.ForeignKey(SyncStream, on_delete=models.CASCADE, related_name="messages")
    sequence = models.BigIntegerField()
    kind = models.CharField(max_length=5, choices=SyncKind.choices)
    units = models.IntegerField()
    counted_at = models.DateTimeField(null=True, blank=True)
    is_stale = models.BooleanField(default=False)
    difference = models.IntegerField(default=0, help_text="By how much units on hand changed")
    on_hand = models.IntegerField(help_text="Units afterwards")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stream", "sequence"], name="sync_sequence_once_per_stream")]
        indexes = [models.Index(fields=["at"], name="sync_message_by_age")]

    def __str__(self) -> str:
        return f"{self.kind} {self.units} (#{self.sequence})"
