"""Which listing of another shop is which product of ours. Plain Python: names read, pairs scored, thresholds learned."""

from catalog.matching.naming import Described, describe

__all__ = ["Described", "describe"]
