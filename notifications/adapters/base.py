"""What every adapter is."""

from __future__ import annotations

from typing import ClassVar

from notifications.models import Message


class Adapter:
    """`send` hands one message to a provider and returns the provider's reference.

    Raises Undeliverable when trying again would not help, ServiceDown when the breaker is open, anything else when it
    may work later. Called outside any transaction, with its own timeout.
    """

    name: ClassVar[str]
    instant: ClassVar[bool] = False
    """Delivered by being written: the row is what the person reads, so nothing is queued."""
    needs_device: ClassVar[bool] = False

    def send(self, message: Message) -> str:
        raise NotImplementedError
