"""Every write of delivery; each function is one complete act."""

from delivery.services.duty import go_off_duty, go_on_duty, rider_of, suspend, write_load
from delivery.services.offers import (
    accept,
    bags_ready,
    decline,
    dispatch_round,
    free_riders,
    open_job,
    sweep_offers,
    waiting_without_rider,
    withdraw,
)
from delivery.services.positions import Fix, report_positions, still_here
from delivery.services.trips import (
    arrive,
    arrive_at_store,
    assign_by_hand,
    deliver,
    depart,
    drop_cancelled,
    fail_stop,
    hand_back,
    live_trip,
    pick_up,
)

__all__ = [
    "Fix",
    "accept",
    "arrive",
    "arrive_at_store",
    "assign_by_hand",
    "bags_ready",
    "decline",
    "deliver",
    "depart",
    "dispatch_round",
    "drop_cancelled",
    "fail_stop",
    "free_riders",
    "go_off_duty",
    "go_on_duty",
    "hand_back",
    "live_trip",
    "open_job",
    "pick_up",
    "report_positions",
    "rider_of",
    "still_here",
    "suspend",
    "sweep_offers",
    "waiting_without_rider",
    "withdraw",
    "write_load",
]
