"""A sentence that remembers how it was made: plain Python, no Django.

`say("Add {amount} more.", amount=rupees(1700))` is the English text "Add ₹17 more." and, beside it, the words with
places and what goes into them. Whoever shows it to a person (`blinkit.kernel.words.said`) can say the same in their
language; programs, logs and tests see the English text, which is stable. Plain packages may use it: it is a `str`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class Said(str):
    """English text made from `template` ("Add {amount} more.") and `figures` ({"amount": "₹17"})."""

    template: str
    figures: dict[str, Any]

    def __new__(cls, text: str, template: str = "", figures: dict[str, Any] | None = None) -> Said:
        made = super().__new__(cls, text)
        made.template = template or text
        made.figures = figures or {}
        return made

    def __getnewargs__(self) -> tuple[str, str, dict[str, Any]]:  # type: ignore[override]  # kept through pickling
        return str.__str__(self), self.template, self.figures


def say(template: str, **figures: Any) -> Said:
    """The English sentence with its figures filled in. A figure may itself be Said. Raises KeyError for one that is
    missing."""
    return Said(template.format(**figures), template, figures)


def together(parts: Iterable[str], between: str = " ") -> Said:
    """Several sentences one after the other; each keeps its own words."""
    found = [part for part in parts if part]
    places = between.join(f"{{p{number}}}" for number in range(len(found)))
    return Said(between.join(found), places, {f"p{number}": part for number, part in enumerate(found)})
