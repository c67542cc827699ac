"""Goods of undelivered orders: back on sale, or thrown away."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import transaction

from blinkit.kernel.errors import Invalid
from fulfillment import returns
from inventory import services as stock
from inventory.counts import WasteReason
from orders import services as orders


class Verdict(NamedTuple):
    """Of one product's units that came back, so many are thrown away for this reason."""

    units: int
    reason: str


@transaction.atomic
def receive_back(
    *, task_id: UUID, store_id: int, verdicts: Mapping[int, Verdict] | None, by: int, now: datetime
) -> int:
    """The bags of an undelivered order are here: every unit goes back to its lot, and what is not good leaves it again
    at once, in the same transaction, so nobody can buy it meanwhile. Returns the units thrown away (or, above the
    policy's value, set aside for another manager's decision). Silent when repeated.

    `verdicts` by product; None: what the rule says (`returns.came_back`). Raises NoSuchTask, Invalid for more units
    than came back, IllegalMove (orders) unless the order is undelivered.
    """
    order_id = returns.came_back(task_id=task_id, store_id=store_id, now=now).task.order_id
    orders.lock(order_id)
    back = returns.came_back(task_id=task_id, store_id=store_id, now=now)
    if back.received:
        return 0
    if verdicts is None:
        verdicts = {line.product.pk: Verdict(line.units, line.waste) for line in back.lines if line.waste}
    there = {line.product.pk: line for line in back.lines}
    for product_id, verdict in verdicts.items():
        if product_id not in there or not 0 <= verdict.units <= there[product_id].units:
            raise Invalid("Not so many units came back.")
        if verdict.units and verdict.reason not in WasteReason.values:
            raise Invalid("Say why it is thrown away.")
    orders.goods_back(order_id=order_id, actor=f"user:{by}", now=now)
    wasted = 0
    for product_id, verdict in sorted(verdicts.items()):
        left = verdict.units
        for batch_id, units in there[product_id].lots:
            if (qty := min(left, units)) > 0:
                stock.ask_waste(
                    store_id=store_id, batch_id=batch_id, qty=qty, reason=verdict.reason, by=by, now=now, ref=order_id,
                    nonce=f"back:{order_id}:{batch_id}", note=f"Came back with {back.task.order.number}",
                )  # fmt: skip
                left, wasted = left - qty, wasted + qty
    return wasted
