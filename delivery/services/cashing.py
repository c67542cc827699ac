"""The cash of riders: told when it nears the limit, handed in at a desk or paid in by UPI, each with a receipt.

Lock order: payment, ledger account, then rider.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

from django.db import transaction

from blinkit.kernel import events, live
from blinkit.kernel.money import rupees
from blinkit.kernel.said import say
from delivery.cash_room import cash_states
from delivery.errors import NothingToDeposit
from delivery.events import CashLimitNear
from delivery.models import CashNotice, CashReceipt, PayReview, Rider, UpiDeposit
from delivery.services.duty import lock_rider
from payments import queries as books
from payments import services as money
from payments.models import Payment

PAY_WITHIN = timedelta(minutes=30)


@transaction.atomic
def mind_cash(*, rider_id: int, now: datetime) -> int:
    """Tell a rider once that the cash nears the limit (80 %), and once that it is reached; a deposit lets it be told
    anew. Returns the level."""
    lock_rider(rider_id)
    state = cash_states([rider_id])[rider_id]
    CashNotice.objects.bulk_create([CashNotice(rider_id=rider_id, level=0, at=now)], ignore_conflicts=True)
    notice = CashNotice.objects.select_for_update(no_key=True).get(pk=rider_id)
    if state.level == notice.level:
        return state.level
    if state.level > notice.level and state.limit_paise is not None:
        near = CashLimitNear(
            rider_id=rider_id,
            level=state.level,
            in_hand_paise=state.in_hand_paise,
            limit_paise=state.limit_paise,
        )
        events.record(near, subject=f"rider:{rider_id}")
        live.touch(f"rider.{rider_id}", what="cash")
    notice.level, notice.at = state.level, now
    notice.save(update_fields=["level", "at"])
    return state.level


@transaction.atomic
def take_at_desk(
    *, rider_id: int, amount_paise: int, paper: str, actor: str, now: datetime, said_paise: int | None = None
) -> CashReceipt:
    """Cash was counted at the desk: it is off the rider's account, under a number of ours. The same paper again gives
    the same receipt. Where the rider said another sum, what was counted is booked and a person looks at the rest:
    nothing is deducted by itself.

    Raises what payments.deposit_cash raises: TooMuchCash, ReceiptUsed, Invalid.
    """
    money.deposit_cash(rider_ref=rider_id, amount_paise=amount_paise, key=paper, actor=actor, now=now)
    key = f"desk:{' '.join(paper.split()).upper()[:40]}"
    receipt, is_new = CashReceipt.objects.get_or_create(
        key=key,
        defaults={
            "rider_id": rider_id,
            "way": CashReceipt.Way.DESK,
            "amount_paise": amount_paise,
            "said_paise": said_paise,
            "actor": actor,
            "at": now,
        },
    )
    if is_new and said_paise is not None and said_paise != amount_paise:
        PayReview.objects.create(
            kind=PayReview.Kind.CASH,
            rider_id=rider_id,
            key=f"cash:{receipt.pk}",
            facts={"receipt": receipt.number, "counted_paise": amount_paise, "said_paise": said_paise},
            opened_at=now,
        )
    mind_cash(rider_id=rider_id, now=now)
    return receipt


@transaction.atomic
def begin_upi_deposit(*, rider: Rider, amount_paise: int, key: str, now: datetime) -> Payment:
    """The rider will pay cash in by UPI: a payment is open. The same `key` is the same deposit.

    Raises NothingToDeposit with `in_hand_paise` when it is more than the rider carries, or nothing.
    """
    deposit_id = uuid5(NAMESPACE_URL, f"cash-deposit/{rider.pk}/{key}")
    lock_rider(rider.pk)
    known = books.payment_of(deposit_id)
    if known is not None:
        return known
    in_hand_paise = books.cash_in_hand(rider.pk)
    if not 0 < amount_paise <= in_hand_paise:
        carried = say("You carry {sum} in cash.", sum=rupees(in_hand_paise))
        raise NothingToDeposit(carried, in_hand_paise=in_hand_paise)
    UpiDeposit.objects.create(id=deposit_id, rider=rider, amount_paise=amount_paise, created_at=now)
    return money.open_deposit(
        ref=deposit_id, customer_id=rider.user_id, amount_paise=amount_paise, due_by=now + PAY_WITHIN, now=now
    )


@transaction.atomic
def book_upi_deposit(*, ref: UUID, now: datetime) -> CashReceipt | None:
    """A deposit was paid: off the cash account, with a receipt. Silent when repeated; None for what is no deposit."""
    rider_id = UpiDeposit.objects.filter(pk=ref).values_list("rider_id", flat=True).first()
    if rider_id is None:
        return None
    booked_paise = money.book_deposit(ref=ref, rider_ref=rider_id, receipt=str(ref)[-12:], now=now)
    deposit = UpiDeposit.objects.select_for_update(no_key=True).get(pk=ref)
    if deposit.booked_at is not None:
        return deposit.receipt
    if booked_paise:  # else everything was handed in elsewhere meanwhile: what was paid goes back
        deposit.receipt = CashReceipt.objects.create(
            rider_id=rider_id,
            way=CashReceipt.Way.UPI,
            amount_paise=booked_paise,
            key=f"upi:{ref}",
            actor=f"rider:{rider_id}",
            at=now,
        )
    deposit.booked_at = now
    deposit.save(update_fields=["receipt", "booked_at"])
    live.touch(f"rider.{rider_id}", what="cash")
    mind_cash(rider_id=rider_id, now=now)
    return deposit.receipt
