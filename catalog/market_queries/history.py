"""What listings cost over time: steps (each price holds until the next) and the lowest of each day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from catalog.market_queries.rows import fetch


@dataclass(frozen=True, slots=True)
class Series:
    """`steps`: (from when, paise, available), the first as it stood at `since` where it was known then."""

    listing_id: int
    platform: str
    platform_name: str
    is_ours: bool
    name: str
    pack: str
    steps: tuple[tuple[datetime, int, bool], ...]

    def daily_low(self, *, since: datetime, until: datetime, zone: str) -> list[tuple[date, int]]:
        """The lowest price at which it could be had on each local day of [since, until); days it was sold out or not
        known all day are left out."""
        tz = ZoneInfo(zone)
        lows: dict[date, int] = {}
        ends = [at for at, _, _ in self.steps[1:]] + [until]
        for (at, paise, available), end in zip(self.steps, ends, strict=True):
            start, end = max(at, since), min(end, until)
            if not available or end <= start:
                continue
            day, last = start.astimezone(tz).date(), (end - timedelta(microseconds=1)).astimezone(tz).date()
            while day <= last:
                lows[day] = min(paise, lows.get(day, paise))
                day += timedelta(days=1)
        return sorted(lows.items())


def history(listing_ids: Sequence[int], *, since: datetime, until: datetime) -> list[Series]:
    """In the order of the ids. Only the months of the span are read, and one row before it per listing."""
    rows = fetch(
        """
        SELECT l.id, p.slug, p.name, p.is_ours, l.name, l.pack, h.at, h.price_paise, h.available
        FROM unnest(%(ids)s::bigint[]) WITH ORDINALITY AS w(id, place)
        JOIN catalog_listing l ON l.id = w.id JOIN catalog_platform p ON p.id = l.platform_id
        LEFT JOIN LATERAL (
            (SELECT %(since)s::timestamptz AS at, price_paise, available FROM catalog_listingprice
             WHERE listing_id = l.id AND at <= %(since)s ORDER BY at DESC LIMIT 1)
            UNION ALL
            SELECT at, price_paise, available FROM catalog_listingprice
            WHERE listing_id = l.id AND at > %(since)s AND at < %(until)s
        ) h ON true
        ORDER BY w.place, h.at
        """,
        {"ids": list(listing_ids), "since": since, "until": until},
    )
    found: dict[int, tuple[tuple[Any, ...], list[tuple[datetime, int, bool]]]] = {}
    for *facts, at, paise, available in rows:
        its = found.setdefault(facts[0], (tuple(facts), []))[1]
        if at is not None:
            its.append((at, paise, available))
    return [Series(*[*facts, tuple(steps)]) for facts, steps in found.values()]


def points_of(
    series: Iterable[Series], *, since: datetime, until: datetime, width: int = 640, height: int = 120
) -> tuple[list[tuple[Series, str]], int, int]:
    """Each series as the points of an SVG polyline in one common frame, and the lowest and highest price in it."""
    drawn = [one for one in series if one.steps]
    prices = [paise for one in drawn for _, paise, _ in one.steps]
    if not prices:
        return [], 0, 0
    low, high = min(prices), max(prices)
    span = (until - since).total_seconds() or 1.0

    def spot(at: datetime, paise: int) -> str:
        x = width * max(0.0, min(1.0, (at - since).total_seconds() / span))
        y = height / 2 if high == low else 4 + (height - 8) * (high - paise) / (high - low)
        return f"{x:.1f},{y:.1f}"

    lines = []
    for one in drawn:
        ends = [at for at, _, _ in one.steps[1:]] + [until]
        ways = [f"{spot(at, paise)} {spot(end, paise)}" for (at, paise, _), end in zip(one.steps, ends, strict=True)]
        lines.append((one, " ".join(ways)))
    return lines, low, high
