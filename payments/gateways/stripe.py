"""Stripe: cards are authorised by the customer and captured by us; UPI, where the account has it, is taken at once.

One attempt is one PaymentIntent with our ids in its metadata. The official SDK makes the calls and checks signatures.
Our ids are the idempotency keys too, but Stripe forgets those after a day or so: before money moves we look at what is
there already. What Stripe refuses is an answer (GatewayRefused, NotFound); trouble comes out of `gateways.guarded` as
GatewayDown. Of its messages we keep no more than is read here: a card's brand and last four digits, never more.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeVar
from uuid import UUID

import orjson
import stripe
import structlog
from django.conf import settings

from blinkit.kernel.errors import NotFound
from payments.errors import BadSignature, GatewayDown, GatewayRefused
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

log = structlog.get_logger(__name__)
logging.getLogger("stripe").setLevel(logging.INFO)  # at DEBUG the SDK writes whole answers: client secrets, names

SCRIPT = f"https://js.stripe.com/{stripe.api_version.rpartition('.')[2]}/stripe.js"
"""For browsers, of the same version as the API that the SDK speaks."""
SIGNATURE_HEADER = "Stripe-Signature"
TOLERANCE_S = 300
TIMEOUTS_S = (3.05, 10.0)
"""To connect, and to wait for an answer."""
CURRENCY = "inr"
MOST_FAILED = 3
"""So often a refund may have failed at Stripe; after that a person decides."""
MOST_REFUSED = 10
"""So often in a day the same thing may be refused and asked for again."""

VOIDABLE = {"requires_payment_method", "requires_confirmation", "requires_action", "requires_capture", "processing"}
EXPIRED = {"automatic", "expired"}  # cancelled by Stripe, not by us
INTENTS = {
    "payment_intent.amount_capturable_updated": AUTHORISED,
    "payment_intent.succeeded": CAPTURED,
    "payment_intent.payment_failed": DECLINED,
    "payment_intent.canceled": DECLINED,
}
REFUNDS = {"refund.created", "refund.updated", "refund.failed", "charge.refund.updated"}
REFUND_STATES = {"succeeded": REFUNDED, "failed": REFUND_FAILED, "canceled": REFUND_FAILED}
DISPUTES = {"charge.dispute.created", "charge.dispute.funds_withdrawn"}
VERDICTS = {"won": DISPUTE_WON, "lost": DISPUTE_LOST}

T = TypeVar("T")
Thing = dict[str, Any]
"""An object of Stripe's API as plain dicts and lists."""


class StripeGateway:
    name = "stripe"
    settles_into = "gateway:stripe"

    def __init__(self) -> None:
        self.methods = frozenset(settings.STRIPE_METHODS)

    def start(self, *, attempt_id: UUID, amount_paise: int, instrument: str, now: datetime, vpa: str = "") -> Intent:
        """`vpa` is not used: Stripe shows the payer a QR code or opens the UPI app."""
        if instrument not in self.methods:
            raise GatewayRefused("Choose another way to pay.")
        with _answers():
            made = _client().v1.payment_intents.create(
                {
                    "amount": amount_paise,
                    "currency": CURRENCY,
                    "allowed_payment_method_types": [instrument],
                    "capture_method": "manual" if instrument == "card" else "automatic",  # UPI reserves nothing
                    "metadata": {"attempt_id": str(attempt_id)},
                },
                {"idempotency_key": f"start:{attempt_id}"},
            )
        public = {"client_secret": made.client_secret, "publishable_key": settings.STRIPE_PUBLISHABLE_KEY}
        return Intent(made.id, f"/stripe/pay/{attempt_id}/", None, client=public)

    def verify(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Message:
        """The SDK judges the signature, which covers the time; the time is ours to judge: neither old nor ahead."""
        header = headers.get(SIGNATURE_HEADER) or ""
        try:
            stripe.Webhook.construct_event(body, header, settings.STRIPE_WEBHOOK_SECRET, tolerance=0)  # 0: any age
            signed_at = int(next(part for part in header.split(",") if part.startswith("t="))[2:])
            if abs(now.timestamp() - signed_at) > TOLERANCE_S:
                raise BadSignature("The signature is missing, does not fit the message, or is too old.")
            event = orjson.loads(body)
            event_id, kind = str(event["id"]), str(event["type"])
            kept = {"id": event_id, "type": kind, "data": {"object": cut(event["data"]["object"])}}
        except stripe.SignatureVerificationError:
            raise BadSignature("The signature is missing, does not fit the message, or is too old.") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise BadSignature("This is not a message of Stripe.") from None
        return Message(event_id, kind, kept)

    def read(self, message: Mapping[str, Any]) -> Notice | None:
        kind = str(message.get("type"))
        thing: Thing = (message.get("data") or {}).get("object") or {}
        if kind in INTENTS:
            if kind == "payment_intent.canceled" and thing.get("cancellation_reason") not in EXPIRED:
                return None
            return _of_intent(INTENTS[kind], thing)
        if kind in REFUNDS:
            return _of_refund(thing)
        if kind == "charge.refunded":  # says which refund in old versions of the API only; refund.* tells it in all
            carried = (thing.get("refunds") or {}).get("data") or []
            return _of_refund(max(carried, key=lambda refund: refund.get("created", 0))) if carried else None
        if kind in DISPUTES:
            # An inquiry takes no money; should it become a dispute, funds_withdrawn says so.
            return None if str(thing.get("status")).startswith("warning") else _of_dispute(DISPUTED, thing)
        if kind == "charge.dispute.closed" and thing.get("status") in VERDICTS:
            return _of_dispute(VERDICTS[thing["status"]], thing)
        return None

    def look_up(self, *, gateway_ref: str) -> Notice | None:
        try:
            return _of_state(_intent(gateway_ref))
        except NotFound:
            return None

    def capture(self, *, attempt_id: UUID, gateway_ref: str, amount_paise: int, now: datetime) -> Notice:
        """Raises GatewayRefused for more than was authorised, GatewayDown while Stripe has not decided."""
        intent, refused = _intent(gateway_ref), None
        if intent["status"] == "requires_capture":
            try:
                _insist(
                    f"capture:{attempt_id}:{amount_paise}",
                    lambda options: _client().v1.payment_intents.capture(
                        gateway_ref, {"amount_to_capture": amount_paise}, options
                    ),
                )
            except GatewayRefused as refusal:
                refused = refusal
            intent = _intent(gateway_ref)
        told = _of_state(intent)
        if told is None or told.kind == AUTHORISED:
            raise refused or GatewayDown("The payment is still being worked on. Try again in a moment.")
        return told

    def void(self, *, attempt_id: UUID, gateway_ref: str, now: datetime) -> None:
        """Raises GatewayRefused when it was captured before."""
        status = _intent(gateway_ref)["status"]
        if status == "canceled":
            return
        if status not in VOIDABLE:
            raise GatewayRefused("This payment was taken already; it can only be sent back.")
        try:
            _insist(
                f"void:{attempt_id}",
                lambda options: _client().v1.payment_intents.cancel(gateway_ref, options=options),
            )
        except GatewayRefused:
            if _intent(gateway_ref)["status"] != "canceled":
                raise

    def refund(self, *, refund_id: UUID, gateway_ref: str, amount_paise: int, now: datetime) -> RefundAnswer:
        """Raises GatewayRefused for more than was captured and is left, and when it failed at Stripe too often.

        What carries our id already is the answer; what failed at Stripe is asked for under a key of its own.
        """
        intent, all_of_it = _intent(gateway_ref), _refunds(gateway_ref)
        ours = [refund for refund in all_of_it if _ours(refund, "refund_id") == refund_id]
        live = [refund for refund in ours if REFUND_STATES.get(refund["status"]) != REFUND_FAILED]
        if live:
            return _answer(live[0])
        if len(ours) >= MOST_FAILED:
            raise GatewayRefused("Stripe could not send this back.")
        gone_paise = sum(refund["amount"] for refund in all_of_it if refund["status"] not in ("failed", "canceled"))
        if intent["status"] != "succeeded" or gone_paise + amount_paise > _paise(intent, "amount_received"):
            raise GatewayRefused("The gateway refuses to send back more than it took.")
        wanted: stripe.params.RefundCreateParams = {
            "payment_intent": gateway_ref,
            "amount": amount_paise,
            "metadata": {"refund_id": str(refund_id)},
        }
        made = _insist(f"refund:{refund_id}:{len(ours)}", lambda options: _client().v1.refunds.create(wanted, options))
        if made.status in ("failed", "canceled"):
            raise GatewayRefused("Stripe could not send this back.")
        return _answer(made.to_dict())

    def look_up_refund(self, *, refund_id: UUID) -> RefundAnswer | None:
        """Refunds can't be searched by our id: they are listed of the intent that our own book names."""
        gateway_ref = Refund.objects.filter(pk=refund_id).values_list("attempt__gateway_ref", flat=True).first()
        for refund in _refunds(gateway_ref) if gateway_ref else []:
            if _ours(refund, "refund_id") == refund_id and REFUND_STATES.get(refund["status"]) != REFUND_FAILED:
                return _answer(refund)
        return None


def client_secret(gateway_ref: str) -> str:
    """With it the browser may pay this one intent. It is not stored here. Raises NotFound."""
    return str(_intent(gateway_ref)["client_secret"])


# -- calls ------------------------------------------------------------------------------------------------------------


def _client() -> stripe.StripeClient:
    return _made(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE, TIMEOUTS_S)


@lru_cache(maxsize=4)
def _made(secret: str, base: str, timeouts_s: tuple[float, float]) -> stripe.StripeClient:
    """One per process, so that connections are kept. It tries once: our own sweeps repeat."""
    return stripe.StripeClient(
        secret,
        base_addresses={"api": base},
        http_client=stripe.RequestsClient(timeout=timeouts_s),
        max_network_retries=0,
    )


@contextmanager
def _answers() -> Iterator[None]:
    try:
        yield
    except (stripe.InvalidRequestError, stripe.CardError, stripe.IdempotencyError) as error:
        log.warning("stripe refused", code=error.code, status=error.http_status, request=error.request_id)
        if error.http_status == 404:
            raise NotFound("The gateway knows no such payment.") from error
        raise GatewayRefused("The payment service refuses this.", why=error.code or "") from error


def _insist(key: str, ask: Callable[[stripe.RequestOptions], T]) -> T:
    """Ask under an idempotency key. Stripe keeps a refusal under its key for a day: where it only repeats one, it is
    asked anew under the next key, so that what was in the way yesterday is not in the way today. A refusal moved no
    money. Raises GatewayRefused when it is refused now.
    """
    for number in range(MOST_REFUSED):
        try:
            with _answers():
                return ask({"idempotency_key": f"{key}-{number}" if number else key})
        except GatewayRefused as refusal:
            answered = getattr(refusal.__cause__, "headers", None) or {}
            repeated = {name.lower(): value for name, value in answered.items()}.get("idempotent-replayed") == "true"
            if not repeated:
                raise
    raise GatewayRefused("The payment service refuses this.")


def _intent(gateway_ref: str) -> Thing:
    with _answers():
        found = _client().v1.payment_intents.retrieve(gateway_ref, {"expand": ["payment_method"]})
    return found.to_dict()


def _refunds(gateway_ref: str) -> list[Thing]:
    """All of an intent, the newest first."""
    with _answers():
        listed = _client().v1.refunds.list({"payment_intent": gateway_ref, "limit": 100})
        return [refund.to_dict() for refund in listed.auto_paging_iter()]


# -- what is read out of Stripe's objects -----------------------------------------------------------------------------

PLAIN = (
    *("id", "object", "status", "created", "amount", "amount_capturable", "amount_received", "amount_refunded"),
    *("currency", "payment_intent", "charge", "reason", "failure_reason", "cancellation_reason"),
)
OURS = ("attempt_id", "refund_id")


def cut(thing: Thing) -> Thing:
    """What we keep of an object in a webhook: no name, no address, no fingerprint, no expiry."""
    kept: Thing = {name: thing[name] for name in PLAIN if isinstance(thing.get(name), (str, int))}
    kept["metadata"] = {name: str(value) for name, value in (thing.get("metadata") or {}).items() if name in OURS}
    if error := thing.get("last_payment_error"):
        kept["last_payment_error"] = {name: error.get(name) for name in ("code", "message")}
    card = (thing.get("payment_method_details") or {}).get("card")
    if card:
        kept["card"] = {name: card.get(name) for name in ("brand", "last4")}
    if due_by := (thing.get("evidence_details") or {}).get("due_by"):
        kept["evidence_details"] = {"due_by": due_by}
    if carried := (thing.get("refunds") or {}).get("data"):
        kept["refunds"] = {"data": [cut(refund) for refund in carried]}
    return kept


def _of_state(intent: Thing) -> Notice | None:
    """What an intent's state says; None while it is open."""
    match intent["status"]:
        case "requires_capture":
            return _of_intent(AUTHORISED, intent)
        case "succeeded":
            return _of_intent(CAPTURED, intent)
        case "canceled":
            return _of_intent(DECLINED, intent)
        case "requires_payment_method" if intent.get("last_payment_error"):
            return _of_intent(DECLINED, intent)
    return None


def _of_intent(kind: str, intent: Thing) -> Notice | None:
    """None for what is not ours: the account may have other uses."""
    attempt_id = _ours(intent, "attempt_id")
    if attempt_id is None or intent.get("currency") != CURRENCY:
        return None
    amount = {AUTHORISED: "amount_capturable", CAPTURED: "amount_received"}.get(kind, "amount")
    return Notice(
        kind=kind,
        gateway_ref=str(intent["id"]),
        amount_paise=_paise(intent, amount),
        attempt_id=attempt_id,
        instrument=_instrument(intent),
        reason=_why_not(intent) if kind == DECLINED else "",
    )


def _of_refund(refund: Thing) -> Notice | None:
    kind = REFUND_STATES.get(str(refund.get("status")))
    if kind is None:
        return None
    return Notice(
        kind=kind,
        gateway_ref=_id(refund.get("payment_intent")),
        amount_paise=int(refund.get("amount") or 0),
        refund_id=_ours(refund, "refund_id"),
        refund_ref=str(refund.get("id", "")),
        reason=str(refund.get("failure_reason") or ""),
    )


def _of_dispute(kind: str, dispute: Thing) -> Notice:
    due_by = (dispute.get("evidence_details") or {}).get("due_by")
    return Notice(
        kind=kind,
        gateway_ref=_id(dispute.get("payment_intent")),
        amount_paise=int(dispute.get("amount") or 0),
        reason=str(dispute.get("reason") or ""),
        dispute_ref=str(dispute.get("id", "")),
        due_by=datetime.fromtimestamp(due_by, UTC) if due_by else None,
    )


def _answer(refund: Thing) -> RefundAnswer:
    return RefundAnswer(str(refund["id"]), completed=refund["status"] == "succeeded")


def _paise(intent: Thing, name: str) -> int:
    """Stripe counts in paise too. The stand-in of the tests knows the whole amount alone."""
    return int(intent[name] if name in intent else intent["amount"])


def _ours(thing: Thing, name: str) -> UUID | None:
    try:
        return UUID(str((thing.get("metadata") or {}).get(name)))
    except ValueError:
        return None


def _id(value: Any) -> str:
    return str(value.get("id", "")) if isinstance(value, dict) else str(value or "")


def _instrument(intent: Thing) -> str:
    """'card ending 4242 (visa)', 'UPI', or empty where the object does not carry it."""
    way = intent.get("payment_method")
    if not isinstance(way, dict):
        return ""
    if card := way.get("card"):
        return f"card ending {card.get('last4')} ({card.get('brand')})"
    return "UPI" if way.get("type") == "upi" else ""


def _why_not(intent: Thing) -> str:
    if intent.get("cancellation_reason") in EXPIRED:
        return "The payment ran out of time."
    return str((intent.get("last_payment_error") or {}).get("message") or "")
