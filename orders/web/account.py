"""The customer's account beyond name and addresses: language, e-mail link, where they are signed in, their data."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import services
from accounts.models import User
from blinkit.kernel.api import dumps
from blinkit.kernel.errors import Refusal
from blinkit.kernel.limits import check_limit
from blinkit.kernel.words import said
from orders.web.shopper import Shopper, customer_of
from payments.queries import wallet_of


@login_required
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """The language of pages and of messages."""
    code = request.POST.get("language", "")
    try:
        services.update_profile(user_id=customer_of(request), language=code)
    except Refusal as refusal:
        messages.error(request, said(refusal.detail))
        return redirect("shop-account")
    with override(code):
        messages.success(request, _("Kept."))
    answer = redirect("shop-account")
    answer.set_cookie(settings.LANGUAGE_COOKIE_NAME, code, max_age=365 * 24 * 3600, samesite="Lax")
    return answer


@login_required
@require_POST
def email_again(request: HttpRequest) -> HttpResponse:
    try:
        services.ask_again(user_id=customer_of(request))
    except Refusal as refusal:
        messages.error(request, said(refusal.detail))
    else:
        messages.success(request, _("Sent. Open the link in it."))
    return redirect("shop-account")


@never_cache
@require_http_methods(["GET", "POST"])
def email(request: HttpRequest, token: str) -> HttpResponse:
    """The link of the e-mail. A page asks for one tap, because scanners of mail follow links as well."""
    shopper = Shopper(request)
    if request.method == "GET":
        return shopper.render("shop/email.html", {"token": token, "heading": _("Your e-mail"), "back": "/"})
    try:
        services.verify_email(token=token, now=timezone.now())
    except Refusal as refusal:
        messages.error(request, said(refusal.detail))
    else:
        messages.success(request, _("Thank you: this address is yours."))
    return redirect("shop-account" if request.user.is_authenticated else "shop-home")


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def places(request: HttpRequest) -> HttpResponse:
    """Where I am signed in; POST signs out of one place, or of all."""
    now, user_id = timezone.now(), customer_of(request)
    if request.method == "POST":
        if request.POST.get("all"):
            services.sign_out_everywhere(user_id, now)
            return redirect("sign-in")
        try:
            services.end_sign_in(user_id=user_id, place_id=request.POST.get("place", ""), now=now)
        except Refusal as refusal:
            messages.error(request, said(refusal.detail))
        else:
            messages.success(request, _("Signed out there."))
        return redirect("shop-places")
    found = services.signed_in_places(user_id=user_id, now=now, session_key=request.session.session_key or "")
    context = {
        "places": [(place, agent_words(place.agent, place.kind)) for place in found],
        "heading": _("Where you are signed in"),
        "back": reverse("shop-account"),
        "searchable": "desktop",
    }
    return Shopper(request).render("shop/places.html", context)


def agent_words(agent: str, kind: str) -> str:
    """ "Chrome, Android" out of what a browser calls itself."""
    if kind == "app":
        return _("The app")
    browsers = (("Edg/", "Edge"), ("SamsungBrowser", "Samsung Internet"), ("OPR/", "Opera"), ("Firefox/", "Firefox"),
                ("Chrome/", "Chrome"), ("Safari/", "Safari"))  # fmt: skip
    systems = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
               ("Mac OS X", "Mac"), ("Linux", "Linux"))  # fmt: skip
    named = [next((name for sign, name in known if sign in agent), "") for known in (browsers, systems)]
    return ", ".join(filter(None, named)) or _("A browser")


@never_cache
@login_required
@require_safe
def my_data(request: HttpRequest) -> HttpResponse:
    """What we hold, to take along; and the way out."""
    due_at = User.objects.values_list("deletion_due_at", flat=True).get(pk=customer_of(request))
    context = {
        "due_at": due_at,
        "wallet_paise": wallet_of(customer_of(request), now=timezone.now()).balance_paise,
        "days": settings.ACCOUNT_GRACE_DAYS,
        "heading": _("Your data"),
        "back": reverse("shop-account"),
        "searchable": "desktop",
    }
    return Shopper(request).render("shop/my_data.html", context)


@never_cache
@login_required
@require_safe
def export(request: HttpRequest) -> HttpResponse:
    check_limit("export", str(request.user.pk), limit=10, per_s=3600)
    data = services.export_person(user_id=customer_of(request), now=timezone.now())
    headers = {"Content-Disposition": 'attachment; filename="my-data.json"'}
    return HttpResponse(dumps(data), content_type="application/json", headers=headers)


@login_required
@require_POST
def deletion(request: HttpRequest) -> HttpResponse:
    """Forget me, or keep me after all."""
    try:
        if request.POST.get("keep"):
            services.keep_account(user_id=customer_of(request))
            messages.success(request, _("Your account stays."))
        else:
            services.ask_deletion(user_id=customer_of(request), now=timezone.now())
            messages.success(request, _("Noted. Until then you can change your mind here."))
    except Refusal as refusal:
        messages.error(request, said(refusal.detail))
    return redirect("shop-my-data")
