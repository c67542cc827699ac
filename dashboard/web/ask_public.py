"""Ask for everybody: prices on platforms alone, whoever is signed in, with a limit of its own per address."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from blinkit.kernel.limits import check_limit, client_address, is_exempt
from dashboard.services import asking
from dashboard.web.ask import asked_of, changed, ideas, page_of, view_of
from dashboard.web.parts import is_htmx

SUGGESTIONS_PER_QUESTION = 6


def limited(budget: str, times: int = 1) -> Callable[[Callable[[HttpRequest], HttpResponse]], Any]:
    """ASK_PUBLIC_PER_MINUTE (times `times`) calls of one address. Raises TooMany."""

    def decorate(view: Callable[[HttpRequest], HttpResponse]) -> Any:
        def guarded(request: HttpRequest) -> HttpResponse:
            address = client_address(request)
            if request.GET and not is_exempt(address):
                check_limit(budget, address, limit=settings.ASK_PUBLIC_PER_MINUTE * times, per_s=60)
            return view(request)

        return never_cache(require_safe(guarded))

    return decorate


@limited("ask-public")
def ask(request: HttpRequest) -> HttpResponse:
    """A page of its own without script; for htmx the answer alone."""
    asked = asked_of(request)
    found = None
    if asked is not None:
        found = asking.ask(asked, caller=asking.caller_of(None), now=timezone.now(), page=page_of(request))
    context = view_of(found, request, page=reverse("compare-ask")) | {
        "is_public": True,
        "heading": _("What do others charge?"),
        "back": "/compare/",
        "change_url": reverse("compare-ask-change"),
        "ideas_to_begin": () if found else ideas("", who=asking.caller_of(None)),
    }
    if is_htmx(request) and found is None:
        return HttpResponse()
    if is_htmx(request):
        return render(request, "dashboard/ask/_answer.html", context)
    return render(request, "dashboard/ask/public.html", context)


@limited("ask-public-ideas", times=SUGGESTIONS_PER_QUESTION)
def suggest(request: HttpRequest) -> HttpResponse:
    found = ideas(request.GET.get("q", "")[:200], who=asking.caller_of(None))
    return render(request, "dashboard/ask/_ideas.html", {"ideas": found, "page": reverse("compare-ask")})


@limited("ask-public")
def change(request: HttpRequest) -> HttpResponse:
    return redirect(f"{reverse('compare-ask')}?{changed(request, who=asking.caller_of(None))}")
