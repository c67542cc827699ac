"""The first page of Django Admin: today's figures and what waits (settings: UNFOLD DASHBOARD_CALLBACK)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext

from dashboard import queries


def fill(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Adds `today` and `waiting` to the landing page."""
    context.update(queries.landing(now=timezone.now()), title=gettext("Today"))
    return context
