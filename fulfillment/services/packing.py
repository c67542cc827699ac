"""Close the bags and put them on the handover shelf."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from blinkit.kernel import events
from blinkit.kernel.errors import Invalid
from fulfillment import pickroute
from fulfillment.errors import LinesOpen, NoFreeSlot
from fulfillment.events import TaskPacked
from fulfillment.models import Bag, PickLine, PickTask, ShelfSlot, TaskState
from fulfillment.services.inside import hint, lock_with_order, need_in_hand
from fulfillment.services.life import write_load
from orders import services as orders

MOST_BAGS = 12
BAG_CARRIES_G = 8000
"""What one paper bag and one rider's arm carry well."""
_BAG_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # nothing that is read as something else


@transaction.atomic
def pack(*, task_id: UUID, picker_id: int, bags: Mapping[str, int] | int | None = None, now: datetime) -> list[Bag]:
    """Close the bags and put them on a free shelf slot; the order becomes PACKED.

    `bags`: how many per zone ({"ambient": 1, "frozen": 1}), or how many in all (of the zone most items are from), or
    None for `suggested_bags`. Each bag gets its printed code ("K7Q2MX-1/2"). Silent when repeated: the first bags are
    the answer. Raises NotYourTask, LinesOpen(open), NoFreeSlot, Invalid.
    """
    task, _order = lock_with_order(task_id)
    if task.state in (TaskState.PACKED, TaskState.HANDED_OVER) and task.picker_id == picker_id:
        return list(task.bags.order_by("pk"))
    need_in_hand(task, picker_id)
    lines = list(task.lines.select_related("product"))
    if still_open := [line.pk for line in lines if line.done_at is None]:
        raise LinesOpen(_still_open(len(still_open)), open=still_open)
    zones = _zones(bags, lines)
    slot = _take_slot(task)
    made = _make_bags(task, zones)
    task.state, task.packed_at = TaskState.PACKED, now
    task.picked_at = task.picked_at or now
    task.save(update_fields=["state", "packed_at", "picked_at"])
    actor = f"user:{picker_id}"
    codes = [bag.code for bag in made]
    orders.packed(order_id=task.order_id, bag_codes=codes, shelf_slot=slot.code, actor=actor, now=now)
    found = [
        {"product": line.product_id, "qty": line.qty, "picked": line.picked_qty, "short": line.short_qty}
        for line in lines
    ]
    detail = {"lines": found, "bags": codes, "slot": slot.code}
    orders.evidence(order_id=task.order_id, kind="packed", detail=detail, actor=actor, now=now)
    packed = TaskPacked(
        task_id=task.pk,
        order_id=task.order_id,
        store_code=task.store.code,
        bags=len(made),
        pick_s=round((task.picked_at - (task.started_at or task.opened_at)).total_seconds()),
        pack_s=round((now - task.picked_at).total_seconds()),
    )
    events.record(packed, subject=f"order:{task.order_id}", actor=actor)
    hint(task)
    write_load(store_id=task.store_id, now=now)
    return made


def suggested_bags(lines: Iterable[PickLine]) -> dict[str, int]:
    """Bags per zone for what was found (lines with their products): cold things apart, no bag above 8 kg."""
    weight: Counter[str] = Counter()
    for line in lines:
        if line.picked_qty:
            weight[_bag_zone(line.zone)] += max(1, line.product.weight_g * line.picked_qty)
    return {zone: -(-weight[zone] // BAG_CARRIES_G) for zone in pickroute.ZONE_ORDER if weight[zone]}


def _bag_zone(zone: str) -> str:
    """Fruit and vegetables travel with the dry goods."""
    return zone if zone in ("chilled", "frozen") else "ambient"


def _zones(bags: Mapping[str, int] | int | None, lines: list[PickLine]) -> list[str]:
    """The zone of each bag to make. Raises Invalid."""
    if bags is None:
        bags = suggested_bags(lines)
    elif isinstance(bags, int):
        counted = Counter(_bag_zone(line.zone) for line in lines if line.picked_qty)
        bags = {counted.most_common(1)[0][0] if counted else "ambient": bags}
    if unknown := [zone for zone in bags if zone not in pickroute.ZONE_ORDER]:
        raise Invalid(f"There are no bags for “{unknown[0][:20]}”.", zones=list(pickroute.ZONE_ORDER))
    if any(count < 0 for count in bags.values()) or not 1 <= sum(bags.values()) <= MOST_BAGS:
        raise Invalid(f"Between 1 and {MOST_BAGS} bags are possible.", most=MOST_BAGS)
    return [zone for zone in pickroute.ZONE_ORDER for _ in range(bags.get(zone, 0))]


def _take_slot(task: PickTask) -> ShelfSlot:
    free = ShelfSlot.objects.select_for_update(skip_locked=True).filter(store_id=task.store_id, task=None)
    slot = free.order_by("code").first()
    if slot is None:
        raise NoFreeSlot("Every place on the handover shelf is taken. Hand something over, or ask for another shelf.")
    slot.task = task
    slot.save(update_fields=["task"])
    return slot


def _make_bags(task: PickTask, zones: list[str]) -> list[Bag]:
    stem = "".join(secrets.choice(_BAG_ALPHABET) for _ in range(6))
    return Bag.objects.bulk_create(
        [Bag(task=task, code=f"{stem}-{number}/{len(zones)}", zone=zone) for number, zone in enumerate(zones, start=1)]
    )


def _still_open(count: int) -> str:
    return f"{count} {'line is' if count == 1 else 'lines are'} neither found nor marked as missing."
