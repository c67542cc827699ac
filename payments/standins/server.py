"""What every stand-in of ours for a gateway is made of: an HTTP server on this machine that remembers what was asked,
owes signed messages, and does wrong what it is told to do wrong. Without Django."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Self

Entity = dict[str, Any]
Message = tuple[dict[str, str], bytes]
HANGS_S = 30


@dataclass(kw_only=True)
class StandIn:
    """Within `with` it answers at `url`. A gateway's own stand-in says with which door and which faults it knows."""

    faults: ClassVar[frozenset[str]]
    door: ClassVar[type[Door]]

    port: int = 0
    calls: list[str] = field(default_factory=list)
    clock: Callable[[], float] = time.time
    _owed: deque[Message] = field(default_factory=deque)
    _faults: dict[str, deque[str]] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _closing: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        bound = type("BoundDoor", (self.door,), {"stand_in": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), bound)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def fail_next(self, call: str, how: str) -> None:
        """The next call of this name (its CALLS) goes wrong so. Raises ValueError for a fault it does not know."""
        if how not in self.faults:
            raise ValueError(f"{how} is none of {sorted(self.faults)}")
        self._faults.setdefault(call, deque()).append(how)

    def take_messages(self) -> list[Message]:
        """The messages not taken yet, in the order in which they happened."""
        with self._lock:
            taken = list(self._owed)
            self._owed.clear()
            return taken


class Door(BaseHTTPRequestHandler):
    """A request is answered by `serve`, without a line in any log."""

    stand_in: Any
    protocol_version = "HTTP/1.1"

    def serve(self) -> None:
        raise NotImplementedError

    def do_GET(self) -> None:
        self.serve()

    def do_POST(self) -> None:
        self.serve()

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""

    def send(self, status: int, answer: Entity | str, **headers: str) -> None:
        """JSON, or a page when the answer is text; `headers` with _ for -."""
        body = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if isinstance(answer, str) else "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)
