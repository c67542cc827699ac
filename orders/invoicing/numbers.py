"""Years and numbers of documents."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

IST = ZoneInfo("Asia/Kolkata")
MOST_CHARACTERS = 16
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def financial_year(at: datetime) -> int:
    """The year a financial year begins in: April to March, by the clock of India."""
    day = at.astimezone(IST)
    return day.year if day.month >= 4 else day.year - 1


def document_number(*, letter: str, store_id: int, year: int, serial: int) -> str:
    """ "I1F-26-0000123": kind, store (base 36), year and serial, at most 16 of what rule 46(b) allows.

    Raises ValueError when it would be longer: more than 1,679,615 stores or 9,999,999 documents of a store in a year.
    """
    number = f"{letter}{_base36(store_id)}-{year % 100:02d}-{serial:07d}"
    if len(number) > MOST_CHARACTERS:
        raise ValueError(f"{number} has more than {MOST_CHARACTERS} characters.")
    return number


def credit_until(invoiced_at: datetime) -> datetime:
    """Until when a credit note may still lower the tax of an invoice: the end of 30 November after its financial year
    (CGST Act, section 34(2))."""
    return datetime.combine(date(financial_year(invoiced_at) + 1, 12, 1), time(), IST).astimezone(UTC)


def month_of(month: str) -> tuple[datetime, datetime]:
    """ "2026-11" as a half-open interval of instants in India. Raises ValueError."""
    first = datetime.strptime(month, "%Y-%m").replace(tzinfo=IST)
    after = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    return first.astimezone(UTC), after.astimezone(UTC)


def _base36(number: int) -> str:
    signs = ""
    while True:
        number, sign = divmod(number, 36)
        signs = _DIGITS[sign] + signs
        if not number:
            return signs
