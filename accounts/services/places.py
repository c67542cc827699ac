"""Where a person is signed in, and signing out of one of these places."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from uuid import UUID

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from accounts.errors import SignInNotFound
from accounts.models import SignIn
from accounts.services import tokens

MOST_SHOWN = 50
"""Older ones come into view as newer ones are ended; signing out everywhere ends all."""


@dataclass(frozen=True, slots=True)
class Place:
    """A browser or an app. `is_here` is the one that asks."""

    id: str
    kind: str
    agent: str
    since: datetime
    is_here: bool = False


def note_browser(*, user_id: int, session_key: str, agent: str, now: datetime) -> None:
    """Somebody signed in with a browser. Silent when it is known."""
    SignIn.objects.get_or_create(
        session_key=session_key, defaults={"user_id": user_id, "agent": agent[:200], "started_at": now}
    )


def signed_in_places(*, user_id: int, now: datetime, session_key: str = "") -> list[Place]:
    """At most MOST_SHOWN, the newest first; the one that asks by browser in front. Two statements."""
    alive = Session.objects.filter(expire_date__gt=now).values("session_key")
    rows = SignIn.objects.filter(user_id=user_id, session_key__in=alive).order_by("-started_at", "-pk")
    places = [Place(row.pk.hex, "browser", row.agent, row.started_at, row.session_key == session_key) for row in rows]
    families: dict[str, datetime] = {}
    for token in _living(user_id, now):
        family = _family(token.token)
        if family and token.created_at is not None:
            families[family] = max(families.get(family, token.created_at), token.created_at)
    places += [Place(family, "app", "", since) for family, since in families.items()]
    return sorted(places, key=lambda place: (not place.is_here, -place.since.timestamp()))[:MOST_SHOWN]


@transaction.atomic
def end_sign_in(*, user_id: int, place_id: str, now: datetime) -> None:
    """Sign out there, and nowhere else. A browser is out at once; an app with its next request for a token, 15 minutes
    at most. Raises SignInNotFound for a place that is not theirs."""
    try:
        key = UUID(place_id)
    except ValueError:
        raise SignInNotFound() from None
    row = SignIn.objects.filter(pk=key, user_id=user_id).first()
    if row is not None:
        engine = import_module(settings.SESSION_ENGINE)
        engine.SessionStore(row.session_key).delete()
        row.delete()
        return
    kin = [token for token in _living(user_id, now) if _family(token.token) == place_id]
    if not kin:
        raise SignInNotFound()
    BlacklistedToken.objects.bulk_create([BlacklistedToken(token=token) for token in kin], ignore_conflicts=True)


def _living(user_id: int, now: datetime) -> list[OutstandingToken]:
    """A person has one living token per app, so these are few."""
    return list(OutstandingToken.objects.filter(user_id=user_id, blacklistedtoken=None, expires_at__gt=now))


def _family(refresh: str) -> str:
    return str((tokens.claims_of(refresh) or {}).get(tokens.FAMILY, ""))
