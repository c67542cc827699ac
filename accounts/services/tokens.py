"""Tokens for apps: a short access token that is checked without a query, a refresh token that is exchanged once.

Signing out ends refresh tokens (and browser sessions) at once. An access token already out works until it expires (15
minutes at most): that is the price of not asking the database on every request. Signing out everywhere ends those too,
and open sockets, as far as Redis answers (kernel.tokens).

Refresh tokens that were exchanged for one another are a family: one sign-in on one device. A token that comes a second
time was copied by somebody, and nobody can tell who of the two is the thief: the whole family ends. A network may lose
an answer, though: within SAME_MOMENT_S the pair the token was exchanged for is given again, as long as nobody has used
it. It is one chain all the same, so a thief is found out at the next exchange.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypedDict

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from rest_framework_simplejwt.exceptions import TokenBackendError, TokenError
from rest_framework_simplejwt.state import token_backend
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken
from rest_framework_simplejwt.utils import datetime_from_epoch

from accounts.errors import PersonNotFound, TokenRefused
from accounts.events import RefreshTokenReused, SignedOutEverywhere
from accounts.models import Device, OtpChallenge, SignIn, User
from blinkit.kernel import events, live
from blinkit.kernel.tokens import ISSUED_MS, end_tokens

FAMILY, AFTER = "family", "after"
SAME_MOMENT_S = 10
"""An app that asks twice at once, or again because the answer was lost, is no thief."""


class Tokens(TypedDict):
    access: str
    refresh: str
    expires_in: int


def issue_tokens(user: User, *, family: str = "", after: str = "") -> Tokens:
    """A new pair; `expires_in` is the access token's life in seconds. Without a family it begins one. `after`: the id
    of the token it was exchanged for."""
    refresh = RefreshToken()
    refresh["user_id"] = str(user.pk)
    refresh[ISSUED_MS] = time.time_ns() // 1_000_000
    refresh[FAMILY] = family or refresh["jti"]
    if after:
        refresh[AFTER] = after
    OutstandingToken.objects.create(
        user=user,
        jti=refresh["jti"],
        token=str(refresh),
        created_at=refresh.current_time,
        expires_at=datetime_from_epoch(refresh["exp"]),
    )
    return _pair(user, refresh)


def _pair(user: User, refresh: RefreshToken) -> Tokens:
    access = refresh.access_token
    for own in (FAMILY, AFTER):
        access.payload.pop(own, None)
    access["roles"] = sorted(user.roles)
    return {"access": str(access), "refresh": str(refresh), "expires_in": int(access.lifetime.total_seconds())}


def refresh_tokens(refresh: str) -> Tokens:
    """Exchange a refresh token for a new pair with the roles of today; the old one is used up.

    Raises TokenRefused for a token that is malformed, expired, used before, or older than "sign out everywhere", and
    for a closed account. Exchanges at the same moment get the same refresh token; one that comes later ends its family.
    Do not call this inside a transaction that the refusal rolls back.
    """
    try:
        return _exchange(refresh)
    except TokenRefused:
        if (again := _asked_again(refresh)) is not None:
            return again
        _end_family_of_reused(refresh)
        raise


@transaction.atomic
def _exchange(refresh: str) -> Tokens:
    token = _read(refresh)
    user = _holder(token)
    first_use: bool = token.blacklist()[1]  # type: ignore[index]  # get_or_create's pair; the stub says otherwise
    if not first_use:
        raise TokenRefused()
    return issue_tokens(user, family=str(token.get(FAMILY) or token["jti"]), after=str(token["jti"]))


def _asked_again(refresh: str) -> Tokens | None:
    """The pair a token was exchanged for a moment ago; None when it was not, or when that pair is used up or ended."""
    claims = claims_of(refresh)
    if claims is None:
        return None
    now = timezone.now()
    moment_ago = now - timedelta(seconds=SAME_MOMENT_S)
    used = BlacklistedToken.objects.filter(token__jti=claims["jti"], blacklisted_at__gt=moment_ago)
    for row in OutstandingToken.objects.filter(
        user_id__in=used.values("token__user_id"), created_at__gt=moment_ago, blacklistedtoken=None
    ):
        if (claims_of(row.token) or {}).get(AFTER) == claims["jti"]:
            token = _read(row.token)
            return _pair(_holder(token), token)
    return None


@transaction.atomic
def _end_family_of_reused(refresh: str) -> None:
    """Blacklist the living tokens of a family when one of its used ones came again."""
    claims = claims_of(refresh)
    if claims is None:
        return
    long_ago = timezone.now() - timedelta(seconds=SAME_MOMENT_S)
    used = BlacklistedToken.objects.filter(token__jti=claims["jti"], blacklisted_at__lt=long_ago)
    user_id = used.values_list("token__user_id", flat=True).first()
    family = claims.get(FAMILY)
    if user_id is None or not family:
        return
    # A person has one living token per device, so this reads few.
    living = OutstandingToken.objects.filter(user_id=user_id, blacklistedtoken=None, expires_at__gt=timezone.now())
    kin = [row for row in living if (claims_of(row.token) or {}).get(FAMILY) == family]
    if not kin:
        return
    BlacklistedToken.objects.bulk_create([BlacklistedToken(token=row) for row in kin], ignore_conflicts=True)
    events.record(RefreshTokenReused(user_id=user_id), subject=f"user:{user_id}", actor="system")
    end_access(user_id, timezone.now())


def end_access(user_id: int, now: datetime) -> None:
    """After the commit: access tokens issued before `now` and open sockets of a person end. Best effort."""
    transaction.on_commit(partial(end_tokens, user_id, at_ms=int(now.timestamp() * 1000)))
    live.end(f"user.{user_id}")


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
    """End every token issued before `now`, every browser session and every socket of a person. Raises
    PersonNotFound."""
    if not User.objects.filter(pk=user_id).update(tokens_valid_from=now):
        raise PersonNotFound()
    Device.objects.filter(user_id=user_id).exclude(endpoint="").delete()  # browsers; an app says itself that it left
    events.record(SignedOutEverywhere(user_id=user_id), subject=f"user:{user_id}")
    end_access(user_id, now)


def forget_expired(*, now: datetime) -> int:
    """Delete expired refresh tokens and yesterday's sign-in codes. Returns how many rows went."""
    tokens, _ = OutstandingToken.objects.filter(expires_at__lt=now).delete()
    codes, _ = OtpChallenge.objects.filter(expires_at__lt=now - timedelta(days=1)).delete()
    old, _ = SignIn.objects.filter(started_at__lt=now - timedelta(seconds=settings.SESSION_COOKIE_AGE)).delete()
    return tokens + codes + old


def _read(refresh: str) -> RefreshToken:
    try:
        return RefreshToken(refresh)  # type: ignore[arg-type]  # checks signature, expiry, type and the blacklist
    except TokenError as error:
        raise TokenRefused() from error


def claims_of(refresh: str) -> dict[str, Any] | None:
    """What is in a refresh token of ours that has not expired, used up or not; None for anything else."""
    try:
        claims: dict[str, Any] = token_backend.decode(refresh, verify=True)  # type: ignore[arg-type]
    except TokenBackendError:
        return None
    return claims if claims.get("token_type") == "refresh" and claims.get("jti") else None


def _holder(token: RefreshToken) -> User:
    try:
        user = User.objects.get(pk=int(token["user_id"]))
        issued_ms = int(token[ISSUED_MS])
    except (User.DoesNotExist, KeyError, ValueError) as error:
        raise TokenRefused() from error
    if not user.is_active or issued_ms < int(user.tokens_valid_from.timestamp() * 1000):
        raise TokenRefused()
    return user
