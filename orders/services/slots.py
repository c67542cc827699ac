"""Slots: made ahead from a store's week, booked under their row's lock, and begun with when it is time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from blinkit.kernel import events
from blinkit.kernel.sweeping import one_by_one
from orders.events import OrderReleased
from orders.models import Order, SlotTemplate
from orders.services.mover import hint, lock, subject
from orders.states import Status

_MAKE = """
WITH wanted AS (
    SELECT * FROM unnest(%(stores)s::bigint[], %(starts)s::timestamptz[], %(ends)s::timestamptz[],
        %(cut_offs)s::timestamptz[], %(capacities)s::int[]) AS w(store_id, starts_at, ends_at, cut_off_at, capacity)
), closed AS (
    UPDATE orders_slot AS s SET capacity = s.booked
    WHERE s.starts_at > %(now)s AND s.capacity > s.booked AND NOT EXISTS (
        SELECT 1 FROM wanted AS w WHERE w.store_id = s.store_id AND w.starts_at = s.starts_at)
)
INSERT INTO orders_slot AS s (store_id, starts_at, ends_at, cut_off_at, capacity, booked)
SELECT store_id, starts_at, ends_at, cut_off_at, capacity, 0 FROM wanted ORDER BY store_id, starts_at
ON CONFLICT (store_id, starts_at) DO UPDATE SET ends_at = EXCLUDED.ends_at, cut_off_at = EXCLUDED.cut_off_at,
    capacity = greatest(EXCLUDED.capacity, s.booked)
WHERE (s.ends_at, s.cut_off_at, s.capacity)
    IS DISTINCT FROM (EXCLUDED.ends_at, EXCLUDED.cut_off_at, greatest(EXCLUDED.capacity, s.booked))
"""
_LOCK_CLASS = 4118
"""Any number that no other advisory lock of the house uses."""


@transaction.atomic
def make_slots(*, now: datetime) -> int:
    """Make the slots to come as the weekly plans of all stores have them, in one statement. Returns how many changed.

    Made once however often it is asked for. A changed plan changes the slots that have not begun; what is no longer
    planned takes no more orders, and those that were promised keep their window.
    """
    planned = [window for template in _templates() for window in _windows(template, now)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", [_LOCK_CLASS])
        cursor.execute(
            _MAKE,
            {
                "stores": [window["store_id"] for window in planned],
                "starts": [window["starts_at"] for window in planned],
                "ends": [window["ends_at"] for window in planned],
                "cut_offs": [window["cut_off_at"] for window in planned],
                "capacities": [window["capacity"] for window in planned],
                "now": now,
            },
        )
        return int(cursor.rowcount)


@transaction.atomic
def copy_to_every_day(*, template_ids: Sequence[int], now: datetime) -> int:
    """The same windows on every day of the week; days that have one beginning then keep theirs. Returns how many."""
    before = SlotTemplate.objects.count()
    copies = [
        SlotTemplate(
            store_id=plan.store_id,
            weekday=weekday,
            from_time=plan.from_time,
            to_time=plan.to_time,
            capacity=plan.capacity,
            cut_off_m=plan.cut_off_m,
            days_ahead=plan.days_ahead,
            is_active=plan.is_active,
        )
        for plan in SlotTemplate.objects.filter(pk__in=template_ids)
        for weekday in range(7)
    ]
    SlotTemplate.objects.bulk_create(copies, ignore_conflicts=True)
    make_slots(now=now)
    return SlotTemplate.objects.count() - before


def book(*, slot_id: int, now: datetime) -> bool:
    """Take one place of a slot. False when it is full or its time to order is over.

    The update locks the row and reads what earlier buyers left of it: the last place is sold once. It takes part in
    the caller's transaction, after stock (docs/locking.md).
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE orders_slot SET booked = booked + 1 WHERE id = %s AND booked < capacity AND cut_off_at > %s",
            [slot_id, now],
        )
        return bool(cursor.rowcount)


def give_back(order: Order) -> None:
    """The place of an order that is being cancelled, or that leaves the slot's store, can be booked again.

    Once: the caller moves the status or the store, and an order that has left the slot's store has no place in it.
    """
    if order.slot_id is not None:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE orders_slot SET booked = booked - 1 WHERE id = %s AND store_id = %s",
                [order.slot_id, order.store_id],
            )


def release_due(*, now: datetime, limit: int = 200) -> int:
    """Begin with the orders whose time has come. Returns how many. Each is an act of its own: one that fails does not
    hold up the others."""
    due = Order.objects.for_later().filter(release_at__lte=now).order_by("release_at", "pk")
    ids = list(due.values_list("pk", flat=True)[:limit])
    return one_by_one(ids, lambda order_id: release(order_id=order_id, now=now), sweep="slots")


@transaction.atomic
def release(*, order_id: UUID, now: datetime, actor: str = "system") -> bool:
    """The store begins with an order for a slot: its pick task opens, a rider is sought (OrderReleased).

    False when there is nothing to begin with: no slot, begun already, cancelled, not paid.
    """
    order = lock(order_id)
    if order.status != Status.CONFIRMED or not order.is_for_later:
        return False
    order.released_at = now
    order.save(update_fields=["released_at"])
    begun = OrderReleased(order_id=order.pk, store_code=order.store.code, customer_id=order.customer_id)
    events.record(begun, subject=subject(order), actor=actor)
    hint(order)
    return True


def _templates() -> Iterator[SlotTemplate]:
    plans = SlotTemplate.objects.filter(is_active=True, store__is_active=True).select_related("store__city")
    yield from plans.order_by("store_id", "weekday", "from_time")


def _windows(template: SlotTemplate, now: datetime) -> Iterator[dict[str, Any]]:
    """The days of this template that have not begun, local midnight to local midnight."""
    zone = ZoneInfo(template.store.city.timezone)
    today = now.astimezone(zone).date()
    for ahead in range(template.days_ahead + 1):
        day = today + timedelta(days=ahead)
        if day.weekday() != template.weekday:
            continue
        starts_at = _at(day, template.from_time, zone)
        ends_on = day + timedelta(days=1) if template.to_time == time(0) else day
        if starts_at > now:
            yield {
                "store_id": template.store_id,
                "starts_at": starts_at,
                "ends_at": _at(ends_on, template.to_time, zone),
                "cut_off_at": starts_at - timedelta(minutes=template.cut_off_m),
                "capacity": template.capacity,
            }


def _at(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, tzinfo=zone)
