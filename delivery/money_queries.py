"""What riders read about their money: statements, targets, deductions, cash. One reading for API and screens."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from blinkit.kernel.errors import NotFound
from delivery.cash_room import CashState, cash_states
from delivery.models import (
    Adjustment,
    CashReceipt,
    Deduction,
    DeductionState,
    DropRating,
    Rider,
    Stop,
    StopState,
    WeekStatement,
)
from delivery.paying import PARTS
from delivery.services.drops import CHANGE_FOR
from delivery.services.weeks import payout_key
from payments import queries as books

SHOW_TARGETS_FOR = timedelta(days=2)
"""Reached or missed, so long after its end."""
SOON = timedelta(days=7)
MOST_TARGETS = 20
MOST_RECEIPTS = 20

_TARGETS = """
    SELECT c.id, c.name, c.starts_at, c.ends_at, c.deliveries, c.reward_paise, w.earned_at,
           (SELECT count(*) FROM delivery_earning e JOIN delivery_stop s ON s.id = e.stop_id AND s.state = 'delivered'
            JOIN delivery_job j ON j.id = s.job_id JOIN catalog_store t ON t.id = j.store_id
            WHERE e.rider_id = r.id AND e.at >= c.starts_at AND e.at < c.ends_at
              AND (c.city_id IS NULL OR c.city_id = t.city_id) AND (c.store_id IS NULL OR c.store_id = t.id))
    FROM delivery_rider r JOIN catalog_store h ON h.id = r.store_id
    JOIN delivery_campaign c ON c.ends_at > %(since)s AND c.starts_at <= %(soon)s
        AND (c.city_id IS NULL OR c.city_id = h.city_id) AND (c.store_id IS NULL OR c.store_id = h.id)
        AND (c.vehicle = '' OR c.vehicle = r.vehicle)
    LEFT JOIN delivery_campaignreward w ON w.campaign_id = c.id AND w.rider_id = r.id
    WHERE r.id = %(rider)s ORDER BY c.ends_at, c.id LIMIT %(most)s"""


def targets_of(rider: Rider, *, now: datetime) -> list[dict[str, Any]]:
    """The targets a rider may reach or has just reached or missed, the soonest to end first. `state`: soon, running,
    reached, missed. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            _TARGETS,
            {"rider": rider.pk, "since": now - SHOW_TARGETS_FOR, "soon": now + SOON, "most": MOST_TARGETS},
        )
        rows = cursor.fetchall()
    return [
        {
            "id": pk,
            "name": name,
            "starts_at": starts_at,
            "ends_at": ends_at,
            "deliveries": wanted,
            "done": min(done, wanted),
            "missing": max(0, wanted - done),
            "reward_paise": paise,
            "state": "reached"
            if earned_at or done >= wanted
            else "soon"
            if starts_at > now
            else "running"
            if ends_at > now
            else "missed",
        }
        for pk, name, starts_at, ends_at, wanted, paise, earned_at, done in rows
    ]


def statements_of(rider: Rider) -> QuerySet[WeekStatement]:
    return WeekStatement.objects.filter(rider=rider).order_by("-week", "-pk")


def statement_of(*, rider: Rider, statement_id: UUID) -> WeekStatement:
    """The rider's own. Raises NotFound for another's."""
    whole = WeekStatement.objects.select_related("rider__user", "rider__store")
    statement = whole.filter(pk=statement_id, rider=rider).first()
    if statement is None:
        raise NotFound("There is no such statement of yours.")
    return statement


def statement_json(statement: WeekStatement) -> dict[str, Any]:
    """As it was issued, and where its money is now: due, sent, done, failed; "" when nothing was left to pay."""
    payout = books.payout_of(payout_key(statement))
    return {
        "id": statement.pk,
        "number": statement.number,
        "week": statement.week,
        "until": statement.week + timedelta(days=6),
        "issued_at": statement.issued_at,
        "deliveries": statement.deliveries,
        "parts": dict.fromkeys(PARTS, 0) | statement.parts,
        "earned_paise": statement.earned_paise,
        "tips_paise": statement.tips_paise,
        "targets_paise": statement.targets_paise,
        "added_paise": statement.added_paise,
        "deducted_paise": statement.deducted_paise,
        "payout_paise": statement.payout_paise,
        "payout_state": payout.state if payout else "",
        "paid_at": payout.done_at if payout else None,
        "lines": [{name: line[name] for name in ("kind", "text", "paise", "at")} for line in statement.lines],
        "days": statement.days,
        "metres": statement.metres,
        "cash": {
            "before_paise": statement.cash_before_paise,
            "collected_paise": statement.cash_collected_paise,
            "handed_in_paise": statement.cash_handed_in_paise,
            "after_paise": statement.cash_after_paise,
        },
        "currency": "INR",
    }


def added_of(rider: Rider, *, now: datetime) -> list[Adjustment]:
    """What was added in the last seven days, newest first. One statement."""
    return list(Adjustment.objects.filter(rider=rider, at__gt=now - SOON).order_by("-at", "-pk")[:MOST_RECEIPTS])


def deductions_of(rider: Rider) -> QuerySet[Deduction]:
    """Newest first."""
    return Deduction.objects.filter(rider=rider).order_by("-told_at", "-pk")


def open_deductions(rider: Rider) -> list[Deduction]:
    """What is not on a statement and not dropped: the rider looks at these first."""
    return list(deductions_of(rider).filter(statement=None).exclude(state=DeductionState.DROPPED)[:20])


def deduction_json(one: Deduction, *, now: datetime) -> dict[str, Any]:
    may = one.state == DeductionState.TOLD and one.statement_id is None and now < one.dispute_until
    return {
        "id": one.pk,
        "amount_paise": one.amount_paise,
        "reason": one.reason,
        "evidence": one.evidence,
        "told_at": one.told_at,
        "dispute_until": one.dispute_until,
        "may_dispute": may,
        "state": one.state,
        "dispute": one.dispute,
        "decision": one.decision,
        "statement_id": one.statement_id,
    }


def cash_json(rider: Rider) -> dict[str, Any]:
    """Cash in hand, its limit and the newest receipts. Three statements."""
    state: CashState = cash_states([rider.pk])[rider.pk]
    receipts = CashReceipt.objects.filter(rider=rider).order_by("-pk")[:MOST_RECEIPTS]
    return {
        "in_hand_paise": state.in_hand_paise,
        "to_collect_paise": state.to_collect_paise,
        "limit_paise": state.limit_paise,
        "room_paise": state.room_paise,
        "level": state.level,
        "receipts": [
            {"number": one.number, "way": one.way, "amount_paise": one.amount_paise, "at": one.at} for one in receipts
        ],
        "currency": "INR",
    }


def score_json(rider: Rider) -> dict[str, Any]:
    score = rider.score
    return {"stars": score.stars, "count": score.count}


def rateable_doors(stops: Collection[Stop], *, now: datetime) -> dict[UUID, DropRating | None]:
    """Of these stops, those whose door may be rated now, with what was said of it. One statement."""
    ended = [
        stop.pk
        for stop in stops
        if stop.state in (StopState.DELIVERED, StopState.FAILED) and stop.done_at and now < stop.done_at + CHANGE_FOR
    ]
    said = DropRating.objects.filter(Q(pk__in=ended)).in_bulk() if ended else {}
    return {pk: said.get(pk) for pk in ended}
