"""What the screens hold on a person: what they asked, kept and watch."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dashboard.models import QuestionLog, QuestionWatch, SavedQuestion


def held(*, user_id: int) -> dict[str, Any]:
    return {
        "asked": list(
            QuestionLog.objects.filter(asker_id=user_id).order_by("at").values("at", "text", "verdict")[:5_000]
        ),
        "kept": list(SavedQuestion.objects.filter(owner_id=user_id).values("title", "text", "is_shared", "created_at")),
        "watched": list(
            QuestionWatch.objects.filter(owner_id=user_id).values(
                "question__title", "field", "above", "below", "is_active"
            )
        ),
    }


def forget(*, user_id: int, now: datetime) -> None:
    """What they kept and watch goes. The questions they asked stay without their name, for the figures."""
    SavedQuestion.objects.filter(owner_id=user_id).delete()
    QuestionLog.objects.filter(asker_id=user_id).update(asker=None, feedback="")
