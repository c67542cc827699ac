"""Stores, doors and people of the demo city fit together."""

from __future__ import annotations

from collections import Counter

from accounts.phones import normalise
from blinkit import demo
from blinkit.demo import people
from blinkit.demo.places import STORES, bins, doors
from blinkit.kernel.geo import Point, contains, distance_metres


def test_each_store_stands_in_its_own_area_only():
    for store in STORES:
        assert [s.code for s in STORES if contains(s.area, Point(store.lat, store.lng))] == [store.code]


def test_areas_touch_and_do_not_overlap():
    shared = Counter(tuple(corner) for store in STORES for corner in {tuple(c) for c in store.area})
    assert shared[(77.6190, 12.9560)] == 3
    south, north, west, east = 12.925, 12.99, 77.575, 77.65
    for i in range(60):
        for j in range(60):
            p = Point(south + (north - south) * (i + 0.5) / 60, west + (east - west) * (j + 0.5) / 60)
            assert sum(contains(store.area, p) for store in STORES) <= 1


def test_areas_are_closed_rings_of_ten_to_fourteen_corners_inside_the_demo_box():
    for store in STORES:
        assert store.area[0] == store.area[-1] and 10 <= len(store.area) - 1 <= 14
        assert all(77.575 <= lng <= 77.65 and 12.925 <= lat <= 12.99 for lng, lat in store.area)


def test_fifty_front_doors_are_each_served_by_their_store_and_near_enough():
    assert len(doors()) == 50
    by_code = {store.code: store for store in STORES}
    for door in doors():
        at = Point(door.lat, door.lng)
        assert [s.code for s in STORES if contains(s.area, at)] == [door.store], door
        assert distance_metres(at, Point(by_code[door.store].lat, by_code[door.store].lng)) < 3_000, door
        assert door.instructions


def test_bins_have_codes_of_their_own_and_the_walk_ends_in_the_cold():
    layout = list(bins())
    assert 60 <= len(layout) <= 90
    assert len({b.code for b in layout}) == len(layout)
    assert [b.sequence for b in layout] == sorted(b.sequence for b in layout)
    assert list(dict.fromkeys(b.zone for b in layout)) == ["ambient", "produce", "chilled", "frozen"]


def test_everybody_is_there_with_a_phone_of_their_own_from_the_made_up_block():
    roles = Counter(person.role for person in people.everybody())
    assert roles == {"customer": 50, "rider": 24, "picker": 9, "store_manager": 3, "ops": 2, "admin": 1}
    phones = [person.phone for person in people.everybody()]
    assert len(set(phones)) == len(phones)
    assert all(phone == normalise(phone) and phone.startswith("+9199000") for phone in phones)


def test_sign_ins_name_one_person_per_role():
    rows = demo.sign_ins()
    assert [row[0] for row in rows] == ["Customer", "Picker", "Store manager", "Rider", "Operations", "Administrator"]
    assert {row[1] for row in rows} <= {person.phone for person in people.everybody()}
