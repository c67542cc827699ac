"""One effect per Idempotency-Key, also while the first request is still running.

The key row and the view's writes share one transaction. A second request with the same key waits in the unique index
until the first one commits, then reads the stored answer; when the first one failed, it runs the view itself.
"""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import OperationalError, connection, transaction
from django.http import Http404, RawPostDataException
from psycopg.errors import LockNotAvailable
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from blinkit.kernel.api import dumps
from blinkit.kernel.context import current_actor
from blinkit.kernel.errors import Conflict, Invalid, Refusal, TooMany
from blinkit.kernel.models import IdempotencyKey

HEADER = "Idempotency-Key"
REPLAY_HEADER = "Idempotent-Replay"
WAIT_S = 5
KEEP_FOR = timedelta(hours=48)
_GOOD_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_KEPT_HEADERS = ("Location", "ETag", "Retry-After")


class KeyMissing(Invalid):
    """This door needs an Idempotency-Key: a new one for each intention."""

    code = "idempotency-key-missing"


class KeyReused(Refusal):
    """The Idempotency-Key came with another request before."""

    code = "idempotency-key-reused"
    status = 422


class StillRunning(Conflict):
    """The first request with this key is still running: ask again in a moment, with the same key."""

    code = "still-running"


def idempotent(view: Callable[..., Response]) -> Callable[..., Response]:
    """For a DRF view method that creates or charges: the same key gives the same answer, refusals included.

    Refuses with 400 without a usable Idempotency-Key header, 422 when the key came with another body before, 409
    "still-running" when the first request is not done after WAIT_S seconds. Answers that say "try again later" (429, or
    500 and above) and exceptions that are no refusal are rolled back together with the key: the client may try again.
    """

    @wraps(view)
    def guarded(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get(HEADER, "")
        if not _GOOD_KEY.fullmatch(key):
            raise KeyMissing(
                f"Send an {HEADER} header: up to 255 visible characters, a new one for each new intention."
            )
        # Hashed, so that a long path never meets the column's limit.
        scope = hashlib.sha256(f"{current_actor()} {request.method} {request.path}".encode()).hexdigest()
        fingerprint = _fingerprint(request)
        try:
            response = _first_time(self, view, request, args, kwargs, scope, key, fingerprint)
        except OperationalError as error:
            if isinstance(error.__cause__, LockNotAvailable):
                raise StillRunning(
                    "This is still being worked on. Ask again in a moment with the same key.", retry_after_s=1
                ) from error
            raise
        return _replay(scope, key, fingerprint) if response is None else response

    guarded.idempotent = True  # type: ignore[attr-defined]  # the OpenAPI schema adds the header
    return guarded


def forget_old(*, now: datetime) -> int:
    """Delete answers older than 48 hours. Returns how many."""
    return IdempotencyKey.objects.filter(created_at__lt=now - KEEP_FOR).delete()[0]


def _first_time(
    self: Any,
    view: Callable[..., Response],
    request: Request,
    args: Any,
    kwargs: Any,
    scope: str,
    key: str,
    fingerprint: str,
) -> Response | None:
    """Run the view under the key. None when the key has an answer already."""
    try:
        with transaction.atomic():
            key_id = _insert(scope, key, fingerprint)
            if key_id is None:
                return None
            response = view(self, request, *args, **kwargs)
            if _is_for_later(response):
                transaction.set_rollback(True)
            else:
                _store(key_id, response)
            return response
    except (Refusal, APIException, Http404, PermissionDenied) as refusal:
        # The view's writes are undone together with the key, without a savepoint on the way of those that succeed.
        response = self.handle_exception(refusal)
    if _is_for_later(response):
        return response
    with transaction.atomic():
        key_id = _insert(scope, key, fingerprint)
        if key_id is None:
            return None  # somebody else ran in between: their answer is the one everybody gets
        _store(key_id, response)
    return response


def _is_for_later(response: Response) -> bool:
    """No answer to keep: asked again with the same key, it may be another one."""
    return response.status_code == TooMany.status or response.status_code >= 500


def _fingerprint(request: Request) -> str:
    try:
        body = request._request.body
    except RawPostDataException:  # something read the parsed data first
        body = json.dumps(request.data, sort_keys=True, default=str).encode()
    return hashlib.sha256(body).hexdigest()


def _insert(scope: str, key: str, fingerprint: str) -> int | None:
    """The new row's id, or None when the key is taken. One statement: the lock timeout is set on the way."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO kernel_idempotencykey (scope, key, fingerprint, body, headers, created_at)"
            " SELECT %s, %s, %s, '', '{}', now() FROM set_config('lock_timeout', %s, true) AS t(set) WHERE t.set <> ''"
            " ON CONFLICT (scope, key) DO NOTHING RETURNING id",
            [scope, key, fingerprint, f"{WAIT_S * 1000}"],
        )
        row = cursor.fetchone()
    return None if row is None else int(row[0])


def _store(key_id: int, response: Response) -> None:
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    body = "" if response.data is None else dumps(response.data).decode()
    IdempotencyKey.objects.filter(pk=key_id).update(status=response.status_code, body=body, headers=headers)


def _replay(scope: str, key: str, fingerprint: str) -> Response:
    kept = IdempotencyKey.objects.get(scope=scope, key=key)
    if kept.fingerprint != fingerprint:
        raise KeyReused("This Idempotency-Key came with a different request before. Use a new key for a new request.")
    assert kept.status is not None, "committed without an answer"
    content_type = "application/problem+json" if kept.status >= 400 else None
    return Response(
        json.loads(kept.body) if kept.body else None,
        status=kept.status,
        headers={**kept.headers, REPLAY_HEADER: "true"},
        content_type=content_type,
    )
