"""Every write to stock. Each act locks its stock rows by primary key, applies deltas under the CHECKs and writes the
ledger in the same statement, so that counters and ledger cannot part.

Lock order inside this app: stock row, then its hold. The acts take part in the caller's transaction without a
savepoint of their own; what they refuse, they refuse before anything is written and outside their atomic block, so a
caller may catch a refusal and go on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from blinkit.kernel import events, live
from blinkit.kernel.errors import NotFound
from inventory.errors import BadQuantity, HoldGone, OutOfStock, UnitsHeld
from inventory.events import HoldExpired, StockCounted
from inventory.models import Hold, HoldState, MovementKind
from inventory.queries import FEW_LEFT

LIVE_STATES = (HoldState.ACTIVE.value, HoldState.FIRM.value)


@dataclass(frozen=True, slots=True)
class _Row:
    """A locked stock row, with the hold that is being changed where there is one."""

    id: int
    product_id: int
    on_hand: int
    held: int
    store_code: str
    hold_qty: int = 0

    @property
    def free(self) -> int:
        return self.on_hand - self.held


# -- for an order ------------------------------------------------------------------------------------------------------


def hold(
    *, ref: UUID, store_id: int, basket: Mapping[int, int], until: datetime | None, actor: str, now: datetime
) -> None:
    """Set aside whole units of each product ({product id: units}) for `ref`, all or nothing. Two statements.

    `until` None makes the hold firm at once (cash on delivery). A ref that holds already is left as it is.
    Raises OutOfStock with `short`: the units really free, per product; BadQuantity unless every quantity is positive.
    """
    if not basket or min(basket.values()) <= 0:
        raise BadQuantity("Every product needs a quantity of at least one.")
    with transaction.atomic(savepoint=False):
        rows = {row.product_id: row for row in _lock_shelf(store_id, sorted(basket))}
        short = {
            p: (rows[p].free if p in rows else 0) for p, qty in basket.items() if p not in rows or rows[p].free < qty
        }
        if not short:
            _write_hold(rows, ref=ref, basket=basket, until=until, actor=actor, now=now)
    # A repeat finds its own units missing.
    if short and not Hold.objects.filter(ref=ref).exclude(state=HoldState.RELEASED).exists():
        raise OutOfStock("Some items just sold out.", short=short)


def _write_hold(
    rows: Mapping[int, _Row], *, ref: UUID, basket: Mapping[int, int], until: datetime | None, actor: str, now: datetime
) -> None:
    ids = [rows[p].id for p in basket]
    state = HoldState.FIRM if until is None else HoldState.ACTIVE
    held = _execute(
        """
        WITH mine AS (
            INSERT INTO inventory_hold (ref, stock_id, qty, state, expires_at, created_at)
            SELECT %(ref)s, wanted.id, wanted.qty, %(state)s, %(until)s, %(now)s
            FROM unnest(%(ids)s::bigint[], %(qty)s::int[]) AS wanted(id, qty)
            WHERE NOT EXISTS (SELECT 1 FROM inventory_hold WHERE ref = %(ref)s AND state <> 'released')
            ON CONFLICT (ref, stock_id) DO NOTHING
            RETURNING stock_id, qty
        ), ledger AS (
            INSERT INTO inventory_movement (stock_id, kind, on_hand_delta, held_delta, ref, reason, actor, at)
            SELECT stock_id, %(kind)s, 0, qty, %(ref)s, '', %(actor)s, %(now)s FROM mine
        )
        UPDATE inventory_stock AS s SET held = s.held + mine.qty FROM mine WHERE s.id = mine.stock_id
        RETURNING s.id
        """,
        {
            "ref": ref,
            "ids": ids,
            "qty": list(basket.values()),
            "state": state.value,
            "until": until,
            "kind": MovementKind.HOLD.value,
            "actor": actor,
            "now": now,
        },
    )
    if held:
        _tell_crossings((rows[p], rows[p].free - qty) for p, qty in basket.items())


def firm(*, ref: UUID, now: datetime) -> None:
    """The order is paid for: its units no longer expire. Repeating is silent.

    Raises HoldGone when they were given back meanwhile.
    """
    made_firm = _execute(
        "UPDATE inventory_hold AS h SET state = 'firm', expires_at = NULL"
        " FROM (SELECT id FROM inventory_hold WHERE ref = %(ref)s AND state = 'active' ORDER BY stock_id FOR UPDATE)"
        " AS mine WHERE h.id = mine.id RETURNING h.id",
        {"ref": ref},
    )
    if not made_firm and not Hold.objects.filter(ref=ref, state__in=[HoldState.FIRM, HoldState.SHIPPED]).exists():
        raise HoldGone("The items are no longer set aside.")


def release(*, ref: UUID, reason: str, actor: str, now: datetime) -> None:
    """Give back what `ref` still holds. Nothing held, nothing done; what has left the store is `take_back`'s."""
    with transaction.atomic(savepoint=False):
        _settle(
            ref, LIVE_STATES, HoldState.RELEASED, MovementKind.RELEASE, held=-1, reason=reason, actor=actor, now=now
        )


def ship(*, ref: UUID, actor: str, now: datetime) -> None:
    """The firm units leave the store. Repeating is silent. Raises HoldGone when nothing is firmly held."""
    with transaction.atomic(savepoint=False):
        moved = _settle(
            ref, [HoldState.FIRM.value], HoldState.SHIPPED, MovementKind.SHIP, on_hand=-1, held=-1, actor=actor, now=now
        )
    if not moved and not Hold.objects.filter(ref=ref, state=HoldState.SHIPPED).exists():
        raise HoldGone("Nothing is firmly set aside for this order.")


def take_back(*, ref: UUID, actor: str, now: datetime, reason: str = "Undelivered") -> None:
    """Units that had left come back onto the shelf. Repeating is silent."""
    with transaction.atomic(savepoint=False):
        _settle(
            ref,
            [HoldState.SHIPPED.value],
            HoldState.RELEASED,
            MovementKind.RETURN,
            on_hand=1,
            reason=reason,
            actor=actor,
            now=now,
        )


def release_part(
    *, ref: UUID, product_id: int, qty: int, reason: str, actor: str, now: datetime, missing: bool = True
) -> None:
    """Give back some held units of one product. With `missing` they are not in the store either (short pick).

    Not silent when repeated: the caller holds the order's lock and asks once per shorted unit. Raises BadQuantity for
    more units than are held.
    """
    kind = MovementKind.COUNT if missing else MovementKind.RELEASE
    with transaction.atomic(savepoint=False):
        rows = [row for row in _lock_held(ref, LIVE_STATES, product_id=product_id) if row.hold_qty]
        enough = bool(rows) and 0 < qty <= rows[0].hold_qty
        if enough:
            row = rows[0]
            _execute(
                """
                WITH mine AS (
                    UPDATE inventory_hold SET qty = qty - %(qty)s,
                        state = CASE WHEN qty = %(qty)s THEN 'released' ELSE state END
                    WHERE ref = %(ref)s AND stock_id = %(id)s
                ), ledger AS (
                    INSERT INTO inventory_movement (stock_id, kind, on_hand_delta, held_delta, ref, reason, actor, at)
                    VALUES (%(id)s, %(kind)s, %(gone)s, -%(qty)s, %(ref)s, %(reason)s, %(actor)s, %(now)s)
                )
                UPDATE inventory_stock SET held = held - %(qty)s, on_hand = on_hand + %(gone)s WHERE id = %(id)s
                RETURNING id
                """,
                {
                    "ref": ref,
                    "id": row.id,
                    "qty": qty,
                    "gone": -qty if missing else 0,
                    "kind": kind.value,
                    "reason": reason[:120],
                    "actor": actor,
                    "now": now,
                },
            )
            if not missing:
                _tell_crossings([(row, row.free + qty)])
    if not enough:
        raise BadQuantity(f"{rows[0].hold_qty if rows else 0} units are set aside here, not {qty}.")


def swap(
    *, ref: UUID, store_id: int, product_id: int, substitute_id: int, qty: int, reason: str, actor: str, now: datetime
) -> None:
    """`qty` units that `ref` holds of one product are not there: as many of another are firmly set aside instead.

    Both stock rows are locked in key order before either changes. Raises OutOfStock(short) when the substitute has not
    enough free units, BadQuantity for more units than are held; nothing is written then.
    """
    with transaction.atomic(savepoint=False):
        rows = {row.product_id: row for row in _lock_shelf(store_id, [product_id, substitute_id])}
        free = rows[substitute_id].free if substitute_id in rows else 0
        if 0 < qty <= free:
            release_part(ref=ref, product_id=product_id, qty=qty, reason=reason, actor=actor, now=now, missing=True)
            row = rows[substitute_id]
            _execute(
                """
                WITH mine AS (
                    INSERT INTO inventory_hold (ref, stock_id, qty, state, expires_at, created_at)
                    VALUES (%(ref)s, %(id)s, %(qty)s, 'firm', NULL, %(now)s)
                ), ledger AS (
                    INSERT INTO inventory_movement (stock_id, kind, on_hand_delta, held_delta, ref, reason, actor, at)
                    VALUES (%(id)s, %(kind)s, 0, %(qty)s, %(ref)s, %(reason)s, %(actor)s, %(now)s)
                )
                UPDATE inventory_stock SET held = held + %(qty)s WHERE id = %(id)s RETURNING id
                """,
                {
                    "ref": ref,
                    "id": row.id,
                    "qty": qty,
                    "kind": MovementKind.HOLD.value,
                    "reason": reason[:120],
                    "actor": actor,
                    "now": now,
                },
            )
            _tell_crossings([(row, row.free - qty)])
    if qty <= 0:
        raise BadQuantity("Say how many units come instead.")
    if qty > free:
        raise OutOfStock("There are not enough of it.", short={substitute_id: free})


def move_hold(
    *, ref: UUID, to_store_id: int, basket: Mapping[int, int], reason: str, actor: str, now: datetime
) -> None:
    """Another store sets the basket aside firmly for `ref`, and the one that did gives it back: all or nothing.

    The stock rows of both are locked in key order before either changes. `to_store_id` must be a store that never held
    for this ref. Raises OutOfStock(short) when it has not everything; the caller then rolls back (a savepoint of its
    own is enough), for nothing may be half moved.
    """
    with transaction.atomic(savepoint=False):
        _execute(
            "SELECT s.id FROM inventory_stock AS s WHERE (s.store_id = %(store)s AND s.product_id = ANY(%(products)s))"
            " OR s.id IN (SELECT stock_id FROM inventory_hold WHERE ref = %(ref)s AND state IN ('active', 'firm'))"
            " ORDER BY s.id FOR UPDATE",
            {"store": to_store_id, "products": sorted(basket), "ref": ref},
        )
        release(ref=ref, reason=reason, actor=actor, now=now)
        hold(ref=ref, store_id=to_store_id, basket=basket, until=None, actor=actor, now=now)


def sweep_expired(*, now: datetime, limit: int = 200) -> int:
    """Release holds whose time is over, oldest first; each ref in its own transaction with HoldExpired. Returns how
    many.
    """
    over = (
        Hold.objects.filter(state=HoldState.ACTIVE, expires_at__lte=now)
        .order_by("expires_at")
        .values_list("ref", flat=True)
    )
    done = 0
    for ref in dict.fromkeys(over[: limit * 5]):
        if done == limit:
            break
        with transaction.atomic():
            released = _settle(
                ref,
                [HoldState.ACTIVE.value],
                HoldState.RELEASED,
                MovementKind.RELEASE,
                held=-1,
                reason="Payment window over",
                actor="system",
                now=now,
                expired_at=now,
            )
            if released:
                events.record(HoldExpired(ref=ref), subject=f"order:{ref}", actor="system")
                done += 1
    return done


# -- for the store -----------------------------------------------------------------------------------------------------


def receive(
    *, store_id: int, lines: Iterable[tuple[int, int, str | None]], reason: str, actor: str, now: datetime
) -> int:
    """Goods arrive: (product id, units, bin code or None) each. Makes stock rows and bins that are not there yet.

    Zero units only give the product its place. A line with a bin moves the product there. Returns the units received.
    Raises BadQuantity for a negative quantity, NotFound for an unknown store.
    """
    units: dict[int, int] = {}
    places: dict[int, str] = {}
    for product_id, qty, bin_code in lines:
        if qty < 0:
            raise BadQuantity("Goods received cannot be negative.")
        units[product_id] = units.get(product_id, 0) + qty
        if bin_code:
            places[product_id] = bin_code
    if not units:
        return 0
    products = sorted(units)
    _need_store(store_id)
    with transaction.atomic(savepoint=False):
        _see_to_bins(store_id, places)
        _execute(
            "INSERT INTO inventory_stock (store_id, product_id, on_hand, held)"
            " SELECT %(store)s, id, 0, 0 FROM unnest(%(products)s::bigint[]) AS wanted(id) ORDER BY id"
            " ON CONFLICT (store_id, product_id) DO NOTHING RETURNING id",
            {"store": store_id, "products": products},
        )
        rows = _lock_shelf(store_id, products)
        _execute(
            """
            WITH wanted AS (
                SELECT w.id, w.qty, b.id AS bin_id
                FROM unnest(%(ids)s::bigint[], %(qty)s::int[], %(bins)s::text[]) AS w(id, qty, bin)
                LEFT JOIN inventory_bin AS b ON b.store_id = %(store)s AND b.code = w.bin
            ), ledger AS (
                INSERT INTO inventory_movement (stock_id, kind, on_hand_delta, held_delta, reason, actor, at)
                SELECT id, %(kind)s, qty, 0, %(reason)s, %(actor)s, %(now)s FROM wanted WHERE qty > 0
            )
            UPDATE inventory_stock AS s SET on_hand = s.on_hand + wanted.qty, bin_id = coalesce(wanted.bin_id, s.bin_id)
            FROM wanted WHERE s.id = wanted.id RETURNING s.id
            """,
            {
                "ids": [row.id for row in rows],
                "qty": [units[row.product_id] for row in rows],
                "bins": [places.get(row.product_id) for row in rows],
                "store": store_id,
                "kind": MovementKind.RECEIVE.value,
                "reason": reason[:120],
                "actor": actor,
                "now": now,
            },
        )
        _tell_crossings((row, row.free + units[row.product_id]) for row in rows)
    return sum(units.values())


def count(*, store_id: int, product_id: int, counted: int, reason: str, actor: str, now: datetime) -> int:
    """Somebody counted the shelf: on hand becomes what was counted. Returns the difference (0 is written down as well).

    Raises UnitsHeld when fewer were counted than are set aside for orders: short those picks first.
    """
    if counted < 0:
        raise BadQuantity("A count cannot be negative.")
    receive(store_id=store_id, lines=[(product_id, 0, None)], reason=reason, actor=actor, now=now)
    with transaction.atomic(savepoint=False):
        (row,) = _lock_shelf(store_id, [product_id])
        possible = counted >= row.held
        if possible:
            _change(row, counted - row.on_hand, MovementKind.COUNT, reason=reason, actor=actor, now=now)
            events.record(
                StockCounted(store_code=row.store_code, product_id=product_id, expected=row.on_hand, counted=counted),
                subject=f"store:{row.store_code}",
                actor=actor,
            )
    if not possible:
        raise UnitsHeld(
            f"{row.held} units are set aside for orders. Mark those picks as not found first, then count again.",
            held=row.held,
            on_hand=row.on_hand,
        )
    return counted - row.on_hand


def waste(*, store_id: int, product_id: int, qty: int, reason: str, actor: str, now: datetime) -> None:
    """Units are thrown away. Raises UnitsHeld when more than the free ones would go, BadQuantity unless positive."""
    if qty <= 0:
        raise BadQuantity("Say how many units go.")
    with transaction.atomic(savepoint=False):
        rows = _lock_shelf(store_id, [product_id])
        possible = bool(rows) and qty <= rows[0].free
        if possible:
            _change(rows[0], -qty, MovementKind.WASTE, reason=reason, actor=actor, now=now)
    if not possible:
        held, on_hand = (rows[0].held, rows[0].on_hand) if rows else (0, 0)
        raise UnitsHeld(f"Only {on_hand - held} units are free here.", held=held, on_hand=on_hand)


def move_bin(*, store_id: int, product_id: int, bin_code: str, actor: str, now: datetime) -> None:
    """The product lives in another bin from now on (made when it is new). Units do not change."""
    receive(store_id=store_id, lines=[(product_id, 0, bin_code)], reason="Moved", actor=actor, now=now)


@transaction.atomic
def rebuild_counters(*, stock_ids: Iterable[int]) -> int:
    """Set the counters of these rows to the sum of their ledger. For repairs; returns how many rows changed."""
    ids = sorted(stock_ids)
    # Locked by a statement of its own: the next one then sees every line written by those it waited for.
    _execute("SELECT id FROM inventory_stock WHERE id = ANY(%(ids)s) ORDER BY id FOR UPDATE", {"ids": ids})
    changed = _execute(
        """
        UPDATE inventory_stock AS s SET on_hand = truth.on_hand, held = truth.held
        FROM (
            SELECT w.id, coalesce(sum(m.on_hand_delta), 0) AS on_hand, coalesce(sum(m.held_delta), 0) AS held
            FROM unnest(%(ids)s::bigint[]) AS w(id) LEFT JOIN inventory_movement AS m ON m.stock_id = w.id GROUP BY w.id
        ) AS truth
        WHERE s.id = truth.id AND (s.on_hand, s.held) IS DISTINCT FROM (truth.on_hand, truth.held) RETURNING s.id
        """,
        {"ids": ids},
    )
    return len(changed)


# -- shared parts ------------------------------------------------------------------------------------------------------

_COLUMNS = "s.id, s.product_id, s.on_hand, s.held, t.code"


def _execute(sql: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def _lock_shelf(store_id: int, product_ids: Sequence[int]) -> list[_Row]:
    """The stock rows of these products, locked in key order."""
    return [
        _Row(*found)
        for found in _execute(
            f"SELECT {_COLUMNS} FROM inventory_stock AS s JOIN catalog_store AS t ON t.id = s.store_id"
            " WHERE s.store_id = %(store)s AND s.product_id = ANY(%(products)s) ORDER BY s.id FOR UPDATE OF s",
            {"store": store_id, "products": list(product_ids)},
        )
    ]


def _lock_held(
    ref: UUID, states: Sequence[str], *, product_id: int | None = None, expired_at: datetime | None = None
) -> list[_Row]:
    """The stock rows that `ref` holds in one of the states, with their holds, locked in key order."""
    sql = (
        f"SELECT {_COLUMNS}, h.qty FROM inventory_hold AS h JOIN inventory_stock AS s ON s.id = h.stock_id"
        " JOIN catalog_store AS t ON t.id = s.store_id WHERE h.ref = %(ref)s AND h.state = ANY(%(states)s)"
    )
    if product_id is not None:
        sql += " AND s.product_id = %(product)s"
    if expired_at is not None:
        sql += " AND h.expires_at <= %(expired)s"
    return [
        _Row(*found)
        for found in _execute(
            sql + " ORDER BY s.id FOR UPDATE OF s, h",
            {"ref": ref, "states": list(states), "product": product_id, "expired": expired_at},
        )
    ]


def _settle(
    ref: UUID,
    states: Sequence[str],
    to: HoldState,
    kind: MovementKind,
    *,
    actor: str,
    now: datetime,
    on_hand: int = 0,
    held: int = 0,
    reason: str = "",
    expired_at: datetime | None = None,
) -> int:
    """Move the holds of `ref` from one of the states to `to`; counters change by the factors times the held units."""
    rows = _lock_held(ref, states, expired_at=expired_at)
    if not rows:
        return 0
    _execute(
        """
        WITH mine AS (
            UPDATE inventory_hold SET state = %(to)s, expires_at = NULL
            WHERE ref = %(ref)s AND stock_id = ANY(%(ids)s) RETURNING stock_id, qty
        ), ledger AS (
            INSERT INTO inventory_movement (stock_id, kind, on_hand_delta, held_delta, ref, reason, actor, at)
            SELECT stock_id, %(kind)s, %(on_hand)s * qty, %(held)s * qty, %(ref)s, %(reason)s, %(actor)s, %(now)s
            FROM mine WHERE qty > 0
        )
        UPDATE inventory_stock AS s SET on_hand = s.on_hand + %(on_hand)s * mine.qty, held = s.held + %(held)s *
        mine.qty FROM mine WHERE s.id = mine.stock_id RETURNING s.id """,
        {
            "to": to.value,
            "ref": ref,
            "ids": [row.id for row in rows],
            "kind": kind.value,
            "on_hand": on_hand,
            "held": held,
            "reason": reason[:120],
            "actor": actor,
            "now": now,
        },
    )
    _tell_crossings((row, row.free + (on_hand - held) * row.hold_qty) for row in rows)
    return len(rows)


def _change(row: _Row, delta: int, kind: MovementKind, *, reason: str, actor: str, now: datetime) -> None:
    _execute(
        "WITH ledger AS (INSERT INTO inventory_movement (stock_id, kind, on_hand_delta, held_delta, reason, actor, at)"
        " VALUES (%(id)s, %(kind)s, %(delta)s, 0, %(reason)s, %(actor)s, %(now)s))"
        " UPDATE inventory_stock SET on_hand = on_hand + %(delta)s WHERE id = %(id)s RETURNING id",
        {"id": row.id, "kind": kind.value, "delta": delta, "reason": reason[:120], "actor": actor, "now": now},
    )
    _tell_crossings([(row, row.free + delta)])


def _tell_crossings(changes: Iterable[tuple[_Row, int]]) -> None:
    """Screens hear of stock only when a product sells out or comes back, not at each hold; the shop's shelf also hears
    of each of the last few units, which it counts out loud. After the commit: no statement of its own."""
    for row, free_after in changes:
        if (row.free > 0) != (free_after > 0):
            live.touch(f"store.{row.store_code}", what="stock", id=row.product_id)
        if _seen(row.free) != _seen(free_after):
            live.touch(f"shelf.{row.store_code}", what="stock", id=row.product_id)


def _seen(free: int) -> int:
    """What a customer can tell of the units left: none, one to FEW_LEFT, or more than that."""
    return max(0, min(free, FEW_LEFT + 1))


def _need_store(store_id: int) -> None:
    if not _execute("SELECT id FROM catalog_store WHERE id = %(id)s", {"id": store_id}):
        raise NotFound("There is no such store.")


def _see_to_bins(store_id: int, places: Mapping[int, str]) -> None:
    """New bins get the zone of what is put there and come last on the walk, in the order of their codes."""
    if not places:
        return
    _execute(
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
