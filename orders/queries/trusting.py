"""How far a customer is trusted with cash, from what the house has seen: the facts in one statement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from django.conf import settings
from django.db import connection
from django.db.models import JSONField
from django.db.models.expressions import RawSQL

from blinkit.kernel.money import rupees
from blinkit.kernel.said import say, together
from orders import claiming, trust
from orders.claiming.abuse import score
from orders.states import LIVE, Status
from orders.trust import History, Level, Standing
from payments.models import Method

CASH_DAYS = 180
CLAIM_DAYS = 90

# Names no column of another table: PostgreSQL asks once, not per line of a cart. Positions: see _values.
_FACTS = """(
    SELECT jsonb_build_object(
        'unpaid', count(*) FILTER (WHERE o.status = %s),
        'cash_open', count(*) FILTER (WHERE o.payment_method = 'cod' AND o.status = ANY(%s)),
        'delivered', count(*) FILTER (WHERE o.delivered_at IS NOT NULL),
        'cash_taken', count(*) FILTER (
            WHERE o.payment_method = 'cod' AND o.delivered_at IS NOT NULL AND o.placed_at >= %s),
        'cash_refused', count(*) FILTER (
            WHERE o.payment_method = 'cod' AND o.delivered_at IS NULL AND o.picked_up_at IS NOT NULL
                AND o.status IN ('UNDELIVERED', 'REFUNDED') AND o.placed_at >= %s),
        'orders', count(*) FILTER (WHERE o.placed_at >= %s AND o.status IN ('DELIVERED', 'CLOSED')),
        'spent', sum(o.total_paise) FILTER (WHERE o.placed_at >= %s AND o.status IN ('DELIVERED', 'CLOSED')),
        'joined_at', (SELECT extract(epoch FROM u.joined_at) FROM accounts_user AS u WHERE u.id = %s),
        'verified', EXISTS(SELECT 1 FROM accounts_user AS u WHERE u.id = %s AND u.firebase_uid IS NOT NULL)
            OR EXISTS(SELECT 1 FROM kernel_event AS e WHERE e.subject = %s AND e.code = 'accounts.SignedIn'
                AND e.payload->>'how' <> 'password'),
        'claims', (SELECT jsonb_build_array(count(*), count(*) FILTER (WHERE c.state = 'refused'
                AND c.decided_by <> 'system'), coalesce(sum(c.refund_paise), 0), count(*) FILTER (
                WHERE c.kind = 'missing' AND c.decision->'facts'->>'handed_over' = 'code'
                AND (c.decision->'facts'->>'scanned_qty')::int >= (c.decision->'facts'->>'billed_qty')::int))
            FROM orders_claim AS c WHERE c.customer_id = %s AND c.created_at >= %s),
        'override', (SELECT jsonb_build_object('level', t.level, 'reason', t.reason) FROM orders_trustoverride AS t
            WHERE t.customer_id = %s AND t.until > %s ORDER BY t.id DESC LIMIT 1))
    FROM orders_order AS o WHERE o.customer_id = %s
)"""


def _values(customer_id: int, now: datetime) -> list[Any]:
    cash_since, claims_since = now - timedelta(days=CASH_DAYS), now - timedelta(days=CLAIM_DAYS)
    live = [status.value for status in LIVE]
    orders = [Status.PENDING.value, live, cash_since, cash_since, claims_since, claims_since]
    person = [customer_id, customer_id, f"user:{customer_id}"]
    return [*orders, *person, customer_id, claims_since, customer_id, now, customer_id]


@dataclass(frozen=True, slots=True)
class Trust:
    """`unpaid` and `cash_open` orders are open now. `judged` is what the rules say; a person's word goes before it."""

    unpaid: int
    cash_open: int
    history: History
    judged: Standing
    override: Level | None = None
    override_reason: str = ""

    @property
    def level(self) -> Level:
        return self.judged.level if self.override is None else self.override

    def limit_paise(self, city_paise: int) -> int:
        return trust.limit_paise(self.level, limits=settings.ORDER_COD_LIMITS_PAISE, city_paise=city_paise)

    @property
    def helps(self) -> str:
        return trust.HELPS[self.level]


def facts(customer_id: int, *, now: datetime) -> RawSQL:
    """The facts as an expression, for a statement that is asked anyway."""
    return RawSQL(_FACTS, _values(customer_id, now), output_field=JSONField())


def trust_of(*, customer_id: int, now: datetime) -> Trust:
    """One statement."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_FACTS}::text", _values(customer_id, now))
        return read(orjson.loads(cursor.fetchone()[0]), now=now)


def read(found: Mapping[str, Any], *, now: datetime) -> Trust:
    """From the facts as the database gave them."""
    joined = datetime.fromtimestamp(float(found["joined_at"] or now.timestamp()), tz=UTC)
    claims, refused, refunded_paise, against = (int(value) for value in found["claims"])
    claimed = claiming.History(
        orders=found["orders"],
        spent_paise=int(found["spent"] or 0),
        claims=claims,
        refused=refused,
        refunded_paise=refunded_paise,
        missing_handed_over=against,
    )
    history = History(
        delivered=found["delivered"],
        cash_taken=found["cash_taken"],
        cash_refused=found["cash_refused"],
        account_days=max(0, (now - joined).days),
        phone_verified=found["verified"],
        claims_score=score(claimed).points,
    )
    override = found["override"]
    return Trust(
        unpaid=found["unpaid"],
        cash_open=found["cash_open"],
        history=history,
        judged=trust.judge(history),
        override=None if override is None else Level(override["level"]),
        override_reason="" if override is None else override["reason"],
    )


def over_limit(known: Trust, *, city_paise: int) -> str:
    """Why cash is refused above the limit, and what helps."""
    limit = known.limit_paise(city_paise)
    if not limit:
        words = say("Cash is not possible just now. Please pay this order by UPI or card.")
    else:
        words = say("Cash is possible up to {limit}. Please pay this order by UPI or card.", limit=rupees(limit))
    return together([words, known.helps if limit < city_paise else ""])


def ways_to_pay(known: Trust, *, to_pay_paise: int, city_paise: int) -> list[dict[str, Any]]:
    """Which ways to pay this bill has, said before anybody is surprised; `sentence` says why one has not."""
    ways = []
    limit_paise = known.limit_paise(city_paise)
    for method, open_now, most in (
        (Method.ONLINE, known.unpaid, settings.ORDER_MOST_OPEN_UNPAID),
        (Method.COD, known.cash_open, settings.ORDER_MOST_OPEN_CASH),
    ):
        sentence = ""
        if method == Method.COD and to_pay_paise > limit_paise:
            sentence = over_limit(known, city_paise=city_paise)
        elif most and open_now >= most:
            sentence = too_many_open(method, open_now)
        ways.append(
            {
                "method": method.value,
                "possible": not sentence,
                "limit_paise": limit_paise if method == Method.COD else None,
                "sentence": sentence,
            }
        )
    return ways


def too_many_open(method: Method, count: int) -> str:
    if method == Method.COD:
        return say(
            "{n} cash orders are on their way to you. Pay this one by UPI or card, or wait for one of them.", n=count
        )
    return say("{n} of your orders wait for payment. Pay or cancel one of them first.", n=count)
