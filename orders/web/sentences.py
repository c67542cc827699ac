"""What an order says about itself on the page, in the reader's language."""

from __future__ import annotations

from django.utils.translation import gettext as _

from orders.models import Order
from orders.states import Status


def headline(order: Order) -> str:
    status, rider = Status(order.status), order.rider_name
    if status in (Status.PACKED, Status.ASSIGNED_TO_PARTNER) and rider:  # who it is, is told from the pick-up on
        return _("Your bags are packed. A rider is coming to the store")
    if status in (Status.PICKED_UP, Status.IN_TRANSIT) and order.rider_at_door_at:
        return _("Your rider is at the door")
    if status in (Status.PICKED_UP, Status.IN_TRANSIT) and rider:
        return _("%(rider)s is on the way to you") % {"rider": rider}
    if status == Status.CONFIRMED and order.is_for_later:
        return _("Your items are set aside for you")
    words = {
        Status.PENDING: _("Waiting for your payment"),
        Status.CONFIRMED: _("The store has your order"),
        Status.ASSIGNED_TO_STORE: _("The store has your order"),
        Status.PICKING: _("Your items are being picked"),
        Status.PACKED: _("Your bags are packed"),
        Status.ASSIGNED_TO_PARTNER: _("Your bags are packed"),
        Status.PICKED_UP: _("Your order is on the way"),
        Status.IN_TRANSIT: _("Your order is on the way"),
        Status.DELIVERED: _("Delivered. Enjoy!"),
        Status.CLOSED: _("Delivered"),
        Status.CANCELLED: _("Cancelled"),
        Status.UNDELIVERED: _("We could not hand it over"),
        Status.REFUNDED: _("Refunded"),
    }
    return words[status]


def step_words(key: str) -> tuple[str, str]:
    """(words, icon) of a step of the five-step line."""
    return {
        "placed": (_("Placed"), "receipt-text"),
        "confirmed": (_("Confirmed"), "store"),
        "picking": (_("Being packed"), "shopping-basket"),
        "riding": (_("On the way"), "bike"),
        "delivered": (_("Delivered"), "house"),
    }[key]


def why_kept(status: Status) -> str:
    """Why a running order can no longer be cancelled by its customer."""
    if status in (Status.PICKED_UP, Status.IN_TRANSIT):
        return _("The rider has your bags, so it can't be cancelled any more. Tell the rider, or ask for help.")
    return _("The store is packing it already, so it can't be cancelled any more. Help reaches the store.")


def what_now(order: Order) -> str:
    """What becomes of an order that ended on its way; "" for all others."""
    status = Status(order.status)
    if status == Status.UNDELIVERED:
        return _("The bags are going back to the store. You pay for nothing that did not reach you.")
    if status == Status.REFUNDED:
        return _("It is settled: nothing is owed any more.")
    if status == Status.CANCELLED:
        return _("Nothing will be brought, and you pay nothing for it.")
    return ""


def move_words(status: str) -> str:
    """A line of the timeline."""
    return {
        Status.PENDING: _("Placed"),
        Status.CONFIRMED: _("Confirmed"),
        Status.ASSIGNED_TO_STORE: _("The store has it"),
        Status.PICKING: _("Picking began"),
        Status.PACKED: _("Packed"),
        Status.ASSIGNED_TO_PARTNER: _("A rider is coming to the shelf"),
        Status.PICKED_UP: _("The rider has the bags"),
        Status.IN_TRANSIT: _("On the way"),
        Status.DELIVERED: _("Delivered"),
        Status.CLOSED: _("Closed"),
        Status.CANCELLED: _("Cancelled"),
        Status.UNDELIVERED: _("Could not be delivered"),
        Status.REFUNDED: _("Refunded"),
    }.get(Status(status), status)


def late_why(order: Order) -> str:
    """What a late order waits for, next to the apology."""
    status = Status(order.status)
    if status in (Status.PICKED_UP, Status.IN_TRANSIT):
        return _("It is on the road to you.")
    if order.rider_name and status in (Status.PACKED, Status.ASSIGNED_TO_PARTNER):
        return _("A rider is coming to the store.")
    if status in (Status.PACKED, Status.ASSIGNED_TO_PARTNER):
        return _("A rider is being found.")
    if status == Status.PICKING:
        return _("The store is still packing it.")
    return _("The store has not begun to pack it.")
