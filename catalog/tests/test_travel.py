"""Street distance and time."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from blinkit.kernel.geo import Point, distance_metres, step_towards
from catalog.travel import VEHICLES, street_metres, travel_seconds

A, B = Point(12.9719, 77.6412), Point(12.9550, 77.6250)  # about 2.6 km apart


def at(hour: int) -> datetime:
    return datetime(2026, 11, 20, hour, tzinfo=ZoneInfo("Asia/Kolkata"))


def test_the_street_is_longer_than_the_crow_flies():
    straight = distance_metres(A, B)
    assert 1.35 * straight < street_metres(A, B) == street_metres(B, A) < 1.45 * straight


@pytest.mark.parametrize(("metres", "measured"), [(550, 1.48), (1_150, 1.50), (2_250, 1.43), (4_500, 1.37)])
def test_the_detour_is_near_what_was_measured_on_the_streets(metres, measured):
    there = step_towards(A, B, metres) if metres < 2_000 else Point(A.lat - metres / 111_195, A.lng)
    assert street_metres(A, there) / metres == pytest.approx(measured, abs=0.05)


def test_faster_vehicles_take_less_time_and_no_way_takes_none():
    times = [travel_seconds(A, B, vehicle) for vehicle in sorted(VEHICLES, key=VEHICLES.__getitem__)]
    assert times == sorted(times, reverse=True)
    assert all(travel_seconds(A, A, vehicle) == 0 for vehicle in VEHICLES)


def test_rush_hour_is_slower_and_night_quicker_but_not_on_foot():
    assert travel_seconds(A, B, at=at(18)) > travel_seconds(A, B, at=at(14)) > travel_seconds(A, B, at=at(3))
    assert travel_seconds(A, B, "walk", at=at(18)) == travel_seconds(A, B, "walk")


def test_an_unknown_vehicle_is_a_bug():
    with pytest.raises(ValueError, match="rocket"):
        travel_seconds(A, B, "rocket")
