"""The socket of one order: /ws/orders/<uuid>/."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async

from blinkit.kernel.ws import LiveConsumer, is_signed_in
from orders import queries
from orders.errors import NoSuchOrder

STAFF = frozenset({"ops", "admin"})


class OrderConsumer(LiveConsumer):
    """The customer's own order, or any order for operations (who never see the door code)."""

    order_id: UUID
    customer_id: int | None = None

    async def authorise(self) -> bool:
        self.order_id = self.scope["url_route"]["kwargs"]["order_id"]
        user = self.scope["user"]
        if not is_signed_in(user):
            return False
        owner_id = await database_sync_to_async(self._owner_id)()
        if owner_id == user.pk:
            self.customer_id = owner_id
            return True
        return owner_id is not None and bool(STAFF & await self.roles())

    def group_names(self) -> list[str]:
        return [f"order.{self.order_id}"]

    def share_key(self) -> tuple[str, ...]:
        return (str(self.order_id), "customer" if self.customer_id is not None else "staff")

    def snapshot(self) -> dict[str, Any]:
        return queries.tracking(order_id=self.order_id, customer_id=self.customer_id)

    def _owner_id(self) -> int | None:
        try:
            return queries.order_of(order_id=self.order_id, customer_id=None).customer_id
        except NoSuchOrder:
            return None
