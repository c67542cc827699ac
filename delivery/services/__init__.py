"""Every write of delivery; each function is one complete act."""

from delivery.services.duty import go_off_duty, go_on_duty, rider_of, rider_on_duty, suspend, verify, write_load
from delivery.services.legs import measure_legs
from delivery.services.offers import (
    accept,
    bags_ready,
    decline,
    open_job,
    sweep_offers,
    waiting_without_rider,
    withdraw,
)
from delivery.services.positions import Fix, report_positions, still_here
from delivery.services.rounds import dispatch_round, free_riders
from delivery.services.trips import (
    arrive,
    arrive_at_store,
    assign_by_hand,
    deliver,
    depart,
    drop_cancelled,
    fail_stop,
    give_up_stop,
    hand_back,
    live_trip,
    pick_up,
    require_stop,
    unassign,
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
    "give_up_stop",
    "go_off_duty",
    "go_on_duty",
    "hand_back",
    "live_trip",
    "measure_legs",
    "open_job",
    "pick_up",
    "report_positions",
    "require_stop",
    "rider_of",
    "rider_on_duty",
    "still_here",
    "suspend",
    "sweep_offers",
    "unassign",
    "verify",
    "waiting_without_rider",
    "withdraw",
    "write_load",
]
