"""Two tabs claim the same line at the same moment: one of them does."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError

from orders import services
from orders.claiming import Kind
from orders.claims import Claim, ClaimedLine
from orders.errors import AlreadyClaimed
from orders.models import Order
from orders.services import Reported
from orders.services import claims as claim_services
from orders.states import Status
from orders.tests.factories import advance, order
from payments.models import Payment, Refund

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch):
    """Nothing reaches a broker from here."""
    monkeypatch.setattr("payments.tasks.publish", lambda task, **kwargs: None)


def claim_at_once(race, *, tabs: int = 6):
    done = advance(order(products=1, qty=1), Status.DELIVERED)
    line = done.lines.get()

    def tab():
        return services.open_claims(
            order_id=done.pk,
            customer_id=done.customer_id,
            reported=[Reported(Kind.MISSING, line.pk, 1)],
            batch=uuid4(),
            now=done.delivered_at + timedelta(minutes=5),
        )

    return done, line, race(tabs, tab)


def test_tabs_that_claim_one_line_at_once_get_its_money_once(race):
    done, line, results = claim_at_once(race)
    assert sum(isinstance(result, list) for result in results) == 1, results
    assert sum(isinstance(result, AlreadyClaimed) for result in results) == 5, results
    assert Refund.objects.get(payment__ref=done.pk).amount_paise == line.unit_price_paise
    assert Payment.objects.get(ref=done.pk).refunded_paise == line.unit_price_paise


def test_control_without_the_lock_the_race_happens_and_the_database_is_the_referee(race, monkeypatch):
    """All tabs see an unclaimed line; the CHECK on its counters lets one through, and not by a sentence."""
    import threading

    together = threading.Barrier(4, timeout=10)
    read_policy = claim_services.reads.policy

    def unlocked(order_id):
        return Order.objects.select_related("store").get(pk=order_id)

    def read_together():
        together.wait()
        return read_policy()

    monkeypatch.setattr(claim_services, "lock", unlocked)
    take = claim_services._take_units

    def take_together(line, qty):
        together.wait()  # everybody has checked what is left before anybody takes
        take(line, qty)

    monkeypatch.setattr(claim_services.reads, "policy", read_together)
    monkeypatch.setattr(claim_services, "_take_units", take_together)
    _done, line, results = claim_at_once(race, tabs=4)
    assert sum(isinstance(result, IntegrityError) for result in results) == 3, results
    assert not any(isinstance(result, AlreadyClaimed) for result in results)
    assert Claim.objects.count() == 1
    assert ClaimedLine.objects.get(line=line).refunded_paise == line.unit_price_paise


def test_two_people_who_decide_one_claim_at_once_give_back_once(race):
    from orders.claims import ClaimPolicy

    ClaimPolicy.objects.create(small_paise=0, order_paise=0)
    done, _line, results = claim_at_once(race, tabs=1)
    (claim,) = results[0]
    decided = race(
        4,
        lambda number: services.decide_claim(
            claim_id=claim.pk, refund_paise=100 + number, reason="x", actor="user:1", now=done.delivered_at
        ),
    )
    assert sum(isinstance(result, Claim) for result in decided) == 1, decided
    assert Refund.objects.filter(payment__ref=done.pk).count() == 1
