"""Which waiting order a picker takes next: the one with the least slack. Plain Python: no Django.

Slack is the time left to the due time minus the work still to be done, the "minimum slack time" rule of job-shop
scheduling (Baker & Trietsch, Principles of Sequencing and Scheduling, section 2.4): among two orders due at the same
minute the larger one has to begin first, and one that is due later may still be the more urgent one.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

RIDER_WAITS_S = 120
"""A rider who stands at the shelf costs a rider as long as they stand there: their order counts as so much later."""
COLD_LATER_S = 60
COLD_EARLY_S = 180
"""Frozen goods that have more slack than this thaw on the shelf when they are picked now: they give way a little."""
LOST_AFTER_S = 0
"""An order this far past its last start can't be in time any more."""
LOST_AS_S, LOST_RISES = 240, 0.5
"""It gives way to orders that still can: it stands as one with so much slack, and rises by so much each second that it
waits on, so that it is never forgotten: after eight minutes it is before all others again. Without this a full floor
works on what is lost until everything is (the domino effect of earliest-due-date rules under overload: Buttazzo, Hard
Real-Time Computing Systems, chapter 9)."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An order to be picked. `due_s`: seconds until its bags must stand on the shelf (negative: late); `work_s`: usual
    seconds to pick and pack what is left of it."""

    id: Hashable
    due_s: float
    work_s: float
    pinned: bool = False
    rider_waiting: bool = False
    frozen: bool = False


def slack_s(order: Waiting) -> float:
    """Seconds that may still pass before somebody must begin; negative when it can't be in time any more."""
    return order.due_s - order.work_s


def urgency_s(order: Waiting) -> float:
    """What the queue is ordered by: slack, sooner for a waiting rider, a little later for frozen goods in good time; an
    order that is lost gives way for a while."""
    slack = slack_s(order)
    if slack < -LOST_AFTER_S:
        slack = LOST_AS_S + LOST_RISES * (slack + LOST_AFTER_S)
    if order.rider_waiting:
        return slack - RIDER_WAITS_S
    return slack + COLD_LATER_S if order.frozen and slack > COLD_EARLY_S else slack


def ranked(waiting: Iterable[Waiting]) -> list[Waiting]:
    """The most urgent first; what a manager pinned before everything else. Ties go by id, so the order is stable."""
    return sorted(waiting, key=lambda it: (not it.pinned, urgency_s(it), str(it.id)))
