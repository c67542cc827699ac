"""Our stand-in for Stripe behaves as Stripe does where the adapter depends on it, asked with the official SDK."""

import pytest
import stripe as sdk

from blinkit.kernel.ids import uuid7
from catalog.tests.factories import NOW
from payments import services
from payments.errors import GatewayDown, GatewayRefused
from payments.gateways import guarded, stripe
from payments.models import Dispute, Refund
from payments.standins.rigs import StripeRig

pytestmark = pytest.mark.django_db


@pytest.fixture
def rig():
    with StripeRig(NOW) as rig:
        yield rig


@pytest.fixture
def client(rig):
    """The SDK by itself, without our adapter."""
    return sdk.StripeClient(
        rig.KEYS["STRIPE_SECRET_KEY"], base_addresses={"api": rig.stripe.url}, max_network_retries=0
    )


def intent(client, *, key="k", capture="manual", paise=48_200):
    wanted = {
        "amount": paise, "currency": "inr", "allowed_payment_method_types": ["card"], "capture_method": capture,
        "metadata": {"attempt_id": str(uuid7())},
    }  # fmt: skip
    return client.v1.payment_intents.create(wanted, {"idempotency_key": key} if key else {})


def test_the_sdk_verifies_its_events_and_nothing_that_was_changed(rig, client):
    rig.stripe.pay(intent(client).id)
    ((headers, body),) = rig.stripe.take_messages()
    secret, header = rig.KEYS["STRIPE_WEBHOOK_SECRET"], headers["Stripe-Signature"]
    event = sdk.Webhook.construct_event(body, header, secret, tolerance=0)
    assert event.type == "payment_intent.amount_capturable_updated"
    for changed, key in ((body.replace(b"48200", b"1"), secret), (body, "whsec_other")):
        with pytest.raises(sdk.SignatureVerificationError):
            sdk.Webhook.construct_event(changed, header, key, tolerance=0)


def test_an_intent_is_made_confirmed_captured_and_cancelled_over_http(client):
    made = intent(client)
    assert made.status == "requires_payment_method"
    confirmed = client.v1.payment_intents.confirm(made.id, {"payment_method": "pm_card_visa"})
    assert (confirmed.status, confirmed.amount_capturable) == ("requires_capture", 48_200)
    taken = client.v1.payment_intents.capture(made.id, {"amount_to_capture": 40_000})
    assert (taken.status, taken.amount_received) == ("succeeded", 40_000)
    with pytest.raises(sdk.InvalidRequestError, match="status of succeeded"):
        client.v1.payment_intents.cancel(made.id)
    other = intent(client, key="other")
    with pytest.raises(sdk.CardError, match="declined"):
        client.v1.payment_intents.confirm(other.id, {"payment_method": "pm_card_chargeDeclined"})
    assert client.v1.payment_intents.retrieve(other.id).last_payment_error.code == "card_declined"
    assert client.v1.payment_intents.cancel(other.id).status == "canceled"


def test_a_key_gives_its_first_answer_again_and_refuses_other_parameters(rig, client):
    wanted = {"amount": 48_200, "currency": "inr", "allowed_payment_method_types": ["card"]}
    first = client.v1.payment_intents.create(wanted, {"idempotency_key": "k"})
    assert client.v1.payment_intents.create(wanted, {"idempotency_key": "k"}).id == first.id
    with pytest.raises(sdk.IdempotencyError):
        client.v1.payment_intents.create(wanted | {"amount": 1_000}, {"idempotency_key": "k"})
    assert len(rig.stripe.intents) == 1


def test_refunds_are_listed_newest_first_page_by_page(rig, client):
    made = intent(client, capture="automatic")
    rig.stripe.pay(made.id)
    for paise in (100, 200, 300):
        client.v1.refunds.create({"payment_intent": made.id, "amount": paise})
    listed = client.v1.refunds.list({"payment_intent": made.id, "limit": 2})
    assert [refund.amount for refund in listed.auto_paging_iter()] == [300, 200, 100]
    assert client.v1.refunds.retrieve(listed.data[0].id).amount == 300
    with pytest.raises(sdk.InvalidRequestError, match="greater"):
        client.v1.refunds.create({"payment_intent": made.id, "amount": 47_601})


def test_a_wrong_key_and_an_unknown_address_are_refused(rig):
    stranger = sdk.StripeClient("sk_test_other", base_addresses={"api": rig.stripe.url}, max_network_retries=0)
    with pytest.raises(sdk.AuthenticationError):
        intent(stranger)
    with pytest.raises(sdk.AuthenticationError):
        stranger.v1.refunds.list()


@pytest.mark.parametrize("how", ["500", "html", "lose"])
def test_trouble_on_the_line_is_told_as_a_gateway_that_is_down(rig, how):
    rig.stripe.fail_next("retrieve", how)
    attempt = rig.start(rig.payment())
    with pytest.raises(GatewayDown), guarded("stripe"):
        stripe.StripeGateway().look_up(gateway_ref=attempt.gateway_ref)


# -- what the stand-in found in the adapter ---------------------------------------------------------------------------


def test_a_refusal_that_stripe_keeps_under_its_key_does_not_stand_in_the_way_later(rig):
    """Stripe repeats a refusal under its key for a day: the next try has to come under another one."""
    _, attempt = rig.paid()
    gateway, refund_id = stripe.StripeGateway(), uuid7()
    ask = {"refund_id": refund_id, "gateway_ref": attempt.gateway_ref, "amount_paise": 10_000, "now": NOW}
    for _ in range(2):
        rig.stripe.fail_next("refund", "refuse")
        with pytest.raises(GatewayRefused):
            gateway.refund(**ask)
    assert not rig.stripe.refunds
    answer = gateway.refund(**ask)
    assert gateway.refund(**ask) == answer, "asked again, sent once"
    assert [refund["amount"] for refund in rig.stripe.refunds.values()] == [10_000]


def test_a_reservation_whose_capture_was_refused_is_taken_at_the_next_try(rig):
    payment = rig.payment()
    attempt = rig.start(payment, reserve=True)
    rig.pay(attempt)
    rig.deliver(rig.take_messages())
    rig.stripe.fail_next("capture", "refuse")
    rig.sweep()
    payment.refresh_from_db()
    assert payment.state == "open"
    rig.later(minutes=1)
    rig.sweep()
    payment.refresh_from_db()
    assert (payment.state, payment.captured_paise) == ("captured", 48_200)


def test_a_refund_that_fails_at_the_bank_is_sent_again_and_comes_back_once(rig):
    payment, _ = rig.paid()
    services.cancel(ref=payment.ref, reason="changed mind", now=rig.now)
    rig.sweep()
    (first,) = rig.stripe.refunds
    rig.stripe.fail_refund(first)
    rig.deliver(rig.take_messages())
    assert Refund.objects.get().state == "failed"
    assert rig.refunds_through(payment) == 48_200
    assert sorted(refund["status"] for refund in rig.stripe.refunds.values()) == ["failed", "succeeded"]


def test_an_inquiry_is_no_dispute(rig):
    _, attempt = rig.paid(instrument="card")
    rig.stripe.dispute(attempt.gateway_ref, inquiry=True)
    rig.hear()
    assert not Dispute.objects.exists()
