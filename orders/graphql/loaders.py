"""What many fields ask for one by one, read together: one batch per level of the query."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from rest_framework.request import Request
from strawberry.dataloader import DataLoader

from catalog import queries as goods
from catalog.errors import NoSuchStore
from catalog.models import Store
from inventory import queries as stock
from orders import queries
from orders.queries.shelves import ShelfCard

P = ParamSpec("P")
T = TypeVar("T")


async def read(query: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """One of our reads, in the thread that holds the request's connection."""
    return await sync_to_async(query, thread_sensitive=True)(*args, **kwargs)


def stores_by_code(codes: Sequence[str]) -> list[Store | NoSuchStore]:
    """Active stores with city and load. One statement for all."""
    found = {store.code: store for store in goods.active_stores()}
    return [found.get(code) or NoSuchStore() for code in codes]


def cards_by_sku(keys: Sequence[tuple[str, str]]) -> list[ShelfCard | None]:
    """Today's cards by (store code, SKU); None for what the store does not sell. Two statements for each store."""
    by_store: dict[str, set[str]] = {}
    for code, sku in keys:
        by_store.setdefault(code, set()).add(sku)
    found: dict[tuple[str, str], ShelfCard] = {}
    for code, skus in by_store.items():
        try:
            store_id = queries.store_id_of(code)
        except NoSuchStore:
            continue  # it has closed for good since
        rows = goods.shelf_rows_by_sku(store_id=store_id, skus=sorted(skus))
        free = stock.free(store_id=store_id, product_ids=[row.product_id for row in rows.values()]) if rows else {}
        found |= {(code, sku): ShelfCard(row, free.get(row.product_id, 0)) for sku, row in rows.items()}
    return [found.get(key) for key in keys]


async def _stores(codes: list[str]) -> Sequence[Store | NoSuchStore]:
    return await read(stores_by_code, codes)


async def _cards(keys: list[tuple[str, str]]) -> Sequence[ShelfCard | None]:
    return await read(cards_by_sku, keys)


@dataclass
class Context:
    """Of one request."""

    request: Request
    operation_name: str | None = None
    """As the caller named it: strawberry would take the first one where there are several."""
    stores: DataLoader[str, Store] = field(default_factory=lambda: DataLoader(_stores))
    cards: DataLoader[tuple[str, str], ShelfCard | None] = field(default_factory=lambda: DataLoader(_cards))

    def __getitem__(self, name: str) -> Any:  # strawberry looks for its own things this way
        return getattr(self, name)
