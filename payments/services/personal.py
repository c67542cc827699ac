"""What payments hold on a person: the wallet, memberships, refunds. The books stay; what is owed is about nobody."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import F
from django.db.models.functions import Greatest

from payments import ledger
from payments.models import (
    Membership,
    MembershipPurchase,
    Payment,
    PaymentState,
    Purpose,
    Refund,
    Source,
    Wallet,
    WalletLot,
)
from payments.queries import wallet_entries
from payments.services import refunding, wallet


def held(*, user_id: int) -> dict[str, Any]:
    balance = Wallet.objects.filter(customer_id=user_id).values_list("balance_paise", flat=True).first()
    lots = WalletLot.objects.filter(wallet_id=user_id).order_by("pk")
    entries = wallet_entries(user_id).order_by("pk").values("transfer__at", "transfer__memo", "amount_paise")
    bought = MembershipPurchase.objects.filter(customer_id=user_id).order_by("created_at")
    refunds = Refund.objects.filter(payment__customer_id=user_id).order_by("created_at")
    return {
        "wallet_paise": balance or 0,
        "credits": list(
            lots.values("source", "amount_paise", "left_paise", "reason", "ref", "expires_at", "created_at")
        ),
        # In a wallet's account credit is what came in.
        "wallet": [{**row, "amount_paise": -row["amount_paise"]} for row in entries],
        "membership": list(Membership.objects.filter(customer_id=user_id).values("since", "until")),
        "memberships_bought": list(
            bought.values("plan__name", "price_paise", "days", "created_at", "begins_at", "ends_at")
        ),
        "refunds": list(refunds.values("payment__ref", "amount_paise", "reason", "to_wallet", "state", "created_at")),
    }


def forget(*, user_id: int, now: datetime) -> None:
    """A membership that is not paid yet is called off, so that money which still comes goes back. The one there is ends
    now, and the wallet is emptied: what we had given goes back to what had paid for it, what was
    the person's own (refunds) stays owed, under `wallets:unclaimed` with the number of the former wallet."""
    unpaid = Payment.objects.filter(customer_id=user_id, purpose=Purpose.MEMBERSHIP, state=PaymentState.OPEN)
    for ref in unpaid.order_by("pk").values_list("ref", flat=True):
        refunding.cancel(ref=ref, reason="The account is gone", now=now)
    purse = Wallet.objects.select_for_update(no_key=True).filter(customer_id=user_id).first()
    lots = [] if purse is None else list(WalletLot.objects.filter(wallet=purse, left_paise__gt=0).order_by("pk"))
    for lot in lots:
        wallet.end_lot(lot, to=ledger.UNCLAIMED if lot.source == Source.REFUND else "", kind="forgotten", now=now)
    # What somebody of ours, or a friend, wrote to them.
    WalletLot.objects.filter(wallet_id=user_id).update(reason="", actor="")
    Membership.objects.filter(customer_id=user_id, until__gt=now).update(until=Greatest(F("since"), now))
