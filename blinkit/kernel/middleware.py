"""The thin chain around every HTTP request."""

import logging
import time
from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.common import CommonMiddleware

from blinkit.kernel import limits, metrics
from blinkit.kernel.context import REQUEST_ID_HEADER, current_actor, current_request, request_id, sane_request_id
from blinkit.kernel.errors import Refusal, TooMany
from blinkit.kernel.problems import Malformed, answer, as_refusal

log = structlog.get_logger("blinkit.request")
_plain_log = logging.getLogger("blinkit.request")

SLOW_REQUEST_S = 1.0
PROGRAMS = ("/api/v1/", "/graphql")
"""Doors of DRF: they have their own throttle and say themselves who may keep an answer."""
_QUIET = ("/health/", "/metrics", "/static/", "/media/")

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class RequestContextMiddleware:
    """Request id in and out, the actor for events, request metrics, RateLimit headers, one log line."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        its_id = sane_request_id(request.META.get("HTTP_X_REQUEST_ID"))
        id_token = request_id.set(its_id)
        request_token = current_request.set(request)
        try:
            if "\x00" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
                response: HttpResponseBase = answer(request, Malformed("No address has a NUL character in it."))
            elif _plain_log.isEnabledFor(logging.DEBUG):
                with connection.execute_wrapper(_Statements(request)):
                    response = self.get_response(request)
            else:
                response = self.get_response(request)
            response[REQUEST_ID_HEADER] = its_id
            if request.path.startswith(PROGRAMS):
                _keep_private(response)
            standing = getattr(request, "rate_standing", None)
            if standing is not None:
                response["RateLimit-Limit"] = str(standing.limit)
                response["RateLimit-Remaining"] = str(standing.remaining)
                response["RateLimit-Reset"] = str(standing.reset_s)
            self._note(request, response, time.perf_counter() - started)
            return response
        finally:
            current_request.reset(request_token)
            request_id.reset(id_token)

    def _note(self, request: HttpRequest, response: HttpResponseBase, took_s: float) -> None:
        if request.path.startswith(_QUIET):
            return
        match = request.resolver_match
        route = match.route if match is not None else "(none)"
        metrics.count("http_requests_total", route=route, method=request.method, status=response.status_code)
        metrics.observe("http_request_seconds", took_s, route=route)
        slow = took_s > SLOW_REQUEST_S
        level = logging.WARNING if slow or response.status_code >= 500 else logging.INFO
        if not _plain_log.isEnabledFor(level):
            return
        log.log(
            level,
            "slow request" if slow else "request",
            method=request.method,
            path=request.path,  # never the query: it may carry a token
            status=response.status_code,
            ms=round(took_s * 1000, 1),
            actor=_known_actor(request),
            **({"statements": request.sql_statements} if hasattr(request, "sql_statements") else {}),
        )


def _keep_private(response: HttpResponseBase) -> None:
    """What the API says to one person stays in no cache; the doors of the catalogue say "public" themselves."""
    headers = response.headers
    kept = headers.get("Cache-Control", "")
    if "public" in kept:
        return
    if not kept:
        headers["Cache-Control"] = "no-store"
    vary = headers.get("Vary")
    headers["Vary"] = f"{vary}, Authorization" if vary else "Authorization"


class SlashMiddleware(CommonMiddleware):
    """Sends whoever reads an address without its slash to the one with it. What carries a body is refused instead (404
    with the right address): on the way it would become a GET."""

    def should_redirect_with_slash(self, request: HttpRequest) -> bool:
        return request.method in ("GET", "HEAD") and super().should_redirect_with_slash(request)


class _Statements:
    """Counts a request's SQL statements (only with LOG_LEVEL=DEBUG)."""

    def __init__(self, request: Any) -> None:
        self.request = request
        request.sql_statements = 0

    def __call__(self, execute: Callable[..., Any], *given: Any) -> Any:
        self.request.sql_statements += 1
        return execute(*given)


class WebLimitMiddleware:
    """The HTML doors' budget: per person when signed in (a store's tablets share one address), else per address.

    The API has its own throttle, which knows the person; only what ends before it (no such address, no valid token)
    is counted here, so that guessing is limited too.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path.startswith(_QUIET):
            return self.get_response(request)
        if request.path.startswith(PROGRAMS):
            response = self.get_response(request)
            if response.status_code in (401, 403, 404, 405) and not hasattr(request, "rate_standing"):
                return self._count(request, "api") or response
            return response
        return self._count(request, "web") or self.get_response(request)

    def _count(self, request: HttpRequest, budget: str) -> HttpResponse | None:
        """Count one call; the refusal when it was one too many."""
        address = limits.client_address(request)
        if limits.is_exempt(address):
            return None
        who = _signed_in(request) if budget == "web" else ""
        standing = limits.stand(budget, who or address, limit=settings.RATE_LIMIT_PER_MINUTE, per_s=60)
        request.rate_standing = standing  # type: ignore[attr-defined]
        if standing.allowed:
            return None
        metrics.count("limits_refused_total", budget=budget)
        return answer(
            request,
            TooMany(f"Too many requests. Try again in {standing.reset_s} seconds.", retry_after_s=standing.reset_s),
        )


def _signed_in(request: HttpRequest) -> str:
    """ "user:12" for a browser with a session that is signed in; nothing is looked up without a session cookie."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return ""
    user = getattr(request, "user", None)
    return f"user:{user.pk}" if user is not None and user.is_authenticated else ""


class RefusalMiddleware:
    """A Refusal that leaves a view becomes an answer: a page, a toast, or a problem under /api/. Bugs stay a 500."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        refusal = as_refusal(exception)
        if refusal is None:
            return None
        if not isinstance(exception, Refusal) and refusal.status >= 500:
            log.warning("a dependency failed", error=repr(exception), path=request.path)
        return answer(request, refusal)


def _known_actor(request: HttpRequest) -> str:
    """The actor when something has loaded the user already: a log line is not worth a query."""
    if "_cached_user" in request.__dict__ or "user" not in request.__dict__:
        return current_actor()
    # A lazy object nobody looked at. DRF and middlewares that put a real user there are no such object.
    from django.utils.functional import LazyObject, empty

    user = request.user
    if isinstance(user, LazyObject) and user.__dict__.get("_wrapped", empty) is empty:
        return ""
    return current_actor()
