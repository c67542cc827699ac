"""What a customer paid for units of a line, to the paisa."""

from __future__ import annotations


def still_paid(*, paid_paise: int, units: int, before: int, qty: int, refunded_paise: int = 0) -> int:
    """What `qty` of a line's `units` cost, when `before` of them were claimed already: whole paise.

    Shares are cumulative (the third of three units costs what is left after two), so that all units together are
    exactly `paid_paise`; never more than has not gone back yet. Raises ValueError for units the line does not have.
    """
    if qty < 1 or before < 0 or before + qty > units:
        raise ValueError(f"{qty} after {before} of {units} units.")
    share = paid_paise * (before + qty) // units - paid_paise * before // units
    return max(0, min(share, paid_paise - refunded_paise))
