"""Questions written down: noted in Redis when they are answered, moved to the table by a task. Of the public nobody is
named, and what may be a number of a person is not kept."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
import structlog
from django.conf import settings
from django.db import transaction

from blinkit.kernel.redis_client import client, key
from dashboard.ask import form, guard
from dashboard.models import QuestionLog, Verdict

if TYPE_CHECKING:
    from dashboard.services.ask import Answer, Caller

log = structlog.get_logger(__name__)
NOTES = "ask:log"
MOST_WAITING = 20_000
AT_ONCE = 2_000
LONGEST = 500
_NUMBERS = re.compile(r"\d[\d\s-]{5,}\d|\S+@\S+")
RANK = ("admin", "finance", "ops", "store", "public")


def note(answer: Answer, *, text: str, caller: Caller, now: datetime) -> None:
    """One round trip to Redis; lost when it is down."""
    told = guard.clean(text[: 2 * LONGEST].replace("\x00", " "))[:LONGEST]
    entry = {
        "id": str(answer.log_id), "at": now.isoformat(), "text": _NUMBERS.sub("…", told),
        "asker": caller.user_id if caller.audiences != {"public"} else None,
        "audience": next(one for one in RANK if one in caller.audiences or one == "public"),
        "verdict": answer.verdict.value, "understood": form.to_json(answer.query) if answer.query else {},
        "sql": answer.sql, "rows": len(answer.rows), "ms": answer.ms, "cached": answer.cached,
        "by_model": answer.by_model, "why": str(answer.why),
    }  # fmt: skip
    try:
        pipe = client().pipeline(transaction=False)
        pipe.rpush(key(NOTES), orjson.dumps(entry, default=str))
        pipe.ltrim(key(NOTES), -MOST_WAITING, -1)
        pipe.execute()
    except Exception as error:
        log.warning("a question is not written down", error=repr(error))


def flush(*, most: int = AT_ONCE) -> int:
    """Into the table. What a crash interrupts is lost: it is a statistic, not a ledger. Repeats do nothing."""
    from dashboard.ask.folded import folded

    found: Any = client().lpop(key(NOTES), most) or []
    entries = [orjson.loads(raw) for raw in found]
    QuestionLog.objects.bulk_create(
        [
            QuestionLog(
                id=UUID(one["id"]), at=datetime.fromisoformat(one["at"]), asker_id=one["asker"],
                audience=one["audience"], text=one["text"], folded=folded(one["text"])[:LONGEST],
                verdict=one["verdict"],
                understood=one["understood"] | ({"why": one["why"]} if one["why"] else {}), sql=one["sql"],
                rows=one["rows"], ms=one["ms"], cached=one["cached"], by_model=one["by_model"],
            )
            for one in entries
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    return len(entries)


@transaction.atomic
def note_feedback(*, log_id: UUID, caller: Caller, helpful: bool, words: str = "") -> None:
    """Whether the answer helped, from who asked; of the public, from who was given the answer. Silent when it is not
    known, or somebody else's."""
    if not QuestionLog.objects.filter(pk=log_id).exists():
        flush()
    found = QuestionLog.objects.select_for_update().filter(pk=log_id).first()
    if found is None or (found.asker_id is not None and found.asker_id != caller.user_id):
        return
    found.helpful, found.feedback = helpful, _NUMBERS.sub("…", guard.clean(words))[:300]
    found.save(update_fields=["helpful", "feedback"])


def forget(*, now: datetime) -> int:
    """Questions older than ASK_LOG_DAYS go."""
    gone, _ = QuestionLog.objects.filter(at__lt=now - timedelta(days=settings.ASK_LOG_DAYS)).delete()
    return gone


def failed(*, since: datetime) -> list[dict[str, Any]]:
    """The questions nobody got an answer to, for `ask_failed`."""
    wanted = (Verdict.SORRY, Verdict.REFUSED, Verdict.FAILED)
    rows = QuestionLog.objects.filter(at__gte=since).filter(verdict__in=wanted) | QuestionLog.objects.filter(
        at__gte=since, helpful=False
    )
    return [
        dict(row)
        for row in rows.order_by("-at").values("text", "folded", "verdict", "understood", "at", "helpful")[:20_000]
    ]
