"""An order on its way, shown to somebody who has a link: signed, ending, without a name, an address or a bill."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.core import signing

from orders import queries
from orders.errors import NoSuchOrder
from orders.models import Order
from orders.states import FINISHED

SALT = "orders.shared-track"
GOOD_FOR = timedelta(hours=24)
OVER_AFTER = timedelta(hours=1)
"""So long after its end a link still says how it ended."""


def share_token(order: Order) -> str:
    """What stands in the link. Good for GOOD_FOR, and until OVER_AFTER after the order's end. Raises NoSuchOrder for an
    order that is over: there is nothing left to follow."""
    if order.status in FINISHED:
        raise NoSuchOrder("This order is over.")
    return signing.dumps(order.pk.hex, salt=SALT)


def shared_order(token: str, *, now: datetime) -> Order:
    """The order a link shows, one statement. Raises NoSuchOrder for a link that is not ours, too old, or of an order
    that was over long ago."""
    try:
        order_id = UUID(signing.loads(token, salt=SALT, max_age=GOOD_FOR))
    except (signing.BadSignature, ValueError, TypeError):
        raise NoSuchOrder("This link is not good (any more). Ask for a new one.") from None
    order = queries.order_of(order_id=order_id, customer_id=None)
    if order.finished_at is not None and now >= order.finished_at + OVER_AFTER:
        raise NoSuchOrder("This link is over: the order has arrived, or will not come.")
    return order
