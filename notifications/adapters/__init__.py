"""The roads messages travel. settings.MESSAGE_ADAPTERS names one per channel; an empty name switches a channel off."""

from __future__ import annotations

from django.conf import settings

from notifications.adapters.base import Adapter
from notifications.adapters.fcm import FcmAdapter
from notifications.adapters.inbox import InboxAdapter
from notifications.adapters.mail import MailAdapter
from notifications.adapters.push import PushAdapter
from notifications.adapters.sms import SmsAdapter
from notifications.models import Channel

__all__ = ["Adapter", "adapter_for"]

_ADAPTERS: dict[str, Adapter] = {
    adapter.name: adapter for adapter in (InboxAdapter(), SmsAdapter(), FcmAdapter(), PushAdapter(), MailAdapter())
}


def adapter_for(channel: str, *, has_device: bool = False) -> Adapter | None:
    """The adapter this installation uses for a channel; None when the channel is off. Where push messages go to the
    demo inbox, those of a person with a device go to the device all the same."""
    name = settings.MESSAGE_ADAPTERS[str(channel)]
    if name == InboxAdapter.name and channel == Channel.PUSH and has_device and settings.VAPID_PRIVATE_KEY:
        name = PushAdapter.name
    return _ADAPTERS[name] if name else None
