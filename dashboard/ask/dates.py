"""Words for time made into [start, end): today, yesterday evening, last 7 days, this month, between 6 and 9 pm.

Days are those of the shop's clock (`ZONE`). A week begins on Monday. What has not ended
yet ends with today, so that the same question is the same query all day. Hindi "kal" is
yesterday or tomorrow: of what is asked here only yesterday is known, so it is read as yesterday unless "aane wala" (to
come) stands before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dashboard.ask.tokens import Token

ZONE = ZoneInfo("Asia/Kolkata")
PARTS = {"morning": (6, 12), "afternoon": (12, 17), "evening": (17, 22), "night": (20, 24), "noon": (11, 14),
         "lunch": (12, 15), "subah": (6, 12), "dopahar": (12, 17), "shaam": (17, 22), "sham": (17, 22),
         "raat": (20, 24), "सुबह": (6, 12), "दोपहर": (12, 17), "शाम": (17, 22), "रात": (20, 24)}  # fmt: skip
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAYS_HI = {"somvar": 0, "mangalvar": 1, "budhvar": 2, "guruvar": 3, "shukravar": 4, "shanivar": 5, "ravivar": 6,
            "सोमवार": 0, "मंगलवार": 1, "बुधवार": 2, "गुरुवार": 3, "शुक्रवार": 4, "शनिवार": 5, "रविवार": 6}  # fmt: skip
WEEKDAYS = {name: at for at, name in enumerate(_DAYS)} | _DAYS_HI
WEEKDAYS |= {name[:3]: at for at, name in enumerate(_DAYS) if name[:3] not in ("sat", "sun", "mon", "wed")}
_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
MONTHS = {name: at for at, name in enumerate(_MONTHS, start=1)} | {
    name[:3]: at for at, name in enumerate(_MONTHS, start=1) if name != "may"
}
_TODAY = frozenset({"today", "todays", "aaj", "आज"})
_YESTERDAY = frozenset({"yesterday", "yesterdays", "kal", "कल"})
_LAST = frozenset({"last", "previous", "past", "pichle", "pichhle", "पिछले", "pichla"})
_THIS = frozenset({"this", "current", "is", "इस"})
_UNITS = {"hour": "hour", "hours": "hour", "hr": "hour", "hrs": "hour", "ghante": "hour", "घंटे": "hour",
          "day": "day", "days": "day", "din": "day", "दिन": "day", "week": "week", "weeks": "week",
          "hafte": "week", "hafta": "week", "हफ्ते": "week", "month": "month", "months": "month", "mahine": "month",
          "mahina": "month", "महीने": "month", "minute": "minute", "minutes": "minute", "year": "year",
          "quarter": "quarter", "weekend": "weekend", "night": "night", "evening": "evening"}  # fmt: skip
_NUMBERS = {
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "ten": 10,
    "thirty": 30,
    "do": 2,
    "saat": 7,
}
_ONE_DAY = timedelta(days=1)
_LASTS = {"day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}
"""Days of so many weeks, months, quarters or years back from today."""
_COMING = frozenset({"tomorrow", "tomorrows", "parson", "upcoming"})


@dataclass(frozen=True, slots=True)
class Span:
    """[start, end) and the tokens it was said with: [first, last)."""

    start: datetime
    end: datetime
    said: str
    first: int
    last: int
    future: bool = False


def spans(tokens: list[Token], now: datetime) -> list[Span]:
    """In the order said. A day and the hours of it are one span."""
    here = now.astimezone(ZONE)
    found: list[Span] = []
    at = 0
    while at < len(tokens):
        one = _day(tokens, at, here)
        if one is None:
            one = _part_alone(tokens, at, here)
        if one is None:
            at += 1
            continue
        narrowed = _narrowed(tokens, one)
        found.append(narrowed)
        at = narrowed.last
    return _with_clock(tokens, found, here)


def _word(tokens: list[Token], at: int) -> str:
    return tokens[at].text if 0 <= at < len(tokens) and tokens[at].kind == "word" else ""


_COURSE = frozenset({"price", "prices", "rate", "rates", "trend", "trends", "history", "graph", "chart", "movement"})


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ZONE)


def _made(first: int, last: int, tokens: list[Token], start: datetime, end: datetime, **more: bool) -> Span:
    return Span(start, end, " ".join(token.text for token in tokens[first:last]), first, last, **more)


def _day(tokens: list[Token], at: int, here: datetime) -> Span | None:
    """The period this word begins. Each rule knows words of its own."""
    return next((span for rule in _RULES if (span := rule(tokens, at, here)) is not None), None)


def _today(tokens: list[Token], at: int, here: datetime) -> Span | None:
    """today · aaj · this evening (its hours are found later) · tonight"""
    word, today = _word(tokens, at), midnight(here.date())
    if word in _TODAY or (word == "this" and _word(tokens, at + 1) in PARTS):
        return _made(at, at + 1, tokens, today, today + _ONE_DAY)
    if word == "tonight":
        return _made(at, at + 1, tokens, today + timedelta(hours=18), today + _ONE_DAY)
    return None


def _yesterday(tokens: list[Token], at: int, here: datetime) -> Span | None:
    """yesterday · kal · kal se (since yesterday) · aane wala kal (tomorrow)"""
    word, today = _word(tokens, at), midnight(here.date())
    if word not in _YESTERDAY:
        return None
    if word in ("kal", "कल") and _word(tokens, at - 1) in ("aane", "wale", "wala", "आने", "वाले"):
        return _made(at, at + 1, tokens, today + _ONE_DAY, today + 2 * _ONE_DAY, future=True)
    if word in ("kal", "कल") and _word(tokens, at + 1) in ("se", "से"):
        return _made(at, at + 2, tokens, today - _ONE_DAY, today + _ONE_DAY)
    return _made(at, at + 1, tokens, today - _ONE_DAY, today)


def _day_before(tokens: list[Token], at: int, here: datetime) -> Span | None:
    """day before yesterday · yesterday vs day before · the day before"""
    if _word(tokens, at) != "day" or _word(tokens, at + 1) != "before":
        return None
    today = midnight(here.date())
    first, last = at, at + 2
    if _word(tokens, at + 2) in _YESTERDAY:
        last = at + 3
    elif _word(tokens, at - 1) == "the":
        first = at - 1
    elif _word(tokens, at - 1) not in ("vs", "versus", "than", "and", "with", "to"):
        return None
    return _made(first, last, tokens, today - 2 * _ONE_DAY, today - _ONE_DAY)


def _days_back(tokens: list[Token], at: int, here: datetime) -> Span | None:
    """7 din me: the last seven"""
    if _word(tokens, at) not in ("din", "days", "day", "दिन") or not at or tokens[at - 1].kind != "number":
        return None
    if _word(tokens, at + 1) not in ("me", "mein", "में", "se"):
        return None
    back, today = int(min(tokens[at - 1].value, 366)), midnight(here.date())
    return _made(at - 1, at + 2, tokens, today - (back - 1) * _ONE_DAY, today + _ONE_DAY)


def _coming(tokens: list[Token], at: int, here: datetime) -> Span | None:
    """tomorrow · next week · next friday: taken for tomorrow, nothing of the future is known"""
    word, today = _word(tokens, at), midnight(here.date())
    if word in _COMING or (word == "next" and _word(tokens, at + 1) in (*_UNITS, *WEEKDAYS)):
        return _made(at, at + 1 + (word == "next"), tokens, today + _ONE_DAY, today + 2 * _ONE_DAY, future=True)
    return None


def _since(tokens: list[Token], at: int, here: datetime) -> Span | None:
    """since morning · since yesterday · since monday · since last week"""
    if _word(tokens, at) != "since":
        return None
    after, today = _word(tokens, at + 1), midnight(here.date())
    if after in ("morning", "midnight", "opening"):
        return _made(at, at + 2, tokens, today, today + _ONE_DAY)
    if after in (*_YESTERDAY, *WEEKDAYS):
        back = 1 if after in _YESTERDAY else (here.weekday() - WEEKDAYS[after]) % 7 or 7
        return _made(at, at + 2, tokens, today - back * _ONE_DAY, today + _ONE_DAY)
    past = _relative(tokens, at + 1, here, past=True) if after in _LAST else None
    return _made(at, past.last, tokens, past.start, today + _ONE_DAY) if past is not None else None


def _last_or_this(tokens: list[Token], at: int, here: datetime) -> Span | None:
    """last 7 days · this month · the trend over two weeks"""
    word = _word(tokens, at)
    is_course = word in ("over", "during") and any(one.text in _COURSE for one in tokens[:at])
    if word in _LAST or word in _THIS or is_course:
        return _relative(tokens, at, here, past=word not in _THIS)
    return None


def _day_of_week(tokens: list[Token], at: int, here: datetime) -> Span | None:
    """on friday · sundays · the weekend"""
    word, today = _word(tokens, at), midnight(here.date())
    if word in ("weekend", "weekends"):
        return _weekend(tokens, at, at + 1, here, back=False)
    day = WEEKDAYS.get(word[:-1] if word.endswith("s") and word[:-1] in _DAYS else word)
    if day is None:
        return None
    start = today - (here.weekday() - day) % 7 * _ONE_DAY
    return _made(at, at + 1, tokens, start, start + _ONE_DAY)


def _relative(tokens: list[Token], at: int, here: datetime, *, past: bool) -> Span | None:
    """last 7 days · last week · this month · past 24 hours · last friday · pichle 7 din"""
    today = midnight(here.date())
    tonight = today + _ONE_DAY
    count, unit_at = _counted(tokens, at + 1)
    said, end = _word(tokens, unit_at), unit_at + 1
    if past and count is None and said in WEEKDAYS:
        start = today - ((here.weekday() - WEEKDAYS[said]) % 7 or 7) * _ONE_DAY
        return _made(at, end, tokens, start, start + _ONE_DAY)
    unit, many = _UNITS.get(said), 1 if count is None else count
    if unit is None or not 0 < many <= 1000:
        return None
    if unit == "weekend":
        return _weekend(tokens, at, end, here, back=past)
    if unit in ("night", "evening"):
        start = today - _ONE_DAY if past else today
        low, high = PARTS[unit]
        return _made(at, end, tokens, start + timedelta(hours=low), start + timedelta(hours=high))
    if unit in ("hour", "minute"):
        length = timedelta(hours=many) if unit == "hour" else timedelta(minutes=many)
        until = here.replace(second=0, microsecond=0) + timedelta(minutes=1)
        return _made(at, end, tokens, until - length, until)
    days = _LASTS[unit] * many
    if unit == "day" or (past and (count is not None or _ends_today(tokens, at, unit))):
        return _made(at, end, tokens, today - (days - 1) * _ONE_DAY, tonight)
    began, before = _began(unit, today)
    return _made(at, end, tokens, before, began) if past else _made(at, end, tokens, began, tonight)


def _counted(tokens: list[Token], at: int) -> tuple[int | None, int]:
    """How many units are said, None for "last week"; and where the unit stands."""
    if at < len(tokens) and tokens[at].kind == "number":
        return int(tokens[at].value), at + 1
    if _word(tokens, at) in _NUMBERS and _word(tokens, at + 1) in _UNITS:
        return _NUMBERS[_word(tokens, at)], at + 1
    return None, at


def _ends_today(tokens: list[Token], at: int, unit: str) -> bool:
    """ "Over the last month", "the past week": so many days back from today; "last month" is the calendar's."""
    if unit not in ("week", "month", "year"):
        return False
    near = [_word(tokens, back) for back in (at - 1, at - 2)]
    return _word(tokens, at) == "past" or near[near[0] == "the"] in ("over", "during", "within", "in")


def _began(unit: str, today: datetime) -> tuple[datetime, datetime]:
    """When this week, month, quarter or year began, and the one before it."""
    if unit == "week":
        monday = today - today.weekday() * _ONE_DAY
        return monday, monday - 7 * _ONE_DAY
    first = today.replace(day=1)
    if unit == "month":
        return first, (first - _ONE_DAY).replace(day=1)
    if unit == "quarter":
        first = first.replace(month=(first.month - 1) // 3 * 3 + 1)
        return first, (first - 80 * _ONE_DAY).replace(day=1)
    first = first.replace(month=1)
    return first, first.replace(year=first.year - 1)


def _weekend(tokens: list[Token], first: int, last: int, here: datetime, *, back: bool) -> Span:
    """Saturday and Sunday: of this week, or the last that has ended."""
    saturday = midnight(here.date()) + timedelta(days=5 - here.weekday())
    if back:
        saturday -= timedelta(days=7)
    return _made(first, last, tokens, saturday, saturday + timedelta(days=2))


def _of_calendar(tokens: list[Token], at: int, here: datetime) -> Span | None:
    """20 november · november 20 · in november · 2026-11-20"""
    token = tokens[at]
    number = int(token.value) if token.kind == "number" and token.value == int(token.value) else 0
    if 2000 < number < 2100 and [t.kind for t in tokens[at + 1 : at + 3]] == ["number", "number"]:
        return _date(tokens, at, at + 3, number, int(tokens[at + 1].value), int(tokens[at + 2].value))
    follows = tokens[at + 1] if at + 1 < len(tokens) else None
    skip = 1 if 1 <= number <= 31 and follows is not None and follows.text in ("st", "nd", "rd", "th") else 0
    month = MONTHS.get(_word(tokens, at + 1 + skip)) if 1 <= number <= 31 else None
    if month:
        return _date(tokens, at, at + 2 + skip, _year(here, month, number), month, number)
    month = MONTHS.get(token.text) if token.kind == "word" else None
    if month is None or (token.text in ("may", "march") and _word(tokens, at - 1) not in ("in", "of", "for", "since")):
        return None
    if follows is not None and follows.kind == "number" and 1 <= follows.value <= 31:
        day = int(follows.value)
        return _date(tokens, at, at + 2, _year(here, month, day), month, day)
    start = datetime(_year(here, month, 1), month, 1, tzinfo=ZONE)
    end = (start + timedelta(days=32)).replace(day=1)
    return _made(at, at + 1, tokens, start, min(end, midnight(here.date()) + timedelta(days=1)))


_RULES = (
    _today, _yesterday, _day_before, _days_back, _coming, _since, _last_or_this, _day_of_week, _of_calendar,
)  # fmt: skip


def _year(here: datetime, month: int, day: int) -> int:
    return here.year - ((month, day) > (here.month, here.day))


def _date(tokens: list[Token], first: int, last: int, year: int, month: int, day: int) -> Span | None:
    try:
        start = midnight(date(year, month, day))
    except ValueError:
        return None
    return _made(first, last, tokens, start, start + timedelta(days=1))


def _part_alone(tokens: list[Token], at: int, here: datetime) -> Span | None:
    """ "in the evening" without a day is today's."""
    word = _word(tokens, at)
    if word not in PARTS or word in ("lunch", "noon") or _word(tokens, at - 1) not in ("the", "in", "this", "aaj"):
        return None
    today = midnight(here.date())
    low, high = PARTS[word]
    return _made(at, at + 1, tokens, today + timedelta(hours=low), today + timedelta(hours=high))


def _narrowed(tokens: list[Token], span: Span) -> Span:
    """yesterday evening · yesterday in the morning · aaj subah · friday night"""
    at = span.last
    while _word(tokens, at) in ("in", "the", "at", "ki", "ko", "की", "को", "during"):
        at += 1
    part = PARTS.get(_word(tokens, at))
    if part is None or span.end - span.start > timedelta(days=1):
        return span
    start = midnight(span.start.astimezone(ZONE).date())
    return _made(span.first, at + 1, tokens, start + timedelta(hours=part[0]), start + timedelta(hours=part[1]))


def _with_clock(tokens: list[Token], found: list[Span], here: datetime) -> list[Span]:
    """between 6 and 9 pm · from 18:00 to 21:00 · after 6 pm · before 10 am, of the day said, else of today."""
    hours = _hours(tokens)
    if hours is None:
        return found
    low, high, first, last = hours
    day = found[0] if found else None
    if day is not None and day.end - day.start > timedelta(days=1):
        return found
    base = midnight((day.start if day else here).astimezone(ZONE).date())
    a, b = (first, last) if day is None else (min(first, day.first), max(last, day.last))
    said = " ".join(t.text for t in tokens[first:last])
    said = said if day is None else f"{day.said} {said}"
    span = Span(base + timedelta(minutes=low), base + timedelta(minutes=high), said, a, b)
    return [span, *found[1:]]


def _hours(tokens: list[Token]) -> tuple[float, float, int, int] | None:
    for at, token in enumerate(tokens):
        if token.kind != "clock":
            continue
        before = tokens[at - 1].text if at else ""
        if before in ("and", "to", "se", "से", "till") and at >= 2 and tokens[at - 2].kind in ("number", "clock"):
            low = tokens[at - 2]
            starts = low.value
            if low.kind == "number":  # "6 and 9 pm": the half of the day of the other
                starts = low.value * 60 + (720 if token.value >= 720 and low.value < 12 else 0)
                if starts > token.value:
                    starts -= 720
            begins = at - 2 - (at >= 3 and tokens[at - 3].text in ("between", "from"))
            return (starts, token.value, begins, at + 1) if starts < token.value else None
        if before in ("after", "since", "from"):
            if at + 2 < len(tokens) and tokens[at + 1].text in ("to", "and", "till", "until"):
                continue
            return token.value, 1440, at - 1, at + 1
        if before in ("before", "until", "till", "by"):
            return 0, token.value, at - 1, at + 1
        if before == "at":
            return token.value, token.value + 60, at - 1, at + 1
    return None
