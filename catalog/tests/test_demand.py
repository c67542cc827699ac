"""Unmet demand: counted per cell, never per person; the waiting list hears once that we are there."""

from datetime import timedelta

import pytest

from blinkit.kernel.geo import Point, distance_metres
from blinkit.kernel.models import Event
from blinkit.kernel.redis_client import client, key
from catalog import services, unmet
from catalog.demand import UnmetDemand
from catalog.errors import NoSuchStore
from catalog.models import Waitlist
from catalog.services import demand
from catalog.tests.factories import NOW, store

pytestmark = pytest.mark.django_db
DELHI = Point(28.6139, 77.2090)
NEXT_DOOR = Point(28.6149, 77.2100)


@pytest.fixture(autouse=True)
def _nothing_counted_yet():
    client().delete(key(demand.COUNTS_KEY))
    yield
    client().delete(key(demand.COUNTS_KEY))


def wait(number: int, point: Point, **more) -> Waitlist:
    return services.join_waitlist(phone=f"98765{number:05}", point=point, now=more.pop("now", NOW), **more)


@pytest.mark.parametrize("point", [DELHI, Point(12.9716, 77.5946), Point(8.5, 76.9), Point(-33.9, 18.4)])
def test_a_cell_is_about_five_hundred_metres_wide_and_contains_its_point(point):
    south, west, north, east = demand.corners_of(*demand.cell_of(point))
    assert south <= point.lat < north
    assert west <= point.lng < east
    assert distance_metres(Point(south, west), Point(north, west)) == pytest.approx(500, abs=5)
    assert distance_metres(Point(south, west), Point(south, east)) == pytest.approx(500, abs=5)


def test_asking_costs_no_write_until_the_counts_are_moved(django_assert_num_queries):
    with django_assert_num_queries(0):
        for _ in range(3):
            services.note_unmet(point=DELHI, now=NOW)
    assert services.flush_unmet(now=NOW) == 1
    assert services.flush_unmet(now=NOW) == 0
    services.note_unmet(point=DELHI, now=NOW)
    services.flush_unmet(now=NOW)
    row = UnmetDemand.objects.get()
    assert (row.day, row.asked) == (NOW.date(), 4)
    assert {field.name for field in UnmetDemand._meta.fields} == {"id", "day", "cell_y", "cell_x", "asked"}


def test_counting_never_fails_when_redis_is_gone(monkeypatch):
    monkeypatch.setattr(demand, "client", lambda: (_ for _ in ()).throw(ConnectionError("gone")))
    services.note_unmet(point=DELHI, now=NOW)
    assert services.flush_unmet(now=NOW) == 0


def test_days_that_are_too_old_are_forgotten():
    UnmetDemand.objects.create(day=(NOW - timedelta(days=401)).date(), cell_y=1, cell_x=1, asked=3)
    services.note_unmet(point=DELHI, now=NOW)
    services.flush_unmet(now=NOW)
    assert UnmetDemand.objects.get().asked == 1


def test_cells_add_up_who_waits_and_who_asked_and_the_sql_agrees_with_the_counter(django_assert_num_queries):
    wait(1, DELHI)
    wait(2, DELHI)
    far = Point(19.0760, 72.8777)
    wait(3, far)
    for _ in range(4):
        services.note_unmet(point=DELHI, now=NOW)
    services.flush_unmet(now=NOW)
    with django_assert_num_queries(1):
        first, second = unmet.unmet_cells(now=NOW, days=30)
    assert (first.y, first.x) == demand.cell_of(DELHI)
    assert (first.waiting, first.asked, first.weight) == (2, 4, 2 * unmet.WAIT_COUNTS + 4)
    assert (second.y, second.x) == demand.cell_of(far)
    assert (second.waiting, second.asked) == (1, 0)


def test_only_the_days_asked_for_count():
    wait(1, DELHI, now=NOW - timedelta(days=40))
    assert unmet.unmet_cells(now=NOW, days=30) == []
    assert len(unmet.unmet_cells(now=NOW, days=90)) == 1


def test_people_a_store_now_serves_hear_it_once_and_others_do_not():
    inside, outside = wait(1, Point(12.95, 77.62)), wait(2, DELHI)
    place = store()
    assert services.waiting_in(place) == 1
    assert [(one.code, n) for one, n in unmet.covered_now()] == [(place.code, 1)]
    assert services.tell_waiting(store_id=place.pk, actor="user:1", now=NOW) == 1
    assert services.tell_waiting(store_id=place.pk, actor="user:1", now=NOW) == 0
    inside.refresh_from_db()
    outside.refresh_from_db()
    assert (inside.told_at, outside.told_at) == (NOW, None)
    event = Event.objects.get(code="catalog.WeAreHere")
    assert event.payload == {"waitlist_id": inside.pk, "store_code": place.code}  # no phone in the log
    assert unmet.covered_now() == []


def test_somebody_in_the_box_but_not_in_the_area_is_not_told():
    triangle = [[77.60, 12.93], [77.65, 12.93], [77.60, 12.98]]
    wait(1, Point(12.975, 77.645))
    place = store(area=triangle, lat=12.94, lng=77.61)
    assert services.waiting_in(place) == 0
    assert services.tell_waiting(store_id=place.pk, actor="user:1", now=NOW) == 0


def test_who_puts_themself_on_the_list_again_waits_again():
    wait(1, Point(12.95, 77.62))
    place = store()
    services.tell_waiting(store_id=place.pk, actor="user:1", now=NOW)
    wait(1, DELHI)
    assert Waitlist.objects.get().told_at is None


def test_a_store_that_is_switched_off_tells_nobody():
    place = store(is_active=False)
    with pytest.raises(NoSuchStore):
        services.tell_waiting(store_id=place.pk, actor="user:1", now=NOW)


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_tell_everybody_once(race):
    for number in range(6):
        wait(number, Point(12.95, 77.62))
    place = store()
    counts = race(4, lambda: services.tell_waiting(store_id=place.pk, actor="user:1", now=NOW))
    assert sum(counts) == 6
    assert Event.objects.filter(code="catalog.WeAreHere").count() == 6
