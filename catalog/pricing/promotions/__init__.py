"""Which promotions a basket gets: the best legal combination, and why each other one did not apply. Plain Python.

Stages, in this order: item promotions (a line is in at most one), one on the whole basket, one for the way of paying,
one that waives the delivery fee, one that gives a credit later. `Stacking` says as data which stages may not meet.
"""

from catalog.pricing.promotions.engine import Applied, Decision, NotApplied, decide
from catalog.pricing.promotions.rules import TOGETHER, Basket, Group, Item, Kind, Left, Rule, Shopper, Stacking, Why

__all__ = [
    "TOGETHER",
    "Applied",
    "Basket",
    "Decision",
    "Group",
    "Item",
    "Kind",
    "Left",
    "NotApplied",
    "Rule",
    "Shopper",
    "Stacking",
    "Why",
    "decide",
]
