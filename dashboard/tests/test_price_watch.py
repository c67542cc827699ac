"""Price watch: what operations see of the market, its files, who may look, and the socket that says "look again"."""

from __future__ import annotations

import csv
from datetime import timedelta
from io import StringIO

import pytest
from asgiref.sync import async_to_sync
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.urls import path
from django.utils import timezone

from accounts.tests.factories import UserFactory
from blinkit.kernel import live, ws
from catalog.market import Listing, MarketFeed
from catalog.tests.factories import CategoryFactory, CityFactory, ProductFactory, store
from catalog.tests.market_factories import listing, platform
from catalog.urls import ws_urls

pytestmark = pytest.mark.django_db
OURS = [(b"origin", b"http://shop.test"), (b"host", b"shop.test")]


@pytest.fixture
def market():
    now = timezone.now()
    store()
    shelf = CategoryFactory(slug="tea", name="Tea shelf")
    tea = ProductFactory(name="Tea", sku="TEA", category=shelf, mrp_paise=40_000)
    us, alpha = platform("us", is_ours=True, at=now), platform("alpha", at=now)
    listing(us, "Tea", 200, amount=500, product=tea, at=now)
    listing(alpha, "=Tea()", 150, amount=500, product=tea, at=now - timedelta(days=2))
    Listing.objects.filter(platform=alpha).update(was_paise=16_000, changed_at=now - timedelta(hours=3))
    MarketFeed.objects.create(slug="alpha-blr", platform=alpha, city=CityFactory(), last_at=now - timedelta(days=2))


@pytest.fixture
def ops(client):
    client.force_login(UserFactory(roles=["ops"]))
    return client


def test_the_page_says_who_is_below_us_what_moved_and_what_is_old(ops, market, django_assert_max_num_queries):
    ops.get("/ops/market/")
    with django_assert_max_num_queries(15):
        said = ops.get("/ops/market/").content.decode()
    words = ["Cheaper elsewhere", "25%", "₹50", "Tea shelf", "114.3", "85.7", "Dear", "₹160", "said nothing for"]
    for word in words:
        assert word in said, word
    part = ops.get("/ops/market/?city=nowhere&category=junk", HTTP_HX_REQUEST="true").content.decode()
    assert "<html" not in part and "Nobody is below us" in part


def test_each_panel_is_a_file_and_no_name_begins_a_formula(ops, market):
    def rows(what):
        answer = ops.get(f"/ops/market/{what}.csv")
        assert answer["Content-Disposition"].endswith(f'market-{what}-bengaluru.csv"')
        return list(csv.reader(StringIO(answer.content.decode())))[1:]

    (below,) = rows("undercuts")
    assert below[:6] == ["TEA", "Tea", "200.00", "alpha", "150.00", "25.0"] and below[-1] == "'=Tea()"
    assert [row[1:5] for row in rows("indexes")] == [["us", "1", "1", "114.3"], ["alpha", "0", "1", "85.7"]]
    assert [row[4:7] for row in rows("changes")] == [["160.00", "150.00", "-6.2"]]
    assert [row[:2] for row in rows("audit")] == [["above", "TEA"]]
    assert [row[0] for row in rows("feeds")] == ["alpha-blr"]
    assert ops.get("/ops/market/passwords.csv").status_code == 404


def test_only_operations_and_administrators_look(client, market):
    assert client.get("/ops/market/").status_code == 302
    for role in ("customer", "rider", "picker", "store_manager"):
        client.force_login(UserFactory(roles=[role]))
        assert client.get("/ops/market/").status_code == 403
        assert client.get("/ops/market/undercuts.csv").status_code == 403
    client.force_login(UserFactory(roles=["admin"]))
    assert client.get("/ops/market/").status_code == 200


def test_whoever_looks_at_a_city_is_told_to_look_again(market):
    routes = ws.wrap(URLRouter([path("ws/", URLRouter(ws_urls))]), open_to_all=("/ws/market/",))

    async def watch():
        page = WebsocketCommunicator(routes, "/ws/market/bengaluru/", headers=OURS)
        assert (await page.connect())[0]
        first = await page.receive_json_from(timeout=5)
        live._publish([("market.bengaluru", {"type": "live.hint", "what": [["market", "alpha"]]})])
        second = await page.receive_json_from(timeout=5)
        live._publish([("market.pune", {"type": "live.hint", "what": [["market", "alpha"]]})])
        quiet = await page.receive_nothing(timeout=0.6)
        await page.disconnect()
        return first["type"], second["seq"], quiet

    assert async_to_sync(watch)() == ("snapshot", 1, True)
