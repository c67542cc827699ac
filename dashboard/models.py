"""What people asked, what they keep of it, and what they want to be told. Everything else here reads others' tables."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from blinkit.kernel.ids import uuid7


class Verdict(models.TextChoices):
    ANSWERED = "answered", "Answered"
    WHICH = "which", "Asked which was meant"
    SORRY = "sorry", "Not understood"
    REFUSED = "refused", "Refused"
    FAILED = "failed", "Failed"


class QuestionLog(models.Model):
    """One question as asked and what became of it. Kept ASK_LOG_DAYS; of the public nobody is named."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField(default=timezone.now, db_index=True)
    asker = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    audience = models.CharField(max_length=16)
    text = models.CharField(max_length=500)
    folded = models.CharField(max_length=500, db_index=True, help_text="To count like questions")
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    understood = models.JSONField(default=dict)
    sql = models.TextField(blank=True, default="")
    rows = models.PositiveIntegerField(default=0)
    ms = models.PositiveIntegerField(default=0)
    cached = models.BooleanField(default=False)
    by_model = models.BooleanField(default=False)
    helpful = models.BooleanField(null=True, blank=True)
    feedback = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["verdict", "at"], name="question_by_verdict")]


class SavedQuestion(models.Model):
    """A question somebody wants to ask again: kept as understood, so that it means the same tomorrow."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="saved_questions")
    title = models.CharField(max_length=160)
    text = models.CharField(max_length=500)
    understood = models.JSONField()
    is_shared = models.BooleanField(default=False, help_text="Everybody with the same rights may open it")
    created_at = models.DateTimeField(default=timezone.now)


class QuestionWatch(models.Model):
    """ "Watch this": asked again every `every_s`; told when the answer's figure passes the bound or changes."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    question = models.ForeignKey(SavedQuestion, on_delete=models.CASCADE, related_name="watches")
    owner = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    field = models.CharField(max_length=80, help_text="The measure looked at")
    above = models.FloatField(null=True, blank=True)
    below = models.FloatField(null=True, blank=True)
    every_s = models.PositiveIntegerField(default=300)
    due_at = models.DateTimeField(db_index=True)
    last_value = models.FloatField(null=True, blank=True)
    looked_at = models.DateTimeField(null=True, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["question", "field"], name="watch_once_per_question_and_figure")]


class QuestionAlert(models.Model):
    """A watch had something to say; `answer` holds what its picture is drawn from."""

    watch = models.ForeignKey(QuestionWatch, on_delete=models.CASCADE, related_name="alerts")
    at = models.DateTimeField()
    value = models.FloatField()
    was = models.FloatField(null=True)
    answer = models.JSONField()
    seen_at = models.DateTimeField(null=True, blank=True)
