"""The live floor: what every picker does now, every task with its slack, who waits at the shelf. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from catalog import queries as goods
from catalog.models import Store, StoreLoad
from fulfillment import queries
from fulfillment.models import TaskState
from fulfillment.queries import Board, Card

URGENT = {"late": 0, "warn": 1, "ok": 2, "idle": 3}
"""What a manager looks at first."""
RIDER_WAITS_S = 180
"""A rider has said yes so long ago that they stand at the shelf, or nearly."""


@dataclass(frozen=True, slots=True)
class InHand:
    """A task in somebody's hands. `minutes`: since it came into this state; `bin`: the next place to go to."""

    card: Card
    minutes: int
    bin: str

    @property
    def is_packing(self) -> bool:
        return self.card.state == TaskState.PICKED


@dataclass(frozen=True, slots=True)
class Tile:
    """One picker. `doing`: free, break, picking or packing; `minutes`: in it, for somebody free since the last bags or
    the beginning of the shift. Who fetches lines of a colleague's order picks without a task of their own."""

    user_id: int
    name: str
    since: datetime
    doing: str
    minutes: int
    tasks: list[InHand]

    @property
    def mood(self) -> str:
        """That of the most urgent task in hand."""
        return min((held.card.mood for held in self.tasks), key=URGENT.__getitem__, default="idle")


@dataclass(frozen=True, slots=True)
class RiderComing:
    """A rider who said yes: `minutes` ago. `is_ready`: the bags stand on the shelf in `slot`."""

    name: str
    number: str
    minutes: int
    slot: str
    is_ready: bool

    @property
    def waits(self) -> bool:
        return self.minutes * 60 >= RIDER_WAITS_S


@dataclass(frozen=True, slots=True)
class Capacity:
    """How full the floor is. `begins_in_m`: minutes until somebody takes a new order, as the promise counts them."""

    open_orders: int
    most_orders: int
    begins_in_m: int
    pickers: int
    free: int

    @property
    def percent(self) -> int:
        return min(100, round(100 * self.open_orders / max(1, self.most_orders)))

    @property
    def mood(self) -> str:
        if self.percent >= 100 or (self.open_orders and not self.pickers):
            return "late"
        return "warn" if self.percent >= 75 or self.begins_in_m >= 5 else "ok"


@dataclass(frozen=True, slots=True)
class FloorNow:
    board: Board
    tiles: list[Tile]
    riders: list[RiderComing]
    capacity: Capacity

    @property
    def free_pickers(self) -> list[Tile]:
        return [tile for tile in self.tiles if tile.doing == "free"]


_FACTS = """
SELECT t.id, t.started_at, t.picked_at, o.rider_accepted_at, next.bin_code
FROM fulfillment_picktask AS t JOIN orders_order AS o ON o.id = t.order_id
LEFT JOIN LATERAL (
    SELECT l.bin_code FROM fulfillment_pickline AS l WHERE l.task_id = t.id AND l.done_at IS NULL
    ORDER BY l.walk, l.id LIMIT 1
) AS next ON t.state = 'picking'
WHERE t.store_id = %s AND (
    t.state IN ('picking', 'picked') OR t.state IN ('open', 'packed') AND o.rider_id_ref IS NOT NULL
)
"""
_LAST_PACKED = """
SELECT s.user_id, (SELECT max(t.packed_at) FROM fulfillment_picktask AS t
    WHERE t.picker_id = s.user_id AND t.packed_at >= s.started_at),
    EXISTS (SELECT FROM fulfillment_pickline AS l JOIN fulfillment_picktask AS t ON t.id = l.task_id
        WHERE l.helper_id = s.user_id AND l.done_at IS NULL AND t.state = 'picking')
FROM fulfillment_pickershift AS s WHERE s.store_id = %s AND s.ended_at IS NULL
"""


def floor_now(*, store: Store, now: datetime) -> FloorNow:
    """The floor at this moment, in five statements whatever its size."""
    board = queries.board(store_id=store.pk, now=now)
    facts: dict[UUID, tuple[datetime | None, datetime | None, datetime | None, str | None]]
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, [store.pk])
        facts = {row[0]: row[1:] for row in cursor.fetchall()}
        cursor.execute(_LAST_PACKED, [store.pk])
        rows = cursor.fetchall()
    last_packed: dict[int, datetime | None] = {user_id: at for user_id, at, _helps in rows}
    helping = {user_id for user_id, _at, helps in rows if helps}
    tiles = [_tile(picker, board, facts, last_packed, helping, now) for picker in board.pickers]
    load = StoreLoad.objects.filter(store=store).first()
    cards = board.waiting + board.in_work + board.on_shelf
    riders = [_rider(card, facts[card.id][2], now) for card in cards if card.rider_name and card.id in facts]
    return FloorNow(
        board=board,
        tiles=sorted(tiles, key=lambda tile: (URGENT[tile.mood], tile.name)),
        riders=sorted(riders, key=lambda rider: -rider.minutes),
        capacity=Capacity(
            # As written down with every task: the board shows the head of a long queue only.
            open_orders=load.open_orders if load else len(board.waiting) + len(board.in_work),
            most_orders=goods.most_open_orders(store, now=now),
            begins_in_m=round(load.pick_backlog_s / 60) if load else 0,
            pickers=len(tiles),
            free=sum(tile.doing == "free" for tile in tiles),
        ),
    )


def _tile(
    picker: queries.Picker, board: Board, facts: dict, last_packed: dict, helping: set[int], now: datetime
) -> Tile:  # type: ignore[type-arg]
    held = []
    for card in board.in_work:
        if card.picker_id != picker.user_id:
            continue
        started_at, picked_at, _rider, bin_code = facts.get(card.id, (None, None, None, ""))
        since = picked_at if card.state == TaskState.PICKED else started_at
        held.append(InHand(card, _minutes(since or now, now), bin_code or ""))
    if held:
        packing = all(one.is_packing for one in held)
        minutes = max(one.minutes for one in held)
        return Tile(picker.user_id, picker.name, picker.since, "packing" if packing else "picking", minutes, held)
    if picker.break_since is not None:
        minutes = _minutes(picker.break_since, now)
        return Tile(picker.user_id, picker.name, picker.since, "break", minutes, [])
    since = last_packed.get(picker.user_id) or picker.since
    doing = "picking" if picker.user_id in helping else "free"
    return Tile(picker.user_id, picker.name, picker.since, doing, _minutes(since, now), [])


def _rider(card: Card, accepted_at: datetime | None, now: datetime) -> RiderComing:
    return RiderComing(
        name=card.rider_name,
        number=card.number,
        minutes=_minutes(accepted_at or now, now),
        slot=card.slot,
        is_ready=card.state == TaskState.PACKED,
    )


def _minutes(since: datetime, now: datetime) -> int:
    return max(0, int((now - since).total_seconds() // 60))
