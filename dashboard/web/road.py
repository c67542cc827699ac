"""An order on the road, at the desk: the wait at its door, its pin, its chat (read with a reason that is kept)."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from blinkit.kernel.errors import Invalid, NotFound
from blinkit.kernel.geo import Point
from dashboard.web.parts import act, actor_of, screen, show
from delivery import services as delivery
from delivery.chats import ChatFlag, ChatMessage
from delivery.doors import BagsReturn, CallAttempt, DoorWait
from delivery.models import StopState
from delivery.services import chats
from orders.models import Evidence, Order
from orders.services.at_door import BAGS_LOST
from orders.states import LIVE


@screen
def panel(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Read by the order's page after itself: five statements of its own, one more where bags rode back."""
    order = Order.objects.filter(pk=order_id).only("pk", "lat", "lng", "status").first()
    if order is None:
        raise NotFound("There is no such order.")
    waits = DoorWait.objects.filter(stop__job__order_id=order_id).select_related("stop").order_by("-begun_at")
    wait = waits.first()
    back = BagsReturn.objects.filter(stop__job__order_id=order_id).first()
    lost = back is not None and Evidence.objects.filter(order_id=order_id, kind=BAGS_LOST).exists()
    context = {
        "order": order,
        "is_live": order.status in LIVE,
        "wait": wait,
        "waits_now": wait is not None and wait.stop.state == StopState.ON_BOARD,
        "calls": CallAttempt.objects.filter(stop__job__order_id=order_id).order_by("at")[:40],
        "messages_count": ChatMessage.objects.filter(order_id=order_id).count(),
        "flags": ChatFlag.objects.filter(message__order_id=order_id, settled_at=None).count(),
        "back": back,
        "lost": lost,
    }
    return show(request, "dashboard/_road.html", context)


@act("ops-order")
def set_wait(request: HttpRequest, order_id: UUID) -> HttpResponse:
    given = request.POST.get("minutes", "")
    if not (given.isascii() and given.isdigit() and len(given) < 4):
        raise Invalid("Say for how many minutes.")
    delivery.set_wait(
        order_id=order_id,
        minutes=int(given),
        why=request.POST.get("why", ""),
        actor=actor_of(request),
        now=timezone.now(),
    )
    messages.success(request, _("The rider and the customer see the new time."))
    return redirect("ops-order", order_id)


@act("ops-order")
def not_coming(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Bags that ride back to the store are waited for no longer."""
    reason = request.POST.get("reason", "")
    delivery.not_coming(order_id=order_id, reason=reason, actor=actor_of(request), now=timezone.now())
    messages.success(request, _("Nobody waits for these bags any more. What turns up is taken in as usual."))
    return redirect("ops-order", order_id)


@act("ops-order")
def move_pin(request: HttpRequest, order_id: UUID) -> HttpResponse:
    try:
        lat, _comma, lng = request.POST.get("place", "").partition(",")
        to = Point(float(lat), float(lng))
    except ValueError:
        raise Invalid("Write the place as latitude, longitude: 12.97160, 77.59460.") from None
    asked = request.POST.get("asked") == "1"
    order = delivery.move_pin(order_id=order_id, to=to, actor=actor_of(request), now=timezone.now(), asked=asked)
    if order.promised_by is None or order.slot_id is not None:
        messages.success(request, _("The rider sees the new place."))
    else:
        at = timezone.localtime(order.promised_by)
        messages.success(request, _("The rider sees the new place. It comes by %(at)s.") % {"at": f"{at:%H:%M}"})
    return redirect("ops-order", order_id)


@act("ops-order")
def chat(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """A POST, because it is written down who read it and why."""
    if not Order.objects.filter(pk=order_id).exists():
        raise NotFound("There is no such order.")
    actor = actor_of(request)
    thread = chats.read_by_staff(order_id=order_id, why=request.POST.get("why", ""), actor=actor)
    return show(request, "dashboard/chat.html", {"here": "orders", "order_id": order_id, "thread": thread})


@act("ops-order")
def settle(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Somebody has looked at the flagged messages of this order."""
    now, actor = timezone.now(), actor_of(request)
    for flag_id in ChatFlag.objects.filter(message__order_id=order_id, settled_at=None).values_list("pk", flat=True):
        chats.settle_flag(flag_id=flag_id, actor=actor, now=now)
    messages.success(request, _("Noted."))
    return redirect("ops-order", order_id)
