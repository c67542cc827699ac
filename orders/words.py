"""What an order says about itself in one sentence. Pure: no database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blinkit.kernel.money import rupees
from blinkit.kernel.said import Said, say, together
from orders.states import Status

if TYPE_CHECKING:
    from orders.models import Order


def sentence_of(order: Order, eta_from_m: int | None, eta_to_m: int | None, late_s: int) -> Said:
    """The next thing the customer wants to know. The range is in minutes from now."""
    status = Status(order.status)
    if status == Status.PENDING:
        return say("Pay {amount} to confirm. Your items are set aside meanwhile.", amount=rupees(order.total_paise))
    if status == Status.CANCELLED:
        return say("Cancelled: {why}.", why=order.cancel_reason) if order.cancel_reason else say("Cancelled.")
    if status == Status.REFUNDED:
        return say("Everything you paid has been refunded.")
    if status == Status.UNDELIVERED:
        return say("We could not hand it over: {why}.", why=order.cancel_reason)
    if status in (Status.DELIVERED, Status.CLOSED):
        return say("Delivered. Enjoy!")
    doing = _DOING[status]
    at_door = status in _ON_ROAD and order.rider_at_door_at is not None
    if at_door:
        doing = say("Your rider is at the door.")
    elif status in _ON_SHELF and order.rider_name:
        doing = say("{rider} is picking up your bags.", rider=order.rider_name)
    elif status in _ON_ROAD and order.rider_name:
        doing = say("{rider} is on the way to you.", rider=order.rider_name)
    said: list[str] = [doing]
    if late_s >= 60 and not at_door:
        said.append(say("We are late. Sorry."))
        if status in _ON_SHELF and not order.rider_name:
            said.append(say("A rider is being found."))
    if eta_to_m:
        said.append(_arrives(eta_from_m, eta_to_m))
    if order.payment_method == "cod" and order.total_paise:
        said.append(say("{due} in cash at the door.", due=rupees(order.total_paise)))
    return together(said)


def _arrives(from_m: int | None, to_m: int) -> Said:
    if from_m is None or from_m >= to_m:
        return say("Arrives in about 1 minute.") if to_m == 1 else say("Arrives in about {n} minutes.", n=to_m)
    return say("Arrives in {a}–{b} minutes.", a=from_m, b=to_m)


_ON_SHELF = (Status.PACKED, Status.ASSIGNED_TO_PARTNER)
_ON_ROAD = (Status.PICKED_UP, Status.IN_TRANSIT)
_DOING = {
    Status.CONFIRMED: say("The store has your order."),
    Status.ASSIGNED_TO_STORE: say("The store has your order."),
    Status.PICKING: say("Your items are being picked."),
    Status.PACKED: say("Your bags are packed."),
    Status.ASSIGNED_TO_PARTNER: say("Your bags are packed."),
    Status.PICKED_UP: say("Your order is on the way."),
    Status.IN_TRANSIT: say("Your order is on the way."),
}
