"""Questions people keep. What is kept is what was understood, never an answer: whoever opens one asks it anew, with the
rights they have then."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import User
from blinkit.kernel.said import say
from dashboard.errors import QuestionNotFound, TooManySaved
from dashboard.models import SavedQuestion

MOST_SAVED = 200
MOST_SHARED_SHOWN = 100
LONGEST_TITLE = 160


@transaction.atomic
def save(*, owner_id: int, title: str, text: str, understood: dict[str, Any], now: datetime) -> SavedQuestion:
    """Keep a question; the same one twice is kept once (the title follows). Raises TooManySaved."""
    User.objects.select_for_update(no_key=True).only("pk").get(pk=owner_id)  # two tabs keep one row
    title = " ".join(title.split())[:LONGEST_TITLE] or text[:LONGEST_TITLE]
    mine = SavedQuestion.objects.filter(owner_id=owner_id)
    kept = mine.filter(understood=understood).first()
    if kept is not None:
        if kept.title != title:
            kept.title = title
            kept.save(update_fields=["title"])
        return kept
    if mine.count() >= MOST_SAVED:
        raise TooManySaved(say("You keep {n} questions. Delete some first.", n=MOST_SAVED))
    return SavedQuestion.objects.create(
        owner_id=owner_id, title=title, text=text[:500], understood=understood, created_at=now
    )


def opened(*, saved_id: UUID, user_id: int) -> SavedQuestion:
    """One's own, or one that somebody shares. Whether this person may ask it is decided by asking it. Raises
    QuestionNotFound."""
    found = SavedQuestion.objects.filter(Q(owner_id=user_id) | Q(is_shared=True), pk=saved_id).first()
    if found is None:
        raise QuestionNotFound()
    return found


def set_shared(*, saved_id: UUID, user_id: int, is_shared: bool) -> SavedQuestion:
    """Raises QuestionNotFound for somebody else's."""
    found = _own(saved_id, user_id)
    if found.is_shared != is_shared:
        found.is_shared = is_shared
        found.save(update_fields=["is_shared"])
    return found


def delete(*, saved_id: UUID, user_id: int) -> None:
    """With its watches and what they said. Raises QuestionNotFound for somebody else's."""
    _own(saved_id, user_id).delete()


def mine(*, user_id: int) -> QuerySet[SavedQuestion]:
    return SavedQuestion.objects.filter(owner_id=user_id).order_by("-created_at", "-pk")


def shared_by_others(*, user_id: int) -> list[SavedQuestion]:
    """The newest ones; the caller leaves out those this person may not ask."""
    others = SavedQuestion.objects.filter(is_shared=True, owner__is_active=True).exclude(owner_id=user_id)
    return list(others.select_related("owner").order_by("-created_at", "-pk")[:MOST_SHARED_SHOWN])


def _own(saved_id: UUID, user_id: int) -> SavedQuestion:
    found = SavedQuestion.objects.filter(pk=saved_id, owner_id=user_id).first()
    if found is None:
        raise QuestionNotFound()
    return found
