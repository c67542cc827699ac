"""Bought by paying or from the wallet; a member until the day, and told before it ends."""

from datetime import timedelta

import pytest

from accounts.tests.factories import UserFactory
from blinkit.kernel.models import Event
from catalog import services as catalog
from catalog.models import SegmentMember
from catalog.tests.factories import NOW
from payments import ledger, queries, services
from payments.errors import NoSuchPlan, WalletTooLittle
from payments.models import Membership, MembershipPlan, MembershipPurchase, Payment, Refund
from payments.services import membership, personal
from payments.tests.factories import sandbox, settle_refunds, start, tell
from payments.tests.test_wallet import balance, credit

pytestmark = pytest.mark.django_db


def plan(**fields):
    given = {"name": "Plus", "price_paise": 9_900, "days": 30, "gives": "Free delivery"} | fields
    return MembershipPlan.objects.create(**given)


def buy(user, a_plan, *, method="online", key="k1", now=NOW):
    return services.buy_membership(customer_id=user.pk, plan_id=a_plan.pk, method=method, key=key, now=now)


def pay(purchase):
    payment = Payment.objects.get(ref=purchase.pk)
    sandbox.decide(intent_id=start(payment), outcome="pay", now=NOW)
    tell(NOW)


def until(user):
    return SegmentMember.objects.get(user=user, segment="members").until


def test_nobody_is_a_member_before_the_payment_is_captured():
    user = UserFactory()
    purchase = buy(user, plan())
    assert not SegmentMember.objects.exists() and not Membership.objects.exists()
    pay(purchase)
    assert until(user) == Membership.objects.get().until == NOW + timedelta(days=30)
    assert Event.objects.get(code="payments.MembershipBegun").subject == f"user:{user.pk}"
    assert queries.audit() == []


def test_the_same_key_is_the_same_purchase_and_a_capture_twice_begins_once():
    user, a_plan = UserFactory(), plan()
    purchase = buy(user, a_plan)
    assert buy(user, a_plan).pk == purchase.pk
    pay(purchase)
    membership.begin(ref=purchase.pk, now=NOW)
    assert until(user) == NOW + timedelta(days=30)
    assert Payment.objects.count() == 1


def test_a_member_who_buys_again_has_it_longer():
    user, a_plan = UserFactory(), plan()
    pay(buy(user, a_plan))
    pay(buy(user, a_plan, key="k2"))
    assert until(user) == NOW + timedelta(days=60)
    again = MembershipPurchase.objects.get(begins_at__gt=NOW)
    assert (again.begins_at, again.ends_at) == (NOW + timedelta(days=30), NOW + timedelta(days=60))


def test_after_it_ended_it_begins_anew():
    user, a_plan = UserFactory(), plan()
    credit(user, 19_800)
    buy(user, a_plan, method="wallet")
    later = NOW + timedelta(days=40)
    buy(user, a_plan, method="wallet", key="k2", now=later)
    row = Membership.objects.get()
    assert (row.since, row.until, until(user)) == (later, later + timedelta(days=30), later + timedelta(days=30))


def test_from_the_wallet_it_begins_at_once():
    user = UserFactory()
    credit(user, 10_000)
    purchase = buy(user, plan(), method="wallet")
    assert purchase.ends_at == until(user) == NOW + timedelta(days=30)
    assert balance(user) == 100
    assert queries.audit() == []


def test_a_wallet_with_too_little_is_refused_and_nothing_is_written():
    user = UserFactory()
    credit(user, 9_899)
    with pytest.raises(WalletTooLittle) as refused:
        buy(user, plan(), method="wallet")
    assert refused.value.extra == {"balance_paise": 9_899}
    assert not MembershipPurchase.objects.exists() and not Payment.objects.exists()
    assert balance(user) == 9_899


def test_a_plan_that_is_not_sold_is_refused():
    with pytest.raises(NoSuchPlan):
        buy(UserFactory(), plan(is_active=False))
    assert not MembershipPurchase.objects.exists()


def test_whoever_is_a_member_for_ever_stays_so():
    user = UserFactory()
    catalog.join_segment(user_id=user.pk, segment="members")
    pay(buy(user, plan()))
    assert until(user) is None


def test_members_are_reminded_once_three_days_before_each_end():
    user, a_plan = UserFactory(), plan()
    pay(buy(user, a_plan))
    assert services.remind_ending(now=NOW + timedelta(days=26)) == 0
    assert services.remind_ending(now=NOW + timedelta(days=27)) == 1
    assert services.remind_ending(now=NOW + timedelta(days=28)) == 0
    pay(buy(user, a_plan, key="k2"))
    assert services.remind_ending(now=NOW + timedelta(days=28)) == 0
    assert services.remind_ending(now=NOW + timedelta(days=58)) == 1
    assert services.remind_ending(now=NOW + timedelta(days=61)) == 0


def test_money_that_comes_for_a_membership_of_somebody_forgotten_goes_back():
    user = UserFactory()
    purchase = buy(user, plan())
    payment = Payment.objects.get(ref=purchase.pk)
    intent = start(payment)
    personal.forget(user_id=user.pk, now=NOW)
    sandbox.decide(intent_id=intent, outcome="pay", now=NOW)
    tell(NOW)
    settle_refunds()
    purchase.refresh_from_db()
    assert purchase.begins_at is None and not Membership.objects.exists()
    assert ledger.balance("gateway:sandbox") == ledger.balance("orders:prepaid") == 0
    assert Refund.objects.get().amount_paise == 9_900
    assert queries.audit() == []
