"""Reads of the goods, made for pages that are opened all the time: one statement each, light rows, no model instances.

A page of a shelf, a search and a cart line are all `ShelfRow`s, so that a card is drawn from one shape everywhere.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db import connection
from django.db.models import F, Q

from blinkit.kernel import pictures
from blinkit.kernel.geo import Point, contains, distance_metres
from catalog import facts, hours, offers, tree, versions
from catalog.errors import BadCursor, NoSuchProduct, NoSuchStore
from catalog.models import City, FeePolicy, Store, StoreLoad, StoreMode
from catalog.pricing import FeeRules
from catalog.pricing.delivery import bands
from catalog.pricing.tiers import Tier
from catalog.pricing.tiers import read as read_tiers
from catalog.pricing.unit_price import unit_price

category = tree.category
category_ids = tree.category_ids
category_tree = tree.category_tree

# -- rows of a shelf ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ShelfRow:
    """A product as one store sells it now. Money in paise, GST inclusive; `weight_g` 0 when unknown."""

    product_id: int
    sku: str
    name: str
    name_hi: str
    brand: str
    pack: str
    pack_size: float | None
    pack_unit: str
    price_paise: int
    mrp_paise: int
    veg: str
    zone: str
    image: str
    category_slug: str
    max_per_order: int
    shelf_item_id: int
    rank: int
    gst_bp: int
    hsn: str
    weight_g: int
    hue: int
    tiers_json: str | None = None
    price_source: str = "own"
    brand_slug: str = ""
    family_no: int | None = None
    packs: int = 1
    traits: int = 0
    unit_paise: int | None = None
    discount_bp: int = 0
    others: tuple[ShelfRow, ...] = ()  # stays last: the other listed packs of its family, where the read brought them

    @property
    def tiers(self) -> tuple[Tier, ...]:
        """What more units, and members, pay for a unit; read once per text and process."""
        return read_tiers(self.tiers_json)

    @property
    def family(self) -> int:
        """Tells families apart; a product without one is its own."""
        return self.product_id if self.family_no is None else self.family_no

    def as_dict(self) -> dict[str, Any]:
        """JSON-able, for the shop's doors: what a card shows and nothing internal."""
        per = unit_price(self.price_paise, self.pack_size, self.pack_unit)
        return {
            "sku": self.sku,
            "name": self.name,
            "name_hi": self.name_hi,
            "brand": self.brand,
            "pack": self.pack,
            "price_paise": self.price_paise,
            "mrp_paise": self.mrp_paise,
            "price_source": self.price_source,
            "tiers": [tier.as_dict() for tier in self.tiers],
            "unit_price": {"paise": per.paise, "per": per.per} if per else None,
            "veg": self.veg,
            "zone": self.zone,
            "image": self.image,
            "images": pictures.sizes_dict(self.image),
            "category": self.category_slug,
            "max_per_order": self.max_per_order,
        }


# In the order of ShelfRow's fields. Aliases: s shelf item, p product, b brand, c category.
ROW_COLUMNS = """p.id, p.sku, p.name, p.name_hi, COALESCE(b.name, ''), p.pack, p.pack_size::float8, p.pack_unit,
    s.price_paise, s.mrp_paise, p.veg, p.zone, p.image, c.slug, p.max_per_order, s.id, s.rank, p.gst_bp, p.hsn,
    p.weight_g, c.hue, s.tiers::text, s.price_source, COALESCE(b.slug, ''), s.family_no, s.packs, s.traits,
    s.unit_paise, s.discount_bp"""
ROW_JOINS = """JOIN catalog_product p ON p.id = s.product_id
    JOIN catalog_category c ON c.id = s.category_id
    LEFT JOIN catalog_brand b ON b.id = p.brand_id"""

# The other packs of a row's family as JSON text, in the same statement; one index probe, only where there are any. They
# are of the same category and brand.
_OTHER_COLUMNS = re.sub(r"\b([sp])\.", r"other_\1.", ROW_COLUMNS)
OTHER_PACKS = f"""CASE WHEN s.packs > 1 THEN (
        SELECT json_agg(json_build_array({_OTHER_COLUMNS}))::text
        FROM catalog_shelfitem other_s JOIN catalog_product other_p ON other_p.id = other_s.product_id
        WHERE other_s.store_id = s.store_id AND other_s.family_no = s.family_no AND other_s.is_listed
            AND other_s.id <> s.id) END"""


def row_with_packs(row: Sequence[Any]) -> ShelfRow:
    """From ROW_COLUMNS followed by OTHER_PACKS."""
    *values, others = row
    if others:
        values.append(tuple(ShelfRow(*other) for other in orjson.loads(others)))
    return ShelfRow(*values)


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row of a page: the next one starts after it, wherever rows were added meanwhile."""

    rank: int
    id: int

    def encode(self) -> str:
        return base64.urlsafe_b64encode(f"{self.rank}.{self.id}".encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> Cursor:
        """Raises BadCursor for anything `encode` did not make."""
        try:
            rank, id = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii").split(".")
            cursor = cls(int(rank), int(id))
        except ValueError:
            raise BadCursor() from None
        if not (abs(cursor.rank) < 2**31 and 0 <= cursor.id < 2**63):
            raise BadCursor()
        return cursor

    @classmethod
    def of(cls, row: ShelfRow) -> Cursor:
        return cls(row.rank, row.shelf_item_id)


def shelf_page(
    *, store_id: int, category_ids: Sequence[int] | None = None, after: Cursor | None = None, limit: int = 40
) -> list[ShelfRow]:
    """Listed rows of the store, best first (rank, then id), in one statement; `category_ids=None` means everything.
    Of a family of packs the one that leads, carrying the others.

    Each category is read from the front of the `shelf_page` index, so a page costs the same however long the shelf is.
    """
    beyond = "" if after is None else " AND s.rank <= %s AND (s.rank < %s OR s.id > %s)"
    keyset: list[Any] = [] if after is None else [after.rank, after.rank, after.id]
    first = f"SELECT s.* FROM catalog_shelfitem s WHERE s.store_id = %s AND s.is_listed AND s.is_lead{beyond}"
    order = " ORDER BY s.rank DESC, s.id LIMIT %s"
    parameters: list[Any]
    if category_ids is None or len(category_ids) == 1:
        parameters = [store_id, *keyset]
        if category_ids:
            first += " AND s.category_id = %s"
            parameters.append(category_ids[0])
        source = first + order
        parameters.append(limit)
    elif category_ids:
        source = (
            "SELECT s.* FROM unnest(%s::bigint[]) AS wanted(category_id) "
            f"CROSS JOIN LATERAL ({first} AND s.category_id = wanted.category_id{order}) s{order}"
        )
        parameters = [list(category_ids), store_id, *keyset, limit, limit]
    else:
        return []
    sql = f"SELECT {ROW_COLUMNS}, {OTHER_PACKS} FROM ({source}) s {ROW_JOINS} ORDER BY s.rank DESC, s.id"
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [row_with_packs(row) for row in cursor.fetchall()]


def shelf_rows(*, store_id: int, product_ids: Iterable[int]) -> dict[int, ShelfRow]:
    """The listed rows of these products by product id, in one statement. What is not on the shelf is left out."""
    ids = list(product_ids)
    if not ids:
        return {}
    where = "s.store_id = %s AND s.product_id = ANY(%s) AND s.is_listed AND p.is_active"
    rows = _rows(f"SELECT {ROW_COLUMNS} FROM catalog_shelfitem s {ROW_JOINS} WHERE {where}", [store_id, ids])
    return {row.product_id: row for row in rows}


def shelf_rows_by_item(*, store_id: int, shelf_item_ids: Sequence[int]) -> list[ShelfRow]:
    """Listed rows by their own ids and in their order, each with the other packs of its family; one statement."""
    if not shelf_item_ids:
        return []
    sql = f"""SELECT {ROW_COLUMNS}, {OTHER_PACKS} FROM catalog_shelfitem s {ROW_JOINS}
        WHERE s.id = ANY(%s) AND s.store_id = %s AND s.is_listed"""
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(shelf_item_ids), store_id])
        rows = {row.shelf_item_id: row for row in map(row_with_packs, cursor.fetchall())}
    return [rows[id] for id in shelf_item_ids if id in rows]


def shelf_rows_by_sku(*, store_id: int, skus: Iterable[str]) -> dict[str, ShelfRow]:
    """The same by SKU: what an app sends."""
    wanted = list(skus)
    if not wanted:
        return {}
    where = "s.store_id = %s AND p.sku = ANY(%s) AND s.is_listed AND p.is_active"
    rows = _rows(f"SELECT {ROW_COLUMNS} FROM catalog_shelfitem s {ROW_JOINS} WHERE {where}", [store_id, wanted])
    return {row.sku: row for row in rows}


def _rows(sql: str, parameters: Sequence[Any]) -> list[ShelfRow]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [ShelfRow(*row) for row in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class ProductDetail:
    row: ShelfRow
    description: str
    shelf_life_days: int | None
    barcode: str
    images: tuple[str, ...]
    facts: dict[str, Any]
    """`catalog.facts.as_dict`: empty texts and lists where nothing is known."""

    def as_dict(self) -> dict[str, Any]:
        return {
            **self.row.as_dict(),
            "description": self.description,
            "shelf_life_days": self.shelf_life_days,
            "gallery": [pictures.sizes_dict(path) for path in self.images],
            "hsn": self.row.hsn,
            "gst_bp": self.row.gst_bp,
            "facts": self.facts,
        }


def product_detail(*, store_id: int, sku: str) -> ProductDetail:
    """One product of the store's shelf, in one statement. Raises NoSuchProduct when it is not listed there."""
    known = ", ".join(f"f.{name}" for name in facts.FACT_COLUMNS)
    sql = f"""SELECT p.description, p.shelf_life_days, COALESCE(p.barcode, ''), (
            SELECT COALESCE(array_agg(i.file ORDER BY i.rank, i.id), '{{}}')
            FROM catalog_productimage i WHERE i.product_id = p.id), {known}, {ROW_COLUMNS}, {OTHER_PACKS}
        FROM catalog_shelfitem s {ROW_JOINS} LEFT JOIN catalog_productfacts f ON f.product_id = p.id
        WHERE s.store_id = %s AND p.sku = %s AND s.is_listed AND p.is_active"""
    with connection.cursor() as cursor:
        cursor.execute(sql, [store_id, sku])
        found = cursor.fetchone()
    if found is None:
        raise NoSuchProduct()
    description, shelf_life_days, barcode, files = found[:4]
    label = dict(zip(facts.FACT_COLUMNS, found[4:], strict=False))
    for name in ("nutrition", "attributes"):
        if isinstance(label[name], str):
            label[name] = orjson.loads(label[name])
    row = row_with_packs(found[4 + len(label) :])
    images = tuple(files) or ((row.image,) if row.image else ())
    return ProductDetail(row, description, shelf_life_days, barcode, images, facts.as_dict(label))


# -- stores -------------------------------------------------------------------------------------------------------


# Model instances, but not through the ORM's compiler: these joins would cost it 3 ms of CPU on every page.
_STORE_FIELDS = [field.attname for field in Store._meta.concrete_fields]
_CITY_FIELDS = [field.attname for field in City._meta.concrete_fields]
_LOAD_FIELDS = [field.attname for field in StoreLoad._meta.concrete_fields]
_FEE_FIELDS = list(FeeRules.__slots__)
_AREA = _STORE_FIELDS.index("area")
_STREETS = _CITY_FIELDS.index("streets")
_STORE_COLUMNS = [
    f"{alias}.{name}"
    for alias, names in (("s", _STORE_FIELDS), ("c", _CITY_FIELDS), ("l", _LOAD_FIELDS), ("f", _FEE_FIELDS))
    for name in names
]
_STORE_SQL = f"""SELECT {", ".join(_STORE_COLUMNS)}, (SELECT b.token FROM catalog_promotionboard b WHERE b.id = 1)
    FROM catalog_store s JOIN catalog_city c ON c.id = s.city_id LEFT JOIN catalog_storeload l ON l.store_id = s.id
    LEFT JOIN LATERAL (SELECT * FROM catalog_feepolicy p WHERE p.store_id = s.id OR p.city_id = s.city_id
        ORDER BY p.store_id NULLS LAST LIMIT 1) f ON true
    WHERE """
_ACTIVE = "s.is_active"


def _stores(condition: str = _ACTIVE, parameters: Sequence[Any] = ()) -> list[Store]:
    """Stores with city, load and fee policy, all in the one statement."""
    with connection.cursor() as cursor:
        cursor.execute(f"{_STORE_SQL}{condition} ORDER BY s.code", parameters)
        return [_store(list(row)) for row in cursor.fetchall()]


def _store(row: list[Any]) -> Store:
    row[_AREA] = orjson.loads(row[_AREA]) if isinstance(row[_AREA], str) else row[_AREA]
    parts: list[list[Any]] = []
    for names in (_STORE_FIELDS, _CITY_FIELDS, _LOAD_FIELDS, _FEE_FIELDS):
        parts.append(row[: len(names)])
        row = row[len(names) :]
    store = Store.from_db(connection.alias, _STORE_FIELDS, parts[0])
    if isinstance(parts[1][_STREETS], str):
        parts[1][_STREETS] = orjson.loads(parts[1][_STREETS])
    store.city = City.from_db(connection.alias, _CITY_FIELDS, parts[1])
    load = (
        StoreLoad(store=store) if parts[2][0] is None else StoreLoad.from_db(connection.alias, _LOAD_FIELDS, parts[2])
    )
    store._state.fields_cache["load"] = load
    store.__dict__[offers.TOKEN] = row[0] or ""  # what is left of the row
    store.__dict__[_FEES] = (
        FeeRules() if parts[3][0] is None else _fee_rules(dict(zip(_FEE_FIELDS, parts[3], strict=True)))
    )
    return store


_FEES = "_fee_rules"


def stores_for(point: Point) -> list[Store]:
    """Active stores whose area contains the point, nearest first, in one statement.

    The database discards far stores by the box around each area; the polygon itself is tested here. Opening hours, mode
    and load are the caller's to judge (`is_open`, `current_mode`, `store.load`).
    """
    near = _stores(
        f"{_ACTIVE} AND s.area_south <= %s AND s.area_north >= %s AND s.area_west <= %s AND s.area_east >= %s",
        [point.lat, point.lat, point.lng, point.lng],
    )
    inside = [store for store in near if contains(store.area, point)]
    return sorted(inside, key=lambda store: (distance_metres(store.point, point), store.pk))


def store_by_code(code: str) -> Store:
    """The active store with its city, load and fee policy, in one statement. Raises NoSuchStore."""
    found = _stores(f"{_ACTIVE} AND s.code = %s", [code])
    if not found:
        raise NoSuchStore()
    return found[0]


def store_by_id(store_id: int) -> Store:
    """The store of a cart or an order, switched off or not: what was begun there stays readable, and is moved or ended
    by its own rules. In one statement as well. Raises NoSuchStore."""
    found = _stores("s.id = %s", [store_id])
    if not found:
        raise NoSuchStore()
    return found[0]


def active_stores() -> list[Store]:
    """All active stores with city, load and policy, by code: the map of where we are."""
    return _stores()


def fee_policy(store: Store) -> FeeRules:
    """The store's own fees, else its city's, else the defaults. No statement for a store read through this module."""
    kept = store.__dict__.get(_FEES)
    if isinstance(kept, FeeRules):
        return kept
    rows = FeePolicy.objects.filter(Q(store=store) | Q(city=store.city_id)).order_by(F("store_id").asc(nulls_last=True))
    figures = rows.values(*_FEE_FIELDS).first()
    return _fee_rules(figures) if figures else FeeRules()


def fee_rules(policy: FeePolicy) -> FeeRules:
    """The figures of one policy."""
    return _fee_rules({name: getattr(policy, name) for name in _FEE_FIELDS})


def _fee_rules(figures: dict[str, Any]) -> FeeRules:
    return FeeRules(**{**figures, "delivery_bands": bands(figures["delivery_bands"])})


def current_surge(store: Store, *, now: datetime) -> tuple[int, str]:
    """The busy-hour fee that holds now, and why; (0, "") when there is none or it is over. No statement."""
    load = store.load
    if load.surge_until is None or load.surge_until <= now:
        return 0, ""
    paise = min(load.surge_paise, fee_policy(store).surge_cap_paise)
    return (paise, load.surge_why) if paise else (0, "")


def is_open(store: Store, *, now: datetime) -> bool:
    """By its opening hours alone; a pause is `current_mode`."""
    return hours.is_open(opens=store.opens, closes=store.closes, timezone=store.city.timezone, now=now)


def next_opening(store: Store, *, now: datetime) -> datetime:
    """The next instant it is open by its hours; `now` while it is."""
    return hours.next_opening(opens=store.opens, closes=store.closes, timezone=store.city.timezone, now=now)


def current_mode(store: Store, *, now: datetime) -> StoreMode:
    """The mode that holds now: one whose end has passed is over, whether or not anybody swept it."""
    if store.mode_until is not None and store.mode_until <= now:
        return StoreMode.OPEN
    return StoreMode(store.mode)


def most_open_orders(store: Store, *, now: datetime) -> int:
    """Open orders the store takes at once: its own figure, or its manager's limit while that holds."""
    if store.limit_orders is not None and store.limit_until is not None and store.limit_until > now:
        return min(store.limit_orders, store.max_open_orders)
    return store.max_open_orders


# -- versions, for ETags ------------------------------------------------------------------------------------------


def shelf_version(store_id: int) -> str:
    """Changes whenever anything about this store's shelf may have (price, listing, product): one Redis read.

    Read it before the rows it stands for. "" when Redis is down: answer without an ETag then.
    """
    return versions.read(f"shelf:{store_id}")
