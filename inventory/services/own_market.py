"""Our own prices as listings of the platform that is ourselves: one per product and city.

The price is that of the cheapest open store of the city that has the product, else of the cheapest open one that lists
it (then it is sold out); `Listing.source` says which store. Kept by the same `market.record` as everybody's prices.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db import connection

from catalog.market import FeedRun, Listing, Platform
from catalog.market_rows import MarketRow, TermsRow
from catalog.models import City, FeePolicy, Store
from catalog.pricing.tiers import read as read_tiers
from catalog.services import market, own_listings

_BASE = {"g": ("g", 1), "kg": ("g", 1000), "ml": ("ml", 1), "l": ("ml", 1000), "pc": ("pc", 1)}


def list_changed(*, now: datetime) -> int:
    """Products whose price changed a moment ago. How many listings are different now."""
    noted = own_listings.take_changed()
    cities: dict[int, set[int]] = {}
    for store_id, city_id in Store.objects.filter(pk__in=noted).values_list("pk", "city_id"):
        cities.setdefault(city_id, set()).update(noted[store_id])
    changed = 0
    for city in City.objects.filter(pk__in=cities).order_by("pk"):
        ids = cities[city.pk]
        run = list_city(city, product_ids=None if own_listings.ALL in ids else sorted(ids), now=now)
        changed += run.new + run.changed
    return changed


def list_ourselves(*, now: datetime) -> int:
    """Everything we sell in every city, with our fees. How many listings are different now."""
    runs = [list_city(city, product_ids=None, now=now) for city in City.objects.filter(stores__isnull=False).distinct()]
    return sum(run.new + run.changed for run in runs)


def list_city(city: City, *, product_ids: Sequence[int] | None, now: datetime) -> FeedRun:
    """One city; of all products without `product_ids`. What no open store lists any more is sold out at its price."""
    ours = own_listings.our_platform()
    rows = list(_on_shelf(city, product_ids))
    found = {row.key for row in rows}
    rows += _no_longer(ours, city, product_ids, found)
    terms = _terms(city) if product_ids is None else None
    return market.record(rows, source="shelf", platform=ours, city=city, now=now, terms=terms)


def _on_shelf(city: City, product_ids: Sequence[int] | None) -> Iterable[MarketRow]:
    which = "" if product_ids is None else "AND i.product_id = ANY(%s)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT DISTINCT ON (i.product_id) i.product_id, p.sku, p.name, p.pack, p.pack_size, p.pack_unit,
                coalesce(b.name, ''), k.slug, i.price_paise, i.mrp_paise, i.tiers::text, s.code, coalesce(t.free, 0) > 0
            FROM catalog_store s JOIN catalog_shelfitem i ON i.store_id = s.id AND i.is_listed
            JOIN catalog_product p ON p.id = i.product_id AND p.is_active
            JOIN catalog_category k ON k.id = p.category_id LEFT JOIN catalog_brand b ON b.id = p.brand_id
            LEFT JOIN inventory_stock t ON t.store_id = i.store_id AND t.product_id = i.product_id
            WHERE s.city_id = %s AND s.is_active AND s.mode IN ('open', 'rush') {which}
            ORDER BY i.product_id, coalesce(t.free, 0) > 0 DESC, i.price_paise, s.code""",
            [city.pk] if product_ids is None else [city.pk, list(product_ids)],
        )
        rows = cursor.fetchall()
    for line, (id, sku, name, pack, size, unit, brand, category, paise, mrp, tiers, code, there) in enumerate(rows, 1):
        measure, times = _BASE.get(unit, ("", 0))
        member, bulk, bulk_from = _tiers(tiers)
        yield MarketRow(
            line=line, key=sku, name=name, pack=pack, price_paise=paise, mrp_paise=mrp, member_paise=member,
            bulk_paise=bulk, bulk_from=bulk_from, available=there, url=f"{settings.SITE_URL}/p/{sku}/", brand=brand,
            category_slug=category, amount=Decimal(size) * times if size and times else None, measure=measure,
            source=f"shelf:{code}", product_id=id,
        )  # fmt: skip


def _tiers(text: str | None) -> tuple[int | None, int | None, int | None]:
    """The members' price of one unit; the first price of several, and of how many."""
    tiers = read_tiers(text)
    member = min((it.paise for it in tiers if it.members_only and it.min_qty == 1), default=None)
    bulk = min(((it.min_qty, it.paise) for it in tiers if not it.members_only and it.min_qty > 1), default=None)
    return (member, None, None) if bulk is None else (member, bulk[1], bulk[0])


def _no_longer(ours: Platform, city: City, product_ids: Sequence[int] | None, found: set[str]) -> Iterable[MarketRow]:
    gone = Listing.objects.filter(platform=ours, city=city, available=True).exclude(key__in=found)
    if product_ids is not None:
        gone = gone.filter(product_id__in=product_ids)
    for it in gone:
        yield MarketRow(
            line=0, key=it.key, name=it.name, pack=it.pack, price_paise=it.price_paise, mrp_paise=it.mrp_paise,
            member_paise=it.member_paise, bulk_paise=it.bulk_paise, bulk_from=it.bulk_from, available=False,
            url=it.url, source=it.source, product_id=it.product_id,
        )  # fmt: skip


def _terms(city: City) -> TermsRow | None:
    fees = FeePolicy.objects.filter(city=city).first()
    if fees is None:
        return None
    return TermsRow(
        minimum_paise=fees.minimum_order_paise, delivery_paise=fees.delivery_paise,
        free_from_paise=fees.free_delivery_from_paise, handling_paise=fees.handling_paise,
        small_cart_paise=fees.small_cart_paise, small_cart_below_paise=fees.small_cart_below_paise,
    )  # fmt: skip
