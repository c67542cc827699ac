"""A recall as operations need it: where the lot is, whose orders have it, which bags must not leave."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, F

from inventory import recall_queries
from inventory.models import Recall, RecallNotice
from inventory.recall_queries import LotFound
from orders.models import Order
from orders.states import Status

RECALLS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class OrderWithLot:
    """`phone` is empty for who may not see it. `left`: its units are out of the store."""

    order_id: UUID
    number: str
    status: str
    store_code: str
    lots: str
    units: int
    left: bool
    placed_at: datetime
    customer: str
    phone: str
    told_at: datetime | None


@dataclass(frozen=True, slots=True)
class RecallDesk:
    recall: Recall
    lots: list[LotFound]
    orders: list[OrderWithLot]

    @property
    def on_hand(self) -> int:
        return sum(lot.on_hand for lot in self.lots)

    @property
    def held(self) -> int:
        return sum(lot.held for lot in self.lots)

    @property
    def shipped(self) -> int:
        return sum(lot.shipped for lot in self.lots)

    @property
    def to_tell(self) -> int:
        return sum(order.left and order.told_at is None for order in self.orders)


@dataclass(frozen=True, slots=True)
class HeldBack:
    order_id: UUID
    number: str
    store_code: str
    units: str


def recalls() -> list[Recall]:
    """Live ones first, newest first. One statement."""
    rows = Recall.objects.select_related("product").annotate(told=Count("notices"))
    return list(rows.order_by(F("ended_at").desc(nulls_first=True), "-pk")[:RECALLS_SHOWN])


def held_back() -> list[HeldBack]:
    """Packed orders whose bags must not leave. Two statements."""
    units: dict[UUID, list[str]] = {}
    for it in recall_queries.not_to_leave():
        units.setdefault(it.ref, []).append(f"{it.units} × {it.product}{f' ({it.lot})' if it.lot else ''}")
    waiting = Order.objects.filter(pk__in=units, status__in=[Status.PICKING, Status.PACKED, Status.ASSIGNED_TO_PARTNER])
    rows = waiting.order_by("placed_at").values_list("pk", "number", "store__code")
    return [HeldBack(pk, number, code, ", ".join(units[pk])) for pk, number, code in rows]


def recall_desk(*, recall: Recall, with_phones: bool) -> RecallDesk:
    """Five statements, whatever the number of orders."""
    return RecallDesk(recall, recall_queries.lots_of(recall), _orders(recall, with_phones=with_phones))


def _orders(recall: Recall, *, with_phones: bool) -> list[OrderWithLot]:
    got = recall_queries.received(product_id=recall.product_id, lot=recall.lot)
    told = dict(RecallNotice.objects.filter(recall_id=recall.pk).values_list("ref", "at"))
    rows = {o.pk: o for o in Order.objects.filter(pk__in={it.ref for it in got}).select_related("customer")}
    by_ref: dict[UUID, list[recall_queries.Received]] = {}
    for it in got:
        by_ref.setdefault(it.ref, []).append(it)
    return [
        OrderWithLot(
            order_id=ref,
            number=rows[ref].number,
            status=Status(rows[ref].status).label,
            store_code=some[0].store_code,
            lots=_listed(it.lot for it in some),
            units=sum(it.units for it in some),
            left=any(it.state == "shipped" for it in some),
            placed_at=rows[ref].placed_at,
            customer=rows[ref].customer.name,
            phone=rows[ref].customer.phone if with_phones else "",
            told_at=told.get(ref),
        )
        for ref, some in by_ref.items()
        if ref in rows
    ]


def _listed(lots: Iterable[str]) -> str:
    return ", ".join(sorted({lot for lot in lots if lot}))
