"""What the doors of this app share: reading parameters, and JSON answers with an ETag."""

from __future__ import annotations

import hashlib
import math
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from rest_framework.request import Request

from blinkit.kernel.api import dumps, sparse
from blinkit.kernel.errors import Invalid, SignInNeeded
from blinkit.kernel.geo import Point

GUEST_HEADER = "Guest-Cart"
"""A random UUID the app made: whose cart it is before anybody signed in."""


def cacheable(request: Request, data: Any, *, max_age_s: int) -> HttpResponse:
    """JSON that anybody may keep for a moment; 304 when the caller has the same already.

    Written straight to bytes: a shelf is the busiest answer of the house, and serializers cost more than its SQL.
    """
    body = dumps(sparse(request, data))
    etag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    if etag in request.headers.get("If-None-Match", ""):
        response = HttpResponse(status=304)
    else:
        response = HttpResponse(body, content_type="application/json")
    response["ETag"] = etag
    response["Cache-Control"] = f"public, max-age={max_age_s}"
    return response


def text_of(request: Request, name: str, *, longest: int) -> str:
    text = request.query_params.get(name, "").strip()
    if len(text) > longest:
        raise Invalid(f"{name}: at most {longest} characters.", errors={name: [f"At most {longest} characters."]})
    if "\x00" in text:
        raise Invalid(f"{name}: not a text.", errors={name: ["Not a text."]})
    return text


def limit_of(request: Request, *, default: int, most: int) -> int:
    raw = request.query_params.get("limit", "")
    if not raw:
        return default
    if not (raw.isascii() and raw.isdigit() and len(raw) < 6 and 1 <= int(raw) <= most):
        raise Invalid(f"limit: a whole number from 1 to {most}.", errors={"limit": [f"From 1 to {most}."]})
    return int(raw)


def flag_of(request: Request, name: str) -> bool:
    return request.query_params.get(name, "") in {"1", "true"}


def point_of(request: Request) -> Point | None:
    """`lat` and `lng` of the query; None when neither is there."""
    given = [request.query_params.get(name) for name in ("lat", "lng")]
    if given == [None, None]:
        return None
    try:
        lat, lng = (float(text or "") for text in given)
        if not (math.isfinite(lat) and math.isfinite(lng)):
            raise ValueError
        return Point(lat, lng)
    except ValueError:
        raise Invalid("Send lat and lng as decimal degrees.", errors={"lat": ["Decimal degrees."]}) from None


def guest_of(request: Request) -> UUID | None:
    """The guest who sent the token. Raises Invalid for what is no UUID."""
    token = request.headers.get(GUEST_HEADER)
    try:
        guest = None if token is None else UUID(token)
        if token is not None and str(guest) != token.lower():  # Python also takes braces, urn: and no dashes at all
            raise ValueError
    except ValueError:
        raise Invalid(f"The {GUEST_HEADER} header must be a UUID.") from None
    return guest


def owner_of(request: Request) -> dict[str, Any]:
    """Whose cart: the signed-in customer's, else the guest's who sent the token."""
    guest = guest_of(request)
    if request.user is not None and request.user.is_authenticated:
        return {"customer_id": request.user.pk}
    if guest is None:
        raise SignInNeeded(f"Sign in, or send a random UUID as {GUEST_HEADER} header for a guest's cart.")
    return {"guest_token": guest}


def customer_id_of(request: Request) -> int:
    return int(request.user.pk)  # type: ignore[arg-type]  # the view lets only signed-in people in
