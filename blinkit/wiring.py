"""Every cross-app reaction in one table: which handlers follow which event.

A handler is `def handle(event: OrderConfirmed, meta: EventMeta) -> None`, named here by its dotted path. It runs
after the commit in its own transaction, at most once with effect. This is the only module that sees every app.
"""

from collections.abc import Mapping, Sequence

from blinkit.kernel.events import DomainEvent

REACTIONS: Mapping[type[DomainEvent], Sequence[str]] = {}
