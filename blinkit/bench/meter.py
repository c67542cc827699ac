"""What the servers spent: processor time from /proc and statements from pg_stat_statements, until nothing waits."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import redis

TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
QUEUES = ("events", "notify", "dispatch", "payments")
QUIET_FOR_S = 0.3
DRAIN_TIMEOUT_S = 120.0
CONTROL = r"^\s*(begin|commit|rollback|savepoint|release|start transaction|abort)\M"
"""Transaction control is not counted as statements."""


@dataclass(frozen=True, slots=True)
class Statement:
    who: str
    text: str
    calls: int
    ms: float


@dataclass(slots=True)
class Cost:
    """`cpu_ms` by part; statements by the group that sent them; `wall_s` until nothing waited."""

    cpu_ms: dict[str, float] = field(default_factory=dict)
    statements: list[Statement] = field(default_factory=list)
    deadlocks: int = 0
    wall_s: float = 0.0

    @property
    def total_cpu_ms(self) -> float:
        return sum(self.cpu_ms.values())

    def sql(self, who: str = "") -> int:
        return sum(s.calls for s in self.statements if not who or s.who == who)


class Meter:
    """Between `begin` and `end`, everything the servers did is on the bill. Looks with a database user of its own."""

    def __init__(self, *, dsn: str, redis_url: str, prefix: str, pids: Callable[[], Mapping[str, int]]) -> None:
        self.sql = psycopg.connect(dsn, autocommit=True)
        self.sql.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        self.redis = redis.Redis.from_url(redis_url)
        self.prefix = prefix
        self.pids = pids
        self._cpu: dict[str, float] = {}
        self._deadlocks = 0
        self._began = 0.0

    def begin(self) -> None:
        self.drain()
        self._deadlocks = self._count_deadlocks()
        self.sql.execute("SELECT pg_stat_statements_reset()")
        self._cpu = self._cpu_ms()
        self._began = time.monotonic()

    def end(self) -> Cost:
        self.drain()
        wall_s = time.monotonic() - self._began
        after = self._cpu_ms()
        cost = Cost(
            cpu_ms={name: after[name] - self._cpu.get(name, 0.0) for name in after},
            deadlocks=self._count_deadlocks() - self._deadlocks,
            wall_s=wall_s,
        )
        rows = self.sql.execute(
            "SELECT r.rolname, s.query, sum(s.calls)::bigint, sum(s.total_exec_time) FROM pg_stat_statements s"
            " JOIN pg_roles r ON r.oid = s.userid WHERE r.rolname IN ('web', 'live', 'workers') AND s.query !~* %s"
            " GROUP BY 1, 2 ORDER BY 3 DESC, 4 DESC",
            [CONTROL],
        ).fetchall()
        cost.statements = [Statement(*row) for row in rows]
        return cost

    def drain(self) -> None:
        """Wait until no task, no event and no message waits, and nothing has been running for a moment."""
        deadline = time.monotonic() + DRAIN_TIMEOUT_S
        quiet_since: float | None = None
        while time.monotonic() < deadline:
            if self.waiting():
                quiet_since = None
            elif quiet_since is None:
                quiet_since = time.monotonic()
            elif time.monotonic() - quiet_since > QUIET_FOR_S:
                return
            time.sleep(0.05)
        raise TimeoutError(f"Still {self.waiting()} things waiting after {DRAIN_TIMEOUT_S:.0f} s.")

    def waiting(self) -> int:
        pipe = self.redis.pipeline(transaction=False)
        for queue in QUEUES:
            pipe.llen(f"{self.prefix}:celery:{queue}")
        pipe.hlen(f"{self.prefix}:celery:unacked")
        row = self.sql.execute(
            "SELECT (SELECT count(*) FROM kernel_event WHERE handed_out_at IS NULL)"
            " + (SELECT count(*) FROM pg_stat_activity WHERE state <> 'idle' AND usename IN ('web', 'live', 'workers'))"
        ).fetchone()
        return sum(pipe.execute()) + (int(row[0]) if row else 0)

    def cancelled_at(self) -> dict[str, float]:
        """When each order was cancelled (seconds since 1970), by its id."""
        rows = self.sql.execute(
            "SELECT split_part(subject, ':', 2), extract(epoch FROM at)::float8 FROM kernel_event"
            " WHERE code = 'orders.OrderCancelled'"
        ).fetchall()
        return dict(rows)

    def _count_deadlocks(self) -> int:
        row = self.sql.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").fetchone()
        return int(row[0]) if row else 0

    def _cpu_ms(self) -> dict[str, float]:
        """Processor time so far of each part with all its descendants, those that have ended included."""
        children: dict[int, list[int]] = {}
        spent: dict[int, float] = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                fields = (entry / "stat").read_text().rpartition(") ")[2].split()
            except OSError:
                continue
            pid = int(entry.name)
            children.setdefault(int(fields[1]), []).append(pid)
            spent[pid] = sum(int(ticks) for ticks in fields[11:15]) * TICK_MS  # own and waited-for children's
        return {name: _tree(pid, children, spent) for name, pid in self.pids().items()}

    def on_cpu_ms(self, *names: str) -> float:
        """Time on a processor so far of these parts with all their descendants, to the microsecond (schedstat): for
        the cost of a single request while nothing else runs."""
        children: dict[int, list[int]] = {}
        spent: dict[int, float] = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                parent = int((entry / "stat").read_text().rpartition(") ")[2].split()[1])
                tasks = [int((task / "schedstat").read_text().split()[0]) for task in (entry / "task").iterdir()]
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry.name))
            spent[int(entry.name)] = sum(tasks) / 1e6
        return sum(_tree(pid, children, spent) for name, pid in self.pids().items() if name in names)

    def close(self) -> None:
        self.sql.close()
        self.redis.close()


def _tree(pid: int, children: Mapping[int, Sequence[int]], spent: Mapping[int, float]) -> float:
    return spent.get(pid, 0.0) + sum(_tree(child, children, spent) for child in children.get(pid, ()))
