"""Which rows of a feed can be believed, and what tells one content from another."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from blinkit.kernel.money import rupees
from catalog.market import Platform
from catalog.market_rows import BadRow, MarketRow, OfferRow, TermsRow
from catalog.models import City
from catalog.services.market_months import oldest_kept

MOST_PAISE = 100_000_000
"""Ten lakh rupees: a price above it is a slip, not a grocery."""
AHEAD = timedelta(minutes=10)
"""So far a feed's clock may be before ours."""


def digest(
    rows: Sequence[MarketRow | BadRow],
    terms: TermsRow | None,
    offers: Sequence[OfferRow | BadRow],
    *,
    platform: Platform,
    city: City,
    now: datetime,
) -> str:
    """Of everything said, with its time: the same prices an hour later are news (they hold still)."""
    found = hashlib.sha256(f"{platform.slug} {city.slug} {terms!r} {offers!r}".encode())
    for row in rows:
        at = "" if isinstance(row, BadRow) or row.at is not None else now.isoformat()
        found.update(f"{row!r}{at}\n".encode(errors="surrogatepass"))
    return found.hexdigest()


def problem(row: BadRow | MarketRow, why: str = "") -> dict[str, Any]:
    why = why or getattr(row, "why", "")
    return {"row": row.line, "why": without_nulls(why), "name": without_nulls(row.name[:80])}


def without_nulls(text: str) -> str:
    """No text of the database may have one, not even the report that says so."""
    return text.replace("\x00", "\ufffd")


def sound(
    rows: Iterable[MarketRow], problems: list[dict[str, Any]], *, now: datetime
) -> dict[str, list[tuple[datetime, MarketRow]]]:
    """The good rows by listing, oldest first. Of two that speak of one instant the first counts: the same again is a
    repeat, another price is refused."""
    oldest = oldest_kept(now)
    said: dict[tuple[str, datetime], MarketRow] = {}
    for row in rows:
        at = row.at or now
        why = _wrong(row) or (
            f"seen in the future ({at:%Y-%m-%d %H:%M})" if at > now + AHEAD
            else f"older than the {settings.MARKET_HISTORY_MONTHS} months that are kept ({at:%Y-%m-%d})" if at < oldest
            else ""
        )  # fmt: skip
        if why:
            problems.append(problem(row, why))
            continue
        first = said.setdefault((row.listing_key, at), row)
        if first is not row and first.state != row.state:
            problems.append(
                problem(
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
