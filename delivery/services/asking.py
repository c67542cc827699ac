"""Asking for a dispatch round right now, because something changed: a job opened, a rider became free.

The beat starts a round every few seconds anyway, so an ask that gets lost costs seconds, never a job.
"""

from __future__ import annotations

import structlog

from blinkit.kernel import metrics
from blinkit.kernel.after_commit import gather
from blinkit.kernel.redis_client import client, key

log = structlog.get_logger(__name__)

ASKED_TTL_S = 3
"""How long a round that was asked for and never came keeps others from asking."""


def ask_for_round(store_id: int) -> None:
    """A round for this store as soon as the transaction is committed. Asks that wait for the same round are one."""
    gather(_publish, store_id)


def round_begins(store_id: int) -> None:
    """From here on a change may be missed by the running round: the next ask is a new one."""
    try:
        client().delete(key(f"round-asked:{store_id}"))
    except Exception as error:
        log.debug("redis unreachable", error=repr(error))


def _publish(store_ids: list[int]) -> None:
    from delivery.tasks import dispatch_round  # late: tasks call the services

    for store_id in sorted(set(store_ids)):
        try:
            if client().set(key(f"round-asked:{store_id}"), "1", nx=True, ex=ASKED_TTL_S):
                dispatch_round.apply_async(kwargs={"store_id": store_id}, retry=False)
        except Exception as error:
            metrics.count("dispatch_ask_failed_total")
            log.warning("broker unreachable, the beat will dispatch", error=repr(error))
            return
