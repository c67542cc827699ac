"""`make run` as a person meets it: ready, wounded, healed, stopped; and what kill -9 leaves behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import pytest

from blinkit import embedded
from blinkit.embedded import postgres, valkey
from blinkit.embedded.process import alive
from tests.house import furnish

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.slow


class House:
    """One data directory and port, and the supervisors started on them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.supervisor: subprocess.Popen[str] | None = None

    def start(self) -> float:
        keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        own = {"BLINKIT_DATA_DIR": str(self.folder), "PORT": str(self.port), "LOAD_DEMO": "0"}
        began = time.monotonic()
        self.log = self.folder / f"console-{began:.0f}.log"
        self.supervisor = subprocess.Popen(
            [sys.executable, "-m", "blinkit.run"],
            cwd=ROOT,
            env=keep | own,
            stdout=self.log.open("w"),
            stderr=subprocess.STDOUT,
        )
        self.until(lambda: "Ctrl-C stops everything" in self.log.read_text() or self.supervisor.poll() is not None, 90)
        assert self.supervisor.poll() is None, self.log.read_text()
        return time.monotonic() - began

    def parts(self) -> dict[str, int]:
        return json.loads((self.folder / "run" / "parts.json").read_text())

    def healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/ready", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def until(self, true, timeout_s: float = 20) -> None:
        deadline = time.monotonic() + timeout_s
        while not true():
            assert time.monotonic() < deadline, f"not within {timeout_s} s: {self.log.read_text()[-2000:]}"
            time.sleep(0.05)


@pytest.fixture
def house(monkeypatch):
    folder = Path(tempfile.mkdtemp(prefix="blinkit-run-"))
    folder.chmod(0o755)
    monkeypatch.setenv("BLINKIT_DATA_DIR", str(folder))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)
    house = House(folder)
    yield house
    if house.supervisor and house.supervisor.poll() is None:
        house.supervisor.kill()
        house.supervisor.wait()
    embedded.down("run")
    shutil.rmtree(folder)


def test_it_starts_heals_and_stops_leaving_nothing(house):
    house.start()
    house.until(house.healthy)

    before = house.parts()
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    house.until(lambda: set(house.parts().values()).isdisjoint(before.values()))
    house.until(house.healthy)

    where = embedded.places("run")
    os.kill(valkey.pid_of(where), signal.SIGKILL)
    os.kill(postgres.pid_of(where), signal.SIGKILL)
    house.until(lambda: all(embedded.status("run").values()))
    house.until(house.healthy)

    pids = [*house.parts().values(), postgres.pid_of(where), valkey.pid_of(where)]
    began = time.monotonic()
    house.supervisor.send_signal(signal.SIGINT)
    assert house.supervisor.wait(timeout=10) == 0
    assert time.monotonic() - began < 5
    assert [pid for pid in pids if alive(pid, "")] == []
    assert not (house.folder / "run" / "parts.json").exists()
    assert not (where.postgres_data / "postmaster.pid").exists()


def test_a_killed_supervisor_takes_its_parts_along_and_the_next_one_starts(house):
    furnish(house.folder)
    house.start()
    parts = house.parts()
    house.supervisor.kill()
    house.supervisor.wait()
    seconds = house.start()  # the servers still run and are used
    assert [pid for pid in parts.values() if alive(pid, "blinkit")] == []
    assert seconds < 30
    house.until(house.healthy)


def test_a_second_one_in_the_same_place_says_so(house):
    furnish(house.folder)
    house.start()
    second = subprocess.run(
        [sys.executable, "-m", "blinkit.run"],
        cwd=ROOT,
        env=os.environ | {"BLINKIT_DATA_DIR": str(house.folder), "PORT": str(house.port)},
        capture_output=True,
        text=True,
    )
    assert second.returncode == 1
    assert "already running here" in second.stderr and "Traceback" not in second.stderr
