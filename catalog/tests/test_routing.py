"""A router behind our ways: documented and recorded answers read, faults survived, and the built-in model when it is
away.

In catalog/tests/osrm `route`, `table`, `no_route` and `invalid` were written by hand in the documented form of OSRM's
API v1. What begins with `recorded` is what servers answered to others, as it stands in public (hints shortened; ways
and places (c) OpenStreetMap contributors):
- recorded_route: osrm.malaysiaai.ml (osrm-routed --algorithm mld), in a public how-to on running it,
  /route/v1/driving/100.46722412109374,6.058623804918194;100.51211357116699,6.01423932199451?overview=false
- recorded_table: the public server, in github.com/Project-OSRM/osrm-backend/issues/5788, /table/v1/driving/
  49.81755316257477,40.39497998078589;49.8177462816238,40.3949953014633?destinations=0&annotations=distance,duration
- recorded_nowhere: a server without streets there, in github.com/Project-OSRM/osrm-backend/issues/6037,
  /route/v1/car/35.711953,-0.635834;35.854553,-0.310364
This adapter has not been run against a server.
"""

import json
from pathlib import Path

import httpx
import pytest

from blinkit.kernel.geo import Point
from blinkit.kernel.redis_client import client as redis
from blinkit.kernel.redis_client import key
from catalog import routing
from catalog.tests.factories import store as make_store
from catalog.travel import Line
from catalog.travel.osrm import (
    BadAnswer,
    Way,
    road_from,
    road_path,
    route_from,
    route_path,
    table_from,
    table_path,
)
from catalog.ways import way_metres

HERE, THERE = Point(12.956, 77.628), Point(12.945, 77.62)
FAR = Point(12.9, 77.6)
ASKED = {"origins": [Point(12.95, 77.62), Point(12.97, 77.64), FAR], "to": HERE}
"""What `table` is the answer to."""
HERE_, THERE_ = (HERE.lat, HERE.lng), (THERE.lat, THERE.lng)


def said(name):
    return json.loads((Path(__file__).parent / "osrm" / f"{name}.json").read_text())


def test_asks_in_the_documented_form():
    assert route_path(HERE, THERE, profile="bike").startswith("/route/v1/bike/77.628000,12.956000;77.620000,12.945000?")
    path = table_path([HERE, THERE], FAR, profile="a/b")
    assert path.startswith("/table/v1/a%2Fb/77.628000,12.956000;77.620000,12.945000;77.600000,12.900000?")
    assert path.endswith("sources=0;1&destinations=2&annotations=duration,distance")
    path = road_path(HERE, THERE, profile="bike")
    assert path.startswith("/route/v1/bike/77.628000,12.956000;77.620000,12.945000?overview=full&geometries=polyline")


def test_reads_the_documented_answers():
    assert route_from(said("route"), between=(HERE, THERE)) == Way(2713, 398.6)
    assert table_from(said("table"), **ASKED) == [Way(1390, 231.9), Way(2942, 402.5), None]
    assert route_from(said("no_route"), between=(HERE, THERE)) is None
    assert road_from(said("road")).places == [
        (12.956, 77.628), (12.9529, 77.628), (12.95274, 77.62291), (12.94955, 77.6227), (12.945, 77.62),
    ]  # fmt: skip
    assert road_from(said("no_route")) is None


def test_reads_what_servers_answered():
    between = Point(6.058623804918194, 100.46722412109374), Point(6.01423932199451, 100.51211357116699)
    assert route_from(said("recorded_route"), between=between) == Way(10_209, 1_050.8)
    origins = [Point(40.39497998078589, 49.81755316257477), Point(40.3949953014633, 49.8177462816238)]
    assert table_from(said("recorded_table"), origins=origins, to=origins[0]) == [Way(0, 0.0), None]


def test_a_router_without_streets_there_knows_no_way():
    """It says 0 metres between two places 39 km apart."""
    between = Point(-0.635834, 35.711953), Point(-0.310364, 35.854553)
    assert said("recorded_nowhere")["routes"][0]["distance"] == 0
    assert route_from(said("recorded_nowhere"), between=between) is None
    far = Point(0.0, 0.0)
    origins = ASKED["origins"]
    assert table_from(said("table"), origins=[far, *origins[1:]], to=ASKED["to"]) == [None, Way(2942, 402.5), None]
    assert table_from(said("table"), origins=origins, to=far) == [None, None, None]
    silent = {**said("table"), "sources": None, "destinations": [{}]}
    assert table_from(silent, origins=[far] * 3, to=far) == table_from(said("table"), **ASKED)


@pytest.mark.parametrize(
    "answer",
    [None, [], {}, {"code": "Ok"}, {"code": "Ok", "routes": []}, said("invalid"),
     {"code": "Ok", "routes": [{"distance": -1, "duration": 1}]},
     {"code": "Ok", "routes": [{"distance": float("nan"), "duration": 1}]},
     {"code": "Ok", "routes": [{"distance": 9e9, "duration": 1}]},
     {"code": "Ok", "routes": [{"distance": "12", "duration": 1}]}],
)  # fmt: skip
def test_believes_nothing_else(answer):
    with pytest.raises(BadAnswer):
        route_from(answer, between=(HERE, THERE))
    with pytest.raises(BadAnswer):
        table_from(answer, origins=[HERE], to=THERE)


def test_a_table_of_another_size_is_refused():
    with pytest.raises(BadAnswer):
        table_from(said("table"), origins=[HERE, THERE], to=FAR)


class Router:
    """Answers in turn; the last one for good."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def __call__(self, request):
        self.asked.append(request.url.path)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)


@pytest.fixture
def router(settings, monkeypatch):
    """With a router, outside of any transaction, nothing kept and the breaker closed."""

    def forget():
        routing._metres.here.clear()
        routing._lines.here.clear()
        kept = [name for kind in ("way", "line") for name in redis().scan_iter(key(f"{kind}:*"))]
        for name in (*kept, key("breaker:osrm"), key("breaker:osrm:probe")):
            redis().delete(name)

    def behind(*answers):
        made = Router(*answers)
        monkeypatch.setattr(routing, "transport", httpx.MockTransport(made))
        return made

    settings.OSRM_URL = "http://router.test"
    monkeypatch.setattr(routing, "_may_wait", lambda: True)
    forget()
    yield behind
    forget()


def test_a_way_is_asked_once_and_kept_also_for_other_processes(router):
    behind = router(said("route"))
    assert routing.routed_metres(HERE, THERE) == routing.routed_metres(HERE, THERE) == 2713
    routing._metres.here.clear()
    assert routing.routed_metres(HERE, THERE) == 2713
    assert len(behind.asked) == 1


@pytest.mark.parametrize(
    "fault",
    [httpx.ConnectTimeout("slow"), httpx.ReadTimeout("slow"), httpx.Response(502, text="<html>"), said("invalid")],
)
def test_one_more_try_after_a_fault(router, fault):
    behind = router(fault, said("route"))
    assert routing.routed_metres(HERE, THERE) == 2713
    assert len(behind.asked) == 2


def test_a_router_that_is_away_is_left_alone_after_five_faults(router):
    behind = router(httpx.ConnectError("down"))
    found = [routing.routed_metres(HERE, Point(12.9, 77.6 + number / 1000)) for number in range(6)]
    assert found == [None] * 6
    assert len(behind.asked) == 5  # two tries each, then the breaker is open


def test_a_place_without_a_way_is_remembered(router):
    behind = router(httpx.Response(400, json=said("no_route")))
    assert routing.routed_metres(HERE, THERE) is routing.routed_metres(HERE, THERE) is None
    assert len(behind.asked) == 1


def drawn(places, **fields):
    line = Line(places)
    route = {"geometry": line.text, "distance": line.metres, "duration": 60.0} | fields
    return {"code": "Ok", "routes": [route]}


@pytest.mark.parametrize(
    "fields", [{"geometry": None}, {"geometry": {"type": "LineString"}}, {"geometry": "~~~~"}, {"distance": 9e9}]
)
def test_a_line_nobody_can_draw_is_not_believed(fields):
    with pytest.raises(BadAnswer):
        road_from(drawn([HERE_, THERE_], **fields))
    with pytest.raises(BadAnswer):
        road_from(said("route"))  # asked without its line


def test_a_line_is_asked_for_once_and_kept_also_for_other_processes(router):
    behind = router(said("road"))
    assert routing.kept_lines([(HERE, THERE)]) == {}
    assert routing.routed_line(HERE, THERE).metres == pytest.approx(1_836, abs=1)
    assert routing.lines_here([(HERE, THERE)]).keys() == {(HERE, THERE)}
    routing._lines.here.clear()
    assert routing.lines_here([(HERE, THERE)]) == {}
    assert routing.kept_lines([(HERE, THERE), (HERE, FAR)])[HERE, THERE].text == routing.routed_line(HERE, THERE).text
    assert routing.lines_here([(HERE, THERE)]).keys() == {(HERE, THERE)}
    assert len(behind.asked) == 1


@pytest.mark.parametrize(
    "answer", [said("no_route"), drawn([HERE_, (12.95, 77.62)]), drawn([(12.958, 77.628), THERE_])]
)
def test_a_way_that_does_not_exist_or_leads_elsewhere_has_no_line_and_that_is_kept_too(router, answer):
    behind = router(answer)
    assert routing.routed_line(HERE, THERE) is None
    routing._lines.here.clear()
    assert routing.kept_lines([(HERE, THERE)]) == {(HERE, THERE): None}
    assert routing.routed_line(HERE, THERE) is None
    assert len(behind.asked) == 1


def test_without_an_answer_nothing_is_kept_of_a_line(router, monkeypatch, settings):
    behind = router(httpx.ConnectError("down"))
    assert routing.routed_line(HERE, THERE) is None
    assert routing.kept_lines([(HERE, THERE)]) == {} and len(behind.asked) == 2
    monkeypatch.setattr(routing, "_may_wait", lambda: False)
    behind = router(said("road"))
    assert routing.routed_line(HERE, THERE) is None and behind.asked == []
    settings.OSRM_URL = ""
    assert routing.kept_lines([(HERE, THERE)]) == routing.lines_here([(HERE, THERE)]) == {}


def test_a_process_keeps_the_newest_lines_only(router, monkeypatch):
    monkeypatch.setattr(routing._lines, "most", 2)
    ends = [Point(12.9, 77.6 + n / 100) for n in range(3)]
    for end in ends:
        router(drawn([(FAR.lat, FAR.lng), (12.91, 77.6), (end.lat, end.lng)]))
        routing.routed_line(FAR, end)
    assert len(routing._lines.here) == 2
    assert routing.kept_lines([(FAR, ends[0])]).keys() == {(FAR, ends[0])}


def test_many_are_asked_in_one_call(router):
    behind = router(said("table"))
    routing.ask_ahead(**ASKED)
    assert routing.routed_metres(ASKED["origins"][1], ASKED["to"]) == 2942
    assert [path.split("/")[1] for path in behind.asked] == ["table"]


def test_inside_a_transaction_only_what_is_kept_is_used(router, monkeypatch):
    behind = router(said("route"))
    monkeypatch.setattr(routing, "_may_wait", lambda: False)
    assert routing.routed_metres(HERE, THERE) is None
    routing.ask_ahead([HERE], THERE)
    assert behind.asked == []


@pytest.mark.django_db
def test_the_way_of_a_store_is_the_routers_and_without_it_our_own(router, settings):
    place = make_store()
    router(said("route"))
    assert way_metres(place, THERE) == 2713
    router(httpx.ConnectError("down"))
    ours = way_metres(place, FAR)
    settings.OSRM_URL = ""
    assert ours == way_metres(place, FAR) > 0
    assert way_metres(place, THERE) != 2713
