"""One way to rehearse any gateway: a payer who pays or does not, a bank, a bad line. A rig per gateway (`RIGS`).

A rig's `now` is the time of everybody in it. It delivers messages through the same services as the door does, and calls
no broker: what is due is worked off by `hear`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self
from unittest.mock import patch
from uuid import UUID

import orjson
from django.test.utils import override_settings
from django.utils.module_loading import import_string

from accounts.models import User
from blinkit.kernel.ids import uuid7
from payments import gateways, services
from payments.gateways import sandbox
from payments.models import Attempt, Dispute, Payment, Refund, RefundState, SandboxEvent, WebhookReceipt
from payments.services import capturing, refunding, settling
from payments.standins.razorpay import RazorpayStandIn
from payments.standins.stripe import StripeStandIn

Signed = tuple[Mapping[str, str], bytes]
WINDOW = timedelta(minutes=15)


class Rig:
    """What every rig can do; a gateway's own rig says how."""

    name = ""
    events_first = True
    """Whether messages come before the answer to a capture was acted on."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.stack = ExitStack()
        self.unsent: list[Signed] = []

    def __enter__(self) -> Self:
        self.stack.enter_context(override_settings(PAYMENT_GATEWAY=self.name, **self.settings()))
        self.stack.enter_context(patch("payments.tasks.publish", lambda task, **kwargs: None))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stack.close()

    def settings(self) -> dict[str, Any]:
        return {}

    # -- what differs -------------------------------------------------------------------------------------------------

    def pay(self, attempt: Attempt, *, decline: bool = False) -> None:
        """The payer acts on what `start` gave; reserved or captured as `start` was told."""
        raise NotImplementedError

    def take_messages(self) -> list[Signed]:
        raise NotImplementedError

    def sign_again(self, message: Signed, *, at: datetime, event_id: str = "") -> Signed:
        """The same message, truly signed, as of another time or under another event id."""
        raise NotImplementedError

    def refuse_next_refund(self, attempt: Attempt) -> None:
        raise NotImplementedError

    def settle_refunds(self) -> None:
        """What was sent arrives at the customers' banks."""
        raise NotImplementedError

    def dispute(self, attempt: Attempt) -> str:
        raise NotImplementedError

    def end_dispute(self, attempt: Attempt, ref: str, *, won: bool) -> None:
        raise NotImplementedError

    def lose_next_answer(self, call: str) -> None:
        """The gateway does what it is asked by `call` ("start", "capture", "refund"), and its answer never comes."""
        raise NotImplementedError

    @contextmanager
    def reserving(self, reserve: bool) -> Iterator[None]:
        """Attempts started inside are reserved first (captured by us), or captured by the gateway at once."""
        yield

    # -- what all share -----------------------------------------------------------------------------------------------

    def payment(self, amount_paise: int = 48_200) -> Payment:
        customer = User.objects.create(phone=f"+91{uuid7().int % 10**10:010d}", name="Rehearsal")
        return services.open_payment(
            ref=uuid7(),
            customer_id=customer.pk,
            amount_paise=amount_paise,
            method="online",
            due_by=self.now + WINDOW,
            now=self.now,
        )

    def start(self, payment: Payment, *, instrument: str = "upi", reserve: bool = False) -> Attempt:
        with self.reserving(reserve):
            started = services.start_attempt(
                payment_id=payment.pk, customer_id=payment.customer_id, instrument=instrument, now=self.now
            )
        return Attempt.objects.get(pk=started["attempt_id"])

    def paid(self, amount_paise: int = 48_200, *, instrument: str = "upi") -> tuple[Payment, Attempt]:
        payment = self.payment(amount_paise)
        attempt = self.start(payment, instrument=instrument)
        self.pay(attempt)
        self.hear()
        payment.refresh_from_db()
        attempt.refresh_from_db()
        assert payment.state == "captured", payment.state
        return payment, attempt

    def while_starting(self, act: Callable[[str], None]) -> Any:
        """Inside: `act(gateway_ref)` happens after the gateway is ready and before we have its answer."""
        gateway = import_string(gateways.REGISTRY[self.name])
        start = gateway.start

        def slowly(self: Any, **kwargs: Any) -> Any:
            intent = start(self, **kwargs)
            act(intent.gateway_ref)
            return intent

        return patch.object(gateway, "start", slowly)

    def deliver(self, messages: list[Signed]) -> None:
        """Messages come in and are worked off, one after the other."""
        for headers, body in messages:
            services.record_webhook(gateway=self.name, headers=headers, body=body, now=self.now)
            self.work()

    def work(self) -> None:
        waiting = WebhookReceipt.objects.filter(processed_at=None, gateway=self.name).order_by("pk")
        for receipt_id in list(waiting.values_list("pk", flat=True)):
            services.process_webhook(receipt_id=receipt_id, now=self.now)

    def sweep(self) -> None:
        """What `payments.tasks.sweep_due` does with what is left over."""
        self.work()
        for attempt_id in capturing.due_captures(now=self.now, limit=100):
            services.settle_authorised(attempt_id=attempt_id, now=self.now)
        for refund_id in refunding.due_refunds(now=self.now, limit=100):
            services.send_refund(refund_id=refund_id, now=self.now)
        settling.reconcile(now=self.now)

    def hear(self) -> None:
        """Everything owed is told and worked off until nothing is left."""
        for _ in range(8):
            messages = self.take_messages()
            self.deliver(messages)
            self.sweep()
            if not messages:
                return

    def later(self, **how: float) -> None:
        self.now += timedelta(**how)

    def refunds_through(self, payment: Payment) -> int:
        """Sends what is due and lets it arrive; paise that are back with the customer."""
        self.later(minutes=2)
        self.sweep()
        self.settle_refunds()
        self.hear()
        done = Refund.objects.filter(payment=payment, state=RefundState.DONE, to_wallet=False)
        return sum(done.values_list("amount_paise", flat=True))

    def dispute_of(self, payment: Payment) -> Dispute:
        return Dispute.objects.get(payment=payment)


class SandboxRig(Rig):
    name = "sandbox"

    def __init__(self, now: datetime) -> None:
        super().__init__(now)
        self.reserve = False
        self.reserved: set[UUID] = set()

    def settings(self) -> dict[str, Any]:
        return {"DEMO_MODE": True}

    def start(self, payment: Payment, *, instrument: str = "upi", reserve: bool = False) -> Attempt:
        attempt = super().start(payment, instrument=instrument, reserve=reserve)
        if reserve:
            self.reserved.add(attempt.pk)
        return attempt

    def pay(self, attempt: Attempt, *, decline: bool = False) -> None:
        outcome = "decline" if decline else "authorise" if attempt.pk in self.reserved else "pay"
        sandbox.decide(intent_id=attempt.gateway_ref or f"pi_{attempt.pk.hex}", outcome=outcome, now=self.now)

    def take_messages(self) -> list[Signed]:
        owed = SandboxEvent.objects.filter(sent_at=None, due_at__lte=self.now).order_by("due_at", "pk")
        bodies = list(owed.values_list("body", flat=True))
        owed.update(sent_at=self.now)
        return [self._signed(body, self.now) for body in bodies]

    def sign_again(self, message: Signed, *, at: datetime, event_id: str = "") -> Signed:
        body = orjson.loads(message[1])
        return self._signed(body | {"id": event_id or body["id"]}, at)

    def _signed(self, body: Any, at: datetime) -> Signed:
        raw = orjson.dumps(body)
        return {sandbox.SIGNATURE_HEADER: sandbox.sign(raw, now=at)}, raw

    def refuse_next_refund(self, attempt: Attempt) -> None:
        sandbox.SandboxIntent.objects.filter(pk=attempt.gateway_ref).update(refuses_refunds=1)

    def settle_refunds(self) -> None:
        self.later(seconds=sandbox.REFUND_TAKES.total_seconds())

    def dispute(self, attempt: Attempt) -> str:
        return sandbox.dispute(intent_id=attempt.gateway_ref or "", verdict="", now=self.now)

    def end_dispute(self, attempt: Attempt, ref: str, *, won: bool) -> None:
        sandbox.dispute(intent_id=attempt.gateway_ref or "", verdict="won" if won else "lost", now=self.now)

    def lose_next_answer(self, call: str) -> None:
        """It has no wire that could break, so the break is made at the call."""
        done = getattr(sandbox.SandboxGateway, call)
        broken = self.stack.enter_context(ExitStack())

        def lost(self: Any, **kwargs: Any) -> Any:
            broken.close()
            done(self, **kwargs)
            raise TimeoutError("no answer")

        broken.enter_context(patch.object(sandbox.SandboxGateway, call, lost))


class RazorpayRig(Rig):
    """The adapter with Razorpay's own SDK, over HTTP, against our stand-in for Razorpay."""

    name = "razorpay"
    KEYS = {
        "RAZORPAY_KEY_ID": "rzp_test_rehearsal",
        "RAZORPAY_KEY_SECRET": "rehearsal-key-secret",
        "RAZORPAY_WEBHOOK_SECRET": "rehearsal-webhook-secret",
    }
    CALLS = {"start": "order", "capture": "capture", "refund": "refund"}

    def __enter__(self) -> Self:
        self.razorpay = self.stack.enter_context(
            RazorpayStandIn(
                key_id=self.KEYS["RAZORPAY_KEY_ID"],
                key_secret=self.KEYS["RAZORPAY_KEY_SECRET"],
                webhook_secret=self.KEYS["RAZORPAY_WEBHOOK_SECRET"],
                clock=lambda: self.now.timestamp(),
            )
        )
        return super().__enter__()

    def settings(self) -> dict[str, Any]:
        return {**self.KEYS, "RAZORPAY_BASE_URL": self.razorpay.url, "RAZORPAY_CAPTURE": "automatic"}

    @contextmanager
    def reserving(self, reserve: bool) -> Iterator[None]:
        with override_settings(RAZORPAY_CAPTURE="manual" if reserve else "automatic"):
            yield

    def pay(self, attempt: Attempt, *, decline: bool = False) -> None:
        order = attempt.gateway_ref or next(
            order["id"] for order in self.razorpay.orders.values() if order["receipt"] == str(attempt.pk)
        )
        method = {"UPI": "upi", "Netbanking": "netbanking"}.get(attempt.instrument, "card")
        self.razorpay.pay(order, method=method, decline="The bank declined the payment." if decline else "")

    def take_messages(self) -> list[Signed]:
        return list(self.razorpay.take_messages())

    def sign_again(self, message: Signed, *, at: datetime, event_id: str = "") -> Signed:
        body = json.loads(message[1]) | {"created_at": int(at.timestamp())}
        raw = json.dumps(body).encode()
        return self.razorpay.signed(raw, event_id=event_id or message[0]["X-Razorpay-Event-Id"]), raw

    def refuse_next_refund(self, attempt: Attempt) -> None:
        self.razorpay.fail_next("refund", "refuse")

    def settle_refunds(self) -> None:
        self.razorpay.settle_refunds()

    def dispute(self, attempt: Attempt) -> str:
        taken = next(
            payment
            for payment in self.razorpay.payments.values()
            if payment["order_id"] == attempt.gateway_ref and payment["captured"]
        )
        return str(self.razorpay.dispute(taken["id"], amount=taken["amount"])["id"])

    def end_dispute(self, attempt: Attempt, ref: str, *, won: bool) -> None:
        self.razorpay.end_dispute(ref, won=won)

    def lose_next_answer(self, call: str) -> None:
        self.razorpay.fail_next(self.CALLS[call], "lose")


class StripeRig(Rig):
    """The adapter with Stripe's own SDK, over HTTP, against our stand-in for Stripe.

    Cards are reserved and taken by us, UPI is taken at once: so what is to be reserved is a card.
    """

    name = "stripe"
    KEYS = {
        "STRIPE_SECRET_KEY": "sk_test_rehearsal",
        "STRIPE_PUBLISHABLE_KEY": "pk_test_rehearsal",
        "STRIPE_WEBHOOK_SECRET": "whsec_rehearsal",
    }
    CALLS = {"start": "create", "capture": "capture", "refund": "refund"}

    def __enter__(self) -> Self:
        self.stripe = self.stack.enter_context(
            StripeStandIn(
                secret_key=self.KEYS["STRIPE_SECRET_KEY"],
                webhook_secret=self.KEYS["STRIPE_WEBHOOK_SECRET"],
                clock=lambda: self.now.timestamp(),
            )
        )
        return super().__enter__()

    def settings(self) -> dict[str, Any]:
        return {**self.KEYS, "STRIPE_API_BASE": self.stripe.url, "STRIPE_METHODS": ["card", "upi"]}

    def start(self, payment: Payment, *, instrument: str = "upi", reserve: bool = False) -> Attempt:
        return super().start(payment, instrument="card" if reserve else instrument, reserve=reserve)

    def pay(self, attempt: Attempt, *, decline: bool = False) -> None:
        method = "upi" if attempt.instrument == "UPI" else "card"
        why = "The bank declined the payment." if decline else ""
        self.stripe.pay(self._intent(attempt), method=method, decline=why)

    def take_messages(self) -> list[Signed]:
        return list(self.stripe.take_messages())

    def sign_again(self, message: Signed, *, at: datetime, event_id: str = "") -> Signed:
        body = json.loads(message[1])
        raw = json.dumps(body | {"id": event_id or body["id"], "created": int(at.timestamp())}).encode()
        return self.stripe.signed(raw, at=int(at.timestamp())), raw

    def refuse_next_refund(self, attempt: Attempt) -> None:
        self.stripe.fail_next("refund", "refuse")

    def settle_refunds(self) -> None:
        self.stripe.settle_refunds()

    def dispute(self, attempt: Attempt) -> str:
        return str(self.stripe.dispute(self._intent(attempt))["id"])

    def end_dispute(self, attempt: Attempt, ref: str, *, won: bool) -> None:
        self.stripe.end_dispute(ref, won=won)

    def lose_next_answer(self, call: str) -> None:
        self.stripe.fail_next(self.CALLS[call], "lose")

    def _intent(self, attempt: Attempt) -> str:
        return attempt.gateway_ref or next(
            intent["id"]
            for intent in self.stripe.intents.values()
            if intent["metadata"].get("attempt_id") == str(attempt.pk)
        )


RIGS: dict[str, type[Rig]] = {"sandbox": SandboxRig, "razorpay": RazorpayRig, "stripe": StripeRig}
