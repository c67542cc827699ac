"""Push to everything a person has: apps through Firebase, browsers through their own push services."""

from __future__ import annotations

from django.conf import settings

from accounts.models import Device
from notifications.adapters import webpush
from notifications.adapters.base import Adapter
from notifications.adapters.fcm import FcmAdapter
from notifications.errors import Undeliverable
from notifications.models import Message


class PushAdapter(Adapter):
    """Good when one device was reached: trying the rest again would ring the first one twice."""

    name = "push"
    needs_device = True

    def send(self, message: Message) -> str:
        if message.user_id is None:
            raise Undeliverable("Nobody's device is known.")
        reached: list[str] = []
        trouble: Exception | None = None
        for device in Device.objects.filter(user_id=message.user_id).order_by("pk"):
            try:
                reached.append(self._to(device, message))
            except Undeliverable:
                continue
            except Exception as error:
                trouble = error
        if reached:
            return reached[0]
        if trouble is not None:
            raise trouble
        raise Undeliverable("No device of this person can be reached.")

    def _to(self, device: Device, message: Message) -> str:
        if device.endpoint:
            if not settings.VAPID_PRIVATE_KEY:
                raise Undeliverable("Web push is switched off.")
            return webpush.push(message, device)
        if not (settings.FIREBASE_PROJECT_ID and settings.FIREBASE_CREDENTIALS):
            raise Undeliverable("Firebase is not set up.")
        return FcmAdapter().push(message, device.push_token)
