"""Do something once after the current transaction commits, for all that was collected during it."""

import logging
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction

log = logging.getLogger(__name__)


class _Batch:
    """One on-commit hook that carries a list. Never raises: the transaction is already acknowledged."""

    def __init__(self, deliver: Callable[[list[Any]], None]) -> None:
        self.deliver = deliver
        self.items: list[Any] = []

    def __call__(self) -> None:
        try:
            self.deliver(self.items)
        except Exception:
            log.exception("after-commit work failed: %s", self.deliver.__name__)


def gather(deliver: Callable[[list[Any]], None], item: Any) -> None:
    """Call `deliver([...])` once after the commit with everything gathered for it; at once outside a transaction.

    What was gathered in a savepoint that rolled back may still be delivered when the batch began outside it, so
    `deliver` must tolerate items that no longer exist. A rolled-back transaction delivers nothing.
    """
    # The batch lives in the connection's own hook list: Django drops hooks of rolled-back savepoints, and then the
    # next call simply finds none and starts a new one. Any hook still listed was registered in this savepoint, in an
    # open ancestor, or in a released one, so it cannot be dropped without us.
    for entry in reversed(connection.run_on_commit):
        hook: Any = entry[1]
        if isinstance(hook, _Batch) and hook.deliver is deliver:
            hook.items.append(item)
            return
    batch = _Batch(deliver)
    batch.items.append(item)
    transaction.on_commit(batch)
