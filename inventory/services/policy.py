"""The numbers a store counts, wastes and orders by."""

from __future__ import annotations

from django.db.models import F, Q

from inventory.counts import ShelfPolicy


def policy_of(store_id: int) -> ShelfPolicy:
    """The store's own row, else the one for all stores, else the defaults. One statement."""
    rows = ShelfPolicy.objects.filter(Q(store_id=store_id) | Q(store=None)).order_by(F("store").asc(nulls_last=True))
    return rows.first() or ShelfPolicy()
