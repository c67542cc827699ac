"""The ledger of what was shown: noted in Redis as pages are made, moved to the table in bulk, forgotten after a while.

Looking costs no write of the database. A note is kept once per person, page, value and quarter of an hour, and the
sweep may run twice over the same notes: the hash field, the table's unique key and the deletion after the commit are
all the same key. Without Redis nothing is noted; what is ordered is in the ledger all the same, written at checkout.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import structlog
from django.conf import settings
from django.db import transaction

from blinkit.kernel import metrics
from blinkit.kernel.geo import Point
from blinkit.kernel.redis_client import client, key
from catalog.models import Store
from orders.ledger import ShownPromise
from orders.models import Order
from orders.promise import Quote
from orders.queries.places import Serviceability

log = structlog.get_logger(__name__)

PAGES = frozenset({"home", "cart", "checkout", "shop", "pin", "api"})
WAITING, LAST = "promises-shown", "promise-last"
AGAIN_AFTER_M = 15
LAST_KEPT_S = 1_800
"""Who orders later than this has seen another promise, or none that counts."""
MOST_WAITING = 50_000
PER_SWEEP = 5_000
SHOWN_KEPT_DAYS = 14
PAUSE_AFTER_FAILURE_S = 1.0
_KEPT = (
    "ride_s", "backlog_s", "rider_wait_s", "lines", "units", "rush", "bad_weather", "hour", "weekday", "open_orders",
    "pickers_on", "riders_on", "riders_idle", "legs", "quoted", "room", "governor",
)  # fmt: skip
_try_again_at = 0.0


def note_shown(
    answer: Serviceability, *, page: str, customer_id: int | None = None, guest: UUID | None = None, now: datetime
) -> None:
    """Somebody is being shown this range. One round trip to Redis, no statement; never raises, never waits long."""
    global _try_again_at
    if answer.made is None or answer.store is None or time.monotonic() < _try_again_at:
        return
    quote, inputs = answer.made
    who = f"c{customer_id}" if customer_id is not None else f"g{guest}" if guest else ""
    page = page if page in PAGES else "shop"
    row = _row(answer.store, answer.point, quote, inputs, page=page, now=now)
    at = _key(who, page, row, now)
    try:
        pipe = client().pipeline(transaction=False)
        pipe.hsetnx(key(WAITING), at, orjson.dumps(row).decode())
        pipe.hlen(key(WAITING))
        if who:
            last = {"key": at, "to_m": quote.to_m}
            pipe.set(key(f"{LAST}:{_secret(who)}"), orjson.dumps(last).decode(), ex=LAST_KEPT_S)
        waiting = pipe.execute()[1]
        if waiting > MOST_WAITING:  # nobody sweeps: Redis must not fill up with it
            client().hdel(key(WAITING), at)
            metrics.count("promises_shown_lost_total")
    except Exception as error:
        _try_again_at = time.monotonic() + PAUSE_AFTER_FAILURE_S
        metrics.count("promises_shown_lost_total")
        log.warning("shown promise not noted", error=repr(error))


def last_shown(*, customer_id: int) -> tuple[str, int | None]:
    """(key, end of the range in minutes) of what this customer saw last; ("", None) when nobody knows. Never raises."""
    try:
        kept: Any = client().get(key(f"{LAST}:{_secret(f'c{customer_id}')}"))
        found = orjson.loads(kept) if kept else {}
        return str(found.get("key", ""))[:24], found.get("to_m")
    except Exception as error:
        log.warning("last shown promise not known", error=repr(error))
        return "", None


def shown_before(order: Order, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs of a promise with the end its customer saw last, and the key of that row of the ledger."""
    at, to_m = last_shown(customer_id=order.customer_id)
    return {"inputs": {**inputs, **({} if to_m is None else {"shown_to_m": to_m})}, "shown_key": at}


def sweep_shown(*, now: datetime) -> int:
    """Move what was noted into the table, at most PER_SWEEP of it: two statements. Returns how many rows are new.

    Doing it twice, or at once with another sweep, writes each once.
    """
    try:
        found: dict[str, str] = {}
        cursor = 0
        while True:
            cursor, part = client().hscan(key(WAITING), cursor=cursor, count=1_000)  # type: ignore[misc]
            found.update(part)  # type: ignore[arg-type]  # answers are decoded
            if not cursor or len(found) >= PER_SWEEP:
                break
    except Exception as error:
        log.warning("shown promises not swept", error=repr(error))
        return 0
    if not found:
        return 0
    rows = [row for at, kept in found.items() if (row := _read(at, kept)) is not None]
    before = set(ShownPromise.objects.filter(key__in=list(found)).values_list("key", flat=True))
    stores = set(Store.objects.filter(pk__in={row.store_id for row in rows}).values_list("pk", flat=True))
    fresh = [row for row in rows if row.key not in before and row.store_id in stores]
    with transaction.atomic():
        ShownPromise.objects.bulk_create(fresh, ignore_conflicts=True, batch_size=1_000)
    client().hdel(key(WAITING), *found)
    metrics.count("promises_shown_total", len(fresh))
    return len(fresh)


def purge_shown(*, now: datetime) -> int:
    """Forget what was shown longer ago than SHOWN_KEPT_DAYS. Returns how many rows."""
    return ShownPromise.objects.filter(shown_at__lt=now - timedelta(days=SHOWN_KEPT_DAYS)).delete()[0]


def _row(
    store: Store, point: Point, quote: Quote, inputs: dict[str, Any], *, page: str, now: datetime
) -> dict[str, Any]:
    return {
        "store": store.pk,
        "page": page,
        "area": f"{point.lat:.2f},{point.lng:.2f}",
        "version": quote.version,
        "from_m": quote.from_m,
        "to_m": quote.to_m,
        "p50_s": round(quote.p50_s),
        "inputs": {name: inputs[name] for name in _KEPT if name in inputs},
        "at": now.isoformat(),
    }


def _read(at: str, kept: str) -> ShownPromise | None:
    try:
        row = orjson.loads(kept)
        return ShownPromise(
            key=at, store_id=int(row["store"]), page=row["page"], area=row["area"], version=row["version"],
            from_m=row["from_m"], to_m=row["to_m"], p50_s=row["p50_s"], inputs=row["inputs"],
            shown_at=datetime.fromisoformat(row["at"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError):
        return None


def _key(who: str, page: str, row: dict[str, Any], now: datetime) -> str:
    quarter = int(now.timestamp()) // (60 * AGAIN_AFTER_M)
    parts = (who, page, row["store"], row["area"], row["from_m"], row["to_m"], row["version"], quarter)
    return _secret("|".join(map(str, parts)))


def _secret(text: str) -> str:
    """A keyed hash: nobody without the house's key can tell from it who that was."""
    return hmac.new(settings.SECRET_KEY.encode(), text.encode(), hashlib.blake2s).hexdigest()[:24]
