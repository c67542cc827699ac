"""What the floor holds on a person who works there: the plan, breaks, their days, their pace."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fulfillment.models import Break, PickerShift, PickerStat, PickPace, PlannedShift


def held(*, user_id: int) -> dict[str, Any]:
    plan = PlannedShift.objects.filter(user_id=user_id).order_by("pk")
    breaks = Break.objects.filter(shift__user_id=user_id).order_by("pk")
    days = PickerStat.objects.filter(picker_id=user_id).order_by("day")
    return {
        "planned": list(plan.values("store__code", "weekday", "day", "from_time", "to_time")),
        "shifts": list(
            PickerShift.objects.filter(user_id=user_id).order_by("pk").values("store__code", "started_at", "ended_at")
        ),
        "breaks": list(breaks.values("started_at", "ended_at")),
        "days": list(days.values("day", "tasks", "lines", "units", "pick_s", "pack_s", "refused", "shorted")),
        "pace": list(PickPace.objects.filter(picker_id=user_id).values("store__code", "base_s", "line_s", "unit_s")),
    }


def forget(*, user_id: int, now: datetime) -> None:
    """When somebody was on shift stays, as whose hands an order was in; how they did it goes, and what was planned."""
    PlannedShift.objects.filter(user_id=user_id).delete()
    Break.objects.filter(shift__user_id=user_id).delete()
    PickerStat.objects.filter(picker_id=user_id).delete()
    PickPace.objects.filter(picker_id=user_id).delete()
