"""Which store serves a place, when it is open, and how it says that it is busy."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from accounts.errors import BadPhone
from blinkit.kernel.errors import Invalid
from blinkit.kernel.events import timeline
from blinkit.kernel.geo import Point
from catalog import hours, queries, services
from catalog.errors import BadArea, NoSuchStore
from catalog.models import FeePolicy, StoreLoad, StoreMode, Waitlist
from catalog.pricing import FeeRules
from catalog.tests.factories import NOW, CityFactory, store

pytestmark = pytest.mark.django_db
IST = ZoneInfo("Asia/Kolkata")


def codes(lat: float, lng: float) -> list[str]:
    return [found.code for found in queries.stores_for(Point(lat, lng))]


def test_stores_that_serve_a_point_come_nearest_first():
    store("FAR", lat=12.935, lng=77.605)
    store("NEAR", lat=12.975, lng=77.645)
    assert codes(12.974, 77.644) == ["NEAR", "FAR"]


def test_outside_the_box_in_the_box_but_outside_the_area_and_inside():
    store("L", area=[[77.60, 12.93], [77.65, 12.93], [77.65, 12.94], [77.61, 12.94], [77.61, 12.98], [77.60, 12.98]])
    assert codes(12.935, 77.64) == ["L"]
    assert codes(12.97, 77.605) == ["L"]
    assert codes(12.97, 77.64) == []  # in the hollow of the L
    assert codes(13.5, 77.60) == []


def test_on_the_border_of_two_areas_exactly_one_store_serves():
    store("WEST", area=[[77.60, 12.93], [77.62, 12.93], [77.62, 12.98], [77.60, 12.98]])
    store("EAST", area=[[77.62, 12.93], [77.65, 12.93], [77.65, 12.98], [77.62, 12.98]])
    assert len(codes(12.95, 77.62)) == 1


def test_a_closed_down_store_serves_nobody():
    store(is_active=False)
    assert codes(12.955, 77.625) == []
    with pytest.raises(NoSuchStore):
        queries.store_by_code("BLR-T")


def test_city_load_and_fees_come_with_the_one_statement(django_assert_num_queries):
    made = store()
    FeePolicy.objects.create(city=made.city, delivery_paise=3000)
    services.write_store_load(store_id=made.pk, now=NOW, open_orders=4, riders_idle=2)
    with django_assert_num_queries(1):
        (found,) = queries.stores_for(Point(12.955, 77.625))
        assert (found.city.name, found.load.open_orders, found.load.riders_idle) == ("Bengaluru", 4, 2)
        assert queries.fee_policy(found).delivery_paise == 3000
        assert queries.is_open(found, now=NOW)
    assert found.area == made.area and found == made


def test_a_store_without_a_load_row_is_not_busy():
    made = store()
    StoreLoad.objects.all().delete()
    assert queries.store_by_id(made.pk).load.open_orders == 0


def test_the_stores_own_fees_win_over_the_citys_and_both_over_the_defaults():
    made = store()
    for read in (lambda: made, lambda: queries.store_by_code("BLR-T")):
        FeePolicy.objects.all().delete()
        assert queries.fee_policy(read()) == FeeRules()
        FeePolicy.objects.create(city=made.city, handling_paise=700)
        assert queries.fee_policy(read()).handling_paise == 700
        FeePolicy.objects.create(store=made, handling_paise=900)
        assert queries.fee_policy(read()).handling_paise == 900


def test_the_plain_defaults_and_the_tables_defaults_are_the_same():
    assert queries.fee_rules(FeePolicy()) == FeeRules()


def at(hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 11, 20, hour, minute, second, tzinfo=IST).astimezone(UTC)


@pytest.mark.parametrize(
    ("opens", "closes", "now", "open_then"),
    [
        (time(6), time(23), at(5, 59, 59), False),
        (time(6), time(23), at(6), True),
        (time(6), time(23), at(22, 59, 59), True),
        (time(6), time(23), at(23), False),
        (time(6), time(1), at(0, 30), True),  # past midnight
        (time(6), time(1), at(1), False),
        (time(6), time(1), at(5), False),
        (time(0), time(0), at(3), True),  # round the clock
    ],
)
def test_opening_hours(opens, closes, now, open_then):
    assert hours.is_open(opens=opens, closes=closes, timezone="Asia/Kolkata", now=now) is open_then


@pytest.mark.parametrize(
    ("now", "expected"),
    [(at(5), at(6)), (at(7), at(7)), (at(23, 30), at(6) + timedelta(days=1)), (at(1), at(6))],
)
def test_next_opening(now, expected):
    assert hours.next_opening(opens=time(6), closes=time(23), timezone="Asia/Kolkata", now=now) == expected


@pytest.mark.parametrize(
    "area", [[], [[77.6, 12.9]], [[77.6, 12.9], [77.7, 12.9], [77.6, 12.9]], [["a", "b"]] * 3, "x", None,
             [[77.6, 12.9], [77.7, 12.9], [77.6, 99]], [[77.6, 12.9], [77.7, 12.9], [77.6, float("nan")]]],
)  # fmt: skip
def test_an_area_that_is_none_is_refused(area):
    with pytest.raises(BadArea):
        store(area=area)


def test_saving_a_store_again_moves_its_box():
    store()
    store(area=[[77.0, 12.0], [77.1, 12.0], [77.1, 12.1]])
    assert codes(12.955, 77.625) == []
    assert codes(12.02, 77.08) == ["BLR-T"]


def test_a_pause_needs_a_reason_and_an_end_and_is_recorded_once():
    made = store()
    until = NOW + timedelta(hours=1)
    for wrong in (
        {"reason": ""},
        {"until": None},
        {"until": NOW},
        {"until": NOW + timedelta(days=2)},
        {"mode": "shut"},
    ):
        asked = {"mode": "paused", "reason": "Rain", "until": until} | wrong
        with pytest.raises(Invalid):
            services.set_store_mode(store_id=made.pk, actor="user:1", now=NOW, **asked)
    for _ in range(2):
        services.set_store_mode(store_id=made.pk, mode="paused", reason="Rain", until=until, actor="user:1", now=NOW)
    (row,) = timeline("store:BLR-T")
    assert (row.code, row.actor, row.payload["new"]) == ("catalog.StoreModeChanged", "user:1", "paused")
    found = queries.store_by_code("BLR-T")
    assert queries.current_mode(found, now=NOW) == StoreMode.PAUSED
    assert queries.current_mode(found, now=until) == StoreMode.OPEN  # it is over by itself
    services.set_store_mode(store_id=made.pk, mode="open", actor="user:1", now=NOW)
    assert queries.current_mode(queries.store_by_code("BLR-T"), now=NOW) == StoreMode.OPEN


def test_load_facts_are_written_by_each_in_one_statement_and_kept(django_assert_num_queries):
    made = store()
    with django_assert_num_queries(1):
        services.write_store_load(store_id=made.pk, now=NOW, open_orders=3, pickers_on=2)
    services.write_store_load(store_id=made.pk, now=NOW, riders_idle=5, pick_backlog_s=-4)
    load = StoreLoad.objects.get(store=made)
    assert (load.open_orders, load.pickers_on, load.riders_idle, load.pick_backlog_s) == (3, 2, 5, 0)
    with pytest.raises(TypeError, match="happiness"):
        services.write_store_load(store_id=made.pk, now=NOW, happiness=1)


def test_one_phone_waits_once_and_the_latest_place_counts():
    for lat in (13.0, 13.1):
        services.join_waitlist(phone="+919900000001", point=Point(lat, 77.5), now=NOW)
    assert Waitlist.objects.get().lat == 13.1


def test_cities_keep_their_clock():
    assert store().city == CityFactory()


@pytest.mark.parametrize("phone", ["", "12345", "+4915112345678", "9" * 40])
def test_only_a_phone_we_can_call_joins_the_waitlist(phone):
    with pytest.raises(BadPhone):
        services.join_waitlist(phone=phone, point=Point(12.9, 77.5), now=NOW)
    services.join_waitlist(phone="099000 00001", point=Point(12.9, 77.5), now=NOW)
    assert Waitlist.objects.get().phone == "+919900000001"
