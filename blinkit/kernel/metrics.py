"""Counters and histograms for the whole house, kept in one Redis hash.

Processes add up increments in memory and write them once a second, so that counting costs a request next to nothing
and any process can show the sum of all web, worker and socket processes on every machine. A crash loses at most a
second of counts; with Redis down they wait in memory. Money and stock are never counted here: ledgers are.
"""

import atexit
import os
import threading
from collections import defaultdict
from collections.abc import Iterable

import orjson

from blinkit.kernel.redis_client import client, key

FLUSH_EVERY_S = 1.0
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
MOST_SERIES = 5_000
"""A bug that puts an id into a label must not fill Redis."""

Labels = tuple[tuple[str, str], ...]
Sample = tuple[str, Labels, float]

_lock = threading.Lock()
_pending: dict[tuple[str, Labels], float] = defaultdict(float)
_timer: threading.Timer | None = None


def count(name: str, by: float = 1, /, **labels: object) -> None:
    """Add to a counter. Names end in `_total`; label values come from small fixed sets (route, status, store)."""
    at = (name, tuple((label, str(value)) for label, value in sorted(labels.items())))
    with _lock:
        _pending[at] += by
        _see_to_flush()


def observe(name: str, value: float, /, **labels: object) -> None:
    """Add a measurement to a histogram. Names carry the unit (`_seconds`)."""
    base = tuple((label, str(text)) for label, text in sorted(labels.items()))
    bucket = next((str(edge) for edge in BUCKETS_S if value <= edge), "+Inf")
    with _lock:
        _pending[f"{name}_bucket", (*base, ("le", bucket))] += 1
        _pending[f"{name}_sum", base] += value
        _pending[f"{name}_count", base] += 1
        _see_to_flush()


def _see_to_flush() -> None:
    global _timer
    if _timer is None:
        _timer = threading.Timer(FLUSH_EVERY_S, flush)
        _timer.daemon = True
        _timer.start()


def flush() -> None:
    """Write what was counted since the last time. What can't be written is kept for the next time."""
    global _timer
    with _lock:
        _timer = None
        written = dict(_pending)
        _pending.clear()
    if not written:
        return
    try:
        pipe = client().pipeline(transaction=False)
        for (name, labels), by in written.items():
            pipe.hincrbyfloat(key("metrics"), orjson.dumps([name, dict(labels)]).decode(), by)
        pipe.execute()
    except Exception:  # not even logged: the health page says that Redis is down
        with _lock:
            for at, by in written.items():
                if at in _pending or len(_pending) < MOST_SERIES:
                    _pending[at] += by


def read() -> list[Sample]:
    """Every series known, over all processes. Histogram buckets are made cumulative, as Prometheus wants them."""
    flush()
    found: dict[str, str] = client().hgetall(key("metrics"))  # type: ignore[assignment]
    samples: list[Sample] = []
    buckets: dict[tuple[str, Labels], dict[str, float]] = defaultdict(dict)
    for field, text in found.items():
        name, labels = orjson.loads(field)
        le = labels.pop("le", None)
        series = (name, tuple(sorted(labels.items())))
        if le is None:
            samples.append((*series, float(text)))
        else:
            buckets[series][le] = float(text)
    for (name, labels), by_edge in buckets.items():
        total = 0.0
        for edge in (*map(str, BUCKETS_S), "+Inf"):
            total += by_edge.get(edge, 0)
            samples.append((name, (*labels, ("le", edge)), total))
    return samples


def as_prometheus(samples: Iterable[Sample]) -> str:
    """The text exposition format 0.0.4."""
    by_family: dict[str, list[str]] = defaultdict(list)
    kinds: dict[str, str] = {}
    for name, labels, value in samples:
        family, kind = _family(name, labels)
        kinds.setdefault(family, kind)
        inside = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels)
        by_family[family].append(f"blinkit_{name}{{{inside}}} {value:g}" if inside else f"blinkit_{name} {value:g}")
    lines: list[str] = []
    for family in sorted(by_family):
        lines += [f"# TYPE blinkit_{family} {kinds[family]}", *by_family[family]]
    return "\n".join(lines) + "\n"


def as_json(samples: Iterable[Sample]) -> dict[str, object]:
    """{"orders_placed_total": {"store=blr-ind": 3}, "events_waiting": 0}: easy to read, easy to compare."""
    out: dict[str, object] = {}
    for name, labels, value in sorted(samples, key=lambda sample: sample[0]):
        if any(label == "le" for label, _ in labels):
            continue  # buckets are for Prometheus
        number: float = int(value) if value == int(value) else round(value, 6)
        if labels:
            group = out.setdefault(name, {})
            if isinstance(group, dict):
                group[",".join(f"{label}={text}" for label, text in labels)] = number
        else:
            out[name] = number
    return out


def _family(name: str, labels: Labels) -> tuple[str, str]:
    if name.endswith("_total"):
        return name, "counter"
    for ending in ("_bucket", "_sum", "_count"):
        if name.endswith(ending):
            return name.removesuffix(ending), "histogram"
    return name, "gauge"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _start_afresh() -> None:
    """In a forked child: its parent writes the parent's counts."""
    global _timer, _lock
    _lock = threading.Lock()
    _pending.clear()
    _timer = None


os.register_at_fork(after_in_child=_start_afresh)
atexit.register(flush)
