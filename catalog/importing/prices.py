"""A file of prices for the list: sku, scope, paise, from, until, min_qty, members, reason.

`scope` is everywhere (or empty), city:<slug> or store:<code>. `from` and `until` are ISO days or instants, read in the
platform's time zone where they say none; an empty `from` is now, and a day is its beginning. A line that cannot be read
is told and left out; the others are written. Again with the same file writes nothing.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from blinkit.kernel.errors import Invalid, Refusal
from catalog.models import City, Product, Store
from catalog.services.prices import MOST_AT_ONCE, NewPrice, checked_prices, schedule_prices

COLUMNS = ("sku", "scope", "paise", "from", "until", "min_qty", "members", "reason")
YES, NO = frozenset({"1", "yes", "true", "members"}), frozenset({"", "0", "no", "false"})

WRITTEN, THERE, REFUSED = "written", "there already", "refused"


@dataclass(frozen=True, slots=True)
class LineResult:
    """What became of a line of the file; `line` counts from 1 with the heading."""

    line: int
    sku: str
    result: str
    why: str = ""


def import_prices(text: Iterable[str], *, actor: str, now: datetime, dry_run: bool = False) -> list[LineResult]:
    """Read and write them in one transaction, a result per line. Raises Invalid when it is no such file."""
    reader = csv.DictReader(text)
    missing = [name for name in ("sku", "paise", "reason") if name not in (reader.fieldnames or ())]
    if missing:
        raise Invalid(f"The file needs these columns: {', '.join(missing)}. It may have: {', '.join(COLUMNS)}.")
    records = [(n, {name: (value or "").strip() for name, value in row.items() if name}) for n, row in _rows(reader)]
    if len(records) > MOST_AT_ONCE:
        raise Invalid(f"At most {MOST_AT_ONCE} prices in one file.")
    products = dict(Product.objects.filter(sku__in={row["sku"] for _, row in records}).values_list("sku", "pk"))
    cities = dict(City.objects.values_list("slug", "pk"))
    stores = dict(Store.objects.values_list("code", "pk"))
    results: dict[int, LineResult] = {}
    readable: dict[int, NewPrice] = {}
    for line, row in records:
        try:
            price = _read(row, products=products, cities=cities, stores=stores)
        except Refusal as refusal:
            results[line] = LineResult(line, row["sku"], REFUSED, refusal.detail)
        else:
            readable[line] = price
    skus = {pk: sku for sku, pk in products.items()}
    refused = _refused(readable, now=now)
    for line, why in refused.items():
        results[line] = LineResult(line, skus[readable.pop(line).product_id], REFUSED, why)
    with transaction.atomic():
        written, _ = schedule_prices(prices=list(readable.values()), actor=actor, now=now)
        if dry_run:
            transaction.set_rollback(True)
    new = {
        (
            row.product_id,
            row.store_id,
            row.city_id,
            row.paise,
            row.starts_at,
            row.ends_at,
            row.min_qty,
            row.members_only,
        )
        for row in written
    }
    for line, price in readable.items():
        key = (
            price.product_id, price.store_id, price.city_id, price.paise, price.starts_at or now, price.ends_at,
            price.min_qty, price.members_only,
        )  # fmt: skip
        results[line] = LineResult(line, skus[price.product_id], WRITTEN if key in new else THERE)
        new.discard(key)  # said twice in one file: the second line finds the first
    return [results[line] for line in sorted(results)]


def _rows(reader: csv.DictReader[str]) -> Iterable[tuple[int, dict[str, str | None]]]:
    for row in reader:
        row.pop(None, None)  # type: ignore[call-overload]
        yield reader.line_num, row


def _refused(prices: dict[int, NewPrice], *, now: datetime) -> dict[int, str]:
    """Those the list would refuse, one by one, and why."""
    try:
        checked_prices(list(prices.values()), now=now)
    except Refusal:
        pass
    else:
        return {}
    known = Product.objects.in_bulk({price.product_id for price in prices.values()})
    refused = {}
    for line, price in prices.items():
        try:
            checked_prices([price], now=now, known=known)
        except Refusal as refusal:
            refused[line] = refusal.detail
    return refused


def _read(row: dict[str, str], *, products: dict[str, int], cities: dict[str, int], stores: dict[str, int]) -> NewPrice:
    if row["sku"] not in products:
        raise Invalid("There is no such product.")
    store_id, city_id = _scope(row.get("scope", ""), cities=cities, stores=stores)
    members = row.get("members", "").lower()
    if members not in YES | NO:
        raise Invalid("members is yes or no.")
    return NewPrice(
        product_id=products[row["sku"]],
        paise=_whole(row["paise"], "paise"),
        store_id=store_id,
        city_id=city_id,
        starts_at=_instant(row.get("from", ""), "from"),
        ends_at=_instant(row.get("until", ""), "until"),
        min_qty=_whole(row.get("min_qty", "") or "1", "min_qty"),
        members_only=members in YES,
        reason=row["reason"][:120],
    )


def _scope(text: str, *, cities: dict[str, int], stores: dict[str, int]) -> tuple[int | None, int | None]:
    kind, _, name = text.partition(":")
    if kind in ("", "everywhere") and not name:
        return None, None
    if kind == "city" and name in cities:
        return None, cities[name]
    if kind == "store" and name in stores:
        return stores[name], None
    raise Invalid(f"{text[:40]!r} is no place: everywhere, city:<slug> or store:<code>.")


def _whole(text: str, what: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise Invalid(f"{what} is a whole number, not {text[:20]!r}.") from None


def _instant(text: str, what: str) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(f"{what} is a day or an instant (2026-12-01 or 2026-12-01T18:00), not {text[:30]!r}.") from None
    return timezone.make_aware(found) if timezone.is_naive(found) else found
