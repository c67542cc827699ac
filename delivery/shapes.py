"""Shapes of the rider API: requests (validated here) and answers (for the OpenAPI schema)."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from delivery.models import StopState, Vehicle
from orders.states import Status

S = serializers
MOST_POSITIONS = 200
MOST_ACCURACY_M = 100_000
MOST_CASH_PAISE = 10_000_000
"""₹1,00,000: more than any cash limit."""
NEXT_ACTS = ("at-store", "wait", "pick-up", "depart", "arrive", "deliver", "")


class RiderMoney(S.IntegerField):
    """Whole paise."""


# -- asked ------------------------------------------------------------------------------------------------------------


class DutyBody(S.Serializer[Any]):
    on = S.BooleanField(help_text="true: offers may come; false: no more, and no positions either.")


class FixBody(S.Serializer[Any]):
    lat = S.FloatField(min_value=-90, max_value=90)
    lng = S.FloatField(min_value=-180, max_value=180)
    at = S.DateTimeField(required=False, help_text="When it was measured; now when left out.")
    accuracy_metres = S.FloatField(required=False, default=0.0, min_value=0, max_value=MOST_ACCURACY_M)


class PositionsBody(S.Serializer[Any]):
    positions = S.ListField(child=FixBody(), min_length=1, max_length=MOST_POSITIONS)
    sent_at = S.DateTimeField(
        required=False, help_text="The phone's clock when it sends them: times of a wrong clock are set right by it."
    )


class DeclineBody(S.Serializer[Any]):
    reason = S.CharField(max_length=80, required=False, allow_blank=True, default="")


class PickUpBody(S.Serializer[Any]):
    bag_codes = S.ListField(child=S.CharField(max_length=40), max_length=40, help_text="As scanned, in any order.")


class BagBody(S.Serializer[Any]):
    code = S.CharField(max_length=40, help_text="A bag's code; the order's number or SLOT:<store>:<place> as well.")
    nonce = S.CharField(max_length=64, help_text="New for each scan; a re-sent scan is the same scan.")


class DeliverBody(S.Serializer[Any]):
    otp = S.RegexField(
        r"^[0-9]{4}$", max_length=4, required=False, default="", allow_blank=True, help_text="The door code."
    )
    photo = S.ImageField(required=False, help_text="Instead of the code where the customer said “leave at door”.")
    cash_paise = S.IntegerField(
        required=False, allow_null=True, default=None, min_value=0, max_value=MOST_CASH_PAISE, help_text="Collected."
    )
    lat = S.FloatField(required=False, min_value=-90, max_value=90)
    lng = S.FloatField(required=False, min_value=-180, max_value=180)


class ReasonBody(S.Serializer[Any]):
    reason = S.CharField(max_length=160)


# -- answered ---------------------------------------------------------------------------------------------------------


class RiderStore(S.Serializer[Any]):
    code = S.CharField()
    name = S.CharField()
    lat = S.FloatField()
    lng = S.FloatField()


class RiderSelf(S.Serializer[Any]):
    id = S.IntegerField()
    name = S.CharField()
    vehicle = S.ChoiceField(choices=Vehicle.choices)
    max_bags = S.IntegerField()
    store = RiderStore()
    suspended_reason = S.CharField(allow_blank=True)
    verified = S.BooleanField()
    rating = S.FloatField(allow_null=True)


class PayParts(S.Serializer[Any]):
    base_paise = RiderMoney()
    distance_paise = RiderMoney()
    waiting_paise = RiderMoney()
    tip_paise = RiderMoney()


class OfferDrop(S.Serializer[Any]):
    area = S.CharField()
    lat = S.FloatField(help_text="Rounded to about 100 m until the offer is accepted.")
    lng = S.FloatField()
    instructions = S.ListField(child=S.CharField(), help_text="Chips the customer chose: no_bell, leave_at_door ...")


class OfferOut(S.Serializer[Any]):
    id = S.UUIDField()
    made_at = S.DateTimeField()
    expires_at = S.DateTimeField()
    store = RiderStore()
    drop = OfferDrop()
    to_store_metres = S.IntegerField(allow_null=True)
    distance_metres = S.IntegerField()
    ride_s = S.IntegerField()
    bags = S.IntegerField()
    cold = S.BooleanField()
    cash_paise = RiderMoney(help_text="To collect at the door; 0 when paid.")
    pay_paise = RiderMoney()
    pay_parts = PayParts()
    ready_at = S.DateTimeField()
    due_at = S.DateTimeField()


class StopDrop(S.Serializer[Any]):
    address = S.CharField()
    area = S.CharField()
    lat = S.FloatField()
    lng = S.FloatField()
    door_instructions = S.CharField(allow_blank=True)
    instructions = S.ListField(child=S.CharField())
    contact_name = S.CharField(allow_blank=True)
    contact_phone = S.CharField()


class StopOut(S.Serializer[Any]):
    id = S.UUIDField()
    state = S.ChoiceField(choices=StopState.choices)
    next = S.ChoiceField(choices=NEXT_ACTS, help_text="The one thing to do now.")
    order_id = S.UUIDField()
    order_number = S.CharField()
    order_status = S.ChoiceField(choices=Status.choices)
    ready = S.BooleanField(help_text="The bags stand on the shelf.")
    ready_at = S.DateTimeField()
    due_at = S.DateTimeField()
    bag_codes = S.ListField(child=S.CharField(), help_text="What the scans are checked against; empty until packed.")
    bags_scanned = S.ListField(
        child=S.CharField(), help_text="Of them, what is off the shelf already, in scanning order."
    )
    bags = S.IntegerField()
    shelf_slot = S.CharField(allow_blank=True)
    cold = S.BooleanField()
    drop = StopDrop()
    distance_metres = S.IntegerField()
    photo_allowed = S.BooleanField()
    cash_paise = RiderMoney()
    pay_paise = RiderMoney(allow_null=True)
    picked_up_at = S.DateTimeField(allow_null=True)
    arrived_at = S.DateTimeField(allow_null=True)
    done_at = S.DateTimeField(allow_null=True)
    fail_reason = S.CharField(allow_blank=True)


class BagScanned(S.Serializer[Any]):
    code = S.CharField()
    number = S.IntegerField(help_text="Which bag it was; 0 for the order's code or its place.")
    of = S.IntegerField()
    scanned = S.IntegerField(help_text="Bags off the shelf by now.")
    missing = S.ListField(child=S.CharField())
    complete = S.BooleanField(help_text="All are on board: the order is picked up.")
    stop = StopOut()


class TripOut(S.Serializer[Any]):
    id = S.UUIDField()
    started_at = S.DateTimeField()
    at_store_at = S.DateTimeField(allow_null=True)
    store = RiderStore()
    stops = StopOut(many=True)


class TodayOut(S.Serializer[Any]):
    deliveries = S.IntegerField()
    total_paise = RiderMoney()


class RiderStateOut(S.Serializer[Any]):
    rider = RiderSelf()
    on_duty = S.BooleanField()
    on_duty_since = S.DateTimeField(allow_null=True)
    offer = OfferOut(allow_null=True)
    trip = TripOut(allow_null=True)
    today = TodayOut()
    cash_paise = RiderMoney(help_text="Cash in hand.")
    currency = S.CharField()
    notice = S.CharField(allow_blank=True, help_text="Why the last trip is gone, when the rider did not end it.")


class CurrentOffer(S.Serializer[Any]):
    offer = OfferOut(allow_null=True)


class CurrentTrip(S.Serializer[Any]):
    trip = TripOut(allow_null=True)


class PositionsTaken(S.Serializer[Any]):
    taken = S.BooleanField(help_text="false when every report was too old, too vague or impossible.")
    at = S.DateTimeField(allow_null=True, help_text="The newest position that counts now.")


class StopDone(S.Serializer[Any]):
    stop = StopOut()
    trip = TripOut(allow_null=True, help_text="What is left of the trip; null when it is over.")
    earned_paise = RiderMoney(allow_null=True)


class EarningDay(S.Serializer[Any]):
    date = S.DateField()
    deliveries = S.IntegerField()
    total_paise = RiderMoney()


class ReceiptOut(S.Serializer[Any]):
    id = S.IntegerField()
    at = S.DateTimeField()
    order_number = S.CharField()
    area = S.CharField()
    delivered = S.BooleanField()
    parts = PayParts()
    total_paise = RiderMoney()


class EarningsOut(S.Serializer[Any]):
    days = EarningDay(many=True)
    cash_paise = RiderMoney()
    currency = S.CharField()
    next = S.CharField(allow_null=True)
    previous = S.CharField(allow_null=True)
    results = ReceiptOut(many=True)
