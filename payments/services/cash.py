"""Cash: collected at the door, carried by the rider, handed in."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from blinkit.kernel.errors import Invalid, NotFound
from blinkit.kernel.money import rupees
from payments import ledger
from payments.errors import PaymentClosed, TooMuchCash, WrongCash
from payments.models import Attempt, AttemptState, Method, Payment, PaymentState, Transfer
from payments.services.settling import pay


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


def deposit_cash(*, rider_ref: int, amount_paise: int, key: str, now: datetime) -> None:
    """The rider handed in cash. The same key deposits once.

    Raises TooMuchCash with `in_hand_paise` when it is more than the rider carries.
    """
    if amount_paise <= 0:
        raise Invalid("Say how much cash was handed in.")
    account = ledger.rider_account(rider_ref)
    transfer_key = f"deposit:{key}"[:120]
    with transaction.atomic(savepoint=False):
        ledger.lock_account(account)
        if Transfer.objects.filter(key=transfer_key).exists():
            return
        in_hand_paise = ledger.balance(account)
        enough = amount_paise <= in_hand_paise
        if enough:
            ledger.post(
                kind="deposit",
                key=transfer_key,
                entries={ledger.BANK: amount_paise, account: -amount_paise},
                ref=None,
                memo="Cash handed in",
                at=now,
            )
    if not enough:
        raise TooMuchCash(f"There are {rupees(in_hand_paise)} in hand.", in_hand_paise=in_hand_paise)
