"""The category tree, kept in each process for a few seconds: every page needs it and it changes a few times a month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection

from catalog.errors import NoSuchCategory
from catalog.kept import BrieflyKept
from catalog.models import Category


@dataclass(frozen=True, slots=True)
class CategoryNode:
    id: int
    slug: str
    name: str
    name_hi: str
    icon: str
    hue: int
    parent_slug: str
    children: tuple[CategoryNode, ...] = ()

    def ids(self) -> list[int]:
        """This category and everything beneath it."""
        return [self.id, *(id for child in self.children for id in child.ids())]

    def as_dict(self) -> dict[str, Any]:
        return {
            "slug": self.slug,
            "name": self.name,
            "name_hi": self.name_hi,
            "icon": self.icon,
            "hue": self.hue,
            "children": [child.as_dict() for child in self.children],
        }


def _read_tree() -> tuple[tuple[CategoryNode, ...], dict[str, CategoryNode]]:
    rows = Category.objects.order_by("rank", "name", "id").values_list(
        "id", "slug", "name", "name_hi", "icon", "hue", "parent_id"
    )
    beneath: dict[int | None, list[tuple[Any, ...]]] = {}
    for row in rows:
        beneath.setdefault(row[-1], []).append(row)
    by_slug: dict[str, CategoryNode] = {}

    def grow(row: tuple[Any, ...], parent_slug: str) -> CategoryNode:
        id, slug, name, name_hi, icon, hue, _parent_id = row
        children = tuple(grow(child, slug) for child in beneath.get(id, ()))
        node = CategoryNode(id, slug, name, name_hi, icon, hue, parent_slug, children)
        by_slug[node.slug] = node
        return node

    return tuple(grow(row, "") for row in beneath.get(None, ())), by_slug


def _read_sold(store_id: int) -> frozenset[int]:
    with connection.cursor() as cursor:
        # One index probe per category instead of a walk over the whole shelf.
        cursor.execute(
            """SELECT c.id FROM catalog_category c WHERE EXISTS (
                SELECT 1 FROM catalog_shelfitem s WHERE s.store_id = %s AND s.category_id = c.id AND s.is_listed)""",
            [store_id],
        )
        return frozenset(id for (id,) in cursor.fetchall())


_tree = BrieflyKept(_read_tree)
_sold = BrieflyKept(_read_sold)


def category_tree(*, store_id: int | None = None) -> tuple[CategoryNode, ...]:
    """The top categories with their children, in shelf order; with a store only those it has something listed in."""
    top, _ = _tree()
    return top if store_id is None else _only(top, _sold(store_id))


def category(slug: str) -> CategoryNode:
    """Raises NoSuchCategory."""
    found = _tree()[1].get(slug)
    if found is None:
        raise NoSuchCategory()
    return found


def category_ids(slug: str) -> list[int]:
    """The category and everything beneath it: what `shelf_page` takes. Raises NoSuchCategory."""
    return category(slug).ids()


def forget() -> None:
    """After a change of the categories or of what a store sells, in this process; others follow within seconds."""
    _tree.forget()
    _sold.forget()


def _only(nodes: tuple[CategoryNode, ...], sold: frozenset[int]) -> tuple[CategoryNode, ...]:
    kept: list[CategoryNode] = []
    for node in nodes:
        children = _only(node.children, sold)
        if children or node.id in sold:
            kept.append(
                CategoryNode(
                    node.id, node.slug, node.name, node.name_hi, node.icon, node.hue, node.parent_slug, children
                )
            )
    return tuple(kept)
