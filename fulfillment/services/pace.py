"""What each picker did in a day, and how many seconds an order takes in whose hands: learned, never typed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce

from catalog.models import Store
from fulfillment import capacity
from fulfillment.capacity import PICKER_FREEDOM, STORE_FREEDOM, Pace, Sample
from fulfillment.models import PickPace, PickTask

LEARNED_FROM = timedelta(days=28)
PER_STORE, PER_PICKER, PER_HOUSE = 1500, 300, 200
"""So many of the newest are looked at: of a store, of a picker, of each store for the house."""

Span = tuple[datetime, datetime]


@transaction.atomic
def note_packed(*, task_id: UUID) -> None:
    """Count a packed order into its picker's day. Once per event: its receipt keeps a repeat out.

    Lines a helper found are the helper's. Orders picked together share their seconds: what another order of the same
    picker, packed before, already counted is not counted again.
    """
    task = PickTask.objects.select_related("store__city").get(pk=task_id)
    if task.picker_id is None or task.packed_at is None or task.started_at is None:
        return
    of_whom = task.lines.annotate(whose=Coalesce("helper_id", "task__picker_id")).values("whose")
    found = of_whom.order_by("whose").annotate(
        lines=Count("pk", filter=Q(picked_qty__gt=0)),
        units=Sum("picked_qty", default=0),
        shorted=Count("pk", filter=Q(short_qty__gt=0)),
    )
    of_person = {row["whose"]: {name: row[name] for name in ("lines", "units", "shorted")} for row in found}
    picked_at = task.picked_at or task.packed_at
    before = PickTask.objects.filter(
        Q(packed_at__lt=task.packed_at) | Q(packed_at=task.packed_at, pk__lt=task.pk),
        picker_id=task.picker_id,
        packed_at__gt=task.started_at,
    ).values_list("started_at", "picked_at", "packed_at")
    others = [(began, picked, packed) for began, picked, packed in before if began and picked and packed]
    pick_s = alone_s((task.started_at, picked_at), [(began, picked) for began, picked, _ in others])
    pack_s = alone_s((picked_at, task.packed_at), [(picked, packed) for _, picked, packed in others])
    own = of_person.pop(task.picker_id, {}) | {"tasks": 1, "pick_s": round(pick_s), "pack_s": round(pack_s)}
    for person_id, figures in sorted({**of_person, task.picker_id: own}.items()):
        _add(task.store, person_id, at=task.packed_at, **figures)


@transaction.atomic
def note_refused(*, picker_id: int, store_id: int, now: datetime) -> None:
    """A scan was refused: counted into the picker's day. It says that labels, bins or lists are wrong as often as that
    a person is."""
    _add(Store.objects.select_related("city").get(pk=store_id), picker_id, at=now, refused=1)


def alone_s(span: Span, others: Iterable[Span]) -> float:
    """The seconds of a span that none of the others covers."""
    alone, reached = 0.0, span[0]
    for since, until in sorted(others):
        if until <= reached:
            continue
        alone += max(0.0, (min(since, span[1]) - reached).total_seconds())
        reached = max(reached, min(until, span[1]))
    return alone + max(0.0, (span[1] - reached).total_seconds())


def learn_pace(*, now: datetime) -> int:
    """Learn the pace of the house, its stores and their pickers from the last 28 days. Returns how many rows.

    A store is drawn to the house, a picker to the store, while there is little of their own (`capacity.learn`). Stores
    look at the house's figure of the night before, so that they are read one by one.
    """
    house_row = PickPace.objects.filter(store=None).first()
    house = house_row.pace if house_row else capacity.HOUSE
    rows: list[PickPace] = []
    sampled: list[Sample] = []
    for store_id in Store.objects.filter(is_active=True).order_by("pk").values_list("pk", flat=True):
        of_pickers = _samples(store_id, since=now - LEARNED_FROM)
        everybody = [sample for samples in of_pickers.values() for sample in samples]
        if not everybody:
            continue
        sampled += everybody[:PER_HOUSE]
        store = capacity.learn(everybody, prior=house, freedom=STORE_FREEDOM)
        rows.append(_pace(store, everybody, store_id=store_id, picker_id=None, now=now))
        for picker_id, samples in sorted(of_pickers.items()):
            own = capacity.learn(samples[:PER_PICKER], prior=store, freedom=PICKER_FREEDOM)
            rows.append(_pace(own, samples, store_id=store_id, picker_id=picker_id, now=now))
    if sampled:
        learned = capacity.learn(sampled, prior=capacity.HOUSE, freedom=STORE_FREEDOM)
        rows.append(_pace(learned, sampled, store_id=None, picker_id=None, now=now))
    PickPace.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["store", "picker"],
        update_fields=["base_s", "line_s", "unit_s", "orders", "learned_at"],
    )
    PickPace.objects.filter(learned_at__lt=now - LEARNED_FROM).delete()
    return len(rows)


def _samples(store_id: int, *, since: datetime) -> dict[int, list[Sample]]:
    """What each picker of a store did, the newest first. One statement."""
    tasks = (
        PickTask.objects.filter(store_id=store_id, packed_at__gt=since, started_at__isnull=False, picker__isnull=False)
        .annotate(n=Count("lines"), found=Sum("lines__picked_qty", default=0))
        .order_by("-packed_at")
        .values_list("picker_id", "started_at", "packed_at", "n", "found")
    )
    done: dict[int, list[tuple[float, float, int, int]]] = defaultdict(list)
    rows: Any = tasks[:PER_STORE]
    for picker_id, began, packed, lines, units in rows:
        done[picker_id].append((began.timestamp(), packed.timestamp(), lines, units))
    return {picker_id: capacity.spells(its)[::-1] for picker_id, its in done.items()}


def _pace(
    pace: Pace, samples: Sequence[Sample], *, store_id: int | None, picker_id: int | None, now: datetime
) -> PickPace:
    return PickPace(
        store_id=store_id,
        picker_id=picker_id,
        base_s=pace.base_s,
        line_s=pace.line_s,
        unit_s=pace.unit_s,
        orders=sum(it.tasks for it in samples),
        learned_at=now,
    )


_ADD = """
INSERT INTO fulfillment_pickerstat AS s (store_id, picker_id, day, {names}) VALUES (%s, %s, %s, {places})
ON CONFLICT ON CONSTRAINT picker_stat_once_per_day DO UPDATE SET {sums}
"""
_FIGURES = ("tasks", "lines", "units", "pick_s", "pack_s", "refused", "shorted")
_ADD_SQL = _ADD.format(
    names=", ".join(_FIGURES),
    places=", ".join(["%s"] * len(_FIGURES)),
    sums=", ".join(f"{name} = s.{name} + excluded.{name}" for name in _FIGURES),
)


def _add(store: Store, picker_id: int, *, at: datetime, **figures: int) -> None:
    """One statement, also for the first of the day and for two at once."""
    day = at.astimezone(ZoneInfo(store.city.timezone)).date()
    values = [max(0, figures.get(name, 0)) for name in _FIGURES]
    with connection.cursor() as cursor:
        cursor.execute(_ADD_SQL, [store.pk, picker_id, day, *values])
