"""Who is calling the API: a stateless token user, read from the bearer token without a query."""

from __future__ import annotations

from rest_framework_simplejwt.authentication import JWTStatelessUserAuthentication


class TokenAuthentication(JWTStatelessUserAuthentication):
    """`request.user` is a `blinkit.kernel.tokens.TokenUser`: `.id` and `.roles`, no model row."""
