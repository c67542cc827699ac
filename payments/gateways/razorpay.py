"""Razorpay, by its official SDK. One attempt is one order there; `gateway_ref` is the order's id.

https://razorpay.com/docs/api: an order may see several payments, of which one is captured. With manual capture (the
default) a payment is only reserved until we take it, so nothing has to go back when the order was cancelled meanwhile;
what we do not take is let go by Razorpay itself after `RESERVED_M` minutes (there is no call for it). A UPI collect
address is handed to Checkout: no collect request leaves here before the customer has seen the amount.

Messages are signed over their body (`X-Razorpay-Signature`) and named by `X-Razorpay-Event-Id`. Razorpay repeats one
for 24 hours, so `created_at` may be old; beyond `OLDEST` it is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
import requests
from django.conf import settings
from django.core.cache import cache
from razorpay import Client
from razorpay.errors import BadRequestError, SignatureVerificationError

from blinkit.kernel.errors import Conflict
from payments.errors import BadSignature, GatewayRefused
from payments.gateways.base import (
    AUTHORISED,
    CAPTURED,
    DECLINED,
    DISPUTE_LOST,
    DISPUTE_WON,
    DISPUTED,
    REFUND_FAILED,
    REFUNDED,
    Intent,
    Message,
    Notice,
    RefundAnswer,
)
from payments.models import Refund

SIGNATURE_HEADER, EVENT_HEADER = "X-Razorpay-Signature", "X-Razorpay-Event-Id"
CONNECT_S, READ_S = 3.0, 10.0
OLDEST = timedelta(hours=48)
AHEAD = timedelta(minutes=5)
RESERVED_M = 60
"""Longer than a payment window, so that a slow capture still works; shorter than a customer's patience."""
INTENT_LIVES = timedelta(minutes=30)
STARTED_KEPT_S = 24 * 3600

KINDS = {
    "payment.authorized": AUTHORISED,
    "payment.captured": CAPTURED,
    "order.paid": CAPTURED,
    "payment.failed": DECLINED,
    "refund.processed": REFUNDED,
    "refund.failed": REFUND_FAILED,
    "payment.dispute.created": DISPUTED,
    "payment.dispute.under_review": DISPUTED,
    "payment.dispute.action_required": DISPUTED,
    "payment.dispute.won": DISPUTE_WON,
    "payment.dispute.lost": DISPUTE_LOST,
    "payment.dispute.closed": DISPUTE_WON,  # without a verdict; lost when something was deducted
}
STATES = {"captured": CAPTURED, "refunded": CAPTURED, "authorized": AUTHORISED, "failed": DECLINED}
LABELS = {"upi": "UPI", "netbanking": "Netbanking", "card": "card"}


class RazorpayGateway:
    name = "razorpay"
    settles_into = "gateway:razorpay"
    methods = frozenset({"upi", "card", "netbanking"})

    @property
    def client(self) -> Client:
        return _client(settings.RAZORPAY_KEY_ID, settings.RAZORPAY_KEY_SECRET, settings.RAZORPAY_BASE_URL)

    def start(self, *, attempt_id: UUID, amount_paise: int, instrument: str, now: datetime, vpa: str = "") -> Intent:
        """An order whose receipt is the attempt. Razorpay does not refuse a second order of one receipt, so a repeated
        call looks for the first. Raises GatewayRefused when Razorpay does not want it.
        """
        order = self._order_of(attempt_id) if _asked_before(attempt_id) else None
        if order is None:
            order = _ask(
                self.client.order.create,
                {
                    "amount": amount_paise,
                    "currency": "INR",
                    "receipt": str(attempt_id),
                    "notes": {"attempt": str(attempt_id), "method": instrument},
                    "payment": {
                        "capture": settings.RAZORPAY_CAPTURE,
                        "capture_options": {
                            "automatic_expiry_period": 12,
                            "manual_expiry_period": RESERVED_M,
                            "refund_speed": "normal",
                        },
                    },
                },
            )
        order_id = str(order["id"])
        client = self.client_facts(order_id, amount_paise=amount_paise, attempt_id=attempt_id, method=instrument)
        if vpa:
            client["prefill"]["vpa"] = vpa
        return Intent(order_id, f"/pay/{attempt_id}/", now + INTENT_LIVES, client)

    def client_facts(self, order_id: str, *, amount_paise: int, attempt_id: UUID, method: str) -> dict[str, Any]:
        """What Checkout, or Razorpay's SDK in an app, is opened with; all of it may be public."""
        return {
            "key": settings.RAZORPAY_KEY_ID,
            "order_id": order_id,
            "amount": amount_paise,
            "currency": "INR",
            "notes": {"attempt": str(attempt_id)},
            "prefill": {"method": method},
        }

    def verify(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Message:
        try:
            text = body.decode()
            signature = headers.get(SIGNATURE_HEADER) or ""
            self.client.utility.verify_webhook_signature(text, signature, settings.RAZORPAY_WEBHOOK_SECRET)
        except (SignatureVerificationError, TypeError, UnicodeDecodeError):
            raise BadSignature("The signature does not fit the message.") from None
        try:
            message = orjson.loads(body)
            told_at, kind = datetime.fromtimestamp(int(message["created_at"]), UTC), str(message["event"])
        except (ValueError, KeyError, TypeError, OverflowError):
            raise BadSignature("This is not a message of Razorpay.") from None
        if not now - OLDEST < told_at < now + AHEAD:
            raise BadSignature("The message is too old.")
        event_id = headers.get(EVENT_HEADER) or ""
        if not event_id:
            raise BadSignature("The message has no id.")
        return Message(event_id, kind, message)

    def read(self, message: Mapping[str, Any]) -> Notice | None:
        kind = KINDS.get(str(message.get("event")))
        if kind is None:
            return None
        payload = message.get("payload") or {}
        payment, order, refund, dispute = (
            (payload.get(name) or {}).get("entity") or {} for name in ("payment", "order", "refund", "dispute")
        )
        notice = _of_payment(kind, payment, order)
        if kind in (REFUNDED, REFUND_FAILED):
            return Notice(
                kind,
                notice.gateway_ref,
                int(refund.get("amount") or 0),
                refund_id=_uuid(_notes(refund).get("refund") or refund.get("receipt")),
                refund_ref=str(refund.get("id") or ""),
            )
        if kind in (DISPUTED, DISPUTE_WON, DISPUTE_LOST):
            if message.get("event") == "payment.dispute.closed" and int(dispute.get("amount_deducted") or 0):
                kind = DISPUTE_LOST
            until = dispute.get("respond_by")
            return Notice(
                kind,
                notice.gateway_ref,
                int(dispute.get("amount") or 0),
                attempt_id=notice.attempt_id,
                dispute_ref=str(dispute.get("id") or ""),
                reason=str(dispute.get("reason_description") or dispute.get("reason_code") or ""),
                due_by=datetime.fromtimestamp(int(until), UTC) if until else None,
            )
        return notice

    def look_up(self, *, gateway_ref: str) -> Notice | None:
        """Of the order's payments the one that got furthest: captured, else authorised, else failed."""
        payment = _furthest(self._payments(gateway_ref))
        if payment is None:
            return None
        return _of_payment(STATES[payment["status"]], payment, {"id": gateway_ref})

    def capture(self, *, attempt_id: UUID, gateway_ref: str, amount_paise: int, now: datetime) -> Notice:
        payment = _furthest(self._payments(gateway_ref))
        if payment is not None and payment["status"] == "authorized":
            try:
                payment = _ask(self.client.payment.capture, payment["id"], payment["amount"], {"currency": "INR"})
            except GatewayRefused:  # taken by an earlier call, or gone meanwhile: the order knows
                payment = _furthest(self._payments(gateway_ref))
        if payment is None or payment["status"] not in ("captured", "refunded"):
            return Notice(DECLINED, gateway_ref, 0, attempt_id=attempt_id, reason="The reserved money is gone.")
        return _of_payment(CAPTURED, payment, {"id": gateway_ref})

    def void(self, *, attempt_id: UUID, gateway_ref: str, now: datetime) -> None:
        """Razorpay lets go of it by itself (`RESERVED_M`). Raises Conflict when it was captured after all."""
        payment = _furthest(self._payments(gateway_ref))
        if payment is not None and STATES[payment["status"]] == CAPTURED:
            raise Conflict("This payment was taken already.")

    def refund(self, *, refund_id: UUID, gateway_ref: str, amount_paise: int, now: datetime) -> RefundAnswer:
        """Asked about before it is asked for, and asked for under its id (`X-Refund-Idempotency`), one more for each
        that failed. Raises GatewayRefused.
        """
        payment = _furthest(self._payments(gateway_ref))
        if payment is None or STATES[payment["status"]] != CAPTURED:
            raise GatewayRefused("Razorpay took no money for this order.")
        mine = self._refunds(payment["id"], refund_id)
        known = next((refund for refund in mine if refund["status"] != "failed"), None)
        if known is None:
            key = f"{refund_id}-{len(mine)}"
            asked = {
                "amount": amount_paise,
                "speed": "normal",
                "receipt": key,
                "notes": {"refund": str(refund_id)},
            }
            known = _ask(self.client.payment.refund, payment["id"], asked, headers={"X-Refund-Idempotency": key})
        return RefundAnswer(str(known["id"]), completed=known["status"] == "processed")

    def look_up_refund(self, *, refund_id: UUID) -> RefundAnswer | None:
        """None when it is not there or has failed: it may be asked for again."""
        order_id = Refund.objects.values_list("attempt__gateway_ref", flat=True).get(pk=refund_id)
        payment = _furthest(self._payments(order_id or ""))
        mine = self._refunds(payment["id"], refund_id) if payment else []
        known = next((refund for refund in mine if refund["status"] != "failed"), None)
        return None if known is None else RefundAnswer(str(known["id"]), completed=known["status"] == "processed")

    def check_callback(self, *, gateway_ref: str, payment_id: str, signature: str) -> None:
        """What Checkout hands to the browser after paying. Raises BadSignature; even a good one is only a reason to
        ask Razorpay.
        """
        told = {"razorpay_order_id": gateway_ref, "razorpay_payment_id": payment_id, "razorpay_signature": signature}
        try:
            self.client.utility.verify_payment_signature(told)
        except (SignatureVerificationError, TypeError):
            raise BadSignature("The signature does not fit the payment.") from None

    def _order_of(self, attempt_id: UUID) -> dict[str, Any] | None:
        found = _ask(self.client.order.all, {"receipt": str(attempt_id)})["items"]
        return found[0] if found else None

    def _payments(self, order_id: str) -> list[dict[str, Any]]:
        return list(_ask(self.client.order.payments, order_id, {})["items"])

    def _refunds(self, payment_id: str, refund_id: UUID) -> list[dict[str, Any]]:
        found = _ask(self.client.payment.fetch_multiple_refund, payment_id, {"count": 100})["items"]
        return [refund for refund in found if _notes(refund).get("refund") == str(refund_id)]


class _Session(requests.Session):
    """No call without a time limit; the SDK sets none. Proxies of the environment are not used."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        kwargs.setdefault("timeout", (CONNECT_S, READ_S))
        return super().request(*args, **kwargs)


@lru_cache(maxsize=4)
def _client(key_id: str, key_secret: str, base_url: str) -> Client:
    """One per process: connections to Razorpay are kept."""
    return Client(session=_Session(), auth=(key_id, key_secret), base_url=base_url)


def _ask(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """An answer of Razorpay. Raises GatewayRefused for a no (HTTP 400); anything else is trouble and counts."""
    try:
        return call(*args, **kwargs)
    except BadRequestError as error:
        raise GatewayRefused(f"The payment service said no: {error}") from None


def _asked_before(attempt_id: UUID) -> bool:
    """Whether an order of this attempt may exist already. Without the cache nobody knows: yes."""
    try:
        return not cache.add(f"razorpay:started:{attempt_id}", 1, timeout=STARTED_KEPT_S)
    except Exception:
        return True


def _furthest(payments: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    """Order of STATES is order of how far a payment got; states before these ("created") do not count."""
    order = list(STATES)
    known = [payment for payment in payments if payment["status"] in STATES]
    return min(known, key=lambda payment: order.index(payment["status"]), default=None)


def _of_payment(kind: str, payment: Mapping[str, Any], order: Mapping[str, Any]) -> Notice:
    return Notice(
        kind,
        str(payment.get("order_id") or order.get("id") or ""),
        int(payment.get("amount") or 0),
        # The order's receipt was written by us; a payment's notes pass through the customer's browser.
        attempt_id=_uuid(order.get("receipt") or _notes(payment).get("attempt")),
        instrument=_instrument(payment),
        reason=str(payment.get("error_description") or "") if kind == DECLINED else "",
    )


def _instrument(payment: Mapping[str, Any]) -> str:
    label = LABELS.get(str(payment.get("method")), str(payment.get("method") or ""))
    last4 = str((payment.get("card") or {}).get("last4") or "")
    return f"card ending {last4}" if last4 else label


def _notes(entity: Mapping[str, Any]) -> Mapping[str, Any]:
    """Razorpay writes an empty object as []."""
    notes = entity.get("notes")
    return notes if isinstance(notes, Mapping) else {}


def _uuid(text: Any) -> UUID | None:
    try:
        return UUID(str(text)[:36]) if text else None
    except ValueError:
        return None
