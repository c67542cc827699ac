"""Which lines go into which bag, and whether a bag weighs what it should. Plain Python: no Django."""

from orders.bagging.goods import KINDS, Goods, Kind, goods, is_fragile, kind_of, litres_ml
from orders.bagging.packing import BAG_CARRIES_G, BAG_EMPTY_G, BAG_HOLDS_ML, PackedBag, Part, fill, suggest
from orders.bagging.weighing import Suspect, Verdict, grams_of, judge, judge_all, settled, tolerance_g

__all__ = [
    "BAG_CARRIES_G",
    "BAG_EMPTY_G",
    "BAG_HOLDS_ML",
    "KINDS",
    "Goods",
    "Kind",
    "PackedBag",
    "Part",
    "Suspect",
    "Verdict",
    "fill",
    "goods",
    "grams_of",
    "is_fragile",
    "judge",
    "judge_all",
    "kind_of",
    "litres_ml",
    "settled",
    "suggest",
    "tolerance_g",
]
