"""Sliding-window limits in Redis: one round trip per check, open when Redis is down.

The window is the usual two-counter approximation (the last full window weighed by how much of it still counts), in
one Lua script, because the headers want the remainder as well and two calls would double the cost of every request.
"""

import ipaddress
import math
import time
from dataclasses import dataclass
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest
from redis.exceptions import NoScriptError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from blinkit.kernel import metrics, tokens
from blinkit.kernel.errors import TooMany
from blinkit.kernel.redis_client import client, key
from blinkit.kernel.tokens import TokenUser

log = structlog.get_logger(__name__)

PAUSE_AFTER_FAILURE_S = 1.0
_check_again_at = 0.0

# KEYS: this window's counter, the previous one's, a fact to read on the way. ARGV: limit, window in ms, ms passed in
# this window.
_SCRIPT = """
local now_count = tonumber(redis.call('GET', KEYS[1]) or '0')
local before = tonumber(redis.call('GET', KEYS[2]) or '0')
local fact = redis.call('GET', KEYS[3])
local limit, window, passed = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local weighed = before * (window - passed) / window + now_count
if weighed + 1 > limit then return {0, math.floor(weighed), now_count, before, fact} end
if redis.call('INCR', KEYS[1]) == 1 then redis.call('PEXPIRE', KEYS[1], window * 2) end
return {1, math.floor(weighed) + 1, now_count + 1, before, fact}
"""
_sha = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a caller stands: whether this call may pass, what is left, and when the window has moved on."""

    allowed: bool
    limit: int
    remaining: int
    reset_s: int
    fact: str | None = None
    """What Redis has under the key that was read on the way."""


def stand(name: str, who: str, *, limit: int, per_s: int, read: str = "") -> Standing:
    """Count one call of `who` against the budget `name`. Always allowed when Redis does not answer.

    `read` names a key whose value is wanted too: it comes with the same round trip.
    """
    global _check_again_at
    if time.monotonic() < _check_again_at:
        return Standing(True, limit, limit, per_s)
    now_ms = time.time_ns() // 1_000_000
    window_ms = per_s * 1000
    number, passed_ms = divmod(now_ms, window_ms)
    base = key(f"limit:{name}:{who}:{per_s}")
    try:
        allowed, used, now_count, before, fact = _run(
            f"{base}:{number}", f"{base}:{number - 1}", key(read or "limit:none"), limit, window_ms, passed_ms
        )
    except Exception as error:
        _check_again_at = time.monotonic() + PAUSE_AFTER_FAILURE_S
        metrics.count("limits_open_total")
        log.warning("rate limits are open: Redis does not answer", error=repr(error))
        return Standing(True, limit, limit, per_s)
    rest_s = (window_ms - passed_ms) / 1000
    if allowed:
        return Standing(True, limit, max(0, limit - used), math.ceil(rest_s), fact)
    # The moment at which the previous window's weight has sunk enough for one more call.
    room = limit - 1 - now_count
    wait_s = rest_s if before == 0 or room < 0 else max(0.0, per_s * (1 - room / before) - passed_ms / 1000)
    return Standing(False, limit, 0, max(1, math.ceil(min(wait_s, rest_s))), fact)


def check_limit(name: str, key: str, *, limit: int, per_s: int) -> None:
    """Count one call against a budget of `limit` calls per `per_s` seconds. Raises TooMany with retry_after_s.

    Open when Redis is down: use it to slow abuse, never to keep a promise.
    """
    standing = stand(name, key, limit=limit, per_s=per_s)
    if not standing.allowed:
        metrics.count("limits_refused_total", budget=name)
        raise TooMany(f"Too many attempts. Try again in {_waiting(standing.reset_s)}.", retry_after_s=standing.reset_s)


def client_address(request: HttpRequest) -> str:
    """The caller's address: X-Forwarded-For only as far as settings.TRUSTED_PROXIES hops are ours.

    IPv6 callers count by /64, because one household owns at least that.
    """
    return address_of(request.META.get("REMOTE_ADDR") or "", request.META.get("HTTP_X_FORWARDED_FOR", ""))


def address_of(address: str, forwarded_for: str) -> str:
    """The same for a socket: its peer's address and its X-Forwarded-For."""
    hops = getattr(settings, "TRUSTED_PROXIES", 0)
    if hops:
        forwarded = [part.strip() for part in forwarded_for.split(",") if part.strip()]
        if len(forwarded) >= hops:
            address = forwarded[-hops]
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if parsed.version == 6:
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False).network_address)
    return str(parsed)


def is_exempt(address: str) -> bool:
    """Whether nobody counts this address: limits are off, or it is this machine and the settings trust it."""
    if settings.RATE_LIMIT_PER_MINUTE <= 0:
        return True
    # "unknown" is a unix socket: a caller on this machine as well.
    return settings.RATE_LIMIT_TRUST_LOOPBACK and (address.startswith("127.") or address in ("::", "::1", "unknown"))


class ApiThrottle(BaseThrottle):
    """Per person when signed in, else per address; RateLimit-* headers are set by the middleware from the standing.

    On the way it asks whether the caller's access token has been ended (kernel.tokens). Where nobody is counted that
    would be a round trip of its own, which only the tokens of staff and riders are worth.
    """

    standing: Standing | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        address = client_address(request._request)
        user = request.user
        token_user = user if isinstance(user, TokenUser) else None
        if is_exempt(address):
            if token_user is not None and token_user.works_here:
                tokens.refuse_if_ended(token_user, tokens.ended_ms(token_user.id))
            return True
        user_id = getattr(user, "pk", None)
        who = f"user:{user_id}" if user_id is not None else address
        read = "" if token_user is None else tokens.ended_key(token_user.id)
        self.standing = stand("api", who, limit=settings.RATE_LIMIT_PER_MINUTE, per_s=60, read=read)
        if token_user is not None and self.standing.fact:
            tokens.refuse_if_ended(token_user, int(self.standing.fact))
        request._request.rate_standing = self.standing  # type: ignore[attr-defined]
        if not self.standing.allowed:
            metrics.count("limits_refused_total", budget="api")
        return self.standing.allowed

    def wait(self) -> float | None:
        return None if self.standing is None else float(self.standing.reset_s)


def _run(current: str, previous: str, read: str, limit: int, window_ms: int, passed_ms: int) -> list[Any]:
    global _sha
    arguments = (3, current, previous, read, limit, window_ms, passed_ms)
    if _sha:
        try:
            return client().evalsha(_sha, *arguments)  # type: ignore[return-value, arg-type]
        except NoScriptError:
            pass
    _sha = str(client().script_load(_SCRIPT))
    return client().evalsha(_sha, *arguments)  # type: ignore[return-value, arg-type]


def _waiting(seconds: int) -> str:
    if seconds < 90:
        return f"{seconds} second{'' if seconds == 1 else 's'}"
    return f"{math.ceil(seconds / 60)} minutes"
