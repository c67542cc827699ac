"""Products appear and go when they should and where they should; a store has the last word about its own shelf."""

from __future__ import annotations

from datetime import timedelta

import pytest

from catalog import queries, services
from catalog.errors import BadSchedule, NoSuchProduct
from catalog.models import (
    Assortment,
    AssortmentRule,
    AssortmentUse,
    Category,
    KeptOff,
    PriceChange,
    Product,
    Schedule,
    ShelfItem,
)
from catalog.search import search
from catalog.services import listing
from catalog.tests.factories import NOW, BrandFactory, CategoryFactory, CityFactory, ProductFactory, on_shelf, store

pytestmark = pytest.mark.django_db
SOON, LATER = NOW + timedelta(hours=1), NOW + timedelta(hours=2)


def plan(*products, publish_at=None, unpublish_at=None, **more):
    return listing.schedule(
        product_ids=[p.pk for p in products],
        publish_at=publish_at,
        unpublish_at=unpublish_at,
        actor="user:7",
        now=NOW,
        **more,
    )


def shown(at) -> set[str]:
    return {row.sku for row in queries.shelf_page(store_id=at.pk)}


# -- timed publishing ----------------------------------------------------------------------------------------------


def test_nothing_of_a_planned_product_shows_before_its_time_and_everything_after(django_capture_on_commit_callbacks):
    at, product = store(), ProductFactory(sku="NEW", name="Moonfruit Punch")
    on_shelf(at, product)
    plan(product, publish_at=SOON)

    def shows() -> list[bool]:
        try:
            queries.product_detail(store_id=at.pk, sku="NEW")
            by_sku = True
        except NoSuchProduct:
            by_sku = False
        found = any(hit.row.sku == "NEW" for hit in search(store_id=at.pk, q="moonfruit"))
        return ["NEW" in shown(at), by_sku, found]

    assert shows() == [False] * 3
    assert listing.sweep_schedules(now=SOON - timedelta(seconds=1)) == 0
    assert shows() == [False] * 3
    assert listing.sweep_schedules(now=SOON) == 1
    assert shows() == [True] * 3


def test_what_is_over_leaves_every_shelf_and_the_plan_is_kept_as_history():
    here, there, product = store("A"), store("B"), ProductFactory()
    on_shelf(here, product)
    on_shelf(there, product)
    plan(product, unpublish_at=SOON)
    listing.sweep_schedules(now=LATER)
    assert not shown(here) and not shown(there) and not Product.objects.get().is_active
    done = Schedule.objects.get()
    assert (done.done_at, done.changed, done.actor) == (LATER, 1, "user:7")
    assert listing.sweep_schedules(now=LATER) == 0


def test_a_beginning_and_an_end_missed_together_leave_the_product_off():
    at, product = store(), ProductFactory()
    on_shelf(at, product)
    plan(product, publish_at=SOON, unpublish_at=LATER)
    listing.sweep_schedules(now=LATER + timedelta(days=1))
    assert not Product.objects.get().is_active and not shown(at)


@pytest.mark.parametrize("times", [{"publish_at": NOW}, {"publish_at": LATER, "unpublish_at": SOON}])
def test_a_time_that_makes_no_sense_is_refused_and_nothing_changes(times):
    product = ProductFactory()
    with pytest.raises(BadSchedule):
        plan(product, **times)
    assert not Schedule.objects.exists() and Product.objects.get().is_active


def test_a_new_plan_replaces_the_one_that_waits_and_none_takes_it_away():
    product = ProductFactory()
    plan(product, publish_at=SOON, unpublish_at=LATER)
    plan(product, unpublish_at=SOON)
    assert [(row.publish, row.at) for row in Schedule.objects.all()] == [(False, SOON)]
    assert plan(product) == 0
    assert not Schedule.objects.exists()


def test_a_category_is_planned_with_everything_that_is_in_it_then():
    at, festive = store(), CategoryFactory(name="Diwali")
    early, other = ProductFactory(category=festive), ProductFactory()
    on_shelf(at, early, other)
    listing.schedule(category_id=festive.pk, publish_at=None, unpublish_at=SOON, actor="user:7", now=NOW)
    late = ProductFactory(category=festive)
    on_shelf(at, late)
    listing.sweep_schedules(now=SOON)
    assert shown(at) == {other.sku}


def test_a_hundred_products_that_begin_together_are_one_change_of_the_shelf(django_assert_max_num_queries):
    at = store()
    products = [ProductFactory() for _ in range(100)]
    on_shelf(at, *products)
    plan(*products, publish_at=SOON)
    with django_assert_max_num_queries(30):
        listing.sweep_schedules(now=SOON)
    assert len(shown(at)) == 40  # a page


# -- ranges --------------------------------------------------------------------------------------------------------


def rules(name: str, *things, but=()) -> Assortment:
    made = Assortment.objects.create(name=name)
    for thing, is_exception in [*((t, False) for t in things), *((t, True) for t in but)]:
        kind = {"Product": "product", "Category": "category", "Brand": "brand"}[type(thing).__name__]
        AssortmentRule.objects.create(assortment=made, is_exception=is_exception, **{kind: thing})
    return made


def test_a_store_gets_the_ranges_of_its_city_and_its_own_with_their_exceptions():
    top = CategoryFactory()
    under = Category.objects.create(slug="under", name="Under", parent=top)
    brand = BrandFactory()
    deep, excepted, branded = (
        ProductFactory(category=under),
        ProductFactory(category=under),
        ProductFactory(brand=brand),
    )
    own, gone, stranger = ProductFactory(), ProductFactory(category=under, is_active=False), ProductFactory()
    here, there = store("A"), store("B")
    on_shelf(here, stranger)
    AssortmentUse.objects.create(assortment=rules("City", top, brand, but=[excepted]), city=CityFactory())
    AssortmentUse.objects.create(assortment=rules("Own", own), store=here)
    change = listing.preview_assortment(store_id=here.pk, now=NOW)
    assert change.ranges == ("City", "Own") and (change.by_list, change.at_mrp) == (0, change.new)
    assert {id for id, _ in change.listed} == {deep.pk, branded.pk, own.pk}
    assert (change.new, change.unlisted) == (3, (stranger.pk,))
    assert shown(here) == {stranger.sku}  # a preview writes nothing
    listing.apply_assortment(store_id=here.pk, actor="user:7", now=NOW)
    listing.apply_assortment(store_id=there.pk, actor="user:7", now=NOW)
    assert shown(here) == {deep.sku, branded.sku, own.sku}
    assert shown(there) == {deep.sku, branded.sku}
    assert gone.sku not in shown(here)
    assert {(c.reason, c.new_paise) for c in PriceChange.objects.filter(product=own)} == {("assortment", own.mrp_paise)}
    assert listing.apply_assortment(store_id=here.pk, actor="user:7", now=NOW).changes_nothing


def test_a_store_without_ranges_keeps_what_it_sells():
    at, product = store(), ProductFactory()
    on_shelf(at, product)
    assert listing.apply_assortment(store_id=at.pk, actor="user:7", now=NOW).changes_nothing
    assert shown(at) == {product.sku}


def test_an_exception_of_one_range_does_not_bind_another():
    at, product = store(), ProductFactory()
    AssortmentUse.objects.create(assortment=rules("One", product.category, but=[product]), store=at)
    assert not listing.preview_assortment(store_id=at.pk, now=NOW).listed
    AssortmentUse.objects.create(assortment=rules("Two", product), store=at)
    assert [id for id, _ in listing.preview_assortment(store_id=at.pk, now=NOW).listed] == [product.pk]


def say(at, product, paise, **more):
    price = services.NewPrice(product.pk, paise, **({"city_id": at.city_id} | more))
    services.schedule_prices(prices=[price], actor="user:9", reason="list", now=NOW)


def test_what_was_listed_before_keeps_its_own_price_and_new_ones_cost_what_the_price_list_says():
    at, old, new, unlisted = store(), ProductFactory(), ProductFactory(), ProductFactory(mrp_paise=7_000)
    on_shelf(at, old, price_paise=4321)
    services.set_listed(store_id=at.pk, product_ids=[old.pk], listed=False, now=NOW)
    AssortmentUse.objects.create(assortment=rules("All", old, new, unlisted), store=at)
    for product in (old, new):
        say(at, product, 5_000)
    say(at, new, 4_000, min_qty=3)
    say(at, new, 1, city_id=None, store_id=store("Z").pk)

    shown = listing.preview_assortment(store_id=at.pk, now=NOW)
    change = listing.apply_assortment(store_id=at.pk, actor="user:7", now=NOW)
    assert change == shown and (change.new, change.by_list, change.at_mrp) == (2, 1, 1)
    costs = {old.pk: 4321, new.pk: 5_000, unlisted.pk: 7_000}
    assert dict(change.listed) == dict(ShelfItem.objects.values_list("product_id", "price_paise")) == costs
    item = ShelfItem.objects.get(product=new)
    assert (item.own_price_paise, item.price_source, item.tiers[0]["paise"]) == (None, "city", 4_000)
    assert listing.apply_assortment(store_id=at.pk, actor="user:7", now=NOW).changes_nothing


def test_a_range_that_puts_something_back_during_a_sale_does_not_make_the_sale_price_stay():
    at, owned, listed = store(), ProductFactory(), ProductFactory()
    on_shelf(at, owned, price_paise=9_000)
    AssortmentUse.objects.create(assortment=rules("All", owned, listed), store=at)
    listing.apply_assortment(store_id=at.pk, actor="user:7", now=NOW)
    for product in (owned, listed):
        say(at, product, 5_000, ends_at=LATER)
    services.set_listed(store_id=at.pk, product_ids=[owned.pk, listed.pk], listed=False, now=NOW)
    assert len(listing.apply_assortment(store_id=at.pk, actor="user:7", now=SOON).listed) == 2
    assert set(ShelfItem.objects.values_list("price_paise", flat=True)) == {5_000}
    services.sweep_prices(now=LATER)
    assert dict(ShelfItem.objects.values_list("product_id", "price_paise")) == {owned.pk: 9_000, listed.pk: 10_000}


def test_publishing_lists_new_products_at_the_price_list():
    at, product = store(), ProductFactory(is_active=False)
    AssortmentUse.objects.create(assortment=rules("All", product), store=at)
    say(at, product, 6_500)
    plan(product, publish_at=SOON)
    listing.sweep_schedules(now=SOON)
    assert ShelfItem.objects.get().price_paise == 6_500


def test_what_a_store_took_off_itself_neither_its_range_nor_a_plan_puts_back():
    at, product = store(), ProductFactory()
    on_shelf(at, product)
    AssortmentUse.objects.create(assortment=rules("All", product), store=at)
    assert listing.keep_off(store_id=at.pk, product_ids=[product.pk], actor="user:8", now=NOW) == 1
    assert listing.keep_off(store_id=at.pk, product_ids=[product.pk], actor="user:8", now=NOW) == 0
    assert listing.apply_assortment(store_id=at.pk, actor="user:7", now=NOW).kept_off == 1
    plan(product, publish_at=SOON)
    listing.sweep_schedules(now=SOON)
    assert shown(at) == set() and KeptOff.objects.get().actor == "user:8"
    assert listing.put_back(store_id=at.pk, product_ids=[product.pk], now=NOW) == 1
    assert shown(at) == {product.sku} and not KeptOff.objects.exists()


def test_publishing_lists_a_new_product_in_the_stores_whose_ranges_include_it_only():
    ranged, other, product = store("A"), store("B"), ProductFactory(is_active=False)
    AssortmentUse.objects.create(assortment=rules("All", product.category), store=ranged)
    plan(product, publish_at=SOON)
    listing.sweep_schedules(now=SOON)
    assert shown(ranged) == {product.sku} and shown(other) == set()


def test_a_range_of_two_thousand_products_is_applied_in_a_handful_of_statements(django_assert_max_num_queries):
    at, category = store(), CategoryFactory()
    Product.objects.bulk_create(
        Product(sku=f"R{n}", name=f"Thing {n}", category=category, mrp_paise=1000) for n in range(2000)
    )
    AssortmentUse.objects.create(assortment=rules("All", category), store=at)
    with django_assert_max_num_queries(20):
        listing.apply_assortment(store_id=at.pk, actor="user:7", now=NOW)
    assert ShelfItem.objects.filter(is_listed=True).count() == 2000
    with django_assert_max_num_queries(20):
        assert listing.apply_assortment(store_id=at.pk, actor="user:7", now=NOW).changes_nothing
