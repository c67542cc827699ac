"""A person decides how far a customer is trusted with cash: for a time, with a reason, and it is written down."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import User
from blinkit.kernel import events
from blinkit.kernel.errors import Invalid, NotFound
from orders.errors import ReasonNeeded
from orders.events import TrustSet
from orders.models import TrustOverride
from orders.trust import Level

LONGEST = timedelta(days=366)


@transaction.atomic
def set_trust(
    *, customer_id: int, level: str, reason: str, until: datetime, actor: str, now: datetime
) -> TrustOverride:
    """This level holds for the customer until then, whatever the rules say. It ends the one before.

    Raises Invalid for an unknown level or an end that is not within a year, ReasonNeeded, NotFound.
    """
    reason = reason.strip()[:160]
    if level not in set(Level):
        raise Invalid(f"A level is one of {', '.join(Level)}.")
    if not reason:
        raise ReasonNeeded("Say why: somebody will ask.")
    if not now < until <= now + LONGEST:
        raise Invalid("Say until when: within a year.")
    if not User.objects.select_for_update(no_key=True).filter(pk=customer_id).exists():
        raise NotFound("There is no such customer.")
    TrustOverride.objects.filter(customer_id=customer_id, until__gt=now).update(until=now)
    made = TrustOverride.objects.create(
        customer_id=customer_id, level=level, reason=reason, until=until, actor=actor[:60], made_at=now
    )
    _record(made, actor)
    return made


@transaction.atomic
def end_trust(*, customer_id: int, reason: str, actor: str, now: datetime) -> bool:
    """The rules decide again. False when no person had. Raises ReasonNeeded."""
    if not reason.strip():
        raise ReasonNeeded("Say why: somebody will ask.")
    User.objects.select_for_update(no_key=True).filter(pk=customer_id).first()
    if not TrustOverride.objects.filter(customer_id=customer_id, until__gt=now).update(until=now):
        return False
    ended = TrustSet(customer_id=customer_id, level="", reason=reason.strip()[:160])
    events.record(ended, subject=f"user:{customer_id}", actor=actor)
    return True


def _record(made: TrustOverride, actor: str) -> None:
    what = TrustSet(customer_id=made.customer_id, level=made.level, reason=made.reason, until=made.until)
    events.record(what, subject=f"user:{made.customer_id}", actor=actor)
