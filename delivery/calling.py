"""Calls between a customer and a rider who never see each other's number. settings.CALL_PROVIDER names the line.

- "sandbox": gives a number that belongs to nobody and notes the call; for demos and tests.
- "exotel": rings both phones through Exotel (POST …/Calls/connect.json; developer.exotel.com, "Outgoing call to connect
  two numbers"), the caller's first.
- "direct": no mask, both see the other's number. For a shop whose riders are its own people.
- "none": no calls; in-app chat only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from zlib import crc32

import httpx
from django.conf import settings

from blinkit.kernel.breakers import breaker
from blinkit.kernel.errors import Refusal

TIMEOUT_S = 5.0
LONGEST_CALL_S = 300
TEMPORARY = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Line:
    """How the two are connected. `how`: "dial" (ring `number`), "rings" (both phones ring by themselves)."""

    how: str
    number: str = ""
    ref: str = ""


class NoLine(Refusal):
    """The provider refuses this call: it says nothing about the provider's health."""

    code = "no-line"


class Caller(Protocol):
    is_masked: bool

    def connect(self, *, key: str, caller: str, called: str) -> Line:
        """Connect two numbers. `key` names the pair (one number per delivery). Raises ServiceDown, NoLine, or what the
        transport raises."""


class Sandbox:
    """Numbers of the block India keeps for nobody in this house: +91 80 0000 0000 onwards. Nothing rings."""

    is_masked = True

    def connect(self, *, key: str, caller: str, called: str) -> Line:
        with breaker("calls"):
            return Line("dial", f"+9180{crc32(key.encode()) % 10_000:08d}", f"sandbox:{key}")


class Exotel:
    """Click to call: `caller`'s phone rings first, then `called`'s; both see CallerId."""

    is_masked = True

    def connect(self, *, key: str, caller: str, called: str) -> Line:
        url = f"{settings.EXOTEL_BASE_URL}/v1/Accounts/{settings.EXOTEL_SID}/Calls/connect.json"
        with breaker("calls"):
            answer = httpx.post(
                url,
                auth=(settings.EXOTEL_API_KEY, settings.EXOTEL_API_TOKEN),
                data={
                    "From": caller,
                    "To": called,
                    "CallerId": settings.EXOTEL_CALLER_ID,
                    "CallType": "trans",
                    "TimeLimit": LONGEST_CALL_S,
                    "CustomField": key,
                },
                timeout=TIMEOUT_S,
            )
            if answer.status_code >= 500 or answer.status_code in TEMPORARY:
                answer.raise_for_status()
        if answer.status_code >= 400:
            raise NoLine("This call can't be connected. Write in the chat instead.")
        try:
            ref = str(answer.json()["Call"]["Sid"])[:80]
        except (ValueError, KeyError, TypeError):
            ref = ""
        return Line("rings", ref=ref)


class Direct:
    """Without a mask."""

    is_masked = False

    def connect(self, *, key: str, caller: str, called: str) -> Line:
        return Line("dial", called)


_CALLERS: dict[str, Caller] = {"sandbox": Sandbox(), "exotel": Exotel(), "direct": Direct()}


def caller() -> Caller | None:
    """The line of this installation; None when there is none."""
    return _CALLERS.get(settings.CALL_PROVIDER)


def shown(phone: str) -> str:
    """A number as the other side may read it: empty unless nothing is masked here."""
    line = caller()
    return phone if line is not None and not line.is_masked else ""
