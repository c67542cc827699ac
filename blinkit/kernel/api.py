"""What every API view shares: JSON, problems, pages of a list, sparse fields, the limits of an address."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
from django.conf import settings
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import DataError
from django.http import HttpRequest
from django.utils.dateparse import parse_datetime
from django.utils.translation import override
from rest_framework.exceptions import NotFound as DrfNotFound
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.pagination import CursorPagination as DrfCursorPagination
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from blinkit.kernel.errors import Invalid, NotFound
from blinkit.kernel.problems import (
    PROBLEM_TYPE,
    BodyTooLarge,
    Malformed,
    as_refusal,
    encodable,
    problem_body,
    problem_headers,
)
from blinkit.kernel.words import SPOKEN

if TYPE_CHECKING:
    from rest_framework.serializers import BaseSerializer

_encoder = JSONEncoder()
_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z | orjson.OPT_PASSTHROUGH_SUBCLASS

DEEPEST_JSON = 32
"""Levels of lists and objects in a request. No door needs more than five."""
LONGEST_QUERY_VALUE = 500
"""Characters of one value after the question mark. Doors that take less say so themselves."""
LONGEST_PATH_PART = 100
"""Characters of one part of a path. A longer one names nothing we have."""
MOST_ID = 2**63 - 1
"""Of a number that names a row. A larger one names nothing we have."""
DEEPEST_FIELDS = 6
MOST_FIELDS = 100


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
    most_bytes: int | None = None
    """Less than the settings allow, where a door needs less."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        most = self.most_bytes or settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
        raw = stream.read(most + 1)
        if len(raw) > most:
            raise BodyTooLarge(f"Send at most {most} bytes at once.")
        try:
            return loads(raw)
        except ValueError as error:
            raise Malformed(f"This is not JSON as we read it: {error}.") from error


def parsed(serializer: "BaseSerializer[Any]") -> dict[str, Any]:
    """What was sent, in its shape. Raises ValidationError in English, as every `detail` is: the answer adds the
    reader's language."""
    with override(SPOKEN):
        serializer.is_valid(raise_exception=True)
    values: dict[str, Any] = serializer.validated_data
    return values


class JSONRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        if data is None:
            return b""
        context = renderer_context or {}
        response, request = context.get("response"), context.get("request")
        if request is not None and response is not None and response.status_code == 200:
            data = sparse(request, data)
        return dumps(data)


# -- sparse fields: `?fields=items(sku,name),next_cursor` -------------------------------------------------------------

Mask = dict[str, "Mask | None"]
"""What was asked for, by name; None: with everything beneath it."""


class UnknownField(Invalid):
    """`field` names it, with the way to it."""

    code = "unknown-field"


_FIELD_TOKEN = re.compile(r"\s*([a-z][a-z0-9_]{0,60}|[(),])")


def parse_fields(text: str) -> Mask:
    """`a,b(c,d(e))` as {"a": None, "b": {"c": None, "d": {"e": None}}}. Raises Invalid for anything else."""
    mask: Mask = {}
    stack, position, names, expected = [mask], 0, 0, "name"
    last = ""
    text = text.rstrip()
    while position < len(text):
        match = _FIELD_TOKEN.match(text, position)
        if match is None:
            raise _bad_fields()
        token, position = match.group(1), match.end()
        if token == "(":
            if expected != "after" or not last or len(stack) >= DEEPEST_FIELDS:
                raise _bad_fields()
            inner: Mask = {}
            stack[-1][last] = inner
            stack.append(inner)
            expected = "name"
        elif token == ")":
            if expected != "after" or len(stack) == 1:
                raise _bad_fields()
            stack.pop()
            last = ""
        elif token == ",":
            if expected != "after":
                raise _bad_fields()
            expected = "name"
        else:
            names += 1
            if expected != "name" or names > MOST_FIELDS:
                raise _bad_fields()
            stack[-1][token] = None
            last, expected = token, "after"
    if expected != "after" or len(stack) != 1:
        raise _bad_fields()
    return mask


def _bad_fields() -> Invalid:
    sentence = (
        f"Names of the answer's fields with commas between and brackets for what is inside, as in items(sku,name);"
        f" at most {MOST_FIELDS}, {DEEPEST_FIELDS} deep."
    )
    return Invalid(f"fields: {sentence}", errors={"fields": [sentence]})


def pick(data: Any, mask: Mask) -> Any:
    """Only what the mask names; in a list, of each item."""
    if isinstance(data, Mapping):
        return {
            name: data[name] if inner is None else pick(data[name], inner)
            for name, inner in mask.items()
            if name in data
        }
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        return [pick(item, mask) for item in data]
    return data


def sparse(request: Request | HttpRequest, data: Any) -> Any:
    """`data` as the caller wants to read it: with `?fields=` only those."""
    mask: Mask | None = getattr(getattr(request, "_request", request), "sparse_fields", None)
    return data if mask is None else pick(data, mask)


class Negotiation(DefaultContentNegotiation):
    """What a caller may ask of an answer, checked before any view's own code: its form, and which of its fields.

    The lengths of query values and path parts are held here too, because every view passes here first.
    """

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        chosen: tuple[BaseRenderer, str] = super().select_renderer(request, renderers, format_suffix)
        view = (request.parser_context or {}).get("view")
        parts = getattr(view, "kwargs", {}).values()
        if any(part > MOST_ID if isinstance(part, int) else len(str(part)) > LONGEST_PATH_PART for part in parts):
            raise NotFound()
        for name, values in request.query_params.lists():
            if any(len(value) > LONGEST_QUERY_VALUE for value in values):
                sentence = f"At most {LONGEST_QUERY_VALUE} characters."
                raise Invalid(f"{name[:60]}: {sentence}", errors={name[:60]: [sentence]})
        if "fields" in request.query_params and request.method in ("GET", "HEAD") and view is not None:
            from blinkit.kernel.schema import check_fields  # late: the settings name this module while views load

            mask = parse_fields(request.query_params["fields"])
            check_fields(mask, type(view))
            request._request.sparse_fields = mask  # type: ignore[attr-defined]
        return chosen


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

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        """Refuses (Invalid) a cursor that we did not make."""
        try:
            return super().paginate_queryset(queryset, request, view=view)
        except (DrfNotFound, DjangoValidationError, ValueError, OverflowError, DataError) as error:
            if not request.query_params.get(self.cursor_query_param):
                raise
            sentence = "Start again without a cursor: this is none of ours."
            raise Invalid(f"cursor: {sentence}", errors={"cursor": [sentence]}) from error

    def decode_cursor(self, request: Request) -> Any:
        cursor = super().decode_cursor(request)
        position = getattr(cursor, "position", None)
        if position and (moment := _moment(position)) is not None and moment.tzinfo is None:
            raise DrfNotFound  # we write instants with their offset
        return cursor

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """As kernel.schema.pages writes them, for views that name this class."""
        found: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        for parameter in found:
            if parameter["name"] == self.page_size_query_param:
                parameter["schema"] = {"type": "integer", "minimum": 1, "maximum": 99_999, "default": self.page_size}
                parameter["description"] = f"More than {self.max_page_size} counts as {self.max_page_size}."
        return found

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


def _moment(text: str) -> datetime | None:
    try:
        return parse_datetime(text)
    except ValueError:
        return None
