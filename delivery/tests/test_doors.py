"""Between shelf and door: several orders, a door nobody opens, bags that ride back, what a rider never sees."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.tests.factories import UserFactory
from blinkit.kernel.geo import Point, step_towards
from blinkit.kernel.models import Event
from catalog.tests.factories import NOW
from catalog.tests.factories import store as make_store
from catalog.ways import way_metres
from delivery import navigation, queries, services
from delivery.doors import BagsReturn, DoorPolicy
from delivery.errors import CallFirst, NoSuchStop, ReasonMissing, StopGone, TooEarly
from delivery.models import Earning, Job, JobState, Stop, Trip
from delivery.services.doors import count_apart
from delivery.tests.factories import BAGS, rider, trip, waiting_job
from orders import services as orders
from orders.errors import CashNeedsHand, NoSuchOrder, WrongBag
from orders.models import Evidence, LateStep, Order, Promise
from orders.queries.calibration import calibration
from orders.states import Status
from orders.tests.test_promotions import promotion

pytestmark = pytest.mark.django_db
AT_DOOR = NOW + timedelta(minutes=10)


def status(stop):
    return Order.objects.get(pk=stop.job.order_id).status


def ring(stop, *, times=2, at=AT_DOOR):
    for number in range(times):
        services.rider_calls(
            stop_id=stop.pk, rider_id=stop.trip.rider_id, nonce=f"{at}{number}", now=at + timedelta(seconds=30 * number)
        )


def bundle(n=2, *, packed=True):
    """One trip with n orders of one store; the bags of the k-th are Bk-1, Bk-2."""
    first = waiting_job(method="online")
    who = rider(first.store)
    made = Trip.objects.create(rider=who, store=first.store, started_at=NOW)
    jobs = [first, *(waiting_job(at=first.store, method="online") for _ in range(n - 1))]
    for rank, job in enumerate(jobs, start=1):
        Stop.objects.create(trip=made, job=job, rank=rank)
        Job.objects.filter(pk=job.pk).update(state=JobState.TAKEN)
        order = job.order_id
        orders.rider_accepted(order_id=order, rider_id=who.pk, rider_name="Ravi", actor="rider", now=NOW)
        if packed:
            orders.to_store(order_id=order, actor="system", now=NOW)
            orders.start_picking(order_id=order, actor="user:2", now=NOW)
            codes = [f"B{rank}-1", f"B{rank}-2"]
            orders.packed(order_id=order, bag_codes=codes, shelf_slot=f"S{rank}", actor="user:2", now=NOW)
    return who, made, list(Stop.objects.filter(trip=made).select_related("job__order", "trip"))


# -- several stops ---------------------------------------------------------------------------------------------------


def test_bags_of_all_orders_are_scanned_in_any_order_and_leave_once():
    who, _made, (one, two) = bundle()
    services.arrive_at_store(rider_id=who.pk, now=NOW)
    seen = []
    for code, nonce in (("b2-1", "a"), ("B1-2", "b"), ("B2-2", "c"), ("B2-2", "c"), ("B1-1", "d")):
        stop, handed = services.scan_trip_bag(rider_id=who.pk, code=code, nonce=nonce, now=NOW)
        seen.append((handed.order_number, handed.complete))
        assert stop.job.order_id == handed.order_id
    assert seen == [
        (two.job.order.number, False), (one.job.order.number, False), (two.job.order.number, True),
        (two.job.order.number, True), (one.job.order.number, True),
    ]  # fmt: skip
    assert queries.trip_of(rider=who, now=NOW)["next"] == "depart"
    services.leave_store(stop_id=one.pk, rider_id=who.pk, now=NOW)
    assert {status(one), status(two)} == {Status.IN_TRANSIT}
    with pytest.raises(StopGone):
        services.scan_trip_bag(rider_id=rider(one.job.store).pk, code="B1-1", nonce="x", now=NOW)


def test_a_bag_of_nobodys_is_refused_and_the_shelf_comes_before_the_road():
    who, _made, (one, _two) = bundle()
    services.arrive_at_store(rider_id=who.pk, now=NOW)
    with pytest.raises(WrongBag):
        services.scan_trip_bag(rider_id=who.pk, code="B9-9", nonce="x", now=NOW)
    services.pick_up(stop_id=one.pk, rider_id=who.pk, bag_codes=["B1-1", "B1-2"], now=NOW)
    assert queries.trip_of(rider=who, now=NOW)["next"] == "pick-up", "the second order still stands on the shelf"


def test_another_door_first_and_back_to_one_line():
    who, _made, stops = bundle(3)
    for rank, stop in enumerate(stops, start=1):
        services.pick_up(stop_id=stop.pk, rider_id=who.pk, bag_codes=[f"B{rank}-1", f"B{rank}-2"], now=NOW)
    services.depart(rider_id=who.pk, now=NOW)

    def line():
        return [it["order_number"] for it in queries.trip_of(rider=who, now=NOW)["stops"]]

    one, two, three = (stop.job.order.number for stop in stops)
    for _ in range(2):
        services.door_first(stop_id=stops[2].pk, rider_id=who.pk, now=NOW)
    assert line() == [three, one, two]
    services.arrive(stop_id=stops[2].pk, rider_id=who.pk, now=NOW)
    with pytest.raises(StopGone):
        services.door_first(stop_id=stops[1].pk, rider_id=who.pk, now=NOW)
    with pytest.raises(NoSuchStop):
        services.door_first(stop_id=stops[1].pk, rider_id=rider(stops[0].job.store).pk, now=NOW)


def test_another_door_first_takes_no_place_of_an_order_still_on_the_shelf():
    who, made, (one, two, three) = bundle(3)
    for rank, stop in ((1, one), (3, three)):
        services.pick_up(stop_id=stop.pk, rider_id=who.pk, bag_codes=[f"B{rank}-1", f"B{rank}-2"], now=NOW)
    services.door_first(stop_id=three.pk, rider_id=who.pk, now=NOW)
    assert [stop.job_id for stop in made.stops.order_by("rank")] == [three.job_id, two.job_id, one.job_id]
    assert sorted(made.stops.values_list("rank", flat=True)) == [1, 2, 3]


def test_no_countdown_and_no_due_time_reach_a_rider(api, client):
    made, stop = trip(to_door=True)
    services.begin_wait(stop_id=stop.pk, rider_id=made.rider_id, now=AT_DOOR)
    who = made.rider.user
    seen = str(api(who).get("/api/v1/rider/me/").json())
    client.force_login(who)
    page = client.get("/rider/").content.decode()
    promised = Order.objects.get().promised_by
    for name in ("due_at", "promised", "due_s", "late_s"):
        assert name not in seen and name not in page
    assert "data-until" not in page and not re.search(r"\bmin left\b", page)
    assert f"{promised:%H:%M:%S}" not in seen
    assert Job.objects.get().due_at == promised, "it is known, and not told"


# -- a door nobody opens ---------------------------------------------------------------------------------------------


def test_nobody_opens_by_the_rule(run_events):
    made, stop = trip(to_door=True)
    who = {"stop_id": stop.pk, "rider_id": made.rider_id}
    with pytest.raises(TooEarly):
        services.bring_back(**who, why="nobody", now=AT_DOOR)
    first = services.begin_wait(**who, now=AT_DOOR)
    assert services.begin_wait(**who, now=AT_DOOR + timedelta(minutes=3)).waits_until == first.waits_until
    assert first.waits_until == AT_DOOR + timedelta(minutes=5)
    with pytest.raises(CallFirst) as refusal:
        services.bring_back(**who, why="nobody", now=AT_DOOR + timedelta(minutes=6))
    assert (refusal.value.extra["calls"], refusal.value.extra["needed"]) == (0, 2)
    ring(stop)
    with pytest.raises(TooEarly) as early:
        services.bring_back(**who, why="nobody", now=AT_DOOR + timedelta(minutes=4))
    assert early.value.extra["leave_from"] == first.waits_until
    assert status(stop) == Status.IN_TRANSIT and not BagsReturn.objects.exists()
    for _ in range(2):
        services.bring_back(**who, why="nobody", now=first.waits_until)
    assert status(stop) == Status.UNDELIVERED
    assert Earning.objects.count() == 1
    assert Event.objects.filter(code="delivery.DoorWaitBegun").count() == 1


def test_a_policy_of_the_city_and_operations_change_the_wait():
    made, stop = trip(to_door=True)
    DoorPolicy.objects.create(city=made.store.city, wait_s=60, calls_least=0)
    who = {"stop_id": stop.pk, "rider_id": made.rider_id}
    assert services.begin_wait(**who, now=AT_DOOR).waits_until == AT_DOOR + timedelta(minutes=1)
    order_id = stop.job.order_id
    with pytest.raises(ReasonMissing):
        services.set_wait(order_id=order_id, minutes=10, why=" ", actor="user:1", now=AT_DOOR)
    services.set_wait(order_id=order_id, minutes=10, why="She is in the lift", actor="user:1", now=AT_DOOR)
    with pytest.raises(TooEarly):
        services.bring_back(**who, why="nobody", now=AT_DOOR + timedelta(minutes=9))
    services.set_wait(order_id=order_id, minutes=0, why="Nobody lives there", actor="user:1", now=AT_DOOR)
    services.bring_back(**who, why="address", now=AT_DOOR)
    assert status(stop) == Status.UNDELIVERED


def test_two_presses_at_once_are_one_call():
    assert count_apart([], gap_s=20) == 0
    times = [NOW + timedelta(seconds=s) for s in (0, 1, 19, 20, 39, 41)]
    assert count_apart(times, gap_s=20) == 3


@pytest.mark.parametrize("how", ["leave_at_door", "leave_with_guard"])
def test_the_customer_lets_the_rider_leave_it(how):
    made, stop = trip(to_door=True, method="online")
    order_id, customer = stop.job.order_id, stop.job.order.customer_id
    ask = {"order_id": order_id, "customer_id": customer, "now": AT_DOOR}
    with pytest.raises(StopGone):
        services.answer_door(**ask, answer=how)
    services.begin_wait(stop_id=stop.pk, rider_id=made.rider_id, now=AT_DOOR)
    with pytest.raises(NoSuchOrder):
        services.answer_door(order_id=order_id, customer_id=UserFactory().pk, answer=how, now=AT_DOOR)
    for _ in range(2):
        services.answer_door(**ask, answer=how)
    facts = queries.trip_of(rider=made.rider, now=AT_DOOR)["stops"][0]
    assert (facts["photo_allowed"], facts["waiting"]["answer"]) == (True, how)
    services.deliver(stop_id=stop.pk, rider_id=made.rider_id, photo="doors/1.jpg", now=AT_DOOR)
    assert status(stop) == Status.DELIVERED
    assert Event.objects.filter(code="delivery.DoorAnswered").count() == 1


def test_cash_is_not_left_at_a_door():
    made, stop = trip(to_door=True)
    services.begin_wait(stop_id=stop.pk, rider_id=made.rider_id, now=AT_DOOR)
    with pytest.raises(CashNeedsHand):
        services.answer_door(
            order_id=stop.job.order_id, customer_id=stop.job.order.customer_id, answer="leave_at_door", now=AT_DOOR
        )
    assert "leave_at_door" not in Order.objects.get().instructions


def test_cancelled_at_the_door_needs_no_more_waiting():
    made, stop = trip(to_door=True)
    who = {"stop_id": stop.pk, "rider_id": made.rider_id}
    services.begin_wait(**who, now=AT_DOOR)
    ask = {"order_id": stop.job.order_id, "customer_id": stop.job.order.customer_id, "now": AT_DOOR}
    services.answer_door(**ask, answer="cancel")
    with pytest.raises(StopGone):
        services.answer_door(**ask, answer="coming")
    services.bring_back(**who, why="nobody", now=AT_DOOR)
    assert Order.objects.get().cancel_reason == "Cancelled at the door"


# -- back to the store -----------------------------------------------------------------------------------------------


def returned(**order):
    made, stop = trip(to_door=True, **order)
    services.bring_back(stop_id=stop.pk, rider_id=made.rider_id, why="refused", now=AT_DOOR)
    return made, stop


def test_the_store_takes_the_bags_back_one_by_one_and_the_rider_is_free(run_events):
    made, stop = returned()
    who, order_id = made.rider_id, stop.job.order_id
    assert queries.trip_of(rider=made.rider, now=AT_DOOR)["next"] == "ride-back"
    services.back_at_store(rider_id=who, now=AT_DOOR)
    back = queries.trip_of(rider=made.rider, now=AT_DOOR)
    assert (back["next"], back["returns"][0]["bag_codes"]) == ("hand-in", BAGS)
    scan = {"order_id": order_id, "store_id": made.store_id, "actor": "user:2", "now": AT_DOOR}
    with pytest.raises(WrongBag):
        orders.bag_back(**scan, code="BAG-9")
    with pytest.raises(NoSuchOrder):
        orders.bag_back(**{**scan, "store_id": 0}, code="BAG-1")
    for _ in range(2):
        assert orders.bag_back(**scan, code="bag-1").missing == ("BAG-2",)
    assert Trip.objects.get().ended_at is None
    for _ in range(2):
        assert orders.bag_back(**scan, code="").missing == ()
    run_events()
    assert Trip.objects.get().ended_at is not None
    assert Evidence.objects.filter(kind="bag_back").count() == 2
    assert not Evidence.objects.filter(kind="goods_back").exists(), "what is in them is looked at later"


def test_a_rider_is_not_kept_in_a_store_that_does_not_come(run_events):
    made, _stop = returned()
    services.back_at_store(rider_id=made.rider_id, now=AT_DOOR)
    with pytest.raises(TooEarly):
        services.put_down(rider_id=made.rider_id, now=AT_DOOR + timedelta(minutes=9))
    for _ in range(2):
        services.put_down(rider_id=made.rider_id, now=AT_DOOR + timedelta(minutes=10))
    assert BagsReturn.objects.get().is_unseen
    assert Trip.objects.get().ended_at == AT_DOOR + timedelta(minutes=10)
    assert Event.objects.filter(code="delivery.BagsLeftUnseen").count() == 1


def test_the_other_doors_come_before_the_way_back():
    who, made, (one, two) = bundle()
    for rank, stop in enumerate((one, two), start=1):
        services.pick_up(stop_id=stop.pk, rider_id=who.pk, bag_codes=[f"B{rank}-1", f"B{rank}-2"], now=NOW)
    services.arrive(stop_id=one.pk, rider_id=who.pk, now=NOW)
    services.bring_back(stop_id=one.pk, rider_id=who.pk, why="refused", now=NOW)
    with pytest.raises(StopGone):
        services.back_at_store(rider_id=who.pk, now=NOW)
    services.arrive(stop_id=two.pk, rider_id=who.pk, now=NOW)
    services.deliver(stop_id=two.pk, rider_id=who.pk, otp=two.job.order.door_otp, now=NOW)
    made.refresh_from_db()
    assert made.ended_at is None
    services.bags_back(order_id=one.job.order_id, now=NOW)
    made.refresh_from_db()
    assert made.ended_at == NOW


# -- pin, gate, maps -------------------------------------------------------------------------------------------------


def test_a_pin_moves_a_little_and_the_promise_with_it():
    made, stop = trip(to_door=True)
    order = stop.job.order
    away = Point(order.lat + (order.lat - made.store.lat), order.lng + (order.lng - made.store.lng) + 1e-3)
    near, far = step_towards(order.point, away, 200), step_towards(order.point, away, 400)
    mine = {"order_id": order.pk, "customer_id": order.customer_id, "actor": "user:1", "now": AT_DOOR}
    with pytest.raises(Exception, match="250 metres"):
        services.move_pin(**mine, to=far)
    with pytest.raises(NoSuchOrder):
        services.move_pin(**{**mine, "customer_id": UserFactory().pk}, to=near)
    moved = services.move_pin(**mine, to=near)
    assert moved.promised_by > order.promised_by
    assert moved.distance_metres == way_metres(made.store, near)
    with pytest.raises(Exception, match="250 metres"):
        services.move_pin(**mine, to=far)  # not step by step either: it counts from where the order was placed
    services.move_pin(order_id=order.pk, to=far, actor="user:9", now=AT_DOOR)
    assert Event.objects.filter(code="orders.PinMoved").count() == 2
    services.arrive(stop_id=stop.pk, rider_id=made.rider_id, now=AT_DOOR)
    services.bring_back(stop_id=stop.pk, rider_id=made.rider_id, why="refused", now=AT_DOOR)
    with pytest.raises(Exception, match="is over"):
        services.move_pin(**mine, to=order.point)


def moved_away(stop, metres, **who):
    """The pin `metres` farther from the store; (the order before, and after)."""
    before = Order.objects.get(pk=stop.job.order_id)
    store = stop.trip.store
    away = Point(2 * before.lat - store.lat, 2 * before.lng - store.lng + 1e-3)
    to = step_towards(before.point, away, metres)
    services.move_pin(order_id=before.pk, to=to, now=AT_DOOR, **who)
    return before, Order.objects.get(pk=before.pk)


def late_by(order, minutes):
    """Delivered so long after what its customer reads; what that is worth."""
    Order.objects.filter(pk=order.pk).update(
        status=Status.DELIVERED, delivered_at=order.promised_by + timedelta(minutes=minutes), rider_at_door_at=None
    )
    return orders.credit_late(order_id=order.pk, now=order.promised_by + timedelta(hours=1))


def test_a_door_the_customer_moved_is_judged_and_planned_by_the_time_they_were_told():
    LateStep.objects.create(from_m=1, of="paise", amount=500, cap_paise=500)
    made, stop = trip()
    DoorPolicy.objects.create(city=made.store.city, pin_metres=3_000)
    customer_id = stop.job.order.customer_id
    before, order = moved_away(stop, 2_000, customer_id=customer_id, actor="user:1")
    longer = order.promised_by - before.promised_by
    assert longer > timedelta(minutes=2) and order.promised_from - before.promised_from == longer
    assert Job.objects.get(pk=stop.job_id).due_at == order.promised_by
    first, agreed = Promise.objects.filter(order=order).order_by("pk")
    assert list(Promise.objects.filter(order=order).judged()) == [agreed, first]
    assert (agreed.made_at, agreed.promised_by, agreed.version) == (first.made_at, order.promised_by, first.version)
    assert agreed.inputs["ride_s"] - first.inputs["ride_s"] == longer.total_seconds()
    assert agreed.shown_key == "" and "shown_to_m" not in agreed.inputs
    _before, again = moved_away(stop, 300, customer_id=customer_id, actor="user:1")
    assert Promise.objects.filter(order=order).judged().first().promised_by == again.promised_by
    assert late_by(again, 0) == 0
    kept = calibration(since=NOW - timedelta(days=1), until=NOW + timedelta(days=1)).all
    assert (kept.orders, kept.kept) == (1, 100)
    assert kept.promised_m == pytest.approx((again.promised_by - first.made_at).total_seconds() / 60)


def test_a_door_that_is_moved_to_and_fro_makes_the_promise_longer_once():
    _made, stop = trip()
    start, customer_id = stop.job.order.point, stop.job.order.customer_id
    who = {"customer_id": customer_id, "actor": "user:1"}
    _before, away = moved_away(stop, 200, **who)
    back = services.move_pin(order_id=away.pk, to=start, now=AT_DOOR, **who)
    again = services.move_pin(order_id=away.pk, to=away.point, now=AT_DOOR, **who)
    assert away.promised_by == back.promised_by == again.promised_by
    assert Promise.objects.filter(order=away).count() == 2


def test_a_door_operations_moved_is_planned_anew_but_the_first_promise_counts_unless_the_customer_asked():
    LateStep.objects.create(from_m=1, of="paise", amount=500, cap_paise=500)
    for asked, worth in ((False, 500), (True, 0)):
        _made, stop = trip(at=make_store(f"BLR-{asked}"))
        _before, order = moved_away(stop, 1_200, actor="user:9", asked=asked)
        assert Job.objects.get(pk=stop.job_id).due_at == order.promised_by
        assert late_by(order, 0) == worth


def test_who_moves_the_door_reads_the_new_time(client):
    _made, stop = trip()
    order = stop.job.order
    path = f"{order.lat + 0.001}, {order.lng + 0.001}"
    client.force_login(UserFactory(roles=["ops"]))
    told = client.post(f"/ops/orders/{order.pk}/pin/", {"place": path, "asked": "1"}, follow=True).content.decode()
    order.refresh_from_db()
    by = timezone.localtime(order.promised_by)
    assert f"The rider sees the new place. It comes by {by:%H:%M}." in told
    assert Promise.objects.filter(order=order).judged().first().promised_by == order.promised_by
    client.force_login(order.customer)
    place = {"lat": order.lat + 0.0005, "lng": order.lng}
    told = client.post(reverse("order-pin", args=[order.pk]), place, follow=True).content.decode()
    order.refresh_from_db()
    by = timezone.localtime(order.promised_by)
    assert f"Your rider sees the new place. It comes by {by:%H:%M}." in told


def test_a_rider_at_the_old_door_rides_on_to_the_new_one_in_the_promise_too():
    """The new door is nearer to the store: from the store it would take no longer."""
    made, stop = trip(to_door=True)
    order, to = stop.job.order, step_towards(stop.job.order.point, made.store.point, 200)
    moved = services.move_pin(order_id=order.pk, to=to, customer_id=order.customer_id, actor="user:1", now=AT_DOOR)
    assert moved.distance_metres < order.distance_metres
    assert moved.promised_by > order.promised_by


def test_the_next_rider_is_led_to_the_gate():
    made, stop = trip(to_door=True)
    door = stop.job.order.point
    gate = Point(door.lat + 0.0009, door.lng)
    with pytest.raises(Exception, match="too far"):
        services.note_gate(stop_id=stop.pk, rider_id=made.rider_id, at=Point(door.lat + 1, door.lng), text="", now=NOW)
    services.note_gate(stop_id=stop.pk, rider_id=made.rider_id, at=gate, text="Gate 2, by the temple", now=NOW)
    facts = queries.trip_of(rider=made.rider, now=NOW)["stops"][0]
    assert facts["gate_note"] == "Gate 2, by the temple"
    assert f"waypoints={gate.lat:.6f},{gate.lng:.6f}" in facts["navigate"]["url"]


def test_navigate_opens_the_riders_own_map_on_any_phone():
    urls = navigation.links(Point(12.9, 77.6), label="BLR 1", vehicle="cycle")
    assert urls["google"] == (
        "https://www.google.com/maps/dir/?api=1&destination=12.900000,77.600000&travelmode=bicycling&dir_action=navigate"
    )
    assert urls["geo"] == "geo:12.900000,77.600000?q=12.900000,77.600000(BLR%201)"
    for maps, agent, begins in (
        ("google", "iPhone", "https://www.google.com/maps/"),
        ("phone", "Linux; Android 14", "geo:"),
        ("phone", "iPhone OS", "https://maps.apple.com/"),
        ("phone", "X11", "https://www.google.com/maps/"),
        ("osm", "Android", "https://www.openstreetmap.org/"),
    ):
        assert navigation.chosen(urls, maps, agent=agent).startswith(begins)


def test_a_rider_chooses_the_map_once(api):
    made, _stop = trip()
    http = api(made.rider.user)
    assert http.put("/api/v1/rider/maps/", {"maps": "osm"}).json() == {"maps": "osm"}
    assert http.put("/api/v1/rider/maps/", {"maps": "paper"}).status_code == 400
    found = http.get("/api/v1/rider/trip/").json()["trip"]
    assert found["navigate"]["url"].startswith("https://www.openstreetmap.org/")


def test_who_cancels_at_the_door_after_all_is_left_nothing_there():
    """The customer said "leave it", then "I don't want it"; the rider has the photo already."""
    made, stop = trip(to_door=True, method="online")
    order = stop.job.order
    services.begin_wait(stop_id=stop.pk, rider_id=made.rider_id, now=AT_DOOR)
    for answer in ("leave_at_door", "cancel"):
        services.answer_door(order_id=order.pk, customer_id=order.customer_id, answer=answer, now=AT_DOOR)
    with pytest.raises(StopGone, match="cancelled at the door"):
        services.deliver(stop_id=stop.pk, rider_id=made.rider_id, photo="doors/1.jpg", now=AT_DOOR)
    assert status(stop) == Status.IN_TRANSIT and not Earning.objects.exists()
    services.deliver(stop_id=stop.pk, rider_id=made.rider_id, otp=order.door_otp, now=AT_DOOR)
    assert status(stop) == Status.DELIVERED, "who gives the code takes it after all"


@pytest.mark.parametrize(
    ("why", "cancelled", "used"),
    [("damaged", False, 0), ("called back", False, 0), ("refused", False, 1), ("damaged", True, 1)],
)
def test_a_promotion_is_given_back_where_the_customer_did_nothing_to_it(why, cancelled, used):
    limited = promotion(max_uses=1)
    made, stop = trip(to_door=True)
    order = stop.job.order
    limited.refresh_from_db()
    assert limited.used_count == 1
    if cancelled:
        services.begin_wait(stop_id=stop.pk, rider_id=made.rider_id, now=AT_DOOR)
        services.answer_door(order_id=order.pk, customer_id=order.customer_id, answer="cancel", now=AT_DOOR)
    for _ in range(2):
        if why == "called back":
            services.call_back(order_id=order.pk, reason="The oil leaks", actor="user:1", now=AT_DOOR)
        else:
            services.bring_back(stop_id=stop.pk, rider_id=made.rider_id, why=why, now=AT_DOOR)
    limited.refresh_from_db()
    assert limited.used_count == used
