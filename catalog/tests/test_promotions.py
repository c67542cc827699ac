"""Promotions as kept: limits hold, also when many check out at once; changes are seen at once; uses come back."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from catalog import offers, queries, services
from catalog.errors import PromotionGone
from catalog.models import BundlePart, Coupon, Promotion, PromotionUse
from catalog.pricing.promotions import Item, Kind, Left
from catalog.services import Use
from catalog.tests.factories import NOW, BrandFactory, CategoryFactory, ProductFactory, store

pytestmark = pytest.mark.django_db


def promotion(**fields) -> Promotion:
    given = {"name": "Ten off", "kind": "percent", "percent_bp": 1_000, "starts_at": NOW - timedelta(days=1)} | fields
    return services.save_promotion(Promotion(**given), actor="user:1")


def somebody(number: int = 0) -> User:
    return User.objects.create_user(f"+91900000{number:04d}")


def test_rules_of_a_store_are_read_once_and_anew_after_a_change():
    place, other = store(), store("BLR-U")
    ten, elsewhere = promotion(), promotion(store=other)
    assert [rule.id for rule in offers.rules_of(queries.store_by_id(place.pk))] == [ten.pk]
    read = queries.store_by_id(place.pk)
    with CaptureQueriesContext(connection) as asked:
        offers.rules_of(read)
    assert not asked.captured_queries
    ten.is_active, elsewhere.store = False, None
    services.save_promotion(ten, actor="user:1")
    services.save_promotion(elsewhere, actor="user:1")
    assert [rule.id for rule in offers.rules_of(queries.store_by_id(place.pk))] == [elsewhere.pk]


def test_a_house_without_promotions_asks_nothing():
    place = store()
    read = queries.store_by_id(place.pk)
    with CaptureQueriesContext(connection) as asked:
        assert offers.rules_of(read) == ()
    assert not asked.captured_queries


def test_a_rule_has_everything_the_row_has_and_categories_reach_what_is_beneath():
    milk = ProductFactory(brand=BrandFactory(name="Amul"))
    below = CategoryFactory(slug="curd", parent=CategoryFactory(slug="dairy"))
    row = promotion(
        kind="bundle", amount_paise=500, cap_paise=7, buy_qty=1, get_qty=2, most_times=3, min_items_paise=4,
        segment="members", method="online", needs_code=True, alone=True, max_uses=5, first_order=True,
        ends_at=NOW + timedelta(days=1), percent_bp=0,
    )  # fmt: skip
    row.products.add(milk)
    row.categories.add(below.parent)
    row.brands.add(milk.brand)
    BundlePart.objects.create(promotion=row, product=milk, qty=2)
    services.promotions_changed()
    (rule,) = offers.rules_of(queries.store_by_id(store().pk))
    assert (rule.kind, rule.amount_paise, rule.cap_paise, rule.most_times) == (Kind.BUNDLE, 500, 7, 3)
    assert rule.parts == ((milk.pk, 2),)
    assert (rule.products, rule.brands, rule.categories) == ({milk.pk}, {"Amul"}, {"dairy", "curd"})
    assert (rule.segment, rule.method, rule.min_items_paise, rule.ends_at) == ("members", "online", 4, row.ends_at)
    assert rule.needs_code and rule.alone and rule.is_limited and rule.first_order


def known(rules, user=None, code="", now=NOW):
    pk = None if user is None else user.pk
    return offers.shopper_of(rules=rules, customer_id=pk, first_order=False, method="", code=code, now=now)


def test_what_is_left_and_who_somebody_is_take_one_statement_and_only_when_asked():
    place, user = store(), somebody()
    promotion()
    rules = offers.rules_of(queries.store_by_id(place.pk))
    with CaptureQueriesContext(connection) as asked:
        known(rules, user)
    assert not asked.captured_queries
    limited = promotion(max_uses=5, max_uses_per_customer=2, budget_paise=1_000, max_units=9)
    services.join_segment(user_id=user.pk, segment="members", until=NOW + timedelta(days=1))
    services.join_segment(user_id=user.pk, segment="old", until=NOW)
    services.reserve(ref=uuid4(), customer_id=user.pk, uses=[Use(limited.pk, 300, 2)], now=NOW)
    rules = offers.rules_of(queries.store_by_id(place.pk))
    with CaptureQueriesContext(connection) as asked:
        shopper = known(rules, user).shopper
    assert len(asked) == 1
    assert shopper.segments == {"members"}
    assert shopper.left == {limited.pk: Left(uses=1, paise=700, units=7)}
    assert known(rules).shopper.left == {limited.pk: Left(uses=2, paise=700, units=7)}


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"is_active": False}, "This code is over."),
        ({"ends_at": NOW}, "This code is over."),
        ({"starts_at": NOW + timedelta(minutes=1)}, "This code is not valid yet."),
        ({"max_uses": 0}, "This code has been used."),
    ],
)
def test_a_coupon_that_does_not_open_says_why(fields, sentence):
    place = store()
    given = {"starts_at": NOW} | fields
    services.save_coupon(Coupon(code="save 10", promotion=promotion(), **given), actor="user:1")
    rules = offers.rules_of(queries.store_by_id(place.pk))
    assert rules[0].needs_code
    assert known(rules, code="SAVE10").refusal == sentence
    assert known(rules, code="NOPE").refusal == "There is no such code."


def test_a_coupon_of_one_customer_opens_for_nobody_else():
    user, other, place = somebody(1), somebody(2), store()
    mine = Coupon(code="MINE", promotion=promotion(), customer=user, starts_at=NOW)
    services.save_coupon(mine, actor="user:1")
    rules = offers.rules_of(queries.store_by_id(place.pk))
    assert known(rules, user, "MINE").shopper.codes == {mine.promotion_id: "MINE"}
    assert known(rules, other, "MINE").refusal == known(rules, None, "MINE").refusal == "There is no such code."


def test_uses_are_counted_and_given_back_once():
    user, row = somebody(), promotion(max_uses=1, budget_paise=500)
    coupon = services.save_coupon(Coupon(code="ONE", promotion=row, max_uses=1, starts_at=NOW), actor="user:1")
    ref = uuid4()
    services.reserve(ref=ref, customer_id=user.pk, uses=[Use(row.pk, 500, 0, coupon.pk)], now=NOW)
    with pytest.raises(PromotionGone):
        services.reserve(ref=uuid4(), customer_id=user.pk, uses=[Use(row.pk, 1)], now=NOW)
    assert services.give_back(ref=ref, now=NOW) == 1
    assert services.give_back(ref=ref, now=NOW) == 0
    row.refresh_from_db()
    coupon.refresh_from_db()
    assert (row.used_count, row.used_paise, coupon.used_count) == (0, 0, 0)
    services.reserve(ref=uuid4(), customer_id=user.pk, uses=[Use(row.pk, 500, 0, coupon.pk)], now=NOW)


def test_all_or_nothing():
    user, open_, closed = somebody(), promotion(max_uses=9), promotion(max_units=1)
    with pytest.raises(PromotionGone) as refused:
        services.reserve(ref=uuid4(), customer_id=user.pk, uses=[Use(open_.pk, 1), Use(closed.pk, 1, 2)], now=NOW)
    assert refused.value.extra["promotion_id"] == closed.pk
    open_.refresh_from_db()
    assert (open_.used_count, PromotionUse.objects.count()) == (0, 0)


def test_the_database_refuses_more_than_the_budget():
    row = promotion(budget_paise=100)
    with pytest.raises(IntegrityError), transaction.atomic():
        Promotion.objects.filter(pk=row.pk).update(used_paise=101)


@pytest.mark.django_db(transaction=True)
def test_limits_hold_for_sixteen_at_once(race):
    row = promotion(max_uses=20, budget_paise=500, max_units=100)
    people = [somebody(n) for n in range(16)]

    def act(number):
        services.reserve(ref=uuid4(), customer_id=people[number].pk, uses=[Use(row.pk, 100, 3)], now=NOW)
        return "used"

    results = race(16, act)
    assert results.count("used") == 5, results
    assert sum(isinstance(result, PromotionGone) for result in results) == 11
    row.refresh_from_db()
    assert (row.used_count, row.used_paise, row.used_units) == (5, 500, 15)


@pytest.mark.django_db(transaction=True)
def test_one_person_at_once_uses_a_promotion_no_more_often_than_allowed(race):
    row, user = promotion(max_uses_per_customer=2), somebody()

    def act():
        services.reserve(ref=uuid4(), customer_id=user.pk, uses=[Use(row.pk, 100)], now=NOW)
        return "used"

    assert race(8, act).count("used") == 2
    assert PromotionUse.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_the_race_is_real_without_the_lock(race):
    """The control: counting a person's uses before locking the promotion lets too many through."""
    import threading

    row, user, together = promotion(max_uses_per_customer=2), somebody(), threading.Barrier(8)

    def unlocked():
        count = PromotionUse.objects.filter(promotion=row, customer=user, given_back_at=None).count()
        together.wait(timeout=10)
        if count < 2:
            PromotionUse.objects.create(promotion=row, customer=user, ref=uuid4(), at=NOW)
            return "used"
        return "refused"

    assert race(8, unlocked).count("used") > 2


def test_relevant_is_what_is_in_its_window_and_in_the_basket():
    place, milk = store(), ProductFactory()
    later, here = promotion(starts_at=NOW + timedelta(hours=1)), promotion()
    scoped = promotion(kind="flash", amount_paise=1)
    scoped.products.add(milk)
    services.promotions_changed()
    rules = offers.rules_of(queries.store_by_id(place.pk))
    item = Item(milk.pk, 1, 100)
    assert [rule.id for rule in offers.relevant(rules, [item], now=NOW)] == [here.pk, scoped.pk]
    assert [rule.id for rule in offers.relevant(rules, [Item(0, 1, 100)], now=NOW)] == [here.pk]
    assert {rule.id for rule in offers.relevant(rules, [item], now=later.starts_at)} >= {later.pk}


def test_the_admin_saves_through_the_services(client):
    admin = User.objects.create_superuser("+919000009999", password="x")
    client.force_login(admin)
    form = {
        "name": "Ten", "kind": "percent", "percent_bp": 1000, "amount_paise": 0, "buy_qty": 0, "get_qty": 1,
        "min_items_paise": 0, "is_active": "on", "starts_at_0": "2026-11-20", "starts_at_1": "09:00:00",
        "parts-TOTAL_FORMS": 0, "parts-INITIAL_FORMS": 0,
    }  # fmt: skip
    answer = client.post("/admin/catalog/promotion/add/", form)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    row = Promotion.objects.get()
    window = {"starts_at_0": "2026-11-20", "starts_at_1": "09:00:00"}
    coupon = {"code": "ten 10", "promotion": row.pk, "is_active": "on", **window}
    answer = client.post("/admin/catalog/coupon/add/", coupon)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    assert Coupon.objects.get().code == "TEN10"
    row.refresh_from_db()
    assert row.needs_code
    for page in ("promotion", "coupon", "promotionuse", "segmentmember"):
        assert client.get(f"/admin/catalog/{page}/").status_code == 200
    assert client.get(f"/admin/catalog/promotion/{row.pk}/change/").status_code == 200
