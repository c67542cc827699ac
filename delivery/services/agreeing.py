"""Jobs and stops that lag behind their orders: a reaction to an event that failed for good must not leave an order
without a rider, nor a rider with an order that is over. What the reactions do is done again, from the rows.

Each order is an act of its own, with the locks of that act.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from django.db.models import F, QuerySet

from blinkit.kernel.sweeping import LAGS_AFTER, do_again
from delivery.models import BagsReturn, Job, JobState, StopState
from delivery.services.offers import open_job
from delivery.services.returns import bags_back
from delivery.services.trips import bags_on_board, drop_cancelled, follow_order
from orders.models import Order
from orders.services.at_door import BAGS_BACK
from orders.states import BEFORE_PICKUP, CALLED_OFF, ON_ROAD


def sweep_jobs(*, now: datetime, limit: int = 200) -> int:
    """Seek a rider for orders nobody seeks one for, end what is sought or fetched for orders that are over, follow
    those another store does, and see bags that the store has handed out or taken back. Returns how many orders were
    put right; one that breaks does not hold up the others. Seven statements while all agree."""
    before = now - LAGS_AFTER
    unsought = Order.objects.at_work().filter(status__in=BEFORE_PICKUP, status_at__lte=before, delivery_job=None)
    sought = Job.objects.filter(state__in=[JobState.SEEKING, JobState.OFFERED], order__status_at__lte=before)
    fetched = Job.objects.filter(
        stops__state=StopState.TO_PICK_UP, stops__trip__ended_at=None, order__status_at__lte=before
    )
    returned = BagsReturn.objects.filter(
        done_at=None, stop__job__order__evidence__kind=BAGS_BACK, stop__job__order__evidence__at__lte=before
    )
    lags: list[tuple[Callable[..., None], Iterable[QuerySet[Job]]]] = [
        (drop_cancelled, [jobs.filter(order__status__in=CALLED_OFF) for jobs in (sought, fetched)]),
        (follow_order, [jobs.exclude(order__store=F("store")) for jobs in (sought, fetched)]),
        (bags_on_board, [fetched.filter(order__status__in=ON_ROAD)]),
    ]
    done = do_again(
        open_job, unsought.order_by("status_at", "pk").values_list("pk", flat=True)[:limit], now=now, sweep="jobs"
    )
    for act, found in lags:
        for jobs in found:
            done += do_again(
                act, jobs.order_by("opened_at", "pk").values_list("order_id", flat=True)[:limit], now=now, sweep="jobs"
            )
    return done + do_again(
        bags_back, returned.values_list("stop__job__order_id", flat=True)[:limit], now=now, sweep="jobs"
    )
