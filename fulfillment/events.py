"""What the floor may announce."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from blinkit.kernel.events import DomainEvent


@dataclass(frozen=True)
class PickTaskOpened(DomainEvent):
    task_id: UUID
    order_id: UUID
    store_code: str


@dataclass(frozen=True)
class LinePicked(DomainEvent):
    task_id: UUID
    order_id: UUID
    product_id: int
    qty: int


@dataclass(frozen=True)
class TaskPacked(DomainEvent):
    task_id: UUID
    order_id: UUID
    store_code: str
    bags: int
    pick_s: int
    pack_s: int


@dataclass(frozen=True)
class TaskPassedOn(DomainEvent):
    """A task in work went to another picker, or (no `to_picker`) back into the queue."""

    task_id: UUID
    order_id: UUID
    from_picker: int
    to_picker: int | None = None
    why: str = ""


@dataclass(frozen=True)
class TaskSplit(DomainEvent):
    """Somebody else fetches these lines of a task; without a `helper` the task's picker fetches them again."""

    task_id: UUID
    order_id: UUID
    lines: list[int]
    helper: int | None = None


@dataclass(frozen=True)
class WalkBegun(DomainEvent):
    """Several tasks on one walk: metres together and one after another, and why these."""

    picker_id: int
    store_code: str
    tasks: list[str]
    metres: int
    metres_alone: int
    saved_s: int
    why: str


@dataclass(frozen=True)
class TaskPinned(DomainEvent):
    task_id: UUID
    order_id: UUID
    pinned: bool


@dataclass(frozen=True)
class SlotCleared(DomainEvent):
    """The bags of a cancelled order were unpacked and their shelf slot is free."""

    task_id: UUID
    order_id: UUID
