"""A declined card may be tried again on the same intent; when nobody tells us how that went, we ask."""

from datetime import timedelta

import pytest

from catalog.tests.factories import NOW
from payments import queries
from payments.models import Attempt
from payments.services import settling
from payments.standins.rigs import StripeRig

pytestmark = pytest.mark.django_db


@pytest.fixture
def rig():
    with StripeRig(NOW) as rig:
        yield rig


def declined(rig, *, instrument="upi"):
    payment = rig.payment()
    attempt = rig.start(payment, instrument=instrument)
    rig.pay(attempt, decline=True)
    rig.hear()
    attempt.refresh_from_db()
    assert attempt.state == "declined"
    return payment, attempt


def state(payment):
    payment.refresh_from_db()
    return payment.state


@pytest.mark.parametrize("instrument", ["upi", "card"])
def test_money_taken_at_the_second_try_is_found_when_webhook_and_browser_are_both_lost(rig, instrument):
    payment, attempt = declined(rig, instrument=instrument)
    rig.pay(attempt)
    rig.take_messages()
    rig.later(minutes=1)
    rig.sweep()
    assert state(payment) == "open", "not asked about yet"
    rig.later(minutes=1)
    rig.sweep()
    rig.sweep()  # a card is only reserved: the next sweep takes it
    assert state(payment) == "captured"
    assert queries.audit() == []


def test_a_try_in_the_last_minute_of_the_hour_is_found(rig):
    payment, attempt = declined(rig)
    for _ in range(59):
        rig.later(minutes=1)
        rig.sweep()
    rig.pay(attempt)
    rig.take_messages()
    rig.later(minutes=1)
    rig.sweep()
    assert state(payment) == "captured"


def test_a_declined_attempt_is_asked_about_six_times_and_then_never(rig):
    payment, attempt = declined(rig)
    before = rig.stripe.calls.count("retrieve")
    asked_at = []
    for minute in range(1, 120):
        rig.later(minutes=1)
        count = rig.stripe.calls.count("retrieve")
        rig.sweep()
        asked_at += [minute] * (rig.stripe.calls.count("retrieve") - count)
    assert asked_at == [2, 4, 8, 16, 32, 60]
    assert rig.stripe.calls.count("retrieve") - before == 6
    attempt.refresh_from_db()
    assert (attempt.state, attempt.next_try_at, state(payment)) == ("declined", None, "open")


def test_many_take_turns_and_asking_without_news_settles_nothing(rig):
    attempts = [declined(rig)[1] for _ in range(3)]
    rig.later(minutes=2)
    before = rig.stripe.calls.count("retrieve")
    assert settling.reconcile(now=rig.now, limit=2) == 0
    assert settling.reconcile(now=rig.now, limit=2) == 0
    assert settling.reconcile(now=rig.now, limit=2) == 0
    assert rig.stripe.calls.count("retrieve") - before == 3
    assert set(Attempt.objects.values_list("next_try_at", flat=True)) == {rig.now + timedelta(minutes=2)}
    assert len(attempts) == 3


def test_what_a_gateway_let_go_for_good_is_not_asked_about(rig):
    payment = rig.payment()
    attempt = rig.start(payment, reserve=True)
    rig.pay(attempt)
    rig.deliver(rig.take_messages())
    rig.stripe.let_go(attempt.gateway_ref)
    rig.take_messages()
    rig.sweep()
    attempt.refresh_from_db()
    assert (attempt.state, attempt.next_try_at) == ("declined", None)
