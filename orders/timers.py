"""The stages of a live order as rows: when each began, when it had to end, and whether somebody was warned."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class Stage(models.TextChoices):
    """In the order of orders.promise.STAGES."""

    ACCEPT = "accept", "Taken up by the store"
    QUEUE = "queue", "Waiting for a picker"
    PICKING = "picking", "Picking"
    PACKING = "packing", "Packing"
    RIDER = "rider", "Waiting for a rider"
    HANDOVER = "handover", "Rider to the shelf"
    RIDE = "ride", "Ride"
    DOOR = "door", "At the door"


class StageTimer(models.Model):
    """One stage of one order, opened and ended by the sweep (orders.services.risk). Kept for 60 days.

    `due_at` is the promise less what usually follows: its latest sensible end. `breached`: the order crossed that line
    in this stage. A stage that is entered again (another store, another rider) goes on in its row.
    """

    order = models.ForeignKey("orders.Order", on_delete=models.CASCADE, related_name="timers")
    store = models.ForeignKey("catalog.Store", on_delete=models.CASCADE, related_name="+")
    stage = models.CharField(max_length=8, choices=Stage.choices)
    began_at = models.DateTimeField()
    usual_s = models.PositiveIntegerField(help_text="How long it usually takes")
    due_at = models.DateTimeField()
    promised_by = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    breached = models.BooleanField(default=False, db_default=False)
    # Where the order lost most time before this stage
    slow_stage = models.CharField(max_length=8, choices=Stage.choices, blank=True, default="", db_default="")
    slow_s = models.PositiveIntegerField(default=0, db_default=0)
    # The warning; what is said of the order goes along from stage to stage
    at_risk = models.BooleanField(default=False, db_default=False)
    raised_at = models.DateTimeField(null=True, blank=True, help_text="PromiseAtRisk, once per order and stage")
    kept_at = models.DateTimeField(null=True, blank=True, help_text="PromiseKeptAgain, once per order and stage")
    warned_at = models.DateTimeField(null=True, blank=True, help_text="The last warning of this order in any stage")
    warned_late_s = models.IntegerField(null=True, blank=True, help_text="How late was expected then")
    customer_told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "stage"], name="stage_timer_once_per_order_and_stage"),
            models.UniqueConstraint(
                fields=["order"], condition=Q(ended_at=None), name="order_is_in_one_stage_at_a_time"
            ),
            models.UniqueConstraint(
                fields=["order"],
                condition=Q(customer_told_at__isnull=False),
                name="customer_is_told_once_of_delay",
            ),
            models.CheckConstraint(condition=Q(stage__in=Stage.values), name="stage_is_known"),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("began_at")), name="stage_ends_after_it_began"
            ),
        ]
        indexes = [
            models.Index(fields=["began_at"], name="stage_timer_by_day"),
            models.Index(fields=["store"], name="stage_timer_at_risk", condition=Q(ended_at=None, at_risk=True)),
        ]

    def __str__(self) -> str:
        return f"{self.order}: {self.get_stage_display()}"


class StoreWarning(models.Model):
    """When people were last told of a store's promises at risk: a floor on noise."""

    store = models.OneToOneField("catalog.Store", on_delete=models.CASCADE, primary_key=True, related_name="+")
    told_at = models.DateTimeField()
    orders = models.PositiveIntegerField()
    late_s = models.PositiveIntegerField()
    stage = models.CharField(max_length=8, choices=Stage.choices)
