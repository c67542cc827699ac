"""What the rooms above ask to be said to one person."""

from __future__ import annotations

from dataclasses import dataclass

from blinkit.kernel.events import DomainEvent


@dataclass(frozen=True)
class QuestionTold(DomainEvent):
    """A watched question has news. `value` and `was` are words already. Subject "user:<id>"."""

    user_id: int
    alert_id: int
    title: str
    value: str
    was: str
    sentence: str


@dataclass(frozen=True)
class WatchStopped(DomainEvent):
    """A watched question is asked no more. Subject "user:<id>"."""

    user_id: int
    title: str
    reason: str
