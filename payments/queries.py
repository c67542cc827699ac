"""Reads of money: what a customer may see, what a rider carries, and the proof that the books are right."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import CharField, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from blinkit.kernel.money import rupees
from blinkit.kernel.said import say
from payments import ledger
from payments.models import (
    Attempt,
    AttemptState,
    Dispute,
    DisputeState,
    Entry,
    Membership,
    MembershipPlan,
    Payment,
    PaymentState,
    Payout,
    Reduction,
    Refund,
    RefundState,
    WalletLot,
)


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One line for people. `amount_paise`: positive paid by the customer, negative back to the customer, 0 for news."""

    at: datetime
    text: str
    amount_paise: int
    kind: str


@dataclass(frozen=True, slots=True)
class Difference:
    """Something in the books that is not what it should be."""

    what: str
    key: str
    found: int
    expected: int


def cash_by_rider(rider_ref: str) -> Subquery:
    """The paise in hand as an expression for a list of riders; `rider_ref` names the column with the rider's id."""
    code = Concat(Value(ledger.RIDERS), Cast(OuterRef(rider_ref), CharField()))
    entries = Entry.objects.filter(account__code=code).order_by().values("account")
    return Subquery(entries.annotate(paise=Sum("amount_paise")).values("paise"))


def hand_ins(rider_ref: int, *, limit: int = 20) -> list[tuple[datetime, int, str]]:
    """(when, paise, what was written) of the cash a rider handed in, newest first."""
    entries = Entry.objects.filter(account__code=ledger.rider_account(rider_ref), transfer__kind="deposit")
    rows = entries.order_by("-pk").values_list("transfer__at", "amount_paise", "transfer__memo")[:limit]
    return [(at, -paise, memo) for at, paise, memo in rows]


def cash_in_hand(rider_ref: int) -> int:
    """Paise of cash the rider carries."""
    return ledger.balance(ledger.rider_account(rider_ref))


def cash_of(rider_refs: Collection[int]) -> dict[int, int]:
    """Paise of cash by rider, who carries none is not in it; one statement."""
    codes = {ledger.rider_account(ref): ref for ref in rider_refs}
    rows = Entry.objects.filter(account__code__in=codes).values_list("account__code").annotate(Sum("amount_paise"))
    return {codes[code]: paise for code, paise in rows.order_by() if paise}


@dataclass(frozen=True, slots=True)
class CashMoves:
    """A rider's cash account between two instants."""

    before_paise: int
    collected_paise: int
    handed_in_paise: int


def cash_moves(rider_ref: int, *, since: datetime, until: datetime) -> CashMoves:
    """What a rider carried at `since`, took at doors and handed in before `until`; one statement."""
    mine = Entry.objects.filter(account__code=ledger.rider_account(rider_ref), transfer__at__lt=until)
    within = Q(transfer__at__gte=since)
    sums = mine.aggregate(
        before=Sum("amount_paise", filter=~within),
        came=Sum("amount_paise", filter=within & Q(amount_paise__gt=0)),
        went=Sum("amount_paise", filter=within & Q(amount_paise__lt=0)),
    )
    return CashMoves(sums["before"] or 0, sums["came"] or 0, -(sums["went"] or 0))


def payout_of(key: str) -> Payout | None:
    return Payout.objects.filter(key=key).first()


def refund_settled(ref: UUID) -> bool:
    """True when nothing is on its way back to the customer any more."""
    return not Refund.objects.filter(payment__ref=ref).exclude(state=RefundState.DONE).exists()


def recognised(ref: UUID) -> dict[str, int]:
    """What is in the books of a delivered `ref` now, part by part (`ledger.PARTS`); costs are negative."""
    entries = Entry.objects.filter(transfer__ref=ref, transfer__kind__in=["revenue", "revenue_back"])
    sums = dict(entries.values_list("account__code").annotate(paise=Sum("amount_paise")).order_by())
    return {name: -sums[code] for name, code in ledger.PARTS.items() if sums.get(code)}


def payment_of(ref: UUID) -> Payment | None:
    return Payment.objects.filter(ref=ref).first()


def statement(ref: UUID) -> list[StatementLine]:
    """What happened to the money of `ref`, oldest first, in words a customer understands."""
    lines = [_line_of(attempt) for attempt in Attempt.objects.filter(payment__ref=ref)]
    for reduction in Reduction.objects.filter(payment__ref=ref):
        text = say("{money} less to pay: {reason}", money=rupees(reduction.amount_paise), reason=reduction.reason)
        lines.append(StatementLine(reduction.at, text, 0, "reduction"))
    lines += [
        StatementLine(payment.created_at, say("Paid from the wallet"), payment.wallet_paise, "wallet")
        for payment in Payment.objects.filter(ref=ref, wallet_paise__gt=0)
    ]
    for refund in Refund.objects.filter(payment__ref=ref).select_related("attempt"):
        lines.append(StatementLine(refund.created_at, _back(refund), -refund.amount_paise, "refund"))
    for dispute in Dispute.objects.filter(payment__ref=ref):
        lines += [StatementLine(at, text, 0, "dispute") for at, text in _told_of(dispute)]
    return sorted(lines, key=lambda line: line.at)


def _line_of(attempt: Attempt) -> StatementLine:
    way = attempt.instrument or attempt.gateway
    at = attempt.settled_at or attempt.created_at
    if attempt.state == AttemptState.CAPTURED:
        return StatementLine(at, say("Paid by {way}", way=way), attempt.captured_paise, "capture")
    if attempt.state == AttemptState.STRAY:
        return StatementLine(at, say("{way} payment arrived too late", way=way), attempt.captured_paise, "stray")
    if attempt.state == AttemptState.VOIDED:
        return StatementLine(at, say("{way} payment let go, nothing was taken", way=way), 0, "voided")
    if attempt.state == AttemptState.DECLINED:
        text = say("{way} declined: {reason}", way=way, reason=attempt.decline_reason)
        return StatementLine(at, text, 0, "declined")
    return StatementLine(at, say("{way} payment started", way=way), 0, "started")


def _back(refund: Refund) -> str:
    if refund.to_wallet:
        return say("Back in the wallet: {reason}", reason=refund.reason)
    way = (refund.attempt.instrument if refund.attempt else "") or say("the way it was paid")
    if refund.state == RefundState.DONE:
        return say("Refunded to {way}: {reason}", way=way, reason=refund.reason)
    return say("Refund to {way} on its way: {reason}", way=way, reason=refund.reason)


def _told_of(dispute: Dispute) -> Iterator[tuple[datetime, str]]:
    """When it was opened, and when and how it ended."""
    about = {"money": rupees(dispute.amount_paise), "reason": dispute.reason or say("no reason given")}
    yield dispute.opened_at, say("Disputed with the bank, {money}: {reason}", **about)
    if dispute.closed_at is None:
        return
    if dispute.state == DisputeState.WON:
        yield dispute.closed_at, say("Dispute over {money}: {reason}: won", **about)
    else:
        yield dispute.closed_at, say("Dispute over {money}: {reason}: lost, the bank took it back", **about)


# -- the wallet -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ending:
    """Credit of a wallet that expires: how much, when, where from."""

    paise: int
    at: datetime
    source: str


@dataclass(frozen=True, slots=True)
class WalletView:
    balance_paise: int = 0
    """What can be spent now: what has expired and is not swept yet is not in it."""
    endings: tuple[Ending, ...] = ()


def wallet_of(customer_id: int, *, now: datetime) -> WalletView:
    """Balance and what of it expires when, the soonest first; one statement."""
    lots = WalletLot.objects.filter(wallet_id=customer_id, left_paise__gt=0).exclude(expires_at__lte=now)
    rows = list(lots.order_by("expires_at", "pk").values_list("left_paise", "expires_at", "source"))
    endings = tuple(Ending(paise, at, source) for paise, at, source in rows if at is not None)
    return WalletView(balance_paise=sum(row[0] for row in rows), endings=endings)


def wallet_entries(customer_id: int) -> QuerySet[Entry]:
    """The wallet's postings with their transfers, newest first. In a wallet's account credit is what came in."""
    entries = Entry.objects.filter(account__code=ledger.wallet_account(customer_id)).select_related("transfer")
    return entries.order_by("-pk")


def plans() -> list[MembershipPlan]:
    """The memberships that are sold, the cheapest first."""
    return list(MembershipPlan.objects.filter(is_active=True))


def membership_of(customer_id: int) -> Membership | None:
    return Membership.objects.filter(customer_id=customer_id).first()


# -- proof ------------------------------------------------------------------------------------------------------------

_PROOFS = {
    "transfer does not balance": """
        SELECT t.key, sum(e.amount_paise)::bigint, 0
        FROM payments_transfer t JOIN payments_entry e ON e.transfer_id = t.id
        GROUP BY t.key HAVING sum(e.amount_paise) <> 0""",
    "captured is not what the ledger says": """
        SELECT p.id::text, p.captured_paise, coalesce(l.paise, 0) FROM payments_payment p
        LEFT JOIN (
            SELECT t.ref, -sum(e.amount_paise)::bigint AS paise FROM payments_transfer t
            JOIN payments_entry e ON e.transfer_id = t.id JOIN payments_account a ON a.id = e.account_id
            WHERE t.kind = 'capture' AND a.code = 'orders:prepaid' GROUP BY t.ref
        ) l ON l.ref = p.ref WHERE p.captured_paise <> coalesce(l.paise, 0)""",
    "refunded is not what the ledger says": """
        SELECT p.id::text, p.refunded_paise, coalesce(l.paise, 0) FROM payments_payment p
        LEFT JOIN (
            SELECT t.ref, sum(e.amount_paise)::bigint AS paise FROM payments_transfer t
            JOIN payments_entry e ON e.transfer_id = t.id JOIN payments_account a ON a.id = e.account_id
            WHERE t.kind = 'refund' AND a.code = 'orders:prepaid' GROUP BY t.ref
        ) l ON l.ref = p.ref WHERE p.refunded_paise <> coalesce(l.paise, 0)""",
    "captured is not what the attempt says": """
        SELECT p.id::text, p.captured_paise, coalesce(a.paise, 0) FROM payments_payment p
        LEFT JOIN (
            SELECT payment_id, sum(captured_paise)::bigint AS paise FROM payments_attempt WHERE state = 'captured'
            GROUP BY payment_id
        ) a ON a.payment_id = p.id WHERE p.captured_paise <> coalesce(a.paise, 0)""",
    "refunds promised are not what refunds:payable says": """
        SELECT 'refunds:payable', -coalesce(sum(e.amount_paise), 0)::bigint, (
            SELECT coalesce(sum(r.amount_paise), 0)::bigint FROM payments_refund r
            LEFT JOIN payments_attempt t ON t.id = r.attempt_id
            WHERE r.state <> 'done' AND coalesce(t.state, '') <> 'stray')
        FROM payments_entry e JOIN payments_account a ON a.id = e.account_id AND a.code = 'refunds:payable'
        HAVING -coalesce(sum(e.amount_paise), 0) <> (
            SELECT coalesce(sum(r.amount_paise), 0) FROM payments_refund r
            LEFT JOIN payments_attempt t ON t.id = r.attempt_id
            WHERE r.state <> 'done' AND coalesce(t.state, '') <> 'stray')""",
    "strays to send back are not what strays:payable says": """
        SELECT 'strays:payable', -coalesce(sum(e.amount_paise), 0)::bigint, (
            SELECT coalesce(sum(r.amount_paise), 0)::bigint FROM payments_refund r
            JOIN payments_attempt t ON t.id = r.attempt_id WHERE r.state <> 'done' AND t.state = 'stray')
        FROM payments_entry e JOIN payments_account a ON a.id = e.account_id AND a.code = 'strays:payable'
        HAVING -coalesce(sum(e.amount_paise), 0) <> (
            SELECT coalesce(sum(r.amount_paise), 0) FROM payments_refund r
            JOIN payments_attempt t ON t.id = r.attempt_id WHERE r.state <> 'done' AND t.state = 'stray')""",
    "what the wallet paid is not what the ledger says": """
        SELECT p.id::text, p.wallet_paise, coalesce(l.paise, 0) FROM payments_payment p
        LEFT JOIN (
            SELECT t.ref, -sum(e.amount_paise)::bigint AS paise FROM payments_transfer t
            JOIN payments_entry e ON e.transfer_id = t.id JOIN payments_account a ON a.id = e.account_id
            WHERE t.kind = 'wallet' AND a.code = 'orders:prepaid' GROUP BY t.ref
        ) l ON l.ref = p.ref WHERE p.wallet_paise <> coalesce(l.paise, 0)""",
    "what came back to the wallet is not what the ledger says": """
        SELECT p.id::text, p.wallet_returned_paise, coalesce(l.paise, 0) FROM payments_payment p
        LEFT JOIN (
            SELECT t.ref, sum(e.amount_paise)::bigint AS paise FROM payments_transfer t
            JOIN payments_entry e ON e.transfer_id = t.id JOIN payments_account a ON a.id = e.account_id
            WHERE t.kind = 'wallet_return' AND a.code = 'orders:prepaid' GROUP BY t.ref
        ) l ON l.ref = p.ref WHERE p.wallet_returned_paise <> coalesce(l.paise, 0)""",
    "a wallet is not what the ledger says": """
        SELECT coalesce(l.code, 'wallet:' || w.customer_id), coalesce(w.balance_paise, 0), coalesce(l.paise, 0)
        FROM payments_wallet w FULL JOIN (
            SELECT a.code, -sum(e.amount_paise)::bigint AS paise
            FROM payments_account a JOIN payments_entry e ON e.account_id = a.id
            WHERE a.code LIKE 'wallet:%' GROUP BY a.code
        ) l ON l.code = 'wallet:' || w.customer_id
        WHERE coalesce(w.balance_paise, 0) <> coalesce(l.paise, 0)""",
    "a wallet is not the sum of its lots": """
        SELECT 'wallet:' || w.customer_id, w.balance_paise, coalesce(l.paise, 0) FROM payments_wallet w
        LEFT JOIN (
            SELECT wallet_id, sum(left_paise)::bigint AS paise FROM payments_walletlot GROUP BY wallet_id
        ) l ON l.wallet_id = w.customer_id WHERE w.balance_paise <> coalesce(l.paise, 0)""",
    "disputes lost are not what disputes:lost says": """
        SELECT d.key, d.paise, coalesce(l.paise, 0) FROM (
            SELECT 'disputes:lost' AS key, coalesce(sum(amount_paise), 0)::bigint AS paise FROM payments_dispute
            WHERE state = 'lost'
        ) d LEFT JOIN (
            SELECT sum(e.amount_paise)::bigint AS paise FROM payments_entry e
            JOIN payments_account a ON a.id = e.account_id WHERE a.code = 'disputes:lost'
        ) l ON true WHERE d.paise <> coalesce(l.paise, 0)""",
    "a dispute lost is not posted to the gateway": """
        SELECT d.id::text, d.amount_paise, -coalesce(sum(e.amount_paise), 0)::bigint FROM payments_dispute d
        LEFT JOIN payments_transfer t ON t.key IN ('dispute:' || d.id, 'dispute-won:' || d.id)
        LEFT JOIN payments_entry e ON e.transfer_id = t.id
            AND e.account_id = (SELECT id FROM payments_account WHERE code = 'gateway:' || d.gateway)
        GROUP BY d.id
        HAVING -coalesce(sum(e.amount_paise), 0) <> CASE d.state WHEN 'lost' THEN d.amount_paise ELSE 0 END""",
    "a settlement line is not what the ledger says": """
        SELECT s.gateway || ':' || s.line_id, s.net_paise, coalesce(l.paise, 0) FROM payments_settlementline s
        LEFT JOIN (
            SELECT t.key, sum(e.amount_paise)::bigint AS paise FROM payments_transfer t
            JOIN payments_entry e ON e.transfer_id = t.id JOIN payments_account a ON a.id = e.account_id
            WHERE t.kind = 'settled' AND a.code = 'bank' GROUP BY t.key
        ) l ON l.key = 'settled:' || s.gateway || ':' || s.line_id
        WHERE s.net_paise <> coalesce(l.paise, 0)""",
    "what a rider is owed is not what payouts say": """
        SELECT coalesce(l.code, 'pay:rider:' || p.rider_ref), coalesce(l.paise, 0), coalesce(p.paise, 0) FROM (
            SELECT a.code, -sum(e.amount_paise)::bigint AS paise
            FROM payments_account a JOIN payments_entry e ON e.account_id = a.id
            WHERE a.code LIKE 'pay:rider:%' GROUP BY a.code
        ) l FULL JOIN (
            SELECT rider_ref, sum(amount_paise)::bigint AS paise FROM payments_payout WHERE state <> 'done'
            GROUP BY rider_ref
        ) p ON l.code = 'pay:rider:' || p.rider_ref WHERE coalesce(l.paise, 0) <> coalesce(p.paise, 0)""",
    "a rider's cash is negative": """
        SELECT a.code, sum(e.amount_paise)::bigint, 0
        FROM payments_entry e JOIN payments_account a ON a.id = e.account_id
        WHERE a.code LIKE 'cash:rider:%' GROUP BY a.code HAVING sum(e.amount_paise) < 0""",
}


def audit() -> list[Difference]:
    """Everything in the books that does not fit; empty when all is well. Each proof sees one moment."""
    found: list[Difference] = []
    with connection.cursor() as cursor:
        for what, sql in _PROOFS.items():
            cursor.execute(sql)
            found += [Difference(what, str(key), int(is_), int(should)) for key, is_, should in cursor.fetchall()]
    return found


def balances() -> dict[str, int]:
    """Every account with its balance in paise, debit positive."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.code, coalesce(sum(e.amount_paise), 0)::bigint FROM payments_account a"
            " LEFT JOIN payments_entry e ON e.account_id = a.id GROUP BY a.code ORDER BY a.code"
        )
        return dict(cursor.fetchall())


_DAYS = """
    SELECT (t.at AT TIME ZONE %(zone)s)::date, t.kind,
           CASE WHEN a.code LIKE 'wallet:%%' THEN 'wallet' WHEN a.code LIKE 'cash:rider:%%' THEN 'cash' ELSE a.code END,
           sum(e.amount_paise)::bigint
    FROM payments_transfer t JOIN payments_entry e ON e.transfer_id = t.id
    JOIN payments_account a ON a.id = e.account_id
    WHERE t.at >= %(since)s GROUP BY 1, 2, 3"""


@dataclass(slots=True)
class Day:
    """The money of one day in paise; costs (discounts, claims) are positive, what was taken back is off already."""

    day: date
    captured: dict[str, int] = field(default_factory=dict)
    """By gateway, with what nobody wanted."""
    cash: int = 0
    wallet: int = 0
    refunds: int = 0
    """Promised to cards and accounts, and what went into wallets."""
    settled: int = 0
    parts: dict[str, int] = field(default_factory=dict)
    """As `ledger.PARTS` names them."""


def days(*, now: datetime, back: int) -> list[Day]:
    """The last `back` days of the house's time zone, today last; days without money are there too."""
    today = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    since = today - timedelta(days=back - 1)
    found = {(since + timedelta(days=n)).date(): Day((since + timedelta(days=n)).date()) for n in range(back)}
    names = {code: name for name, code in ledger.PARTS.items()}
    with connection.cursor() as cursor:
        cursor.execute(_DAYS, {"zone": timezone.get_current_timezone_name(), "since": since})
        for day, kind, code, paise in cursor.fetchall():
            row = found.get(day)
            if row is not None:
                _put(row, kind, code, paise, names)
    return list(found.values())


def _put(row: Day, kind: str, code: str, paise: int, names: dict[str, str]) -> None:
    if code in names:
        name = names[code]
        row.parts[name] = row.parts.get(name, 0) + (paise if name in ("discount", "claims") else -paise)
    elif kind in ("capture", "stray") and code.startswith("gateway:"):
        gateway = code.removeprefix("gateway:")
        row.captured[gateway] = row.captured.get(gateway, 0) + paise
    elif kind == "capture" and code == "cash":
        row.cash += paise
    elif kind == "wallet" and code == "wallet":
        row.wallet += paise
    elif kind in ("refund", "wallet_return") and code in (ledger.REFUNDS, "wallet"):
        row.refunds -= paise
    elif kind == "settled" and code == ledger.BANK:
        row.settled += paise


def is_open(payment: Payment, *, now: datetime) -> bool:
    """May an attempt be started?"""
    return payment.state == PaymentState.OPEN and (payment.due_by is None or payment.due_by > now)
