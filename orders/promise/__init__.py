"""When an order will be there: plain Python, no Django. Seconds per leg in, a range out."""

from orders.promise.legs import VERSION, Leg, PromiseInputs, Quote, quote

__all__ = ["VERSION", "Leg", "PromiseInputs", "Quote", "quote"]
