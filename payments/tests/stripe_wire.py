"""Stripe for tests: localstripe as a process of its own, the wire to it, its payers and its webhooks.

localstripe (GPL, development only) is run and spoken to, never imported. The wire between it and us writes requests
down, can lose answers, and translates one parameter: localstripe knows `payment_method_types`, which Stripe's API of
today has replaced by `allowed_payment_method_types`.
"""

from __future__ import annotations

import importlib.util
import queue
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import httpx
import pytest

KEY, SECRET = "sk_test_12345", "whsec_of_the_tests"
VISA, DECLINED_CARD, ASKS_FIRST = "4242424242424242", "4000000000000341", "4000002500003155"
PATIENCE_S = 15.0


class Wire(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, upstream: str) -> None:
        super().__init__(("127.0.0.1", 0), _Hop)
        self.upstream = upstream
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        self.loses_answers = False
        self.lost, self.let_go = Event(), Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def keys(self, path: str) -> list[str]:
        """The idempotency keys of the requests that changed something under this path."""
        return [headers.get("idempotency-key", "") for verb, at, headers in self.seen if verb == "POST" and at == path]


class _Hop(BaseHTTPRequestHandler):
    server: Wire

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append((self.command, self.path.partition("?")[0], headers))
        answer = httpx.request(
            self.command,
            self.server.upstream + self.path,
            content=body.replace(b"allowed_payment_method_types", b"payment_method_types"),
            headers={name: headers[name] for name in ("authorization", "content-type") if name in headers},
            timeout=PATIENCE_S,
            trust_env=False,
        )
        if self.server.loses_answers:
            self.server.lost.set()
            self.server.let_go.wait(PATIENCE_S)
            self.close_connection = True
            return
        self.send_response(answer.status_code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    do_POST = do_GET

    def log_message(self, *args: Any) -> None:
        pass


class Mailbox(ThreadingHTTPServer):
    """Where webhooks arrive: `next(kind)` waits for one, with its headers and the body as it came."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Letter)
        self.letters: queue.Queue[tuple[dict[str, str], bytes]] = queue.Queue()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"

    def next(self, kind: str, about: str) -> tuple[dict[str, str], bytes]:
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            headers, body = self.letters.get(timeout=PATIENCE_S)
            if kind.encode() in body and about.encode() in body:
                return headers, body
        raise AssertionError(f"no {kind} came")


class _Letter(BaseHTTPRequestHandler):
    server: Mailbox

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.letters.put((dict(self.headers.items()), body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def serving(server: Any) -> Iterator[Any]:
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(PATIENCE_S)


@contextmanager
def localstripe() -> Iterator[str]:
    """A fresh localstripe; gives its address. Skips where it is not installed or the machine has no IPv6."""
    if importlib.util.find_spec("localstripe") is None:
        pytest.skip("localstripe is not installed (pip install -e .[dev])")
    try:
        with socket.create_server(("::", 0), family=socket.AF_INET6) as free:
            port = free.getsockname()[1]
    except OSError as error:
        pytest.skip(f"localstripe listens on IPv6, which this machine has not: {error}")
    process = subprocess.Popen(
        [sys.executable, "-m", "localstripe", "--port", str(port), "--from-scratch"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _until_up(process, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def _until_up(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        assert process.poll() is None, "localstripe ended before it listened"
        try:
            httpx.get(f"http://127.0.0.1:{port}/", timeout=1, trust_env=False)
            return
        except httpx.TransportError:
            continue
    raise AssertionError("localstripe does not listen")


class Payer:
    """What Stripe's own script does in the payer's browser."""

    def __init__(self, base: str) -> None:
        self.http = httpx.Client(
            base_url=base, headers={"Authorization": f"Bearer {KEY}"}, timeout=PATIENCE_S, trust_env=False
        )

    def pay(self, intent_id: str, *, card: str = VISA) -> int:
        """The status of the confirmation: 200, or 402 when the card is declined."""
        digits = {"card[number]": card, "card[exp_month]": "12", "card[exp_year]": "2035", "card[cvc]": "123"}
        way = self.http.post("/v1/payment_methods", data={"type": "card"} | digits).raise_for_status().json()["id"]
        self.http.post(f"/v1/payment_intents/{intent_id}", data={"payment_method": way}).raise_for_status()
        return self.http.post(f"/v1/payment_intents/{intent_id}/confirm").status_code

    def authenticate(self, intent_id: str, secret: str, *, success: bool = True) -> None:
        answer = {"client_secret": secret, "success": str(success).lower()}
        self.http.post(f"/v1/payment_intents/{intent_id}/_authenticate", data=answer).raise_for_status()

    def refunds(self, intent_id: str) -> list[dict[str, Any]]:
        found = self.http.get("/v1/refunds", params={"payment_intent": intent_id, "limit": "100"}).json()["data"]
        return list(found)
