"""The event log in words: one sentence per event, for people at the order desk, in English with its figures apart so
that a screen can say it in Hindi."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from blinkit.kernel.money import rupees
from blinkit.kernel.said import Said, say
from dashboard.claim_words import rule_words
from delivery.doors import DoorAnswer
from orders.claims import ClaimKind
from orders.states import Status

Payload = Mapping[str, Any]
EVIDENCE = {
    "picked": say("Picked"),
    "paper": say("Picked with the paper list"),
    "packed": say("Packed"),
    "weighed": say("Weighed, and off"),
    "handover": say("Handed over"),
    "handover_stopped": say("Handing over broken off"),
    "rider_changed": say("Another rider has the bags"),
    "agreed_to_leave": say("Agreed to leave it at the door"),
    "door_photo": say("Photo at the door"),
    "pin_moved": say("The pin was moved"),
    "bag_back": say("A bag is back"),
    "bags_back": say("All bags are back"),
    "goods_back": say("The goods are back on the shelf"),
    "called_back": say("Called back"),
    "bags_lost": say("The bags do not come back"),
    "arrival_unproven": say("Says to be there, and no position shows it"),
}
"""What floor and street write down about an order, by its kind."""

SOONEST_WINS = say("Seconds until each could be at the shelf. The most urgent order chooses first: the lowest wins.")
BEST_IN_SUM = say(
    "What this order costs with each rider, in seconds of waiting. The round weighs all orders and all riders together "
    "and takes the plan that is best in sum: it need not be the lowest here."
)
FIRST_ANSWER = say("Those who could bring it soonest, in seconds to the door. The first answer counts.")


def rule_of(strategy: str, left: str) -> Said:
    """By what a round decides, for people who read its figures."""
    if left == "broadcast":
        return FIRST_ANSWER
    return SOONEST_WINS if strategy == "nearest" else BEST_IN_SUM


def sentence(code: str, payload: Payload) -> str:
    """What happened. An event nobody has words for yet is shown by its name: hidden would be worse."""
    tell = _SAY.get(code)
    try:
        return tell(payload) if tell else code.split(".")[-1]
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
    if code in (
        "delivery.ArrivalDoubted", "delivery.BagsCalledBack", "delivery.BagsNotComing", "delivery.TripInTrouble"
    ):  # fmt: skip
        return "stop"
    return "stop" if code in bad or payload.get("new") in ("CANCELLED", "UNDELIVERED") else ""


def _moved(p: Payload) -> Said:
    status = Status(p["new"]).label
    return say("{status}: {why}", status=status, why=p["why"]) if p.get("why") else say(status)


_ANSWERS = {
    "accepted": say("The rider took the trip"),
    "declined": say("The rider declined it"),
    "expired": say("The rider did not answer in time"),
    "withdrawn": say("The offer was withdrawn"),
}


def _answered(p: Payload) -> Said:
    answer = _ANSWERS[p["answer"]]
    return say("{answer} ({reason})", answer=answer, reason=p["reason"]) if p.get("reason") else answer


def _shorted(p: Payload) -> Said:
    figures = {"qty": p["qty"], "product": p["product_name"]}
    if p.get("refund_paise"):
        return say("{qty} × {product} could not be found, {money} refunded", money=rupees(p["refund_paise"]), **figures)
    return say("{qty} × {product} could not be found, taken off the bill", **figures)


def _recalled(p: Payload) -> Said:
    figures = {"qty": p["qty"], "product": p["product_name"]}
    if p.get("refund_paise"):
        return say("{qty} × {product} was recalled, {money} refunded", money=rupees(p["refund_paise"]), **figures)
    return say("{qty} × {product} was recalled, taken off the bill", **figures)


def _of_lot(p: Payload) -> str:
    return say("{product}, lot {lot},", product=p["product_name"], lot=p["lot"]) if p.get("lot") else p["product_name"]


def _substituted(p: Payload) -> Said:
    figures = {"qty": p["qty"], "given": p["substitute_name"], "wanted": p["product_name"]}
    if p.get("refund_paise"):
        return say("{qty} × {given} instead of {wanted}, {money} refunded", money=rupees(p["refund_paise"]), **figures)
    return say("{qty} × {given} instead of {wanted}", **figures)


def _packed(p: Payload) -> Said:
    if p["bags"] == 1:
        return say("1 bag on shelf place {place}", place=p["shelf_slot"])
    return say("{bags} bags on shelf place {place}", bags=p["bags"], place=p["shelf_slot"])


def _delivered(p: Payload) -> Said:
    if p["late_s"] >= 60:
        return say("Handed over, {minutes} min after the promise", minutes=p["late_s"] // 60)
    return say("Handed over in time")


def _picked(p: Payload) -> Said:
    return say("1 unit of a line picked") if p["qty"] == 1 else say("{qty} units of a line picked", qty=p["qty"])


def _passed_on(p: Payload) -> Said:
    if p.get("to_picker"):
        return say("Passed to another picker: {why}", why=p["why"])
    return say("Back in the queue: {why}", why=p["why"])


def _split(p: Payload) -> Said:
    if p.get("helper"):
        return say("{n} of its lines are fetched by somebody else", n=len(p["lines"]))
    return say("One picker again")


def _walk(p: Payload) -> Said:
    return say(
        "On one walk with {n} more: {metres} m instead of {alone} m ({why})",
        n=len(p["tasks"]) - 1, metres=p["metres"], alone=p["metres_alone"], why=p["why"],
    )  # fmt: skip


def _flagged(p: Payload) -> Said:
    return say("The {side} flagged a message of the chat", side=p["by_side"])


def _closed_dispute(p: Payload) -> Said:
    money = rupees(p["amount_paise"])
    return say("Dispute over {money} won", money=money) if p["won"] else say("Dispute over {money} lost", money=money)


def _rupees(p: Payload, name: str = "amount_paise") -> str:
    return rupees(p[name])


def _doubted(p: Payload) -> Said:
    figures = {"rider": p["rider"], "metres": p["metres"]}
    if p["where"] == "store":
        return say("{rider} says to be at the store, the phone is {metres} m away", **figures)
    return say("{rider} says to be at the door, the phone is {metres} m away", **figures)


_SAY: dict[str, Callable[[Payload], str]] = {
    "orders.OrderPlaced": lambda p: say("Placed for {money}", money=_rupees(p, "total_paise")),
    "orders.OrderMoved": _moved,
    "orders.OrderConfirmed": lambda p: say("The store was told"),
    "orders.OrderResourced": lambda p: say(
        "{new} does it instead of {old}: {why}", new=p["store_code"], old=p["old_store"], why=p["why"]
    ),
    "orders.OrderReleased": lambda p: say("Its time has come: the store begins with it"),
    "orders.LineSubstituted": _substituted,
    "orders.OrderPacked": _packed,
    "orders.OrderPickedUp": lambda p: say("The bags left the store"),
    "orders.RiderAtDoor": lambda p: say("The rider is at the door"),
    "orders.PinMoved": lambda p: say("The pin of the door was moved by {metres} m", metres=p["by_metres"]),
    "orders.RiderChanged": lambda p: say("{new} took the bags over from {old}", new=p["new"], old=p["old"]),
    "orders.BagsBack": lambda p: say("The store has the bags back"),
    "delivery.DoorWaitBegun": lambda p: say("Nobody opens: the rider waits"),
    "delivery.DoorWaitSet": lambda p: say("The wait at the door was changed: {why}", why=p["why"]),
    "delivery.DoorAnswered": lambda p: say("The customer answers: {answer}", answer=DoorAnswer(p["answer"]).label),
    "delivery.BagsLeftUnseen": lambda p: say("The rider put the bags down in the store, nobody took them"),
    "delivery.BagsOutgrewRider": lambda p: say(
        "{n} bags are more than {rider} can carry: somebody else is sought", n=p["bags"], rider=p["rider"]
    ),
    "delivery.ChatRead": lambda p: say("The chat was read: {why}", why=p["why"]),
    "delivery.ChatFlagged": _flagged,
    "orders.OrderDelivered": _delivered,
    "orders.OrderCancelled": lambda p: say("Cancelled: {reason}", reason=p["reason"]),
    "orders.OrderUndelivered": lambda p: say("Could not be handed over: {reason}", reason=p["reason"]),
    "orders.LineShorted": _shorted,
    "orders.LineRecalled": _recalled,
    "orders.RecalledUnitsHeld": lambda p: say("It holds units that were recalled"),
    "orders.OrderHeldBack": lambda p: say(
        "Must not leave: {units} × {what} in its bags was recalled", units=p["units"], what=_of_lot(p)
    ),
    "orders.HeldBackTold": lambda p: say("Operations were told that it must not leave"),
    "orders.RecallNotice": lambda p: say("The customer was told that {what} was recalled", what=_of_lot(p)),
    "orders.ClaimReceived": lambda p: say(
        "The customer says: {kind}. A person decides", kind=ClaimKind(p["kind"]).label
    ),
    "orders.ClaimApproved": lambda p: say(
        "Claim approved, {money} back ({rule})", money=_rupees(p, "refund_paise"), rule=rule_words(p["rule"])
    ),
    "orders.ClaimRefused": lambda p: say("Claim refused: {reason}", reason=p["reason"]),
    "orders.OrderRated": lambda p: say("Rated {stars} of 5", stars=p["stars"]),
    "orders.PromiseAtRisk": lambda p: say(
        "Expected {minutes} min late: {why}", minutes=max(1, p["expected_late_s"] // 60), why=p["why"]
    ),
    "orders.PromiseKeptAgain": lambda p: say("It will be in time after all"),
    "orders.RunningLate": lambda p: say("The customer was told that it runs late"),
    "payments.PaymentCaptured": lambda p: say("Paid {money}", money=_rupees(p)),
    "payments.CashHandedIn": lambda p: say(
        "{money} handed in, receipt {receipt}", money=_rupees(p), receipt=p["receipt"]
    ),
    "payments.PaymentDeclined": lambda p: say("The payment was declined: {reason}", reason=p["reason"]),
    "payments.RefundStarted": lambda p: say(
        "Refund of {money} started: {reason}", money=_rupees(p), reason=p["reason"]
    ),
    "payments.RefundCompleted": lambda p: say("Refund of {money} completed", money=_rupees(p)),
    "payments.DisputeOpened": lambda p: say(
        "The bank disputes {money}: {reason}", money=_rupees(p), reason=p["reason"]
    ),
    "payments.DisputeClosed": _closed_dispute,
    "orders.OrderClosed": lambda p: say("The time for claims is over"),
    "payments.WalletCredited": lambda p: say("{money} into the wallet: {reason}", money=_rupees(p), reason=p["reason"]),
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
    "delivery.ArrivalDoubted": _doubted,
    "delivery.BagsNotComing": lambda p: say("The bags do not come back: {reason}", reason=p["reason"]),
    "delivery.BagsCalledBack": lambda p: say("Operations called the bags back: {reason}", reason=p["reason"]),
    "delivery.TripInTrouble": lambda p: (
        say("The rider's phone fell silent") if p.get("what") == "silent" else say("The rider does not come nearer")
    ),
    "delivery.TripGrew": lambda p: say("Goes along on a trip that had not left the store"),
    "delivery.OfferMade": lambda p: say("Offered to a rider"),
    "delivery.OfferAnswered": _answered,
}
