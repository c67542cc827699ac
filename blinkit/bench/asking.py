"""Ask on a million price rows, through its facade: simple and complex questions one by one, answers that are kept, and
a hundred people at once, in two processes as a web server has them."""

from __future__ import annotations

import multiprocessing
import os
import random
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from blinkit.bench.client import percentile

LISTINGS, CHANGES = 10_000, 100
PLATFORMS, ITEMS = 8, 200
PROCESSES, PEOPLE = 2, 100
BARS: dict[str, tuple[str, float, bool]] = {  # figure: (key, bound, must be at least)
    "simple": ("p95_ms", 100, False),
    "complex": ("p95_ms", 500, False),
    "kept": ("p99_ms", 15, False),
    "100 at once, kept": ("per_s", 100, True),
    "100 at once, new": ("per_s", 50, True),
}
LOAD = """
INSERT INTO catalog_city (slug, name, state_code, timezone) VALUES ('bench', 'Bench', '29', 'Asia/Kolkata');
INSERT INTO catalog_category (slug, name, name_hi, icon, hue, rank, fragile)
    SELECT 'aisle-' || n, 'Aisle ' || n, '', '', 10, n, false FROM generate_series(0, 7) n;
INSERT INTO catalog_category (slug, name, name_hi, icon, hue, rank, fragile, parent_id)
    SELECT 'shelf-' || n, 'Shelf ' || n, '', '', 10, n, false,
        (SELECT id FROM catalog_category WHERE slug = 'aisle-' || n % 8)
    FROM generate_series(0, 31) n;
INSERT INTO catalog_platform (slug, name, is_ours, site, hue, rank, is_active)
    SELECT 'platform-' || n, 'Platform ' || n, n = 0, '', 100, n, true FROM generate_series(0, {platforms} - 1) n;
INSERT INTO catalog_platformterms (platform_id, city_id, minimum_paise, delivery_paise, handling_paise,
        small_cart_paise, small_cart_below_paise, surge_paise, eta_low_minutes, eta_high_minutes, seen_at)
    SELECT p.id, c.id, 0, 1500 + 100 * p.rank, 200, 0, 0, 0, 8 + p.rank, 15 + p.rank, now()
    FROM catalog_platform p, catalog_city c;
INSERT INTO catalog_listing (platform_id, city_id, key, name, brand, item, category_id, pack, amount, measure,
        pieces, url, price_paise, mrp_paise, surge_paise, available, unit_paise, was_paise, changed_at,
        first_seen_at, seen_at, source)
    SELECT p.id, c.id, 'k' || n, 'Item ' || n / {platforms} % {items} || ' brand ' || n % 50 || ' no ' || n,
        'Brand ' || n % 50,
        'item-' || n / {platforms} % {items}, k.id, '500 g', 500, 'g', 1, '', 1000 + n % 9000, 12000, 0, n % 11 <> 0,
        2 * (1000 + n % 9000), 1000 + (n * 7) % 9000, now() - n % 1440 * interval '1 minute', now(), now(), 'bench'
    FROM generate_series(0, {listings} - 1) n
    JOIN catalog_platform p ON p.slug = 'platform-' || n % {platforms}
    JOIN catalog_category k ON k.slug = 'shelf-' || n / {platforms} % {items} % 32, catalog_city c;
DO $$ DECLARE month timestamptz; BEGIN
    FOR month IN SELECT generate_series(date_trunc('month', now() - interval '130 days', 'UTC'), now(), '1 month') LOOP
        EXECUTE format('CREATE TABLE IF NOT EXISTS catalog_listingprice_%s PARTITION OF catalog_listingprice
            FOR VALUES FROM (%L) TO (%L)',
            to_char(month AT TIME ZONE 'UTC', 'YYYYMM'), month, month + interval '1 month');
    END LOOP;
END $$;
INSERT INTO catalog_listingprice (listing_id, at, price_paise, mrp_paise, available)
    SELECT l.id, now() - d * interval '1 day' - (l.id * 37 + d) % 80000 * interval '1 second',
        1000 + (l.id * 31 + d * 17) % 9000, 12000, (l.id + d) % 13 <> 0
    FROM generate_series({changes} - 1, 0, -1) d, catalog_listing l;
"""


def load() -> float:
    """Seconds it took."""
    from django.db import connection

    began = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute("SET timezone = 'UTC'")
        cursor.execute(LOAD.format(platforms=PLATFORMS, items=ITEMS, listings=LISTINGS, changes=CHANGES))
        cursor.execute("VACUUM (ANALYZE) catalog_listing, catalog_listingprice")
    return time.monotonic() - began


def simple(number: int, now: datetime) -> Any:
    """One thing, one screen: the cheapest, a platform's offers above so much, one thing everywhere, fees."""
    from dashboard.ask.query import Filter, Intent, Op, Query

    item = Filter("listing.item", Op.EQ, (f"item-{number % ITEMS}",))
    platform = Filter("listing.platform", Op.EQ, (f"platform-{number % PLATFORMS}",))
    below = Filter("listing.price", Op.LT, (9_000 + number,))
    kind = number // ITEMS % 4
    if kind == 0:
        return Query(Intent.CHEAPEST, "listing", filters=(item, below))
    if kind == 1:
        return Query(Intent.DEALS, "listing", filters=(platform, Filter("listing.discount", Op.GE, (number % 4_000,))))
    if kind == 2:
        measures = ("listing.lowest_price", "listing.average_price")
        return Query(Intent.COMPARE, "listing", measures, ("listing.platform",), filters=(item, below))
    name = Filter("listing.name", Op.HAS, (f"item {number % ITEMS} brand",))
    return Query(Intent.CHEAPEST, "listing", filters=(platform, name, below))


def complex_(number: int, now: datetime) -> Any:
    """Over the history: a trend of one thing and of a category, today against yesterday over everything, percentiles of
    a month's changes, shares; over all listings: who is cheapest for how many, what one platform alone sells."""
    from dashboard.ask.query import Filter, Intent, Op, Query, Window

    day = timedelta(days=1)
    midnight = now.replace(hour=18, minute=30, second=0, microsecond=0) - day  # in India
    moved = timedelta(seconds=number % 3_000)
    kind = number % 7
    if kind == 5:
        return Query(
            Intent.TOP, "price_gap", ("price_gap.cheapest_share", "price_gap.count"), ("price_gap.platform",),
            filters=(Filter("price_gap.price", Op.GT, (900 + number,)),), limit=50,
        )  # fmt: skip
    if kind == 6:
        alone = (Filter("assortment.sellers", Op.EQ, (1,)), Filter("assortment.price", Op.GT, (900 + number,)))
        return Query(Intent.LIST, "assortment", filters=(*alone, Filter("assortment.platform", Op.EQ, ("platform-1",))))
    if kind == 0:
        return Query(
            Intent.TREND, "price_day", ("price_day.average_price", "price_day.lowest_price"),
            ("price_day.day:day", "price_day.platform"), limit=500,
            filters=(Filter("price_day.item", Op.EQ, (f"item-{number % ITEMS}",)),),
            window=Window("price_day.day", midnight - 29 * day + moved, midnight + 1 * day),
        )  # fmt: skip
    if kind == 1:
        return Query(
            Intent.COMPARE, "price_day", ("price_day.average_price",), ("price_day.platform",),
            window=Window("price_day.day", midnight, midnight + day - moved),
            against=Window("price_day.day", midnight - day, midnight),
        )  # fmt: skip
    if kind == 2:
        return Query(
            Intent.TREND, "price_day", ("price_day.average_price",), ("price_day.day:week",),
            filters=(Filter("price_day.category", Op.EQ, (f"shelf-{number % 32}",)),),
            window=Window("price_day.day", midnight - 20 * day + moved, midnight + day),
        )  # fmt: skip
    if kind == 3:
        return Query(
            Intent.TOP, "listing_price", ("listing_price.count", "listing_price.price:p90"), ("listing_price.brand",),
            filters=(Filter("listing_price.platform", Op.EQ, (f"platform-{number % PLATFORMS}",)),),
            window=Window("listing_price.at", now - 7 * day - moved, now), limit=10,
        )  # fmt: skip
    return Query(
        Intent.SHARE, "listing", ("listing.count", "listing.on_offer_share"), ("listing.aisle", "listing.platform"),
        filters=(Filter("listing.price", Op.GT, (900 + number,)),), limit=100,
    )  # fmt: skip


def measure(*, scale: float = 1.0) -> dict[str, dict[str, float]]:
    from django.utils import timezone

    now = timezone.now()
    few = max(40, round(400 * scale))
    figures = {
        "simple": _one_by_one(simple, few, now), "complex": _one_by_one(complex_, few // 2, now),
        "kept": _kept(few * 3, now),
    }  # fmt: skip
    figures["100 at once, kept"] = _at_once("kept", max(2_000, round(10_000 * scale)), now)
    figures["100 at once, new"] = _at_once("new", max(400, round(2_000 * scale)), now)
    return figures


def _ask(query: Any, now: datetime) -> Any:
    from dashboard.models import Verdict
    from dashboard.services.ask import Caller, ask

    answer = ask(query, caller=Caller(None), now=now)
    if answer.verdict != Verdict.ANSWERED:
        raise SystemExit(f"bench: {answer.code}: {answer.why} for {query}")
    return answer


def _one_by_one(question: Callable[[int, datetime], Any], count: int, now: datetime) -> dict[str, float]:
    """Each another question; the first few pay for what a process does once."""
    took: list[float] = []
    for number in range(count + 20):
        query = question(number * 7, now)
        began = time.perf_counter()
        answer = _ask(query, now)
        if number >= 20 and not answer.cached:
            took.append((time.perf_counter() - began) * 1000)
    return _figures(took)


def _kept(count: int, now: datetime) -> dict[str, float]:
    queries = [*(simple(number * 7, now) for number in range(20)), *(complex_(number * 7, now) for number in range(20))]
    for query in queries:
        _ask(query, now)
    took = []
    for number in range(count):
        began = time.perf_counter()
        answer = _ask(queries[number % len(queries)], now)
        if answer.cached:
            took.append((time.perf_counter() - began) * 1000)
        else:
            _ask(queries[number % len(queries)], now)
    return _figures(took)


def _at_once(kind: str, count: int, now: datetime) -> dict[str, float]:
    """A hundred people, each with the next question as soon as the last is answered; four of five new ones are
    simple."""
    context = multiprocessing.get_context("fork")
    queue: Any = context.Queue()
    start: Any = context.Barrier(PROCESSES + 1)
    processes = [
        context.Process(target=_people, args=(kind, count // PROCESSES, at, now, start, queue))
        for at in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    start.wait()
    began = time.perf_counter()
    found = [queue.get() for _ in processes]
    wall_s = time.perf_counter() - began
    for process in processes:
        process.join()
    took = [ms for each, _ in found for ms in each]
    return {"per_s": round(len(took) / wall_s, 1), **_figures(took), "errors": sum(errors for _, errors in found)}


def _people(kind: str, count: int, process: int, now: datetime, start: Any, queue: Any) -> None:
    dice = random.Random(process)
    base = 1_000_003 * (process + 1)
    if kind == "kept":
        asked = [simple(number * 7, now) for number in range(20)]
        questions = [dice.choice(asked) for _ in range(count)]
        for query in asked:
            _ask(query, now)
    else:
        questions = [complex_(base + n, now) if n % 5 == 0 else simple(base + n, now) for n in range(count)]
        _ask(simple(1, now), now)
    took: list[float] = []
    errors: list[int] = []
    lock = threading.Lock()
    rest = iter(questions)

    def person() -> None:
        while True:
            with lock:
                query = next(rest, None)
            if query is None:
                return
            began = time.perf_counter()
            try:
                _ask(query, now)
            except SystemExit as error:
                print(error, file=sys.stderr)
                errors.append(1)
                continue
            took.append((time.perf_counter() - began) * 1000)

    people = [threading.Thread(target=person) for _ in range(PEOPLE // PROCESSES)]
    start.wait()
    for each in people:
        each.start()
    for each in people:
        each.join()
    queue.put((took, len(errors)))
    from dashboard.services import ask_reading

    ask_reading.close()


def _figures(took: Sequence[float]) -> dict[str, float]:
    return {
        "questions": len(took), "p50_ms": round(percentile(took, 0.5), 1), "p95_ms": round(percentile(took, 0.95), 1),
        "p99_ms": round(percentile(took, 0.99), 1),
    }  # fmt: skip


def bar(name: str, figures: dict[str, float]) -> str:
    key, bound, at_least = BARS[name]
    sign = "≥" if at_least else "≤"
    met = figures[key] >= bound if at_least else figures[key] <= bound
    return f"met: {key} {sign} {bound:g}" if met else f"MISSED: {key} {sign} {bound:g}"


def run(*, scale: float, say: Callable[[str], None]) -> dict[str, dict[str, float]]:
    """In this process, which has its own servers; called with the environment set. Returns the figures."""
    from blinkit import embedded
    from blinkit.kernel.commands import report

    say("Starting PostgreSQL and Valkey")
    with embedded.ensure("run"):
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connection

        say("Making tables")
        call_command("migrate", verbosity=0)
        say(f"{LISTINGS * CHANGES:,} price rows in {load():.0f} s")
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]
        say("Asking")
        figures = measure(scale=scale)
        from dashboard.services import ask_reading

        ask_reading.close()
    rows = [{"what": name, **figure, "bar": bar(name, figure)} for name, figure in figures.items()]
    load_now = os.getloadavg()[0]
    report(
        rows,
        figures,
        title=f"Ask: {LISTINGS * CHANGES:,} price rows, {os.cpu_count()} cores, load average {load_now:.1f}",
    )
    return figures
