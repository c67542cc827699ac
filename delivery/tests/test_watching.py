"""Trips that go differently, and the rules that put them right."""

from datetime import timedelta

import pytest

from blinkit.kernel import live
from blinkit.kernel.geo import Point
from blinkit.kernel.models import Event
from catalog.tests.factories import NOW, store
from delivery import queries, services
from delivery.errors import NotThere
from delivery.models import DispatchPolicy, Job, JobState, Offer, Rider, Stop, StopState, Trip
from delivery.services import positions
from delivery.tests.factories import offered, packed, rider, trip, waiting_job
from delivery.tests.test_between import bundle
from orders.models import Order

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def on_the_way():
    """A rider three streets away who has accepted and is coming for bags that are packed."""
    made, stop = trip()
    return made, stop


def alive(now, **at):
    Rider.objects.update(seen_at=now, **at)


def stands(made, lat, lng):
    at_ms = round(NOW.timestamp() * 1000)
    live.remember(f"rider-at:{made.rider_id}", {"lat": lat, "lng": lng, "at": at_ms}, ttl_s=60)


def test_a_silent_rider_loses_what_is_not_picked_up():
    made, stop = on_the_way()
    other = rider(made.store)
    assert services.watch_trips(now=NOW + 2 * MINUTE) == 0
    assert services.watch_trips(now=NOW + 4 * MINUTE) == 1
    stop.refresh_from_db()
    assert (stop.state, stop.fail_reason) == (StopState.DROPPED, "The rider's phone fell silent")
    assert Trip.objects.get().ended_at == NOW + 4 * MINUTE
    assert Order.objects.get().rider_id_ref is None
    told = queries.rider_state(rider=made.rider, now=NOW + 4 * MINUTE)["notice"]
    assert told == f"{stop.job.order.number}: Your phone could not be heard, so somebody else fetches it."
    Rider.objects.filter(pk=other.pk).update(seen_at=NOW + 4 * MINUTE)
    assert offered(stop.job, now=NOW + 4 * MINUTE).rider_id == other.pk


def test_bags_in_hand_are_never_taken_away_but_operations_are_told_once():
    _made, stop = trip(to_door=True)
    for minutes in (10, 11):
        assert services.watch_trips(now=NOW + minutes * MINUTE) == 0
    stop.refresh_from_db()
    assert stop.state == StopState.ON_BOARD
    assert Event.objects.filter(code="delivery.TripInTrouble").count() == 1
    assert Trip.objects.get().trouble == "silent"
    alive(NOW + 12 * MINUTE)
    services.watch_trips(now=NOW + 12 * MINUTE)
    assert Trip.objects.get().trouble == "", "heard of again"


def rides(made, now, lat, lng=None):
    """The phone tells where the rider is; the sweep looks."""
    point = Point(lat, made.store.lng if lng is None else lng)
    alive(now)
    services.report_positions(rider_id=made.rider_id, fixes=[services.Fix(point, now, 5.0)], now=now)
    return services.watch_trips(now=now)


def test_who_comes_no_nearer_to_the_store_loses_it_and_who_does_keeps_it():
    made, stop = on_the_way()
    place = made.store
    for minute in range(8):
        assert rides(made, NOW + minute * MINUTE, place.lat + 0.02 - minute * 0.002) == 0
    for minute in range(8, 12):  # rides off again
        assert rides(made, NOW + minute * MINUTE, place.lat + 0.006 + (minute - 7) * 0.004) == 0
    assert rides(made, NOW + 12 * MINUTE, place.lat + 0.03) == 1
    stop.refresh_from_db()
    assert stop.fail_reason == "The rider did not come nearer"
    assert "Your phone came no nearer" in queries.rider_state(rider=made.rider, now=NOW + 12 * MINUTE)["notice"]


def test_who_stands_about_on_the_way_loses_it_by_what_the_map_knows():
    made, stop = on_the_way()
    for seconds in range(0, 270, 30):
        wobble = 0.0001 if seconds % 60 else 0
        assert rides(made, NOW + timedelta(seconds=seconds), made.store.lat + 0.01 + wobble) == 0
    told = services.progress_of(made.rider_id, now=NOW + 4 * MINUTE)
    assert (told.goal, told.nearer_at) == (positions.BACK_TO_STORE, NOW)
    assert services.watch_trips(now=told.nearer_at + timedelta(seconds=241)) == 1
    assert Stop.objects.get(pk=stop.pk).state == StopState.DROPPED


def test_a_phone_that_tells_no_place_since_the_next_door_began_is_not_judged_by_the_last_door():
    """Two doors: at the first one the rider stood for five minutes, then rides to the second."""
    made, stop = trip(to_door=True)
    door = stop.job.order.point
    for minute in range(2, 8):
        assert rides(made, NOW + minute * MINUTE, door.lat, door.lng) == 0
    second = waiting_job(at=made.store)
    Order.objects.filter(pk=second.order_id).update(lat=door.lat + 0.02, lng=door.lng)
    Stop.objects.create(trip=made, job=second, rank=2, state=StopState.ON_BOARD, picked_up_at=NOW)
    Stop.objects.filter(pk=stop.pk).update(state=StopState.DELIVERED, done_at=NOW + 8 * MINUTE)
    alive(NOW + 8 * MINUTE)
    services.watch_trips(now=NOW + 8 * MINUTE)
    assert Trip.objects.get().trouble == ""
    alive(NOW + 12 * MINUTE)
    services.watch_trips(now=NOW + 12 * MINUTE)
    assert Trip.objects.get().trouble == "off_route"


def test_waiting_at_the_store_is_no_standing_still():
    made, _stop = on_the_way()
    services.arrive_at_store(rider_id=made.rider_id, now=NOW)
    for minute in range(8):
        alive(NOW + minute * MINUTE, lat=made.store.lat, lng=made.store.lng)
        assert services.watch_trips(now=NOW + minute * MINUTE) == 0
    assert Trip.objects.get().ended_at is None


def test_who_waits_for_bags_far_from_ready_takes_others_that_stand_there():
    job = waiting_job()
    who = rider(job.store)
    services.accept(offer_id=offered(job).pk, rider_id=who.pk, now=NOW)
    services.arrive_at_store(rider_id=who.pk, now=NOW)
    DispatchPolicy.objects.create(city=job.store.city, store_delay_s=60, most_jobs=1)
    assert services.watch_trips(now=NOW) == 0, "nothing else stands there"
    ready = waiting_job(at=job.store)
    packed(ready.order)
    services.bags_ready(order_id=ready.order_id, bags=2, now=NOW)
    assert services.watch_trips(now=NOW) == 1
    assert Job.objects.get(pk=job.pk).state == JobState.SEEKING
    assert Job.objects.get(pk=job.pk).declined_by == [], "it is not the rider's no"
    Rider.objects.update(lat=job.store.lat, lng=job.store.lng)
    Job.objects.update(due_at=NOW + 30 * MINUTE)
    services.dispatch_round(now=NOW)
    assert Offer.objects.get(state="open").offered.get().job_id == ready.pk


def test_nobody_is_taken_off_bags_that_are_nearly_ready():
    job = waiting_job()
    who = rider(job.store)
    services.accept(offer_id=offered(job).pk, rider_id=who.pk, now=NOW)
    services.arrive_at_store(rider_id=who.pk, now=NOW)
    ready = waiting_job(at=job.store)
    packed(ready.order)
    packed(job.order)
    DispatchPolicy.objects.create(city=job.store.city, store_delay_s=0)
    assert services.watch_trips(now=NOW) == 0


def test_at_the_wrong_store_the_rider_is_told_where_the_bags_are():
    made, _stop = on_the_way()
    other = store(code="BLR-W", lat=made.store.lat + 0.02)
    stands(made, other.lat, other.lng)
    with pytest.raises(NotThere, match=f"You are at {other.name}. The bags are at {made.store.name}"):
        services.arrive_at_store(rider_id=made.rider_id, now=NOW)
    stands(made, 12.0, 77.0)
    with pytest.raises(NotThere, match="m away"):
        services.arrive_at_store(rider_id=made.rider_id, now=NOW)
    services.arrive_at_store(rider_id=made.rider_id, now=NOW, sure=True)
    assert Trip.objects.get().at_store_at == NOW


def test_an_old_position_proves_nothing():
    made, _stop = on_the_way()
    stands(made, 12.0, 77.0)
    assert services.arrive_at_store(rider_id=made.rider_id, now=NOW + 2 * MINUTE).at_store_at == NOW + 2 * MINUTE


def test_looking_at_many_trips_takes_as_many_statements_as_at_one(django_assert_num_queries):
    first, _ = trip()
    for _ in range(3):
        job = waiting_job(at=first.store)
        services.assign_by_hand(order_id=job.order_id, rider_id=rider(first.store).pk, actor="user:1", now=NOW)
    services.watch_trips(now=NOW)
    with django_assert_num_queries(3):  # trips, their stops, and the places of riders Redis does not know
        services.watch_trips(now=NOW)
    assert Stop.objects.filter(state=StopState.TO_PICK_UP).count() == 4


def test_the_event_tells_how_many_orders_are_with_the_rider_and_comes_first_once():
    made, stops = bundle(picked_up=True)
    services.watch_trips(now=NOW + 10 * MINUTE)
    told = Event.objects.filter(code="delivery.TripInTrouble").order_by("pk").values_list("payload", flat=True)
    assert [(it["rank"], it["on_board"]) for it in told] == [(1, 2), (2, 2)]
    assert made.pk and len(stops) == 2
