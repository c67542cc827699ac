"""Paying: address, method, the bill as it will be charged; then the payment page while the gateway decides."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import Address
from accounts.services import update_profile
from blinkit.kernel.errors import Refusal
from blinkit.kernel.geo import Point, contains
from blinkit.kernel.money import rupees
from blinkit.kernel.words import said
from catalog import queries as goods
from inventory.errors import OutOfStock
from orders import queries, services
from orders.errors import BillChanged, CartEmpty, NotOnShelf
from orders.models import Order
from orders.services.at_door import LEAVING
from orders.states import Status
from orders.web import cart as cart_page
from orders.web import when
from orders.web.shopper import Shopper, customer_of, is_htmx
from payments.models import AttemptState, Method
from payments.queries import payment_of, wallet_of
from payments.services import page_of, start_attempt

WAYS = {"cod": Method.COD, "upi": Method.ONLINE, "card": Method.ONLINE, "netbanking": Method.ONLINE}
JUST_PLACED = timedelta(minutes=2)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def checkout(request: HttpRequest) -> HttpResponse:
    shopper = Shopper(request)
    if request.method == "POST":
        return _place(request, shopper)
    if not shopper.cart.view.can_check_out:
        if is_htmx(request):
            return HttpResponse(headers={"HX-Redirect": reverse("shop-cart")})
        return cart_page.show(shopper) if shopper.cart.cards else redirect("shop-cart")
    asked = request.GET
    return _show(
        shopper, chosen=asked.get("address"), method=asked.get("method", ""), slot=asked.get("slot"),
        use_wallet=asked.get("use_wallet") == "on",
    )  # fmt: skip


def _show(
    shopper: Shopper,
    *,
    chosen: str | None = None,
    method: str = "",
    slot: str | None = None,
    error: str = "",
    new_bill: dict[str, Any] | None = None,
    changes: Sequence[str] = (),
    status: int = 200,
    use_wallet: bool = False,
) -> HttpResponse:
    addresses = _addresses(shopper)
    served = [address for address in addresses if address["served"]]
    ids = [str(address["id"]) for address in served]
    by_place = next((a for a in served if a["point"] == shopper.place.point), None)
    first = str(by_place["id"]) if by_place else (ids[0] if ids else "")
    chosen = chosen if chosen in ids else first
    point = next((address["point"] for address in served if str(address["id"]) == chosen), shopper.place.point)
    choice = when.when(shopper, chosen=slot, store_id=_store_for(point, shopper))
    way, later = WAYS.get(method, Method.ONLINE).value, choice["slot"] is not None
    view = queries.cart_view(
        **shopper.owner(), to=point, method=way, later=later, use_wallet=use_wallet, now=shopper.now
    )
    bill: Any = {**new_bill, "fees_why": new_bill.get("why", {})} if new_bill else view.bill
    total = new_bill["total_paise"] if new_bill else view.bill.total_paise
    known = queries.trust_of(customer_id=customer_of(shopper.request), now=shopper.now)
    city_limit = view.fees.get("cod_limit_paise", 0)
    limit = known.limit_paise(city_limit)
    helps = said(known.helps) if limit < city_limit else ""
    balance = wallet_of(customer_of(shopper.request), now=shopper.now).balance_paise
    from_wallet = min(balance, total) if use_wallet else 0
    too_much = total - from_wallet > limit
    left = any(chip in LEAVING for chip in shopper.request.session.get(cart_page.INSTRUCTIONS_KEY, []))
    no_cash = _("Not together with “Leave at the door” or “Leave with the guard”") if left else ""
    methods = [
        {"code": "upi", "icon": "smartphone", "label": _("UPI"), "note": _("Any UPI app, or a QR code"), "refused": ""},
        {"code": "card", "icon": "credit-card", "label": _("Card"), "note": _("Credit or debit"), "refused": ""},
        {
            "code": "netbanking",
            "icon": "landmark",
            "label": _("Netbanking"),
            "note": _("From your bank's site"),
            "refused": "",
        },
        {
            "code": "cod",
            "icon": "banknote",
            "label": _("Cash at the door"),
            "note": _("Up to %(limit)s. The rider brings change.") % {"limit": rupees(limit)},
            "refused": " · ".join(filter(None, [_("Up to %(limit)s only") % {"limit": rupees(limit)}, helps]))
            if too_much
            else no_cash,
        },
    ]
    context = {
        "heading": _("Pay"),
        "back": reverse("shop-cart"),
        "addresses": addresses,
        "chosen_address": UUID(chosen) if chosen else None,
        "methods": methods,
        "ask_name": not shopper.request.user.name,  # type: ignore[union-attr]
        "when": choice,
        "chosen_method": method if method in WAYS else "upi",
        "balance_paise": balance,
        "use_wallet": use_wallet,
        "wallet_paise": from_wallet,
        "to_pay_paise": total - from_wallet,
        "bill": bill,
        "fingerprint": new_bill["fingerprint"] if new_bill else view.fingerprint,
        "changed": error if new_bill else "",
        "changes": changes,
        "error": "" if new_bill else error,
        "key": uuid4(),
    }
    partial = is_htmx(shopper.request)  # another address was chosen: the same page's form, priced for it
    return shopper.render("shop/checkout.html#form" if partial else "shop/checkout.html", context, status)


def _store_for(point: Point, shopper: Shopper) -> int:
    """Whose slots fit the chosen address: the shop's store, else the nearest that serves it."""
    ids = [store.pk for store in goods.stores_for(point)]
    return shopper.place.store_id if shopper.place.store_id in ids or not ids else ids[0]


def _place(request: HttpRequest, shopper: Shopper) -> HttpResponse:
    form = request.POST
    method = form.get("method", "")
    slot = form.get("slot", "")
    assert shopper.customer_id is not None
    try:
        address_id = UUID(form.get("address", ""))
        way = WAYS[method]
    except (ValueError, KeyError):
        return _show(shopper, method=method, slot=slot, error=_("Choose an address and a way to pay."), status=400)
    use_wallet, shown = form.get("use_wallet") == "on", form.get("wallet_paise", "")
    name = " ".join(form.get("name", "").split())[:120]
    if name and not request.user.name:  # type: ignore[union-attr]
        request.user = update_profile(user_id=shopper.customer_id, name=name)
    try:
        order = services.checkout(
            customer_id=shopper.customer_id,
            address_id=address_id,
            method=way,
            bill_fingerprint=form.get("fingerprint", ""),
            instructions=request.session.get(cart_page.INSTRUCTIONS_KEY, []),
            slot_id=when.slot_id_of(slot),
            use_wallet=use_wallet,
            wallet_paise=int(shown) if shown.isascii() and shown.isdigit() and len(shown) < 12 else None,
            now=shopper.now,
        )
    except BillChanged as refusal:
        return _show(
            shopper, chosen=str(address_id), method=method, slot=slot, error=_("Please look once more."), status=409,
            new_bill=refusal.extra["bill"], changes=[said(one["sentence"]) for one in refusal.extra["sentences"]],
            use_wallet=use_wallet,
        )  # fmt: skip
    except CartEmpty:
        # The same form sent twice: the first one emptied the cart. Show what it made.
        just = Order.objects.of(shopper.customer_id).filter(placed_at__gte=shopper.now - JUST_PLACED)
        placed = just.order_by("-placed_at").first()
        return _onward(placed, method) if placed else redirect("shop-cart")
    except (OutOfStock, NotOnShelf) as refusal:
        return cart_page.show(Shopper(request), changed=said(refusal.detail), status=409)
    except Refusal as refusal:
        return _show(
            shopper, chosen=str(address_id), method=method, slot=slot, error=said(refusal.detail),
            status=refusal.status, use_wallet=use_wallet,
        )  # fmt: skip
    request.session.pop(cart_page.INSTRUCTIONS_KEY, None)
    request.session.pop(when.SLOT_KEY, None)
    return _onward(order, method, shopper=shopper)


def _onward(order: Order, method: str, shopper: Shopper | None = None) -> HttpResponse:
    if order.status != Status.PENDING:
        return redirect("shop-order", order.pk)
    if shopper is not None and WAYS.get(method) == Method.ONLINE:
        return redirect(_start(order, shopper, method))
    return redirect("shop-pay", order.pk)


def _start(order: Order, shopper: Shopper, instrument: str) -> str:
    """The address where the money is paid, or our own page when the gateway does not answer just now."""
    here = reverse("shop-pay", args=[order.pk])
    payment = payment_of(order.pk)
    if payment is None:
        return here
    try:
        started = start_attempt(
            payment_id=payment.pk,
            customer_id=order.customer_id,
            instrument=instrument,
            now=shopper.now,
            return_url=here,
        )
    except Refusal:
        return here
    return started["pay_url"]


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def pay(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Waiting, failed (try again while the stock is held) or done. POST starts another try."""
    shopper = Shopper(request)
    order = queries.order_of(order_id=order_id, customer_id=shopper.customer_id)
    if request.method == "POST":
        instrument = request.POST.get("instrument", "upi")
        if instrument == "cod":
            return _cash_instead(order, shopper)
        return redirect(_start(order, shopper, instrument if instrument in WAYS else "upi"))
    payment = payment_of(order.pk)
    # Of tries begun at one moment (the first gateway did not answer, the next did) the started one.
    attempt = payment.attempts.order_by("-created_at", "-state").first() if payment else None
    declined = attempt is not None and attempt.state in (AttemptState.DECLINED, AttemptState.VOIDED)
    if order.status == Status.CANCELLED:
        state = "over" if order.pay_by and order.pay_by <= shopper.now else "cancelled"
    elif order.status != Status.PENDING:
        state = "done"
    elif declined or attempt is None:
        state = "failed"
    else:
        state = "waiting"
    looks = request.GET.get("look", "")
    context = {
        "order": order,
        "state": state,
        "why": attempt.decline_reason if attempt and declined else "",
        "gateway_url": page_of(attempt, return_url=reverse("shop-pay", args=[order.pk])) if attempt else "",
        "instrument": _way_of(attempt.instrument if attempt else ""),
        "may_pay_cash": state == "failed" and _may_pay_cash(order, shopper.now),
        "next_look": 1 + (int(looks) if looks.isascii() and looks.isdigit() and len(looks) < 5 else 0),
        "heading": _("Payment"),
        "back": reverse("shop-order", args=[order.pk]),
    }
    partial = request.headers.get("HX-Request") == "true"
    if partial and state != "waiting":
        return HttpResponse(headers={"HX-Redirect": reverse("shop-pay", args=[order.pk])})
    return shopper.render("shop/pay.html#pay" if partial else "shop/pay.html", context)


def _way_of(instrument: str) -> str:
    """From "card ending 4242", "Netbanking", "UPI": the way that was chosen."""
    word = instrument.lower()
    return next((way for way in ("card", "netbanking") if word.startswith(way)), "upi")


def _may_pay_cash(order: Order, now: datetime) -> bool:
    if any(chip in LEAVING for chip in order.instructions):
        return False
    known = queries.trust_of(customer_id=order.customer_id, now=now)
    return order.to_pay_paise <= known.limit_paise(goods.fee_policy(order.store).cod_limit_paise)


def _cash_instead(order: Order, shopper: Shopper) -> HttpResponse:
    """An order is paid as it was placed: this one ends, its items go back into the cart, checkout has cash chosen."""
    if order.status != Status.PENDING or not _may_pay_cash(order, shopper.now):
        return redirect("shop-pay", order.pk)
    try:
        services.cancel(
            order_id=order.pk,
            by="customer",
            reason=_("Cash instead"),
            actor=f"user:{order.customer_id}",
            now=shopper.now,
            customer_id=order.customer_id,
        )
    except Refusal:
        return redirect("shop-pay", order.pk)
    refill(order, shopper)
    return redirect(f"{reverse('shop-checkout')}?method=cod")


def refill(order: Order, shopper: Shopper) -> list[str]:
    """Put everything of an order into the cart, as far as this store has it. Returns the names left out."""
    left_out = []
    for line in order.lines.all():
        try:
            services.set_line(
                product_id=line.product_id,
                qty=shopper.quantities.get(line.product_id, 0) or line.qty,
                now=shopper.now,
                store_code=shopper.place.store_code,
                customer_id=order.customer_id,
            )
        except Refusal:
            left_out.append(line.name)
    return left_out


def _addresses(shopper: Shopper) -> list[dict[str, Any]]:
    """The customer's addresses, the first choice first, each with whether a store of ours reaches it."""
    areas = [store.area for store in goods.active_stores()]
    own = Address.objects.filter(user_id=customer_of(shopper.request), deleted_at=None).order_by(
        "-is_default", "-created_at"
    )
    return [
        {
            "id": address.pk,
            "label": address.label,
            "line1": address.line1,
            "line2": address.line2,
            "point": address.point,
            "served": any(contains(area, address.point) for area in areas),
        }
        for address in own
    ]
