"""The rider's socket: /ws/rider/. Sends what GET /api/v1/rider/me/ says, takes positions."""

from __future__ import annotations

import asyncio
import weakref
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import structlog
from channels.db import database_sync_to_async
from django.conf import settings
from django.utils import timezone

from blinkit.kernel import metrics
from blinkit.kernel.errors import Refusal
from blinkit.kernel.ws import LiveConsumer, in_thread, is_signed_in
from delivery import queries, services
from delivery.errors import NotOnDuty
from delivery.reports import fixes_of
from delivery.services import Fix

log = structlog.get_logger(__name__)

TICK_S = 0.1
"""Positions of all riders of this process are taken together so often."""
CHANGES = frozenset({"duty", "trip"})


class RiderConsumer(LiveConsumer):
    """Takes {"type": "position", "lat", "lng", "at"?, "accuracy_metres"?}, and many as {"type": "positions",
    "positions": [...]}, each with "sent_at"?: the phone's clock when it sent them.
    """

    rider_id: int
    user_id: int

    async def authorise(self) -> bool:
        user = self.scope["user"]
        if not is_signed_in(user) or "rider" not in await self.roles():
            return False
        self.user_id = int(user.pk)
        self.rider_id = await database_sync_to_async(self._rider_id)()
        return True

    def group_names(self) -> list[str]:
        return [f"rider.{self.rider_id}"]

    def snapshot(self) -> dict[str, Any]:
        return queries.rider_state(rider=services.rider_of(self.user_id), now=timezone.now())

    def hint(self, what: list[list[str]]) -> None:
        if any(kind in CHANGES for kind, _ in what):
            intake().changed(self.rider_id)
        super().hint(what)

    async def on_message(self, content: dict[str, Any]) -> None:
        kind = content.get("type")
        if kind == "position":
            given: Any = [content]
        elif kind == "positions":
            given = content.get("positions")
        else:
            raise Refusal("This socket takes positions only.")
        intake().put(self, fixes_of(given, now=timezone.now(), sent_at=content.get("sent_at")))

    async def not_on_duty(self) -> None:
        await self._refuse(NotOnDuty("You are off duty: your position is not taken."))

    def _rider_id(self) -> int:
        return services.rider_of(self.user_id).pk


class Intake:
    """The reports of all riders' sockets in one event loop, taken together once a tick in one thread."""

    def __init__(self) -> None:
        self._reports: dict[int, list[Fix]] = {}
        self._senders: dict[int, RiderConsumer] = {}
        self._changed: set[int] = set()
        self._work: asyncio.Task[None] | None = None

    def put(self, sender: RiderConsumer, fixes: list[Fix]) -> None:
        self._reports.setdefault(sender.rider_id, []).extend(fixes)
        self._senders[sender.rider_id] = sender
        self._wake()

    def changed(self, rider_id: int) -> None:
        """What this rider carries, or whether they are on duty, may have changed."""
        self._changed.add(rider_id)
        self._wake()

    async def rest(self) -> None:
        """Until nothing waits."""
        if self._work is not None:
            await asyncio.shield(self._work)

    def _wake(self) -> None:
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._take_all())

    async def _take_all(self) -> None:
        while self._reports or self._changed:
            await asyncio.sleep(TICK_S)
            reports, self._reports = self._reports, {}
            senders, self._senders = self._senders, {}
            changed, self._changed = self._changed, set()
            try:
                off_duty = await _in_intake_thread(partial(_take, reports, changed))
            except Exception as error:  # the database is away, and what is carried is not known
                metrics.count("positions_dropped_total", len(reports))
                log.warning("positions not taken", riders=len(reports), error=repr(error))
                continue
            await asyncio.gather(*(_told(senders[rider_id]) for rider_id in off_duty))


def _take(reports: dict[int, list[Fix]], changed: set[int]) -> set[int]:
    services.note_all_carrying(changed)
    return services.take_positions(reports, now=timezone.now()) if reports else set()


async def _told(sender: RiderConsumer) -> None:
    try:
        await sender.not_on_duty()
    except Exception as error:  # it has closed meanwhile
        log.debug("socket closed while sending", error=repr(error))


_thread: ThreadPoolExecutor | None = None


async def _in_intake_thread(take: Any) -> set[int]:
    if getattr(settings, "LIVE_READ_THREADS", 4) == 0:  # tests: the thread that holds the transaction
        return await in_thread(take)
    global _thread
    if _thread is None:  # of its own: screens that are read must not hold up positions
        _thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="positions")
    return await database_sync_to_async(take, thread_sensitive=False, executor=_thread)()


_intakes: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Intake] = weakref.WeakKeyDictionary()


def intake() -> Intake:
    """The intake of the running loop."""
    return _intakes.setdefault(asyncio.get_running_loop(), Intake())
