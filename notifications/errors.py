"""Refusals notifications can give, and what an adapter may say about a message it could not send."""

from __future__ import annotations

from blinkit.kernel.errors import Conflict, NotFound


class MessageNotFound(NotFound):
    code = "message-not-found"
    default_detail = "You have no such message."


class NotResendable(Conflict):
    code = "message-not-resendable"
    default_detail = "This message can't be sent again. A sign-in code is asked for anew by its owner."


class Undeliverable(Exception):
    """An adapter's "never": the address is wrong or gone, trying again would not help. Not a refusal: nobody waits."""
