"""Shapes of the road beyond the straight way: waiting, chat, calls, incidents."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from delivery.doors import DoorAnswer, Maps
from delivery.incidents import Kind
from delivery.services.chats import LONGEST
from delivery.shapes import TripOut

S = serializers
NONCE = "New for each press; a re-sent one is the same."


class NonceBody(S.Serializer[Any]):
    nonce = S.CharField(max_length=64, help_text=NONCE)


class CallLine(S.Serializer[Any]):
    how = S.ChoiceField(choices=["dial", "rings", "chat"], help_text="Ring `number`, both phones ring, or write.")
    number = S.CharField(allow_blank=True, help_text="For “dial”; never the other one's own where calls are masked.")


class TripBagScanned(S.Serializer[Any]):
    code = S.CharField()
    number = S.IntegerField()
    of = S.IntegerField()
    scanned = S.IntegerField()
    missing = S.ListField(child=S.CharField())
    complete = S.BooleanField()
    stop_id = S.UUIDField()
    order_number = S.CharField()
    trip = TripOut(allow_null=True)


class GateBody(S.Serializer[Any]):
    text = S.CharField(max_length=120, required=False, allow_blank=True, default="")
    lat = S.FloatField(required=False, min_value=-90, max_value=90)
    lng = S.FloatField(required=False, min_value=-180, max_value=180)


class GateOut(S.Serializer[Any]):
    lat = S.FloatField()
    lng = S.FloatField()
    text = S.CharField(allow_blank=True)


class ChatBody(S.Serializer[Any]):
    text = S.CharField(max_length=LONGEST, required=False, allow_blank=True, default="")
    quick = S.CharField(max_length=24, required=False, allow_blank=True, default="")
    nonce = S.CharField(max_length=64, help_text=NONCE)


class QuickOut(S.Serializer[Any]):
    code = S.CharField()
    text = S.CharField()


class ChatMessageOut(S.Serializer[Any]):
    id = S.UUIDField()
    mine = S.BooleanField()
    text = S.CharField()
    at = S.DateTimeField()
    read = S.BooleanField()


class ChatOut(S.Serializer[Any]):
    open = S.BooleanField()
    may_call = S.BooleanField()
    quick = QuickOut(many=True)
    messages = ChatMessageOut(many=True)


class FlagBody(S.Serializer[Any]):
    message_id = S.UUIDField()
    reason = S.CharField(max_length=160)


class FlagOut(S.Serializer[Any]):
    message_id = S.UUIDField()
    reason = S.CharField()


class DoorBody(S.Serializer[Any]):
    answer = S.ChoiceField(choices=DoorAnswer.choices)


class DoorOut(S.Serializer[Any]):
    waiting = S.BooleanField()
    waits_until = S.DateTimeField(allow_null=True)
    answer = S.ChoiceField(choices=[("", ""), *DoorAnswer.choices])


class PinBody(S.Serializer[Any]):
    lat = S.FloatField(min_value=-90, max_value=90)
    lng = S.FloatField(min_value=-180, max_value=180)


class PinOut(S.Serializer[Any]):
    lat = S.FloatField()
    lng = S.FloatField()
    promised_by = S.DateTimeField(allow_null=True)


class SosBody(S.Serializer[Any]):
    nonce = S.CharField(max_length=64, help_text=NONCE)
    text = S.CharField(max_length=400, required=False, allow_blank=True, default="")
    lat = S.FloatField(required=False, min_value=-90, max_value=90)
    lng = S.FloatField(required=False, min_value=-180, max_value=180)
    battery_percent = S.IntegerField(required=False, allow_null=True, default=None, min_value=0, max_value=100)


class IncidentBody(SosBody):
    kind = S.ChoiceField(choices=Kind.choices)


class IncidentOut(S.Serializer[Any]):
    id = S.UUIDField()
    kind = S.ChoiceField(choices=Kind.choices)
    text = S.CharField(allow_blank=True)
    at = S.DateTimeField()
    seen_at = S.DateTimeField(allow_null=True)
    handled_by = S.CharField(allow_blank=True)
    resolved_at = S.DateTimeField(allow_null=True)
    outcome = S.CharField(allow_blank=True)


class MapsBody(S.Serializer[Any]):
    maps = S.ChoiceField(choices=Maps.choices)
