"""The doors: people and programs look and pay, the gateway speaks over HTTP."""

import orjson
import pytest
from django.test import Client

from accounts.tests.factories import UserFactory
from blinkit.kernel.ids import uuid7
from catalog.tests.factories import NOW
from payments import services
from payments.gateways import sandbox, sandbox_wire
from payments.models import Attempt, SandboxEvent, SandboxIntent, WebhookReceipt
from payments.tests.factories import cash, online, owed_messages, paid, signed, start

pytestmark = pytest.mark.django_db
WEBHOOK = "/api/v1/payments/webhooks/sandbox/"


@pytest.fixture(autouse=True)
def _at_noon(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def demo(settings):
    settings.DEMO_MODE = True


def begin(http, payment, body=None, key="key-1"):
    headers = {"Idempotency-Key": key} if key else {}
    return http.post(f"/api/v1/payments/{payment.pk}/attempts/", body or {"instrument": "upi"}, headers=headers)


def test_a_customer_sees_the_own_payment_with_tries_and_refunds(api):
    payment = paid(48_200)
    services.lower_amount(ref=payment.ref, by_paise=5_800, reason="not found", key="k", now=NOW)
    seen = api(payment.customer).get(f"/api/v1/payments/{payment.pk}/").json()
    assert (seen["state"], seen["captured_paise"], seen["refunded_paise"], seen["currency"]) == (
        "captured",
        48_200,
        5_800,
        "INR",
    )
    assert seen["can_pay"] is False
    assert [attempt["state"] for attempt in seen["attempts"]] == ["captured"]
    assert [refund["amount_paise"] for refund in seen["refunds"]] == [5_800]


def test_looking_takes_three_statements(api, django_assert_num_queries):
    payment = paid()
    http = api(payment.customer)
    with django_assert_num_queries(3):
        http.get(f"/api/v1/payments/{payment.pk}/")


def test_nobody_sees_or_pays_somebody_elses_payment(api):
    payment = online()
    stranger = api(UserFactory())
    assert stranger.get(f"/api/v1/payments/{payment.pk}/").status_code == 404
    assert begin(stranger, payment).status_code == 404
    assert api().get(f"/api/v1/payments/{payment.pk}/").status_code == 401
    assert begin(api(), payment).status_code == 401
    assert stranger.get(f"/api/v1/payments/{uuid7()}/").status_code == 404
    assert not Attempt.objects.exists()


def test_a_try_needs_a_key_and_the_same_key_gives_the_same_try(api):
    payment = online()
    http = api(payment.customer)
    assert begin(http, payment, key="").json()["type"] == "/problems/idempotency-key-missing"
    first, again = begin(http, payment), begin(http, payment)
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert first.json()["pay_url"] == f"/sandbox-gateway/pay/{first.json()['intent_id']}/"
    assert begin(http, payment, {"instrument": "card"}).status_code == 422
    assert Attempt.objects.count() == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"instrument": "gold"},
        {"instrument": "upi", "return_url": "//evil.example"},
        {"instrument": "upi", "return_url": "https://evil.example/"},
    ],
)
def test_nonsense_is_refused(api, body):
    payment = online()
    answer = begin(api(payment.customer), payment, body or {"x": 1})
    assert answer.status_code == 400
    assert not Attempt.objects.exists()


def test_cash_is_not_paid_online(api):
    payment = cash()
    answer = begin(api(payment.customer), payment)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/payment-closed")


def test_a_gateway_that_is_down_is_said_so_and_left_alone_for_a_while(api, monkeypatch):
    payment = online()
    http = api(payment.customer)

    def down(*_, **__):
        raise OSError("no route")

    monkeypatch.setattr(sandbox.SandboxGateway, "start", down)
    kinds = [begin(http, payment, key=f"k{number}").json()["type"] for number in range(7)]
    assert kinds[0] == "/problems/gateway-unavailable"
    assert kinds[-1] == "/problems/service-down"


def test_the_whole_way_over_http(api, demo, monkeypatch):
    """An app starts a try, the payer confirms at the gateway, its webhook comes over the wire."""
    payment = online()
    intent_id = begin(api(payment.customer), payment).json()["intent_id"]
    merchant = Client(enforce_csrf_checks=True)

    def wire(body, headers):
        sent = {name: value for name, value in headers.items() if name != "Content-Type"}
        return merchant.post(WEBHOOK, body, content_type="application/json", headers=sent).status_code

    answer = merchant.post(
        f"/sandbox-gateway/intents/{intent_id}/confirm", b'{"outcome": "pay"}', content_type="application/json"
    )
    assert answer.json() == {"intent_id": intent_id, "state": "captured", "amount_paise": 48_200}
    assert sandbox_wire.send_due(now=NOW, post=wire) == 1
    services.process_webhook(receipt_id=WebhookReceipt.objects.get().pk, now=NOW)
    assert api(payment.customer).get(f"/api/v1/payments/{payment.pk}/").json()["state"] == "captured"


def test_a_webhook_is_answered_at_once_and_processed_after_the_commit(
    django_capture_on_commit_callbacks, client, monkeypatch
):
    published = []
    monkeypatch.setattr("payments.tasks.publish", lambda task, **kwargs: published.append((task.name, kwargs)))
    payment = online()
    sandbox.decide(intent_id=start(payment), outcome="pay", now=NOW)
    (message,) = owed_messages()
    body, headers = signed(message)
    with django_capture_on_commit_callbacks(execute=True):
        answers = [client.post(WEBHOOK, body, content_type="application/json", headers=headers) for _ in range(2)]
    assert [answer.json() for answer in answers] == [
        {"received": True, "repeated": False},
        {"received": True, "repeated": True},
    ]
    receipt = WebhookReceipt.objects.get()
    assert published == [("payments.tasks.process_webhook", {"receipt_id": receipt.pk})]
    assert receipt.processed_at is None


def test_the_webhook_door_refuses_forgery_size_and_wrong_methods(client):
    body, headers = signed({"id": "ev_1", "type": "payment.captured", "data": {}})
    bad = {"Sandbox-Signature": "t=1,v1=0"}
    answer = client.post(WEBHOOK, body, content_type="application/json", headers=bad)
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/bad-signature")
    assert answer["Content-Type"] == "application/problem+json"
    big = client.post(WEBHOOK, b" " * 70_000, content_type="application/json", headers=headers)
    assert big.status_code == 400
    assert client.get(WEBHOOK).status_code == 405
    assert client.post("/api/v1/payments/webhooks/nobody/", body, content_type="application/json").status_code == 404
    assert not WebhookReceipt.objects.exists()


def test_the_hosted_page_shows_the_amount_and_goes_back_to_the_shop(client, demo):
    intent_id = start(online(48_200))
    page = client.get(f"/sandbox-gateway/pay/{intent_id}/?return=/orders/1/")
    assert page.status_code == 200
    assert "₹482" in page.content.decode()
    answer = client.post(
        f"/sandbox-gateway/pay/{intent_id}/", {"outcome": "pay", "instrument": "card", "return": "/orders/1/"}
    )
    assert (answer.status_code, answer["Location"]) == (302, "/orders/1/")
    intent = SandboxIntent.objects.get()
    assert (intent.state, intent.instrument) == ("captured", "card ending 4242")
    assert SandboxEvent.objects.count() == 1
    assert "Paid" in client.get(f"/sandbox-gateway/pay/{intent_id}/").content.decode()


def test_the_hosted_page_never_sends_people_to_another_site(client, demo):
    intent_id = start(online())
    answer = client.post(
        f"/sandbox-gateway/pay/{intent_id}/", {"outcome": "decline", "return": "https://evil.example/"}
    )
    assert answer.status_code == 200
    assert "evil.example" not in answer.content.decode()


def test_deciding_differently_afterwards_is_refused(client, demo):
    intent_id = start(online())
    door = f"/sandbox-gateway/intents/{intent_id}/confirm"

    def confirm(outcome):
        return client.post(door, orjson.dumps({"outcome": outcome}), content_type="application/json").status_code

    assert [confirm(outcome) for outcome in ("nonsense", "pay", "pay", "decline")] == [400, 200, 200, 409]
    assert SandboxEvent.objects.count() == 1


def test_outside_demo_mode_the_sandbox_has_no_doors(client):
    intent_id = start(online())
    assert client.get(f"/sandbox-gateway/pay/{intent_id}/").status_code == 404
    assert client.post(f"/sandbox-gateway/intents/{intent_id}/confirm").status_code == 404
    assert SandboxIntent.objects.get().state == "created"
