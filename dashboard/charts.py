"""The picture of an answer: which one fits, its points, and the same as a PNG for an e-mail.

A page draws bars and lines itself (templates/dashboard/ask/_chart.html) and always has the table beside them.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from PIL import Image, ImageDraw, ImageFont

from dashboard import cells
from dashboard.ask.columns import Column
from dashboard.ask.figures import NOTHING, figure

SCRIPTS = re.compile(r"[\u0900-\u097f\u200c\u200d]+|[^\u0900-\u097f]+")
MOST_BARS = 12
MOST_LINES = 6
"""As many as there are platforms."""
MOST_POINTS = 200
FONTS = Path(settings.BASE_DIR) / "orders" / "fonts"
PALE, INK, SOFT, LINE = "#ffffff", "#1b1f1d", "#525c55", "#e3e6df"
COLOURS = ("#0c7a43", "#1f5fbf", "#b26a00", "#7a3fb0", "#c62828", "#525c55")


@dataclass(frozen=True, slots=True)
class Point:
    label: str
    value: float
    text: str
    wide: float
    """How long its bar is: percent of the longest; of a share, percent of the whole."""
    x: float = 0.0
    y: float = 0.0
    """Where a line passes: percent of the frame, from its upper left corner."""


@dataclass(frozen=True, slots=True)
class Series:
    name: str
    points: tuple[Point, ...]

    @property
    def path(self) -> str:
        return " ".join(f"{point.x:.2f},{point.y:.2f}" for point in self.points)


@dataclass(frozen=True, slots=True)
class Chart:
    """`kind`: bars, line or share."""

    kind: str
    title: str
    series: tuple[Series, ...]
    low: str = ""
    high: str = ""
    first: str = ""
    last: str = ""
    left_out: int = 0

    @property
    def points(self) -> tuple[Point, ...]:
        return self.series[0].points

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def chart_of(*, intent: str, columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> Chart | None:
    """What these rows look like; None when a picture would say no more than the table (one row, no figure, a list)."""
    at = _figure_column(intent, columns)
    if at is None or len(rows) < 2 or intent == "list":
        return None
    names = [
        number
        for number, column in enumerate(columns)
        if number != at and not column.is_figure and not column.is_drawn and column.part != "detail"
    ]
    times = [number for number in names if _is_time(columns[number], rows, number)]
    if times and (intent == "trend" or len(names) == len(times)):
        return _lines(columns, rows, at=at, time=times[0], names=[number for number in names if number not in times])
    told = ("text", "id", "flag") if any(column.is_measure for column in columns) else ("text", "id")
    names = [number for number in names if columns[number].kind in told] or names
    if not names:
        return None
    return _bars(columns, rows, at=at, names=names, is_share=intent == "share")


def from_json(told: dict[str, Any]) -> Chart:
    """What `as_json` wrote."""
    series = tuple(
        Series(one["name"], tuple(Point(**point) for point in one["points"])) for one in told.get("series", ())
    )
    return Chart(**{**told, "series": series})


def _figure_column(intent: str, columns: Sequence[Column]) -> int | None:
    found = [number for number, column in enumerate(columns) if column.is_figure]
    asked = [number for number in found if columns[number].is_drawn]
    shares = [number for number in asked if columns[number].part == "share"]
    if asked:
        return shares[0] if shares else asked[0]
    money = [number for number in found if columns[number].kind == "paise"]
    off = [number for number in found if columns[number].kind == "bp"]
    if intent == "deals" and off:
        return off[0]
    if intent in ("cheapest", "compare") and money:
        return money[0]
    return found[0] if found else None


def _is_time(column: Column, rows: Sequence[Sequence[Any]], at: int) -> bool:
    return column.kind in ("time", "date") and all(row[at] is not None for row in rows)


def _bars(
    columns: Sequence[Column], rows: Sequence[Sequence[Any]], *, at: int, names: list[int], is_share: bool
) -> Chart | None:
    kind = columns[at].kind
    known = [(row, value) for row in rows if (value := figure(row[at])) is not None]
    if len(known) < 2:
        return None
    shown = known[:MOST_BARS]
    whole = max(abs(value) for _row, value in shown)
    if is_share:
        whole = 10_000 if kind == "bp" else sum(value for _row, value in known)
    points = []
    for row, value in shown:
        wide = max(0.0, 100 * value / whole) if whole else 0.0
        label = " · ".join(_named(row[number], columns[number]) for number in names[:3] if row[number])
        text = cells.show(row[at], kind)
        if is_share and kind != "bp":
            text = f"{text} ({wide:.0f} %)"
        points.append(Point(label=label or NOTHING, value=value, text=text, wide=round(wide, 1)))
    title = columns[at].label
    return Chart(
        "share" if is_share else "bars", title, (Series(title, tuple(points)),), left_out=len(known) - len(shown)
    )


def _named(value: Any, column: Column) -> str:
    words = cells.show(value, column.kind)
    return _("without %(what)s") % {"what": words} if column.part == "without" else words


def _lines(
    columns: Sequence[Column], rows: Sequence[Sequence[Any]], *, at: int, time: int, names: list[int]
) -> Chart | None:
    kind = columns[at].kind
    moments = sorted({str(row[time]) for row in rows})
    if len(moments) < 2:
        return None
    groups: dict[str, list[tuple[str, Any, float]]] = {}
    for row in rows[: MOST_POINTS * MOST_LINES]:
        if (value := figure(row[at])) is not None:
            name = " · ".join(cells.show(row[number], columns[number].kind) for number in names[:2])
            groups.setdefault(name, []).append((str(row[time]), row[time], value))
    kept = dict(sorted(groups.items(), key=lambda group: -len(group[1]))[:MOST_LINES])
    values = [value for group in kept.values() for _key, _at, value in group]
    if len(values) < 2:
        return None
    low, high = min(values), max(values)
    low = 0.0 if low >= 0 and low < high / 2 else low  # a line near the ground stands on it; another one is spread
    room = (high - low) or 1.0
    step = 100 / (len(moments) - 1)
    place = {moment: number * step for number, moment in enumerate(moments)}
    series = tuple(
        Series(
            name or columns[at].label,
            tuple(
                Point(
                    label=cells.show(moment, columns[time].kind), value=value, text=cells.show(value, kind), wide=0.0,
                    x=round(place[key], 2), y=round(100 - 100 * (value - low) / room, 2),
                )
                for key, moment, value in sorted(group, key=lambda one: one[0])
            ),
        )
        for name, group in kept.items()
    )  # fmt: skip
    ends = [next(row[time] for row in rows if str(row[time]) == moment) for moment in (moments[0], moments[-1])]
    return Chart(
        "line", columns[at].label, series, low=cells.show(_of_kind(low, kind), kind),
        high=cells.show(_of_kind(high, kind), kind), first=cells.show(ends[0], columns[time].kind),
        last=cells.show(ends[1], columns[time].kind), left_out=len(groups) - len(kept),
    )  # fmt: skip


def _of_kind(value: float, kind: str) -> float:
    return round(value) if kind in ("paise", "bp") else value


# -- for an e-mail ----------------------------------------------------------------------------------------------------


def png(chart: Chart, *, title: str, wide: int = 640) -> bytes:
    """The same picture for a reader that draws nothing itself: PNG, light, about 20 kB."""
    rows = len(chart.points) if chart.kind != "line" else 0
    high = 72 + (rows * 44 if rows else 260 + 24 * len(chart.series))
    image = Image.new("RGB", (wide, high), PALE)
    draw = ImageDraw.Draw(image)
    write = partial(_write, draw)
    write(20, 16, title, 20, most=wide - 40, weight="Bold")
    if chart.kind != "line":
        for number, point in enumerate(chart.points):
            y = 60 + number * 44
            write(20, y, point.label, most=wide - 190)
            write(wide - 20, y, point.text, end=True)
            draw.rounded_rectangle((20, y + 23, wide - 20, y + 33), 4, fill=LINE)
            if point.wide >= 1:
                draw.rounded_rectangle((20, y + 23, 20 + (wide - 40) * point.wide / 100, y + 33), 4, fill=COLOURS[0])
    else:
        left, top, right, bottom = 20, 84, wide - 20, 280
        write(left, top - 24, chart.high, 13, SOFT)
        write(left, bottom - 20, chart.low, 13, SOFT)
        write(left, bottom + 4, chart.first, 13, SOFT)
        write(right, bottom + 4, chart.last, 13, SOFT, end=True)
        draw.line((left, bottom, right, bottom), fill=LINE, width=2)
        draw.line((left, top, right, top), fill=LINE, width=1)
        for number, line in enumerate(chart.series):
            colour = COLOURS[number % len(COLOURS)]
            spots = [(left + (right - left) * p.x / 100, top + (bottom - top) * p.y / 100) for p in line.points]
            draw.line(spots, fill=colour, width=3, joint="curve")
            for across, down in spots if len(spots) <= 40 else ():
                draw.ellipse((across - 3, down - 3, across + 3, down + 3), fill=colour)
            draw.rectangle((left, 314 + 24 * number, left + 12, 326 + 24 * number), fill=colour)
            write(left + 20, 310 + 24 * number, f"{line.name}: {line.points[-1].text}", 14, most=wide - 70)
    out = io.BytesIO()
    image.quantize(32).save(out, "PNG", optimize=True)
    return out.getvalue()


def _write(
    draw: ImageDraw.ImageDraw,
    x: float,
    y: float,
    text: str,
    size: int = 15,
    colour: str = INK,
    *,
    most: float = 0,
    end: bool = False,
    weight: str = "Regular",
) -> None:
    """One line, each script in its own font; cut short where it is wider than `most`; `end`: x is its right edge."""

    def parts(text: str) -> list[tuple[str, ImageFont.FreeTypeFont]]:
        found = SCRIPTS.findall(text)
        return [
            (
                part,
                _font(
                    "NotoSansDevanagari" if part[0] >= "\u0900" and part[0] <= "\u097f" else "NotoSans", weight, size
                ),
            )
            for part in found
        ]

    def width(text: str) -> float:
        return sum(font.getlength(part) for part, font in parts(text))

    text = text[: int(most / size * 4)] if most else text  # no letter is narrower than that
    while most and len(text) > 2 and width(text) > most:
        text = text[:-2].rstrip() + "…"
    x = x - width(text) if end else x
    for part, font in parts(text):
        draw.text((x, y + size), part, fill=colour, font=font, anchor="ls")
        x += font.getlength(part)


@cache
def _font(family: str, weight: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(FONTS / f"{family}-{weight}.ttf"), size)
