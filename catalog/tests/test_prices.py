"""The price list: which price counts, on which shelves, from when, and who said so."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import orjson
import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from blinkit.kernel.errors import Invalid
from blinkit.kernel.testing import race
from catalog import queries, services
from catalog.errors import BadPrice, NoSuchProduct, PriceAboveMrp
from catalog.models import City, Price, PriceChange, Product, ShelfItem, Store
from catalog.pricing import tiers
from catalog.pricing.price_list import Counted, ListPrice, Shelf, count
from catalog.pricing.tiers import Tier, asks_membership, charged, next_tier
from catalog.services import NewPrice
from catalog.services.shelf import count_prices
from catalog.tests.factories import NOW, ProductFactory, on_shelf, store

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def say(*prices: NewPrice, reason: str = "offer", now=NOW, actor: str = "user:7"):
    return services.schedule_prices(prices=prices, actor=actor, reason=reason, now=now)


def shown(at: Store, product: Product) -> tuple[int, str]:
    item = ShelfItem.objects.get(store=at, product=product)
    return item.price_paise, item.price_source


def history(product: Product) -> list[tuple]:
    rows = PriceChange.objects.filter(product=product).order_by("id")
    return list(rows.values_list("old_paise", "new_paise", "reason", "actor"))


# -- the rule ---------------------------------------------------------------------------------------------------------

HERE = Shelf(store_id=1, city_id=1, mrp_paise=10_000, own_paise=9_000, own_since=NOW)


def listed(id: int, paise: int, *, begins: int = 0, ends: int | None = None, **more) -> ListPrice:
    return ListPrice(id, paise, NOW + begins * HOUR, None if ends is None else NOW + ends * HOUR, **more)


@pytest.mark.parametrize(
    ("prices", "expected"),
    [
        ([], (9_000, "own")),
        ([listed(1, 8_000)], (9_000, "own")),  # the store's own goes before everywhere's
        ([listed(1, 8_000, city_id=1)], (9_000, "own")),
        ([listed(1, 8_000, store_id=1)], (8_000, "store")),  # began with it, said in the list
        ([listed(1, 8_000, store_id=1, begins=-1)], (9_000, "own")),  # the own price began later
        ([listed(1, 8_000, ends=1)], (8_000, "everywhere")),  # one that ends beats one that does not
        ([listed(1, 8_000, ends=1), listed(2, 7_000, ends=1, city_id=1)], (7_000, "city")),
        ([listed(1, 8_000, ends=1, city_id=1), listed(2, 7_000, ends=1, begins=-1, city_id=1)], (8_000, "city")),
        ([listed(1, 8_000, ends=1), listed(2, 7_000, ends=1)], (7_000, "everywhere")),  # the last word
        ([listed(1, 8_000, ends=0, begins=-1)], (9_000, "own")),  # over at its end, not after it
        ([listed(1, 8_000, begins=1, ends=2)], (9_000, "own")),
        ([listed(1, 8_000, ends=1, store_id=2), listed(2, 7_000, ends=1, city_id=2)], (9_000, "own")),
        ([listed(1, 12_000, ends=1)], (10_000, "everywhere")),  # never above the MRP
    ],
)
def test_which_price_counts(prices, expected):
    counted = count(prices, shelf=HERE, now=NOW)
    assert (counted.price_paise, counted.source) == expected


def test_without_any_price_it_costs_its_mrp():
    assert count([], shelf=Shelf(1, 1, 10_000), now=NOW) == Counted(10_000, "mrp")


INSTANT = st.integers(-4, 4).map(lambda hours: NOW + hours * HOUR)
LISTED = st.builds(
    dict,
    paise=st.integers(1, 12),
    place=st.sampled_from(["store", "other store", "city", "other city", "everywhere", "everywhere"]),
    starts_at=INSTANT,
    lasts=st.none() | st.integers(1, 4),
    min_qty=st.sampled_from([1, 1, 1, 3]),
    members_only=st.sampled_from([False, False, True]),
    cancelled=st.sampled_from([False, False, False, True]),
)


SAME = {"place": "store", "starts_at": NOW, "lasts": None, "min_qty": 1, "members_only": False, "cancelled": False}


@example([SAME | {"paise": 2}, SAME | {"paise": 1}, SAME | {"paise": 2}], None, NOW, 0)
@given(st.lists(LISTED, max_size=7), st.none() | st.integers(1, 10), INSTANT, st.integers(0, 4))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_the_shelf_says_what_the_plain_rule_says(prices, own, own_since, hours):
    """SQL against Python, for random lists, own prices and instants."""
    with transaction.atomic():
        at, other = store("BLR-1"), store("BLR-2")
        elsewhere = City.objects.create(slug="pune", name="Pune", state_code="27")
        product = ProductFactory(mrp_paise=10)
        on_shelf(at, product)
        ShelfItem.objects.update(own_price_paise=own, own_price_at=own_since)
        places = {"store": {"store": at}, "other store": {"store": other}, "city": {"city": at.city},
                  "other city": {"city": elsewhere}, "everywhere": {}}  # fmt: skip
        now, plain = NOW + hours * HOUR, []
        for said in prices:
            ends_at = None if said["lasts"] is None else said["starts_at"] + said["lasts"] * HOUR
            kept = {name: said[name] for name in ("paise", "starts_at", "min_qty", "members_only")}
            row = Price(
                **kept, **places[said["place"]], product=product, ends_at=ends_at, reason="x", actor="user:1",
                due_at=now, cancelled_at=NOW if said["cancelled"] else None,
            )  # fmt: skip
            there = Price.objects.count()
            Price.objects.bulk_create([row], ignore_conflicts=True)
            if Price.objects.count() > there and not said["cancelled"]:  # the same again is not scheduled twice
                plain.append(
                    ListPrice(0, said["paise"], said["starts_at"], ends_at, row.store_id, row.city_id,
                              said["min_qty"], said["members_only"])
                )  # fmt: skip
        plain = [ListPrice(n, *[getattr(p, f) for f in ListPrice.__slots__[1:]]) for n, p in enumerate(plain)]
        services.sweep_prices(now=now)
        with connection.cursor() as cursor:
            count_prices(cursor, store_id=at.pk, product_ids=[product.pk], now=now)
        expected = count(plain, shelf=Shelf(at.pk, at.city_id, 10, own, own_since), now=now)
        item = ShelfItem.objects.get(product=product)
        found = [Tier(t["min_qty"], t["paise"], t["members"], t["source"]) for t in item.tiers or ()]
        assert Counted(item.price_paise, item.price_source, tuple(found)) == expected
        transaction.set_rollback(True)


TIERS = st.lists(
    st.builds(Tier, min_qty=st.integers(1, 6), paise=st.integers(1, 100), members_only=st.booleans()), max_size=5
)


@given(TIERS, st.integers(1, 100), st.integers(1, 8), st.booleans())
def test_more_units_never_cost_more_each_and_members_never_more_than_others(prices, base, qty, is_member):
    text = orjson.dumps(
        [{"min_qty": t.min_qty, "paise": t.paise, "members": t.members_only, "source": t.source} for t in prices]
    ).decode()
    kept = tiers.read(text)
    cost = charged(base, kept, qty=qty, is_member=is_member)
    assert cost.paise == charged(base, prices, qty=qty, is_member=is_member).paise  # what is left out changes nothing
    assert charged(base, kept, qty=qty + 1, is_member=is_member).paise <= cost.paise <= base
    assert charged(base, kept, qty=qty, is_member=True).paise <= charged(base, kept, qty=qty).paise
    differs = charged(base, kept, qty=qty, is_member=True).paise != charged(base, kept, qty=qty).paise
    assert asks_membership(base, kept, qty=qty) == differs
    nudge = next_tier(kept, qty=qty, paid_paise=cost.paise, most=8, is_member=is_member)
    if nudge is not None:
        assert charged(base, kept, qty=nudge.min_qty, is_member=is_member).paise == nudge.paise < cost.paise


# -- writing the list -------------------------------------------------------------------------------------------------


def test_a_scheduled_price_begins_and_ends_by_itself_with_its_reason_and_name():
    at, product = store(), ProductFactory(mrp_paise=5_000)
    on_shelf(at, product, price_paise=4_500)
    flash = NewPrice(product.pk, 4_000, city_id=at.city_id, starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR)
    written, changed = say(flash, reason="Diwali")
    assert (len(written), changed, shown(at, product)) == (1, 0, (4_500, "own"))
    assert services.sweep_prices(now=NOW + HOUR - timedelta(seconds=1)) == 0
    assert services.sweep_prices(now=NOW + HOUR) == 1
    assert shown(at, product) == (4_000, "city")
    assert services.sweep_prices(now=NOW + HOUR) == 0  # nothing is due until it ends
    assert services.sweep_prices(now=NOW + 2 * HOUR) == 1
    assert shown(at, product) == (4_500, "own")
    assert history(product) == [
        (None, 4_500, "test", "system"), (4_500, 4_000, "Diwali", "user:7"), (4_000, 4_500, "test", "system"),
    ]  # fmt: skip
    assert not Price.objects.filter(due_at__isnull=False).exists()


def test_a_price_in_force_counts_at_once_and_a_repeat_writes_nothing():
    at, product = store(), ProductFactory()
    on_shelf(at, product, price_paise=9_000)
    price = NewPrice(product.pk, 8_000, store_id=at.pk)
    assert len(say(price)[0]) == 1 and shown(at, product) == (8_000, "store")
    dated = NewPrice(product.pk, 7_000, starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR)
    assert len(say(dated, now=NOW + timedelta(minutes=1))[0]) == 1
    again, changed = say(price, dated, now=NOW + timedelta(minutes=5))
    assert (again, changed, Price.objects.count()) == ([], 0, 2)


def test_the_own_price_of_a_store_follows_the_list_only_when_told():
    at, product = store(), ProductFactory()
    on_shelf(at, product, price_paise=9_000)
    say(NewPrice(product.pk, 8_000, city_id=at.city_id))
    assert shown(at, product) == (9_000, "own")
    services.follow_list(store_id=at.pk, product_ids=[product.pk], actor="user:7", reason="one price", now=NOW)
    assert shown(at, product) == (8_000, "city")
    on_shelf(at, product, price_paise=8_500)
    assert shown(at, product) == (8_500, "own")


def test_a_file_that_says_nothing_new_leaves_a_newer_price_of_the_store_alone_and_a_person_does_not():
    at, product = store(), ProductFactory()
    on_shelf(at, product, price_paise=9_000)
    say(NewPrice(product.pk, 8_000, store_id=at.pk), now=NOW + HOUR)
    later = {"store_id": at.pk, "actor": "user:7", "reason": "file", "now": NOW + 2 * HOUR}
    assert services.put_on_shelf(rows=[(product.pk, 9_000)], **later) == 0
    assert shown(at, product) == (8_000, "store")
    services.set_price(product_id=product.pk, price_paise=9_000, **later)
    assert shown(at, product) == (9_000, "own")


def test_a_dated_price_stays_through_an_import_and_goes_first_until_it_ends():
    at, product = store(), ProductFactory()
    on_shelf(at, product, price_paise=9_000)
    say(NewPrice(product.pk, 7_000, ends_at=NOW + HOUR))
    on_shelf(at, product, price_paise=8_800)
    assert shown(at, product) == (7_000, "everywhere")
    services.sweep_prices(now=NOW + HOUR)
    assert shown(at, product) == (8_800, "own")


def test_a_cancelled_price_is_over_at_once_and_one_that_has_not_begun_never_begins():
    at, product = store(), ProductFactory()
    on_shelf(at, product, price_paise=9_000)
    (now_, soon), _ = say(
        NewPrice(product.pk, 8_000, ends_at=NOW + 9 * HOUR),
        NewPrice(product.pk, 7_000, starts_at=NOW + HOUR, ends_at=NOW + 9 * HOUR),
    )
    assert services.cancel_prices(price_ids=[now_.pk, soon.pk], actor="user:8", now=NOW) == 2
    assert shown(at, product) == (9_000, "own")
    assert services.cancel_prices(price_ids=[now_.pk, soon.pk], actor="user:9", now=NOW) == 0
    assert services.sweep_prices(now=NOW + HOUR) == 0 and shown(at, product) == (9_000, "own")
    assert set(Price.objects.values_list("cancelled_by", flat=True)) == {"user:8"}


@pytest.mark.parametrize(
    ("price", "refusal"),
    [
        ({"paise": 10_001}, PriceAboveMrp),
        ({"paise": 0}, BadPrice),
        ({"ends_at": NOW}, Invalid),
        ({"starts_at": NOW + 2 * HOUR, "ends_at": NOW + HOUR}, Invalid),
        ({"product_id": 10**9}, NoSuchProduct),
        ({"min_qty": 0}, Invalid),
        ({"store_id": 1, "city_id": 1}, Invalid),
        ({"reason": " "}, Invalid),
    ],
)
def test_a_bad_price_is_refused_and_nothing_is_written(price, refusal):
    product = ProductFactory(mrp_paise=10_000)
    fine = {"product_id": product.pk, "paise": 9_000, "reason": "why"}
    with pytest.raises(refusal):
        say(NewPrice(**fine), NewPrice(**(fine | price)), reason="")
    assert not Price.objects.exists()


def test_the_database_refuses_a_tier_above_the_mrp_and_a_price_without_a_reason():
    at, product = store(), ProductFactory(mrp_paise=5_000)
    on_shelf(at, product)
    for paise in (5_001, 0, "x"):
        with pytest.raises(IntegrityError, match="shelf_tiers_within_mrp"), transaction.atomic():
            ShelfItem.objects.update(tiers=[{"min_qty": 3, "paise": paise, "members": False, "source": "own"}])
    with pytest.raises(IntegrityError, match="list_price_says_why"), transaction.atomic():
        Price.objects.create(product=product, paise=1, starts_at=NOW, actor="x")


def test_a_lowered_mrp_takes_list_prices_and_tiers_down_with_it():
    at, product = store(), ProductFactory(mrp_paise=5_000)
    on_shelf(at, product)
    say(NewPrice(product.pk, 4_800, ends_at=NOW + HOUR), NewPrice(product.pk, 4_500, min_qty=3))
    Product.objects.filter(pk=product.pk).update(mrp_paise=4_600)
    services.refresh_shelf(product_ids=[product.pk], actor="user:1", now=NOW)
    item = ShelfItem.objects.get()
    assert (item.price_paise, item.own_price_paise, [t["paise"] for t in item.tiers]) == (4_600, 4_600, [4_500])
    assert history(product)[-1] == (4_800, 4_600, "MRP was lowered", "user:1")


def test_tiers_come_with_the_row_and_cost_no_statement(django_assert_num_queries):
    at, product = store(), ProductFactory(mrp_paise=10_000)
    on_shelf(at, product, price_paise=5_000)
    say(
        NewPrice(product.pk, 4_500, min_qty=3, city_id=at.city_id),
        NewPrice(product.pk, 4_700, min_qty=5),  # dearer than the one from three: nobody needs to see it
        NewPrice(product.pk, 4_200, members_only=True, store_id=at.pk),
        NewPrice(product.pk, 6_000, min_qty=2),  # above what one costs: no tier at all
    )
    assert PriceChange.objects.count() == 1  # what one unit costs everybody has not changed
    with django_assert_num_queries(1):
        row = queries.shelf_rows(store_id=at.pk, product_ids=[product.pk])[product.pk]
        card = row.as_dict()
    assert (card["price_paise"], card["price_source"]) == (5_000, "own")
    assert [(t["min_qty"], t["price_paise"], t["members_only"], t["source"]) for t in card["tiers"]] == [
        (1, 4_200, True, "store"), (3, 4_500, False, "city"),
    ]  # fmt: skip


def test_a_preview_tells_every_shelf_and_writes_nothing():
    one, two, product = store(), store("BLR-X"), ProductFactory(mrp_paise=5_000)
    on_shelf(one, product, price_paise=4_500)
    on_shelf(two, product, price_paise=4_000)
    say(NewPrice(product.pk, 3_500, store_id=two.pk, ends_at=NOW + 9 * HOUR))
    changes = services.preview_prices(
        prices=[NewPrice(product.pk, 3_800, starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR)], now=NOW
    )
    told = [(change.store.code, change.old_paise, change.new_paise, change.changes) for change in changes]
    assert told == [("BLR-T", 4_500, 3_800, True), ("BLR-X", 3_500, 3_500, False)]
    assert Price.objects.count() == 1


def test_putting_a_catalogue_on_the_shelf_writes_no_list_prices_and_no_statement_more(django_assert_num_queries):
    at, products = store(), ProductFactory.create_batch(5)
    rows = [(product.pk, product.mrp_paise) for product in products]
    # Savepoint, lock, check, write; what families and filters read (two), who looks at the shelf; release.
    with django_assert_num_queries(8):
        services.put_on_shelf(store_id=at.pk, rows=rows, actor="system", now=NOW)
    assert not Price.objects.exists()


# -- races ------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_sweeping_pricing_and_cancelling_at_once_leave_an_unbroken_history_and_the_right_price():
    at, product = store(), ProductFactory(mrp_paise=10_000)
    on_shelf(at, product)
    written, _ = say(*[NewPrice(product.pk, 5_000 + n, starts_at=NOW + HOUR, ends_at=NOW + 3 * HOUR) for n in range(8)])

    def act(n: int) -> None:
        if n % 4 == 0:
            services.sweep_prices(now=NOW + HOUR + timedelta(seconds=n))
        elif n % 4 == 1:
            services.put_on_shelf(store_id=at.pk, rows=[(product.pk, 9_000 + n)], actor="user:1", now=NOW)  # late
        elif n % 4 == 2:
            services.cancel_prices(price_ids=[written[-1].pk, written[n % 8].pk], actor="user:2", now=NOW + HOUR)
        else:
            services.refresh_shelf(product_ids=[product.pk], actor="user:3", now=NOW)

    race(12, act)
    services.sweep_prices(now=NOW + 2 * HOUR)
    live = Price.objects.filter(cancelled_at=None).order_by("-pk").first()
    changes = list(PriceChange.objects.order_by("id").values_list("old_paise", "new_paise"))
    assert all(before[1] == after[0] for before, after in pairwise(changes))
    assert shown(at, product) == (live.paise, "everywhere") and changes[-1][1] == live.paise


@pytest.mark.django_db(transaction=True)
def test_who_was_late_to_get_the_lock_does_not_turn_prices_back():
    at, product = store(), ProductFactory()
    on_shelf(at, product)
    say(NewPrice(product.pk, 5_000, starts_at=NOW + HOUR))
    say(NewPrice(product.pk, 4_000, starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR))
    services.sweep_prices(now=NOW + HOUR)
    on_shelf(at, product, price_paise=9_500)  # a request that began before the sale
    assert shown(at, product) == (4_000, "everywhere")
    Store.objects.update(priced_at=None)  # the control: without the instant kept, it would
    on_shelf(at, product, price_paise=9_600)
    assert shown(at, product) == (9_600, "own")
