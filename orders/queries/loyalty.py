"""What a customer's membership has saved them, and how their invitations stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Count, Q, Sum

from catalog.models import Referral, ReferralPolicy, ReferralState
from catalog.promotions import MEMBERS
from catalog.services.referral import active_referral_policy
from orders.models import Order
from orders.states import Status

KEPT = (Status.DELIVERED, Status.CLOSED)


@dataclass(frozen=True, slots=True)
class Saved:
    paise: int
    orders: int


_SAVED = """
    SELECT coalesce(sum((one->>'discount_paise')::bigint + (one->>'delivery_paise')::bigint), 0)::bigint,
        count(DISTINCT o.id)
    FROM orders_order o CROSS JOIN LATERAL jsonb_array_elements(o.promotions) AS one
    WHERE o.customer_id = %(customer)s AND o.status = ANY(%(kept)s) AND jsonb_typeof(o.promotions) = 'array'
        AND (one->>'id')::bigint IN (SELECT p.id FROM catalog_promotion p WHERE p.segment = %(segment)s)"""


def saved_as_member(customer_id: int) -> Saved:
    """What promotions for members took off the bills of orders that arrived; one statement."""
    kept = [status.value for status in KEPT]
    with connection.cursor() as cursor:
        cursor.execute(_SAVED, {"customer": customer_id, "kept": kept, "segment": MEMBERS})
        paise, orders = cursor.fetchone()
    return Saved(paise=int(paise), orders=int(orders))


@dataclass(frozen=True, slots=True)
class ReferralView:
    """`may_enter`: no code entered and nothing delivered yet. `entered` is the state of the code one came by, or ""."""

    code: str
    policy: ReferralPolicy | None
    invited: int
    rewarded: int
    earned_paise: int
    entered: str
    may_enter: bool

    def as_dict(self) -> Mapping[str, Any]:
        policy = self.policy
        return {
            "code": self.code,
            "is_open": policy is not None,
            "referrer_paise": policy.referrer_paise if policy else 0,
            "newcomer_paise": policy.newcomer_paise if policy else 0,
            "min_order_paise": policy.min_order_paise if policy else 0,
            "invited": self.invited,
            "rewarded": self.rewarded,
            "earned_paise": self.earned_paise,
            "entered": self.entered,
            "may_enter": self.may_enter,
            "currency": "INR",
        }


def referral_view(*, customer_id: int, code: str) -> ReferralView:
    """What the customer's own code has earned, and whether they may enter a friend's."""
    done = Q(state=ReferralState.REWARDED)
    sums = Referral.objects.filter(referrer_id=customer_id).aggregate(
        invited=Count("pk"), rewarded=Count("pk", filter=done), paise=Sum("referrer_paise", filter=done)
    )
    entered = Referral.objects.filter(newcomer_id=customer_id).values_list("state", flat=True).first() or ""
    arrived = bool(entered) or Order.objects.of(customer_id).filter(status__in=KEPT).exists()
    return ReferralView(
        code=code,
        policy=active_referral_policy(),
        invited=sums["invited"],
        rewarded=sums["rewarded"],
        earned_paise=int(sums["paise"] or 0),
        entered=entered,
        may_enter=not arrived,
    )
