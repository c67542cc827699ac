"""The chat between a customer and the rider who has their bags: only these two, only for that time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_noop as _

from blinkit.kernel import events, live
from blinkit.kernel.errors import Invalid
from blinkit.kernel.limits import check_limit
from delivery.chats import ChatFlag, ChatMessage, Side
from delivery.errors import ChatClosed, NoSuchMessage, NoSuchStop, ReasonMissing
from delivery.events import ChatFlagged, ChatRead
from delivery.models import Stop, StopState
from delivery.policies import policy_at
from orders.errors import NoSuchOrder
from orders.models import Order

LONGEST = 400
MOST_A_MINUTE = 12
KEEP_FOR = timedelta(days=60)
"""Then messages go, but for those somebody flagged that nobody has looked at."""
QUICK: dict[Side, dict[str, str]] = {
    Side.CUSTOMER: {
        "coming": _("I'm coming, one moment."),
        "call_me": _("Please call me."),
        "gate": _("Use the main gate."),
        "lift": _("Take the lift, please."),
        "thanks": _("Thank you!"),
    },
    Side.RIDER: {
        "on_way": _("I have your bags and am on the way."),
        "at_gate": _("I'm at the gate."),
        "at_door": _("I'm at your door."),
        "which": _("Which gate or entrance is it?"),
        "cash": _("Please have the cash ready."),
        "thanks": _("Thank you!"),
    },
}
"""Ready sentences; each side reads them in its own language."""


@transaction.atomic
def send(*, stop: Stop, side: Side, text: str, quick: str, nonce: str, now: datetime) -> ChatMessage:
    """One message of this side of a delivery: free words, or the code of a ready sentence. A re-sent one (same
    nonce) is the same message.

    Raises ChatClosed, TooMany above a dozen a minute, Invalid for nothing or too much.
    """
    found = ChatMessage.objects.filter(stop=stop, side=side, nonce=nonce).first()
    if found is not None:
        return found
    if not is_open(stop, now=now):
        raise ChatClosed("This chat is closed.")
    text = QUICK[side].get(quick, "") if quick else text.strip()
    if not text or len(text) > LONGEST or "\x00" in text:
        raise Invalid("Write a message of at most 400 characters.")
    check_limit("chat", f"{stop.pk}:{side}", limit=MOST_A_MINUTE, per_s=60)
    message, _made = ChatMessage.objects.get_or_create(
        stop=stop,
        side=side,
        nonce=nonce,
        defaults={"order_id": stop.job.order_id, "text": text, "quick": quick, "at": now},
    )
    _hint(stop)
    return message


def messages_for(side: Side, stops: Sequence[UUID], *, now: datetime) -> list[ChatMessage]:
    """The thread, oldest first, as this side sees it; what the other wrote counts as read. At most 200."""
    newest = ChatMessage.objects.filter(stop_id__in=stops).order_by("-at", "-id")[:200]
    found = list(reversed(newest))
    if unread := [it.pk for it in found if it.side != side and it.read_at is None]:
        ChatMessage.objects.filter(pk__in=unread, read_at=None).update(read_at=now)
    return found


def stop_of_rider(*, stop_id: UUID, rider_id: int) -> Stop:
    """The rider's own stop. Raises NoSuchStop."""
    stop = _stops().filter(pk=stop_id, trip__rider_id=rider_id).first()
    if stop is None:
        raise NoSuchStop("This stop is not on a trip of yours.")
    return stop


def stop_of_customer(*, order_id: UUID, customer_id: int) -> Stop | None:
    """The stop whose rider has (or had) the bags of the customer's order. Raises NoSuchOrder for somebody else's."""
    if not Order.objects.filter(pk=order_id, customer_id=customer_id).exists():
        raise NoSuchOrder()
    return _stops().filter(job__order_id=order_id, picked_up_at__isnull=False).order_by("-picked_up_at").first()


def stops_of_order(order_id: UUID) -> list[UUID]:
    """All threads of an order: more than one when bags changed hands."""
    return list(Stop.objects.filter(job__order_id=order_id).values_list("pk", flat=True))


def is_open(stop: Stop, *, now: datetime) -> bool:
    """From the pickup until the city's minutes after the door; with the rider who has the bags only."""
    if stop.picked_up_at is None or stop.state in (StopState.TO_PICK_UP, StopState.DROPPED):
        return False
    if stop.state == StopState.ON_BOARD or stop.done_at is None:
        return True
    return now <= stop.done_at + timedelta(minutes=policy_at(stop.job.store_id).chat_after_m)


def refuse_closed(stop: Stop | None, *, now: datetime) -> Stop:
    """Raises ChatClosed."""
    if stop is None or not is_open(stop, now=now):
        raise ChatClosed("This chat is closed.")
    return stop


@transaction.atomic
def flag(*, stop: Stop, side: Side, message_id: UUID, reason: str, now: datetime) -> ChatFlag:
    """This message is not right: people of the house look at it. Once a side; silent when repeated.

    Only what the other one wrote. Raises NoSuchMessage, ReasonMissing.
    """
    if not reason.strip():
        raise ReasonMissing("Say what is wrong with it.")
    other = ChatMessage.objects.filter(pk=message_id, order_id=stop.job.order_id).exclude(side=side)
    if side == Side.RIDER:
        other = other.filter(stop=stop)
    message = other.first()
    if message is None:
        raise NoSuchMessage("There is no such message.")
    made, new = ChatFlag.objects.get_or_create(
        message=message, by_side=side, defaults={"reason": reason.strip()[:160], "at": now}
    )
    if new:
        flagged = ChatFlagged(order_id=message.order_id, message_id=message.pk, by_side=side)
        events.record(flagged, subject=f"order:{message.order_id}", actor=side)
        live.touch("ops", what="chat", id=message.order_id)
    return made


@transaction.atomic
def read_by_staff(*, order_id: UUID, why: str, actor: str) -> list[ChatMessage]:
    """All of an order's chat for somebody of the house; who read it and why is written down. Raises ReasonMissing."""
    if not why.strip():
        raise ReasonMissing("Say why you read it: it is written down.")
    events.record(ChatRead(order_id=order_id, why=why.strip()[:160]), subject=f"order:{order_id}", actor=actor)
    return list(ChatMessage.objects.filter(order_id=order_id).prefetch_related("flags").order_by("at", "id")[:500])


def settle_flag(*, flag_id: int, actor: str, now: datetime) -> None:
    """Somebody has looked at it. Silent when repeated."""
    ChatFlag.objects.filter(pk=flag_id, settled_at=None).update(settled_at=now, settled_by=actor[:60])


def purge_chats(*, now: datetime, limit: int = 5000) -> int:
    """Forget messages older than sixty days, except threads with a flag nobody has looked at. Returns how many."""
    waiting = ChatFlag.objects.filter(message__stop=OuterRef("stop"), settled_at=None)
    old = ChatMessage.objects.filter(~Exists(waiting), at__lt=now - KEEP_FOR)
    return (
        ChatMessage.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:limit]))
        .delete()[1]
        .get("delivery.ChatMessage", 0)
    )


def _stops() -> QuerySet[Stop]:
    return Stop.objects.select_related("trip", "job__order")


def _hint(stop: Stop) -> None:
    live.touch(f"order.{stop.job.order_id}", what="chat", id=stop.job.order_id)
    live.touch(f"rider.{stop.trip.rider_id}", what="chat", id=stop.pk)
