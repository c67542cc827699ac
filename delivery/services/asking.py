"""Asking for a dispatch round right now, because something changed: a job opened, a rider became free.

The beat starts a round every few seconds anyway, so an ask that gets lost costs seconds, never a job.
"""

from __future__ import annotations

import structlog

from blinkit.kernel import metrics
from blinkit.kernel.after_commit import gather
from blinkit.kernel.redis_client import client, key

log = structlog.get_logger(__name__)

GAP_S = 1.0
"""A busy store confirms several orders a second: rounds that are asked for begin this far apart. The first ask is
answered at once, those that follow it within the gap by one round at its end."""


def ask_for_round(store_id: int) -> None:
    """A round for this store as soon as the transaction is committed, or a moment later when one has just begun."""
    gather(_publish, store_id)


def _publish(store_ids: list[int]) -> None:
    from delivery.tasks import dispatch_round  # late: tasks call the services

    gap_ms = round(GAP_S * 1000)
    for store_id in sorted(set(store_ids)):
        try:
            if client().set(key(f"round-now:{store_id}"), "1", nx=True, px=gap_ms):
                dispatch_round.apply_async(kwargs={"store_id": store_id}, retry=False)
            elif client().set(key(f"round-later:{store_id}"), "1", nx=True, px=gap_ms):
                dispatch_round.apply_async(kwargs={"store_id": store_id}, countdown=GAP_S, retry=False)
        except Exception as error:
            metrics.count("dispatch_ask_failed_total")
            log.warning("broker unreachable, the beat will dispatch", error=repr(error))
            return
