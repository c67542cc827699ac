"""The membership page: what it gives, what it has saved so far, until when, and buying it."""

from __future__ import annotations

from datetime import timedelta
from math import ceil
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from blinkit.kernel.errors import Refusal
from blinkit.kernel.words import said
from orders import queries
from orders.web.shopper import Shopper, customer_of, is_htmx
from payments import queries as money
from payments.models import AttemptState, MembershipPurchase
from payments.services import buy_membership, start_attempt

INSTRUMENTS = ("upi", "card")


@never_cache
@login_required
@require_safe
def membership(request: HttpRequest) -> HttpResponse:
    """`?bought=<id>`: back from paying; the page looks again until the capture is known."""
    shopper = Shopper(request)
    customer_id = customer_of(request)
    language = get_language() or "en"
    row = money.membership_of(customer_id)
    is_member = row is not None and row.until > shopper.now
    bought = _bought(request.GET.get("bought", ""), customer_id)
    context = {
        "heading": _("Membership"),
        "back": reverse("shop-account"),
        "searchable": "desktop",
        "membership": row,
        "is_member": is_member,
        "days_left": ceil((row.until - shopper.now) / timedelta(days=1)) if row is not None and is_member else 0,
        "saved": queries.saved_as_member(customer_id) if row is not None else None,
        "plans": [{"row": plan, "gives": plan.benefits(language)} for plan in money.plans()],
        "balance_paise": money.wallet_of(customer_id, now=shopper.now).balance_paise,
        "state": _state_of(bought),
        "bought": bought,
        "key": uuid4(),
    }
    return shopper.render("shop/membership.html#now" if is_htmx(request) else "shop/membership.html", context)


@login_required
@require_POST
def buy(request: HttpRequest) -> HttpResponse:
    shopper = Shopper(request)
    customer_id = customer_of(request)
    plan, way = request.POST.get("plan", ""), request.POST.get("way", "")
    if not (plan.isascii() and plan.isdigit() and len(plan) < 10) or way not in (*INSTRUMENTS, "wallet"):
        messages.error(request, _("Choose a way to pay."))
        return redirect("shop-membership")
    method = "wallet" if way == "wallet" else "online"
    key = request.POST.get("key", "")[:64] or str(uuid4())
    here = reverse("shop-membership")
    try:
        bought = buy_membership(customer_id=customer_id, plan_id=int(plan), method=method, key=key, now=shopper.now)
        payment = money.payment_of(bought.pk)
        if bought.ends_at is not None or payment is None:
            messages.success(request, _("You are a member. Enjoy it from your next order."))
            return redirect(here)
        here = f"{here}?{urlencode({'bought': str(bought.pk)})}"
        started = start_attempt(
            payment_id=payment.pk, customer_id=customer_id, instrument=way, now=shopper.now, return_url=here
        )
    except Refusal as refusal:
        messages.error(request, said(refusal.detail))
        return redirect(here)
    return redirect(started["pay_url"])


def _bought(text: str, customer_id: int) -> MembershipPurchase | None:
    try:
        return MembershipPurchase.objects.filter(pk=UUID(text), customer_id=customer_id).first()
    except ValueError:
        return None


def _state_of(bought: MembershipPurchase | None) -> str:
    """ "" | "waiting" | "declined" | "paid": what became of the payment one comes back from."""
    if bought is None:
        return ""
    if bought.ends_at is not None:
        return "paid"
    payment = money.payment_of(bought.pk)
    last = payment.attempts.order_by("-created_at", "-state").first() if payment else None
    return "declined" if last is None or last.state == AttemptState.DECLINED else "waiting"
