"""The other end of the tracking bench: riders who ride and customers who watch, on raw sockets, in an own process.

    python -m blinkit.bench.tracksockets PLAN.json      # started by blinkit.bench.tracking

Frames are written and read by hand: a load generator that costs as much as the server measures itself.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import resource
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from math import cos, hypot, radians
from pathlib import Path
from typing import Any

OPEN_AT_ONCE = 64
STEP_S = 0.02
LAST_CALL_S = 3.0
STORM_TIMEOUT_S = 90.0
METRES_PER_DEGREE = 111_195.0
SEQ = re.compile(rb'"seq":(\d{13})')


class Socket(asyncio.Protocol):
    """A client's end. `ready` is set by the first snapshot."""

    def __init__(self, host: bytes, path: str, token: str) -> None:
        loop = asyncio.get_running_loop()
        self.ready: asyncio.Future[None] = loop.create_future()
        self.transport: asyncio.Transport | None = None
        self.closed = False
        self._head = (
            f"GET {path} HTTP/1.1\r\nHost: {host.decode()}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: bearer, {token}\r\n\r\n"
        ).encode()
        self._open = False
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self._head)

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        if not self._open:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._rest = data
                return
            if not data.startswith(b"HTTP/1.1 101"):
                self._fail(ConnectionError(data[:120].decode("latin1")))
                return
            self._open, data = True, data[end + 4 :]
        at = 0
        while len(data) - at >= 2:
            length, start = data[at + 1] & 127, at + 2
            if length == 126:
                length, start = int.from_bytes(data[start : start + 2]), start + 2
            elif length == 127:
                length, start = int.from_bytes(data[start : start + 8]), start + 8
            if len(data) < start + length:
                break
            kind, body = data[at] & 15, data[start : start + length]
            at = start + length
            if kind == 1:
                self.heard(body)
            elif kind == 9 and self.transport is not None:
                self.transport.write(b"\x8a" + bytes([0x80 | len(body), 0, 0, 0, 0]) + body)
            elif kind == 8:
                self._fail(ConnectionError(f"closed with {int.from_bytes(body[:2])}"))
        self._rest = data[at:]

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(exc or ConnectionError("lost"))

    def heard(self, body: bytes) -> None:
        if not self.ready.done() and b'"type":"snapshot"' in body[:40]:
            self.ready.set_result(None)

    def say(self, text: bytes) -> None:
        size = len(text)
        head = bytes([0x81, 0x80 | size]) if size < 126 else b"\x81\xfe" + size.to_bytes(2)
        assert self.transport is not None
        self.transport.write(head + b"\0\0\0\0" + text)  # masked with nothing, as the protocol allows

    def abort(self) -> None:
        self.closed = True
        if self.transport is not None:
            self.transport.abort()

    def _fail(self, error: Exception) -> None:
        if not self.closed:
            failures[str(error)[:60]] += 1
        self.closed = True
        if not self.ready.done():
            self.ready.set_exception(error)
            self.ready.exception()


class Watcher(Socket):
    def heard(self, body: bytes) -> None:
        if b'"type":"position"' in body[:40]:
            found = SEQ.search(body)
            if found:
                tally.heard += 1
                if tally.counting:
                    tally.took_ms.append(time.time() * 1000 - int(found[1]))
        else:
            super().heard(body)


@dataclass(slots=True)
class Tally:
    sent: int = 0
    heard: int = 0
    counting: bool = False
    took_ms: list[float] = field(default_factory=list)


failures: Counter[str] = Counter()
tally = Tally()


@dataclass(slots=True)
class Rider:
    """To and fro between store and door at a constant speed, 6 m/s."""

    socket: Socket
    store: tuple[float, float]
    door: tuple[float, float]
    along: float
    step: float = 1.0

    def report(self, seconds: float) -> bytes:
        north = (self.door[0] - self.store[0]) * METRES_PER_DEGREE
        east = (self.door[1] - self.store[1]) * METRES_PER_DEGREE * cos(radians(self.store[0]))
        self.along += self.step * 6.0 * seconds / hypot(north, east)
        if not 0.05 < self.along < 0.95:
            self.along = min(0.95, max(0.05, self.along))
            self.step = -self.step
        lat = self.store[0] + (self.door[0] - self.store[0]) * self.along
        lng = self.store[1] + (self.door[1] - self.store[1]) * self.along
        now = time.time()
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now * 1000) % 1000:03d}Z"
        return b'{"type":"position","lat":%.6f,"lng":%.6f,"at":"%b","accuracy_metres":6}' % (lat, lng, at.encode())


async def opened(kind: type[Socket], plan: dict[str, Any], path: str, token: str, gate: asyncio.Semaphore) -> Socket:
    host = f"127.0.0.1:{plan['port']}".encode()
    async with gate:
        _, socket = await asyncio.get_running_loop().create_connection(
            lambda: kind(host, path, token), "127.0.0.1", plan["port"]
        )
        await asyncio.wait_for(asyncio.shield(socket.ready), STORM_TIMEOUT_S)
    return socket


async def ride(riders: list[Rider], rate: float, seconds: float) -> None:
    """The riders in turn, `rate` reports a second in all."""
    each_s = len(riders) / rate
    began, done = time.monotonic(), 0
    while (passed := time.monotonic() - began) < seconds:
        while done < passed * rate:
            rider = riders[done % len(riders)]
            if not rider.socket.closed:
                rider.socket.say(rider.report(each_s))
                tally.sent += 1
            done += 1
        await asyncio.sleep(STEP_S)


def say(**what: Any) -> None:
    print(json.dumps(what), flush=True)


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def main(plan: dict[str, Any]) -> None:
    gate = asyncio.Semaphore(OPEN_AT_ONCE)
    began = time.monotonic()
    rows = plan["riders"]
    sockets = await asyncio.gather(*(opened(Socket, plan, "/ws/rider/", row["token"], gate) for row in rows))
    watching = [(f"/ws/orders/{row['order']}/", row["customer"]) for row in rows]
    watchers = await asyncio.gather(*(opened(Watcher, plan, path, token, gate) for path, token in watching))
    say(phase="open", sockets=len(sockets) + len(watchers), seconds=round(time.monotonic() - began, 1))
    riders = [
        Rider(socket, tuple(row["store"]), tuple(row["door"]), 0.1 + 0.8 * (number % 97) / 97)
        for number, (socket, row) in enumerate(zip(sockets, rows, strict=True))
    ]
    await ride(riders, plan["rate"], plan["warm_s"])
    await asyncio.sleep(LAST_CALL_S)
    tally.sent, tally.heard, tally.counting = 0, 0, True
    say(phase="ride")
    spent, began = cpu_s(), time.monotonic()
    await ride(riders, plan["rate"], plan["seconds"])
    seconds = time.monotonic() - began
    await asyncio.sleep(LAST_CALL_S)
    took = sorted(tally.took_ms)
    figures = {f"p{part}_ms": round(took[min(len(took) - 1, len(took) * part // 100)], 1) for part in (50, 95, 99)}
    say(
        phase="rode", sent=tally.sent, heard=tally.heard, **figures, worst_ms=round(took[-1], 1),
        per_s=round(tally.sent / seconds), client_cpu_ms=round((cpu_s() - spent) * 1000 / tally.sent, 3),
        failures=dict(failures),
    )  # fmt: skip
    tally.counting = False
    if plan["storm"]:
        await storm(plan, riders, watchers, watching)
    say(phase="end", failures=dict(failures))


async def storm(plan: dict[str, Any], riders: list[Rider], watchers: list[Any], watching: list[Any]) -> None:
    """Every watcher is cut off at once and comes back at once, while the riders ride on."""
    for socket in watchers:
        socket.abort()
    await asyncio.sleep(0.5)
    riding = asyncio.create_task(ride(riders, plan["rate"], STORM_TIMEOUT_S))
    began, settled, sent = time.monotonic(), [], tally.sent

    async def back(path: str, token: str) -> None:
        await opened(Watcher, plan, path, token, asyncio.Semaphore(1))
        settled.append(time.monotonic() - began)

    results = await asyncio.gather(*(back(path, token) for path, token in watching), return_exceptions=True)
    riding.cancel()
    settled.sort()
    say(
        phase="storm", sockets=len(watching), back=len(settled), lost=sum(result is not None for result in results),
        half_s=round(settled[len(settled) // 2], 1), all_s=round(settled[-1], 1), rode=tally.sent - sent,
    )  # fmt: skip


if __name__ == "__main__":
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 16_384)), hard))
    asyncio.run(main(json.loads(Path(sys.argv[1]).read_text())))
