"""Gigs (a window of hours at a store with so many places), who booked them, breaks, and what was checked when somebody
went on duty. Written by `services.gigs`, `services.duty` and `services.breaks` only."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.timezone import localtime

from blinkit.kernel.ids import uuid7

WEEKDAYS = [
    (0, "Monday"), (1, "Tuesday"), (2, "Wednesday"), (3, "Thursday"), (4, "Friday"), (5, "Saturday"), (6, "Sunday"),
]  # fmt: skip


class DutyPolicy(models.Model):
    """What a city asks of riders who go on duty. No row: the values below."""

    city = models.OneToOneField("catalog.City", on_delete=models.CASCADE, related_name="duty_policy")
    walk_in = models.BooleanField(default=True, help_text="Duty without a booking while places are free")
    check_in_before_m = models.PositiveSmallIntegerField(default=15, help_text="Minutes before a gig begins")
    check_in_metres = models.PositiveSmallIntegerField(default=500, help_text="How near the store")
    late_cancel_m = models.PositiveSmallIntegerField(
        default=120, help_text="A booking given back later than so many minutes before is counted as late"
    )
    most_hours_a_day = models.PositiveSmallIntegerField(default=12, help_text="Booked hours of a rider and local day")
    longest_break_m = models.PositiveSmallIntegerField(default=60)
    self_check_needed = models.BooleanField(default=False, help_text="No duty before the day's self-check")
    oldest_app = models.CharField(max_length=20, blank=True, help_text="Older versions of the app are told to update")

    class Meta:
        verbose_name_plural = "duty policies"
        constraints = [
            models.CheckConstraint(
                condition=Q(most_hours_a_day__gte=1, most_hours_a_day__lte=14), name="duty_policy_day_of_1_to_14_hours"
            )
        ]

    def __str__(self) -> str:
        return f"Duty in {self.city}"


class GigPattern(models.Model):
    """The same gig every week. Times are the store's local ones; an end that is not after the begin is on the next
    day."""

    store = models.ForeignKey("catalog.Store", on_delete=models.CASCADE, related_name="gig_patterns")
    weekday = models.PositiveSmallIntegerField(choices=WEEKDAYS)
    from_time = models.TimeField("from")
    to_time = models.TimeField("to")
    places = models.PositiveSmallIntegerField()
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(weekday__lte=6), name="gig_pattern_on_a_day_of_the_week"),
            models.CheckConstraint(condition=~Q(from_time=F("to_time")), name="gig_pattern_lasts"),
            models.CheckConstraint(condition=Q(places__gte=1), name="gig_pattern_has_places"),
            models.UniqueConstraint(
                fields=["store", "weekday", "from_time"], name="gig_pattern_once_per_store_and_begin"
            ),
        ]

    def __str__(self) -> str:
        day = dict(WEEKDAYS)[self.weekday]
        return f"{self.store.code}: {day} {self.from_time:%H:%M}–{self.to_time:%H:%M}"


class Gig(models.Model):
    """A window [starts_at, ends_at) at a store. `booked` counts live bookings; the database keeps it
    within `places`."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    store = models.ForeignKey("catalog.Store", on_delete=models.PROTECT, related_name="gigs")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    places = models.PositiveSmallIntegerField()
    booked = models.PositiveSmallIntegerField(default=0)
    called_off_at = models.DateTimeField(null=True, blank=True)
    called_off_reason = models.CharField(max_length=160, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="gig_lasts"),
            models.CheckConstraint(condition=Q(booked__lte=F("places")), name="gig_booked_within_places"),
            models.UniqueConstraint(
                fields=["store", "starts_at"], condition=Q(called_off_at=None), name="gig_once_per_store_and_begin"
            ),
        ]
        indexes = [models.Index(fields=["store", "ends_at"], name="gig_of_store")]

    def __str__(self) -> str:
        return f"{self.store.code} {localtime(self.starts_at):%d %b %H:%M}–{localtime(self.ends_at):%H:%M}"

    @property
    def free(self) -> int:
        return self.places - self.booked


class BookingState(models.TextChoices):
    BOOKED = "booked", "Booked"
    CAME = "came", "Came"
    CANCELLED = "cancelled", "Given back"
    CALLED_OFF = "called_off", "Called off by us"
    MISSED = "missed", "Did not come"


LIVE_BOOKING = (BookingState.BOOKED.value, BookingState.CAME.value)


class Booking(models.Model):
    """A rider's place in a gig; `walk_in` when it was taken by going on duty."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    gig = models.ForeignKey(Gig, on_delete=models.PROTECT, related_name="bookings")
    rider = models.ForeignKey("delivery.Rider", on_delete=models.PROTECT, related_name="bookings")
    state = models.CharField(max_length=10, choices=BookingState.choices, default=BookingState.BOOKED)
    walk_in = models.BooleanField(default=False)
    booked_at = models.DateTimeField()
    came_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    is_late = models.BooleanField(default=False, help_text="Given back late; counted, never paid for")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["gig", "rider"], condition=Q(state__in=LIVE_BOOKING), name="booking_one_live_per_gig_and_rider"
            ),
            models.CheckConstraint(
                condition=~Q(state="came") | Q(came_at__isnull=False), name="who_came_came_at_a_time"
            ),
        ]
        indexes = [models.Index(fields=["rider", "state"], name="booking_of_rider")]

    def __str__(self) -> str:
        return f"{self.rider}: {self.gig}"


class RiderBreak(models.Model):
    """A pause within a shift; at most one live one. No offer comes meanwhile."""

    shift = models.ForeignKey("delivery.Shift", on_delete=models.CASCADE, related_name="breaks")
    started_at = models.DateTimeField()
    back_at = models.DateTimeField(help_text="When the rider means to be back")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shift"], condition=Q(ended_at=None), name="rider_shift_one_live_break"),
            models.CheckConstraint(condition=Q(back_at__gt=F("started_at")), name="rider_break_lasts"),
        ]

    def __str__(self) -> str:
        return f"Break of {self.shift.rider} from {localtime(self.started_at):%H:%M}"


class DutyCheck(models.Model):
    """What the phone reported and the rider ticked when a shift began."""

    shift = models.OneToOneField(
        "delivery.Shift", on_delete=models.CASCADE, primary_key=True, related_name="duty_check"
    )
    device = models.JSONField(default=dict)
    warnings = models.JSONField(default=list, help_text="Codes of what was not right")
    self_check = models.JSONField(default=list)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"Check of {self.shift.rider}"
