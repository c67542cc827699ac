"""Every write of the floor; each function is one complete act.

Lock order: the order (through orders.services), then the pick task, then its shelf slot. Acts that never touch the
order lock the task alone.
"""

from fulfillment.services.handing_over import hand_over
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
from fulfillment.services.packing import MOST_BAG_G, MOST_BAGS, pack, planned_bags, suggested_bags, weigh
from fulfillment.services.picking import ScanOutcome, next_task, put_back, scan, short, start, substitute
from fulfillment.services.recalls import sweep_recalled, take_out_recalled
from fulfillment.services.returning import Verdict, receive_back
from fulfillment.services.shifts import end_shift, start_shift

__all__ = [
    "MOST_BAGS",
    "MOST_BAG_G",
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
    "hand_over",
    "next_task",
    "open_task",
    "pack",
    "pin",
    "planned_bags",
    "put_back",
    "reassign",
    "receive_back",
    "scan",
    "short",
    "start",
    "start_shift",
    "substitute",
    "suggested_bags",
    "sweep",
    "sweep_recalled",
    "take_out_recalled",
    "weigh",
    "write_load",
]
