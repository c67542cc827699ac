"""A gateway whose messages come late, twice, in any order or not at all, while the order is lowered or cancelled:
the books agree after each step, no money goes back twice, and in the end nobody's money is left lying.

What the gateway did is always true (the sandbox's own book); what we hear of it, and when, is not ordered.
"""

from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from blinkit.kernel.errors import Refusal
from catalog.tests.factories import NOW
from payments import queries, services
from payments.gateways import AUTHORISED, CAPTURED, DECLINED, REFUND_FAILED, REFUNDED, Notice
from payments.gateways import sandbox as book
from payments.models import Attempt, Payment, Refund, RefundState, SandboxIntent, SandboxRefund
from payments.services import refunding, settling
from payments.tests.factories import online

capturing = pytest.importorskip("payments.services.capturing", reason="reservations are not taken here")
pytestmark = [pytest.mark.django_db, pytest.mark.slow]

MOST_ATTEMPTS = 3
PRICE_PAISE = 48_200
WHICH = st.integers(0, 5)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("start"), WHICH),
        st.tuples(st.sampled_from(["pay", "reserve", "decline"]), WHICH),
        st.tuples(st.sampled_from(["tell", "tell", "tell", "ask", "settle"]), WHICH),
        st.tuples(st.sampled_from(["take unheard", "let go unheard"]), WHICH),
        st.tuples(st.sampled_from(["send", "send unheard", "tell refunded", "tell refund failed"]), WHICH),
        st.tuples(st.just("lower"), st.integers(1, 30_000)),
        st.tuples(st.just("cancel"), WHICH),
        st.tuples(st.just("wait"), st.integers(1, 30)),
    ),
    max_size=12,
)
TAKEN_AND_CANCELLED = [("reserve", 0), ("tell", 0), ("take unheard", 0), ("cancel", 0), ("settle", 0)]
PAID_TWICE = [
    ("start", 0),
    ("pay", 0),
    ("pay", 1),
    ("lower", 7_000),
    ("tell", 1),
    ("tell", 0),
    ("tell", 1),
    ("send", 0),
]


class World:
    """One payment, its attempts, and what the gateway truly did: `facts` in the order in which it happened."""

    def __init__(self):
        self.payment = online(PRICE_PAISE)
        Payment.objects.filter(pk=self.payment.pk).update(due_by=None)
        self.now = NOW
        self.attempts: list[Attempt] = []
        self.facts: list[Notice] = []
        self.owed_paise, self.lowered = PRICE_PAISE, set()
        self.gateway = book.SandboxGateway()

    def fact(self, kind, attempt, paise):
        told = Notice(kind=kind, gateway_ref=attempt.gateway_ref, amount_paise=paise, attempt_id=attempt.pk)
        self.facts.append(told)

    def one(self, number):
        return self.attempts[number % len(self.attempts)] if self.attempts else None

    def intent(self, attempt):
        return SandboxIntent.objects.get(pk=attempt.gateway_ref)

    def hear(self, notice):
        with transaction.atomic():
            return settling.act("sandbox", notice, now=self.now)

    # -- steps --------------------------------------------------------------------------------------------------------

    def start(self, number):
        if len(self.attempts) < MOST_ATTEMPTS:
            started = services.start_attempt(
                payment_id=self.payment.pk, customer_id=self.payment.customer_id, instrument="card", now=self.now
            )
            self.attempts.append(Attempt.objects.get(pk=started["attempt_id"]))

    def decide(self, number, outcome, kind):
        attempt = self.one(number)
        if attempt is not None:
            book.decide(intent_id=attempt.gateway_ref, outcome=outcome, now=self.now)
            self.fact(kind, attempt, self.intent(attempt).amount_paise)

    def tell(self, number):
        if self.facts:
            self.hear(self.facts[number % len(self.facts)])

    def ask(self, number):
        if attempt := self.one(number):
            settling.ask(attempt_id=attempt.pk, now=self.now)

    def settle(self, number):
        if attempt := self.one(number):
            capturing.settle_authorised(attempt_id=attempt.pk, now=self.now)
            if self.intent(attempt).state == "captured":
                self.fact(CAPTURED, attempt, self.intent(attempt).amount_paise)

    def take_unheard(self, number):
        """Our worker died between the gateway's answer and our note."""
        attempt = self.one(number)
        if attempt is not None and self.intent(attempt).state == "authorised":
            paise = self.intent(attempt).amount_paise
            self.gateway.capture(
                attempt_id=attempt.pk, gateway_ref=attempt.gateway_ref, amount_paise=paise, now=self.now
            )
            self.fact(CAPTURED, attempt, paise)

    def let_go_unheard(self, number):
        attempt = self.one(number)
        if attempt is not None and self.intent(attempt).state == "authorised":
            self.gateway.void(attempt_id=attempt.pk, gateway_ref=attempt.gateway_ref, now=self.now)

    def send(self, number):
        for refund_id in refunding.due_refunds(now=self.now, limit=100):
            services.send_refund(refund_id=refund_id, now=self.now)

    def send_unheard(self, number):
        """The gateway sent it back and we do not know."""
        refunds = list(Refund.objects.filter(payment=self.payment).order_by("pk"))
        if refunds:
            refund = refunds[number % len(refunds)]
            self.gateway.refund(
                refund_id=refund.pk, gateway_ref=refund.attempt.gateway_ref, amount_paise=refund.amount_paise,
                now=self.now,
            )  # fmt: skip

    def tell_refund(self, number, kind):
        """`failed` may be a lie: asked again, the gateway knows what it did."""
        if made := list(self.sent_back()):
            one = made[number % len(made)]
            told = Notice(kind=kind, gateway_ref=one.intent_id, amount_paise=one.amount_paise, refund_id=one.key)
            self.hear(told)

    def step(self, act, number):
        if act == "start":
            self.start(number)
        elif act in ("pay", "reserve", "decline"):
            outcome = {"pay": "silent", "reserve": "authorise", "decline": "decline"}[act]
            self.decide(number, outcome, {"pay": CAPTURED, "reserve": AUTHORISED, "decline": DECLINED}[act])
        elif act == "tell refunded":
            self.tell_refund(number, REFUNDED)
        elif act == "tell refund failed":
            self.tell_refund(number, REFUND_FAILED)
        elif act == "cancel":
            services.cancel(ref=self.payment.ref, reason="Not wanted", now=self.now)
            self.owed_paise = 0
        elif act == "wait":
            self.now += timedelta(minutes=number)
        else:
            getattr(self, act.replace(" ", "_"))(number)

    def lower(self, paise):
        """Asked twice with one key, as callers do."""
        key = f"{self.payment.pk}:{paise}"
        for _ in range(2):
            services.lower_amount(ref=self.payment.ref, by_paise=paise, reason="Short", key=key, now=self.now)
        if key not in self.lowered:
            self.lowered.add(key)
            self.owed_paise -= paise if self.owed_paise else 0

    # -- what is always so --------------------------------------------------------------------------------------------

    def check(self):
        assert queries.audit() == []
        attempts = Attempt.objects.filter(payment=self.payment)
        assert attempts.filter(state="captured").count() <= 1
        for attempt in attempts:
            intent = self.intent(attempt)
            back = intent.refunds.aggregate(paise=Sum("amount_paise"))["paise"] or 0
            assert back == intent.refunded_paise
            assert back <= (intent.amount_paise if intent.state == "captured" else 0), "more went back than came in"
            if attempt.state in ("captured", "stray"):
                assert (intent.state, intent.amount_paise) == ("captured", attempt.captured_paise)

    def all_is_heard(self):
        """Every message comes after all, and what is due is worked off until nothing is."""
        for _ in range(4):
            for fact in list(self.facts):
                self.hear(fact)
            self.all_is_worked_off()
            for number in range(self.sent_back().count()):
                self.tell_refund(number, REFUNDED)
        self.check()

    def all_is_worked_off(self):
        """What `payments.tasks.sweep_due` does, as time goes by."""
        self.now += timedelta(minutes=70)
        services.reconcile(now=self.now)
        for number in range(len(self.attempts)):
            self.settle(number)
        self.send(0)

    def sent_back(self):
        mine = SandboxRefund.objects.filter(intent__attempt_id__in=[attempt.pk for attempt in self.attempts])
        return mine.order_by("pk")

    def is_settled(self):
        """What the gateway took and kept is what the order costs in the end, or nothing when nobody wants it."""
        payment = Payment.objects.get(pk=self.payment.pk)
        mine = SandboxIntent.objects.filter(attempt_id__in=[attempt.pk for attempt in self.attempts])
        assert not mine.filter(state="authorised").exists(), "a reservation is left hanging"
        kept_paise = sum(i.amount_paise - i.refunded_paise for i in mine.filter(state="captured"))
        assert kept_paise == payment.captured_paise - payment.refunded_paise
        assert kept_paise == (self.owed_paise if payment.state == "captured" else 0)


def lived(steps):
    world = World()
    for act, number in [("start", 0), *steps]:
        try:
            world.step(act, number)
        except Refusal:
            pass
        world.check()
    return world


calmly = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@calmly
@given(steps=STEPS)
@example(steps=TAKEN_AND_CANCELLED)
@example(steps=PAID_TWICE)
def test_whatever_is_heard_in_whatever_order_no_money_is_lost_or_leaves_twice(steps):
    with transaction.atomic():
        world = lived(steps)
        world.all_is_heard()
        world.is_settled()
        assert not Refund.objects.filter(payment=world.payment).exclude(state=RefundState.DONE).exists()
        transaction.set_rollback(True)


@calmly
@given(steps=STEPS)
@example(steps=TAKEN_AND_CANCELLED)
@example(steps=PAID_TWICE)
def test_when_no_more_messages_come_asking_is_enough(steps):
    with transaction.atomic():
        world = lived(steps)
        for _ in range(5):
            world.all_is_worked_off()
        world.check()
        world.is_settled()
        transaction.set_rollback(True)
