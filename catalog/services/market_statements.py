"""The statements that write a feed: a few for thousands of rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from catalog.market import Platform
from catalog.market_rows import State
from catalog.models import City

AT_ONCE = 2_000

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


def save(cursor: Any, rows: Sequence[tuple[Any, ...]], *, platform: Platform, city: City) -> dict[str, int]:
    ids: dict[str, int] = {}
    for part in _parts(rows):
        cursor.execute(_UPSERT, [platform.pk, city.pk, *(list(column) for column in zip(*part, strict=True))])
        ids.update(cursor.fetchall())
    return ids


def touch(cursor: Any, touched: Sequence[tuple[int, datetime, str]]) -> None:
    for part in _parts(sorted(touched)):
        cursor.execute(
            """UPDATE catalog_listing l SET seen_at = v.seen_at, source = v.source
            FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[]) AS v(id, seen_at, source) WHERE l.id = v.id""",
            [list(column) for column in zip(*part, strict=True)],
        )


def save_history(
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
