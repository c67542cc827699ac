"""When an order will be there: plain Python, no Django. Seconds per leg in, a range out."""

from orders.promise.ahead import STAGES, Ahead, Underway, ahead, remaining_s
from orders.promise.legs import LEAST_RANGE_M, VERSION, Leg, PromiseInputs, Quote, quote
from orders.promise.reasons import Cause, WhyLong, why_long

__all__ = [
    "LEAST_RANGE_M",
    "STAGES",
    "VERSION",
    "Ahead",
    "Cause",
    "Leg",
    "PromiseInputs",
    "Quote",
    "Underway",
    "WhyLong",
    "ahead",
    "quote",
    "remaining_s",
    "why_long",
]
