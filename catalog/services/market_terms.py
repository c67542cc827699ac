"""Fees, times and offers of platforms, as feeds say them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from catalog.market import Listing, MarketOffer, MarketOfferKind, Platform, PlatformTerms
from catalog.market_rows import BadRow, OfferRow, TermsRow
from catalog.models import Category, City
from catalog.services.market_checks import without_nulls

MOST_PAISE = 100_000_000
_TERMS = tuple(field.name for field in fields(TermsRow) if field.name != "at")
_OFFER = (
    "kind", "title", "code", "bank", "off_bp", "off_paise", "most_paise", "minimum_paise", "pieces", "category_id",
    "listing_id", "city_id", "starts_at", "ends_at",
)  # fmt: skip


def write_terms(said: TermsRow, *, platform: Platform, city: City, now: datetime) -> bool:
    """Whether something is different now. Older than what is known changes nothing. The caller holds the lock."""
    at = said.at or now
    values = {name: getattr(said, name) for name in _TERMS}
    there = PlatformTerms.objects.filter(platform=platform, city=city).first()
    if there is None:
        PlatformTerms.objects.create(platform=platform, city=city, seen_at=at, **values)
        return True
    if at < there.seen_at:
        return False
    moved = any(getattr(there, name) != value for name, value in values.items())
    PlatformTerms.objects.filter(pk=there.pk).update(seen_at=at, **values)
    return moved


def write_offers(
    offers: Sequence[OfferRow | BadRow],
    problems: list[dict[str, Any]],
    *,
    platform: Platform,
    city: City,
    now: datetime,
) -> bool:
    """Whether something is different now. What cannot be an offer is refused by name."""
    if not offers:
        return False
    good: dict[str, OfferRow] = {}
    for offer in offers:
        why = offer.why if isinstance(offer, BadRow) else _wrong(offer)
        if why or isinstance(offer, BadRow):
            name = offer.name if isinstance(offer, BadRow) else offer.title
            problems.append({"row": offer.line, "why": without_nulls(why), "name": without_nulls(name[:80])})
        else:
            good[offer.key] = offer
    categories = dict(Category.objects.values_list("slug", "pk"))
    listings = dict(
        Listing.objects.filter(
            platform=platform, city=city, key__in=[it.listing_key for it in good.values() if it.listing_key]
        ).values_list("key", "pk")
    )
    there = {it.key: it for it in MarketOffer.objects.filter(platform=platform, key__in=list(good))}
    rows = []
    for key, it in good.items():
        if (it.category_slug and it.category_slug not in categories) or (
            it.listing_key and it.listing_key not in listings
        ):
            problems.append({"row": it.line, "why": "speaks of what is not listed here", "name": it.title[:80]})
            continue
        row = MarketOffer(
            platform=platform, city=city, key=key, kind=it.kind, title=it.title, code=it.code, bank=it.bank,
            off_bp=it.off_bp, off_paise=it.off_paise, most_paise=it.most_paise, minimum_paise=it.minimum_paise,
            pieces=it.pieces, category_id=categories.get(it.category_slug), listing_id=listings.get(it.listing_key),
            starts_at=it.starts_at, ends_at=it.ends_at, seen_at=now,
        )  # fmt: skip
        rows.append(row)
    moved = any(
        row.key not in there or any(getattr(there[row.key], name) != getattr(row, name) for name in _OFFER)
        for row in rows
    )
    MarketOffer.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["platform", "key"],
        update_fields=[*(name.removesuffix("_id") for name in _OFFER), "seen_at"],
    )
    return moved


def _wrong(it: OfferRow) -> str:
    if it.kind not in MarketOfferKind.values:
        return f"{it.kind[:20]!r} is no kind of offer: {', '.join(MarketOfferKind.values)}"
    for what, text, most in (
        ("key", it.key, 120), ("title", it.title, 160), ("code", it.code, 32), ("bank", it.bank, 60),
    ):  # fmt: skip
        if len(text) > most:
            return f"{what} is longer than {most} characters"
    if not it.key or not it.title:
        return "an offer needs a key and a title"
    if it.ends_at is not None and it.ends_at <= it.starts_at:
        return "ends before it starts"
    if not (0 <= it.off_bp <= 10_000 and 0 <= it.off_paise <= MOST_PAISE and 1 <= it.pieces <= 100):
        return "what it takes off is out of range"
    if not (0 <= it.minimum_paise <= MOST_PAISE and (it.most_paise is None or 1 <= it.most_paise <= MOST_PAISE)):
        return "its limits are out of range"
    return ""
