"""What can happen to a payment, run for real against any gateway's rig: each proves its promise and says how it ended.

Run by `payments/tests/test_case_matrix.py` and by `manage.py payment_cases`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from payments import ledger, queries, services
from payments.errors import BadSignature, RefundTooLarge
from payments.models import Attempt, Payment, Refund, WebhookReceipt
from payments.standins.rigs import Rig, Signed

Case = Callable[[Rig], str]
CASES: dict[str, Case] = {}


def case(words: str) -> Callable[[Case], Case]:
    def keep(run: Case) -> Case:
        CASES[words] = run
        return run

    return keep


def run(words: str, rig: Rig) -> str:
    """One case from start to end; afterwards the books are as right as before."""
    before = queries.audit()
    ended = CASES[words](rig)
    found = [difference for difference in queries.audit() if difference not in before]
    assert not found, found
    return ended


@case("declined")
def declined(rig: Rig) -> str:
    payment = rig.payment()
    first = rig.start(payment)
    rig.pay(first, decline=True)
    rig.hear()
    _is(payment, "open", captured=0)
    first.refresh_from_db()
    assert (first.state, first.decline_reason) == ("declined", "The bank declined the payment."), first
    rig.pay(rig.start(payment, instrument="card"))
    rig.hear()
    _is(payment, "captured", captured=48_200)
    return "declined, then paid another way"


@case("abandoned")
def abandoned(rig: Rig) -> str:
    payment = rig.payment()
    attempt = rig.start(payment)
    rig.later(minutes=16)
    services.cancel(ref=payment.ref, reason="payment window over", now=rig.now)
    rig.hear()
    _is(payment, "cancelled", captured=0)
    attempt.refresh_from_db()
    assert attempt.state == "started" and not Refund.objects.filter(payment=payment).exists()
    return "closed, nothing was taken"


@case("authorised, the capture was lost")
def authorised_not_captured(rig: Rig) -> str:
    payment = rig.payment()
    attempt = rig.start(payment, reserve=True)
    rig.pay(attempt)
    rig.deliver(rig.take_messages())  # the worker that should capture never ran
    _is(payment, "open", captured=0)
    attempt.refresh_from_db()
    assert (attempt.state, attempt.authorised_paise) == ("authorised", 48_200), attempt
    rig.sweep()
    rig.hear()
    _is(payment, "captured", captured=48_200)
    return "found by the sweep, captured once"


@case("authorised, then cancelled")
def authorised_then_cancelled(rig: Rig) -> str:
    payment = rig.payment()
    attempt = rig.start(payment, reserve=True)
    rig.pay(attempt)
    rig.deliver(rig.take_messages())
    services.cancel(ref=payment.ref, reason="changed mind", now=rig.now)
    rig.hear()
    attempt.refresh_from_db()
    assert attempt.state == "voided", attempt.state
    _is(payment, "cancelled", captured=0)
    assert not Refund.objects.filter(payment=payment).exists()
    return "let go, nothing was taken"


@case("captured after the order was cancelled")
def captured_after_cancel(rig: Rig) -> str:
    payment = rig.payment()
    attempt = rig.start(payment)
    services.cancel(ref=payment.ref, reason="payment window over", now=rig.now)
    rig.pay(attempt)
    rig.hear()
    attempt.refresh_from_db()
    assert attempt.state == "stray", attempt.state
    _is(payment, "cancelled", captured=0)
    assert rig.refunds_through(payment) == 48_200
    return "sent back by itself"


@case("webhook before the API's answer")
def webhook_first(rig: Rig) -> str:
    payment = rig.payment()

    def pay_at_once(_: str) -> None:
        attempt = Attempt.objects.get(payment=payment)
        assert attempt.gateway_ref is None
        rig.pay(attempt)
        rig.hear()
        _is(payment, "captured", captured=48_200)

    with rig.while_starting(pay_at_once):
        attempt = rig.start(payment)
    _is(payment, "captured", captured=48_200)
    assert Attempt.objects.filter(payment=payment).count() == 1 and attempt.state == "captured"
    return "captured once, under its reference"


@case("every webhook twice")
def twice(rig: Rig) -> str:
    payment = rig.payment()
    rig.pay(rig.start(payment))
    messages = rig.take_messages()
    again = [rig.sign_again(m, at=rig.now, event_id=f"again{n}") for n, m in enumerate(messages)]
    before = WebhookReceipt.objects.count()
    rig.deliver([*messages, *messages, *again])
    rig.hear()
    _is(payment, "captured", captured=48_200)
    assert WebhookReceipt.objects.count() == before + 2 * len(messages)
    assert not Refund.objects.filter(payment=payment).exists()
    return "captured once"


@case("webhooks out of order")
def out_of_order(rig: Rig) -> str:
    payment = rig.payment()
    rig.pay(rig.start(payment), decline=True)
    rig.pay(rig.start(payment))
    rig.deliver(list(reversed(rig.take_messages())))
    rig.hear()
    _is(payment, "captured", captured=48_200)
    assert sorted(Attempt.objects.filter(payment=payment).values_list("state", flat=True)) == ["captured", "declined"]
    return "captured once"


@case("forged webhook")
def forged(rig: Rig) -> str:
    payment = rig.payment()
    rig.pay(rig.start(payment))
    messages = rig.take_messages()
    for headers, body in messages:
        _refused(rig, (headers, body.replace(b"48200", b"1")))
        _refused(rig, ({name: value[::-1] if "ignature" in name else value for name, value in headers.items()}, body))
        _refused(rig, ({}, body))
    _is(payment, "open", captured=0)
    rig.deliver(messages)
    rig.hear()
    _is(payment, "captured", captured=48_200)
    return "refused, nothing written; the true one pays"


@case("webhook years old")
def years_old(rig: Rig) -> str:
    payment = rig.payment()
    rig.pay(rig.start(payment))
    messages = rig.take_messages()
    for message in messages:
        for away in (timedelta(days=-1000), timedelta(days=-3), timedelta(hours=1)):
            _refused(rig, rig.sign_again(message, at=rig.now + away))
    _is(payment, "open", captured=0)
    return "refused, nothing written"


@case("gateway times out after charging")
def lost_answer(rig: Rig) -> str:
    payment = rig.payment()
    attempt = rig.start(payment, reserve=True)
    rig.pay(attempt)
    rig.deliver(rig.take_messages())
    rig.lose_next_answer("capture")
    assert services.settle_authorised(attempt_id=attempt.pk, now=rig.now) == "Not settled yet"
    _is(payment, "open", captured=0)
    rig.take_messages()  # and its webhooks are lost as well
    rig.later(minutes=1)
    rig.sweep()
    _is(payment, "captured", captured=48_200)
    assert ledger.balance(f"gateway:{rig.name}") >= 48_200
    return "asked again, captured once"


@case("the webhook never comes")
def silent(rig: Rig) -> str:
    payment = rig.payment()
    rig.pay(rig.start(payment))
    rig.take_messages()
    rig.later(minutes=3)
    rig.sweep()
    _is(payment, "captured", captured=48_200)
    return "asked about, captured"


@case("partial refunds adding up")
def partial_refunds(rig: Rig) -> str:
    payment, _ = rig.paid(instrument="card")
    for number, paise in enumerate((10_000, 20_000, 18_200)):
        services.lower_amount(
            ref=payment.ref, by_paise=paise, reason="missing", key=f"{payment.pk}:{number}", now=rig.now
        )
        assert rig.refunds_through(payment) == sum((10_000, 20_000, 18_200)[: number + 1])
    try:
        services.lower_amount(ref=payment.ref, by_paise=1, reason="missing", key=f"{payment.pk}:x", now=rig.now)
    except RefundTooLarge:
        pass
    else:
        raise AssertionError("more went back than was paid")
    return "three refunds, all of it back, no paisa more"


@case("refund fails, then works")
def refund_retried(rig: Rig) -> str:
    payment, attempt = rig.paid()
    rig.refuse_next_refund(attempt)
    services.cancel(ref=payment.ref, reason="changed mind", now=rig.now)
    rig.sweep()
    refund = Refund.objects.get(payment=payment)
    assert refund.state == "failed" and refund.next_try_at is not None, refund
    assert rig.refunds_through(payment) == 48_200
    return "tried again, back once"


@case("refund's answer lost")
def refund_answer_lost(rig: Rig) -> str:
    payment, _ = rig.paid()
    rig.lose_next_answer("refund")
    services.cancel(ref=payment.ref, reason="changed mind", now=rig.now)
    rig.sweep()
    assert Refund.objects.get(payment=payment).state == "failed"
    assert rig.refunds_through(payment) == 48_200
    return "asked again, back once"


@case("dispute opened, won")
def dispute_won(rig: Rig) -> str:
    before = ledger.balance(ledger.DISPUTES)
    payment, attempt = rig.paid(instrument="card")
    ref = rig.dispute(attempt)
    rig.hear()
    dispute = rig.dispute_of(payment)
    assert (dispute.state, dispute.amount_paise, dispute.gateway_ref) == ("open", 48_200, ref), dispute
    rig.end_dispute(attempt, ref, won=True)
    rig.hear()
    assert rig.dispute_of(payment).state == "won" and ledger.balance(ledger.DISPUTES) == before
    return "seen, won, no posting"


@case("dispute opened, lost")
def dispute_lost(rig: Rig) -> str:
    before = ledger.balance(ledger.DISPUTES)
    payment, attempt = rig.paid(instrument="card")
    ref = rig.dispute(attempt)
    rig.hear()
    rig.end_dispute(attempt, ref, won=False)
    messages = rig.take_messages()
    rig.deliver([*messages, *messages])
    assert rig.dispute_of(payment).state == "lost" and ledger.balance(ledger.DISPUTES) == before + 48_200
    _is(payment, "captured", captured=48_200)
    return "seen, lost, an expense of ours once"


def _is(payment: Payment, state: str, *, captured: int) -> None:
    payment.refresh_from_db()
    assert (payment.state, payment.captured_paise) == (state, captured), (payment.state, payment.captured_paise)


def _refused(rig: Rig, message: Signed) -> None:
    before = WebhookReceipt.objects.count()
    try:
        services.record_webhook(gateway=rig.name, headers=message[0], body=message[1], now=rig.now)
    except BadSignature:
        assert WebhookReceipt.objects.count() == before
    else:
        raise AssertionError("a bad message was taken")
