"""Units set aside for an order: held, made firm, given back, sent out, brought back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from blinkit.kernel import events
from blinkit.kernel.said import say
from blinkit.kernel.sweeping import one_by_one
from inventory import fefo
from inventory.errors import BadQuantity, HoldGone, LotRecalled, OutOfStock
from inventory.events import HoldExpired
from inventory.fefo import Take
from inventory.models import Hold, HoldState, MovementKind
from inventory.recall_queries import not_to_leave
from inventory.services import ledger
from inventory.services.ledger import Row

LIVE_STATES = (HoldState.ACTIVE.value, HoldState.FIRM.value)


def hold(
    *,
    ref: UUID,
    store_id: int,
    basket: Mapping[int, int],
    until: datetime | None,
    actor: str,
    now: datetime,
    arrives_at: datetime | None = None,
) -> None:
    """Set aside whole units of each product ({product id: units}) for `ref`, all or nothing. Three statements.

    Only units that may still be handed over at `arrives_at` (default: now), those that expire first before others.
    `until` None makes the hold firm at once (cash on delivery). A ref that holds already is left as it is.
    Raises OutOfStock with `short`: the units really free for then, per product; BadQuantity unless every quantity is
    positive, HoldGone for a ref that gave back units of this store before.
    """
    if not basket or min(basket.values()) <= 0:
        raise BadQuantity("Every product needs a quantity of at least one.")
    with transaction.atomic(savepoint=False):
        held = False
        rows = ledger.lock_shelf(store_id, sorted(basket))
        lots = ledger.lots(rows, arrives_at=arrives_at or now)
        free = {row.product_id: sum(lot.free for lot in lots.get(row.id, [])) for row in rows}
        short = {
            product_id: free.get(product_id, 0) for product_id, qty in basket.items() if free.get(product_id, 0) < qty
        }
        if not short:
            takes = {
                row.id: fefo.allocate([(lot.id, lot.free) for lot in lots[row.id]], basket[row.product_id])
                for row in rows
            }
            state = HoldState.FIRM if until is None else HoldState.ACTIVE
            held = _write_hold(
                rows, takes, ref=ref, state=state, until=until, arrives_at=arrives_at, reason="", actor=actor, now=now
            )
    if held or Hold.objects.filter(ref=ref).exclude(state=HoldState.RELEASED).exists():
        return  # done now, or before: a repeat finds its own units missing
    if short:
        raise OutOfStock("Some items just sold out.", short=short)
    raise HoldGone("These units were given back before. Order again.")


def _write_hold(
    rows: Sequence[Row],
    takes: Mapping[int, Sequence[Take]],
    *,
    ref: UUID,
    state: HoldState,
    until: datetime | None,
    reason: str,
    actor: str,
    now: datetime,
    arrives_at: datetime | None = None,
    also: bool = False,
) -> bool:
    """Holds for locked stock rows from these batches, in one statement. `also`: the ref may hold other rows already.
    False when it held before."""
    flat = [(stock_id, take) for stock_id, some in takes.items() for take in some]
    new = """
        mine AS (
            INSERT INTO inventory_hold (ref, stock_id, qty, state, expires_at, arrives_at, created_at)
            SELECT %(ref)s, w.stock_id, sum(w.qty), %(state)s, %(until)s, %(arrives)s, %(now)s
            FROM unnest(%(stocks)s::bigint[], %(qty)s::int[]) AS w(stock_id, qty)
            WHERE %(also)s OR NOT EXISTS (
                SELECT 1 FROM inventory_hold WHERE ref = %(ref)s AND state <> 'released')
            GROUP BY w.stock_id ON CONFLICT (ref, stock_id) DO NOTHING
            RETURNING id, stock_id
        ), lot AS (
            INSERT INTO inventory_holdlot (hold_id, batch_id, qty)
            SELECT mine.id, w.batch_id, w.qty
            FROM unnest(%(stocks)s::bigint[], %(batches)s::bigint[], %(qty)s::int[]) AS w(stock_id, batch_id, qty)
            JOIN mine ON mine.stock_id = w.stock_id
            RETURNING batch_id, qty
        )"""
    changed = ledger.execute(
        ledger.posting("SELECT batch_id, 0, qty FROM lot", after=new),
        ledger.values(MovementKind.HOLD, ref=ref, reason=reason, actor=actor, now=now)
        | {
            "state": state.value,
            "until": until,
            "arrives": arrives_at,
            "stocks": [stock_id for stock_id, _ in flat],
            "batches": [take.batch_id for _, take in flat],
            "qty": [take.qty for _, take in flat],
            "also": also,
        },
    )
    ledger.tell(rows, changed)
    return bool(changed)


def hold_lots(
    rows: Sequence[Row], takes: Mapping[int, Sequence[Take]], *, ref: UUID, reason: str, actor: str, now: datetime
) -> None:
    """Free units of these very lots are firmly set aside for `ref`: {stock id: takes} of locked stock rows."""
    _write_hold(rows, takes, ref=ref, state=HoldState.FIRM, until=None, reason=reason, actor=actor, now=now)


def firm(*, ref: UUID, now: datetime) -> None:
    """The order is paid for: its units no longer expire. Repeating is silent.

    Raises HoldGone when they were given back meanwhile.
    """
    made_firm = ledger.execute(
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
    """The firm units leave the store. Repeating is silent. Raises HoldGone when nothing is firmly held,
    LotRecalled when some of it was recalled or has expired: nothing leaves then."""
    with transaction.atomic(savepoint=False):
        moved = _settle(
            ref, [HoldState.FIRM.value], HoldState.SHIPPED, MovementKind.SHIP, on_hand=-1, held=-1, actor=actor,
            now=now, leaving=True,
        )  # fmt: skip
    if moved < 0:
        bad = not_to_leave(refs=[ref], now=now)
        names = ", ".join(f"{it.units} × {it.product}{f' (lot {it.lot})' if it.lot else ''}" for it in bad)
        raise LotRecalled(
            say("These bags must not leave: {what} was recalled. Leave them here and tell operations.", what=names),
            lots=[{"product": it.product, "lot": it.lot, "units": it.units} for it in bad],
        )
    if not moved and not Hold.objects.filter(ref=ref, state=HoldState.SHIPPED).exists():
        raise HoldGone("Nothing is firmly set aside for this order.")


def take_back(*, ref: UUID, actor: str, now: datetime, reason: str = "Undelivered") -> None:
    """Units that had left come back, each to its own batch. Repeating is silent."""
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


def lock_held_by(*, ref: UUID) -> None:
    """Lock all stock rows `ref` holds units of, in key order: before several of them change in one transaction."""
    ledger.lock_held(ref, LIVE_STATES)


def release_part(
    *,
    ref: UUID,
    product_id: int,
    qty: int,
    reason: str,
    actor: str,
    now: datetime,
    missing: bool = True,
    recalled: bool = False,
) -> None:
    """Give back some held units of one product. With `missing` they are not in the store either (short pick); with
    `recalled` those of lots that must not leave go first, and stay in the store, off sale.

    Of several lots those that expire last go first: what is believed to be left is the oldest. Not silent when
    repeated: the caller holds the order's lock and asks once per shorted unit. Raises BadQuantity for more units than
    are held.
    """
    with transaction.atomic(savepoint=False):
        rows = [row for row in ledger.lock_held(ref, LIVE_STATES, product_id=product_id) if row.hold_qty]
        enough = bool(rows) and 0 < qty <= rows[0].hold_qty
        if enough:
            missing = missing and not recalled
            _lower(rows[0], qty, ref=ref, reason=reason, actor=actor, now=now, missing=missing, recalled=recalled)
    if not enough:
        raise BadQuantity(f"{rows[0].hold_qty if rows else 0} units are set aside here, not {qty}.")


def _lower(
    row: Row, qty: int, *, ref: UUID, reason: str, actor: str, now: datetime, missing: bool, recalled: bool
) -> None:
    """A locked row's hold becomes smaller by so many units."""
    held = ledger.execute(
        "SELECT l.batch_id, l.qty FROM inventory_holdlot AS l JOIN inventory_batch AS b ON b.id = l.batch_id"
        " WHERE l.hold_id = %(hold)s ORDER BY %(recalled)s AND b.state IN ('quarantined', 'expired') DESC,"
        " b.expires_on DESC NULLS FIRST, b.id DESC",
        {"hold": row.hold_id, "recalled": recalled},
    )
    takes = fefo.allocate(held, qty)
    less = """
        smaller AS (
            UPDATE inventory_hold SET qty = qty - %(units)s,
                state = CASE WHEN qty = %(units)s THEN 'released' ELSE state END
            WHERE id = %(hold)s
        ), lot AS (
            UPDATE inventory_holdlot AS l SET qty = l.qty - w.qty
            FROM unnest(%(batches)s::bigint[], %(qty)s::int[]) AS w(batch_id, qty)
            WHERE l.hold_id = %(hold)s AND l.batch_id = w.batch_id RETURNING w.batch_id, w.qty
        )"""
    kind = MovementKind.COUNT if missing else MovementKind.RELEASE
    changed = ledger.execute(
        ledger.posting("SELECT batch_id, %(gone)s * qty, -qty FROM lot", after=less),
        ledger.values(kind, ref=ref, reason=reason, actor=actor, now=now)
        | {
            "hold": row.hold_id,
            "units": qty,
            "batches": [take.batch_id for take in takes],
            "qty": [take.qty for take in takes],
            "gone": -1 if missing else 0,
        },
    )
    ledger.tell([row], changed)


def swap(
    *,
    ref: UUID,
    store_id: int,
    product_id: int,
    substitute_id: int,
    qty: int,
    reason: str,
    actor: str,
    now: datetime,
    arrives_at: datetime | None = None,
) -> None:
    """`qty` units that `ref` holds of one product are not there: as many of another are firmly set aside instead.

    Both stock rows are locked in key order before either changes. Raises OutOfStock(short) when the substitute has not
    enough free units, BadQuantity for more units than are held; nothing is written then.
    """
    if qty <= 0:
        raise BadQuantity("Say how many units come instead.")
    with transaction.atomic(savepoint=False):
        rows = {row.product_id: row for row in ledger.lock_shelf(store_id, [product_id, substitute_id])}
        other = rows.get(substitute_id)
        lots = ledger.lots([other], arrives_at=arrives_at or now).get(other.id, []) if other else []
        free = sum(lot.free for lot in lots)
        if other is not None and qty <= free:
            release_part(ref=ref, product_id=product_id, qty=qty, reason=reason, actor=actor, now=now, missing=True)
            takes = {other.id: fefo.allocate([(lot.id, lot.free) for lot in lots], qty)}
            _write_hold(
                [other],
                takes,
                ref=ref,
                state=HoldState.FIRM,
                until=None,
                arrives_at=arrives_at,
                reason=reason,
                actor=actor,
                now=now,
                also=True,
            )
    if qty > free:
        raise OutOfStock("There are not enough of it.", short={substitute_id: free})


def move_hold(
    *,
    ref: UUID,
    to_store_id: int,
    basket: Mapping[int, int],
    reason: str,
    actor: str,
    now: datetime,
    arrives_at: datetime | None = None,
) -> None:
    """Another store sets the basket aside firmly for `ref`, and the one that did gives it back: all or nothing.

    The stock rows of both are locked in key order before either changes. `to_store_id` must be a store that never held
    for this ref. Raises OutOfStock(short) when it has not everything; the caller then rolls back (a savepoint of its
    own is enough), for nothing may be half moved.
    """
    with transaction.atomic(savepoint=False):
        ledger.execute(
            "SELECT s.id FROM inventory_stock AS s WHERE (s.store_id = %(store)s AND s.product_id = ANY(%(products)s))"
            " OR s.id IN (SELECT stock_id FROM inventory_hold WHERE ref = %(ref)s AND state IN ('active', 'firm'))"
            " ORDER BY s.id FOR UPDATE",
            {"store": to_store_id, "products": sorted(basket), "ref": ref},
        )
        release(ref=ref, reason=reason, actor=actor, now=now)
        hold(ref=ref, store_id=to_store_id, basket=basket, until=None, actor=actor, now=now, arrives_at=arrives_at)


def sweep_expired(*, now: datetime, limit: int = 200) -> int:
    """Release holds whose time is over, oldest first; each ref in its own transaction with HoldExpired: one that breaks
    does not hold up the others. Returns how many.
    """
    over = (
        Hold.objects.filter(state=HoldState.ACTIVE, expires_at__lte=now)
        .order_by("expires_at")
        .values_list("ref", flat=True)
    )
    refs = list(dict.fromkeys(over[: limit * 5]))
    return one_by_one(refs[:limit], lambda ref: _expire(ref, now=now), sweep="holds")


@transaction.atomic
def _expire(ref: UUID, *, now: datetime) -> bool:
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
    return bool(released)


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
    leaving: bool = False,
) -> int:
    """Move the holds of `ref` from one of the states to `to`; their batches change by the factors times their units.

    Returns how many holds. With `leaving` nothing is moved and -1 returned when one of the batches must not leave, or
    is over and no sweep has said so yet: told by the same statement, which sees what those it waited for have written.
    """
    rows = ledger.lock_held(ref, states, expired_at=expired_at)
    if not rows:
        return 0
    good = """NOT (%(leaving)s AND EXISTS (
            SELECT 1 FROM inventory_holdlot AS l JOIN inventory_batch AS b ON b.id = l.batch_id
            JOIN inventory_stock AS of ON of.id = b.stock_id JOIN catalog_store AS t ON t.id = of.store_id
            JOIN catalog_city AS city ON city.id = t.city_id
            WHERE l.hold_id = ANY(%(holds)s) AND l.qty > 0 AND (b.state IN ('quarantined', 'expired')
                OR (b.expires_on + 1)::timestamp AT TIME ZONE city.timezone <= %(now)s)
        ))"""
    settled = f"""
        mine AS (
            UPDATE inventory_hold SET state = %(to)s, expires_at = NULL WHERE id = ANY(%(holds)s) AND {good}
        ), lot AS (
            SELECT batch_id, qty FROM inventory_holdlot WHERE hold_id = ANY(%(holds)s) AND qty > 0 AND {good}
        )"""
    changed = ledger.execute(
        ledger.posting("SELECT batch_id, %(on_hand)s * qty, %(held)s * qty FROM lot", after=settled),
        ledger.values(kind, ref=ref, reason=reason, actor=actor, now=now)
        | {
            "to": to.value,
            "holds": [row.hold_id for row in rows],
            "on_hand": on_hand,
            "held": held,
            "leaving": leaving,
        },
    )
    if leaving and not changed and any(row.hold_qty for row in rows):
        return -1
    ledger.tell(rows, changed)
    return len(rows)
