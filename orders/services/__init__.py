"""Every write of orders; each function is one complete act. Lock order of the house: cart, order, payment, stock."""

from orders.services.cart import (
    Asked,
    adopt_guest_cart,
    empty_cart,
    open_cart,
    replace_lines,
    set_coupon,
    set_line,
    set_tip,
)
from orders.services.checkout import INSTRUCTIONS, checkout
from orders.services.claims import Reported, decide_claim, most_back, open_claims
from orders.services.ending import cancel, close, close_delivered, confirm, end_window, refund_done, sweep_unpaid
from orders.services.floor import evidence, packed, short_line, start_picking, to_store
from orders.services.mover import lock, move
from orders.services.photos import keep_photo, photo_bytes
from orders.services.rating import rate
from orders.services.street import (
    at_the_door,
    delivered,
    goods_back,
    in_transit,
    picked_up,
    rider_accepted,
    rider_fell_away,
    undelivered,
)
from orders.services.wanting import ListAdded, add_list_to_cart, learn_affinity, tell_restocked

__all__ = [
    "INSTRUCTIONS",
    "Asked",
    "ListAdded",
    "Reported",
    "add_list_to_cart",
    "adopt_guest_cart",
    "at_the_door",
    "cancel",
    "checkout",
    "close",
    "close_delivered",
    "confirm",
    "decide_claim",
    "delivered",
    "empty_cart",
    "end_window",
    "evidence",
    "goods_back",
    "in_transit",
    "keep_photo",
    "learn_affinity",
    "lock",
    "most_back",
    "move",
    "open_cart",
    "open_claims",
    "packed",
    "photo_bytes",
    "picked_up",
    "rate",
    "refund_done",
    "replace_lines",
    "rider_accepted",
    "rider_fell_away",
    "set_coupon",
    "set_line",
    "set_tip",
    "short_line",
    "start_picking",
    "sweep_unpaid",
    "tell_restocked",
    "to_store",
    "undelivered",
]
