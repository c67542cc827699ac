"""The event log in words: one sentence per event, for people at the order desk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from blinkit.kernel.money import rupees
from orders.states import Status

Payload = Mapping[str, Any]


def sentence(code: str, payload: Payload) -> str:
    """What happened. An event nobody has words for yet is shown by its name: hidden would be worse."""
    say = _SAY.get(code)
    try:
        return say(payload) if say else code.split(".")[-1]
    except (KeyError, TypeError, ValueError):
        return code.split(".")[-1]


def mood(code: str, payload: Payload) -> str:
    """ "stop" for what went wrong, "" otherwise."""
    bad = {
        "orders.OrderCancelled",
        "orders.OrderUndelivered",
        "orders.LineShorted",
        "orders.LineRecalled",
        "orders.OrderHeldBack",
        "payments.PaymentDeclined",
        "payments.DisputeOpened",
        "orders.ClaimReceived",
    }
    if code == "delivery.OfferAnswered" and payload.get("answer") in ("declined", "expired"):
        return "stop"
    return "stop" if code in bad or payload.get("new") in ("CANCELLED", "UNDELIVERED") else ""


def _moved(p: Payload) -> str:
    why = f": {p['why']}" if p.get("why") else ""
    return f"{Status(p['new']).label}{why}"


def _answered(p: Payload) -> str:
    said = {"accepted": "took the trip", "declined": "declined it", "expired": "did not answer in time"}
    reason = f" ({p['reason']})" if p.get("reason") else ""
    if p["answer"] == "withdrawn":
        return f"The offer was withdrawn{reason}"
    return f"The rider {said[p['answer']]}{reason}"


def _shorted(p: Payload) -> str:
    back = f", {rupees(p['refund_paise'])} refunded" if p.get("refund_paise") else ", taken off the bill"
    return f"{p['qty']} × {p['product_name']} could not be found{back}"


def _recalled(p: Payload) -> str:
    back = f", {rupees(p['refund_paise'])} refunded" if p.get("refund_paise") else ", taken off the bill"
    return f"{p['qty']} × {p['product_name']} was recalled{back}"


def _of_lot(p: Payload) -> str:
    return f"{p['product_name']}, lot {p['lot']}," if p.get("lot") else str(p["product_name"])


def _substituted(p: Payload) -> str:
    back = f", {rupees(p['refund_paise'])} refunded" if p.get("refund_paise") else ""
    return f"{p['qty']} × {p['substitute_name']} instead of {p['product_name']}{back}"


_SAY: dict[str, Callable[[Payload], str]] = {
    "orders.OrderPlaced": lambda p: f"Placed for {rupees(p['total_paise'])}",
    "orders.OrderMoved": _moved,
    "orders.OrderConfirmed": lambda p: "The store was told",
    "orders.OrderResourced": lambda p: f"{p['store_code']} does it instead of {p['old_store']}: {p['why']}",
    "orders.OrderReleased": lambda p: "Its time has come: the store begins with it",
    "orders.LineSubstituted": _substituted,
    "orders.OrderPacked": lambda p: f"{p['bags']} bag{'' if p['bags'] == 1 else 's'} on shelf place {p['shelf_slot']}",
    "orders.OrderPickedUp": lambda p: "The bags left the store",
    "orders.RiderAtDoor": lambda p: "The rider is at the door",
    "orders.PinMoved": lambda p: f"The pin of the door was moved by {p['by_metres']} m",
    "orders.RiderChanged": lambda p: f"{p['new']} took the bags over from {p['old']}",
    "orders.BagsBack": lambda p: "The store has the bags back",
    "delivery.DoorWaitBegun": lambda p: "Nobody opens: the rider waits",
    "delivery.DoorWaitSet": lambda p: f"The wait at the door was changed: {p['why']}",
    "delivery.DoorAnswered": lambda p: f"The customer answers: {p['answer'].replace('_', ' ')}",
    "delivery.BagsLeftUnseen": lambda p: "The rider put the bags down in the store, nobody took them",
    "delivery.ChatRead": lambda p: f"The chat was read: {p['why']}",
    "delivery.ChatFlagged": lambda p: f"The {p['by_side']} flagged a message of the chat",
    "orders.OrderDelivered": lambda p: (
        f"Handed over, {p['late_s'] // 60} min after the promise" if p["late_s"] >= 60 else "Handed over in time"
    ),
    "orders.OrderCancelled": lambda p: f"Cancelled: {p['reason']}",
    "orders.OrderUndelivered": lambda p: f"Could not be handed over: {p['reason']}",
    "orders.LineShorted": _shorted,
    "orders.LineRecalled": _recalled,
    "orders.RecalledUnitsHeld": lambda p: "It holds units that were recalled",
    "orders.OrderHeldBack": lambda p: f"Must not leave: {p['units']} × {_of_lot(p)} in its bags was recalled",
    "orders.HeldBackTold": lambda p: "Operations were told that it must not leave",
    "orders.RecallNotice": lambda p: f"The customer was told that {_of_lot(p)} was recalled",
    "orders.ClaimReceived": lambda p: f"The customer says: {p['kind'].replace('-', ' ')}. A person decides",
    "orders.ClaimApproved": lambda p: f"Claim approved, {rupees(p['refund_paise'])} back ({p['rule']})",
    "orders.ClaimRefused": lambda p: f"Claim refused: {p['reason']}",
    "orders.OrderRated": lambda p: f"Rated {p['stars']} of 5",
    "orders.PromiseAtRisk": lambda p: f"Expected {max(1, p['expected_late_s'] // 60)} min late: {p['why']}",
    "orders.PromiseKeptAgain": lambda p: "It will be in time after all",
    "orders.RunningLate": lambda p: "The customer was told that it runs late",
    "payments.PaymentCaptured": lambda p: f"Paid {rupees(p['amount_paise'])}",
    "payments.CashHandedIn": lambda p: f"{rupees(p['amount_paise'])} handed in, receipt {p['receipt']}",
    "payments.PaymentDeclined": lambda p: f"The payment was declined: {p['reason']}",
    "payments.RefundStarted": lambda p: f"Refund of {rupees(p['amount_paise'])} started: {p['reason']}",
    "payments.RefundCompleted": lambda p: f"Refund of {rupees(p['amount_paise'])} completed",
    "payments.DisputeOpened": lambda p: f"The bank disputes {rupees(p['amount_paise'])}: {p['reason']}",
    "payments.DisputeClosed": lambda p: f"Dispute over {rupees(p['amount_paise'])} {'won' if p['won'] else 'lost'}",
    "orders.OrderClosed": lambda p: "The time for claims is over",
    "payments.WalletCredited": lambda p: f"{rupees(p['amount_paise'])} into the wallet: {p['reason']}",
    "payments.MembershipBegun": lambda p: f"Member of {p['plan']} until {p['until'][:10]}",
    "payments.MembershipEnding": lambda p: f"Reminded that the membership ends on {p['until'][:10]}",
    "inventory.HoldExpired": lambda p: "The time to pay is over, the items are free again",
    "fulfillment.PickTaskOpened": lambda p: "In the store's queue",
    "fulfillment.LinePicked": lambda p: f"{p['qty']} unit{'' if p['qty'] == 1 else 's'} of a line picked",
    "fulfillment.TaskPacked": lambda p: f"Picked in {p['pick_s']} s, packed in {p['pack_s']} s",
    "fulfillment.TaskPassedOn": lambda p: (
        f"Passed to another picker: {p['why']}" if p.get("to_picker") else f"Back in the queue: {p['why']}"
    ),
    "fulfillment.TaskPinned": lambda p: "Put first in the queue" if p["pinned"] else "No longer first in the queue",
    "fulfillment.TaskSplit": lambda p: (
        f"{len(p['lines'])} of its lines are fetched by somebody else" if p.get("helper") else "One picker again"
    ),
    "fulfillment.WalkBegun": lambda p: (
        f"On one walk with {len(p['tasks']) - 1} more: {p['metres']} m instead of {p['metres_alone']} m ({p['why']})"
    ),
    "fulfillment.SlotCleared": lambda p: "The bags were unpacked, the shelf place is free",
    "delivery.TripInTrouble": lambda p: (
        "The rider's phone fell silent" if p.get("what") == "silent" else "The rider does not come nearer"
    ),
    "delivery.OfferMade": lambda p: "Offered to a rider",
    "delivery.OfferAnswered": _answered,
}
