"""The wallet: credit in, spent oldest-ending first, expired by the sweep. Every act holds the wallet's row.

Lock order: payment, then wallet, then stock; several wallets in order of their customers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, Sum

from blinkit.kernel import events, metrics
from blinkit.kernel.errors import Invalid
from blinkit.kernel.money import rupees
from blinkit.kernel.sweeping import one_by_one
from payments import ledger
from payments.errors import TooMuchGoodwill, WalletChanged
from payments.events import WalletCredited
from payments.models import Source, Wallet, WalletLot, WalletSpent

CASHBACK_GOOD_FOR = timedelta(days=90)
GRACE = timedelta(days=7)
"""Credit that ended while an order had it is good for so long after it came back, once."""
GOODWILL_MOST_PAISE = 50_000
GOODWILL_MOST_PER_MONTH_PAISE = 100_000
MONTH = timedelta(days=30)
_PAID_BY = {
    Source.GOODWILL: ledger.GOODWILL,
    Source.CASHBACK: ledger.PROMOTIONS,
    Source.REFERRAL: ledger.PROMOTIONS,
    Source.LATE: ledger.GOODWILL,
}


def take(
    *, customer_id: int, ref: UUID, most_paise: int, memo: str, now: datetime, shown_paise: int | None = None
) -> int:
    """Pay up to `most_paise` for `ref` out of the wallet. Returns the paise taken, 0 from an empty wallet.

    The lot that ends first goes first; what has expired is no money any more. Raises WalletChanged(wallet_paise), and
    nothing is written, when it can't give exactly the `shown_paise` the customer agreed to.
    """
    with transaction.atomic(savepoint=False):
        wallet = Wallet.objects.select_for_update(no_key=True).filter(customer_id=customer_id).first()
        lots = [] if wallet is None else _spendable(wallet, now=now)
        paise = max(0, min(most_paise, sum(lot.left_paise for lot in lots)))
        if shown_paise is None or shown_paise == paise:
            if wallet is not None and paise:
                _spend(wallet, lots, paise, ref=ref, memo=memo, now=now)
            return paise
    raise WalletChanged(
        f"Your wallet can give {rupees(paise)} now. Please look at the sum once more.", wallet_paise=paise
    )


def _spend(wallet: Wallet, lots: Sequence[WalletLot], paise: int, *, ref: UUID, memo: str, now: datetime) -> None:
    entries = {ledger.wallet_account(wallet.pk): paise, ledger.PREPAID: -paise}
    if not ledger.post(kind="wallet", key=f"wallet:{ref}", entries=entries, ref=ref, memo=memo, at=now):
        raise ValueError(f"The wallet has paid for {ref} already.")
    left, spent = paise, []
    for lot in lots:
        part = min(left, lot.left_paise)
        lot.left_paise -= part
        left -= part
        if part:
            spent.append(WalletSpent(lot=lot, ref=ref, paise=part))
    WalletLot.objects.bulk_update(lots, ["left_paise"])
    WalletSpent.objects.bulk_create(spent)
    _add(wallet, -paise)


@transaction.atomic
def credit(
    *,
    customer_id: int,
    amount_paise: int,
    source: str,
    key: str,
    reason: str,
    now: datetime,
    ref: UUID | None = None,
    expires_at: datetime | None = None,
    actor: str = "system",
) -> bool:
    """Give credit, once per key: False when it was given before. The customer is told."""
    wallet = lock(customer_id)
    kind = Source(source)
    entries = {_PAID_BY[kind]: amount_paise, ledger.wallet_account(customer_id): -amount_paise}
    if not _put(
        wallet, amount_paise, source=kind, key=key, transfer_key=f"credit:{key}", transfer_kind=kind.value,
        entries=entries, reason=reason, ref=ref, expires_at=expires_at, actor=actor, now=now,
    ):  # fmt: skip
        return False
    told = WalletCredited(
        customer_id=customer_id, amount_paise=amount_paise, source=kind.value, reason=reason, ref=ref,
        expires_at=expires_at,
    )  # fmt: skip
    events.record(told, subject=f"user:{customer_id}", actor=actor)
    metrics.count("wallet_credits_total", source=kind.value)
    return True


def put_back(*, customer_id: int, amount_paise: int, refund_id: UUID, reason: str, ref: UUID, now: datetime) -> None:
    """What was paid in another way goes into the wallet; it never expires. For acts of this app that hold the payment's
    lock."""
    entries = {ledger.PREPAID: amount_paise, ledger.wallet_account(customer_id): -amount_paise}
    _put(
        lock(customer_id), amount_paise, source=Source.REFUND, key=f"refund:{refund_id}",
        transfer_key=f"refund:{refund_id}", transfer_kind="refund", entries=entries, reason=reason, ref=ref,
        expires_at=None, actor="", now=now,
    )  # fmt: skip


def return_spent(
    *, customer_id: int, amount_paise: int, refund_id: UUID, reason: str, ref: UUID, now: datetime
) -> None:
    """What the wallet had paid for `ref` is again the credit it was taken from, what ends last first. Each keeps its
    end; one that has passed meanwhile is put off by GRACE, once. For acts of this app that hold the payment's lock."""
    wallet = lock(customer_id)
    ledger.post(
        kind="wallet_return",
        key=f"returned:{refund_id}",
        entries={ledger.PREPAID: amount_paise, ledger.wallet_account(customer_id): -amount_paise},
        ref=ref,
        memo=reason,
        at=now,
    )
    left = amount_paise
    for spent in WalletSpent.objects.filter(ref=ref, back_paise__lt=F("paise")).select_related("lot").order_by("-pk"):
        part = min(left, spent.paise - spent.back_paise)
        if not part:
            break
        left -= part
        spent.back_paise += part
        spent.save(update_fields=["back_paise"])
        lot = spent.lot
        lot.left_paise += part
        if lot.expires_at is not None and lot.expires_at <= now and not lot.had_grace:
            lot.expires_at, lot.had_grace = now + GRACE, True
        lot.save(update_fields=["left_paise", "expires_at", "had_grace"])
    if left:  # spent before it was written down of which credit
        WalletLot.objects.create(
            wallet=wallet, source=Source.REFUND, key=f"returned:{refund_id}", ref=ref, amount_paise=left,
            left_paise=left, reason=reason[:160], created_at=now,
        )  # fmt: skip
    _add(wallet, amount_paise)


@transaction.atomic
def take_back(
    *, customer_id: int, credit_key: str, most_paise: int, kind: str, key: str, reason: str, ref: UUID, now: datetime
) -> int:
    """Credit that was given under `credit_key` was too much: so much of it as is not spent leaves the wallet for what
    had paid for it. Returns the paise, 0 when the same `key` has taken before."""
    wallet = lock(customer_id)
    lot = WalletLot.objects.filter(wallet=wallet, key=credit_key, left_paise__gt=0).first()
    paise = 0 if lot is None else min(most_paise, lot.left_paise)
    if lot is None or paise <= 0:
        return 0
    entries = {ledger.wallet_account(customer_id): paise, _PAID_BY[Source(lot.source)]: -paise}
    if not ledger.post(kind=kind, key=key[:120], entries=entries, ref=ref, memo=reason, at=now):
        return 0
    lot.left_paise -= paise
    lot.save(update_fields=["left_paise"])
    _add(wallet, -paise)
    return paise


def give_goodwill(*, customer_id: int, amount_paise: int, reason: str, actor: str, key: str, now: datetime) -> bool:
    """Somebody of ours says sorry with money. Once per key; it never expires.

    Raises Invalid without a reason or amount, TooMuchGoodwill(most_paise) above the limit at once or within 30 days.
    """
    reason = reason.strip()[:160]
    if amount_paise <= 0:
        raise Invalid("Say how much is given.")
    if not reason:
        raise Invalid("Say why it is given: the customer will read it.")
    if amount_paise > GOODWILL_MOST_PAISE:
        raise TooMuchGoodwill(f"At most {rupees(GOODWILL_MOST_PAISE)} at once.", most_paise=GOODWILL_MOST_PAISE)
    key = f"goodwill:{key}"[:120]
    with transaction.atomic():
        lock(customer_id)
        given = WalletLot.objects.filter(wallet_id=customer_id, source=Source.GOODWILL, created_at__gt=now - MONTH)
        if WalletLot.objects.filter(key=key).exists():
            return False
        left_paise = GOODWILL_MOST_PER_MONTH_PAISE - int(given.aggregate(sum=Sum("amount_paise"))["sum"] or 0)
        if amount_paise > left_paise:
            raise TooMuchGoodwill(
                f"This customer may get {rupees(max(0, left_paise))} more within 30 days.",
                most_paise=max(0, left_paise),
            )
        return credit(
            customer_id=customer_id, amount_paise=amount_paise, source=Source.GOODWILL, key=key, reason=reason,
            actor=actor, now=now,
        )  # fmt: skip


def sweep_expired(*, now: datetime, limit: int = 200) -> int:
    """Post what expired back to what had paid for it. Returns how many lots; one that breaks does not hold up the
    others."""
    due = WalletLot.objects.filter(left_paise__gt=0, expires_at__lte=now).order_by("expires_at")
    lots = list(due.values_list("wallet_id", "pk")[:limit])
    return one_by_one(lots, lambda keys: _expire(*keys, now=now), sweep="wallet")


@transaction.atomic
def _expire(wallet_id: int, lot_id: int, *, now: datetime) -> bool:
    Wallet.objects.select_for_update(no_key=True).get(pk=wallet_id)
    lot = WalletLot.objects.select_related("wallet").get(
        pk=lot_id
    )  # after the wallet's lock: a purchase may have spent it meanwhile
    if not lot.left_paise or lot.expires_at is None or lot.expires_at > now:  # it came back and has its grace
        return False
    end_lot(lot, kind="expired", now=now)
    metrics.count("wallet_expired_total")
    return True


def end_lot(lot: WalletLot, *, kind: str, now: datetime, to: str = "") -> None:
    """What is left of a lot leaves the wallet for the account `to`, or for the one that had paid for it. For acts of
    this app that hold the wallet's lock."""
    paise, lot.left_paise = lot.left_paise, 0
    entries = {ledger.wallet_account(lot.wallet_id): paise, to or _PAID_BY[Source(lot.source)]: -paise}
    key = f"{kind}:{lot.pk}:{now:%Y%m%d%H%M%S%f}"  # what was spent of it may come back, and end once more
    if not ledger.post(kind=kind, key=key, entries=entries, ref=lot.ref, memo=lot.reason, at=now):
        raise ValueError(f"Credit {lot.pk} has ended in this instant already.")
    lot.save(update_fields=["left_paise"])
    _add(lot.wallet, -paise)


def spendable(wallet: Wallet, *, now: datetime) -> int:
    """Paise of it that can be spent now."""
    return sum(lot.left_paise for lot in _spendable(wallet, now=now))


def lock(customer_id: int) -> Wallet:
    """The customer's wallet, made when first used, locked until the end of the transaction."""
    Wallet.objects.bulk_create([Wallet(customer_id=customer_id)], ignore_conflicts=True)
    return Wallet.objects.select_for_update(no_key=True).get(customer_id=customer_id)


def _put(
    wallet: Wallet,
    amount_paise: int,
    *,
    source: Source,
    key: str,
    transfer_key: str,
    transfer_kind: str,
    entries: dict[str, int],
    reason: str,
    ref: UUID | None,
    expires_at: datetime | None,
    actor: str,
    now: datetime,
) -> bool:
    if amount_paise <= 0 or WalletLot.objects.filter(key=key).exists():
        return False
    ledger.post(kind=transfer_kind, key=transfer_key[:120], entries=entries, ref=ref, memo=reason, at=now)
    WalletLot.objects.create(
        wallet=wallet, source=source, key=key, ref=ref, amount_paise=amount_paise, left_paise=amount_paise,
        reason=reason[:160], actor=actor[:60], expires_at=expires_at, created_at=now,
    )  # fmt: skip
    _add(wallet, amount_paise)
    return True


def _spendable(wallet: Wallet, *, now: datetime) -> list[WalletLot]:
    """Lots with something left, in the order in which they are spent."""
    lots = WalletLot.objects.filter(wallet=wallet, left_paise__gt=0).exclude(expires_at__lte=now)
    return list(lots.order_by(F("expires_at").asc(nulls_last=True), "pk"))


def _add(wallet: Wallet, paise: int) -> None:
    Wallet.objects.filter(pk=wallet.pk).update(balance_paise=F("balance_paise") + paise)
