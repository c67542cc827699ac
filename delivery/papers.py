"""Who a rider is and may do: the profile, papers, suspensions and appeals. Written by `services.papers`,
`services.joining` and `services.standing` only."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from blinkit.kernel.ids import uuid7
from delivery import paperwork


class RiderProfile(models.Model):
    """What we know of a rider beyond what dispatch needs."""

    rider = models.OneToOneField("delivery.Rider", on_delete=models.CASCADE, primary_key=True, related_name="profile")
    emergency_name = models.CharField(max_length=80, blank=True)
    emergency_phone = models.CharField(max_length=16, blank=True)
    applied_at = models.DateTimeField(null=True, blank=True)
    # Papers that somebody saw on paper, kept by us in no file: good until that day.
    seen_kinds = models.JSONField(default=list, blank=True)
    seen_until = models.DateField(null=True, blank=True)
    seen_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    checked_on = models.DateField(null=True, blank=True, help_text="Local day of the last self-check")

    def __str__(self) -> str:
        return str(self.rider)


class PaperKind(models.TextChoices):
    KYC = paperwork.KYC, "Identity"
    LICENCE = paperwork.LICENCE, "Driving licence"
    REGISTRATION = paperwork.REGISTRATION, "Vehicle registration"
    INSURANCE = paperwork.INSURANCE, "Vehicle insurance"
    BANK = paperwork.BANK, "Bank account"
    PHOTO = paperwork.PHOTO, "Photo of you"


class PaperState(models.TextChoices):
    SUBMITTED = "submitted", "Being checked"
    VERIFIED = "verified", "Verified"
    REJECTED = "rejected", "Not accepted"
    REPLACED = "replaced", "Replaced by a newer one"


class Document(models.Model):
    """One paper of a rider. The file is in private storage; the number is sealed, its last four can be read."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    rider = models.ForeignKey("delivery.Rider", on_delete=models.CASCADE, related_name="documents")
    kind = models.CharField(max_length=12, choices=PaperKind.choices)
    state = models.CharField(max_length=10, choices=PaperState.choices, default=PaperState.SUBMITTED)
    file = models.CharField(max_length=120, blank=True, help_text="In the private storage")
    number_sealed = models.TextField(blank=True)
    number_last4 = models.CharField(max_length=4, blank=True)
    number_print = models.CharField(max_length=64, blank=True, help_text="Keyed hash: the same number twice is seen")
    holder = models.CharField(max_length=80, blank=True, help_text="Bank account: in whose name")
    ifsc = models.CharField(max_length=11, blank=True)
    expires_on = models.DateField(null=True, blank=True)
    warned_days = models.PositiveSmallIntegerField(null=True, blank=True)
    submitted_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=200, blank=True)
    # Bank account: what the bank says (delivery/banking.py); asked outside of transactions, swept while it is due.
    ask_bank_at = models.DateTimeField(null=True, blank=True)
    bank_tries = models.PositiveSmallIntegerField(default=0)
    bank_said = models.CharField(max_length=12, blank=True)
    bank_name = models.CharField(max_length=120, blank=True)

    class Meta:
        verbose_name = "rider's paper"
        verbose_name_plural = "riders' papers"
        permissions = [("check_document", "Can see and decide the papers of riders")]
        constraints = [
            models.UniqueConstraint(
                fields=["rider", "kind"], condition=Q(state="submitted"), name="paper_one_waiting_per_kind"
            ),
            models.UniqueConstraint(
                fields=["rider", "kind"], condition=Q(state="verified"), name="paper_one_verified_per_kind"
            ),
            models.UniqueConstraint(
                fields=["kind", "number_print"],
                condition=Q(state="verified", kind__in=sorted(paperwork.ONE_PERSON)),
                name="identity_of_one_rider_only",
            ),
            models.CheckConstraint(condition=~Q(state="rejected") | ~Q(reason=""), name="rejected_paper_says_why"),
            models.CheckConstraint(
                condition=Q(state="submitted") | Q(decided_at__isnull=False), name="paper_decided_at_a_time"
            ),
        ]
        indexes = [
            models.Index(fields=["submitted_at"], name="paper_waiting", condition=Q(state="submitted")),
            models.Index(fields=["expires_on"], name="paper_expiring", condition=Q(state="verified")),
            models.Index(fields=["ask_bank_at"], name="paper_bank_due", condition=Q(ask_bank_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.rider}"

    @property
    def masked(self) -> str:
        """•••• 1234, or nothing where there is no number."""
        return f"•••• {self.number_last4}" if self.number_last4 else ""


class Suspension(models.Model):
    """No duty from `began_at` until `until` (open when empty) or until somebody ends it. Kept for ever."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    rider = models.ForeignKey("delivery.Rider", on_delete=models.PROTECT, related_name="suspensions")
    reason = models.CharField(max_length=160)
    evidence = models.TextField(max_length=2000, blank=True, help_text="What it rests on; the rider reads it")
    # A person decides, never a score. Empty only for what was there before suspensions were kept.
    by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    began_at = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=40, blank=True, help_text="user:12, or system when its time was over")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rider"], condition=Q(ended_at=None), name="rider_one_live_suspension"),
            models.CheckConstraint(condition=~Q(reason=""), name="suspension_says_why"),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gt=models.F("began_at")), name="suspension_lasts"
            ),
        ]
        indexes = [models.Index(fields=["until"], name="suspension_ending", condition=Q(ended_at=None))]

    def __str__(self) -> str:
        return f"{self.rider}: {self.reason}"


class AppealState(models.TextChoices):
    WAITING = "waiting", "Being looked at"
    LIFTED = "lifted", "Suspension lifted"
    KEPT = "kept", "Suspension stays"


class Appeal(models.Model):
    """What the rider says about a suspension, and our answer."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    suspension = models.ForeignKey(Suspension, on_delete=models.CASCADE, related_name="appeals")
    text = models.TextField(max_length=1000)
    photo = models.CharField(max_length=120, blank=True, help_text="In the private storage")
    sent_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=AppealState.choices, default=AppealState.WAITING)
    answer = models.CharField(max_length=500, blank=True)
    decided_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        permissions = [("decide_appeal", "Can decide the appeals of riders")]
        constraints = [
            models.UniqueConstraint(
                fields=["suspension"], condition=Q(state="waiting"), name="suspension_one_waiting_appeal"
            ),
            models.CheckConstraint(condition=Q(state="waiting") | ~Q(answer=""), name="appeal_is_answered_in_words"),
        ]

    def __str__(self) -> str:
        return f"Appeal of {self.suspension.rider}"


def kind_words(kinds: Any) -> list[str]:
    """Names of kinds, in the order given."""
    return [str(PaperKind(kind).label) for kind in kinds]
