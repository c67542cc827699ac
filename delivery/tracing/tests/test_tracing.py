"""Positions without Django: what is believed, how far along the way it is, who may see it."""

import json

import pytest

from catalog.travel import Line
from delivery.tracing import CITY, DEMO, Cleaner, Door, Leg, Seen, advance, line_shown_to, shown_to
from delivery.tracing.noise import HOME, PHONES, START_MS, Phone, measure
from delivery.tracing.plane import apart, moved


def east(metres, north=0.0):
    return moved(*HOME, north, metres)


def riding(cleaner, *, until_s=30, every_s=3, speed=7.0):
    """A straight ride east with a perfect phone; the last mark."""
    mark = None
    for second in range(0, until_s + 1, every_s):
        mark = cleaner.take(*east(speed * second), START_MS + second * 1000, 5.0)
    return mark


# -- cleaning


def test_the_error_of_a_usual_phone_falls_by_two_thirds_and_parked_riders_stay():
    errors = measure(PHONES["usual"], rides=12)
    assert errors.clean_m < errors.raw_m / 2.5
    assert errors.worst_clean_m < errors.worst_raw_m / 2.5
    assert errors.clean_standing_m < errors.raw_standing_m / 3
    assert errors.raw_ridden > 1.8
    assert errors.clean_ridden < 1.2


def test_without_reflections_cleaning_still_makes_no_ride_worse():
    errors = measure(PHONES["no reflections"], rides=12)
    assert errors.clean_moving_m < errors.raw_moving_m
    assert errors.clean_standing_m < errors.raw_standing_m * 0.9


def test_a_steady_ride_is_shown_where_it_is_not_where_it_was():
    mark = riding(Cleaner())
    assert apart(mark.lat, mark.lng, *east(210)) < 1.0
    assert mark.speed_mps == pytest.approx(7.0, abs=0.3)
    quick = measure(Phone(white_m=0.5, wander_m=0.5, reflections=0.0), rides=4)
    assert quick.clean_moving_m < 2.5  # corners and starts included: a second's delay alone would be 7 m


def test_a_reflection_is_dropped_and_the_next_good_report_counts():
    cleaner = Cleaner()
    riding(cleaner)
    assert cleaner.take(*east(215, north=170), START_MS + 33_000, 9.0) is None
    assert cleaner.take(*east(252), START_MS + 36_000, 5.0) is not None


def test_nobody_rides_faster_than_the_fastest_vehicle_but_a_demo_city_does():
    for limits, believed in ((CITY, False), (DEMO, True)):
        cleaner = Cleaner(limits)
        cleaner.take(*HOME, START_MS, 5.0)
        assert (cleaner.take(*east(900), START_MS + 5_000, 5.0) is not None) is believed


def test_out_of_a_tunnel_three_reports_that_agree_are_the_truth():
    cleaner = Cleaner()
    riding(cleaner)
    said = [cleaner.take(*east(2_500 + 7 * s), START_MS + 33_000 + s * 1000, 8.0) for s in (0, 3, 6)]
    assert said[:2] == [None, None]
    assert apart(said[2].lat, said[2].lng, *east(2_542)) < 1.0


def test_who_turns_round_is_believed_at_once():
    cleaner = Cleaner()
    riding(cleaner)
    back = [cleaner.take(*east(210 - 7 * s), START_MS + (30 + s) * 1000, 5.0) for s in range(3, 31, 3)]
    assert None not in back
    assert apart(back[-1].lat, back[-1].lng, *HOME) < 3


def test_reports_that_do_not_agree_with_each_other_never_win():
    cleaner = Cleaner()
    riding(cleaner)
    for number in range(12):
        side = 3_000 if number % 2 else -3_000
        assert cleaner.take(*east(210, north=side), START_MS + 33_000 + number * 3_000, 8.0) is None


def test_a_parked_scooter_does_not_wander_and_leaves_at_once():
    cleaner = Cleaner()
    places = [(0, 0), (6, -4), (-5, 5), (4, 6), (-6, -3), (5, 2), (0, -5)]
    marks = [cleaner.take(*east(e, n), START_MS + i * 4_000, 10.0) for i, (e, n) in enumerate(places)]
    assert [mark.still for mark in marks[3:]] == [True] * 4
    assert sum(mark.metres for mark in marks[3:]) == 0
    assert max(apart(m.lat, m.lng, *HOME) for m in marks[3:]) < 4
    away = cleaner.take(*east(30), START_MS + 28_000, 5.0)
    assert not away.still
    assert apart(away.lat, away.lng, *east(30)) < 12


@pytest.mark.parametrize(
    ("at_s", "accuracy"), [(30, 5.0), (10, 5.0), (33, 201.0)], ids=["the same instant", "older", "too vague"]
)
def test_reports_that_tell_nothing_are_dropped(at_s, accuracy):
    cleaner = Cleaner()
    riding(cleaner)
    assert cleaner.take(*east(231), START_MS + at_s * 1000, accuracy) is None


def test_after_a_long_silence_any_place_is_possible():
    cleaner = Cleaner()
    riding(cleaner)
    assert cleaner.take(*east(9_000), START_MS + 340_000, 5.0) is not None


def test_a_track_goes_on_from_its_json():
    one = Cleaner()
    riding(one)
    other = Cleaner(state=json.loads(json.dumps(one.state())))
    later = (*east(231), START_MS + 33_000, 5.0)
    a, b = one.take(*later), other.take(*later)
    assert (a.lat, a.lng, a.still) == (b.lat, b.lng, b.still)


# -- progress

DOOR = east(1_000)
LEG = Leg("stop-1", *DOOR)


def ride(leg, places, *, every_s=3, state=None, start_ms=START_MS, metres_of=lambda straight: straight):
    told = []
    for number, place in enumerate(places):
        progress, state = advance(state, leg, *place, start_ms + number * every_s * 1000, metres_of)
        state = json.loads(json.dumps(state))
        told.append(progress)
    return told


def test_progress_goes_from_nothing_to_all_and_never_back_for_noise():
    wobble = [0, 8, -5, 12, -9, 4]
    told = ride(LEG, [east(20 * i + wobble[i % 6]) for i in range(51)])
    fractions = [p.fraction for p in told]
    assert fractions == sorted(fractions)
    assert (fractions[0], round(fractions[-1], 1)) == (0.0, 1.0)
    assert told[-1].off_route_since_ms is None


def test_who_really_turns_back_goes_back_and_is_off_the_route_since_then():
    out = [east(21 * i) for i in range(20)]
    back = [east(399 - 21 * i) for i in range(1, 20)]
    told = ride(LEG, out + back)
    assert told[22].fraction == told[19].fraction  # 60 m are no turning back yet
    assert told[-1].fraction < 0.1
    assert told[24].off_route_since_ms is None
    assert told[-1].off_route_since_ms == START_MS + 19 * 3_000
    again = ride(LEG, out + back + [east(21 * i) for i in range(1, 20)])
    assert again[-1].off_route_since_ms is None


def test_the_next_stop_begins_at_nothing():
    first, state = advance(None, LEG, *east(900), START_MS, float)
    _, state = advance(state, LEG, *east(1_000), START_MS + 30_000, float)
    next_one, _ = advance(state, Leg("stop-2", *east(3_000)), *east(1_000), START_MS + 60_000, float)
    assert (first.fraction, next_one.fraction, next_one.left_metres) == (0.0, 0.0, pytest.approx(2_000, abs=1))


def test_on_a_known_route_the_way_is_along_it_and_beside_it_is_off_it():
    corner = east(0, north=1_000)
    leg = Leg("stop-1", *east(1_000, north=1_000), line=Line([HOME, corner, east(1_000, north=1_000)]))
    north = ride(leg, [east(0, north=100 * i) for i in range(11)], every_s=15)
    assert [round(p.left_metres, -1) for p in north] == [2_000 - 100 * i for i in range(11)]
    assert north[5].fraction == pytest.approx(0.25, abs=0.01)
    strayed = ride(leg, [HOME, *[east(-150 - 2 * i, north=100 * i) for i in range(1, 6)]], every_s=15)
    assert strayed[-1].off_route_since_ms == START_MS + 15_000


STREET = Line([HOME, east(0, north=1_000), east(1_000, north=1_000)])
ROAD = Leg("stop-1", *east(1_000, north=1_000), line=STREET, origin=HOME)


def test_on_the_line_one_is_where_it_was_left_for_the_width_of_a_street_and_beside_it_further_away():
    wobble = [0, 22, -30, 12, -8, 38]
    told = ride(ROAD, [east(wobble[n % 6], north=60 * n) for n in range(15)], every_s=8)
    assert [round(p.along, -1) for p in told] == [60 * n for n in range(15)]
    assert apart(*STREET.place(told[5].along), *east(0, north=300)) < 2
    beside = ride(ROAD, [east(-45, north=300)])[-1]
    assert (beside.along, beside.off_route_since_ms) == (None, None)
    assert beside.left_metres == pytest.approx(1_700, abs=2)


def test_who_takes_another_street_wants_the_line_from_there_and_is_not_off_the_route():
    """The new line is as long as the way really is: coming nearer on it, nobody is lost."""
    state = None
    for n in range(1, 9):
        _, state = advance(state, ROAD, *east(-80, north=40 * n), START_MS + n * 5_000, float)
    assert apart(*state["from"], *east(-80, north=280)) < 10 and state["before"] == HOME
    here = state["from"]
    anew = Leg(ROAD.name, ROAD.lat, ROAD.lng, line=Line([here, east(-80, north=1_050), (ROAD.lat, ROAD.lng)]))
    state = json.loads(json.dumps(state))
    progress = None
    for n in range(9, 26):
        progress, state = advance(state, anew, *east(-80, north=40 * n), START_MS + n * 5_000, float)
    assert progress.along is not None and progress.off_route_since_ms is None
    assert state["from"] == list(here)


def test_one_wrong_report_and_the_yard_of_the_goal_are_no_other_street():
    state = None
    for n in range(1, 9):
        aside = -150 if n == 4 else 0
        _, state = advance(state, ROAD, *east(aside, north=40 * n), START_MS + n * 5_000, float)
    for n in range(9, 20):  # the line ends in the street, the door is a hundred metres from there
        _, state = advance(state, ROAD, *east(1_000, north=1_100), START_MS + n * 5_000, float)
    assert "from" not in state and state["off"] == 0


def test_a_line_that_comes_later_or_goes_changes_the_measure_and_not_the_way():
    """The street model thought the way was 1,400 m long; it is 2,000 m. Nobody has ridden back."""
    bare = Leg(ROAD.name, ROAD.lat, ROAD.lng)
    places = [east(0, north=20 * n) for n in range(40)]
    told, state = [], None
    for n, place in enumerate(places):
        leg = ROAD if 10 <= n < 30 else bare
        progress, state = advance(state, leg, *place, START_MS + n * 5_000, float)
        told.append(progress)
    assert told[9].left_metres < 1_400 and told[10].left_metres == pytest.approx(1_800, abs=2)
    assert [p.off_route_since_ms for p in told] == [None] * 40
    assert [p.fraction for p in told[10:30]] == sorted(p.fraction for p in told[10:30])
    assert 0.05 < told[10].fraction < told[9].fraction + 0.02, "what is ridden stays ridden"
    assert told[30].left_metres < 1_200 and told[10].along and told[30].along is None


def test_who_rides_away_is_off_the_route_however_often_the_line_is_drawn_anew():
    state, line = None, STREET
    for n in range(1, 30):
        leg = Leg(ROAD.name, ROAD.lat, ROAD.lng, line=line)
        place = east(0, north=50 * n) if n < 6 else east(-50 * (n - 5), north=250)
        progress, state = advance(state, leg, *place, START_MS + n * 5_000, float)
        if "from" in state:
            line = Line([state["from"], east(0, north=250), *STREET.places[1:]])  # turn round, says the router
        if progress.off_route_since_ms:
            break
    assert line is not STREET
    assert progress.off_route_since_ms == START_MS + 5 * 5_000 and n < 20


# -- privacy

FIRST, SECOND, THIRD = Door("a", *east(1_000)), Door("b", *east(3_000)), Door("c", *east(3_000, north=2_000))


def test_ones_own_door_comes_first_everything_is_shown():
    assert shown_to("a", [FIRST, SECOND], *east(990)) == Seen(*east(990), rough=False)


def test_while_somebody_elses_door_comes_first_only_blocks_are_told_and_nothing_near_it():
    seen = shown_to("b", [FIRST, SECOND], *east(500, north=33))
    assert seen.rough
    assert 5 < apart(seen.lat, seen.lng, *east(500, north=33)) < 160
    near = [shown_to("b", [FIRST, SECOND], *east(metres)) for metres in range(720, 1_290, 30)]
    assert near == [None] * len(near)
    assert shown_to("b", [FIRST, SECOND], *east(1_320)).rough


def test_a_door_just_served_stays_hidden_until_the_rider_has_left_it():
    served = Door("a", FIRST.lat, FIRST.lng, served=True)
    assert shown_to("b", [served, SECOND], *east(1_050)) is None
    assert shown_to("b", [served, SECOND], *east(1_150)) == Seen(*east(1_150), rough=False)


def test_who_is_not_on_this_trip_or_was_served_sees_nothing():
    served = Door("a", FIRST.lat, FIRST.lng, served=True)
    assert shown_to("a", [served, SECOND], *east(2_000)) is None
    assert shown_to("stranger", [FIRST, SECOND], *east(2_000)) is None


def test_later_doors_and_neighbours_of_one_house_hide_nothing():
    assert shown_to("b", [SECOND, THIRD], THIRD.lat, THIRD.lng) == Seen(THIRD.lat, THIRD.lng, rough=False)
    neighbour = Door("z", SECOND.lat, SECOND.lng)
    assert not shown_to("b", [neighbour, SECOND], *east(2_900)).rough


def test_the_line_is_that_of_the_last_leg_and_begins_behind_the_door_before():
    line = Line([east(1_000), east(1_000, north=300), east(3_000, north=300), east(3_000)])
    assert line_shown_to("b", [FIRST, SECOND], line) is None  # somebody else comes first
    served = Door("a", FIRST.lat, FIRST.lng, served=True)
    shown, cut = line_shown_to("b", [served, SECOND, THIRD], line)
    assert cut == 150
    assert min(apart(*place, FIRST.lat, FIRST.lng) for place in shown.places) > 100
    assert shown.metres == pytest.approx(line.metres - 150, abs=2)
    assert line_shown_to("a", [served, SECOND], line) is None
    assert line_shown_to("stranger", [served, SECOND], line) is None


def test_the_line_from_the_store_is_shown_whole_and_so_is_that_of_neighbours():
    line = Line([HOME, east(1_000, north=20), east(3_000)])
    assert line_shown_to("b", [SECOND, THIRD], line) == (line, 0.0)
    neighbour = Door("z", SECOND.lat, SECOND.lng, served=True)
    assert line_shown_to("b", [neighbour, SECOND], line) == (line, 0.0)


def test_between_two_doors_of_one_street_nothing_is_drawn():
    served, mine = Door("a", *east(1_000), served=True), Door("b", *east(1_120))
    assert line_shown_to("b", [served, mine], Line([east(1_000), east(1_120)])) is None
