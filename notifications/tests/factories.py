"""Messages for tests."""

from __future__ import annotations

from datetime import UTC, datetime

import factory

from accounts.tests.factories import UserFactory
from notifications.models import Channel, Message, MessageState

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)


class MessageFactory(factory.django.DjangoModelFactory):
    """An SMS that is due now."""

    class Meta:
        model = Message

    key = factory.Sequence(lambda n: f"{n}:test:sms:1")
    user = factory.SubFactory(UserFactory)
    template_code = "order_undelivered"
    channel = Channel.SMS
    to = factory.LazyAttribute(lambda it: it.user.phone if it.user else "+919876543210")
    body = "Hello"
    state = MessageState.DUE
    next_try_at = NOW
    created_at = NOW
