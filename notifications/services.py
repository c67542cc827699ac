"""Telling people: messages are written with the event, sent after the commit, tried again when that fails."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction

from blinkit.kernel import metrics, redis_client
from blinkit.kernel.after_commit import gather
from blinkit.kernel.breakers import ServiceDown
from blinkit.kernel.errors import Invalid
from blinkit.kernel.events import DomainEvent
from notifications import words
from notifications.adapters import Adapter, adapter_for
from notifications.errors import MessageNotFound, NotResendable, Undeliverable
from notifications.facts import Facts, facts_of
from notifications.models import Channel, Message, MessageState, Preference, Template
from notifications.rules import RULES, Say
from notifications.templates_default import defaults

log = structlog.get_logger(__name__)

MOST_TRIES = 6
FIRST_BACKOFF_S = 10
BACKOFF_FACTOR = 3
LONGEST_BACKOFF_S = 3600
LEASE = timedelta(seconds=300)
BATCH = 20
"""A leased batch is left alone by other senders for LEASE: longer than BATCH calls take that all time out."""
SECRET_IS_GOOD_FOR = timedelta(minutes=5)
BLANKED = "•••"


@transaction.atomic
def tell(*, event: DomainEvent, event_id: int, now: datetime) -> int:
    """Write the messages this event calls for (notifications.rules) and hand them to the senders after the commit.

    Switched-off channels are respected, except for sign-in codes. Repeating it is harmless (Message.key). Returns how
    many messages there are to write.
    """
    says = RULES[event.code()]
    facts = facts_of(event)
    if facts is None:
        log.warning("nobody to tell", code=event.code(), event_id=event_id)
        return 0
    messages = [
        message
        for one in (facts, *(replace(facts, person=person) for person in facts.also), *facts.more)
        for say in says
        for channel in say.channels
        if (message := _message(say, channel, one, event_id=event_id, now=now)) is not None
    ]
    if not messages:
        return 0
    Message.objects.bulk_create(messages, ignore_conflicts=True)
    for message in messages:
        if message.state == MessageState.DUE:
            gather(_publish, message.pk)
    return len(messages)


def send_due(*, now: datetime, ids: Collection[UUID | str] | None = None, limit: int = BATCH) -> int:
    """Send what is due (of these ids, when given). Returns how many were tried.

    Each message is leased first, so that two senders never take the same one, and sent outside any transaction. A
    failure is tried again with growing pauses, up to 6 times; a wrong address is given up at once. A sender that dies
    between the call and the note sends twice: providers are given the message's id to notice.
    """
    messages = _lease(now=now, ids=ids, limit=limit)
    for message in messages:
        _send(message, now=now)
    return len(messages)


@transaction.atomic
def resend(*, message_id: UUID, now: datetime) -> Message:
    """Send a message again, with fresh tries. Silent when it waits already. Raises MessageNotFound, NotResendable."""
    message = Message.objects.select_for_update().filter(pk=message_id).first()
    if message is None:
        raise MessageNotFound()
    if message.state == MessageState.DUE and message.attempts == 0:
        return message
    adapter = adapter_for(message.channel)
    if message.is_secret or adapter is None:
        raise NotResendable()
    message.attempts, message.error, message.provider_ref = 0, "", ""
    if adapter.instant:
        message.state, message.sent_at, message.next_try_at = MessageState.SENT, now, None
    else:
        message.state, message.sent_at, message.next_try_at = MessageState.DUE, None, now
        gather(_publish, message.pk)
    message.save()
    return message


def mark_read(*, user_id: int, message_id: UUID) -> None:
    """The person has seen an in-app message. Doing it twice is silent. Raises MessageNotFound for somebody else's."""
    mine = Message.objects.filter(pk=message_id, user_id=user_id, channel=Channel.INAPP)
    if not mine.update(state=MessageState.READ):
        raise MessageNotFound()


def mark_all_read(*, user_id: int) -> int:
    """The person has seen all their in-app messages. Returns how many were new."""
    return (
        Message.objects.filter(user_id=user_id, channel=Channel.INAPP)
        .exclude(state=MessageState.READ)
        .update(state=MessageState.READ)
    )


def unread(*, user_id: int) -> int:
    """How many in-app messages the person has not seen."""
    return Message.objects.filter(user_id=user_id, channel=Channel.INAPP).exclude(state=MessageState.READ).count()


@transaction.atomic
def set_preferences(*, user_id: int, channels: Mapping[str, bool]) -> dict[str, bool]:
    """Switch channels on or off; those not named stay. Returns all of them. Raises Invalid for an unknown channel."""
    unknown = sorted(set(channels) - set(Channel.values))
    if unknown:
        raise Invalid("There is no such channel.", channels=unknown)
    rows = [Preference(user_id=user_id, channel=channel, is_on=is_on) for channel, is_on in sorted(channels.items())]
    Preference.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["user", "channel"], update_fields=["is_on"]
    )
    return preferences(user_id=user_id)


def preferences(*, user_id: int) -> dict[str, bool]:
    """Every channel, on unless the person switched it off."""
    chosen = dict(Preference.objects.filter(user_id=user_id).values_list("channel", "is_on"))
    return {channel: chosen.get(channel, True) for channel in Channel.values}


def ensure_templates() -> int:
    """Write the rows that are missing, so that an administrator can edit them. Never touches one that exists."""
    have = set(Template.objects.values_list("code", "channel", "language"))
    missing = [
        Template(code=it.code, channel=it.channel, language=it.language, subject=it.subject, body=it.body)
        for it in defaults()
        if (it.code, it.channel.value, it.language) not in have
    ]
    Template.objects.bulk_create(missing, ignore_conflicts=True)
    words.forget()
    return len(missing)


# -- writing ----------------------------------------------------------------------------------------------------------


def _message(say: Say, channel: Channel, facts: Facts, *, event_id: int, now: datetime) -> Message | None:
    """One message, or None when this person does not want or cannot get it on this channel."""
    person = facts.person
    to = person.email if channel == Channel.EMAIL else person.phone
    adapter = adapter_for(channel, has_device=person.has_device)
    if not to or (channel in person.off and not say.is_secret):
        return None
    if adapter is None and not say.is_secret:
        return None  # this installation does not use the channel
    if adapter is not None and adapter.needs_device and not person.has_device:
        return None
    text = words.render(say.template, channel, person.language, facts.words)
    if text is None:
        return None
    message = Message(
        key=f"{event_id}:{say.template}:{channel}:{person.user_id or person.phone}",
        user_id=person.user_id,
        template_code=say.template,
        channel=channel,
        to=to,
        subject=text[0][:160],
        body=text[1],
        link=facts.link,
        is_secret=say.is_secret,
        created_at=now,
    )
    if adapter is None:
        message.state, message.error = MessageState.FAILED, f"No provider for {channel.label} is set up."
        message.body = BLANKED
        log.error("a sign-in code cannot be sent: no provider is set up", channel=str(channel))
    elif adapter.instant:
        message.state, message.sent_at = MessageState.SENT, now
    else:
        message.next_try_at = now
    return message


def _publish(ids: list[UUID]) -> None:
    """One task for all messages of a transaction. With the broker down they wait for the sweep."""
    from notifications.tasks import send

    try:
        redis_client.require()
        send.apply_async(kwargs={"ids": [str(pk) for pk in ids]}, retry=False)
    except Exception as error:  # kombu wraps some transport errors and leaves others as they are
        metrics.count("messages_publish_failed_total")
        log.warning("broker unreachable, messages wait for the sweep", messages=len(ids), error=repr(error))


# -- sending ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def _lease(*, now: datetime, ids: Collection[UUID | str] | None, limit: int) -> list[Message]:
    due = Message.objects.filter(state=MessageState.DUE, next_try_at__lte=now).order_by("next_try_at", "pk")
    if ids is not None:
        due = due.filter(pk__in=list(ids))
    messages = list(due.select_for_update(skip_locked=True)[:limit])
    if messages:
        Message.objects.filter(pk__in=[message.pk for message in messages]).update(next_try_at=now + LEASE)
    return messages


def _send(message: Message, *, now: datetime) -> None:
    adapter = adapter_for(message.channel, has_device=True)  # it would not be due for somebody without one
    if message.is_secret and now - message.created_at > SECRET_IS_GOOD_FOR:
        return _give_up(message, "Too old: the code has expired.")
    if adapter is None:
        return _give_up(message, f"No provider for {message.get_channel_display()} is set up.")
    try:
        message.provider_ref = adapter.send(message)[:120]
    except Undeliverable as error:
        return _give_up(message, str(error))
    except ServiceDown as error:  # not even tried: costs no attempt
        wait_s = float(error.extra.get("retry_after_s", FIRST_BACKOFF_S))
        return _try_later(message, "The provider is down.", now=now, wait_s=wait_s)
    except Exception as error:
        message.attempts += 1
        log.warning("message not sent", message=str(message.pk), channel=message.channel, error=type(error).__name__)
        # The class alone: an exception's text may carry the body or a key.
        problem = f"{type(error).__name__}"
        if message.attempts >= MOST_TRIES:
            return _give_up(message, f"Given up after {MOST_TRIES} tries: {problem}")
        return _try_later(message, problem, now=now, wait_s=_backoff_s(message.attempts))
    _note_sent(message, adapter, now=now)


def _note_sent(message: Message, adapter: Adapter, *, now: datetime) -> None:
    message.state, message.sent_at, message.next_try_at, message.error = MessageState.SENT, now, None, ""
    message.attempts += 1
    if message.is_secret and not settings.DEMO_MODE:
        message.body = BLANKED
    message.save(update_fields=["state", "sent_at", "next_try_at", "error", "attempts", "provider_ref", "body"])
    metrics.count("messages_sent_total", channel=message.channel, adapter=adapter.name)


def _try_later(message: Message, problem: str, *, now: datetime, wait_s: float) -> None:
    message.error = problem[:240]
    message.next_try_at = now + timedelta(seconds=wait_s * random.uniform(0.75, 1.25))
    message.save(update_fields=["error", "next_try_at", "attempts"])


def _give_up(message: Message, problem: str) -> None:
    message.state, message.next_try_at, message.error = MessageState.FAILED, None, problem[:240]
    if message.is_secret:
        message.body = BLANKED
    message.save(update_fields=["state", "next_try_at", "error", "attempts", "body"])
    metrics.count("messages_given_up_total", channel=message.channel)


def _backoff_s(attempts: int) -> float:
    """10, 30, 90, 270, 810 s: about twenty minutes in all."""
    return float(min(FIRST_BACKOFF_S * BACKOFF_FACTOR ** (attempts - 1), LONGEST_BACKOFF_S))
