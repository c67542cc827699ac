"""Hindi names for lines of an order, which keeps the English ones it was placed with."""

from __future__ import annotations

from django.utils.translation import get_language

from catalog.models import Product


def hindi_names(skus: set[str]) -> dict[str, str]:
    """Names by SKU when the page is Hindi, else nothing (and no statement)."""
    if get_language() != "hi" or not skus:
        return {}
    return dict(Product.objects.filter(sku__in=skus).exclude(name_hi="").values_list("sku", "name_hi"))
