"""How much cash riders may still take. Read by the dispatcher before it offers a cash order."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection

from payments import queries as books

TELL_AT_PERCENT = 80


@dataclass(frozen=True, slots=True)
class CashState:
    """One rider's cash, paise: carried, to be collected at the doors in hand, and the limit (None: none)."""

    in_hand_paise: int
    to_collect_paise: int
    limit_paise: int | None

    @property
    def room_paise(self) -> int | None:
        """What may still be taken on; never below zero."""
        if self.limit_paise is None:
            return None
        return max(0, self.limit_paise - self.in_hand_paise - self.to_collect_paise)

    @property
    def level(self) -> int:
        """0, 80 (deposit soon) or 100 (no more cash orders), by what is carried alone."""
        if self.limit_paise is None:
            return 0
        if self.in_hand_paise >= self.limit_paise:
            return 100
        return TELL_AT_PERCENT if self.in_hand_paise * 100 >= self.limit_paise * TELL_AT_PERCENT else 0


# Doors in hand: what is still owed there in cash. The rider's own limit, else the city's, else everywhere's.
_STATES = """
    SELECT r.id,
           coalesce((
               SELECT sum(o.total_paise - o.wallet_paise) FROM delivery_trip t
               JOIN delivery_stop s ON s.trip_id = t.id AND s.state IN ('to_pick_up', 'on_board')
               JOIN delivery_job j ON j.id = s.job_id
               JOIN orders_order o ON o.id = j.order_id AND o.payment_method = 'cod'
               WHERE t.rider_id = r.id AND t.ended_at IS NULL
           ), 0)::bigint,
           (SELECT l.cash_limit_paise FROM delivery_cashlimit l
            WHERE l.rider_id = r.id OR (l.rider_id IS NULL AND (l.city_id = c.city_id OR l.city_id IS NULL))
            ORDER BY (l.rider_id IS NULL), (l.city_id IS NULL) LIMIT 1)
    FROM delivery_rider r JOIN catalog_store c ON c.id = r.store_id
    WHERE r.id = ANY(%(riders)s)"""


def cash_states(rider_ids: Collection[int]) -> dict[int, CashState]:
    """By rider; two statements whatever their number. Who is no rider is not in it."""
    ids = sorted(set(rider_ids))
    if not ids:
        return {}
    in_hand = books.cash_of(ids)
    with connection.cursor() as cursor:
        cursor.execute(_STATES, {"riders": ids})
        return {rider: CashState(in_hand.get(rider, 0), due, limit) for rider, due, limit in cursor.fetchall()}


def cash_rooms(rider_ids: Collection[int]) -> dict[int, int | None]:
    """Paise of cash each rider may still take on: the limit less cash in hand and the cash of stops in hand. None: no
    limit. 0 or too little means no cash order; paid orders still. Two statements."""
    return {rider: state.room_paise for rider, state in cash_states(rider_ids).items()}


def cash_room(rider_id: int) -> int | None:
    return cash_rooms([rider_id]).get(rider_id)
