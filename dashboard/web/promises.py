"""Where promises break today."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from dashboard.queries.promises import promises_today
from dashboard.web.parts import is_htmx, screen, show


@screen
def promises(request: HttpRequest) -> HttpResponse:
    """By store and stage, and how good the warnings were."""
    context = {"live_url": "/ws/ops/", "here": "promises", "found": promises_today(now=timezone.now())}
    return show(request, "dashboard/promises.html#now" if is_htmx(request) else "dashboard/promises.html", context)
