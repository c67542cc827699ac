"""Live sockets: a full snapshot first, then numbered messages; a gap or a reconnect means read again.

Many sockets of one group in one process share one read per hint: the first that needs it plans a read a moment
ahead, all others join until it starts. A read that started before a hint arrived never answers that hint.
"""

import asyncio
import random
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, ClassVar, TypeVar, cast
from urllib.parse import urlsplit

import orjson
import structlog
from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.db import close_old_connections
from django.http import HttpRequest, parse_cookie
from django.http.request import validate_host
from django.utils.module_loading import import_string

from blinkit.kernel import metrics
from blinkit.kernel.api import dumps
from blinkit.kernel.context import current_request, request_id, sane_request_id
from blinkit.kernel.errors import Refusal
from blinkit.kernel.hub import GATHER_S, hub
from blinkit.kernel.permissions import roles_of
from blinkit.kernel.problems import as_refusal, problem_body
from blinkit.kernel.tokens import TokenUser, ended_ms_of, user_from_token

log = structlog.get_logger(__name__)

Asgi = Callable[[dict[str, Any], Any, Any], Awaitable[Any]]
T = TypeVar("T")
Read = tuple[float, bytes]
"""When it began (monotonic), and what there is to show, encoded."""

MOMENT_S = 0.02
"""How long a read waits for more sockets that want the same."""
RETRY_READ_S = 2.0
LONGEST_MESSAGE = 16 * 1024
MOST_MESSAGES_PER_S = 20
MOST_WAITING = 50
"""Messages that wait for a slow socket; with more it loses the oldest, sees the gap and asks for a snapshot."""

CLOSE_REFUSED = 4400
CLOSE_ENDED = 4401
CLOSE_TOO_BIG = 4413
CLOSE_TRY_LATER = 4503
"""Why a socket ends, as HTTP would say it. Of our own range: daphne (as browsers) lets a program send no other and says
1011 instead."""

_readers: ThreadPoolExecutor | None = None
_reads = 0
"""Asked for and not answered yet."""
_kept = threading.local()
TRUST_CONNECTION_S = 1.0
"""So long a reader may keep its connection before it is looked after."""


class LiveConsumer(AsyncJsonWebsocketConsumer):
    """Base of every live socket. A subclass says who may listen, to which groups, and what the snapshot is.

    Client messages: {"type": "resync"} asks for a full snapshot, {"type": "ping"} for a {"type": "pong"}; everything
    else goes to `on_message`. Server messages: {"seq", "type": "snapshot", "data"}, {"seq", "type": "position",
    "data"}, {"type": "refused", "problem"}.
    """

    least_gap_s: ClassVar[float] = 0.05
    """Snapshots of one group are read at most this often (a busy board sets more)."""
    admitted_by_read = False
    """Set by `authorise`: the snapshot is of this person and refuses whoever may not have it. Nobody is let in before
    the first one was read, and nothing else is asked of the database."""

    async def authorise(self) -> bool:
        """Whether this person may listen. `await self.roles()` and `self.scope["user"]` help."""
        raise NotImplementedError

    async def admit_otherwise(self) -> bool:
        """The snapshot refused this person (`admitted_by_read`): whether they may listen as somebody else, whom the
        other methods speak of from now on."""
        return False

    def group_names(self) -> list[str]:
        raise NotImplementedError

    def snapshot(self) -> dict[str, Any]:
        """All there is to show, read from the database now. Runs in a thread."""
        raise NotImplementedError

    def share_key(self) -> tuple[str, ...]:
        """Sockets with equal keys get the same snapshot. Add the person's id or role where the snapshot depends on
        it."""
        return tuple(self.group_names())

    def snapshot_read(self, data: bytes) -> None:
        """What this socket is about to be told, encoded; for those who must know it too."""

    async def on_message(self, content: dict[str, Any]) -> None:
        """A message of the client. A Refusal raised here is sent back as a problem."""
        raise Refusal("This socket takes no such message.")

    # -- for subclasses

    async def roles(self) -> frozenset[str]:
        user = self.scope["user"]
        if isinstance(user, TokenUser):  # they came with the token
            return user.roles
        return await database_sync_to_async(roles_of)(user)

    async def send_numbered(self, kind: str, data: Any) -> None:
        await self._send_bytes(kind, dumps(data))

    # -- the socket's life

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        # Instead of Channels' own loop, which makes two tasks per message and hops to a thread to look at database
        # connections: here only the readers touch the database, and they look after their connections themselves.
        self.scope, self.base_send = scope, send
        self._joined: list[str] = []
        try:
            while True:
                message = await receive()
                kind = message["type"]
                if kind == "websocket.receive":
                    await self.receive(text_data=message.get("text"), bytes_data=message.get("bytes"))
                elif kind == "websocket.connect":
                    await self.connect()
                elif kind == "websocket.disconnect":
                    return
        finally:
            await self.disconnect(1005)

    async def connect(self) -> None:
        self._seq = 0
        self._as_of = -1.0
        self._wanted = 0.0
        self._let_in = self._ended = False
        self._reading: asyncio.Task[None] | None = None
        self._news: deque[tuple[str, bytes]] = deque()
        self._telling: asyncio.Task[None] | None = None
        self._window_started, self._window_count = 0.0, 0
        request_id.set(sane_request_id(_header(self.scope, b"x-request-id")))
        current_request.set(_Person(self.scope["user"]))
        first: Read | None = None
        try:
            may = await self.authorise()
            if may and self.admitted_by_read:
                # Joined before the read, so that nothing falls between the two.
                if not await self._join():
                    return
                try:
                    first = await _shared_read(self)
                except Refusal:
                    self._leave()
                    may = await self.admit_otherwise()
        except Refusal:
            may = False
        except Exception as error:
            if as_refusal(error) is None:
                raise
            await self.close(CLOSE_TRY_LATER)
            return
        if not may or self._ended:
            await self.close()
            return
        if not await self._accept():
            return
        if first is not None:
            self._reading = asyncio.create_task(self._keep_up(first))
        elif await self._join():
            self._want_snapshot()

    async def _accept(self) -> bool:
        try:
            await self.accept(subprotocol=self.scope.get("chosen_subprotocol"))
        except Exception as error:  # who knocked is gone again: the page was left
            log.debug("socket closed before it was let in", error=repr(error))
            return False
        self._let_in = True
        metrics.count("ws_connections_total", consumer=type(self).__name__)
        return True

    async def _join(self) -> bool:
        person = getattr(self.scope["user"], "pk", None)
        own = [] if person is None else [f"user.{person}"]
        self._joined = list(dict.fromkeys([*own, *self.group_names()]))
        try:
            await hub().join(self, self._joined)
        except Exception as error:
            log.warning("live channel unreachable", error=repr(error))
            if self._let_in or await self._accept():  # the reason is told to an open socket only
                await self.close(CLOSE_TRY_LATER)
            return False
        return True

    def _leave(self) -> None:
        hub().leave(self, self._joined)
        self._joined = []

    async def disconnect(self, code: int) -> None:
        for task in (getattr(self, "_reading", None), getattr(self, "_telling", None)):
            if task is not None:
                task.cancel()
        if self._joined:
            self._leave()

    # -- what the hub says

    def hear(self, group: str, message: dict[str, Any]) -> None:
        kind = message["type"]
        if not self._let_in and kind != "live.hint":
            self._ended |= kind == "live.end"
        elif kind == "live.hint":
            self.hint(message["what"])
        elif kind == "live.data":
            self.data(group, message["data"])
        elif kind == "live.end":
            # This person was signed out, or may do less from now on: whoever still may listen opens the page again.
            self._ending = asyncio.create_task(self.close(CLOSE_ENDED))

    def look_again(self, within_s: float) -> None:
        asyncio.get_running_loop().call_later(random.random() * within_s, self._want_snapshot)

    def hint(self, what: list[list[str]]) -> None:
        self._want_snapshot()

    def data(self, group: str, payload: dict[str, Any]) -> None:
        self.tell_soon(str(payload.get("type", "position")), {key: payload[key] for key in payload if key != "type"})

    def tell_soon(self, kind: str, data: Any) -> None:
        """Send without waiting. Of positions that a slow socket has not taken yet only the newest is kept."""
        if kind == "position" and self._news and self._news[-1][0] == kind:
            self._news.pop()
        elif len(self._news) >= MOST_WAITING:
            self._news.popleft()
            self._seq += 1  # the gap tells the client that something is missing
        self._news.append((kind, dumps(data)))
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell())

    async def _tell(self) -> None:
        try:
            while self._news:
                await self._send_bytes(*self._news.popleft())
        except asyncio.CancelledError:
            raise
        except Exception as error:  # the socket went away under us
            self._news.clear()
            log.debug("socket closed while sending", error=repr(error))

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any) -> None:
        if not self._within_rate():
            await self.close(CLOSE_REFUSED)
            return
        raw = text_data if text_data is not None else bytes_data or b""
        if len(raw) > LONGEST_MESSAGE:
            await self.close(CLOSE_TOO_BIG)
            return
        try:
            content = orjson.loads(raw)
        except orjson.JSONDecodeError:
            content = None
        if not isinstance(content, dict):
            await self._refuse(Refusal("Send one JSON object per message."))
            return
        kind = content.get("type")
        if kind == "ping":
            await self.send(text_data='{"type":"pong"}')
        elif kind == "resync":
            self._want_snapshot()
        else:
            try:
                await self.on_message(content)
            except Exception as error:
                refusal = as_refusal(error)
                if refusal is None:
                    log.exception("socket message failed", consumer=type(self).__name__)
                    refusal = Refusal("Something went wrong on our side. Please try again.")
                await self._refuse(refusal)

    # -- snapshots

    def _want_snapshot(self) -> None:
        """Every hint, whenever it comes, is answered by a read that starts after it; hints in between share one."""
        self._wanted = time.monotonic()
        if not self._let_in:
            return  # the first read is under way, and looks at this afterwards
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._keep_up())

    async def _keep_up(self, first: Read | None = None) -> None:
        try:
            if first is not None:
                await self._tell_snapshot(first)
            while self._as_of < self._wanted:
                try:
                    read = await _shared_read(self)
                except Refusal as refusal:
                    await self._refuse(refusal)
                    await self.close(CLOSE_REFUSED)
                    return
                except Exception as error:
                    log.warning("snapshot failed, will be read again", consumer=type(self).__name__, error=repr(error))
                    metrics.count("ws_snapshot_failures_total", consumer=type(self).__name__)
                    await asyncio.sleep(RETRY_READ_S)
                    continue
                await self._tell_snapshot(read)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # the socket went away under us
            log.debug("socket closed while sending", error=repr(error))

    async def _tell_snapshot(self, read: Read) -> None:
        self._as_of, data = read
        self.snapshot_read(data)
        await self._send_bytes("snapshot", data)

    async def _send_bytes(self, kind: str, data: bytes) -> None:
        seq, self._seq = self._seq, self._seq + 1
        await self.send(text_data=f'{{"seq":{seq},"type":"{kind}","data":{data.decode()}}}')

    async def _refuse(self, refusal: Refusal) -> None:
        await self.send(text_data=dumps({"type": "refused", "problem": problem_body(refusal)}).decode())

    def _within_rate(self) -> bool:
        now = time.monotonic()
        if now - self._window_started > 1:
            self._window_started, self._window_count = now, 0
        self._window_count += 1
        return self._window_count <= MOST_MESSAGES_PER_S


class _Person:
    """What `current_actor` reads: a socket has a user but no HttpRequest."""

    def __init__(self, user: Any) -> None:
        self.user = user


_planned: dict[tuple[Any, ...], "asyncio.Task[Read]"] = {}
_last_start: dict[tuple[Any, ...], float] = {}


async def _shared_read(consumer: LiveConsumer) -> Read:
    """The encoded snapshot and when its read started (after this call)."""
    share = (id(asyncio.get_running_loop()), type(consumer), consumer.share_key())
    planned = _planned.get(share)
    if planned is None:
        planned = _planned[share] = asyncio.create_task(_read(share, consumer))
    # Shielded: one socket that leaves must not take the read away from the others.
    return await asyncio.shield(planned)


async def _read(share: tuple[Any, ...], consumer: LiveConsumer) -> Read:
    now = time.monotonic()
    try:
        await asyncio.sleep(max(MOMENT_S, _last_start.get(share, 0) + consumer.least_gap_s - now))
    finally:
        del _planned[share]
    started = time.monotonic()
    _last_start[share] = started
    if len(_last_start) > 10_000:
        _last_start.clear()
    return started, await _in_thread(consumer.snapshot)


async def _in_thread(snapshot: Callable[[], dict[str, Any]]) -> bytes:
    return await in_thread(lambda: dumps(snapshot()))


async def in_thread(read: Callable[[], T]) -> T:
    """The answer of a read, in one of the few threads that live screens read in."""
    threads = getattr(settings, "LIVE_READ_THREADS", 4)
    if not threads:  # tests: the thread that holds the test's transaction
        return await sync_to_async(read)()  # and whose connection is not ours to close
    global _readers, _reads
    if _readers is None:
        _readers = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="live-read")
    _reads += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_readers, copy_context().run, _read_here, read, threads)
    finally:
        _reads -= 1


def _read_here(read: Callable[[], T], threads: int) -> T:
    """With a connection that works; it goes back to the pool unless the next read waits already (a check and a
    check-out cost half as much as a read). One that failed goes back in any case."""
    kept_at: float = getattr(_kept, "at", 0.0)
    if time.monotonic() - kept_at > TRUST_CONNECTION_S:
        close_old_connections()
    _kept.at = 0.0
    try:
        answer = read()
    except BaseException:
        close_old_connections()
        raise
    if _reads > threads:
        _kept.at = kept_at if time.monotonic() - kept_at < TRUST_CONNECTION_S else time.monotonic()
    else:
        close_old_connections()
    return answer


# -- who is there


def wrap(inner: Asgi, *, open_to_all: tuple[str, ...] = ()) -> Asgi:
    """Around the socket routes: who is it (token by subprotocol, else session), and may this origin ask.

    `new WebSocket(url, ["bearer", token])` for apps; browsers use their session cookie and must come from our own
    pages. Behind the prefixes of `open_to_all` everybody sees the same: nobody is looked up for them.
    """

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> Any:
        offered = [str(name) for name in scope.get("subprotocols") or []]
        bearer = offered[1] if len(offered) >= 2 and offered[0] == "bearer" else None
        origin = _header(scope, b"origin")
        if origin is not None and not _own_origin(origin, _header(scope, b"host")):
            return await _deny(receive, send)
        if bearer is not None:
            user = user_from_token(bearer)
            if user is None or user.issued_ms < await _ended_ms(user.id):
                return await _deny(receive, send)
            scope = {**scope, "user": user, "chosen_subprotocol": "bearer"}
            return await inner(scope, receive, send)
        if origin is None:  # no browser, and no token either
            return await _deny(receive, send)
        if open_to_all and str(scope.get("path", "")).startswith(open_to_all):
            return await inner({**scope, "user": AnonymousUser()}, receive, send)
        try:
            user = await _of_session(scope)
        except Exception as error:
            if as_refusal(error) is None:
                raise
            log.warning("socket refused: a dependency failed", error=repr(error))
            return await _deny(receive, send)
        return await inner({**scope, "user": user}, receive, send)

    return application


async def nowhere(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """The last route: no socket has this address. The handshake is refused, as every other one that may not pass."""
    await _deny(receive, send)


class _Session:
    """What Django's `get_user` wants of a request."""

    def __init__(self, key: str) -> None:
        self.session = import_string(f"{settings.SESSION_ENGINE}.SessionStore")(key)


async def _of_session(scope: dict[str, Any]) -> Any:
    """Who is signed in by the cookie; AnonymousUser without one. One statement, where the session is in the cache."""
    key = parse_cookie(_header(scope, b"cookie") or "").get(settings.SESSION_COOKIE_NAME)
    return await in_thread(lambda: get_user(cast(HttpRequest, _Session(key)))) if key else AnonymousUser()


_asking: dict[asyncio.AbstractEventLoop, dict[int, asyncio.Future[int]]] = {}


async def _ended_ms(user_id: int) -> int:
    """As `ended_ms`, asked once for all who knock in the same moment."""
    loop = asyncio.get_running_loop()
    waiting = _asking.get(loop)
    if waiting is None:
        waiting = _asking[loop] = {}
        loop.call_later(GATHER_S, lambda: loop.create_task(_ask(loop)))
    return await asyncio.shield(waiting.setdefault(user_id, loop.create_future()))


async def _ask(loop: asyncio.AbstractEventLoop) -> None:
    waiting = _asking.pop(loop)
    found = await loop.run_in_executor(None, ended_ms_of, list(waiting))
    for user_id, answer in waiting.items():
        answer.set_result(found[user_id])


def is_signed_in(user: Any) -> bool:
    return user is not None and not isinstance(user, AnonymousUser) and bool(user.is_authenticated)


def _own_origin(origin: str, host: str | None) -> bool:
    """Our own page: the same host as the socket, or one the settings name. A wildcard in ALLOWED_HOSTS names nobody."""
    parts = urlsplit(origin)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return False
    if host is not None and parts.netloc.lower() == host.lower():
        return True
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    named = [name for name in settings.ALLOWED_HOSTS if name != "*"]
    return validate_host(parts.hostname, named)


async def _deny(receive: Any, send: Any) -> None:
    await receive()  # websocket.connect
    await send({"type": "websocket.close", "code": CLOSE_REFUSED})  # before the accept: the handshake ends with 403


def _header(scope: dict[str, Any], name: bytes) -> str | None:
    for header, value in scope.get("headers") or []:
        if header == name:
            return value.decode("latin1")
    return None
