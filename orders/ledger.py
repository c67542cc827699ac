"""The promise ledger beyond the orders: what was shown to people, the room each store needs, lawful speeds."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from catalog.travel import VEHICLES


class ShownPromise(models.Model):
    """A range somebody was shown, whether or not an order came of it. Append only; kept for SHOWN_KEPT_DAYS.

    One row per person, page, value and quarter of an hour. Nobody is named and no address is kept: `key` is a keyed
    hash, `area` a square of about a kilometre. The last one a customer saw before ordering is in `Promise.shown_key`.
    """

    key = models.CharField(max_length=24, unique=True)
    store = models.ForeignKey("catalog.Store", on_delete=models.CASCADE, related_name="+", db_index=False)
    page = models.CharField(max_length=10, help_text="home, cart, checkout, shop, pin or api")
    area = models.CharField(max_length=16, help_text="Degrees, two decimals")
    version = models.CharField(max_length=20)
    from_m = models.PositiveSmallIntegerField()
    to_m = models.PositiveSmallIntegerField()
    p50_s = models.PositiveIntegerField()
    inputs = models.JSONField()
    shown_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["shown_at"], name="shown_promise_by_time")]
        constraints = [models.CheckConstraint(condition=Q(from_m__lt=F("to_m")), name="shown_promise_is_a_range")]


class PromiseRoom(models.Model):
    """What a store's promises learned from being kept or broken (orders.promise.room); by `version` of the quotes."""

    store = models.OneToOneField("catalog.Store", on_delete=models.CASCADE, primary_key=True, related_name="+")
    version = models.CharField(max_length=20)
    middle = models.FloatField(help_text="The middle moves by so many spreads (p90 - p50)")
    end = models.FloatField(help_text="The end lies so many spreads above the quote's middle")
    kept_percent = models.FloatField(help_text="Of the promises it learned from")
    samples = models.PositiveIntegerField()
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(middle__lte=F("end")), name="promise_room_ends_after_middle")]


class SafeSpeed(models.Model):
    """The fastest average over a whole ride that can be had within the law; a promise never implies more.

    A city's own row replaces the one for everywhere; without any, catalog.travel.LAWFUL_KMH holds.
    """

    city = models.ForeignKey(
        "catalog.City", on_delete=models.CASCADE, null=True, blank=True, related_name="+", help_text="Empty: everywhere"
    )
    vehicle = models.CharField(max_length=10, choices=[(name, name) for name in VEHICLES])
    kmh = models.FloatField("km/h", help_text="Average from door to door, stops at signals counted")

    class Meta:
        ordering = ["city", "vehicle"]
        constraints = [
            models.UniqueConstraint(
                fields=["city", "vehicle"], name="safe_speed_once_per_city_and_vehicle", nulls_distinct=False
            ),
            models.CheckConstraint(condition=Q(kmh__gte=3, kmh__lte=50), name="safe_speed_is_a_city_speed"),
        ]

    def __str__(self) -> str:
        return f"{self.city or 'Everywhere'}: {self.vehicle} {self.kmh:g} km/h"
