"""E-mail through Django's backend (EMAIL_URL)."""

from __future__ import annotations

import smtplib
from collections.abc import Mapping

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.utils.module_loading import import_string

from blinkit.kernel.breakers import breaker
from notifications.adapters.base import Adapter
from notifications.errors import Undeliverable
from notifications.models import Message

log = structlog.get_logger(__name__)


class MailAdapter(Adapter):
    name = "email"

    def send(self, message: Message) -> str:
        reference = f"<{message.pk}@blinkit>"
        mail = EmailMessage(
            subject=" ".join(message.subject.split()),  # a line break would be a header of its own
            body=message.body,
            to=[message.to],
            headers={"Message-ID": reference, "Auto-Submitted": "auto-generated"},
        )
        if picture := _picture(message):
            mail.attach("chart.png", picture, "image/png")
        refused = ""
        with breaker("email"):
            try:
                mail.send()
            except smtplib.SMTPRecipientsRefused as error:
                codes = [code for code, _ in error.recipients.values()]
                if any(code < 500 for code in codes):  # grey-listed: comes through later
                    raise
                refused = ", ".join(map(str, codes))
        if refused:
            raise Undeliverable(f"The address was refused: {refused}.")
        return reference


def _picture(message: Message) -> bytes | None:
    """What settings.MESSAGE_PICTURES draws for this kind of message. Without it the words go all the same."""
    draws: Mapping[str, str] = import_string(settings.MESSAGE_PICTURES)
    if message.template_code not in draws:
        return None
    try:
        drawn: bytes | None = import_string(draws[message.template_code])(message.link)
    except Exception as error:
        log.warning("an e-mail goes without its picture", message=str(message.pk), error=repr(error))
        return None
    return drawn
