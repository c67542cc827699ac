"""The periods of a question: one, two beside each other, or cut into hours, days, weeks."""

from __future__ import annotations

from datetime import datetime, timedelta

from dashboard.ask.dates import ZONE, Span
from dashboard.ask.house.measures import Measures
from dashboard.ask.house.words import GRAINS, speaks_of_expiry
from dashboard.ask.query import Filter, Op, Window

_EXPECTED = frozenset({"due", "expected", "arriving", "arrive"})


def _beside(path: str, one: Span, other: Span) -> tuple[Window, Window]:
    """The later period and, beside it, the earlier."""
    late, early = (one, other) if one.start >= other.start else (other, one)
    return Window(path, late.start, late.end, late.said), Window(path, early.start, early.end, early.said)


def _one_of_two(one: Span, other: Span) -> Span | None:
    """A day and some hours said apart, "in the evening yesterday": those hours of that day."""
    hours, day = (one, other) if one.end - one.start < other.end - other.start else (other, one)
    if day.end - day.start != timedelta(days=1) or hours.end - hours.start >= timedelta(days=1):
        return None
    shift = day.start.astimezone(ZONE).date() - hours.start.astimezone(ZONE).date()
    return Span(hours.start + shift, hours.end + shift, f"{day.said} {hours.said}", one.first, other.last)


def _since(past: Span, now: datetime) -> Span:
    """The period that follows a past one: today after yesterday, this week after last week."""
    length = past.end - past.start
    if length <= timedelta(days=1):
        shift = (now.astimezone(ZONE).date() - past.start.astimezone(ZONE).date()).days
        return Span(
            past.start + timedelta(days=shift), past.end + timedelta(days=shift), "today", past.first, past.last
        )
    return Span(past.end, past.end + length, "since then", past.first, past.last)


class Periods(Measures):
    """Windows and grains."""

    def _windows(self) -> None:
        sheet, draft, entity = self.sheet, self.draft, self.entity
        if entity.name == "stock" and any(one.field == "stock.runs_out" for one in draft.filters):
            self._take_tonight()
        if not sheet.spans or not entity.time:
            return
        if entity.name == "batch" and not any(token.text.startswith("receiv") for token in sheet.tokens):
            self._expiring()
            self.vain = self.vain or not speaks_of_expiry(sheet)
            return
        path = self._time_meant()
        first, *rest = sheet.spans
        for span in sheet.spans[:2]:
            sheet.use(span.first, span.last)
        if rest and not sheet.has("compare") and not self._sets_beside():  # said apart, two spans must be one period
            joined = _one_of_two(first, rest[0]) or self._part_of_day()
            self.vain = self.vain or joined is None
            if joined is not None:
                draft.window = Window(path, joined.start, joined.end, joined.said)
                return
        if rest:
            draft.window, draft.against = _beside(path, first, rest[0])
            sheet.take("compare")
        elif sheet.has("compare") and first.end <= self.now and not draft.filters and not self._compares_names():
            draft.window, draft.against = _beside(path, _since(first, self.now), first)
            sheet.take("compare")
        else:
            draft.window = Window(path, first.start, first.end, first.said)

    def _take_tonight(self) -> None:
        """ "Runs out by tonight": what runs out will not last a day anyway."""
        for span in self.sheet.spans:
            if span.start <= self.now + timedelta(days=1) and span.end > self.now:
                self.sheet.use(span.first, span.last)

    def _time_meant(self) -> str:
        """The time a period bounds: when a purchase is expected, when an order was delivered, else the entity's own."""
        sheet, path = self.sheet, self._path(self.entity.time)
        if self.entity.name == "purchase" and any(token.text in _EXPECTED for token in sheet.tokens):
            sheet.pass_over("expected", "arriving", "arrive")
            path = "purchase.expected_on"
        done = any(one.field == self._path("delivered") and one.values == (True,) for one in self.draft.filters)
        return self._path("delivered_at") if done and self.entity.dimension("delivered_at") is not None else path

    def _part_of_day(self) -> Span | None:
        """ "in the evening this week": the evenings of the week, where the entity knows parts of a day."""
        hours, days = sorted(self.sheet.spans[:2], key=lambda span: span.end - span.start)
        part = hours.said.split()[-1]
        dimension = self.entity.dimension("day_part")
        if dimension is None or part not in dimension.values or days.end - days.start <= timedelta(days=1):
            return None
        self.draft.filters.append(Filter(self._path("day_part"), Op.EQ, (part,), hours.said))
        return days

    def _sets_beside(self) -> bool:
        return any(token.text in ("and", "or", "than", "to", "with", "aur", "from") for token in self.sheet.tokens)

    def _expiring(self) -> None:
        """Batches are asked for by the day they expire on; a week or month that lasts is taken to its end."""
        span = self.sheet.spans[0]
        self.sheet.use(span.first, span.last)
        end, said = span.end, span.said.split()
        if "week" in said and span.start <= self.now < end:
            end = span.start + timedelta(days=7)
        elif "month" in said and span.start <= self.now < end:
            end = (span.start + timedelta(days=32)).replace(day=1)
        self.draft.filters = [one for one in self.draft.filters if one.field != "batch.near_expiry"]
        self.draft.window = Window("batch.expires_on", span.start, end, span.said)

    def _compares_names(self) -> bool:
        return any(one.op == Op.IN for one in self.draft.filters)

    def _grain(self) -> str:
        sheet, entity = self.sheet, self.entity
        if not entity.time:
            return ""
        for concept, grain in GRAINS:
            if sheet.take(concept):
                self.draft.dimensions = [one for one in self.draft.dimensions if not one.endswith((".hour", ".day"))]
                window = self.draft.window
                if grain == "hour" and (window is None or window.end - window.start > timedelta(days=2)):
                    return "hour_of_day"
                return grain
        if sheet.take("trend"):
            window = self.draft.window
            return "hour" if window is not None and window.end - window.start <= timedelta(days=1) else "day"
        return ""
