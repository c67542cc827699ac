"""Who is planned when, breaks, and what the floor has learned about its own pace. Written by `services.rota`,
`services.shifts` and `services.pace` only."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.timezone import localtime

from fulfillment.capacity import Pace

WEEKDAYS = [
    (0, "Monday"), (1, "Tuesday"), (2, "Wednesday"), (3, "Thursday"), (4, "Friday"), (5, "Saturday"), (6, "Sunday"),
]  # fmt: skip


class PlannedShift(models.Model):
    """A person is planned on a store's floor: on one day, or every week on a weekday. Times are the store's local
    ones; an end that is not after the begin is on the next day."""

    store = models.ForeignKey("catalog.Store", on_delete=models.CASCADE, related_name="planned_shifts")
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="planned_shifts")
    weekday = models.PositiveSmallIntegerField(choices=WEEKDAYS, null=True, blank=True)
    day = models.DateField(null=True, blank=True)
    from_time = models.TimeField("from")
    to_time = models.TimeField("to")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(weekday__isnull=True, day__isnull=False) | Q(weekday__isnull=False, day__isnull=True),
                name="planned_on_a_day_or_every_week",
            ),
            models.CheckConstraint(condition=Q(weekday=None) | Q(weekday__lte=6), name="planned_on_a_day_of_the_week"),
            models.CheckConstraint(condition=~Q(from_time=F("to_time")), name="planned_shift_lasts"),
            models.UniqueConstraint(
                fields=["store", "user", "day", "weekday", "from_time"],
                nulls_distinct=False,
                name="planned_once_per_person_and_begin",
            ),
        ]

    def __str__(self) -> str:
        when = self.day.strftime("%d %b") if self.day else dict(WEEKDAYS)[self.weekday or 0]
        return f"{self.user}: {when} {self.from_time:%H:%M}–{self.to_time:%H:%M}"


class Break(models.Model):
    """A pause of somebody on shift; at most one live break per shift. No order is given meanwhile."""

    shift = models.ForeignKey("fulfillment.PickerShift", on_delete=models.CASCADE, related_name="breaks")
    started_at = models.DateTimeField()
    back_at = models.DateTimeField(help_text="When the person means to be back")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shift"], condition=Q(ended_at=None), name="shift_one_live_break"),
            models.CheckConstraint(condition=Q(back_at__gt=F("started_at")), name="break_lasts"),
        ]

    def __str__(self) -> str:
        return f"Break of {self.shift} from {localtime(self.started_at):%H:%M}"


class PickerStat(models.Model):
    """One picker's day in one store (its local day): what they did, counted as each order is packed."""

    store = models.ForeignKey("catalog.Store", on_delete=models.CASCADE, related_name="picker_stats")
    picker = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="picker_stats")
    day = models.DateField()
    tasks = models.PositiveIntegerField(default=0)
    lines = models.PositiveIntegerField(default=0, help_text="Lines of which something was found")
    units = models.PositiveIntegerField(default=0, help_text="Units found")
    pick_s = models.PositiveIntegerField(default=0, help_text="Seconds from taking an order to its last line")
    pack_s = models.PositiveIntegerField(default=0, help_text="Seconds from the last line to the bags on the shelf")
    refused = models.PositiveIntegerField(default=0, help_text="Scans that were refused")
    shorted = models.PositiveIntegerField(default=0, help_text="Lines of which something was not there")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["store", "picker", "day"], name="picker_stat_once_per_day")]
        indexes = [models.Index(fields=["picker", "-day"], name="picker_days")]

    def __str__(self) -> str:
        return f"{self.picker} on {self.day}"


class PickPace(models.Model):
    """Seconds an order takes, learned nightly (`capacity.learn`): a picker's in a store, a store's (no picker), the
    house's (no store)."""

    store = models.ForeignKey("catalog.Store", on_delete=models.CASCADE, null=True, blank=True, related_name="paces")
    picker = models.ForeignKey("accounts.User", on_delete=models.CASCADE, null=True, blank=True, related_name="paces")
    base_s = models.FloatField(help_text="Per order")
    line_s = models.FloatField(help_text="Per line")
    unit_s = models.FloatField(help_text="Per unit beyond the first of a line")
    orders = models.PositiveIntegerField(default=0, help_text="Learned from so many")
    learned_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store", "picker"], nulls_distinct=False, name="pace_once_per_store_and_picker"
            ),
            models.CheckConstraint(
                condition=Q(base_s__gt=0) & Q(line_s__gt=0) & Q(unit_s__gte=0), name="pace_takes_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.picker or self.store or 'The house'}: {self.base_s:.0f} + {self.line_s:.1f} per line"

    @property
    def pace(self) -> Pace:
        return Pace(self.base_s, self.line_s, self.unit_s)
