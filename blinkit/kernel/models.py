from django.db import models
from django.db.models import Q
from django.utils import timezone


class Event(models.Model):
    """Something that happened: timeline entry, audit line and outbox row in one. Append-only, but for the
    kinds that only make others look (`delivery.forget`)."""

    id = models.BigAutoField(primary_key=True)
    code = models.CharField(max_length=80)
    subject = models.CharField(max_length=80)
    payload = models.JSONField()
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()
    handed_out_at = models.DateTimeField(null=True, blank=True, help_text="Empty while its reactions wait to be run.")

    class Meta:
        indexes = [
            models.Index(fields=["subject", "id"], name="event_by_subject"),
            models.Index(fields=["id"], condition=Q(handed_out_at=None), name="event_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.code} #{self.pk} ({self.subject})"


class Receipt(models.Model):
    """One handler's answer to one event: done, waiting for another try, or given up (no next try)."""

    id = models.BigAutoField(primary_key=True)
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="receipts", db_index=False)
    handler = models.CharField(max_length=160)
    done_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Failed tries so far.")
    last_error = models.TextField(blank=True, default="")
    next_try_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "handler"], name="receipt_once_per_event_and_handler"),
            models.CheckConstraint(
                condition=Q(done_at=None) | Q(next_try_at=None), name="receipt_done_is_never_tried_again"
            ),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], condition=Q(done_at=None), name="receipt_unfinished"),
        ]

    def __str__(self) -> str:
        return f"{self.handler} for event {self.event_id}"


class IdempotencyKey(models.Model):
    """The answer once given to a client's Idempotency-Key. `status` is empty only inside the first transaction."""

    id = models.BigAutoField(primary_key=True)
    scope = models.CharField(max_length=255, help_text="Who, method and path.")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of the request body.")
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    # Text, not JSONB: a replay repeats the answer byte for byte, and JSONB forgets the order of keys.
    body = models.TextField(blank=True, default="")
    headers = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "key"], name="idempotency_one_answer_per_key")]
        indexes = [models.Index(fields=["created_at"], name="idempotency_by_age")]

    def __str__(self) -> str:
        return f"{self.scope} {self.key}"
