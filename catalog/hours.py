"""When a store is open. Plain functions over local times; no database."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo


def is_open(*, opens: time, closes: time, timezone: str, now: datetime) -> bool:
    """Whether the door is open at this instant. Half-open: open at `opens`, closed at `closes`.

    Equal times mean round the clock; `closes` before `opens` means it closes after midnight (06:00 to 01:00).
    """
    if opens == closes:
        return True
    local = now.astimezone(ZoneInfo(timezone)).time()
    if opens < closes:
        return opens <= local < closes
    return local >= opens or local < closes


def next_opening(*, opens: time, closes: time, timezone: str, now: datetime) -> datetime:
    """The instant the store is next open: `now` itself while it is open."""
    if is_open(opens=opens, closes=closes, timezone=timezone, now=now):
        return now
    zone = ZoneInfo(timezone)
    local = now.astimezone(zone)
    day = local.date() if local.time() < opens else local.date() + timedelta(days=1)
    return datetime.combine(day, opens, tzinfo=zone).astimezone(now.tzinfo)
