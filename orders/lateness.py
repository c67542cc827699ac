"""What a late delivery is worth: the table, and what was given."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class LateStep(models.Model):
    """From so many minutes after the promise on, this is given. The steps of a city replace those of everywhere."""

    class Of(models.TextChoices):
        PAISE = "paise", "A fixed sum (paise)"
        DELIVERY = "delivery", "Part of the delivery fee (basis points)"
        TOTAL = "total", "Part of the total (basis points)"

    city = models.ForeignKey(
        "catalog.City", on_delete=models.CASCADE, null=True, blank=True, related_name="+", help_text="Empty: everywhere"
    )
    from_m = models.PositiveSmallIntegerField("from minutes late", help_text="Whole minutes after the promise")
    of = models.CharField(max_length=8, choices=Of.choices, default=Of.PAISE)
    amount = models.PositiveIntegerField(help_text="Paise, or basis points (10000 is all of it)")
    cap_paise = models.PositiveIntegerField(default=10_000, help_text="Never more than this")

    class Meta:
        ordering = ["city", "from_m"]
        constraints = [
            models.UniqueConstraint(
                fields=["city", "from_m"], name="late_step_once_per_city_and_minute", nulls_distinct=False
            ),
            models.CheckConstraint(condition=Q(from_m__gte=1), name="late_step_is_after_the_promise"),
            models.CheckConstraint(
                condition=Q(of="paise") | Q(amount__lte=10_000), name="late_step_gives_at_most_all_of_it"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.city or 'Everywhere'}: from {self.from_m} minutes"


class LateCredit(models.Model):
    """What one order got for coming late: the row says once. Append only."""

    order = models.OneToOneField("orders.Order", on_delete=models.PROTECT, related_name="late_credit")
    city = models.ForeignKey("catalog.City", on_delete=models.PROTECT, related_name="+")
    promised_by = models.DateTimeField(help_text="The first promise made for it")
    came_at = models.DateTimeField(help_text="At the door, where the rider said so; else handed over")
    late_m = models.PositiveIntegerField()
    paise = models.PositiveIntegerField()
    rule = models.CharField(max_length=80)
    made_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["-made_at"], name="late_credit_newest")]

    def __str__(self) -> str:
        return f"{self.order}: {self.late_m} minutes late"
