"""The person inside an access token. No database row is read to serve an API request."""

from collections.abc import Iterable
from typing import Any

from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import AccessToken


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
