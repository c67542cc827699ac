"""Phone numbers, kept in one form: +91 and ten digits."""

from __future__ import annotations

import re

from accounts.errors import BadPhone

_SPACING = re.compile(r"[\s().\-]+")
_INDIAN_MOBILE = re.compile(r"(?:\+91|0091|91|0)?([6-9][0-9]{9})")


def normalise(text: str) -> str:
    """ "098765 43210" → "+919876543210". Raises BadPhone for anything that is no Indian mobile number."""
    found = _INDIAN_MOBILE.fullmatch(_SPACING.sub("", text.strip()))
    if found is None:
        raise BadPhone()
    return f"+91{found[1]}"


def masked(phone: str) -> str:
    """ "+919876543210" → "+91 •••••• 3210": enough to recognise one's own number, too little to call it."""
    return f"{phone[:3]}\u00a0••••••\u00a0{phone[-4:]}"
