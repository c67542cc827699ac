"""Refusals: the answers "no" this house can give. Anything else that is raised is a bug and a 500.

An app subclasses the kind that fits and gives it its own stable `code`. One function (`blinkit.kernel.problems`)
turns a refusal into application/problem+json, one middleware turns the same refusal into a message on an HTML screen.
"""

from typing import Any, ClassVar

from django.utils.translation import gettext_noop as _

from blinkit.kernel.said import Said


class Refusal(Exception):
    """`Refusal("A sentence that says what to do.", short={...})`: the sentence is for people, the rest for programs."""

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 400
    default_detail: ClassVar[str] = _("This can't be done.")

    def __init__(self, detail: str = "", **extra: Any) -> None:
        self.detail = (detail if isinstance(detail, Said) else str(detail)) or str(self.default_detail)
        self.extra = extra
        super().__init__(self.detail)

    @property
    def title(self) -> str:
        return self.code.replace("-", " ").capitalize()


class Invalid(Refusal):
    code = "invalid"
    status = 400
    default_detail = _("Something in the request is not right.")


class SignInNeeded(Refusal):
    code = "sign-in-needed"
    status = 401
    default_detail = _("Please sign in first.")


class NotAllowed(Refusal):
    code = "not-allowed"
    status = 403
    default_detail = _("You may not do this.")


class NotFound(Refusal):
    code = "not-found"
    status = 404
    default_detail = _("There is nothing here.")


class Conflict(Refusal):
    code = "conflict"
    status = 409
    default_detail = _("This has changed meanwhile. Look again and retry.")


class TooMany(Refusal):
    """Give `retry_after_s`: it becomes the Retry-After header too."""

    code = "too-many-requests"
    status = 429
    default_detail = _("Too many requests. Wait a moment and try again.")


class Unavailable(Refusal):
    """A part this needs is down. `retry_after_s` becomes the Retry-After header."""

    code = "unavailable"
    status = 503
    default_detail = _("This is not available right now. Try again in a moment.")
