"""What dispatch is allowed in a city, which stores share riders, what is offered together, and why."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from delivery.models import Job, Offer, Rider


class StrategyName(models.TextChoices):
    """The strategies of delivery.dispatch; empty is what the settings say."""

    NEAREST = "nearest", "Nearest rider"
    MATCHING = "matching", "All at once, one order each"
    ROLLING = "rolling", "Rolling horizon with bundles"


class WeighingName(models.TextChoices):
    """The weights of delivery.dispatch."""

    PROMISE = "promise", "Promises kept first"
    WAITING = "waiting", "Least waiting of all"


class DispatchPolicy(models.Model):
    """How one city dispatches; a city without a row follows the defaults."""

    city = models.OneToOneField("catalog.City", on_delete=models.CASCADE, related_name="dispatch_policy")
    strategy = models.CharField(
        max_length=12, blank=True, choices=StrategyName.choices, help_text="Empty: as the settings say"
    )
    weights = models.CharField(
        max_length=12,
        choices=WeighingName.choices,
        default=WeighingName.PROMISE,
        help_text="What a plan is for: kept promises first, or the least waiting of all together",
    )
    auto_accept = models.BooleanField(
        default=False, help_text="A trip begins without asking; the rider may still hand it back before the pickup"
    )
    answer_s = models.PositiveSmallIntegerField(
        default=30, validators=[MinValueValidator(10), MaxValueValidator(180)], help_text="Seconds to answer an offer"
    )
    most_jobs = models.PositiveSmallIntegerField(
        default=3, validators=[MinValueValidator(1), MaxValueValidator(4)], help_text="Orders of one store on a trip"
    )
    broadcast_after_s = models.PositiveSmallIntegerField(
        default=120, help_text="Bags that stood so long on the shelf without a rider are offered to several at once"
    )
    silent_s = models.PositiveSmallIntegerField(
        default=180, help_text="A rider nobody heard of for so long loses what is not picked up yet"
    )
    off_route_s = models.PositiveSmallIntegerField(
        default=240, help_text="A rider who gets no nearer to the store for so long loses what is not picked up yet"
    )
    store_delay_s = models.PositiveSmallIntegerField(
        default=360, help_text="Who would wait so much longer at the shelf takes ready bags instead"
    )
    take_along = models.BooleanField(
        default=False, db_default=False,
        help_text="One more order of the store joins a trip that has not left its shelf; its rider is told, not asked",
    )  # fmt: skip
    cycle_metres = models.PositiveIntegerField(
        null=True, blank=True, default=4_000, db_default=4_000,
        help_text="Doors farther from the store, in metres by street, are not for bicycles; empty: no limit",
    )  # fmt: skip
    ebike_metres = models.PositiveIntegerField(
        null=True, blank=True, help_text="The same for electric bicycles; empty: no limit"
    )
    scooter_metres = models.PositiveIntegerField(
        null=True, blank=True, help_text="The same for scooters; empty: no limit"
    )

    class Meta:
        verbose_name_plural = "dispatch policies"
        constraints = [models.CheckConstraint(condition=Q(most_jobs__range=(1, 4)), name="dispatch_one_to_four_jobs")]

    def __str__(self) -> str:
        return f"Dispatch in {self.city}"

    @property
    def farthest_metres(self) -> dict[str, int]:
        """By street from the store to the door, of each vehicle that has a limit."""
        limits = {"cycle": self.cycle_metres, "ebike": self.ebike_metres, "scooter": self.scooter_metres}
        return {vehicle: metres for vehicle, metres in limits.items() if metres is not None}


class DispatchArea(models.Model):
    """Stores near each other that share their riders: planned together, one round at a time."""

    name = models.CharField(max_length=80, unique=True)

    def __str__(self) -> str:
        return self.name


class AreaStore(models.Model):
    area = models.ForeignKey(DispatchArea, on_delete=models.CASCADE, related_name="places")
    store = models.OneToOneField("catalog.Store", on_delete=models.CASCADE, related_name="dispatch_area")

    def __str__(self) -> str:
        return str(self.store)


class OfferedJob(models.Model):
    """One job of an offer, in the order of the doors. A job is in one open offer, unless it is broadcast."""

    offer = models.ForeignKey(Offer, on_delete=models.CASCADE, related_name="offered")
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="offered")
    rank = models.PositiveSmallIntegerField(default=1)
    pay_paise = models.BigIntegerField()
    pay_parts = models.JSONField(default=dict)
    is_open = models.BooleanField(default=True)
    is_broadcast = models.BooleanField(default=False)

    class Meta:
        ordering = ["rank"]
        constraints = [
            models.UniqueConstraint(fields=["offer", "job"], name="offer_job_once"),
            models.UniqueConstraint(
                fields=["job"], condition=Q(is_open=True, is_broadcast=False), name="job_one_open_offer"
            ),
        ]


class Decision(models.Model):
    """What a round decided about a job and why: who was chosen among whom, or why nobody was. Kept for seven days."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="decisions")
    at = models.DateTimeField()
    rider = models.ForeignKey(Rider, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    why = models.JSONField(default=list, help_text="The riders considered, the chosen one first; seconds")
    left = models.CharField(max_length=80, blank=True, help_text="Why the job was left without a rider")
    strategy = models.CharField(max_length=16)

    class Meta:
        indexes = [
            models.Index(fields=["job", "at"], name="decision_of_job"),
            models.Index(fields=["at"], name="decision_age"),
        ]
