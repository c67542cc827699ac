"""What others charge, written down: a few statements for a whole feed, history only where something differs.

One feed of a platform in a city at a time (an advisory lock); what is older than what is known never takes its place,
but fills the history at its own time. The newest say of an instant never replaces the first one.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection, transaction

from blinkit.kernel import events, live
from blinkit.kernel.errors import Invalid
from blinkit.kernel.money import rupees
from catalog import packs, versions
from catalog.events import MarketChanged
from catalog.market import FeedRun, Listing, ListingPrice, MarketFeed, Platform
from catalog.market_rows import BadRow, Described, MarketRow, OfferRow, TermsRow, per_unit_paise
from catalog.models import Category, City
from catalog.services import market_months, market_terms

MOST_ROWS = 50_000
MOST_PAISE = 100_000_000
"""Ten lakh rupees: a price above it is a slip, not a grocery."""
PROBLEMS_KEPT = 50
AT_ONCE = 2_000
MOST_CHANGES = 5_000
"""In one event; a larger feed announces itself in several."""
AHEAD = timedelta(minutes=10)
"""So far a feed's clock may be before ours."""


class State(NamedTuple):
    """What the history keeps of a listing at an instant."""

    price_paise: int
    mrp_paise: int | None
    member_paise: int | None
    available: bool


Point = tuple[datetime, State]


def record(
    rows: Iterable[MarketRow | BadRow],
    *,
    source: str,
    platform: Platform,
    city: City,
    feed: MarketFeed | None = None,
    now: datetime,
    terms: TermsRow | None = None,
    offers: Sequence[OfferRow | BadRow] = (),
) -> FeedRun:
    """Write what a feed says of one platform in one city; bad rows are refused by name, the others go in.

    The same content of the same source again changes nothing and gives the run of the first time. A row that says no
    time of its own is seen at `now`. What changed is announced with the same commit (MarketChanged), and afterwards
    screens get a hint and `version()` a new value. Raises Invalid for more than MOST_ROWS rows.
    """
    given = list(rows)
    if len(given) > MOST_ROWS:
        raise Invalid(f"At most {MOST_ROWS:,} rows at once.", most=MOST_ROWS)
    digest = _digest(given, terms, offers, platform=platform, city=city, now=now)
    problems = [_problem(row) for row in given if isinstance(row, BadRow)]
    by_key = _sound((row for row in given if isinstance(row, MarketRow)), problems, now=now)
    market_months.make_months({at for found in by_key.values() for at, _ in found})
    with transaction.atomic(), connection.cursor() as cursor:
        _one_writer(cursor, platform.pk, city.pk)
        if same := FeedRun.objects.filter(source=source, digest=digest).first():
            return same
        written = _write(cursor, by_key, problems, platform=platform, city=city, source=source)
        moved = market_terms.write_terms(terms, platform=platform, city=city, now=now) if terms else False
        moved |= market_terms.write_offers(offers, problems, platform=platform, city=city, now=now)
        problems.sort(key=lambda problem: problem["row"])
        run = FeedRun.objects.create(
            feed=feed, source=source[:120], digest=digest, rows=len(given), new=written.new,
            changed=len(written.changes) - written.new, refused=len(problems), problems=problems[:PROBLEMS_KEPT],
            at=now,
        )  # fmt: skip
        if feed is not None:
            MarketFeed.objects.filter(pk=feed.pk).update(last_at=now)
        _announce(written.changes, run=run, platform=platform, city=city)
        if written.changes or written.moved or moved:
            _tell(platform, city)
    return run


def version(city_slug: str = "") -> str:
    """A token that is another one after every change of the market (of this city): what answers may be kept by. ""
    while Redis does not answer: keep nothing then."""
    return versions.read(f"market:{city_slug}" if city_slug else "market")


def everything_moved() -> None:
    """A platform or its terms were changed by hand: what was kept of any city is old after the commit."""
    versions.bump("market")
    for slug in City.objects.values_list("slug", flat=True):
        versions.bump(f"market:{slug}")
        live.touch(f"market.{slug}", what="market")


def _tell(platform: Platform, city: City) -> None:
    versions.bump("market")
    versions.bump(f"market:{city.slug}")
    live.touch(f"market.{city.slug}", what="market", id=platform.slug)


def _one_writer(cursor: Any, platform_id: int, city_id: int) -> None:
    cursor.execute("SELECT pg_advisory_xact_lock(hashtext('catalog.market'), %s)", [platform_id * 10_007 + city_id])


def _announce(changes: Sequence[list[int]], *, run: FeedRun, platform: Platform, city: City) -> None:
    parts = [changes[start : start + MOST_CHANGES] for start in range(0, len(changes), MOST_CHANGES)]
    events.record_all(
        [MarketChanged(platform=platform.slug, city=city.slug, run_id=run.pk, changes=list(part)) for part in parts],
        subject=f"market:{platform.slug}",
    )


# -- what is said -------------------------------------------------------------------------------------------------


def _digest(
    rows: Sequence[MarketRow | BadRow],
    terms: TermsRow | None,
    offers: Sequence[OfferRow | BadRow],
    *,
    platform: Platform,
    city: City,
    now: datetime,
) -> str:
    """Of everything said, with its time: the same prices an hour later are news (they hold still)."""
    said = [(dataclasses.astuple(row), None if isinstance(row, BadRow) or row.at is not None else now) for row in rows]
    more = [None if terms is None else dataclasses.astuple(terms), [dataclasses.astuple(offer) for offer in offers]]
    text = json.dumps([platform.slug, city.slug, said, more], default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _problem(row: BadRow | MarketRow, why: str = "") -> dict[str, Any]:
    return {"row": row.line, "why": why or getattr(row, "why", ""), "name": row.name[:80]}


def _sound(
    rows: Iterable[MarketRow], problems: list[dict[str, Any]], *, now: datetime
) -> dict[str, list[tuple[datetime, MarketRow]]]:
    """The good rows by listing, oldest first. Of two that speak of one instant the first counts: the same again is a
    repeat, another price is refused."""
    oldest = market_months.oldest_kept(now)
    said: dict[tuple[str, datetime], MarketRow] = {}
    for row in rows:
        at = row.at or now
        why = _wrong(row) or (
            f"seen in the future ({at:%Y-%m-%d %H:%M})" if at > now + AHEAD
            else f"older than the {settings.MARKET_HISTORY_MONTHS} months that are kept ({at:%Y-%m-%d})" if at < oldest
            else ""
        )  # fmt: skip
        if why:
            problems.append(_problem(row, why))
            continue
        first = said.setdefault((row.listing_key, at), row)
        if first is not row and _state(first) != _state(row):
            problems.append(
                _problem(
                    row,
                    f"said twice at one time: {rupees(row.price_paise)} here, {rupees(first.price_paise)} in row"
                    f" {first.line}, which counts",
                )
            )
    by_key: dict[str, list[tuple[datetime, MarketRow]]] = {}
    for (key, at), row in said.items():
        by_key.setdefault(key, []).append((at, row))
    for found in by_key.values():
        found.sort(key=lambda pair: pair[0])
    return by_key


def _wrong(row: MarketRow) -> str:
    if not row.name.strip():
        return "has no name"
    for what, text, most in (
        ("name", row.name, 240), ("pack", row.pack, 60), ("key", row.listing_key, 200), ("brand", row.brand, 120),
        ("address", row.url, 500),
    ):  # fmt: skip
        if len(text) > most:
            return f"{what} is longer than {most} characters"
        if "\x00" in text or "\ufffd" in text:
            return f"{what} has unreadable characters (is the encoding right?)"
    if row.url and not row.url.startswith(("https://", "http://")):
        return "address is not a web address"
    for what, paise in (("price", row.price_paise), ("MRP", row.mrp_paise), ("members' price", row.member_paise)):
        if paise is not None and not 1 <= paise <= MOST_PAISE:
            return f"{what} is out of range"
    if row.mrp_paise is not None and row.mrp_paise < row.price_paise:
        return f"price {rupees(row.price_paise)} is above the MRP {rupees(row.mrp_paise)}"
    if (row.bulk_paise is None) != (row.bulk_from is None):
        return "a bulk price needs the number it holds from"
    if row.bulk_paise is not None and not (1 <= row.bulk_paise <= MOST_PAISE and 2 <= (row.bulk_from or 0) <= 1000):
        return "bulk price or its number is out of range"
    if not 0 <= row.surge_paise < row.price_paise:
        return "surge is no part of the price"
    return ""


def _state(row: MarketRow) -> State:
    return State(row.price_paise, row.mrp_paise, row.member_paise, row.available)


# -- what is known, and what becomes of it ----------------------------------------------------------------------------


@dataclass(slots=True)
class _Written:
    changes: list[list[int]]
    new: int = 0
    moved: int = 0
    """Listings of which something else than the price was said anew."""


@dataclass(frozen=True, slots=True)
class _Known:
    """As the table has it. `told` is what a row may say besides the state."""

    id: int
    state: State
    told: tuple[Any, ...]
    described: Described
    category_id: int | None
    was_paise: int | None
    changed_at: datetime | None
    first_seen_at: datetime
    seen_at: datetime


_FIELDS = (
    "key", "id", "price_paise", "mrp_paise", "member_paise", "available", "name", "url", "bulk_paise", "bulk_from",
    "surge_paise", "brand", "item", "pack", "amount", "measure", "pieces", "category_id", "was_paise", "changed_at",
    "first_seen_at", "seen_at",
)  # fmt: skip


def _known(keys: Sequence[str], *, platform: Platform, city: City) -> dict[str, _Known]:
    found: dict[str, _Known] = {}
    rows = Listing.objects.filter(platform=platform, city=city, key__in=list(keys)).values_list(*_FIELDS)
    for key, id, price, mrp, member, available, name, url, bulk, many, surge, *rest in rows:
        brand, item, pack, amount, measure, pieces, category_id, was, changed_at, first_seen_at, seen_at = rest
        found[key] = _Known(
            id, State(price, mrp, member, available), (name, url, bulk, many, surge),
            Described(brand, item, "", pack, amount, measure, pieces), category_id, was, changed_at, first_seen_at,
            seen_at,
        )  # fmt: skip
    return found


@dataclass(slots=True)
class _Outcome:
    """What becomes of one listing: its row as it is to be, and what the history gains and loses."""

    state: State
    told: tuple[Any, ...]
    described: Described
    category_id: int | None
    was_paise: int | None
    changed_at: datetime | None
    first_seen_at: datetime
    seen_at: datetime
    newest: MarketRow | None
    """Said later than all that is known; None when everything was older."""
    points: list[Point]
    gone: list[datetime]


def _write(
    cursor: Any,
    by_key: dict[str, list[tuple[datetime, MarketRow]]],
    problems: list[dict[str, Any]],
    *,
    platform: Platform,
    city: City,
    source: str,
) -> _Written:
    known = _known(list(by_key), platform=platform, city=city)
    history = _history([it.id for key, it in known.items() if by_key[key][0][0] < it.seen_at])
    categories = dict(Category.objects.values_list("slug", "pk"))
    describe = _describer()
    done = _Written([])
    rows: list[tuple[Any, ...]] = []
    touched: list[tuple[int, datetime, str]] = []
    outcomes: dict[str, _Outcome] = {}
    for key, said in by_key.items():
        old = known.get(key)
        if old is None:
            it = _first_seen(said)
            done.new += 1
        else:
            _refuse_other_says(said, old, history.get(old.id, {}), problems)
            it = _seen_again(said, old, history.get(old.id, {}))
        outcomes[key] = it
        if it.newest is not None and (old is None or _names_another(it.newest, old)):
            it.described, found = _described(it.newest, describe, categories)
            it.category_id = found or it.category_id
        says = ((it.newest.source if it.newest else "") or source)[:60]
        if old is None or _differs(it, old):
            done.moved += old is not None and it.told != old.told
            rows.append((
                key, *it.state, *it.told, it.described.brand, it.described.item, it.described.pack,
                it.described.amount, it.described.measure, it.described.pieces, it.category_id,
                per_unit_paise(it.state.price_paise, it.described.amount, it.described.measure), it.was_paise,
                it.changed_at, it.first_seen_at, it.seen_at, says, it.newest.product_id if it.newest else None,
            ))  # fmt: skip
        elif it.seen_at > old.seen_at:
            touched.append((old.id, it.seen_at, says))
    ids = {key: old.id for key, old in known.items()} | _save(cursor, rows, platform=platform, city=city)
    _touch(cursor, touched)
    _save_history(
        cursor,
        [(ids[key], *point) for key, it in outcomes.items() for point in it.points],
        [(ids[key], at) for key, it in outcomes.items() for at in it.gone],
    )
    for key, it in outcomes.items():
        before = known[key].state if key in known else None
        if it.state != before:
            since = it.points[-1][0] if it.points else it.seen_at
            done.changes.append([
                ids[key], before.price_paise if before else 0, it.state.price_paise,
                int(before.available) if before else 0, int(it.state.available), round(since.timestamp() * 1_000_000),
            ])  # fmt: skip
    done.changes.sort()
    return done


def _first_seen(said: Sequence[tuple[datetime, MarketRow]]) -> _Outcome:
    points = _fold([(at, _state(row)) for at, row in said])
    seen_at, newest = said[-1]
    return _Outcome(
        points[-1][1], _told(newest), Described(), None, *_last_change(points), said[0][0], seen_at, newest, points, []
    )


def _seen_again(said: Sequence[tuple[datetime, MarketRow]], old: _Known, before: dict[datetime, State]) -> _Outcome:
    """`before` is the whole history, read where something older than what is known was said."""
    later = [(at, row) for at, row in said if at > old.seen_at]
    seen_at, newest = later[-1] if later else (old.seen_at, None)
    it = _Outcome(
        old.state if newest is None else _state(newest), old.told if newest is None else _told(newest), old.described,
        old.category_id, old.was_paise, old.changed_at, min(old.first_seen_at, said[0][0]), seen_at, newest, [], [],
    )  # fmt: skip
    if said[0][0] < old.seen_at:
        # What holds at `seen_at` was said then, also where it said nothing new.
        everything = {at: _state(row) for at, row in said} | {old.seen_at: old.state} | before
        folded = dict(_fold(sorted(everything.items())))
        it.points = [(at, state) for at, state in folded.items() if before.get(at) != state]
        it.gone = [at for at in before if at not in folded]
        it.was_paise, it.changed_at = _last_change(list(folded.items()))
    elif later:
        folded_since = _fold([(old.seen_at, old.state), *((at, _state(row)) for at, row in later)])
        it.points = folded_since[1:]
        was_paise, changed_at = _last_change(folded_since)
        if changed_at is not None:
            it.was_paise, it.changed_at = was_paise, changed_at
    return it


def _differs(it: _Outcome, old: _Known) -> bool:
    """From what is written, but for when it was seen."""
    new = (it.state, it.told, it.described, it.category_id, it.was_paise, it.changed_at, it.first_seen_at)
    return new != (
        old.state, old.told, old.described, old.category_id, old.was_paise, old.changed_at, old.first_seen_at,
    )  # fmt: skip


def _told(row: MarketRow) -> tuple[Any, ...]:
    return row.name, row.url, row.bulk_paise, row.bulk_from, row.surge_paise


def _names_another(row: MarketRow, old: _Known) -> bool:
    """Whether the name, or what the row says of it, is not what was described before."""
    said = ((row.pack[:60], old.described.pack), (row.brand, old.described.brand), (row.amount, old.described.amount))
    return row.name != old.told[0] or any(new and new != known for new, known in said)


def _refuse_other_says(
    said: Sequence[tuple[datetime, MarketRow]],
    old: _Known,
    before: dict[datetime, State],
    problems: list[dict[str, Any]],
) -> None:
    for at, row in said:
        there = old.state if at == old.seen_at else before.get(at)
        if there is not None and there != _state(row):
            problems.append(_problem(row, f"something else is known of this time already: {rupees(there.price_paise)}"))


def _fold(points: Sequence[Point]) -> list[Point]:
    """Those that differ from the one before."""
    return [point for n, point in enumerate(points) if not n or point[1] != points[n - 1][1]]


def _last_change(points: Sequence[Point]) -> tuple[int | None, datetime | None]:
    """The price before the last change of price, and when that was; nothing when it never changed."""
    for n in range(len(points) - 1, 0, -1):
        if points[n][1].price_paise != points[n - 1][1].price_paise:
            return points[n - 1][1].price_paise, points[n][0]
    return None, None


def _history(ids: Sequence[int]) -> dict[int, dict[datetime, State]]:
    found: dict[int, dict[datetime, State]] = {}
    if ids:
        rows = ListingPrice.objects.filter(listing_id__in=ids).values_list(
            "listing_id", "at", "price_paise", "mrp_paise", "member_paise", "available"
        )
        for listing_id, at, price, mrp, member, available in rows:
            found.setdefault(listing_id, {})[at] = State(price, mrp, member, available)
    return found


# -- names and packs --------------------------------------------------------------------------------------------------


Describe = Callable[[str, str, str], Any]


def _describer() -> Describe:
    try:
        found: Describe = import_module("catalog.matching.naming").describe
    except (ModuleNotFoundError, AttributeError):
        return _plainly
    return found


def _plainly(name: str, pack: str, hint: str) -> Described:
    """The pack alone, from its own column or the end of the name."""
    read = packs.read_pack(pack, column=True) or packs.read_pack(name)
    if read is None:
        return Described(pack=pack[:60])
    return Described(pack=(pack or read.printed)[:60], amount=read.total, measure=read.base, pieces=read.count)


def _described(row: MarketRow, describe: Describe, categories: dict[str, int]) -> tuple[Described, int | None]:
    """What the row says itself goes first."""
    if row.brand and row.item and row.category_slug and row.amount is not None:
        read = Described(row.brand, row.item, row.category_slug, row.pack, row.amount, row.measure, row.pieces)
    else:
        found = describe(row.name, row.pack, row.category_slug)
        read = Described(
            brand=(row.brand or found.brand or "")[:120],
            item=(row.item or found.item or "")[:60],
            category_slug=row.category_slug if row.category_slug in categories else found.category_slug or "",
            pack=(row.pack or found.pack or "")[:60],
            amount=row.amount if row.amount is not None else found.amount,
            measure=row.measure or found.measure or "",
            pieces=row.pieces if row.pieces > 1 else found.pieces or 1,
        )
    return dataclasses.replace(read, category_slug=""), categories.get(read.category_slug)


# -- statements -------------------------------------------------------------------------------------------------------

_TYPES = {
    "key": "text", "price_paise": "bigint", "mrp_paise": "bigint", "member_paise": "bigint", "available": "boolean",
    "name": "text", "url": "text", "bulk_paise": "bigint", "bulk_from": "int", "surge_paise": "bigint",
    "brand": "text", "item": "text", "pack": "text", "amount": "numeric", "measure": "text", "pieces": "int",
    "category_id": "bigint", "unit_paise": "bigint", "was_paise": "bigint", "changed_at": "timestamptz",
    "first_seen_at": "timestamptz", "seen_at": "timestamptz", "source": "text", "product_id": "bigint",
}  # fmt: skip
_KEPT = {"product_id", "category_id"}
"""What others decide stays when a feed has nothing to say of it."""
_UPSERT = f"""INSERT INTO catalog_listing AS l (platform_id, city_id, {", ".join(_TYPES)})
    SELECT %s, %s, {", ".join(f"v.{name}" for name in _TYPES)}
    FROM unnest({", ".join(f"%s::{kind}[]" for kind in _TYPES.values())}) AS v({", ".join(_TYPES)})
    ORDER BY v.key
    ON CONFLICT (platform_id, city_id, key) DO UPDATE SET {
    ", ".join(
        f"{name} = COALESCE(EXCLUDED.{name}, l.{name})" if name in _KEPT else f"{name} = EXCLUDED.{name}"
        for name in _TYPES
        if name != "key"
    )
}
    RETURNING l.key, l.id"""


def _save(cursor: Any, rows: Sequence[tuple[Any, ...]], *, platform: Platform, city: City) -> dict[str, int]:
    ids: dict[str, int] = {}
    for part in _parts(rows):
        cursor.execute(_UPSERT, [platform.pk, city.pk, *(list(column) for column in zip(*part, strict=True))])
        ids.update(cursor.fetchall())
    return ids


def _touch(cursor: Any, touched: Sequence[tuple[int, datetime, str]]) -> None:
    for part in _parts(sorted(touched)):
        cursor.execute(
            """UPDATE catalog_listing l SET seen_at = v.seen_at, source = v.source
            FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[]) AS v(id, seen_at, source) WHERE l.id = v.id""",
            [list(column) for column in zip(*part, strict=True)],
        )


def _save_history(
    cursor: Any, points: Sequence[tuple[int, datetime, State]], gone: Sequence[tuple[int, datetime]]
) -> None:
    for dropped in _parts(gone):
        cursor.execute(
            """DELETE FROM catalog_listingprice p USING unnest(%s::bigint[], %s::timestamptz[]) AS v(listing_id, at)
            WHERE p.listing_id = v.listing_id AND p.at = v.at""",
            [list(column) for column in zip(*dropped, strict=True)],
        )
    for part in _parts([(listing_id, at, *state) for listing_id, at, state in sorted(points, key=lambda p: p[:2])]):
        cursor.execute(
            """INSERT INTO catalog_listingprice (listing_id, at, price_paise, mrp_paise, member_paise, available)
            SELECT * FROM unnest(%s::bigint[], %s::timestamptz[], %s::bigint[], %s::bigint[], %s::bigint[],
                %s::boolean[])
            ON CONFLICT (listing_id, at) DO NOTHING""",
            [list(column) for column in zip(*part, strict=True)],
        )


def _parts(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(rows), AT_ONCE):
        yield rows[start : start + AT_ONCE]
