"""Which listing of another shop is which product of ours: names read, pairs scored, weights learned. Plain Python."""

from catalog.matching.naming import Described, describe

__all__ = ["Described", "describe"]
