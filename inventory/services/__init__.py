"""Every write to stock. Each act locks its stock rows by primary key, applies deltas under the CHECKs and writes the
ledger in the same statement (`ledger.posting`), so that counters and ledger cannot part.

Lock order inside this app: stock row (which is also the lock of its batches), then its hold. The acts take part in the
caller's transaction without a savepoint of their own; what they refuse, they refuse before anything is written and
outside their atomic block, so a caller may catch a refusal and go on.
"""

from inventory.services.counting import count, take_off, waste
from inventory.services.holding import (
    firm,
    hold,
    move_hold,
    release,
    release_part,
    ship,
    swap,
    sweep_expired,
    take_back,
)
from inventory.services.quarantine import block, sweep_in_time, sweep_short_dated, unblock
from inventory.services.recalling import end_recall, note_told, recall, sweep_recalls
from inventory.services.receiving import Arrival, move_bin, receive, retime
from inventory.services.repair import rebuild_counters
from inventory.services.syncing import Line, Outcome, forget_superseded, sync

__all__ = [
    "Arrival",
    "Line",
    "Outcome",
    "block",
    "count",
    "end_recall",
    "firm",
    "forget_superseded",
    "hold",
    "move_bin",
    "move_hold",
    "note_told",
    "rebuild_counters",
    "recall",
    "receive",
    "release",
    "release_part",
    "retime",
    "ship",
    "swap",
    "sweep_expired",
    "sweep_in_time",
    "sweep_recalls",
    "sweep_short_dated",
    "sync",
    "take_back",
    "take_off",
    "unblock",
    "waste",
]
