"""The Stripe gateway against localstripe, over real HTTP with the official SDK and signed webhooks."""

import json
from datetime import UTC, datetime

import orjson
import pytest
import stripe as sdk
from django.urls import reverse
from django.utils import timezone

from blinkit.kernel.errors import NotFound
from blinkit.kernel.ids import uuid7
from catalog.tests.factories import NOW
from payments import gateways, queries, services
from payments.errors import BadSignature, GatewayDown, GatewayRefused
from payments.gateways import stripe
from payments.gateways.base import (
    AUTHORISED,
    CAPTURED,
    DECLINED,
    DISPUTE_LOST,
    DISPUTE_WON,
    DISPUTED,
    REFUND_FAILED,
    REFUNDED,
)
from payments.models import Attempt, Refund, WebhookReceipt
from payments.services.settling import ask
from payments.tests import stripe_wire
from payments.tests.factories import online
from payments.tests.stripe_wire import SECRET

pytestmark = pytest.mark.django_db


@pytest.fixture
def gateway(wire):
    return stripe.StripeGateway()


@pytest.fixture(autouse=True)
def _secret(settings):
    settings.STRIPE_WEBHOOK_SECRET = SECRET


def begun(gateway, *, paise=48_200, instrument="card"):
    """An attempt's id and its intent at Stripe."""
    attempt_id = uuid7()
    intent = gateway.start(attempt_id=attempt_id, amount_paise=paise, instrument=instrument, now=NOW)
    return attempt_id, intent


def authorised(gateway, payer, *, paise=48_200):
    attempt_id, intent = begun(gateway, paise=paise)
    assert payer.pay(intent.gateway_ref) == 200
    return attempt_id, intent.gateway_ref


def captured(gateway, payer, *, paise=48_200):
    attempt_id, ref = authorised(gateway, payer, paise=paise)
    assert gateway.capture(attempt_id=attempt_id, gateway_ref=ref, amount_paise=paise, now=NOW).kind == CAPTURED
    return attempt_id, ref


def send_back(gateway, ref, paise, refund_id=None):
    return gateway.refund(refund_id=refund_id or uuid7(), gateway_ref=ref, amount_paise=paise, now=NOW)


# -- authorising, capturing, letting go -------------------------------------------------------------------------------


def test_a_card_is_authorised_then_captured_once(gateway, wire, payer):
    attempt_id, intent = begun(gateway)
    ref = intent.gateway_ref
    assert intent.pay_url == f"/stripe/pay/{attempt_id}/"
    assert intent.client["client_secret"].startswith(ref)
    assert intent.client["publishable_key"] == "pk_test_12345"
    assert gateway.look_up(gateway_ref=ref) is None
    assert payer.pay(ref) == 200
    told = gateway.look_up(gateway_ref=ref)
    assert (told.kind, told.amount_paise, told.attempt_id) == (AUTHORISED, 48_200, attempt_id)
    assert told.instrument == "card ending 4242 (visa)"

    for _ in range(3):
        told = gateway.capture(attempt_id=attempt_id, gateway_ref=ref, amount_paise=48_200, now=NOW)
        assert (told.kind, told.amount_paise, told.attempt_id) == (CAPTURED, 48_200, attempt_id)
    assert gateway.look_up(gateway_ref=ref).kind == CAPTURED
    assert wire.keys(f"/v1/payment_intents/{ref}/capture") == [f"capture:{attempt_id}:48200"], "asked for once"
    assert wire.keys("/v1/payment_intents") == [f"start:{attempt_id}"]


def test_upi_is_taken_at_once(gateway, payer):
    attempt_id, intent = begun(gateway, instrument="upi")
    assert payer.pay(intent.gateway_ref) == 200
    told = gateway.look_up(gateway_ref=intent.gateway_ref)
    assert (told.kind, told.amount_paise, told.attempt_id) == (CAPTURED, 48_200, attempt_id)


def test_a_way_the_account_has_not_is_refused_before_stripe_is_asked(gateway, wire, settings):
    settings.STRIPE_METHODS = ["card"]
    with pytest.raises(GatewayRefused):
        begun(stripe.StripeGateway(), instrument="upi")
    with pytest.raises(GatewayRefused):
        begun(gateway, instrument="netbanking")
    assert wire.seen == []


def test_a_declined_card_is_told_with_its_reason_and_takes_nothing(gateway, payer):
    attempt_id, intent = begun(gateway)
    ref = intent.gateway_ref
    assert payer.pay(ref, card=stripe_wire.DECLINED_CARD) == 402
    told = gateway.look_up(gateway_ref=ref)
    assert (told.kind, told.attempt_id, told.reason) == (DECLINED, attempt_id, "Your card was declined.")
    assert gateway.capture(attempt_id=attempt_id, gateway_ref=ref, amount_paise=48_200, now=NOW).kind == DECLINED
    with pytest.raises(GatewayRefused):
        send_back(gateway, ref, 100)


def test_while_the_bank_asks_the_payer_nothing_is_decided(gateway, payer):
    attempt_id, intent = begun(gateway)
    ref = intent.gateway_ref
    payer.pay(ref, card=stripe_wire.ASKS_FIRST)
    assert gateway.look_up(gateway_ref=ref) is None
    with pytest.raises(GatewayDown):
        gateway.capture(attempt_id=attempt_id, gateway_ref=ref, amount_paise=48_200, now=NOW)
    payer.authenticate(ref, intent.client["client_secret"])
    assert gateway.look_up(gateway_ref=ref).kind == AUTHORISED


def test_an_authorisation_let_go_can_not_be_captured(gateway, wire, payer):
    attempt_id, ref = authorised(gateway, payer)
    for _ in range(3):
        gateway.void(attempt_id=attempt_id, gateway_ref=ref, now=NOW)
    assert wire.keys(f"/v1/payment_intents/{ref}/cancel") == [f"void:{attempt_id}"], "asked for once"
    assert gateway.look_up(gateway_ref=ref).kind == DECLINED
    assert gateway.capture(attempt_id=attempt_id, gateway_ref=ref, amount_paise=48_200, now=NOW).kind == DECLINED


def test_what_was_captured_can_not_be_let_go(gateway, payer):
    attempt_id, ref = captured(gateway, payer)
    with pytest.raises(GatewayRefused):
        gateway.void(attempt_id=attempt_id, gateway_ref=ref, now=NOW)
    assert gateway.look_up(gateway_ref=ref).kind == CAPTURED


def test_capturing_more_than_was_authorised_is_refused_and_takes_nothing(gateway, payer):
    attempt_id, ref = authorised(gateway, payer, paise=10_000)
    with pytest.raises(GatewayRefused):
        gateway.capture(attempt_id=attempt_id, gateway_ref=ref, amount_paise=10_001, now=NOW)
    assert gateway.look_up(gateway_ref=ref).kind == AUTHORISED


def test_an_intent_stripe_does_not_know(gateway):
    assert gateway.look_up(gateway_ref="pi_nowhere") is None
    with pytest.raises(NotFound):
        gateway.capture(attempt_id=uuid7(), gateway_ref="pi_nowhere", amount_paise=1, now=NOW)


# -- giving back ------------------------------------------------------------------------------------------------------


def test_partial_refunds_add_up_and_no_more_goes_back_than_was_taken(gateway, wire, payer):
    _, ref = captured(gateway, payer, paise=50_000)
    first = uuid7()
    answer = send_back(gateway, ref, 20_000, first)
    assert answer.completed
    assert send_back(gateway, ref, 20_000, first) == answer, "the same refund again"
    send_back(gateway, ref, 25_000)
    with pytest.raises(GatewayRefused):
        send_back(gateway, ref, 5_001)
    send_back(gateway, ref, 5_000)
    assert sorted(refund["amount"] for refund in payer.refunds(ref)) == [5_000, 20_000, 25_000]
    assert wire.keys("/v1/refunds")[0] == f"refund:{first}:0"


def test_what_was_only_authorised_can_not_be_sent_back(gateway, payer):
    _, ref = authorised(gateway, payer)
    with pytest.raises(GatewayRefused):
        send_back(gateway, ref, 100)
    assert payer.refunds(ref) == []


def test_a_refund_whose_answer_was_lost_is_found_again_and_sent_once(gateway, wire, payer, monkeypatch):
    _, ref = captured(gateway, payer, paise=50_000)
    refund_id = uuid7()
    with monkeypatch.context() as patch:
        patch.setattr(stripe, "_refunds", lambda gateway_ref: losing_from_now(wire))
        patch.setattr(stripe, "TIMEOUTS_S", (5.0, 1.5))
        with pytest.raises(GatewayDown), gateways.guarded("stripe"):
            send_back(gateway, ref, 20_000, refund_id)
    assert wire.lost.wait(stripe_wire.PATIENCE_S)
    wire.loses_answers = False
    made = payer.refunds(ref)
    assert len(made) == 1, "it did happen"
    with gateways.guarded("stripe"):
        assert send_back(gateway, ref, 20_000, refund_id).gateway_ref == made[0]["id"]
    assert payer.refunds(ref) == made


def losing_from_now(wire):
    """Nothing was sent back yet, and from now on answers are lost."""
    wire.loses_answers = True
    return []


def test_a_capture_whose_answer_was_lost_is_not_taken_twice(gateway, wire, payer, monkeypatch):
    attempt_id, ref = authorised(gateway, payer)
    look = stripe._intent

    def then_lose(gateway_ref):
        found = look(gateway_ref)
        wire.loses_answers = True
        return found

    with monkeypatch.context() as patch:
        patch.setattr(stripe, "_intent", then_lose)
        patch.setattr(stripe, "TIMEOUTS_S", (5.0, 1.5))
        with pytest.raises(GatewayDown), gateways.guarded("stripe"):
            gateway.capture(attempt_id=attempt_id, gateway_ref=ref, amount_paise=48_200, now=NOW)
    assert wire.lost.wait(stripe_wire.PATIENCE_S)
    wire.loses_answers = False
    with gateways.guarded("stripe"):
        told = gateway.capture(attempt_id=attempt_id, gateway_ref=ref, amount_paise=48_200, now=NOW)
    assert (told.kind, told.amount_paise) == (CAPTURED, 48_200)
    assert len(wire.keys(f"/v1/payment_intents/{ref}/capture")) == 1


def test_no_stripe_at_all_is_gateway_down_and_a_wrong_key_too(gateway, localstripe, settings):
    settings.STRIPE_API_BASE = "http://127.0.0.1:1"
    with pytest.raises(GatewayDown), gateways.guarded("stripe"):
        begun(gateway)
    settings.STRIPE_API_BASE, settings.STRIPE_SECRET_KEY = localstripe, "nonsense"
    with pytest.raises(GatewayDown), gateways.guarded("stripe"):
        gateway.look_up(gateway_ref="pi_any")


# -- webhooks ---------------------------------------------------------------------------------------------------------


def test_webhooks_of_the_stand_in_are_verified_and_read(gateway, payer, mailbox):
    attempt_id, ref = captured(gateway, payer)
    headers, body = mailbox.next("payment_intent.succeeded", ref)
    message = gateway.verify(headers=headers, body=body, now=timezone.now())
    assert message.kind == "payment_intent.succeeded"
    told = gateway.read(message.body)
    assert (told.kind, told.gateway_ref, told.amount_paise, told.attempt_id) == (CAPTURED, ref, 48_200, attempt_id)

    attempt_id, intent = begun(gateway)
    payer.pay(intent.gateway_ref, card=stripe_wire.DECLINED_CARD)
    headers, body = mailbox.next("payment_intent.payment_failed", intent.gateway_ref)
    told = gateway.read(gateway.verify(headers=headers, body=body, now=timezone.now()).body)
    assert (told.kind, told.attempt_id, told.reason) == (DECLINED, attempt_id, "Your card was declined.")


def signed(kind, thing, *, secret=SECRET, at=None):
    """A webhook as Stripe signs it."""
    event = {"id": f"evt_{uuid7().hex}", "object": "event", "type": kind, "data": {"object": thing}}
    body = json.dumps(event)
    stamp = int(NOW.timestamp()) if at is None else at
    header = sdk.WebhookSignature.generate_signature_header(body, secret, stamp)
    return body.encode(), {stripe.SIGNATURE_HEADER: header}


def read(kind, thing):
    gateway = stripe.StripeGateway()
    body, headers = signed(kind, thing)
    message = gateway.verify(headers=headers, body=body, now=NOW)
    return gateway.read(orjson.loads(orjson.dumps(message.body)))


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        signed("payment_intent.succeeded", {"id": "pi_1"}, secret="whsec_of_a_forger"),
        signed("payment_intent.succeeded", {"id": "pi_1"}, at=1_700_000_000),
        signed("payment_intent.succeeded", {"id": "pi_1"}, at=int(NOW.timestamp()) + 301),
        (signed("payment_intent.succeeded", {"id": "pi_1"})[0], {}),
        (b'{"id": "evt_1"}', signed("payment_intent.succeeded", {"id": "pi_1"})[1]),
        (b"\xff", {stripe.SIGNATURE_HEADER: "t=1,v1=aa"}),
        (b"{}", {stripe.SIGNATURE_HEADER: "nonsense"}),
    ],
    ids=["forged", "old", "ahead", "unsigned", "changed", "not text", "damaged header"],
)
def test_refuses_messages_that_are_not_stripes(client, body, headers):
    with pytest.raises(BadSignature):
        stripe.StripeGateway().verify(headers=headers, body=body, now=NOW)
    door = reverse("payment-webhook", args=["stripe"])
    answer = client.post(door, body, content_type="application/json", headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/bad-signature")
    assert not WebhookReceipt.objects.exists()


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"id": "evt_1", "type": "x"}', b"nonsense"])
def test_signed_nonsense_is_refused_too(body):
    header = sdk.WebhookSignature.generate_signature_header(body.decode(), SECRET, int(NOW.timestamp()))
    with pytest.raises(BadSignature):
        stripe.StripeGateway().verify(headers={stripe.SIGNATURE_HEADER: header}, body=body, now=NOW)


def test_an_unset_secret_verifies_nothing(settings):
    settings.STRIPE_WEBHOOK_SECRET = ""
    body, headers = signed("payment_intent.succeeded", {"id": "pi_1"}, secret="")
    with pytest.raises(BadSignature):
        stripe.StripeGateway().verify(headers=headers, body=body, now=NOW)


ATTEMPT = uuid7()
INTENT = {
    "id": "pi_3Q", "object": "payment_intent", "amount": 48_200, "amount_capturable": 0, "amount_received": 0,
    "currency": "inr", "metadata": {"attempt_id": str(ATTEMPT), "note": "x"}, "client_secret": "pi_3Q_secret_9",
    "latest_charge": "ch_3Q", "payment_method": "pm_1Q", "receipt_email": "asha@example.com",
    "shipping": {"name": "Asha", "phone": "9876543210"},
}  # fmt: skip


def test_only_the_amount_that_really_moved_is_told():
    told = read("payment_intent.amount_capturable_updated", INTENT | {"amount_capturable": 48_200})
    assert (told.kind, told.amount_paise, told.attempt_id) == (AUTHORISED, 48_200, ATTEMPT)
    told = read("payment_intent.succeeded", INTENT | {"amount_received": 45_000})
    assert (told.kind, told.amount_paise) == (CAPTURED, 45_000)


def test_what_ran_out_at_stripe_is_declined_and_what_we_let_go_is_no_news():
    told = read("payment_intent.canceled", INTENT | {"cancellation_reason": "expired"})
    assert (told.kind, told.reason) == (DECLINED, "The payment ran out of time.")
    assert read("payment_intent.canceled", INTENT | {"cancellation_reason": None}) is None


def test_other_uses_of_the_account_are_not_our_business():
    assert read("payment_intent.succeeded", INTENT | {"metadata": {}}) is None
    assert read("payment_intent.succeeded", INTENT | {"metadata": {"attempt_id": "7"}}) is None
    assert read("payment_intent.succeeded", INTENT | {"currency": "usd", "amount_received": 1}) is None
    assert read("customer.created", {"id": "cus_1", "object": "customer"}) is None


REFUND_ID = uuid7()
REFUND = {
    "id": "re_3Q", "object": "refund", "amount": 1_500, "payment_intent": "pi_3Q", "charge": "ch_3Q",
    "metadata": {"refund_id": str(REFUND_ID)}, "status": "succeeded", "created": 5,
}  # fmt: skip


@pytest.mark.parametrize("kind", ["refund.created", "refund.updated", "refund.failed", "charge.refund.updated"])
def test_refunds_are_told_by_their_state(kind):
    told = read(kind, REFUND)
    assert (told.kind, told.refund_id, told.refund_ref, told.amount_paise) == (REFUNDED, REFUND_ID, "re_3Q", 1_500)
    told = read(kind, REFUND | {"status": "failed", "failure_reason": "expired_or_canceled_card"})
    assert (told.kind, told.reason) == (REFUND_FAILED, "expired_or_canceled_card")
    assert read(kind, REFUND | {"status": "pending"}) is None


def test_a_refunded_charge_tells_which_refund_where_it_carries_them():
    charge = {"id": "ch_3Q", "object": "charge", "payment_intent": "pi_3Q", "amount_refunded": 2_500}
    assert read("charge.refunded", charge) is None
    older = REFUND | {"id": "re_2Q", "created": 1, "metadata": {}}
    told = read("charge.refunded", charge | {"refunds": {"data": [older, REFUND]}})
    assert (told.kind, told.refund_id) == (REFUNDED, REFUND_ID)


DISPUTE = {
    "id": "dp_1Q", "object": "dispute", "amount": 48_200, "charge": "ch_3Q", "payment_intent": "pi_3Q",
    "reason": "fraudulent", "status": "needs_response", "evidence_details": {"due_by": 1_800_000_000},
}  # fmt: skip


def test_disputes_open_and_close():
    for kind in ("charge.dispute.created", "charge.dispute.funds_withdrawn"):
        told = read(kind, DISPUTE)
        assert (told.kind, told.dispute_ref, told.gateway_ref) == (DISPUTED, "dp_1Q", "pi_3Q")
        assert (told.amount_paise, told.reason) == (48_200, "fraudulent")
        assert told.due_by == datetime.fromtimestamp(1_800_000_000, UTC)
    assert read("charge.dispute.closed", DISPUTE | {"status": "won"}).kind == DISPUTE_WON
    assert read("charge.dispute.closed", DISPUTE | {"status": "lost"}).kind == DISPUTE_LOST


def test_an_inquiry_takes_no_money_and_is_no_dispute():
    assert read("charge.dispute.created", DISPUTE | {"status": "warning_needs_response"}) is None
    assert read("charge.dispute.closed", DISPUTE | {"status": "warning_closed"}) is None


def test_of_a_message_no_person_and_no_card_data_is_kept():
    card = {"brand": "visa", "last4": "4242", "exp_month": 4, "exp_year": 2031, "fingerprint": "Xt5EWLLDS7FJjR1c"}
    charge = {
        "id": "ch_3Q", "object": "charge", "amount": 48_200, "billing_details": {"name": "Asha", "phone": "98765"},
        "payment_method_details": {"type": "card", "card": card}, "receipt_url": "https://pay.stripe.com/x",
    }  # fmt: skip
    for kind, thing in (("charge.succeeded", charge), ("payment_intent.succeeded", INTENT)):
        body, headers = signed(kind, thing)
        kept = orjson.dumps(stripe.StripeGateway().verify(headers=headers, body=body, now=NOW).body).decode()
        for private in ("Asha", "asha@", "98765", "2031", "Xt5", "secret", "receipt", "note"):
            assert private not in kept
    body, headers = signed("charge.succeeded", charge)
    thing = stripe.StripeGateway().verify(headers=headers, body=body, now=NOW).body["data"]["object"]
    assert thing["card"] == {"brand": "visa", "last4": "4242"}


# -- failed refunds, which localstripe has not ------------------------------------------------------------------------


def test_what_failed_at_stripe_is_sent_again_under_another_key_until_a_person_must_decide(
    gateway, wire, payer, monkeypatch
):
    _, ref = captured(gateway, payer, paise=9_000)
    refund_id, really = uuid7(), stripe._refunds

    def all_failed(gateway_ref):
        return [refund | {"status": "failed"} for refund in really(gateway_ref)]

    monkeypatch.setattr(stripe, "_refunds", all_failed)
    for _ in range(stripe.MOST_FAILED):
        send_back(gateway, ref, 9_000, refund_id)
    assert wire.keys("/v1/refunds") == [f"refund:{refund_id}:{n}" for n in range(stripe.MOST_FAILED)]
    with pytest.raises(GatewayRefused):
        send_back(gateway, ref, 9_000, refund_id)


# -- the whole way ----------------------------------------------------------------------------------------------------


def start(payment, instrument="upi"):
    return services.start_attempt(
        payment_id=payment.pk, customer_id=payment.customer_id, instrument=instrument, now=NOW, return_url="/somewhere/"
    )


def test_a_payment_is_paid_by_webhook_and_given_back(client, gateway, payer, mailbox):
    payment = online(48_200)
    started = start(payment)
    assert started["pay_url"] == f"/stripe/pay/{started['attempt_id']}/?return=%2Fsomewhere%2F"
    payer.pay(started["intent_id"])
    headers, body = mailbox.next("payment_intent.succeeded", started["intent_id"])
    door = reverse("payment-webhook", args=["stripe"])
    for repeated in (False, True):
        answer = client.post(door, body, content_type="application/json", headers=headers)
        assert (answer.status_code, answer.json()) == (200, {"received": True, "repeated": repeated})
    assert services.process_webhook(receipt_id=WebhookReceipt.objects.get().pk, now=NOW) == "Captured"
    payment.refresh_from_db()
    assert (payment.state, payment.captured_paise) == ("captured", 48_200)

    services.lower_amount(ref=payment.ref, by_paise=8_200, reason="Short", key="short", now=NOW)
    services.cancel(ref=payment.ref, reason="Not wanted", now=NOW)
    for refund in Refund.objects.all():
        services.send_refund(refund_id=refund.pk, now=NOW)
        assert gateway.look_up_refund(refund_id=refund.pk).completed
    assert sorted(refund["amount"] for refund in payer.refunds(started["intent_id"])) == [8_200, 40_000]
    assert set(Refund.objects.values_list("state", flat=True)) == {"done"}
    assert queries.audit() == []
    assert queries.balances()["gateway:stripe"] == 0


def test_an_unknown_refund_is_not_found(gateway):
    assert gateway.look_up_refund(refund_id=uuid7()) is None


def test_asking_pays_as_the_webhook_would_and_repeating_is_silent(wire, payer):
    payment = online()
    started = start(payment)
    assert ask(attempt_id=started["attempt_id"], now=NOW) == "Nothing yet"
    payer.pay(started["intent_id"])
    assert ask(attempt_id=started["attempt_id"], now=NOW) == "Captured"
    assert ask(attempt_id=started["attempt_id"], now=NOW) == "Known already"
    assert queries.audit() == []


# -- the page ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def bought(wire, client, monkeypatch):
    payment = online(48_200)
    payment.due_by = None
    payment.save()
    client.force_login(payment.customer)
    return payment, start(payment)


def test_the_page_carries_what_stripes_script_needs_and_opens_the_policy_for_itself_alone(client, bought):
    _, started = bought
    page = client.get(started["pay_url"])
    html = page.content.decode()
    assert page.status_code == 200
    assert 'data-stripe="pk_test_12345"' in html
    assert f'data-secret="{started["intent_id"]}_secret_' in html
    assert f"http://testserver/stripe/pay/{started['attempt_id']}/return/?return=%2Fsomewhere%2F" in html
    assert f'src="{stripe.SCRIPT}"' in html
    assert "₹482" in html
    assert stripe_wire.KEY not in html
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self' https://js.stripe.com" in policy
    assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]
    assert "no-store" in page.headers["Cache-Control"]
    assert "stripe.com" not in client.get(reverse("stripe-return", args=[started["attempt_id"]])).headers.get(
        "Content-Security-Policy", ""
    )


def test_the_page_is_for_its_own_customer(client, bought):
    _, started = bought
    client.force_login(online().customer)
    assert client.get(started["pay_url"]).status_code == 404
    assert client.get(reverse("stripe-return", args=[started["attempt_id"]])).status_code == 404
    client.logout()
    assert client.get(started["pay_url"]).status_code == 302
    assert client.post(started["pay_url"]).status_code in (302, 405)


def test_coming_back_is_not_believed_until_stripe_says_so(client, bought, payer):
    payment, started = bought
    back = reverse("stripe-return", args=[started["attempt_id"]]) + "?return=/somewhere/&redirect_status=succeeded"
    answer = client.get(back)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/somewhere/")
    payment.refresh_from_db()
    assert payment.state == "open"
    payer.pay(started["intent_id"])
    client.get(back)
    payment.refresh_from_db()
    assert payment.state == "captured"
    again = client.get(started["pay_url"])
    assert (again.status_code, again.headers["Location"]) == (302, "/somewhere/"), "nothing to pay any more"


@pytest.mark.parametrize("url", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
def test_the_way_back_stays_on_this_site(client, bought, url):
    _, started = bought
    answer = client.get(reverse("stripe-return", args=[started["attempt_id"]]), {"return": url})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


def test_with_stripe_away_the_page_says_so_and_the_way_back_still_works(client, bought, settings):
    _, started = bought
    settings.STRIPE_API_BASE = "http://127.0.0.1:1"
    page = client.get(started["pay_url"])
    assert page.status_code == 503
    assert "The payment service does not answer" in page.content.decode()
    back = client.get(reverse("stripe-return", args=[started["attempt_id"]]) + "?return=/somewhere/")
    assert (back.status_code, back.headers["Location"]) == (302, "/somewhere/")
    assert Attempt.objects.get(pk=started["attempt_id"]).state == "started"
