"""What every operation of the OpenAPI schema says besides its own: how it may refuse, what may be asked of a read, how
long an input may be, and the Idempotency-Key where one is needed.

A view names only what is its own. What follows from how it is built (who may call it, whether it has a body, whether it
is a read) is worked out here, so that it cannot be forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Literal

from drf_spectacular.openapi import AutoSchema as SpectacularAutoSchema
from drf_spectacular.plumbing import ResolvedComponent, force_instance, is_basic_type
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers
from rest_framework.permissions import AllowAny, IsAuthenticated

from blinkit.kernel.api import LONGEST_PATH_PART, LONGEST_QUERY_VALUE, MOST_ID, Mask, UnknownField
from blinkit.kernel.idempotency import HEADER

READS = ("GET", "HEAD")
REFUSALS = {
    400: "Something in the request is not right: `errors` says what, by field.",
    401: "Sign in, or sign in again.",
    403: "This person may not do this, or not here.",
    404: "There is nothing here, or it is somebody else's.",
    406: "We answer in JSON only.",
    409: "This has changed meanwhile, or its state does not allow it: `type` says which.",
    413: "More than we take at once.",
    415: "Send JSON.",
    422: "The Idempotency-Key came with another body before.",
    429: "Too many requests: wait for `Retry-After` seconds.",
    503: "Something this needs is down or busy: try again after `Retry-After` seconds.",
}
MOST_ASKED = 99_999
KEY = OpenApiParameter(
    HEADER,
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    OpenApiParameter.HEADER,
    required=True,
    description="A new value for each new intention; the same value gives the same answer.",
)
PLACE = {"lat": 90, "lng": 180}


def text(name: str, *, longest: int, description: str = "", required: bool = False) -> OpenApiParameter:
    """A query parameter that is a text of so many characters."""
    return OpenApiParameter(name, {"type": "string", "maxLength": longest}, required=required, description=description)


def whole(name: str, *, least: int, most: int, default: int | None = None, description: str = "") -> OpenApiParameter:
    """A query parameter that is a whole number in these bounds."""
    schema: dict[str, Any] = {"type": "integer", "minimum": least, "maximum": most}
    if default is not None:
        schema["default"] = default
    return OpenApiParameter(name, schema, description=description)


def place(*, required: bool = False, description: str = "Decimal degrees.") -> list[OpenApiParameter]:
    """`lat` and `lng`."""
    return [
        OpenApiParameter(
            name, {"type": "number", "minimum": -most, "maximum": most}, required=required, description=description
        )
        for name, most in PLACE.items()
    ]


def pages(*, most: int = 100, default: int = 40) -> list[OpenApiParameter]:
    """`cursor` and `page_size`, as kernel.api.CursorPagination reads them."""
    return [
        text("cursor", longest=LONGEST_QUERY_VALUE, description="From `next` or `previous` of another page."),
        whole(
            "page_size", least=1, most=MOST_ASKED, default=default, description=f"More than {most} counts as {most}."
        ),
    ]


class ImagesOut(serializers.Serializer[Any]):
    """Addresses of one picture; squares of 160, 320 and 1024 pixels, or one drawing three times."""

    thumb = serializers.CharField()
    card = serializers.CharField()
    zoom = serializers.CharField()


class AutoSchema(SpectacularAutoSchema):
    def get_override_parameters(self) -> list[Any]:
        parameters = []
        view: Any = type(self.view)
        if self.method in READS and shape_of(view) is not None:
            parameters.append(
                text(
                    "fields",
                    longest=LONGEST_QUERY_VALUE,
                    description="Only these fields of the answer, as in `items(sku,name),next_cursor`. An unknown one"
                    " is refused (400 `unknown-field`).",
                )
            )
        if "304" in _codes(self.get_response_serializers()):
            parameters.append(
                OpenApiParameter(
                    "If-None-Match",
                    OpenApiTypes.STR,
                    OpenApiParameter.HEADER,
                    description="The ETag you have: 304 without a body when nothing has changed.",
                )
            )
        if self._takes_key():
            parameters.append(KEY)
        return parameters

    def get_description(self) -> str:  # type: ignore[override]  # text, or none
        """The method's docstring, else the view's own. What a base class says is for those who write views."""
        view: Any = type(self.view)
        own = getattr(view, self.method.lower(), None), getattr(view, str(getattr(self.view, "action", "") or ""), None)
        if not any(found.__doc__ for found in own if found is not None) and not vars(view).get("__doc__"):
            return ""
        return str(super().get_description())

    def _takes_key(self) -> bool:
        handler = getattr(self.view, self.method.lower(), None)
        action = getattr(self.view, str(getattr(self.view, "action", "") or ""), None)
        return bool(getattr(handler, "idempotent", False) or getattr(action, "idempotent", False))

    def _get_parameters(self) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super()._get_parameters()
        for parameter in parameters:
            schema = parameter["schema"] = dict(parameter["schema"])
            name, kind = parameter["name"], schema.get("type")
            if kind == "string" and parameter["in"] != "header" and not {"maxLength", "enum", "format"} & schema.keys():
                schema["maxLength"] = LONGEST_PATH_PART if parameter["in"] == "path" else LONGEST_QUERY_VALUE
            if parameter["in"] == "path" and kind == "string" and "format" not in schema:
                schema.update(minLength=1, pattern="^[^/]+$")
            if parameter["in"] == "path" and kind == "integer":
                schema.setdefault("minimum", 0)
                schema.setdefault("maximum", MOST_ID)
            if kind == "number" and name in PLACE:
                schema.setdefault("minimum", -PLACE[name])
                schema.setdefault("maximum", PLACE[name])
        return parameters

    def map_parsers(self) -> list[Any]:
        """Forms are for files: everything else is described as JSON alone."""
        found: list[Any] = super().map_parsers()
        serializer = force_instance(self.get_request_serializer())
        files = any(isinstance(field, serializers.FileField) for field in getattr(serializer, "fields", {}).values())
        return found if files or found == ["multipart/form-data"] else [it for it in found if "multipart" not in it]

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        if direction == "request":  # of a callback: somebody else's answer
            return bodies
        for code in sorted({*self._refusals(), *(int(code) for code in bodies if code >= "400")}):
            declared = bodies.get(str(code), {})
            bodies[str(code)] = {
                "description": declared.get("description") or REFUSALS.get(code, "Refused."),
                "content": {"application/problem+json": {"schema": self._problem().ref}},
            }
        return bodies

    def _refusals(self) -> Iterator[int]:
        """Which ways to say no follow from how the view is built."""
        unsafe = self.method not in READS
        signs_in = bool(self.view.get_authenticators())
        open_to = (AllowAny, IsAuthenticated)
        by_role = any(not isinstance(permission, open_to) for permission in self.view.get_permissions())
        has_body = self.method in ("POST", "PUT", "PATCH") and self.get_request_serializer() is not None
        has_path = "{" in self.path
        yield from (400, 406, 429, 503)
        if signs_in:
            yield 401
        if by_role or (signs_in and unsafe):  # a browser's session needs its CSRF token
            yield 403
        if has_path or by_role or (signs_in and has_body):  # the rider or the picker may have no record yet
            yield 404
        if signs_in and unsafe:
            yield 409
        if has_body:
            yield from (413, 415)
        if self._takes_key():
            yield 422

    def _problem(self) -> ResolvedComponent:
        component = ResolvedComponent(
            name="Problem",
            type=ResolvedComponent.SCHEMA,
            object="Problem",
            schema={
                "type": "object",
                "description": "RFC 9457. `type` never changes and is for programs; `detail` and `detail_local` are for"
                " people.",
                "properties": {
                    "type": {"type": "string", "examples": ["/problems/out-of-stock"]},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "detail": {"type": "string", "description": "A sentence in English, whoever reads it."},
                    "detail_local": {
                        "type": "string",
                        "description": "The same in the language of Accept-Language; only where it is another one and"
                        " the sentence is known in it. Show it rather than `detail`.",
                    },
                    "errors": {"type": "object", "additionalProperties": True},
                    "request_id": {"type": "string"},
                },
                "required": ["type", "title", "status", "detail"],
                "additionalProperties": True,
            },
        )
        self.registry.register_on_missing(component)
        return component


# -- the shape of a read, for `?fields=` ------------------------------------------------------------------------------

Shape = dict[str, "Shape | Literal['open'] | None"]
"""What an answer has, by name; None: nothing beneath it; "open": names that are not known beforehand."""


@cache
def shape_of(view: Any) -> Shape | None:
    """What a GET of this view class answers; None when that is no JSON object, nor a list of them."""
    handler = getattr(view, "get", None)
    if handler is None:
        return None
    made = getattr(handler, "kwargs", {}).get("schema") or type(view.schema)
    instance = view()
    instance.request = instance.format_kwarg = None  # type: ignore[assignment]
    instance.args, instance.kwargs, instance.swagger_fake_view = (), {}, True  # type: ignore[attr-defined]
    schema = (made if isinstance(made, type) else type(made))()
    schema.view, schema.method, schema.path, schema.path_regex = instance, "GET", "", ""
    found = schema.get_response_serializers()
    if isinstance(found, dict):
        found = next((it for code, it in found.items() if str(code) == "200"), None)
    if isinstance(found, OpenApiResponse):
        found = found.response
    if found is None or is_basic_type(found) or isinstance(found, dict):
        return None
    shape = _shape(force_instance(found))
    if not isinstance(shape, dict):
        return None
    if getattr(view, "pagination_class", None) and schema._is_list_view(found):
        return {"next": None, "previous": None, "results": shape}
    return shape


def check_fields(mask: Mask, view: Any) -> None:
    """Raises UnknownField for the first name this view's answer does not have."""
    shape = shape_of(view)
    if shape is not None:
        _check(mask, shape, "")


def _check(mask: Mask, shape: Shape | Literal["open"] | None, way: str) -> None:
    if shape == "open":
        return
    for name, inner in mask.items():
        if shape is None or name not in shape:
            field = f"{way}{name}"
            sentence = f"There is no {field}."
            if shape:
                sentence += f" There is: {', '.join(sorted(shape))}."
            raise UnknownField(f"fields: {sentence}", field=field, errors={"fields": [sentence]})
        if inner is not None:
            _check(inner, shape[name], f"{way}{name}.")


def _shape(field: Any) -> Shape | Literal["open"] | None:
    if isinstance(field, serializers.ListSerializer | serializers.ListField):
        return _shape(field.child)
    if isinstance(field, serializers.DictField | serializers.JSONField | serializers.SerializerMethodField):
        return "open"
    if isinstance(field, serializers.BaseSerializer):
        return {name: _shape(inner) for name, inner in getattr(field, "fields", {}).items()}
    return None


def _codes(responses: Any) -> set[str]:
    if not isinstance(responses, dict):
        return set()
    return {str(code[0] if isinstance(code, tuple) else code) for code in responses}
