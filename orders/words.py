"""What an order says about itself in one sentence. Pure: no database."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from blinkit.kernel.money import rupees
from orders.states import Status

if TYPE_CHECKING:
    from orders.models import Order


def sentence_of(order: Order, eta_from_m: int | None, eta_to_m: int | None, late_s: int, *, now: datetime) -> str:
    """The next thing the customer wants to know. The range is in minutes from now, a slot's window in words."""
    status = Status(order.status)
    if status == Status.PENDING:
        return f"Pay {rupees(order.total_paise)} to confirm. Your items are set aside meanwhile."
    if status == Status.CANCELLED:
        return f"Cancelled: {order.cancel_reason}." if order.cancel_reason else "Cancelled."
    if status == Status.REFUNDED:
        return "Everything you paid has been refunded."
    if status == Status.UNDELIVERED:
        return f"We could not hand it over: {order.cancel_reason}."
    if status in (Status.DELIVERED, Status.CLOSED):
        return "Delivered. Enjoy!"
    doing = _DOING[status]
    if order.is_for_later:
        doing = "Your items are set aside"
    if status in _ON_ROAD and order.rider_at_door_at:
        doing = _AT_DOOR
    elif status in _ON_SHELF and order.rider_name:
        doing = f"{order.rider_name} is picking up your bags"
    elif status in _ON_ROAD and order.rider_name:
        doing = f"{order.rider_name} is on the way to you"
    said = [doing]
    if late_s >= 60 and doing != _AT_DOOR:
        found = " A rider is being found." if status in _ON_SHELF and not order.rider_name else ""
        said.append(f"We are late. Sorry.{found}")
    if order.slot_id is not None and order.promised_from and order.promised_by and status not in _ON_ROAD:
        said.append(window_words(order.promised_from, order.promised_by, now=now))
    if eta_to_m:
        said.append(f"Arrives in {_range(eta_from_m, eta_to_m)}")
    if order.payment_method == "cod" and order.total_paise:
        said.append(f"{rupees(order.total_paise)} in cash at the door")
    return " ".join(part if part.endswith(".") else f"{part}." for part in said)


def window_words(starts_at: datetime, ends_at: datetime, *, now: datetime) -> str:
    """ "Today 18:00–19:00", "Tomorrow …", else with weekday and date; in the house's time zone."""
    start, end = timezone.localtime(starts_at), timezone.localtime(ends_at)
    days = (start.date() - timezone.localtime(now).date()).days
    day = {0: "Today", 1: "Tomorrow"}.get(days, f"{start:%a} {start.day} {start:%b}")
    return f"{day} {start:%H:%M}–{end:%H:%M}"


def _range(from_m: int | None, to_m: int) -> str:
    if from_m is None or from_m >= to_m:
        return f"about {to_m} minute{'' if to_m == 1 else 's'}"
    return f"{from_m}–{to_m} minutes"


_AT_DOOR = "Your rider is at the door"
_ON_SHELF = (Status.PACKED, Status.ASSIGNED_TO_PARTNER)
_ON_ROAD = (Status.PICKED_UP, Status.IN_TRANSIT)
_DOING = {
    Status.CONFIRMED: "The store has your order",
    Status.ASSIGNED_TO_STORE: "The store has your order",
    Status.PICKING: "Your items are being picked",
    Status.PACKED: "Your bags are packed",
    Status.ASSIGNED_TO_PARTNER: "Your bags are packed",
    Status.PICKED_UP: "Your order is on the way",
    Status.IN_TRANSIT: "Your order is on the way",
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
