"""What others charge, written down: a few statements for a whole feed, history only where something differs.

One feed of a platform in a city at a time (an advisory lock); what is older than what is known never takes its place,
but fills the history at its own time. The newest say of an instant never replaces the first one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from blinkit.kernel import delivery, events, live
from blinkit.kernel.errors import Invalid
from blinkit.kernel.money import rupees
from catalog import versions
from catalog.events import MarketChanged
from catalog.market import FeedRun, Listing, ListingPrice, MarketFeed, MarketOffer, Platform
from catalog.market_rows import BadRow, Described, MarketRow, OfferRow, State, TermsRow, per_unit_paise
from catalog.models import Category, City
from catalog.services import market_checks as checks
from catalog.services import market_months, market_names, market_terms
from catalog.services import market_statements as statements

MOST_ROWS = 50_000
PROBLEMS_KEPT = 50
RUNS_KEPT = timedelta(days=90)
CHANGES_KEPT = timedelta(days=1)
MOST_CHANGES = 5_000
"""In one event; a larger feed announces itself in several."""


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
    digest = checks.digest(given, terms, offers, platform=platform, city=city, now=now)
    problems = [checks.problem(row) for row in given if isinstance(row, BadRow)]
    by_key = checks.sound((row for row in given if isinstance(row, MarketRow)), problems, now=now)
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


def forget_old(*, now: datetime) -> int:
    """Runs of feeds, and offers that are over, from before RUNS_KEPT go. How many rows. A file that old is read anew
    when it comes again, and finds its history there."""
    before = now - RUNS_KEPT
    return (
        FeedRun.objects.filter(at__lt=before).delete()[0] + MarketOffer.objects.filter(ends_at__lt=before).delete()[0]
    )


def forget_changes(*, now: datetime) -> int:
    """Events that told what feeds changed go CHANGES_KEPT after they did, once all that they called for is done: the
    history has it all. How many."""
    subjects = [_subject(slug) for slug in Platform.objects.values_list("slug", flat=True)]
    gone = 0
    while found := delivery.forget(MarketChanged, subjects=subjects, before=now - CHANGES_KEPT):
        gone += found
    return gone


def _subject(platform: str) -> str:
    return f"market:{platform}"


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
        subject=_subject(platform.slug),
    )


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
    there = Listing.objects.filter(platform=platform, city=city, key__in=list(keys))
    rows = there.order_by("pk").select_for_update(no_key=True).values_list(*_FIELDS)
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
    done = _Written([])
    rows: list[tuple[Any, ...]] = []
    touched: list[tuple[int, datetime, str]] = []
    renamed: list[int] = []
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
            it.described, found = market_names.described(it.newest, categories)
            it.category_id = found or it.category_id
            if old is not None:
                renamed.append(old.id)
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
    ids = {key: old.id for key, old in known.items()} | statements.save(cursor, rows, platform=platform, city=city)
    statements.touch(cursor, touched)
    if renamed:
        Listing.objects.filter(pk__in=renamed).update(looked_at=None)  # to be matched anew
    statements.save_history(
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
    points = _fold([(at, row.state) for at, row in said])
    seen_at, newest = said[-1]
    return _Outcome(
        points[-1][1], newest.told, Described(), None, *_last_change(points), said[0][0], seen_at, newest, points, []
    )


def _seen_again(said: Sequence[tuple[datetime, MarketRow]], old: _Known, before: dict[datetime, State]) -> _Outcome:
    """`before` is the whole history, read where something older than what is known was said."""
    later = [(at, row) for at, row in said if at > old.seen_at]
    seen_at, newest = later[-1] if later else (old.seen_at, None)
    it = _Outcome(
        old.state if newest is None else newest.state, old.told if newest is None else newest.told, old.described,
        old.category_id, old.was_paise, old.changed_at, min(old.first_seen_at, said[0][0]), seen_at, newest, [], [],
    )  # fmt: skip
    if said[0][0] < old.seen_at:
        # What holds at `seen_at` was said then, also where it said nothing new.
        everything = {at: row.state for at, row in said} | {old.seen_at: old.state} | before
        folded = dict(_fold(sorted(everything.items())))
        it.points = [(at, state) for at, state in folded.items() if before.get(at) != state]
        it.gone = [at for at in before if at not in folded]
        it.was_paise, it.changed_at = _last_change(list(folded.items()))
    elif later:
        folded_since = _fold([(old.seen_at, old.state), *((at, row.state) for at, row in later)])
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
        if there is not None and there != row.state:
            problems.append(
                checks.problem(row, f"something else is known of this time already: {rupees(there.price_paise)}")
            )


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
