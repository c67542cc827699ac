"""Somebody calls the other side of a delivery: noted first, connected after the commit, by chat without a line."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import transaction

from blinkit.kernel.errors import Refusal
from blinkit.kernel.limits import check_limit
from delivery import calling
from delivery.errors import ChatClosed
from delivery.models import CallAttempt, Rider, Stop
from delivery.services import chats

log = structlog.get_logger(__name__)
MOST_CALLS, PER_S = 10, 600
CONNECTING = timedelta(seconds=2 * calling.TIMEOUT_S)
"""Longer no provider is asked; an attempt that says nothing after it was lost, and may be made again."""
How = CallAttempt.How
By = CallAttempt.By


def rider_calls(*, stop_id: UUID, rider_id: int, nonce: str, now: datetime) -> calling.Line:
    """The rider calls the customer. A re-sent press (same nonce) does not ring twice.

    The line is {"how": "chat"} when no call can be made; the attempt counts all the same. Raises NoSuchStop, ChatClosed
    unless the bags are on the road, TooMany.
    """
    stop = chats.stop_of_rider(stop_id=stop_id, rider_id=rider_id)
    rider = Rider.objects.select_related("user").get(pk=rider_id)
    return _call(stop, By.RIDER, caller=rider.user.phone, called=stop.job.order.contact_phone, nonce=nonce, now=now)


def customer_calls(*, order_id: UUID, customer_id: int, nonce: str, now: datetime) -> calling.Line:
    """The customer calls the rider; as rider_calls. Raises NoSuchOrder for somebody else's, ChatClosed, TooMany."""
    stop = chats.stop_of_customer(order_id=order_id, customer_id=customer_id)
    if stop is None:
        raise ChatClosed("No rider has your bags at the moment.")
    rider = Rider.objects.select_related("user").get(pk=stop.trip.rider_id)
    order = stop.job.order
    return _call(stop, By.CUSTOMER, caller=order.contact_phone, called=rider.user.phone, nonce=nonce, now=now)


def _call(stop: Stop, by: CallAttempt.By, *, caller: str, called: str, nonce: str, now: datetime) -> calling.Line:
    if not chats.is_open(stop, now=now):
        raise ChatClosed("Calls are for while the bags are on the road.")
    check_limit("calls", f"{stop.pk}:{by}", limit=MOST_CALLS, per_s=PER_S)
    with transaction.atomic():
        attempt, made = CallAttempt.objects.get_or_create(stop=stop, by=by, nonce=nonce, defaults={"at": now})
    if not made and attempt.how in (How.RINGS, How.CHAT):
        return calling.Line(attempt.how, ref=attempt.ref)
    if not made and attempt.how == How.ASKED and now < attempt.at + CONNECTING:
        return calling.Line(How.RINGS)  # the first press is still with the provider: it rings once
    line = _connect(f"{stop.pk.hex}", caller=caller, called=called)  # outside any transaction: it may be slow
    CallAttempt.objects.filter(pk=attempt.pk).update(how=line.how, ref=line.ref)
    return line


def _connect(key: str, *, caller: str, called: str) -> calling.Line:
    to = calling.caller()
    if to is None:
        return calling.Line(How.CHAT)
    try:
        return to.connect(key=key, caller=caller, called=called)
    except Refusal as refusal:  # the breaker is open, or the provider says no
        log.info("call goes by chat", why=refusal.code)
    except Exception as error:
        log.warning("call failed", error=type(error).__name__)
    return calling.Line(How.CHAT)
