"""Reads of what others charge, and their doors."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from blinkit.kernel.redis_client import client, key
from catalog import market_queries as market
from catalog import services
from catalog.basketing.reading import Line, read_list
from catalog.errors import BadCursor, NoSuchCity, NoSuchProduct
from catalog.market import Listing, ListingPrice, Match, Platform
from catalog.models import Category, Product
from catalog.tests.factories import NOW, CategoryFactory, CityFactory, ProductFactory, store
from catalog.tests.market_factories import listing, offer, platform

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def goods():
    """Butter 500 g at us, alpha and beta; butter 100 g at alpha; another butter at beta; old news from beta."""
    dairy = CategoryFactory(slug="dairy", name="Dairy")
    shelf = Category.objects.create(slug="butter", name="Butter", parent=dairy)
    large = ProductFactory(name="Amul Butter", pack="500 g", category=shelf, family="amul butter", mrp_paise=30_000)
    small = ProductFactory(name="Amul Butter", pack="100 g", category=shelf, family="amul butter")
    us, alpha, beta = platform("us", is_ours=True), platform("alpha"), platform("beta")
    facts = {"item": "butter", "category": shelf, "amount": 500}
    listing(us, "Amul Butter", 290, product=large, **facts)
    listing(alpha, "Amul Butter", 270, product=large, mrp_paise=30_000, **facts)
    listing(beta, "Amul Butter", 280, product=large, at=NOW - 7 * HOUR, **facts)
    listing(alpha, "Amul Butter", 58, product=small, **(facts | {"amount": 100}))
    listing(beta, "Nandini Butter", 250, **facts)
    listing(beta, "Butter Chicken", 300, category=shelf, available=False)
    return large, small


def test_a_product_is_shown_with_its_matches_and_what_compares_by_the_unit(goods, django_assert_num_queries):
    large, _ = goods
    beta = Platform.objects.get(slug="beta")
    Match.objects.create(
        listing=listing(beta, "Amul Butter", 60, pack="100 g", amount=100),
        product=large,
        state="family",
        score=1,
        made_at=NOW,
    )
    city = market.market_city()
    with django_assert_num_queries(2):
        found = market.product_prices(large.sku, city_id=city.id, now=NOW)
    assert [(it.platform, it.price_paise, it.is_stale) for it in found.same] == [
        ("alpha", 27_000, False), ("beta", 28_000, True), ("us", 29_000, False),
    ]  # fmt: skip
    assert found.cheapest is found.same[0] and found.ours is found.same[2]
    assert [(it.name, it.unit_paise, it.per) for it in found.others] == [
        ("Amul Butter", 58_000, "kg"), ("Amul Butter", 60_000, "kg"), ("Nandini Butter", 50_000, "kg"),
    ]  # fmt: skip
    with pytest.raises(NoSuchProduct):
        market.product_prices("no such", city_id=city.id, now=NOW)
    with pytest.raises(NoSuchCity):
        market.market_city("atlantis")


def test_a_search_finds_each_thing_once_page_by_page(goods, django_assert_num_queries):
    city = market.market_city("bengaluru").id
    with django_assert_num_queries(1):
        found, after = market.search("Butters", city_id=city, now=NOW)
    assert [(it.name, it.pack, len(it.listings)) for it in found] == [
        ("Amul Butter", "500 g", 3), ("Nandini Butter", "", 1), ("Amul Butter", "100 g", 1), ("Butter Chicken", "", 1),
    ]  # fmt: skip
    assert (found[0].cheapest.platform, after) == ("alpha", "")
    seen, cursor = [], ""
    while True:
        page, cursor = market.search("butter", city_id=city, now=NOW, cursor=cursor, limit=1)
        seen += [it.key for it in page]
        if not cursor:
            break
    assert seen == [it.key for it in found]
    assert [it.name for it in market.search("nandini butter", city_id=city, now=NOW)[0]] == ["Nandini Butter"]
    assert len(market.search("butter", city_id=city, now=NOW, platform="alpha", category="dairy")[0]) == 2
    assert len(market.search("makhan", city_id=city, now=NOW)[0]) == 3
    assert market.search("", city_id=city, now=NOW) == market.search("100%_", city_id=city, now=NOW) == ([], "")
    for junk in ("junk", market.rows.encode([1, 2]), market.rows.encode([0, 0, 0, "\x00"])):
        with pytest.raises(BadCursor):
            market.search("butter", city_id=city, now=NOW, cursor=junk)


def test_a_category_is_indexed_over_what_several_platforms_have(goods, django_assert_num_queries):
    city = market.market_city().id
    with django_assert_num_queries(1):
        found = market.category_indexes(city)
    assert [(it.category, it.platform, it.products, it.index_bp, it.cheapest) for it in found] == [
        ("dairy", "us", 1, 10_357, 0), ("dairy", "alpha", 1, 9_643, 1), ("dairy", "beta", 1, 10_000, 0),
    ]  # fmt: skip
    assert found[1].discount_bp == 500  # two listings: 10 % and nothing
    assert {it.category for it in market.category_indexes(city, category="dairy")} == {"butter"}


def test_history_is_steps_and_the_lowest_of_each_day(goods, django_assert_num_queries):
    one = Listing.objects.get(platform__slug="alpha", amount=500)
    ListingPrice.objects.filter(listing=one).delete()
    for days, paise, there in ((9, 100, True), (3, 300, True), (2, 200, False), (1, 250, True)):
        ListingPrice.objects.create(listing=one, at=NOW - timedelta(days=days), price_paise=paise, available=there)
    since = NOW - timedelta(days=4)
    with django_assert_num_queries(1):
        (series,) = market.history([one.pk], since=since, until=NOW)
    assert [(paise, there) for _, paise, there in series.steps] == [(100, True), (300, True), (200, False), (250, True)]
    day = date(2026, 11, 20)  # NOW is 14:30 in India
    assert series.daily_low(since=since, until=NOW, zone="Asia/Kolkata") == [
        (day - timedelta(days=4), 100), (day - timedelta(days=3), 100), (day - timedelta(days=2), 300),
        (day - timedelta(days=1), 250), (day, 250),
    ]  # fmt: skip
    ((_, points),), low, high = market.points_of([series], since=since, until=NOW)
    assert (low, high, len(points.split())) == (100, 300, 8)
    assert market.points_of([], since=since, until=NOW) == ([], 0, 0)


def test_deals_offers_drops_and_changes(goods, django_assert_num_queries):
    city = market.market_city().id
    alpha = Platform.objects.get(slug="alpha")
    one = Listing.objects.get(platform=alpha, amount=500)
    flash = offer(alpha, "flash", listing=one, ends_at=NOW + HOUR)
    offer(alpha, "coupon", ends_at=NOW, starts_at=NOW - HOUR)
    offer(alpha, "bundle", starts_at=NOW + HOUR)
    with django_assert_num_queries(1):
        found, after = market.deals(city, now=NOW)
    assert ([(it.listing.id, it.listing.discount_bp, it.ends_at) for it in found], after) == (
        [(one.pk, 1000, flash.ends_at)], "",
    )  # fmt: skip
    assert market.deals(city, now=NOW, order="ending")[0] == found
    for number in range(3):
        more = listing(alpha, f"Cheap {number}", 10, mrp_paise=1_200 + number // 2)
        offer(alpha, "flash", listing=more, ends_at=NOW + (3 - number // 2) * HOUR)
    for order, all_of in (("discount", [2, 0, 1]), ("ending", [2, 0, 1])):
        names, cursor = [], ""
        while True:
            page, cursor = market.deals(city, now=NOW, order=order, cursor=cursor, limit=1)
            names += [it.listing.name for it in page if it.listing.id != one.pk]
            if not cursor:
                break
        assert names == [f"Cheap {number}" for number in all_of]
    Listing.objects.filter(name__startswith="Cheap").delete()
    assert market.deals(city, now=NOW, least_bp=1001)[0] == market.deals(city, now=NOW, platform="beta")[0] == []
    assert [it.id for it in market.offers_alive(city, now=NOW)] == [flash.pk]
    for at, (was, pk) in enumerate(((30_000, one.pk), (20_000, Listing.objects.get(name="Nandini Butter").pk))):
        Listing.objects.filter(pk=pk).update(was_paise=was, changed_at=NOW - at * HOUR)
    (drop,) = market.drops(city, now=NOW, since=NOW - 2 * HOUR)
    assert (drop.listing.id, drop.by_bp) == (one.pk, -1000)
    first, after = market.changes(city, now=NOW, since=NOW - 2 * HOUR, limit=1)
    second, end = market.changes(city, now=NOW, since=NOW - 2 * HOUR, cursor=after, limit=1)
    assert ([it.listing.name for it in first + second], end) == (["Amul Butter", "Nandini Butter"], "")


def test_who_is_below_us_by_how_much_since_when(goods):
    large, _ = goods
    city = market.market_city().id
    Listing.objects.filter(platform__slug="alpha", amount=500).update(changed_at=NOW - HOUR, was_paise=1)
    Listing.objects.filter(platform__slug="us").update(first_seen_at=NOW - 5 * HOUR)
    (below,), after = market.undercuts(city, now=NOW)
    assert (below.sku, below.theirs.platform, below.by_paise, below.by_bp, below.since, after) == (
        large.sku, "alpha", 2_000, 689, NOW - HOUR, "",
    )  # fmt: skip
    assert (
        market.undercuts(city, now=NOW, least_bp=690)[0] == market.undercuts(city, now=NOW, category="fruit")[0] == []
    )
    Listing.objects.filter(platform__slug="us").update(available=False)
    assert market.undercuts(city, now=NOW)[0] == []


def test_the_audit_finds_prices_that_differ_without_a_reason_are_dear_or_above_the_mrp(
    goods, django_assert_num_queries
):
    large, _ = goods
    places = [store(code) for code in ("BLR-A", "BLR-B", "BLR-C", "BLR-D")]
    for place, paise in zip(places, (5_000, 5_000, 4_800, 4_700), strict=True):
        reason = "clearance" if paise == 4_700 else ""
        product = Product.objects.get(sku=large.sku)
        services.put_on_shelf(store_id=place.pk, rows=[(product.pk, paise)], actor="test", reason=reason, now=NOW)
    with django_assert_num_queries(1):
        found = market.audit(above_bp=500)
    assert [(it.kind, it.where, it.price_paise, it.should_paise, it.whose) for it in found] == [
        ("above", "Bengaluru", 29_000, 27_000, "Alpha"), ("differs", "Store BLR-C", 4_800, 5_000, ""),
    ]  # fmt: skip
    Product.objects.filter(pk=large.pk).update(mrp_paise=4_900)
    kinds = [(it.kind, it.where) for it in market.audit(above_bp=5_000)]
    assert kinds[:3] == [("mrp", "Bengaluru"), ("mrp", "Store BLR-A"), ("mrp", "Store BLR-B")]


def test_platforms_say_their_terms_and_how_fresh_they_are(goods, django_assert_num_queries):
    city = market.market_city().id
    with django_assert_num_queries(1):
        us, alpha, beta = market.platforms(city, now=NOW)
    assert (us.is_ours, alpha.listings, alpha.stale, beta.stale, beta.is_stale) == (True, 2, 0, 1, False)
    elsewhere = CityFactory(slug="pune", name="Pune")
    assert [it.delivery_paise for it in market.platforms(elsewhere.pk, now=NOW)] == [None] * 3


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("2 kg onions, milk 500 ml x 2\n6 eggs;bread", [
            Line("onions", 2000, "g"), Line("milk", 500, "ml", 2), Line("eggs", 6, "pc"), Line("bread"),
        ]),
        ("आधा किलो प्याज\n1. Tomato 1,5 kg", [Line("प्याज", 500, "g"), Line("Tomato", 1500, "g")]),
        ("- 7up 2 l\n½ kg paneer\nrice", [Line("7up", 2000, "ml"), Line("paneer", 500, "g"), Line("rice")]),
        (" , \x00;\n0 kg salt", [Line("salt", None, "g")]),
    ],
)  # fmt: skip
def test_a_list_is_read_as_people_write_it(text, lines):
    assert read_list(text) == lines


def test_the_api_gives_prices_history_deals_and_baskets(goods, api):
    large, _ = goods
    prices = api().get(f"/api/v1/products/{large.sku}/prices/").json()
    assert [it["platform"] for it in prices["same"]] == ["alpha", "beta", "us"] and len(prices["history"]) == 3
    assert api().get("/api/v1/products/nothing/prices/").status_code == 404
    assert api().get("/api/v1/products/%00/prices/").status_code in (400, 404)
    assert len(api().get("/api/v1/products/search/", {"q": "butter"}).json()["items"]) == 4
    compared = api().get("/api/v1/products/compare/", {"sku": large.sku}).json()
    assert compared["products"][0]["same"][0]["price_paise"] == 27_000
    assert api().get("/api/v1/products/compare/").json()["categories"][0]["category"] == "dairy"
    assert api().get("/api/v1/deals/", {"city": "atlantis"}).status_code == 404
    assert [it["slug"] for it in api().get("/api/v1/platforms/").json()["platforms"]] == ["us", "alpha", "beta"]
    body = {"lines": [{"item": "butter", "amount": 0.5, "measure": "kg"}], "budget_paise": 26_000}
    basket = api().post("/api/v1/baskets/compare/", body).json()
    assert (basket["split"]["total_paise"], basket["left_paise"]) == (25_000, 1_000)
    assert api().post("/api/v1/baskets/compare/", {"lines": []}).status_code == 400
    too_many = api().post("/api/v1/baskets/compare/", {"lines": [{"item": "salt"}] * 41})
    assert (too_many.status_code, list(too_many.json()["errors"])) == (400, ["lines"])


def test_an_answer_is_kept_while_the_market_stands_and_read_anew_when_it_moves(
    goods, api, settings, django_assert_num_queries
):
    settings.MARKET_ANSWERS_KEPT_S = 60
    client().set(key("version:market"), "one")
    with django_assert_num_queries(2):
        first = api().get("/api/v1/platforms/?kept=1")
    with django_assert_num_queries(0):
        assert api().get("/api/v1/platforms/?kept=1").content == first.content
    listing(Platform.objects.get(slug="alpha"), "New", 10)
    client().set(key("version:market"), "two")
    assert api().get("/api/v1/platforms/?kept=1")["ETag"] != first["ETag"]


def test_the_market_has_a_limit_of_its_own(goods, api, settings):
    settings.RATE_LIMIT_PER_MINUTE, settings.RATE_LIMIT_TRUST_LOOPBACK = 100, False
    settings.MARKET_REQUESTS_PER_MINUTE = 3
    codes = [api().get("/api/v1/platforms/", REMOTE_ADDR="203.0.113.77").status_code for _ in range(4)]
    assert codes == [200, 200, 200, 429]
    assert api().get("/api/v1/stores/", REMOTE_ADDR="203.0.113.77").status_code == 200
