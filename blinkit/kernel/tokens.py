"""The person inside an access token. No database row is read to serve an API request.

Tokens that are out can be ended all the same ("sign out everywhere", a role taken away): a fact in Redis says since
when, for as long as such a token may live. It is best effort: without Redis a token works until it expires.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import structlog
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import AccessToken

from blinkit.kernel.errors import SignInNeeded
from blinkit.kernel.redis_client import client, key

log = structlog.get_logger(__name__)

ISSUED_MS = "issued_ms"
"""`iat` is in whole seconds: too coarse to tell a token from before "sign out everywhere" from one just after."""


class TokenEnded(SignInNeeded):
    """An app refreshes its token, and signs in again when that is refused too."""

    code = "token-ended"
    default_detail = "Your access has changed. Please sign in again."


class TokenUser:
    """What `request.user` is in the API: an id and roles, not a model row."""

    is_authenticated = True
    is_anonymous = False
    is_active = True
    is_staff = False
    is_superuser = False

    __slots__ = ("claims", "id", "roles")

    def __init__(self, id: int, roles: Iterable[str] = (), claims: dict[str, Any] | None = None) -> None:
        self.id = int(id)
        self.roles = frozenset(roles)
        self.claims = claims or {}

    @property
    def pk(self) -> int:
        return self.id

    @property
    def works_here(self) -> bool:
        """More than a customer."""
        return bool(self.roles - {"customer"})

    @property
    def issued_ms(self) -> int:
        """When the token was issued, at the latest."""
        claims = self.claims
        return int(claims[ISSUED_MS]) if ISSUED_MS in claims else int(claims.get("iat", 0)) * 1000 + 999

    def __str__(self) -> str:
        return f"user:{self.id}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TokenUser) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)


def user_from_token(raw: str) -> TokenUser | None:
    """The person of a valid, unexpired access token; None for anything else."""
    try:
        token = AccessToken(raw)  # type: ignore[arg-type]  # the stub wants Token, the code takes text
        return TokenUser(int(token["user_id"]), token.get("roles") or (), dict(token.payload))
    except (TokenError, KeyError, TypeError, ValueError):
        return None


def access_token_for(user_id: int, roles: Iterable[str]) -> str:
    """A fresh access token (for tests and tools; people get theirs by signing in)."""
    token = AccessToken()
    token["user_id"] = str(user_id)
    token["roles"] = sorted(roles)
    return str(token)


def ended_key(user_id: int) -> str:
    return f"tokens-ended:{user_id}"


def end_tokens(user_id: int, *, at_ms: int) -> None:
    """Access tokens of this person issued before `at_ms` are worth nothing. Best effort, never raises."""
    try:
        client().set(key(ended_key(user_id)), at_ms, ex=int(AccessToken.lifetime.total_seconds()) + 60)
    except Exception as error:
        log.warning("access tokens live on until they expire", user=user_id, error=repr(error))


def ended_ms(user_id: int) -> int:
    """Since when this person's older tokens are ended; 0 when they are not, or Redis does not answer."""
    return ended_ms_of([user_id])[user_id]


def ended_ms_of(user_ids: Sequence[int]) -> dict[int, int]:
    """The same of many, in one round trip."""
    try:
        found: list[Any] = client().mget([key(ended_key(user_id)) for user_id in user_ids])  # type: ignore[assignment]
        return {user_id: int(at or 0) for user_id, at in zip(user_ids, found, strict=True)}
    except Exception as error:
        log.warning("nobody knows whether a token was ended", users=list(user_ids), error=repr(error))
        return dict.fromkeys(user_ids, 0)


def refuse_if_ended(user: TokenUser, ended_at_ms: int) -> None:
    """Raises TokenEnded for a token issued before the moment."""
    if user.issued_ms < ended_at_ms:
        raise TokenEnded()
