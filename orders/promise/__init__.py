"""When an order will be there: plain Python, no Django. Seconds per leg in, a range out."""

from orders.promise.ahead import STAGES, Ahead, Underway, ahead, remaining_s
from orders.promise.legs import LEAST_RANGE_M, RIDE_TIMES, VERSION, Leg, PromiseInputs, Quote, quote, range_of
from orders.promise.reasons import Cause, WhyLong, why_long
from orders.promise.room import Room

__all__ = [
    "LEAST_RANGE_M",
    "RIDE_TIMES",
    "STAGES",
    "VERSION",
    "Ahead",
    "Cause",
    "Leg",
    "PromiseInputs",
    "Quote",
    "Room",
    "Underway",
    "WhyLong",
    "ahead",
    "quote",
    "range_of",
    "remaining_s",
    "why_long",
]
