"""A store's floor for `pickroute`, told from the codes of its bins: its aisles, their order, how deep they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection

from fulfillment.pickroute import Layout

AISLES = """
    SELECT max(code) AS code, min(sequence) AS sequence FROM inventory_bin
    WHERE store_id = %s GROUP BY split_part(code, '-', 1)
"""
"""Per aisle the code of its deepest bin and the lowest sequence; its parameter is the store."""


def layout_of(*, store_id: int) -> Layout:
    """One statement."""
    with connection.cursor() as cursor:
        cursor.execute(AISLES, [store_id])
        return Layout.of(cursor.fetchall())


def layout(aisles: Iterable[Mapping[str, Any]]) -> Layout:
    """From rows of AISLES."""
    return Layout.of((row["code"], row["sequence"]) for row in aisles)
