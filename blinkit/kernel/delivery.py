"""Handing recorded events to their handlers: at least once in delivery, exactly once in effect.

Each handler runs in its own transaction together with its `Receipt`, which is unique per event and handler. A failing
handler leaves a receipt with the error and a time for the next try; it does not hold up the others. After
MAX_ATTEMPTS it waits for an administrator (`retry`).
"""

import time
from collections.abc import Collection, Sequence
from contextvars import ContextVar
from datetime import datetime, timedelta

import structlog
from django.db import close_old_connections, connection, transaction
from django.db.models import Exists, OuterRef
from django.db.utils import InterfaceError, OperationalError
from django.utils.module_loading import import_string

from blinkit.kernel import metrics, redis_client
from blinkit.kernel.context import request_id
from blinkit.kernel.events import DomainEvent, EventMeta, Reaction, from_payload, reactions
from blinkit.kernel.models import Event, Receipt

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 8
FIRST_BACKOFF_S = 2
LONGEST_BACKOFF_S = 3600
WAIT_BEFORE_SWEEP_S = 10
"""Younger events are on their way through the broker already."""
PAUSE_AFTER_BROKER_FAILURE_S = 1.0

LONGEST_CHAIN = 10
"""Rounds of events caused by handlers that one task follows itself before it hands the rest to the broker."""

_publish_again_at = 0.0
_caused: ContextVar[list[int] | None] = ContextVar("caused_events", default=None)


def publish(ids: Sequence[int]) -> None:
    """Tell a worker that these events wait. With the broker down they simply wait for the sweep."""
    global _publish_again_at
    from blinkit.kernel.tasks import deliver as task

    caused = _caused.get()
    if caused is not None:
        caused.extend(ids)  # a deliverer is at work in this thread and takes them next: no message needed
        return
    if time.monotonic() < _publish_again_at:
        metrics.count("events_publish_skipped_total")
        return
    try:
        redis_client.require()
        task.apply_async(kwargs={"ids": list(ids)}, retry=False, headers={"request_id": request_id.get()})
    except Exception as error:  # kombu wraps some transport errors and leaves others as they are
        _publish_again_at = time.monotonic() + PAUSE_AFTER_BROKER_FAILURE_S
        metrics.count("events_publish_failed_total")
        log.warning("broker unreachable, events wait for the sweep", events=len(ids), error=repr(error))


def deliver(ids: Collection[int], *, now: datetime) -> list[str]:
    """Run every reaction of these events that has not taken effect yet, in order, then those of the events they cause.

    Returns the codes handed out. Unknown codes (written by a newer version during a deploy) are left waiting. Safe to
    repeat and to run twice at once.
    """
    codes: list[str] = []
    caused: list[int] = []
    token = _caused.set(caused)
    try:
        for _ in range(LONGEST_CHAIN):
            codes += _hand_out(ids, now=now)
            ids = list(caused)
            caused.clear()
            if not ids:
                break
    finally:
        _caused.reset(token)
    if ids:
        publish(list(ids))
    return codes


def _hand_out(ids: Collection[int], *, now: datetime) -> list[str]:
    table = reactions()
    waiting = Event.objects.filter(pk__in=ids, handed_out_at=None).order_by("pk")
    handed_out: list[Event] = []
    for row in waiting:
        reaction = table.get(row.code)
        if reaction is None:
            log.warning("event of an unknown kind waits", code=row.code, event_id=row.pk)
            continue
        for handler in reaction.handlers:
            _attempt(row, reaction, handler, now=now)
        handed_out.append(row)
    if handed_out:
        Event.objects.filter(pk__in=[row.pk for row in handed_out]).update(handed_out_at=now)
    return [row.code for row in handed_out]


def sweep(*, now: datetime, limit: int = 200, wait_s: float = WAIT_BEFORE_SWEEP_S) -> list[str]:
    """Hand out what the broker lost, and try failed reactions again whose time has come. Returns the codes touched."""
    codes = list(reactions())
    lost = Event.objects.filter(handed_out_at=None, code__in=codes, at__lte=now - timedelta(seconds=wait_s)).order_by(
        "pk"
    )
    touched = deliver(list(lost.values_list("pk", flat=True)[:limit]), now=now)
    due = (
        Receipt.objects.filter(done_at=None, next_try_at__lte=now)
        .select_related("event")
        .order_by("next_try_at", "pk")[:limit]
    )
    for receipt in due:
        if _again(receipt, now=now):
            touched.append(receipt.event.code)
    return touched


def retry(*, receipt_ids: Collection[int], now: datetime) -> int:
    """Run failed reactions at once, also those given up. Returns how many are done now."""
    receipts = Receipt.objects.filter(pk__in=receipt_ids, done_at=None).select_related("event").order_by("pk")
    return sum(_again(receipt, now=now) for receipt in receipts)


def _again(receipt: Receipt, *, now: datetime) -> bool:
    reaction = reactions().get(receipt.event.code)
    if reaction is None:
        return False
    return _attempt(receipt.event, reaction, receipt.handler, now=now)


def _attempt(row: Event, reaction: Reaction, handler: str, *, now: datetime) -> bool:
    """One try of one handler. True when its effect is there afterwards, by us or by somebody before us."""
    try:
        with transaction.atomic():
            if not _claim(row.pk, handler, now=now):
                return True
            meta = EventMeta(id=row.pk, subject=row.subject, actor=row.actor, at=row.at)
            import_string(handler)(from_payload(reaction.event_class, row.payload), meta)
    except Exception as error:
        if isinstance(error, OperationalError | InterfaceError) and not connection.is_usable():
            close_old_connections()
            raise  # the database went away: nothing can be written down, the event still waits
        metrics.count("event_handler_failures_total", handler=handler)
        log.exception("event handler failed", handler=handler, event_id=row.pk, code=row.code)
        _note_failure(row.pk, handler, error, now=now)
        return False
    return True


def _claim(event_id: int, handler: str, *, now: datetime) -> bool:
    """Take the receipt inside the handler's transaction. False when it was done before.

    A second deliverer waits here on the unique index until the first one commits or rolls back.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO kernel_receipt (event_id, handler, done_at, attempts, last_error) VALUES (%s, %s, %s, 0, '')"
            " ON CONFLICT (event_id, handler) DO UPDATE SET done_at = EXCLUDED.done_at, next_try_at = NULL"
            " WHERE kernel_receipt.done_at IS NULL RETURNING id",
            [event_id, handler, now],
        )
        return cursor.fetchone() is not None


def _note_failure(event_id: int, handler: str, error: Exception, *, now: datetime) -> None:
    text = f"{type(error).__name__}: {error}"[:2000].replace("\x00", "")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO kernel_receipt AS r (event_id, handler, attempts, last_error, next_try_at)"
            " VALUES (%(event)s, %(handler)s, 1, %(text)s, %(now)s + make_interval(secs => %(first)s))"
            " ON CONFLICT (event_id, handler) DO UPDATE SET attempts = r.attempts + 1,"
            " last_error = EXCLUDED.last_error, next_try_at = CASE WHEN r.attempts + 1 < %(most)s"
            " THEN %(now)s + make_interval(secs => least(%(longest)s, %(first)s * power(2, r.attempts))) END"
            " WHERE r.done_at IS NULL",
            {
                "event": event_id,
                "handler": handler,
                "text": text,
                "now": now,
                "first": FIRST_BACKOFF_S,
                "longest": LONGEST_BACKOFF_S,
                "most": MAX_ATTEMPTS,
            },
        )


def forget(kind: type[DomainEvent], *, subjects: Sequence[str], before: datetime, limit: int = 5_000) -> int:
    """Delete events of a kind that is no audit line, about these subjects and from before an instant, with their
    receipts; at most `limit`. What still waits or has a reaction that is not done stays. How many went."""
    undone = Receipt.objects.filter(event=OuterRef("pk"), done_at=None)
    old = Event.objects.filter(~Exists(undone), code=kind.code(), subject__in=subjects, at__lt=before)
    ids = list(old.exclude(handed_out_at=None).values_list("pk", flat=True)[:limit])
    Event.objects.filter(pk__in=ids).delete()
    return len(ids)


def waiting_count() -> int:
    """Events not handed out yet (the partial index answers this)."""
    return Event.objects.filter(handed_out_at=None).count()


def stuck_count() -> int:
    """Reactions that failed and are not done."""
    return Receipt.objects.filter(done_at=None).count()
