"""Goods that come in, and where they lie. Each lot becomes a batch with the last instant it may be handed over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from django.db import transaction

from blinkit.kernel.errors import NotFound
from inventory.errors import BadQuantity
from inventory.fefo import Take
from inventory.models import MovementKind
from inventory.services import ledger

SHARE_OF_LIFE = "0.3"
"""At the door at least 30 % of a product's life must remain, or the days the product itself asks for, if that is
more."""

_SELL_UNTIL = f"""(
    ((({{ends}}) + 1)::timestamp AT TIME ZONE city.timezone)
    - greatest(coalesce(p.shelf_life_days, 0) * {SHARE_OF_LIFE}, coalesce(p.min_life_days, 0)) * interval '1 day'
)"""
"""The end of the last day of use where the store is, less the life that must remain. Days are of 24 hours."""


RETIMED_AT_ONCE = 500


class Arrival(NamedTuple):
    """One line of goods that came. `bin_code` gives the product (or, with a lot or expiry, the lot) its place."""

    product_id: int
    qty: int
    bin_code: str | None = None
    lot: str = ""
    expires_on: date | None = None
    unit_cost_paise: int | None = None


def receive(
    *,
    store_id: int,
    lines: Iterable[Arrival | tuple[int, int, str | None]],
    reason: str,
    actor: str,
    now: datetime,
    kind: MovementKind = MovementKind.RECEIVE,
    ref: UUID | None = None,
) -> int:
    """Goods arrive: an Arrival (or its first three values) each. Makes stock rows, batches and bins that are not there
    yet.

    Units of one lot and expiry are one batch. What comes too short-dated or recalled goes into a blocked batch, not on
    sale. Zero units only give the product its place. A line with a bin moves the product there. Returns the units
    received. Raises BadQuantity for a negative quantity, NotFound for an unknown store.
    """
    came = [Arrival(*line) for line in lines]
    if any(line.qty < 0 for line in came):
        raise BadQuantity("Goods received cannot be negative.")
    if not came:
        return 0
    places = {line.product_id: line.bin_code for line in came if line.bin_code}
    products = sorted({line.product_id for line in came})
    _need_store(store_id)
    with transaction.atomic(savepoint=False):
        see_to_bins(store_id, places)
        ledger.execute(
            "INSERT INTO inventory_stock (store_id, product_id, on_hand, held)"
            " SELECT %(store)s, id, 0, 0 FROM unnest(%(products)s::bigint[]) AS wanted(id) ORDER BY id"
            " ON CONFLICT (store_id, product_id) DO NOTHING RETURNING id",
            {"store": store_id, "products": products},
        )
        rows = ledger.lock_shelf(store_id, products)
        if places:
            _set_home(store_id, {row.id: places[row.product_id] for row in rows if row.product_id in places})
        of_product = {row.product_id: row.id for row in rows}
        takes = _batches(store_id, of_product, [line for line in came if line.qty], now=now)
        if takes:
            ledger.post(takes, kind, on_hand=1, reason=reason, actor=actor, now=now, rows=rows, ref=ref)
    return sum(line.qty for line in came)


def move_bin(*, store_id: int, product_id: int, bin_code: str, actor: str, now: datetime) -> None:
    """The product lives in another bin from now on (made when it is new). Units do not change."""
    receive(store_id=store_id, lines=[(product_id, 0, bin_code)], reason="Moved", actor=actor, now=now)


def retime(*, product_ids: Iterable[int] | None = None) -> int:
    """The life a product must still have was changed: its batches (None: of all products) get their last instant anew.
    Returns how many changed. What is on sale or not is the sweeps' to see."""
    last = _SELL_UNTIL.format(ends="b.expires_on")
    rest = (
        " FROM inventory_stock AS s JOIN catalog_product AS p ON p.id = s.product_id"
        " JOIN catalog_store AS t ON t.id = s.store_id JOIN catalog_city AS city ON city.id = t.city_id"
    )
    wrong = f"b.expires_on IS NOT NULL AND b.on_hand > 0 AND b.sell_until IS DISTINCT FROM {last}"
    found = ledger.execute(
        f"SELECT DISTINCT s.id {rest} JOIN inventory_batch AS b ON b.stock_id = s.id"
        f" WHERE (%(all)s OR p.id = ANY(%(products)s::bigint[])) AND {wrong} ORDER BY s.id",
        {"all": product_ids is None, "products": list(product_ids or ())},
    )
    changed = 0
    for start in range(0, len(found), RETIMED_AT_ONCE):
        ids = [row[0] for row in found[start : start + RETIMED_AT_ONCE]]
        with transaction.atomic():
            ledger.lock_stock(ids)
            sql = f"UPDATE inventory_batch AS b SET sell_until = {last} {rest}"
            sql += f" WHERE s.id = b.stock_id AND s.id = ANY(%(ids)s) AND {wrong} RETURNING b.id"
            changed += len(ledger.execute(sql, {"ids": ids}))
    return changed


def life_at_door(
    *, store_id: int, product_id: int, expires_on: date | None, now: datetime
) -> tuple[date, datetime | None]:
    """Today where the store is, and the last instant at which a unit with this last day of use may be handed over."""
    ((today, last),) = ledger.execute(
        f"""
        SELECT (%(now)s::timestamptz AT TIME ZONE city.timezone)::date, {_SELL_UNTIL.format(ends="%(ends)s::date")}
        FROM catalog_store AS t JOIN catalog_city AS city ON city.id = t.city_id, catalog_product AS p
        WHERE t.id = %(store)s AND p.id = %(product)s
        """,
        {"now": now, "ends": expires_on, "store": store_id, "product": product_id},
    )
    return today, last


def _batches(store_id: int, of_product: Mapping[int, int], came: Sequence[Arrival], *, now: datetime) -> list[Take]:
    """The batch of each line (made when it is new), with its units; lines of one batch together."""
    units: dict[tuple[int, str, date | None], int] = {}
    more: dict[tuple[int, str, date | None], Arrival] = {}
    for line in came:
        key = (of_product[line.product_id], line.lot.strip(), line.expires_on)
        units[key] = units.get(key, 0) + line.qty
        more[key] = line
    if not units:
        return []
    batch_of = see_to_batches([(key[0], more[key]) for key in units], now=now)
    return [Take(batch_of[key], qty) for key, qty in units.items()]


def see_to_batches(lines: Sequence[tuple[int, Arrival]], *, now: datetime) -> dict[tuple[int, str, date | None], int]:
    """The batch of each (locked stock row, lot and expiry), made when it is new: {(stock row, lot, expiry): batch}.

    A new one of recalled goods begins in quarantine, one that came too short-dated off sale. One statement.
    """
    found = ledger.execute(
        f"""
        WITH wanted AS (
            SELECT w.*, {_SELL_UNTIL.format(ends="w.ends")} AS sell_until, bin.id AS bin_id, (
                SELECT r.reason FROM inventory_recall AS r WHERE r.product_id = s.product_id AND r.ended_at IS NULL
                AND r.lot IN ('', w.lot) ORDER BY r.id LIMIT 1
            ) AS recalled
            FROM unnest(%(stocks)s::bigint[], %(lots)s::text[], %(ends)s::date[], %(costs)s::bigint[], %(bins)s::text[])
                AS w(stock_id, lot, ends, cost, bin)
            JOIN inventory_stock AS s ON s.id = w.stock_id
            JOIN catalog_product AS p ON p.id = s.product_id
            JOIN catalog_store AS t ON t.id = s.store_id JOIN catalog_city AS city ON city.id = t.city_id
            LEFT JOIN inventory_bin AS bin ON bin.store_id = s.store_id AND bin.code = w.bin
        ), made AS (
            INSERT INTO inventory_batch
                (stock_id, lot, expires_on, sell_until, bin_id, unit_cost_paise, state, state_reason, on_hand, held,
                received_at)
            SELECT stock_id, lot, ends, sell_until, bin_id, cost,
                CASE WHEN recalled IS NOT NULL THEN 'quarantined'
                    WHEN sell_until < %(now)s THEN 'short' ELSE 'open' END,
                CASE WHEN recalled IS NOT NULL THEN recalled
                    WHEN sell_until < %(now)s THEN 'Too short-dated when it came' ELSE '' END,
                0, 0, %(now)s
            FROM wanted
            ON CONFLICT (stock_id, lot, expires_on) DO UPDATE SET
                unit_cost_paise = coalesce(excluded.unit_cost_paise, inventory_batch.unit_cost_paise),
                bin_id = coalesce(excluded.bin_id, inventory_batch.bin_id)
            WHERE excluded.unit_cost_paise IS NOT NULL OR excluded.bin_id IS NOT NULL
            RETURNING id, stock_id, lot, expires_on
        )
        SELECT stock_id, lot, expires_on, id FROM made
        UNION
        SELECT b.stock_id, b.lot, b.expires_on, b.id FROM wanted AS w JOIN inventory_batch AS b
            ON b.stock_id = w.stock_id AND b.lot = w.lot AND b.expires_on IS NOT DISTINCT FROM w.ends
        """,
        {
            "stocks": [stock_id for stock_id, _ in lines],
            "lots": [line.lot.strip() for _, line in lines],
            "ends": [line.expires_on for _, line in lines],
            "costs": [line.unit_cost_paise for _, line in lines],
            "bins": [line.bin_code if line.lot.strip() or line.expires_on else None for _, line in lines],
            "now": now,
        },
    )
    return {(stock_id, lot, ends): batch_id for stock_id, lot, ends, batch_id in found}


def see_to_stock(places: Iterable[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """The stock rows of these (store, product), made when they are new, in that order: {(store, product): id}."""
    wanted = sorted(set(places))
    values = {"stores": [store for store, _ in wanted], "products": [product for _, product in wanted]}
    pairs = "unnest(%(stores)s::bigint[], %(products)s::bigint[]) AS w(store_id, product_id)"
    ledger.execute(
        "INSERT INTO inventory_stock (store_id, product_id, on_hand, held)"
        f" SELECT store_id, product_id, 0, 0 FROM {pairs}"
        " WHERE NOT EXISTS (SELECT 1 FROM inventory_stock AS s WHERE s.store_id = w.store_id"
        " AND s.product_id = w.product_id)"
        " ORDER BY store_id, product_id ON CONFLICT (store_id, product_id) DO NOTHING RETURNING id",
        values,
    )
    found = ledger.execute(
        f"SELECT s.store_id, s.product_id, s.id FROM {pairs} JOIN inventory_stock AS s"
        " ON s.store_id = w.store_id AND s.product_id = w.product_id",
        values,
    )
    return {(store_id, product_id): stock_id for store_id, product_id, stock_id in found}


def _set_home(store_id: int, codes: Mapping[int, str]) -> None:
    ledger.execute(
        "UPDATE inventory_stock AS s SET bin_id = b.id"
        " FROM unnest(%(ids)s::bigint[], %(codes)s::text[]) AS w(id, code)"
        " JOIN inventory_bin AS b ON b.store_id = %(store)s AND b.code = w.code"
        " WHERE s.id = w.id AND s.bin_id IS DISTINCT FROM b.id RETURNING s.id",
        {"store": store_id, "ids": list(codes), "codes": list(codes.values())},
    )


def _need_store(store_id: int) -> None:
    if not ledger.execute("SELECT id FROM catalog_store WHERE id = %(id)s", {"id": store_id}):
        raise NotFound("There is no such store.")


def see_to_bins(store_id: int, places: Mapping[int, str]) -> None:
    """New bins get the zone of what is put there and come last on the walk, in the order of their codes."""
    if not places:
        return
    ledger.execute(
        """
        INSERT INTO inventory_bin (store_id, code, zone, sequence)
        SELECT %(store)s, new.code, new.zone, last.sequence + row_number() OVER (ORDER BY new.code)
        FROM (
            SELECT DISTINCT ON (w.code) w.code, p.zone
            FROM unnest(%(products)s::bigint[], %(codes)s::text[]) AS w(product_id, code)
            JOIN catalog_product AS p ON p.id = w.product_id
            WHERE NOT EXISTS (SELECT 1 FROM inventory_bin AS b WHERE b.store_id = %(store)s AND b.code = w.code)
            ORDER BY w.code, w.product_id
        ) AS new,
        (SELECT coalesce(max(sequence), 0) AS sequence FROM inventory_bin WHERE store_id = %(store)s) AS last
        ON CONFLICT (store_id, code) DO NOTHING RETURNING id
        """,
        {"store": store_id, "products": list(places), "codes": list(places.values())},
    )
