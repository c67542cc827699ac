"""The event log in words: one sentence per event, for people at the order desk, shown in their language (`|said`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from blinkit.kernel.money import rupees
from blinkit.kernel.said import say
from delivery.doors import DoorAnswer
from orders.claims import ClaimKind
from orders.states import Status

Payload = Mapping[str, Any]


def sentence(code: str, payload: Payload) -> str:
    """What happened. An event nobody has words for yet is shown by its name: hidden would be worse."""
    words = _SAY.get(code)
    try:
        return words(payload) if words else code.split(".")[-1]
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


def _with_why(words: str, why: Any) -> str:
    return say("{what}: {why}", what=words, why=str(why)) if why else words


def _moved(p: Payload) -> str:
    return _with_why(str(Status(p["new"]).label), p.get("why"))


def _answered(p: Payload) -> str:
    said = {
        "accepted": say("The rider took the trip"),
        "declined": say("The rider declined it"),
        "expired": say("The rider did not answer in time"),
        "withdrawn": say("The offer was withdrawn"),
    }[p["answer"]]
    return say("{what} ({why})", what=said, why=str(p["reason"])) if p.get("reason") else said


def _with_refund(words: str, paise: int | None, *, else_off_bill: bool = True) -> str:
    if paise:
        return say("{what}, {sum} refunded", what=words, sum=rupees(paise))
    return say("{what}, taken off the bill", what=words) if else_off_bill else words


def _shorted(p: Payload) -> str:
    gone = say("{n} × {product} could not be found", n=p["qty"], product=p["product_name"])
    return _with_refund(gone, p.get("refund_paise"))


def _recalled(p: Payload) -> str:
    return _with_refund(
        say("{n} × {product} was recalled", n=p["qty"], product=p["product_name"]), p.get("refund_paise")
    )


def _substituted(p: Payload) -> str:
    told = say("{n} × {other} instead of {product}", n=p["qty"], other=p["substitute_name"], product=p["product_name"])
    return _with_refund(told, p.get("refund_paise"), else_off_bill=False)


def _of_lot(p: Payload) -> str:
    return say("{product}, lot {lot},", product=p["product_name"], lot=p["lot"]) if p.get("lot") else p["product_name"]


def _packed(p: Payload) -> str:
    if p["bags"] == 1:
        return say("1 bag on shelf place {place}", place=p["shelf_slot"])
    return say("{n} bags on shelf place {place}", n=p["bags"], place=p["shelf_slot"])


def _delivered(p: Payload) -> str:
    if p["late_s"] < 60:
        return say("Handed over in time")
    return say("Handed over, {n} min after the promise", n=p["late_s"] // 60)


def _dispute_closed(p: Payload) -> str:
    amount = rupees(p["amount_paise"])
    return say("Dispute over {sum} won", sum=amount) if p["won"] else say("Dispute over {sum} lost", sum=amount)


def _picked(p: Payload) -> str:
    return say("1 unit of a line picked") if p["qty"] == 1 else say("{n} units of a line picked", n=p["qty"])


def _passed_on(p: Payload) -> str:
    if p.get("to_picker"):
        return say("Passed to another picker: {why}", why=p["why"])
    return say("Back in the queue: {why}", why=p["why"])


def _split(p: Payload) -> str:
    if not p.get("helper"):
        return say("One picker again")
    return say("{n} of its lines are fetched by somebody else", n=len(p["lines"]))


def _walk(p: Payload) -> str:
    return say("On one walk with {n} more: {m} m instead of {alone} m ({why})", n=len(p["tasks"]) - 1, m=p["metres"],
               alone=p["metres_alone"], why=p["why"])  # fmt: skip


def _flagged(p: Payload) -> str:
    if p["by_side"] == "rider":
        return say("The rider flagged a message of the chat")
    return say("The customer flagged a message of the chat")


_SAY: dict[str, Callable[[Payload], str]] = {
    "orders.OrderPlaced": lambda p: say("Placed for {sum}", sum=rupees(p["total_paise"])),
    "orders.OrderMoved": _moved,
    "orders.OrderConfirmed": lambda p: say("The store was told"),
    "orders.OrderResourced": lambda p: say(
        "{store} does it instead of {other}: {why}", store=p["store_code"], other=p["old_store"], why=p["why"]
    ),
    "orders.OrderReleased": lambda p: say("Its time has come: the store begins with it"),
    "orders.LineSubstituted": _substituted,
    "orders.OrderPacked": _packed,
    "orders.OrderPickedUp": lambda p: say("The bags left the store"),
    "orders.RiderAtDoor": lambda p: say("The rider is at the door"),
    "orders.PinMoved": lambda p: say("The pin of the door was moved by {m} m", m=p["by_metres"]),
    "orders.RiderChanged": lambda p: say("{rider} took the bags over from {other}", rider=p["new"], other=p["old"]),
    "orders.BagsBack": lambda p: say("The store has the bags back"),
    "delivery.DoorWaitBegun": lambda p: say("Nobody opens: the rider waits"),
    "delivery.DoorWaitSet": lambda p: say("The wait at the door was changed: {why}", why=p["why"]),
    "delivery.DoorAnswered": lambda p: say("The customer answers: {answer}", answer=DoorAnswer(p["answer"]).label),
    "delivery.BagsLeftUnseen": lambda p: say("The rider put the bags down in the store, nobody took them"),
    "delivery.ChatRead": lambda p: say("The chat was read: {why}", why=p["why"]),
    "delivery.ChatFlagged": _flagged,
    "orders.OrderDelivered": _delivered,
    "orders.OrderCancelled": lambda p: say("Cancelled: {why}", why=p["reason"]),
    "orders.OrderUndelivered": lambda p: say("Could not be handed over: {why}", why=p["reason"]),
    "orders.LineShorted": _shorted,
    "orders.LineRecalled": _recalled,
    "orders.RecalledUnitsHeld": lambda p: say("It holds units that were recalled"),
    "orders.OrderHeldBack": lambda p: say(
        "Must not leave: {n} × {product} in its bags was recalled", n=p["units"], product=_of_lot(p)
    ),
    "orders.HeldBackTold": lambda p: say("Operations were told that it must not leave"),
    "orders.RecallNotice": lambda p: say("The customer was told that {product} was recalled", product=_of_lot(p)),
    "orders.ClaimReceived": lambda p: say(
        "The customer says: {what}. A person decides", what=ClaimKind(p["kind"]).label
    ),
    "orders.ClaimApproved": lambda p: say(
        "Claim approved, {sum} back ({rule})", sum=rupees(p["refund_paise"]), rule=p["rule"]
    ),
    "orders.ClaimRefused": lambda p: say("Claim refused: {why}", why=p["reason"]),
    "orders.OrderRated": lambda p: say("Rated {n} of 5", n=p["stars"]),
    "orders.PromiseAtRisk": lambda p: say(
        "Expected {n} min late: {why}", n=max(1, p["expected_late_s"] // 60), why=p["why"]
    ),
    "orders.PromiseKeptAgain": lambda p: say("It will be in time after all"),
    "orders.RunningLate": lambda p: say("The customer was told that it runs late"),
    "payments.PaymentCaptured": lambda p: say("Paid {sum}", sum=rupees(p["amount_paise"])),
    "payments.CashHandedIn": lambda p: say(
        "{sum} handed in, receipt {receipt}", sum=rupees(p["amount_paise"]), receipt=p["receipt"]
    ),
    "payments.PaymentDeclined": lambda p: say("The payment was declined: {why}", why=p["reason"]),
    "payments.RefundStarted": lambda p: say(
        "Refund of {sum} started: {why}", sum=rupees(p["amount_paise"]), why=p["reason"]
    ),
    "payments.RefundCompleted": lambda p: say("Refund of {sum} completed", sum=rupees(p["amount_paise"])),
    "payments.DisputeOpened": lambda p: say(
        "The bank disputes {sum}: {why}", sum=rupees(p["amount_paise"]), why=p["reason"]
    ),
    "payments.DisputeClosed": _dispute_closed,
    "orders.OrderClosed": lambda p: say("The time for claims is over"),
    "payments.WalletCredited": lambda p: say(
        "{sum} into the wallet: {why}", sum=rupees(p["amount_paise"]), why=p["reason"]
    ),
    "payments.MembershipBegun": lambda p: say("Member of {plan} until {day}", plan=p["plan"], day=p["until"][:10]),
    "payments.MembershipEnding": lambda p: say("Reminded that the membership ends on {day}", day=p["until"][:10]),
    "inventory.HoldExpired": lambda p: say("The time to pay is over, the items are free again"),
    "fulfillment.PickTaskOpened": lambda p: say("In the store's queue"),
    "fulfillment.LinePicked": _picked,
    "fulfillment.TaskPacked": lambda p: say(
        "Picked in {pick} s, packed in {pack} s", pick=p["pick_s"], pack=p["pack_s"]
    ),
    "fulfillment.TaskPassedOn": _passed_on,
    "fulfillment.TaskPinned": lambda p: (
        say("Put first in the queue") if p["pinned"] else say("No longer first in the queue")
    ),
    "fulfillment.TaskSplit": _split,
    "fulfillment.WalkBegun": _walk,
    "fulfillment.SlotCleared": lambda p: say("The bags were unpacked, the shelf place is free"),
    "delivery.TripInTrouble": lambda p: (
        say("The rider's phone fell silent") if p.get("what") == "silent" else say("The rider does not come nearer")
    ),
    "delivery.OfferMade": lambda p: say("Offered to a rider"),
    "delivery.OfferAnswered": _answered,
}
