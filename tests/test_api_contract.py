"""What every door of the REST API keeps, walked over the OpenAPI document: a new door is judged without being named.

Each refusal says what to do. The short lists are exceptions with a reason; an entry that is not needed fails too.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator

from accounts.tests.factories import UserFactory
from catalog.tests.factories import ProductFactory
from orders.tests.factories import address, customer, full_cart, place_order, shop

EVERYBODY = ["picker", "store_manager", "rider", "ops", "support", "admin"]

UNBOUNDED: dict[str, str] = {
    "header If-None-Match": "compared only; the web server bounds the length of header lines",
    "body file": "a file: the size of a body is bounded, and papers are checked where they are kept",
    "body photo": "a file: the size of a body is bounded, and photos are checked where they are kept",
}
"""Inputs without a length or a range."""

REPEATABLE: dict[str, str] = {
    "/auth/otp/": "asking again within a minute is refused, and only the newest code counts",
    "/auth/otp/verify/": "a code is used up",
    "/auth/firebase/": "signs in; nothing is created twice for a phone",
    "/auth/refresh/": "a refresh token is used up",
    "/auth/sign-out/": "signed out is signed out",
    "/auth/sign-out-everywhere/": "signed out is signed out",
    "/waitlist/": "one row per phone",
    "/cart/adopt/": "the guest's cart is gone after the first time",
    "/me/devices/": "the push token is the key",
    "/me/messages/{message_id}/read/": "read is read",
    "/me/messages/read/": "read is read",
    "/rider/duty/": "sets a state",
    "/rider/vehicle/": "sets a state",
    "/rider/gigs/{gig_id}/book/": "one place per rider and gig",
    "/rider/gigs/{gig_id}/cancel/": "given back is given back",
    "/rider/break/": "one live break per shift",
    "/rider/break/end/": "ended is ended",
    "/rider/positions/": "the newest position counts",
    "/rider/offers/{offer_id}/decline/": "declined is declined",
    "/rider/trip/at-store/": "the first time counts",
    "/rider/stops/{stop_id}/pick-up/": "the first time counts",
    "/rider/stops/{stop_id}/bag/": "each scan carries a nonce",
    "/rider/stops/{stop_id}/depart/": "the first time counts",
    "/rider/stops/{stop_id}/arrive/": "the first time counts",
    "/rider/deductions/{deduction_id}/dispute/": "disputed is disputed",
    "/rider/stops/{stop_id}/first/": "first is first",
    "/rider/stops/{stop_id}/wait/": "one wait per stop",
    "/rider/stops/{stop_id}/call/": "each press carries a nonce",
    "/rider/stops/{stop_id}/gate/": "one note per rider and door",
    "/rider/stops/{stop_id}/chat/": "each message carries a nonce",
    "/rider/stops/{stop_id}/chat/flag/": "one flag per message and side",
    "/rider/trip/bag/": "each scan carries a nonce",
    "/rider/trip/back/": "the first time counts",
    "/rider/trip/put-down/": "put down is put down",
    "/rider/trip/take-over/": "taken is taken",
    "/rider/incidents/": "carries a nonce",
    "/rider/sos/": "carries a nonce, and one SOS of a rider is live",
    "/orders/{order_id}/chat/": "each message carries a nonce",
    "/orders/{order_id}/chat/flag/": "one flag per message and side",
    "/orders/{order_id}/call/": "each press carries a nonce",
    "/orders/{order_id}/door/": "sets an answer",
    "/orders/{order_id}/pin/": "sets a place",
    "/floor/stores/{code}/shift/end/": "ended is ended",
    "/floor/stores/{code}/break/end/": "ended is ended",
    "/floor/stores/{code}/next/": "gives the task in hand when there is one",
    "/floor/stores/{code}/walk/": "each action carries a nonce",
    "/floor/tasks/{task_id}/scan/": "each scan carries a nonce",
    "/floor/tasks/{task_id}/short/": "carries a nonce",
    "/floor/tasks/{task_id}/undo/": "carries a nonce",
    "/floor/tasks/{task_id}/substitute/": "carries a nonce",
    "/floor/tasks/{task_id}/weigh/": "packs nothing; each weighing that is off is evidence of its own",
    "/floor/stores/{code}/handover/": "each scan carries a nonce",
    "/orders/{order_id}/claims/photos/": "the same picture of an order is kept once, and 12 at most",
    "/lists/{list_id}/share/": "signs a link and keeps nothing",
    "/orders/{order_id}/share/": "signs a link and keeps nothing",
    "/me/deletion/": "asked is asked: the first date stays",
    "/me/email/": "one more e-mail with a link, at most five an hour",
    "/me/email/verify/": "verified is verified",
    "/stock/sync/": "each line carries a sequence number",
    "/baskets/compare/": "writes nothing",
    "/query/": "asks, and changes nothing but the log of questions",
    "/query/feedback/": "the last word about an answer counts",
    "/referral/": "a person enters one code, and the same again is silent",
}
"""POSTs without an Idempotency-Key, and why a second one does no harm."""

SHORT_LISTS: dict[str, str] = {
    "/me/addresses/": "at most 20",
    "/lists/": "at most 30",
    "/lists/{list_id}/": "one list, at most 60 items",
    "/stores/": "the map of where we are wants them all",
    "/stores/{code}/categories/": "a tree of some dozens",
    "/stores/{code}/search/": "`limit`, best first: nobody reads on past it",
    "/stores/{code}/suggest/": "at most eleven",
    "/stores/{code}/products/{sku}/goes-with/": "`limit`",
    "/stores/{code}/products/{sku}/similar/": "`limit`",
    "/stores/{code}/buy-again/": "`limit`",
    "/stores/{code}/offers/": "`limit`",
    "/me/devices/": "at most ten",
    "/stores/{code}/favourites/": "at most 300 marks a person",
    "/stores/{code}/restock-alerts/": "at most 100 waits a person",
    "/cart/goes-with/": "`limit`",
    "/stores/{code}/price-watches/": "at most 100 asked for and 300 favourites a person",
    "/lists/shared/{token}/": "one list, at most 60 items",
    "/orders/{order_id}/claims/": "at most 100 of an order",
    "/me/sign-ins/": "the newest 50",
    "/rider/incidents/": "the rider's newest 50",
    "/rider/papers/": "six kinds of papers",
    "/rider/gigs/": "a week at one store, at most 100",
    "/market/alerts/": "at most 50 a person, 200 of staff",
}
"""Lists without a cursor, and what keeps them short."""


@dataclass(frozen=True)
class Door:
    method: str
    path: str
    operation: dict[str, Any]

    @property
    def short(self) -> str:
        return self.path.removeprefix("/api/v1")

    def parameters(self, where: str = "") -> list[dict[str, Any]]:
        return [it for it in self.operation.get("parameters", []) if not where or it["in"] == where]

    def answer(self, code: str = "200") -> dict[str, Any]:
        return (
            self.operation["responses"].get(code, {}).get("content", {}).get("application/json", {}).get("schema", {})
        )

    def takes(self, name: str) -> bool:
        return any(parameter["name"] == name for parameter in self.parameters())

    def __str__(self) -> str:
        return f"{self.method} {self.short}"


DOCUMENT: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
DOORS = [
    Door(method.upper(), path, operation)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
]
OPEN_READS = [door for door in DOORS if door.method == "GET" and "304" in door.operation["responses"]]


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        found: Any = DOCUMENT
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema


def test_the_document_is_made_without_a_warning():
    """A collision of enum names, a view without a shape: what the generator guesses changes with the next door."""
    said = [
        line for line in [*GENERATOR_STATS._warn_cache, *GENERATOR_STATS._error_cache] if "/tests/" not in str(line)
    ]
    assert not said, "Say it in SPECTACULAR_SETTINGS or with @extend_schema."


GUIDE = (settings.BASE_DIR / "docs" / "api.md").read_text()


def test_the_guide_names_every_door_and_no_other():
    told = set()
    for words in re.findall(r"`([^`]+)`", GUIDE):
        methods, _, path = words.rpartition(" ")
        path = path.partition("?")[0]
        if re.fullmatch(r"[a-z][a-z-]*/[\w{}./-]*", path) and (methods or f"/api/v1/{path}" in DOCUMENT["paths"]):
            told.add(f"/api/v1/{path}")
    missing = set(DOCUMENT["paths"]) - told
    assert not missing, f"Name it in docs/api.md, with the names of the document: {sorted(missing)}"
    signed = {"/api/v1/market/feeds/{slug}/", "/api/v1/payments/webhooks/{gateway}/"}  # not for apps, so not in it
    assert told - set(DOCUMENT["paths"]) == signed, "docs/api.md names what is not there."


def test_the_guide_s_examples_speak_of_the_demo_city():
    with (settings.BASE_DIR / "blinkit" / "demo" / "categories.csv").open() as rows:
        slugs = {row["slug"] for row in csv.DictReader(rows)}
    used = re.findall(r'category: \\"([\w-]+)', GUIDE)
    assert used and set(used) <= slugs


def test_whoever_tells_where_a_picture_lies_tells_its_addresses():
    """A path in the media storage is no address: an app cannot show it."""
    parts = DOCUMENT["components"]["schemas"].items()
    paths = {name for name, it in parts if "image" in it.get("properties", {}) and "images" not in it["properties"]}
    assert paths == {"ArtOut"}, "`images` is blinkit.kernel.schema.ImagesOut. (ArtOut's is an address.)"


def test_no_door_is_described_by_what_its_base_class_says_to_programmers():
    told = [door.operation["description"] for door in DOORS if door.operation.get("description")]
    many = {text for text in told if told.count(text) > 1}
    assert many <= {"Safe to repeat."}, "Give the method or its view a docstring of its own, or none."
    assert all(door.operation.get("summary") for door in DOORS)


def made_up(parameter: dict[str, Any]) -> str:
    """A part of a path that fits and names nothing."""
    return "999999999" if parameter["schema"].get("type") == "integer" else str(uuid4())


# -- inputs ----------------------------------------------------------------------------------------------------------


def unbounded(schema: dict[str, Any], name: str, seen: tuple[str, ...] = ()) -> Iterator[str]:
    """Names of the inputs in this schema that have no limit."""
    if "$ref" in schema:
        if schema["$ref"] in seen:
            return
        seen = (*seen, schema["$ref"])
    schema = resolved(schema)
    for choice in ("allOf", "oneOf", "anyOf"):
        for part in schema.get(choice, ()):
            yield from unbounded(part, name, seen)
    kinds = schema.get("type", ())
    kinds = {kinds} if isinstance(kinds, str) else set(kinds)
    if "enum" in schema or "const" in schema:
        return
    if (
        "string" in kinds
        and "maxLength" not in schema
        and schema.get("format") not in ("uuid", "date", "date-time", "time")
    ):
        yield f"{name}: a text without maxLength"
    if kinds & {"integer", "number"} and not {"minimum", "maximum"} <= schema.keys():
        yield f"{name}: a number without minimum and maximum"
    if "array" in kinds:
        if "maxItems" not in schema:
            yield f"{name}: a list without maxItems"
        yield from unbounded(schema.get("items", {}), f"{name}[]", seen)
    for inner, found in schema.get("properties", {}).items():
        yield from unbounded(found, inner, seen)
    if isinstance(schema.get("additionalProperties"), dict):
        yield from unbounded(schema["additionalProperties"], f"{name}{{}}", seen)


def test_every_input_has_a_length_or_a_range():
    found, allowed = [], set()
    for door in DOORS:
        inputs = [(p["in"], p["name"], p["schema"]) for p in door.parameters()]
        inputs += [
            ("body", "", body["schema"]) for body in door.operation.get("requestBody", {}).get("content", {}).values()
        ]
        for where, name, schema in inputs:
            for fault in unbounded(schema, name):
                exception = f"{where} {fault.split(':')[0]}"
                if exception in UNBOUNDED:
                    allowed.add(exception)
                else:
                    found.append(f"{door}: {where} {fault}")
    told = "\n".join(found)
    assert not found, (
        "Give each serializer field max_length or min_value and max_value (lists: max_length), and each query parameter"
        f" its bounds with blinkit.kernel.schema.text, whole or place:\n{told}"
    )
    assert allowed == set(UNBOUNDED), "Take out of UNBOUNDED what is bounded now."


@pytest.mark.django_db
def test_what_is_too_long_for_any_door_is_refused(api):
    shop()
    for long, status in (("/stores/?anything=" + "x" * 501, 400), (f"/stores/{'x' * 101}/categories/", 404)):
        answer = api().get(f"/api/v1{long}")
        assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")


# -- repeats ---------------------------------------------------------------------------------------------------------

POSTS = [door for door in DOORS if door.method == "POST"]
KEYED = [door for door in POSTS if door.takes("Idempotency-Key")]


def test_every_post_takes_a_key_or_says_why_it_needs_none():
    keyless = {door.short for door in POSTS} - {door.short for door in KEYED}
    assert keyless <= set(REPEATABLE), (
        "A POST that creates or charges needs @idempotent (blinkit/kernel/idempotency.py) beneath @extend_schema; one"
        f" that is harmless to repeat is listed in REPEATABLE with the reason: {sorted(keyless - set(REPEATABLE))}"
    )
    assert set(REPEATABLE) <= keyless, f"Take out of REPEATABLE: {sorted(set(REPEATABLE) - keyless)}"


@pytest.mark.django_db
def test_the_same_key_gets_the_same_answer_at_every_door(api):
    """Whatever the answer is: what was refused once is refused again, in the same words."""
    http = api(UserFactory(roles=EVERYBODY))
    for door in KEYED:
        url = door.path
        for parameter in door.parameters("path"):
            url = url.replace(f"{{{parameter['name']}}}", made_up(parameter))
        without = http.post(url, {})
        assert (without.status_code, without.json()["type"]) == (400, "/problems/idempotency-key-missing"), door
        key = uuid4().hex
        first = http.post(url, {}, HTTP_IDEMPOTENCY_KEY=key)
        again = http.post(url, {}, HTTP_IDEMPOTENCY_KEY=key)
        said, repeated = first.json(), again.json()
        for body in (said, repeated):
            body.pop("request_id", None)
        assert (again.status_code, repeated) == (first.status_code, said), door
        assert first.status_code < 500, door


@pytest.mark.django_db
def test_what_was_created_once_is_answered_again_and_not_created_twice(api):
    who = customer()
    goods = ProductFactory.create_batch(2)
    place = shop(*goods)
    address_id = address(who).pk
    http = api(who)
    fingerprint = full_cart(who, place, goods).fingerprint
    bodies = {
        "/checkout/": {"address_id": str(address_id), "method": "cod", "bill_fingerprint": fingerprint},
        "/me/addresses/": {"line1": "7, Church Street", "lat": 12.95, "lng": 77.62},
        "/lists/": {"name": "Week"},
    }
    for door, body in bodies.items():
        first, again = (http.post(f"/api/v1{door}", body, HTTP_IDEMPOTENCY_KEY=f"key{door}") for _ in range(2))
        assert first.status_code == again.status_code == 201, first.json()
        assert first.json() == again.json()
        assert again["Idempotent-Replay"] == "true"
    assert who.orders.count() == who.shopping_lists.count() == 1
    assert who.addresses.count() == 2


# -- lists -----------------------------------------------------------------------------------------------------------


def lists_in(door: Door) -> list[str]:
    schema = resolved(door.answer())
    if schema.get("type") == "array":
        return ["(the answer)"]
    return [
        name
        for name, found in schema.get("properties", {}).items()
        if name in ("items", "results") and resolved(found).get("type") == "array"
    ]


def test_every_list_goes_on_by_cursor_or_says_what_keeps_it_short():
    without = {d.short for d in DOORS if d.method == "GET" and lists_in(d) and not d.takes("cursor")}
    assert without <= set(SHORT_LISTS), (
        "Use kernel.api.CursorPagination with kernel.schema.pages(), or say in SHORT_LISTS what keeps it short:"
        f" {sorted(without - set(SHORT_LISTS))}"
    )
    assert set(SHORT_LISTS) <= without, f"Take out of SHORT_LISTS: {sorted(set(SHORT_LISTS) - without)}"


@pytest.mark.django_db
@pytest.mark.parametrize("cursor", ["junk", "cD0xMjM=", "cD0lMDA=", "cj0xJnA9MjAyNi0wMS0wMQ==", "bz0tMQ=="])
def test_a_cursor_that_is_none_of_ours_is_refused_or_begins_again(api, cursor):
    http = api(UserFactory(roles=["rider"]))
    for door in DOORS:
        if door.method == "GET" and door.takes("cursor") and "{" not in door.path:
            answer = http.get(door.path, {"cursor": cursor})
            assert answer.status_code in (200, 400, 403, 404), f"{door}: {answer.status_code}"


# -- answers ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def place():
    goods = ProductFactory.create_batch(3)
    found = shop(*goods)
    found.sku = goods[0].sku
    return found


def url_of(door: Door, place: Any) -> str:
    url = door.path.replace("{code}", place.code).replace("{sku}", place.sku)
    query = {"lat": place.lat, "lng": place.lng} if door.takes("lat") else {}
    return f"{url}?{'&'.join(f'{name}={value}' for name, value in query.items())}"


@pytest.mark.django_db
@pytest.mark.parametrize("door", OPEN_READS, ids=str)
def test_a_read_that_anybody_may_keep_is_not_sent_twice(door, api, place):
    url = url_of(door, place)
    first = api().get(url)
    assert (first.status_code, "public" in first["Cache-Control"]) == (200, True)
    again = api().get(url, HTTP_IF_NONE_MATCH=first["ETag"])
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    some = next(iter(first.json()))
    sparse = api().get(f"{url}&fields={some}")
    assert list(sparse.json()) == [some]
    assert sparse["ETag"] == first["ETag"] or sparse.content != first.content
    unchanged = api().get(f"{url}&fields={some}", HTTP_IF_NONE_MATCH=sparse["ETag"])
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    head = api().head(url)
    assert (head.status_code, head.content, head["ETag"]) == (200, b"", first["ETag"])


@pytest.mark.django_db
def test_what_one_person_reads_stays_in_no_shared_cache(api, place):
    http = api(UserFactory(roles=EVERYBODY))
    for door in DOORS:
        if door.method == "GET" and "304" not in door.operation["responses"]:
            url = url_of(door, place)
            for parameter in door.parameters("path"):
                url = url.replace(f"{{{parameter['name']}}}", made_up(parameter))
            answer = http.get(url)
            kept = answer["Cache-Control"]
            assert "no-store" in kept or "private" in kept, f"{door} says Cache-Control: {kept}"


@pytest.mark.django_db
def test_what_is_refused_is_said_in_english_whatever_the_reader_speaks(api):
    """`detail` and `errors` are the same for everybody; `detail_local` is the reader's."""
    http = api(UserFactory(roles=EVERYBODY))
    local = 0
    for door in DOORS:
        url = door.path
        for parameter in door.parameters("path"):
            url = url.replace(f"{{{parameter['name']}}}", made_up(parameter))
        for method in (door.method, "TRACE"):
            said = [
                http.generic(
                    method,
                    url,
                    "{}",
                    "application/json",
                    HTTP_ACCEPT_LANGUAGE=language,
                    HTTP_IDEMPOTENCY_KEY=uuid4().hex,
                )
                for language in ("en", "hi")
            ]
            if said[0].status_code < 400 or said[1].status_code == 429:
                continue
            english, hindi = (answer.json() for answer in said)
            assert (hindi["detail"], hindi.get("errors")) == (english["detail"], english.get("errors")), door
            assert "detail_local" not in english
            local += "detail_local" in hindi
    assert local > len(DOORS) / 2


@pytest.mark.django_db
def test_an_unknown_field_is_named(api, place):
    http = api(UserFactory(roles=EVERYBODY))
    for door in DOORS:
        if door.takes("fields"):
            url = url_of(door, place)
            for parameter in door.parameters("path"):
                url = url.replace(f"{{{parameter['name']}}}", made_up(parameter))
            answer = http.get(f"{url}&fields=nothing_like_it")
            assert (answer.status_code, answer.json().get("field")) == (400, "nothing_like_it"), door


@pytest.mark.django_db
def test_fields_choose_within_lists_and_objects(api):
    who = customer()
    goods = ProductFactory.create_batch(2)
    order = place_order(who, shop(*goods), goods)
    http = api(who)
    listed = http.get("/api/v1/orders/", {"fields": "results(number, store(code)),next"})
    assert listed.json() == {"results": [{"number": order.number, "store": {"code": order.store.code}}], "next": None}
    one = http.get(f"/api/v1/orders/{order.pk}/", {"fields": "bill(total_paise,tax(cgst_paise)),lines(sku)"}).json()
    assert one["bill"].keys() == {"total_paise", "tax"}
    assert [line.keys() for line in one["lines"]] == [{"sku"}, {"sku"}]
    assert http.get("/api/v1/me/addresses/", {"fields": "label"}).json() == [{"label": "Home"}]
    wrong = http.get("/api/v1/orders/", {"fields": "results(number,store(colour))"})
    assert (wrong.status_code, wrong.json()["field"]) == (400, "results.store.colour")
    assert "There is: code, name." in wrong.json()["detail"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "fields", ["", "a,", "a(", "a()", "a)b", "(a)", "a b", "A", "a(b(c(d(e(f(g))))))", "a," * 120 + "a"]
)
def test_fields_that_cannot_be_read_are_refused(api, place, fields):
    answer = api().get(f"/api/v1/stores/{place.code}/products/", {"fields": fields})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["fields"])


@pytest.mark.django_db
def test_refusals_of_the_protocol_are_problems(api, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 2000
    who = customer()
    http = api(who)
    answers = {
        404: http.get("/api/v1/nothing/here/"),
        405: http.delete("/api/v1/orders/"),
        406: http.get("/api/v1/orders/", HTTP_ACCEPT="text/csv"),
        413: http.put("/api/v1/cart/", {"store": "x" * 3000}),
        415: http.put("/api/v1/cart/", "<cart/>", content_type="application/xml"),
    }
    for status, answer in answers.items():
        assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
        assert answer.json()["status"] == status
        assert answer.json()["request_id"] == answer["X-Request-ID"]
    assert "GET" in answers[405]["Allow"]


@pytest.mark.django_db
def test_a_method_that_a_door_does_not_have_is_refused_with_those_it_has(api, place):
    http = api(UserFactory(roles=EVERYBODY))
    for path in DOCUMENT["paths"]:
        there = {door.method for door in DOORS if door.path == path}
        url = path
        for parameter in next(door for door in DOORS if door.path == path).parameters("path"):
            url = url.replace(f"{{{parameter['name']}}}", made_up(parameter))
        missing = next(method for method in ("PATCH", "DELETE", "PUT", "POST") if method not in there)
        answer = http.generic(method=missing, path=url)
        assert (answer.status_code, answer["Content-Type"]) == (405, "application/problem+json"), f"{missing} {url}"
        assert there <= {name.strip() for name in answer["Allow"].split(",")}


@pytest.mark.django_db
def test_the_callers_request_id_comes_back(api, place):
    answer = api().get(f"/api/v1/stores/{place.code}/categories/", HTTP_X_REQUEST_ID="app-7f3a")
    assert answer["X-Request-ID"] == "app-7f3a"


@pytest.mark.django_db
def test_sentences_come_in_the_callers_language_where_they_are_known(api):
    who, goods = customer(), ProductFactory.create_batch(1)
    order = place_order(who, shop(*goods), goods)
    http = api(who)
    english, hindi = (
        http.get(f"/api/v1/orders/{order.pk}/", HTTP_ACCEPT_LANGUAGE=language).json() for language in ("en", "hi-IN,hi")
    )
    assert (english["status_label"], english["status"]) == ("Confirmed", hindi["status"])
    assert hindi["status_label"] == "पक्का"
    assert "Accept-Language" in http.get("/api/v1/stores/")["Vary"]
