"""python -m blinkit.run: starts everything, watches it, stops it in order. Environment: PORT, HOST, LOAD_DEMO."""

from __future__ import annotations

import fcntl
import gc
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Any

from blinkit import embedded, env
from blinkit.embedded.process import alive, stop_process
from blinkit.run.parts import COLOURS, Part, answers, die_with_parent, important, said

START_TIMEOUT_S = 60.0
WATCH_EVERY_S = 0.5
STOP_WEB_S, STOP_WORKER_S = 1.2, 1.8  # with the servers' own second this stays under five


class Stopped(Exception):
    """A signal asked us to end."""


class CannotStart(Exception):
    """One line that says why."""


def paint(text: str, code: str) -> str:
    return f"\033[{code}m{text}\033[0m" if sys.stdout.isatty() and "NO_COLOR" not in os.environ else text


def say(line: str) -> None:
    print(line, flush=True)


def open_to_the_network(host: str) -> str:
    """The warning for a demo that others can reach; empty when there is nothing to warn of."""
    from django.conf import settings

    if not settings.DEMO_MODE or host == "localhost" or host.startswith("127.") or host == "::1":
        return ""
    return (
        f"Warning: demo mode listens on {host}, so everybody in this network can sign in as anybody (the sign-ins and "
        "the inbox with the codes are open). Use HOST=127.0.0.1, or DEMO_MODE=0 for real people."
    )


class Supervisor:
    def __init__(self) -> None:
        self.began = time.monotonic()
        self.port = env.number("PORT", default=8000, least=1, most=65535)
        self.host = env.text("HOST", default="127.0.0.1")
        shown = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host
        self.site = f"http://{shown}:{self.port}"
        self.run = embedded.data_dir() / "run"
        self.run.mkdir(exist_ok=True)
        self.pids = self.run / "parts.json"
        self.parts: list[Part] = []
        self.servers: embedded.Handle | None = None
        self.child: subprocess.Popen[Any] | None = None
        self.signals = 0
        self.lock = -1

    # -- start --------------------------------------------------------------------------------------------------------

    def main(self) -> int:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        self._follow_make()
        status = 0
        try:
            with self._only_one():
                try:
                    self._start()
                    self._watch()
                except Stopped:
                    pass
                except (CannotStart, embedded.EmbeddedError) as error:
                    print(error, file=sys.stderr, flush=True)
                    status = 1
                finally:
                    self._stop()
        except Stopped:
            pass
        except CannotStart as error:
            print(error, file=sys.stderr, flush=True)
            status = 1
        return status

    def _start(self) -> None:
        self._reap_leftovers()
        self._check_port()
        self._start_servers_and_load_django()
        table = self._prepare()
        self.parts = self._make_parts()
        for part in self.parts:
            part.start()
        self._note_pids()
        self._wait_until_ready()
        self._print_table(*table)

    def _make_parts(self) -> list[Part]:
        celery = ["celery", "-A", "blinkit"]
        queues = "events,notify,dispatch,payments"

        def part(name: str, command: list[str], is_ready: Any, stop_s: float) -> Part:
            private = [self.lock, self.servers.lease if self.servers else -1]
            return Part(name, command, self.run / f"{name}.log", is_ready, stop_s, private)

        # One ASGI process serves pages and sockets on one port: kinder to a newcomer than two ports, and quick enough
        # for a laptop. Production has WSGI for pages (docker-compose.yml). Threads make the worker start at once.
        return [
            part(
                "worker",
                [*celery, "worker", "-P", "threads", "-c", "4", "-Q", queues, "-l", "INFO", "--without-mingle"]
                + ["--without-gossip", "-n", f"worker-{self.port}@local"],
                said("ready."),
                STOP_WORKER_S,
            ),
            part(
                "web",
                ["daphne", "-b", self.host, "-p", str(self.port), "--no-server-name"]
                + ["--application-close-timeout", "1", "-v", "1", "blinkit.asgi:application"],
                lambda _: answers(f"{self.site}/health/live"),
                STOP_WEB_S,
            ),
            part(
                "beat",
                [*celery, "beat", "-l", "INFO", "--pidfile", ""],
                said("beat: Starting"),
                STOP_WEB_S,
            ),
        ]

    def _start_servers_and_load_django(self) -> None:
        """Both at once: the servers mostly wait for the disk. No thread is left when it returns (we fork later)."""
        os.environ["LOG_FORMAT"] = "json"
        os.environ["PYTHONUNBUFFERED"] = "1"
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "blinkit.settings")
        os.environ.setdefault("SITE_URL", self.site)
        from blinkit import settings  # noqa: F401  a bad variable ends us before anything is started

        failures: list[Exception] = []

        def start() -> None:
            try:
                self.servers = embedded.ensure("run", say=say)
            except Exception as error:
                failures.append(error)

        starter = threading.Thread(target=start)
        starter.start()
        gc.disable()  # until all is loaded that stays
        try:
            import django

            django.setup()
        finally:
            starter.join()
        if failures:
            raise failures[0]
        if self.servers and self.servers.started:
            names = {"postgres": "PostgreSQL", "valkey": "Valkey (Redis)"}
            say(f"Started {' and '.join(names[name] for name in self.servers.started)}")

    def _prepare(self) -> tuple[list[tuple[str, str]], list[list[str]]]:
        """Tables and demo city as they should be. Returns the addresses and the demo sign-ins."""
        from django.db import connection

        from blinkit.run import prepare

        prepare.check_servers()
        if prepare.work_waits():
            connection.close()
            self.child = subprocess.Popen([sys.executable, "-m", "blinkit.run.prepare"], start_new_session=True)
            status = self.child.wait()
            self.child = None
            if status:
                raise CannotStart("Not started: the reason is above.")
        table = prepare.addresses(), prepare.sign_ins()
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]  # its threads must not live through a fork
        gc.freeze()
        gc.enable()
        return table

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not all(part.ready for part in self.parts):
            for part in self.parts:
                self._read(part)
                if part.died() is not None:
                    tail = [line for line in part.tail if line.strip()][-1:] or [""]
                    raise CannotStart(f"The {part.name} does not start: {tail[0][:300]} (more in {part.log})")
                if not part.ready and part.is_ready(part):
                    part.ready = part.ever_ready = True
            if time.monotonic() > deadline:
                late = ", ".join(part.name for part in self.parts if not part.ready)
                raise CannotStart(f"Not ready within {START_TIMEOUT_S:.0f} s: {late} (logs are in {self.run})")
            time.sleep(0.03)

    def _print_table(self, addresses: list[tuple[str, str]], sign_ins: list[list[str]]) -> None:
        seconds = time.monotonic() - self.began
        say("")
        say(paint(f"Ready in {seconds:.1f} s", "1;32"))
        for label, path in addresses:
            say(f"  {label:15} {self.site}{path}")
        if sign_ins:
            say("")
            say("Demo sign-ins")
            width = max(len(str(row[0])) for row in sign_ins)
            for row in sign_ins:
                say(f"  {row[0]!s:{max(width, 15)}} {'  '.join(map(str, row[1:]))}")
        if warning := open_to_the_network(self.host):
            say("")
            say(paint(warning, "1;33"))
        say("")
        say(f"Logs are in {self.run}. Ctrl-C stops everything.")

    # -- while it runs ------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        checked = time.monotonic()
        while True:
            with selectors.DefaultSelector() as selector:
                for part in self.parts:
                    if part.process and part.process.poll() is None:
                        selector.register(part.process.output, selectors.EVENT_READ)
                selector.select(timeout=WATCH_EVERY_S)
            for part in self.parts:
                self._read(part)
                self._keep_alive(part)
            if time.monotonic() - checked > 1 and self.servers:
                checked = time.monotonic()
                self._keep_servers()
            time.sleep(0.02)  # many lines at once are read together

    def _keep_alive(self, part: Part) -> None:
        now = time.monotonic()
        if part.process is None:
            if now >= part.start_again_at:
                part.start()
                self._note_pids()
            return
        status = part.died()
        if status is not None:
            wait = part.plan_restart()
            say(paint(f"The {part.name} ended ({_why(status)}); starting it again in {wait:.1f} s", "33"))
        elif not part.ready and part.is_ready(part):
            part.ready = True
            say(paint(f"The {part.name} is back", "32"))

    def _keep_servers(self) -> None:
        assert self.servers is not None
        if all(embedded.status("run")[name] for name in embedded.wanted()):
            return
        try:
            for name in self.servers.revive():
                say(paint(f"{name} had ended and was started again", "33"))
        except embedded.EmbeddedError as error:
            say(paint(str(error), "31"))

    def _read(self, part: Part) -> None:
        for line in part.lines():
            if told := important(line):
                say(f"{paint(f'{part.name:7}', COLOURS.get(part.name, '0'))} {told}")

    # -- stop ---------------------------------------------------------------------------------------------------------

    def _stop(self) -> None:
        if self.parts or self.servers:
            say("Stopping")
        if self.child and self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        first = [part for part in self.parts if part.name != "worker"]
        for group in (first, [part for part in self.parts if part.name == "worker"]):
            for part in group:
                part.ask_to_stop()
            for part in group:
                part.wait_or_kill(time.monotonic() + (0 if self.signals > 1 else part.stop_timeout_s))
        self.pids.unlink(missing_ok=True)
        if self.servers:
            self.servers.close()
        if self.parts:
            say("Stopped")

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.signals += 1
        if self.signals == 1:
            raise Stopped
        for part in self.parts:  # a second Ctrl-C: at once
            part.kill()

    # -- other runs of ours -------------------------------------------------------------------------------------------

    def _only_one(self) -> Any:
        """Holds the data directory for this supervisor. A run that is just ending gets some seconds to do so."""
        file = (self.run / "supervisor").open("a+")
        deadline = time.monotonic() + 8
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    file.seek(0)
                    told = file.read().strip() or "it is still starting"
                    raise CannotStart(
                        f"It is already running here ({told}): stop it, or give another BLINKIT_DATA_DIR and PORT."
                    ) from None
                time.sleep(0.1)
        file.truncate(0)
        file.write(f"process {os.getpid()}, {self.site}")
        file.flush()
        self.lock = file.fileno()
        return file  # closing it lets the lock go

    def _follow_make(self) -> None:
        """Started by make, we end when make is killed: nobody would be left to stop us."""
        if sys.platform == "linux":
            try:
                parent = Path(f"/proc/{os.getppid()}/comm").read_text().strip()
            except OSError:
                return
            if parent in {"make", "gmake"}:
                die_with_parent(signal.SIGTERM)

    def _note_pids(self) -> None:
        pids = {part.name: part.process.pid for part in self.parts if part.process}
        fresh = self.pids.with_suffix(".new")  # whoever reads it never sees half of it
        fresh.write_text(json.dumps(pids))
        fresh.replace(self.pids)

    def _reap_leftovers(self) -> None:
        """Ends parts of a supervisor that was killed (where the system could not do it for us)."""
        try:
            pids = json.loads(self.pids.read_text())
        except (OSError, ValueError):
            return
        for pid in pids.values():
            if alive(pid, "python", "blinkit") and _is_ours(pid):
                stop_process(pid, signal.SIGKILL, 3)
        self.pids.unlink(missing_ok=True)

    def _check_port(self) -> None:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.host, self.port))
            except OSError as error:
                raise CannotStart(
                    f"Port {self.port} cannot be used ({error.strerror}): stop what uses it, or choose another: "
                    f"make run PORT={self.port + 1 if self.port < 65535 else 8000}"
                ) from None


def _is_ours(pid: int) -> bool:
    out = subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True).stdout
    return "blinkit" in out


def _why(status: int) -> str:
    return f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"


if __name__ == "__main__":
    try:
        sys.exit(Supervisor().main())
    except embedded.EmbeddedError as error:
        sys.exit(str(error))
