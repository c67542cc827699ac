"""Tokens for apps: a short access token that is checked without a query, a refresh token that is exchanged once.

Signing out ends refresh tokens (and browser sessions) at once; an access token already out works until it expires
(15 minutes at most). That is the price of not asking the database on every request.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import TypedDict

from django.db import transaction
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken

from accounts.errors import PersonNotFound, TokenRefused
from accounts.events import SignedOutEverywhere
from accounts.models import OtpChallenge, User
from blinkit.kernel import events

ISSUED_MS = "issued_ms"
"""`iat` is in whole seconds: too coarse to tell a token from before "sign out everywhere" from one just after."""


class Tokens(TypedDict):
    access: str
    refresh: str
    expires_in: int


def issue_tokens(user: User) -> Tokens:
    """A new pair; `expires_in` is the access token's life in seconds."""
    refresh = RefreshToken.for_user(user)
    refresh[ISSUED_MS] = time.time_ns() // 1_000_000
    access = refresh.access_token
    del access.payload[ISSUED_MS]
    access["roles"] = sorted(user.roles)
    return {"access": str(access), "refresh": str(refresh), "expires_in": int(access.lifetime.total_seconds())}


@transaction.atomic
def refresh_tokens(refresh: str) -> Tokens:
    """Exchange a refresh token for a new pair with the roles of today; the old one is used up.

    Raises TokenRefused for a token that is malformed, expired, used before, or older than "sign out everywhere", and
    for a closed account. Of two exchanges at the same moment one wins.
    """
    token = _read(refresh)
    user = _holder(token)
    first_use: bool = token.blacklist()[1]  # type: ignore[index]  # get_or_create's pair; the stub says otherwise
    if not first_use:
        raise TokenRefused()
    return issue_tokens(user)


@transaction.atomic
def revoke(refresh: str) -> int | None:
    """Sign out one device: its refresh token is worthless from now on. Returns whose it was.

    Silent for a token that is worthless already, whatever the reason (as RFC 7009, section 2.2, asks).
    """
    try:
        token = RefreshToken(refresh)  # type: ignore[arg-type]  # the signature is checked here
        token.blacklist()
        return int(token["user_id"])
    except (TokenError, KeyError, ValueError):
        return None


@transaction.atomic
def sign_out_everywhere(user_id: int, now: datetime) -> None:
    """End every refresh token issued before `now` and every browser session of a person. Raises PersonNotFound."""
    if not User.objects.filter(pk=user_id).update(tokens_valid_from=now):
        raise PersonNotFound()
    events.record(SignedOutEverywhere(user_id=user_id), subject=f"user:{user_id}")


def forget_expired(*, now: datetime) -> int:
    """Delete expired refresh tokens and yesterday's sign-in codes. Returns how many rows went."""
    tokens, _ = OutstandingToken.objects.filter(expires_at__lt=now).delete()
    codes, _ = OtpChallenge.objects.filter(expires_at__lt=now - timedelta(days=1)).delete()
    return tokens + codes


def _read(refresh: str) -> RefreshToken:
    try:
        return RefreshToken(refresh)  # type: ignore[arg-type]  # checks signature, expiry, type and the blacklist
    except TokenError as error:
        raise TokenRefused() from error


def _holder(token: RefreshToken) -> User:
    try:
        user = User.objects.get(pk=int(token["user_id"]))
        issued_ms = int(token[ISSUED_MS])
    except (User.DoesNotExist, KeyError, ValueError) as error:
        raise TokenRefused() from error
    if not user.is_active or issued_ms < int(user.tokens_valid_from.timestamp() * 1000):
        raise TokenRefused()
    return user
