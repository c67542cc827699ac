"""Help with an order: what was not right, what became of it, how it was; and the page of frequent questions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from blinkit.kernel.errors import Invalid, Refusal
from blinkit.kernel.limits import check_limit
from blinkit.kernel.permissions import roles_of
from blinkit.kernel.words import said
from catalog import queries as goods
from orders import claiming, queries, services
from orders.api.claims import STAFF, photo_response
from orders.claims import Claim, Rating
from orders.models import Order
from orders.queries import claims as reads
from orders.services.rating import why_not
from orders.states import CUSTOMER_MAY_CANCEL, FINISHED, Status
from orders.web import claim_words
from orders.web.names import hindi_names
from orders.web.sentences import headline, why_kept
from orders.web.shopper import Shopper, customer_of


@dataclass(frozen=True, slots=True)
class ClaimView:
    """A claim on its customer's page."""

    claim: Claim
    name: str
    kind: str
    state: str
    sentence: str

    @property
    def mood(self) -> str:
        return {"refunded": "go", "waiting": "warn"}.get(self.claim.state, "stop")


def views_of(claims: list[Claim], hindi: dict[str, str]) -> list[ClaimView]:
    return [
        ClaimView(
            claim,
            (hindi.get(claim.line.sku) or claim.line.name) if claim.line else "",
            claim_words.kind_words(claim.kind),
            claim_words.state_words(claim),
            claim.reason or said(claim.sentence),
        )
        for claim in claims
    ]


@never_cache
@login_required
@require_safe
def order_help(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Where it is now, what can be done now, and what was said about it."""
    shopper = Shopper(request)
    order = queries.order_of(order_id=order_id, customer_id=customer_of(request))
    policy = reads.policy()
    status = Status(order.status)
    lines = reads.claimable(order, policy, now=shopper.now)
    hindi = hindi_names({item.line.sku for item in lines})
    until, ask_until = reads.open_until(order, policy), reads.ask_until(order, policy)
    goods_open = any(item.open for item in lines)
    asks = [kind for kind in claim_words.order_kinds() if _may_ask(kind[0], until, ask_until, shopper)]
    context = {
        "order": order,
        "sentence": headline(order),
        "live": status not in FINISHED,
        "may_cancel": status in CUSTOMER_MAY_CANCEL,
        "why_kept": why_kept(status) if status not in FINISHED else "",
        "lines": [(item, hindi.get(item.line.sku) or item.line.name) for item in lines],
        "goods_open": goods_open,
        "until": until,
        "asks": asks,
        "claims": views_of(reads.claims_of(order.pk), hindi),
        "store_phone": order.store.phone,
        "heading": _("Help"),
        "back": reverse("shop-order", args=[order.pk]),
        "here": "orders",
        "searchable": "desktop",
    }
    return shopper.render("shop/order_help.html", context)


def _may_ask(kind: str, until: Any, ask_until: Any, shopper: Shopper) -> bool:
    end = until if kind in ("late", "never-came") else ask_until
    return end is not None and shopper.now < end


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def claim(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """What happened, per item that was tapped, or to the order (`about`)."""
    shopper = Shopper(request)
    order = queries.order_of(order_id=order_id, customer_id=customer_of(request))
    if request.method == "GET":
        return _claim_page(request, shopper, order, batch=str(uuid4()))
    form = request.POST
    kept: dict[str, str] = {}
    try:
        batch = UUID(form.get("batch", ""))
    except ValueError:
        batch = uuid4()
    try:
        reported = _reported(request, shopper, order, kept)
        services.open_claims(
            order_id=order.pk,
            customer_id=customer_of(request),
            reported=reported,
            note=form.get("note", ""),
            batch=batch,
            now=shopper.now,
        )
    except Refusal as refusal:
        return _claim_page(
            request, shopper, order, batch=str(batch), error=said(refusal.detail), kept=kept, status=refusal.status
        )
    return redirect(reverse("shop-order-help", args=[order.pk]) + "#claims")


def _reported(request: HttpRequest, shopper: Shopper, order: Order, kept: dict[str, str]) -> list[services.Reported]:
    """The form as the service wants it. Photos are kept first, under `kept`, so that none has to be taken twice."""
    form = request.POST
    for name in request.FILES:
        photo: Any = request.FILES[name]
        if name.startswith("photo-") and photo.size:
            check_limit("claim-photo", str(shopper.customer_id), limit=30, per_s=3600)
            row = services.keep_photo(
                order_id=order.pk,
                customer_id=customer_of(request),
                photo=photo,
                now=shopper.now,
            )
            kept[name.removeprefix("photo-")] = str(row.pk)
    for name, value in form.items():
        if name.startswith("kept-") and value:
            kept.setdefault(name.removeprefix("kept-"), str(value))
    try:
        about = form.get("about", "")
        if about:
            photo_id = UUID(kept["order"]) if "order" in kept else None
            return [services.Reported(claiming.Kind(about), photo_id=photo_id)]
        found = []
        for raw in form.getlist("line"):
            photo_id = UUID(kept[raw]) if raw in kept else None
            kind = claiming.Kind(form.get(f"kind-{raw}", ""))
            found.append(services.Reported(kind, int(raw), int(form.get(f"qty-{raw}", "1")), photo_id))
        return found
    except ValueError:
        raise Invalid("Say for each item what happened.") from None


def _claim_page(
    request: HttpRequest,
    shopper: Shopper,
    order: Order,
    *,
    batch: str,
    error: str = "",
    kept: dict[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    given = request.POST if request.method == "POST" else request.GET
    chosen = set(given.getlist("line"))
    lines = [
        item
        for item in reads.claimable(order, reads.policy(), now=shopper.now)
        if str(item.line.pk) in chosen and item.open and item.left
    ]
    about = given.get("about", "")
    about_words = {code: words for code, words, _icon in claim_words.order_kinds()}.get(about, "")
    if not lines and not about_words:
        messages.error(request, error or _("Choose first what it is about."))
        return redirect("shop-order-help", order.pk)
    hindi = hindi_names({item.line.sku for item in lines})
    rows = [
        {
            "line": item.line,
            "name": hindi.get(item.line.sku) or item.line.name,
            "counts": range(1, item.left + 1),
            "left": item.left,
            "kind": given.get(f"kind-{item.line.pk}", ""),
            "qty": given.get(f"qty-{item.line.pk}", "1"),
            "kept": (kept or {}).get(str(item.line.pk), ""),
        }
        for item in lines
    ]
    context = {
        "order": order,
        "rows": rows,
        "kinds": claim_words.line_kinds(),
        "about": about,
        "about_words": about_words,
        "kept_order": (kept or {}).get("order", ""),
        "note": given.get("note", ""),
        "batch": batch,
        "error": error,
        "heading": _("What happened?"),
        "back": reverse("shop-order-help", args=[order.pk]),
        "here": "orders",
        "searchable": "desktop",
    }
    return shopper.render("shop/claim.html", context, status)


@never_cache
@login_required
@require_safe
def photo(request: HttpRequest, order_id: UUID, photo_id: UUID) -> HttpResponse:
    """For its customer and for staff."""
    owner = None if STAFF & roles_of(request.user) else customer_of(request)
    return photo_response(services.photo_bytes(order_id=order_id, photo_id=photo_id, customer_id=owner))


@login_required
@require_POST
def rate(request: HttpRequest, order_id: UUID) -> HttpResponse:
    shopper = Shopper(request)
    form = request.POST
    try:
        stars = int(form.get("stars", ""))
        rider = int(form["rider_stars"]) if form.get("rider_stars") else None
    except ValueError:
        messages.error(request, _("Choose from one star to five."))
        return redirect("shop-order", order_id)
    try:
        services.rate(
            order_id=order_id,
            customer_id=customer_of(request),
            stars=stars,
            rider_stars=rider,
            chips=form.getlist("chip"),
            note=form.get("note", ""),
            now=shopper.now,
        )
    except Refusal as refusal:
        messages.error(request, said(refusal.detail))
    else:
        messages.success(request, _("Thank you."))
    return redirect("shop-order", order_id)


def after_order(order: Order, shopper: Shopper) -> dict[str, Any]:
    """What the order page shows once it is over: its claims and its rating. Two statements; none while it lives."""
    if Status(order.status) not in FINISHED:
        return {}
    rating = Rating.objects.filter(order=order).first()
    claims = reads.claims_of(order.pk)
    return {
        "claims": views_of(claims, hindi_names({claim.line.sku for claim in claims if claim.line})),
        "rating": rating,
        "may_rate": not why_not(order, rating, now=shopper.now),
        "chips": claim_words.chip_words(),
        "stars": range(1, 6),
    }


@never_cache
@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """Frequent questions, answered from the values that hold now, and how to reach us."""
    shopper = Shopper(request)
    store = shopper.place.answer.store
    fees = goods.fee_policy(store) if store else None
    recent = []
    cash_paise = fees.cod_limit_paise if fees else 0
    if shopper.customer_id is not None:
        known = queries.trust_of(customer_id=shopper.customer_id, now=shopper.now)
        cash_paise = known.limit_paise(cash_paise)
        recent = [(order, headline(order)) for order in queries.orders_of(shopper.customer_id)[:3]]
    context = {
        "questions": claim_words.questions(
            reads.policy(), fees, pay_m=getattr(settings, "ORDER_PAY_WINDOW_M", 15), cash_paise=cash_paise
        ),
        "recent": recent,
        "store": store,
        "heading": _("Help"),
        "back": "/",
        "searchable": "desktop",
    }
    return shopper.render("shop/help.html", context)
