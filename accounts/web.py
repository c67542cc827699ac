"""Staff sign-in for browsers: by phone and password, or by phone and code. Customers' pages are the storefront's."""

from __future__ import annotations

from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import services
from accounts.models import User
from accounts.phones import masked
from blinkit.kernel.errors import NotAllowed, Refusal
from blinkit.kernel.limits import client_address

BACKEND = "django.contrib.auth.backends.ModelBackend"
PHONE_KEY = "staff_sign_in_phone"


class PasswordForm(forms.Form):
    phone = forms.CharField(max_length=20, label=gettext_lazy("Phone"))
    password = forms.CharField(max_length=128, required=False, strip=False, widget=forms.PasswordInput)


class CodeForm(forms.Form):
    code = forms.CharField(max_length=12, label=gettext_lazy("Code"))


@never_cache
@require_http_methods(["GET", "POST"])
def staff_sign_in(request: HttpRequest) -> HttpResponse:
    """Phone and password, or phone alone: then a code is sent (the button "Send me a code")."""
    if request.method == "GET" and request.user.is_authenticated:
        return redirect(_next(request) or _home(request.user))
    form = PasswordForm(request.POST or None)
    problem, status = "", 200
    if request.method == "POST" and form.is_valid():
        phone, password = form.cleaned_data["phone"], form.cleaned_data["password"]
        try:
            if "send_code" in request.POST:
                challenge = services.request_otp(phone=phone, now=timezone.now(), address=client_address(request))
                request.session[PHONE_KEY] = challenge.phone
                return redirect(_with_next("staff-sign-in-code", request))
            address = client_address(request)
            return _enter(request, services.sign_in_with_password(phone=phone, password=password, address=address))
        except Refusal as refusal:
            problem, status = refusal.detail, refusal.status
    elif request.method == "POST":
        problem, status = _("Enter your phone number."), 400
    context = {"problem": problem, "phone": request.POST.get("phone", ""), **_common(request)}
    return render(request, "accounts/staff_sign_in.html", context, status=status)


@never_cache
@require_http_methods(["GET", "POST"])
def staff_code(request: HttpRequest) -> HttpResponse:
    """The second half: the six digits."""
    phone = request.session.get(PHONE_KEY)
    if not phone:
        return redirect(_with_next("staff-sign-in", request))
    form = CodeForm(request.POST or None)
    problem, status = "", 200
    if request.method == "POST":
        if form.is_valid():
            try:
                user, _created = services.verify_otp(phone=phone, code=form.cleaned_data["code"], now=timezone.now())
                return _enter(request, user)
            except Refusal as refusal:
                problem, status = refusal.detail, refusal.status
        else:
            problem, status = _("Enter the six digits we sent."), 400
    context = {"problem": problem, "phone": phone, "masked_phone": masked(phone), **_common(request)}
    return render(request, "accounts/staff_code.html", context, status=status)


@never_cache
def admin_sign_in(request: HttpRequest) -> HttpResponse:
    """Django Admin's own sign-in page knows no limits: everybody signs in at the one that does."""
    target = _next(request) or reverse("admin:index")
    if not request.user.is_authenticated:
        return redirect(f"{reverse('staff-sign-in')}?{urlencode({'next': target})}")
    if not admin.site.has_permission(request):
        raise NotAllowed("The administration is for administrators. Sign out, then sign in with such an account.")
    return redirect(target)


@require_POST
def staff_sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("staff-sign-in")


@never_cache
def staff_home(request: HttpRequest) -> HttpResponse:
    """To wherever this person works."""
    return redirect(_home(request.user) if request.user.is_authenticated else reverse("staff-sign-in"))


def _enter(request: HttpRequest, user: User) -> HttpResponse:
    target = _next(request)
    login(request, user, backend=BACKEND)
    request.session.pop(PHONE_KEY, None)
    return redirect(target or _home(user))


def _home(user: object) -> str:
    """Which page a person works on. Only the wiring knows the upper rooms' doors and who works at which store."""
    return str(import_string(settings.HOME_PAGE)(user))


def _next(request: HttpRequest) -> str:
    """Where the person wanted to go, when that is on this site."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if safe else ""


def _with_next(name: str, request: HttpRequest) -> str:
    target = _next(request)
    return reverse(name) + (f"?{urlencode({'next': target})}" if target else "")


def _common(request: HttpRequest) -> dict[str, object]:
    return {"next": _next(request), "demo_mode": settings.DEMO_MODE}
