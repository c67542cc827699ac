"""Rupees as whole paise. Every amount is an int; a float never appears."""

from collections.abc import Sequence

BASIS_POINTS = 10_000


def rupees(paise: int) -> str:
    """An amount for people, grouped the Indian way: ₹1,23,456.50, ₹58 when whole, −₹5."""
    sign = "−" if paise < 0 else ""
    whole, rest = divmod(abs(paise), 100)
    digits = str(whole)
    head, tail = digits[:-3], digits[-3:]
    groups = [tail]
    while head:
        groups.insert(0, head[-2:])
        head = head[:-2]
    return f"{sign}₹{','.join(groups)}" + (f".{rest:02d}" if rest else "")


def tax_inside(gross_paise: int, rate_bp: int) -> int:
    """The tax contained in a tax-inclusive amount, rounded half away from zero to a whole paisa.

    `rate_bp` is the rate on the net amount in basis points (5 % = 500). Raises ValueError for a negative rate.
    """
    if rate_bp < 0:
        raise ValueError("A tax rate cannot be negative.")
    divisor = BASIS_POINTS + rate_bp
    tax = (abs(gross_paise) * rate_bp * 2 + divisor) // (divisor * 2)
    return tax if gross_paise >= 0 else -tax


def share_out(total_paise: int, weights: Sequence[int]) -> list[int]:
    """Split an amount in proportion to the weights so that the parts sum exactly to it (largest remainder).

    Ties go to the earlier part. When all weights are zero the parts are as equal as possible. Raises ValueError for
    a negative weight, or for a non-zero amount with nobody to take it.
    """
    if not weights:
        if total_paise:
            raise ValueError("Nothing to share the amount over.")
        return []
    if min(weights) < 0:
        raise ValueError("Weights cannot be negative.")
    if len(weights) == 1:
        return [total_paise]
    whole = sum(weights)
    shares: Sequence[int] = weights
    if not whole:
        shares, whole = [1] * len(weights), len(weights)
    amount = abs(total_paise)
    parts = [amount * share // whole for share in shares]
    if missing := amount - sum(parts):
        by_remainder = sorted(range(len(shares)), key=lambda i: (-(amount * shares[i] % whole), i))
        for i in by_remainder[:missing]:
            parts[i] += 1
    return parts if total_paise >= 0 else [-part for part in parts]
