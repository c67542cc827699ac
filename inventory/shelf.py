"""Reads for keeping a shelf true: what to count, what to pull, what is low or gone, what was thrown away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import F, Prefetch, Q, QuerySet

from catalog.models import Product
from inventory.counts import CountSheet, CountState, CountTask, ReorderPoint, ReplenishmentSuggestion, Wastage
from inventory.counts import SuggestionState as Suggested
from inventory.errors import NoSuchCount
from inventory.models import Batch, BatchState, HoldLot

SOON = timedelta(hours=48)
"""Batches on sale that must be gone within this are shown for a lower price."""
SHOWN = 60


class Scanned(NamedTuple):
    product_id: int
    stock_id: int


@dataclass(frozen=True, slots=True)
class Gone:
    """A product that is sold out: since when, units that would have sold by now, and customers who wait for it."""

    product: Product
    since: datetime
    lost_units: float
    lost_paise: int
    waiting: int


@dataclass(frozen=True, slots=True)
class WasteLine:
    """What a store threw away for one reason. Only what was written off counts."""

    store_code: str
    store_name: str
    reason: str
    times: int
    units: int
    value_paise: int


def to_count(*, store_id: int, not_by: int = 0) -> list[CountTask]:
    """Counts that wait, in the order of the walk; without those this person has counted already. One statement."""
    rows = CountTask.objects.filter(
        stock__store_id=store_id, state__in=[CountState.OPEN, CountState.RECOUNT]
    ).select_related("stock__product", "stock__bin")
    mine = CountSheet.objects.filter(by_id=not_by, round=F("task__round")).values("task")
    rows = rows.exclude(Q(state=CountState.RECOUNT) & Q(pk__in=mine))
    return list(rows.order_by(F("stock__bin__sequence").asc(nulls_last=True), "-score", "pk")[:SHOWN])


def count_of(*, task_id: UUID, store_id: int) -> CountTask:
    """The task, of this store. Raises NoSuchCount."""
    rows = CountTask.objects.select_related("stock__product__category", "stock__bin", "stock__store")
    task = rows.filter(pk=task_id, stock__store_id=store_id).first()
    if task is None:
        raise NoSuchCount("There is no such count in this store.")
    return task


def lots_to_count(*, stock_id: int) -> list[Batch]:
    """The lots the book has units of: whoever counts is shown their names and no figure."""
    rows = Batch.objects.filter(stock_id=stock_id, on_hand__gt=0).select_related("bin")
    return list(rows.order_by(F("expires_on").asc(nulls_last=True), "pk")[:SHOWN])


def to_approve(*, store_id: int) -> list[CountTask]:
    """Counts that wait for a manager, with what each person found. Three statements."""
    sheets = CountSheet.objects.filter(round=F("task__round")).select_related("by").prefetch_related("lots__batch")
    rows = CountTask.objects.filter(stock__store_id=store_id, state=CountState.REVIEW)
    rows = rows.select_related("stock__product", "stock__bin").prefetch_related(Prefetch("sheets", sheets))
    return list(rows.order_by("-value_paise", "pk")[:SHOWN])


def held_missing(*, store_id: int, now: datetime) -> list[CountTask]:
    """Counts of the last day that found fewer units than orders hold."""
    rows = CountTask.objects.filter(
        stock__store_id=store_id, state=CountState.POSTED, left_units__gt=0, closed_at__gt=now - timedelta(days=1)
    )
    return list(rows.select_related("stock__product", "stock__bin").order_by("-closed_at")[:SHOWN])


def to_pull(*, store_id: int) -> list[Batch]:
    """Lots with units that may not be sold: expired first, then too short-dated and recalled ones."""
    rows = Batch.objects.filter(stock__store_id=store_id, on_hand__gt=F("held")).exclude(state=BatchState.OPEN)
    return list(_with_goods(rows).order_by(F("expires_on").asc(nulls_last=True), "pk")[:SHOWN])


def to_mark_down(*, store_id: int, now: datetime) -> list[Batch]:
    """Lots on sale that can be handed over for less than SOON: a lower price sells them, waste does not."""
    rows = Batch.objects.filter(
        stock__store_id=store_id, state=BatchState.OPEN, on_hand__gt=F("held"), sell_until__lt=now + SOON
    )
    return list(_with_goods(rows).order_by("sell_until", "pk")[:SHOWN])


def lots_of(*, store_id: int, product_ids: Sequence[int]) -> list[Batch]:
    """Lots of these products that have free units, first expired first."""
    rows = Batch.objects.filter(
        stock__store_id=store_id, stock__product_id__in=list(product_ids), on_hand__gt=F("held")
    )  # fmt: skip
    return list(_with_goods(rows).order_by("stock_id", F("expires_on").asc(nulls_last=True), "pk")[:SHOWN])


def waste_to_approve(*, store_id: int) -> list[Wastage]:
    """Wastage that waits for a manager, oldest first."""
    rows = Wastage.objects.filter(stock__store_id=store_id, state="waiting")
    return list(rows.select_related("stock__product", "batch", "by").order_by("at")[:SHOWN])


def waste_by_reason(*, since: datetime, until: datetime, store_id: int | None = None) -> list[WasteLine]:
    """What was written off in a time, by store and reason, dearest first. Without a store: of all. One statement."""
    rows = _rows(
        """
        SELECT t.code, t.name, w.reason, count(*)::int, sum(w.qty)::int, sum(w.qty * w.unit_paise)::bigint AS value
        FROM inventory_wastage AS w JOIN inventory_stock AS s ON s.id = w.stock_id
        JOIN catalog_store AS t ON t.id = s.store_id
        WHERE w.state = 'posted' AND coalesce(w.decided_at, w.at) >= %(since)s
        AND coalesce(w.decided_at, w.at) < %(until)s AND (%(store)s::bigint IS NULL OR s.store_id = %(store)s)
        GROUP BY t.code, t.name, w.reason ORDER BY value DESC, t.code, w.reason
        """,
        {"since": since, "until": until, "store": store_id},
    )
    return [WasteLine(*row) for row in rows]


def low(*, store_id: int) -> list[ReorderPoint]:
    """Products at their reorder point or below that are not gone yet, those that last shortest first."""
    rows = ReorderPoint.objects.filter(
        stock__store_id=store_id, point_units__gt=0, stock__free__gt=0, stock__free__lte=F("point_units")
    )
    rows = rows.select_related("stock__product", "stock__bin")
    return sorted(rows.order_by("pk")[:500], key=lambda row: row.stock.free / max(row.daily_units, 0.01))[:SHOWN]


_GONE = """
    SELECT s.product_id, coalesce(out.since, r.computed_at), r.daily_units,
        coalesce(f.price_paise, p.mrp_paise),
        (SELECT count(*) FROM catalog_restockalert AS a
            WHERE a.store_id = s.store_id AND a.product_id = s.product_id AND a.told_at IS NULL)
    FROM inventory_stock AS s JOIN inventory_reorderpoint AS r ON r.stock_id = s.id
    JOIN catalog_product AS p ON p.id = s.product_id
    JOIN catalog_shelfitem AS f ON f.store_id = s.store_id AND f.product_id = s.product_id AND f.is_listed
    LEFT JOIN LATERAL (
        SELECT m.at AS since FROM inventory_movement AS m
        WHERE m.stock_id = s.id AND (m.held_delta > m.on_hand_delta OR m.kind = 'block') ORDER BY m.id DESC LIMIT 1
    ) AS out ON true
    WHERE s.store_id = %(store)s AND s.free <= 0
    ORDER BY r.daily_units * coalesce(f.price_paise, p.mrp_paise) DESC LIMIT %(shown)s
"""


def sold_out(*, store_id: int, now: datetime) -> list[Gone]:
    """Products that sell and are gone, dearest loss a day first. What was lost is what they usually sell since the last
    unit went; that some customers took something else instead is not known. Two statements."""
    rows = _rows(_GONE, {"store": store_id, "shown": SHOWN})
    products = Product.objects.select_related("category").in_bulk([row[0] for row in rows])
    found = []
    for product_id, since, daily, price_paise, waiting in rows:
        lost = daily * max(0.0, (now - since).total_seconds()) / 86_400
        found.append(Gone(products[product_id], since, lost, round(lost * price_paise), waiting))
    return found


def suggestions(*, store_id: int) -> list[ReplenishmentSuggestion]:
    """What should be ordered, what runs out first first."""
    rows = ReplenishmentSuggestion.objects.filter(stock__store_id=store_id, state=Suggested.OPEN)
    return list(rows.select_related("stock__product", "stock__reorder").order_by("cover_days", "-daily_units")[:200])


def lots_shipped(*, ref: UUID) -> dict[int, list[tuple[int, int]]]:
    """The lots an order's units left with: {product id: [(batch id, units)]}, first expired first."""
    rows = (
        HoldLot.objects.filter(hold__ref=ref, qty__gt=0)
        .order_by(F("batch__expires_on").asc(nulls_last=True), "batch_id")
        .values_list("hold__stock__product_id", "batch_id", "qty")
    )
    found: dict[int, list[tuple[int, int]]] = {}
    for product_id, batch_id, qty in rows:
        found.setdefault(product_id, []).append((batch_id, qty))
    return found


def being_counted(*, stock_ids: Sequence[int]) -> set[int]:
    """Stock rows with a count that is not in the book yet: who counts must not read the figure. One statement."""
    live = CountTask.objects.filter(stock_id__in=list(stock_ids)).exclude(state=CountState.POSTED)
    return set(live.values_list("stock_id", flat=True))


def product_by_code(*, store_id: int, code: str) -> Scanned | None:
    """The product of a barcode or SKU, and its stock row, when this store has or had it."""
    found = _rows(
        "SELECT p.id, s.id FROM catalog_product AS p JOIN inventory_stock AS s ON s.product_id = p.id"
        " WHERE s.store_id = %(store)s AND (p.barcode = %(code)s OR upper(p.sku) = upper(%(code)s)) LIMIT 1",
        {"store": store_id, "code": code},
    )
    return Scanned(*found[0]) if found else None


def _rows(sql: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def _with_goods(rows: QuerySet[Batch]) -> QuerySet[Batch]:
    return rows.select_related("stock__product__category", "stock__bin", "bin")
