"""What goes wrong on the road: one row per incident, its notes, and bags that a second rider fetches."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from blinkit.kernel.ids import uuid7


class Kind(models.TextChoices):
    SOS = "sos", "SOS"
    ACCIDENT = "accident", "Accident"
    VEHICLE = "vehicle", "Vehicle trouble"
    HARASSMENT = "harassment", "Harassment"
    SPILLED = "spilled", "Spilled goods"
    THEFT = "theft", "Theft"
    OTHER = "other", "Something else"


URGENT = (Kind.SOS, Kind.ACCIDENT)
"""Whoever told of one of these gets no work until it is resolved."""


class IncidentQuerySet(models.QuerySet["Incident"]):
    def needing_help(self) -> IncidentQuerySet:
        """Calls for help that nobody has said are over."""
        return self.filter(kind__in=URGENT, resolved_at=None)


class Incident(models.Model):
    """Told by a rider; seen, handled and resolved by operations. Where and how full the battery was come with it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    rider = models.ForeignKey("delivery.Rider", on_delete=models.PROTECT, related_name="incidents")
    trip = models.ForeignKey("delivery.Trip", on_delete=models.PROTECT, null=True, blank=True, related_name="incidents")
    text = models.CharField(max_length=400, blank=True)
    lat = models.FloatField(null=True, blank=True)
    lng = models.FloatField(null=True, blank=True)
    placed_at = models.DateTimeField(null=True, blank=True, help_text="When the rider was there")
    battery_percent = models.PositiveSmallIntegerField(null=True, blank=True)
    nonce = models.CharField(max_length=64)
    at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True, blank=True)
    seen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    handler = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="incidents_handled"
    )
    resolved_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=240, blank=True)

    objects = IncidentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rider", "nonce"], name="incident_told_once"),
            models.UniqueConstraint(
                fields=["rider"], condition=Q(kind="sos", resolved_at=None), name="one_live_sos_per_rider"
            ),
            models.CheckConstraint(
                condition=Q(resolved_at=None) | ~Q(outcome=""), name="resolved_incident_says_its_outcome"
            ),
            models.CheckConstraint(
                condition=Q(battery_percent=None) | Q(battery_percent__lte=100), name="battery_within_full"
            ),
        ]
        indexes = [
            models.Index(fields=["-at"], name="incident_newest"),
            models.Index(fields=["at"], name="incident_unseen", condition=Q(seen_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.rider}"

    @property
    def needs_help(self) -> bool:
        """Open, and of a kind whose rider gets no work."""
        return self.kind in URGENT and self.resolved_at is None


class IncidentNote(models.Model):
    """One line of an incident's timeline. Append only."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="notes")
    actor = models.CharField(max_length=60, help_text="rider:7 or user:12")
    name = models.CharField(max_length=120, help_text="Who that was")
    what = models.CharField(max_length=12, default="note", help_text="told, pressed, seen, handles, note, resolved")
    text = models.CharField(max_length=400, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "pk"]


class Rescue(models.Model):
    """A second rider rides to a stranded one and takes the bags over."""

    trip = models.OneToOneField("delivery.Trip", on_delete=models.PROTECT, related_name="rescue")
    from_trip = models.ForeignKey("delivery.Trip", on_delete=models.PROTECT, related_name="rescues")
    lat = models.FloatField(help_text="Where the stranded rider was when it was asked for")
    lng = models.FloatField()
    why = models.CharField(max_length=160)
    asked_by = models.CharField(max_length=60)
    asked_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True, blank=True)
    off_at = models.DateTimeField(null=True, blank=True, help_text="Called off")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["from_trip"], condition=Q(taken_at=None, off_at=None), name="trip_rescued_by_one_at_a_time"
            ),
            models.CheckConstraint(condition=~Q(trip=F("from_trip")), name="rescue_is_by_another_trip"),
        ]
