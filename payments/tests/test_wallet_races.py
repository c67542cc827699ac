"""One rupee is spent once, whoever asks at the same moment. The control shows that the lock keeps it so."""

import random
from threading import Barrier

import pytest
from django.db import IntegrityError

from accounts.tests.factories import UserFactory
from blinkit.kernel.ids import uuid7
from catalog.tests.factories import NOW
from payments import queries, services
from payments.models import MembershipPlan, MembershipPurchase, Wallet, WalletLot
from payments.services import membership
from payments.tests.test_wallet import balance, credit, payment_of, take

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch):
    monkeypatch.setattr("payments.tasks.publish", lambda task, **kwargs: None)


def test_purchases_at_once_never_spend_the_same_rupee(race):
    user = UserFactory()
    credit(user, 6_000, days=3)
    credit(user, 4_000)
    taken = race(8, lambda: take(user, 3_000))
    assert sorted(taken, reverse=True) == [3_000, 3_000, 3_000, 1_000, 0, 0, 0, 0]
    assert balance(user) == 0
    assert queries.audit() == []


def test_control_without_the_lock_one_rupee_is_spent_by_several(race):
    user = UserFactory()
    credit(user, 3_000)

    all_looked = Barrier(4, timeout=30)

    def unlocked() -> int:
        wallet = Wallet.objects.get(customer=user)
        lot = WalletLot.objects.get(wallet=wallet)
        all_looked.wait()
        assert lot.left_paise >= 3_000
        lot.left_paise -= 3_000
        lot.save(update_fields=["left_paise"])
        return 3_000

    assert sum(race(4, unlocked)) > 3_000
    assert queries.audit() != []


def test_crediting_spending_and_expiring_at_once_leave_a_true_balance(race):
    user = UserFactory()
    credit(user, 5_000, days=1)
    dice = random.Random(3)
    later = NOW.replace(day=NOW.day + 2)
    acts = [
        lambda: credit(user, 1_000, key="same"),
        lambda: take(user, 700),
        lambda: services.sweep_expired(now=later),
    ] * 4
    dice.shuffle(acts)
    results = race(12, lambda number: acts[number]())
    assert not [result for result in results if isinstance(result, Exception)], results
    assert WalletLot.objects.filter(key="same").count() == 1
    assert queries.audit() == []


def test_refunds_at_once_give_the_wallet_no_more_than_it_gave(race):
    user = UserFactory()
    credit(user, 10_000)
    payment = payment_of(user, 0, 10_000, method="wallet")

    def ask(number: int) -> int:
        return services.lower_amount(ref=payment.ref, by_paise=3_000, reason="short", key=f"k{number}", now=NOW)

    assert race(8, ask).count(3_000) == 3
    assert balance(user) == 9_000
    assert queries.audit() == []


@pytest.mark.parametrize("method", ["wallet", "online"])
def test_the_same_key_at_once_is_one_membership(race, method):
    user = UserFactory()
    plan = MembershipPlan.objects.create(name="Plus", price_paise=9_900, days=30, gives="Free delivery")
    credit(user, 30_000)
    results = race(
        4, lambda: services.buy_membership(customer_id=user.pk, plan_id=plan.pk, method=method, key="k", now=NOW)
    )
    assert len({purchase.pk for purchase in results}) == 1 == MembershipPurchase.objects.count()
    assert balance(user) == (20_100 if method == "wallet" else 30_000)
    assert queries.audit() == []


def test_control_without_the_lock_the_same_key_at_once_fails(race, monkeypatch):
    user = UserFactory()
    plan = MembershipPlan.objects.create(name="Plus", price_paise=9_900, days=30, gives="Free delivery")
    credit(user, 30_000)
    all_looked = Barrier(4, timeout=30)

    def found(wallet: Wallet, *, now: object) -> int:
        all_looked.wait()
        return 30_000

    monkeypatch.setattr(membership.wallet, "lock", lambda customer_id: Wallet.objects.get(customer=customer_id))
    monkeypatch.setattr(membership.wallet, "spendable", found)
    results = race(
        4, lambda: services.buy_membership(customer_id=user.pk, plan_id=plan.pk, method="wallet", key="k", now=NOW)
    )
    assert sum(isinstance(result, IntegrityError) for result in results) == 3, results


def test_a_membership_bought_twice_at_once_from_one_wallet_is_paid_once(race):
    user = UserFactory()
    plan = MembershipPlan.objects.create(name="Plus", price_paise=9_900, days=30, gives="Free delivery")
    credit(user, 15_000)

    def buy(number: int) -> object:
        return services.buy_membership(customer_id=user.pk, plan_id=plan.pk, method="wallet", key=str(uuid7()), now=NOW)

    results = race(4, buy)
    assert sum(not isinstance(result, Exception) for result in results) == 1, results
    assert balance(user) == 5_100
    assert queries.audit() == []
