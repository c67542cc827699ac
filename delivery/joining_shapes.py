"""Shapes of the rider's own matters: joining, papers, gigs, standing."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from delivery.models import Vehicle
from delivery.papers import AppealState, PaperKind
from delivery.services.joining import MOST_LITRES
from delivery.shapes import RiderStore

S = serializers
PAPER_STATES = ["missing", "submitted", "verified", "rejected", "expired", "seen"]
STEPS = ["send-papers", "wait", "answer", "ride"]


# -- asked ------------------------------------------------------------------------------------------------------------


class JoinBody(S.Serializer[Any]):
    name = S.CharField(max_length=120)
    store = S.CharField(max_length=16, help_text="Code of the store to ride from; its area is your zone.")
    vehicle = S.ChoiceField(choices=Vehicle.choices)
    language = S.CharField(max_length=5, required=False, default="en", help_text="en or hi.")
    emergency_name = S.CharField(max_length=80)
    emergency_phone = S.CharField(max_length=20)


class ProfileBody(S.Serializer[Any]):
    language = S.CharField(max_length=5, required=False, help_text="en or hi.")
    emergency_name = S.CharField(max_length=80, required=False)
    emergency_phone = S.CharField(max_length=20, required=False)
    has_cold_bag = S.BooleanField(required=False)
    max_litres = S.IntegerField(required=False, min_value=5, max_value=MOST_LITRES)


class VehicleBody(S.Serializer[Any]):
    vehicle = S.ChoiceField(choices=Vehicle.choices)


class PaperBody(S.Serializer[Any]):
    kind = S.ChoiceField(choices=PaperKind.choices)
    file = S.FileField(required=False, help_text="JPEG, PNG, WebP or PDF, 8 MB at most; a photo for `photo`.")
    number = S.CharField(max_length=40, required=False, allow_blank=True, default="")
    expires_on = S.DateField(required=False, allow_null=True, default=None)
    holder = S.CharField(max_length=80, required=False, allow_blank=True, default="", help_text="Bank account only.")
    ifsc = S.CharField(max_length=20, required=False, allow_blank=True, default="", help_text="Bank account only.")


class AppealBody(S.Serializer[Any]):
    text = S.CharField(max_length=1000)
    photo = S.FileField(required=False)


class RiderBreakBody(S.Serializer[Any]):
    minutes = S.IntegerField(min_value=5, max_value=120)


# -- answered ---------------------------------------------------------------------------------------------------------


class PaperOut(S.Serializer[Any]):
    kind = S.ChoiceField(choices=PaperKind.choices)
    needed = S.BooleanField(help_text="The vehicle needs it.")
    state = S.ChoiceField(choices=PAPER_STATES, help_text="seen: shown on paper, counts for some days.")
    counts = S.BooleanField()
    to_send = S.BooleanField()
    ends_soon = S.BooleanField()
    number = S.CharField(allow_blank=True, help_text="Its last four.")
    expires_on = S.DateField(allow_null=True)
    reason = S.CharField(allow_blank=True, help_text="Why it was not accepted.")
    submitted_at = S.DateTimeField(allow_null=True)
    asks_number = S.BooleanField()
    example = S.CharField(allow_blank=True)
    asks_date = S.BooleanField()
    asks_file = S.BooleanField()
    is_bank = S.BooleanField()

    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), "label": S.CharField()}  # `label` is an attribute of every serializer


class PapersOut(S.Serializer[Any]):
    items = PaperOut(many=True)


class AppealOut(S.Serializer[Any]):
    text = S.CharField()
    sent_at = S.DateTimeField()
    state = S.ChoiceField(choices=AppealState.choices)
    answer = S.CharField(allow_blank=True)


class SuspensionOut(S.Serializer[Any]):
    reason = S.CharField()
    evidence = S.CharField(allow_blank=True, help_text="What it rests on.")
    began_at = S.DateTimeField()
    until = S.DateTimeField(allow_null=True)
    may_appeal = S.BooleanField()
    appeals = AppealOut(many=True)


class CountedOut(S.Serializer[Any]):
    came = S.IntegerField()
    late = S.IntegerField(help_text="Given back late.")
    missed = S.IntegerField()


class ProfileOut(S.Serializer[Any]):
    name = S.CharField()
    phone = S.CharField()
    language = S.CharField()
    store = RiderStore()
    vehicle = S.ChoiceField(choices=Vehicle.choices)
    max_bags = S.IntegerField()
    max_litres = S.IntegerField()
    has_cold_bag = S.BooleanField()
    emergency_name = S.CharField(allow_blank=True)
    emergency_phone = S.CharField(allow_blank=True)
    verified = S.BooleanField()
    next_step = S.ChoiceField(choices=STEPS)
    papers = PaperOut(many=True)
    suspension = SuspensionOut(allow_null=True)
    gigs_30_days = CountedOut()


class GigOut(S.Serializer[Any]):
    id = S.UUIDField()
    store_code = S.CharField()
    starts_at = S.DateTimeField()
    ends_at = S.DateTimeField()
    places = S.IntegerField()
    free = S.IntegerField()
    booking = S.ChoiceField(choices=["", "booked", "came"])
    called_off = S.CharField(allow_blank=True, help_text="Why, when it was called off.")


class GigsOut(S.Serializer[Any]):
    items = GigOut(many=True)
    last_30_days = CountedOut()
