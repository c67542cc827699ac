"""The sockets of a store's floor: /ws/stores/<code>/ (the whole queue), /ws/stores/<code>/mine/ (what is in hand)."""

from __future__ import annotations

from typing import Any

from channels.db import database_sync_to_async
from django.utils import timezone

from blinkit.kernel.errors import Refusal
from blinkit.kernel.ws import LiveConsumer, is_signed_in
from fulfillment import access, queries


class StoreConsumer(LiveConsumer):
    """The queue of one store, for its people, operations and administrators."""

    least_gap_s = 0.25
    code: str
    store_id: int

    async def authorise(self) -> bool:
        self.code = self.scope["url_route"]["kwargs"]["code"]
        if not is_signed_in(self.scope["user"]):
            return False
        return await database_sync_to_async(self._may_see)()

    def group_names(self) -> list[str]:
        return [f"store.{self.code}"]

    def snapshot(self) -> dict[str, Any]:
        return queries.board(store_id=self.store_id, now=timezone.now()).as_json()

    def _may_see(self) -> bool:
        try:
            self.store_id = access.store_to_see(self.scope["user"], self.code).pk
        except Refusal:
            return False
        return True


class WalkConsumer(StoreConsumer):
    """Who has what in hand, as a mark per person: a tablet reads its walk again when its own mark changes. All tablets
    of a store share one small read per hint, and are not sent the whole queue with every scan of a colleague."""

    least_gap_s = 0.5

    def snapshot(self) -> dict[str, Any]:
        return {"hands": queries.hands(store_id=self.store_id)}
