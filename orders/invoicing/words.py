"""Amounts in English words, counted the Indian way: thousand, lakh, crore."""

from __future__ import annotations

_SMALL = (
    "Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve",
    "Thirteen", "Fourteen", "Fifteen", "Sixteen", "Seventeen", "Eighteen", "Nineteen",
)  # fmt: skip
_TENS = ("", "", "Twenty", "Thirty", "Forty", "Fifty", "Sixty", "Seventy", "Eighty", "Ninety")
_STEPS = ((10_000_000, "Crore"), (100_000, "Lakh"), (1_000, "Thousand"), (100, "Hundred"))


def rupees_in_words(paise: int) -> str:
    """ "Rupees One Lakh Twenty-Three Thousand and Fifty Paise Only". Raises ValueError below zero."""
    if paise < 0:
        raise ValueError("An amount in words is never negative.")
    rupees, rest = divmod(paise, 100)
    unit = "Rupee" if rupees == 1 else "Rupees"
    small = f" and {_number(rest)} {'Paisa' if rest == 1 else 'Paise'}" if rest else ""
    return f"{unit} {_number(rupees)}{small} Only"


def percent(rate_bp: int) -> str:
    """ "5 %", "0.25 %": a rate in basis points for people."""
    whole, rest = divmod(rate_bp, 100)
    return f"{whole}{f'.{rest:02d}'.rstrip('0') if rest else ''} %"


def _number(number: int) -> str:
    if number < 20:
        return _SMALL[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens] + (f"-{_SMALL[ones]}" if ones else "")
    for size, name in _STEPS:
        if number >= size:
            many, rest = divmod(number, size)
            return f"{_number(many)} {name}" + (f" {_number(rest)}" if rest else "")
    raise AssertionError(number)
