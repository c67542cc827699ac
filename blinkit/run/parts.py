"""One part of the platform as a supervised child process: its command, its log file, its readiness."""

from __future__ import annotations

import ctypes
import json
import os
import re
import runpy
import signal
import subprocess
import sys
import time
import traceback
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

LOG_LIMIT_BYTES = 10_000_000
QUICK_DEATH_S = 10.0  # a part that lives shorter than this is restarted more and more slowly
PR_SET_PDEATHSIG = 1
PR_SET_NAME = 15
CAN_FORK = sys.platform == "linux"

COLOURS = {"web": "36", "worker": "35", "beat": "34"}
LOUD = re.compile(r"Traceback|\b(ERROR|CRITICAL|FATAL)\b|^\w*(Error|Exception)\b")


def die_with_parent(sign: signal.Signals = signal.SIGKILL) -> None:
    """Linux: the process gets `sign` when its parent dies, however it dies."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(sign))


@dataclass(slots=True)
class Child:
    """A running process and the reading end of what it says.

    On Linux it is forked from the supervisor, which has Django loaded already: three programs that each load it anew
    would take three times as long to start, on the same two cores. Elsewhere (fork without exec is unsafe on macOS) it
    is a fresh interpreter. Either way it has its own session: Ctrl-C at the terminal is the supervisor's alone, which
    stops the parts in their order.
    """

    pid: int
    output: int
    status: int | None = None

    @classmethod
    def spawned(cls, part: Part) -> Child:
        process = subprocess.Popen(
            [sys.executable, "-m", *part.argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=os.environ | {"BLINKIT_PART": part.name},
            start_new_session=True,
        )
        assert process.stdout is not None
        output = os.dup(process.stdout.fileno())
        process.stdout.close()
        process.returncode = 0  # we wait for it ourselves
        os.set_blocking(output, False)
        return cls(process.pid, output)

    @classmethod
    def forked(cls, part: Part) -> Child:
        reading, writing = os.pipe()
        supervisor = os.getpid()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            os.close(writing)
            os.set_blocking(reading, False)
            return cls(pid, reading)
        try:
            os.setsid()
            die_with_parent()
            if os.getppid() != supervisor:
                os._exit(1)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            null = os.open(os.devnull, os.O_RDONLY)
            os.dup2(null, 0)
            os.dup2(writing, 1)
            os.dup2(writing, 2)
            for unwanted in (null, writing, reading, *part.not_for_child):
                if unwanted > 2:
                    os.close(unwanted)
            _become(part)
        except SystemExit as end:
            if isinstance(end.code, str):
                print(end.code, file=sys.stderr)
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
        except BaseException:
            traceback.print_exc()
            status = 1
        else:
            status = 0
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)

    def poll(self) -> int | None:
        if self.status is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                self.status = 0
            else:
                if pid:
                    self.status = os.waitstatus_to_exitcode(status)
        return self.status

    def wait(self) -> None:
        while self.poll() is None:
            time.sleep(0.01)

    def signal(self, sign: signal.Signals) -> None:
        try:
            if sign == signal.SIGKILL:
                os.killpg(self.pid, sign)
            else:
                os.kill(self.pid, sign)
        except (ProcessLookupError, PermissionError):
            pass

    def close(self) -> None:
        os.close(self.output)


def _become(part: Part) -> None:
    """Runs the part's program in this forked process."""
    from django.db import connections

    os.environ["BLINKIT_PART"] = part.name
    connections["default"].settings_dict["OPTIONS"]["application_name"] = part.name
    ctypes.CDLL(None).prctl(PR_SET_NAME, f"blinkit-{part.name}".encode())
    sys.argv = list(part.argv)
    runpy.run_module(part.argv[0], run_name="__main__", alter_sys=True)


@dataclass(slots=True)
class Part:
    name: str
    argv: list[str]  # a module that runs as a program, and its arguments
    log: Path
    is_ready: Callable[[Part], bool]
    stop_timeout_s: float
    not_for_child: list[int] = field(default_factory=list)  # file descriptors that a child must not hold
    process: Child | None = None
    ready: bool = False
    ever_ready: bool = False
    started_at: float = 0.0
    start_again_at: float = 0.0
    quick_deaths: int = 0
    tail: list[str] = field(default_factory=list)
    _file: IO[bytes] | None = None
    _rest: bytes = b""

    def start(self) -> None:
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        self._file = self.log.open("ab", buffering=0)
        self.tail.clear()
        self._rest = b""
        self.process = Child.forked(self) if CAN_FORK else Child.spawned(self)
        self.started_at = time.monotonic()
        self.start_again_at = 0.0
        self.ready = False

    def lines(self) -> list[str]:
        """What the part has said since the last call; also appended to its log file."""
        if self.process is None:
            return []
        said = b""
        while True:
            try:
                piece = os.read(self.process.output, 65536)
            except (BlockingIOError, ValueError):
                break
            if not piece:
                break
            said += piece
        if said and self._file:
            self._file.write(said)
        *whole, self._rest = (self._rest + said).split(b"\n")
        lines = [line.decode(errors="replace") for line in whole]
        self.tail = [*self.tail, *lines][-30:]
        return lines

    def died(self) -> int | None:
        """The exit status when the part has ended since it was started."""
        return self.process.poll() if self.process else None

    def plan_restart(self) -> float:
        """Notes the death and returns the seconds to wait before the next start (0.3 s doubling to 10 s)."""
        lived = time.monotonic() - self.started_at
        self.quick_deaths = self.quick_deaths + 1 if lived < QUICK_DEATH_S else 0
        wait = min(0.3 * 2 ** max(self.quick_deaths - 1, 0), 10.0)
        self.start_again_at = time.monotonic() + wait
        self.lines()
        self.process.close() if self.process else None
        self.process = None
        self.ready = False
        return wait

    def ask_to_stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.signal(signal.SIGTERM)

    def wait_or_kill(self, deadline: float) -> None:
        if self.process is None:
            return
        while self.process.poll() is None and time.monotonic() < deadline:
            self.lines()  # a full pipe would keep it from ending
            time.sleep(0.02)
        if self.process.poll() is None:
            self.kill()
        self.lines()

    def kill(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.signal(signal.SIGKILL)
            self.process.wait()


def important(line: str) -> str | None:
    """What of a log line belongs on the console: warnings and errors, short; None for the rest."""
    if line.startswith("{"):
        try:
            row = json.loads(line)
        except ValueError:
            return None
        if str(row.get("level", "")).lower() not in {"warning", "error", "critical"}:
            return None
        what = str(row.get("event") or row.get("message") or "").partition("\n")[0]
        more = " ".join(f"{k}={row[k]}" for k in ("path", "status", "error", "task", "request_id") if row.get(k))
        return f"{row['level']}: {what} {more}".strip()[:300]
    return line.rstrip()[:300] if LOUD.search(line) else None


def answers(url: str) -> bool:
    """Whether the address gives any answer that is not a server error."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status < 500)
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


def said(word: str) -> Callable[[Part], bool]:
    """Ready once a line of its log holds the word."""
    return lambda part: any(word in line for line in part.tail)
