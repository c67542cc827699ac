"""A stand-in for Razorpay: ours, not theirs, and no money moves. Orders, payments and refunds live in memory.

It answers the part of https://razorpay.com/docs/api that the adapter uses, signs messages as Razorpay does, and can be
told what goes wrong. Without Django; run alone with `python -m payments.standins.razorpay [port]`.

    with RazorpayStandIn(key_id="rzp_test_x", key_secret="s", webhook_secret="w") as razorpay:
        ...                                   # razorpay.url is the base URL
        razorpay.fail_next("refund", "refuse")
        razorpay.pay(order_id, method="upi")  # what a payer does in Checkout
        razorpay.take_messages()              # webhooks owed, signed: [(headers, body), ...]
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from payments.standins.server import HANGS_S, Door, Entity, StandIn

FAULTS = frozenset({"refuse", "500", "html", "lose", "hang", "slow"})
"""Of one call: refused (400), broken (500, or a proxy's page), done but its answer lost, never answered, late."""
SLOW_S = 0.2
CARD = {
    "id": "card_StandIn0000001",
    "entity": "card",
    "name": "Priya Sharma",
    "last4": "1111",
    "network": "Visa",
    "type": "credit",
    "issuer": "HDFC",
    "international": False,
    "iin": "411111",
    "number": "4111111111111111",  # the real one never sends it; should ours be kept anywhere, a test sees it
}


class Refused(Exception):
    """HTTP 400 with Razorpay's error body."""


@dataclass
class RazorpayStandIn(StandIn):
    faults = FAULTS

    key_id: str
    key_secret: str
    webhook_secret: str
    orders: dict[str, Entity] = field(default_factory=dict)
    payments: dict[str, Entity] = field(default_factory=dict)
    refunds: dict[str, Entity] = field(default_factory=dict)
    disputes: dict[str, Entity] = field(default_factory=dict)
    _refund_keys: dict[str, str] = field(default_factory=dict)

    # -- what a payer, a bank or misfortune does ----------------------------------------------------------------------

    def pay(self, order_id: str, *, method: str = "upi", decline: str = "") -> Entity:
        """A payer goes through Checkout. Reserved when the order is captured by hand, captured else."""
        with self._lock:
            order = self.orders[order_id]
            payment = self._new_payment(order, method)
            order["attempts"] += 1
            if decline:
                payment |= {"status": "failed", "error_code": "BAD_REQUEST_ERROR", "error_description": decline}
                self._owe("payment.failed", payment=payment)
                return payment
            payment["status"] = "authorized"
            self._owe("payment.authorized", payment=payment)
            if order["capture"] == "automatic":
                self._capture(payment)
            else:
                order["status"] = "attempted"
            return payment

    def let_go(self, order_id: str) -> None:
        """The time to capture is over: what was reserved goes back, as Razorpay does by itself."""
        with self._lock:
            for payment in self.payments.values():
                if payment["order_id"] == order_id and payment["status"] == "authorized":
                    payment |= {"status": "failed", "error_description": "The payment was not captured in time."}

    def dispute(self, payment_id: str, *, amount: int, reason: str = "goods_not_received") -> Entity:
        with self._lock:
            now = int(self.clock())
            dispute: Entity = {
                "id": f"disp_{_word()}",
                "entity": "dispute",
                "payment_id": payment_id,
                "amount": amount,
                "currency": "INR",
                "amount_deducted": 0,
                "reason_code": reason,
                "respond_by": now + 7 * 86400,
                "status": "open",
                "phase": "chargeback",
                "created_at": now,
            }
            self.disputes[dispute["id"]] = dispute
            self._owe("payment.dispute.created", payment=self.payments[payment_id], dispute=dispute)
            return dispute

    def end_dispute(self, dispute_id: str, *, won: bool) -> None:
        with self._lock:
            dispute = self.disputes[dispute_id]
            dispute["status"] = "won" if won else "lost"
            dispute["amount_deducted"] = 0 if won else dispute["amount"]
            kind = f"payment.dispute.{dispute['status']}"
            self._owe(kind, payment=self.payments[dispute["payment_id"]], dispute=dispute)

    def fail_refund(self, refund_id: str) -> None:
        """The bank did not take it after all."""
        with self._lock:
            refund = self.refunds[refund_id]
            refund["status"] = "failed"
            payment = self.payments[refund["payment_id"]]
            payment["amount_refunded"] -= refund["amount"]
            payment["status"] = "captured"
            self._owe("refund.failed", refund=refund, payment=payment)

    def settle_refunds(self) -> None:
        """What is pending arrives at the customers' banks."""
        with self._lock:
            for refund in self.refunds.values():
                if refund["status"] == "pending":
                    refund["status"] = "processed"
                    self._owe("refund.processed", refund=refund, payment=self.payments[refund["payment_id"]])

    def callback(self, payment: Entity) -> dict[str, str]:
        """What Checkout hands to the page after this payment."""
        text = f"{payment['order_id']}|{payment['id']}"
        return {
            "razorpay_order_id": payment["order_id"],
            "razorpay_payment_id": payment["id"],
            "razorpay_signature": _mac(self.key_secret, text.encode()),
        }

    # -- its own book -------------------------------------------------------------------------------------------------

    def _new_payment(self, order: Entity, method: str) -> Entity:
        payment: Entity = {
            "id": f"pay_{_word()}",
            "entity": "payment",
            "amount": order["amount"],
            "currency": "INR",
            "status": "created",
            "order_id": order["id"],
            "method": method,
            "amount_refunded": 0,
            "refund_status": None,
            "captured": False,
            "card_id": CARD["id"] if method == "card" else None,
            "card": dict(CARD) if method == "card" else None,
            "bank": "HDFC" if method == "netbanking" else None,
            "vpa": "priya@okhdfcbank" if method == "upi" else None,
            "email": "priya@example.com",
            "contact": "+919876543210",
            "notes": {"attempt": order["receipt"]},
            "error_code": None,
            "error_description": None,
            "created_at": int(self.clock()),
        }
        self.payments[payment["id"]] = payment
        return payment

    def _capture(self, payment: Entity) -> None:
        payment |= {"status": "captured", "captured": True}
        order = self.orders[payment["order_id"]]
        order |= {"status": "paid", "amount_paid": order["amount"], "amount_due": 0}
        self._owe("payment.captured", payment=payment)
        self._owe("order.paid", payment=payment, order=order)

    def _owe(self, kind: str, **entities: Entity) -> None:
        body = json.dumps(
            {
                "entity": "event",
                "account_id": "acc_StandIn",
                "event": kind,
                "contains": list(entities),
                "payload": {name: {"entity": entity} for name, entity in entities.items()},
                "created_at": int(self.clock()),
            }
        ).encode()
        self._owed.append((self.signed(body), body))

    def signed(self, body: bytes, *, event_id: str = "") -> dict[str, str]:
        return {
            "Content-Type": "application/json",
            "X-Razorpay-Signature": _mac(self.webhook_secret, body),
            "X-Razorpay-Event-Id": event_id or f"ev_{_word()}",
        }

    # -- calls --------------------------------------------------------------------------------------------------------

    def answer(self, call: str, path: list[str], body: Entity, query: dict[str, str], headers: Any) -> Entity:
        with self._lock:
            self.calls.append(call)
            return getattr(self, f"_call_{call}")(path, body, query, headers)  # type: ignore[no-any-return]

    def _call_order(self, path: list[str], body: Entity, query: dict[str, str], headers: Any) -> Entity:
        if int(body.get("amount") or 0) < 100:
            raise Refused("Order amount less than minimum amount allowed")
        order: Entity = {
            "id": f"order_{_word()}",
            "entity": "order",
            "amount": int(body["amount"]),
            "amount_paid": 0,
            "amount_due": int(body["amount"]),
            "currency": body["currency"],
            "receipt": str(body.get("receipt") or "")[:40],
            "status": "created",
            "attempts": 0,
            "notes": body.get("notes") or [],
            "created_at": int(self.clock()),
            "capture": (body.get("payment") or {}).get("capture", "automatic"),
        }
        self.orders[order["id"]] = order
        return order

    def _call_orders(self, path: list[str], body: Entity, query: dict[str, str], headers: Any) -> Entity:
        return _collection(o for o in self.orders.values() if o["receipt"] == query.get("receipt", o["receipt"]))

    def _call_payments(self, path: list[str], body: Entity, query: dict[str, str], headers: Any) -> Entity:
        self._known(self.orders, path[1])
        return _collection(p for p in self.payments.values() if p["order_id"] == path[1])

    def _call_capture(self, path: list[str], body: Entity, query: dict[str, str], headers: Any) -> Entity:
        payment = self._known(self.payments, path[1])
        if payment["status"] == "captured":
            raise Refused("This payment has already been captured")
        if payment["status"] != "authorized":
            raise Refused("Only payments which have been authorized and not yet captured can be captured")
        if body.get("amount") != payment["amount"]:
            raise Refused("Capture amount must be equal to the amount authorized")
        self._capture(payment)
        return payment

    def _call_refund(self, path: list[str], body: Entity, query: dict[str, str], headers: Any) -> Entity:
        key = headers.get("X-Refund-Idempotency") or ""
        if key in self._refund_keys:
            return self.refunds[self._refund_keys[key]]
        payment = self._known(self.payments, path[1])
        amount = int(body.get("amount") or payment["amount"])
        if payment["status"] != "captured" or payment["amount_refunded"] + amount > payment["amount"]:
            raise Refused("The total refund amount is greater than the refund payment amount")
        refund: Entity = {
            "id": f"rfnd_{_word()}",
            "entity": "refund",
            "amount": amount,
            "currency": "INR",
            "payment_id": payment["id"],
            "notes": body.get("notes") or [],
            "receipt": body.get("receipt"),
            "status": "pending",
            "speed_requested": body.get("speed", "normal"),
            "created_at": int(self.clock()),
        }
        payment["amount_refunded"] += amount
        if payment["amount_refunded"] == payment["amount"]:
            payment["status"] = "refunded"
        self.refunds[refund["id"]] = refund
        if key:
            self._refund_keys[key] = refund["id"]
        return refund

    def _call_refunds(self, path: list[str], body: Entity, query: dict[str, str], headers: Any) -> Entity:
        self._known(self.payments, path[1])
        return _collection(r for r in self.refunds.values() if r["payment_id"] == path[1])

    @staticmethod
    def _known(book: dict[str, Entity], entity_id: str) -> Entity:
        if entity_id not in book:
            raise Refused("The id provided does not exist")
        return book[entity_id]

    @contextmanager
    def fault_of(self, call: str) -> Iterator[str]:
        with self._lock:
            waiting = self._faults.get(call)
            fault = waiting.popleft() if waiting else ""
        if fault == "slow":
            self._closing.wait(SLOW_S)
        yield fault
        if fault == "hang":
            self._closing.wait(HANGS_S)


CALLS = [
    ("POST", re.compile(r"orders"), "order"),
    ("GET", re.compile(r"orders"), "orders"),
    ("GET", re.compile(r"orders/\w+/payments"), "payments"),
    ("POST", re.compile(r"payments/\w+/capture"), "capture"),
    ("POST", re.compile(r"payments/\w+/refund"), "refund"),
    ("GET", re.compile(r"payments/\w+/refunds"), "refunds"),
]


class _Door(Door):
    stand_in: RazorpayStandIn

    def serve(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = urlsplit(self.path)
        path = asked.path.removeprefix("/v1/")
        call = next((name for verb, shape, name in CALLS if verb == self.command and shape.fullmatch(path)), "")
        if not call:
            return self._send(404, _error("The requested URL was not found on the server."))
        keys = base64.b64encode(f"{self.stand_in.key_id}:{self.stand_in.key_secret}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {keys}":
            return self._send(401, _error("Authentication failed"))
        query = {name: values[0] for name, values in parse_qs(asked.query).items()}
        body = json.loads(raw) if raw else {}
        with self.stand_in.fault_of(call) as fault:
            if fault == "refuse":
                return self._send(400, _error("Your request was refused."))
            if fault == "500":
                return self._send(500, _error("We are facing some trouble.", code="SERVER_ERROR"))
            if fault == "html":
                return self._send(502, "<html>Bad gateway</html>")
            try:
                status, answer = 200, self.stand_in.answer(call, path.split("/"), body, query, self.headers)
            except Refused as refusal:
                status, answer = 400, _error(str(refusal))
        if fault in ("lose", "hang"):
            self.close_connection = True
            return None
        return self._send(status, answer)

    def _send(self, status: int, answer: Entity | str) -> None:
        self.send(status, answer, X_Stand_In="not Razorpay; no money moves")


RazorpayStandIn.door = _Door


def _error(description: str, *, code: str = "BAD_REQUEST_ERROR") -> Entity:
    return {"error": {"code": code, "description": description, "source": "business", "step": "", "reason": ""}}


def _collection(items: Iterator[Entity]) -> Entity:
    found = list(items)
    return {"entity": "collection", "count": len(found), "items": found}


def _mac(secret: str, text: bytes) -> str:
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def _word() -> str:
    return secrets.token_hex(7)


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 8200
    with RazorpayStandIn("rzp_test_standin", "standin-secret", "standin-webhook", port=wanted) as running:
        print(f"A stand-in for Razorpay (no money moves) at {running.url}; key rzp_test_standin, secret standin-secret")
        threading.Event().wait()
