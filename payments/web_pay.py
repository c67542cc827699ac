"""Our own page that opens a gateway's checkout, and the door to which the browser comes back from it.

What a browser says pays nothing: a callback with a good signature is a reason to ask the gateway, whose word counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from blinkit.kernel.errors import Refusal
from payments import services
from payments.errors import BadSignature
from payments.models import Attempt, AttemptState, Payment, PaymentState
from payments.services.paying import LABELS

if TYPE_CHECKING:
    from payments.gateways.razorpay import RazorpayGateway

DEFAULT_RETURN = "/"


@dataclass(frozen=True, slots=True)
class HostedPage:
    """A gateway's checkout: our template, its script and what else it may load, what the browser needs and brings."""

    template: str
    script: str
    csp: Mapping[str, list[str]]
    client: Callable[[Attempt, Payment], Mapping[str, Any]]
    check: Callable[[Attempt, QueryDict], None]


def _razorpay() -> RazorpayGateway:
    from payments.gateways.razorpay import RazorpayGateway  # its SDK is loaded where it is used

    return RazorpayGateway()


def _razorpay_client(attempt: Attempt, payment: Payment) -> Mapping[str, Any]:
    methods = {label: code for code, label in LABELS.items()}
    return _razorpay().client_facts(
        attempt.gateway_ref or "",
        amount_paise=payment.amount_paise,
        attempt_id=attempt.pk,
        method=methods.get(attempt.instrument, "upi"),
    )


def _razorpay_check(attempt: Attempt, told: QueryDict) -> None:
    # The order is the one we made for this attempt, not the one the browser names.
    _razorpay().check_callback(
        gateway_ref=attempt.gateway_ref or "",
        payment_id=told.get("razorpay_payment_id", "")[:80],
        signature=told.get("razorpay_signature", "")[:128],
    )


PAGES = {
    "razorpay": HostedPage(
        template="payments/razorpay_pay.html",
        script="https://checkout.razorpay.com/v1/checkout.js",
        csp={
            "script-src": ["'self'", "https://checkout.razorpay.com"],
            "frame-src": ["https://api.razorpay.com", "https://checkout.razorpay.com"],
            "connect-src": ["https://api.razorpay.com", "https://lumberjack.razorpay.com"],
            "img-src": ["https://cdn.razorpay.com"],
        },
        client=_razorpay_client,
        check=_razorpay_check,
    ),
}


@never_cache
@login_required
@require_GET
def pay_page(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """Opens the gateway's checkout over it by itself; the button opens it again."""
    attempt, page = _of(request, attempt_id)
    return _show(request, attempt, page, back=_back(request, request.GET))


@never_cache
@login_required
@require_POST
def come_back(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """What the checkout handed to the browser. A forged one changes nothing; a good one makes us ask the gateway."""
    attempt, page = _of(request, attempt_id)
    back = _back(request, request.POST)
    try:
        page.check(attempt, request.POST)
    except BadSignature:
        error = _("We could not confirm this payment. If money was taken, it is found or sent back by itself.")
        return _show(request, attempt, page, back=back, error=error, status=400)
    try:
        services.ask(attempt_id=attempt.pk, now=timezone.now())
    except Refusal:  # its message comes, or it is asked again
        messages.info(request, _("The payment is being confirmed."))
    return redirect(back)


def _of(request: HttpRequest, attempt_id: UUID) -> tuple[Attempt, HostedPage]:
    mine = Attempt.objects.filter(payment__customer_id=request.user.pk, gateway_ref__isnull=False)
    attempt = mine.select_related("payment").filter(pk=attempt_id).first()
    if attempt is None or attempt.gateway not in PAGES:
        raise Http404
    return attempt, PAGES[attempt.gateway]


def _show(
    request: HttpRequest, attempt: Attempt, page: HostedPage, *, back: str, error: str = "", status: int = 200
) -> HttpResponse:
    payment = attempt.payment
    is_open = payment.state == PaymentState.OPEN and (payment.due_by is None or payment.due_by > timezone.now())
    in_hand = attempt.state in (AttemptState.AUTHORISED, AttemptState.CAPTURED)
    context = {
        "attempt": attempt,
        "script": page.script,
        "amount_paise": payment.amount_paise,
        "state": "paid" if in_hand or payment.state == PaymentState.CAPTURED else "open" if is_open else "over",
        "client": orjson.dumps(dict(page.client(attempt, payment))).decode(),
        "back": back,
        "error": error,
    }
    answer = render(request, page.template, context, status=status)
    answer._csp_update = dict(page.csp)  # type: ignore[attr-defined]  # as csp.decorators.csp_update does
    # Banks open in windows of their own and report to this one.
    answer["Cross-Origin-Opener-Policy"] = "same-origin-allow-popups"
    return answer


def _back(request: HttpRequest, given: QueryDict) -> str:
    """Only to this very site."""
    url = given.get("return", "")[:300]
    ours = url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())
    return url if ours else DEFAULT_RETURN
