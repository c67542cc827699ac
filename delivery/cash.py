"""The cash that riders carry, to be handed in. The money itself is in the ledger (payments/ledger.py)."""

from __future__ import annotations

from delivery.models import Rider


class CashInHand(Rider):
    """A rider, looked at by the cash collected at doors and not yet handed in."""

    class Meta:
        proxy = True
        verbose_name = "cash in hand"
        verbose_name_plural = "cash in hand"
        permissions = [("hand_in_cash", "Can take the cash that riders hand in")]
