"""What a delivery pays, which way is paid, and when a score may be shown. Plain Python: figures in, figures out."""

from delivery.paying.rates import PARTS, STANDARD, Rates, Surge, highest
from delivery.paying.ridden import Fix, ridden_metres
from delivery.paying.scores import MINIMUM_RATINGS, Score, score_of
from delivery.paying.stops import Way, at_least, earned, pay_of, quoted, total_of, waiting_of
from delivery.paying.way import PaidWay, paid_way

__all__ = [
    "MINIMUM_RATINGS",
    "PARTS",
    "STANDARD",
    "Fix",
    "PaidWay",
    "Rates",
    "Score",
    "Surge",
    "Way",
    "at_least",
    "earned",
    "highest",
    "paid_way",
    "pay_of",
    "quoted",
    "ridden_metres",
    "score_of",
    "total_of",
    "waiting_of",
]
