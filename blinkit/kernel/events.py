"""Facts announced by one app and followed by others.

`record` writes one `Event` row in the caller's transaction: timeline, audit line and outbox at once. After the
commit one Celery task per transaction runs the handlers that the wiring table lists. With the broker down the rows
wait for the sweep. Nothing is lost and nothing takes effect twice (see `blinkit.kernel.delivery`).
"""

import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from functools import cache
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string

from blinkit.kernel.after_commit import gather
from blinkit.kernel.context import current_actor
from blinkit.kernel.models import Event


class DomainEvent:
    """Base of every event: a frozen dataclass in `<app>/events.py` whose fields are JSON-able (UUID, datetime, enum,
    int, str, bool, lists, dicts, None)."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @classmethod
    def code(cls) -> str:
        """The stable name: "orders.OrderMoved"."""
        return f"{cls.__module__.removeprefix('blinkit.').split('.')[0]}.{cls.__name__}"


@dataclass(frozen=True)
class EventMeta:
    """What a handler is told beside the event itself."""

    id: int
    subject: str
    actor: str
    at: datetime


@dataclass(frozen=True)
class TimelineRow:
    code: str
    payload: dict[str, Any]
    actor: str
    at: datetime


@dataclass(frozen=True)
class Reaction:
    event_class: type[DomainEvent]
    handlers: tuple[str, ...]


def record(event: DomainEvent, *, subject: str, actor: str = "") -> int:
    """Write the event in the caller's transaction and see to its reactions after the commit. Returns the row's id.

    `subject` names what it is about ("order:<uuid>", "store:<code>", "rider:<id>", "user:<id>", "payment:<uuid>");
    `actor` defaults to the current request's person, else "system". Never fails because the broker is down.
    """
    row = _row(event, subject=subject, actor=actor or current_actor())
    row.save(force_insert=True)
    _see_to_reactions([row])
    return int(row.pk)


def record_all(events: Sequence[DomainEvent], *, subject: str, actor: str = "") -> list[int]:
    """`record` for several events of one act about one subject, in order, with one statement. Returns the rows' ids."""
    who = actor or current_actor()
    rows = Event.objects.bulk_create([_row(event, subject=subject, actor=who) for event in events])
    _see_to_reactions(rows)
    return [int(row.pk) for row in rows]


def record_each(pairs: Sequence[tuple[DomainEvent, str]], *, actor: str = "") -> list[int]:
    """`record` for (event, subject) pairs of several subjects, in order, with one statement. Returns the rows' ids."""
    who = actor or current_actor()
    rows = Event.objects.bulk_create([_row(event, subject=subject, actor=who) for event, subject in pairs])
    _see_to_reactions(rows)
    return [int(row.pk) for row in rows]


def _row(event: DomainEvent, *, subject: str, actor: str) -> Event:
    code = event.code()
    now = timezone.now()
    return Event(
        code=code,
        subject=subject,
        payload=to_payload(event),
        actor=actor,
        at=now,
        # Without reactions there is nothing to wait for.
        handed_out_at=None if code in reactions() else now,
    )


def _see_to_reactions(rows: Sequence[Event]) -> None:
    from blinkit.kernel.delivery import publish  # delivery imports this module

    for row in rows:
        if row.handed_out_at is None:
            gather(publish, row.pk)


def timeline(subject: str) -> list[TimelineRow]:
    """Everything recorded about a subject, oldest first."""
    rows = Event.objects.filter(subject=subject).order_by("id").values_list("code", "payload", "actor", "at")
    return [TimelineRow(*row) for row in rows]


def reactions() -> Mapping[str, Reaction]:
    """The wiring table by event code. Looked up lazily: the kernel imports no app."""
    return _index(settings.EVENT_WIRING)


@cache
def _index(path: str) -> dict[str, Reaction]:
    table: Mapping[type[DomainEvent], Sequence[str]] = import_string(path)
    return {cls.code(): Reaction(cls, tuple(handlers)) for cls, handlers in table.items() if handlers}


def forget_wiring() -> None:
    """For tests that change the table."""
    _index.cache_clear()


def to_payload(event: DomainEvent) -> dict[str, Any]:
    return {name: _plain(getattr(event, name)) for name in event.__dataclass_fields__}


def from_payload(cls: type[DomainEvent], payload: Mapping[str, Any]) -> DomainEvent:
    """The event again. Fields this version does not know are dropped, fields it knows and the row lacks take their
    default, so that old and new code can run side by side. Raises TypeError or ValueError when that is impossible."""
    hints = _hints(cls)  # type: ignore[arg-type]  # classes are hashable
    return cls(**{name: _restore(hint, payload[name]) for name, hint in hints.items() if name in payload})


@cache
def _hints(cls: type) -> dict[str, Any]:
    hints = typing.get_type_hints(cls)
    return {field.name: hints[field.name] for field in fields(cls)}


def _plain(value: Any) -> Any:
    if value is None or type(value) in (str, int, bool, float):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(_plain(k)): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, str | int | float):  # subclasses
        return value
    raise TypeError(f"An event cannot carry a {type(value).__name__}.")


_FROM_JSON: dict[Any, Callable[[Any], Any]] = {
    UUID: UUID,
    int: int,  # keys of JSON objects are always text
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
}


def _restore(hint: Any, value: Any) -> Any:
    origin = typing.get_origin(hint)
    arguments = typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        if value is None:
            return None
        return _restore(next(a for a in arguments if a is not types.NoneType), value)
    if value is None or hint is Any:
        return value
    if origin in (list, Sequence, set, frozenset):
        items = [_restore(arguments[0] if arguments else Any, item) for item in value]
        return items if origin in (list, Sequence) else origin(items)
    if origin is tuple:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return tuple(_restore(arguments[0], item) for item in value)
        return tuple(_restore(a, item) for a, item in zip(arguments, value, strict=True))
    if origin in (dict, Mapping):
        of_key, of_value = arguments or (Any, Any)
        return {_restore(of_key, k): _restore(of_value, v) for k, v in value.items()}
    if hint in _FROM_JSON:
        return _FROM_JSON[hint](value)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(value)
    if is_dataclass(hint) and isinstance(hint, type):
        return hint(**{name: _restore(h, value[name]) for name, h in _hints(hint).items() if name in value})
    return value
