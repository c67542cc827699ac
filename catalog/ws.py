"""The market's socket, /ws/market/<city>/: a hint whenever a price of the city has changed; pages read again."""

from __future__ import annotations

from collections import Counter
from typing import Any, ClassVar

from django.conf import settings

from blinkit.kernel import limits
from blinkit.kernel.ws import LiveConsumer, in_thread
from catalog import versions


class MarketConsumer(LiveConsumer):
    """For everybody. A snapshot is the market's version; prices are read by pages, at most twice a second each.

    One address may open SOCKETS_PER_ADDRESS of them per process, and knock as often a minute as it may ask for pages.
    """

    least_gap_s: ClassVar[float] = 0.5
    counted = ""
    open_from: Counter[str] = Counter()

    async def authorise(self) -> bool:
        headers = dict(self.scope.get("headers") or [])
        forwarded = headers.get(b"x-forwarded-for", b"").decode("latin1")
        address = limits.address_of(str((self.scope.get("client") or [""])[0]), forwarded)
        if limits.is_exempt(address):
            return True
        if not await in_thread(lambda: self._may_knock(address)):
            return False
        most = settings.SOCKETS_PER_ADDRESS
        if most and self.open_from[address] >= most:
            return False
        self.counted = address
        self.open_from[address] += 1
        return True

    def group_names(self) -> list[str]:
        return [f"market.{self.city}"]

    @property
    def city(self) -> str:
        return str(self.scope["url_route"]["kwargs"]["city"])

    def share_key(self) -> tuple[str, ...]:
        return (self.city,)

    def snapshot(self) -> dict[str, Any]:
        return {"version": versions.read(f"market:{self.city}")}

    async def disconnect(self, code: int) -> None:
        await super().disconnect(code)
        if self.counted:
            self.open_from[self.counted] -= 1
            if not self.open_from[self.counted]:
                del self.open_from[self.counted]
            self.counted = ""

    def _may_knock(self, address: str) -> bool:
        return limits.stand("socket", address, limit=settings.RATE_LIMIT_PER_MINUTE, per_s=60).allowed
