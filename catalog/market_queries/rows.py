"""A listing as every read of the market gives it, the city it is asked in, and cursors."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.conf import settings
from django.db import connection

from catalog.errors import BadCursor, NoSuchCity


@dataclass(frozen=True, slots=True)
class MarketCity:
    id: int
    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class Listed:
    """One pack on one platform. `unit_paise` is per kg, litre or piece; `surge_paise` is part of the price."""

    id: int
    platform: str
    platform_name: str
    is_ours: bool
    name: str
    brand: str
    item: str
    pack: str
    amount: float | None
    measure: str
    price_paise: int
    mrp_paise: int | None
    member_paise: int | None
    bulk_paise: int | None
    bulk_from: int | None
    surge_paise: int
    available: bool
    unit_paise: int | None
    discount_bp: int
    was_paise: int | None
    changed_at: datetime | None
    seen_at: datetime
    sku: str
    category: str
    url: str
    hue: int
    is_stale: bool

    @property
    def per(self) -> str:
        """What `unit_paise` is the price of."""
        return {"g": "kg", "ml": "l"}.get(self.measure, "pc")


# In the order of Listed's fields; takes the instant before which a listing is stale. Aliases: l listing, p platform,
# y city, r product, k category.
COLUMNS = """l.id, p.slug, p.name, p.is_ours, l.name, l.brand, l.item, l.pack, l.amount::float8, l.measure,
    l.price_paise, l.mrp_paise, l.member_paise, l.bulk_paise, l.bulk_from, l.surge_paise, l.available, l.unit_paise,
    l.discount_bp, l.was_paise, l.changed_at, l.seen_at, coalesce(r.sku, ''), coalesce(k.slug, ''), l.url, p.hue,
    l.seen_at < %(stale)s"""
JOINS = """JOIN catalog_platform p ON p.id = l.platform_id AND p.is_active
    LEFT JOIN catalog_product r ON r.id = l.product_id
    LEFT JOIN catalog_category k ON k.id = l.category_id"""
WIDTH = len(Listed.__dataclass_fields__)


def stale_before(now: datetime) -> datetime:
    return now - timedelta(seconds=settings.MARKET_STALE_AFTER_S)


def fetch(sql: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def market_city(slug: str = "") -> MarketCity:
    """The city of this slug; without one, the first that platforms have terms in. Raises NoSuchCity."""
    found = fetch(
        """
        SELECT y.id, y.slug, y.name FROM catalog_city y
        WHERE %(slug)s = '' OR y.slug = %(slug)s
        ORDER BY NOT EXISTS (SELECT 1 FROM catalog_platformterms t WHERE t.city_id = y.id), y.id
        LIMIT 1
        """,
        {"slug": slug},
    )
    if not found:
        raise NoSuchCity
    return MarketCity(*found[0])


def encode(values: Sequence[Any]) -> str:
    """An opaque cursor: the sorting values of the last row of a page."""
    return base64.urlsafe_b64encode(orjson.dumps(list(values))).decode().rstrip("=")


def decode(cursor: str, kinds: Sequence[type]) -> list[Any]:
    """Raises BadCursor for anything but values of these kinds."""
    try:
        found = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error):
        raise BadCursor from None
    if not isinstance(found, list) or [type(it) for it in found] != list(kinds):
        raise BadCursor
    if any(isinstance(it, int) and not -(2**62) < it < 2**62 for it in found):
        raise BadCursor
    if any(isinstance(it, str) and ("\x00" in it or len(it) > 100) for it in found):
        raise BadCursor
    return found
