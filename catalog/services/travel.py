"""Fit a city's street distances to its real streets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from catalog.models import City, Store
from catalog.streets import StreetField
from catalog.travel import Streets
from catalog.ways import FIELDS_AT

if TYPE_CHECKING:
    from catalog.travel.graph import Graph


@dataclass(frozen=True, slots=True)
class Fitted:
    """Stores that got a field, and those that stand off these streets (by code)."""

    streets: Streets
    fields: list[str]
    off: list[str]


def fit_travel(*, city_id: int, graph: Graph, seed: int = 1, now: datetime) -> Fitted:
    """Write the city's figures and a field for each of its stores that stands on these streets; repeated: the same.

    A store off the streets keeps none: the figures of the city serve it. The sums are done before anything is locked.
    """
    import numpy as np

    from catalog.travel import graph as sums

    known = sums.pairs(graph, np.arange(graph.corners), starts=min(200, graph.corners), each=100, seed=seed)
    streets = sums.fit(known)
    stores = list(Store.objects.filter(city_id=city_id).order_by("pk"))
    made = {store: sums.field_of(graph, store.point) for store in stores}
    fields = {store: field for store, field in made.items() if field is not None}
    with transaction.atomic():
        city = City.objects.select_for_update().get(pk=city_id)
        StreetField.objects.filter(store__city_id=city_id).delete()
        StreetField.objects.bulk_create(
            [StreetField(store=store, packed=field.packed(), made_at=now) for store, field in fields.items()]
        )
        city.streets = streets.as_json() | ({FIELDS_AT: now.isoformat()} if fields else {})
        city.save(update_fields=["streets"])
    return Fitted(streets, [store.code for store in fields], [store.code for store in stores if store not in fields])
