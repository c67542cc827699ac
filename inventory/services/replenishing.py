"""What sells how fast, what is low, and what should be ordered: one pass over a store's ledger a night.

Nothing here orders anything: `accept` says which lines somebody wants ordered, and whoever keeps purchase orders takes
them from there.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from django.db import connection, transaction
from django.utils.module_loading import import_string

from blinkit.kernel import events, metrics
from inventory import forecast
from inventory.counts import ReplenishmentSuggestion, ShelfPolicy, SuggestionState
from inventory.errors import BadQuantity
from inventory.events import LowStockNotice, StockLow
from inventory.services import ledger, ordering
from inventory.services.policy import policy_of
from inventory.services.receiving import SHARE_OF_LIFE
from inventory.services.telling import tell_store

DEMAND_DAYS = 56
"""Sales of so many whole days are looked at."""
AHEAD_DAYS = 14
WELL_ABOVE = 1.2
"""Low is over when there is so much more than the reorder point, so that a product on the edge is told once."""

ON_ITS_WAY: tuple[str, ...] = ("inventory.services.ordering.ordered_units", "inventory.services.ordering.coming_units")
"""Functions (store_id, now) → {product id: units that are ordered or on the road}."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """One product of a store with what its plan is made from."""

    stock_id: int
    product_id: int
    free: int
    shelf_life_days: int | None
    min_life_days: int | None
    case_units: int


@dataclass(frozen=True, slots=True)
class WantedLine:
    """One line of an accepted order: whole cases of a product for a store."""

    suggestion_id: int
    store_id: int
    product_id: int
    qty: int
    case_units: int


def sweep_replenishment(*, now: datetime) -> int:
    """Plan every store. Returns how many suggestions there are."""
    stores = ledger.execute("SELECT id FROM catalog_store WHERE is_active ORDER BY id", {})
    return sum(plan_store(store_id=store_id, now=now) for (store_id,) in stores)


@transaction.atomic
def plan_store(*, store_id: int, now: datetime) -> int:
    """Write the reorder point of every product of the store that has sold, and suggest what to order in place of what
    was suggested before. Returns how many suggestions. Thirteen statements whatever the store's size.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('inventory.plan'), %s)", [store_id])
    policy = policy_of(store_id)
    ((zone_name,),) = ledger.execute(
        "SELECT c.timezone FROM catalog_store AS t JOIN catalog_city AS c ON c.id = t.city_id WHERE t.id = %(store)s",
        {"store": store_id},
    )
    zone = ZoneInfo(zone_name)
    until = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    days = _days(store_id, since=until - timedelta(days=DEMAND_DAYS), until=until, zone=zone)
    shape = forecast.week_shape(day for of in days.values() for day in of)
    plans: list[tuple[Any, ...]] = []
    wanted: list[tuple[Any, ...]] = []
    lots = _lots(store_id, now=now)
    coming = on_its_way(store_id, now=now)
    for shelf in _shelves(store_id):
        past = days.get(shelf.stock_id, [])
        made = forecast.forecast(past, horizon=AHEAD_DAYS, shape=shape) if past else None
        if made is None or made.level <= 0:
            continue
        plans.append(_plan(shelf, made, past, policy))
        if line := _suggest(shelf, made, lots.get(shelf.stock_id, []), coming.get(shelf.product_id, 0), policy):
            wanted.append(line)
    _write_plans(store_id, plans, now=now)
    _write_suggestions(store_id, wanted, now=now)
    metrics.count("replenishment_suggested_total", len(wanted))
    return len(wanted)


def _plan(
    shelf: Shelf, made: forecast.Forecast, past: Sequence[forecast.Day], policy: ShelfPolicy
) -> tuple[Any, ...]:  # fmt: skip
    lately = past[-28:]
    point = forecast.reorder_point(
        made.daily, made.spread, lead_days=policy.lead_time_h / 24, service_bp=policy.service_bp
    )
    week = [round(units, 2) for units in made.daily[:7]]
    available_bp = round(10_000 * sum(day.exposure for day in lately) / len(lately))
    return shelf.stock_id, made.level, orjson.dumps(week).decode(), made.spread, made.method, available_bp, point


def _suggest(
    shelf: Shelf, made: forecast.Forecast, lots: Sequence[forecast.Lot], incoming: int, policy: ShelfPolicy
) -> tuple[Any, ...] | None:
    """A row of the suggestion, or None when enough is there."""
    advice = forecast.advise(
        made.daily, made.spread, lots=lots, incoming=incoming, lead_days=policy.lead_time_h / 24,
        target_days=policy.cover_days, service_bp=policy.service_bp, case_units=shelf.case_units,
        life_days=_life(shelf),
    )  # fmt: skip
    if advice.qty <= 0:
        return None
    why = {
        "method": made.method,
        "target": advice.target_units,
        "safety": advice.safety_units,
        "usable": advice.usable_units,
        "cut_by_life": advice.cut_by_life,
        "cover_after": round(forecast.cover_days(advice.usable_units + advice.qty, made.daily), 1),
    }
    cover = forecast.cover_days(advice.usable_units, made.daily)
    return (
        shelf.stock_id, advice.qty, shelf.case_units, shelf.free, incoming, cover, made.level,
        orjson.dumps(why).decode(),
    )  # fmt: skip


def _life(shelf: Shelf) -> float | None:
    """Days a fresh unit may be sold: its life less what must remain at the door (`receiving.SHARE_OF_LIFE`). It is
    taken to come with its whole life."""
    if not shelf.shelf_life_days:
        return None
    must_remain = max(shelf.shelf_life_days * float(SHARE_OF_LIFE), shelf.min_life_days or 0)
    return max(0.0, shelf.shelf_life_days - must_remain)


def _shelves(store_id: int) -> list[Shelf]:
    rows = ledger.execute(
        "SELECT s.id, s.product_id, s.free, p.shelf_life_days, p.min_life_days, coalesce(c.units, 1)"
        " FROM inventory_stock AS s JOIN catalog_product AS p ON p.id = s.product_id"
        " LEFT JOIN inventory_casepack AS c ON c.product_id = p.id"
        " WHERE s.store_id = %(store)s AND p.is_active ORDER BY s.id",
        {"store": store_id},
    )
    return [Shelf(*row) for row in rows]


def _lots(store_id: int, *, now: datetime) -> dict[int, list[forecast.Lot]]:
    """Free units for sale and for how many more days, by stock row."""
    found: dict[int, list[forecast.Lot]] = {}
    rows = ledger.execute(
        "SELECT b.stock_id, b.on_hand - b.held, extract(epoch FROM b.sell_until - %(now)s)::float / 86400"
        " FROM inventory_batch AS b JOIN inventory_stock AS s ON s.id = b.stock_id"
        " WHERE s.store_id = %(store)s AND b.state = 'open' AND b.on_hand > b.held",
        {"store": store_id, "now": now},
    )
    for stock_id, units, life in rows:
        found.setdefault(stock_id, []).append(forecast.Lot(units, life))
    return found


_OPENINGS = """
    SELECT b.stock_id, b.id, b.on_hand - b.held, b.state = 'open',
        b.sell_until IS NOT NULL AND b.sell_until - interval '30 minutes' < greatest(%(since)s, b.received_at)
    FROM inventory_batch AS b JOIN inventory_stock AS s ON s.id = b.stock_id
    WHERE s.store_id = %(store)s ORDER BY b.stock_id
"""
_CHANGES = """
    SELECT m.stock_id, m.batch_id, m.at, m.on_hand_delta - m.held_delta,
        CASE WHEN m.kind = 'ship' THEN -m.on_hand_delta
            WHEN m.kind = 'count' AND m.held_delta < 0 THEN -m.held_delta ELSE 0 END, m.kind
    FROM inventory_movement AS m JOIN inventory_stock AS s ON s.id = m.stock_id
    WHERE s.store_id = %(store)s AND m.at >= %(since)s AND (
        m.on_hand_delta <> m.held_delta OR m.kind IN ('ship', 'count', 'block', 'unblock')
    ) ORDER BY m.stock_id, m.at, m.id
"""


def _days(store_id: int, *, since: datetime, until: datetime, zone: ZoneInfo) -> dict[int, list[forecast.Day]]:
    """Every product's days, rebuilt from the ledger: what was asked for (shipped, or picked in vain) and how much of
    the day it could be bought. Two statements; the window's opening is what is there now less what happened since."""
    values = {"store": store_id, "since": since}
    changes: dict[int, list[forecast.Change]] = {}
    for row in ledger.execute(_CHANGES, values):
        changes.setdefault(row[0], []).append(forecast.Change(*row[1:]))
    asked_at: dict[int, float] = {}
    for some in changes.values():
        for change in some:
            if change.asked:
                hour = change.at.astimezone(zone).hour
                asked_at[hour] = asked_at.get(hour, 0) + change.asked
    profile = forecast.hour_profile(asked_at)
    found: dict[int, list[forecast.Day]] = {}
    for stock_id, batches in groupby(ledger.execute(_OPENINGS, values), key=itemgetter(0)):
        mine = changes.get(stock_id, [])
        if not any(change.asked for change in mine):
            continue  # never sold in the window
        openings = [_opening(batch, mine) for batch in batches]
        found[stock_id] = forecast.rebuild(openings, mine, since=since, until=until, zone=zone, profile=profile)
    return found


def _opening(batch: tuple[Any, ...], changes: Sequence[forecast.Change]) -> forecast.Opening:
    """A batch as the window begins. Its first block or unblock in the window tells what it was before; one that was too
    short-dated then was off sale already."""
    _stock, batch_id, free_now, is_open_now, was_late = batch
    mine = [change for change in changes if change.batch_id == batch_id]
    turns = [change.kind for change in mine if change.kind in ("block", "unblock")]
    is_open = turns[0] == "block" if turns else is_open_now
    return forecast.Opening(batch_id, free_now - sum(change.free for change in mine), is_open and not was_late)


def on_its_way(store_id: int, *, now: datetime) -> dict[int, int]:
    """Units ordered or on the road, by product, of everybody who knows of some (ON_ITS_WAY)."""
    total: dict[int, int] = {}
    for path in ON_ITS_WAY:
        for product_id, units in import_string(path)(store_id=store_id, now=now).items():
            total[product_id] = total.get(product_id, 0) + units
    return total


def _write_plans(store_id: int, plans: Sequence[tuple[Any, ...]], *, now: datetime) -> None:
    names = ("stocks", "daily", "week", "spread", "method", "available", "point")
    plans = sorted(plans, key=itemgetter(0))  # a row that points at a stock row locks it: by key, as everybody
    columns = map(list, zip(*plans, strict=True)) if plans else [[] for _ in names]
    ledger.execute(
        """
        INSERT INTO inventory_reorderpoint
            (stock_id, daily_units, week, spread_units, method, available_bp, point_units, computed_at)
        SELECT w.stock_id, w.daily, w.week::jsonb, w.spread, w.method, w.available, w.point, %(now)s
        FROM unnest(%(stocks)s::bigint[], %(daily)s::float[], %(week)s::text[], %(spread)s::float[], %(method)s::text[],
            %(available)s::int[], %(point)s::int[]) AS w(stock_id, daily, week, spread, method, available, point)
        ON CONFLICT (stock_id) DO UPDATE SET daily_units = excluded.daily_units, week = excluded.week,
            spread_units = excluded.spread_units, method = excluded.method, available_bp = excluded.available_bp,
            point_units = excluded.point_units, computed_at = excluded.computed_at
        RETURNING stock_id
        """,
        dict(
            zip(("stocks", "daily", "week", "spread", "method", "available", "point"), map(list, columns), strict=True)
        )
        | {"now": now},
    )
    ledger.execute(  # what no longer sells is never low
        "DELETE FROM inventory_reorderpoint AS r USING inventory_stock AS s"
        " WHERE s.id = r.stock_id AND s.store_id = %(store)s AND r.computed_at < %(now)s RETURNING s.id",
        {"store": store_id, "now": now},
    )


def _write_suggestions(store_id: int, wanted: Sequence[tuple[Any, ...]], *, now: datetime) -> None:
    rows = ReplenishmentSuggestion.objects.filter(stock__store_id=store_id, state=SuggestionState.OPEN)
    rows.update(state=SuggestionState.REPLACED, decided_at=now)
    if not wanted:
        return
    wanted = sorted(wanted, key=itemgetter(0))
    names = ("stocks", "qty", "case", "free", "incoming", "cover", "daily", "why")
    ledger.execute(
        """
        INSERT INTO inventory_replenishmentsuggestion
            (stock_id, qty, case_units, free, incoming, cover_days, daily_units, why, state, made_at)
        SELECT w.stock_id, w.qty, w.cases, w.free, w.incoming, w.cover, w.daily, w.why::jsonb, 'open', %(now)s
        FROM unnest(%(stocks)s::bigint[], %(qty)s::int[], %(case)s::int[], %(free)s::int[], %(incoming)s::int[],
            %(cover)s::float[], %(daily)s::float[], %(why)s::text[])
            AS w(stock_id, qty, cases, free, incoming, cover, daily, why)
        RETURNING id
        """,
        dict(zip(names, map(list, zip(*wanted, strict=True)), strict=True)) | {"now": now},
    )


@transaction.atomic
def accept(*, suggestion_ids: Collection[int], store_id: int, by: int, now: datetime) -> list[WantedLine]:
    """Somebody wants these ordered: they go into draft purchase orders. Returns their lines. What is not open any more
    is left out, so two clicks order once. Raises BadQuantity when nothing is chosen, NoSupplier."""
    lines = [
        WantedLine(row.pk, store_id, row.stock.product_id, row.qty, row.case_units)
        for row in _decide(suggestion_ids, store_id, SuggestionState.ACCEPTED, by=by, now=now)
    ]
    ordering.draft(store_id=store_id, lines=lines, now=now)
    metrics.count("replenishment_accepted_total", len(lines))
    return lines


@transaction.atomic
def dismiss(*, suggestion_ids: Collection[int], store_id: int, by: int, now: datetime) -> int:
    """Somebody does not want these. Returns how many. Raises BadQuantity when nothing is chosen."""
    return len(_decide(suggestion_ids, store_id, SuggestionState.DISMISSED, by=by, now=now))


def _decide(
    suggestion_ids: Collection[int], store_id: int, to: SuggestionState, *, by: int, now: datetime
) -> list[ReplenishmentSuggestion]:
    if not suggestion_ids:
        raise BadQuantity("Choose at least one product.")
    rows = ReplenishmentSuggestion.objects.select_related("stock").select_for_update(of=("self",)).order_by("pk")
    chosen = list(rows.filter(pk__in=suggestion_ids, stock__store_id=store_id, state=SuggestionState.OPEN))
    ids = [row.pk for row in chosen]
    ReplenishmentSuggestion.objects.filter(pk__in=ids).update(state=to, decided_by=by, decided_at=now)
    return chosen


@transaction.atomic
def sweep_low(*, now: datetime) -> int:
    """Products that went to their reorder point or below since the last look: marked, announced once per store, and the
    store's people told. Returns how many. Two statements when nothing is new."""
    ledger.execute(
        "UPDATE inventory_reorderpoint AS r SET low_since = NULL FROM inventory_stock AS s"
        " WHERE s.id = r.stock_id AND r.low_since IS NOT NULL AND s.free > ceil(r.point_units * %(above)s)"
        " RETURNING r.stock_id",
        {"above": WELL_ABOVE},
    )
    low = ledger.execute(
        "UPDATE inventory_reorderpoint AS r SET low_since = %(now)s FROM inventory_stock AS s"
        " JOIN catalog_store AS t ON t.id = s.store_id"
        " WHERE s.id = r.stock_id AND r.low_since IS NULL AND r.point_units > 0 AND s.free <= r.point_units"
        " RETURNING t.code, s.product_id, s.free::float / r.point_units",
        {"now": now},
    )
    for code, found in groupby(sorted(low), key=itemgetter(0)):
        worst_first = [product_id for _, product_id, _ in sorted(found, key=itemgetter(2, 1))]
        fact = StockLow(store_code=code, product_ids=worst_first)
        events.record(fact, subject=f"store:{code}", actor="system")
        tell_store(LowStockNotice, store_code=code, n=len(worst_first), product_id=worst_first[0])
    return len(low)
