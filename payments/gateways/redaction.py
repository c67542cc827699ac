"""What of a gateway's message is kept: no card but its last four digits and network, no secret, no personal data."""

from __future__ import annotations

import re
from typing import Any

HIDDEN = "[hidden]"
_OF_A_CARD = frozenset({"last4", "network", "brand", "funding", "type"})
_DROPPED = re.compile(
    r"^(card_?number|number|cvv|cvc|cvc_check|exp(iry)?_?(month|year)|fingerprint|client_secret|email|contact|phone"
    r"|receipt_email|billing_details|shipping|customer_details|vpa|upi)$",
    re.IGNORECASE,
)
_ID = r"(?<![0-9a-f])[0-9a-f]{8}(?P<dash>-?)[0-9a-f]{4}(?:(?P=dash)[0-9a-f]{4}){2}(?P=dash)[0-9a-f]{12}(?![0-9a-f])"
_MAYBE_PAN = re.compile(rf"{_ID}|(?<!\d)\d(?:[ -]?\d){{12,18}}(?!\d)")
"""A UUID is taken as a whole: the digits in the middle of one are no card, whatever they look like."""


def without_card_data(body: Any, *, name: str = "") -> Any:
    """A copy to record. Keeps ids, amounts, states, and of a card what a receipt may show (PCI DSS 3.4)."""
    if isinstance(body, dict):
        if name == "card":
            body = {key: value for key, value in body.items() if key in _OF_A_CARD}
        return {key: without_card_data(value, name=key) for key, value in body.items() if not _DROPPED.match(key)}
    if isinstance(body, list):
        return [without_card_data(value, name=name) for value in body]
    if isinstance(body, str):
        return _MAYBE_PAN.sub(_hide, body)
    if isinstance(body, int) and not isinstance(body, bool) and is_pan(str(body)):
        return HIDDEN
    return body


def is_pan(digits: str) -> bool:
    """13 to 19 digits of a card scheme with a right check digit (ISO/IEC 7812-1, Luhn)."""
    if not (digits.isascii() and digits.isdigit() and 13 <= len(digits) <= 19 and digits[0] in "23456"):
        return False
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def pans_in(text: str) -> list[str]:
    """Every card number in a text."""
    return [found for found in (re.sub(r"[ -]", "", m.group()) for m in _MAYBE_PAN.finditer(text)) if is_pan(found)]


def _hide(match: re.Match[str]) -> str:
    return HIDDEN if is_pan(re.sub(r"[ -]", "", match.group())) else match.group()
