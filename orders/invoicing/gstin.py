"""GST numbers and the states they begin with."""

from __future__ import annotations

import re

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SHAPE = re.compile(r"[0-9]{2}[A-Z]{5}[0-9]{4}[A-Z][1-9A-Z]Z[0-9A-Z]", re.ASCII)

STATES = {
    "01": "Jammu and Kashmir", "02": "Himachal Pradesh", "03": "Punjab", "04": "Chandigarh", "05": "Uttarakhand",
    "06": "Haryana", "07": "Delhi", "08": "Rajasthan", "09": "Uttar Pradesh", "10": "Bihar", "11": "Sikkim",
    "12": "Arunachal Pradesh", "13": "Nagaland", "14": "Manipur", "15": "Mizoram", "16": "Tripura", "17": "Meghalaya",
    "18": "Assam", "19": "West Bengal", "20": "Jharkhand", "21": "Odisha", "22": "Chhattisgarh",
    "23": "Madhya Pradesh", "24": "Gujarat", "26": "Dadra and Nagar Haveli and Daman and Diu", "27": "Maharashtra",
    "29": "Karnataka", "30": "Goa", "31": "Lakshadweep", "32": "Kerala", "33": "Tamil Nadu", "34": "Puducherry",
    "35": "Andaman and Nicobar Islands", "36": "Telangana", "37": "Andhra Pradesh", "38": "Ladakh",
    "97": "Other Territory",
}  # fmt: skip
WITHOUT_LEGISLATURE = frozenset({"04", "26", "31", "35", "38", "97"})
"""Union territories whose half of the tax is UTGST, printed in the place of SGST."""


def state_name(code: str) -> str:
    return STATES.get(code, "")


def check_digit(first_14: str) -> str:
    """The fifteenth character of a GSTIN: a Luhn sum in base 36 (weights 1 and 2 from the left)."""
    total = 0
    for place, sign in enumerate(first_14):
        high, low = divmod(_DIGITS.index(sign) * (1 + place % 2), 36)
        total += high + low
    return _DIGITS[-total % 36]


def is_gstin(number: str) -> bool:
    return not why_not(number)


def why_not(number: str) -> str:
    """What is wrong with a GSTIN, or ""."""
    if not _SHAPE.fullmatch(number):
        return "A GSTIN is two digits of a state, ten characters of a PAN, a figure, Z and a check character."
    if number[:2] not in STATES:
        return f"No state has the GST code {number[:2]}."
    if check_digit(number[:14]) != number[14]:
        return "The last character does not fit the others: look for a typing mistake."
    return ""


def check_gstin(number: str) -> None:
    """Raise ValueError, with a sentence, unless it is a GSTIN."""
    if sentence := why_not(number):
        raise ValueError(sentence)
