"""Claims for a person to decide: the queue by age, one claim on one page, the decision."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from blinkit.kernel.errors import Invalid
from blinkit.kernel.money import rupees
from dashboard.queries.claims import claim_desk, claim_list
from dashboard.web.parts import act, actor_of, is_htmx, screen, show
from orders import services as orders

REASONS = (
    "The photo shows it. Sorry about that.",
    "It was left out. Sorry about that.",
    "Our rider and the store confirm it was handed over complete.",
    "The photo does not show what is wrong.",
    "The item is as it is described.",
)


@screen
def queue(request: HttpRequest) -> HttpResponse:
    """The longest waiting first; `state=all` shows the decided ones too, newest first."""
    state = request.GET.get("state", "waiting")
    context = {
        "here": "claims",
        "live_url": "/ws/ops/",
        "claims": claim_list(state=state),
        "state": state,
        "now": timezone.now(),
    }
    return show(request, "dashboard/claims.html#rows" if is_htmx(request) else "dashboard/claims.html", context)


@screen
def claim(request: HttpRequest, claim_id: UUID) -> HttpResponse:
    found = claim_desk(claim_id=claim_id, now=timezone.now())
    context = {"here": "claims", "it": found, "claim": found.claim, "reasons": REASONS}
    return show(request, "dashboard/claim.html", context)


@act("ops-claim")
def decide(request: HttpRequest, claim_id: UUID) -> HttpResponse:
    """All, a part, or nothing; with a reason the customer reads."""
    how = request.POST.get("how", "")
    reason = request.POST.get("other", "").strip() or request.POST.get("reason", "")
    paise = _paise(request.POST.get("rupees", "")) if how == "part" else 0
    if how == "all":
        paise = claim_desk(claim_id=claim_id, now=timezone.now()).most_paise
        if not paise:
            raise Invalid("There is nothing left that could go back.")
    elif how not in ("part", "refuse") or (how == "part" and not paise):
        raise Invalid("Say how much goes back.")
    made = orders.decide_claim(
        claim_id=claim_id, refund_paise=paise, reason=reason, actor=actor_of(request), now=timezone.now()
    )
    if made.refund_paise:
        messages.success(request, _("%(amount)s goes back.") % {"amount": rupees(made.refund_paise)})
    else:
        messages.success(request, _("Refused. The customer reads why."))
    return redirect("ops-claims")


def _paise(text: str) -> int:
    """Rupees as people type them, "58" or "58.50", to whole paise. Raises Invalid."""
    whole, _dot, rest = text.strip().removeprefix("₹").replace(",", "").partition(".")
    if not (whole + rest).isascii() or not (whole + rest).isdigit() or len(whole) > 7 or len(rest) > 2:
        raise Invalid("Write an amount in rupees.")
    return int(whole or 0) * 100 + int(rest.ljust(2, "0") or 0)
