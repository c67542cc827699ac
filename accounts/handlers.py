"""How accounts react to a browser that signed in, through whichever page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from accounts import services


def browser_signed_in(sender: Any, request: HttpRequest | None, user: Any, **_: Any) -> None:
    """Remember the browser, so that the person can sign it out from elsewhere."""
    if request is None or not hasattr(request, "session"):
        return
    if request.session.session_key is None:
        request.session.save()
    services.note_browser(
        user_id=user.pk,
        session_key=request.session.session_key or "",
        agent=request.headers.get("User-Agent", ""),
        now=timezone.now(),
    )
