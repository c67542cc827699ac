"""After ordering: the tracking page, the list, ordering again, cancelling."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
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
from orders.queries.tracking import tracking_of
from orders.states import FINISHED, Status
from orders.web.checkout import refill
from orders.web.claim_words import short_state
from orders.web.claims import after_order
from orders.web.names import hindi_names
from orders.web.places import short_name
from orders.web.sentences import headline, late_why, move_words, what_now, why_kept
from orders.web.shopper import Shopper, customer_of, is_htmx
from orders.web.track_page import (
    LATE_AFTER_S,
    STOPPED,
    away_words,
    chat_url,
    map_of,
    marks_of,
    no_rider_words,
    share_url,
    steps,
)
from orders.web.when import window_words
from orders.words import door_chips, to_the_customer

PER_PAGE = 20


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
    facts = tracking_of(row, for_customer=True, now=shopper.now)
    if is_htmx(request) and request.GET.get("part") != "rest":
        return render(request, "shop/order.html#now", {"order": _head(row, facts, shopper.now)})
    context = {
        **after_order(row, shopper),
        "order": _head(row, facts, shopper.now) | _rest(row, facts),
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
        return render(request, "shop/order.html#rest", context)
    context |= {"share_url": share_url(request, row), "now_url": reverse("shop-order-now", args=[row.pk])}
    return shopper.render("shop/order.html", context)


def _window(row: Order, now: datetime) -> str:
    """ "Today 18:00–19:00", for an order with a slot until it is on the road."""
    if row.slot_id is None or row.promised_from is None or row.promised_by is None or row.picked_up_at:
        return ""
    return window_words(row.promised_from, row.promised_by, now=now)


def _head(row: Order, facts: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The part that changes: range, next step, what is late, who comes."""
    status = Status(row.status)
    live = status not in FINISHED
    rider = facts["rider"] or {}
    position = rider.get("position")
    return {
        "id": row.pk,
        "number": row.number,
        "status": status.value,
        "sentence": headline(row),
        "window": _window(row, now),
        "schedule": facts["schedule"],
        "note": said(to_the_customer(row.cancel_reason)) if status in STOPPED else "",
        "what_now": what_now(row),
        "live": live,
        "stopped": status in STOPPED,
        "late": live and facts["late_s"] >= LATE_AFTER_S and not facts["rider_at_door_at"],
        "late_soon": live and facts["expected_late_s"] > 0,
        "late_why": late_why(row),
        "late_credit": _late_note(row),
        "at_door": bool(facts["rider_at_door_at"]),
        "due_paise": row.cash_due_paise if live else 0,
        "eta_low_m": facts["eta_from_m"],
        "eta_high_m": facts["eta_to_m"],
        "eta_why": said(facts["eta_why"]["sentence"]) if facts["eta_why"] else "",
        "steps": steps(facts["steps"], row),
        "pay_url": reverse("shop-pay", args=[row.pk]) if status == Status.PENDING else "",
        "pay_by": row.pay_by,
        "to_pay_paise": row.to_pay_paise,
        "door_code": facts["otp"],
        "leave_at_door": facts["leave_at_door"],
        "rider_is_coming": facts["rider_is_coming"],
        "rider_name": rider.get("name", ""),
        "rider_rating": rider.get("rating"),
        "chat_url": chat_url(row) if live else "",
        "away": away_words(position, row.point, at_door=bool(facts["rider_at_door_at"])),
        "no_rider": no_rider_words(row.status, at_door=bool(facts["rider_at_door_at"])),
        "refund_notes": _refund_notes(row, status, facts["payment"]),
        "cashback_note": _cashback_note(row, status),
        "marks": marks_of(facts),
        "as_of": now,
        "map": _map(row, position, rider.get("route")) if live and status != Status.PENDING else None,
    }


def _rest(row: Order, facts: dict[str, Any]) -> dict[str, Any]:
    """The part that seldom does: items, bill, address, what happened so far."""
    status = Status(row.status)
    live = status not in FINISHED
    return {
        "is_gift": row.is_gift,
        "gift_note": row.gift_note,
        "gift_from": row.gift_from,
        "chips": door_chips(row.instructions),
        "door_instructions": row.door_instructions,
        "wallet_paise": row.wallet_paise,
        "lines": _in_language(facts["lines"]),
        "bill": facts["bill"],
        "total_paise": row.total_paise,
        "method": row.payment_method,
        "settled": not live or (row.payment_method != "cod" and row.confirmed_at is not None),
        "never_taken": _never_taken(row, status),
        "method_words": _method_words(row, status),
        "address_text": row.address_text,
        "may_cancel": facts["can_cancel"],
        "why_kept": why_kept(status) if live else "",
        "store_phone": row.store.phone,
        "brought_by": row.rider_name if row.delivered_at else "",
        "timeline": [
            {"words": move_words(event.payload["new"]), "at": event.at}
            for event in queries.timeline(row.pk)
            if event.code == "orders.OrderMoved"
        ],
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


def _never_taken(row: Order, status: Status) -> bool:
    """It ended before its cash was collected, or its payment made."""
    taken_at = row.delivered_at if row.payment_method == "cod" else row.confirmed_at
    return status in STOPPED and taken_at is None


def _method_words(row: Order, status: Status) -> str:
    if not row.total_paise and row.payment_method == "wallet":
        return _("nothing to pay")
    if row.payment_method == "cod" and _never_taken(row, status):
        return _("no cash was taken")
    if row.payment_method == "cod":
        return _("wallet and cash at the door") if row.wallet_paise else _("cash at the door")
    if row.payment_method == "wallet":
        return _("paid from your wallet")
    if status != Status.PENDING and row.confirmed_at is None:
        return _("not paid")
    return _("not paid yet") if status == Status.PENDING else _("paid online")


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
    amount = rupees(row.cashback_paise)
    if row.cashback_paid_paise:
        paid = rupees(row.cashback_paid_paise)
        if row.cashback_paid_paise < row.cashback_paise:
            return _("%(paid)s of %(amount)s cashback: the share of what you kept.") % {"paid": paid, "amount": amount}
        return _("%(amount)s cashback is in your wallet.") % {"amount": paid}
    if not row.cashback_paise or status in STOPPED:
        return ""
    if row.cashback_paid_paise == 0:
        return _("The cashback was for what you keep, and that was refunded.")
    if status == Status.CLOSED:
        return _("%(amount)s cashback waits until what you told us is answered.") % {"amount": amount}
    return _("%(amount)s cashback comes to your wallet when the time for claims is over.") % {"amount": amount}


def _map(row: Order, position: dict[str, Any] | None, route: dict[str, Any] | None) -> dict[str, Any]:
    found: dict[str, Any] = map_of(row.store.point, row.point, position, route=route, shop=short_name(row.store.name))
    return found


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
