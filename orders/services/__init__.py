"""Every write of orders; each function is one complete act. Lock order of the house: cart, order, payment, stock."""

from orders.services.at_door import agree_to_leave, bag_back, move_pin, rider_changed, rider_rides_on
from orders.services.books import audit_all, post_missing
from orders.services.cart import (
    Asked,
    adopt_guest_cart,
    empty_cart,
    open_cart,
    replace_lines,
    set_coupon,
    set_gift,
    set_line,
    set_tip,
    swap_line,
)
from orders.services.cashback import pay_cashback
from orders.services.cheaper import tell_cheaper
from orders.services.checkout import INSTRUCTIONS, checkout
from orders.services.claims import Reported, decide_claim, most_back, open_claims
from orders.services.ending import cancel, close, close_delivered, confirm, end_window, refund_done, sweep_unpaid
from orders.services.floor import evidence, packed, short_line, short_lines, start_picking, to_store
from orders.services.handover import Handed, picked_up, scan_bag
from orders.services.late import credit_late
from orders.services.mover import lock, move
from orders.services.photos import keep_photo, photo_bytes
from orders.services.pictures import sweep_unused_pictures
from orders.services.rating import rate
from orders.services.recalls import hold_back, tell_recalled
from orders.services.referral import enter_referral, my_referral_code, reward_referral
from orders.services.resourcing import purge_sourcings, resource, sweep_offline
from orders.services.risk import purge_timers, sweep_timers
from orders.services.slots import copy_to_every_day, make_slots, release, release_due
from orders.services.street import (
    at_the_door,
    delivered,
    doors_before,
    goods_back,
    in_transit,
    rider_accepted,
    rider_fell_away,
    rider_here,
    undelivered,
)
from orders.services.substituting import substitute_line
from orders.services.trusting import end_trust, set_trust
from orders.services.wanting import ListAdded, add_list_to_cart, learn_affinity, reorder, tell_restocked

__all__ = [
    "INSTRUCTIONS",
    "Asked",
    "Handed",
    "ListAdded",
    "Reported",
    "add_list_to_cart",
    "adopt_guest_cart",
    "agree_to_leave",
    "at_the_door",
    "audit_all",
    "bag_back",
    "cancel",
    "checkout",
    "close",
    "close_delivered",
    "confirm",
    "copy_to_every_day",
    "credit_late",
    "decide_claim",
    "delivered",
    "doors_before",
    "empty_cart",
    "end_trust",
    "end_window",
    "enter_referral",
    "evidence",
    "goods_back",
    "hold_back",
    "in_transit",
    "keep_photo",
    "learn_affinity",
    "lock",
    "make_slots",
    "most_back",
    "move",
    "move_pin",
    "my_referral_code",
    "open_cart",
    "open_claims",
    "packed",
    "pay_cashback",
    "photo_bytes",
    "picked_up",
    "post_missing",
    "purge_sourcings",
    "purge_timers",
    "rate",
    "refund_done",
    "release",
    "release_due",
    "reorder",
    "replace_lines",
    "resource",
    "reward_referral",
    "rider_accepted",
    "rider_changed",
    "rider_fell_away",
    "rider_here",
    "rider_rides_on",
    "scan_bag",
    "set_coupon",
    "set_gift",
    "set_line",
    "set_tip",
    "set_trust",
    "short_line",
    "short_lines",
    "start_picking",
    "substitute_line",
    "swap_line",
    "sweep_offline",
    "sweep_timers",
    "sweep_unpaid",
    "sweep_unused_pictures",
    "tell_cheaper",
    "tell_recalled",
    "tell_restocked",
    "to_store",
    "undelivered",
]
