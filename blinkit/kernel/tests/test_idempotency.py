import threading

import pytest
from django.db import connections

from blinkit.kernel import idempotency
from blinkit.kernel.models import Event, IdempotencyKey
from blinkit.kernel.tests.doors import CALLS, ENTERED, GATE
from blinkit.kernel.tokens import TokenUser

pytestmark = [pytest.mark.urls("blinkit.kernel.tests.doors")]

ANN, BOB = TokenUser(1), TokenUser(2)


@pytest.fixture(autouse=True)
def fresh():
    CALLS.clear()
    GATE.clear()


def post(http, kind="fine", key="k1", body=None):
    return http.post(f"/api/v1/create/{kind}", body or {"n": 1}, format="json", HTTP_IDEMPOTENCY_KEY=key)


@pytest.mark.django_db
def test_a_request_without_a_usable_key_is_refused(api):
    for headers in ({}, {"HTTP_IDEMPOTENCY_KEY": "a b"}, {"HTTP_IDEMPOTENCY_KEY": "x" * 256}):
        answer = api(ANN).post("/api/v1/create/fine", {}, format="json", **headers)
        assert answer.status_code == 400
        assert answer.json()["type"] == "/problems/idempotency-key-missing"
    assert CALLS == []


@pytest.mark.django_db
def test_the_same_key_gives_the_same_answer_and_one_effect(api):
    first, second = post(api(ANN)), post(api(ANN))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert second.headers["Location"] == "/made/1"
    assert second.headers["Idempotent-Replay"] == "true"
    assert "Idempotent-Replay" not in first.headers
    assert Event.objects.count() == 1


@pytest.mark.django_db
def test_a_refusal_is_remembered_and_its_writes_are_not(api):
    first, second = post(api(ANN), "refused"), post(api(ANN), "refused")
    assert first.status_code == second.status_code == 409
    assert first.content == second.content
    assert second.json()["short"] == {"a": 1}
    assert second.headers["Content-Type"].startswith("application/problem+json")
    assert Event.objects.count() == 0
    assert CALLS == ["refused"]


@pytest.mark.django_db
def test_the_same_key_with_another_body_is_422(api):
    post(api(ANN))
    other = post(api(ANN), body={"n": 2})
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")
    assert Event.objects.count() == 1


@pytest.mark.django_db
def test_keys_belong_to_a_person_and_a_path(api):
    assert [post(api(who), kind).status_code for who, kind in ((ANN, "fine"), (BOB, "fine"), (ANN, "other"))] == [
        201
    ] * 3
    assert Event.objects.count() == 3


@pytest.mark.django_db
def test_our_own_failures_are_not_remembered(api):
    http = api(ANN)
    http.raise_request_exception = False
    assert post(http, "broken").status_code == 500
    assert post(http, "broken").status_code == 500
    assert post(http, "down", key="k2").status_code == 503
    assert CALLS == ["broken", "broken", "down"]
    assert IdempotencyKey.objects.count() == Event.objects.count() == 0


@pytest.mark.django_db
def test_an_answer_that_says_try_again_later_is_not_remembered(api):
    first, second = post(api(ANN), "too-many"), post(api(ANN), "too-many")
    assert (first.status_code, second.status_code, first.headers["Retry-After"]) == (429, 429, "600")
    assert "Idempotent-Replay" not in second.headers
    assert CALLS == ["too-many"] * 2
    assert IdempotencyKey.objects.count() == Event.objects.count() == 0


@pytest.mark.django_db
def test_the_key_costs_two_statements(api, django_assert_num_queries):
    http = api(ANN)
    with django_assert_num_queries(2 + 2 + 2):  # BEGIN and COMMIT (savepoints here), the view's own two
        post(http)


@pytest.mark.django_db(transaction=True)
def test_sixteen_requests_at_once_with_one_key_create_once(api, race):
    answers = race(16, lambda: post(api(ANN)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert Event.objects.count() == 1
    assert CALLS == ["fine"]


@pytest.mark.django_db(transaction=True)
def test_control_without_the_key_the_same_race_creates_sixteen(api, race):
    race(16, lambda: api(ANN).post("/api/v1/create-unguarded", {}, format="json"))
    assert Event.objects.count() == 16


@pytest.mark.django_db(transaction=True)
def test_a_request_whose_first_try_runs_too_long_is_told_to_ask_again(api, monkeypatch):
    monkeypatch.setattr(idempotency, "WAIT_S", 0.2)
    answers = []

    def first():
        answers.append(post(api(ANN), "slow"))
        connections.close_all()

    thread = threading.Thread(target=first)
    thread.start()
    assert ENTERED.acquire(timeout=5)
    second = post(api(ANN), "slow")
    GATE.set()
    thread.join(10)
    assert (second.status_code, second.json()["type"]) == (409, "/problems/still-running")
    assert second.headers["Retry-After"] == "1"
    assert answers[0].status_code == 201
    assert post(api(ANN), "slow").headers["Idempotent-Replay"] == "true"
