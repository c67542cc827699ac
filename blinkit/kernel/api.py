"""What every API view shares: JSON, problems, pages of a list."""

from typing import Any

import orjson
from django.conf import settings
from rest_framework.pagination import CursorPagination as DrfCursorPagination
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from blinkit.kernel.errors import Invalid
from blinkit.kernel.problems import (
    PROBLEM_TYPE,
    BodyTooLarge,
    Malformed,
    as_refusal,
    encodable,
    problem_body,
    problem_headers,
)

_encoder = JSONEncoder()
_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z | orjson.OPT_PASSTHROUGH_SUBCLASS

DEEPEST_JSON = 32
"""Levels of lists and objects in a request. No door needs more than five."""


def _default(value: Any) -> Any:
    # Subclasses pass through here because orjson would otherwise skip lazy or odd ones; the common ones are plain.
    if isinstance(value, dict):
        return dict(value)
    if isinstance(value, list | tuple):
        return list(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    return _encoder.default(value)


def dumps(value: Any) -> bytes:
    """JSON as every answer of the API has it."""
    try:
        return orjson.dumps(value, default=_default, option=_OPTIONS)
    except TypeError:  # text that no encoding can carry: half of a surrogate pair, which a stranger may have sent us
        return orjson.dumps(encodable(value), default=_default, option=_OPTIONS)


def loads(raw: bytes) -> Any:
    """What a stranger sent as JSON. Raises ValueError; never nests deeper than DEEPEST_JSON."""
    found = orjson.loads(raw)  # refuses NaN, half surrogates, and what would use up the stack
    # Most bodies have fewer brackets than levels are allowed, and need no walk.
    if raw.count(b"[") + raw.count(b"{") > DEEPEST_JSON:
        level = [found]
        for _ in range(DEEPEST_JSON + 1):
            level = [
                inner
                for item in level
                if isinstance(item, dict | list)
                for inner in (item.values() if isinstance(item, dict) else item)
            ]
        if level:
            raise ValueError("nested too deeply")
    return found


class JSONParser(BaseParser):
    """Bodies of requests: UTF-8, at most settings.DATA_UPLOAD_MAX_MEMORY_SIZE, nested at most DEEPEST_JSON deep."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
        raw = stream.read(most + 1)
        if len(raw) > most:
            raise BodyTooLarge(f"Send at most {most} bytes at once.")
        try:
            return loads(raw)
        except ValueError as error:
            raise Malformed(f"This is not JSON as we read it: {error}.") from error


class JSONRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        return b"" if data is None else dumps(data)


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Refusals and framework errors as application/problem+json; None (a 500) for bugs."""
    refusal = as_refusal(error)
    if refusal is None:
        return None
    from rest_framework.views import set_rollback  # late: the settings name this module while views load

    set_rollback()
    headers = problem_headers(refusal)
    if auth_header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    return Response(problem_body(refusal), status=refusal.status, headers=headers, content_type=PROBLEM_TYPE)


class CursorPagination(DrfCursorPagination):
    """Lists as {"next", "previous", "results"} with opaque cursors; newest first unless the view says otherwise."""

    ordering = "-pk"
    page_size_query_param = "page_size"
    max_page_size = 100

    def get_page_size(self, request: Request) -> int | None:
        """Refuses (Invalid) what is no size, instead of taking another one in silence; more than the most is the
        most."""
        raw = request.query_params.get("page_size", "")
        if not raw:
            return self.page_size
        if not (raw.isascii() and raw.isdigit() and len(raw) < 6 and int(raw) > 0):
            sentence = f"A whole number from 1 to {self.max_page_size}."
            raise Invalid(f"page_size: {sentence}", errors={"page_size": [sentence]})
        return min(int(raw), self.max_page_size)
