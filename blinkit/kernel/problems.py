"""Refusals and framework errors as answers: application/problem+json (RFC 9457) for programs, a page or toast for
people."""

from typing import Any

import orjson
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import InputStreamExhausted, MultiPartParserError
from django.template.loader import render_to_string
from django.urls import is_valid_path
from django.utils.translation import gettext_noop as _
from rest_framework import exceptions as drf
from rest_framework_simplejwt.exceptions import AuthenticationFailed as TokenRefused

from blinkit.kernel.context import request_id
from blinkit.kernel.errors import Invalid, NotAllowed, NotFound, Refusal, SignInNeeded, TooMany, Unavailable
from blinkit.kernel.said import say
from blinkit.kernel.words import said

PROBLEM_TYPE = "application/problem+json"


class Malformed(Invalid):
    """The body, the address or a character in them cannot be read."""

    code = "malformed"


class BodyTooLarge(Refusal):
    code = "body-too-large"
    status = 413
    default_detail = _("This is more than we take at once.")


class MethodNotAllowed(Refusal):
    code = "method-not-allowed"
    status = 405
    default_detail = _("This method is not for this address: the Allow header names those that are.")


class NotAcceptable(Refusal):
    code = "not-acceptable"
    status = 406
    default_detail = _(
        "There is no such form of this answer. Leave the Accept header out, or ask for application/json."
    )


class UnsupportedMediaType(Refusal):
    code = "unsupported-media-type"
    status = 415
    default_detail = _("Send JSON, with Content-Type: application/json; or a form, where a file belongs to it.")


class OurFault(Refusal):
    code = "internal-error"
    status = 500
    default_detail = _("Something went wrong on our side. It has been noted; please try again.")


_DRF_KINDS: tuple[tuple[type[drf.APIException], type[Refusal]], ...] = (
    (drf.ParseError, Malformed),
    (drf.AuthenticationFailed, SignInNeeded),
    (drf.NotAuthenticated, SignInNeeded),
    (drf.PermissionDenied, NotAllowed),
    (drf.NotFound, NotFound),
    (drf.NotAcceptable, NotAcceptable),
)
TOKEN_NOT_GOOD = _("This token is not valid, or not any more: refresh it, or sign in again.")


def as_refusal(error: BaseException) -> Refusal | None:
    """The refusal that says what this error means to a caller; None when it is a bug."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, drf.APIException):
        return _of_rest(error)
    if isinstance(error, DjangoValidationError):
        return _invalid(error.message_dict if hasattr(error, "error_dict") else error.messages)
    if isinstance(error, Http404):
        return NotFound()
    if isinstance(error, PermissionDenied):
        return NotAllowed(str(error))
    if isinstance(error, MultiPartParserError | InputStreamExhausted):
        return Malformed("This form cannot be read.")
    if isinstance(error, RequestDataTooBig):
        return BodyTooLarge()
    if isinstance(error, SuspiciousOperation):
        return Malformed()
    if isinstance(error, ValueError | DataError) and _holds_unkeepable_text(error):
        return Malformed("There is a character in this that no text may have.")
    if isinstance(error, OperationalError | InterfaceError):
        # No connection, no free connection in the pool in time, a deadlock: all pass.
        return Unavailable("We are very busy right now. Try again in a moment.", retry_after_s=1)
    return None


def _of_rest(error: drf.APIException) -> Refusal:
    """The refusal for an error of the REST framework."""
    if isinstance(error, drf.ValidationError):
        return _invalid(error.detail)
    if isinstance(error, drf.Throttled):
        wait_s = max(1, int(getattr(error, "wait", None) or 1))
        return TooMany(f"Too many requests. Try again in {wait_s} seconds.", retry_after_s=wait_s)
    # The framework's own sentences say less than ours, and come in whatever language is active.
    if isinstance(error, TokenRefused):
        return SignInNeeded(TOKEN_NOT_GOOD)
    if isinstance(error, drf.MethodNotAllowed):
        return MethodNotAllowed()
    if isinstance(error, drf.UnsupportedMediaType):
        return UnsupportedMediaType()
    for kind, ours in _DRF_KINDS:
        if isinstance(error, kind):
            sentence = _sentence(error.detail)
            return ours("" if sentence == str(error.default_detail) else sentence)
    return _of_status(int(error.status_code), _sentence(error.detail))


def _invalid(detail: Any) -> Invalid:
    errors = _by_field(detail)
    return Invalid(_first_sentence(errors), errors=errors)


def _holds_unkeepable_text(error: Exception) -> bool:
    """PostgreSQL keeps no NUL and UTF-8 no half surrogate; whoever sends one wants to see what happens."""
    if isinstance(error, UnicodeEncodeError):
        return "surrogates" in error.reason
    return "NUL (0x00)" in str(error)


def encodable(value: Any) -> Any:
    """The same with "?" for what UTF-8 cannot carry."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {encodable(name): encodable(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [encodable(inner) for inner in value]
    return value


def problem_body(refusal: Refusal) -> dict[str, Any]:
    """`detail` is English and stable; a reader of another language gets `detail_local` as well."""
    local = said(refusal.detail)
    return {
        "type": f"/problems/{refusal.code}",
        "title": refusal.title,
        "status": refusal.status,
        "detail": refusal.detail,
        **({"detail_local": local} if local != refusal.detail else {}),
        **refusal.extra,
        "request_id": request_id.get(),
    }


def problem_headers(refusal: Refusal) -> dict[str, str]:
    wait_s = refusal.extra.get("retry_after_s")
    return {} if wait_s is None else {"Retry-After": str(max(1, int(wait_s)))}


def answer(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """The refusal in the form the caller understands."""
    if wants_json(request):
        body = orjson.dumps(encodable(problem_body(refusal)), default=str, option=orjson.OPT_NON_STR_KEYS)
        response = HttpResponse(body, content_type=PROBLEM_TYPE, status=refusal.status)
    else:
        # Rendered without the request: an error page must not need a session or a database.
        context = {
            "refusal": refusal, "status": refusal.status, "request_id": request_id.get(), "request": request,
            "start": _start_of(request.path) if refusal.status not in (401, 403) else "/",
        }  # fmt: skip
        if request.headers.get("HX-Request") == "true":
            response = _page("errors/toast.html", context, refusal.status)
            response["HX-Retarget"] = "#toasts"
            response["HX-Reswap"] = "beforeend"
        else:
            response = _page("errors/refusal.html", context, refusal.status)
    for name, value in problem_headers(refusal).items():
        response[name] = value
    if refusal.status == 429 or refusal.status >= 500:
        response["Cache-Control"] = "no-store"
    return response


def _start_of(path: str) -> str:
    """The first page of whoever works there: a rider goes back to the ride, not into the shop."""
    return next((place for place in ("/rider/", "/store/", "/ops/") if path.startswith(place) and path != place), "/")


def _page(template: str, context: dict[str, Any], status: int) -> HttpResponse:
    return HttpResponse(render_to_string(template, context).encode("utf-8", "replace"), status=status)


def wants_json(request: HttpRequest) -> bool:
    if request.path.startswith(("/api/", "/graphql", "/metrics", "/health/")):
        return True
    accept = request.headers.get("Accept", "")
    return "json" in accept and "text/html" not in accept


# The handlers of blinkit/urls.py.


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, as_refusal(exception) or Invalid())


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return answer(request, as_refusal(exception) if isinstance(exception, PermissionDenied) else NotAllowed())  # type: ignore[arg-type]


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return answer(request, NotAllowed("This page has been open for too long. Reload it and try again."))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not request.path.endswith("/") and is_valid_path(f"{request.path}/"):
        return answer(request, NotFound(say("This address ends with a slash: {address}", address=f"{request.path}/")))
    return answer(request, NotFound())


def server_error(request: HttpRequest) -> HttpResponse:
    return answer(request, OurFault())


def _of_status(status: int, detail: str) -> Refusal:
    class Other(Refusal):
        code = f"http-{status}"

    Other.status = status
    return Other(detail)


def _sentence(detail: Any) -> str:
    if isinstance(detail, dict):
        detail = detail.get("detail") or next(iter(detail.values()), "")
    if isinstance(detail, list):
        detail = detail[0] if detail else ""
    return str(detail)


def _by_field(detail: Any) -> dict[str, Any]:
    """Validation errors as {field: [sentences]}, nested as the request was."""
    if isinstance(detail, dict):
        return {str(field): _plain(found) for field, found in detail.items()}
    return {"non_field_errors": _plain(detail)}


def _plain(found: Any) -> Any:
    if isinstance(found, dict):
        return {str(field): _plain(inner) for field, inner in found.items()}
    if isinstance(found, list | tuple):
        return [_plain(inner) for inner in found]
    return str(found) if isinstance(found, str) else [str(found)]


_FIELD = "{field}: {sentence}"


def _first_sentence(errors: dict[str, Any]) -> str:
    """One sentence for a person: the first field that is wrong."""
    for field, found in errors.items():
        while isinstance(found, list | dict) and found:
            found = next((item for item in (found.values() if isinstance(found, dict) else found) if item), "")
        if found:
            return (
                str(found)
                if field in ("non_field_errors", "__all__")
                else say(_FIELD, field=field, sentence=str(found))
            )
    return str(Invalid.default_detail)
