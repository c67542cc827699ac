"""Shapes of the rider API: requests (validated here) and answers (for the OpenAPI schema)."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from delivery.doors import DoorAnswer, Maps
from delivery.models import CashReceipt, DeductionState, StopState, Vehicle
from delivery.paying.way import WHYS
from delivery.services.drops import TAGS
from orders.states import Status
from payments.models import PayoutState

S = serializers
MOST_POSITIONS = 200
MOST_ACCURACY_M = 100_000
MOST_CASH_PAISE = 10_000_000
"""₹1,00,000: more than any cash limit."""
DISTANCE_WHYS = (*WHYS, "share")
TRIP_ACTS = (
    "at-store", "wait", "pick-up", "depart", "arrive", "deliver", "ride-back", "hand-in", "meet", "",
)  # fmt: skip
NEXT_ACTS = ("at-store", "wait", "pick-up", "depart", "arrive", "deliver", "")


class RiderMoney(S.IntegerField):
    """Whole paise."""


# -- asked ------------------------------------------------------------------------------------------------------------


class PhoneBody(S.Serializer[Any]):
    app_version = S.CharField(max_length=20, required=False, allow_blank=True, default="")
    battery_pct = S.IntegerField(required=False, allow_null=True, default=None, min_value=0, max_value=100)
    location = S.ChoiceField(
        choices=["granted", "denied", "prompt"], required=False, default="granted", help_text="denied: no duty."
    )
    notifications = S.ChoiceField(choices=["granted", "denied", "prompt"], required=False, default="granted")
    lat = S.FloatField(required=False, allow_null=True, default=None, min_value=-90, max_value=90)
    lng = S.FloatField(required=False, allow_null=True, default=None, min_value=-180, max_value=180)


class DutyBody(S.Serializer[Any]):
    on = S.BooleanField(help_text="true: offers may come; false: no more, and no positions either.")
    device = PhoneBody(required=False, help_text="What the phone says of itself; going on duty only.")
    self_check = S.ListField(
        child=S.ChoiceField(choices=["helmet", "lights", "brakes"]),
        required=False,
        default=list,
        max_length=3,
        help_text="What was looked at, once a day.",
    )


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


class AtStoreBody(S.Serializer[Any]):
    sure = S.BooleanField(required=False, default=False, help_text="I do stand there, whatever the position says.")


class AtDoorBody(AtStoreBody):
    """The same question, asked at a door."""


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
    max_litres = S.IntegerField()
    has_cold_bag = S.BooleanField()
    store = RiderStore()
    suspended_reason = S.CharField(allow_blank=True)
    verified = S.BooleanField()
    rating = S.FloatField(allow_null=True, help_text="Null below twenty ratings: see docs/pay.md.")
    ratings = S.IntegerField(help_text="How many there are.")


class PayParts(S.Serializer[Any]):
    base_paise = RiderMoney()
    distance_paise = RiderMoney()
    long_distance_paise = RiderMoney(help_text="More beyond the long distance.")
    waiting_paise = RiderMoney()
    surge_paise = RiderMoney(help_text="Busy hours or bad weather.")
    bundle_paise = RiderMoney(help_text="So that several orders never pay less than one of them alone.")
    detour_paise = RiderMoney(help_text="The ride was longer than routed.")
    tip_paise = RiderMoney(help_text="The whole of it.")


class OfferDrop(S.Serializer[Any]):
    area = S.CharField()
    lat = S.FloatField(help_text="Rounded to about 100 m until the offer is accepted.")
    lng = S.FloatField()
    instructions = S.ListField(child=S.CharField(), help_text="Chips the customer chose: no_bell, leave_at_door ...")
    distance_metres = S.IntegerField(help_text="From the place before it: the shelf, or the door before.")
    bags = S.IntegerField()
    cash_paise = RiderMoney(help_text="To collect at this door; 0 when paid.")
    pay_paise = RiderMoney()


class OfferOut(S.Serializer[Any]):
    id = S.UUIDField()
    made_at = S.DateTimeField()
    expires_at = S.DateTimeField()
    store = RiderStore()
    drops = OfferDrop(many=True)
    to_store_metres = S.IntegerField(allow_null=True)
    distance_metres = S.IntegerField()
    ride_s = S.IntegerField()
    bags = S.IntegerField()
    cold = S.BooleanField()
    cash_paise = RiderMoney(help_text="To collect at the doors together; 0 when paid.")
    pay_paise = RiderMoney()
    pay_parts = PayParts()
    ready_at = S.DateTimeField()


class StopDrop(S.Serializer[Any]):
    """Until the stop is over; then the area, a place rounded to about 100 metres, and nothing of who lives there."""

    address = S.CharField(allow_blank=True)
    area = S.CharField()
    lat = S.FloatField()
    lng = S.FloatField()
    door_instructions = S.CharField(allow_blank=True)
    instructions = S.ListField(child=S.CharField())
    contact_name = S.CharField(allow_blank=True)
    contact_phone = S.CharField(allow_blank=True, help_text="Empty where calls are masked: POST …/call/ instead.")
    hints = S.ListField(child=S.CharField(), help_text="What several riders said of this door: dog, gate, stairs ...")


class MapLinks(S.Serializer[Any]):
    google = S.CharField(allow_blank=True)
    geo = S.CharField(allow_blank=True)
    apple = S.CharField(allow_blank=True)
    osm = S.CharField(allow_blank=True)


class Navigate(S.Serializer[Any]):
    maps = S.ChoiceField(choices=Maps.choices, help_text="The rider's choice.")
    url = S.CharField(
        allow_blank=True, help_text="A universal link for it; `urls` has one per map. Empty when the stop is over."
    )
    urls = MapLinks()


class StopChat(S.Serializer[Any]):
    open = S.BooleanField()
    unread = S.IntegerField()


class StopWaiting(S.Serializer[Any]):
    since = S.DateTimeField()
    leave_from = S.DateTimeField(help_text="A clock time, never a countdown.")
    calls = S.IntegerField()
    calls_needed = S.IntegerField()
    answer = S.ChoiceField(choices=[("", ""), *DoorAnswer.choices], help_text="What the customer says.")
    may_leave = S.BooleanField()


class StopOut(S.Serializer[Any]):
    id = S.UUIDField()
    state = S.ChoiceField(choices=StopState.choices)
    next = S.ChoiceField(choices=NEXT_ACTS, help_text="The one thing to do now.")
    order_id = S.UUIDField()
    order_number = S.CharField()
    order_status = S.ChoiceField(choices=Status.choices)
    ready = S.BooleanField(help_text="The bags stand on the shelf.")
    ready_at = S.DateTimeField()
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
    pay_paise = RiderMoney()
    picked_up_at = S.DateTimeField(allow_null=True)
    arrived_at = S.DateTimeField(allow_null=True)
    done_at = S.DateTimeField(allow_null=True)
    fail_reason = S.CharField(allow_blank=True)
    gate_note = S.CharField(allow_blank=True, help_text="Where the way in is, by a rider who was there.")
    navigate = Navigate()
    chat = StopChat()
    waiting = StopWaiting(allow_null=True, help_text="While nobody opens.")


class BagScanned(S.Serializer[Any]):
    code = S.CharField()
    number = S.IntegerField(help_text="Which bag it was; 0 for the order's code or its place.")
    of = S.IntegerField()
    scanned = S.IntegerField(help_text="Bags off the shelf by now.")
    missing = S.ListField(child=S.CharField())
    complete = S.BooleanField(help_text="All are on board: the order is picked up.")
    stop = StopOut()


class ReturnOut(S.Serializer[Any]):
    order_id = S.UUIDField()
    order_number = S.CharField()
    why = S.CharField(allow_blank=True)
    called_back = S.BooleanField(help_text="Operations want these bags back, for that reason.")
    cold = S.BooleanField(help_text="Handed in first.")
    bag_codes = S.ListField(child=S.CharField())
    bags_in = S.ListField(child=S.CharField(), help_text="Of them, what the store has taken.")
    back_at = S.DateTimeField(allow_null=True)
    leave_from = S.DateTimeField(allow_null=True, help_text="Then they may be put down unseen.")
    may_put_down = S.BooleanField()


class RescueBags(S.Serializer[Any]):
    number = S.CharField()
    bag_codes = S.ListField(child=S.CharField())


class RescueOut(S.Serializer[Any]):
    name = S.CharField()
    lat = S.FloatField()
    lng = S.FloatField()
    why = S.CharField()
    navigate = Navigate()
    orders = RescueBags(many=True)


class TripOut(S.Serializer[Any]):
    id = S.UUIDField()
    started_at = S.DateTimeField()
    at_store_at = S.DateTimeField(allow_null=True)
    store = RiderStore()
    navigate = Navigate()
    next = S.ChoiceField(choices=TRIP_ACTS, help_text="The one thing to do on this trip.")
    stops = StopOut(many=True)
    returns = ReturnOut(many=True, help_text="Bags that ride back; the trip is over when the store has them.")
    rescue = RescueOut(allow_null=True, help_text="A stranded rider whose bags are to be taken over.")


class TodayOut(S.Serializer[Any]):
    deliveries = S.IntegerField()
    total_paise = RiderMoney()


class RiderBreakOut(S.Serializer[Any]):
    started_at = S.DateTimeField()
    back_at = S.DateTimeField()


class DutyOut(S.Serializer[Any]):
    ends_at = S.DateTimeField(allow_null=True, help_text="Planned end, from the gig.")
    warnings = S.ListField(
        child=S.CharField(), help_text="battery-low, notifications-off, app-old, self-check-open: told, nothing stops."
    )
    self_check = S.ListField(child=S.CharField(), help_text="What to look at before going on duty today.")

    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), "break": RiderBreakOut(allow_null=True)}  # no name for an attribute


class RiderStateOut(S.Serializer[Any]):
    rider = RiderSelf()
    on_duty = S.BooleanField()
    on_duty_since = S.DateTimeField(allow_null=True)
    duty = DutyOut()
    offer = OfferOut(allow_null=True)
    wait_at = RiderStore(allow_null=True, help_text="Where the next order is likely; a hint to who is idle, no order.")
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


class DistanceOut(S.Serializer[Any]):
    routed_metres = S.IntegerField()
    ridden_metres = S.IntegerField(allow_null=True, help_text="Null when there were too few positions.")
    paid_metres = S.IntegerField()
    why = S.ChoiceField(choices=DISTANCE_WHYS)
    waited_s = S.IntegerField()
    surge = S.CharField(allow_blank=True, help_text="Why more was paid: Heavy rain.")
    offered_paise = RiderMoney(allow_null=True)
    first_metres = S.IntegerField(help_text="In the base, by the policy of that day.")
    per_km_paise = RiderMoney()

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of the language: the order whose door the leg began at, empty for the store."""
        return super().get_fields() | {"from": S.CharField(allow_blank=True)}


class ReceiptOut(S.Serializer[Any]):
    id = S.IntegerField()
    at = S.DateTimeField()
    order_number = S.CharField()
    area = S.CharField()
    delivered = S.BooleanField()
    parts = PayParts()
    total_paise = RiderMoney()
    stop_id = S.UUIDField()
    distance = DistanceOut(allow_null=True)


class EarningsOut(S.Serializer[Any]):
    days = EarningDay(many=True)
    cash_paise = RiderMoney()
    currency = S.CharField()
    next = S.CharField(allow_null=True)
    previous = S.CharField(allow_null=True)
    results = ReceiptOut(many=True)


# -- money ------------------------------------------------------------------------------------------------------------


class DepositBody(S.Serializer[Any]):
    amount_paise = S.IntegerField(min_value=100, max_value=MOST_CASH_PAISE, help_text="Of the cash in hand.")


class DisputeBody(S.Serializer[Any]):
    words = S.CharField(max_length=300, help_text="What is wrong with it.")


class DropNoteBody(S.Serializer[Any]):
    is_easy = S.BooleanField(help_text="Was the door easy to find and reach?")
    tags = S.ListField(child=S.ChoiceField(choices=TAGS), max_length=len(TAGS), required=False, default=list)


class DropNoteOut(S.Serializer[Any]):
    is_easy = S.BooleanField(allow_null=True, help_text="Null: not said yet.")
    tags = S.ListField(child=S.ChoiceField(choices=TAGS))


class CashReceiptOut(S.Serializer[Any]):
    number = S.CharField()
    way = S.ChoiceField(choices=CashReceipt.Way.choices)
    amount_paise = RiderMoney()
    at = S.DateTimeField()


class CashOut(S.Serializer[Any]):
    in_hand_paise = RiderMoney()
    to_collect_paise = RiderMoney(help_text="At the doors of the trip in hand.")
    limit_paise = RiderMoney(allow_null=True, help_text="Null: no limit.")
    room_paise = RiderMoney(allow_null=True, help_text="What may still be taken; at 0 no more cash orders come.")
    level = S.IntegerField(help_text="0, 80 (deposit soon) or 100.")
    receipts = CashReceiptOut(many=True)
    currency = S.CharField()


class DepositOut(S.Serializer[Any]):
    payment_id = S.UUIDField()
    amount_paise = RiderMoney()
    due_by = S.DateTimeField()


class TargetOut(S.Serializer[Any]):
    id = S.IntegerField()
    name = S.CharField()
    starts_at = S.DateTimeField()
    ends_at = S.DateTimeField()
    deliveries = S.IntegerField(help_text="So many are needed.")
    done = S.IntegerField()
    missing = S.IntegerField()
    reward_paise = RiderMoney()
    state = S.ChoiceField(choices=("soon", "running", "reached", "missed"))


class TargetsOut(S.Serializer[Any]):
    targets = TargetOut(many=True)
    currency = S.CharField()


class StatementLine(S.Serializer[Any]):
    kind = S.ChoiceField(choices=("target", "added", "way_back", "way_there", "hours", "deducted"))
    text = S.CharField(help_text="The target's name, the reason; hours on duty for `hours`.")
    paise = RiderMoney(help_text="Negative for a deduction.")
    at = S.DateTimeField()


class StatementCash(S.Serializer[Any]):
    before_paise = RiderMoney()
    collected_paise = RiderMoney()
    handed_in_paise = RiderMoney()
    after_paise = RiderMoney()


class StatementMetres(S.Serializer[Any]):
    routed = S.IntegerField()
    ridden = S.IntegerField(help_text="Of the rides whose positions were enough.")
    paid = S.IntegerField()
    unknown = S.IntegerField(help_text="Rides without enough positions.")


class StatementOut(S.Serializer[Any]):
    id = S.UUIDField()
    number = S.CharField()
    week = S.DateField(help_text="Its Monday.")
    until = S.DateField()
    issued_at = S.DateTimeField()
    deliveries = S.IntegerField()
    parts = PayParts()
    earned_paise = RiderMoney(help_text="Deliveries without tips.")
    tips_paise = RiderMoney()
    targets_paise = RiderMoney()
    added_paise = RiderMoney()
    deducted_paise = RiderMoney()
    payout_paise = RiderMoney()
    payout_state = S.ChoiceField(choices=PayoutState.choices, allow_blank=True, help_text="Empty: nothing to pay.")
    paid_at = S.DateTimeField(allow_null=True)
    lines = StatementLine(many=True)
    days = EarningDay(many=True)
    metres = StatementMetres()
    cash = StatementCash()
    currency = S.CharField()


class StatementRow(S.Serializer[Any]):
    id = S.UUIDField()
    number = S.CharField()
    week = S.DateField()
    deliveries = S.IntegerField()
    payout_paise = RiderMoney()
    issued_at = S.DateTimeField()


class StatementsOut(S.Serializer[Any]):
    next = S.CharField(allow_null=True)
    previous = S.CharField(allow_null=True)
    results = StatementRow(many=True)


class DeductionOut(S.Serializer[Any]):
    id = S.UUIDField()
    amount_paise = RiderMoney()
    reason = S.CharField()
    evidence = S.CharField()
    told_at = S.DateTimeField()
    dispute_until = S.DateTimeField()
    may_dispute = S.BooleanField()
    state = S.ChoiceField(choices=DeductionState.choices)
    dispute = S.CharField(allow_blank=True)
    decision = S.CharField(allow_blank=True)
    statement_id = S.UUIDField(allow_null=True, help_text="Where it was counted; null: it was not, or not yet.")


class DeductionsOut(S.Serializer[Any]):
    next = S.CharField(allow_null=True)
    previous = S.CharField(allow_null=True)
    results = DeductionOut(many=True)
