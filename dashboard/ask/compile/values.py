"""Values of a question: each is checked for its kind, and travels beside the statement in a place of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from blinkit.kernel.said import say
from dashboard.ask.errors import CannotCompile
from dashboard.ask.query import Value

ZONE = "Asia/Kolkata"
LONGEST_VALUE = 120


@dataclass(slots=True)
class Places:
    """The parameters of one statement."""

    params: dict[str, Any] = field(default_factory=dict)

    def of(self, value: Any) -> str:
        """The place of a value in the text; the same value has one place, so that equal figures are reckoned once."""
        for name, known in self.params.items():
            if type(known) is type(value) and known == value:
                return f"%({name})s"
        name = f"p{len(self.params)}"
        self.params[name] = value
        return f"%({name})s"


def number(value: Value, label: str) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) > 1e15:
        raise CannotCompile("wrong-value", say("{field} is a number.", field=label))
    return value


def moment(value: Value, kind: str, label: str) -> Any:
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        raise CannotCompile("wrong-value", say("{field} is a day or a time.", field=label)) from None
    if not is_this_century(found):
        raise CannotCompile("wrong-value", say("{field} is a day or a time.", field=label))
    if found.tzinfo is None:
        found = found.replace(tzinfo=ZoneInfo(ZONE))
    return found.astimezone(ZoneInfo(ZONE)).date() if kind == "date" else found


def is_this_century(at: datetime) -> bool:
    return 2000 <= at.year < 2100


def words(value: Value, label: str) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_VALUE or _is_unreadable(value):
        raise CannotCompile("wrong-value", say("{field} is a word or a few.", field=label))
    return value.strip()


def _is_unreadable(value: str) -> bool:
    """No database holds it: a null byte, half of a pair of UTF-16."""
    return any(char == "\x00" or "\ud800" <= char <= "\udfff" for char in value)


def like(word: str) -> str:
    """As LIKE takes it to the letter."""
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
