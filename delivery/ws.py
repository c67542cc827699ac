"""The rider's socket: /ws/rider/. Sends what GET /api/v1/rider/me/ says, takes positions."""

from __future__ import annotations

from typing import Any

from channels.db import database_sync_to_async
from django.utils import timezone

from blinkit.kernel.errors import Invalid, Refusal
from blinkit.kernel.ws import LiveConsumer, is_signed_in
from delivery import queries, services, shapes
from delivery.api.duty import fix_of


class RiderConsumer(LiveConsumer):
    """Takes {"type": "position", "lat", "lng", "at"?, "accuracy_metres"?}, and many as {"type": "positions",
    "positions": [...]}.
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

    async def on_message(self, content: dict[str, Any]) -> None:
        kind = content.get("type")
        if kind == "position":
            given: Any = [content]
        elif kind == "positions":
            given = content.get("positions")
        else:
            raise Refusal("This socket takes positions only.")
        await database_sync_to_async(self._report)(given)

    def _report(self, given: Any) -> None:
        body = shapes.PositionsBody(data={"positions": given})
        if not body.is_valid():
            raise Invalid("A position needs lat and lng in degrees; at is a time with its zone.")
        now = timezone.now()
        rider_id = services.rider_on_duty(self.user_id)
        fixes = [fix_of(one, now) for one in body.validated_data["positions"]]
        services.report_positions(rider_id=rider_id, fixes=fixes, now=now)

    def _rider_id(self) -> int:
        return services.rider_of(self.user_id).pk
