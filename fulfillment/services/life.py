"""The beginning and the end of a pick task, driven by its order; goods that come back; the floor's load."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q

from blinkit.kernel import events
from blinkit.kernel.errors import Conflict
from catalog import services as goods
from catalog.models import Store
from catalog.travel import travel_seconds
from fulfillment import capacity, floorplan, pickroute, staffing
from fulfillment.errors import NoSuchTask
from fulfillment.events import PickTaskOpened, SlotCleared
from fulfillment.models import PickerShift, PickLine, PickTask, PlannedShift, TaskState
from fulfillment.services.inside import IN_WORK, free_slots, hint, lock_task
from orders import bagging
from orders import services as orders
from orders.models import Order, OrderLine
from orders.promise import legs
from orders.services.mover import joining, step
from orders.states import Status


@joining
def open_task(*, order_id: UUID, now: datetime) -> PickTask | None:
    """Put a confirmed order into its store's pick queue, its lines in walking order. Silent when repeated.

    Part of every purchase's cost: at most eight statements. Returns None when the order has been cancelled meanwhile
    or waits for its slot.
    """
    order = orders.lock(order_id)
    if order.status != Status.CONFIRMED or order.is_for_later:
        return PickTask.objects.filter(order=order).first()
    lines = _lines_with_places(order)
    due_at = _shelf_by(order, lines[0] if lines else {"timezone": "Asia/Kolkata", "weather_until": None}, now=now)
    pace = capacity.Pace(*lines[0]["pace"]) if lines and lines[0]["pace"] else capacity.HOUSE
    work_s = round(pace.seconds(len(lines), sum(line["qty"] for line in lines)))
    task = PickTask(order=order, store=order.store, due_at=due_at, work_s=work_s, opened_at=now)
    task.save(force_insert=True)
    PickLine.objects.bulk_create(_pick_lines(task, lines))
    opened = PickTaskOpened(task_id=task.pk, order_id=order_id, store_code=order.store.code)
    order.bags_expected, order.volume_ml_expected = _expected_bags(lines)
    fields = ("bags_expected", "volume_ml_expected")
    step(order, Status.ASSIGNED_TO_STORE, actor="system", now=now, fields=fields, also=[opened])
    write_load(store_id=order.store_id, now=now)
    hint(task)
    return task


@transaction.atomic
def follow_order(*, order_id: UUID, now: datetime) -> PickTask | None:
    """Another store does the order: its task here is gone, one opens there. Silent when it is there already.

    Only a task nobody has begun is ever here: the order's lock keeps it so.
    """
    order = orders.lock(order_id)
    task = PickTask.objects.select_related("store").select_for_update(of=("self",)).filter(order=order).first()
    if task is not None and task.store_id != order.store_id and task.state == TaskState.OPEN:
        hint(task)
        store_id = task.store_id
        task.delete()
        if store_id < order.store_id:  # the loads of two stores are written in key order: orders cross
            write_load(store_id=store_id, now=now)
        moved = open_task(order_id=order_id, now=now)
        if store_id > order.store_id:
            write_load(store_id=store_id, now=now)
        return moved
    return open_task(order_id=order_id, now=now)


@transaction.atomic
def close_cancelled(*, order_id: UUID, now: datetime) -> None:
    """The order is cancelled: its task ends. Bags on the shelf keep their slot until somebody takes them off it
    (`clear_slot`). Silent when repeated."""
    task = PickTask.objects.select_related("store").select_for_update(of=("self",), no_key=True)
    found = task.filter(order_id=order_id).first()
    if found is not None and found.state not in (TaskState.HANDED_OVER, TaskState.CANCELLED):
        end_cancelled(found, now=now)


def end_cancelled(task: PickTask, *, now: datetime) -> None:
    """The end itself, for acts that hold the task's lock."""
    task.state = TaskState.CANCELLED
    task.save(update_fields=["state"])
    hint(task)
    write_load(store_id=task.store_id, now=now)


@transaction.atomic
def close_handed_over(*, order_id: UUID, now: datetime) -> None:
    """The rider has the bags: the shelf slot is free again. Silent when repeated."""
    tasks = PickTask.objects.select_related("store").select_for_update(of=("self",), no_key=True)
    task = tasks.filter(order_id=order_id).first()
    if task is None or task.state != TaskState.PACKED:
        return
    task.state = TaskState.HANDED_OVER
    task.handed_over_at = now
    task.save(update_fields=["state", "handed_over_at"])
    free_slots(task)
    hint(task)


@transaction.atomic
def clear_slot(*, task_id: UUID, actor: str, now: datetime) -> None:
    """The bags of a cancelled order were unpacked into their bins: their place on the shelf is free.

    The units were given back when the order was cancelled. Silent when repeated. Raises NoSuchTask,
    Conflict while the order is alive.
    """
    task = lock_task(task_id)
    if task.state != TaskState.CANCELLED:
        raise Conflict("Only the bags of a cancelled order are unpacked.", state=task.state)
    if free_slots(task):
        events.record(SlotCleared(task_id=task.pk, order_id=task.order_id), subject=_subject(task), actor=actor)
        hint(task)


@transaction.atomic
def goods_back(*, order_id: UUID, store_id: int, actor: str, now: datetime) -> None:
    """The bags of an undelivered order are in this store again: their units can be sold. Silent when repeated.

    Raises NoSuchTask for another store's order, IllegalMove (orders) unless it is undelivered.
    """
    if not PickTask.objects.filter(order_id=order_id, store_id=store_id).exists():
        raise NoSuchTask("This order is not from this store.")
    orders.goods_back(order_id=order_id, actor=actor, now=now)


def write_load(*, store_id: int, now: datetime) -> None:
    """Write down for checkout and the promise how busy this floor is (`capacity.wait_s`). Two statements."""
    floor = staffing.state(store_id=store_id, now=now)
    goods.write_store_load(
        store_id=store_id,
        now=now,
        open_orders=floor.open_orders,
        pick_backlog_s=round(capacity.wait_s(floor.floor())),
        pickers_on=floor.pickers_on,
        pickers_planned=floor.pickers_planned,
    )


def refresh_loads(*, now: datetime) -> int:
    """Write the load of every store that has something to do, somebody on the floor or a plan, or whose wait is not
    over: people come and go by the plan and orders are picked while nobody tells. Returns how many stores."""
    at_work = Store.objects.filter(
        Exists(PickTask.objects.filter(store=OuterRef("pk"), state__in=["open", *IN_WORK]))
        | Exists(PickerShift.objects.filter(store=OuterRef("pk"), ended_at=None))
        | Exists(PlannedShift.objects.filter(store=OuterRef("pk")))
        | Q(load__pick_backlog_s__gt=0),
        is_active=True,
    )
    found = list(at_work.order_by("pk").values_list("pk", flat=True))
    for store_id in found:
        write_load(store_id=store_id, now=now)
    return len(found)


_LINES_WITH_PLACES = f"""
SELECT l.id, l.product_id, l.qty - l.short_qty AS qty, p.zone, p.weight_g, c.timezone,
    CASE WHEN c.bad_weather <> '' THEN c.bad_weather_until END AS weather_until,
    p.hsn, p.pack_size, p.pack_unit, k.slug AS category,
    coalesce(b.code, home.code) AS bin_code, coalesce(b.zone, home.zone) AS bin_zone,
    coalesce(b.sequence, home.sequence) AS sequence, home.code AS home_bin, coalesce(p.fragile, k.fragile) AS fragile,
    (SELECT json_agg(a) FROM ({floorplan.AISLES}) AS a) AS aisles,
    (SELECT json_build_array(base_s, line_s, unit_s) FROM fulfillment_pickpace
        WHERE picker_id IS NULL AND (store_id = o.store_id OR store_id IS NULL)
        ORDER BY store_id NULLS LAST LIMIT 1) AS pace
FROM orders_orderline AS l
JOIN orders_order AS o ON o.id = l.order_id
JOIN catalog_store AS t ON t.id = o.store_id
JOIN catalog_city AS c ON c.id = t.city_id
JOIN catalog_product AS p ON p.id = l.product_id
JOIN catalog_category AS k ON k.id = p.category_id
LEFT JOIN inventory_stock AS s ON s.product_id = l.product_id AND s.store_id = o.store_id
LEFT JOIN inventory_bin AS home ON home.id = s.bin_id
LEFT JOIN LATERAL (
    SELECT lot.bin_id FROM inventory_hold AS h JOIN inventory_holdlot AS hl ON hl.hold_id = h.id AND hl.qty > 0
    JOIN inventory_batch AS lot ON lot.id = hl.batch_id
    WHERE h.ref = o.id AND h.stock_id = s.id AND h.state IN ('active', 'firm')
    ORDER BY lot.expires_on NULLS LAST, lot.id LIMIT 1
) AS first ON true
LEFT JOIN inventory_bin AS b ON b.id = first.bin_id
WHERE l.order_id = %s AND l.qty > l.short_qty ORDER BY l.id
"""


def _lines_with_places(order: Order) -> list[dict[str, Any]]:
    """The order's lines of which units are still to bring, with what the walk needs, in one statement.

    A line begins in the bin of the lot that expires first, or in the product's home place.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LINES_WITH_PLACES, [order.store_id, order.pk])
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def place_of(line: OrderLine) -> dict[str, Any]:
    """Where one line of an order lies: `bin_code`, `bin_zone` and the product's `zone`."""
    return next(found for found in _lines_with_places(line.order) if found["id"] == line.pk)


def _pick_lines(task: PickTask, lines: Sequence[dict[str, Any]]) -> list[PickLine]:
    items = [
        pickroute.Item(
            id=line["id"],
            zone=line["bin_zone"] or line["zone"],
            sequence=line["sequence"] or 0,
            weight_g=line["weight_g"] * line["qty"],
            bin_code=line["bin_code"] or "",
            fragile=line["fragile"],
        )
        for line in lines
    ]
    floor = floorplan.layout((lines[0]["aisles"] if lines else None) or ())
    walk = {line_id: rank for rank, line_id in enumerate(pickroute.order(items, floor), start=1)}
    return [
        PickLine(
            task=task,
            order_line_id=line["id"],
            product_id=line["product_id"],
            bin_code=line["bin_code"] or "",
            zone=item.zone,
            walk=walk[line["id"]],
            qty=line["qty"],
        )
        for line, item in zip(lines, items, strict=True)
    ]


def _expected_bags(lines: Sequence[dict[str, Any]]) -> tuple[int, int]:
    """Into how many bags these lines will go, as packing suggests it (`services.packing`), and how many millilitres
    they fill: a rider is sought before anything is packed."""
    found = [
        bagging.goods(
            id=line["id"],
            name="",
            qty=line["qty"],
            zone=line["bin_zone"] or line["zone"],
            hsn=line["hsn"],
            category=line["category"],
            weight_g=line["weight_g"],
            pack_size=line["pack_size"],
            pack_unit=line["pack_unit"],
        )
        for line in lines
    ]
    bags = sum(bagging.suggest(found).values())
    return min(bags, 32_767), min(sum(one.volume_ml * one.qty for one in found), 2_000_000_000)


def _shelf_by(order: Order, place: dict[str, Any], *, now: datetime) -> datetime:
    """When the bags must stand on the shelf: the promise minus handover, ride and door, as the promise counts them."""
    if order.promised_by is None:
        return now + timedelta(minutes=5)
    until, metres = place["weather_until"], order.distance_metres
    ride_s = travel_seconds(
        order.store.point, order.point, at=now, timezone=place["timezone"], metres=metres,
        bad_weather=until is not None and until > now,
    )  # fmt: skip
    return max(now, order.promised_by - timedelta(seconds=legs.HANDOVER_S + ride_s + legs.DOOR_S))


def _subject(task: PickTask) -> str:
    return f"order:{task.order_id}"
