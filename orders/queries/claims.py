"""Reads of claims: what may be claimed, what became of it, and what the house knows about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from orders import claiming
from orders.claims import Claim, ClaimedLine, ClaimPolicy, ClaimState
from orders.errors import NoSuchClaim
from orders.models import Evidence, Order, OrderLine
from orders.states import FINISHED, Status

PERISHABLE = frozenset({"chilled", "frozen", "produce"})
HISTORY_DAYS = 90


def policy() -> claiming.Policy:
    """What holds now: the newest row, else the values the software came with. One statement."""
    row = ClaimPolicy.objects.order_by("-pk").first()
    return claiming.Policy() if row is None else row.as_policy()


def claims_of(order_id: UUID) -> list[Claim]:
    """Of one order, oldest first, with their lines. One statement."""
    return list(Claim.objects.filter(order_id=order_id).select_related("line"))


def waiting() -> QuerySet[Claim]:
    """What a person has to decide, the longest waiting first."""
    return (
        Claim.objects.filter(state=ClaimState.WAITING)
        .select_related("order", "order__store", "line", "customer")
        .order_by("created_at", "id")
    )


def claim_of(claim_id: UUID) -> Claim:
    """Raises NoSuchClaim."""
    found = Claim.objects.select_related("order", "order__store", "line", "customer", "photo").filter(pk=claim_id)
    claim = found.first()
    if claim is None:
        raise NoSuchClaim
    return claim


def open_until(order: Order, policy: claiming.Policy, *, perishable: bool = False) -> datetime | None:
    """Until when goods of this order can be claimed; None while it is not delivered."""
    if order.delivered_at is None or order.status not in (Status.DELIVERED, Status.CLOSED):
        return None
    return order.delivered_at + timedelta(hours=policy.perishable_window_h if perishable else policy.window_h)


def ask_until(order: Order, policy: claiming.Policy) -> datetime | None:
    """Until when rider and payment can be asked about; None while the order lives."""
    if order.status not in FINISHED:
        return None
    return (order.delivered_at or order.finished_at or order.placed_at) + timedelta(days=policy.question_days)


@dataclass(frozen=True, slots=True)
class ClaimableLine:
    """A line as the customer may still claim it: `left` units. `open` says whether the time is not over."""

    line: OrderLine
    left: int
    open: bool
    until: datetime | None


def claimable(order: Order, policy: claiming.Policy, *, now: datetime) -> list[ClaimableLine]:
    """Lines that were brought, with what is left to claim. Two statements."""
    lines = list(OrderLine.objects.filter(order=order).select_related("product"))
    units = dict(ClaimedLine.objects.filter(line__order=order).values_list("line_id", "units"))
    found = []
    for line in lines:
        brought = line.qty - line.short_qty
        if brought:
            until = open_until(order, policy, perishable=line.product.zone in PERISHABLE)
            is_open = until is not None and now < until
            found.append(ClaimableLine(line, brought - units.get(line.pk, 0), is_open, until))
    return found


def history(*, customer_id: int, now: datetime) -> claiming.History:
    """The last 90 days of a customer, one statement. Orders that were brought count."""
    since, month = now - timedelta(days=HISTORY_DAYS), now - timedelta(days=30)
    with connection.cursor() as cursor:
        cursor.execute(_HISTORY, {"customer": customer_id, "since": since, "month": month, "now": now})
        return claiming.History(*(int(value or 0) for value in cursor.fetchone()))


_HISTORY = """
WITH o AS (
    SELECT count(*) AS orders, sum(total_paise) AS spent FROM orders_order
    WHERE customer_id = %(customer)s AND placed_at >= %(since)s AND status IN ('DELIVERED', 'CLOSED')
), c AS (
    SELECT count(*) AS claims, count(*) FILTER (WHERE created_at >= %(month)s) AS claims_30d,
        count(*) FILTER (WHERE state = 'refused' AND decided_by <> 'system') AS refused,
        sum(refund_paise) AS refunded, sum(refund_paise) FILTER (WHERE created_at >= %(month)s) AS refunded_30d,
        count(*) FILTER (WHERE kind = 'missing' AND decision->'facts'->>'handed_over' = 'code'
            AND (decision->'facts'->>'scanned_qty')::int >= (decision->'facts'->>'billed_qty')::int) AS against
    FROM orders_claim WHERE customer_id = %(customer)s AND created_at >= %(since)s AND created_at <= %(now)s
)
SELECT o.orders, o.spent, c.claims, c.claims_30d, c.refused, c.refunded, c.refunded_30d, c.against FROM o, c"""


@dataclass(frozen=True, slots=True)
class Known:
    """What floor and street wrote down about an order: units scanned by product, and how it was handed over."""

    scanned: dict[int, int]
    bags_complete: bool
    handed_over: str


def known(order: Order) -> Known:
    """From the evidence rows; one statement."""
    scanned: dict[int, int] = {}
    photo = False
    for row in Evidence.objects.filter(order=order, kind__in=["packed", "door_photo"]):
        if row.kind == "door_photo":
            photo = True
        for line in row.detail.get("lines", []) if row.kind == "packed" else []:
            scanned[int(line["product"])] = int(line["picked"])
    # The street lets bags leave only when each one was scanned, and hands over only against the code or a photo.
    handed = "" if order.delivered_at is None else "door" if photo else "code"
    return Known(scanned, order.picked_up_at is not None, handed)


def claim_json(claim: Claim) -> dict[str, Any]:
    """As its customer sees it: neither score nor facts."""
    return {
        "id": claim.pk,
        "line_id": claim.line_id,
        "name": claim.line.name if claim.line else None,
        "kind": claim.kind,
        "qty": claim.qty,
        "note": claim.note,
        "photo_id": claim.photo_id,
        "state": claim.state,
        "refund_paise": claim.refund_paise,
        "rule": claim.rule,
        "sentence": claim.reason or claim.sentence,
        "created_at": claim.created_at,
        "decided_at": claim.decided_at,
        "currency": "INR",
    }


def states_of(order_ids: Sequence[UUID]) -> dict[UUID, list[Claim]]:
    """Claims by order, for a page of the order list. One statement; none for no orders."""
    found: dict[UUID, list[Claim]] = {}
    if order_ids:
        for claim in Claim.objects.filter(order_id__in=order_ids):
            found.setdefault(claim.order_id, []).append(claim)
    return found
