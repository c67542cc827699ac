"""Weekly statements: Monday to Sunday where the riders live, issued once, frozen, booked and paid out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from blinkit.kernel import events, live, metrics
from delivery.events import WeekIssued
from delivery.models import (
    Adjustment,
    CampaignReward,
    Deduction,
    Earning,
    Rider,
    RiderBreak,
    Shift,
    StopState,
    WeekStatement,
)
from delivery.paying import PARTS
from delivery.services.deductions import may_count
from delivery.services.duty import lock_rider
from delivery.services.pay import policy_of
from delivery.services.targets import pay_targets
from payments import queries as books
from payments import services as money

log = structlog.get_logger(__name__)

LOCAL = ZoneInfo(settings.TIME_ZONE)
SETTLE_FOR = timedelta(hours=2)
"""After Sunday's midnight: what was written down in the last minutes is there."""
WEEKS_BACK = 5
DEDUCTED_MOST_BP = 5_000
"""At most half of what was earned, as section 7(3) of the Payment of Wages Act, 1936, says of wages; the rest waits for
the next week. Tips are never touched."""


def monday_of(at: datetime) -> date:
    local = at.astimezone(LOCAL).date()
    return local - timedelta(days=local.weekday())


def bounds_of(week: date) -> tuple[datetime, datetime]:
    """The two midnights of the week that begins on this Monday."""
    later = week + timedelta(days=7)
    return datetime(week.year, week.month, week.day, tzinfo=LOCAL), datetime(
        later.year, later.month, later.day, tzinfo=LOCAL
    )


def issue_statements(*, now: datetime, limit: int = 500) -> int:
    """Issue what is missing of the last five whole weeks, oldest first. Returns how many; each is an act of its own,
    and one that breaks does not keep the others waiting."""
    pay_targets(now=now)
    done = 0
    this_week = monday_of(now - SETTLE_FOR)
    for week in (this_week - timedelta(weeks=back) for back in range(WEEKS_BACK, 0, -1)):
        since, until = bounds_of(week)
        for rider_id in _without_statement(week, since, until)[: limit - done]:
            try:
                done += issue_week(rider_id=rider_id, week=week, now=now) is not None
            except Exception:
                log.exception("statement not issued", rider=rider_id, week=str(week))
                metrics.count("statements_broken_total")
    return done


@transaction.atomic
def issue_week(*, rider_id: int, week: date, now: datetime) -> WeekStatement | None:
    """A rider's statement of one whole week: made, booked, its payout due. None when it was issued before, or the week
    is not over.

    Deductions that may count are taken whole, the oldest first, as long as together they stay within half of what was
    earned; what does not fit waits.
    """
    since, until = bounds_of(week)
    if now < until + SETTLE_FOR:
        return None
    rider = lock_rider(rider_id)
    if WeekStatement.objects.filter(rider_id=rider_id, week=week).exists():
        return None
    within = Q(at__gte=since, at__lt=until)
    earnings = list(
        Earning.objects.filter(within, rider_id=rider_id).annotate(state=F("stop__state")).order_by("at", "pk")
    )
    parts: Counter[str] = Counter(dict.fromkeys(PARTS, 0))
    for earning in earnings:
        parts.update(earning.parts)
    tips_paise = parts["tip_paise"]
    earned_paise = sum(parts.values()) - tips_paise
    rewards = CampaignReward.objects.filter(rider_id=rider_id, earned_at__gte=since, earned_at__lt=until)
    lines: list[dict[str, Any]] = [
        {"kind": "target", "text": name, "paise": paise, "at": at.isoformat()}
        for name, paise, at in rewards.order_by("earned_at", "pk").values_list(
            "campaign__name", "amount_paise", "earned_at"
        )
    ]
    targets_paise = sum(line["paise"] for line in lines)
    added = [row.line for row in Adjustment.objects.filter(within, rider_id=rider_id).order_by("at", "pk")]
    if least := _hourly_promise(rider, since, until, earned_paise + targets_paise):
        added.append(least)
    added_paise = sum(int(str(line["paise"])) for line in added)
    taken = _deductions(rider_id, earned_paise + targets_paise + added_paise, now=now)
    deducted_paise = sum(one.amount_paise for one in taken)
    lines += [
        *added,
        *(
            {"kind": "deducted", "text": one.reason, "paise": -one.amount_paise, "at": one.told_at.isoformat(),
             "evidence": one.evidence, "id": str(one.pk)}
            for one in taken
        ),
    ]  # fmt: skip
    cash = books.cash_moves(rider_id, since=since, until=until)
    made = WeekStatement(
        rider=rider,
        week=week,
        deliveries=sum(earning.state == StopState.DELIVERED for earning in earnings),  # type: ignore[attr-defined]
        parts=dict(parts),
        lines=lines,
        days=_days(earnings, week),
        metres=_metres(earnings),
        earned_paise=earned_paise,
        tips_paise=tips_paise,
        targets_paise=targets_paise,
        added_paise=added_paise,
        deducted_paise=deducted_paise,
        payout_paise=earned_paise + tips_paise + targets_paise + added_paise - deducted_paise,
        cash_before_paise=cash.before_paise,
        cash_collected_paise=cash.collected_paise,
        cash_handed_in_paise=cash.handed_in_paise,
        cash_after_paise=cash.before_paise + cash.collected_paise - cash.handed_in_paise,
        issued_at=now,
    )
    made.save(force_insert=True)
    Deduction.objects.filter(pk__in=[one.pk for one in taken]).update(statement=made)
    money.owe_week(
        key=payout_key(made),
        rider_ref=rider_id,
        pay_paise=made.earned_paise + made.targets_paise + made.added_paise,
        tips_paise=tips_paise,
        deducted_paise=deducted_paise,
        memo=f"Pay of the week, {made.number}",
        now=now,
    )
    issued = WeekIssued(statement_id=made.pk, rider_id=rider_id, payout_paise=made.payout_paise)
    events.record(issued, subject=f"rider:{rider_id}")
    live.touch(f"rider.{rider_id}", what="pay")
    metrics.count("statements_issued_total")
    return made


def payout_key(statement: WeekStatement) -> str:
    return f"{statement.rider_id}:{statement.week.isoformat()}"


def _without_statement(week: date, since: datetime, until: datetime) -> list[int]:
    """Riders with something in that week and no statement of it, by key."""
    issued = WeekStatement.objects.filter(week=week).values("rider_id")
    something = (
        Earning.objects.filter(at__gte=since, at__lt=until).values_list("rider_id", flat=True),
        Adjustment.objects.filter(at__gte=since, at__lt=until).values_list("rider_id", flat=True),
        CampaignReward.objects.filter(earned_at__gte=since, earned_at__lt=until).values_list("rider_id", flat=True),
    )
    first, *others = (rows.exclude(rider_id__in=issued).order_by() for rows in something)
    return sorted(set(first.union(*others)))


def _hourly_promise(rider: Rider, since: datetime, until: datetime, earned_paise: int) -> dict[str, Any] | None:
    """What is missing to the policy's least for every hour on duty in the week, breaks not counted; the policy is that
    of its end."""
    least_paise = policy_of(rider.store, now=until - timedelta(seconds=1)).rates.hour_least_paise
    if not least_paise:
        return None
    shifts = Shift.objects.filter(rider=rider, started_at__lt=until).filter(Q(ended_at=None) | Q(ended_at__gt=since))
    breaks = RiderBreak.objects.filter(shift__in=shifts)
    times = "started_at", "ended_at"
    seconds = _within(shifts.values_list(*times), since, until) - _within(breaks.values_list(*times), since, until)
    missing_paise = int(seconds) * least_paise // 3600 - earned_paise
    if missing_paise <= 0:
        return None
    return {"kind": "hours", "text": f"{seconds / 3600:.1f}", "paise": missing_paise, "at": until.isoformat()}


def _within(times: Iterable[tuple[datetime, datetime | None]], since: datetime, until: datetime) -> float:
    """Seconds of these spans between two instants; a span without an end lasts."""
    return sum(max(0.0, (min(ended or until, until) - max(started, since)).total_seconds()) for started, ended in times)


def _deductions(rider_id: int, earned_paise: int, *, now: datetime) -> list[Deduction]:
    most_paise = earned_paise * DEDUCTED_MOST_BP // 10_000
    taken: list[Deduction] = []
    for one in may_count(rider_id=rider_id, now=now).select_for_update(no_key=True):
        if one.amount_paise <= most_paise:
            taken.append(one)
            most_paise -= one.amount_paise
    return taken


def _days(earnings: Sequence[Earning], week: date) -> list[dict[str, Any]]:
    paise: Counter[date] = Counter()
    count: Counter[date] = Counter()
    for earning in earnings:
        day = earning.at.astimezone(LOCAL).date()
        paise[day] += earning.total_paise
        count[day] += 1
    dates = [week + timedelta(days=number) for number in range(7)]
    return [{"date": day.isoformat(), "deliveries": count[day], "total_paise": paise[day]} for day in dates]


def _metres(earnings: Sequence[Earning]) -> dict[str, int]:
    """Sums of the receipts; `ridden` of those whose ride is known, beside the number of those where it is not."""
    receipts = [earning.receipt for earning in earnings if earning.receipt]
    return {
        "routed": sum(one["routed_metres"] for one in receipts),
        "ridden": sum(one["ridden_metres"] or 0 for one in receipts),
        "paid": sum(one["paid_metres"] for one in receipts),
        "unknown": sum(one["ridden_metres"] is None for one in receipts),
    }
