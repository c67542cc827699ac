"""What goes with what, learned from baskets or guessed; what may stand in for something. Plain Python."""

from catalog.affinity.judging import Scoreboard, Trial, evaluate
from catalog.affinity.kitchen import companions
from catalog.affinity.pairs import MOST_PER_BASKET, STANDARD, Baskets, Pairs, Rules, learn
from catalog.affinity.similar import Trait, likeness, most_similar

__all__ = [
    "MOST_PER_BASKET",
    "STANDARD",
    "Baskets",
    "Pairs",
    "Rules",
    "Scoreboard",
    "Trait",
    "Trial",
    "companions",
    "evaluate",
    "learn",
    "likeness",
    "most_similar",
]
