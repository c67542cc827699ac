"""Platforms, terms and feeds are kept in the administration; a feed's secret is shown once."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.urls import reverse

from blinkit.kernel.sealing import unseal
from catalog.market import Listing, MarketAlert, MarketFeed, MarketOffer, Platform, PlatformTerms
from catalog.market_rows import MarketRow, OfferRow
from catalog.services import market
from catalog.tests.factories import NOW, CityFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(client):
    client.force_login(get_user_model().objects.create_superuser("+919900000099", "x", name="Admin"))
    return client


@pytest.fixture
def there():
    return {"platform": Platform.objects.create(slug="zep", name="Zep"), "city": CityFactory()}


def secret_on(page):
    return re.search(r"mkt_[\w-]{40,}", page)[0]


def test_a_feed_gets_a_secret_that_is_shown_once_and_can_be_renewed(office, there):
    city = there["city"]
    form = {"slug": "zep-blr", "platform": there["platform"].pk, "city": city.pk, "is_active": "on"}
    page = office.post(reverse("admin:catalog_marketfeed_add"), form, follow=True).content.decode()
    feed = MarketFeed.objects.get()
    first = secret_on(page)
    assert unseal(feed.sealed_secret) == first
    assert "mkt_" not in office.get(reverse("admin:catalog_marketfeed_change", args=[feed.pk])).content.decode()
    chosen = {"action": "renew", "_selected_action": [feed.pk]}
    url = reverse("admin:catalog_marketfeed_changelist")
    assert "refused from this moment on" in office.post(url, chosen, follow=True).content.decode()
    feed.refresh_from_db()
    assert unseal(feed.sealed_secret) == first  # asked, not done
    second = secret_on(office.post(url, chosen | {"confirmed": "yes"}, follow=True).content.decode())
    feed.refresh_from_db()
    assert unseal(feed.sealed_secret) == second != first


def test_terms_by_hand_make_answers_stale_and_prices_are_only_looked_at(
    office, there, django_capture_on_commit_callbacks
):
    offer = OfferRow(1, "A", "coupon", "₹50 off", NOW)
    market.record([MarketRow(1, "Onion", 5_000, NOW, pack="1 kg")], source="t", now=NOW, offers=[offer], **there)
    connection.run_on_commit.clear()  # hints of the feed; only the form's are wanted
    before = market.version("bengaluru")
    names = {field.name: 0 for field in PlatformTerms._meta.fields if field.name.endswith(("_paise", "_minutes"))}
    form = names | {"platform": there["platform"].pk, "city": there["city"].pk, "free_from_paise": ""}
    with django_capture_on_commit_callbacks(execute=True):
        office.post(reverse("admin:catalog_platformterms_add"), form)
    assert PlatformTerms.objects.count() == 1 and market.version("bengaluru") != before
    onion = Listing.objects.get()
    page = office.get(reverse("admin:catalog_listing_change", args=[onion.pk])).content.decode()
    assert "₹50" in page and 'name="price_paise"' not in page
    for model in (Platform, Listing, MarketOffer, MarketAlert, MarketFeed, PlatformTerms):
        assert office.get(reverse(f"admin:catalog_{model._meta.model_name}_changelist")).status_code == 200
    assert office.get(reverse("admin:catalog_feedrun_changelist")).status_code == 200
