"""Reserved money under real threads, and what a control without the lease would do."""

from threading import Barrier

import pytest

from catalog.tests.factories import NOW
from payments import queries, services, tasks
from payments.gateways import sandbox
from payments.models import Attempt, Refund, SandboxIntent
from payments.services import capturing
from payments.tests.factories import online, start, tell

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch):
    monkeypatch.setattr("payments.tasks.publish", lambda task, **kwargs: None)


@pytest.fixture
def calls(monkeypatch):
    """Every capture and void the gateway is asked for."""
    seen = []
    for name in ("capture", "void"):

        def noted(self, *, _name=name, _real=getattr(sandbox.SandboxGateway, name), **kwargs):
            seen.append(_name)
            return _real(self, **kwargs)

        monkeypatch.setattr(sandbox.SandboxGateway, name, noted)
    return seen


def reserved(amount_paise=48_200):
    payment = online(amount_paise)
    sandbox.decide(intent_id=start(payment), outcome="authorise", now=NOW)
    tell(NOW)
    attempt = Attempt.objects.get(payment=payment)
    assert attempt.state == "authorised"
    return payment, attempt


def test_a_reservation_that_many_workers_find_is_captured_once(race, calls):
    payment, attempt = reserved()
    outcomes = race(8, lambda: services.settle_authorised(attempt_id=attempt.pk, now=NOW))
    assert sorted(outcomes) == ["Captured"] + ["Known already"] * 7
    assert calls == ["capture"]
    payment.refresh_from_db()
    assert payment.state == "captured"


def test_control_without_the_lease_every_worker_asks_the_gateway(race, calls, monkeypatch):
    all_looked = Barrier(4, timeout=30)

    def no_lease(attempt_id, *, now):
        found = Attempt.objects.select_related("payment").filter(pk=attempt_id, state="authorised").first()
        all_looked.wait()
        return found

    monkeypatch.setattr(capturing, "_lease", no_lease)
    _, attempt = reserved()
    race(4, lambda: services.settle_authorised(attempt_id=attempt.pk, now=NOW))
    assert len(calls) == 4


def test_cancelling_while_it_is_captured_never_keeps_money(race, calls):
    for _ in range(5):
        payment, attempt = reserved(10_000)

        def act(number, payment=payment, attempt=attempt):
            if number:
                services.cancel(ref=payment.ref, reason="changed mind", now=NOW)
            else:
                services.settle_authorised(attempt_id=attempt.pk, now=NOW)

        assert race(2, act) == [None, None]
        attempt.refresh_from_db()
        payment.refresh_from_db()
        if attempt.state == "voided":
            assert SandboxIntent.objects.get(attempt_id=attempt.pk).state == "voided"
            assert not Refund.objects.filter(payment=payment).exists()
        else:
            assert Refund.objects.get(payment=payment).amount_paise == 10_000
            assert payment.captured_paise == payment.refunded_paise
    tell(NOW)
    assert queries.audit() == []


def test_the_gateway_is_never_called_inside_a_transaction(monkeypatch):
    from django.db import connection

    inside = []
    for name in ("start", "capture", "void"):
        real = getattr(sandbox.SandboxGateway, name)

        def noted(self, *, _real=real, **kwargs):
            inside.append(connection.in_atomic_block)
            return _real(self, **kwargs)

        monkeypatch.setattr(sandbox.SandboxGateway, name, noted)
    _, attempt = reserved()
    services.settle_authorised(attempt_id=attempt.pk, now=NOW)
    payment, attempt = reserved()
    services.cancel(ref=payment.ref, reason="changed mind", now=NOW)
    services.settle_authorised(attempt_id=attempt.pk, now=NOW)
    assert inside == [False] * 4


def test_a_reservation_of_too_little_is_let_go(calls):
    payment, attempt = reserved()
    Attempt.objects.filter(pk=attempt.pk).update(authorised_paise=100)
    assert services.settle_authorised(attempt_id=attempt.pk, now=NOW) == "Let go"
    payment.refresh_from_db()
    assert (payment.state, calls) == ("open", ["void"])


def test_the_sweep_tries_again_with_growing_pauses_and_one_that_breaks_keeps_nobody_waiting(monkeypatch, time_machine):
    time_machine.move_to(NOW, tick=False)
    broken, fine = reserved()[1], reserved()[1]
    real = sandbox.SandboxGateway.capture

    def capture(self, *, attempt_id, **kwargs):
        if attempt_id == broken.pk:
            raise TimeoutError("no answer")
        return real(self, attempt_id=attempt_id, **kwargs)

    monkeypatch.setattr(sandbox.SandboxGateway, "capture", capture)
    tasks.sweep_due()
    broken.refresh_from_db()
    fine.refresh_from_db()
    assert (broken.state, broken.tries, fine.state) == ("authorised", 1, "captured")
    pauses = []
    for _ in range(3):
        pauses.append((broken.next_try_at - NOW).total_seconds())
        services.settle_authorised(attempt_id=broken.pk, now=broken.next_try_at)
        broken.refresh_from_db()
    assert pauses == [30, 90, 210]
    monkeypatch.setattr(sandbox.SandboxGateway, "capture", real)
    time_machine.move_to(broken.next_try_at, tick=False)
    tasks.sweep_due()
    broken.refresh_from_db()
    assert broken.state == "captured"
