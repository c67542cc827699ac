"""Every write to stock. Each act locks its stock rows by primary key, applies deltas under the CHECKs and writes the
ledger in the same statement (`ledger.posting`), so that counters and ledger cannot part.

Lock order inside this app: stock row (which is also the lock of its batches), then its hold. The acts take part in the
caller's transaction without a savepoint of their own; what they refuse, they refuse before anything is written and
outside their atomic block, so a caller may catch a refusal and go on.
"""

from inventory.services.counting import count, take_off, waste
from inventory.services.cycle_counts import (
    approve_count,
    ask_for_count,
    count_again,
    count_blind,
    make_counts,
    needs_second_person,
    sweep_counts,
)
from inventory.services.holding import (
    firm,
    hold,
    lock_held_by,
    move_hold,
    release,
    release_part,
    ship,
    swap,
    sweep_expired,
    take_back,
)
from inventory.services.policy import policy_of
from inventory.services.quarantine import block, sweep_in_time, sweep_short_dated, unblock
from inventory.services.recalling import end_recall, note_told, recall, sweep_recalls
from inventory.services.receiving import Arrival, move_bin, receive, retime
from inventory.services.relotting import take_other_lot
from inventory.services.repair import rebuild_counters
from inventory.services.replenishing import accept, dismiss, plan_store, sweep_low, sweep_replenishment
from inventory.services.syncing import Line, Outcome, forget_superseded, sync
from inventory.services.wasting import approve_waste, ask_waste, refuse_waste

__all__ = [
    "Arrival",
    "Line",
    "Outcome",
    "accept",
    "approve_count",
    "approve_waste",
    "ask_for_count",
    "ask_waste",
    "block",
    "count",
    "count_again",
    "count_blind",
    "dismiss",
    "end_recall",
    "firm",
    "forget_superseded",
    "hold",
    "lock_held_by",
    "make_counts",
    "move_bin",
    "move_hold",
    "needs_second_person",
    "note_told",
    "plan_store",
    "policy_of",
    "rebuild_counters",
    "recall",
    "receive",
    "refuse_waste",
    "release",
    "release_part",
    "retime",
    "ship",
    "swap",
    "sweep_counts",
    "sweep_expired",
    "sweep_in_time",
    "sweep_low",
    "sweep_recalls",
    "sweep_replenishment",
    "sweep_short_dated",
    "sync",
    "take_back",
    "take_off",
    "take_other_lot",
    "unblock",
    "waste",
]
