"""At the door: what a city allows, how long a rider waits, who was called, what rides back to the store."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.timezone import localtime

from blinkit.kernel.geo import Point


class Maps(models.TextChoices):
    """Which map opens when a rider presses Navigate."""

    GOOGLE = "google", "Google Maps"
    PHONE = "phone", "The map of the phone"
    OSM = "osm", "OpenStreetMap"


class MapChoice(models.Model):
    """A rider's own map; without a row Google Maps."""

    rider = models.OneToOneField("delivery.Rider", on_delete=models.CASCADE, related_name="map_choice")
    maps = models.CharField(max_length=8, choices=Maps.choices, default=Maps.GOOGLE)


class DoorPolicy(models.Model):
    """What a city asks of a rider at a door nobody opens. Without a row the defaults count."""

    city = models.OneToOneField("catalog.City", on_delete=models.CASCADE, related_name="door_policy")
    calls_least = models.PositiveSmallIntegerField(default=2, help_text="Calls before the bags may go back")
    call_gap_s = models.PositiveSmallIntegerField(default=20, help_text="Calls closer together count as one")
    wait_s = models.PositiveIntegerField(default=300, help_text="How long the rider waits for the customer")
    pin_metres = models.PositiveIntegerField(default=250, help_text="How far a customer may move the pin")
    pin_ops_metres = models.PositiveIntegerField(default=1500, help_text="How far operations may")
    chat_after_m = models.PositiveIntegerField(default=30, help_text="How long the chat stays open after the door")
    store_wait_s = models.PositiveIntegerField(
        default=600, help_text="How long a rider waits for the store to take bags back"
    )

    class Meta:
        verbose_name_plural = "door policies"

    def __str__(self) -> str:
        return str(self.city)


class DoorAnswer(models.TextChoices):
    COMING = "coming", "I'm coming"
    LEAVE = "leave_at_door", "Leave it at the door"
    GUARD = "leave_with_guard", "Give it to the guard"
    CANCEL = "cancel", "I don't want it any more"


class DoorWait(models.Model):
    """A rider at a door nobody opens. The time is this row: whoever looks compares, nothing ticks."""

    stop = models.OneToOneField("delivery.Stop", on_delete=models.CASCADE, related_name="door_wait")
    begun_at = models.DateTimeField()
    waits_until = models.DateTimeField(help_text="From then on the rider may leave")
    answer = models.CharField(max_length=16, choices=DoorAnswer.choices, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    set_by = models.CharField(max_length=60, blank=True, help_text="Who of operations changed the time")
    set_why = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(answer="", answered_at=None) | Q(answered_at__isnull=False),
                name="door_answer_has_its_time",
            )
        ]


class CallAttempt(models.Model):
    """Somebody called the other side of a delivery. Kept with how it went; no number of a person is in it."""

    class By(models.TextChoices):
        RIDER = "rider", "Rider"
        CUSTOMER = "customer", "Customer"

    class How(models.TextChoices):
        ASKED = "asked", "Asked for"
        DIAL = "dial", "A number to dial"
        RINGS = "rings", "Both phones ring"
        CHAT = "chat", "No line: by chat"

    stop = models.ForeignKey("delivery.Stop", on_delete=models.CASCADE, related_name="calls")
    by = models.CharField(max_length=8, choices=By.choices)
    how = models.CharField(max_length=8, choices=How.choices, default=How.ASKED)
    ref = models.CharField(max_length=80, blank=True, help_text="The provider's own id of the call")
    nonce = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stop", "by", "nonce"], name="call_asked_for_once")]


class BagsReturn(models.Model):
    """Bags of an undelivered order on their way back. The trip is not over before the store has them."""

    stop = models.OneToOneField("delivery.Stop", on_delete=models.PROTECT, related_name="bags_return")
    trip = models.ForeignKey("delivery.Trip", on_delete=models.PROTECT, related_name="returns")
    is_cold = models.BooleanField(default=False, help_text="Handed in first")
    way_metres = models.PositiveIntegerField(default=0, help_text="Street metres from the door to the store")
    begun_at = models.DateTimeField()
    back_at = models.DateTimeField(null=True, blank=True, help_text="The rider stands in the store with them")
    leave_from = models.DateTimeField(null=True, blank=True, help_text="Then the rider may put them down unseen")
    done_at = models.DateTimeField(null=True, blank=True)
    is_unseen = models.BooleanField(default=False, help_text="Put down because nobody of the store came")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(done_at=None) | Q(done_at__gte=F("begun_at")), name="bags_are_back_after_they_left"
            )
        ]
        indexes = [models.Index(fields=["trip"], name="return_open", condition=Q(done_at=None))]

    def __str__(self) -> str:
        return f"Bags on their way back since {localtime(self.begun_at):%d %b %H:%M}"


class GateNote(models.Model):
    """Where the way in is, told by a rider who stood there, for whoever comes to that building next."""

    lat = models.FloatField(help_text="The door it belongs to")
    lng = models.FloatField()
    gate_lat = models.FloatField()
    gate_lng = models.FloatField()
    text = models.CharField(max_length=120, blank=True)
    rider = models.ForeignKey("delivery.Rider", on_delete=models.CASCADE, related_name="+")
    is_hidden = models.BooleanField(default=False, help_text="Operations took it away")
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["lat", "lng"], name="gate_near_a_door", condition=Q(is_hidden=False))]

    @property
    def gate(self) -> Point:
        return Point(self.gate_lat, self.gate_lng)
