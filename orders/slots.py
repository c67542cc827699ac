"""Delivery slots: windows of a store that take a limited number of orders, made ahead from its weekly plan."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.timezone import localtime

WEEKDAYS = [
    (0, "Monday"), (1, "Tuesday"), (2, "Wednesday"), (3, "Thursday"), (4, "Friday"), (5, "Saturday"), (6, "Sunday"),
]  # fmt: skip


class SlotTemplate(models.Model):
    """One window of a store's week, in its local time. Slots are made from it; changing it changes those to come."""

    store = models.ForeignKey("catalog.Store", on_delete=models.CASCADE, related_name="slot_templates")
    weekday = models.PositiveSmallIntegerField(choices=WEEKDAYS)
    from_time = models.TimeField("from")
    to_time = models.TimeField("to", help_text="On the same day, or midnight")
    capacity = models.PositiveSmallIntegerField(validators=[MinValueValidator(1)], help_text="Orders per window")
    cut_off_m = models.PositiveSmallIntegerField(
        "cut-off", default=30, help_text="Orders are taken until so many minutes before the window begins"
    )
    days_ahead = models.PositiveSmallIntegerField(
        default=2, validators=[MaxValueValidator(14)], help_text="How far ahead it can be chosen; 0: today only"
    )
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["store", "weekday", "from_time"]
        constraints = [
            models.UniqueConstraint(
                fields=["store", "weekday", "from_time"],
                name="slot_template_once_per_store_and_start",
                violation_error_message="This store has a window that begins then already.",
            ),
            models.CheckConstraint(
                condition=Q(to_time__gt=F("from_time")) | Q(to_time="00:00"),
                name="slot_template_ends_after_it_begins",
                violation_error_message="A window ends after it begins, on the same day or at midnight.",
            ),
            models.CheckConstraint(condition=Q(weekday__lte=6), name="slot_template_weekday_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.from_time:%H:%M}–{self.to_time:%H:%M}"


class Slot(models.Model):
    """A window on one day. `booked` is changed only in place, under the row's lock (orders/services/slots.py)."""

    store = models.ForeignKey("catalog.Store", on_delete=models.PROTECT, related_name="slots")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    cut_off_at = models.DateTimeField(help_text="The last moment to order for it")
    capacity = models.PositiveSmallIntegerField()
    booked = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["store", "starts_at"], name="slot_once_per_store_and_start"),
            models.CheckConstraint(condition=Q(booked__lte=F("capacity")), name="slot_booked_within_capacity"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="slot_ends_after_it_begins"),
            models.CheckConstraint(condition=Q(cut_off_at__lte=F("starts_at")), name="slot_cut_off_before_it_begins"),
        ]

    def __str__(self) -> str:
        return f"{self.store_id}: {localtime(self.starts_at):%d %b %H:%M}"

    @property
    def left(self) -> int:
        return self.capacity - self.booked
