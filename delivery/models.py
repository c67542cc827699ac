"""Riders: who is on duty, where, carrying what, and what they earn."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from blinkit.kernel.geo import Point
from blinkit.kernel.ids import uuid7
from orders.stars import Score, score_of


class Vehicle(models.TextChoices):
    """Values are the vehicles whose speed catalog.travel knows."""

    CYCLE = "cycle", "Bicycle"
    EBIKE = "ebike", "Electric bicycle"
    SCOOTER = "scooter", "Scooter"


class Rider(models.Model):
    user = models.OneToOneField("accounts.User", on_delete=models.PROTECT, related_name="rider")
    store = models.ForeignKey("catalog.Store", on_delete=models.PROTECT, related_name="riders", help_text="Home store")
    vehicle = models.CharField(max_length=10, choices=Vehicle.choices, default=Vehicle.EBIKE)
    max_bags = models.PositiveSmallIntegerField(default=4)
    max_litres = models.PositiveSmallIntegerField(default=40, help_text="What the rider's bag holds")
    has_cold_bag = models.BooleanField(default=True)
    is_verified = models.BooleanField(default=False, help_text="Every paper the vehicle needs is good")
    suspended_reason = models.CharField(max_length=160, blank=True)
    rating_sum = models.PositiveIntegerField(default=0)
    rating_count = models.PositiveIntegerField(default=0)
    # Last known position; the history is in Position, the live copy in Redis.
    lat = models.FloatField(null=True, blank=True)
    lng = models.FloatField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    wait_at = models.ForeignKey(
        "catalog.Store", on_delete=models.SET_NULL, null=True, blank=True, related_name="+",
        help_text="Where the next order is likely: a hint to a rider without work",
    )  # fmt: skip

    def __str__(self) -> str:
        return str(self.user)

    @property
    def point(self) -> Point | None:
        return None if self.lat is None or self.lng is None else Point(self.lat, self.lng)

    @property
    def score(self) -> Score:
        return score_of(stars_sum=self.rating_sum, count=self.rating_count)


class ShiftQuerySet(models.QuerySet["Shift"]):
    def working(self) -> ShiftQuerySet:
        """Live shifts of riders who are not on a break."""
        on_break = RiderBreak.objects.filter(shift=models.OuterRef("pk"), ended_at=None)
        return self.filter(~models.Exists(on_break), ended_at=None)


class Shift(models.Model):
    rider = models.ForeignKey(Rider, on_delete=models.PROTECT, related_name="shifts")
    started_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True, help_text="Planned end, from the gig; open when empty")
    ended_at = models.DateTimeField(null=True, blank=True)
    vehicle = models.CharField(max_length=10, choices=Vehicle.choices, blank=True, default="", db_default="")
    booking = models.ForeignKey(
        "delivery.Booking", on_delete=models.PROTECT, null=True, blank=True, related_name="shifts"
    )

    objects = ShiftQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rider"], condition=Q(ended_at=None), name="rider_one_live_shift")
        ]

    def __str__(self) -> str:
        return f"Shift of {timezone.localtime(self.started_at):%d %b %H:%M}"


class Position(models.Model):
    """History of positions, cleaned, partitioned by the day of `at` (UTC): a read with a range of `at` is quick.
    Written by services.history only, kept POSITION_DAYS. `id` is no key of the table; (rider, at) is."""

    rider = models.ForeignKey(Rider, on_delete=models.CASCADE, related_name="positions", db_index=False)
    lat = models.FloatField()
    lng = models.FloatField()
    accuracy_metres = models.FloatField(default=0)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rider", "at"], name="position_one_per_instant")]


class JobState(models.TextChoices):
    SEEKING = "seeking", "Seeking a rider"
    OFFERED = "offered", "Offered"
    TAKEN = "taken", "Taken"
    DONE = "done", "Done"
    CANCELLED = "cancelled", "Cancelled"


class Job(models.Model):
    """One order that needs a rider. Opened when the order is confirmed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.OneToOneField("orders.Order", on_delete=models.PROTECT, related_name="delivery_job")
    store = models.ForeignKey("catalog.Store", on_delete=models.PROTECT, related_name="delivery_jobs")
    state = models.CharField(max_length=10, choices=JobState.choices, default=JobState.SEEKING)
    ready_at = models.DateTimeField(help_text="When the bags are expected on the shelf; the real time once packed")
    bags = models.PositiveSmallIntegerField(default=1)
    volume_ml = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Of what is in the bags, as the floor reckons it; 0: nobody did"
    )
    due_at = models.DateTimeField(help_text="The promise")
    opened_at = models.DateTimeField()
    declined_by = models.JSONField(default=list, blank=True, help_text="Who said no: see saying_no.py")

    class Meta:
        indexes = [
            models.Index(
                fields=["store", "opened_at"], name="job_seeking", condition=Q(state__in=["seeking", "offered"])
            )
        ]

    def __str__(self) -> str:
        return f"Delivery of {self.order}"


class OfferState(models.TextChoices):
    OPEN = "open", "Waiting for an answer"
    ACCEPTED = "accepted", "Accepted"
    DECLINED = "declined", "Declined"
    EXPIRED = "expired", "Not answered"
    WITHDRAWN = "withdrawn", "Withdrawn"


class Offer(models.Model):
    """One or more jobs of one store put to one rider (see OfferedJob). A rider has at most one open offer."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    store = models.ForeignKey("catalog.Store", on_delete=models.PROTECT, related_name="+")
    rider = models.ForeignKey(Rider, on_delete=models.PROTECT, related_name="offers")
    state = models.CharField(max_length=10, choices=OfferState.choices, default=OfferState.OPEN)
    is_broadcast = models.BooleanField(default=False, db_default=False, help_text="Put to several riders at once")
    pay_paise = models.BigIntegerField()
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    decline_reason = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rider"], condition=Q(state="open"), name="rider_one_open_offer"),
        ]
        indexes = [models.Index(fields=["expires_at"], name="offer_expiring", condition=Q(state="open"))]

    def __str__(self) -> str:
        return f"Offer of {timezone.localtime(self.made_at):%d %b %H:%M}"


class Trip(models.Model):
    """A rider's tour from the store to one or more doors; at most one live trip per rider."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    rider = models.ForeignKey(Rider, on_delete=models.PROTECT, related_name="trips")
    store = models.ForeignKey("catalog.Store", on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    at_store_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    paid_metres = models.PositiveIntegerField(default=0)
    # Written by the sweep that watches trips: what is wrong with it.
    trouble = models.CharField(max_length=12, blank=True, default="", db_default="")
    trouble_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rider"], condition=Q(ended_at=None), name="trip_one_live_per_rider")
        ]
        indexes = [models.Index(fields=["store", "ended_at"], name="trip_by_store_and_end")]

    def __str__(self) -> str:
        return f"Trip of {timezone.localtime(self.started_at):%d %b %H:%M}"


class StopState(models.TextChoices):
    TO_PICK_UP = "to_pick_up", "To pick up"
    ON_BOARD = "on_board", "On board"
    DELIVERED = "delivered", "Delivered"
    FAILED = "failed", "Could not be delivered"
    DROPPED = "dropped", "Taken off the trip"


class StopQuerySet(models.QuerySet["Stop"]):
    def open(self) -> StopQuerySet:
        """What a rider still has to do: doors to fetch for or to ride to, and bags that ride back to the store."""
        rides_back = Q(state=StopState.FAILED, bags_return__isnull=False, bags_return__done_at=None)
        return self.filter(Q(state__in=[StopState.TO_PICK_UP, StopState.ON_BOARD]) | rides_back)


class Stop(models.Model):
    """One door of a trip."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    trip = models.ForeignKey(Trip, on_delete=models.CASCADE, related_name="stops")
    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="stops")
    rank = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(max_length=10, choices=StopState.choices, default=StopState.TO_PICK_UP)
    picked_up_at = models.DateTimeField(null=True, blank=True)
    arrived_at = models.DateTimeField(null=True, blank=True)
    pay_paise = models.BigIntegerField(default=0, db_default=0, help_text="As it was offered; waiting only adds")
    done_at = models.DateTimeField(null=True, blank=True)
    fail_reason = models.CharField(max_length=160, blank=True)

    objects = StopQuerySet.as_manager()

    class Meta:
        ordering = ["rank"]
        constraints = [
            models.UniqueConstraint(fields=["job"], condition=~Q(state__in=["dropped"]), name="stop_one_live_per_job")
        ]

    def __str__(self) -> str:
        return f"Door {self.rank + 1}, {self.get_state_display().lower()}"


class ProofOfDelivery(models.Model):
    stop = models.OneToOneField(Stop, on_delete=models.PROTECT, related_name="proof")
    kind = models.CharField(max_length=8, choices=[("otp", "Door code"), ("photo", "Photo")])
    photo = models.CharField(max_length=200, blank=True)
    lat = models.FloatField(null=True, blank=True)
    lng = models.FloatField(null=True, blank=True)
    at = models.DateTimeField()


class Earning(models.Model):
    """What one delivery paid the rider, part by part (paise). Append only."""

    rider = models.ForeignKey(Rider, on_delete=models.PROTECT, related_name="earnings")
    stop = models.OneToOneField(Stop, on_delete=models.PROTECT, related_name="earning")
    parts = models.JSONField()
    total_paise = models.BigIntegerField()
    receipt = models.JSONField(default=dict, db_default={}, help_text="Routed, ridden and paid metres, and why")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["rider", "-at"], name="earning_latest")]

    def __str__(self) -> str:
        return f"Earned {timezone.localtime(self.at):%d %b %H:%M}"


from delivery.cash import CashInHand as CashInHand  # noqa: E402
from delivery.cashbook import CashLimit as CashLimit  # noqa: E402
from delivery.cashbook import CashNotice as CashNotice  # noqa: E402
from delivery.cashbook import CashReceipt as CashReceipt  # noqa: E402
from delivery.cashbook import UpiDeposit as UpiDeposit  # noqa: E402
from delivery.chats import ChatFlag as ChatFlag  # noqa: E402
from delivery.chats import ChatMessage as ChatMessage  # noqa: E402
from delivery.dispatching import AreaStore as AreaStore  # noqa: E402
from delivery.dispatching import Decision as Decision  # noqa: E402
from delivery.dispatching import DispatchArea as DispatchArea  # noqa: E402
from delivery.dispatching import DispatchPolicy as DispatchPolicy  # noqa: E402
from delivery.dispatching import OfferedJob as OfferedJob  # noqa: E402
from delivery.doors import BagsReturn as BagsReturn  # noqa: E402
from delivery.doors import CallAttempt as CallAttempt  # noqa: E402
from delivery.doors import DoorPolicy as DoorPolicy  # noqa: E402
from delivery.doors import DoorWait as DoorWait  # noqa: E402
from delivery.doors import GateNote as GateNote  # noqa: E402
from delivery.doors import MapChoice as MapChoice  # noqa: E402
from delivery.dropnotes import DropRating as DropRating  # noqa: E402
from delivery.gigs import Booking as Booking  # noqa: E402
from delivery.gigs import DutyCheck as DutyCheck  # noqa: E402
from delivery.gigs import DutyPolicy as DutyPolicy  # noqa: E402
from delivery.gigs import Gig as Gig  # noqa: E402
from delivery.gigs import GigPattern as GigPattern  # noqa: E402
from delivery.gigs import RiderBreak as RiderBreak  # noqa: E402
from delivery.incidents import Incident as Incident  # noqa: E402
from delivery.incidents import IncidentNote as IncidentNote  # noqa: E402
from delivery.incidents import Rescue as Rescue  # noqa: E402
from delivery.papers import Appeal as Appeal  # noqa: E402
from delivery.papers import Document as Document  # noqa: E402
from delivery.papers import RiderProfile as RiderProfile  # noqa: E402
from delivery.papers import Suspension as Suspension  # noqa: E402
from delivery.paybook import Adjustment as Adjustment  # noqa: E402
from delivery.paybook import Campaign as Campaign  # noqa: E402
from delivery.paybook import CampaignReward as CampaignReward  # noqa: E402
from delivery.paybook import Deduction as Deduction  # noqa: E402
from delivery.paybook import DeductionState as DeductionState  # noqa: E402
from delivery.paybook import PayPolicy as PayPolicy  # noqa: E402
from delivery.paybook import PayReview as PayReview  # noqa: E402
from delivery.paybook import PaySurge as PaySurge  # noqa: E402
from delivery.paybook import RiderScore as RiderScore  # noqa: E402
from delivery.paybook import WeekStatement as WeekStatement  # noqa: E402
