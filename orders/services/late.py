"""Credit for a delivery that came late: by the promise ledger and a table, once per order, without anybody asking."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Q

from orders import late
from orders.claiming import Kind
from orders.claims import Claim, ClaimState
from orders.late import Step
from orders.lateness import LateCredit, LateStep
from orders.models import Promise
from orders.services.at_door import proven_at_door
from orders.services.mover import hint, joining, lock
from orders.states import Status
from payments import services as money
from payments.models import Source


@joining
def credit_late(*, order_id: UUID, now: datetime) -> int:
    """Give what the table says for a delivered order that came late. Returns the paise given; repeating gives nothing.

    Late is measured from the promise the order is held to (PromiseQuerySet.judged): a second one of ours (another store
    took it) takes nothing away, a door the customer moved farther away does; for a slot that is the end of its window.
    The rider's arrival at the door counts where their position showed it: nobody is paid for their own waiting. What a
    late claim gave back before is taken off. Undelivered orders get nothing: they are refunded.
    """
    order = lock(order_id)
    if order.status not in (Status.DELIVERED, Status.CLOSED) or order.delivered_at is None:
        return 0
    if LateCredit.objects.filter(order=order).exists():
        return 0
    promised_by = Promise.objects.filter(order=order).judged().values_list("promised_by", flat=True).first()
    if promised_by is None:
        return 0
    at_door = proven_at_door(order)
    minutes = late.late_m(promised_by=promised_by, at_door=at_door, handed_over=order.delivered_at)
    step = late.step_for(minutes, steps_of(order.store.city_id))
    if step is None:
        return 0
    paise = step.worth_paise(delivery_paise=order.delivery_paise, total_paise=order.total_paise - order.tip_paise)
    claimed = Claim.objects.filter(order=order, kind=Kind.LATE.value, state=ClaimState.REFUNDED)
    paise -= sum(claimed.values_list("refund_paise", flat=True))
    if paise <= 0:
        return 0
    LateCredit.objects.create(
        order=order, city_id=order.store.city_id, promised_by=promised_by, late_m=minutes, paise=paise,
        came_at=min(at_door or order.delivered_at, order.delivered_at), rule=step.words()[:80],
        made_at=now,
    )  # fmt: skip
    money.credit_wallet(
        customer_id=order.customer_id,
        amount_paise=paise,
        source=Source.LATE,
        key=f"late:{order.pk}",
        reason=f"Order {order.number}",
        ref=order.pk,
        now=now,
    )
    hint(order)
    return paise


def steps_of(city_id: int) -> list[Step]:
    """The city's own table, else the one for everywhere, else what the software came with. One statement."""
    rows = list(LateStep.objects.filter(Q(city_id=city_id) | Q(city_id=None)))
    own = [row for row in rows if row.city_id == city_id] or rows
    return [Step(row.from_m, row.of, row.amount, row.cap_paise) for row in own] or list(late.STANDARD)
