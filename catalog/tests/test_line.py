"""Ways as lines of places: the text routers write, lengths, where on it somebody is, and what is left out."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.travel.line import METRES_PER_DEGREE, BadLine, Line, decoded, encoded, line_from

EXAMPLE = "_p~iF~ps|U_ulLnnqC_mqNvxq`@"
"""The worked example of the format's own page, with its three places."""
PLACES = [(38.5, -120.2), (40.7, -120.95), (43.252, -126.453)]
HOME = (12.97, 77.6)


def east(metres, north=0.0):
    """So far from HOME, on the plane lines are measured on."""
    wide = METRES_PER_DEGREE * 0.974479  # cos of the latitude
    return HOME[0] + north / METRES_PER_DEGREE, HOME[1] + metres / wide


def test_reads_and_writes_the_documented_example():
    assert decoded(EXAMPLE) == PLACES
    assert encoded(PLACES) == EXAMPLE


@given(
    st.lists(st.tuples(st.integers(-9_000_000, 9_000_000), st.integers(-18_000_000, 18_000_000)), min_size=1)
)  # fmt: skip
def test_what_is_written_is_read_again(numbers):
    places = [(lat / 1e5, lng / 1e5) for lat, lng in numbers]
    assert decoded(encoded(places)) == places


@pytest.mark.parametrize(
    "text",
    ["_p~iF", "_p~iF~ps|", "_p~iF~ps|U\n", "é", "~~~~~~~~~~", "_p~iF~ps|U" * 9_000, encoded([(91.0, 0.0)])],
    ids=["half a place", "cut off", "a line break", "no ASCII", "endless", "too long", "not on earth"],
)
def test_reads_nothing_else(text):
    with pytest.raises(BadLine):
        decoded(text)


def test_a_place_is_no_line():
    for places in ([HOME], [HOME, HOME], []):
        with pytest.raises(BadLine):
            Line(places)
    assert line_from(encoded([HOME, HOME, east(50)])).metres == pytest.approx(50, abs=1)


CORNER = Line([HOME, east(400), east(400, north=300)])


def test_where_on_it_somebody_is_and_how_far_away():
    assert CORNER.metres == pytest.approx(700, abs=2)
    along, gap = CORNER.nearest(*east(150, north=12))
    assert (along, gap) == (pytest.approx(150, abs=1), pytest.approx(12, abs=1))
    along, gap = CORNER.nearest(*east(430, north=200))
    assert (along, gap) == (pytest.approx(600, abs=2), pytest.approx(30, abs=1))
    assert CORNER.nearest(*east(-90)) == (0, pytest.approx(90, abs=1))
    assert CORNER.nearest(*CORNER.place(650))[0] == pytest.approx(650, abs=0.5)
    assert (CORNER.place(-5), CORNER.place(9_999)) == (CORNER.places[0], CORNER.places[-1])


def test_out_and_back_on_one_street_the_way_out_is_not_mistaken_for_the_way_back():
    there_and_back = Line([HOME, east(1_000), east(1_000, north=14), east(0, north=14)])
    here = east(300, north=9)  # nearer to the way back
    assert there_and_back.nearest(*here)[0] == pytest.approx(1_714, abs=3)
    assert there_and_back.nearest(*here, was=280)[0] == pytest.approx(300, abs=2)
    assert there_and_back.nearest(*east(900, north=7), was=20)[0] == pytest.approx(900, abs=2)  # after a long silence


def test_a_cut_leaves_both_parts_with_the_place_itself():
    done, ahead = CORNER.cut(500)
    assert done[-1] == ahead[0] == CORNER.place(500)
    assert [*done[:-1], *ahead[1:]] == CORNER.places
    assert Line(done).metres + Line(ahead).metres == pytest.approx(CORNER.metres, abs=2)
    assert CORNER.cut(0)[1][-1] == CORNER.cut(CORNER.metres)[0][-1] == CORNER.places[-1]


def test_a_coarse_line_has_few_places_and_leaves_the_street_by_three_metres_at_most():
    dice = random.Random(5)
    fine = Line([east(5 * n, north=dice.uniform(-1, 1) + (n > 120) * 4 * (n - 120)) for n in range(240)])
    coarse = fine.coarse()
    assert len(coarse.places) < 12
    assert max(coarse.nearest(*place)[1] for place in fine.places) <= 4.5  # three, and what five decimals are worth
    assert (coarse.places[0], coarse.places[-1]) == (fine.places[0], fine.places[-1])


def test_two_lines_are_told_apart_and_one_is_known_again():
    assert Line(CORNER.places).mark == line_from(CORNER.text).mark == CORNER.mark
    assert Line(CORNER.places[:2]).mark != CORNER.mark
    assert line_from(CORNER.text).metres == pytest.approx(CORNER.metres, abs=0.01)
