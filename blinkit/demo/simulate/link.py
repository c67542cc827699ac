"""One person's connection to a running server: sign-in, requests that are tried again, sockets that come back."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import orjson
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus, WebSocketException

TRY_AGAIN_AFTER_S = 0.25
LONGEST_PAUSE_S = 2.0
SOCKET_BACK_AFTER_S = 0.5
GATEWAY_TROUBLE = frozenset({500, 502, 503, 504})
_CODE = re.compile(r"(?<!\d)(\d{6})(?!\d)")


class Refused(Exception):
    """The server said no, in a sentence. `code` is the problem's type: "out-of-stock"."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status = status
        self.problem = problem
        self.code = str(problem.get("type", status)).rpartition("/")[2]
        super().__init__(f"{self.code}: {problem.get('detail', '')}")


class Unreachable(Exception):
    """No usable answer for as long as this city is patient."""


@dataclass(slots=True)
class Trouble:
    """What went wrong on the way, for the summary: tries that were repeated, and errors nobody should see."""

    repeated: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)


class Link:
    """A signed-in person. Requests are repeated (with the same Idempotency-Key) until the server answers."""

    def __init__(self, http: httpx.AsyncClient, phone: str, trouble: Trouble, *, patience_s: float) -> None:
        self.http = http
        self.phone = phone
        self.trouble = trouble
        self.patience_s = patience_s
        self.access = self.refresh = ""
        self.user_id = 0

    # -- signing in ---------------------------------------------------------------------------------------------------

    async def sign_in(self) -> None:
        """By the code that the demo inbox shows. Raises Refused, Unreachable."""
        deadline = time.monotonic() + self.patience_s
        known = set(await self._codes())
        try:
            await self.send("POST", "auth/otp/", {"phone": self.phone}, signed=False)
        except Refused as refusal:
            if refusal.status != 429:
                raise
            known = set()  # a code was sent a moment ago and is still good
        tried: set[str] = set()
        while time.monotonic() < deadline:
            for code in await self._codes():
                if code in known or code in tried:
                    continue
                tried.add(code)
                try:
                    answer = await self.send(
                        "POST", "auth/otp/verify/", {"phone": self.phone, "code": code}, signed=False
                    )
                except Refused as refusal:
                    if refusal.status == 429:
                        raise
                    continue
                self.access, self.refresh = answer["access"], answer["refresh"]
                self.user_id = int(answer["user"]["id"])
                return
            await asyncio.sleep(0.1)
        raise Unreachable(f"No sign-in code for {self.phone} in the demo inbox.")

    async def _codes(self) -> list[str]:
        found = await self.send("GET", "/demo/inbox.json", params={"to": self.phone}, signed=False)
        bodies = [m["body"] for m in found["messages"] if m["template"] == "sign_in_code"]
        return [match[1] for body in bodies if (match := _CODE.search(body))]

    async def _renew(self) -> None:
        answer = await self.send("POST", "auth/refresh/", {"refresh": self.refresh}, signed=False)
        self.access, self.refresh = answer["access"], answer["refresh"]

    # -- requests -----------------------------------------------------------------------------------------------------

    async def get(self, path: str, **params: Any) -> Any:
        return await self.send("GET", path, params=params)

    async def put(self, path: str, body: Any) -> Any:
        return await self.send("PUT", path, body)

    async def post(self, path: str, body: Any = None, *, files: Any = None) -> Any:
        """With an Idempotency-Key of its own, so that repeating it is safe."""
        return await self.send("POST", path, body, files=files)

    async def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        params: dict[str, Any] | None = None,
        files: Any = None,
        signed: bool = True,
    ) -> Any:
        """The answer's JSON (None when empty). Raises Refused, Unreachable."""
        address = path if path.startswith("/") else f"/api/v1/{path}"
        headers = {} if method == "GET" else {"Idempotency-Key": str(uuid4())}
        deadline = time.monotonic() + self.patience_s
        pause_s = TRY_AGAIN_AFTER_S
        renewed = False
        while True:
            if signed:
                headers["Authorization"] = f"Bearer {self.access}"
            try:
                answer = await self.http.request(
                    method,
                    address,
                    params=params,
                    headers=headers,
                    **({"data": body, "files": files} if files else {} if body is None else {"json": body}),
                )
            except httpx.TransportError as error:
                why = type(error).__name__
            else:
                if answer.status_code < 400:
                    return orjson.loads(answer.content) if answer.content else None
                if answer.status_code == 401 and signed and not renewed:
                    renewed = True
                    await self._renew()
                    continue
                problem = _problem(answer)
                code = str(problem.get("type", "")).rpartition("/")[2]
                if answer.status_code == 500:
                    self.trouble.errors.append(f"500 for {method} {path}")
                if answer.status_code not in GATEWAY_TROUBLE and code != "still-running":
                    raise Refused(answer.status_code, problem)
                why = str(answer.status_code)
            self.trouble.repeated[why] += 1
            if time.monotonic() + pause_s > deadline:
                raise Unreachable(f"{why} for {method} {path} during {self.patience_s:.0f} s")
            await asyncio.sleep(pause_s)
            pause_s = min(LONGEST_PAUSE_S, pause_s * 1.6)


def _problem(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        found = None
    return found if isinstance(found, dict) else {"detail": answer.text[:200]}


class Live:
    """A socket kept open: `state` is the newest snapshot; `changed` waits for a newer one, or for the slow poll.

    Whatever happens to the socket, `poll` gives the same content, so that a lost hint costs seconds, never an order.
    """

    def __init__(self, link: Link, path: str, *, poll: Callable[[], Any], every_s: float = 3.0) -> None:
        self.link = link
        self.path = path
        self.poll = poll
        self.every_s = every_s
        self.state: Any = None
        self._news = asyncio.Event()
        self._socket: Any = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Live:
        self._task = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @property
    def has_news(self) -> bool:
        return self._news.is_set()

    async def changed(self, *, at_most_s: float | None = None) -> Any:
        """The state after the next change; read again when nothing was heard for a while."""
        try:
            await asyncio.wait_for(self._news.wait(), self.every_s if at_most_s is None else at_most_s)
        except TimeoutError:
            self.state = await self.poll()
        self._news.clear()
        return self.state

    async def tell(self, message: dict[str, Any]) -> bool:
        """Send over the socket. False when it is away just now."""
        if self._socket is None:
            return False
        try:
            await self._socket.send(orjson.dumps(message).decode())
        except (WebSocketException, OSError):
            return False
        return True

    async def _listen(self) -> None:
        base = urlsplit(str(self.link.http.base_url))
        address = f"{'wss' if base.scheme == 'https' else 'ws'}://{base.netloc}/ws/{self.path}"
        while True:
            try:
                async with connect(
                    address,
                    subprotocols=["bearer", self.link.access],  # type: ignore[list-item]
                    compression=None,
                    open_timeout=5,
                    close_timeout=1,
                ) as socket:
                    self._socket = socket
                    async for raw in socket:
                        message = orjson.loads(raw)
                        if message["type"] == "snapshot":
                            self.state = message["data"]
                            self._news.set()
            except InvalidStatus as refusal:
                if refusal.response.status_code == 403:  # the token has run out: any request renews it
                    self.link.trouble.repeated["socket 403"] += 1
                    await self.poll()
            except (WebSocketException, OSError, TimeoutError, EOFError):
                self.link.trouble.repeated["socket"] += 1
            finally:
                self._socket = None
            await asyncio.sleep(SOCKET_BACK_AFTER_S)
