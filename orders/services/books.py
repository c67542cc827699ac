"""The books of orders: a delivered order's money becomes revenue, tax and tip; what a claim gives back leaves again.

Both happen in the transaction of the act itself, under the order's lock, so neither can be lost.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import structlog
from django.db import transaction
from django.utils import timezone

from blinkit.kernel import events, metrics
from inventory import queries as stock_reads
from orders import accounting
from orders.accounting import Parts, Places
from orders.claiming import Kind
from orders.claims import Claim, ClaimState
from orders.events import BooksDiffer
from orders.models import Order, OrderLine
from orders.queries import books as reads
from orders.queries import proof
from orders.services.mover import lock
from payments import queries as money_reads
from payments import services as money

log = structlog.get_logger(__name__)


def recognise(order: Order, *, now: datetime) -> None:
    """The goods were handed over: the bill as it is now goes into the books, once. For acts that hold the lock."""
    money.recognise(ref=order.pk, parts=reads.parts_of(order), memo=f"Order {order.number} delivered", now=now)


def take_back(order: Order, claim: Claim, *, now: datetime) -> None:
    """What a claim gave back was not earned. For acts that hold the order's lock, after the claim was counted."""
    if not claim.refund_paise:
        return
    left = money_reads.recognised(order.pk)
    parts = _parts_of(order, claim, left)
    if not accounting.fits(parts, left):
        parts = accounting.parts_of_rest(left, refund_paise=claim.refund_paise)
    memo = f"{claim.get_kind_display()}: {claim.line.name}" if claim.line else claim.get_kind_display()
    money.take_back(ref=order.pk, parts=parts, key=f"claim:{claim.pk}", memo=memo, now=now)


def _parts_of(order: Order, claim: Claim, left: Parts) -> Parts:
    """Of a line its own share, of a late order its delivery; else a share of everything."""
    refund, places = claim.refund_paise, Places(order.supplier_state, order.place_of_supply)
    if claim.line_id is not None:
        line = OrderLine.objects.select_related("claimed").get(pk=claim.line_id)
        before = line.claimed.refunded_paise - refund
        return accounting.parts_of_line(
            reads.sold(line), refunded_before_paise=before, refund_paise=refund, places=places
        )
    if claim.kind == Kind.LATE:
        whole = reads.parts_of(order)
        return accounting.parts_of_fee(
            "delivery", fee_paise=order.delivery_paise, fee_net_paise=whole["delivery"], refund_paise=refund,
            places=places,
        )  # fmt: skip
    return accounting.parts_of_rest(left, refund_paise=refund)


def audit_all(*, now: datetime) -> int:
    """Prove stock, ledger and orders; what differs is counted (`audit_differences_total`) and told to operations.

    Returns how many differences there are.
    """
    stock, ledger = stock_reads.audit(), money_reads.audit()
    orders = [*reads.audit(), *proof.audit()]
    for name, found in (("stock", stock), ("money", ledger), ("orders", orders)):
        metrics.count("audit_differences_total", len(found), ledger=name)
    metrics.count("audits_total")
    total = len(stock) + len(ledger) + len(orders)
    if total:
        log.error("the books differ", stock=len(stock), money=len(ledger), orders=len(orders))
        first = [f"{d.what}: {d.key}" for d in [*ledger, *orders]]
        first += [f"{row.counter} of {row.sku} at {row.store_code}" for row in stock]
        night = timezone.localtime(now).date().isoformat()
        differ = BooksDiffer(night=night, stock=len(stock), money=len(ledger), orders=len(orders), first=first[0][:200])
        with transaction.atomic():
            events.record(differ, subject=f"books:{night}")
    return total


def post_missing(*, now: datetime, limit: int = 1_000) -> int:
    """Delivered orders that are not in the books (they came before there were any) go into them with their claims, each
    in a transaction of its own. Returns how many."""
    missing = reads.not_recognised(limit=limit)
    for order_id in missing:
        _post_one(order_id, now=now)
    return len(missing)


@transaction.atomic
def _post_one(order_id: UUID, *, now: datetime) -> None:
    order = lock(order_id)
    recognise(order, now=order.delivered_at or now)
    claims = Claim.objects.filter(order=order, state=ClaimState.REFUNDED, refund_paise__gt=0)
    for claim in claims.order_by("decided_at", "pk"):
        parts = accounting.parts_of_rest(money_reads.recognised(order.pk), refund_paise=claim.refund_paise)
        memo, at = claim.get_kind_display(), claim.decided_at or now
        money.take_back(ref=order.pk, parts=parts, key=f"claim:{claim.pk}", memo=memo, now=at)
