"""Draws the product pictures and category tiles into media storage, once."""

from __future__ import annotations

from collections.abc import Iterator

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from blinkit.demo import art
from blinkit.demo.catalogue import categories, products


def product_path(sku: str) -> str:
    return f"products/{sku}.svg"


def category_path(slug: str) -> str:
    return f"categories/{slug}.svg"


def draw_all() -> int:
    """Write every picture that is missing or was drawn differently before; returns how many were written.

    A picture counts as the same when it has the same size: asking storage for sizes is cheap also where it is remote.
    """
    written = 0
    for path, svg in _pictures():
        content = svg.encode()
        if default_storage.exists(path):
            if default_storage.size(path) == len(content):
                continue
            default_storage.delete(path)
        default_storage.save(path, ContentFile(content))
        written += 1
    return written


def _pictures() -> Iterator[tuple[str, str]]:
    hues = {category.slug: category.hue for category in categories()}
    for plan in products():
        yield (
            product_path(plan.sku),
            art.draw_product(
                art=plan.art,
                name=plan.name,
                brand=plan.brand,
                category=plan.category,
                hue=hues[plan.category],
            ),
        )
    for category in categories():
        if not category.parent:
            yield (
                category_path(category.slug),
                art.draw_category(slug=category.slug, name=category.name, hue=category.hue),
            )
