"""The Razorpay adapter with the official SDK, over real HTTP, against our stand-in."""

import json
from datetime import timedelta

import pytest

from blinkit.kernel.ids import uuid7
from catalog.tests.factories import NOW
from payments import gateways, ledger, queries, services
from payments.errors import BadSignature, GatewayDown, GatewayRefused
from payments.gateways import razorpay
from payments.gateways.razorpay import RazorpayGateway
from payments.models import Attempt, Refund, WebhookReceipt
from payments.standins.rigs import RazorpayRig

pytestmark = pytest.mark.django_db
ATTEMPT = uuid7()


@pytest.fixture
def rig():
    with RazorpayRig(NOW) as rig:
        yield rig


def begin(attempt_id=ATTEMPT, *, amount_paise=48_200, **more):
    return RazorpayGateway().start(attempt_id=attempt_id, amount_paise=amount_paise, instrument="upi", now=NOW, **more)


def test_an_attempt_is_an_order_with_the_attempt_as_its_receipt(rig, settings):
    settings.RAZORPAY_CAPTURE = "manual"
    intent = begin()
    order = rig.razorpay.orders[intent.gateway_ref]
    assert (order["receipt"], order["amount"], order["currency"], order["capture"]) == (
        str(ATTEMPT),
        48_200,
        "INR",
        "manual",
    )
    assert intent.pay_url == f"/pay/{ATTEMPT}/"
    assert intent.client["key"] == "rzp_test_rehearsal"
    assert "rehearsal-key-secret" not in json.dumps(dict(intent.client))


def test_a_collect_address_is_handed_to_checkout_and_not_to_the_order(rig):
    intent = begin(vpa="priya@okhdfcbank")
    assert intent.client["prefill"] == {"method": "upi", "vpa": "priya@okhdfcbank"}
    assert "priya" not in json.dumps(rig.razorpay.orders)


def test_a_start_that_is_repeated_finds_the_order_whose_answer_was_lost(rig):
    rig.razorpay.fail_next("order", "lose")
    with pytest.raises(GatewayDown), gateways.guarded("razorpay"):
        begin()
    again = begin()
    assert again.gateway_ref == begin().gateway_ref
    assert len(rig.razorpay.orders) == 1


def test_the_first_start_asks_once(rig):
    begin(uuid7())
    assert rig.razorpay.calls == ["order"]


@pytest.mark.parametrize(
    ("fault", "trouble"),
    [("refuse", GatewayRefused), ("500", GatewayDown), ("html", GatewayDown), ("lose", GatewayDown)],
)
def test_a_no_is_a_refusal_and_anything_else_is_trouble(rig, fault, trouble):
    rig.razorpay.fail_next("order", fault)
    with pytest.raises(trouble), gateways.guarded("razorpay"):
        begin()


def test_no_call_waits_longer_than_its_limit(rig, monkeypatch):
    monkeypatch.setattr(razorpay, "READ_S", 0.2)
    rig.razorpay.fail_next("order", "hang")
    with pytest.raises(GatewayDown), gateways.guarded("razorpay"):
        begin()


def test_a_slow_answer_is_an_answer(rig):
    rig.razorpay.fail_next("order", "slow")
    assert begin().gateway_ref in rig.razorpay.orders


def test_wrong_keys_are_a_refusal(rig, settings):
    settings.RAZORPAY_KEY_SECRET = "wrong"
    with pytest.raises(GatewayRefused, match="Authentication"):
        begin()


def test_of_an_orders_payments_the_furthest_counts(rig):
    intent = begin()
    adapter = RazorpayGateway()
    assert adapter.look_up(gateway_ref=intent.gateway_ref) is None
    rig.razorpay.pay(intent.gateway_ref, decline="Wrong UPI PIN")
    notice = adapter.look_up(gateway_ref=intent.gateway_ref)
    assert (notice.kind, notice.reason) == (gateways.DECLINED, "Wrong UPI PIN")
    rig.razorpay.pay(intent.gateway_ref, method="card")
    rig.razorpay.pay(intent.gateway_ref, decline="Wrong UPI PIN")
    notice = adapter.look_up(gateway_ref=intent.gateway_ref)
    assert (notice.kind, notice.amount_paise, notice.instrument) == (gateways.CAPTURED, 48_200, "card ending 1111")
    assert notice.attempt_id is None or notice.attempt_id == ATTEMPT


def test_capturing_twice_captures_once_and_what_is_gone_is_declined(rig, settings):
    settings.RAZORPAY_CAPTURE = "manual"
    adapter = RazorpayGateway()
    taken, gone = begin(uuid7()).gateway_ref, begin(uuid7()).gateway_ref
    for ref in (taken, gone):
        rig.razorpay.pay(ref)
    rig.razorpay.let_go(gone)
    for _ in range(2):
        notice = adapter.capture(attempt_id=ATTEMPT, gateway_ref=taken, amount_paise=48_200, now=NOW)
        assert (notice.kind, notice.amount_paise) == (gateways.CAPTURED, 48_200)
    assert rig.razorpay.calls.count("capture") == 1
    assert adapter.capture(attempt_id=ATTEMPT, gateway_ref=gone, amount_paise=1, now=NOW).kind == gateways.DECLINED


def test_a_reservation_that_lapsed_ends_as_declined_and_another_try_may_follow(rig):
    payment = rig.payment()
    attempt = rig.start(payment, reserve=True)
    rig.pay(attempt)
    rig.deliver(rig.take_messages())
    rig.razorpay.let_go(attempt.gateway_ref)
    assert services.settle_authorised(attempt_id=attempt.pk, now=NOW) == "Declined"
    attempt.refresh_from_db()
    assert (attempt.state, attempt.next_try_at) == ("declined", None)
    rig.pay(rig.start(payment))
    rig.hear()
    payment.refresh_from_db()
    assert payment.state == "captured"


def test_a_refund_the_bank_did_not_take_is_sent_again_under_a_new_key(rig):
    payment, _ = rig.paid()
    services.cancel(ref=payment.ref, reason="changed mind", now=rig.now)
    rig.sweep()
    (first,) = rig.razorpay.refunds.values()
    rig.razorpay.fail_refund(first["id"])
    rig.hear()
    refund = Refund.objects.get()
    assert refund.state == "failed"
    assert rig.refunds_through(payment) == 48_200
    states = [entry["status"] for entry in rig.razorpay.refunds.values()]
    assert states == ["failed", "processed"]
    assert len({entry["receipt"] for entry in rig.razorpay.refunds.values()}) == 2
    assert queries.audit() == []


def test_a_refund_whose_message_never_comes_is_asked_about(rig):
    payment, _ = rig.paid()
    services.cancel(ref=payment.ref, reason="changed mind", now=rig.now)
    rig.sweep()
    rig.razorpay.settle_refunds()
    rig.take_messages()
    rig.later(minutes=3)
    rig.sweep()
    assert Refund.objects.get().state == "done"
    assert len(rig.razorpay.refunds) == 1


def test_a_second_order_of_one_attempt_is_no_hiding_place_for_money(rig):
    """The browser may hold an order we have forgotten; paid as well, it is a second capture and goes back."""
    payment = rig.payment()
    attempt = rig.start(payment)
    forgotten = rig.razorpay.answer(
        "order",
        ["orders"],
        {"amount": 48_200, "currency": "INR", "receipt": str(attempt.pk), "payment": {"capture": "automatic"}},
        {},
        {},
    )
    rig.pay(attempt)
    rig.razorpay.pay(forgotten["id"])
    rig.hear()
    assert sorted(Attempt.objects.values_list("state", flat=True)) == ["captured", "stray"]
    assert rig.refunds_through(payment) == 48_200
    assert ledger.balance("gateway:razorpay") == 48_200
    assert queries.audit() == []


def test_notes_that_name_another_attempt_do_not_move_money_there(rig):
    """A payment's notes pass through the browser; the order is what we made."""
    mine, other = rig.payment(), rig.payment()
    attempt, theirs = rig.start(mine), rig.start(other)
    rig.pay(attempt)
    for headers, body in rig.take_messages():
        changed = json.loads(body)
        changed["payload"]["payment"]["entity"]["notes"] = {"attempt": str(theirs.pk)}
        raw = json.dumps(changed).encode()
        rig.deliver([(rig.razorpay.signed(raw, event_id=headers["X-Razorpay-Event-Id"]), raw)])
    mine.refresh_from_db()
    other.refresh_from_db()
    assert (mine.state, other.state) == ("captured", "open")


@pytest.mark.parametrize(
    ("event", "deducted", "state"),
    [
        ("payment.dispute.under_review", 0, "open"),
        ("payment.dispute.closed", 0, "won"),
        ("payment.dispute.closed", 48_200, "lost"),
    ],
)
def test_disputes_in_all_their_words(rig, event, deducted, state):
    payment, attempt = rig.paid(instrument="card")
    rig.dispute(attempt)
    ((headers, body),) = rig.take_messages()
    told = json.loads(body) | {"event": event}
    told["payload"]["dispute"]["entity"]["amount_deducted"] = deducted
    raw = json.dumps(told).encode()
    rig.deliver([(rig.razorpay.signed(raw), raw), (headers, body)])
    dispute = rig.dispute_of(payment)
    assert (dispute.state, dispute.reason) == (state, "goods_not_received")
    assert dispute.due_by == NOW + timedelta(days=7)
    assert ledger.balance(ledger.DISPUTES) == (48_200 if state == "lost" else 0)
    assert queries.audit() == []


def test_won_after_lost_gives_the_money_back_once(rig):
    payment, attempt = rig.paid(instrument="card")
    ref = rig.dispute(attempt)
    rig.hear()
    rig.end_dispute(attempt, ref, won=False)
    rig.hear()
    assert ledger.balance(ledger.DISPUTES) == 48_200
    rig.end_dispute(attempt, ref, won=True)
    rig.hear()
    rig.end_dispute(attempt, ref, won=False)  # late news of the first verdict
    rig.hear()
    assert rig.dispute_of(payment).state == "won"
    assert ledger.balance(ledger.DISPUTES) == 0
    assert ledger.balance("gateway:razorpay") == 48_200
    assert queries.audit() == []


def test_the_audit_sees_a_lost_dispute_that_was_not_posted(rig):
    payment, attempt = rig.paid(instrument="card")
    rig.dispute(attempt)
    rig.hear()
    dispute = rig.dispute_of(payment)
    type(dispute).objects.update(state="lost", closed_at=NOW)
    assert sorted(difference.what for difference in queries.audit()) == [
        "a dispute lost is not posted to the gateway",
        "disputes lost are not what disputes:lost says",
    ]


def test_messages_without_a_name_of_another_age_or_damaged_are_refused(rig):
    rig.pay(rig.start(rig.payment()))
    headers, body = rig.take_messages()[0]
    nameless = {name: value for name, value in headers.items() if name != "X-Razorpay-Event-Id"}
    bad = [(nameless, body), (headers, b"\xff" + body), ({**headers, "X-Razorpay-Signature": "é"}, body)]
    for raw in (
        b"[]",
        b"{}",
        b'{"event": "payment.captured", "created_at": "soon"}',
        b'{"event": 1, "created_at": 1e30}',
    ):
        bad += [(rig.razorpay.signed(raw), raw)]
    for away in (timedelta(hours=49), -timedelta(minutes=6)):
        with pytest.raises(BadSignature, match="too old"):
            services.record_webhook(gateway="razorpay", headers=headers, body=body, now=NOW + away)
    for wrong, raw in bad:
        with pytest.raises(BadSignature):
            services.record_webhook(gateway="razorpay", headers=wrong, body=raw, now=NOW)
    assert not WebhookReceipt.objects.exists()
    # Razorpay itself repeats for a day.
    assert services.record_webhook(gateway="razorpay", headers=headers, body=body, now=NOW + timedelta(hours=24))
