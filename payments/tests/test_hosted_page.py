"""The page that opens Razorpay Checkout, without the network: what it loads, whom it serves, what a callback does."""

import json
import re

import pytest

from accounts.tests.factories import UserFactory
from catalog.tests.factories import NOW
from payments import services
from payments.models import Attempt, WebhookReceipt
from payments.standins.rigs import RazorpayRig

pytestmark = pytest.mark.django_db


@pytest.fixture
def rig(time_machine):
    time_machine.move_to(NOW, tick=False)
    with RazorpayRig(NOW) as rig:
        yield rig


@pytest.fixture
def attempt(rig):
    return rig.start(rig.payment())


@pytest.fixture
def payer(client, attempt):
    client.force_login(attempt.payment.customer)
    return client


def told(rig, attempt, **changed):
    return {**rig.razorpay.callback(rig.razorpay.pay(attempt.gateway_ref)), "return": "/orders/1/pay/", **changed}


def test_the_page_opens_checkout_with_public_values_only(rig, attempt, payer):
    answer = payer.get(f"/pay/{attempt.pk}/?return=/orders/1/pay/")
    page = answer.content.decode()
    client = json.loads(answer.context["client"])
    assert client["order_id"] == attempt.gateway_ref
    assert (client["key"], client["amount"], client["prefill"]) == ("rzp_test_rehearsal", 48_200, {"method": "upi"})
    assert "₹482" in page
    assert '<script defer src="https://checkout.razorpay.com/v1/checkout.js">' in page
    for secret in ("rehearsal-key-secret", "rehearsal-webhook-secret"):
        assert secret not in page
    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    assert 'href="/orders/1/pay/"' in page


def test_only_this_page_may_load_razorpay_and_talk_to_windows_of_banks(attempt, payer):
    policy = payer.get(f"/pay/{attempt.pk}/").headers["Content-Security-Policy"]
    assert "script-src 'self' https://checkout.razorpay.com" in policy
    assert "frame-src https://api.razorpay.com" in policy
    assert payer.get(f"/pay/{attempt.pk}/").headers["Cross-Origin-Opener-Policy"] == "same-origin-allow-popups"
    elsewhere = payer.get("/wallet/")
    assert "razorpay" not in elsewhere.headers.get("Content-Security-Policy", "")


def test_a_good_callback_makes_us_ask_and_razorpays_word_pays(rig, attempt, payer):
    answer = payer.post(f"/pay/{attempt.pk}/done/", told(rig, attempt))
    assert (answer.status_code, answer.headers["Location"]) == (302, "/orders/1/pay/")
    attempt.payment.refresh_from_db()
    assert attempt.payment.state == "captured"
    assert "payments" in rig.razorpay.calls


@pytest.mark.parametrize(
    "changed",
    [
        {"razorpay_signature": "0" * 64},
        {"razorpay_signature": "é"},
        {"razorpay_signature": ""},
        {"razorpay_payment_id": "pay_another"},
        {"razorpay_payment_id": ""},
    ],
)
def test_a_forged_callback_is_refused_and_nobody_is_asked(rig, attempt, payer, changed):
    answer = payer.post(f"/pay/{attempt.pk}/done/", told(rig, attempt, **changed))
    assert answer.status_code == 400
    assert "could not confirm" in answer.content.decode()
    assert " data-wait" in answer.content.decode()  # the window does not open over the bad news
    attempt.payment.refresh_from_db()
    assert attempt.payment.state == "open"
    assert "payments" not in rig.razorpay.calls


def test_a_true_callback_of_another_order_does_not_fit(rig, attempt, payer):
    other = rig.start(rig.payment())
    answer = payer.post(f"/pay/{attempt.pk}/done/", told(rig, other))
    assert answer.status_code == 400


def test_a_good_signature_pays_nothing_when_razorpay_says_it_was_declined(rig, attempt, payer):
    declined = rig.razorpay.pay(attempt.gateway_ref, decline="The bank declined the payment.")
    payer.post(f"/pay/{attempt.pk}/done/", rig.razorpay.callback(declined))
    attempt.refresh_from_db()
    assert (attempt.state, attempt.payment.state) == ("declined", "open")


def test_nobody_opens_or_answers_the_attempt_of_somebody_else(rig, attempt, client):
    assert client.get(f"/pay/{attempt.pk}/").status_code == 302  # to sign in
    client.force_login(UserFactory())
    assert client.get(f"/pay/{attempt.pk}/").status_code == 404
    assert client.post(f"/pay/{attempt.pk}/done/", told(rig, attempt)).status_code == 404
    attempt.payment.refresh_from_db()
    assert attempt.payment.state == "open"


def test_the_way_back_stays_on_this_site(rig, attempt, payer):
    answer = payer.post(f"/pay/{attempt.pk}/done/", told(rig, attempt, **{"return": "https://evil.example/"}))
    assert answer.headers["Location"] == "/"


def test_with_razorpay_away_the_callback_waits_for_the_webhook(rig, attempt, payer):
    posted = told(rig, attempt)
    rig.razorpay.fail_next("payments", "html")
    assert payer.post(f"/pay/{attempt.pk}/done/", posted).status_code == 302
    rig.hear()
    attempt.payment.refresh_from_db()
    assert attempt.payment.state == "captured"
    assert WebhookReceipt.objects.exists()


def test_a_payment_that_is_over_opens_nothing(rig, attempt, payer):
    services.cancel(ref=attempt.payment.ref, reason="window over", now=NOW)
    page = payer.get(f"/pay/{attempt.pk}/").content.decode()
    assert "checkout.js" not in page
    assert "The time to pay is over" in page


def test_an_attempt_of_the_sandbox_has_no_page_here(client, settings):
    from payments.tests.factories import online, start

    payment = online()
    start(payment)
    client.force_login(payment.customer)
    assert client.get(f"/pay/{Attempt.objects.get().pk}/").status_code == 404
