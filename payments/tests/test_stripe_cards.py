"""Cards at Stripe the whole way: reserved by the payer, taken or let go by us."""

import pytest
from django.urls import reverse

from catalog.tests.factories import NOW
from payments import queries, services
from payments.gateways import stripe
from payments.models import Attempt, Payment, Refund
from payments.tests.factories import online

pytest.importorskip("payments.services.capturing", reason="reservations are not taken here")
pytestmark = pytest.mark.django_db


@pytest.fixture
def reserved(wire, payer, client):
    """An attempt whose payer has just come back from Stripe."""
    payment = online(48_200)
    Payment.objects.filter(pk=payment.pk).update(due_by=None)
    started = services.start_attempt(payment_id=payment.pk, customer_id=payment.customer_id, instrument="card", now=NOW)
    payer.pay(started["intent_id"])
    client.force_login(payment.customer)
    client.get(reverse("stripe-return", args=[started["attempt_id"]]))
    attempt = Attempt.objects.select_related("payment").get(pk=started["attempt_id"])
    assert (attempt.state, attempt.authorised_paise) == ("authorised", 48_200)
    Attempt.objects.filter(pk=attempt.pk).update(next_try_at=NOW)
    return attempt


def settle(attempt):
    Attempt.objects.filter(pk=attempt.pk, state="authorised").update(next_try_at=NOW)
    outcome = services.settle_authorised(attempt_id=attempt.pk, now=NOW)
    attempt.refresh_from_db()
    attempt.payment.refresh_from_db()
    assert queries.audit() == []
    return outcome


def test_what_the_payer_reserved_is_taken_once(reserved, wire):
    assert settle(reserved) == "Captured"
    assert settle(reserved) == "Known already"
    assert (reserved.payment.state, reserved.instrument) == ("captured", "card ending 4242 (visa)")
    assert len(wire.keys(f"/v1/payment_intents/{reserved.gateway_ref}/capture")) == 1


def test_what_nobody_wants_any_more_is_let_go_and_nothing_was_taken(reserved, wire):
    services.cancel(ref=reserved.payment.ref, reason="Not wanted", now=NOW)
    assert settle(reserved) == "Let go"
    assert reserved.state == "voided"
    assert wire.keys(f"/v1/payment_intents/{reserved.gateway_ref}/capture") == []
    assert queries.balances().get("gateway:stripe", 0) == 0


def test_taken_although_cancelled_meanwhile_it_goes_back(reserved, payer):
    """Our capture happened, we never had its answer, no message came, and the order was cancelled."""
    stripe.StripeGateway().capture(
        attempt_id=reserved.pk, gateway_ref=reserved.gateway_ref, amount_paise=48_200, now=NOW
    )
    services.cancel(ref=reserved.payment.ref, reason="Not wanted", now=NOW)
    assert settle(reserved) == "Sent back: it was no longer wanted"
    refund = Refund.objects.get(payment=reserved.payment)
    services.send_refund(refund_id=refund.pk, now=NOW)
    assert [made["amount"] for made in payer.refunds(reserved.gateway_ref)] == [48_200]
    assert queries.audit() == []
    assert queries.balances()["gateway:stripe"] == 0
