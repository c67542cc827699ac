"""Where a rider really is, from what a phone says. Plain Python: no Django, no clock, no database.

`cleaning` throws out what cannot be and steadies the rest, `progress` says how far along the way that is, `privacy` who
may see how much of it. Every state is a few numbers that survive a JSON round trip. Degrees in, milliseconds since 1970
for instants, metres.
"""

from __future__ import annotations

from delivery.tracing.cleaning import CITY, DEMO, Cleaner, Limits, Mark
from delivery.tracing.privacy import Door, Seen, line_shown_to, shown_to
from delivery.tracing.progress import Leg, Progress, advance

__all__ = [
    "CITY",
    "DEMO",
    "Cleaner",
    "Door",
    "Leg",
    "Limits",
    "Mark",
    "Progress",
    "Seen",
    "advance",
    "line_shown_to",
    "shown_to",
]
