from datetime import timedelta

import pytest

from blinkit.kernel.errors import NotFound
from blinkit.kernel.idempotency import KeyReused
from blinkit.kernel.models import Event
from catalog.tests.factories import NOW
from payments import ledger, queries, services, tasks
from payments.errors import BadSignature, GatewayDown, PaymentClosed
from payments.gateways import sandbox, sandbox_wire
from payments.models import Attempt, Refund, SandboxEvent, WebhookReceipt
from payments.tests.factories import DUE_BY, cash, online, owed_messages, paid, settle_refunds, signed, start, tell

pytestmark = pytest.mark.django_db


def codes():
    return list(Event.objects.order_by("id").values_list("code", flat=True))


def test_opening_a_payment_is_one_statement(django_assert_num_queries):
    customer = cash().customer
    with django_assert_num_queries(1):
        online(customer=customer)


def test_paying_online_captures_once_and_posts_to_the_ledger():
    payment = paid(48_200)
    assert (payment.captured_paise, payment.captured_at) == (48_200, NOW)
    assert ledger.balance("gateway:sandbox") == 48_200
    assert ledger.balance(ledger.PREPAID) == -48_200
    event = Event.objects.get(code="payments.PaymentCaptured")
    assert event.subject == f"payment:{payment.pk}"
    assert event.payload["amount_paise"] == 48_200
    assert Attempt.objects.get().instrument == "UPI"
    assert queries.audit() == []


def test_a_decline_may_be_followed_by_another_try():
    payment = online()
    sandbox.decide(intent_id=start(payment), outcome="decline", now=NOW)
    tell(NOW)
    payment.refresh_from_db()
    assert payment.state == "open"
    assert Attempt.objects.get().decline_reason == "The bank declined the payment."
    assert codes() == ["payments.PaymentDeclined"]
    sandbox.decide(intent_id=start(payment, instrument="card"), outcome="pay", now=NOW)
    tell(NOW)
    payment.refresh_from_db()
    assert payment.state == "captured"
    assert codes() == ["payments.PaymentDeclined", "payments.PaymentCaptured"]


def test_outside_demo_mode_nobody_pays_with_pretend_money(settings):
    payment = online()
    settings.TESTING = settings.DEMO_MODE = False
    with pytest.raises(GatewayDown):
        start(payment)
    settings.DEMO_MODE = True
    assert start(payment)
    settings.PAYMENT_GATEWAY = "razorpay"
    with pytest.raises(GatewayDown):
        start(payment)


@pytest.mark.parametrize("case", ["over", "captured", "cancelled", "cash", "stranger"])
def test_no_attempt_without_need(case):
    payment = paid() if case == "captured" else cash() if case == "cash" else online()
    if case == "cancelled":
        services.cancel(ref=payment.ref, reason="changed mind", now=NOW)
    before = Attempt.objects.count()
    with pytest.raises(NotFound if case == "stranger" else PaymentClosed):
        services.start_attempt(
            payment_id=payment.pk,
            customer_id=payment.customer_id + (case == "stranger"),
            instrument="upi",
            now=DUE_BY if case == "over" else NOW,
        )
    assert Attempt.objects.count() == before


def test_the_same_key_gives_the_same_attempt():
    payment = online()
    assert start(payment, key="a") == start(payment, key="a") != start(payment, key="b")
    assert Attempt.objects.count() == 2
    with pytest.raises(KeyReused):
        start(payment, key="a", instrument="card")


def test_the_same_webhook_again_changes_nothing():
    payment = online()
    sandbox.decide(intent_id=start(payment), outcome="pay", now=NOW)
    (message,) = owed_messages()
    body, headers = signed(message)
    assert services.record_webhook(gateway="sandbox", headers=headers, body=body, now=NOW) is not None
    assert services.record_webhook(gateway="sandbox", headers=headers, body=body, now=NOW) is None
    receipt = WebhookReceipt.objects.get()
    assert services.process_webhook(receipt_id=receipt.pk, now=NOW) == "Captured"
    assert services.process_webhook(receipt_id=receipt.pk, now=NOW) == "Captured"
    assert codes() == ["payments.PaymentCaptured"]


def test_a_second_webhook_about_the_same_capture_changes_nothing():
    payment = online()
    sandbox.decide(intent_id=start(payment), outcome="twice", now=NOW)
    assert tell(NOW) == 2
    assert sorted(WebhookReceipt.objects.values_list("outcome", flat=True)) == ["Captured", "Known already"]
    assert ledger.balance("gateway:sandbox") == 48_200
    assert not Refund.objects.exists()


def test_forged_damaged_and_old_messages_are_refused_and_not_written_down():
    body, headers = signed({"id": "ev_1", "type": "payment.captured", "data": {}})
    good = headers[sandbox.SIGNATURE_HEADER]
    stamp = good.split(",")[0]
    for header in (
        "",
        "nonsense",
        f"{stamp},v1=0",
        f"{stamp},v1=é",
        f"t=9,{good.split(',')[1]}",
        "t=9999999999999999,v1=0",
    ):
        with pytest.raises(BadSignature):
            services.record_webhook(gateway="sandbox", headers={sandbox.SIGNATURE_HEADER: header}, body=body, now=NOW)
    with pytest.raises(BadSignature):
        services.record_webhook(gateway="sandbox", headers=headers, body=body + b" ", now=NOW)
    for away in (timedelta(minutes=5, seconds=1), -timedelta(minutes=5, seconds=1)):
        with pytest.raises(BadSignature, match="too old"):
            services.record_webhook(gateway="sandbox", headers=headers, body=body, now=NOW + away)
    with pytest.raises(BadSignature):
        services.record_webhook(gateway="cod", headers=headers, body=body, now=NOW)
    with pytest.raises(NotFound):
        services.record_webhook(gateway="nobody", headers=headers, body=body, now=NOW)
    body, headers = signed(["not", "a", "message"])
    with pytest.raises(BadSignature):
        services.record_webhook(gateway="sandbox", headers=headers, body=body, now=NOW)
    assert not WebhookReceipt.objects.exists()


def test_unknown_kinds_and_attempts_are_written_down_and_left():
    for number, kind in enumerate(["customer.created", "payment.captured", "refund.completed"]):
        facts = {"intent": "pi_x", "amount_paise": 5, "refund_reference": None}
        body, headers = signed({"id": f"ev_{number}", "type": kind, "data": facts})
        receipt = services.record_webhook(gateway="sandbox", headers=headers, body=body, now=NOW)
        services.process_webhook(receipt_id=receipt.pk, now=NOW)
    assert list(WebhookReceipt.objects.order_by("pk").values_list("outcome", flat=True)) == [
        "Not our business",
        "Unknown attempt",
        "Unknown refund",
    ]


def test_money_for_a_cancelled_payment_goes_back_by_itself():
    payment = online(48_200)
    sandbox.decide(intent_id=start(payment), outcome="late", now=NOW)
    assert tell(NOW) == 0
    services.cancel(ref=payment.ref, reason="payment window over", now=NOW + timedelta(seconds=10))
    assert tell(NOW + timedelta(seconds=20)) == 1
    payment.refresh_from_db()
    assert (payment.state, payment.captured_paise, payment.refunded_paise) == ("cancelled", 0, 0)
    assert Attempt.objects.get().state == "stray"
    assert not queries.refund_settled(payment.ref)
    assert ledger.balance(ledger.STRAYS) == -48_200
    assert "payments.PaymentCaptured" not in codes()
    settle_refunds()
    assert queries.refund_settled(payment.ref)
    assert ledger.balance(ledger.STRAYS) == ledger.balance("gateway:sandbox") == 0
    assert codes() == ["payments.RefundStarted", "payments.RefundCompleted"]
    assert queries.audit() == []


def test_paying_twice_in_two_windows_gives_the_second_back():
    payment = online(48_200)
    first, second = start(payment), start(payment)
    for intent in (first, second):
        sandbox.decide(intent_id=intent, outcome="pay", now=NOW)
    tell(NOW)
    settle_refunds()
    payment.refresh_from_db()
    assert (payment.state, payment.captured_paise, payment.refunded_paise) == ("captured", 48_200, 0)
    assert sorted(Attempt.objects.values_list("state", flat=True)) == ["captured", "stray"]
    assert ledger.balance("gateway:sandbox") == 48_200
    assert queries.audit() == []


def test_a_capture_of_too_little_pays_nothing_and_goes_back():
    payment = online(48_200)
    attempt_id = Attempt.objects.get(gateway_ref=start(payment)).pk
    facts = {"intent": "pi_x", "reference": str(attempt_id), "amount_paise": 100}
    body, headers = signed({"id": "ev_1", "type": "payment.captured", "data": facts})
    receipt = services.record_webhook(gateway="sandbox", headers=headers, body=body, now=NOW)
    assert services.process_webhook(receipt_id=receipt.pk, now=NOW) == "Sent back: the amount is too small"
    payment.refresh_from_db()
    assert payment.state == "open"
    assert Refund.objects.get().amount_paise == 100


def test_what_was_paid_too_much_goes_back():
    payment = online(48_200)
    intent = start(payment)
    services.lower_amount(ref=payment.ref, by_paise=200, reason="cheaper", key="k", now=NOW)
    sandbox.decide(intent_id=intent, outcome="pay", now=NOW)
    tell(NOW)
    payment.refresh_from_db()
    assert (payment.amount_paise, payment.captured_paise, payment.refunded_paise) == (48_000, 48_200, 200)
    assert queries.audit() == []


def test_when_the_webhook_never_comes_the_gateway_is_asked():
    payment = online()
    sandbox.decide(intent_id=start(payment), outcome="silent", now=NOW)
    assert tell(NOW + timedelta(minutes=5)) == 0
    assert services.reconcile(now=NOW + timedelta(minutes=1)) == 0
    assert services.reconcile(now=NOW + timedelta(minutes=2)) == 1
    assert services.reconcile(now=NOW + timedelta(minutes=2)) == 0
    payment.refresh_from_db()
    assert payment.state == "captured"


def test_the_sweep_works_off_what_the_broker_lost(monkeypatch, time_machine):
    time_machine.move_to(NOW, tick=False)
    monkeypatch.setattr(tasks, "publish", lambda task, **kwargs: None)

    def post(body, headers):
        services.record_webhook(gateway="sandbox", headers=headers, body=body, now=NOW)
        return 200

    monkeypatch.setattr(sandbox_wire, "post_over_http", post)
    payment = online()
    sandbox.decide(intent_id=start(payment), outcome="pay", now=NOW)
    services.cancel(ref=payment.ref, reason="window over", now=NOW)
    tasks.sweep_due()  # webhook sent, processed, stray found, refund sent
    assert Refund.objects.get().state == "sent"
    time_machine.move_to(NOW + sandbox.REFUND_TAKES, tick=False)
    tasks.sweep_due()
    assert Refund.objects.get().state == "done"


def test_an_unreachable_merchant_is_tried_again_later():
    import httpx

    payment = online()
    sandbox.decide(intent_id=start(payment), outcome="pay", now=NOW)

    def nobody_there(body, headers):
        raise httpx.ConnectError("refused")

    assert sandbox_wire.send_due(now=NOW, post=nobody_there) == 0
    assert sandbox_wire.send_due(now=NOW, post=nobody_there) == 0  # not before its pause is over
    event = SandboxEvent.objects.get()
    assert event.tries == 1
    assert tell(event.due_at) == 1


def test_a_message_that_cannot_be_processed_waits_and_then_needs_people(monkeypatch, time_machine):
    time_machine.move_to(NOW, tick=False)
    payment = online()
    sandbox.decide(intent_id=start(payment), outcome="pay", now=NOW)
    (message,) = owed_messages()
    body, headers = signed(message)
    receipt = services.record_webhook(gateway="sandbox", headers=headers, body=body, now=NOW)
    with monkeypatch.context() as broken:
        broken.setattr("payments.services.settling.pay", lambda *_, **__: 1 / 0)
        for _ in range(9):
            tasks.sweep_due()
    receipt.refresh_from_db()
    assert (receipt.tries, receipt.processed_at) == (8, None)
    assert "ZeroDivisionError" in receipt.outcome
    assert services.retry_webhook(receipt_id=receipt.pk, now=NOW) == "Captured"


def test_the_statement_tells_the_whole_story_in_words():
    payment = online(48_200)
    sandbox.decide(intent_id=start(payment, instrument="card"), outcome="decline", now=NOW)
    tell(NOW)
    sandbox.decide(intent_id=start(payment), outcome="pay", now=NOW)
    tell(NOW + timedelta(seconds=5))
    services.lower_amount(
        ref=payment.ref, by_paise=5_800, reason="Couldn't find Amul Butter", key="s1", now=NOW + timedelta(minutes=3)
    )
    lines = services.statement(payment.ref)
    assert [(line.text, line.amount_paise) for line in lines] == [
        ("card ending 4242 declined: The bank declined the payment.", 0),
        ("Paid by UPI", 48_200),
        ("Refund to UPI on its way: Couldn't find Amul Butter", -5_800),
    ]
    settle_refunds(NOW + timedelta(minutes=4))
    lines = services.statement(payment.ref)
    assert lines[-1].text == "Refunded to UPI: Couldn't find Amul Butter"
    payment.refresh_from_db()
    assert sum(line.amount_paise for line in lines) == payment.captured_paise - payment.refunded_paise == 42_400
