"""A whole platform for a test: `make run` in a data directory and on a port of its own, with the demo city."""

from __future__ import annotations

import atexit
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
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import psycopg

from blinkit import embedded
from blinkit.embedded import postgres, valkey

ROOT = Path(__file__).resolve().parent.parent
ARTEFACTS = ROOT / "test-artifacts"


@cache
def prepared() -> Path:
    """A data directory with its servers' files, tables and the demo city. Made once: houses begin as copies of it."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    folder = Path(tempfile.gettempdir()) / f"blinkit-prepared-{run}"
    ready = folder / "ready"
    try:
        folder.mkdir(mode=0o755)
    except FileExistsError:  # another process of this run makes it
        deadline = time.monotonic() + 240
        while not ready.exists():
            assert time.monotonic() < deadline, "the other process does not get it ready"
            time.sleep(0.2)
        return folder
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for module in ("blinkit.embedded up", "blinkit.run.prepare", "blinkit.embedded down"):
        words = [sys.executable, "-m", *module.split()]
        done = subprocess.run(words, cwd=ROOT, env=environment_of(folder), capture_output=True, text=True)
        assert done.returncode == 0, f"{module}: {done.stdout}{done.stderr}"
    ready.touch()
    return folder


def furnish(folder: Path) -> None:
    """The new data directory begins where `prepared` ended; owners and modes are kept, or PostgreSQL would refuse."""
    subprocess.run(["cp", "-a", f"{prepared()}/.", str(folder)], check=True)


def new_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="blinkit-city-"))
    folder.chmod(0o755)
    return folder


def environment_of(folder: Path, **more: str) -> dict[str, str]:
    """What a command needs to work on the data there."""
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return keep | {"BLINKIT_DATA_DIR": str(folder)} | more


CLERK = """
import contextlib, io, json, sys, traceback
import django
django.setup()
for line in sys.stdin:
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        try:
            exec(json.loads(line), {})
        except (Exception, SystemExit):
            traceback.print_exc(file=said)
    print("SAID", json.dumps(said.getvalue()), flush=True)
"""

AUDITS = """
from django.core.management import call_command
from django.db import connection
connection.close()
connection.close_pool()
for audit in ("audit_stock", "audit_ledger"):
    call_command(audit)
print("All agree.")
"""


class House:
    """Start it, wound it, ask it. `environment` is what a command needs to work on the same data."""

    def __init__(self) -> None:
        self.folder = new_folder()
        furnish(self.folder)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = environment_of(self.folder, PORT=str(self.port))
        self.log = self.folder / "console.log"
        self.supervisor: subprocess.Popen[str] | None = None
        self.clerk: subprocess.Popen[str] | None = None
        self.connection: psycopg.Connection[Any] | None = None

    def start(self) -> None:
        self.supervisor = subprocess.Popen(
            [sys.executable, "-m", "blinkit.run"],
            cwd=ROOT,
            env=self.environment,
            stdout=self.log.open("w"),
            stderr=subprocess.STDOUT,
        )
        self.until(lambda: "Ctrl-C stops everything" in self.log.read_text() or self.supervisor.poll() is not None, 120)
        assert self.supervisor.poll() is None, self.log.read_text()

    def stop(self) -> None:
        print("".join(self.log.read_text().splitlines(keepends=True)[-30:]))  # shown when the test failed
        if self.connection:
            self.connection.close()
        if self.clerk:
            self.clerk.kill()
            self.clerk.wait()
        if self.supervisor and self.supervisor.poll() is None:
            self.supervisor.send_signal(signal.SIGINT)
            try:
                self.supervisor.wait(15)
            except subprocess.TimeoutExpired:
                self.supervisor.kill()
                self.supervisor.wait()
        subprocess.run(
            [sys.executable, "-m", "blinkit.embedded", "down"], cwd=ROOT, env=self.environment, capture_output=True
        )
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- wounds -------------------------------------------------------------------------------------------------------

    def pid(self, part: str) -> int | None:
        """web, worker, beat, postgres or valkey; None while it is down."""
        if part in ("postgres", "valkey"):
            return (postgres if part == "postgres" else valkey).pid_of(self.places())
        try:
            return json.loads((self.folder / "run" / "parts.json").read_text()).get(part)
        except (OSError, ValueError):
            return None

    def places(self) -> Any:
        before = os.environ.get("BLINKIT_DATA_DIR")
        os.environ["BLINKIT_DATA_DIR"] = str(self.folder)
        try:
            return embedded.places("run")
        finally:
            os.environ.pop("BLINKIT_DATA_DIR") if before is None else os.environ.update(BLINKIT_DATA_DIR=before)

    def kill(self, part: str) -> None:
        """kill -9, and wait until the part has been started again and everything answers."""
        old = self.pid(part)
        assert old is not None
        os.kill(old, signal.SIGKILL)
        self.until(lambda: self.pid(part) not in (None, old), 30)
        self.until(self.healthy, 30)

    def healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health/ready", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    # -- questions ----------------------------------------------------------------------------------------------------

    def rows(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        try:
            return self._asked(statement, parameters)
        except psycopg.OperationalError:  # the server is another one than at the last question
            return self._asked(statement, parameters)

    def _asked(self, statement: str, parameters: Any) -> list[tuple[Any, ...]]:
        if self.connection is None or self.connection.closed:
            where = f"postgresql://postgres@/blinkit?host={self.places().sockets}&port=5432"
            self.connection = psycopg.connect(where, autocommit=True)
        try:
            return self.connection.execute(statement, parameters).fetchall()
        except psycopg.OperationalError:
            self.connection.close()
            raise

    def audit(self) -> None:
        """Counters equal their ledgers, books are even."""
        said = self.elsewhere(AUDITS)  # on a new connection: the server may have been killed meanwhile
        assert said.endswith("All agree.\n"), said

    def elsewhere(self, code: str) -> str:
        """What this code prints in another process than those that serve: always the same one, for a process of Django
        takes seconds to start."""
        if self.clerk is None:
            self.clerk = subprocess.Popen(
                [sys.executable, "-c", CLERK],
                cwd=ROOT,
                env=self.environment | {"DJANGO_SETTINGS_MODULE": "blinkit.settings"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        assert self.clerk.stdin and self.clerk.stdout
        self.clerk.stdin.write(json.dumps(code) + "\n")
        self.clerk.stdin.flush()
        for line in self.clerk.stdout:  # beside the log
            if line.startswith("SAID "):
                return str(json.loads(line.removeprefix("SAID ")))
        raise AssertionError("the other process has ended")

    def until(self, true: Callable[[], Any], timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while not true():
            assert time.monotonic() < deadline, f"not within {timeout_s} s:\n{self.log.read_text()[-3000:]}"
            time.sleep(0.05)
