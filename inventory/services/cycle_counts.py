"""Cycle counts: what is to be counted, what people counted without seeing the book, and what of it becomes true.

What is written is never the figure that was counted but its difference to what should have lain there at the moment of
counting. So a sale between the count and its approval is not lost. Lock order: count task → stock row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from uuid import UUID

from django.db import connection, transaction

from blinkit.kernel import events, live, metrics
from inventory import abc, fefo
from inventory.counts import COUNT_NEXT, CountedLot, CountSheet, CountState, CountTask, ShelfPolicy
from inventory.errors import AnotherPerson, BadQuantity, CountClosed, NoSuchBatch, NoSuchCount
from inventory.events import CountLeftHeld, HeldMissingNotice
from inventory.models import MovementKind
from inventory.services import counting, ledger
from inventory.services.policy import policy_of
from inventory.services.telling import tell_store

SALES_DAYS = 28
"""Sales of so many days make the classes."""
LOOK_BACK_DAYS = 90
NO_LOT = 0
"""Stands for units of no lot that is known."""


@dataclass(frozen=True, slots=True)
class OneLot:
    """One lot of a sheet, as the book has it now."""

    batch_id: int
    counted: int
    expected: int
    value_paise: int

    @property
    def off(self) -> int:
        return self.counted - self.expected


def sweep_counts(*, now: datetime) -> int:
    """Make today's counts for every store. Returns how many new ones."""
    stores = ledger.execute("SELECT id FROM catalog_store WHERE is_active ORDER BY id", {})
    return sum(make_counts(store_id=store_id, now=now) for (store_id,) in stores)


@transaction.atomic
def make_counts(*, store_id: int, now: datetime) -> int:
    """The products of a store that most need counting become tasks, as many as it can count in a day with those that
    still wait. Six statements whatever the store's size; repeating it the same day adds nothing that is not due."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('inventory.counts'), %s)", [store_id])
    policy = policy_of(store_id)
    made = CountTask.objects.filter(stock__store_id=store_id)
    room = policy.counts_per_day - made.exclude(state=CountState.POSTED).count()
    room = min(room, policy.counts_per_day - made.filter(made_at__gt=now - timedelta(hours=18)).count())
    if room <= 0:
        return 0
    wanted = _most_needed(store_id, policy, now=now)[:room]
    CountTask.objects.bulk_create(
        [
            CountTask(
                stock_id=stock_id, abc=letter, score=abc.score(why), why=[list(one) for one in why], made_at=now
            )
            for stock_id, letter, why in sorted(wanted, key=itemgetter(0))  # locks stock rows: by key, as all do
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    metrics.count("counts_made_total", len(wanted))
    return len(wanted)


_SIGNALS = """
    WITH recent AS MATERIALIZED (
        SELECT m.stock_id, m.id, m.kind, m.on_hand_delta, m.held_delta, m.at
        FROM inventory_movement AS m JOIN inventory_stock AS s ON s.id = m.stock_id
        WHERE s.store_id = %(store)s AND m.at >= %(since)s AND m.kind IN ('ship', 'count', 'return')
    ), told AS (
        SELECT stock_id, max(at) FILTER (WHERE kind = 'count' AND held_delta = 0) AS counted_at,
            coalesce(sum(-on_hand_delta) FILTER (WHERE kind = 'ship' AND at >= %(sales)s), 0) AS sold
        FROM recent GROUP BY stock_id
    ), doubt AS (
        SELECT r.stock_id,
            count(*) FILTER (WHERE r.kind = 'count' AND r.held_delta < 0 AND r.on_hand_delta < 0) AS short,
            count(*) FILTER (WHERE r.kind = 'return') AS returned
        FROM recent AS r JOIN told AS t ON t.stock_id = r.stock_id
        WHERE t.counted_at IS NULL OR r.at > t.counted_at GROUP BY r.stock_id
    ), lost AS (
        SELECT w.stock_id, count(*) AS times FROM inventory_wastage AS w LEFT JOIN told AS t ON t.stock_id = w.stock_id
        WHERE w.reason = 'unknown' AND w.state = 'posted' AND w.at >= %(since)s
        AND (t.counted_at IS NULL OR w.at > t.counted_at) GROUP BY w.stock_id
    ), last AS (
        SELECT DISTINCT ON (c.stock_id) c.stock_id, c.difference, c.left_units, c.closed_at
        FROM inventory_counttask AS c JOIN inventory_stock AS s ON s.id = c.stock_id
        WHERE s.store_id = %(store)s AND c.state = 'posted' ORDER BY c.stock_id, c.closed_at DESC
    ), expired AS (
        SELECT b.stock_id, sum(b.on_hand) AS units
        FROM inventory_batch AS b JOIN inventory_stock AS s ON s.id = b.stock_id
        LEFT JOIN told AS t ON t.stock_id = s.id
        WHERE s.store_id = %(store)s AND b.state = 'expired' AND b.on_hand > 0 AND (
            t.counted_at IS NULL OR EXISTS (
                SELECT 1 FROM inventory_movement AS m
                WHERE m.batch_id = b.id AND m.kind = 'block' AND m.at > t.counted_at
            )
        ) GROUP BY b.stock_id
    )
    SELECT s.id, coalesce(t.sold, 0)::bigint * coalesce(f.price_paise, p.mrp_paise),
        greatest(t.counted_at, l.closed_at), s.on_hand,
        coalesce(l.left_units, 0), coalesce(e.units, 0), coalesce(d.short, 0),
        CASE WHEN l.difference <> 0 AND l.closed_at >= %(sales)s THEN 1 ELSE 0 END,
        coalesce(o.times, 0), coalesce(d.returned, 0),
        EXISTS (SELECT 1 FROM inventory_counttask AS c WHERE c.stock_id = s.id AND c.state <> 'posted')
    FROM inventory_stock AS s JOIN catalog_product AS p ON p.id = s.product_id
    LEFT JOIN catalog_shelfitem AS f ON f.store_id = s.store_id AND f.product_id = s.product_id
    LEFT JOIN told AS t ON t.stock_id = s.id LEFT JOIN doubt AS d ON d.stock_id = s.id
    LEFT JOIN lost AS o ON o.stock_id = s.id LEFT JOIN last AS l ON l.stock_id = s.id
    LEFT JOIN expired AS e ON e.stock_id = s.id
    WHERE s.store_id = %(store)s
"""


def _most_needed(store_id: int, policy: ShelfPolicy, *, now: datetime) -> list[tuple[int, str, list[abc.Why]]]:
    """(stock row, its class, why) of all that should be counted and is not on the list yet, most points first."""
    rows = ledger.execute(
        _SIGNALS,
        {
            "store": store_id,
            "since": now - timedelta(days=max(LOOK_BACK_DAYS, policy.c_every_days)),
            "sales": now - timedelta(days=SALES_DAYS),
        },
    )
    letters = abc.classes(
        {row[0]: row[1] for row in rows}, a_share_bp=policy.a_share_bp, b_share_bp=policy.b_share_bp
    )  # fmt: skip
    every = {"A": policy.a_every_days, "B": policy.b_every_days, "C": policy.c_every_days}
    found = []
    for stock_id, value, counted_at, on_hand, left, expired, short, differed, surprise, returned, is_open in rows:
        signals = abc.Signals(
            days_since=(now - counted_at).days if counted_at else None,
            left=left, expired=expired, short=short, differed=differed, surprise=surprise, returned=returned,
        )  # fmt: skip
        letter = letters[stock_id]
        why = abc.reasons(signals, abc=letter, every_days=every[letter])
        if on_hand <= 0 and all(one.reason in ("never", "due") for one in why):
            continue  # nothing in the book, nothing that says otherwise
        if why and not is_open:
            found.append((value, stock_id, letter, why))
    found.sort(key=lambda item: (-abc.score(item[3]), -item[0], item[1]))
    return [(stock_id, letter, why) for _, stock_id, letter, why in found]


@transaction.atomic
def ask_for_count(*, stock_id: int, actor: str, now: datetime) -> CountTask:
    """A person wants this product counted. The task that waits already when there is one."""
    task, _made = CountTask.objects.exclude(state=CountState.POSTED).get_or_create(
        stock_id=stock_id,
        defaults={"abc": "C", "score": abc.MOST_DUE_POINTS, "why": [["asked", abc.MOST_DUE_POINTS, 1]], "made_at": now},
    )
    return task


def needs_second_person(*, store_id: int, product_id: int, counted: int) -> int | None:
    """The stock row, when so many units counted by one person alone are further off the units for sale than the store's
    policy lets one person say; else None. A product that was never here is nobody's second look. At most two
    statements, no lock."""
    rows = ledger.execute(
        "SELECT s.id, s.on_hand - s.blocked, max(coalesce(b.unit_cost_paise, p.mrp_paise))"
        " FROM inventory_stock AS s JOIN catalog_product AS p ON p.id = s.product_id"
        " LEFT JOIN inventory_batch AS b ON b.stock_id = s.id AND b.on_hand > 0"
        " WHERE s.store_id = %(store)s AND s.product_id = %(product)s GROUP BY s.id",
        {"store": store_id, "product": product_id},
    )
    if not rows:
        return None
    stock_id, there, unit_paise = rows[0]
    units, policy = abs(counted - there), policy_of(store_id)
    off = units >= policy.recount_units or units * unit_paise >= policy.recount_paise
    return int(stock_id) if units and off else None


@transaction.atomic
def count_blind(
    *, task_id: UUID, by: int, nonce: str, lots: Mapping[int, int], away: Mapping[UUID, int], now: datetime
) -> CountTask:
    """One person counted: {batch id: units}, NO_LOT for units of no known lot. Sent again (`nonce`), it is silent.

    `away`: units that had been picked for an order (ref) and had not left the store: they lay in a bag, not on the
    shelf. A small difference becomes true at once; from the policy's thresholds on a second person counts, and a
    manager approves. Two counts that do not agree go to the manager, unless the second agrees with the book.
    Raises NoSuchCount, CountClosed, AnotherPerson (who counts again must be somebody else), NoSuchBatch, BadQuantity.
    """
    task = _lock(task_id)
    if task.sheets.filter(nonce=nonce).exists():
        return task
    if task.state not in (CountState.OPEN, CountState.RECOUNT):
        raise CountClosed("This product has been counted already.", state=task.state)
    if not lots or min(lots.values()) < 0:
        raise BadQuantity("Count every lot: 0 when there is none.")
    earlier = list(task.sheets.filter(round=task.round).order_by("id").prefetch_related("lots"))
    if any(sheet.by_id == by for sheet in earlier):
        raise AnotherPerson("Somebody else must count this one again.")
    ledger.lock_stock([task.stock_id])
    seen = _as_expected(task.stock_id, lots, away)
    sheet = CountSheet.objects.create(
        task=task, round=task.round, by_id=by, nonce=nonce[:64], seen_movement=_last_movement(task.stock_id), at=now
    )
    CountedLot.objects.bulk_create(
        [
            CountedLot(sheet=sheet, batch_id=lot.batch_id or None, counted=lot.counted, expected=lot.expected)
            for lot in seen
        ]
    )
    task.counted_at, task.found = now, sum(lot.off for lot in seen)
    task.value_paise = sum(abs(lot.off) * lot.value_paise for lot in seen)
    units = sum(abs(lot.off) for lot in seen)
    policy = policy_of(task.stock.store_id)
    if units and not earlier and (units >= policy.recount_units or task.value_paise >= policy.recount_paise):
        return _move(task, CountState.RECOUNT)
    doubted = bool(earlier) and units > 0 and not _agree(earlier[-1], seen)
    if doubted or (units and (units >= policy.approve_units or task.value_paise >= policy.approve_paise)):
        return _move(task, CountState.REVIEW)
    return _post(task, sheet, actor=f"user:{by}", now=now)


@transaction.atomic
def approve_count(*, task_id: UUID, by: int, now: datetime) -> CountTask:
    """A manager who did not count it says that the last count is true. Silent when it is in the book already.

    Raises NoSuchCount, CountClosed, AnotherPerson.
    """
    task = _lock(task_id)
    if task.state == CountState.POSTED and task.approved_by_id == by:
        return task
    sheet = _for_review(task, by)
    task.approved_by_id = by
    return _post(task, sheet, actor=f"user:{by}", now=now)


@transaction.atomic
def count_again(*, task_id: UUID, by: int) -> CountTask:
    """A manager does not believe it: counted anew, by anybody. Raises NoSuchCount, CountClosed."""
    task = _lock(task_id)
    if task.state == CountState.OPEN and task.round > 1:
        return task
    if task.state != CountState.REVIEW:
        raise CountClosed("This count does not wait for a manager.", state=task.state)
    task.round += 1
    task.save(update_fields=["round"])
    return _move(task, CountState.OPEN)


def _for_review(task: CountTask, by: int) -> CountSheet:
    if task.state != CountState.REVIEW:
        raise CountClosed("This count does not wait for a manager.", state=task.state)
    sheets = list(task.sheets.filter(round=task.round).order_by("id").prefetch_related("lots"))
    if any(sheet.by_id == by for sheet in sheets):
        raise AnotherPerson("You counted this yourself: another manager approves it.")
    return sheets[-1]


def _lock(task_id: UUID) -> CountTask:
    task = CountTask.objects.select_related("stock").select_for_update(of=("self",), no_key=True).filter(pk=task_id)
    if (found := task.first()) is None:
        raise NoSuchCount("There is no such count.")
    return found


def _move(task: CountTask, to: CountState) -> CountTask:
    if to not in COUNT_NEXT[CountState(task.state)]:
        raise CountClosed("This count is over.", state=task.state)
    task.state = to
    task.save()
    live.touch(f"store.{task.stock.store.code}", what="counts", id=task.stock_id)
    return task


def _as_expected(stock_id: int, lots: Mapping[int, int], away: Mapping[UUID, int]) -> list[OneLot]:
    """What was counted beside what should have lain there, per lot. The stock row is locked."""
    rows = ledger.execute(
        "SELECT b.id, b.on_hand, coalesce(b.unit_cost_paise, p.mrp_paise), p.mrp_paise FROM inventory_stock AS s"
        " JOIN catalog_product AS p ON p.id = s.product_id LEFT JOIN inventory_batch AS b ON b.stock_id = s.id"
        " WHERE s.id = %(stock)s",
        {"stock": stock_id},
    )
    known = {row[0]: row for row in rows}
    gone = _away(stock_id, away)
    found = []
    for batch_id in sorted(lots):
        if batch_id == NO_LOT:
            found.append(OneLot(NO_LOT, lots[batch_id], 0, rows[0][3]))
        elif batch_id in known:
            _, on_hand, value, _mrp = known[batch_id]
            found.append(OneLot(batch_id, lots[batch_id], max(0, on_hand - gone.get(batch_id, 0)), value))
        else:
            raise NoSuchBatch("There is no such lot of this product here.")
    return [lot for lot in found if lot.batch_id != NO_LOT or lot.counted or len(found) == 1]


def _away(stock_id: int, away: Mapping[UUID, int]) -> dict[int, int]:
    """Units in bags, by lot: those of an order are of its lots that expire first."""
    if not away:
        return {}
    rows = ledger.execute(
        "SELECT h.ref, l.batch_id, l.qty FROM inventory_hold AS h JOIN inventory_holdlot AS l ON l.hold_id = h.id"
        " JOIN inventory_batch AS b ON b.id = l.batch_id"
        " WHERE h.stock_id = %(stock)s AND h.ref = ANY(%(refs)s) AND h.state <> 'shipped' AND l.qty > 0"
        f" ORDER BY {ledger.FEFO}",
        {"stock": stock_id, "refs": list(away)},
    )
    gone: dict[int, int] = {}
    for ref, units in away.items():
        for take in fefo.allocate([(batch_id, qty) for of, batch_id, qty in rows if of == ref], units):
            gone[take.batch_id] = gone.get(take.batch_id, 0) + take.qty
    return gone


def _last_movement(stock_id: int) -> int:
    ((last,),) = ledger.execute(
        "SELECT coalesce(max(id), 0) FROM inventory_movement WHERE stock_id = %(stock)s", {"stock": stock_id}
    )
    return int(last)


def _agree(first: CountSheet, seen: Sequence[OneLot]) -> bool:
    """Two people found the same differences; where each stood in the book may have moved between them."""
    before = {lot.batch_id or NO_LOT: lot.counted - lot.expected for lot in first.lots.all()}
    after = {lot.batch_id: lot.off for lot in seen}
    return all(before.get(key, 0) == after.get(key, 0) for key in before.keys() | after.keys())


def _post(task: CountTask, sheet: CountSheet, *, actor: str, now: datetime) -> CountTask:
    """The differences of a sheet become true, lot by lot.

    What other counts and short picks have corrected since the moment of counting is not corrected twice. Units that are
    missing but held stay in the book: the floor marks them as not found, which takes them off.
    """
    row = ledger.lock_stock([task.stock_id])[task.stock_id]
    off = [(lot.batch_id or NO_LOT, lot.counted - lot.expected) for lot in sheet.lots.all()]
    since = {
        batch_id: (less, more)
        for batch_id, less, more in ledger.execute(
            "SELECT batch_id, coalesce(sum(on_hand_delta) FILTER (WHERE on_hand_delta < 0), 0)::int,"
            " coalesce(sum(on_hand_delta) FILTER (WHERE on_hand_delta > 0), 0)::int FROM inventory_movement"
            " WHERE stock_id = %(stock)s AND id > %(seen)s"
            " AND (kind = 'count' OR (kind = 'sync' AND reason = %(counted)s)) GROUP BY batch_id",
            {"stock": task.stock_id, "seen": sheet.seen_movement, "counted": ledger.COUNTED_ELSEWHERE},
        )
    }
    now_there = {
        batch_id: (on_hand, held)
        for batch_id, on_hand, held in ledger.execute(
            "SELECT id, on_hand, held FROM inventory_batch WHERE stock_id = %(stock)s", {"stock": task.stock_id}
        )
    }
    written, left, stuck = 0, 0, []
    for batch_id, difference in sorted(off, reverse=True):  # units of no known lot come on top of what is then there
        if batch_id == NO_LOT:
            written += _found(row, difference, task, actor=actor, now=now)
            continue
        less, more = since.get(batch_id, (0, 0))
        still = min(0, difference - less) if difference < 0 else max(0, difference - more)
        on_hand, held = now_there[batch_id]
        part = max(still, held - on_hand)
        counting.count(
            store_id=task.stock.store_id, product_id=row.product_id, counted=on_hand + part, batch_id=batch_id,
            kind=MovementKind.COUNT, ref=task.pk, reason="Cycle count", actor=actor, now=now,
        )  # fmt: skip
        written += part
        if part > still:
            left += part - still
            stuck.append(batch_id)
    task.difference, task.left_units, task.closed_at = written, left, now
    task.left_refs = _holders(stuck)
    if left:
        _flag(task, row.store_code, row.product_id, actor=actor)
    metrics.count("counts_posted_total", abc=task.abc, off=str(bool(written or left)))
    return _move(task, CountState.POSTED)


def _found(row: ledger.Row, units: int, task: CountTask, *, actor: str, now: datetime) -> int:
    """Units of no known lot are added as a count of all that is for sale adds them: to the lot that expires first."""
    if units <= 0:
        return 0
    lots = [lot for lot in ledger.lots([row]).get(row.id, []) if lot.is_open]
    return counting.count(
        store_id=task.stock.store_id, product_id=row.product_id, counted=sum(lot.on_hand for lot in lots) + units,
        kind=MovementKind.COUNT, ref=task.pk, reason="Cycle count: lot not known", actor=actor, now=now,
    )  # fmt: skip


def _holders(batch_ids: Iterable[int]) -> list[str]:
    rows = ledger.execute(
        "SELECT DISTINCT h.ref FROM inventory_holdlot AS l JOIN inventory_hold AS h ON h.id = l.hold_id"
        " WHERE l.batch_id = ANY(%(ids)s) AND l.qty > 0 AND h.state IN ('active', 'firm') ORDER BY h.ref",
        {"ids": list(batch_ids)},
    )
    return [str(ref) for (ref,) in rows]


def _flag(task: CountTask, store_code: str, product_id: int, *, actor: str) -> None:
    fact = CountLeftHeld(
        store_code=store_code, product_id=product_id, task_id=task.pk, units=task.left_units, refs=task.left_refs
    )
    events.record(fact, subject=f"store:{store_code}", actor=actor)
    tell_store(HeldMissingNotice, store_code=store_code, n=task.left_units, product_id=product_id, actor=actor)
