"""A small market for tests: platforms in one city. Used by the tests of upper apps as well. Prices are invented."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from catalog.market import Listing, ListingPrice, MarketOffer, Platform, PlatformTerms
from catalog.models import City, Product
from catalog.tests.factories import NOW, CityFactory


def platform(
    slug: str, *, city: City | None = None, at: datetime = NOW, is_ours: bool = False, **terms: Any
) -> Platform:
    """A platform; with its terms in the city (nothing costs anything unless told)."""
    found, _ = Platform.objects.get_or_create(
        slug=slug, defaults={"name": slug.title(), "is_ours": is_ours, "rank": Platform.objects.count()}
    )
    PlatformTerms.objects.update_or_create(
        platform=found,
        city=city or CityFactory(),
        defaults={"seen_at": at, "eta_low_minutes": 10, "eta_high_minutes": 15} | terms,
    )
    return found


def listing(
    on: Platform, name: str, rupees: float, *, pack: str = "", amount: float | None = None, measure: str = "g",
    product: Product | None = None, at: datetime = NOW, city: City | None = None, **fields: Any,
) -> Listing:  # fmt: skip
    """`amount` in g, ml or pieces. Its history has one row."""
    paise = round(rupees * 100)
    unit = None if amount is None else round(paise * (1 if measure == "pc" else 1000) / amount)
    made = Listing.objects.create(
        platform=on, city=city or CityFactory(), key=f"{name}|{pack}|{amount}", name=name, pack=pack, price_paise=paise,
        amount=None if amount is None else Decimal(str(amount)), measure=measure if amount is not None else "",
        product=product, unit_paise=unit, seen_at=at, **({"first_seen_at": at} | fields),
    )  # fmt: skip
    ListingPrice.objects.create(
        listing=made,
        at=at,
        price_paise=paise,
        mrp_paise=made.mrp_paise,
        member_paise=made.member_paise,
        available=made.available,
    )
    return made


def offer(on: Platform, kind: str, **fields: Any) -> MarketOffer:
    values = {
        "key": f"{kind}-{MarketOffer.objects.count()}",
        "title": kind.title(),
        "starts_at": NOW,
        "seen_at": NOW,
    } | fields
    return MarketOffer.objects.create(platform=on, kind=kind, **values)
