"""Goods for tests. Used by the tests of upper apps as well."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

import factory

from catalog import services
from catalog.models import Brand, Category, City, Product, ShelfItem, Store
from catalog.streets import StreetField
from catalog.travel import STANDARD, Field
from catalog.ways import FIELDS_AT

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
SQUARE = [[77.60, 12.93], [77.65, 12.93], [77.65, 12.98], [77.60, 12.98]]
"""About 5.4 by 5.6 km of Bengaluru, [lng, lat]."""


class CityFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = City
        django_get_or_create = ("slug",)

    slug = "bengaluru"
    name = "Bengaluru"
    state_code = "29"


class CategoryFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Category
        django_get_or_create = ("slug",)

    slug = factory.Sequence(lambda n: f"category-{n}")
    name = factory.Sequence(lambda n: f"Category {n}")


class BrandFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Brand
        django_get_or_create = ("slug",)

    slug = factory.Sequence(lambda n: f"brand-{n}")
    name = factory.Sequence(lambda n: f"Brand {n}")


class ProductFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Product

    sku = factory.Sequence(lambda n: f"T{n:05}")
    name = factory.Sequence(lambda n: f"Product {n}")
    category = factory.SubFactory(CategoryFactory)
    mrp_paise = 10_000
    gst_bp = 500
    pack = "500 g"
    pack_size = 500
    pack_unit = "g"


def store(
    code: str = "BLR-T",
    *,
    area: Sequence[Sequence[float]] = SQUARE,
    lat: float = 12.955,
    lng: float = 77.625,
    **fields: Any,
) -> Store:
    """A store through the service, so that the box around its area is right. Round the clock unless told."""
    hours = {"opens": time(0), "closes": time(0)} | fields
    return services.save_store(
        code=code, name=f"Store {code}", city=CityFactory(), lat=lat, lng=lng, area=area, **hours
    )


def on_shelf(at: Store, *products: Product, price_paise: int | None = None) -> list[ShelfItem]:
    """Products on a store's shelf, at their MRP unless told, findable by search."""
    rows = [(product.pk, price_paise or product.mrp_paise) for product in products]
    services.put_on_shelf(store_id=at.pk, rows=rows, actor="system", reason="test", now=NOW)
    services.refresh_search([product.pk for product in products])
    return list(ShelfItem.objects.filter(store=at, product__in=products).order_by("product_id"))


def street_field(store: Store, *, metres: int) -> Store:
    """The streets around the store are such that everything near it is so many metres away."""
    step, made_at = 0.002, NOW + timedelta(seconds=metres)  # processes keep fields by store and stamp
    field = Field(
        store.point, store.lat - 20 * step, store.lng - 20 * step, step, step, 41, array("H", [metres]) * 41 * 41
    )
    StreetField.objects.create(store=store, packed=field.packed(), made_at=made_at)
    City.objects.filter(pk=store.city_id).update(streets=STANDARD.as_json() | {FIELDS_AT: made_at.isoformat()})
    return Store.objects.select_related("city").get(pk=store.pk)
