"""What a shelf row carries of its product for filters, and who stands in front of a family of packs.

A family is the products of one key (`catalog.families`) in one category, of one brand, mark and zone. On each store's
shelf one listed member leads it; pages read leads only. The database itself refuses a second lead.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog
from django.db import connection, transaction

from catalog.families import family_key
from catalog.models import Product
from catalog.traits import MARKS, MEASURED_IN, MEASURES, TAGS

log = structlog.get_logger(__name__)

CHUNK = 5_000


@transaction.atomic
def refresh_families(product_ids: Sequence[int] | None = None) -> list[int]:
    """Write the family of these products (or of all). Returns the ids whose family changed, in order.

    Call it after products, their brand or category were created or changed, before `refresh_shelf` and `put_on_shelf`,
    which copy it to the shelves.
    """
    products = Product.objects.order_by("pk")
    if product_ids is not None:
        products = products.filter(pk__in=product_ids)
    rows = products.values_list(
        "pk", "name", "brand_id", "brand__name", "family_by_hand", "category_id", "veg", "zone", "family"
    )  # fmt: skip
    changed: list[tuple[int, str]] = []
    for pk, name, brand_id, brand, by_hand, category_id, veg, zone, family in rows.iterator(CHUNK):
        key = family_key(name, brand or "", by_hand=by_hand)
        # What is told from a name is only one thing when mark and zone agree as well; a person may know better.
        where = f"{category_id} {brand_id or 0}" + ("" if by_hand else f" {veg} {zone}")
        wanted = f"{where}: {key}" if key else ""
        if wanted != family:
            changed.append((pk, wanted))
    for start in range(0, len(changed), CHUNK):
        part = changed[start : start + CHUNK]
        with connection.cursor() as cursor:
            lock_products(cursor, [pk for pk, _ in part])
            cursor.execute(
                """UPDATE catalog_product p SET family = n.family
                FROM unnest(%s::bigint[], %s::text[]) AS n(id, family) WHERE p.id = n.id""",
                [[pk for pk, _ in part], [family for _, family in part]],
            )
    return [pk for pk, _ in changed]


def refresh_families_if_outdated() -> bool:
    """After an upgrade that tells families otherwise: write all of them anew and every shelf. Tells by the first
    products."""
    first = list(Product.objects.order_by("pk").values_list("pk", flat=True)[:20])
    if not first or not refresh_families(first):
        return False
    with transaction.atomic():
        refresh_families()
        with connection.cursor() as cursor:
            cursor.execute("SELECT DISTINCT store_id FROM catalog_shelfitem ORDER BY store_id")
            for (store_id,) in cursor.fetchall():
                cursor.execute("SELECT pg_advisory_xact_lock(hashtext('catalog.shelf'), %s)", [store_id])
                keep_faces(cursor, store_id=store_id)
    log.info("families written anew")
    return True


def lock_products(cursor: Any, product_ids: Sequence[int]) -> None:
    """Rows of products are locked by key before several of them are changed: two who change the same ones then wait for
    each other instead of for ever."""
    cursor.execute(
        "SELECT 1 FROM catalog_product WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [list(product_ids)]
    )


_MARK_BITS = "CASE p.veg " + " ".join(f"WHEN '{mark}' THEN {bit}" for mark, bit in MARKS.items()) + " ELSE 0 END"
_MEASURE_BITS = (
    "CASE p.pack_unit "
    + " ".join(f"WHEN '{unit}' THEN {MEASURES[measure]}" for unit, measure in MEASURED_IN.items())
    + " ELSE 0 END"
)
_TAG_BITS = " + ".join(f"CASE WHEN '{tag}' = ANY(f.tags) THEN {bit} ELSE 0 END" for tag, bit in TAGS.items())

# The copies a row should carry. A family's number is made of its text: no table of families to keep.
_WANTED = f"""SELECT p.id, p.brand_id,
        CASE WHEN p.family <> '' THEN ('x' || left(md5(p.family), 16))::bit(64)::bigint END AS family_no,
        {_MARK_BITS} + {_MEASURE_BITS} + CASE WHEN f.product_id IS NULL THEN 0 ELSE {_TAG_BITS} END AS traits,
        CASE WHEN p.pack_size > 0 THEN CASE WHEN p.pack_unit IN ('kg', 'l', 'pc') THEN round(p.pack_size, 6)
            WHEN p.pack_unit IN ('g', 'ml') THEN NULLIF(round(p.pack_size / 1000, 6), 0) END END AS base_qty
    FROM catalog_product p LEFT JOIN catalog_productfacts f ON f.product_id = p.id"""


def keep_faces(cursor: Any, *, store_id: int, product_ids: Sequence[int] | None = None) -> None:
    """After rows of a shelf or their products changed (None: any of them): copy what filters need, and choose who leads
    each family these products are or were in. Most wanted first, then the cheaper, then the older row.

    The caller holds the store's lock of writers (`services.shelf`). Four statements whatever the number of rows.
    """
    ids = None if product_ids is None else list(product_ids)
    these = "" if ids is None else "AND s.product_id = ANY(%s)"
    given: list[Any] = [] if ids is None else [ids]
    touched: set[int] = set()
    families = f"""SELECT DISTINCT s.family_no FROM catalog_shelfitem s
        WHERE s.store_id = %s AND s.family_no IS NOT NULL {these}"""
    cursor.execute(families, [store_id, *given])
    touched.update(number for (number,) in cursor.fetchall())
    # Who leaves a family leads nobody for a moment, so that two leads never meet.
    cursor.execute(
        f"""UPDATE catalog_shelfitem s SET brand_id = n.brand_id, family_no = n.family_no, traits = n.traits,
            base_qty = n.base_qty,
            is_lead = n.family_no IS NULL OR (s.is_lead AND s.family_no IS NOT DISTINCT FROM n.family_no),
            packs = CASE WHEN n.family_no IS NULL THEN 1 ELSE s.packs END
        FROM ({_WANTED}) n WHERE n.id = s.product_id AND s.store_id = %s {these}
            AND (s.brand_id, s.family_no, s.traits, s.base_qty) IS DISTINCT FROM
                (n.brand_id, n.family_no, n.traits, n.base_qty)
        RETURNING s.family_no""",
        [store_id, *given],
    )
    touched.update(number for (number,) in cursor.fetchall() if number is not None)
    if not touched:
        return
    ranked = """SELECT id, is_listed AND row_number() OVER (PARTITION BY family_no
            ORDER BY is_listed DESC, rank DESC, price_paise, id) = 1 AS is_lead,
        LEAST(GREATEST(count(*) FILTER (WHERE is_listed) OVER (PARTITION BY family_no), 1), 32767) AS packs
        FROM catalog_shelfitem WHERE store_id = %s AND family_no = ANY(%s)"""
    for leads in (False, True):  # the old lead steps back before the new one steps in front
        cursor.execute(
            f"""UPDATE catalog_shelfitem s SET is_lead = r.is_lead, packs = r.packs FROM ({ranked}) r
            WHERE r.id = s.id AND r.is_lead = %s AND (s.is_lead, s.packs) IS DISTINCT FROM (r.is_lead, r.packs)""",
            [store_id, list(touched), leads],
        )
