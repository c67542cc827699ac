"""Cash: collected at the door, carried by the rider, handed in."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from blinkit.kernel import events
from blinkit.kernel.errors import Invalid, NotFound
from blinkit.kernel.money import rupees
from payments import ledger
from payments.errors import PaymentClosed, ReceiptUsed, TooMuchCash, WrongCash
from payments.events import CashHandedIn
from payments.models import Attempt, AttemptState, Entry, Method, Payment, PaymentState, Purpose, Transfer
from payments.services.paying import open_payment
from payments.services.refunding import lower_amount
from payments.services.settling import pay

RECEIPT_LENGTH = 40


def collect_cash(*, ref: UUID, rider_ref: int, amount_paise: int, now: datetime) -> None:
    """The rider took the cash for `ref`: it is paid, and the amount is on the rider's cash account. Repeating is
    silent.

    Raises WrongCash with `due_paise` unless exactly what is owed was taken, PaymentClosed when it is cancelled or not
    cash.
    """
    with transaction.atomic(savepoint=False):
        payment = Payment.objects.select_for_update().filter(ref=ref).first()
        collectable = payment is not None and payment.method == Method.COD and payment.state == PaymentState.OPEN
        if payment is not None and collectable and amount_paise == payment.amount_paise:
            attempt = Attempt.objects.create(
                payment=payment,
                gateway="cod",
                gateway_ref=str(payment.pk),
                state=AttemptState.CAPTURED,
                instrument="Cash",
                captured_paise=amount_paise,
                created_at=now,
                settled_at=now,
            )
            pay(payment, attempt, debit=ledger.rider_account(rider_ref), now=now, actor=f"rider:{rider_ref}")
            return
    if payment is None:
        raise NotFound("Nothing is owed under this reference.")
    if payment.method != Method.COD:
        raise PaymentClosed("This order is not paid in cash.")
    if payment.state == PaymentState.CANCELLED:
        raise PaymentClosed("No cash is wanted for this order any more.")
    if payment.state == PaymentState.OPEN or amount_paise != payment.captured_paise:
        raise WrongCash(
            f"{rupees(payment.amount_paise)} are to be collected, not {rupees(amount_paise)}.",
            due_paise=payment.amount_paise,
        )


def deposit_cash(*, rider_ref: int, amount_paise: int, key: str, now: datetime, actor: str = "") -> None:
    """The rider handed in cash against the receipt `key`, written down with who took it. The same receipt again is
    silent.

    Raises TooMuchCash with `in_hand_paise` when it is more than the rider carries, ReceiptUsed when the receipt stands
    for another rider's cash or another sum.
    """
    receipt = " ".join(key.split()).upper()[:RECEIPT_LENGTH]
    if amount_paise <= 0 or not receipt:
        raise Invalid("Say how much cash was handed in, and the number of the receipt.")
    account = ledger.rider_account(rider_ref)
    transfer_key = f"deposit:{receipt}"
    in_hand_paise, enough = 0, False
    with transaction.atomic(savepoint=False):
        ledger.lock_account(account)
        known = Transfer.objects.filter(key=transfer_key).exists()
        if not known:
            in_hand_paise = ledger.balance(account)
            enough = amount_paise <= in_hand_paise
            if enough:
                # Another rider's clerk may be quicker with this number: then nothing is posted, and it is looked at.
                known = not ledger.post(
                    kind="deposit",
                    key=transfer_key,
                    entries={ledger.BANK: amount_paise, account: -amount_paise},
                    ref=None,
                    memo=f"Cash handed in, receipt {receipt}",
                    at=now,
                )
        if not known and enough:
            events.record(
                CashHandedIn(rider_ref, amount_paise, receipt, in_hand_paise - amount_paise),
                subject=f"rider:{rider_ref}",
                actor=actor,
            )
    if known:
        _must_be_the_same(transfer_key, account, amount_paise, receipt)
    elif not enough:
        raise TooMuchCash(f"There are {rupees(in_hand_paise)} in hand.", in_hand_paise=in_hand_paise)


def open_deposit(*, ref: UUID, customer_id: int, amount_paise: int, due_by: datetime, now: datetime) -> Payment:
    """A rider will pay cash in online; `ref` is the deposit's. Part of the caller's transaction."""
    return open_payment(
        ref=ref,
        customer_id=customer_id,
        amount_paise=amount_paise,
        method=Method.ONLINE,
        purpose=Purpose.DEPOSIT,
        due_by=due_by,
        now=now,
    )


@transaction.atomic
def book_deposit(*, ref: UUID, rider_ref: int, receipt: str, now: datetime) -> int:
    """What was captured for a deposit is off the rider's cash account. Returns the paise booked; the same `ref` again
    books nothing more. Cash handed in elsewhere meanwhile: what is more than the rider carries goes back.

    Raises NotFound for what is no captured deposit.
    """
    payment = Payment.objects.select_for_update().filter(ref=ref, purpose=Purpose.DEPOSIT).first()
    if payment is None or payment.state != PaymentState.CAPTURED:
        raise NotFound("Nothing was paid in under this reference.")
    account = ledger.rider_account(rider_ref)
    ledger.lock_account(account)
    key = f"deposit:upi:{ref}"
    known = (
        Entry.objects.filter(transfer__key=key, account__code=account).values_list("amount_paise", flat=True).first()
    )
    if known is not None:
        return -known
    paid_paise = payment.captured_paise - payment.refunded_paise
    booked_paise = min(paid_paise, max(0, ledger.balance(account)))
    if booked_paise:
        left_paise = ledger.balance(account) - booked_paise
        ledger.post(
            kind="deposit",
            key=key,
            entries={ledger.PREPAID: booked_paise, account: -booked_paise},
            ref=ref,
            memo=f"Cash paid in by UPI, receipt {receipt}",
            at=now,
        )
        events.record(CashHandedIn(rider_ref, booked_paise, receipt, left_paise), subject=f"rider:{rider_ref}")
    if booked_paise < paid_paise:
        lower_amount(
            ref=ref, by_paise=paid_paise - booked_paise, reason="More than was carried", key=f"deposit:{ref}", now=now
        )
    return booked_paise


def _must_be_the_same(transfer_key: str, account: str, amount_paise: int, receipt: str) -> None:
    stands_for = Entry.objects.filter(transfer__key=transfer_key, account__code__startswith=ledger.RIDERS)
    if stands_for.values_list("account__code", "amount_paise").first() != (account, -amount_paise):
        raise ReceiptUsed(f"The receipt {receipt} stands for other cash already. Look at its number.")
