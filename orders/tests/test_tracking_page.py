"""The customer's page of an order on its way: what it shows to whom, and what asking for it costs."""

import re
from datetime import timedelta
from itertools import count

import pytest
from django.core import signing
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from blinkit import env
from blinkit.kernel import live, redis_client
from blinkit.kernel.ids import uuid7
from catalog.tests.factories import NOW
from catalog.travel import Line
from orders import queries, services
from orders.claims import Rating
from orders.models import Order
from orders.services import shared_track
from orders.stars import MINIMUM_RATINGS
from orders.states import Status
from orders.tests.factories import advance, customer, order

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}
RIDER = 7
WHERE = {"lat": 12.91234, "lng": 77.61234}
_riders = count(700_001)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def seen_at(an_order, *, rider=RIDER, at=None, lat=WHERE["lat"], lng=WHERE["lng"]):
    at = at or timezone.now() + timedelta(minutes=30)
    fact = {"type": "position", "rider": rider, "lat": lat, "lng": lng, "at": at.isoformat(), "seq": 1}
    live.remember(f"rider-of-order:{an_order.pk}", fact, ttl_s=60)
    return fact


LINE = Line([(12.921, 77.61), (12.91234, 77.61), (12.91234, 77.62), (12.9, 77.62)])


def rides_on(an_order, *, of=LINE, along=500, rider=RIDER, **more):
    """The rider is on that line, so far from its beginning, and it is written down for the customer."""
    lat, lng = of.place(along)
    fact = seen_at(an_order, lat=lat, lng=lng, rider=rider) | {"route_id": of.mark, "along_metres": along} | more
    live.remember(f"rider-of-order:{an_order.pk}", fact, ttl_s=60)
    route = {"id": of.mark, "polyline": of.text, "metres": round(of.metres)}
    live.remember(f"route-of-order:{an_order.pk}", route, ttl_s=60)
    return route


def link_of(an_order):
    return shared_track.share_token(an_order)


def everything(an_order, user, api):
    """All that a customer can read about an order, door by door."""
    client, pk = signed_in(user), an_order.pk
    position = "position { lat lng routeId alongMetres } route { id polyline metres }"
    asked = f'{{ order(id: "{pk}") {{ sentence rider {{ name {position} }} }} }}'
    return {
        "page": client.get(f"/orders/{pk}/").content.decode(),
        "part": client.get(f"/orders/{pk}/", **HTMX).content.decode(),
        "now": client.get(f"/orders/{pk}/now/").content.decode(),
        "list": client.get("/orders/").content.decode(),
        "api": api(user).get(f"/api/v1/orders/{pk}/tracking/").content.decode(),
        "order": api(user).get(f"/api/v1/orders/{pk}/").content.decode(),
        "graphql": api(user).post("/graphql", {"query": asked}, format="json").content.decode(),
    }


# -- who sees the rider -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "seen"),
    [
        (Status.PACKED, False),
        (Status.ASSIGNED_TO_PARTNER, False),
        (Status.PICKED_UP, True),
        (Status.IN_TRANSIT, True),
        (Status.DELIVERED, False),
    ],
)
def test_the_rider_is_seen_from_the_pick_up_to_the_door_behind_every_door(api, status, seen):
    an_order = order()
    token = link_of(an_order)
    an_order = advance(an_order, status)
    seen_at(an_order)
    answers = everything(an_order, an_order.customer, api)
    answers["link"] = Client().get(f"/track/{token}/").content.decode()
    answers["link now"] = Client().get(f"/track/{token}/now/").content.decode()
    answers["link api"] = Client().get(f"/api/v1/track/{token}/").content.decode()
    shown = {name for name, text in answers.items() if str(WHERE["lat"]) in text or str(WHERE["lng"]) in text}
    assert shown == ((set(answers) - {"part", "list", "order"}) | {"order"} if seen else set())
    named = {name for name, text in answers.items() if "Ravi" in text}
    # The name comes with the bags; afterwards only who may rate them reads it.
    may = {"page"} if status == Status.DELIVERED else set()
    assert named == ({"page", "part", "list", "api", "order", "graphql"} if seen else may)


@pytest.mark.parametrize(
    ("status", "seen"),
    [
        (Status.ASSIGNED_TO_PARTNER, False),
        (Status.PICKED_UP, True),
        (Status.IN_TRANSIT, True),
        (Status.DELIVERED, False),
    ],
)
def test_the_line_of_the_way_is_seen_from_the_pick_up_to_the_door_and_by_nobody_with_a_link(api, status, seen):
    an_order = order()
    token = link_of(an_order)
    an_order = advance(an_order, status)
    route = rides_on(an_order)
    answers = everything(an_order, an_order.customer, api)
    answers["link"] = Client().get(f"/track/{token}/").content.decode()
    answers["link now"] = Client().get(f"/track/{token}/now/").content.decode()
    answers["link api"] = Client().get(f"/api/v1/track/{token}/").content.decode()
    shown = {name for name, text in answers.items() if route["id"] in text or route["polyline"] in text}
    assert shown == ({"page", "now", "api", "order", "graphql"} if seen else set())
    assert not [name for name in answers if name.startswith("link") and "along" in answers[name]]


def test_a_line_the_position_does_not_name_is_not_shown():
    """It is of another rider, of the way the rider has left, or of one that leads to somebody else's door first."""
    an_order = advance(order(), Status.IN_TRANSIT)
    mine = {"order_id": an_order.pk, "customer_id": an_order.customer_id}
    assert rides_on(an_order) == queries.tracking(**mine)["rider"]["route"]
    for rides_elsewhere in ({"route_id": "00000000"}, {"route_id": None}, {"rider": 8}):
        rides_on(an_order, **rides_elsewhere)
        assert queries.tracking(**mine)["rider"]["route"] is None
    assert queries.tracking(**mine)["rider"]["position"] is None  # of the other rider


def test_a_page_that_has_the_line_is_not_sent_it_again_and_one_with_another_is():
    an_order = advance(order(), Status.IN_TRANSIT)
    client, where = signed_in(an_order.customer), f"/orders/{an_order.pk}/now/"
    route = rides_on(an_order)
    assert client.get(where).json()["route"] == route
    assert client.get(where, {"route": "00000000"}).json()["route"] == route
    again = client.get(where, {"route": route["id"]})
    assert "route" not in again.json() and again.json()["rider"]["along_metres"] == 500
    assert len(again.content) <= 350


def test_while_somebody_elses_door_comes_first_the_page_says_so_instead_of_a_distance():
    an_order = advance(order(), Status.IN_TRANSIT)
    fact = seen_at(an_order) | {"rough": True}
    live.remember(f"rider-of-order:{an_order.pk}", fact, ttl_s=60)
    page = signed_in(an_order.customer).get(f"/orders/{an_order.pk}/").content.decode()
    assert ">The rider stops at another door first.</p>" in page
    assert "track-line" not in page and "track-road" not in page


def test_before_the_pick_up_only_that_somebody_comes():
    an_order = advance(order(), Status.ASSIGNED_TO_PARTNER)
    page = signed_in(an_order.customer).get(f"/orders/{an_order.pk}/").content.decode()
    assert "A rider is coming to the store" in page and "as soon as they have the bags" in page


def test_where_the_rider_was_before_the_bags_is_nobodys_business():
    an_order = advance(order(), Status.PICKED_UP)
    seen_at(an_order, at=an_order.picked_up_at - timedelta(seconds=1))
    assert queries.tracking(order_id=an_order.pk, customer_id=an_order.customer_id)["rider"]["position"] is None


def test_a_rider_who_passed_the_bags_on_is_not_shown_any_more_and_the_page_says_who_took_over():
    an_order = advance(order(), Status.IN_TRANSIT)
    mine = {"order_id": an_order.pk, "customer_id": an_order.customer_id}
    now = an_order.picked_up_at + timedelta(minutes=1)
    at = an_order.picked_up_at + timedelta(seconds=30)
    seen_at(an_order, at=at, lat=an_order.lat, lng=an_order.lng)
    queries.tracking(**mine, now=now)
    Order.objects.filter(pk=an_order.pk).update(rider_id_ref=8, rider_name="Meena")
    after = queries.tracking(**mine, now=now)
    assert after["rider"]["name"] == "Meena" and after["rider"]["position"] is None
    seen_at(an_order, rider=8, at=at, lat=an_order.lat + 0.04)
    after = queries.tracking(**mine, now=now)
    assert after["rider"]["position"]["lat"] == an_order.lat + 0.04 and "rider" not in after["rider"]["position"]
    assert after["eta_why"]["code"] in ("other-rider", "ride")


def test_somebody_else_and_nobody_see_nothing(api):
    an_order = advance(order(), Status.IN_TRANSIT)
    seen_at(an_order)
    other = customer("Meena")
    for where in (f"/orders/{an_order.pk}/", f"/orders/{an_order.pk}/now/"):
        assert signed_in(other).get(where).status_code == 404
        assert Client().get(where).status_code == 302
    for client, code in ((api(other), 404), (api(), 401)):
        assert client.get(f"/api/v1/orders/{an_order.pk}/tracking/").status_code == code
        assert client.post(f"/api/v1/orders/{an_order.pk}/share/").status_code == code


# -- the link ---------------------------------------------------------------------------------------------------------


def test_a_link_shows_how_far_and_how_long_and_nothing_about_anybody(api):
    an_order = advance(order(), Status.IN_TRANSIT)
    Order.objects.filter(pk=an_order.pk).update(
        door_instructions="Third floor", contact_name="Asha Rao", lat=12.956123, lng=77.628321
    )
    seen_at(an_order)
    made = api(an_order.customer).post(f"/api/v1/orders/{an_order.pk}/share/").json()
    assert made["url"].endswith(f"/track/{made['token']}/")
    an_order.refresh_from_db()
    line = an_order.lines.first()
    private = [
        an_order.number, str(an_order.pk), an_order.address_text, "Third floor", "Asha", "Ravi", an_order.contact_phone,
        an_order.contact_phone[-10:], an_order.door_otp, line.name, line.sku, f"{an_order.total_paise}", "₹",
        str(an_order.lat), str(an_order.lng), an_order.store.name,
    ]  # fmt: skip
    for where in (f"/track/{made['token']}/", f"/track/{made['token']}/now/", f"/api/v1/track/{made['token']}/"):
        answer = Client().get(where)
        text = answer.content.decode().replace(made["token"], "")
        assert answer.status_code == 200 and str(WHERE["lat"]) in text
        told = [word for word in private if word in text and word != an_order.door_otp]
        assert told == [], where
        assert f'"{an_order.door_otp}"' not in text and f">{an_order.door_otp}<" not in text
    page = Client().get(f"/track/{made['token']}/")
    assert page["Referrer-Policy"] == "no-referrer" and "noindex" in page["X-Robots-Tag"]
    assert " min</p>" in page.content.decode() and "On the way" in page.content.decode()


def test_a_link_hides_the_rider_near_the_door():
    an_order = advance(order(), Status.IN_TRANSIT)
    token = link_of(an_order)
    seen_at(an_order, lat=an_order.lat + 0.0012, lng=an_order.lng)
    told = Client().get(f"/track/{token}/now/").json()
    assert told["rider"] is None and told["away"] is None
    assert "nearly there" in Client().get(f"/track/{token}/").content.decode()
    own = signed_in(an_order.customer).get(f"/orders/{an_order.pk}/now/").json()
    assert own["rider"]["lat"] == an_order.lat + 0.0012 and own["away"] == 130


def test_a_link_ends(monkeypatch):
    an_order = order()
    token = link_of(an_order)
    advance(an_order, Status.DELIVERED)
    Order.objects.filter(pk=an_order.pk).update(finished_at=timezone.now() - timedelta(minutes=59))
    assert "Delivered." in Client().get(f"/track/{token}/").content.decode()
    Order.objects.filter(pk=an_order.pk).update(finished_at=timezone.now() - timedelta(minutes=61))
    assert Client().get(f"/track/{token}/").status_code == Client().get(f"/track/{token}/now/").status_code == 404
    with pytest.raises(shared_track.NoSuchOrder):
        link_of(Order.objects.get(pk=an_order.pk))
    monkeypatch.setattr(shared_track, "GOOD_FOR", timedelta(seconds=-1))
    assert Client().get(f"/track/{link_of(order())}/").status_code == 404


def test_a_link_is_nothing_else(api):
    an_order = order()
    token = link_of(an_order)
    forged = [
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        an_order.pk.hex,
        signing.dumps(an_order.pk.hex),
        "x" * 99,
    ]
    for each in forged:
        assert Client().get(f"/track/{each}/").status_code == 404
        assert api().get(f"/api/v1/track/{each}/").status_code == 404
    assert token not in signed_in(an_order.customer).get(f"/orders/{an_order.pk}/", **HTMX).content.decode()


# -- what it costs ----------------------------------------------------------------------------------------------------


def cost(ask):
    with CaptureQueriesContext(connection) as asked:
        answer = ask()
    return len(asked), answer


def test_polling_costs_five_statements_and_a_quarter_of_a_kilobyte():
    an_order = advance(order(products=8, qty=1), Status.IN_TRANSIT)
    client, link = signed_in(an_order.customer), link_of(an_order)
    seen_at(an_order)
    for who, where, most in ((client, f"/orders/{an_order.pk}/now/", 5), (Client(), f"/track/{link}/now/", 3)):
        who.get(where)  # the rider's rating is counted once in a quarter of an hour
        statements, answer = cost(lambda who=who, where=where: who.get(where))
        assert statements <= most + 1  # measured legs are read anew in tests, kept for a minute elsewhere
        assert len(answer.content) <= 350


def test_the_page_weighs_little_whatever_was_bought(client):
    few, many = (advance(order(products=n, qty=1), Status.IN_TRANSIT) for n in (2, 8))
    figures = []
    for each in (few, many):
        who = signed_in(each.customer)
        seen_at(each)
        who.get(f"/orders/{each.pk}/now/")
        pages, page = cost(lambda: who.get(f"/orders/{each.pk}/"))
        parts, part = cost(lambda: who.get(f"/orders/{each.pk}/", **HTMX))
        rests, _rest = cost(lambda: who.get(f"/orders/{each.pk}/?part=rest", **HTMX))
        figures.append((pages, parts, rests))
        assert len(part.content) <= 6_000 and len(page.content) <= 60_000
    assert figures[0] == figures[1]
    assert figures[0][0] <= 16 and figures[0][1] <= 6 and figures[0][2] <= 10, figures


def test_a_mark_stays_until_its_part_has_news():
    an_order = advance(order(), Status.IN_TRANSIT)
    client = signed_in(an_order.customer)
    told = client.get(f"/orders/{an_order.pk}/now/").json()
    page = client.get(f"/orders/{an_order.pk}/").content.decode()
    assert f'data-mark="{told["now"]}"' in page and f'data-rest-mark="{told["rest"]}"' in page
    seen_at(an_order)
    moved = client.get(f"/orders/{an_order.pk}/now/").json()
    assert moved["rest"] == told["rest"] and moved["rider"]["lat"] == WHERE["lat"] and moved["away"] > 1000
    services.at_the_door(order_id=an_order.pk, actor="rider:7", now=timezone.now())
    there = client.get(f"/orders/{an_order.pk}/now/").json()
    assert there["now"] != moved["now"] and there["rest"] == told["rest"]
    part = client.get(f"/orders/{an_order.pk}/", **HTMX).content.decode()
    assert f'data-mark="{there["now"]}"' in part and "Please come to the door." in part and "Items" not in part


# -- what it says -----------------------------------------------------------------------------------------------------


def test_the_tab_shows_the_range_first():
    an_order = advance(order(), Status.PICKING)
    told = signed_in(an_order.customer).get(f"/orders/{an_order.pk}/now/").json()
    page = signed_in(an_order.customer).get(f"/orders/{an_order.pk}/").content.decode()
    assert f"<title>{told['from']}–{told['to']} min · " in page or f"<title>{told['to']} min · " in page


def test_a_busier_store_says_so_beside_the_range():
    an_order = order()
    client = signed_in(an_order.customer)
    first = client.get(f"/orders/{an_order.pk}/now/").json()
    advance(an_order, Status.ASSIGNED_TO_STORE)
    client.get(f"/orders/{an_order.pk}/now/")
    an_order.store.load.pick_backlog_s = 1800
    an_order.store.load.save()
    busy = client.get(f"/orders/{an_order.pk}/now/").json()
    assert busy["to"] > first["to"] + 5
    assert (
        "The store is busier than usual: a few minutes more." in client.get(f"/orders/{an_order.pk}/").content.decode()
    )


def test_stars_are_said_only_of_enough_ratings():
    rider = next(_riders)
    rated = order()
    mine = advance(order(), Status.PICKED_UP, rider_id=rider)

    def stars():
        redis_client.client().delete(redis_client.key(f"fact:rider-rating:{rider}"))
        return queries.tracking(order_id=mine.pk, customer_id=mine.customer_id)["rider"]["rating"]

    now = timezone.now()
    more = [order_like(rated) for _ in range(MINIMUM_RATINGS - 1)]
    Rating.objects.bulk_create(
        Rating(order_id=pk, stars=5, rider_stars=4, rider_id_ref=rider, created_at=now, changed_at=now) for pk in more
    )
    assert stars() is None
    Rating.objects.create(order=rated, stars=1, rider_stars=5, rider_id_ref=rider, created_at=now, changed_at=now)
    assert stars() == 4.3, "half way from 4.05 to that of a fresh city"
    page = signed_in(mine.customer).get(f"/orders/{mine.pk}/", **HTMX).content.decode()
    assert "Ravi" in page and 'class="pill"' in page


def order_like(an_order):
    """A copy of an order, as a row to hang something on."""
    copy = Order.objects.get(pk=an_order.pk)
    copy.pk, copy.number, copy._state.adding = None, f"C-{next(_riders)}", True
    copy.pk = uuid7()
    copy.save(force_insert=True)
    return copy.pk


def test_chat_is_offered_while_it_rides():
    an_order = advance(order(), Status.ASSIGNED_TO_PARTNER)
    client = signed_in(an_order.customer)
    where = f"/orders/{an_order.pk}/"
    assert "data-chat-here" not in client.get(where, **HTMX).content.decode()
    services.picked_up(order_id=an_order.pk, bag_codes=["BAG-1"], actor="rider:7", now=timezone.now())
    assert f'href="{where}chat/" data-chat-here' in client.get(where, **HTMX).content.decode()
    assert f'hx-get="{where}chat/"' in client.get(where).content.decode()


def test_orders_that_end_badly_say_how_far_they_came_and_what_becomes_of_them():
    cancelled = advance(order(), Status.PICKING)
    services.cancel(order_id=cancelled.pk, by="staff", reason="No electricity", actor="user:2", now=NOW)
    brought_back = advance(order(), Status.IN_TRANSIT)
    services.undelivered(order_id=brought_back.pk, reason="Nobody there", actor="rider:7", now=NOW)
    for each, words in (
        (cancelled, ("No electricity", "Nothing will be brought", ">Cancelled</li>")),
        (brought_back, ("Nobody there", "going back to the store", ">Not handed over</li>")),
    ):
        page = signed_in(each.customer).get(f"/orders/{each.pk}/").content.decode()
        assert all(word in page for word in words) and 'data-state="stop"' in page
        assert "track-map" not in page and "data-live" not in page and "http-equiv" not in page
        assert "no cash was taken" in page and "cash at the door" not in page


def test_a_reason_that_speaks_of_the_customer_is_said_to_them():
    refused = advance(order(), Status.IN_TRANSIT)
    services.undelivered(order_id=refused.pk, reason="The customer does not want it", actor="rider:7", now=NOW)
    page = signed_in(refused.customer).get(f"/orders/{refused.pk}/").content.decode()
    assert "You did not want it at the door" in page and "The customer" not in page


def test_a_bill_that_ended_before_its_cash_was_taken_says_it_was_not_charged():
    refused = advance(order(), Status.IN_TRANSIT)
    Order.objects.filter(pk=refused.pk).update(wallet_paise=100)
    services.undelivered(order_id=refused.pk, reason="Nobody there", actor="rider:7", now=NOW)
    page = signed_in(refused.customer).get(f"/orders/{refused.pk}/").content.decode()
    assert "Not charged" in page and "Paid otherwise" not in page
    delivered = advance(order(), Status.DELIVERED)
    Order.objects.filter(pk=delivered.pk).update(wallet_paise=100)
    page = signed_in(delivered.customer).get(f"/orders/{delivered.pk}/").content.decode()
    assert "Paid otherwise" in page and "Not charged" not in page


def test_without_script_there_is_a_picture_and_the_page_reads_itself_again():
    an_order = advance(order(), Status.IN_TRANSIT)
    seen_at(an_order)
    page = signed_in(an_order.customer).get(f"/orders/{an_order.pk}/").content.decode()
    assert '<noscript><meta http-equiv="refresh"' in page
    assert 'class="track-picture"' in page and 'data-kind="rider"' in page and "from the door." in page


def test_the_picture_has_the_road_with_its_ridden_part_apart_and_without_one_a_dashed_line_alone():
    an_order = advance(order(), Status.IN_TRANSIT)
    client, where = signed_in(an_order.customer), f"/orders/{an_order.pk}/"
    seen_at(an_order)
    bare = client.get(where).content.decode()
    assert bare.count('class="track-line"') == 1 and "track-road" not in bare
    rides_on(an_order)
    road = client.get(where).content.decode()
    ridden, ahead = (re.search(rf'class="track-road"{also} d="([^"]+)"', road)[1] for also in (" data-ridden", ""))
    assert ridden.count("L") == 1 and ahead.count("L") == 3
    assert ridden.split("L")[-1] == ahead[1:].split("L")[0], "one begins where the other ends"


@pytest.mark.parametrize("is_seen", [True, False])
def test_a_rider_at_the_door_is_there_whatever_the_position_says(is_seen):
    an_order = advance(order(), Status.IN_TRANSIT)
    if is_seen:
        seen_at(an_order)
    Order.objects.filter(pk=an_order.pk).update(rider_at_door_at=NOW)
    page = signed_in(an_order.customer).get(f"/orders/{an_order.pk}/").content.decode()
    assert ">The rider is at the door.</p>" in page and "data-at-door" in page


# -- map tiles --------------------------------------------------------------------------------------------------------


def test_tiles_are_a_setting_and_the_policy_follows():
    assert env.tile_hosts("https://{s}.tiles.example:8443/{z}/{x}/{y}.png") == ["https://*.tiles.example:8443"]
    assert env.tile_hosts("") == []
    assert env.is_tiles("") and env.is_tiles("https://tiles.example/{z}/{x}/{y}@2x.png")
    assert not env.is_tiles("https://tiles.example/{z}/{x}.png") and not env.is_tiles("//{z}/{x}/{y}.png")


def test_the_page_names_the_tiles(settings):
    an_order = order()
    settings.TILES_URL, settings.TILES_ATTRIBUTION = "https://tiles.example/{z}/{x}/{y}.png", "© Somebody"
    page = signed_in(an_order.customer).get(f"/orders/{an_order.pk}/").content.decode()
    assert 'data-tiles="https://tiles.example/{z}/{x}/{y}.png" data-attribution="© Somebody"' in page
