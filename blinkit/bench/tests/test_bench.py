"""The bench itself: it measures what ships, and its bars say so when they are missed."""

from __future__ import annotations

import json

from blinkit.bench import __main__ as bench
from blinkit.bench import asking
from blinkit.bench.__main__ import RUNS, _bar
from blinkit.bench.client import percentile
from blinkit.bench.layout import MODULES, Layout, commands
from blinkit.bench.meter import QUEUES


def test_it_starts_what_docker_compose_starts_on_ports_of_its_own():
    found = {name: command for name, _, command, _ in commands(Layout(web_port=4711, live_port=4712))}
    assert {command[0] for command in found.values()} <= MODULES
    assert "4711" in found["web"] and "blinkit.wsgi:application" in found["web"]
    assert "4712" in found["live"] and "blinkit.asgi:application" in found["live"]
    assert {command[command.index("-Q") + 1] for command in found.values() if "-Q" in command} == set(QUEUES)


def test_percentiles_are_values_that_were_measured():
    assert [percentile([3, 1, 2, 4], share) for share in (0.5, 0.95, 1)] == [2, 4, 4]
    assert percentile([], 0.5) == 0


def test_a_missed_bar_is_named():
    good = {"rps": 1, "p50_ms": 1, "p95_ms": 1, "cpu_ms_per_op": 1, "sql_per_op": 1, "sockets": 1000, "cpu_p95_ms": 1}
    good |= {"quote_cpu_ms": 1, "stores300_cpu_ms": 20}
    race = {"sold": 50, "refused": 150, "errors": 0, "deadlocks": 0, "wall_s": 1}
    assert {_bar(name, race if name == "race" else good) for name in RUNS} == {"met"}
    assert "sql_per_op ≤ 6" in _bar("list", good | {"sql_per_op": 7})
    assert "MISSED" in _bar("race", race | {"sold": 51})
    assert "no socket lost" in _bar("fanout", good | {"lost": 1})


def test_rounds_and_questions_are_in_the_file_and_a_missed_bar_ends_badly(tmp_path, monkeypatch, capsys):
    quick, slow = {"rounds": 10, "p99_ms": 20.0}, {"rounds": 10, "p99_ms": 251.0}
    took = {"questions": 9, "p50_ms": 1, "p95_ms": 1, "p99_ms": 1, "per_s": 999}
    asked = dict.fromkeys(asking.BARS, took)
    given = ["--only", "dispatch,ask", "--out", str(tmp_path / "found.json")]
    monkeypatch.setattr(bench, "_asking", lambda **_: asked)
    monkeypatch.setattr(bench, "_dispatch", lambda **_: {"200x300": quick, "1000x1500": quick})
    assert bench.main(given) == 0
    assert json.loads((tmp_path / "found.json").read_text())["dispatch"]["200x300"] == quick
    monkeypatch.setattr(bench, "_dispatch", lambda **_: {"200x300": slow, "1000x1500": quick})
    assert bench.main(given) == bench.MISSED
    assert "dispatch" in capsys.readouterr().err
    assert bench.main([*given, "--no-bars"]) == 0
    monkeypatch.setattr(bench, "_dispatch", lambda **_: {"200x300": quick, "1000x1500": quick})
    monkeypatch.setattr(bench, "_asking", lambda **_: asked | {"simple": took | {"p95_ms": 101}})
    assert bench.main(given) == bench.MISSED
