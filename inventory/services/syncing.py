"""Stock as another system (a warehouse, an ERP) tells it: counts and changes with sequence numbers, line by line.

A *stream* is what one client says about one product of one store, or about one lot of it. In a stream let n be the
newest count taken. Then, whatever the order in which its messages came and however often each came,

    on hand = units of count n + every change numbered above n + what others moved since count n was taken.

Changes numbered below n, and older counts, are stale: they change nothing, and what they did when they came early is
undone by the count. What others moved (orders, receipts, waste, other streams) is read from the ledger, after
`counted_at`; a count without it is about the moment at which it arrives. Refused lines leave nothing and may be sent
again: when all have been taken the sum is the same as if none had been refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction

from blinkit.kernel.ids import uuid7
from inventory import fefo
from inventory.models import MovementKind, SyncKind
from inventory.services import ledger
from inventory.services.receiving import Arrival, see_to_batches, see_to_stock

AT_ONCE = 500
"""Lines of one transaction: about fifteen statements, its stock rows locked for some hundredths of a second."""
MOST_UNITS = 1_000_000
OLDEST_COUNT = timedelta(days=31)
CLOCKS_DIFFER = timedelta(minutes=5)
FARTHEST = timedelta(days=3653)
"""A last day of use more than ten years before or after today is none (and its days would not fit into a timestamp)."""


class Line(NamedTuple):
    """`product` is a SKU or barcode. SET: so many are there; DELTA: so many came (negative: went)."""

    store: str
    product: str
    kind: SyncKind
    units: int
    sequence: int
    lot: str = ""
    expires_on: date | None = None
    counted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a line: "applied", "stale", "duplicate" (then `first` is what it was before, with the same
    figures) or "refused" (`code`, a sentence, and `held` where units of orders are in the way)."""

    result: str
    difference: int = 0
    on_hand: int | None = None
    first: str = ""
    code: str = ""
    detail: str = ""
    held: int = 0


@dataclass(slots=True)
class _Lot:
    id: int
    on_hand: int
    held: int
    is_open: bool

    @property
    def free(self) -> int:
        return self.on_hand - self.held


@dataclass(slots=True)
class _Stream:
    id: UUID
    newest: int | None
    seen: dict[int, tuple[str, int, datetime | None, bool, int, int]] = field(default_factory=dict)
    new: list[tuple[int, int]] = field(default_factory=list)
    """Changes taken in this transaction: (sequence, units)."""


class _Key(NamedTuple):
    stock_id: int
    lot: str
    expires_on: date | None

    @property
    def is_whole(self) -> bool:
        return not self.lot and self.expires_on is None


def refused(code: str, detail: str, *, held: int = 0, on_hand: int | None = None) -> Outcome:
    return Outcome("refused", code=code, detail=detail, held=held, on_hand=on_hand)


def sync(
    *, client_id: int, store_ids: Iterable[int], lines: Iterable[Line | Outcome], now: datetime
) -> Iterator[Outcome]:
    """Take what a client says about the stock of these stores. An outcome per line, in their order; never raises for a
    line.

    Each AT_ONCE lines are one transaction. Units held for orders are never taken, nor units of recalled goods counted
    by product. Lines are read as they are needed, so a file of any length is a stream; what could not be read comes as
    its Outcome and is answered with it.
    """
    stores = dict(
        ledger.execute("SELECT code, id FROM catalog_store WHERE id = ANY(%(ids)s)", {"ids": list(store_ids)})
    )
    rest = iter(lines)
    while some := list(islice(rest, AT_ONCE)):
        yield from _some(client_id, stores, some, now)


def forget_superseded(*, now: datetime, older_than: timedelta = timedelta(days=30), limit: int = 10_000) -> int:
    """Delete old messages that a newer count has made stale: one that came again would be stale without them."""
    return len(
        ledger.execute(
            "DELETE FROM inventory_syncmessage WHERE id IN (SELECT m.id FROM inventory_syncmessage AS m"
            " JOIN inventory_syncstream AS s ON s.id = m.stream_id WHERE m.at < %(before)s"
            " AND m.sequence < s.newest_count ORDER BY m.at LIMIT %(limit)s) RETURNING id",
            {"before": now - older_than, "limit": limit},
        )
    )


def _some(client_id: int, stores: dict[str, int], given: Sequence[Line | Outcome], now: datetime) -> list[Outcome]:
    lines = {number: it for number, it in enumerate(given) if isinstance(it, Line)}
    products = dict(_products({line.product for line in lines.values()}))
    outcomes = [it if isinstance(it, Outcome) else _wrong(it, stores, products, now) for it in given]
    good = [number for number, outcome in enumerate(outcomes) if outcome is None]
    if good:
        places = {number: (stores[lines[number].store], products[lines[number].product]) for number in good}
        stock_ids = see_to_stock(set(places.values()))
        keys = {number: _Key(stock_ids[places[number]], lines[number].lot, lines[number].expires_on) for number in good}
        with transaction.atomic():
            rows = ledger.lock_stock(set(stock_ids.values()))
            book = _Book(client_id, rows, keys, lines, now)
            for number in good:
                outcomes[number] = book.take(keys[number], lines[number])
            book.write()
    return [outcome for outcome in outcomes if outcome is not None]


def _products(codes: set[str]) -> list[tuple[Any, ...]]:
    """(what was said, product id): a SKU before a barcode that reads the same."""
    return ledger.execute(
        "SELECT DISTINCT ON (w.code) w.code, p.id FROM unnest(%(codes)s::text[]) AS w(code)"
        " JOIN catalog_product AS p ON p.sku = w.code OR p.barcode = w.code ORDER BY w.code, p.sku = w.code DESC",
        {"codes": sorted(codes)},
    )


def _wrong(line: Line, stores: dict[str, int], products: dict[str, int], now: datetime) -> Outcome | None:
    """Why a line cannot be taken whatever the stock is; None when it can."""
    if line.store not in stores:
        return refused("wrong-store", "This client may not write this store, or there is none.")
    if line.product not in products:
        return refused("unknown-product", "No product has this SKU or barcode.")
    if not 0 <= line.sequence < 2**53:
        return refused("bad-line", "A sequence number is a whole number from 0.")
    if abs(line.units) > MOST_UNITS or (line.kind == SyncKind.SET and line.units < 0):
        return refused("bad-quantity", f"A count is from 0 to {MOST_UNITS}, a change at most that much.")
    if line.expires_on is not None and abs(line.expires_on - now.date()) > FARTHEST:
        return refused("bad-line", "A last day of use is at most ten years away.")
    if line.counted_at is not None:
        if line.kind != SyncKind.SET:
            return refused("bad-line", "Only a count is about a moment.")
        if line.counted_at > now + CLOCKS_DIFFER:
            return refused("counted-in-future", "This was counted later than now: look at your clock.")
        if line.counted_at < now - OLDEST_COUNT:
            return refused("counted-too-long-ago", f"Counts are taken for {OLDEST_COUNT.days} days.")
    return None


class _Book:
    """One transaction's locked stock rows as they become, line by line; written down at the end."""

    def __init__(
        self,
        client_id: int,
        rows: dict[int, ledger.Row],
        keys: dict[int, _Key],
        lines: Mapping[int, Line],
        now: datetime,
    ) -> None:
        self.rows, self.now, self.actor = rows, now, f"client:{client_id}"
        self.streams = _streams(client_id, set(keys.values()))
        _read_seen(self.streams, [(self.streams[key].id, lines[number].sequence) for number, key in keys.items()])
        self.batch_of = see_to_batches(
            [
                (key.stock_id, Arrival(rows[key.stock_id].product_id, 0, None, key.lot, key.expires_on))
                for key in sorted(set(keys.values()), key=repr)
            ],
            now=now,
        )
        self.lots = _lots(set(rows), named=set(self.batch_of.values()), since=now - OLDEST_COUNT)
        self.moves: list[tuple[int, int, UUID, str]] = []
        self.messages: list[tuple[UUID, Line, bool, int, int]] = []
        self.later, self.others = self._ask(keys, lines)

    def take(self, key: _Key, line: Line) -> Outcome:
        stream = self.streams[key]
        if line.sequence in stream.seen:
            return self._again(stream, line)
        lots = self._lots_of(key)
        there, held = sum(lot.on_hand for lot in lots), sum(lot.held for lot in lots)
        if stream.newest is not None and line.sequence < stream.newest:
            self._note(stream, line, is_stale=True, difference=0, on_hand=there)
            return Outcome("stale", 0, there, detail=f"Count {stream.newest} is newer: this changes nothing.")
        if not lots:
            return refused("lot-blocked", "All there is of it is off sale: name the lot.")
        target = there + line.units if line.kind == SyncKind.DELTA else self._target(key, stream, line, lots)
        if target < held:
            code = "units-held" if held else "not-enough-units"
            said = f"{held} units are set aside for orders" if held else f"Only {there} units are here"
            return refused(code, f"{said}; {target} would be left. Send it again later.", held=held, on_hand=there)
        if target > 10 * MOST_UNITS:
            return refused("bad-quantity", "These are more units than a shop can have.", on_hand=there)
        self._move(stream, lots, target - there, is_count=line.kind == SyncKind.SET)
        if line.kind == SyncKind.SET:
            stream.newest = line.sequence
        else:
            stream.new.append((line.sequence, line.units))
        self._note(stream, line, is_stale=False, difference=target - there, on_hand=target)
        return Outcome("applied", target - there, target)

    def _target(self, key: _Key, stream: _Stream, line: Line, lots: Sequence[_Lot]) -> int:
        """What is there when the count is right: see the formula at the head of this file."""
        later = self.later.get((stream.id, line.sequence), 0)
        later += sum(units for sequence, units in stream.new if sequence > line.sequence)
        if line.counted_at is None or line.counted_at >= self.now:
            return line.units + later
        ids = {lot.id for lot in lots}
        others = sum(
            units for batch_id, units in self.others.get((stream.id, line.sequence), {}).items() if batch_id in ids
        )
        others += sum(units for batch_id, units, ref, _ in self.moves if batch_id in ids and ref != stream.id)
        return line.units + later + others

    def _again(self, stream: _Stream, line: Line) -> Outcome:
        kind, units, counted_at, is_stale, difference, on_hand = stream.seen[line.sequence]
        if (kind, units, counted_at) != (line.kind, line.units, line.counted_at):
            return refused("sequence-reused", f"Number {line.sequence} said something else before.")
        return Outcome("duplicate", difference, on_hand, first="stale" if is_stale else "applied")

    def _lots_of(self, key: _Key) -> list[_Lot]:
        """The lot itself; of a whole product those on sale (empty ones too), first expired first."""
        lots = self.lots.get(key.stock_id, [])
        return [lot for lot in lots if (lot.is_open if key.is_whole else lot.id == self.batch_of[key])]

    def _move(self, stream: _Stream, lots: Sequence[_Lot], difference: int, *, is_count: bool) -> None:
        """Units that came are of the lot that expires first. Those that went are, of a count, of those that expire last
        (what is believed to be left is the oldest), else of those that expire first."""
        if difference > 0:
            first = next((lot for lot in lots if lot.on_hand), lots[-1])  # of several empty ones the one that keeps
            takes = [fefo.Take(first.id, difference)]
        else:
            free = [(lot.id, lot.free) for lot in (reversed(lots) if is_count else lots)]
            takes = [fefo.Take(take.batch_id, -take.qty) for take in fefo.allocate(free, -difference)]
        by_id = {lot.id: lot for lot in lots}
        for take in takes:
            by_id[take.batch_id].on_hand += take.qty
            self.moves.append((take.batch_id, take.qty, stream.id, ledger.COUNTED_ELSEWHERE if is_count else ""))

    def _note(self, stream: _Stream, line: Line, *, is_stale: bool, difference: int, on_hand: int) -> None:
        stream.seen[line.sequence] = (line.kind, line.units, line.counted_at, is_stale, difference, on_hand)
        self.messages.append((stream.id, line, is_stale, difference, on_hand))

    def _ask(
        self, keys: dict[int, _Key], lines: Mapping[int, Line]
    ) -> tuple[dict[tuple[UUID, int], int], dict[tuple[UUID, int], dict[int, int]]]:
        """For each count of these lines: the changes numbered above it that were taken before, and what others moved of
        each batch since it was taken."""
        counts = {
            (self.streams[key].id, lines[number].sequence): (key, lines[number])
            for number, key in keys.items()
            if lines[number].kind == SyncKind.SET
        }
        if not counts:
            return {}, {}
        found = ledger.execute(
            "SELECT w.stream, w.sequence, sum(m.units)::int FROM unnest(%(streams)s::uuid[], %(sequences)s::bigint[])"
            " AS w(stream, sequence) JOIN inventory_syncmessage AS m ON m.stream_id = w.stream"
            " AND m.sequence > w.sequence AND m.kind = 'delta' AND NOT m.is_stale GROUP BY w.stream, w.sequence",
            {"streams": [it[0] for it in counts], "sequences": [it[1] for it in counts]},
        )
        later = {(stream, sequence): units for stream, sequence, units in found}
        asked = [
            (stream, sequence, lot.id, line.counted_at)
            for (stream, sequence), (key, line) in counts.items()
            if line.counted_at is not None
            for lot in self._lots_of(key)
        ]
        others: dict[tuple[UUID, int], dict[int, int]] = {}
        if asked:
            moved = ledger.execute(
                "SELECT w.stream, w.sequence, w.batch, (SELECT coalesce(sum(m.on_hand_delta), 0)::int"
                " FROM inventory_movement AS m WHERE m.batch_id = w.batch AND m.at > w.at AND m.on_hand_delta <> 0"
                " AND m.ref IS DISTINCT FROM w.stream)"
                " FROM unnest(%(streams)s::uuid[], %(sequences)s::bigint[], %(batches)s::bigint[],"
                " %(ats)s::timestamptz[]) AS w(stream, sequence, batch, at)",
                {
                    "streams": [it[0] for it in asked],
                    "sequences": [it[1] for it in asked],
                    "batches": [it[2] for it in asked],
                    "ats": [it[3] for it in asked],
                },
            )
            for stream, sequence, batch, units in moved:
                others.setdefault((stream, sequence), {})[batch] = units
        return later, others

    def write(self) -> None:
        """Ledger, counters, messages and streams: four statements at most."""
        if self.moves:
            changed = ledger.post_each(self.moves, MovementKind.SYNC, actor=self.actor, now=self.now)
            ledger.tell(self.rows.values(), changed)
        if not self.messages:
            return
        ledger.execute(
            "INSERT INTO inventory_syncmessage"
            " (stream_id, sequence, kind, units, counted_at, is_stale, difference, on_hand, at)"
            " SELECT w.*, %(now)s FROM unnest(%(streams)s::uuid[], %(sequences)s::bigint[], %(kinds)s::text[],"
            " %(units)s::int[], %(counted)s::timestamptz[], %(stale)s::bool[], %(differences)s::int[],"
            " %(on_hand)s::int[]) AS w RETURNING id",
            {
                "now": self.now,
                "streams": [stream for stream, *_ in self.messages],
                "sequences": [line.sequence for _, line, *_ in self.messages],
                "kinds": [str(line.kind) for _, line, *_ in self.messages],
                "units": [line.units for _, line, *_ in self.messages],
                "counted": [line.counted_at for _, line, *_ in self.messages],
                "stale": [is_stale for _, _, is_stale, *_ in self.messages],
                "differences": [difference for *_, difference, _ in self.messages],
                "on_hand": [on_hand for *_, on_hand in self.messages],
            },
        )
        newest = {s.id: s.newest for s in self.streams.values() if s.newest is not None}
        if newest:
            ledger.execute(
                "UPDATE inventory_syncstream AS s SET newest_count = w.newest"
                " FROM unnest(%(ids)s::uuid[], %(newest)s::bigint[]) AS w(id, newest)"
                " WHERE s.id = w.id AND s.newest_count IS DISTINCT FROM w.newest RETURNING s.id",
                {"ids": list(newest), "newest": list(newest.values())},
            )


def _streams(client_id: int, keys: set[_Key]) -> dict[_Key, _Stream]:
    """The client's streams, made when they are new. Their stock rows are locked, so nobody else makes them."""
    wanted = sorted(keys, key=repr)
    found = ledger.execute(
        "WITH w AS (SELECT * FROM unnest(%(ids)s::uuid[], %(stocks)s::bigint[], %(lots)s::text[], %(ends)s::date[])"
        " AS w(id, stock_id, lot, ends)), made AS ("
        " INSERT INTO inventory_syncstream (id, client_id, stock_id, lot, expires_on)"
        " SELECT id, %(client)s, stock_id, lot, ends FROM w"
        " ON CONFLICT (client_id, stock_id, lot, expires_on) DO NOTHING"
        " RETURNING id, stock_id, lot, expires_on, newest_count)"
        " SELECT * FROM made UNION ALL SELECT s.id, s.stock_id, s.lot, s.expires_on, s.newest_count FROM w"
        " JOIN inventory_syncstream AS s ON s.client_id = %(client)s AND s.stock_id = w.stock_id AND s.lot = w.lot"
        " AND s.expires_on IS NOT DISTINCT FROM w.ends",
        {
            "client": client_id,
            "ids": [uuid7() for _ in wanted],
            "stocks": [key.stock_id for key in wanted],
            "lots": [key.lot for key in wanted],
            "ends": [key.expires_on for key in wanted],
        },
    )
    return {_Key(stock_id, lot, ends): _Stream(stream, newest) for stream, stock_id, lot, ends, newest in found}


def _read_seen(streams: dict[_Key, _Stream], wanted: Sequence[tuple[UUID, int]]) -> None:
    by_id = {stream.id: stream for stream in streams.values()}
    for stream, sequence, *before in ledger.execute(
        "SELECT m.stream_id, m.sequence, m.kind, m.units, m.counted_at, m.is_stale, m.difference, m.on_hand"
        " FROM unnest(%(streams)s::uuid[], %(sequences)s::bigint[]) AS w(stream, sequence)"
        " JOIN inventory_syncmessage AS m ON m.stream_id = w.stream AND m.sequence = w.sequence",
        {"streams": [it[0] for it in wanted], "sequences": [it[1] for it in wanted]},
    ):
        kind, units, counted_at, is_stale, difference, on_hand = before
        by_id[stream].seen[sequence] = (kind, units, counted_at, is_stale, difference, on_hand)


def _lots(stock_ids: set[int], *, named: set[int], since: datetime) -> dict[int, list[_Lot]]:
    """The batches of these locked rows that are named, have units or have had some since then, first expired first."""
    found: dict[int, list[_Lot]] = {}
    for stock_id, batch_id, on_hand, held, is_open in ledger.execute(
        "SELECT b.stock_id, b.id, b.on_hand, b.held, b.state = 'open' FROM inventory_batch AS b"
        " WHERE b.stock_id = ANY(%(ids)s) AND (b.on_hand > 0 OR b.id = ANY(%(named)s) OR EXISTS ("
        " SELECT 1 FROM inventory_movement AS m WHERE m.batch_id = b.id AND m.on_hand_delta <> 0 AND m.at > %(since)s))"
        f" ORDER BY b.stock_id, {ledger.FEFO}",
        {"ids": list(stock_ids), "named": list(named), "since": since},
    ):
        found.setdefault(stock_id, []).append(_Lot(batch_id, on_hand, held, is_open))
    return found
