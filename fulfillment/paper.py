"""Pick lists on paper: what a picker needs when the tablets are dark. Reads only; `paper_pdf` draws them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from catalog.models import Product, Store
from fulfillment import pickroute
from fulfillment.models import PickLine, PickTask, TaskState
from inventory.queries import LotToPick, lots_of
from orders.models import OrderLine
from orders.words import door_chips

MOST_SHEETS = 60
"""Printed at once; a floor that has more waiting prints again when these are done."""
ON_PAPER = (TaskState.OPEN, TaskState.PICKING)
"""What there is still to find of. An order that is picked needs no list any more."""


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One line to find. `to_find` of it are still on the shelf, `in_tote` were scanned before the paper was printed."""

    id: int
    bin: str
    zone: str
    product: Product
    agreed: OrderLine
    to_find: int
    in_tote: int
    lots: list[LotToPick]

    @property
    def code(self) -> str:
        """What is printed on the pack."""
        return self.product.barcode or self.product.sku

    @property
    def most(self) -> int:
        """Units that can be in the tote in the end."""
        return self.in_tote + self.to_find


@dataclass(frozen=True, slots=True)
class Sheet:
    """The paper of one task; its lines in walking order, those that are done left out."""

    task_id: UUID
    number: str
    store: Store
    due_at: datetime
    state: str
    picker_id: int | None
    picker_name: str
    is_gift: bool
    chips: list[tuple[str, str]]
    zones: list[str]
    lines: list[SheetLine]
    lines_done: int

    @property
    def units(self) -> int:
        return sum(line.to_find for line in self.lines)


def sheets(*, store: Store, task_ids: Sequence[UUID] | None = None) -> list[Sheet]:
    """Papers of every task of the store of which units are still to be found, in the order of the queue; or of these
    tasks, whatever their state. Three statements."""
    tasks = PickTask.objects.filter(store=store).select_related("order", "picker")
    tasks = tasks.filter(state__in=ON_PAPER) if task_ids is None else tasks.filter(pk__in=list(task_ids))
    found = list(tasks.order_by("-pinned", "due_at", "pk")[:MOST_SHEETS])
    by_task: dict[UUID, list[PickLine]] = {task.pk: [] for task in found}
    rows = PickLine.objects.filter(task__in=found).select_related("product", "order_line").order_by("walk", "id")
    for line in rows:
        by_task[line.task_id].append(line)
    lots = lots_of(refs=[task.order_id for task in found])
    return [_sheet(task, store, by_task[task.pk], lots.get(task.order_id, {})) for task in found]


def find(*, store_id: int, words: str) -> UUID | None:
    """The task a sheet is of: what its QR code says (the address of its page), or the order's number as typed."""
    words = words.strip()[:200]
    for part in reversed(words.rstrip("/").split("/")):
        try:
            wanted = UUID(part)
        except ValueError:
            continue
        return PickTask.objects.filter(store_id=store_id, pk=wanted).values_list("pk", flat=True).first()
    if not words:
        return None
    return PickTask.objects.filter(store_id=store_id, order__number__iexact=words).values_list("pk", flat=True).first()


def _sheet(task: PickTask, store: Store, lines: Sequence[PickLine], lots: dict[int, list[LotToPick]]) -> Sheet:
    still = [line for line in lines if line.done_at is None]
    zones = sorted({line.zone for line in still if line.zone}, key=lambda zone: pickroute.ZONE_ORDER.get(zone, 9))
    return Sheet(
        task_id=task.pk,
        number=task.order.number,
        store=store,
        due_at=task.due_at,
        state=task.state,
        picker_id=task.picker_id,
        picker_name=(task.picker.name or task.picker.phone) if task.picker else "",
        is_gift=task.order.is_gift,
        chips=door_chips(task.order.instructions),
        zones=zones,
        lines=[
            SheetLine(
                id=line.pk,
                bin=line.bin_code,
                zone=line.zone,
                product=line.product,
                agreed=line.order_line,
                to_find=line.qty - line.picked_qty - line.short_qty,
                in_tote=line.picked_qty,
                lots=lots.get(line.product_id, []),
            )
            for line in still
        ],
        lines_done=len(lines) - len(still),
    )
