"""Acts between shelf and door beyond the straight way: scanning for several orders, waiting, calling, riding back."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from blinkit.kernel.permissions import web_role
from delivery import services
from delivery.models import Rider
from delivery.services.doors import last_known
from delivery.web.chat import to_dialler
from delivery.web.parts import rider_of, text_of
from delivery.web.ride import door


def nonce_of(request: HttpRequest) -> str:
    """A press that a slow network sends twice carries the same one; without JavaScript each is new."""
    return text_of(request, "nonce", 64) or uuid4().hex


@door
def bag(request: HttpRequest, rider: Rider, now: datetime) -> str:
    _stop, handed = services.scan_trip_bag(
        rider_id=rider.pk, code=text_of(request, "code", 40), nonce=nonce_of(request), now=now
    )
    if handed.complete:
        return _("All bags of %(number)s are on board.") % {"number": handed.order_number}
    if not handed.number:
        return _("This is the right place.")
    return _("Bag %(n)s of %(m)s of %(number)s.") % {
        "n": handed.number, "m": handed.of, "number": handed.order_number,
    }  # fmt: skip


@door
def first(request: HttpRequest, rider: Rider, now: datetime, *, stop_id: UUID) -> str:
    services.door_first(stop_id=stop_id, rider_id=rider.pk, now=now)
    return _("This door is next.")


@door
def wait(request: HttpRequest, rider: Rider, now: datetime, *, stop_id: UUID) -> str:
    services.begin_wait(stop_id=stop_id, rider_id=rider.pk, now=now)
    return _("The customer knows that you are waiting.")


@door
def back(request: HttpRequest, rider: Rider, now: datetime) -> str:
    services.back_at_store(rider_id=rider.pk, now=now)
    return ""


@door
def put_down(request: HttpRequest, rider: Rider, now: datetime) -> str:
    services.put_down(rider_id=rider.pk, now=now)
    return _("Thank you. You are free for the next one.")


@door
def take_over(request: HttpRequest, rider: Rider, now: datetime) -> str:
    typed = request.POST.get("codes", "").replace(",", " ").split()
    services.take_over(rider_id=rider.pk, bag_codes=[*request.POST.getlist("bag")[:60], *typed[:60]], now=now)
    return _("The bags are yours now. Thank you for helping.")


@door
def gate(request: HttpRequest, rider: Rider, now: datetime, *, stop_id: UUID) -> str:
    at, _seen = last_known(rider)
    services.note_gate(stop_id=stop_id, rider_id=rider.pk, at=at, text=text_of(request, "text", 120), now=now)
    return _("Noted for whoever comes here next.")


@never_cache
@require_POST
@web_role("rider")
def call(request: HttpRequest, stop_id: UUID) -> HttpResponse:
    """Connects the call and shows how: a number to press, both phones ringing, or the chat."""
    rider, now = rider_of(request), timezone.now()
    line = services.rider_calls(stop_id=stop_id, rider_id=rider.pk, nonce=nonce_of(request), now=now)
    if line.number:
        return to_dialler(request, line.number)
    to_chat = line.how == "chat"
    words = (
        _("The call can't be connected just now. Write here instead.")
        if to_chat
        else _("Your phone rings in a moment. Pick up and you are connected.")
    )
    messages.info(request, words)
    response = redirect("rider-chat", stop_id) if to_chat else redirect("rider-home")
    if getattr(request, "htmx", False):
        response["HX-Redirect"] = response["Location"]
    return response
