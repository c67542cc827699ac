"""Is a bank account real, and whose is it? One rupee is sent there and the bank says the name ("penny drop").

Adapters: `http` (BANK_CHECK_URL) and a sandbox. Nothing here knows a database.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import httpx
from django.conf import settings

from blinkit.kernel.breakers import ServiceDown as ServiceDown
from blinkit.kernel.breakers import breaker

TIMEOUT_S = 8.0
TEMPORARY = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Answer:
    """`exists` False: there is no such account, or it takes no money. `name` is what the bank calls its holder."""

    exists: bool
    name: str = ""


class Bank(Protocol):
    def ask(self, *, account: str, ifsc: str, holder: str, key: str) -> Answer:
        """The bank's answer. `key` is the same for a repeated question. Raises ServiceDown, httpx.HTTPError."""
        ...


class HttpBank:
    """POST {"account", "ifsc", "name", "ref"} with BANK_CHECK_KEY as bearer token → {"exists": bool, "name": str}."""

    def ask(self, *, account: str, ifsc: str, holder: str, key: str) -> Answer:
        with breaker("bank-check"):
            response = httpx.post(
                settings.BANK_CHECK_URL,
                json={"account": account, "ifsc": ifsc, "name": holder, "ref": key},
                headers={"Authorization": f"Bearer {settings.BANK_CHECK_KEY}", "Idempotency-Key": key},
                timeout=TIMEOUT_S,
            )
            if response.status_code >= 500 or response.status_code in TEMPORARY:
                response.raise_for_status()
        if response.status_code in (401, 403):
            raise PermissionError("The bank check does not accept our key.")
        if response.status_code >= 400:
            return Answer(exists=False)
        try:
            said = response.json()
        except ValueError as error:
            raise httpx.DecodingError("The bank check did not answer in JSON.") from error
        if not isinstance(said, dict) or not isinstance(said.get("exists"), bool):
            raise httpx.DecodingError("The bank check answered something else.")
        return Answer(exists=said["exists"], name=str(said.get("name") or "")[:120])


class SandboxBank:
    """Accounts ending in 0 do not exist, those ending in 9 are somebody else's, all others are the holder's."""

    def ask(self, *, account: str, ifsc: str, holder: str, key: str) -> Answer:
        if account.endswith("0"):
            return Answer(exists=False)
        return Answer(exists=True, name="Somebody Else" if account.endswith("9") else holder.upper())


def bank() -> Bank | None:
    """Whom to ask; None: nobody, a person compares the account with the cheque."""
    if settings.BANK_CHECK_URL:
        return HttpBank()
    return SandboxBank() if settings.DEMO_MODE else None
