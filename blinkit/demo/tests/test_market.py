"""The demo's market: the same seed tells the same story, prices stay believable, and it all goes in as any feed."""

from __future__ import annotations

import time
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from blinkit.demo import market, places
from blinkit.demo.catalogue import products
from catalog import services
from catalog.market import FeedRun, Listing, ListingPrice, MarketOffer, Platform, PlatformTerms
from catalog.models import City, Product
from catalog.services import NewPrice, own_listings
from catalog.tests.factories import NOW, CategoryFactory, CityFactory, on_shelf, store
from inventory.services import Arrival, own_market, receive


@pytest.fixture
def few(monkeypatch):
    """A catalogue of forty, two platforms."""
    plans = tuple(products())[:40]
    monkeypatch.setattr(market, "products", lambda: plans)
    monkeypatch.setattr(market, "PLATFORMS", market.PLATFORMS[:2])
    market.offered.cache_clear()
    yield plans
    market.offered.cache_clear()


def arrive(shop, *goods):
    lines = [Arrival(product.pk, 3) for product in goods]
    receive(store_id=shop.pk, lines=lines, reason="test", actor="test", now=NOW)


def test_the_same_seed_lists_the_same_and_prices_stay_between_nothing_and_mrp(few):
    first = market.offered("zepto", 7)
    market.offered.cache_clear()
    assert first == market.offered("zepto", 7) != market.offered("zepto", 8)
    quotes = [market.quote(it, NOW + timedelta(hours=5 * n), 7) for it in first for n in range(20)]
    assert all(0 < it.price_paise <= it.mrp_paise and it.price_paise % 100 == 0 for it in quotes)
    assert all(it.member_paise is None or it.member_paise < it.price_paise for it in quotes)
    assert {it.available for it in quotes} == {True, False}
    near = [it.price_paise / one.base_paise for one in first for it in [market.quote(one, NOW, 7)]]
    assert 0.9 < sum(near) / len(near) < 1.1
    assert len({it.name for it in first} - {plan.name for plan in few}) > 20  # named in their own way


@pytest.mark.django_db
def test_the_demo_market_has_history_terms_and_offers_and_moves(few):
    shop = store(code=places.STORES[0].code)
    goods = [
        Product.objects.create(
            sku=plan.sku, name=plan.name, category=CategoryFactory(slug=plan.category), pack=plan.pack,
            pack_size=plan.pack_size, pack_unit=plan.pack_unit, mrp_paise=plan.mrp_paise,
        )
        for plan in few
    ]  # fmt: skip
    on_shelf(shop, *goods)
    arrive(shop, *goods[:39])
    made = market.make(now=NOW, days=10)
    ours = Platform.objects.get(is_ours=True)
    assert ours.name == "Tokri"
    assert made == Listing.objects.exclude(platform=ours).count() > 40
    assert market.make(now=NOW, days=10) == 0  # once
    assert PlatformTerms.objects.count() == 2 and MarketOffer.objects.count() == 6
    assert ListingPrice.objects.exclude(listing__platform=ours).count() > 3 * made
    assert not FeedRun.objects.filter(refused__gt=0).exists()
    mine = Listing.objects.filter(platform=ours)
    assert mine.count() == 40 and mine.get(key=few[39].sku).available is False
    assert mine.filter(available=True).count() == 39
    assert mine.get(key=few[0].sku).price_paise == few[0].mrp_paise  # what the shelf says, whatever was made up before
    prices = dict(Listing.objects.values_list("pk", "price_paise"))
    moved = market.move(now=NOW + timedelta(hours=1))
    after = dict(Listing.objects.values_list("pk", "price_paise"))
    assert 0 < sum(prices[pk] != after[pk] for pk in prices) <= moved
    assert market.move(now=NOW + timedelta(hours=1)) == 0


@pytest.mark.django_db
def test_a_market_that_moves_all_day_keeps_the_runs_of_an_hour(few):
    CityFactory(slug=places.CITY["slug"])
    market.make(now=NOW, days=1)
    feed = FeedRun.objects.create(source="feed:real", digest="a", at=NOW)
    for minute in range(1, 241, 20):
        market.move(now=NOW + timedelta(minutes=minute))
    first, last = NOW + timedelta(minutes=161), NOW + timedelta(minutes=221)
    made = FeedRun.objects.filter(source=market.SOURCE)
    assert made.filter(at=last).exists()
    assert not made.filter(at__lt=first).exists() and made.filter(at=first).exists()
    assert FeedRun.objects.filter(pk=feed.pk).exists(), "a real feed's runs have their own time"


@pytest.mark.django_db
def test_many_old_runs_are_forgotten_a_few_at_a_time(few):
    FeedRun.objects.bulk_create(FeedRun(source=market.SOURCE, digest=str(n), at=NOW) for n in range(10))
    assert [market.forget_runs(now=NOW + timedelta(hours=2), limit=4) for _ in range(4)] == [4, 4, 2, 0]


@pytest.mark.django_db
def test_our_own_prices_follow_the_shelf_and_say_which_store():
    near, far = store(code="BLR-1"), store(code="BLR-2")
    milk = Product.objects.create(
        sku="MILK", name="Milk", category=CategoryFactory(slug="milk"), pack="1 l", pack_size=1, pack_unit="l",
        mrp_paise=7_000,
    )  # fmt: skip
    on_shelf(near, milk, price_paise=6_500)
    on_shelf(far, milk, price_paise=6_000)
    arrive(near, milk)
    own_listings.take_changed()
    own_market.list_ourselves(now=NOW)
    it = Listing.objects.get()
    assert (it.price_paise, it.available, it.source, it.product, it.unit_paise) == (
        6_500,
        True,
        "shelf:BLR-1",
        milk,
        6_500,
    )
    tiers = [NewPrice(milk.pk, 6_200, members_only=True), NewPrice(milk.pk, 5_800, min_qty=4)]
    services.schedule_prices(prices=tiers, actor="test", reason="tiers", now=NOW)
    own_market.list_city(near.city, product_ids=[milk.pk], now=NOW + timedelta(seconds=1))
    it.refresh_from_db()
    assert (it.member_paise, it.bulk_paise, it.bulk_from) == (6_200, 5_800, 4)
    own_listings._note([f"{near.pk}:{milk.pk}"])  # as the commit of a price does
    services.set_price(store_id=near.pk, product_id=milk.pk, price_paise=5_900, actor="test", reason="sale", now=NOW)
    assert own_market.list_changed(now=NOW + timedelta(minutes=1)) == 1
    assert own_market.list_changed(now=NOW + timedelta(minutes=2)) == 0  # taken
    it.refresh_from_db()
    assert (it.price_paise, it.was_paise, it.changed_at) == (5_900, 6_500, NOW + timedelta(minutes=1))
    services.set_listed(store_id=near.pk, product_ids=[milk.pk], listed=False, now=NOW)
    services.set_listed(store_id=far.pk, product_ids=[milk.pk], listed=False, now=NOW)
    own_market.list_ourselves(now=NOW + timedelta(minutes=3))
    it.refresh_from_db()
    assert (it.available, it.price_paise) == (False, 5_900)


@pytest.mark.django_db(transaction=True)
def test_a_price_that_is_changed_is_noted_with_its_commit():
    own_listings.take_changed()
    shop = store(code="BLR-1")
    milk = Product.objects.create(sku="MILK", name="Milk", category=CategoryFactory(slug="milk"), mrp_paise=7_000)
    on_shelf(shop, milk, price_paise=6_500)
    assert own_listings.take_changed() == {shop.pk: {milk.pk}}
    assert own_listings.take_changed() == {}


@pytest.mark.django_db
def test_the_platform_that_is_called_like_the_shop_is_ourselves(settings):
    blinkit = Platform.objects.create(slug="blinkit", name="Blinkit")
    assert own_listings.our_platform().slug == "tokri"
    Platform.objects.filter(is_ours=True).delete()
    settings.SHOP_NAME = "Blinkit"
    assert own_listings.our_platform() == blinkit
    assert [plan.slug for plan, _ in market.others()] == []


@pytest.mark.django_db
def test_the_command_makes_a_market_and_moves_it(few):
    with pytest.raises(CommandError, match="load_demo"):
        call_command("simulate_market", once=True, stdout=StringIO())
    CityFactory(slug=places.CITY["slug"])
    out = StringIO()
    began = time.monotonic()
    call_command("simulate_market", rounds=2, every=0.001, seed=3, stdout=out)
    assert time.monotonic() - began < 30
    assert out.getvalue().count("prices moved") == 2 and "listings made" in out.getvalue()
    assert City.objects.count() == 1
