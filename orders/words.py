"""What an order says about itself in one sentence. Pure: no database."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from blinkit.kernel.money import rupees
from blinkit.kernel.said import Said, say, together
from orders.states import ON_ROAD, ON_SHELF, Status

if TYPE_CHECKING:
    from orders.models import Order


def sentence_of(
    order: Order,
    eta_from_m: int | None,
    eta_to_m: int | None,
    late_s: int,
    *,
    now: datetime,
    expected_late_s: int = 0,
    credit_paise: int = 0,
) -> Said:
    """The next thing the customer wants to know. The range is in minutes from now, a slot's window in words;
    `credit_paise` is what was given for a delay."""
    status = Status(order.status)
    if status == Status.PENDING:
        return say("Pay {amount} to confirm. Your items are set aside meanwhile.", amount=rupees(order.to_pay_paise))
    if status == Status.CANCELLED:
        return (
            say("Cancelled: {why}.", why=to_the_customer(order.cancel_reason))
            if order.cancel_reason
            else say("Cancelled.")
        )
    if status == Status.REFUNDED:
        return say("Everything you paid has been refunded.")
    if status == Status.UNDELIVERED:
        return say("We could not hand it over: {why}.", why=to_the_customer(order.cancel_reason))
    if status in (Status.DELIVERED, Status.CLOSED):
        if credit_paise:
            return say("Delivered, but late. Sorry: {amount} is in your wallet.", amount=rupees(credit_paise))
        return say("Delivered. Enjoy!")
    at_door = status in ON_ROAD and order.rider_at_door_at is not None
    said: list[str] = [_doing(order, status, at_door=at_door)]
    if late_s >= 60 and not at_door:
        said.append(say("We are late. Sorry."))
        if status in ON_SHELF and not order.rider_name:
            said.append(say("A rider is being found."))
    elif expected_late_s:
        said.append(say("It will be later than promised. Sorry."))
    if order.slot_id is not None and order.promised_from and order.promised_by and status not in ON_ROAD:
        said.append(say("{window}.", window=window_words(order.promised_from, order.promised_by, now=now)))
    if eta_to_m:
        said.append(_arrives(eta_from_m, eta_to_m))
    if order.cash_due_paise:
        said.append(say("{due} in cash at the door.", due=rupees(order.cash_due_paise)))
    return together(said)


_TO_THE_CUSTOMER = {"The customer does not want it": say("You did not want it at the door")}


def to_the_customer(reason: str) -> str:
    """Why an order ended as it is written down for everybody; where that speaks of the customer, it is said to them."""
    return _TO_THE_CUSTOMER.get(reason, reason)


def shared_sentence_of(order: Order, *, near: bool, coming: bool) -> Said:
    """The same for somebody who was only given a link: no name, no sum, no reason."""
    status = Status(order.status)
    if status in ON_ROAD:
        return say("The rider is nearly there.") if near else say("The order is on the way.")
    if status in ON_SHELF and coming:
        return say("It is packed. A rider is coming to the store.")
    if order.delivered_at is not None:
        return say("Delivered.")
    return _SHARED[status]


def charges_of(order: Order) -> list[tuple[str, int]]:
    """(what, paise) of all that is on the bill beside the items, as staff reads it; nothing that is 0."""
    parts = [
        ("Delivery", order.delivery_paise),
        ("Handling", order.handling_paise),
        ("Small cart", order.small_cart_paise),
        ("Surge", order.surge_paise),
        ("Tip", order.tip_paise),
        ("Discount", -order.discount_paise),
    ]
    return [(what, paise) for what, paise in parts if paise]


def window_words(starts_at: datetime, ends_at: datetime, *, now: datetime) -> Said:
    """ "Today 18:00–19:00", "Tomorrow …", else with weekday and date; in the house's time zone."""
    start, end = timezone.localtime(starts_at), timezone.localtime(ends_at)
    days = (start.date() - timezone.localtime(now).date()).days
    hours = {"start": f"{start:%H:%M}", "end": f"{end:%H:%M}"}
    if days == 0:
        return say("Today {start}–{end}", **hours)
    if days == 1:
        return say("Tomorrow {start}–{end}", **hours)
    return say("{weekday} {n} {month} {start}–{end}", weekday=f"{start:%a}", n=start.day, month=f"{start:%b}", **hours)


def _doing(order: Order, status: Status, *, at_door: bool) -> Said:
    """What is being done for it now."""
    if order.is_for_later:
        return say("Your items are set aside.")
    if at_door:
        return say("Your rider is at the door.")
    if status in ON_SHELF and order.rider_name:
        return say("Your bags are packed. A rider is coming to the store.")
    if status in ON_ROAD and order.rider_name:
        return say("{rider} is on the way to you.", rider=order.rider_name)
    return _DOING[status]


def _arrives(from_m: int | None, to_m: int) -> Said:
    if from_m is None or from_m >= to_m:
        return say("Arrives in about 1 minute.") if to_m == 1 else say("Arrives in about {n} minutes.", n=to_m)
    return say("Arrives in {a}–{b} minutes.", a=from_m, b=to_m)


_DOING = {
    Status.CONFIRMED: say("The store has your order."),
    Status.ASSIGNED_TO_STORE: say("The store has your order."),
    Status.PICKING: say("Your items are being picked."),
    Status.PACKED: say("Your bags are packed."),
    Status.ASSIGNED_TO_PARTNER: say("Your bags are packed."),
    Status.PICKED_UP: say("Your order is on the way."),
    Status.IN_TRANSIT: say("Your order is on the way."),
}
_SHARED = {
    Status.PENDING: say("The order is not confirmed yet."),
    Status.CONFIRMED: say("The store has the order."),
    Status.ASSIGNED_TO_STORE: say("The store has the order."),
    Status.PICKING: say("The items are being picked."),
    Status.PACKED: say("The bags are packed."),
    Status.ASSIGNED_TO_PARTNER: say("The bags are packed."),
    Status.DELIVERED: say("Delivered."),
    Status.CLOSED: say("Delivered."),
    Status.CANCELLED: say("The order was cancelled."),
    Status.UNDELIVERED: say("The order could not be handed over."),
    Status.REFUNDED: say("The order will not come."),
}
# What can be said about the door: code → (words, icon). Shown by the shop, the floor, the rider and the order desk.
DOOR_CHIPS = {
    "leave_at_door": (_("Leave at the door"), "door-closed"),
    "no_bell": (_("Don't ring the bell"), "bell"),
    "call_on_arrival": (_("Call when here"), "phone"),
    "beware_of_pet": (_("Mind the pet"), "paw-print"),
    "leave_with_guard": (_("Leave with the guard"), "shield"),
}


def door_chips(codes: Iterable[str]) -> list[tuple[str, str]]:
    """(words, icon) of what a customer asked for at the door, in the order it was chosen."""
    return [(str(words), icon) for words, icon in (DOOR_CHIPS.get(code, (code, "info")) for code in codes)]
