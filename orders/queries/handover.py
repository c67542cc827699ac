"""Bags on their way from the shelf to the rider."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Q, QuerySet

from orders.handover import BagScan
from orders.models import Order
from orders.states import LIVE, Status


def scanned_bags(order: Order) -> list[str]:
    """The order's bags that are off the shelf, in the order they were scanned. One statement."""
    codes = BagScan.objects.filter(order=order).order_by("at", "pk").values_list("code", flat=True)
    return [code for code in codes if code in order.bag_codes]


def scans_of(order_ids: Sequence[UUID]) -> dict[UUID, dict[str, BagScan]]:
    """What was scanned of each order, by code. One statement."""
    found: dict[UUID, dict[str, BagScan]] = {order_id: {} for order_id in order_ids}
    for scan in BagScan.objects.filter(order_id__in=list(order_ids)).order_by("at", "pk"):
        found[scan.order_id][scan.code] = scan
    return found


def waiting_for_riders(store_id: int) -> QuerySet[Order]:
    """Orders whose bags stand on a store's shelf: those a rider has taken first, the oldest first."""
    ready = Order.objects.filter(store_id=store_id, status__in=[Status.ASSIGNED_TO_PARTNER, Status.PACKED])
    return ready.order_by("status", "packed_at", "pk")  # ASSIGNED_TO_PARTNER sorts before PACKED


def order_of_code(*, store_id: int, code: str) -> Order | None:
    """Whose bag, number or place this is, among what a store has in hand."""
    code = code.strip().upper()
    here = Order.objects.filter(store_id=store_id, status__in=LIVE)
    place = code.rpartition(":")[2] if code.startswith("SLOT:") else code
    found = here.filter(Q(bag_codes__contains=[code]) | Q(number__iexact=code)).first()
    if found is None and place:
        for order in waiting_for_riders(store_id):
            if place in [part.strip().upper() for part in order.shelf_slot.split("+")]:
                return order
    return found
