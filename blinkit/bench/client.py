"""A load generator that costs little: HTTP/1.1 over kept-alive connections, written for known answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson

T = TypeVar("T")
TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes

    def json(self) -> Any:
        return orjson.loads(self.body)


class _Reader(asyncio.Protocol):
    """One answer at a time: status line, Content-Length, body."""

    def __init__(self) -> None:
        self.waiting: asyncio.Future[Answer] | None = None
        self.transport: asyncio.Transport | None = None
        self.buffer = bytearray()
        self.status = 0
        self.needed = -1  # bytes until the answer is whole; -1 while its head is incomplete

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if self.needed < 0:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(self.buffer[:end]).lower()
            self.status = int(head[9:12])
            where = head.find(b"\r\ncontent-length:")
            if where < 0:
                self._fail(ConnectionError("an answer without Content-Length"))
                return
            length = int(head[where + 17 :].split(b"\r\n", 1)[0])
            del self.buffer[: end + 4]
            self.needed = length
        if len(self.buffer) >= self.needed and self.waiting is not None:
            body = bytes(self.buffer[: self.needed])
            self.buffer.clear()
            self.needed = -1
            waiting, self.waiting = self.waiting, None
            if not waiting.done():
                waiting.set_result(Answer(self.status, body))

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(exc or ConnectionResetError("closed by the server"))

    def _fail(self, error: Exception) -> None:
        self.transport = None
        waiting, self.waiting = self.waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_exception(error)


class Connection:
    """Sends requests one after another over one connection, opened again when the server closed it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.reader = _Reader()

    async def send(
        self, method: str, path: str, *, token: str = "", body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        if self.reader.transport is None or self.reader.transport.is_closing():
            loop = asyncio.get_running_loop()
            _, self.reader = await loop.create_connection(_Reader, "127.0.0.1", self.port)
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Accept: application/json"]
        if token:
            lines.append(f"Authorization: Bearer {token}")
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        content = b""
        if body is not None:
            content = orjson.dumps(body)
            lines.append("Content-Type: application/json")
        lines.append(f"Content-Length: {len(content)}\r\n\r\n")
        waiting: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.reader.waiting = waiting
        assert self.reader.transport is not None
        self.reader.transport.write("\r\n".join(lines).encode() + content)
        return await asyncio.wait_for(waiting, TIMEOUT_S)

    def close(self) -> None:
        if self.reader.transport is not None:
            self.reader.transport.close()


@dataclass(slots=True)
class Load:
    """What a run of many operations took. `results` are in no order; `took_s` per operation, in seconds."""

    wall_s: float = 0.0
    took_s: list[float] = field(default_factory=list)
    results: list[Any] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def rps(self) -> float:
        return len(self.took_s) / self.wall_s if self.wall_s else 0.0

    def ms(self, share: float) -> float:
        return percentile(self.took_s, share) * 1000


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile; 0 for no values."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered)) - 1))]


@asynccontextmanager
async def connections(port: int, count: int) -> AsyncIterator[list[Connection]]:
    opened = [Connection(port) for _ in range(count)]
    try:
        yield opened
    finally:
        for connection in opened:
            connection.close()


async def drive(port: int, *, clients: int, items: Sequence[T], act: Callable[[Connection, T], Awaitable[Any]]) -> Load:
    """Do `act` once per item, `clients` at a time, each client over a connection of its own."""
    load = Load()
    waiting = iter(items)

    async def client(connection: Connection) -> None:
        for item in waiting:
            began = time.perf_counter()
            try:
                load.results.append(await act(connection, item))
            except Exception as error:
                load.errors.append(f"{type(error).__name__}: {error}")
            load.took_s.append(time.perf_counter() - began)

    async with connections(port, clients) as opened:
        began = time.perf_counter()
        await asyncio.gather(*(client(connection) for connection in opened))
        load.wall_s = time.perf_counter() - began
    return load
