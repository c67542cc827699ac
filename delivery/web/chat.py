"""The chat's pages: the rider's at a stop, the customer's at an order, with what the customer can do at the door."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from blinkit.kernel.errors import Invalid, Refusal
from blinkit.kernel.geo import Point
from blinkit.kernel.permissions import web_role
from blinkit.kernel.words import said
from delivery import calling, services
from delivery.chats import ChatMessage, Side
from delivery.doors import DoorAnswer, DoorWait
from delivery.models import Stop, StopState
from delivery.services import chats
from delivery.web.parts import rider_of, text_of

PAGES = ("GET", "HEAD", "POST")


@never_cache
@require_http_methods(PAGES)
@web_role("rider")
def rider_chat(request: HttpRequest, stop_id: UUID) -> HttpResponse:
    """Read and write at one stop; over some minutes after the door."""
    rider, now = rider_of(request), timezone.now()
    stop = chats.stop_of_rider(stop_id=stop_id, rider_id=rider.pk)
    if request.method == "POST":
        _send(request, stop, Side.RIDER)
        if not getattr(request, "htmx", False):
            return redirect("rider-chat", stop_id)
    chats.refuse_closed(stop, now=now)
    context = {
        "order_number": stop.job.order.number,
        "contact_name": stop.job.order.contact_name,
        "thread": _thread(chats.messages_for(Side.RIDER, [stop.pk], now=now), Side.RIDER),
        "quick": _quick(Side.RIDER),
        "send_url": request.path,
        "flag_url": f"{request.path}flag/",
        "nonce": uuid4().hex,
        "is_open": True,
        "live_url": "/ws/rider/",
        "home_url": "/rider/",
        "tab": "ride",
    }
    return _shown(request, "delivery/_chat.html", "delivery/chat.html", context)


@never_cache
@require_POST
@web_role("rider")
def rider_flag(request: HttpRequest, stop_id: UUID) -> HttpResponse:
    rider = rider_of(request)
    stop = chats.stop_of_rider(stop_id=stop_id, rider_id=rider.pk)
    _flag(request, stop, Side.RIDER)
    return redirect("rider-chat", stop_id)


@never_cache
@login_required
@require_http_methods(PAGES)
def customer_chat(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """The panel of an order: what to say to a waiting rider, the chat, a call. A page of its own without htmx."""
    customer_id = int(request.user.pk)  # type: ignore[arg-type]  # signed in
    stop = chats.stop_of_customer(order_id=order_id, customer_id=customer_id)
    if request.method == "POST":
        _send(request, chats.refuse_closed(stop, now=timezone.now()), Side.CUSTOMER)
        if not getattr(request, "htmx", False):
            return redirect("chat", order_id)
    return _panel(request, order_id, stop)


@never_cache
@login_required
@require_POST
def customer_flag(request: HttpRequest, order_id: UUID) -> HttpResponse:
    stop = chats.stop_of_customer(order_id=order_id, customer_id=int(request.user.pk))  # type: ignore[arg-type]
    if stop is not None:
        _flag(request, stop, Side.CUSTOMER)
    return redirect("chat", order_id)


@never_cache
@login_required
@require_POST
def customer_door(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """What the rider at the door shall do."""
    customer_id, now = int(request.user.pk), timezone.now()  # type: ignore[arg-type]  # signed in
    answer = text_of(request, "answer", 16)
    try:
        services.answer_door(order_id=order_id, customer_id=customer_id, answer=answer, now=now)
    except Refusal as refusal:
        if getattr(request, "htmx", False) or refusal.status == 404:
            raise
        messages.error(request, said(refusal.detail))
    if getattr(request, "htmx", False):
        return _panel(request, order_id, chats.stop_of_customer(order_id=order_id, customer_id=customer_id))
    return redirect("chat", order_id)


@never_cache
@login_required
@require_POST
def customer_pin(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """The pin of the door is a little elsewhere."""
    try:
        to = Point(float(request.POST.get("lat", "")), float(request.POST.get("lng", "")))
    except ValueError:
        raise Invalid(_("Put the pin on the map.")) from None
    customer_id = int(request.user.pk)  # type: ignore[arg-type]  # signed in
    order = services.move_pin(
        order_id=order_id, to=to, customer_id=customer_id, actor=f"user:{customer_id}", now=timezone.now()
    )
    if order.promised_by is None or order.slot_id is not None:
        messages.success(request, _("Your rider sees the new place."))
    else:
        at = timezone.localtime(order.promised_by)
        messages.success(request, _("Your rider sees the new place. It comes by %(at)s.") % {"at": f"{at:%H:%M}"})
    return redirect("chat", order_id)


@never_cache
@login_required
@require_POST
def customer_call(request: HttpRequest, order_id: UUID) -> HttpResponse:
    customer_id = int(request.user.pk)  # type: ignore[arg-type]  # signed in
    nonce = text_of(request, "nonce", 64) or uuid4().hex
    line = services.customer_calls(order_id=order_id, customer_id=customer_id, nonce=nonce, now=timezone.now())
    if line.number:
        return to_dialler(request, line.number)
    words = (
        _("Your phone rings in a moment. Pick up and you are connected.")
        if line.how == "rings"
        else _("The call can't be connected just now. Write here instead.")
    )
    messages.info(request, words)
    response = redirect("chat", order_id)
    if getattr(request, "htmx", False):
        response["HX-Redirect"] = response["Location"]
    return response


def to_dialler(request: HttpRequest, number: str) -> HttpResponse:
    """Opens the phone's dialler with this number, by htmx or by a plain redirect (Django's own refuses tel:)."""
    if getattr(request, "htmx", False):
        return HttpResponse(status=204, headers={"HX-Redirect": f"tel:{number}"})
    return HttpResponse(status=303, headers={"Location": f"tel:{number}"})


def _panel(request: HttpRequest, order_id: UUID, stop: Stop | None) -> HttpResponse:
    now = timezone.now()
    is_open = stop is not None and chats.is_open(stop, now=now)
    wait = None
    if stop is not None and stop.state == StopState.ON_BOARD:
        wait = DoorWait.objects.filter(stop=stop).first()
    found = chats.messages_for(Side.CUSTOMER, chats.stops_of_order(order_id), now=now) if stop else []
    context: dict[str, Any] = {
        "order_id": order_id,
        "rider_name": stop.job.order.rider_name if stop else "",
        "thread": _thread(found, Side.CUSTOMER),
        "quick": _quick(Side.CUSTOMER),
        "send_url": f"/orders/{order_id}/chat/",
        "flag_url": f"/orders/{order_id}/chat/flag/",
        "nonce": uuid4().hex,
        "is_open": is_open,
        "may_call": is_open and calling.caller() is not None,
        "wait": wait,
        "answers": door_answers(cash=bool(stop and stop.job.order.cash_due_paise)) if wait else [],
        "heading": _("Chat"),
        "back": f"/orders/{order_id}/",
    }
    return _shown(request, "delivery/_customer_chat.html", "delivery/customer_chat.html", context)


def _shown(request: HttpRequest, panel: str, page: str, context: dict[str, Any]) -> HttpResponse:
    """The page, the panel for htmx, or (`?part=now`) what renews itself in it: what is being typed stays."""
    if not getattr(request, "htmx", False):
        return render(request, page, context)
    return render(request, f"{panel}#now" if request.GET.get("part") == "now" else panel, context)


def door_answers(*, cash: bool) -> list[tuple[str, str, str]]:
    """(code, words, icon) of what a customer can say to a rider who waits; bags are not left where cash is due."""
    found = [(DoorAnswer.COMING.value, _("I'm coming"), "user-check")]
    if not cash:
        found.append((DoorAnswer.LEAVE.value, _("Leave it at the door"), "door-closed"))
        found.append((DoorAnswer.GUARD.value, _("Give it to the guard"), "shield-check"))
    return [*found, (DoorAnswer.CANCEL.value, _("I don't want it any more"), "x")]


def _send(request: HttpRequest, stop: Stop, side: Side) -> None:
    chats.send(
        stop=stop,
        side=side,
        text=text_of(request, "text", chats.LONGEST),
        quick=text_of(request, "quick", 24),
        nonce=text_of(request, "nonce", 64) or uuid4().hex,
        now=timezone.now(),
    )


def _flag(request: HttpRequest, stop: Stop, side: Side) -> None:
    try:
        message_id = UUID(request.POST.get("message", ""))
    except ValueError:
        raise Invalid(_("There is no such message.")) from None
    reason = text_of(request, "reason", 160) or "-"
    chats.flag(stop=stop, side=side, message_id=message_id, reason=reason, now=timezone.now())
    messages.success(request, _("Thank you. Somebody of our team looks at it."))


def _quick(side: Side) -> list[tuple[str, str]]:
    return [(code, _(words)) for code, words in chats.QUICK[side].items()]


def _thread(found: list[ChatMessage], side: Side) -> list[dict[str, Any]]:
    """Ready sentences in the reader's language, the rest as written."""
    return [
        {"id": it.pk, "mine": it.side == side, "text": _(it.text) if it.quick else it.text, "at": it.at} for it in found
    ]
