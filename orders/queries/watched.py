"""What a watched shelf says of its products as they are now: price, and how many there are. One statement."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection

from catalog.pricing.unit_price import unit_price
from inventory.queries import FEW_LEFT

MOST_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Watched:
    """One product of the shelf at this moment; `free` can be sold now. Money in paise."""

    product_id: int
    sku: str
    price_paise: int
    mrp_paise: int
    is_listed: bool
    free: int
    pack_size: float
    pack_unit: str

    def as_dict(self) -> dict[str, Any]:
        """JSON-able, for everybody: the exact number only when it is small, as on a card."""
        available = self.is_listed and self.free > 0
        per = unit_price(self.price_paise, self.pack_size, self.pack_unit)
        return {
            "sku": self.sku,
            "price_paise": self.price_paise,
            "mrp_paise": self.mrp_paise,
            "unit": {"paise": per.paise, "per": per.per} if per else None,
            "left": self.free if available and self.free <= FEW_LEFT else None,
            "available": available,
        }


_SQL = """
    SELECT p.id, p.sku, s.price_paise, s.mrp_paise, s.is_listed AND p.is_active, COALESCE(k.free, 0),
        p.pack_size::float8, p.pack_unit
    FROM catalog_product p JOIN catalog_shelfitem s ON s.product_id = p.id AND s.store_id = %s
    LEFT JOIN inventory_stock k ON k.product_id = p.id AND k.store_id = s.store_id
    WHERE """


def watched(*, store_id: int, product_ids: Iterable[int]) -> list[Watched]:
    """These products on the store's shelf, listed or not; what was never on it is left out."""
    return _read(_SQL + "p.id = ANY(%s) ORDER BY p.id", [store_id, list(product_ids)])


def watched_skus(*, store_id: int, skus: Iterable[str]) -> list[Watched]:
    """The same by SKU, at most MOST_AT_ONCE of them."""
    return _read(_SQL + "p.sku = ANY(%s) ORDER BY p.id", [store_id, list(skus)[:MOST_AT_ONCE]])


def _read(sql: str, parameters: list[Any]) -> list[Watched]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [Watched(*row) for row in cursor.fetchall()]
