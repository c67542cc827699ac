"""What an order's money became: revenue, tax and tips once the goods were handed over, and what fell away of it later.

The caller says how much of what, in paise (`payments.ledger.PARTS`): this room knows no bill. Discounts are negative.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from payments import ledger
from payments.models import Transfer

REVENUE = "revenue"
TAKEN_BACK = "revenue_back"


def recognise(*, ref: UUID, parts: Mapping[str, int], memo: str, now: datetime) -> bool:
    """`ref` was delivered: what was paid for it is ours, the State's and the rider's now. Once per `ref`.

    Part of the caller's transaction. Raises ValueError for a part that is not in the chart, or one with the wrong sign.
    """
    return ledger.post(
        kind=REVENUE, key=_revenue_key(ref), entries=_entries(parts, side=-1), ref=ref, memo=memo, at=now
    )


def take_back(*, ref: UUID, parts: Mapping[str, int], key: str, memo: str, now: datetime) -> bool:
    """So much of a recognised `ref` fell away (the money itself goes back by `lower_amount`). Once per `key`.

    False, and nothing is written, when `ref` was not recognised: then there is nothing to take back. Raises ValueError
    as `recognise` does.
    """
    entries = _entries(parts, side=1)
    if not Transfer.objects.filter(key=_revenue_key(ref)).exists():
        return False
    return ledger.post(kind=TAKEN_BACK, key=f"{TAKEN_BACK}:{key}", entries=entries, ref=ref, memo=memo, at=now)


def _revenue_key(ref: UUID) -> str:
    return f"{REVENUE}:{ref}"


def _entries(parts: Mapping[str, int], *, side: int) -> dict[str, int]:
    """The postings of these parts against what was prepaid; `side` -1 credits them."""
    for name, paise in parts.items():
        if name not in ledger.PARTS:
            raise ValueError(f"{name} is no part of an order's money.")
        if paise * (-1 if name == "discount" else 1) < 0:
            raise ValueError(f"{name} has the wrong sign: {paise}.")
    entries = {ledger.PARTS[name]: side * paise for name, paise in parts.items()}
    return entries | {ledger.PREPAID: -side * sum(parts.values())}
