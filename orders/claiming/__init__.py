"""What becomes of a claim: rules over facts the house has kept. Plain Python: dataclasses in, dataclasses out.

Each rule has a name and says nothing or decides; the first that decides wins, and its name is kept with the claim.
"""

from orders.claiming.abuse import Score, ScorePart, score
from orders.claiming.money import still_paid
from orders.claiming.rules import (
    LINE_KINDS,
    ORDER_KINDS,
    PHOTO_NEEDED,
    Decision,
    Facts,
    History,
    Kind,
    Outcome,
    Policy,
    decide,
)

__all__ = [
    "LINE_KINDS",
    "ORDER_KINDS",
    "PHOTO_NEEDED",
    "Decision",
    "Facts",
    "History",
    "Kind",
    "Outcome",
    "Policy",
    "Score",
    "ScorePart",
    "decide",
    "score",
    "still_paid",
]
