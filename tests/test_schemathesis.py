"""The OpenAPI document is true: whatever a caller sends, each door answers as it says there, and never with a 500.

Schemathesis makes the requests from the document (good ones and broken ones), the house answers in this process. Every
request is undone, so that each meets the same house. Known ids are put in half of the time, or little would get past
"not found". `make fuzz` runs it deeper: FUZZ_EXAMPLES requests per door and person, FUZZ_SEED another way through.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import hypothesis
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import strategies as st
from schemathesis.checks import load_all_checks
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks as conformance

from accounts.models import Device
from accounts.tests.factories import UserFactory
from blinkit.kernel.tokens import access_token_for
from blinkit.wsgi import application
from catalog import services as catalog_services
from catalog.tests.factories import NOW, ProductFactory
from delivery.tests.factories import trip
from fulfillment import services as floor_services
from fulfillment.tests.factories import floor, worker
from inventory.services.clients import make_client
from inventory.tests.factories import stocked
from notifications.models import Channel, Message
from orders.services.sharing import share_token
from orders.tests.factories import customer, full_cart, place_order
from payments.models import Payment

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))
AT_HOME, ELSEWHERE = (EXAMPLES, max(1, EXAMPLES // 4)) if EXAMPLES else (1, 1)
"""Requests of each kind (as described; broken) per door: to a person's own doors, and to those of others."""
OFF_HERE = {"/api/v1/auth/firebase/", "/api/v1/payments/{payment_id}/attempts/"}
"""Doors that may answer 503 in a house that has no such service. Elsewhere any 5xx is a fault."""

load_all_checks()
CHECKS = [
    conformance.status_code_conformance,
    conformance.content_type_conformance,
    conformance.response_schema_conformance,
    conformance.response_headers_conformance,
    conformance.negative_data_rejection,
]


@dataclass
class Person:
    token: str = ""
    doors: tuple[str, ...] = ()
    known: dict[str, Any] = field(default_factory=dict)
    """What the house has, by the name of a parameter or field."""
    but_not: tuple[str, ...] = ()
    scheme: str = "Bearer"

    def goes_to(self, path: str) -> bool:
        return path.startswith(self.doors) and not path.startswith(self.but_not)


def a_customer() -> Person:
    goods = ProductFactory.create_batch(3)
    place = floor(*goods)
    who = customer()
    first = place_order(who, place, goods[:1])
    online = place_order(who, place, goods[1:2], method="online")
    full_cart(who, place, goods)
    shopping = catalog_services.save_list(customer_id=who.pk, name="Week", now=NOW)
    catalog_services.set_list_item(customer_id=who.pk, list_id=shopping.pk, sku=goods[0].sku, qty=2, now=NOW)
    message = Message.objects.create(user=who, channel=Channel.INAPP, template_code="order-confirmed", to="", body="Hi")
    device = Device.objects.create(user=who, platform="android", push_token="a-token", last_seen_at=NOW)
    known = {
        "code": place.code,
        "store": place.code,
        "sku": goods[0].sku,
        "order_id": first.pk,
        "payment_id": Payment.objects.get(ref=online.pk).pk,
        "address_id": who.addresses.get().pk,
        "list_id": shopping.pk,
        "token": share_token(customer_id=who.pk, list_id=shopping.pk),
        "line_id": first.lines.get().pk,
        "message_id": message.pk,
        "device_id": device.pk,
        "category": goods[0].category.slug,
        "bill_fingerprint": full_cart(who, place, goods).fingerprint,
        "guest_token": uuid4(),
        "Guest-Cart": uuid4(),
    }
    return Person(access_token_for(who.pk, who.roles), ("/",), known, but_not=("/floor", "/rider"))


def a_stranger() -> Person:
    return Person("", ("/stores", "/auth", "/serviceability", "/waitlist", "/cart"), a_customer().known)


def a_picker() -> Person:
    goods = ProductFactory.create_batch(2, barcode=None)
    place = floor(*goods)
    who = worker(place)
    order = place_order(customer(), place, goods)
    task = floor_services.open_task(order_id=order.pk, now=NOW)
    floor_services.start(task_id=task.pk, picker_id=who.pk, now=NOW)
    known = {"code": place.code, "task_id": task.pk, "line_id": task.lines.first().pk, "barcode": goods[0].sku}
    return Person(access_token_for(who.pk, who.roles), ("/floor",), known)


def a_rider() -> Person:
    live, stop = trip(to_door=True)
    who = live.rider.user
    known = {"code": live.store.code, "stop_id": stop.pk, "offer_id": uuid4(), "otp": stop.job.order.door_otp}
    known["cash_paise"] = stop.job.order.total_paise
    return Person(access_token_for(who.pk, who.roles), ("/rider",), known)


def operations() -> Person:
    who = UserFactory(roles=["ops", "admin"])
    return Person(access_token_for(who.pk, who.roles), ("/ops", "/floor"), a_customer().known)


def a_partner() -> Person:
    stock = stocked(5)
    _client, key = make_client(name="WMS", store_ids=[stock.store_id], may_write=True, per_minute=100_000, now=NOW)
    return Person(key, ("/stock",), {"store": stock.store.code, "product": stock.product.sku}, scheme="Api-Key")


PEOPLE = {
    "stranger": a_stranger,
    "customer": a_customer,
    "picker": a_picker,
    "rider": a_rider,
    "operations": operations,
    "partner": a_partner,
}


@pytest.fixture(scope="module")
def document(_one_connection: None) -> Any:
    return schemathesis.openapi.from_wsgi("/api/schema/", application, headers={"Accept": "application/json"})


@pytest.fixture(scope="module", autouse=True)
def _one_connection() -> Iterator[None]:
    """A request must not close the connection that holds the test's transaction (Django's own client sees to that)."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def doors_of(document: Any) -> Iterator[Any]:
    for found in document.get_all_operations():
        yield found.ok()


@pytest.mark.parametrize("person", list(PEOPLE))
def test_every_door_answers_as_the_document_says(document, person):
    who = PEOPLE[person]()
    faults: dict[str, str] = {}
    for door in doors_of(document):
        path = door.path.removeprefix("/api/v1")
        mine = who.goes_to(path)
        # Somebody else's door mostly says no; that it says so as described is seen with good requests as well.
        for mode in GenerationMode if mine or EXAMPLES else (GenerationMode.POSITIVE,):
            fault = first_fault(door, mode, who, AT_HOME if mine else ELSEWHERE)
            if fault:
                print(
                    f"{door.label} ({mode.value})\n{fault}\n", flush=True
                )  # with pytest -s: a deep run says it at once
                faults[f"{door.label} ({mode.value})"] = fault
    told = "\n\n".join(f"{name}\n{fault}" for name, fault in faults.items())
    assert not faults, (
        f"{len(faults)} doors answer otherwise than /api/schema/ says. Declare the answer (@extend_schema responses=,"
        f" the serializer) or correct the view; a 5xx is a bug.\n\n{told}"
    )


def first_fault(door: Any, mode: GenerationMode, who: Person, examples: int) -> str:
    """What is wrong with the first request that shows it; empty when nothing is."""
    try:
        cases = door.as_strategy(generation_mode=mode)
    except Exception as error:
        # A door with nothing to break (no parameter, no body) has no broken requests.
        if "negative" in str(error).lower() or "Cannot" in str(error):
            return ""
        raise
    found: list[str] = []

    @hypothesis.seed(SEED)
    @hypothesis.settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
        derandomize=False,
    )
    @hypothesis.given(case=cases, known=st.booleans())
    def ask(case: Any, known: bool) -> None:
        if known and mode == GenerationMode.POSITIVE:
            put_in(case, who.known)
        headers = {"Authorization": f"{who.scheme} {who.token}"} if who.token else {}
        with transaction.atomic():
            answer = case.call(headers=headers)
            transaction.set_rollback(True)
        if answer.status_code >= 500 and not (answer.status_code == 503 and door.path in OFF_HERE):
            raise AssertionError(f"{answer.status_code}: {case.as_curl_command()}\n{answer.content[:600]!r}")
        # What `fields` leaves out is missing on purpose; test_api_contract.py looks at what remains.
        whole = "fields" not in (case.query or {})
        checks = [it for it in CHECKS if whole or it is not conformance.response_schema_conformance]
        case.validate_response(answer, checks=checks)

    try:
        ask()
    except hypothesis.errors.Unsatisfiable:
        return ""
    except BaseExceptionGroup as group:
        found += [str(error) for error in group.exceptions]
    except Exception as error:
        found.append(f"{type(error).__name__}: {error}")
    return "\n".join(found)[:1500]


def put_in(case: Any, known: dict[str, Any]) -> None:
    """Ids that exist, in place of made-up ones."""
    for names in (case.path_parameters, case.query, case.headers):
        for name in names or {}:
            if name in known:
                names[name] = str(known[name])
    replace(case.body, known)


def replace(found: Any, known: dict[str, Any]) -> None:
    if isinstance(found, dict):
        for name, value in found.items():
            if name in known:
                found[name] = known[name] if isinstance(known[name], int) else str(known[name])
            else:
                replace(value, known)
    elif isinstance(found, list):
        for item in found:
            replace(item, known)
