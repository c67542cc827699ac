"""Who is calling the API: a stateless token user, read from the bearer token without a query."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework_simplejwt.authentication import JWTStatelessUserAuthentication
from rest_framework_simplejwt.exceptions import InvalidToken

from blinkit.kernel.tokens import TokenUser


class TokenAuthentication(JWTStatelessUserAuthentication):
    """`request.user` is a `blinkit.kernel.tokens.TokenUser`: `.id` and `.roles`, no model row."""

    def get_user(self, validated_token: Any) -> TokenUser:  # type: ignore[override]
        try:
            user_id = int(validated_token["user_id"])
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidToken("This token names nobody. Please sign in again.") from error
        return TokenUser(user_id, validated_token.get("roles") or (), dict(validated_token.payload))


class BearerScheme(OpenApiAuthenticationExtension):
    """How the OpenAPI document names it."""

    target_class = "accounts.auth.TokenAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
