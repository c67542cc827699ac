"""What a delivery pays, and which way is paid. Plain Python: figures in, figures out."""

from delivery.paying.rates import PARTS, STANDARD, Rates, Surge, highest
from delivery.paying.ridden import Fix, ridden_metres
from delivery.paying.stops import Way, at_least, earned, pay_of, quoted, total_of, waiting_of
from delivery.paying.way import PaidWay, paid_way

__all__ = [
    "PARTS",
    "STANDARD",
    "Fix",
    "PaidWay",
    "Rates",
    "Surge",
    "Way",
    "at_least",
    "earned",
    "highest",
    "paid_way",
    "pay_of",
    "quoted",
    "ridden_metres",
    "total_of",
    "waiting_of",
]
