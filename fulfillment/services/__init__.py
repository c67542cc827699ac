"""Every write of the floor; each function is one complete act.

Lock order: the order (through orders.services), then the pick task, then its shelf slot. Acts that never touch the
order lock the task alone.
"""

from fulfillment.services.agreeing import sweep_lagging
from fulfillment.services.handing_over import hand_over
from fulfillment.services.legs import measure_legs
from fulfillment.services.life import (
    clear_slot,
    close_cancelled,
    close_handed_over,
    follow_order,
    goods_back,
    open_task,
    refresh_loads,
    write_load,
)
from fulfillment.services.managing import decline, give_back, pin, reassign, sweep
from fulfillment.services.pace import learn_pace, note_packed, note_refused
from fulfillment.services.packing import MOST_BAG_G, MOST_BAGS, pack, planned_bags, suggested_bags, weigh
from fulfillment.services.paper import enter_paper
from fulfillment.services.picking import (
    REFUSED_SCANS,
    ScanOutcome,
    lots_left,
    other_lot,
    put_back,
    scan,
    short,
    substitute,
    weight_of,
)
from fulfillment.services.recalls import sweep_recalled, take_out_recalled
from fulfillment.services.refused import refused_by_device
from fulfillment.services.returning import Verdict, receive_back
from fulfillment.services.rota import plan_shift, unplan_shift
from fulfillment.services.shifts import end_break, end_shift, set_totes, start_break, start_shift
from fulfillment.services.taking import join_again, next_task, split, start, waiting

__all__ = [
    "MOST_BAGS",
    "MOST_BAG_G",
    "REFUSED_SCANS",
    "ScanOutcome",
    "Verdict",
    "clear_slot",
    "close_cancelled",
    "close_handed_over",
    "decline",
    "end_break",
    "end_shift",
    "enter_paper",
    "follow_order",
    "give_back",
    "goods_back",
    "hand_over",
    "join_again",
    "learn_pace",
    "lots_left",
    "measure_legs",
    "next_task",
    "note_packed",
    "note_refused",
    "open_task",
    "other_lot",
    "pack",
    "pin",
    "plan_shift",
    "planned_bags",
    "put_back",
    "reassign",
    "receive_back",
    "refresh_loads",
    "refused_by_device",
    "scan",
    "set_totes",
    "short",
    "split",
    "start",
    "start_break",
    "start_shift",
    "substitute",
    "suggested_bags",
    "sweep",
    "sweep_lagging",
    "sweep_recalled",
    "take_out_recalled",
    "unplan_shift",
    "waiting",
    "weigh",
    "weight_of",
    "write_load",
]
