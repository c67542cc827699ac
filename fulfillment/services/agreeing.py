"""Pick tasks that lag behind their orders: a reaction to an event that failed for good must not leave an order nobody
picks, nor a picker at an order that is over. What the reactions do is done again, from the rows.

Each order is an act of its own, with the locks of that act.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import F

from blinkit.kernel.sweeping import LAGS_AFTER, do_again
from fulfillment.models import ON_FLOOR, PickTask, TaskState
from fulfillment.services.life import close_cancelled, close_handed_over, follow_order, open_task
from orders.models import Order
from orders.states import CALLED_OFF, ON_ROAD, Status


def sweep_lagging(*, now: datetime, limit: int = 200) -> int:
    """Open tasks of orders nobody picks, end those of orders that are over, move those another store does, and free the
    shelf of bags that are on the road. Returns how many orders were put right; one that breaks does not hold up the
    others. Four statements while all agree."""
    before = now - LAGS_AFTER
    unpicked = Order.objects.at_work().filter(status=Status.CONFIRMED, status_at__lte=before, pick_task=None)
    done = do_again(
        open_task, unpicked.order_by("status_at", "pk").values_list("pk", flat=True)[:limit], now=now, sweep="tasks"
    )
    lagging = PickTask.objects.filter(order__status_at__lte=before)
    for act, tasks in (
        (close_cancelled, lagging.filter(state__in=ON_FLOOR, order__status__in=CALLED_OFF)),
        (follow_order, lagging.filter(state=TaskState.OPEN).exclude(order__store=F("store"))),
        (close_handed_over, lagging.filter(state=TaskState.PACKED, order__status__in=ON_ROAD)),
    ):
        done += do_again(
            act, tasks.order_by("opened_at", "pk").values_list("order_id", flat=True)[:limit], now=now, sweep="tasks"
        )
    return done
