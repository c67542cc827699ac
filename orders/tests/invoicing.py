"""Suppliers and documents for tests."""

from __future__ import annotations

from typing import Any

from catalog.models import City
from catalog.tests.factories import CityFactory
from orders.invoices import Supplier

GSTIN = "29AAZCT4821K1ZG"


def supplier(city: City | None = None, **fields: Any) -> Supplier:
    """The supplier of a city's stores (the test city's unless told)."""
    known = {"legal_name": "Tokri Retail Private Limited", "gstin": GSTIN, "address": "18, 12th Main, Bengaluru 560038"}
    where = {} if "store" in fields else {"city": city or CityFactory()}
    return Supplier.objects.create(**{**known, **where, **fields})
