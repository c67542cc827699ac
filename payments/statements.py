"""The money of one `ref` as a statement people can read: how it was paid, what went back, every posting in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from blinkit.kernel.money import rupees
from payments import ledger
from payments.models import Attempt, AttemptState, Entry, Payment, PaymentState, Refund, RefundState
from payments.queries import recognised

_TITLES = {
    "capture": "Paid",
    "wallet": "Paid from the wallet",
    "stray": "Taken although not wanted",
    "refund": "Promised back",
    "wallet_return": "Back in the wallet",
    "refunded": "Arrived with the customer",
    "revenue": "Delivered: it is earned",
    "revenue_back": "Not earned after all",
    "settled": "The gateway settled it",
    "cashback": "Cashback given",
    "cashback_back": "Cashback of what was refunded, taken back",
    "referral": "Reward for an invitation",
    "goodwill": "Goodwill given",
    "expired": "Credit expired",
    "forgotten": "The person was forgotten",
}
_ACCOUNTS = {
    ledger.PREPAID: "Prepaid by customers",
    ledger.REFUNDS: "Refunds on their way",
    ledger.STRAYS: "To be sent back",
    ledger.BANK: "Bank",
    ledger.PROMOTIONS: "Cost of credit given",
    ledger.GOODWILL: "Cost of goodwill",
    ledger.UNCLAIMED: "Wallets of nobody",
    ledger.INPUT_GST: "GST we reclaim",
}
_PARTS = {
    "goods": "Goods, net of GST",
    "delivery": "Delivery, net of GST",
    "handling": "Handling, net of GST",
    "small_cart": "Small cart, net of GST",
    "surge": "Surge, net of GST",
    "cgst": "CGST owed",
    "sgst": "SGST owed",
    "igst": "IGST owed",
    "tip": "Tip owed to the rider",
    "discount": "Discount, a cost of ours",
    "claims": "Claims, a cost of ours",
}
_BY_ROOM = {
    "gateway": "{}, not paid out yet",
    "fees": "Fees of {}",
    "suspense": "{}, to be cleared up",
    "cash": "Cash with rider {}",
    "wallet": "Wallet of customer {}",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A name, what it comes to, and a word about it."""

    name: str
    paise: int
    note: str = ""
    at: datetime | None = None
    is_sum: bool = False

    @property
    def amount(self) -> str:
        return rupees(self.paise)


@dataclass(frozen=True, slots=True)
class Side:
    """One account's side of a posting."""

    account: str
    code: str
    paise: int

    @property
    def debit(self) -> str:
        return rupees(self.paise) if self.paise > 0 else ""

    @property
    def credit(self) -> str:
        return rupees(-self.paise) if self.paise < 0 else ""


@dataclass(frozen=True, slots=True)
class PostingView:
    at: datetime
    title: str
    memo: str
    key: str
    sides: tuple[Side, ...]
    kept_paise: int
    """Of the customer's money after it: what was paid for this and not given back."""

    @property
    def kept(self) -> str:
        return rupees(self.kept_paise)

    @property
    def balances(self) -> bool:
        return sum(side.paise for side in self.sides) == 0


@dataclass(frozen=True, slots=True)
class Check:
    sentence: str
    is_right: bool


@dataclass(frozen=True, slots=True)
class MoneyStatement:
    paid: tuple[Row, ...]
    back: tuple[Row, ...]
    became: tuple[Row, ...]
    """What of it is in the books as revenue, tax, tip and cost; empty before it was delivered."""
    postings: tuple[PostingView, ...]
    checks: tuple[Check, ...]
    kept_paise: int = 0
    became_paise: int = 0
    bill: tuple[Row, ...] = ()
    headline: str = ""

    @property
    def adds_up(self) -> bool:
        return all(check.is_right for check in self.checks)

    @property
    def kept(self) -> str:
        return rupees(self.kept_paise)

    @property
    def earned(self) -> str:
        return rupees(self.became_paise)

    def judged(self, *, bill: Sequence[Row], checks: Sequence[Check]) -> MoneyStatement:
        """The same with what the room above knows of it."""
        return replace(self, bill=tuple(bill), checks=(*self.checks, *checks))


def account_words(code: str) -> str:
    """An account in words: 'gateway:sandbox' is 'Sandbox, not paid out yet'."""
    for name, known in ledger.PARTS.items():
        if code == known:
            return _PARTS[name]
    if code in _ACCOUNTS:
        return _ACCOUNTS[code]
    room, _, rest = code.partition(":")
    words = _BY_ROOM.get(room)
    return words.format(rest.split(":")[-1].title()) if words else code


def statement_of(ref: UUID) -> MoneyStatement:
    """Everything the books say about `ref`, oldest first; five statements."""
    payment = Payment.objects.filter(ref=ref).first()
    attempts = list(Attempt.objects.filter(payment__ref=ref).order_by("created_at"))
    refunds = list(Refund.objects.filter(payment__ref=ref).select_related("attempt").order_by("created_at"))
    postings = _postings(ref)
    parts = recognised(ref)
    paid_paise = 0 if payment is None else payment.captured_paise + payment.wallet_paise
    back_paise = 0 if payment is None else payment.refunded_paise + payment.wallet_returned_paise
    kept_paise = paid_paise - back_paise
    return MoneyStatement(
        paid=tuple(_paid(payment, attempts)),
        back=tuple(_back(refund) for refund in refunds),
        became=tuple(Row(_PARTS[name], paise) for name, paise in parts.items()),
        postings=postings,
        checks=tuple(_checks(postings, paid_paise, back_paise)),
        kept_paise=kept_paise,
        became_paise=sum(parts.values()),
    )


def _paid(payment: Payment | None, attempts: Sequence[Attempt]) -> list[Row]:
    rows = []
    if payment is not None and payment.wallet_paise:
        rows.append(Row("Wallet", payment.wallet_paise, "Taken when it was ordered", payment.created_at))
    for attempt in attempts:
        name = attempt.instrument or attempt.gateway
        note = f"{attempt.get_state_display()} · {attempt.gateway}"
        if attempt.state == AttemptState.DECLINED and attempt.decline_reason:
            note = f"{note}: {attempt.decline_reason}"
        rows.append(Row(name, attempt.captured_paise, note, attempt.settled_at or attempt.created_at))
    if payment is not None and payment.state == PaymentState.OPEN and payment.amount_paise:
        rows.append(
            Row("Still to be paid", 0, f"{rupees(payment.amount_paise)} {payment.get_method_display().lower()}")
        )
    return rows


def _back(refund: Refund) -> Row:
    stray = refund.attempt is not None and refund.attempt.state == AttemptState.STRAY
    way = "Wallet" if refund.to_wallet else (refund.attempt and refund.attempt.instrument) or "The way it was paid"
    state = "Completed" if refund.state == RefundState.DONE else refund.get_state_display()
    what = "money nobody wanted" if stray else refund.reason
    return Row(str(way), -refund.amount_paise, f"{state} · {what}", refund.done_at or refund.created_at)


_CUSTOMERS = frozenset({ledger.PREPAID, *ledger.PARTS.values()})
"""Together they are what was paid and not given back, whatever became of it."""


def _postings(ref: UUID) -> tuple[PostingView, ...]:
    entries = Entry.objects.filter(transfer__ref=ref).select_related("transfer", "account")
    by_transfer: dict[int, list[Entry]] = {}
    for entry in entries.order_by("transfer__at", "transfer_id"):
        by_transfer.setdefault(entry.transfer_id, []).append(entry)
    found, kept_paise = [], 0
    for group in by_transfer.values():
        transfer = group[0].transfer
        group.sort(key=lambda entry: (entry.amount_paise < 0, -abs(entry.amount_paise)))
        sides = tuple(Side(account_words(e.account.code), e.account.code, e.amount_paise) for e in group)
        kept_paise -= sum(side.paise for side in sides if side.code in _CUSTOMERS)
        title = _TITLES.get(transfer.kind, transfer.kind)
        found.append(PostingView(transfer.at, title, transfer.memo, transfer.key, sides, kept_paise))
    return tuple(found)


def _checks(postings: Sequence[PostingView], paid_paise: int, back_paise: int) -> list[Check]:
    odd = [posting.key for posting in postings if not posting.balances]
    in_books = postings[-1].kept_paise if postings else 0
    kept_paise = paid_paise - back_paise
    sums = f"{rupees(paid_paise)} paid, {rupees(back_paise)} given back: {rupees(kept_paise)} kept"
    same = in_books == kept_paise
    return [
        Check(f"{sums}, {'as' if same else f'but {rupees(in_books)}'} in the books.", same),
        Check(
            f"{', '.join(odd)} does not balance." if odd else f"Debits equal credits in all {len(postings)} postings.",
            not odd,
        ),
    ]
