"""The order desk: find an order, understand it on one page, act on it through the services."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from blinkit.kernel.errors import Invalid
from catalog import queries as goods
from dashboard import queries
from dashboard.queries.desk import GROUPS
from dashboard.web.parts import act, actor_of, before_of, is_htmx, screen, show
from delivery import services as delivery
from orders import services as orders
from orders.states import Status
from orders.words import door_chips

REASONS = (
    "The customer asked for it",
    "The store cannot fulfil it",
    "The address cannot be reached",
    "Suspected misuse",
)
WHY_BACK = (
    gettext_noop("The customer asked for it"),
    gettext_noop("The address cannot be reached"),
    gettext_noop("Suspected misuse"),
)
"""As they are kept: the rider and the customer read them."""
WHY_NOT_THIS_RIDER = ("The rider has a problem", "Another rider is nearer", "The rider does not answer")


@screen
def order_list(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    q, store = request.GET.get("q", "").replace("\x00", "")[:60], request.GET.get("store", "")[:16]
    state = request.GET.get("state", "" if q else "live")
    before = before_of(request)
    found = list(queries.order_list(now=now, q=q, state=state, store=store, before=before)[: queries.PAGE + 1])
    more = len(found) > queries.PAGE
    found = found[: queries.PAGE]
    if q and len(found) == 1 and found[0].number.lower() == q.strip().lower() and not is_htmx(request):
        return redirect("ops-order", found[0].pk)
    older = {"q": q, "state": state, "store": store, "before": found[-1].placed_at.isoformat()} if more else None
    context = {
        "here": "orders",
        "live_url": "" if before or q else "/ws/ops/",
        "orders": [(order, _left_s(order.promised_by, order.delivered_at, now)) for order in found],
        "q": q,
        "state": state,
        "store": store,
        "groups": GROUPS,
        "statuses": Status.choices,
        "stores": goods.active_stores(),
        "older": urlencode(older) if older and state not in ("late", "no-rider") else "",
        "cut": more and state in ("late", "no-rider"),
    }
    return show(request, "dashboard/orders.html#rows" if is_htmx(request) else "dashboard/orders.html", context)


def _left_s(promised_by: datetime | None, delivered_at: datetime | None, now: datetime) -> int | None:
    return None if promised_by is None else int((promised_by - (delivered_at or now)).total_seconds())


@screen
def order(request: HttpRequest, order_id: UUID) -> HttpResponse:
    found = queries.desk(order_id=order_id, now=timezone.now())
    context = {
        "chips": door_chips(found.order.instructions),
        "here": "orders",
        "live_url": f"/ws/orders/{order_id}/" if found.is_live else "",
        "desk": found,
        "order": found.order,
        "reasons": REASONS,
        "why_not": WHY_NOT_THIS_RIDER,
        "why_back": WHY_BACK,
        "points": _map(found),
    }
    return show(request, "dashboard/order.html#now" if is_htmx(request) else "dashboard/order.html", context)


def _map(desk: queries.Desk) -> dict[str, object]:
    order, store = desk.order, desk.order.store
    points: list[dict[str, object]] = [
        {"id": "store", "kind": "store", "lat": store.lat, "lng": store.lng, "label": store.name, "named": True},
        {"id": "door", "kind": "late" if desk.late_s and desk.is_live else "home", "lat": order.lat, "lng": order.lng},
    ]
    stop = desk.stops[-1] if desk.stops else None
    if stop is not None and desk.is_live and stop.trip.rider.lat is not None:
        rider = stop.trip.rider
        points.append({"id": "rider", "kind": "rider", "lat": rider.lat, "lng": rider.lng, "label": str(rider)})
    return {"points": points, "lines": [[[store.lat, store.lng], [order.lat, order.lng]]]}


@act("ops-order")
def cancel(request: HttpRequest, order_id: UUID) -> HttpResponse:
    reason = (request.POST.get("other", "").strip() or request.POST.get("reason", "")).strip()
    orders.cancel(order_id=order_id, by="staff", reason=reason, actor=actor_of(request), now=timezone.now())
    messages.success(request, _("The order is cancelled. What was paid goes back the way it came."))
    return redirect("ops-order", order_id)


@act("ops-order")
def call_back(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """The bags are on the road: their rider brings them back."""
    reason = (request.POST.get("other", "").strip() or request.POST.get("reason", "")).strip()
    delivery.call_back(order_id=order_id, reason=reason, actor=actor_of(request), now=timezone.now())
    messages.success(
        request, _("The rider was told and brings the bags back. What was paid goes back the way it came.")
    )
    return redirect("ops-order", order_id)


@act("ops-order")
def assign(request: HttpRequest, order_id: UUID) -> HttpResponse:
    try:
        rider_id = int(request.POST.get("rider", ""))
    except ValueError:
        raise Invalid("Choose a rider.") from None
    trip = delivery.assign_by_hand(
        order_id=order_id, rider_id=rider_id, actor=actor_of(request), now=timezone.now(),
        sure=bool(request.POST.get("sure")),
    )  # fmt: skip
    messages.success(request, _("%(name)s fetches it.") % {"name": trip.rider})
    return redirect("ops-order", order_id)


@act("ops-order")
def unassign(request: HttpRequest, order_id: UUID) -> HttpResponse:
    reason = request.POST.get("reason", "")
    delivery.unassign(order_id=order_id, reason=reason, actor=actor_of(request), now=timezone.now())
    messages.success(request, _("The rider is free again, somebody else is sought."))
    return redirect("ops-order", order_id)
