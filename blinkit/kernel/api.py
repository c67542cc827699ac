"""What every API view shares: JSON, problems, pages of a list."""

from typing import Any

import orjson
from rest_framework.pagination import CursorPagination as DrfCursorPagination
from rest_framework.renderers import BaseRenderer
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from blinkit.kernel.problems import PROBLEM_TYPE, as_refusal, problem_body, problem_headers

_encoder = JSONEncoder()
_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z | orjson.OPT_PASSTHROUGH_SUBCLASS


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
    return orjson.dumps(value, default=_default, option=_OPTIONS)


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
