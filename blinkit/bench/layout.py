"""The production layout on loopback: the commands of docker-compose.yml with ports of their own."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from blinkit.run.parts import answers, die_with_parent

BASE_DIR = Path(__file__).resolve().parent.parent.parent
START_TIMEOUT_S = 180.0
STOP_TIMEOUT_S = 8.0


class CannotStart(Exception):
    """One line that says why."""


@dataclass(slots=True)
class Layout:
    """Where the parts answer, and their processes by name (web, live, worker-events ...)."""

    web_port: int
    live_port: int
    processes: dict[str, subprocess.Popen[Any]] = field(default_factory=dict)

    def pids(self) -> dict[str, int]:
        return {name: process.pid for name, process in self.processes.items()}


@contextmanager
def running(
    *, folder: Path, database_url: Mapping[str, str], environment: Mapping[str, str], parts: Collection[str] = ()
) -> Iterator[Layout]:
    """Start web, live and every worker (or only those of `parts`), wait until they work, and stop them again.

    `database_url` is per group, so that the statements of the groups can be told apart by the database's user.
    """
    raise_file_limit()
    layout = Layout(web_port=free_port(), live_port=free_port())
    logs: list[Any] = []
    try:
        for name, group, command, extra in commands(layout):
            if parts and name not in parts:
                continue
            log: Any = (folder / f"{name}.log").open("wb")
            logs.append(log)
            process = subprocess.Popen(
                [sys.executable, "-m", *command] if command[0] in MODULES else command,
                env={**os.environ, **environment, **extra, "DATABASE_URL": database_url[group], "BLINKIT_PART": name},
                cwd=BASE_DIR,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
            layout.processes[name] = process
        _wait(layout, folder)
        yield layout
    finally:
        _stop(list(layout.processes.values()))
        for log in logs:
            log.close()


MODULES = {"granian", "daphne", "celery"}


def commands(layout: Layout) -> Iterator[tuple[str, str, list[str], dict[str, str]]]:
    """(name, group, command, environment) of what docker-compose.yml runs from our image, ports changed."""
    import yaml

    services = yaml.safe_load((BASE_DIR / "docker-compose.yml").read_text())["services"]
    for name, service in services.items():
        command = [str(word) for word in service.get("command", [])]
        if name == "web":
            yield name, "web", _with(command, {"--host": "127.0.0.1", "--port": str(layout.web_port)}), {}
        elif name == "live":
            yield name, "live", _with(command, {"--host": "127.0.0.1", "--port": str(layout.live_port)}), {}
        elif name.startswith("worker"):
            yield name, "workers", [word.replace("@%h", "@bench") for word in command], {"BLINKIT_FORKS": "1"}


def _with(command: list[str], changed: Mapping[str, str]) -> list[str]:
    out = list(command)
    for flag, value in changed.items():
        out[out.index(flag) + 1] = value
    return out


def _wait(layout: Layout, folder: Path) -> None:
    from blinkit.celery import app

    workers = sum(name.startswith("worker") for name in layout.processes)
    deadline = time.monotonic() + START_TIMEOUT_S
    waiting = {"web", "live"} & layout.processes.keys() | ({"workers"} if workers else set())
    while waiting:
        for name, process in layout.processes.items():
            if process.poll() is not None:
                raise CannotStart(f"{name} ended at once; its log is in {folder}.")
        if "web" in waiting and answers(f"http://127.0.0.1:{layout.web_port}/health/live"):
            waiting.discard("web")
        if "live" in waiting and answers(f"http://127.0.0.1:{layout.live_port}/health/live"):
            waiting.discard("live")
        if waiting == {"workers"} and len(app.control.ping(timeout=1.0, limit=workers) or []) >= workers:
            waiting.discard("workers")
        if time.monotonic() > deadline:
            raise CannotStart(f"Not ready in {START_TIMEOUT_S:.0f} s: {', '.join(sorted(waiting))} (logs in {folder}).")
        time.sleep(0.1)


def _stop(processes: list[subprocess.Popen[Any]]) -> None:
    for process in processes:
        if process.poll() is None:
            process.terminate()
    deadline = time.monotonic() + STOP_TIMEOUT_S
    for process in processes:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(process.pid, signal.SIGKILL)  # children of a part that did not end in time
        except ProcessLookupError:
            pass
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def raise_file_limit() -> None:
    """A thousand sockets need as many files, here and in the live process, which inherits it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 16_384)), hard))
