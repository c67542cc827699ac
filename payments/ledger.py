"""Double entry in paise. Every movement of money is one `Transfer` whose entries sum to zero; debit is positive.

| what happened                     | debit                | credit             | key                   |
|-----------------------------------|----------------------|--------------------|-----------------------|
| online payment captured           | gateway:<name>       | orders:prepaid     | capture:<attempt>     |
| cash collected at the door        | cash:rider:<id>      | orders:prepaid     | capture:<attempt>     |
| refund promised                   | orders:prepaid       | refunds:payable    | refund:<refund>       |
| refund completed                  | refunds:payable      | gateway:<name>     | refunded:<refund>     |
| refund of cash completed          | refunds:payable      | bank               | refunded:<refund>     |
| capture nobody wanted             | gateway:<name>       | strays:payable     | stray:<attempt>       |
| it was sent back                  | strays:payable       | gateway:<name>     | refunded:<refund>     |
| rider hands in cash               | bank                 | cash:rider:<id>    | deposit:<key>         |
| … or pays it in by UPI            | orders:prepaid       | cash:rider:<id>    | deposit:<key>         |
| a rider's week is issued: pay     | riders:pay           | pay:rider:<id>     | week:<key>            |
| … the tips of customers           | tips:payable         | pay:rider:<id>     | week:<key>            |
| … what was deducted               | pay:rider:<id>       | riders:deductions  | week:<key>            |
| the rider's bank has it           | pay:rider:<id>       | bank               | payout:<payout>       |
| paid from the wallet              | wallet:<user>        | orders:prepaid     | wallet:<ref>          |
| the wallet's part comes back      | orders:prepaid       | wallet:<user>      | returned:<refund>     |
| a refund goes to the wallet       | orders:prepaid       | wallet:<user>      | refund:<refund>       |
| cashback, referral reward         | promotions           | wallet:<user>      | credit:<lot key>      |
| … of what was refunded later      | wallet:<user>        | promotions         | cashback_back:<claim> |
| goodwill                          | goodwill             | wallet:<user>      | credit:<lot key>      |
| credit expired                    | wallet:<user>        | what had paid it   | expired:<lot>:<when>  |
| the person is forgotten: credit   | wallet:<user>        | what had paid it   | forgotten:<lot>:<when>|
| … and what was their own money    | wallet:<user>        | wallets:unclaimed  | forgotten:<lot>:<when>|
| delivered: the bill's parts       | orders:prepaid       | revenue:<kind>     | revenue:<ref>         |
| … the GST inside them             | orders:prepaid       | gst:cgst/sgst/igst | revenue:<ref>         |
| … the tip, which is the rider's   | orders:prepaid       | tips:payable       | revenue:<ref>         |
| … what was taken off the items    | promotions:discounts | orders:prepaid     | revenue:<ref>         |
| a part falls away after delivery  | its part, as above   | orders:prepaid     | revenue_back:<key>    |
| … and more than was ours (a tip)  | claims               | orders:prepaid     | revenue_back:<key>    |
| the gateway pays a capture out    | bank                 | gateway:<name>     | settled:<name>:<line> |
| … keeps its fee                   | fees:gateway:<name>  | gateway:<name>     | settled:<name>:<line> |
| … GST on the fee, to be reclaimed | gst:input            | gateway:<name>     | settled:<name>:<line> |
| … takes off a refund it made      | gateway:<name>       | bank               | settled:<name>:<line> |
| … says what we do not know        | bank                 | suspense:<name>    | settled:<name>:<line> |
| dispute lost                      | disputes:lost        | gateway:<name>     | dispute:<dispute>     |
| dispute won after it was lost     | gateway:<name>       | disputes:lost      | dispute-won:<dispute> |

Revenue is gross: goods at their shelf price less the GST that is in what was paid for them; the discount stands beside
it as a cost of ours (no brand funds a promotion). GST is on what was paid, so a discount has none (CGST Act, section
15(3)(a)). Revenue begins when goods are handed over; cancelled and undelivered orders have none. The kinds: `PARTS`.
Memberships stay in orders:prepaid.

A dispute posts nothing while it is open: the gateway holds the money and owes it until the bank has decided. Lost, it
is our expense; the order stays paid.

wallet:<user> is what we owe that customer; `Wallet.balance_paise` is its projection and never below zero. At any moment
orders:prepaid is what customers have paid for memberships, and for orders that have not come yet, net of refunds;
refunds:payable is what was promised and has not arrived; gateway:<name> what that gateway took for us and has not paid
out; suspense:<name> what it paid out or took off without a reason we know; and cash:rider:<id> the cash in that rider's
bag; pay:rider:<id> is what a rider has earned on issued statements and not been paid. The database refuses to commit a
transfer that does not balance, and to change or delete a posting (migration 0001).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Sum

from payments.models import Account, AccountKind, Entry

PREPAID = "orders:prepaid"
REFUNDS = "refunds:payable"
STRAYS = "strays:payable"
BANK = "bank"
PROMOTIONS = "promotions"
GOODWILL = "goodwill"
UNCLAIMED = "wallets:unclaimed"
DISPUTES = "disputes:lost"
INPUT_GST = "gst:input"
TIPS = "tips:payable"
RIDER_PAY = "riders:pay"
RIDER_DEDUCTIONS = "riders:deductions"

PARTS = {
    "goods": "revenue:goods",
    "delivery": "revenue:delivery",
    "handling": "revenue:handling",
    "small_cart": "revenue:small_cart",
    "surge": "revenue:surge",
    "cgst": "gst:cgst",
    "sgst": "gst:sgst",
    "igst": "gst:igst",
    "tip": "tips:payable",
    "discount": "promotions:discounts",
    "claims": "claims",
}
"""What a delivered order's money is made of, and the account of each part. Discount and claims are costs of ours."""


def gateway_account(name: str) -> str:
    return f"gateway:{name}"


RIDERS = "cash:rider:"


def rider_account(rider_ref: int) -> str:
    return f"{RIDERS}{rider_ref}"


def pay_account(rider_ref: int) -> str:
    """What we owe a rider for issued statements."""
    return f"pay:rider:{rider_ref}"


def wallet_account(customer_id: int) -> str:
    return f"wallet:{customer_id}"


def fees_account(gateway: str) -> str:
    return f"fees:gateway:{gateway}"


def suspense_account(gateway: str) -> str:
    """What a gateway paid out or took off and we have no reason for, until somebody finds it."""
    return f"suspense:{gateway}"


_KINDS = {
    AccountKind.LIABILITY: (PREPAID, REFUNDS, STRAYS, UNCLAIMED, "gst:cgst", "gst:sgst", "gst:igst", TIPS),
    AccountKind.EXPENSE: (PROMOTIONS, GOODWILL, DISPUTES, "promotions:discounts", "claims", RIDER_PAY),
    AccountKind.INCOME: (RIDER_DEDUCTIONS,),
}
_KINDS_BY_ROOM = {
    "wallet": AccountKind.LIABILITY,
    "pay": AccountKind.LIABILITY,
    "suspense": AccountKind.LIABILITY,
    "revenue": AccountKind.INCOME,
    "fees": AccountKind.EXPENSE,
}


def kind_of(code: str) -> AccountKind:
    named = next((kind for kind, codes in _KINDS.items() if code in codes), None)
    return named or _KINDS_BY_ROOM.get(code.split(":")[0], AccountKind.ASSET)


def post(*, kind: str, key: str, entries: Mapping[str, int], ref: UUID | None, memo: str, at: datetime) -> bool:
    """Post {account code: paise, debit positive} once per key. False when the key was posted before.

    Accounts are made when first used. Raises ValueError when the entries do not balance; the database would refuse
    as well, at commit.
    """
    lines = {code: paise for code, paise in entries.items() if paise}
    if sum(lines.values()):
        raise ValueError(f"The entries of {key} do not balance.")
    if not lines:
        return False
    ids = _accounts(lines)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH new AS (
                INSERT INTO payments_transfer (kind, key, ref, memo, at)
                VALUES (%(kind)s, %(key)s, %(ref)s, %(memo)s, %(at)s) ON CONFLICT (key) DO NOTHING RETURNING id
            )
            INSERT INTO payments_entry (transfer_id, account_id, amount_paise)
            SELECT new.id, line.account_id, line.paise
            FROM new, unnest(%(accounts)s::bigint[], %(paise)s::bigint[]) AS line(account_id, paise)
            RETURNING id
            """,
            {
                "kind": kind,
                "key": key,
                "ref": ref,
                "memo": memo[:160],
                "at": at,
                "accounts": [ids[code] for code in lines],
                "paise": list(lines.values()),
            },
        )
        return bool(cursor.fetchall())


@dataclass(frozen=True, slots=True)
class Posting:
    """One transfer of many that are posted together."""

    key: str
    entries: Mapping[str, int]
    ref: UUID | None
    memo: str
    at: datetime


def post_many(kind: str, postings: Sequence[Posting]) -> int:
    """As `post`, for many: three statements whatever their number. Returns how many were new."""
    for posting in postings:
        if sum(posting.entries.values()):
            raise ValueError(f"The entries of {posting.key} do not balance.")
    lines = [(p.key, code, paise) for p in postings for code, paise in p.entries.items() if paise]
    if not lines:
        return 0
    ids = _accounts({code: 0 for _, code, _ in lines})
    moved = {key for key, _, _ in lines}
    made = [posting for posting in postings if posting.key in moved]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH new AS (
                INSERT INTO payments_transfer (kind, key, ref, memo, at)
                SELECT %(kind)s, key, ref, memo, at FROM unnest(
                    %(keys)s::text[], %(refs)s::uuid[], %(memos)s::text[], %(ats)s::timestamptz[]
                ) AS given(key, ref, memo, at) ON CONFLICT (key) DO NOTHING RETURNING id, key
            ), entries AS (
                INSERT INTO payments_entry (transfer_id, account_id, amount_paise)
                SELECT new.id, line.account_id, line.paise FROM new JOIN unnest(
                    %(of)s::text[], %(accounts)s::bigint[], %(paise)s::bigint[]
                ) AS line(key, account_id, paise) ON line.key = new.key
            )
            SELECT count(*) FROM new
            """,
            {
                "kind": kind,
                "keys": [posting.key for posting in made],
                "refs": [posting.ref for posting in made],
                "memos": [posting.memo[:160] for posting in made],
                "ats": [posting.at for posting in made],
                "of": [key for key, _, _ in lines],
                "accounts": [ids[code] for _, code, _ in lines],
                "paise": [paise for _, _, paise in lines],
            },
        )
        return int(cursor.fetchone()[0])


def balance(code: str) -> int:
    """Paise, debit positive; 0 for an account never used."""
    total = Entry.objects.filter(account__code=code).aggregate(total=Sum("amount_paise"))["total"]
    return int(total or 0)


def lock_account(code: str) -> None:
    """Hold the account's row until the end of the transaction, for acts that spend a balance."""
    _accounts({code: 0})
    list(Account.objects.select_for_update().filter(code=code).values_list("pk"))


def _accounts(codes: Mapping[str, int]) -> dict[str, int]:
    known = dict(Account.objects.filter(code__in=codes).values_list("code", "pk"))
    missing = sorted(set(codes) - set(known))
    if missing:
        Account.objects.bulk_create([Account(code=code, kind=kind_of(code)) for code in missing], ignore_conflicts=True)
        known = dict(Account.objects.filter(code__in=codes).values_list("code", "pk"))
    return known
