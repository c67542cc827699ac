from datetime import timedelta

import pytest

from blinkit.kernel.errors import NotFound
from blinkit.kernel.ids import uuid7
from blinkit.kernel.models import Event
from catalog.tests.factories import NOW
from payments import gateways, ledger, queries, services
from payments.errors import GatewayDown, GatewayRefused, PaymentClosed, RefundTooLarge, TooMuchCash, WrongCash
from payments.gateways import sandbox
from payments.models import Payment, Reduction, Refund, SandboxRefund, Transfer
from payments.services import refunding, settling
from payments.tests.factories import cash, online, paid, settle_refunds, tell

pytestmark = pytest.mark.django_db


def lower(payment: Payment, by_paise: int, key: str = "short:1") -> int:
    return services.lower_amount(ref=payment.ref, by_paise=by_paise, reason="not found", key=key, now=NOW)


def test_lowering_a_paid_amount_refunds_the_difference_once():
    payment = paid(48_200)
    assert lower(payment, 5_800) == 5_800
    assert lower(payment, 5_800) == 5_800
    payment.refresh_from_db()
    assert (payment.amount_paise, payment.captured_paise, payment.refunded_paise) == (48_200, 48_200, 5_800)
    assert ledger.balance(ledger.REFUNDS) == -5_800
    assert not queries.refund_settled(payment.ref)
    settle_refunds()
    assert queries.refund_settled(payment.ref)
    assert ledger.balance(ledger.REFUNDS) == 0
    assert ledger.balance("gateway:sandbox") == 42_400 == -ledger.balance(ledger.PREPAID)
    assert queries.audit() == []


def test_lowering_an_open_amount_lowers_what_is_to_be_collected_once():
    payment = cash(48_200)
    assert lower(payment, 5_800) == 0
    assert lower(payment, 5_800) == 0
    payment.refresh_from_db()
    assert payment.amount_paise == 42_400
    assert Reduction.objects.count() == 1
    assert services.statement(payment.ref)[0].text == "₹58 less to pay: not found"
    assert not Refund.objects.exists()


def test_nothing_falls_off_a_cancelled_payment():
    payment = cash()
    services.cancel(ref=payment.ref, reason="no", now=NOW)
    assert lower(payment, 100) == 0
    payment.refresh_from_db()
    assert payment.amount_paise == 48_200


@pytest.mark.parametrize("make", [paid, cash])
def test_no_more_can_fall_away_than_there_is(make):
    payment = make(1_000)
    lower(payment, 900, key="a")
    with pytest.raises(RefundTooLarge):
        lower(payment, 200, key="b")
    assert Refund.objects.count() + Reduction.objects.count() == 1


def test_cancelling_an_open_payment_closes_it_silently_twice():
    payment = online()
    services.cancel(ref=payment.ref, reason="changed mind", now=NOW)
    services.cancel(ref=payment.ref, reason="changed mind", now=NOW)
    payment.refresh_from_db()
    assert payment.state == "cancelled"
    assert queries.refund_settled(payment.ref)
    assert not Event.objects.exists()


def test_cancelling_a_paid_payment_refunds_what_is_left_once():
    payment = paid(48_200)
    lower(payment, 5_800)
    services.cancel(ref=payment.ref, reason="changed mind", now=NOW)
    services.cancel(ref=payment.ref, reason="changed mind", now=NOW)
    payment.refresh_from_db()
    assert payment.refunded_paise == 48_200
    assert sorted(Refund.objects.values_list("amount_paise", flat=True)) == [5_800, 42_400]
    settle_refunds()
    assert queries.refund_settled(payment.ref)
    assert ledger.balance("gateway:sandbox") == ledger.balance(ledger.PREPAID) == 0
    assert queries.audit() == []


def test_an_unknown_reference_is_refused():
    with pytest.raises(NotFound):
        services.cancel(ref=uuid7(), reason="?", now=NOW)


def test_a_refund_is_sent_then_completed_by_the_gateways_word():
    payment = paid()
    lower(payment, 5_800)
    refund = Refund.objects.get()
    services.send_refund(refund_id=refund.pk, now=NOW)
    refund.refresh_from_db()
    assert (refund.state, bool(refund.gateway_ref)) == ("sent", True)
    assert tell(NOW) == 0  # refunds take a while
    assert tell(NOW + sandbox.REFUND_TAKES) == 1
    refund.refresh_from_db()
    assert refund.state == "done"
    event = Event.objects.get(code="payments.RefundCompleted")
    assert (event.payload["ref"], event.payload["amount_paise"]) == (str(payment.ref), 5_800)


def test_sending_again_after_a_crash_refunds_once_at_the_gateway():
    payment = paid()
    lower(payment, 5_800)
    refund = Refund.objects.get()
    services.send_refund(refund_id=refund.pk, now=NOW)
    Refund.objects.update(state="due", gateway_ref=None, next_try_at=NOW)  # our note was lost
    services.send_refund(refund_id=refund.pk, now=NOW)
    assert SandboxRefund.objects.get().amount_paise == 5_800
    refund.refresh_from_db()
    assert refund.state == "sent"


def test_a_refund_whose_webhook_never_comes_is_asked_about():
    payment = paid()
    lower(payment, 5_800)
    refund = Refund.objects.get()
    services.send_refund(refund_id=refund.pk, now=NOW)
    SandboxRefund.objects.update(created_at=NOW - timedelta(days=400))
    later = NOW + refunding.ASK_AFTER
    assert refunding.due_refunds(now=NOW, limit=9) == []
    assert refunding.due_refunds(now=later, limit=9) == [refund.pk]
    services.send_refund(refund_id=refund.pk, now=later)
    refund.refresh_from_db()
    assert refund.state == "done"
    assert tell(later) == 1  # the webhook came after all
    assert Event.objects.filter(code="payments.RefundCompleted").count() == 1


def test_a_gateway_that_is_down_is_asked_again_with_growing_pauses_and_then_left_to_people(monkeypatch):
    payment = paid()
    lower(payment, 5_800)
    refund = Refund.objects.get()

    def down(*_, **__):
        raise GatewayDown("down")

    pauses = []
    now = NOW
    with monkeypatch.context() as broken:
        broken.setattr(sandbox.SandboxGateway, "refund", down)
        for _ in range(20):
            services.send_refund(refund_id=refund.pk, now=now)
            refund.refresh_from_db()
            if refund.next_try_at is None:
                break
            pauses.append((refund.next_try_at - now).total_seconds())
            now = refund.next_try_at
    assert refund.state == "failed"
    assert pauses == sorted(pauses)
    assert pauses[:3] == [30, 60, 120]
    assert len(pauses) == refunding.MAX_TRIES - 1
    services.retry_refund(refund_id=refund.pk, now=now)
    refund.refresh_from_db()
    assert refund.state == "sent"


def test_cash_is_collected_exactly_and_once():
    payment = cash(42_400)
    for wrong in (42_300, 42_500):
        with pytest.raises(WrongCash) as refusal:
            services.collect_cash(ref=payment.ref, rider_ref=7, amount_paise=wrong, now=NOW)
        assert refusal.value.extra == {"due_paise": 42_400}
    assert services.cash_in_hand(7) == 0
    for _ in range(2):
        services.collect_cash(ref=payment.ref, rider_ref=7, amount_paise=42_400, now=NOW)
    payment.refresh_from_db()
    assert payment.state == "captured"
    assert services.cash_in_hand(7) == 42_400
    assert Event.objects.get(code="payments.PaymentCaptured").actor == "rider:7"
    assert queries.audit() == []


def test_no_cash_for_online_or_cancelled_payments():
    for payment in (online(), cash()):
        services.cancel(ref=payment.ref, reason="no", now=NOW)
        with pytest.raises(PaymentClosed):
            services.collect_cash(ref=payment.ref, rider_ref=7, amount_paise=48_200, now=NOW)
    assert services.cash_in_hand(7) == 0


def test_a_free_order_needs_no_posting():
    payment = cash(1_000)
    lower(payment, 1_000)
    services.collect_cash(ref=payment.ref, rider_ref=7, amount_paise=0, now=NOW)
    payment.refresh_from_db()
    assert payment.state == "captured"
    assert not Transfer.objects.exists()
    assert queries.audit() == []


def test_cash_is_handed_in_once_and_never_more_than_carried():
    services.collect_cash(ref=cash(42_400).ref, rider_ref=7, amount_paise=42_400, now=NOW)
    for _ in range(2):
        services.deposit_cash(rider_ref=7, amount_paise=40_000, key="slip-1", now=NOW)
    assert services.cash_in_hand(7) == 2_400
    with pytest.raises(TooMuchCash) as refusal:
        services.deposit_cash(rider_ref=7, amount_paise=2_500, key="slip-2", now=NOW)
    assert refusal.value.extra == {"in_hand_paise": 2_400}
    assert ledger.balance(ledger.BANK) == 40_000
    assert queries.audit() == []


def test_cash_already_paid_goes_back_into_the_wallet_at_once():
    payment = cash(42_400)
    services.collect_cash(ref=payment.ref, rider_ref=7, amount_paise=42_400, now=NOW)
    assert lower(payment, 400) == 400
    assert lower(payment, 400) == 400  # the same again
    assert queries.refund_settled(payment.ref)
    assert ledger.balance(ledger.wallet_account(payment.customer_id)) == -400
    assert ledger.balance(ledger.BANK) == 0 and services.cash_in_hand(7) == 42_400
    services.cancel(ref=payment.ref, reason="undelivered", now=NOW)
    assert ledger.balance(ledger.wallet_account(payment.customer_id)) == -42_400
    assert queries.audit() == []


def test_a_gateway_of_cash_gives_nothing_back():
    with pytest.raises(GatewayRefused):
        gateways.named("cod").refund(refund_id=uuid7(), gateway_ref="x", amount_paise=1, now=NOW)


def test_a_gateway_says_nothing_about_the_refunds_of_another():
    payment = paid(48_200)
    lower(payment, 5_800)
    refund = Refund.objects.get()
    for kind in (gateways.REFUNDED, gateways.REFUND_FAILED):
        notice = gateways.Notice(
            kind=kind, gateway_ref="", refund_id=refund.pk, refund_ref="rfnd_x", amount_paise=5_800
        )
        assert settling.act("razorpay", notice, now=NOW) == "Unknown refund"
    refund.refresh_from_db()
    assert refund.state == "due"
    notice = gateways.Notice(
        kind=gateways.REFUNDED, gateway_ref="", refund_id=refund.pk, refund_ref="r", amount_paise=5_800
    )
    assert settling.act("sandbox", notice, now=NOW) == "Refund completed"
    assert queries.audit() == []
