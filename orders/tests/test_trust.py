"""How far a customer is trusted with cash: each rule, the limit at checkout, and what the cart says beforehand."""

from datetime import timedelta

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import Permission
from rest_framework.test import APIClient

from accounts.models import User
from blinkit.kernel.errors import Invalid, NotFound
from blinkit.kernel.events import timeline
from blinkit.kernel.models import Event
from catalog.models import FeePolicy
from catalog.tests.factories import NOW, ProductFactory
from orders import queries, services
from orders.api.parts import GUEST_HEADER
from orders.errors import CashLimit, ReasonNeeded
from orders.models import Order, TrustOverride
from orders.services import personal
from orders.states import Status
from orders.tests.factories import address, advance, customer, full_cart, place_order, shop
from orders.tests.test_checkout import ask, nothing_was_written
from orders.trust import History, Level, judge, limit_paise

KIND = History(delivered=9, cash_taken=6, account_days=200)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("seen", "level"),
    [
        ({}, Level.TRUSTED),
        ({"delivered": 0}, Level.NEW),
        ({"delivered": 1}, Level.KNOWN),
        ({"delivered": 4}, Level.KNOWN),
        ({"delivered": 5}, Level.TRUSTED),
        ({"account_days": 29}, Level.KNOWN),
        ({"account_days": 30}, Level.TRUSTED),
        ({"phone_verified": False}, Level.NEW),
        ({"cash_refused": 1}, Level.KNOWN),
        ({"cash_refused": 2}, Level.KNOWN),  # two of eight
        ({"cash_refused": 3}, Level.WATCHED),  # three of nine
        ({"cash_refused": 2, "cash_taken": 0, "delivered": 0}, Level.WATCHED),
        ({"cash_refused": 1, "cash_taken": 0, "delivered": 0}, Level.NEW),
        ({"claims_score": 59}, Level.TRUSTED),
        ({"claims_score": 60}, Level.WATCHED),
        ({"claims_score": 60, "phone_verified": False}, Level.WATCHED),
    ],
)
def test_each_rule(seen, level):
    from dataclasses import replace

    standing = judge(replace(KIND, **seen))
    assert standing.level == level
    assert standing.why


def test_a_city_lowers_a_limit_and_never_raises_it():
    limits = {"new": 200, "known": 300, "trusted": 500, "watched": 50}
    assert limit_paise(Level.NEW, limits=limits, city_paise=1_000) == 200
    assert limit_paise(Level.TRUSTED, limits=limits, city_paise=300) == 300
    assert limit_paise(Level.WATCHED, limits=limits, city_paise=0) == 0


def signed_in(user, how="otp"):
    Event.objects.create(
        code="accounts.SignedIn", payload={"user_id": user.pk, "how": how}, subject=f"user:{user.pk}", actor="", at=NOW
    )


def delivered(user, place, milk, *, method="cod"):
    return advance(place_order(user, place, [milk], method=method), Status.DELIVERED)


def refused_at_the_door(user, place, milk):
    order = advance(place_order(user, place, [milk]), Status.IN_TRANSIT)
    return services.undelivered(order_id=order.pk, reason="Nobody opened", actor="rider:7", now=NOW)


@pytest.mark.django_db
def test_the_facts_are_what_happened():
    milk = ProductFactory(mrp_paise=30_000)
    place, user = shop(milk, units=50), customer(joined_at=NOW - 40 * DAY)
    signed_in(user)
    for _ in range(2):
        delivered(user, place, milk)
    refused_at_the_door(user, place, milk)
    delivered(customer(), place, milk)  # somebody else's
    services.cancel(order_id=place_order(user, place, [milk]).pk, by="customer", reason="", actor="user:1", now=NOW)
    Order.objects.filter(pk=delivered(user, place, milk).pk).update(placed_at=NOW - 181 * DAY)
    known = queries.trust_of(customer_id=user.pk, now=NOW)
    assert known.history == History(
        delivered=3, cash_taken=2, cash_refused=1, account_days=40, phone_verified=True, claims_score=0
    )
    assert (known.level, known.unpaid, known.cash_open) == (Level.KNOWN, 0, 0)
    refused_at_the_door(user, place, milk)
    assert queries.trust_of(customer_id=user.pk, now=NOW).level == Level.WATCHED


@pytest.mark.django_db
def test_a_password_verifies_no_phone_and_claims_weigh_in():
    from orders.claims import Claim

    milk = ProductFactory(mrp_paise=30_000)
    place, user = shop(milk), customer()
    signed_in(user, how="password")
    order = delivered(user, place, milk)
    assert queries.trust_of(customer_id=user.pk, now=NOW).level == Level.NEW
    signed_in(user)
    assert queries.trust_of(customer_id=user.pk, now=NOW).level == Level.KNOWN
    for number in range(4):
        Claim.objects.create(
            order=order, customer=user, kind="damaged", batch=order.pk, state="refused", decided_by="user:9",
            created_at=NOW, decided_at=NOW, reason=f"No {number}",
        )  # fmt: skip
    known = queries.trust_of(customer_id=user.pk, now=NOW)
    assert known.history.claims_score >= 60
    assert known.level == Level.WATCHED


@pytest.mark.django_db
def test_the_limit_grows_with_what_was_delivered_and_the_refusal_says_what_helps():
    milk, gold = ProductFactory(mrp_paise=30_000), ProductFactory(mrp_paise=250_000)
    place, user = shop(milk, gold), customer(joined_at=NOW - 40 * DAY)
    signed_in(user)
    where, view = address(user), full_cart(user, place, [gold])
    with pytest.raises(CashLimit) as refused:
        ask(user, view, where)
    assert refused.value.extra == {"limit_paise": 200_000, "city_limit_paise": 300_000}
    assert "It grows with your first delivered order." in refused.value.detail
    assert nothing_was_written()
    assert ask(user, view, where, method="online").status == Status.PENDING
    delivered(user, place, milk)
    view = full_cart(user, place, [gold])
    assert ask(user, view, where).status == Status.CONFIRMED


@pytest.mark.django_db
def test_somebody_watched_pays_little_in_cash_and_the_wallets_part_does_not_count(settings):
    milk = ProductFactory(mrp_paise=60_000)
    place, user = shop(milk), customer()
    services.set_trust(
        customer_id=user.pk, level="watched", reason="Three doors closed", until=NOW + DAY, actor="user:9", now=NOW
    )
    where, view = address(user), full_cart(user, place, [milk])
    with pytest.raises(CashLimit) as refused:
        ask(user, view, where)
    assert refused.value.extra["limit_paise"] == 50_000
    assert "Three doors" not in refused.value.detail
    settings.ORDER_COD_LIMITS_PAISE = settings.ORDER_COD_LIMITS_PAISE | {"watched": 0}
    with pytest.raises(CashLimit, match="Cash is not possible just now"):
        ask(user, view, where)


@pytest.mark.django_db
def test_a_persons_word_goes_before_the_rules_until_it_ends():
    user = customer()
    given = {"customer_id": user.pk, "reason": "Regular at the counter", "actor": "user:9", "now": NOW}
    services.set_trust(level="trusted", until=NOW + DAY, **given)
    services.set_trust(level="known", until=NOW + 2 * DAY, **given)
    known = queries.trust_of(customer_id=user.pk, now=NOW)
    assert (known.level, known.judged.level, known.override_reason) == (
        Level.KNOWN, Level.NEW, "Regular at the counter",
    )  # fmt: skip
    assert TrustOverride.objects.filter(until__gt=NOW).count() == 1
    assert queries.trust_of(customer_id=user.pk, now=NOW + 2 * DAY).level == Level.NEW
    assert services.end_trust(customer_id=user.pk, reason="Moved away", actor="user:9", now=NOW)
    assert not services.end_trust(customer_id=user.pk, reason="Moved away", actor="user:9", now=NOW)
    assert queries.trust_of(customer_id=user.pk, now=NOW).level == Level.NEW
    told = [(row.payload["level"], row.actor) for row in timeline(f"user:{user.pk}") if row.code == "orders.TrustSet"]
    assert told == [("trusted", "user:9"), ("known", "user:9"), ("", "user:9")]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        ({"level": "holy"}, Invalid), ({"reason": " "}, ReasonNeeded), ({"until": NOW}, Invalid),
        ({"until": NOW + 400 * DAY}, Invalid), ({"customer_id": 0}, NotFound),
    ],
)  # fmt: skip
def test_a_level_needs_a_name_a_reason_an_end_and_somebody(wrong, kind):
    given = {"customer_id": customer().pk, "level": "known", "reason": "Why", "until": NOW + DAY}
    with pytest.raises(kind):
        services.set_trust(**{**given, "actor": "user:9", "now": NOW, **wrong})
    assert not TrustOverride.objects.exists()


@pytest.mark.django_db
def test_a_person_is_told_what_was_set_and_it_goes_with_them():
    user = customer()
    services.set_trust(customer_id=user.pk, level="known", reason="Why", until=NOW + DAY, actor="user:9", now=NOW)
    assert personal.held(user_id=user.pk)["trusted_with_cash"][0]["level"] == "known"
    personal.forget(user_id=user.pk, now=NOW)
    assert not TrustOverride.objects.exists()


# -- what the cart says beforehand ------------------------------------------------------------------------------------


def api(user):
    client = APIClient()
    client.force_authenticate(user)
    return client


@pytest.mark.django_db
def test_the_cart_says_which_ways_to_pay_there_are():
    gold = ProductFactory(mrp_paise=250_000)
    place, user = shop(gold), customer()
    address(user)
    full_cart(user, place, [gold])
    online, cash = api(user).get("/api/v1/cart/").json()["ways"]
    assert (online["method"], online["possible"], online["limit_paise"], online["sentence"]) == (
        "online",
        True,
        None,
        "",
    )
    assert (cash["method"], cash["possible"], cash["limit_paise"]) == ("cod", False, 200_000)
    assert "Cash is possible up to ₹2,000." in cash["sentence"] and cash["sentence_local"]
    FeePolicy.objects.create(store=place, cod_limit_paise=10_000)
    assert api(user).get("/api/v1/cart/").json()["ways"][1]["limit_paise"] == 10_000
    guest = APIClient().get("/api/v1/cart/", headers={GUEST_HEADER: "01a21a7a-930f-7bd5-a065-d374355af648"})
    assert guest.json()["ways"] is None


@pytest.mark.django_db
def test_open_orders_close_a_way_before_checkout_too():
    milk = ProductFactory(mrp_paise=30_000)
    place, user = shop(milk), customer()
    for _ in range(2):
        place_order(user, place, [milk], method="online")
    full_cart(user, place, [milk])
    online, cash = api(user).get("/api/v1/cart/").json()["ways"]
    assert (online["possible"], cash["possible"]) == (False, True)
    assert "2 of your orders wait for payment" in online["sentence"]


@pytest.mark.django_db
def test_the_pay_page_shows_the_customers_own_limit(client):
    gold = ProductFactory(mrp_paise=250_000)
    place, user = shop(gold), customer()
    where = address(user)
    full_cart(user, place, [gold])
    client.force_login(user)
    client.post("/place/", {"lat": where.lat, "lng": where.lng})
    page = client.get("/checkout/").content.decode()
    assert "Up to ₹2,000 only · It grows with your first delivered order." in page


# -- in the administration --------------------------------------------------------------------------------------------

PEOPLE = "/admin/orders/customertrust/"


def staff(*permissions):
    user = User.objects.create_user("+919999999998", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


@pytest.mark.django_db
def test_the_customer_page_shows_the_level_and_why(client):
    client.force_login(User.objects.create_superuser("+919999999999", "secret"))
    user = customer()
    page = client.get(f"{PEOPLE}{user.pk}/change/").content.decode()
    assert "no order was delivered yet" in page or "the phone is not verified" in page
    assert "Orders delivered" in page
    assert client.get(PEOPLE, {"q": user.phone}).status_code == 200


@pytest.mark.django_db
def test_staff_with_the_permission_set_it_with_a_reason_and_others_do_not(client):
    user = customer()
    act = {"action": "set_level", ACTION_CHECKBOX_NAME: str(user.pk)}
    sure = {**act, "confirmed": "yes", "level": "trusted", "days": 7, "reason": "Regular"}
    client.force_login(staff("view_customertrust"))
    client.post(PEOPLE, sure)
    assert not TrustOverride.objects.exists()
    boss = User.objects.create_superuser("+919999999999", "secret")
    client.force_login(boss)
    assert "Your name and the reason are kept" in client.post(PEOPLE, act).content.decode()
    client.post(PEOPLE, {**sure, "reason": ""})
    assert not TrustOverride.objects.exists()
    client.post(PEOPLE, sure)
    made = TrustOverride.objects.get()
    assert (made.level, made.actor, made.customer_id) == ("trusted", f"user:{boss.pk}", user.pk)
    client.post(PEOPLE, {**sure, "level": "rules"})
    made.refresh_from_db()
    assert made.until <= made.made_at + timedelta(minutes=5)
