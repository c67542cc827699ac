"""Small tools to start, watch and stop the servers' processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blinkit.embedded.places import NOT_YOURS, server_ids


class EmbeddedError(Exception):
    """An embedded server cannot be had; the message is one sentence that says why and what to do."""


@dataclass(frozen=True, slots=True)
class Runner:
    say: Callable[[str], None]

    @staticmethod
    def as_server_user() -> dict[str, Any]:
        ids = server_ids()
        return {"user": ids[0], "group": ids[1], "extra_groups": []} if ids else {}

    def spawn(self, command: Sequence[str], log: Path, *, own_user: bool = False) -> subprocess.Popen[bytes]:
        """A process in its own session (Ctrl-C at the terminal is not for it), its output appended to `log`."""
        with log.open("ab") as file:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd="/",
                **({} if own_user else self.as_server_user()),
            )


def own_directory(path: Path, mode: int, *, chown: bool = True) -> None:
    """Makes the directory if need be; with `chown` it belongs to the servers' user. Refuses a stranger's directory."""
    ids = server_ids()
    try:
        path.mkdir(mode=mode, parents=True, exist_ok=True)
        if path.stat().st_uid not in ({0, ids[0]} if ids else {os.getuid()}):
            raise EmbeddedError(f"{path} belongs to user {path.stat().st_uid}. {NOT_YOURS}")
        path.chmod(mode)
        if chown and ids:
            os.chown(path, *ids)
    except OSError as error:
        raise EmbeddedError(f"Cannot use {path}: {error.strerror}. {NOT_YOURS}") from None


def alive(pid: int, *names: str) -> bool:
    """Whether the process runs, is no zombie, and is one of the named programs (a pid is used again after a reboot)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    if sys.platform == "linux":
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            program = Path(f"/proc/{pid}/comm").read_text()
        except OSError:
            return False
    else:
        out = subprocess.run(["ps", "-o", "state=,comm=", "-p", str(pid)], capture_output=True, text=True).stdout
        state, _, program = out.strip().partition(" ")
    return not state.startswith("Z") and any(name in program for name in names)


def stop_process(pid: int, sign: signal.Signals, timeout_s: float) -> bool:
    """Sends the signal and waits; True when the process is gone (a zombie is gone)."""
    try:
        os.kill(pid, sign)
    except ProcessLookupError:
        return True
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        try:
            os.waitpid(pid, os.WNOHANG)  # reap it if it is ours
        except ChildProcessError:
            pass
        if not alive(pid, ""):
            return True
        time.sleep(0.02)
    return False


def log_tail(log: Path) -> str:
    """The last lines that say something, in one line."""
    try:
        lines = log.read_text(errors="replace").splitlines()[-6:]
    except OSError:
        return f"See {log}."
    return f"{' / '.join(line.strip() for line in lines if line.strip())} (more in {log})"
