"""Refusals and framework errors, as problems and as pages."""

import pytest
from django.db import DataError, OperationalError
from django.http.multipartparser import MultiPartParserError
from django.test import Client
from rest_framework.request import Request

from blinkit.kernel.api import CursorPagination, dumps, loads
from blinkit.kernel.errors import Conflict, Invalid, Refusal
from blinkit.kernel.problems import answer as answer_to
from blinkit.kernel.problems import as_refusal, problem_body
from blinkit.kernel.tokens import TokenUser

pytestmark = pytest.mark.urls("blinkit.kernel.tests.doors")


@pytest.fixture
def quiet(client):
    client.raise_request_exception = False
    return client


def test_a_refusal_is_a_problem_with_its_facts_and_the_request_id(client):
    answer = client.get("/api/v1/errors/refusal", headers={"X-Request-ID": "abc-12345"})
    assert answer.status_code == 409
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["X-Request-ID"] == "abc-12345"
    assert answer.json() == {
        "type": "/problems/out-of-stock",
        "title": "Out of stock",
        "status": 409,
        "detail": "Some items just sold out.",
        "short": {"sku-1": 2},
        "request_id": "abc-12345",
    }


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        ("errors/http404", 404, "not-found"),
        ("errors/denied", 403, "not-allowed"),
        ("errors/database", 503, "unavailable"),
        ("errors/down", 503, "unavailable"),
        ("nowhere", 404, "not-found"),
        ("plain/refusal", 409, "out-of-stock"),
        ("plain/bug", 500, "internal-error"),
        ("errors/bug", 500, "internal-error"),
        ("riders", 401, "sign-in-needed"),
    ],
)
def test_every_error_has_the_same_shape(quiet, path, status, kind):
    answer = quiet.get(f"/api/v1/{path}")
    body = answer.json()
    assert (answer.status_code, body["type"], body["status"]) == (status, f"/problems/{kind}", status)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert body["request_id"] == answer.headers["X-Request-ID"]
    assert "secret" not in answer.content.decode()


def test_waiting_times_are_headers_too(client):
    assert client.get("/api/v1/errors/down").headers["Retry-After"] == "7"
    assert client.get("/api/v1/errors/database").headers["Retry-After"] == "1"


def test_invalid_fields_are_listed(client):
    answer = client.post("/api/v1/errors/x", {"quantity": 0}, content_type="application/json")
    body = answer.json()
    assert (answer.status_code, body["type"]) == (400, "/problems/invalid")
    assert list(body["errors"]) == ["quantity"]
    assert body["detail"].startswith("quantity: ")


def test_requests_that_cannot_be_read(client):
    broken = client.post("/api/v1/errors/x", "{", content_type="application/json")
    assert broken.json()["type"] == "/problems/malformed"
    strange = client.post("/api/v1/errors/x", "x", content_type="text/x-strange")
    assert (strange.status_code, strange.json()["type"]) == (415, "/problems/unsupported-media-type")
    wrong = client.delete("/api/v1/errors/x")
    assert (wrong.status_code, wrong.json()["type"]) == (405, "/problems/method-not-allowed")


def test_what_the_framework_refuses_says_what_to_do(client):
    for answer, words in (
        (client.get("/api/v1/riders"), "Please sign in first."),
        (client.delete("/api/v1/errors/x"), "the Allow header names those that are"),
        (client.get("/api/v1/riders", headers={"Accept": "text/xml"}), "ask for application/json"),
        (client.post("/api/v1/errors/x", "x", content_type="text/x-strange"), "Content-Type: application/json"),
    ):
        assert words in answer.json()["detail"], answer.json()


@pytest.mark.urls("blinkit.urls")
@pytest.mark.parametrize("given", ["Bearer x.y.z", "Bearer", "Bearer a b"])
def test_a_token_that_is_not_good_says_what_to_do(client, given):
    answer = client.get("/api/v1/me/", headers={"Authorization": given})
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="api"')
    assert "refresh it, or sign in again" in answer.json()["detail"]


@pytest.mark.urls("blinkit.urls")
def test_an_address_without_its_slash_is_named_and_no_post_becomes_a_get(client):
    answer = client.post("/api/v1/auth/otp", {"phone": "9900010001"}, content_type="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert answer.json()["detail"] == "This address ends with a slash: /api/v1/auth/otp/"
    assert client.get("/api/v1/stores")["Location"] == "/api/v1/stores/"
    assert "slash" not in client.post("/api/v1/nothing").json()["detail"]


def test_an_insane_request_id_is_replaced(client):
    for given in ("x", "a" * 65, 'abc"defghijk', "näää-12345"):
        assert client.get("/page/fine", headers={"X-Request-ID": given}).headers["X-Request-ID"] != given


def test_roles_open_doors(api):
    assert api(TokenUser(7, ["rider"])).get("/api/v1/riders").json() == {"id": 7}
    assert api(TokenUser(7, ["ops", "customer"])).get("/api/v1/riders").status_code == 200
    refused = api(TokenUser(7, ["customer"])).get("/api/v1/riders")
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/not-allowed")
    bad = api().get("/api/v1/riders", HTTP_AUTHORIZATION="Bearer x.y.z")
    assert bad.status_code == 401
    assert bad.headers["WWW-Authenticate"] == "Bearer"


def test_a_page_says_it_in_a_sentence_and_keeps_the_status(quiet):
    answer = quiet.get("/page/refusal")
    assert answer.status_code == 409
    assert "Some items just sold out." in answer.content.decode()
    assert answer.headers["Content-Type"].startswith("text/html")
    assert quiet.get("/nowhere").status_code == 404
    bug = quiet.get("/page/bug")
    assert bug.status_code == 500
    assert "secret" not in bug.content.decode()


def test_htmx_gets_a_toast(client):
    answer = client.get("/page/refusal", headers={"HX-Request": "true"})
    assert answer.status_code == 409
    assert answer.headers["HX-Retarget"] == "#toasts"
    assert "Some items just sold out." in answer.content.decode()
    assert "<html" not in answer.content.decode()


def test_a_page_asked_for_as_json_answers_json(client):
    answer = client.get("/page/refusal", headers={"Accept": "application/json"})
    assert answer.json()["type"] == "/problems/out-of-stock"


def test_web_role_sends_strangers_to_sign_in_and_back(client):
    answer = client.get("/managers?x=1")
    assert answer.status_code == 302
    assert answer.headers["Location"].endswith("?next=/managers%3Fx%3D1")


def test_web_role_tells_the_wrong_role(rf, settings):
    from blinkit.kernel.errors import NotAllowed
    from blinkit.kernel.tests.doors import managers

    request = rf.get("/managers")
    request.user = TokenUser(1, ["rider"])
    with pytest.raises(NotAllowed, match="store managers"):
        managers(request)
    request.user = TokenUser(1, ["store_manager"])
    assert managers(request).status_code == 200


def test_csrf_failure_is_a_sentence():
    answer = Client(enforce_csrf_checks=True).post("/page/fine")
    assert answer.status_code == 403
    assert "Reload" in answer.content.decode()


def test_only_known_errors_are_refusals():
    assert as_refusal(RuntimeError("x")) is None
    assert as_refusal(OperationalError("x")).status == 503
    refusal = Conflict("Now.", a=1)
    assert as_refusal(refusal) is refusal
    assert Refusal().detail


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"quantity":' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"quantity":' + b"[" * 33 + b"]" * 33 + b"}",
        b'{"quantity": "\\ud800"}',
        b'{"quantity": NaN}',
        b"\xff\xfe",
        b'{"quantity": 1',
    ],
)
def test_what_is_no_json_is_the_senders_fault(client, body):
    answer = client.post("/api/v1/errors/x", data=body, content_type="application/json")
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/malformed")


def test_bodies_of_many_short_lists_and_as_deep_as_allowed_are_read():
    assert loads(b"[" + b",".join([b'{"a":[1]}'] * 100) + b"]") == [{"a": [1]}] * 100
    assert loads(b"[" * 32 + b"]" * 32)
    with pytest.raises(ValueError, match="deep"):
        loads(b"[" * 33 + b"1" + b"]" * 33)


def test_a_body_has_a_most_size(client, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    answer = client.post("/api/v1/errors/x", data=b'"' + b"x" * 1000 + b'"', content_type="application/json")
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/body-too-large")


def test_text_that_cannot_be_encoded_does_not_break_an_answer(rf):
    refusal = Refusal("No \ud800 here.", errors={"a\udfff": ["\ud800", 1]})
    assert dumps(problem_body(refusal)).startswith(b'{"type":"/problems/')
    assert b"No ? here." in answer_to(rf.get("/api/x"), refusal).content
    assert b"No ? here." in answer_to(rf.get("/x"), refusal).content


@pytest.mark.parametrize(
    "path", ["/api/v1/errors/a%00b", "/api/v1/errors/x?q=%00", "/page/a%00b", "/page/x?q=a%00", "/health/live?%00"]
)
def test_a_nul_in_an_address_is_the_senders_fault(client, path):
    answer = client.get(path)
    assert answer.status_code == 400
    assert b"NUL" in answer.content


def test_a_nul_that_reaches_the_database_is_the_senders_fault():
    for error in (
        ValueError("A string literal cannot contain NUL (0x00) characters."),
        DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes"),
    ):
        refusal = as_refusal(error)
        assert refusal is not None and refusal.status == 400
    with pytest.raises(UnicodeEncodeError) as raised:
        "\ud800".encode()
    assert as_refusal(raised.value).status == 400
    assert as_refusal(ValueError("bug")) is None


@pytest.mark.parametrize(
    "kind", ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\xff"]
)
def test_a_broken_form_is_a_problem_too(quiet, kind):
    answer = quiet.post("/api/v1/errors/x", data=b"garbage", content_type=kind)
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["detail"]
    assert as_refusal(MultiPartParserError("Invalid boundary")).code == "malformed"


def test_answers_of_the_api_stay_in_no_cache(client):
    for path in ("errors/fine", "errors/refusal", "nowhere"):
        answer = client.get(f"/api/v1/{path}")
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Authorization" in answer.headers["Vary"]
    assert "Authorization" not in client.get("/page/fine").headers.get("Vary", "")


@pytest.mark.parametrize("given", ["null", "0", "-1", "²", "9" * 30, "1.5"])
def test_a_page_size_that_is_none_is_refused(rf, given):
    with pytest.raises(Invalid):
        CursorPagination().get_page_size(Request(rf.get("/", {"page_size": given})))


@pytest.mark.parametrize(("given", "size"), [("", 40), ("7", 7), ("500", 100)])
def test_page_sizes(rf, given, size):
    assert CursorPagination().get_page_size(Request(rf.get("/", {"page_size": given}))) == size
