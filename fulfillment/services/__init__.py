"""Every write of the floor; each function is one complete act.

Lock order: the order (through orders.services), then the pick task, then its shelf slot. Acts that never touch the
order lock the task alone.
"""

from fulfillment.services.life import (
    clear_slot,
    close_cancelled,
    close_handed_over,
    follow_order,
    goods_back,
    open_task,
    write_load,
)
from fulfillment.services.managing import decline, give_back, pin, reassign, sweep
from fulfillment.services.packing import MOST_BAGS, pack, suggested_bags
from fulfillment.services.picking import (
    REFUSED_SCANS,
    ScanOutcome,
    lots_left,
    note_refused,
    other_lot,
    put_back,
    scan,
    short,
    substitute,
)
from fulfillment.services.recalls import sweep_recalled, take_out_recalled
from fulfillment.services.refused import refused_by_device
from fulfillment.services.returning import Verdict, receive_back
from fulfillment.services.shifts import end_shift, set_totes, start_shift
from fulfillment.services.taking import join_again, next_task, split, start, waiting

__all__ = [
    "MOST_BAGS",
    "REFUSED_SCANS",
    "ScanOutcome",
    "Verdict",
    "clear_slot",
    "close_cancelled",
    "close_handed_over",
    "decline",
    "end_shift",
    "follow_order",
    "give_back",
    "goods_back",
    "join_again",
    "lots_left",
    "next_task",
    "note_refused",
    "open_task",
    "other_lot",
    "pack",
    "pin",
    "put_back",
    "reassign",
    "receive_back",
    "refused_by_device",
    "scan",
    "set_totes",
    "short",
    "split",
    "start",
    "start_shift",
    "substitute",
    "suggested_bags",
    "sweep",
    "sweep_recalled",
    "take_out_recalled",
    "waiting",
    "write_load",
]
