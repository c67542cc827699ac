"""The promise ledger: what was shown, what it was made from, and what the promises learn from being kept or broken."""

import random
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from django.db import IntegrityError, transaction

from blinkit.kernel.geo import Point
from blinkit.kernel.redis_client import client as redis
from blinkit.kernel.redis_client import key
from catalog.models import City
from catalog.tests.factories import NOW, ProductFactory
from catalog.tests.factories import store as make_store
from catalog.travel import LAWFUL_KMH, VEHICLES
from orders import queries
from orders.models import EtaModel, LegStat, Order, Promise, PromiseRoom, SafeSpeed, ShownPromise
from orders.promise import VERSION, PromiseInputs, Quote, Room, quote
from orders.promise.facts import FIELDS, Corrector
from orders.promise.learned import Learned
from orders.promise.room import AS_QUOTED, LEAST, MOST, MOST_STEP, Came, pooled, room_for, score_end, with_room
from orders.promise.safety import governed, ride_of
from orders.promise.trees import Trees
from orders.services import rooms, showing
from orders.states import Status
from orders.tests.factories import HOME, customer, order, place_order, shop

M = timedelta(minutes=1)
HERE = Point(*HOME)


# -- plain ------------------------------------------------------------------------------------------------------------


def test_no_vehicle_is_reckoned_faster_than_the_law_lets_it_ride():
    assert set(VEHICLES) == set(LAWFUL_KMH)
    assert all(VEHICLES[name] / 0.9 <= LAWFUL_KMH[name] for name in VEHICLES)  # 0.9: the empty streets of a night


def test_a_measured_ride_faster_than_the_law_is_not_promised():
    made = quote(PromiseInputs(lines=5, units=5, ride_s=500, least_ride_s=360, measured={"ride_times": (0.4, 0.5)}))
    (ride,) = [leg for leg in made.legs if leg.name == "ride"]
    assert (ride.p50_s, ride.p90_s) == (360, 360)


def test_a_ride_is_measured_as_a_part_of_the_usual_one():
    near, far = (
        quote(PromiseInputs(lines=5, units=5, ride_s=ride_s, measured={"ride_times": (1.2, 1.5)}))
        for ride_s in (100, 900)
    )
    assert [leg.p50_s for made in (near, far) for leg in made.legs if leg.name == "ride"] == [120, 1080]


def test_picking_is_measured_as_a_part_of_what_such_a_basket_usually_takes():
    """And a rider is waited for only beyond what the floor really takes."""
    measured = {"pick_times": (0.5, 0.8), "pack_times": (2.0, 3.0), "accept": (4, 9)}
    small, large = (
        {leg.name: leg for leg in quote(PromiseInputs(n, n, 300, rider_wait_s=500, measured=measured)).legs}
        for n in (1, 21)
    )
    assert (small["pick"][1:], large["pick"][1:]) == ((15.5, pytest.approx(24.8)), (125.5, pytest.approx(200.8)))
    assert (small["pack"].p50_s, large["pack"].p50_s) == (53, 113)
    assert small["accept"][1:] == large["accept"][1:] == (4, 9)
    assert (small["rider"].p50_s, large["rider"].p50_s) == (500 - 4 - 15.5 - 53, 500 - 4 - 125.5 - 113)


def test_what_was_learned_too_short_is_lengthened_by_what_the_ride_lacks():
    inputs = PromiseInputs(lines=5, units=5, ride_s=600, least_ride_s=500)
    made = quote(inputs)
    half = Corrector.bounded(made.p50_s, 0.5 * made.p50_s, 0.6 * made.p50_s)
    short = with_room(made, Room(0, 1))
    short = type(made)(*half, *(1, 4), made.legs, "l1")
    assert ride_of(short) == pytest.approx(300)
    safe, added_s = governed(short, least_s=500)
    assert added_s == pytest.approx(200)
    assert (safe.p50_s - short.p50_s, safe.p90_s - short.p90_s) == (pytest.approx(200), pytest.approx(200))
    assert safe.to_m * 60 >= safe.p90_s and safe.version == "l1"
    assert governed(made, least_s=500) == (made, 0.0)


def came(count, *, took_s=900, p50_s=600, p90_s=800):
    return [Came(p50_s, p90_s, took_s + 10 * number) for number in range(count)]


def test_the_room_is_where_nine_of_ten_said_in_whole_minutes_would_have_been_kept():
    orders = [Came(600 + 7 * number % 60, 800 + 7 * number % 60, 300 + 0.5 * number) for number in range(2_000)]
    room, legs = pooled(orders), quote(PromiseInputs(lines=1, units=1, ride_s=1)).legs
    said = [with_room(Quote(one.p50_s, one.p90_s, 10, 14, legs), room) for one in orders]
    kept = sum(one.took_s <= 60 * made.to_m for one, made in zip(orders, said, strict=True)) / len(orders)
    assert 0.89 <= kept <= 0.91
    over = sum(one.took_s > made.p50_s for one, made in zip(orders, said, strict=True)) / len(orders)
    assert 0.48 <= over <= 0.52


def test_what_is_kept_with_any_room_asks_for_none():
    """No promise ends before the fourth minute, and what the governor adds is said on top."""
    near, far = Came(100, 200, 230), Came(600, 800, 900)
    assert score_end(near) == LEAST < score_end(replace(near, took_s=241))
    assert score_end(far) - score_end(replace(far, added_s=50)) == pytest.approx(50 / 200)


def test_few_orders_lean_on_all_stores_and_nothing_moves_at_once_or_without_end():
    assert pooled([]) == AS_QUOTED
    all_late = came(2_000, took_s=9_000)
    assert pooled(all_late) == Room(MOST, MOST)
    step = room_for(all_late, everywhere=AS_QUOTED, before=AS_QUOTED)
    assert step == Room(MOST_STEP, 1 + MOST_STEP)
    two = room_for(came(2, took_s=1_000), everywhere=Room(0.2, 1.1), before=Room(0.2, 1.1))
    assert 1.1 < two.end < 1.6
    early = pooled([Came(900, 1_000, 60)] * 500)
    assert early.middle >= LEAST and early.stretched(900, 1_000)[0] >= 225


# -- shown ------------------------------------------------------------------------------------------------------------

pytestmark = pytest.mark.django_db


@pytest.fixture
def place(db):
    redis().delete(key(showing.WAITING))
    yield shop()
    redis().delete(key(showing.WAITING))


def looked(page="home", now=NOW, **who):
    answer = queries.serviceability(point=HERE, now=now)
    showing.note_shown(answer, page=page, now=now, **who)
    return answer


def test_looking_writes_nothing_and_the_sweep_writes_each_value_once(place, django_assert_num_queries):
    guest = uuid4()
    answer = queries.serviceability(point=HERE, now=NOW)
    with django_assert_num_queries(0):
        for page in ("home", "home", "cart"):
            showing.note_shown(answer, page=page, guest=guest, now=NOW)
        showing.note_shown(answer, page="home", guest=uuid4(), now=NOW)
    with django_assert_num_queries(5):  # two of them the savepoint of the insert
        assert showing.sweep_shown(now=NOW) == 3
    looked(guest=guest)  # again within the quarter: known
    assert showing.sweep_shown(now=NOW) == 0
    looked(guest=guest, now=NOW + 16 * M)
    assert showing.sweep_shown(now=NOW) == 1
    row = ShownPromise.objects.filter(page="cart").get()
    assert (row.store_id, row.to_m, row.version) == (place.pk, answer.eta_to_m, VERSION)
    assert row.inputs["legs"]["ride"] and row.inputs["ride_s"] == answer.made[1]["ride_s"]
    assert row.area == "12.96,77.63"
    kept = f"{row.inputs}{row.key}{row.area}"
    assert str(HERE.lat) not in kept and str(guest) not in kept


def test_a_sweep_that_broke_off_before_it_tidied_up_writes_nothing_twice(place, monkeypatch):
    looked(guest=uuid4())
    notes = redis().hgetall(key(showing.WAITING))
    assert showing.sweep_shown(now=NOW) == 1
    redis().hset(key(showing.WAITING), mapping=notes)
    redis().hset(key(showing.WAITING), "damaged", "{")
    assert showing.sweep_shown(now=NOW) == 0
    assert redis().hlen(key(showing.WAITING)) == 0 and ShownPromise.objects.count() == 1


def test_an_order_names_the_promise_its_customer_saw_last(place):
    user = customer()
    looked(customer_id=user.pk)
    showing.sweep_shown(now=NOW)
    milk = ProductFactory()
    made = Promise.objects.get(order=place_order(user, shop(milk, at=place), [milk]))
    shown = ShownPromise.objects.get()
    assert (made.shown_key, made.inputs["shown_to_m"]) == (shown.key, shown.to_m)


def test_without_redis_pages_go_on_and_the_order_is_in_the_ledger(place, monkeypatch):
    def down():
        raise ConnectionError

    monkeypatch.setattr(showing, "client", down)
    monkeypatch.setattr(showing, "_try_again_at", 0.0)
    looked(guest=uuid4())
    assert showing.sweep_shown(now=NOW) == 0
    made = Promise.objects.get(order=order(at=place))
    assert (made.shown_key, made.inputs["legs"]["door"]) == ("", [50, 90])


def test_what_was_shown_is_forgotten_after_two_weeks(place):
    looked(guest=uuid4())
    showing.sweep_shown(now=NOW)
    assert showing.purge_shown(now=NOW + timedelta(days=13)) == 0
    assert showing.purge_shown(now=NOW + timedelta(days=15)) == 1


def test_pages_and_the_api_note_what_they_show(place, client):
    client.get("/")
    client.get("/api/v1/serviceability/", {"lat": HERE.lat, "lng": HERE.lng})
    showing.sweep_shown(now=NOW)
    assert set(ShownPromise.objects.values_list("page", flat=True)) == {"home", "api"}


# -- the governor -----------------------------------------------------------------------------------------------------


def told(place, to=HERE):
    return queries.promise_for(place, to=to, lines=5, units=5, now=NOW)


def test_a_slower_lawful_speed_makes_a_longer_promise_and_says_why(place):
    usual, inputs = told(place)
    assert "governor" not in inputs
    SafeSpeed.objects.create(vehicle="ebike", kmh=4)
    other = City.objects.create(slug="delhi", name="Delhi", state_code="07")
    SafeSpeed.objects.create(city=other, vehicle="ebike", kmh=3)
    slow, inputs = told(place)
    assert slow.p50_s > usual.p50_s and inputs["legs"]["ride"][0] == inputs["least_ride_s"]
    SafeSpeed.objects.create(city=place.city, vehicle="ebike", kmh=25)
    assert told(place)[0].p50_s == usual.p50_s
    SafeSpeed.objects.create(city=place.city, vehicle="cycle", kmh=4)  # nothing was measured: one may come
    assert told(place)[0].p50_s == slow.p50_s
    with pytest.raises(IntegrityError), transaction.atomic():
        SafeSpeed.objects.create(vehicle="ebike", kmh=7)


def ridden(place, hour=LegStat.ANY_HOUR, **shares):
    for vehicle, share in shares.items():
        LegStat.objects.create(store=place, leg=f"by_{vehicle}", hour=hour, p50_s=share, p90_s=share, samples=99)


def test_the_promise_is_lawful_for_the_slowest_vehicle_that_brings_one_order_in_ten(place):
    SafeSpeed.objects.create(city=place.city, vehicle="cycle", kmh=4)
    ridden(place, cycle=0.2, ebike=0.0, scooter=0.8)
    slow, inputs = told(place)
    metres = inputs["least_ride_s"] * 4 / 3.6
    assert inputs["legs"]["ride"][0] == inputs["least_ride_s"] > inputs["ride_s"]
    assert not any(leg.startswith("by_") for leg in inputs.get("measured", {}))
    ridden(place, hour=NOW.astimezone(ZoneInfo(place.city.timezone)).hour, cycle=0.05, ebike=0.0, scooter=0.95)
    quick, inputs = told(place)
    assert inputs["least_ride_s"] == pytest.approx(metres * 3.6 / LAWFUL_KMH["scooter"], abs=1)
    assert quick.p50_s < slow.p50_s


def test_a_learned_model_that_promises_too_much_is_governed(place):
    hasty = Corrector(Learned("l1", FIELDS, Trees((-5.0,)), Trees((1.0,)), 0.0), {})
    EtaModel.objects.create(
        trained_at=NOW, learned_until=NOW, rows=1, judged_on=1, mae_s=1, kept_percent=90, padding_s=1,
        kept=hasty.as_json(), is_active=True,
    )  # fmt: skip
    SafeSpeed.objects.create(vehicle="ebike", kmh=15)
    made, inputs = told(place)
    why = inputs["governor"]
    assert why["kmh_implied"] > why["kmh_lawful"] == 15 and why["added_s"] > 0
    assert ride_of(made) > 0 and made.p50_s == pytest.approx(inputs["quoted"][0] + why["added_s"], abs=2)
    assert made.version == "l1"


# -- the room ---------------------------------------------------------------------------------------------------------


def came_late(place, minutes, count=20, version=VERSION):
    """Delivered so long after they were promised; the quote said 10 to 13 minutes."""
    for _ in range(count):
        done = order(at=place, products=1)
        Order.objects.filter(pk=done.pk).update(status=Status.DELIVERED, delivered_at=NOW + minutes * M)
        made = Promise.objects.get(order=done)
        made.inputs["quoted"] = [600, 780]
        made.version = version
        made.save()


def test_a_store_that_breaks_its_promises_promises_later_step_by_step(place, django_assert_num_queries, monkeypatch):
    monkeypatch.setattr("orders.promise.pooling.LEAN", 1)
    usual, inputs = told(place)
    assert "room" not in inputs
    came_late(place, 20, count=3)
    with django_assert_num_queries(8):  # three of them the lock and the savepoint
        assert rooms.learn_rooms(now=NOW + 30 * M) == 1
    first, inputs = told(place)
    assert inputs["room"] == [MOST_STEP, 1 + MOST_STEP] and first.to_m > usual.to_m
    assert rooms.learn_rooms(now=NOW + 30 * M) == 1
    assert told(place)[0].to_m >= first.to_m
    row = PromiseRoom.objects.get()
    assert (row.kept_percent, row.samples) == (0.0, 3)
    PromiseRoom.objects.update(version="l9")  # learned with other quotes: says nothing about these
    assert told(place)[0] == usual


def test_room_is_what_quotes_of_now_need(place, monkeypatch):
    """Legs that are measured meanwhile move the quote: room is reckoned with them, not with what was said."""
    monkeypatch.setattr("orders.promise.pooling.LEAN", 1)
    came_late(place, 7, count=40)
    for _ in range(4):
        rooms.learn_rooms(now=NOW + 60 * M)
    was = told(place)[0]
    LegStat.objects.create(leg="ride_times", hour=LegStat.ANY_HOUR, p50_s=0.5, p90_s=0.6, samples=99)  # of all stores
    shorter, inputs = told(place)
    assert inputs["legs"]["ride"][0] < inputs["ride_s"] and shorter.to_m < was.to_m
    for _ in range(4):
        rooms.learn_rooms(now=NOW + 60 * M)
    assert told(place)[0].to_m == was.to_m


def test_room_leaves_to_the_governor_what_it_adds(place, monkeypatch):
    monkeypatch.setattr("orders.promise.pooling.LEAN", 1)
    monkeypatch.setattr("orders.promise.room.MOST_STEP", 9)
    came_late(place, 3, count=30)
    came_late(place, 7, count=10)
    for made in Promise.objects.all():
        made.inputs["least_ride_s"] = made.inputs["ride_s"]
        made.save()
    PromiseRoom.objects.create(store=place, version=VERSION, middle=-1, end=0, kept_percent=90, samples=40)

    def learned():
        PromiseRoom.objects.update(middle=-1, end=0)
        rooms.learn_rooms(now=NOW + 60 * M)
        return PromiseRoom.objects.get().end

    with_it = learned()
    monkeypatch.setattr(rooms, "governed", lambda quote, *, least_s: (quote, 0.0))
    assert with_it < learned()


def test_one_order_says_little_and_none_nothing(place):
    assert rooms.learn_rooms(now=NOW + 30 * M) == 0
    came_late(place, 14, count=1)
    assert rooms.learn_rooms(now=NOW + 30 * M) == 1
    room = PromiseRoom.objects.get()
    assert 1 < room.end < 1 + MOST_STEP


def test_the_quick_ones_do_not_speak_before_the_slow_ones_had_their_time(place):
    """Twelve minutes after all were ordered half of them have come; the others might still come within their time."""
    came_late(place, 5, count=3)
    came_late(place, 20, count=3)
    Promise.objects.update(promised_by=NOW + 15 * M)
    Order.objects.filter(delivered_at=NOW + 20 * M).update(status=Status.IN_TRANSIT, delivered_at=None)
    assert rooms.learn_rooms(now=NOW + 12 * M) == 0
    assert rooms.learn_rooms(now=NOW + 16 * M) == 1
    row = PromiseRoom.objects.get()
    assert (row.samples, row.kept_percent) == (6, 50.0)


def test_who_ordered_before_the_oldest_that_is_still_on_its_way_is_known_whatever_it_took(place):
    came_late(place, 5, count=3)
    came_late(place, 20, count=3)
    slow = Order.objects.filter(delivered_at=NOW + 20 * M)
    slow.update(status=Status.IN_TRANSIT, placed_at=NOW + M, promised_by=NOW + 15 * M)
    Promise.objects.update(promised_by=NOW + 15 * M)
    slow.update(delivered_at=None)
    assert rooms.learn_rooms(now=NOW + 6 * M) == 1
    assert PromiseRoom.objects.get().samples == 3


def test_one_statement_reads_all_that_a_quote_needs(place, django_assert_num_queries):
    LegStat.objects.create(store=place, leg="door", hour=NOW.hour, p50_s=1, p90_s=2, samples=99)
    PromiseRoom.objects.create(store=place, version=VERSION, middle=0, end=2, kept_percent=80, samples=30)
    with django_assert_num_queries(1):
        many = queries.promises_for([place], to=HERE, lines=5, units=5, now=NOW)
    assert many[place.pk] == told(place)[0]


def test_many_are_asked_at_once_to_the_same_bit(place):
    dice = random.Random(5)

    def tree(depth):
        if depth == 0 or dice.random() < 0.2:
            return dice.uniform(-0.1, 0.1)
        return (dice.randrange(len(FIELDS)), dice.uniform(-50, 400), tree(depth - 1), tree(depth - 1))

    trees = Trees(tuple(tree(6) for _ in range(60)))
    rows = [[dice.choice((-999.0, dice.uniform(-60, 500))) for _ in FIELDS] for _ in range(200)]
    assert trees.of_many(np.array(rows)).tolist() == [trees(row) for row in rows]
    model = Corrector(Learned("l1", FIELDS, trees, Trees((4.0,)), 1.3), {place.code: 2.0})
    EtaModel.objects.create(
        trained_at=NOW, learned_until=NOW, rows=1, judged_on=1, mae_s=1, kept_percent=90, padding_s=1,
        kept=model.as_json(), is_active=True,
    )  # fmt: skip
    stores = [place, *(shop(at=make_store(f"N{n}", lat=12.95 + n / 500, lng=77.62)) for n in range(4))]
    many = queries.promises_for(stores, to=HERE, lines=5, units=5, now=NOW)
    assert many == {store.pk: told(store)[0] for store in stores}
