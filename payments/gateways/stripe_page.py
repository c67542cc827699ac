"""Our page around Stripe's Payment Element: card numbers go from the browser to Stripe and never through us.

The page is for the customer whose attempt it is. What the browser says when it comes back is not believed: Stripe is
asked. Only this view may load Stripe's script (CSP); the addresses are those Stripe's integration guide names.
"""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from csp.decorators import csp_update
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from blinkit.kernel.errors import Refusal
from blinkit.kernel.words import said
from payments import gateways, queries
from payments.models import Attempt, AttemptState
from payments.services.settling import ask

POLICY = {
    "script-src": ["'self'", "https://js.stripe.com", "https://*.js.stripe.com"],
    "frame-src": ["https://js.stripe.com", "https://*.js.stripe.com", "https://hooks.stripe.com"],
    "connect-src": ["https://api.stripe.com"],
    "img-src": ["https://*.stripe.com"],
}


@never_cache
@login_required
@require_GET
@csp_update(POLICY)  # type: ignore[arg-type]  # it takes views with arguments too
def pay_page(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """Where the customer types the card. A payment that is not open any more leads back to the shop."""
    from payments.gateways import stripe as gateway  # the SDK takes 0.4 s to import: not at every start

    attempt, back = _attempt(request, attempt_id), _back(request)
    open_still = queries.is_open(attempt.payment, now=timezone.now()) and attempt.gateway_ref
    if attempt.state not in (AttemptState.STARTED, AttemptState.DECLINED) or not open_still:
        return redirect(back)
    secret, trouble = "", ""
    try:
        with gateways.guarded("stripe"):
            secret = gateway.client_secret(str(attempt.gateway_ref))
    except Refusal as refusal:
        trouble = said(refusal.detail)
    here = reverse("stripe-return", args=[attempt.pk])
    context = {
        "amount_paise": attempt.payment.amount_paise,
        "script": gateway.SCRIPT,
        "key": settings.STRIPE_PUBLISHABLE_KEY,
        "secret": secret,
        "trouble": trouble,
        "return_url": request.build_absolute_uri(f"{here}?{urlencode({'return': back})}"),
        "back": back,
    }
    page = render(request, "payments/stripe_pay.html", context, status=200 if secret else 503)
    page["Cross-Origin-Opener-Policy"] = "same-origin-allow-popups"  # wallets and banks open windows of their own
    return page


@never_cache
@login_required
@require_GET
def pay_return(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """The browser comes back from Stripe. Its query says how it went; we ask Stripe, and the shop's page tells."""
    attempt = _attempt(request, attempt_id)
    try:
        ask(attempt_id=attempt.pk, now=timezone.now())
    except Refusal:
        pass  # the webhook or the sweep tells us
    return redirect(_back(request))


def _attempt(request: HttpRequest, attempt_id: UUID) -> Attempt:
    mine = Attempt.objects.filter(pk=attempt_id, gateway="stripe", payment__customer_id=request.user.pk)
    attempt = mine.select_related("payment").first()
    if attempt is None:
        raise Http404
    return attempt


def _back(request: HttpRequest) -> str:
    """A path of this very site."""
    url = request.GET.get("return", "")
    safe = url.startswith("/") and url_has_allowed_host_and_scheme(url, {request.get_host()})
    return url if safe else "/"
