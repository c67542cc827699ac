"""Alerts on others' prices: who may ask for what, and that each change is told once; and the doors of signed feeds."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.tests.factories import UserFactory
from blinkit.kernel.models import Event
from catalog.market import FeedRun, Listing, MarketAlert, MarketAlertHit, MarketFeed, Platform
from catalog.market_rows import MarketRow
from catalog.services import market, market_alerts, market_feeds, personal
from catalog.services.market_alerts import Wish
from catalog.tests.factories import CategoryFactory, CityFactory, ProductFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def onion():
    return ProductFactory(sku="ONION", name="Onion", category=CategoryFactory(slug="fresh-vegetables"))


@pytest.fixture
def there(onion):
    CityFactory()
    return Platform.objects.create(slug="zep", name="Zep", rank=1)


def charge(platform, rupees, *, at=None, available=True, product=None, name="Onion", category=""):
    """One feed of one price; what it changed."""
    when = at or timezone.now()
    row = MarketRow(1, name, rupees * 100, when, pack="1 kg", available=available, category_slug=category,
                    product_id=product and product.pk)  # fmt: skip
    run = market.record([row], source="test", platform=platform, city=CityFactory(), now=when)
    return [change for it in Event.objects.filter(payload__run_id=run.pk) for change in it.payload["changes"]]


def look(changes):
    return market_alerts.look(changes=changes, now=timezone.now())


def ask(user, *, is_staff=False, **wish):
    wish = Wish(**{"city": "bengaluru", "sku": "ONION"} | wish)
    return market_alerts.add_alert(user_id=user.pk, wish=wish, is_staff=is_staff, now=timezone.now())


def told():
    return [it.payload for it in Event.objects.filter(code="catalog.MarketAlertRaised").order_by("pk")]


def test_each_kind_is_told_when_it_begins_and_once_per_change(there, onion):
    ours = Platform.objects.create(slug="ours", name="Ours", is_ours=True)
    charge(ours, 45, product=onion)
    charge(there, 60, product=onion)
    who = UserFactory()
    ask(who, kind="drop", by_bp=1_000)
    ask(who, kind="below", below_paise=5_000)
    ask(who, kind="undercut")
    ask(who, kind="gone")
    ask(who, kind="back")
    story = [(58, True, []), (50, True, ["drop", "below"]), (44, True, ["drop", "undercut"]), (43, True, []),
             (43, False, ["gone"]), (43, True, ["back", "below", "undercut"]), (70, True, [])]  # fmt: skip
    for rupees, available, kinds in story:
        before = len(told())
        changes = charge(there, rupees, available=available, product=onion)
        assert look(changes) == len(kinds)
        assert look(changes) == 0  # asked again: told already
        assert sorted(it["kind"] for it in told()[before:]) == sorted(kinds), rupees
    assert MarketAlertHit.objects.count() == 8
    assert look(charge(ours, 20, product=onion)) == 0  # without a platform it is about others


def test_only_what_was_asked_for_is_told(there, onion):
    other, milk = Platform.objects.create(slug="jio", name="Jio"), ProductFactory(sku="MILK", name="Milk")
    for platform, product, name in ((there, onion, "Onion"), (other, onion, "Onion"), (there, milk, "Milk")):
        charge(platform, 60, product=product, name=name, category="fresh-vegetables" if product is onion else "")
    customer, staff = UserFactory(), UserFactory(roles=["ops"])
    ask(customer, kind="drop", platform="zep")
    ask(staff, is_staff=True, kind="drop", sku="", category="fresh-vegetables")
    ask(staff, is_staff=True, kind="drop", sku="")
    assert look(charge(other, 50, product=onion)) == 2
    assert look(charge(there, 50, product=milk, name="Milk")) == 1
    assert look(charge(there, 50, product=onion)) == 3
    assert look(charge(there, 40, product=onion, at=timezone.now() - timedelta(hours=30))) == 0  # history only
    assert Listing.objects.filter(price_paise=4_000).count() == 0


def test_a_feed_full_of_changes_is_told_once(there, onion):
    ask(UserFactory(roles=["ops"]), is_staff=True, kind="drop", sku="")
    now = timezone.now()
    for n, minutes in ((100, 5), (80, 1)):
        at = now - timedelta(minutes=minutes)
        rows = [MarketRow(i, f"Thing {i}", (n + i) * 100, at) for i in range(5)]
        run = market.record(rows, source="test", platform=there, city=CityFactory(), now=now)
    (event,) = Event.objects.filter(payload__run_id=run.pk)
    assert look(event.payload["changes"]) == 5
    (raised,) = told()
    assert (raised["price_paise"], raised["was_paise"], raised["hits"]) == (8_000, 10_000, 5)


def test_alerts_are_told_to_their_person_and_forgotten_with_them(there, onion):
    who, other = UserFactory(), UserFactory()
    for user in (who, other):
        ask(user, kind="below", below_paise=4_000)
    (held,) = personal.held(user_id=who.pk)["market_alerts"]
    assert (held["kind"], held["product__sku"], held["below_paise"]) == ("below", "ONION", 4_000)
    personal.forget(user_id=who.pk, now=timezone.now())
    assert [it.user for it in MarketAlert.objects.all()] == [other]


# -- doors


def post(http, body, key=None):
    return http.post("/api/v1/market/alerts/", body, HTTP_IDEMPOTENCY_KEY=key or uuid4().hex)


def test_a_customer_keeps_own_alerts_and_nobody_elses(api, there, onion):
    mine, other = api(UserFactory()), api(UserFactory())
    wish = {"kind": "below", "city": "bengaluru", "sku": "ONION", "below_paise": 4_000}
    made = post(mine, wish)
    assert (made.status_code, made.json()["product"]) == (201, "Onion")
    assert post(mine, wish).json()["id"] == made.json()["id"]  # the same wish is the same alert
    assert [it["id"] for it in mine.get("/api/v1/market/alerts/").json()["items"]] == [made.json()["id"]]
    assert other.get("/api/v1/market/alerts/").json()["items"] == []
    one = f"/api/v1/market/alerts/{made.json()['id']}/"
    assert other.delete(one).json()["type"] == "/problems/no-such-alert"
    assert (mine.delete(one).status_code, mine.delete(one).status_code) == (204, 404)
    assert api().get("/api/v1/market/alerts/").status_code == 401


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"kind": "cheap"}, 400), ({"city": "atlantis"}, 400), ({"sku": "NONE"}, 404), ({"sku": ""}, 400),
        ({"sku": "", "category": "fresh-vegetables"}, 403), ({"platform": "nobody"}, 400), ({"kind": "below"}, 400),
        ({"below_paise": 100}, 400), ({"by_bp": 10_001}, 400), ({"kind": "below", "below_paise": 0}, 400),
    ],
)  # fmt: skip
def test_what_cannot_be_an_alert_is_refused_and_nothing_is_kept(api, there, onion, more, status):
    answer = post(api(UserFactory()), {"kind": "drop", "city": "bengaluru", "sku": "ONION"} | more)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert not MarketAlert.objects.exists()


def test_there_are_so_many_alerts_and_no_more(api, there, onion, monkeypatch):
    monkeypatch.setattr(market_alerts, "MOST_ALERTS", 2)
    http = api(UserFactory())
    answers = [post(http, {"kind": kind, "city": "bengaluru", "sku": "ONION"}) for kind in ("drop", "gone", "back")]
    assert [it.status_code for it in answers] == [201, 201, 409]
    assert answers[2].json()["max"] == 2
    staff = api(UserFactory(roles=["ops"]))
    assert post(staff, {"kind": "undercut", "city": "bengaluru", "category": "fresh-vegetables"}).status_code == 201


@pytest.fixture
def feed(there):
    made = MarketFeed.objects.create(slug="zep-blr", platform=there, city=CityFactory())
    made.secret = market_feeds.new_secret(feed_id=made.pk, actor="test")
    return made


BODY = json.dumps({"listings": [{"name": "Onion", "pack": "1 kg", "price_paise": 4_900}, {"name": "Salt"}]}).encode()


def send(client, feed, body=BODY, *, at=None, secret=None, slug=None, **headers):
    stamp = int((at or timezone.now()).timestamp())
    headers = {
        "Feed-Timestamp": str(stamp),
        "Feed-Signature": market_feeds.sign(secret or feed.secret, stamp, body),
    } | headers
    return client.post(
        f"/api/v1/market/feeds/{slug or feed.slug}/", body, content_type="application/json", headers=headers
    )


def test_a_signed_feed_is_taken_once_and_its_secret_is_not_readable(client, feed):
    at = timezone.now()
    answer = send(client, feed, at=at)
    assert answer.status_code == 200, answer.content
    assert {k: answer.json()[k] for k in ("rows", "new", "refused")} == {"rows": 2, "new": 1, "refused": 1}
    assert answer.json()["problems"] == [{"row": 2, "why": "has no price_paise", "name": "Salt"}]
    again = send(client, feed, at=at)
    assert again.json() == answer.json() and FeedRun.objects.count() == 1
    feed.refresh_from_db()
    assert feed.last_at is not None and feed.secret not in feed.sealed_secret


def test_what_is_not_signed_by_this_feed_now_is_refused_and_writes_nothing(client, feed):
    other = MarketFeed.objects.create(slug="jio-blr", platform=feed.platform, city=feed.city)
    other_secret = market_feeds.new_secret(feed_id=other.pk, actor="test")
    now = timezone.now()
    refused = [
        send(client, feed, secret="wrong"),
        send(client, feed, secret=other_secret),
        send(client, feed, slug="nobody"),
        send(client, feed, at=now - timedelta(minutes=6)),
        send(client, feed, at=now + timedelta(minutes=6)),
        send(client, feed, **{"Feed-Signature": ""}),
        send(client, feed, **{"Feed-Signature": "v1=é"}),
        send(client, feed, **{"Feed-Timestamp": "tomorrow"}),
    ]
    old = feed.secret
    market_feeds.new_secret(feed_id=feed.pk, actor="test")
    refused.append(send(client, feed, secret=old))
    MarketFeed.objects.filter(pk=other.pk).update(is_active=False)
    refused.append(send(client, other, secret=other_secret))
    assert {(it.status_code, it["Content-Type"]) for it in refused} == {(401, "application/problem+json")}
    assert client.get(f"/api/v1/market/feeds/{feed.slug}/").status_code == 405
    assert not FeedRun.objects.exists() and not Listing.objects.exists()


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (b"x" * (10 * 1024**2), 413, "feed-too-large"),
        (b"{broken", 400, "feed-unreadable"),
        (b"\xff\xfe\x00", 400, "feed-unreadable"),
        (b'{"listings": [[]]}', 400, "feed-unreadable"),
        (b'{"listings": {"name": 1}}', 400, "feed-unreadable"),
        (b'{"terms": {"delivery_paise": 1e400}}', 400, "feed-unreadable"),
    ],
    ids=["10 MB", "broken", "bytes", "lists", "object", "infinite"],
)
def test_a_body_that_is_too_large_or_no_feed_is_a_problem(client, feed, body, status, kind):
    answer = send(client, feed, body)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{kind}")
    assert not FeedRun.objects.exists()
