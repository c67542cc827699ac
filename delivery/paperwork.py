"""Which papers a rider needs, and what each must say. Plain Python; the table is in docs/riders.md."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

KYC, LICENCE, REGISTRATION, INSURANCE, BANK, PHOTO = "kyc", "licence", "registration", "insurance", "bank", "photo"

ALWAYS = (KYC, BANK, PHOTO)
NEEDED: Mapping[str, tuple[str, ...]] = {
    "cycle": ALWAYS,
    # Up to 250 W and 25 km/h is no motor vehicle (Central Motor Vehicles Rules, rule 2(u)): no licence, no plate.
    "ebike": ALWAYS,
    "scooter": (KYC, LICENCE, REGISTRATION, INSURANCE, BANK, PHOTO),
}
ENDS = frozenset({LICENCE, REGISTRATION, INSURANCE})
"""Papers that are good until a date; the others may carry one."""
ONE_PERSON = frozenset({KYC, LICENCE})
"""Papers that are one person's alone: two riders cannot both show the same."""
WARN_DAYS = (30, 7, 1)


@dataclass(frozen=True, slots=True)
class Form:
    """How the number on a paper is written. `pattern` is matched after spaces and dashes are taken out."""

    pattern: re.Pattern[str]
    example: str


FORMS: Mapping[str, Form] = {
    # PAN (Income-tax Rules, 114), voter's card, passport. The number of an Aadhaar card is not taken (Aadhaar Act, 29).
    KYC: Form(re.compile(r"[A-Z]{5}[0-9]{4}[A-Z]|[A-Z]{3}[0-9]{7}|[A-Z][0-9]{7}"), "ABCDE1234F"),
    LICENCE: Form(re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{7,12}"), "KA01 20110012345"),
    REGISTRATION: Form(
        re.compile(r"[A-Z]{2}[0-9]{1,2}[A-Z]{0,3}[0-9]{4}|[0-9]{2}BH[0-9]{4}[A-Z]{1,2}"), "KA 01 AB 1234"
    ),
    INSURANCE: Form(re.compile(r"[A-Z0-9/]{6,30}"), "P4001 2345 6789"),
    BANK: Form(re.compile(r"[0-9]{9,18}"), "0123 4567 8901"),
}  # fmt: skip
IFSC = re.compile(r"[A-Z]{4}0[A-Z0-9]{6}")


def plain(number: str) -> str:
    """A number as it is compared: capitals, without spaces and dashes."""
    return re.sub(r"[\s\-]", "", number).upper()


def needed(vehicle: str) -> tuple[str, ...]:
    return NEEDED[vehicle]


def missing(vehicle: str, good: Collection[str]) -> tuple[str, ...]:
    """What is still needed for this vehicle, in the order it is asked for."""
    return tuple(kind for kind in NEEDED[vehicle] if kind not in good)


def is_good(expires_on: date | None, *, today: date) -> bool:
    """A paper is good to the end of the day written on it."""
    return expires_on is None or expires_on >= today


def warning_due(expires_on: date, *, today: date, warned: int | None) -> int | None:
    """The nearest of WARN_DAYS that has come and was not told yet; None when there is nothing to say (also once the
    day is over)."""
    left = (expires_on - today).days
    if left < 0:
        return None
    due = min((days for days in WARN_DAYS if left <= days), default=None)
    return due if due is not None and (warned is None or due < warned) else None


def same_name(given: str, at_bank: str) -> bool:
    """Whether a bank's name for an account is the person's: the same words in any order, initials allowed."""
    a, b = (sorted(re.findall(r"\w+", name.casefold())) for name in (given, at_bank))
    if not a or not b:
        return False
    short, long = (a, list(b)) if len(a) <= len(b) else (b, list(a))
    whole = False
    for word in short:
        found = next((it for it in long if it == word), None) or next(
            (it for it in long if min(len(it), len(word)) == 1 and it[0] == word[0]), None
        )
        if found is None:
            return False
        whole = whole or (found == word and len(word) > 1)
        long.remove(found)
    return whole
