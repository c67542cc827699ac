"""No card number is kept and no secret is written to a log, whatever a gateway sends and whatever goes wrong."""

import io
import json
import logging
import re

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.tests.factories import NOW
from payments import services
from payments.errors import GatewayDown
from payments.gateways.redaction import HIDDEN, is_pan, pans_in, without_card_data
from payments.models import WebhookReceipt
from payments.standins.rigs import RIGS, RazorpayRig, StripeRig

PAN = "4111111111111111"


@pytest.fixture(params=RIGS)
def rig(request, db):
    with RIGS[request.param](NOW) as rig:
        yield rig


@pytest.fixture
def written():
    """Everything any logger writes at DEBUG, of the SDK and of the connection pool too."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(logging.getLogger().handlers[0].formatter)
    plain = logging.StreamHandler(out)  # without the redaction: what is handed to the loggers at all
    root, before = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.addHandler(plain)
    root.setLevel(logging.DEBUG)
    yield out
    root.setLevel(before)
    root.removeHandler(handler)
    root.removeHandler(plain)


def whole_life(rig):
    """Paid by card, refunded with a failing try, disputed; declined; forged; a call that breaks."""
    payment, attempt = rig.paid(instrument="card")
    rig.refuse_next_refund(attempt)
    services.lower_amount(ref=payment.ref, by_paise=100, reason="missing", key=f"{payment.pk}", now=rig.now)
    rig.refunds_through(payment)
    rig.end_dispute(attempt, rig.dispute(attempt), won=False)
    rig.hear()
    other = rig.payment()
    rig.pay(rig.start(other), decline=True)
    rig.hear()
    reserved = rig.start(other, reserve=True)
    rig.pay(reserved)
    rig.deliver(rig.take_messages())
    rig.lose_next_answer("capture")
    services.settle_authorised(attempt_id=reserved.pk, now=rig.now)
    rig.lose_next_answer("start")
    with pytest.raises(GatewayDown):
        rig.start(rig.payment())


def test_no_secret_reaches_a_log_and_no_card_number_a_row(rig, written, capfd, settings):
    secrets = [
        settings.PAYMENT_SANDBOX_SECRET,
        settings.SECRET_KEY,
        *(value for name, value in RazorpayRig.KEYS.items() if name != "RAZORPAY_KEY_ID"),
        *(value for name, value in StripeRig.KEYS.items() if name != "STRIPE_PUBLISHABLE_KEY"),
        "_secret_",  # of every client secret of Stripe
    ]
    with CaptureQueriesContext(connection) as statements:
        whole_life(rig)
    printed = "".join(capfd.readouterr())
    sql = "\n".join(query["sql"] for query in statements)
    log = written.getvalue()
    assert "payments" in log or "urllib3" in log or rig.name == "sandbox"
    for text in (log, printed, sql):
        for secret in secrets:
            assert secret not in text
    kept = orjson.dumps(list(WebhookReceipt.objects.values("body", "outcome", "kind", "event_id"))).decode()
    assert WebhookReceipt.objects.exists()
    for text in (kept, sql, log, printed):
        assert pans_in(text) == []
    for personal in ("priya@", "9876543210", "Priya Sharma", "411111"):
        assert personal not in kept


def test_the_stand_in_really_sends_a_card_number_and_we_keep_only_the_end(db):
    """The control: without the redaction the test above would find it."""
    with RazorpayRig(NOW) as rig:
        payment = rig.payment()
        rig.pay(rig.start(payment, instrument="card"))
        messages = rig.take_messages()
        assert any(PAN.encode() in body for _, body in messages)
        rig.deliver(messages)
        card = WebhookReceipt.objects.first().body["payload"]["payment"]["entity"]["card"]
        assert card == {"last4": "1111", "network": "Visa", "type": "credit"}


@pytest.mark.parametrize("number", [PAN, "5555555555554444", "378282246310005", "6011111111111117", "4000056655665556"])
def test_card_numbers_are_known_in_every_spelling(number):
    assert is_pan(number)
    spelt = re.sub(r"(\d{4})(?=\d)", r"\1 ", number)
    assert without_card_data({"note": f"paid with {spelt} today", "x": [int(number)]}) == {
        "note": f"paid with {HIDDEN} today",
        "x": [HIDDEN],
    }


@pytest.mark.parametrize("harmless", ["4111111111111112", "1700000000000", "order_4111", "0123456789012345", "12345"])
def test_what_is_no_card_number_stays(harmless):
    assert without_card_data({"id": harmless}) == {"id": harmless}


def test_what_the_adapters_read_is_still_there():
    body = {
        "event": "payment.captured",
        "payload": {"payment": {"entity": {
            "id": "pay_1", "order_id": "order_1", "amount": 48_200, "status": "captured", "method": "card",
            "notes": {"attempt": "x"}, "email": "a@b.c", "contact": "+919876543210", "vpa": None,
            "card": {"last4": "1111", "network": "Visa", "iin": "411111", "name": "P", "exp_month": 1},
        }}},
        "data": {"object": {"client_secret": "pi_1_secret_2", "id": "pi_1", "payment_method_details": {
            "type": "card", "card": {"brand": "visa", "last4": "4242", "fingerprint": "f", "exp_year": 2030}}}},
    }  # fmt: skip
    kept = without_card_data(body)
    assert kept["payload"]["payment"]["entity"] == {
        "id": "pay_1", "order_id": "order_1", "amount": 48_200, "status": "captured", "method": "card",
        "notes": {"attempt": "x"}, "card": {"last4": "1111", "network": "Visa"},
    }  # fmt: skip
    assert kept["data"]["object"] == {
        "id": "pi_1",
        "payment_method_details": {"type": "card", "card": {"brand": "visa", "last4": "4242"}},
    }
    assert json.dumps(body)  # the message itself is left as it was
    assert body["payload"]["payment"]["entity"]["card"]["iin"] == "411111"


@pytest.mark.parametrize(
    "text",
    [
        "pi_f81d60f4111111111111111fc6c6aa41",
        "41111111-1111-4111-8111-111111111111",
        "re_4242424242424242a0b1c2d3e4f5a6b7",
    ],
)
def test_digits_inside_an_id_are_no_card(text):
    assert without_card_data({"intent": text}) == {"intent": text}
    assert without_card_data({"words": f"{text} 4111 1111 1111 1111"}) == {"words": f"{text} {HIDDEN}"}
