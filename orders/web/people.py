"""Signing in with a phone, and the customer's own facts: name, addresses."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import services
from accounts.models import Address, User
from blinkit.kernel.errors import Refusal
from blinkit.kernel.geo import Point, contains
from blinkit.kernel.limits import client_address
from blinkit.kernel.words import said
from catalog import queries as goods
from catalog.services import note_unmet
from orders.services import adopt_guest_cart
from orders.web.places import map_facts
from orders.web.push import forget_this_browser
from orders.web.referral import take_friends_code
from orders.web.shopper import GUEST_KEY, PLACE_KEY, Shopper, customer_of, next_path, point_of
from orders.web.streets import known_streets
from payments.queries import membership_of, wallet_of

PHONE_KEY = "sign_in_phone"
BACKEND = "django.contrib.auth.backends.ModelBackend"


@never_cache
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The phone number; a code is sent to it."""
    going = next_path(request, "")
    if request.method == "GET":
        if request.user.is_authenticated:
            return redirect(going or _home(request.user))
        return _sign_in_page(request, "phone", demo_people=_demo_people())
    phone = request.POST.get("phone", "")
    try:
        challenge = services.request_otp(phone=phone, now=timezone.now(), address=client_address(request))
    except Refusal as refusal:
        waiting = request.session.get(PHONE_KEY)
        if refusal.status == 429 and waiting and waiting.endswith(phone.replace(" ", "")[-10:]):
            return _sign_in_page(request, "code", phone=waiting, error=said(refusal.detail), status=429)
        return _sign_in_page(request, "phone", phone=phone, error=said(refusal.detail), status=refusal.status)
    request.session[PHONE_KEY] = challenge.phone
    return redirect(reverse("sign-in-code") + (f"?{urlencode({'next': going})}" if going else ""))


@never_cache
@require_http_methods(["GET", "POST"])
def sign_in_code(request: HttpRequest) -> HttpResponse:
    phone = request.session.get(PHONE_KEY)
    if not phone:
        return redirect("sign-in")
    if request.method == "GET":
        return _sign_in_page(request, "code", phone=phone)
    code = "".join(request.POST.get("code", "").split())
    try:
        user, _new = services.verify_otp(phone=phone, code=code, now=timezone.now())
    except Refusal as refusal:
        return _sign_in_page(request, "code", phone=phone, error=said(refusal.detail), status=refusal.status)
    return _enter(request, user)


@never_cache
@require_http_methods(["GET", "POST"])
def sign_in_password(request: HttpRequest) -> HttpResponse:
    """For people who work here."""
    if request.method == "GET":
        return _sign_in_page(request, "password")
    phone = request.POST.get("phone", "")
    try:
        user = services.sign_in_with_password(phone=phone, password=request.POST.get("password", ""))
    except Refusal as refusal:
        return _sign_in_page(request, "password", phone=phone, error=said(refusal.detail), status=refusal.status)
    return _enter(request, user)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    forget_this_browser(request)
    logout(request)
    return redirect("/")


def _enter(request: HttpRequest, user: User) -> HttpResponse:
    going = next_path(request, "")
    guest, kept_place = request.session.get(GUEST_KEY), request.session.get(PLACE_KEY)
    login(request, user, backend=BACKEND)
    request.session.pop(PHONE_KEY, None)
    if kept_place:
        request.session[PLACE_KEY] = kept_place
    if guest:
        adopt_guest_cart(guest_token=UUID(guest), customer_id=user.pk)
        request.session.pop(GUEST_KEY, None)
    return take_friends_code(request, user, redirect(going or _home(user)))


def _home(user: Any) -> str:
    return str(import_string(settings.HOME_PAGE)(user))


def _sign_in_page(request: HttpRequest, step: str, *, status: int = 200, **extra: Any) -> HttpResponse:
    context = {"step": step, "next": next_path(request, ""), **extra}
    return render(request, "shop/sign_in.html", context, status=status)


def _demo_people() -> list[dict[str, str]]:
    """One person per role to try, in the demo city only."""
    if not settings.DEMO_MODE:
        return []
    try:
        from blinkit.demo import sign_ins
    except ImportError:
        return []
    icons = ["user-round", "shopping-basket", "store", "bike", "gauge", "settings"]
    return [
        {"role": role, "phone": phone, "url": url, "icon": icon}
        for (role, phone, _how, url), icon in zip(sign_ins(), icons, strict=False)
    ]


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        try:
            services.update_profile(
                user_id=customer_of(request), name=request.POST.get("name", ""), email=request.POST.get("email", "")
            )
        except Refusal as refusal:
            messages.error(request, said(refusal.detail))
        else:
            messages.success(request, _("Kept."))
        return redirect("shop-account")
    addresses = Address.objects.filter(user_id=customer_of(request), deleted_at=None).order_by(
        "-is_default", "-created_at"
    )
    wallet, membership = wallet_of(customer_of(request), now=timezone.now()), membership_of(customer_of(request))
    context: dict[str, Any] = {"addresses": addresses, "wallet": wallet, "membership": membership}
    context |= {"now": timezone.now(), "heading": _("Account"), "back": "/", "account": True, "searchable": "desktop"}
    return Shopper(request).render("shop/account.html", context)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def address(request: HttpRequest, address_id: UUID | None = None) -> HttpResponse:
    """A new address, or all of an existing one."""
    shopper = Shopper(request)
    going = next_path(request, reverse("shop-account"))
    if request.method == "POST":
        return _save_address(request, shopper, address_id, going)
    place = shopper.place
    form: dict[str, Any] = {"label": "Home", "lat": f"{place.lat:.6f}", "lng": f"{place.lng:.6f}"}
    form["placed"] = "1" if place.pinned else ""
    if address_id is not None:
        row = Address.objects.filter(pk=address_id, user_id=customer_of(request), deleted_at=None).first()
        if row is None:
            return redirect("shop-account")
        form = {name: getattr(row, name) for name in ("label", "line1", "landmark", "door_instructions")}
        form |= {"lat": f"{row.lat:.6f}", "lng": f"{row.lng:.6f}", "placed": "1"}
    return _address_page(shopper, form, going)


def _save_address(request: HttpRequest, shopper: Shopper, address_id: UUID | None, going: str) -> HttpResponse:
    form = request.POST
    try:
        point = _place_of(form)
    except ValueError:
        error = _("Where is it? Put the pin on your door, or choose the street nearest to you.")
        return _address_page(shopper, form, going, error=error, status=400)
    if not form.get("line1", "").strip():
        return _address_page(shopper, form, going, error=_("Write the house and the street."), status=400)
    try:
        row = services.save_address(
            user_id=customer_of(request),
            address_id=address_id,
            line1=form.get("line1", ""),
            landmark=form.get("landmark", ""),
            door_instructions=form.get("door_instructions", ""),
            label=form.get("label", "Home"),
            lat=point.lat,
            lng=point.lng,
        )
    except Refusal as refusal:
        return _address_page(shopper, form, going, error=said(refusal.detail), status=refusal.status)
    shopper.choose(point=row.point, label=f"{_(row.label)} · {row.line1}")
    if not any(contains(store.area, row.point) for store in goods.active_stores()):
        note_unmet(point=row.point, now=shopper.now)
    return redirect(going)


def _place_of(form: Any) -> Point:
    """The street that was chosen instead of the pin, else the pin if the person put it somewhere. Raises ValueError for
    a pin that only stands where the page drew it: a rider would ride there."""
    if name := form.get("street"):
        for street in known_streets(goods.active_stores()):
            if street.key == name:
                return street.point
        raise ValueError("We know no such street.")
    if form.get("placed") != "1":
        raise ValueError("Nobody chose this place.")
    return point_of(form)


def _address_page(shopper: Shopper, form: Any, going: str, error: str = "", status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "error": error,
        "next": going,
        "labels": [("Home", _("Home"), "house"), ("Work", _("Work"), "building-2"), ("Other", _("Other"), "map-pin")],
        "streets": known_streets(goods.active_stores()),
        "facts": map_facts(near=shopper.place.point, pick=True),
        "heading": _("Your address"),
        "back": going,
    }
    return shopper.render("shop/address.html", context, status)


@login_required
@require_POST
def address_delete(request: HttpRequest, address_id: UUID) -> HttpResponse:
    services.delete_address(user_id=customer_of(request), address_id=address_id)
    messages.success(request, _("Removed."))
    return redirect("shop-account")
