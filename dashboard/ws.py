"""The board's socket: /ws/ops/. Snapshots at most once a second for all who watch; rider positions as they come."""

from __future__ import annotations

from typing import Any, ClassVar

from blinkit.kernel.ws import LiveConsumer, is_signed_in
from dashboard import queries

WATCHERS = frozenset({"ops", "admin"})


class OpsConsumer(LiveConsumer):
    least_gap_s: ClassVar[float] = 1.0

    async def authorise(self) -> bool:
        return is_signed_in(self.scope["user"]) and bool(WATCHERS & await self.roles())

    def group_names(self) -> list[str]:
        return ["ops"]

    def snapshot(self) -> dict[str, Any]:
        # Not the shared reading of pages: a snapshot must be newer than the hint it answers.
        return queries.board_now().as_json()
