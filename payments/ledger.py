"""Double entry in paise. Every movement of money is one `Transfer` whose entries sum to zero; debit is positive.

| what happened                     | debit             | credit            | key                  |
|-----------------------------------|-------------------|-------------------|----------------------|
| online payment captured           | gateway:<name>    | orders:prepaid    | capture:<attempt>    |
| cash collected at the door        | cash:rider:<id>   | orders:prepaid    | capture:<attempt>    |
| refund promised                   | orders:prepaid    | refunds:payable   | refund:<refund>      |
| refund completed                  | refunds:payable   | gateway:<name>    | refunded:<refund>    |
| refund of cash completed          | refunds:payable   | bank              | refunded:<refund>    |
| capture nobody wanted             | gateway:<name>    | strays:payable    | stray:<attempt>      |
| it was sent back                  | strays:payable    | gateway:<name>    | refunded:<refund>    |
| dispute lost                      | disputes:lost     | gateway:<name>    | dispute:<dispute>    |
| dispute won after it was lost     | gateway:<name>    | disputes:lost     | dispute-won:<dispute>|
| rider hands in cash               | bank              | cash:rider:<id>   | deposit:<key>        |
| paid from the wallet              | wallet:<user>     | orders:prepaid    | wallet:<ref>         |
| the wallet's part comes back      | orders:prepaid    | wallet:<user>     | refund:<refund>      |
| a refund goes to the wallet       | orders:prepaid    | wallet:<user>     | refund:<refund>      |
| cashback, referral reward         | promotions        | wallet:<user>     | credit:<lot key>     |
| goodwill                          | goodwill          | wallet:<user>     | credit:<lot key>     |
| credit expired                    | wallet:<user>     | what had paid it  | expired:<lot>        |
| the person is forgotten: credit   | wallet:<user>     | what had paid it  | forgotten:<lot>      |
| … and what was their own money    | wallet:<user>     | wallets:unclaimed | forgotten:<lot>      |

A dispute posts nothing while it is open: the gateway holds the money and owes it until the bank has decided. Lost, it
is our expense; the order stays paid.

wallet:<user> is what we owe that customer; `Wallet.balance_paise` is its projection and never below zero. At any moment
orders:prepaid is what customers have paid for orders and memberships net of refunds, refunds:payable is what was
promised and has not arrived, and cash:rider:<id> is the cash in that rider's bag. The database refuses to commit a
transfer that does not balance, and to change or delete a posting (migration 0002).
"""

from __future__ import annotations

from collections.abc import Mapping
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


def gateway_account(name: str) -> str:
    return f"gateway:{name}"


def rider_account(rider_ref: int) -> str:
    return f"cash:rider:{rider_ref}"


def wallet_account(customer_id: int) -> str:
    return f"wallet:{customer_id}"


def kind_of(code: str) -> AccountKind:
    if code in (PREPAID, REFUNDS, STRAYS, UNCLAIMED) or code.startswith("wallet:"):
        return AccountKind.LIABILITY
    return AccountKind.EXPENSE if code in (PROMOTIONS, GOODWILL, DISPUTES) else AccountKind.ASSET


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
