"""Positions on their way: with and without Redis, late, to the history, to the map, and to those who may see them."""

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
import redis
from asgiref.sync import async_to_sync, sync_to_async
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.db import connection
from django.urls import path

from accounts.tests.factories import UserFactory
from blinkit.kernel import live
from blinkit.kernel.errors import Invalid
from blinkit.kernel.geo import Point
from blinkit.kernel.redis_client import client, key
from blinkit.kernel.testing import until_somebody_waits
from blinkit.kernel.tokens import access_token_for
from blinkit.kernel.ws import wrap
from catalog.tests.factories import NOW, store
from delivery import services, shapes
from delivery.models import Job, JobState, Position, Rider, Stop, StopState
from delivery.reports import fixes_of
from delivery.services import history, positions
from delivery.services.nearby import nearest_riders
from delivery.services.positions import note_carrying
from delivery.tests.factories import BAGS, rider, trip, waiting_job
from orders import queries as orders_queries
from orders.models import Order
from orders.states import Status
from orders.urls import ws_urls

pytestmark = pytest.mark.django_db


def fix(at_s, lat=12.955, lng=77.625, accuracy=5.0):
    return services.Fix(Point(lat, lng), NOW + timedelta(seconds=at_s), accuracy)


def report(who, *fixes, at_s=600):
    return services.report_positions(rider_id=who.pk, fixes=fixes, now=NOW + timedelta(seconds=at_s))


@pytest.fixture
def no_redis(monkeypatch):
    nobody = redis.Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=0.2, retry=None, decode_responses=True)
    for module in ("blinkit.kernel.live", "delivery.services.nearby", "delivery.services.history"):
        monkeypatch.setattr(f"{module}.client", lambda: nobody)
    live._kept_here.clear()
    yield
    live._kept_here.clear()


# -- what a phone says


def test_the_doors_take_what_the_shapes_of_the_api_say_and_refuse_what_they_refuse():
    good = {"lat": 12.9, "lng": "77.6", "at": "2026-11-27T10:00:00+05:30", "accuracy_metres": 8}
    for given in ([good], [{"lat": -90, "lng": 180}], [good] * 200):
        shape = shapes.PositionsBody(data={"positions": given})
        assert shape.is_valid()
        mine = fixes_of(given, now=NOW)
        assert [fix.accuracy_metres for fix in mine] == [
            one["accuracy_metres"] for one in shape.validated_data["positions"]
        ]
        assert [fix.at for fix in mine] == [one.get("at", NOW) for one in shape.validated_data["positions"]]
    for wrong in (
        None, [], [good] * 201, [1], [{}], [good | {"lat": 90.1}], [good | {"lng": float("nan")}],
        [good | {"at": "noon"}], [good | {"at": 5}], [good | {"at": None}], [good | {"accuracy_metres": -1}],
        [good | {"lat": None}], [good | {"accuracy_metres": None}], [good | {"lat": True}], [good | {"lat": "1" * 50}],
        [good | {"at": "9999-99-99T00:00:00Z"}], {"lat": 1, "lng": 1},
    ):  # fmt: skip
        with pytest.raises(Invalid):
            fixes_of(wrong, now=NOW)


def test_a_phone_whose_clock_is_wrong_is_set_right_by_when_it_sent():
    given = [{"lat": 12.9, "lng": 77.6, "at": (NOW - timedelta(hours=2, seconds=s)).isoformat()} for s in (30, 10)]
    fixes = fixes_of(given, now=NOW, sent_at=(NOW - timedelta(hours=2)).isoformat())
    assert [(NOW - fix.at).total_seconds() for fix in fixes] == [30, 10]
    who = rider(store())
    ahead = services.Fix(Point(12.955, 77.625), NOW + timedelta(seconds=640))
    assert report(who, ahead).at == NOW + timedelta(seconds=600)  # nothing counts as from the future


# -- history


def test_a_late_buffer_fills_the_history_in_order_and_moves_nobody_back(captured_shares):
    who = rider(store())
    report(who, fix(500, lat=12.96))
    captured_shares.clear()
    late = [fix(440 + 10 * n, lat=12.9550 + n * 0.0003) for n in range(5)]
    assert report(who, *reversed(late)) is None
    assert captured_shares == []
    assert report(who, *late, fix(505, lat=12.9603)).at == NOW + timedelta(seconds=505)
    history.write_positions()
    kept = list(Position.objects.order_by("at").values_list("at", flat=True))
    assert [(at - NOW).total_seconds() for at in kept] == [440, 450, 460, 470, 480, 500, 505]
    who.refresh_from_db()
    assert who.lat == pytest.approx(12.96, abs=0.0005)


def test_a_parked_rider_leaves_few_rows_and_stays_on_duty():
    who = rider(store())
    for second in range(0, 120, 3):
        report(who, fix(second), at_s=second)
    history.write_positions()
    assert Position.objects.count() <= 8
    who.refresh_from_db()
    assert who.seen_at >= NOW + timedelta(seconds=105)


def test_what_a_killed_writer_left_is_written_by_the_next_one_once(monkeypatch):
    who = rider(store())
    report(who, fix(0))
    with monkeypatch.context() as killed:
        killed.setattr(history, "_write", lambda entries: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            history.write_positions(consumer="one")
    assert history.write_positions(consumer="two") == 0  # one may still be at it
    monkeypatch.setattr(history, "ABANDONED_MS", 0)
    assert history.write_positions(consumer="two") == 1
    assert history.write_positions(consumer="one") == 0
    assert client().xlen(history.stream()) == 0


def test_a_second_writer_of_the_same_entry_writes_nothing_twice():
    who = rider(store())
    at_ms = round(NOW.timestamp() * 1000)
    entry = {"rows": [(who.pk, 12.9, 77.6, 5.0, at_ms), (who.pk + 10_000, 1.0, 1.0, 5.0, at_ms)], "seen": [], "at": 0.0}
    assert [history._write([entry]), history._write([entry])] == [1, 0]


def partitions():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'delivery_position'::regclass"
        )
        return {name for (name,) in cursor.fetchall()}


def test_days_are_made_ahead_and_old_ones_dropped_with_what_they_hold(settings):
    settings.POSITION_DAYS = 7
    who = rider(store())
    report(who, fix(0))
    history.write_positions()  # before its day was made
    made, gone = history.keep_days(now=NOW)
    assert len(made) == history.DAYS_AHEAD + 2 and gone == []
    assert history.keep_days(now=NOW) == ([], [])
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {history.partition_of(NOW.astimezone(UTC).date())}")
        assert cursor.fetchone()[0] == 1
    assert Position.objects.get(rider=who).at == NOW  # the model reads all days
    _, gone = history.keep_days(now=NOW + timedelta(days=8))
    assert gone == [history.partition_of((NOW - timedelta(days=1)).date()), history.partition_of(NOW.date())]
    assert not Position.objects.exists()
    assert "delivery_position_default" in partitions()


@pytest.mark.django_db(transaction=True)
def test_who_writes_while_a_day_is_made_finds_the_day(monkeypatch, race):
    who, far = rider(store()), NOW + timedelta(days=400)
    entry = {"rows": [(who.pk, 12.9, 77.6, 5.0, round(far.timestamp() * 1000))], "seen": [], "at": 0.0}
    makes, begun = history._make, threading.Event()

    def make(cursor, day):
        makes(cursor, day)
        if day == far.astimezone(UTC).date():
            begun.set()
            until_somebody_waits()

    monkeypatch.setattr(history, "_make", make)
    try:
        made, written = race(
            2, lambda number: begun.wait(10) and history._write([entry]) if number else history.keep_days(now=far)
        )
        assert partitions() >= set(made[0]) and written == 1
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {history.partition_of(far.astimezone(UTC).date())}")
            assert cursor.fetchone()[0] == 1
    finally:
        with connection.cursor() as cursor:
            for name in partitions() - {"delivery_position_default"}:
                cursor.execute(f"DROP TABLE {name}")


# -- without Redis


def test_without_redis_positions_are_taken_shown_here_and_kept(no_redis):
    made, stop = trip()
    services.pick_up(stop_id=stop.pk, rider_id=made.rider_id, bag_codes=BAGS, now=NOW)
    assert report(made.rider, fix(10), at_s=10) is not None
    assert report(made.rider, fix(13, lat=12.96), at_s=13) is None  # the track so far is known here: a jump
    assert report(made.rider, fix(25, lat=12.9558), at_s=25) is not None
    assert history.write_positions() == 0
    assert Position.objects.count() == 2  # straight to the table, each ten seconds at most
    assert Rider.objects.get(pk=made.rider_id).lat == pytest.approx(12.9558, abs=1e-4)
    # A page that only polls, in this process, still sees the rider.
    order = Order.objects.get(pk=stop.job.order_id)
    told = orders_queries.tracking(order_id=order.pk, customer_id=order.customer_id, now=NOW + timedelta(seconds=30))
    assert told["rider"]["position"]["lat"] == pytest.approx(12.9558, abs=1e-4)


# -- progress


def test_progress_is_to_the_store_then_to_the_door():
    made, stop = trip()
    who, door, home = made.rider, stop.job.order.point, made.store.point
    report(who, fix(0, home.lat + 0.01, home.lng), at_s=0)
    report(who, fix(60, home.lat + 0.005, home.lng), at_s=60)
    to_store = services.progress_of(who.pk, now=NOW + timedelta(seconds=61))
    assert to_store.fraction == pytest.approx(0.5, abs=0.06)
    assert 100 < to_store.remaining_s < 300
    assert (to_store.off_route_since, to_store.silent_since) == (None, None)
    services.pick_up(stop_id=stop.pk, rider_id=who.pk, bag_codes=BAGS, now=NOW + timedelta(seconds=200))
    note_carrying(rider_id=who.pk)
    report(who, fix(240, home.lat, home.lng), at_s=240)
    at_store = services.progress_of(who.pk, now=NOW + timedelta(seconds=241))
    assert at_store.fraction == 0
    report(who, fix(400, door.lat, door.lng), at_s=400)
    at_door = services.progress_of(who.pk, now=NOW + timedelta(seconds=500))
    assert (at_door.fraction, at_door.silent_since) == (1.0, NOW + timedelta(seconds=400))


def test_riding_away_from_the_store_is_off_the_route_since_it_began():
    made, _ = trip()
    home = made.store.point
    for n in range(12):
        report(made.rider, fix(10 * n, home.lat + 0.003 + n * 0.0006, home.lng), at_s=10 * n)
    told = services.progress_of(made.rider_id, now=NOW + timedelta(seconds=111))
    assert told.off_route_since == NOW


def test_of_a_rider_redis_does_not_know_the_row_tells():
    who = rider(store())
    told = services.progress_of(who.pk, now=NOW + timedelta(seconds=90))
    assert (told.remaining_s, told.at, told.silent_since) == (None, NOW, NOW)
    Rider.objects.filter(pk=who.pk).update(lat=None)
    assert services.progress_of(who.pk) is None


# -- who is near


@pytest.mark.parametrize("away", [False, True], ids=["on the map", "without Redis"])
def test_the_nearest_on_duty_and_heard_of_come_first(away, request):
    home = store()
    near, far = rider(home, name="Near"), rider(home, name="Far", at=(home.lat + 0.02, home.lng))
    rider(home, name="Off", on_duty=False)
    silent = rider(home, name="Silent")
    now = NOW + timedelta(minutes=10)
    if away:
        request.getfixturevalue("no_redis")
        Rider.objects.filter(pk__in=[near.pk, far.pk]).update(seen_at=now)
    else:
        report(silent, fix(0, home.lat, home.lng), at_s=0)
        report(near, fix(600, home.lat + 0.001, home.lng))
        report(far, fix(600, home.lat + 0.02, home.lng))
    found = nearest_riders(home.point, city_id=home.city_id, now=now)
    assert [one.name for one in found] == ["Near", "Far"]
    assert found[1].metres == pytest.approx(2224, abs=10)
    assert nearest_riders(home.point, city_id=home.city_id, now=now, within_metres=500, limit=1)[0].name == "Near"


def test_only_operations_ask_who_is_near(api):
    home = store()
    report(rider(home, name="Near"), fix(600, home.lat, home.lng))
    asked = {"city": home.city.slug, "lat": home.lat, "lng": home.lng}
    for roles in (["customer"], ["rider"], ["picker"]):
        assert api(UserFactory(roles=roles)).get("/api/v1/ops/riders/near/", asked).status_code == 403
    http = api(UserFactory(roles=["ops"]))
    assert http.get("/api/v1/ops/riders/near/", asked).status_code == 200
    assert http.get("/api/v1/ops/riders/near/", asked | {"city": "nowhere"}).status_code == 404
    assert http.get("/api/v1/ops/riders/near/", asked | {"lat": "north"}).status_code == 400


# -- who may see a rider


def bundle():
    """One trip, two doors 2 km apart: (rider, first order, second order), both on board and on the road."""
    made, stop = trip()
    second_job = waiting_job(at=made.store)
    Job.objects.filter(pk=second_job.pk).update(state=JobState.TAKEN)
    Stop.objects.create(trip=made, job=second_job, rank=1, state=StopState.ON_BOARD, picked_up_at=NOW)
    Stop.objects.filter(pk=stop.pk).update(state=StopState.ON_BOARD, picked_up_at=NOW)
    first, second = stop.job.order, second_job.order
    home = made.store
    for order, north in ((first, 0.012), (second, 0.030)):
        Order.objects.filter(pk=order.pk).update(status=Status.IN_TRANSIT, lat=home.lat + north, lng=home.lng)
    note_carrying(rider_id=made.rider_id)
    return made.rider, home, first, second


def seen_by(shares, order):
    return [payload for group, payload in shares if group == f"order.{order.pk}"]


def test_with_a_bundle_the_second_customer_never_learns_where_the_first_one_lives(captured_shares):
    who, home, first, second = bundle()
    for n in range(14):  # up to the first door and beyond
        report(who, fix(20 * n, home.lat + 0.001 * n, home.lng + 0.00037), at_s=20 * n)
    at_door = home.lat + 0.012
    assert any(abs(one["lat"] - at_door) < 0.0005 for one in seen_by(captured_shares, first))
    others = seen_by(captured_shares, second)
    assert others and all(one["rough"] for one in others)
    assert min(abs(one["lat"] - at_door) for one in others) > 0.0018
    exact = [payload for group, payload in captured_shares if group == f"order-exact.{second.pk}"]
    assert any(abs(one["lat"] - at_door) < 0.0005 for one in exact)  # operations
    assert len([group for group, _ in captured_shares if group == "ops"]) == 14
    assert live.recall(f"rider-of-order:{second.pk}")["rough"]  # and so for who only polls
    assert others[0]["left_s"] > seen_by(captured_shares, first)[0]["left_s"] + 120  # the first door takes its time
    Stop.objects.filter(job__order=first).update(state=StopState.DELIVERED)
    note_carrying(rider_id=who.pk)
    captured_shares.clear()
    report(who, fix(300, at_door + 0.0003, home.lng), at_s=300)
    assert seen_by(captured_shares, first) == seen_by(captured_shares, second) == []  # still at the first door
    report(who, fix(330, at_door + 0.002, home.lng), at_s=330)
    assert [one["rough"] for one in seen_by(captured_shares, second)] == [False]
    assert seen_by(captured_shares, first) == []


APPLICATION = wrap(URLRouter([path("ws/", URLRouter(ws_urls))]))


def socket(order, user_id, roles=("customer",)):
    token = access_token_for(user_id, roles)
    return WebsocketCommunicator(APPLICATION, f"/ws/orders/{order.pk}/", subprotocols=["bearer", token])


async def kinds_until_quiet(ws):
    kinds = []
    while not await ws.receive_nothing(0.25, 0.01):
        kinds.append((await ws.receive_json_from(5))["type"])
    return kinds


@pytest.mark.django_db(transaction=True)
def test_an_open_socket_shows_the_rider_from_pick_up_to_delivery_and_nothing_after():
    made, stop = trip()
    order, who = stop.job.order, made.rider
    began = time.time()

    def ride(n):
        at = datetime.fromtimestamp(began + n, UTC)
        fixes = [services.Fix(Point(12.955 + n * 0.00005, 77.625), at, 5.0)]
        services.report_positions(rider_id=who.pk, fixes=fixes, now=at)

    async def watch():
        ws = socket(order, order.customer_id)
        assert (await ws.connect())[0]
        told = {"before": await kinds_until_quiet(ws)}
        await sync_to_async(ride)(0)
        told["waiting"] = await kinds_until_quiet(ws)
        await sync_to_async(services.pick_up)(stop_id=stop.pk, rider_id=who.pk, bag_codes=BAGS, now=NOW)
        await kinds_until_quiet(ws)
        await sync_to_async(ride)(3)
        told["riding"] = await kinds_until_quiet(ws)
        code, cash = order.door_otp, order.total_paise
        await sync_to_async(services.deliver)(stop_id=stop.pk, rider_id=who.pk, otp=code, cash_paise=cash, now=NOW)
        await kinds_until_quiet(ws)
        await sync_to_async(ride)(6)
        # Whatever else goes wrong (a fact that is old): this socket does not pass it on.
        await sync_to_async(live.share)(f"order.{order.pk}", {"type": "position", "lat": 1.0, "lng": 1.0})
        told["after"] = await kinds_until_quiet(ws)
        await ws.disconnect()
        return told

    told = async_to_sync(watch)()
    assert told == {"before": ["snapshot"], "waiting": [], "riding": ["position"], "after": []}
    facts = orders_queries.tracking(order_id=order.pk, customer_id=order.customer_id)
    assert facts["rider"] is None  # nor does the page that polls


@pytest.mark.django_db(transaction=True)
def test_another_customer_and_another_rider_open_no_socket_and_operations_see_the_exact_place():
    who, home, first, second = bundle()

    async def look():
        for user_id, roles in ((first.customer_id, ("customer",)), (who.user_id, ("rider",))):
            assert (await socket(second, user_id, roles).connect())[0] is False
        ops = socket(second, 1, ("ops",))
        assert (await ops.connect())[0]
        await ops.receive_json_from(5)
        await sync_to_async(report)(who, fix(20, home.lat + 0.0055, home.lng))
        exact = await ops.receive_json_from(5)
        nothing_more = await ops.receive_nothing(0.2)
        await ops.disconnect()
        return exact, nothing_more

    exact, nothing_more = async_to_sync(look)()
    assert (exact["type"], exact["data"]["lat"], nothing_more) == ("position", round(home.lat + 0.0055, 6), True)


def test_a_fact_read_before_a_delivery_does_not_replace_the_one_written_after_it(monkeypatch):
    who, home, first, _second = bundle()
    client().delete(key(f"fact:rider-carries:{who.pk}"))
    read = positions._carrying

    def read_then_delivered(riders):
        old = read(riders)
        Stop.objects.filter(job__order=first).update(state=StopState.DELIVERED)
        live.remember(f"rider-carries:{who.pk}", read([who.pk])[who.pk], ttl_s=60)
        return old

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(positions, "_carrying", read_then_delivered)
        report(who, fix(20, home.lat + 0.002, home.lng), at_s=20)
    assert [stop[3] for stop in live.recall(f"rider-carries:{who.pk}")["stops"]] == ["delivered", "on_board"]


def test_the_fact_of_what_is_carried_lives_two_minutes_at_most():
    made, _ = trip()
    note_carrying(rider_id=made.rider_id)
    assert 0 < client().ttl(key(f"fact:rider-carries:{made.rider_id}")) <= 120
