"""Which store serves a place: plain Python, no Django. Candidates in, a choice and the reasons out.

A strategy is a function `(candidates, need, now) -> Choice`, chosen by name from STRATEGIES.
"""

from orders.sourcing.choose import (
    STRATEGIES,
    Candidate,
    Choice,
    Need,
    Reason,
    Verdict,
    choose,
    effective_mode,
)

__all__ = [
    "STRATEGIES",
    "Candidate",
    "Choice",
    "Need",
    "Reason",
    "Verdict",
    "choose",
    "effective_mode",
]
