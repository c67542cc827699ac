"""The way along the streets: asked for once when a leg begins, ridden along, and shown to whom it belongs."""

from datetime import timedelta

import httpx
import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from blinkit.kernel import live
from blinkit.kernel.geo import Point
from blinkit.kernel.redis_client import client, key
from catalog import routing
from catalog.tests.factories import NOW
from catalog.travel import Line, line_from
from delivery import services, tasks
from delivery.models import Job, JobState, Stop, StopState
from delivery.services import routes
from delivery.services.positions import note_carrying
from delivery.tests.factories import BAGS, trip, waiting_job
from delivery.tests.test_tracking import socket
from delivery.tracing.plane import apart
from orders import queries as orders_queries
from orders.models import Order
from orders.services.shared_track import share_token
from orders.states import Status

pytestmark = pytest.mark.django_db

ASIDE = 0.004
"""Of longitude, some 430 metres: every way of the stand-in goes round a block."""


def report(who, at_s, lat, lng):
    fix = services.Fix(Point(lat, lng), NOW + timedelta(seconds=at_s), 5.0)
    return services.report_positions(rider_id=who.pk, fixes=[fix], now=NOW + timedelta(seconds=at_s))


class Router:
    """A small OSRM: the way from anywhere goes east, along a street, and back west. `down`: it does not answer."""

    def __init__(self):
        self.asked, self.down = [], False

    def __call__(self, request):
        if b"overview=full" in request.url.query:  # else a dispatcher asks how far it is
            self.asked.append(request.url.path)
        if self.down:
            raise httpx.ConnectError("down")
        (lng, lat), (to_lng, to_lat) = (
            map(float, place.split(",")) for place in request.url.path.rsplit("/", 1)[1].split(";")
        )
        line = Line([(lat, lng), (lat, lng + ASIDE), (to_lat, lng + ASIDE), (to_lat, to_lng)])
        route = {"distance": line.metres, "duration": line.metres / 5, "geometry": line.text}
        return httpx.Response(200, json={"code": "Ok", "routes": [route]})


@pytest.fixture
def router(settings, monkeypatch):
    """A router, nothing known of it yet, and a worker that does at once what it is asked to (`run`)."""
    made = Router()
    made.run = []

    def apply_async(*, kwargs, **_options):
        made.run.append(kwargs["ways"])
        tasks.draw_lines(**kwargs)

    def forget():
        routing._lines.here.clear()
        routes._looked.clear()
        for name in redis_names():
            client().delete(name)

    settings.OSRM_URL = "http://router.test"
    monkeypatch.setattr(routing, "transport", httpx.MockTransport(made))
    monkeypatch.setattr(routing, "_may_wait", lambda: True)
    monkeypatch.setattr(tasks.draw_lines, "apply_async", apply_async)
    made.forget = forget
    forget()
    yield made
    forget()


def redis_names():
    kinds = ("line:*", "way:*", "line-asked:*", "breaker:osrm*")
    return [name for kind in kinds for name in client().scan_iter(key(kind))]


def on_the_road(*, doors=(0.012,)):
    """A rider with an order for each of these doors on board, so far north of the store: (rider, store, orders)."""
    made, stop = trip()
    Stop.objects.filter(pk=stop.pk).update(state=StopState.ON_BOARD, picked_up_at=NOW)
    found = [stop.job.order]
    for rank in range(1, len(doors)):
        job = waiting_job(at=made.store)
        Job.objects.filter(pk=job.pk).update(state=JobState.TAKEN)
        Stop.objects.create(trip=made, job=job, rank=rank, state=StopState.ON_BOARD, picked_up_at=NOW)
        found.append(job.order)
    for order, north in zip(found, doors, strict=True):
        fields = {"status": Status.IN_TRANSIT, "lat": made.store.lat + north, "lng": made.store.lng}
        ids = {"rider_id_ref": made.rider_id, "rider_name": "Ravi", "picked_up_at": NOW}
        Order.objects.filter(pk=order.pk).update(**fields, **ids)
        order.refresh_from_db()
    note_carrying(rider_id=made.rider_id)
    return made.rider, made.store, found


def seen_by(order):
    told = orders_queries.tracking(order_id=order.pk, customer_id=order.customer_id, now=NOW + timedelta(hours=1))
    return told["rider"]


def test_the_line_is_asked_for_when_the_leg_begins_and_the_rider_rides_on_it(router, captured_shares):
    who, home, (order,) = on_the_road()
    report(who, 0, home.lat, home.lng)  # nobody knows it yet
    assert router.run == [[[home.lat, home.lng, order.lat, order.lng]]]
    routes._looked.clear()
    report(who, 5, home.lat + 0.0001, home.lng + ASIDE / 4)  # eleven metres beside the street
    seen = seen_by(order)
    assert seen["position"]["lat"] == pytest.approx(home.lat, abs=2e-6), "it lies on the road"
    assert seen["position"]["along_metres"] == pytest.approx(108, abs=3)
    assert seen["position"]["route_id"] == seen["route"]["id"]
    line = line_from(seen["route"]["polyline"])
    assert line.metres == pytest.approx(seen["route"]["metres"], abs=1) and line.metres > 2_000
    for n in range(1, 5):
        report(who, 10 + 20 * n, home.lat + 0.002 * n, home.lng + ASIDE)
    gets_on = services.progress_of(who.pk, now=NOW + timedelta(seconds=91))
    assert gets_on.left_metres == pytest.approx(line.metres - seen_by(order)["position"]["along_metres"], abs=2)
    assert 0.5 < gets_on.fraction < 0.65 and gets_on.off_route_since is None
    assert len(router.asked) == len(router.run) == 1
    told = [payload for group, payload in captured_shares if group == f"order.{order.pk}"]
    assert [bool(payload.get("route_id")) for payload in told] == [False] + [True] * 5


def test_a_position_on_the_way_costs_no_statement_and_nothing_more_in_redis(router, monkeypatch):
    who, home, _ = on_the_road()
    report(who, 0, home.lat, home.lng)
    routes._looked.clear()
    report(who, 5, home.lat, home.lng + ASIDE / 4)
    trips = []
    kept = routing._lines.recall
    monkeypatch.setattr(routing._lines, "recall", lambda names: trips.append(names) or kept(names))
    with CaptureQueriesContext(connection) as asked:
        for n in range(2, 8):
            report(who, 5 * n, home.lat, home.lng + ASIDE / 4 + n * 0.0002)
    assert len(asked) == 0 and trips == []


def test_what_redis_lost_is_asked_for_again_and_drawn_again(router):
    who, home, (order,) = on_the_road()
    report(who, 0, home.lat, home.lng)
    routes._looked.clear()
    report(who, 5, home.lat, home.lng + ASIDE / 4)
    assert seen_by(order)["route"]
    for name in (*redis_names(), *(key(f"fact:{kind}:{order.pk}") for kind in ("route-of-order", "rider-of-order"))):
        client().delete(name)
    client().delete(key(f"fact:rider-at:{who.pk}"))
    routing._lines.here.clear()
    routes._looked.clear()
    report(who, 10, home.lat, home.lng + ASIDE / 3)
    routes._looked.clear()
    report(who, 15, home.lat, home.lng + ASIDE / 2)
    assert seen_by(order)["route"] and len(router.asked) == 2


def test_of_two_doors_the_second_customer_sees_no_line_until_it_is_theirs_and_then_not_the_first_door(router, api):
    who, home, (first, second) = on_the_road(doors=(0.012, 0.030))
    for at_s in (0, 5):
        routes._looked.clear()
        report(who, at_s, home.lat, home.lng + ASIDE / 4)
    assert seen_by(first)["route"]
    others = seen_by(second)
    assert others["position"]["rough"] and others["route"] is None
    assert not {"route_id", "along_metres"} & set(others["position"])
    client_ = Client()
    client_.force_login(second.customer)
    page = client_.get(f"/orders/{second.pk}/").content.decode()
    assert "The rider stops at another door first." in page and "track-line" not in page and "track-road" not in page
    assert live.recall(f"route-of-order:{second.pk}") is None

    Stop.objects.filter(job__order=first).update(state=StopState.DELIVERED)
    Order.objects.filter(pk=first.pk).update(status=Status.DELIVERED)
    note_carrying(rider_id=who.pk)
    for at_s, share in ((300, 0.1), (310, 0.2), (340, 0.6)):
        routes._looked.clear()
        report(who, at_s, first.lat, first.lng + share * ASIDE)
    assert seen_by(first) is None
    shown = seen_by(second)
    line = line_from(shown["route"]["polyline"])
    assert min(apart(*place, first.lat, first.lng) for place in line.places) > 100
    assert apart(*line.places[-1], second.lat, second.lng) < 2
    assert shown["position"]["along_metres"] == pytest.approx(0.6 * 433 - 150, abs=5)
    answers = [
        client_.get(f"/orders/{second.pk}/").content.decode(),
        client_.get(f"/orders/{second.pk}/now/").content.decode(),
        api(second.customer).get(f"/api/v1/orders/{second.pk}/tracking/").content.decode(),
    ]
    whole = routing.lines_here([(first.point, second.point)])[first.point, second.point]
    for text in answers:
        assert shown["route"]["id"] in text
        assert whole.text.replace("\\", "\\\\") not in text and whole.mark not in text


def test_before_the_pick_up_nothing_is_asked_for_and_nothing_shown(router):
    made, stop = trip()
    order = stop.job.order
    report(made.rider, 0, made.store.lat, made.store.lng)
    assert router.run == [] and seen_by(order) is None
    services.pick_up(stop_id=stop.pk, rider_id=made.rider_id, bag_codes=BAGS, now=NOW + timedelta(seconds=30))
    note_carrying(rider_id=made.rider_id)
    report(made.rider, 40, made.store.lat, made.store.lng)
    assert len(router.run) == 1


def test_after_the_delivery_no_line_is_shown(router, api):
    who, home, (order,) = on_the_road()
    for at_s in (0, 5):
        routes._looked.clear()
        report(who, at_s, home.lat, home.lng + ASIDE / 4)
    assert seen_by(order)["route"]
    stop = Stop.objects.get(job__order=order)
    code, cash = order.door_otp, order.total_paise
    services.deliver(stop_id=stop.pk, rider_id=who.pk, otp=code, cash_paise=cash, now=NOW + timedelta(seconds=60))
    told = api(order.customer).get(f"/api/v1/orders/{order.pk}/tracking/")
    assert told.json()["rider"] is None and "polyline" not in told.content.decode()


def test_a_shared_link_has_no_line_for_it_ends_at_the_house(router):
    who, home, (order,) = on_the_road()
    for at_s in (0, 5):
        routes._looked.clear()
        report(who, at_s, home.lat, home.lng + ASIDE / 4)
    route = seen_by(order)["route"]
    Order.objects.filter(pk=order.pk).update(picked_up_at=NOW - timedelta(minutes=1))
    token = share_token(order)
    for where in (f"/track/{token}/", f"/track/{token}/now/", f"/api/v1/track/{token}/"):
        text = Client().get(where).content.decode()
        assert str(home.lat)[:6] in text, "the rider is shown"
        assert "polyline" not in text and route["id"] not in text and "along_metres" not in text


def test_who_takes_another_street_gets_the_line_from_there(router):
    who, home, (order,) = on_the_road()
    report(who, 0, home.lat, home.lng)
    routes._looked.clear()
    for n in range(1, 3):  # straight north, where the line goes round
        report(who, 10 * n, home.lat + 0.001 * n, home.lng)
    before = seen_by(order)
    assert before["route"] and "along_metres" not in before["position"], "drawn, but nobody is on it"
    report(who, 30, home.lat + 0.003, home.lng)
    assert seen_by(order)["route"] is None, "it is not the way any more"
    assert len(router.asked) == 1
    report(who, 40, home.lat + 0.003, home.lng)
    assert len(router.asked) == 2, "again, from where the rider is"
    report(who, 50, home.lat + 0.003, home.lng + ASIDE / 4)
    after = seen_by(order)
    assert after["route"]["id"] != before["route"]["id"] and after["position"]["along_metres"] > 50
    assert services.progress_of(who.pk, now=NOW + timedelta(seconds=51)).off_route_since is None


def test_a_router_that_is_away_is_not_noticed_and_not_asked_all_the_time(router, captured_shares):
    who, home, (order,) = on_the_road()
    router.down = True
    for n in range(8):
        routes._looked.clear()
        assert report(who, 5 * n, home.lat + 0.0003 * n, home.lng) is not None
    assert len(router.run) == 1 and len(router.asked) == 2, "two tries, then not for half a minute"
    seen = seen_by(order)
    assert seen["route"] is None and seen["position"]["lat"] == pytest.approx(home.lat + 0.0021)
    assert services.progress_of(who.pk, now=NOW + timedelta(seconds=36)).fraction > 0.1
    browser = Client()
    browser.force_login(order.customer)
    page = browser.get(f"/orders/{order.pk}/").content.decode()
    assert 'class="track-line"' in page and "track-road" not in page


def test_a_line_that_does_not_come_is_looked_for_ever_more_seldom(router, monkeypatch):
    clock = [1_000.0]
    monkeypatch.setattr(routes.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(routes, "_want", lambda legs: None)
    looked = []
    monkeypatch.setattr(routes, "kept_lines", lambda legs: looked.append(clock[0]) or {})
    for _second in range(120):
        assert routes.lines_of([(Point(1, 1), Point(1, 2))]) == {}
        clock[0] += 1
    assert [round(at - 1_000) for at in looked] == [0, 1, 3, 7, 15, 31, 61, 91]


def test_without_a_router_nobody_looks_for_lines(settings, monkeypatch):
    settings.OSRM_URL = ""
    monkeypatch.setattr(routes, "lines_here", lambda legs: pytest.fail("looked"))
    who, home, (order,) = on_the_road()
    report(who, 0, home.lat, home.lng)
    assert seen_by(order)["route"] is None


def test_a_broker_that_is_away_costs_no_position(router, monkeypatch):
    def refuse(**_):
        raise ConnectionError("no broker")

    monkeypatch.setattr(tasks.draw_lines, "apply_async", refuse)
    who, home, _ = on_the_road()
    assert report(who, 0, home.lat, home.lng) is not None


@pytest.mark.django_db(transaction=True)
def test_the_socket_carries_the_line_in_its_snapshot_and_where_on_it_the_rider_is(router):
    who, home, (first, second) = on_the_road(doors=(0.012, 0.030))
    for at_s in (0, 5):
        routes._looked.clear()
        report(who, at_s, home.lat, home.lng + ASIDE / 4)

    async def look(order):
        ws = socket(order, order.customer_id)
        assert (await ws.connect())[0]
        snapshot = await ws.receive_json_from(5)
        await sync_to_async(report)(who, 20 if order is first else 30, home.lat, home.lng + ASIDE / 2)
        position = await ws.receive_json_from(5)
        await ws.disconnect()
        return snapshot["data"]["rider"], position["data"]

    mine, moved = async_to_sync(look)(first)
    assert mine["route"]["id"] == moved["route_id"] and moved["along_metres"] == pytest.approx(217, abs=3)
    others, moved = async_to_sync(look)(second)
    assert others["route"] is None and moved["rough"] and "route_id" not in moved
