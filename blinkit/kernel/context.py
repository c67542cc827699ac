"""What is true for the request (or task) being served: its id, and who acts."""

import re
from contextvars import ContextVar
from typing import Any

from blinkit.kernel.ids import uuid7

REQUEST_ID_HEADER = "X-Request-ID"
_SANE_ID = re.compile(r"[A-Za-z0-9._:-]{8,64}")

request_id: ContextVar[str] = ContextVar("request_id", default="")
current_request: ContextVar[Any] = ContextVar("current_request", default=None)


def sane_request_id(given: str | None) -> str:
    """The caller's request id when it is harmless to log, else a new one."""
    return given if given and _SANE_ID.fullmatch(given) else str(uuid7())


def current_actor() -> str:
    """ "user:12" for the signed-in person of the current request, else "system".

    Read lazily, so that a page which records nothing never loads its user.
    """
    user = getattr(current_request.get(), "user", None)
    user_id = getattr(user, "pk", None)
    return f"user:{user_id}" if user_id is not None else "system"
