"""The bench itself: it measures what ships, and its bars say so when they are missed."""

from __future__ import annotations

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
