"""What a phone says of where it is, as the doors take it: the same bounds for POST and socket.

By hand, because a thousand of these a second come in; a test holds it to the shapes of the API (delivery/shapes.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from blinkit.kernel.errors import Invalid
from blinkit.kernel.geo import Point
from delivery.services.positions import Fix
from delivery.shapes import MOST_ACCURACY_M, MOST_POSITIONS

SKEW = timedelta(seconds=5)
"""Clocks are set right in steps of this: a message takes a moment to arrive, another one each time, and what is sent
again must come out at the same instant."""


def fixes_of(given: Any, *, now: datetime, sent_at: Any = None) -> list[Fix]:
    """The reports of one message. `sent_at`: what the phone's clock said when it sent them; from it a wrong clock is
    known, and every report set right. Raises Invalid."""
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_POSITIONS:
        raise _unfit()
    fixes = [_fix(one, now) for one in given]
    if sent_at is not None:
        skew = round((now - _instant(sent_at)) / SKEW) * SKEW
        if skew:
            fixes = [Fix(fix.point, _moved(fix.at, skew), fix.accuracy_metres) for fix in fixes]
    return fixes


def _fix(one: Any, now: datetime) -> Fix:
    if not isinstance(one, Mapping):
        raise _unfit()
    lat, lng = _number(one.get("lat"), -90, 90), _number(one.get("lng"), -180, 180)
    accuracy = one.get("accuracy_metres", 0.0)
    return Fix(Point(lat, lng), _instant(one.get("at", now)), _number(accuracy, 0, MOST_ACCURACY_M))


def _number(value: Any, least: float, most: float) -> float:
    if isinstance(value, str) and len(value) <= 40:
        try:
            value = float(value)
        except ValueError:
            raise _unfit() from None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        raise _unfit()
    return float(value)


def _instant(value: Any) -> datetime:
    if isinstance(value, datetime):
        at: datetime | None = value
    else:
        try:
            at = parse_datetime(value) if isinstance(value, str) else None
        except ValueError:
            at = None
    if at is None:
        raise _unfit()
    if at.tzinfo is None:
        at = at.replace(tzinfo=timezone.get_current_timezone())
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise _unfit() from None


def _moved(at: datetime, by: timedelta) -> datetime:
    try:
        return at + by
    except OverflowError:
        raise _unfit() from None


def _unfit() -> Invalid:
    return Invalid("A position needs lat and lng in degrees; at is a time with its zone.")
