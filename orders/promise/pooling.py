"""What few orders say leans on what is known without them. Plain Python."""

from __future__ import annotations

LEAN = 20
"""A figure counts as much as what it leans on when it rests on so many orders."""


def leaning(own: float, on: float, *, samples: int) -> float:
    """`own`, measured on so many orders, leaning on `on`: credibility n / (n + k), Bühlmann 1967."""
    return (samples * own + LEAN * on) / (samples + LEAN)
