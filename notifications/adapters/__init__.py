"""The roads messages travel. settings.MESSAGE_ADAPTERS names one per channel; an empty name switches a channel off."""

from __future__ import annotations

from django.conf import settings

from notifications.adapters.base import Adapter
from notifications.adapters.fcm import FcmAdapter
from notifications.adapters.inbox import InboxAdapter
from notifications.adapters.mail import MailAdapter
from notifications.adapters.sms import SmsAdapter

__all__ = ["Adapter", "adapter_for"]

_ADAPTERS: dict[str, Adapter] = {
    adapter.name: adapter for adapter in (InboxAdapter(), SmsAdapter(), FcmAdapter(), MailAdapter())
}


def adapter_for(channel: str) -> Adapter | None:
    """The adapter this installation uses for a channel; None when the channel is off."""
    name = settings.MESSAGE_ADAPTERS[str(channel)]
    return _ADAPTERS[name] if name else None
