"""After ordering: the tracking page, the list, ordering again, cancelling."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from blinkit.kernel.errors import Refusal
from blinkit.kernel.money import rupees
from blinkit.kernel.words import said
from orders import queries, services
from orders.models import Order
from orders.queries.claims import states_of
from orders.states import FINISHED, Status
from orders.web.checkout import refill
from orders.web.claim_words import short_state
from orders.web.claims import after_order
from orders.web.names import hindi_names
from orders.web.places import short_name
from orders.web.sentences import headline, late_why, move_words, step_words, why_kept
from orders.web.shopper import Shopper, customer_of, is_htmx

STOPPED = frozenset({Status.CANCELLED, Status.UNDELIVERED, Status.REFUNDED})
PER_PAGE = 20
LATE_AFTER_S = 60


@never_cache
@login_required
@require_safe
def orders(request: HttpRequest) -> HttpResponse:
    shopper = Shopper(request)
    found = list(queries.orders_of(customer_of(request))[:PER_PAGE])
    hindi = hindi_names({line.sku for order in found for line in order.lines.all()})
    claims = states_of([order.pk for order in found if order.finished_at])
    context = {
        "here": "orders",
        "heading": _("Orders"),
        "back": "/",
        "searchable": "desktop",
        "orders": [{**_list_item(order, hindi), "claim": short_state(claims.get(order.pk, []))} for order in found],
    }
    return shopper.render("shop/orders.html", context)


def _list_item(order: Order, hindi: dict[str, str]) -> dict[str, Any]:
    status, lines = Status(order.status), list(order.lines.all())
    more = len(lines) - 3
    summary = ", ".join(hindi.get(line.sku) or line.name for line in lines[:3])
    return {
        "id": order.pk,
        "number": order.number,
        "sentence": headline(order),
        "placed_at": order.placed_at,
        "total_paise": order.total_paise,
        "summary": summary + (_(" and %(n)s more") % {"n": more} if more > 0 else ""),
        "live": status not in FINISHED,
        "pays": status == Status.PENDING,
        "stopped": status in STOPPED,
    }


@never_cache
@login_required
@require_safe
def order(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """One order, live while it lasts, and a plain page that can be reloaded."""
    shopper = Shopper(request)
    row = queries.order_of(order_id=order_id, customer_id=customer_of(request))
    facts = queries.tracking(order_id=order_id, customer_id=customer_of(request), now=shopper.now)
    context = {
        **after_order(row, shopper),
        "order": _page(row, facts),
        "cancel_reasons": [
            _("Ordered by mistake"), _("It takes too long"), _("Wrong address"), _("Something is missing in it"),
            _("Another reason"),
        ],
        "heading": row.number,
        "back": reverse("shop-orders"),
        "here": "orders",
        "searchable": "desktop",
    }  # fmt: skip
    if is_htmx(request):
        return shopper.render("shop/order.html#now", context)
    return shopper.render("shop/order.html", context)


def _page(row: Order, facts: dict[str, Any]) -> dict[str, Any]:
    status = Status(row.status)
    live = status not in FINISHED
    rider = facts["rider"] or {}
    payment = facts["payment"]
    refunded = payment["refunded_paise"] if payment else 0
    return {
        "id": row.pk,
        "number": row.number,
        "status": status.value,
        "sentence": headline(row),
        "note": said(row.cancel_reason) if status in STOPPED else "",
        "live": live,
        "late": live and facts["late_s"] >= LATE_AFTER_S and not facts["rider_at_door_at"],
        "late_why": late_why(row),
        "at_door": bool(facts["rider_at_door_at"]),
        "due_paise": row.total_paise if live and row.payment_method == "cod" else 0,
        "eta_low_m": facts["eta_from_m"],
        "eta_high_m": facts["eta_to_m"],
        "steps": _steps(facts["steps"], stopped=status in STOPPED),
        "pay_url": reverse("shop-pay", args=[row.pk]) if status == Status.PENDING else "",
        "pay_by": row.pay_by,
        "door_code": facts["otp"],
        "rider_name": row.rider_name,
        "refund_note": _refund_note(row, status, refunded),
        "lines": _in_language(facts["lines"]),
        "bill": facts["bill"],
        "total_paise": row.total_paise,
        "method": row.payment_method,
        "settled": not live or (row.payment_method != "cod" and row.confirmed_at is not None),
        "method_words": _method_words(row, status),
        "address_text": row.address_text,
        "may_cancel": facts["can_cancel"],
        "why_kept": why_kept(status) if live else "",
        "store_phone": row.store.phone,
        "timeline": [
            {"words": move_words(event.payload["new"]), "at": event.at}
            for event in queries.timeline(row.pk)
            if event.code == "orders.OrderMoved"
        ],
        "map": _map(row, rider.get("position")) if live and status != Status.PENDING else None,
    }


def _in_language(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """An order keeps the names it was placed with, in English; a Hindi page shows Hindi ones where there are any."""
    hindi = hindi_names({line["sku"] for line in lines})
    return [{**line, "name": hindi.get(line["sku"]) or line["name"]} for line in lines]


def _steps(steps: list[dict[str, Any]], *, stopped: bool) -> list[dict[str, str]]:
    if stopped:
        return []
    shown = []
    for step in steps:
        words, icon = step_words(step["key"])
        shown.append({"words": words, "icon": icon, "state": step["state"]})
    return shown


def _method_words(row: Order, status: Status) -> str:
    if row.payment_method == "cod":
        return _("cash at the door")
    return _("not paid yet") if status == Status.PENDING or row.confirmed_at is None else _("paid online")


def _refund_note(row: Order, status: Status, refunded_paise: int) -> str:
    if refunded_paise:
        return _("%(amount)s went back the way you paid.") % {"amount": rupees(refunded_paise)}
    if status in (Status.CANCELLED, Status.UNDELIVERED) and row.payment_method != "cod" and row.confirmed_at:
        return _("What you paid is on its way back.")
    return ""


def _map(row: Order, position: dict[str, Any] | None) -> dict[str, Any]:
    store, shop = row.store, short_name(row.store.name)
    points: list[dict[str, Any]] = [
        {"id": "store", "kind": "store", "lat": store.lat, "lng": store.lng, "label": shop, "named": True},
        {"id": "home", "kind": "home", "lat": row.lat, "lng": row.lng, "label": _("You"), "named": True},
    ]
    if position:
        rider = {"id": "rider", "kind": "rider", "lat": position["lat"], "lng": position["lng"]}
        points.append({**rider, "label": row.rider_name})
    return {"points": points, "lines": [[[store.lat, store.lng], [row.lat, row.lng]]], "zoomControl": False}


@login_required
@require_POST
def cancel(request: HttpRequest, order_id: UUID) -> HttpResponse:
    try:
        services.cancel(
            order_id=order_id,
            by="customer",
            reason=request.POST.get("reason", ""),
            actor=f"user:{customer_of(request)}",
            now=timezone.now(),
            customer_id=customer_of(request),
        )
    except Refusal as refusal:
        messages.error(request, said(refusal.detail))
    else:
        messages.success(request, _("The order is cancelled."))
    return redirect("shop-order", order_id)


@login_required
@require_POST
def reorder(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Put everything of an old order into the cart, as far as this store has it."""
    shopper = Shopper(request)
    row = queries.order_of(order_id=order_id, customer_id=customer_of(request))
    left_out = refill(row, shopper)
    if left_out:
        messages.info(request, _("Not here today: %(names)s") % {"names": ", ".join(left_out[:3])})
    return redirect("shop-cart")
