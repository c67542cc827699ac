"""A friend's code: who may enter it, when both are rewarded, and that the budget holds."""

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Device
from catalog import services as catalog
from catalog.models import Referral, ReferralPolicy
from catalog.tests.factories import NOW, ProductFactory
from orders import handlers, services
from orders.errors import ReferralRefused
from orders.events import OrderDelivered
from orders.models import Order
from orders.services.referral import RULES
from orders.states import Status
from orders.tests.factories import address, advance, customer, place_order, shop
from payments import queries as books

pytestmark = pytest.mark.django_db


def policy(**fields):
    given = {
        "referrer_paise": 10_000, "newcomer_paise": 5_000, "min_order_paise": 15_000, "most_per_month": 2,
        "budget_paise": 100_000,
    } | fields  # fmt: skip
    return catalog.save_referral_policy(ReferralPolicy(**given), actor="user:1")


def code_of(user, **more):
    return services.my_referral_code(user_id=user.pk, now=NOW, **more).code


def enter(newcomer, code, **more):
    return services.enter_referral(customer_id=newcomer.pk, code=code, now=NOW, **more)


def balance(user):
    return books.wallet_of(user.pk, now=NOW).balance_paise


def delivered(user, place, milk, qty=2):
    order = advance(place_order(user, place, {milk: qty}), Status.DELIVERED)
    event = OrderDelivered(order_id=order.pk, store_code=place.code, customer_id=user.pk, late_s=0)
    handlers.order_delivered(event, None)
    return order


@pytest.fixture
def place_and_milk():
    milk = ProductFactory()
    return shop(milk, units=99), milk


def test_a_code_is_short_clear_and_stays():
    user = customer()
    code = code_of(user)
    assert len(code) == 6 and not set(code) & set("01OIL")
    assert code_of(user) == code


def test_both_are_rewarded_with_the_first_order_that_is_large_enough(place_and_milk):
    place, milk = place_and_milk
    policy()
    friend, newcomer = customer(), customer()
    assert enter(newcomer, f" {code_of(friend).lower()} ") == enter(newcomer, code_of(friend))
    delivered(newcomer, place, milk, qty=1)
    assert (balance(friend), balance(newcomer)) == (0, 0)
    order = delivered(newcomer, place, milk)
    services.reward_referral(order_id=order.pk, now=NOW)
    delivered(newcomer, place, milk)
    assert (balance(friend), balance(newcomer)) == (10_000, 5_000)
    row = Referral.objects.get()
    assert (row.state, row.order_ref, row.referrer_paise, row.newcomer_paise) == ("rewarded", order.pk, 10_000, 5_000)
    assert ReferralPolicy.objects.get().used_paise == 15_000
    assert books.audit() == []


def refused(newcomer, code, **more):
    with pytest.raises(ReferralRefused) as refusal:
        enter(newcomer, code, **more)
    assert not Referral.objects.filter(newcomer=newcomer).exists()
    return refusal.value.extra["why"]


def test_who_may_not_enter_a_code(place_and_milk):
    place, milk = place_and_milk
    friend, newcomer = customer(), customer()
    code = code_of(friend, device="browser-1")
    assert refused(newcomer, code) == "no-programme"
    policy()
    assert refused(newcomer, "NOSUCH") == "no-such-code"
    assert refused(friend, code) == "own-code"
    assert refused(newcomer, code, device="browser-1") == "same-device"
    address(friend), address(newcomer)
    assert refused(newcomer, code) == "same-address"
    neighbour = customer()
    address(neighbour, lat=12.96)
    assert enter(neighbour, code, device="phone-9").state == "waiting"
    assert refused(customer(), code, device="phone-9") == "same-device"
    with pytest.raises(ReferralRefused):
        enter(neighbour, code_of(customer()))
    old = customer()
    delivered(old, place, milk)
    assert refused(old, code) == "not-new"
    assert [name for name, _, _ in RULES] == ["own-code", "same-phone", "same-device", "same-address", "circle"]


def test_the_phone_of_the_other_as_contact_is_the_same_phone(place_and_milk):
    place, milk = place_and_milk
    policy()
    friend, newcomer = customer(), customer()
    place_order(friend, place, {milk: 1})
    Order.objects.update(contact_phone=newcomer.phone)
    assert refused(newcomer, code_of(friend)) == "same-phone"


def test_a_rule_that_is_broken_later_rewards_nobody(place_and_milk):
    place, milk = place_and_milk
    policy()
    friend, newcomer = customer(), customer()
    Device.objects.create(user=friend, platform="android", push_token="token-1")
    enter(newcomer, code_of(friend))
    address(friend)  # the same house as the newcomer's first order goes to
    delivered(newcomer, place, milk)
    row = Referral.objects.get()
    assert (row.state, row.why, balance(friend), balance(newcomer)) == ("refused", "same-address", 0, 0)


def test_the_database_refuses_a_referral_of_oneself():
    user = customer()
    with pytest.raises(IntegrityError, match="referral_never_of_oneself"), transaction.atomic():
        Referral.objects.create(newcomer=user, referrer=user, entered_at=NOW)


def test_above_the_months_limit_only_the_newcomer_is_rewarded(place_and_milk):
    place, milk = place_and_milk
    policy(most_per_month=1)
    friend = customer()
    for number in range(2):
        newcomer = customer()
        address(newcomer, lat=12.95 + number / 1000)
        enter(newcomer, code_of(friend))
        delivered(newcomer, place, milk)
        assert balance(newcomer) == 5_000
    assert balance(friend) == 10_000
    assert set(Referral.objects.values_list("why", flat=True)) == {"", "month-limit"}


def test_a_new_policy_ends_the_one_before():
    first, second = policy(), policy(referrer_paise=1)
    first.refresh_from_db()
    assert (first.is_active, second.is_active) == (False, True)


@pytest.mark.django_db(transaction=True)
def test_the_last_of_the_budget_goes_to_as_many_as_it_is_enough_for(race, place_and_milk):
    place, milk = place_and_milk
    policy(budget_paise=45_000, most_per_month=99)
    orders = []
    for number in range(6):
        friend, newcomer = customer(), customer()
        address(newcomer, lat=12.95 + number / 1000)
        enter(newcomer, code_of(friend))
        orders.append(advance(place_order(newcomer, place, {milk: 2}), Status.DELIVERED))
    results = race(6, lambda number: services.reward_referral(order_id=orders[number].pk, now=NOW))
    assert sorted(row.why for row in results) == ["", "", "", "budget-used-up", "budget-used-up", "budget-used-up"]
    assert ReferralPolicy.objects.get().used_paise == 45_000
    assert books.audit() == []


@pytest.mark.django_db(transaction=True)
def test_rewards_of_one_friend_at_once_stay_within_the_month(race, place_and_milk):
    place, milk = place_and_milk
    policy(most_per_month=2)
    friend, orders = customer(), []
    for number in range(5):
        newcomer = customer()
        address(newcomer, lat=12.95 + number / 1000)
        enter(newcomer, code_of(friend))
        orders.append(advance(place_order(newcomer, place, {milk: 2}), Status.DELIVERED))
    results = race(5, lambda number: services.reward_referral(order_id=orders[number].pk, now=NOW))
    assert sorted(row.why for row in results) == ["", "", "month-limit", "month-limit", "month-limit"]
    assert balance(friend) == 20_000
    assert books.audit() == []


@pytest.mark.django_db(transaction=True)
def test_control_a_budget_that_is_read_and_then_written_is_overspent(race):
    import threading

    row = policy(budget_paise=15_000)
    together = threading.Barrier(4)

    def unlocked() -> bool:
        seen = ReferralPolicy.objects.get(pk=row.pk)
        together.wait(timeout=10)
        if seen.used_paise + 15_000 > seen.budget_paise:
            return False
        ReferralPolicy.objects.filter(pk=row.pk).update(used_paise=seen.used_paise + 15_000)
        return True

    assert race(4, unlocked).count(True) > 1


def test_friends_cannot_bring_each_other_in_a_circle(place_and_milk):
    place, milk = place_and_milk
    policy()
    first, second, third = customer(), customer(), customer()
    enter(second, code_of(first))
    with pytest.raises(ReferralRefused) as refused:
        enter(first, code_of(second))
    assert refused.value.extra["why"] == "circle"
    enter(third, code_of(second))
    with pytest.raises(ReferralRefused):
        enter(first, code_of(third))
    delivered(second, place, milk)
    assert (balance(first), balance(second)) == (10_000, 5_000)


def test_codes_exchanged_in_the_same_moment_reward_nobody(place_and_milk):
    place, milk = place_and_milk
    policy()
    one, other = customer(), customer()
    address(one), address(other, lat=12.96)
    enter(one, code_of(other))
    Referral.objects.create(newcomer=other, referrer=one, entered_at=NOW)  # the rule did not see the first yet
    delivered(one, place, milk)
    delivered(other, place, milk)
    assert set(Referral.objects.values_list("state", "why")) == {("refused", "circle")}
    assert (balance(one), balance(other)) == (0, 0)
