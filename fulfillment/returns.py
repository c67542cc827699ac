"""What is in bags and what came back in them: reads for counts and returns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from catalog.models import Product, Zone
from fulfillment.errors import NoSuchTask
from fulfillment.models import PickLine, PickTask, TaskState
from inventory import shelf
from inventory.counts import WasteReason
from inventory.services import policy_of
from orders.models import Evidence, OrderLine
from orders.services.street import GOODS_BACK

COLD = frozenset({Zone.CHILLED.value, Zone.FROZEN.value})


@dataclass(frozen=True, slots=True)
class BackLine:
    """One line of an order that came back. `waste` is what the rule says: the reason, or "" for back on sale."""

    product: Product
    units: int
    waste: str
    lots: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class CameBack:
    """An undelivered order's goods. `out_m`: minutes since they left the store."""

    task: PickTask
    out_m: int
    cold_out_m: int
    received: bool
    lines: list[BackLine]


def in_bags(*, store_id: int, product_id: int) -> dict[UUID, int]:
    """Units of a product that were picked and have not left: they lie in a tote or bag and not on the shelf. By order.
    Bags of a cancelled order count until they are unpacked."""
    waiting = Q(task__state__in=[TaskState.PICKING, TaskState.PICKED, TaskState.PACKED])
    rows = PickLine.objects.filter(
        waiting | Q(task__state=TaskState.CANCELLED, task__slot__isnull=False),
        task__store_id=store_id, product_id=product_id, picked_qty__gt=0,
    )  # fmt: skip
    return dict(rows.values_list("task__order_id", "picked_qty"))


def came_back(*, task_id: UUID, store_id: int, now: datetime) -> CameBack:
    """What came back and what the rule says about it: chilled and frozen goods that were out of the cold for longer
    than the store's policy allows are not sold again. Raises NoSuchTask."""
    task = PickTask.objects.select_related("order", "store").filter(pk=task_id, store_id=store_id).first()
    if task is None or task.order.picked_up_at is None:
        raise NoSuchTask("There is no such order in this store.")
    policy = policy_of(store_id)
    out = now - task.order.picked_up_at
    too_long = out > timedelta(minutes=policy.cold_out_m)
    lots = shelf.lots_shipped(ref=task.order_id)
    lines = OrderLine.objects.filter(order_id=task.order_id, product_id__in=lots).select_related("product__category")
    return CameBack(
        task=task,
        out_m=int(out.total_seconds() // 60),
        cold_out_m=policy.cold_out_m,
        received=Evidence.objects.filter(order_id=task.order_id, kind=GOODS_BACK).exists(),
        lines=[
            BackLine(
                product=line.product,
                units=sum(units for _, units in lots[line.product_id]),
                waste=WasteReason.TEMPERATURE.value if too_long and line.product.zone in COLD else "",
                lots=tuple(lots[line.product_id]),
            )
            for line in lines
        ],
    )
