"""The sandbox gateway's hosted pay page, and its door for programs. They exist in demo mode only."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import orjson
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from blinkit.kernel.errors import Refusal
from blinkit.kernel.problems import PROBLEM_TYPE, problem_body
from payments.gateways import sandbox
from payments.models import SandboxIntent

OUTCOMES = {"pay", "authorise", "decline", "late", "twice", "silent"}

View = Callable[..., HttpResponse]


def demo_only(view: View) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not settings.DEMO_MODE:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


@demo_only
@never_cache
@require_http_methods(["GET", "POST"])
def pay_page(request: HttpRequest, intent_id: str) -> HttpResponse:
    """What a payer sees at the pretend gateway: amount, ways to pay, and buttons for everything that can go wrong."""
    intent = SandboxIntent.objects.filter(pk=intent_id).first()
    if intent is None:
        raise Http404
    back = _safe(request, request.POST.get("return") or request.GET.get("return") or "")
    outcome = request.POST.get("outcome", "")
    if request.method == "POST" and outcome in OUTCOMES:
        intent = sandbox.decide(
            intent_id=intent_id, outcome=outcome, instrument=request.POST.get("instrument", ""), now=timezone.now()
        )
        if back:
            return redirect(back)
    chosen = next((way for way, label in sandbox.INSTRUMENTS.items() if label == intent.instrument), "upi")
    return render(request, "payments/sandbox_pay.html", {"intent": intent, "back": back, "chosen": chosen})


@demo_only
@csrf_exempt
@require_POST
def confirm(request: HttpRequest, intent_id: str) -> HttpResponse:
    """POST {"outcome": "pay" | "authorise" | "decline" | "late" | "twice" | "silent"}: what a person presses."""
    try:
        body = orjson.loads(request.body or b"{}")
        outcome = str(body.get("outcome", "pay"))
        instrument = str(body.get("instrument", ""))
    except (ValueError, AttributeError):
        outcome = instrument = ""
    if outcome not in OUTCOMES:
        return JsonResponse({"detail": f"outcome must be one of {', '.join(sorted(OUTCOMES))}"}, status=400)
    try:
        intent = sandbox.decide(intent_id=intent_id, outcome=outcome, instrument=instrument, now=timezone.now())
    except Refusal as refusal:
        return JsonResponse(problem_body(refusal), status=refusal.status, content_type=PROBLEM_TYPE)
    return JsonResponse({"intent_id": intent.pk, "state": intent.state, "amount_paise": intent.amount_paise})


def _safe(request: HttpRequest, url: str) -> str:
    """Only back to this very site."""
    return url if url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure()) else ""
