"""The demo inbox: what people would see on their phones. In demo mode only; elsewhere these pages do not exist."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.phones import normalise
from blinkit.kernel.errors import Refusal
from notifications import services
from notifications.models import Channel, Message

NEWEST = 120
NEWEST_JSON = 20
MOST_PHONES = 12


@dataclass(slots=True)
class Phone:
    """One person's screen, newest message first."""

    number: str
    name: str
    messages: list[Message] = field(default_factory=list)


def demo_only(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        if not settings.DEMO_MODE:
            raise Http404
        return view(request)

    return guarded


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """Which channels somebody wants. The sign-in code comes by SMS in any case."""
    assert request.user.pk is not None
    if request.method == "POST":
        chosen = set(request.POST.getlist("channel"))
        channels = {channel: channel in chosen for channel in Channel.values}
        services.set_preferences(user_id=request.user.pk, channels=channels)
        messages.success(request, _("Kept."))
        return redirect("message-preferences")
    words = {
        "push": (_("On this phone"), _("When it is confirmed, on the way, at the door"), "bell-ring"),
        "inapp": (_("In the app"), _("The list of messages"), "message-square"),
        "sms": (_("SMS"), _("Only when we can't hand over. Sign-in codes always come."), "smartphone"),
        "email": (_("E-mail"), _("The bill after delivery"), "mail"),
    }
    on = services.preferences(user_id=request.user.pk)
    rows = [(code, *words[code], on[code]) for code in words]
    return render(request, "notifications/preferences.html", {"rows": rows})


@demo_only
@never_cache
@require_safe
def demo_inbox(request: HttpRequest) -> HttpResponse:
    """Phones in a row, whoever got a message last first; `?to=` shows one person. Polled by htmx every 3 s."""
    to = request.GET.get("to", "").strip()[:60]
    phones: dict[str, Phone] = {}
    for message in _newest(to)[:NEWEST]:
        number = message.user.phone if message.user is not None else message.to
        if number not in phones and len(phones) == MOST_PHONES:
            continue
        name = message.user.name if message.user is not None else ""
        phones.setdefault(number, Phone(number, name)).messages.append(message)
    context = {"phones": list(phones.values()), "to": to}
    name = (
        "notifications/demo_inbox.html#phones" if request.headers.get("HX-Request") else "notifications/demo_inbox.html"
    )
    return render(request, name, context)


@demo_only
@never_cache
@require_safe
def demo_inbox_json(request: HttpRequest) -> JsonResponse:
    """{"messages": [newest 20]}; `?to=` a phone or e-mail address."""
    rows = _newest(request.GET.get("to", "").strip()[:60])[:NEWEST_JSON]
    return JsonResponse({"messages": [_plain(row) for row in rows]})


def _newest(to: str) -> QuerySet[Message]:
    newest = Message.objects.select_related("user").order_by("-created_at", "-pk")
    if not to:
        return newest
    try:
        to = normalise(to)
    except Refusal:
        return newest.filter(Q(to__iexact=to) | Q(user__name__icontains=to))
    return newest.filter(Q(to=to) | Q(user__phone=to))


def _plain(message: Message) -> dict[str, Any]:
    return {
        "id": str(message.pk),
        "to": message.to,
        "channel": message.channel,
        "template": message.template_code,
        "subject": message.subject,
        "body": message.body,
        "link": message.link,
        "state": message.state,
        "created_at": message.created_at.isoformat(),
    }
