"""E-mail through Django's backend (EMAIL_URL)."""

from __future__ import annotations

import smtplib

from django.core.mail import EmailMessage

from blinkit.kernel.breakers import breaker
from notifications.adapters.base import Adapter
from notifications.errors import Undeliverable
from notifications.models import Message


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
