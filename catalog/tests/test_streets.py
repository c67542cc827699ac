"""Street distances fitted to real streets: a small made-up town, and central Bengaluru where its file is there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from blinkit.kernel.geo import Point, distance_metres
from catalog import queries
from catalog.models import City, Store
from catalog.services.travel import fit_travel
from catalog.streets import StreetField
from catalog.tests import factories as goods
from catalog.travel import STANDARD, BadField, field_from, street_metres, streets_from
from catalog.travel import graph as sums
from catalog.ways import ride_seconds, way_metres

NOW = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
BENGALURU = Path(settings.BASE_DIR).parent / "shared" / "data" / "bengaluru_osm_graph"
SOUTH_WEST = Point(12.92, 77.60)
SIDE, BLOCK_DEGREES = 30, 0.001


def grid_town(tmp_path: Path) -> Path:
    """30 by 30 corners, streets only north-south and east-west: every way is the city-block distance."""
    nodes, edges = [], []
    for row in range(SIDE):
        for column in range(SIDE):
            lat, lng = SOUTH_WEST.lat + row * BLOCK_DEGREES, SOUTH_WEST.lng + column * BLOCK_DEGREES
            nodes.append(f'<node id="{row}.{column}"><data key="y">{lat}</data><data key="x">{lng}</data></node>')
            for other_row, other_column in ((row + 1, column), (row, column + 1)):
                if max(other_row, other_column) < SIDE:
                    there = Point(
                        SOUTH_WEST.lat + other_row * BLOCK_DEGREES, SOUTH_WEST.lng + other_column * BLOCK_DEGREES
                    )
                    length = distance_metres(Point(lat, lng), there)
                    ends = (f"{row}.{column}", f"{other_row}.{other_column}")
                    edges += [
                        f'<edge source="{a}" target="{b}"><data key="length">{length}</data></edge>'
                        for a, b in (ends, ends[::-1])
                    ]
    keys = "".join(f'<key id="{name}" attr.name="{name}"/>' for name in ("x", "y", "length"))
    file = tmp_path / "town.graphml"
    file.write_text(
        f'<graphml xmlns="http://graphml.graphdrawing.org/xmlns">{keys}<graph>{"".join(nodes + edges)}</graph>'
        "</graphml>"
    )
    return file


@pytest.fixture
def town(tmp_path):
    return sums.read(grid_town(tmp_path))


def corner(graph: sums.Graph, number: int) -> Point:
    return Point(*map(float, graph.lat_lng[number]))


def test_a_field_knows_the_ways_of_a_grid(town):
    middle = SIDE * SIDE // 2 + SIDE // 2
    field = sums.field_of(town, corner(town, middle))
    assert field is not None
    ways = town.ways_from([middle])[0]
    errors = [
        abs(metres - ways[at]) / ways[at]
        for at in range(0, town.corners, 7)
        if ways[at] > 400 and (metres := field.to(corner(town, at))) is not None
    ]
    assert len(errors) > 50
    assert np.median(errors) < 0.03
    assert max(errors) < 0.15
    assert field.to(Point(13.5, 77.6)) is None, "beyond the lattice nothing is claimed"


def test_a_field_off_the_streets_is_not_made(town):
    assert sums.field_of(town, Point(13.2, 77.6)) is None


def test_a_field_is_read_as_it_was_written_and_damage_is_refused(town):
    field = sums.field_of(town, corner(town, 0))
    packed = field.packed()
    assert field_from(packed) == field
    assert len(packed) < 10_000
    for damaged in (b"", packed[:-1], packed[:20], b"\x02" + packed[1:]):
        with pytest.raises(BadField):
            field_from(damaged)


def test_the_fit_finds_the_detour_of_a_grid(town):
    known = sums.pairs(town, np.arange(town.corners), starts=60, each=60, seed=3)
    fitted = sums.fit(known)
    said = fitted.factor * known.straight + fitted.turns * np.minimum(known.straight, fitted.turns_metres)
    standard = np.array([STANDARD.metres(one) for one in known.straight])
    error = np.abs(said - known.street) / known.street
    assert np.mean(error) < np.mean(np.abs(standard - known.street) / known.street)
    assert 1.1 < np.median(said / known.straight) < 1.42, "between straight and around the corner"


def test_figures_that_fit_no_city_are_not_used():
    assert streets_from({}) is STANDARD
    assert streets_from({"factor": "wide", "turns": 0, "turns_metres": 0}) is STANDARD
    assert streets_from({"factor": 0.5, "turns": 0, "turns_metres": 0}) is STANDARD
    assert streets_from({"factor": float("nan"), "turns": 0, "turns_metres": 0}) is STANDARD
    assert streets_from({"factor": 1.2, "turns": 0.1, "turns_metres": 500}).metres(1_000) == pytest.approx(1_250)


@pytest.mark.django_db
class TestOfACity:
    @pytest.fixture
    def store(self):
        return goods.store("GRID", lat=SOUTH_WEST.lat + 0.015, lng=SOUTH_WEST.lng + 0.015)

    def fitted(self, store: Store, graph: sums.Graph, now: datetime = NOW) -> Store:
        fit_travel(city_id=store.city_id, graph=graph, now=now)
        return queries.store_by_code("GRID")

    def test_the_way_is_the_field_of_the_store_and_costs_one_statement_in_all(self, store, town):
        diagonal = Point(store.lat + 0.01, store.lng + 0.01)
        before = way_metres(queries.store_by_code("GRID"), diagonal)
        found = self.fitted(store, town)
        with CaptureQueriesContext(connection) as asked:
            metres = way_metres(found, diagonal)
            assert way_metres(queries.store_by_code("GRID"), diagonal) == metres
        assert len([one for one in asked if "streetfield" in one["sql"]]) == 1
        blocks = distance_metres(found.point, Point(diagonal.lat, store.lng)) + distance_metres(
            found.point, Point(store.lat, diagonal.lng)
        )
        assert metres == pytest.approx(blocks, rel=0.08)
        assert abs(before - blocks) > abs(metres - blocks)
        assert ride_seconds(found, diagonal, at=NOW) > 0
        far = Point(store.lat + 0.2, store.lng)
        assert way_metres(found, far) == street_metres(found.point, far, streets_from(found.city.streets))

    def test_no_fit_no_statement(self, store, django_assert_num_queries):
        found = queries.store_by_code("GRID")
        with django_assert_num_queries(0):
            assert way_metres(found, Point(store.lat + 0.01, store.lng)) == street_metres(
                found.point, Point(store.lat + 0.01, store.lng)
            )

    def test_a_store_that_moved_and_a_damaged_field_go_back_to_the_figures(self, store, town):
        found = self.fitted(store, town)
        place = Point(store.lat + 0.01, store.lng + 0.01)
        figures = streets_from(found.city.streets)
        found.lat += 0.002
        assert way_metres(found, place) == street_metres(found.point, place, figures)
        found = self.fitted(store, town, now=NOW + timedelta(days=1))
        StreetField.objects.update(packed=b"broken")
        assert way_metres(found, place) == street_metres(found.point, place, figures)

    def test_the_command_names_what_is_wrong_and_writes_nothing(self, store, tmp_path):
        with pytest.raises(CommandError, match="There is no city atlantis"):
            call_command("fit_travel", "atlantis", str(tmp_path))
        (tmp_path / "x.graphml").write_text("<graphml/>")
        with pytest.raises(CommandError, match="hardly any streets"):
            call_command("fit_travel", store.city.slug, str(tmp_path))
        assert City.objects.get(pk=store.city_id).streets == {}

    def test_the_command_fits_and_says_so(self, store, tmp_path):
        goods.store("AWAY", lat=13.4, lng=77.6)
        out = StringIO()
        call_command("fit_travel", store.city.slug, str(grid_town(tmp_path)), stdout=out)
        assert "Stores with a field of their own: GRID." in out.getvalue()
        assert "serve them: AWAY." in out.getvalue()


@pytest.mark.skipif(not BENGALURU.is_dir(), reason="the streets of Bengaluru are not here")
def test_bars_on_the_streets_of_bengaluru():
    out = StringIO()
    call_command("travel_eval", str(BENGALURU), "--starts", "40", stdout=out)
    assert "\nmet: median at most 10 %, p90 25 %" in out.getvalue(), out.getvalue()
