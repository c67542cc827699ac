"""Money under real threads. Controls show that the guard, not luck, keeps it right."""

from datetime import timedelta
from threading import Barrier

import pytest

from blinkit.kernel.models import Event
from catalog.tests.factories import NOW
from payments import ledger, queries, services
from payments.errors import RefundTooLarge, TooMuchCash
from payments.gateways import sandbox
from payments.models import Attempt, Payment, Refund, SandboxEvent, SandboxRefund, WebhookReceipt
from payments.tests.factories import cash, online, owed_messages, paid, signed, start

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch):
    """Nothing reaches a broker from here: what is due is worked off by hand."""
    monkeypatch.setattr("payments.tasks.publish", lambda task, **kwargs: None)


def test_eight_copies_of_a_webhook_at_once_capture_once(race):
    payment = online(48_200)
    sandbox.decide(intent_id=start(payment), outcome="pay", now=NOW)
    (message,) = owed_messages()
    body, headers = signed(message)

    def arrive() -> str:
        services.record_webhook(gateway="sandbox", headers=headers, body=body, now=NOW)
        receipt = WebhookReceipt.objects.get()
        return services.process_webhook(receipt_id=receipt.pk, now=NOW)

    assert race(8, arrive) == ["Captured"] * 8
    assert WebhookReceipt.objects.count() == 1
    assert Event.objects.filter(code="payments.PaymentCaptured").count() == 1
    assert ledger.balance("gateway:sandbox") == 48_200
    assert queries.audit() == []


def test_eight_different_webhooks_about_one_capture_capture_once(race):
    payment = online(48_200)
    sandbox.decide(intent_id=start(payment), outcome="pay", now=NOW)
    (message,) = owed_messages()
    receipts = []
    for number in range(8):
        body, headers = signed(message | {"id": f"ev_{number}"})
        receipts.append(services.record_webhook(gateway="sandbox", headers=headers, body=body, now=NOW))
    outcomes = race(8, lambda number: services.process_webhook(receipt_id=receipts[number].pk, now=NOW))
    assert sorted(outcomes) == ["Captured"] + ["Known already"] * 7
    assert Event.objects.filter(code="payments.PaymentCaptured").count() == 1
    assert ledger.balance(ledger.PREPAID) == -48_200


def test_control_without_the_lock_the_database_still_refuses_a_second_capture(race):
    payment = online()
    attempts = [Attempt.objects.get(gateway_ref=start(payment)).pk for _ in range(2)]

    both_looked = Barrier(2, timeout=30)

    def capture(number: int) -> None:
        assert not Attempt.objects.filter(payment=payment, state="captured").exists()
        both_looked.wait()
        Attempt.objects.filter(pk=attempts[number]).update(state="captured")

    results = race(2, capture)
    assert results.count(None) == 1
    assert sum("payment_captured_at_most_once" in str(result) for result in results) == 1


def test_paying_and_cancelling_at_once_ends_with_all_money_accounted_for(race):
    for round_ in range(5):
        payment = online(10_000)
        sandbox.decide(intent_id=start(payment), outcome="pay", now=NOW)
        (message,) = owed_messages()
        body, headers = signed(message | {"id": f"ev_race_{round_}"})
        receipt = services.record_webhook(gateway="sandbox", headers=headers, body=body, now=NOW)

        def act(number: int, receipt=receipt, payment=payment) -> None:
            if number:
                services.cancel(ref=payment.ref, reason="changed mind", now=NOW)
            else:
                services.process_webhook(receipt_id=receipt.pk, now=NOW)

        assert race(2, act) == [None, None]
        payment.refresh_from_db()
        refund = Refund.objects.get(payment=payment)
        assert refund.amount_paise == 10_000
        assert payment.captured_paise == payment.refunded_paise
        SandboxEvent.objects.update(sent_at=NOW)
    assert queries.audit() == []


def test_refunds_asked_for_at_once_never_exceed_what_was_paid(race):
    payment = paid(10_000)

    def ask(number: int) -> int:
        return services.lower_amount(ref=payment.ref, by_paise=3_000, reason="short", key=f"k{number}", now=NOW)

    results = race(8, ask)
    assert results.count(3_000) == 3
    assert sum(isinstance(result, RefundTooLarge) for result in results) == 5
    payment.refresh_from_db()
    assert payment.refunded_paise == 9_000
    assert queries.audit() == []


def test_control_without_the_lock_updates_are_lost_and_only_the_books_notice(race):
    payment = paid(10_000)
    all_looked = Barrier(8, timeout=30)

    def ask() -> None:
        row = Payment.objects.get(pk=payment.pk)
        all_looked.wait()
        assert row.refunded_paise + 3_000 <= row.captured_paise
        row.refunded_paise += 3_000
        row.save(update_fields=["refunded_paise"])

    assert race(8, ask) == [None] * 8  # 24,000 paise promised of 10,000
    payment.refresh_from_db()
    assert payment.refunded_paise == 3_000
    assert [difference.what for difference in queries.audit()] == ["refunded is not what the ledger says"]


def test_one_refund_sent_by_many_workers_is_sent_once(race):
    payment = paid(10_000)
    services.cancel(ref=payment.ref, reason="changed mind", now=NOW)
    refund = Refund.objects.get()
    assert race(6, lambda: services.send_refund(refund_id=refund.pk, now=NOW)) == [None] * 6
    refund.refresh_from_db()
    assert refund.state == "sent"
    assert SandboxRefund.objects.count() == 1


def test_cash_collected_twice_at_once_is_on_the_account_once(race):
    payment = cash(42_400)

    def collect() -> None:
        services.collect_cash(ref=payment.ref, rider_ref=7, amount_paise=42_400, now=NOW)

    assert race(6, collect) == [None] * 6
    assert services.cash_in_hand(7) == 42_400


def test_deposits_at_once_never_exceed_the_cash_in_hand(race):
    services.collect_cash(ref=cash(10_000).ref, rider_ref=7, amount_paise=10_000, now=NOW)

    def hand_in(number: int) -> None:
        services.deposit_cash(
            rider_ref=7, amount_paise=4_000, key=f"slip-{number}", now=NOW + timedelta(seconds=number)
        )

    results = race(6, hand_in)
    assert results.count(None) == 2
    assert sum(isinstance(result, TooMuchCash) for result in results) == 4
    assert services.cash_in_hand(7) == 2_000


def test_postings_of_new_accounts_at_once_all_balance(race):
    def post(number: int) -> bool:
        entries = {"cash:rider:1": 100, "orders:prepaid": -100}
        return ledger.post(kind="capture", key=f"t{number % 6}", entries=entries, ref=None, memo="", at=NOW)

    assert sorted(race(12, post)) == [False] * 6 + [True] * 6
    assert ledger.balance("cash:rider:1") == 600
