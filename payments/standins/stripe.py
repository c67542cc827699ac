"""A stand-in for Stripe: ours, not theirs, and no money moves. PaymentIntents, refunds and disputes live in memory.

It answers the part of https://docs.stripe.com/api that the adapter uses, in forms and JSON as the official SDK speaks
them, signs events with Stripe's scheme (`Stripe-Signature: t=<unix>,v1=<hex HMAC-SHA256 of "<t>.<body>">`), and can be
told what goes wrong. As at Stripe the first answer to an idempotency key is kept, refusals too, and the same key with
other parameters is refused. Without Django; run alone with `python -m payments.standins.stripe [port]`.

    with StripeStandIn(secret_key="sk_test_x", webhook_secret="whsec_w") as stripe:
        ...                                    # stripe.url is the API's base
        stripe.fail_next("refund", "refuse")
        stripe.pay(intent_id, method="upi")    # what a payer does in the Payment Element
        stripe.take_messages()                 # events owed, signed: [(headers, body), ...]
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from payments.standins.server import HANGS_S, Door, Entity, StandIn

FAULTS = frozenset({"refuse", "500", "html", "lose", "hang"})
"""Of one call: refused (400), broken (500, or a proxy's page), done but its answer lost, never answered."""
CARD = {
    "brand": "visa",
    "last4": "4242",
    "exp_month": 12,
    "exp_year": 2035,
    "funding": "credit",
    "country": "IN",
    "fingerprint": "StandInFingerprint",
    "number": "4242424242424242",  # the real one never sends it; should ours be kept anywhere, a test sees it
}
BILLING = {"name": "Priya Sharma", "email": "priya@example.com", "phone": "+919876543210"}
TOKENS = {"pm_card_visa": "", "pm_card_chargeDeclined": "Your card was declined."}
"""Payment methods that Stripe keeps for tests, and why they are declined."""
UNPAID = frozenset({"requires_payment_method", "requires_confirmation", "requires_action"})


class Refused(Exception):
    """An error of Stripe's API. `kept`: it came up while the call was worked on, so its key answers it again."""

    def __init__(self, words: str, *, status: int = 400, code: str = "", kept: bool = False, **more: Any) -> None:
        super().__init__(words)
        self.status, self.kept = status, kept
        kind = "card_error" if status == 402 else "api_error" if status >= 500 else "invalid_request_error"
        self.body: Entity = {"error": {"type": kind, "code": code, "message": words, **more}}


@dataclass
class StripeStandIn(StandIn):
    faults = FAULTS

    secret_key: str
    webhook_secret: str
    intents: dict[str, Entity] = field(default_factory=dict)
    refunds: dict[str, Entity] = field(default_factory=dict)
    disputes: dict[str, Entity] = field(default_factory=dict)
    _answers: dict[str, tuple[str, Entity, int, Entity]] = field(default_factory=dict)

    # -- what a payer, a bank or misfortune does ----------------------------------------------------------------------

    def pay(self, intent_id: str, *, method: str = "card", decline: str = "") -> Entity:
        """The payer confirms in the Payment Element. Reserved when the intent is captured by hand, taken else; after a
        decline the same intent may be tried again. Raises Refused."""
        with self._lock:
            intent = self._known(self.intents, intent_id)
            if intent["status"] not in UNPAID:
                raise self._unexpected(intent, "confirm")
            if method not in intent["payment_method_types"]:
                raise Refused(f"This PaymentIntent takes no {method}.")
            intent["payment_method"] = {"id": f"pm_{_word()}", "object": "payment_method", "type": method}
            intent["payment_method"] |= {method: dict(CARD) if method == "card" else {"vpa": "priya@okhdfcbank"}}
            intent["payment_method"]["billing_details"] = dict(BILLING)
            intent["latest_charge"] = f"ch_{_word()}"
            if decline:
                error = {"type": "card_error", "code": "card_declined", "message": decline}
                intent |= {"status": "requires_payment_method", "last_payment_error": error, "latest_charge": None}
                self._owe("payment_intent.payment_failed", self._told(intent))
                intent["payment_method"] = None
                return intent
            intent["last_payment_error"] = None
            if intent["capture_method"] == "manual":
                intent |= {"status": "requires_capture", "amount_capturable": intent["amount"]}
                self._owe("payment_intent.amount_capturable_updated", self._told(intent))
            else:
                self._take(intent, intent["amount"])
            return intent

    def let_go(self, intent_id: str) -> None:
        """The time to capture is over: what was reserved goes back, as Stripe does by itself."""
        with self._lock:
            self._cancel(self.intents[intent_id], why="automatic")

    def fail_refund(self, refund_id: str, *, why: str = "expired_or_canceled_card") -> None:
        """The bank did not take it after all."""
        with self._lock:
            refund = self.refunds[refund_id]
            refund |= {"status": "failed", "failure_reason": why}
            self._owe("refund.failed", refund)

    def settle_refunds(self) -> None:
        """What is pending arrives at the customers' banks."""
        with self._lock:
            for refund in self.refunds.values():
                if refund["status"] == "pending":
                    refund["status"] = "succeeded"
                    self._owe("refund.updated", refund)

    def dispute(self, intent_id: str, *, reason: str = "product_not_received", inquiry: bool = False) -> Entity:
        """The payer's bank asks for the money back and takes it at once; an inquiry only asks."""
        with self._lock:
            intent = self.intents[intent_id]
            dispute: Entity = {
                "id": f"dp_{_word()}",
                "object": "dispute",
                "amount": intent["amount_received"],
                "currency": intent["currency"],
                "charge": intent["latest_charge"],
                "payment_intent": intent_id,
                "reason": reason,
                "status": "warning_needs_response" if inquiry else "needs_response",
                "evidence_details": {"due_by": self._now() + 7 * 86400, "has_evidence": False},
                "metadata": {},
                "created": self._now(),
            }
            self.disputes[dispute["id"]] = dispute
            self._owe("charge.dispute.created", dispute)
            if not inquiry:
                self._owe("charge.dispute.funds_withdrawn", dispute)
            return dispute

    def end_dispute(self, dispute_id: str, *, won: bool) -> None:
        with self._lock:
            dispute = self.disputes[dispute_id]
            dispute["status"] = "won" if won else "lost"
            self._owe("charge.dispute.closed", dispute)

    def signed(self, body: bytes, *, at: int | None = None) -> dict[str, str]:
        stamp = self._now() if at is None else at
        mac = hmac.new(self.webhook_secret.encode(), b"%d.%s" % (stamp, body), hashlib.sha256).hexdigest()
        return {"Content-Type": "application/json", "Stripe-Signature": f"t={stamp},v1={mac}"}

    # -- its own book -------------------------------------------------------------------------------------------------

    def _now(self) -> int:
        return int(self.clock())

    def _take(self, intent: Entity, amount: int) -> None:
        intent |= {"status": "succeeded", "amount_capturable": 0, "amount_received": amount}
        self._owe("payment_intent.succeeded", self._told(intent))

    def _cancel(self, intent: Entity, *, why: str | None) -> None:
        intent |= {"status": "canceled", "amount_capturable": 0, "cancellation_reason": why}
        intent["canceled_at"] = self._now()
        self._owe("payment_intent.canceled", self._told(intent))

    @staticmethod
    def _told(intent: Entity) -> Entity:
        """As it is sent where nobody asked for more: the payment method by its id alone."""
        way = intent["payment_method"]
        return {**intent, "payment_method": way and way["id"]}

    def _owe(self, kind: str, thing: Entity) -> None:
        event = {
            "id": f"evt_{_word()}",
            "object": "event",
            "type": kind,
            "created": self._now(),
            "livemode": False,
            "data": {"object": thing},
        }
        body = json.dumps(event).encode()
        self._owed.append((self.signed(body), body))

    # -- calls --------------------------------------------------------------------------------------------------------

    def answer(self, call: str, thing_id: str, asked: Entity, *, key: str, refuse: bool) -> tuple[int, Entity, bool]:
        """(status, body, whether it is the kept answer to this key)."""
        with self._lock:
            self.calls.append(call)
            about = f"{call} {thing_id}"
            if key in self._answers:
                was_about, was_asked, status, body = self._answers[key]
                if (was_about, was_asked) != (about, asked):
                    return 400, _mismatch(key), False
                return status, body, True
            kept = True
            try:
                if refuse:
                    raise Refused("This can't be done right now.", code="balance_insufficient", kept=True)
                status, body = 200, getattr(self, f"_call_{call}")(thing_id, asked)
            except Refused as refusal:
                status, body, kept = refusal.status, refusal.body, refusal.kept
            body = json.loads(json.dumps(body))
            if key and kept:
                self._answers[key] = (about, asked, status, body)
            return status, body, False

    def _call_create(self, _: str, asked: Entity) -> Entity:
        amount = int(asked.get("amount") or 0)
        if amount < 50:
            raise Refused("Amount must convert to at least 50 cents.", code="amount_too_small", param="amount")
        intent_id = f"pi_{_word()}"
        intent: Entity = {
            "id": intent_id,
            "object": "payment_intent",
            "amount": amount,
            "amount_capturable": 0,
            "amount_received": 0,
            "currency": asked["currency"],
            "payment_method_types": list((asked.get("allowed_payment_method_types") or {"0": "card"}).values()),
            "capture_method": asked.get("capture_method", "automatic"),
            "client_secret": f"{intent_id}_secret_{_word()}",
            "metadata": asked.get("metadata") or {},
            "status": "requires_payment_method",
            "payment_method": None,
            "latest_charge": None,
            "last_payment_error": None,
            "cancellation_reason": None,
            "canceled_at": None,
            "livemode": False,
            "created": self._now(),
        }
        self.intents[intent_id] = intent
        return intent

    def _call_retrieve(self, thing_id: str, asked: Entity) -> Entity:
        intent = self._known(self.intents, thing_id)
        return intent if "payment_method" in (asked.get("expand") or {}).values() else self._told(intent)

    def _call_confirm(self, thing_id: str, asked: Entity) -> Entity:
        token = str(asked.get("payment_method"))
        if token not in TOKENS:
            raise Refused(f"No such PaymentMethod: '{token}'", code="resource_missing", param="payment_method")
        intent = self.pay(thing_id, decline=TOKENS[token])
        if error := intent["last_payment_error"]:
            raise Refused(error["message"], status=402, code=error["code"], kept=True)
        return self._told(intent)

    def _call_capture(self, thing_id: str, asked: Entity) -> Entity:
        intent = self._known(self.intents, thing_id)
        if intent["status"] != "requires_capture":
            raise self._unexpected(intent, "capture")
        amount = int(asked.get("amount_to_capture") or intent["amount_capturable"])
        if amount > intent["amount_capturable"]:
            raise Refused("The amount could not be captured: it is more than can be.", code="amount_too_large")
        self._take(intent, amount)
        return self._told(intent)

    def _call_cancel(self, thing_id: str, asked: Entity) -> Entity:
        intent = self._known(self.intents, thing_id)
        if intent["status"] not in UNPAID | {"requires_capture"}:
            raise self._unexpected(intent, "cancel")
        self._cancel(intent, why=asked.get("cancellation_reason"))
        return self._told(intent)

    def _call_refund(self, _: str, asked: Entity) -> Entity:
        """Of a card at once, of UPI once the bank has it."""
        intent = self._known(self.intents, str(asked.get("payment_intent")))
        if intent["status"] != "succeeded":
            raise Refused("This PaymentIntent does not have a successful charge to refund.", kept=True)
        live = [r for r in self._refunds_of(intent["id"]) if r["status"] not in ("failed", "canceled")]
        left = intent["amount_received"] - sum(refund["amount"] for refund in live)
        amount = int(asked.get("amount") or left)
        if amount > left:
            raise Refused("Refund amount is greater than unrefunded amount on charge.", code="amount_too_large")
        by_card = intent["payment_method"]["type"] == "card"
        refund: Entity = {
            "id": f"re_{_word()}",
            "object": "refund",
            "amount": amount,
            "currency": intent["currency"],
            "charge": intent["latest_charge"],
            "payment_intent": intent["id"],
            "metadata": asked.get("metadata") or {},
            "reason": asked.get("reason"),
            "status": "succeeded" if by_card else "pending",
            "failure_reason": None,
            "created": self._now(),
        }
        self.refunds[refund["id"]] = refund
        self._owe("refund.created", refund)
        return refund

    def _call_refund_of(self, thing_id: str, asked: Entity) -> Entity:
        return self._known(self.refunds, thing_id)

    def _call_refunds(self, _: str, asked: Entity) -> Entity:
        """The newest first, a page at a time."""
        found = list(reversed(self._refunds_of(asked.get("payment_intent"))))
        if after := asked.get("starting_after"):
            found = found[[refund["id"] for refund in found].index(after) + 1 :]
        most = int(asked.get("limit") or 10)
        return {"object": "list", "url": "/v1/refunds", "has_more": len(found) > most, "data": found[:most]}

    def _refunds_of(self, intent_id: str | None) -> list[Entity]:
        return [r for r in self.refunds.values() if intent_id in (None, r["payment_intent"])]

    @staticmethod
    def _known(book: dict[str, Entity], thing_id: str) -> Entity:
        if thing_id not in book:
            raise Refused(f"No such object: '{thing_id}'", status=404, code="resource_missing")
        return book[thing_id]

    @staticmethod
    def _unexpected(intent: Entity, act: str) -> Refused:
        words = f"You cannot {act} this PaymentIntent because it has a status of {intent['status']}."
        return Refused(words, code="payment_intent_unexpected_state", kept=True)

    def fault_of(self, call: str, key: str) -> str:
        """A kept answer is only repeated: what would be refused waits for a call that is worked on."""
        with self._lock:
            waiting = self._faults.get(call)
            if not waiting or (waiting[0] == "refuse" and key in self._answers):
                return ""
            return waiting.popleft()


_ID = r"(\w+)"
CALLS = [
    ("POST", re.compile(r"payment_intents"), "create"),
    ("GET", re.compile(rf"payment_intents/{_ID}"), "retrieve"),
    ("POST", re.compile(rf"payment_intents/{_ID}/confirm"), "confirm"),
    ("POST", re.compile(rf"payment_intents/{_ID}/capture"), "capture"),
    ("POST", re.compile(rf"payment_intents/{_ID}/cancel"), "cancel"),
    ("POST", re.compile(r"refunds"), "refund"),
    ("GET", re.compile(r"refunds"), "refunds"),
    ("GET", re.compile(rf"refunds/{_ID}"), "refund_of"),
]


class _Door(Door):
    stand_in: StripeStandIn

    def serve(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        address = urlsplit(self.path)
        call, thing_id = _call(self.command, address.path)
        if not call:
            return self._send(404, Refused(f"Unrecognized request URL ({self.command}: {address.path}).").body)
        if self.headers.get("Authorization") != f"Bearer {self.stand_in.secret_key}":
            return self._send(401, Refused("Invalid API Key provided.").body)
        asked = _form([*parse_qsl(address.query), *parse_qsl(raw)])
        key = (self.headers.get("Idempotency-Key") or "") if self.command == "POST" else ""
        fault = self.stand_in.fault_of(call, key)
        if fault == "500":
            return self._send(500, Refused("An unknown error occurred.", status=500).body)
        if fault == "html":
            return self._send(502, "<html>Bad gateway</html>")
        status, body, again = self.stand_in.answer(call, thing_id, asked, key=key, refuse=fault == "refuse")
        if fault in ("lose", "hang"):
            if fault == "hang":
                self.stand_in._closing.wait(HANGS_S)
            self.close_connection = True
            return None
        return self._send(status, body, again=again)

    def _send(self, status: int, answer: Entity | str, *, again: bool = False) -> None:
        replayed = {"Idempotent_Replayed": "true"} if again else {}
        self.send(status, answer, Request_Id=f"req_{_word()}", X_Stand_In="not Stripe; no money moves", **replayed)


StripeStandIn.door = _Door


def _call(verb: str, path: str) -> tuple[str, str]:
    for its_verb, shape, name in CALLS:
        if verb == its_verb and (found := shape.fullmatch(path.removeprefix("/v1/"))):
            return name, found.group(1) if found.groups() else ""
    return "", ""


def _form(pairs: Iterable[tuple[str, str]]) -> Entity:
    """`metadata[attempt_id]=1` becomes {"metadata": {"attempt_id": "1"}}; lists have their places as names."""
    made: Entity = {}
    for name, value in pairs:
        first, *deeper = re.findall(r"[^\[\]]+", name)
        if deeper:
            made.setdefault(first, {})[deeper[0]] = value
        else:
            made[first] = value
    return made


def _mismatch(key: str) -> Entity:
    words = f"Keys for idempotent requests can only be used with the same parameters: '{key}'."
    return {"error": {"type": "idempotency_error", "message": words}}


def _word() -> str:
    return secrets.token_hex(12)


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 8201
    with StripeStandIn("sk_test_standin", "whsec_standin", port=wanted) as running:
        print(f"A stand-in for Stripe (no money moves) at {running.url}; key sk_test_standin, webhooks whsec_standin")
        threading.Event().wait()
