"""The sandbox gateway: a pretend payment company with its own book, hosted pay page and signed webhooks.

It behaves like the real ones: nothing is decided in the answer to our call, the truth comes by webhook, which may come
late, twice, or never; refunds complete some time after they were asked for. `SandboxIntent`, `SandboxEvent` and
`SandboxRefund` stand for its database; our side never reads them except through this adapter.

Signature (as Stripe does it): `Sandbox-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256 of "<t>.<body>">`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from blinkit.kernel.after_commit import gather
from blinkit.kernel.errors import Conflict, NotFound
from payments.errors import BadSignature
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
from payments.models import SandboxEvent, SandboxIntent, SandboxRefund

SIGNATURE_HEADER = "Sandbox-Signature"
TOLERANCE = timedelta(minutes=5)
LATE_AFTER = timedelta(seconds=20)
REFUND_TAKES = timedelta(seconds=3)
INTENT_LIVES = timedelta(minutes=30)
INSTRUMENTS = {"upi": "UPI", "card": "card ending 4242", "netbanking": "Netbanking"}
KINDS = {AUTHORISED, CAPTURED, DECLINED, REFUNDED, REFUND_FAILED, DISPUTED, DISPUTE_WON, DISPUTE_LOST}
LOOKED_UP = {"captured": CAPTURED, "declined": DECLINED, "authorised": AUTHORISED}


class SandboxGateway:
    name = "sandbox"
    settles_into = "gateway:sandbox"
    methods = frozenset({"upi", "card", "netbanking"})

    def start(self, *, attempt_id: UUID, amount_paise: int, instrument: str, now: datetime, vpa: str = "") -> Intent:
        intent, _ = SandboxIntent.objects.get_or_create(
            id=f"pi_{attempt_id.hex}",
            defaults={
                "attempt_id": attempt_id,
                "amount_paise": amount_paise,
                "instrument": INSTRUMENTS.get(instrument, instrument),
                "created_at": now,
            },
        )
        return Intent(intent.id, f"/sandbox-gateway/pay/{intent.id}/", intent.created_at + INTENT_LIVES)

    def verify(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Message:
        check_signature(headers.get(SIGNATURE_HEADER) or "", body, now=now)
        try:
            message = orjson.loads(body)
            return Message(str(message["id"]), str(message["type"]), message)
        except (ValueError, KeyError, TypeError):
            raise BadSignature("This is not a message of the sandbox gateway.") from None

    def read(self, message: Mapping[str, Any]) -> Notice | None:
        kind, facts = message.get("type"), message.get("data") or {}
        if kind not in KINDS:
            return None
        refund = facts.get("refund_reference")
        attempt = facts.get("reference")
        return Notice(
            kind=kind,
            gateway_ref=str(facts.get("intent", "")),
            amount_paise=int(facts.get("amount_paise", 0)),
            attempt_id=UUID(attempt) if attempt else None,
            refund_id=UUID(refund) if refund else None,
            refund_ref=str(facts.get("refund", "")),
            instrument=str(facts.get("instrument", "")),
            reason=str(facts.get("reason", "")),
            dispute_ref=str(facts.get("dispute", "")),
        )

    def look_up(self, *, gateway_ref: str) -> Notice | None:
        intent = SandboxIntent.objects.filter(pk=gateway_ref).first()
        kind = LOOKED_UP.get(intent.state) if intent else None
        if intent is None or kind is None:
            return None
        return self.read({"type": kind, "data": _facts(intent)})

    @transaction.atomic
    def capture(self, *, attempt_id: UUID, gateway_ref: str, amount_paise: int, now: datetime) -> Notice:
        intent = _locked(gateway_ref)
        if intent.state == "authorised":
            intent.state = "captured"
            intent.save(update_fields=["state"])
            _owe(intent, CAPTURED, _facts(intent), suffix="c", due_at=now)
        kind = CAPTURED if intent.state == "captured" else DECLINED
        return Notice(kind, intent.id, intent.amount_paise, attempt_id=attempt_id, reason="The authorisation is gone.")

    @transaction.atomic
    def void(self, *, attempt_id: UUID, gateway_ref: str, now: datetime) -> None:
        intent = _locked(gateway_ref)
        if intent.state == "captured":
            raise Conflict("This payment was taken already.")
        if intent.state == "authorised":
            intent.state = "voided"
            intent.save(update_fields=["state"])

    def refund(self, *, refund_id: UUID, gateway_ref: str, amount_paise: int, now: datetime) -> RefundAnswer:
        refused = SandboxIntent.objects.filter(pk=gateway_ref, refuses_refunds__gt=0)
        if refused.update(refuses_refunds=F("refuses_refunds") - 1):
            raise Conflict("The bank did not take the refund.")
        with transaction.atomic():
            intent = _locked(gateway_ref)
            known = SandboxRefund.objects.filter(key=str(refund_id)).first()
            if known:
                return RefundAnswer(known.id, completed=False)
            if intent.state != "captured" or intent.refunded_paise + amount_paise > intent.amount_paise:
                raise Conflict("The gateway refuses to send back more than it took.")
            made = SandboxRefund.objects.create(
                id=f"re_{refund_id.hex}", intent=intent, key=str(refund_id), amount_paise=amount_paise, created_at=now
            )
            intent.refunded_paise += amount_paise
            intent.save(update_fields=["refunded_paise"])
            facts = _facts(intent) | {
                "refund": made.id,
                "refund_reference": str(refund_id),
                "amount_paise": amount_paise,
            }
            _owe(intent, REFUNDED, facts, suffix=refund_id.hex, due_at=now + REFUND_TAKES)
            return RefundAnswer(made.id, completed=False)

    def look_up_refund(self, *, refund_id: UUID) -> RefundAnswer | None:
        known = SandboxRefund.objects.filter(key=str(refund_id)).first()
        if known is None:
            return None
        return RefundAnswer(known.id, completed=known.created_at + REFUND_TAKES <= timezone.now())


# -- what happens inside the pretend company --------------------------------------------------------------------------


@transaction.atomic
def decide(*, intent_id: str, outcome: str, now: datetime, instrument: str = "") -> SandboxIntent:
    """The payer chose on the hosted page: "pay", "authorise" (only reserved: we take it or let it go), "decline",
    "late" (paid, the webhook dawdles), "twice" (two webhooks) or "silent" (paid, and the webhook never comes).

    Deciding again is silent when it was decided the same way. Raises NotFound, or Conflict when it is too late.
    """
    intent = SandboxIntent.objects.select_for_update().filter(pk=intent_id).first()
    if intent is None:
        raise NotFound("There is no such payment at the sandbox gateway.")
    wanted = {"decline": "declined", "authorise": "authorised"}.get(outcome, "captured")
    if intent.state != "created":
        if intent.state != wanted:
            raise Conflict(f"This payment was {intent.state} before.")
        return intent
    if instrument in INSTRUMENTS:
        intent.instrument = INSTRUMENTS[instrument]
    intent.state = wanted
    intent.save(update_fields=["state", "instrument"])
    facts = _facts(intent)
    if outcome == "decline":
        _owe(intent, DECLINED, facts, suffix="d", due_at=now)
    elif outcome == "authorise":
        _owe(intent, AUTHORISED, facts, suffix="a", due_at=now)
    elif outcome != "silent":
        due_at = now + LATE_AFTER if outcome == "late" else now
        _owe(intent, CAPTURED, facts, suffix="c", due_at=due_at)
        if outcome == "twice":  # a second event about the same thing, as some gateways do send
            _owe(intent, CAPTURED, facts, suffix="c2", due_at=due_at)
    return intent


@transaction.atomic
def dispute(*, intent_id: str, verdict: str, now: datetime, reason: str = "Goods not received") -> str:
    """The payer's bank asks for the money back (verdict ""), or has decided: "won" or "lost". Returns the reference."""
    intent = _locked(intent_id)
    kind, suffix = {"": (DISPUTED, "dp"), "won": (DISPUTE_WON, "dw"), "lost": (DISPUTE_LOST, "dl")}[verdict]
    facts = _facts(intent) | {"dispute": f"dp_{intent.id[3:]}", "reason": reason}
    _owe(intent, kind, facts, suffix=suffix, due_at=now)
    return str(facts["dispute"])


def _locked(intent_id: str) -> SandboxIntent:
    intent = SandboxIntent.objects.select_for_update().filter(pk=intent_id).first()
    if intent is None:
        raise NotFound("The gateway knows no such payment.")
    return intent


def _facts(intent: SandboxIntent) -> dict[str, Any]:
    return {
        "intent": intent.id,
        "reference": str(intent.attempt_id),
        "amount_paise": intent.amount_paise,
        "instrument": intent.instrument,
        "reason": "The bank declined the payment." if intent.state == "declined" else "",
    }


def _owe(intent: SandboxIntent, kind: str, facts: dict[str, Any], *, suffix: str, due_at: datetime) -> None:
    event_id = f"ev_{suffix}_{intent.id[3:]}"[:40] if len(suffix) < 4 else f"ev_r_{suffix}"
    body = {"id": event_id, "type": kind, "created": due_at.isoformat(), "data": facts}
    SandboxEvent.objects.create(id=event_id, intent=intent, kind=kind, body=body, due_at=due_at)
    gather(_send_soon, event_id)


def _send_soon(ids: list[str]) -> None:
    from payments.tasks import publish, send_sandbox_events  # tasks import services, which import gateways

    publish(send_sandbox_events, ids=ids)


# -- signatures -------------------------------------------------------------------------------------------------------


def sign(body: bytes, *, now: datetime) -> str:
    stamp = int(now.timestamp())
    return f"t={stamp},v1={_mac(stamp, body)}"


def check_signature(header: str, body: bytes, *, now: datetime) -> None:
    """Raises BadSignature unless the header was made with our secret within the last five minutes."""
    parts = dict(part.strip().partition("=")[::2] for part in header.split(",") if "=" in part)
    stamp, given = parts.get("t", ""), parts.get("v1", "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 13 and given.isascii()):
        raise BadSignature("The signature is missing or damaged.")
    if not hmac.compare_digest(_mac(int(stamp), body), given):
        raise BadSignature("The signature does not fit the message.")
    if abs(now.timestamp() - int(stamp)) > TOLERANCE.total_seconds():
        raise BadSignature("The message is too old.")


def _mac(stamp: int, body: bytes) -> str:
    secret: str = settings.PAYMENT_SANDBOX_SECRET
    return hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
