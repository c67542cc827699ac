"""What others charge: written once, history in order whatever the order of feeds, and told in one breath."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Barrier

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from channels.layers import get_channel_layer
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from blinkit.kernel import events
from blinkit.kernel.models import Event, Receipt
from catalog.events import MarketChanged, MarketFeedChanged
from catalog.market import FeedRun, Listing, ListingPrice, MarketOffer, Platform, PlatformTerms
from catalog.market_rows import BadRow, MarketRow, OfferRow, TermsRow
from catalog.services import market, market_months
from catalog.tasks import keep_market_months
from catalog.tests.factories import NOW, CityFactory, ProductFactory

HOUR = timedelta(hours=1)


@pytest.fixture
def there(db):
    return {"platform": Platform.objects.create(slug="zep", name="Zep"), "city": CityFactory()}


def row(rupees, at=NOW, *, line=1, name="Onion", pack="1 kg", **more):
    return MarketRow(line, name, rupees * 100, at, pack=pack, **more)


def said(there, *rows, now=NOW, source="test", **more):
    return market.record(rows, source=source, now=now, **there, **more)


def history(listing):
    return [
        (it.at, it.price_paise // 100, it.available)
        for it in ListingPrice.objects.filter(listing=listing).order_by("at")
    ]


def test_a_price_is_written_once_and_its_history_only_where_it_changes(there):
    said(there, row(50, mrp_paise=7800), now=NOW)
    product = ProductFactory()
    Listing.objects.update(product=product)  # as matching does
    said(there, row(50, NOW + HOUR, mrp_paise=7800), now=NOW + HOUR)
    run = said(there, row(49, NOW + 2 * HOUR, mrp_paise=7800), now=NOW + 2 * HOUR)
    onion = Listing.objects.get()
    assert (run.rows, run.new, run.changed, run.refused) == (1, 0, 1, 0)
    assert (onion.price_paise, onion.was_paise, onion.changed_at) == (4900, 5000, NOW + 2 * HOUR)
    assert onion.product == product  # no feed decides that
    assert (onion.first_seen_at, onion.seen_at, onion.discount_bp) == (NOW, NOW + 2 * HOUR, 3717)
    assert (onion.amount, onion.measure, onion.unit_paise) == (Decimal(1000), "g", 4900)
    assert history(onion) == [(NOW, 50, True), (NOW + 2 * HOUR, 49, True)]


def test_the_same_content_again_changes_nothing(there):
    rows = [row(50), row(20, name="Salt", line=2)]
    first = said(there, *rows)
    assert said(there, *rows) == first
    assert (FeedRun.objects.count(), Listing.objects.count(), ListingPrice.objects.count()) == (1, 2, 2)
    assert Event.objects.filter(code="catalog.MarketChanged").count() == 1
    other = said(there, *rows, source="another")
    assert (other.new, other.changed) == (0, 0)
    assert Event.objects.filter(code="catalog.MarketChanged").count() == 1


def test_older_says_never_take_the_place_of_newer_ones_but_fill_the_history(there):
    said(there, row(34, NOW))
    said(there, row(50, NOW - 5 * HOUR), row(49, NOW - 3 * HOUR), row(49, NOW - 2 * HOUR), now=NOW)
    onion = Listing.objects.get()
    assert (onion.price_paise, onion.was_paise, onion.changed_at, onion.seen_at) == (3400, 4900, NOW, NOW)
    assert onion.first_seen_at == NOW - 5 * HOUR
    assert history(onion) == [(NOW - 5 * HOUR, 50, True), (NOW - 3 * HOUR, 49, True), (NOW, 34, True)]
    said(there, row(34, NOW - HOUR), now=NOW)  # it had fallen an hour before: what follows says nothing new
    assert history(onion)[2:] == [(NOW - HOUR, 34, True)]
    onion.refresh_from_db()
    assert onion.changed_at == NOW - HOUR
    assert len(Event.objects.filter(code="catalog.MarketChanged")) == 1  # the price of today never moved


def test_a_price_that_was_seen_again_holds_until_then_when_an_older_one_comes_between(there):
    said(there, row(49, NOW - 4 * HOUR), now=NOW)
    said(there, row(49, NOW), now=NOW)
    said(there, row(34, NOW - 2 * HOUR), now=NOW)
    onion = Listing.objects.get()
    assert history(onion) == [(NOW - 4 * HOUR, 49, True), (NOW - 2 * HOUR, 34, True), (NOW, 49, True)]
    assert (onion.price_paise, onion.was_paise) == (4900, 3400)


def test_a_file_in_any_order_tells_the_same_story(there):
    rows = [row(34, NOW), row(50, NOW - 4 * HOUR), row(49, NOW - 2 * HOUR), row(49, NOW - HOUR)]
    said(there, *rows)
    other = there | {"platform": Platform.objects.create(slug="two", name="Two")}
    for n in (2, 0, 3, 1):
        said(other, rows[n])
    one, two = Listing.objects.order_by("pk")
    assert history(one) == history(two) == [(NOW - 4 * HOUR, 50, True), (NOW - 2 * HOUR, 49, True), (NOW, 34, True)]
    assert (two.price_paise, two.was_paise, two.changed_at) == (one.price_paise, one.was_paise, one.changed_at)


def test_bad_rows_are_refused_by_row_and_reason_and_good_ones_go_in(there):
    run = said(
        there,
        row(50),
        row(370, line=2),
        row(50, line=3),
        row(80, line=4, name="Salt", mrp_paise=7000),
        row(80, NOW + HOUR, line=5, name="Rice"),
        row(80, NOW - timedelta(days=4000), line=6, name="Rice"),
        row(0, line=7, name="Dal"),
        row(10, line=8, name=" "),
        row(10, line=9, name="Tea", url="javascript:alert(1)"),
        BadRow(10, "price is not a number: 'N/A'"),
    )
    assert [(it["row"], it["why"].split(" (")[0]) for it in run.problems] == [
        (2, "said twice at one time: ₹370 here, ₹50 in row 1, which counts"),
        (4, "price ₹80 is above the MRP ₹70"),
        (5, "seen in the future"),
        (6, "older than the 24 months that are kept"),
        (7, "price is out of range"),
        (8, "has no name"),
        (9, "address is not a web address"),
        (10, "price is not a number: 'N/A'"),
    ]
    assert (run.rows, run.new, run.refused) == (10, 1, 8)
    assert list(Listing.objects.values_list("name", "price_paise")) == [("Onion", 5000)]


def test_another_price_for_an_instant_that_is_known_is_refused(there):
    said(there, row(50))
    run = said(there, row(40), source="another")
    assert [it["why"] for it in run.problems] == ["something else is known of this time already: ₹50"]
    assert Listing.objects.get().price_paise == 5000


def test_gone_and_back_are_history_too_and_the_price_has_not_changed(there):
    said(there, row(50))
    said(there, row(50, NOW + HOUR, available=False), now=NOW + HOUR)
    onion = Listing.objects.get()
    assert (onion.available, onion.was_paise, onion.changed_at) == (False, None, None)
    assert history(onion) == [(NOW, 50, True), (NOW + HOUR, 50, False)]


def test_a_thousand_rows_cost_a_few_statements(there):
    def rows(rupees, at):
        known = {"brand": "B", "item": "thing", "category_slug": "things", "amount": Decimal(1), "measure": "pc"}
        return [row(rupees + n % 9, at, name=f"Thing {n}", line=n, **known) for n in range(1000)]

    said(there, row(1, name="Other"))  # the month is there
    with CaptureQueriesContext(connection) as first:
        said(there, *rows(20, NOW))
    with CaptureQueriesContext(connection) as second:
        run = said(there, *rows(21, NOW + HOUR), now=NOW + HOUR)
    assert run.changed == 1000
    assert len(first) <= 12 and len(second) <= 12
    (told,) = Event.objects.filter(code="catalog.MarketChanged", payload__run_id=run.pk)
    assert len(told.payload["changes"]) == 1000


def no_months():
    """Tests that commit leave the months they made."""
    with connection.cursor() as cursor:
        for name in market_months._there(cursor) - {f"{market_months.TABLE}_default"}:
            cursor.execute(f"DROP TABLE {name}")


def test_history_lands_in_its_month_and_old_months_go_but_the_last_price_stays(there, settings):
    settings.MARKET_HISTORY_MONTHS = 2
    no_months()
    april, june = datetime(2026, 9, 20, tzinfo=UTC), NOW
    said(there, row(50, april), row(20, april, name="Salt", line=2), now=june)
    said(there, row(34, june), now=june)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tableoid::regclass::text, price_paise FROM catalog_listingprice ORDER BY at, price_paise"
        )
        assert cursor.fetchall() == [
            ("catalog_listingprice_202609", 2000),
            ("catalog_listingprice_202609", 5000),
            ("catalog_listingprice_202611", 3400),
        ]
    made, gone = market_months.keep_months(now=june)
    assert (made, gone) == (["catalog_listingprice_202612", "catalog_listingprice_202701"], [])
    assert market_months.keep_months(now=june) == ([], [])
    _, gone = market_months.keep_months(now=june + timedelta(days=14))  # December: September is the third month back
    assert gone == ["catalog_listingprice_202609"]
    salt = Listing.objects.get(name="Salt")
    assert history(salt) == [(datetime(2026, 10, 1, tzinfo=UTC), 20, True)]


def test_terms_and_offers_come_with_the_feed(there):
    ends = NOW + timedelta(days=2)
    terms = TermsRow(delivery_paise=2500, free_from_paise=19900, eta_low_minutes=8, eta_high_minutes=14)
    offers = [
        OfferRow(1, "SAVE50", "coupon", "₹50 off above ₹499", NOW, ends, code="SAVE50", off_paise=5000),
        OfferRow(2, "bad", "gift", "A gift", NOW),
        OfferRow(3, "late", "flash", "Over before it began", NOW, NOW - HOUR),
        OfferRow(4, "lost", "flash", "Of nothing we know", NOW, ends, listing_key="nothing"),
    ]
    run = said(there, row(50), terms=terms, offers=offers)
    assert [it["row"] for it in run.problems] == [2, 3, 4]
    assert PlatformTerms.objects.get().free_from_paise == 19900
    said(there, row(50, NOW + HOUR), terms=TermsRow(delivery_paise=1, at=NOW - HOUR), offers=offers[:1], now=NOW + HOUR)
    assert PlatformTerms.objects.get().delivery_paise == 2500  # older than what is known
    assert MarketOffer.objects.get().seen_at == NOW + HOUR
    assert market.forget_old(now=NOW + timedelta(days=90)) == 0
    assert market.forget_old(now=NOW + timedelta(days=93)) == 3  # two runs and what ended two days after


def test_what_told_of_changes_goes_a_day_later_and_the_history_stays(there, run_events):
    said(there, row(50))
    run_events()
    said(there, row(49, NOW + HOUR), now=NOW + HOUR)  # nobody has looked at this one yet
    events.record(MarketFeedChanged(feed_id=1, slug="zep", what="made"), subject="market:zep")
    told = Event.objects.get(code=MarketChanged.code(), payload__changes__0__1=0)
    assert told.receipts.count() == 2
    assert market.forget_changes(now=told.at + market.CHANGES_KEPT) == 0
    assert market.forget_changes(now=told.at + market.CHANGES_KEPT + HOUR) == 1
    assert list(Event.objects.order_by("pk").values_list("code", "payload__changes__0__1")) == [
        (MarketChanged.code(), 5000),
        (MarketFeedChanged.code(), None),
    ]
    assert history(Listing.objects.get()) == [(NOW, 50, True), (NOW + HOUR, 49, True)]
    run_events()
    Event.objects.update(at=timezone.now() - market.CHANGES_KEPT - HOUR)
    keep_market_months()  # on the schedule
    assert not Event.objects.filter(code=MarketChanged.code()).exists() and not Receipt.objects.exists()


def two_feeds(race, there, name):
    """The same listing, never seen before, by two feeds a minute apart."""

    def feed(number):
        seen = row(40 - number, NOW + timedelta(minutes=number), name=name)
        return said(there, seen, now=NOW + HOUR, source=f"feed {number}").pk

    assert len(set(race(2, feed))) == 2
    return Listing.objects.get(name=name)


@pytest.mark.django_db(transaction=True)
def test_two_feeds_of_a_platform_at_once_tell_one_story(race, there):
    market_months.keep_months(now=NOW)
    for number in range(4):
        found = two_feeds(race, there, f"Thing {number}")
        assert [price for _, price, _ in history(found)] == [40, 39]
        assert (found.price_paise, found.was_paise) == (3900, 4000)
    rows = [row(30, NOW)]
    assert len(set(race(4, lambda: said(there, *rows, source="same").pk))) == 1


@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_two_feeds_tell_two_stories(race, there, monkeypatch):
    market_months.keep_months(now=NOW)
    known, both_looked = market._known, Barrier(2, timeout=30)

    def slowly(*args, **kwargs):
        found = known(*args, **kwargs)
        both_looked.wait()
        return found

    monkeypatch.setattr(market, "_one_writer", lambda *_: None)
    monkeypatch.setattr(market, "_known", slowly)
    found = two_feeds(race, there, "Thing")
    assert [price for _, price, _ in history(found)] == [40, 39]
    assert found.was_paise is None  # each took it for new: the listing knows of no change


@pytest.mark.django_db(transaction=True)
def test_an_open_screen_hears_of_a_change_within_a_second_and_answers_kept_are_stale(there):
    before = market.version(), market.version("bengaluru")

    async def watch():
        layer = get_channel_layer()
        channel = await layer.new_channel()
        await layer.group_add("market.bengaluru", channel)
        began = time.monotonic()
        await sync_to_async(said)(there, row(50))
        message = await asyncio.wait_for(layer.receive(channel), 3)
        return message, time.monotonic() - began

    message, took_s = async_to_sync(watch)()
    assert message == {"type": "live.hint", "what": [["market", "zep"]]}
    assert took_s < 1
    after = market.version(), market.version("bengaluru")
    assert before[0] != after[0] and before[1] != after[1]
    said(there, row(50, NOW + HOUR), now=NOW + HOUR)  # nothing new: what was kept may stay
    assert (market.version(), market.version("bengaluru")) == after
