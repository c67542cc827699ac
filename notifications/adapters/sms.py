"""SMS through any provider that takes a plain HTTP POST."""

from __future__ import annotations

import httpx
from django.conf import settings

from blinkit.kernel.breakers import breaker
from notifications.adapters.base import Adapter
from notifications.errors import Undeliverable
from notifications.models import Message

TIMEOUT_S = 5.0
TEMPORARY = frozenset({408, 425, 429})


class SmsAdapter(Adapter):
    """POST {"to", "text", "ref"} to SMS_BASE_URL with SMS_API_KEY as bearer token; the answer may carry an "id"."""

    name = "sms-http"

    def send(self, message: Message) -> str:
        with breaker("sms"):
            response = httpx.post(
                settings.SMS_BASE_URL,
                json={"to": message.to, "text": message.body, "ref": str(message.pk)},
                headers={"Authorization": f"Bearer {settings.SMS_API_KEY}", "Idempotency-Key": str(message.pk)},
                timeout=TIMEOUT_S,
            )
            if response.status_code >= 500 or response.status_code in TEMPORARY:
                response.raise_for_status()
        # Outside the breaker: a wrong number says nothing about the provider's health.
        if response.status_code in (401, 403):
            raise PermissionError("The SMS provider does not accept our key.")
        if response.status_code >= 400:
            raise Undeliverable(f"The SMS provider refused it: {response.status_code}.")
        return reference(response)


def reference(response: httpx.Response) -> str:
    """The provider's own id of the message, where it gives one."""
    try:
        answer = response.json()
    except ValueError:
        return ""
    return str(answer.get("id") or answer.get("name") or "") if isinstance(answer, dict) else ""
