"""The board's socket: /ws/ops/. Snapshots at most once a second for all who watch; rider positions as they come."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from blinkit.kernel.ws import LiveConsumer, is_signed_in
from dashboard import queries

WATCHERS = frozenset({"ops", "admin"})
POSITIONS_EVERY_S = 1.0


class OpsConsumer(LiveConsumer):
    """Where riders are comes as {"type": "positions", "data": [...]}, the newest of each, at most once a second."""

    least_gap_s: ClassVar[float] = 1.0

    async def authorise(self) -> bool:
        self._moved: dict[int, dict[str, Any]] = {}
        return is_signed_in(self.scope["user"]) and bool(WATCHERS & await self.roles())

    def group_names(self) -> list[str]:
        return ["ops"]

    def data(self, group: str, payload: dict[str, Any]) -> None:
        if payload.get("type") != "position":
            super().data(group, payload)
            return
        self._moved[payload["rider"]] = payload
        if len(self._moved) == 1:
            asyncio.get_running_loop().call_later(POSITIONS_EVERY_S, self._tell_positions)

    def _tell_positions(self) -> None:
        moved, self._moved = self._moved, {}
        if self._joined:
            self.tell_soon("positions", list(moved.values()))

    def snapshot(self) -> dict[str, Any]:
        # Not the shared reading of pages: a snapshot must be newer than the hint it answers.
        return queries.board_now().as_json()
