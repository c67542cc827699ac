"""Whose act it was."""

from __future__ import annotations

from accounts.models import User


def person_of(actor: str) -> int | None:
    """The id of the person behind "user:12", or None (the system, or nobody we know)."""
    kind, _, number = actor.partition(":")
    if kind != "user" or not number.isdigit():
        return None
    return User.objects.filter(pk=int(number)).values_list("pk", flat=True).first()
