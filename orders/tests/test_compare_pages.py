"""The pages that compare prices, for everybody: what they show, what they cost, and their limit."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.tests.factories import ProductFactory
from catalog.tests.market_factories import listing, offer, platform
from orders.tests.factories import shop

pytestmark = pytest.mark.django_db


@pytest.fixture
def market():
    now = timezone.now()
    butter = ProductFactory(name="Amul Butter", name_hi="अमूल मक्खन", sku="BUTTER", pack="500 g")
    shop(butter)
    us, alpha = platform("us", is_ours=True, at=now), platform("alpha", at=now, delivery_paise=2_500)
    listing(us, "Amul Butter", 290, pack="500 g", amount=500, item="butter", product=butter, at=now)
    listing(alpha, "Amul Butter <500>", 270, pack="500 g", amount=500, item="butter", product=butter, mrp_paise=30_000,
            at=now.replace(year=now.year - 1))  # fmt: skip
    listing(alpha, "Onion", 40, pack="1 kg", amount=1000, item="onion", at=now)
    offer(alpha, "coupon", title="₹20 off", code="SAVE20", off_paise=2_000, starts_at=now)
    return butter


def of_the_market(client, url, **headers):
    with CaptureQueriesContext(
        connection,
    ) as found:
        answer = client.get(url, **headers)
    assert answer.status_code == 200, url
    tables = ("catalog_listing", "catalog_platform", "catalog_marketoffer", "catalog_city y")
    asked = [it["sql"] for it in found if any(name in it["sql"] for name in tables)]
    return answer.content.decode(), len(asked)


@pytest.mark.parametrize(
    ("url", "statements", "words"),
    [
        ("/compare/", 3, ["What an order costs beside the goods", "Alpha", "₹25"]),
        ("/compare/?q=butter", 3, ["Amul Butter", "₹270", "₹580/kg", "Cheapest", "year"]),
        ("/compare/?sku=BUTTER", 5, ["The last 30 days", "<polyline", "₹290"]),
        ("/compare/?list=1 kg onions, butter, unicorn", 6, [
            "Everything from one app", "Alpha", "₹315", "SAVE20", "unicorn", "Nobody sells it here just now.", "500 g",
        ]),
        ("/compare/?list=1 kg onions, butter&budget=100", 6, ["What fits your budget", "₹45", "From ₹270"]),
        ("/compare/deals/", 4, ["10% off", "₹20 off", "SAVE20"]),
        ("/compare/deals/?order=ending", 4, ["No deals just now"]),
    ],
)  # fmt: skip
def test_a_page_says_what_others_charge_in_few_statements(client, market, url, statements, words):
    said, asked = of_the_market(client, url)
    for word in words:
        assert word in said.replace("&lt;500&gt;", ""), word
    assert "<500>" not in said
    assert asked == statements
    part, _ = of_the_market(client, url, HTTP_HX_REQUEST="true")
    assert "<html" not in part and part.strip()


@pytest.mark.parametrize(
    "url",
    ["/compare/?list=,", "/compare/?q=" + "x" * 300, "/compare/?list=butter&budget=junk",
     "/compare/?list=" + "onion,%0A" * 400, "/compare/deals/?order=junk&platform=nobody"],
)  # fmt: skip
def test_whatever_is_typed_gets_a_page(client, market, url):
    assert client.get(url).status_code == 200


def test_a_budget_is_read_as_people_write_it_and_one_that_is_none_is_said_so(client, market):
    for written in ("₹1,000", "1,00,000"):
        said = client.get("/compare/", {"list": "butter", "budget": written}).content.decode()
        assert "What fits your budget" in said and "compared without one" not in said, written
    for written in ("0", "10,00,000", "junk", "٣"):
        said = client.get("/compare/", {"list": "butter", "budget": written}).content.decode()
        assert "compared without one" in said and "What fits your budget" not in said, written


def test_of_a_long_list_it_is_said_how_much_was_compared(client, market):
    long = client.get("/compare/", {"list": "butter\n" * 41}).content.decode()
    assert "the first 40 lines were compared" in long
    assert "The list is long" not in client.get("/compare/", {"list": "butter\n" * 40}).content.decode()


def test_what_is_not_there_and_a_damaged_link_are_refused(client, market):
    assert client.get("/compare/?sku=nothing").status_code == 404
    assert client.get("/compare/?q=butter&cursor=junk").status_code == 400
    assert client.get("/compare/?list=%00").status_code == 400


def test_without_any_market_the_page_says_so(client):
    shop(ProductFactory())
    assert "No prices of others yet" in client.get("/compare/").content.decode()


def test_in_hindi_products_have_their_hindi_names(client, market):
    said = client.get("/compare/?q=butter", HTTP_ACCEPT_LANGUAGE="hi").content.decode()
    assert "अमूल मक्खन" in said


def test_further_results_come_without_the_page_and_pages_have_a_limit(client, market, settings):
    us = platform("us")
    for number in range(30):
        listing(us, f"Biscuit {number}", 10 + number, item="biscuit", mrp_paise=9_000, at=timezone.now())
    for url in ("/compare/?q=biscuit", "/compare/deals/"):
        page = client.get(url)
        more = client.get(page.context["more"], HTTP_HX_REQUEST="true").content.decode()
        assert more.count("cmp-row") >= 6 and "<html" not in more and 'id="found"' not in more
    settings.MARKET_REQUESTS_PER_MINUTE, settings.RATE_LIMIT_PER_MINUTE = 2, 100
    settings.RATE_LIMIT_TRUST_LOOPBACK = False
    codes = [client.get("/compare/", REMOTE_ADDR="203.0.113.9").status_code for _ in range(3)]
    assert codes == [200, 200, 429]
