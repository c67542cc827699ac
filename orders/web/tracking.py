"""After ordering: the tracking page, the list, ordering again, cancelling."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from blinkit.kernel.errors import Refusal
from blinkit.kernel.money import rupees
from blinkit.kernel.words import said
from orders import queries, services
from orders.models import Order
from orders.queries.claims import states_of
from orders.queries.invoices import has_invoice
from orders.queries.money import late_credit_of
from orders.states import FINISHED, Status
from orders.web.checkout import refill
from orders.web.claim_words import short_state
from orders.web.claims import after_order
from orders.web.names import hindi_names
from orders.web.places import short_name
from orders.web.sentences import headline, late_why, move_words, step_words, why_kept
from orders.web.shopper import Shopper, customer_of, is_htmx
from orders.web.when import window_words
from orders.words import door_chips

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
        "orders": [
            {**_list_item(order, hindi, shopper.now), "claim": short_state(claims.get(order.pk, []))} for order in found
        ],
    }
    return shopper.render("shop/orders.html", context)


def _list_item(order: Order, hindi: dict[str, str], now: datetime) -> dict[str, Any]:
    status, lines = Status(order.status), list(order.lines.all())
    more = len(lines) - 3
    summary = ", ".join(hindi.get(line.sku) or line.name for line in lines[:3])
    return {
        "id": order.pk,
        "number": order.number,
        "sentence": headline(order),
        "window": _window(order, now) if status not in FINISHED else "",
        "placed_at": order.placed_at,
        "total_paise": order.total_paise,
        "to_pay_paise": order.to_pay_paise,
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
        "order": _page(row, facts, shopper.now),
        "has_invoice": bool(row.finished_at and row.picked_up_at) and has_invoice(row.pk),
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


def _window(row: Order, now: datetime) -> str:
    """ "Today 18:00–19:00", for an order with a slot until it is on the road."""
    if row.slot_id is None or row.promised_from is None or row.promised_by is None or row.picked_up_at:
        return ""
    return window_words(row.promised_from, row.promised_by, now=now)


def _page(row: Order, facts: dict[str, Any], shopper_now: datetime) -> dict[str, Any]:
    status = Status(row.status)
    live = status not in FINISHED
    rider = facts["rider"] or {}
    payment = facts["payment"]
    return {
        "id": row.pk,
        "number": row.number,
        "status": status.value,
        "sentence": headline(row),
        "window": _window(row, shopper_now),
        "schedule": facts["schedule"],
        "is_gift": row.is_gift,
        "gift_note": row.gift_note,
        "gift_from": row.gift_from,
        "chips": door_chips(row.instructions),
        "door_instructions": row.door_instructions,
        "note": said(row.cancel_reason) if status in STOPPED else "",
        "live": live,
        "late": live and facts["late_s"] >= LATE_AFTER_S and not facts["rider_at_door_at"],
        "late_soon": live and facts["expected_late_s"] > 0,
        "late_why": late_why(row),
        "at_door": bool(facts["rider_at_door_at"]),
        "due_paise": row.cash_due_paise if live else 0,
        "eta_low_m": facts["eta_from_m"],
        "eta_high_m": facts["eta_to_m"],
        "steps": _steps(facts["steps"], stopped=status in STOPPED),
        "pay_url": reverse("shop-pay", args=[row.pk]) if status == Status.PENDING else "",
        "pay_by": row.pay_by,
        "door_code": facts["otp"],
        "rider_name": row.rider_name,
        "refund_notes": _refund_notes(row, status, payment),
        "cashback_note": _cashback_note(row, status),
        "late_note": _late_note(row),
        "wallet_paise": row.wallet_paise,
        "to_pay_paise": row.to_pay_paise,
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
    named = [{**line, "name": hindi.get(line["sku"]) or line["name"]} for line in lines]
    by_id = {line["id"]: line for line in named}
    for line in named:
        if (missing := by_id.get(line["substitute_for"])) is not None:
            line["instead_of"] = missing["name"]
            missing["replaced_qty"] = missing.get("replaced_qty", 0) + line["qty"]
    for line in named:
        line["missing_qty"] = line["short_qty"] - line.get("replaced_qty", 0)
    return named


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
        return _("wallet and cash at the door") if row.wallet_paise else _("cash at the door")
    if row.payment_method == "wallet":
        return _("paid from your wallet")
    return _("not paid yet") if status == Status.PENDING or row.confirmed_at is None else _("paid online")


def _refund_notes(row: Order, status: Status, payment: dict[str, Any] | None) -> list[str]:
    back_paise = payment["refunded_paise"] + payment["wallet_returned_paise"] if payment else 0
    in_wallet_paise = payment["into_wallet_paise"] if payment else 0
    notes = []
    if in_wallet_paise:
        notes.append(_("%(amount)s is in your wallet again.") % {"amount": rupees(in_wallet_paise)})
    if back_paise > in_wallet_paise:
        amount = rupees(back_paise - in_wallet_paise)
        notes.append(_("%(amount)s went back the way you paid.") % {"amount": amount})
    is_over = status in (Status.CANCELLED, Status.UNDELIVERED)
    if not notes and is_over and row.payment_method != "cod" and row.confirmed_at:
        notes.append(_("What you paid is on its way back."))
    return notes


def _late_note(row: Order) -> str:
    """What was given for its delay, and for how much of it."""
    credit = late_credit_of(row)
    if credit is None:
        return ""
    words = {"n": credit.late_m, "amount": rupees(credit.paise)}
    return (
        ngettext(
            "It came %(n)s minute late. Sorry: %(amount)s is in your wallet.",
            "It came %(n)s minutes late. Sorry: %(amount)s is in your wallet.",
            credit.late_m,
        )
        % words
    )


def _cashback_note(row: Order, status: Status) -> str:
    if row.cashback_paid_paise:
        return _("%(amount)s cashback is in your wallet.") % {"amount": rupees(row.cashback_paid_paise)}
    if not row.cashback_paise or status in STOPPED or row.cashback_paid_paise == 0:
        return ""
    amount = rupees(row.cashback_paise)
    return _("%(amount)s cashback comes to your wallet a day after delivery.") % {"amount": amount}


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
