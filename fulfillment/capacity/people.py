"""When somebody will be on the floor, from what was planned and what is seen. Nothing here jumps as time passes."""

from __future__ import annotations

STAYS_S = 300
"""Who is on the floor at the planned end of their shift finishes what they have: so long at least."""


def expected_in_s(planned_in_s: float) -> float:
    """Seconds until a person who is not here is here; `planned_in_s` is negative when they are late.

    Somebody late is expected to be as late again as they are already (the Lindy rule): at the planned minute nothing
    changes at once, and who never comes fades out of the plan by themselves.
    """
    return abs(planned_in_s)


def stays_s(planned_for_s: float) -> float:
    """Seconds somebody who is here still stays; `planned_for_s` is negative past the planned end."""
    return max(float(STAYS_S), planned_for_s)
