"""The sockets of one order, /ws/orders/<uuid>/, and of a store's shelf, /ws/shelf/<code>/."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

import orjson
import structlog
from django.conf import settings

from blinkit.kernel import limits
from blinkit.kernel.ws import CLOSE_TRY_LATER, LiveConsumer, in_thread, is_signed_in
from orders import queries, watching
from orders.models import Order
from orders.queries.shelves import store_id_of
from orders.queries.shown import place_of
from orders.states import ON_ROAD

log = structlog.get_logger(__name__)

STAFF = frozenset({"ops", "admin"})


class OrderConsumer(LiveConsumer):
    """The customer's own order, or any order for operations (who never see the door code).

    A rider's position reaches the customer only while the last snapshot says that the bags are on the road, and not
    between a hint and the snapshot it asks for: whatever else is late, nothing is shown after delivery. Operations see
    the exact place, where the customer of a bundle sees a rough one.
    """

    order_id: UUID
    customer_id: int | None = None
    on_the_road = False

    async def authorise(self) -> bool:
        self.order_id = self.scope["url_route"]["kwargs"]["order_id"]
        user = self.scope["user"]
        if not is_signed_in(user):
            return False
        # Mostly it is the customer, and what they are to be shown says so: it is read of theirs alone.
        self.customer_id, self.admitted_by_read = user.pk, True
        return True

    async def admit_otherwise(self) -> bool:
        self.customer_id = None
        return bool(STAFF & await self.roles()) and await in_thread(self._is_there)

    def group_names(self) -> list[str]:
        groups = [f"order.{self.order_id}"]
        return groups if self.customer_id is not None else [*groups, f"order-exact.{self.order_id}"]

    def hint(self, what: list[list[str]]) -> None:
        self.on_the_road = False
        super().hint(what)

    def snapshot_read(self, data: bytes) -> None:
        if self._as_of >= self._wanted:  # else a hint has come since this one was read
            self.on_the_road = orjson.loads(data)["status"] in ON_ROAD

    def data(self, group: str, payload: dict[str, Any]) -> None:
        if self.customer_id is None:
            if not (payload.get("rough") and group.startswith("order.")):
                super().data(group, payload)
        elif self.on_the_road:
            super().data(group, {"type": payload.get("type", "position"), **place_of(payload)})

    def share_key(self) -> tuple[str, ...]:
        return (str(self.order_id), "staff" if self.customer_id is None else f"customer {self.customer_id}")

    def snapshot(self) -> dict[str, Any]:
        return queries.tracking(order_id=self.order_id, customer_id=self.customer_id)

    def _is_there(self) -> bool:
        return Order.objects.filter(pk=self.order_id).exists()


class ShelfConsumer(LiveConsumer):
    """A store's shelf, for everybody who looks at the shop. After a snapshot with the changes of the last minute:
    {"seq", "type": "shelf", "data": [{sku, price_paise, mrp_paise, unit, left, available} ...]} for what changed, and
    {"seq", "type": "stale"} when more changed than is worth telling.

    One address may open SOCKETS_PER_ADDRESS of them per process, and knock as often a minute as it may ask for pages.
    """

    store_code: str
    store_id: int
    watch: watching.ShelfWatch | None = None
    counted = ""
    open_from: Counter[str] = Counter()
    """How many are open per address, in this process."""

    async def authorise(self) -> bool:
        self.store_code = self.scope["url_route"]["kwargs"]["store_code"]
        headers = dict(self.scope.get("headers") or [])
        forwarded = headers.get(b"x-forwarded-for", b"").decode("latin1")
        address = limits.address_of(str((self.scope.get("client") or [""])[0]), forwarded)
        if self._full(address):
            return False
        self.store_id = await in_thread(lambda: self._store_for(address))
        if not self.store_id or self._full(address):
            return False
        if not limits.is_exempt(address):
            self.counted = address
            self.open_from[address] += 1
        return True

    def group_names(self) -> list[str]:
        return []  # the watch of the store listens for all of them

    async def disconnect(self, code: int) -> None:
        await super().disconnect(code)
        if self.watch is not None:
            watching.leave(self, self.watch)
        if self.counted:
            self.open_from[self.counted] -= 1
            if not self.open_from[self.counted]:
                del self.open_from[self.counted]
            self.counted = ""

    async def tell(self, kind: str, data: bytes) -> None:
        await self._send_bytes(kind, data)

    def _want_snapshot(self) -> None:
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._begin())

    async def _begin(self) -> None:
        try:
            if self.watch is None:
                self.watch = await watching.join(self, code=self.store_code, store_id=self.store_id)
            await self._send_bytes("snapshot", self.watch.remembered())
        except Exception as error:
            log.warning("shelf cannot be watched", store=self.store_code, error=repr(error))
            await self.close(CLOSE_TRY_LATER)

    def _full(self, address: str) -> bool:
        most = settings.SOCKETS_PER_ADDRESS
        return bool(most) and not limits.is_exempt(address) and self.open_from.get(address, 0) >= most

    def _store_for(self, address: str) -> int:
        """The store's id; 0 when this address knocked too often. Raises NoSuchStore."""
        if not limits.is_exempt(address):
            standing = limits.stand("socket", address, limit=settings.RATE_LIMIT_PER_MINUTE, per_s=60)
            if not standing.allowed:
                return 0
        return store_id_of(self.store_code)
