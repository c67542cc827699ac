"""Push through Firebase Cloud Messaging, HTTP v1. The base URL is a setting; the official SDK hard-codes it."""

from __future__ import annotations

import threading
from functools import cache
from typing import Any

import httpx
from django.conf import settings

from accounts import services as accounts
from accounts.models import Device
from blinkit.kernel.breakers import breaker
from notifications.adapters.base import Adapter
from notifications.adapters.sms import TEMPORARY, reference
from notifications.errors import Undeliverable
from notifications.models import Message

TIMEOUT_S = 5.0
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
GONE = frozenset({"UNREGISTERED", "SENDER_ID_MISMATCH"})

_lock = threading.Lock()


class FcmAdapter(Adapter):
    """To every device of the person. A device that uninstalled the app is forgotten."""

    name = "fcm"
    needs_device = True

    def send(self, message: Message) -> str:
        if message.user_id is None:
            raise Undeliverable("Nobody's device is known.")
        tokens = list(
            Device.objects.filter(user_id=message.user_id, endpoint="")
            .order_by("pk")
            .values_list("push_token", flat=True)
        )
        reached: list[str] = []
        trouble: Exception | None = None
        for token in tokens:
            try:
                reached.append(self.push(message, token))
            except Undeliverable:
                continue
            except Exception as error:
                trouble = error
        if reached:
            return reached[0]  # trying the rest again would ring the first device twice
        if trouble is not None:
            raise trouble
        raise Undeliverable("No device of this person can be reached.")

    def push(self, message: Message, token: str) -> str:
        with breaker("fcm"):
            response = httpx.post(
                f"{settings.FCM_BASE_URL}/v1/projects/{settings.FIREBASE_PROJECT_ID}/messages:send",
                json=_body(message, token),
                headers={"Authorization": f"Bearer {access_token()}"},
                timeout=TIMEOUT_S,
            )
            if response.status_code >= 500 or response.status_code in TEMPORARY:
                response.raise_for_status()
        if response.status_code == 200:
            return reference(response)
        if response.status_code == 404 or _error_code(response) in GONE:
            accounts.forget_device(push_token=token)
            raise Undeliverable("The device is gone.")
        if response.status_code in (401, 403):
            raise PermissionError("Firebase does not accept our credentials.")
        raise Undeliverable(f"Firebase refused it: {response.status_code}.")


def _body(message: Message, token: str) -> dict[str, Any]:
    id_text = str(message.pk)
    return {
        "message": {
            "token": token,
            "notification": {"title": message.subject, "body": message.body},
            "data": {"link": message.link, "message_id": id_text},
            # The same message twice replaces itself on the screen.
            "android": {"priority": "HIGH", "notification": {"tag": id_text}},
            "apns": {"headers": {"apns-collapse-id": id_text, "apns-priority": "10"}},
        }
    }


def _error_code(response: httpx.Response) -> str:
    try:
        details = response.json()["error"].get("details", [])
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""
    return next((str(it["errorCode"]) for it in details if isinstance(it, dict) and "errorCode" in it), "")


def access_token() -> str:
    """A Google OAuth token for the service account, kept until it expires."""
    from google.auth.transport.requests import Request

    credentials = _credentials(settings.FIREBASE_CREDENTIALS)
    with _lock:  # google-auth credentials are not thread-safe
        if not credentials.valid:
            credentials.refresh(Request())
        return str(credentials.token)


@cache
def _credentials(path: str) -> Any:
    from google.oauth2 import service_account

    return service_account.Credentials.from_service_account_file(path, scopes=[SCOPE])
