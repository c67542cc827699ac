"""A believable market around the demo shop: other platforms, their terms, offers and prices that move. Demo data all.

What a listing costs at an instant is a plain function of the seed, the platform, the product and the time: a slow walk
around our own price, cheaper greens late in the evening, flash sales, nudges of some minutes, sold-out hours, a busy
hour's surge on cold things. So history, a snapshot and the next five seconds come from one place, and the same seed
tells the same story. Everything is written by `market.record`, as any feed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from blinkit.demo import places
from blinkit.demo.catalogue import ProductPlan, products
from catalog.market import FeedRun, Listing, Platform
from catalog.market_rows import MarketRow, OfferRow, TermsRow
from catalog.models import City, ShelfItem
from catalog.services import market, own_listings
from inventory.services import own_market

SEED = 7
HISTORY_DAYS = 30
SOURCE = "demo"
NUDGE_S = 600
"""How long a small move lasts; each listing has its own beginning."""
RUNS_KEPT = timedelta(hours=1)
FORGET_AT_ONCE = 200
SEEN_EVERY = 12
"""In so many of its turns a platform says every listing once more, changed or not."""
OWN_BRAND, OWN_BRAND_HI = "Tokri", "टोकरी"
ZONE = ZoneInfo(places.CITY["timezone"])
COLD = frozenset({"soft-drinks", "ice-cream", "water-mixers", "juices"})


@dataclass(frozen=True, slots=True)
class PlatformPlan:
    """`level_bp`: how dear beside us; `carries`: of a hundred products; `member_bp`: off with the membership, on a
    third."""

    slug: str
    name: str
    site: str
    hue: int
    level_bp: int
    carries: int
    naming: str
    terms: TermsRow
    member_bp: int = 0
    surges: bool = False


PLATFORMS = (
    PlatformPlan("blinkit", "Blinkit", "https://blinkit.com", 52, 10_060, 74, "brand-first",
                 TermsRow(0, 2500, 19900, 400, 2000, 10000, 0, 8, 14), surges=True),
    PlatformPlan("zepto", "Zepto", "https://www.zepto.com", 282, 9_950, 70, "bar",
                 TermsRow(0, 3000, 19900, 1000, 2500, 9900, 0, 7, 13), member_bp=400, surges=True),
    PlatformPlan("instamart", "Swiggy Instamart", "https://www.swiggy.com/instamart", 24, 10_020, 66, "no-pack",
                 TermsRow(0, 2500, 19900, 800, 1500, 9900, 0, 10, 18)),
    PlatformPlan("bigbasket", "BigBasket (BB Now)", "https://www.bigbasket.com", 96, 9_880, 72, "dash",
                 TermsRow(9900, 1500, 29900, 500, 0, 0, 0, 15, 25), member_bp=300),
    PlatformPlan("jiomart", "JioMart", "https://www.jiomart.com", 214, 9_650, 64, "pack-in-name",
                 TermsRow(14900, 3500, 39900, 0, 2500, 19900, 0, 25, 45)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Offered:
    """One product as a platform lists it."""

    plan: PlatformPlan
    product: ProductPlan
    name: str
    pack: str
    base_paise: int
    mrp_paise: int
    key: str
    own: float
    """Where its walk, its nudges and its sold-out hours begin."""
    for_members: bool
    in_bulk: bool


def luck(*words: object) -> float:
    """0 to 1, always the same for the same words."""
    digest = hashlib.blake2b(repr(words).encode(), digest_size=4).digest()
    return int.from_bytes(digest) / 2**32


# -- what they list -----------------------------------------------------------------------------------------------


@lru_cache(maxsize=16)
def offered(slug: str, seed: int) -> tuple[Offered, ...]:
    """Everything a platform lists."""
    plan = next(plan for plan in PLATFORMS if plan.slug == slug)
    return tuple(
        _listed(plan, product, seed)
        for product in products()
        if luck(seed, slug, product.sku, "carries") * 100 < plan.carries + (25 if product.popularity >= 900 else 0)
    )


def _listed(plan: PlatformPlan, product: ProductPlan, seed: int) -> Offered:
    key = f"{plan.slug[:2].upper()}{int(luck(plan.slug, product.sku) * 10**8):08}"
    size, part = _size(product, luck(seed, plan.slug, product.sku, "pack"))
    loose = product.brand == OWN_BRAND
    spread = 1 + (luck(seed, plan.slug, product.sku, "level") - 0.5) * (0.24 if loose else 0.10)
    dearer = 1.06 if part < 1 else 0.96 if part > 1 else 1.0
    base = product.price_paise * part * dearer * spread * plan.level_bp / 10_000
    ours_mrp = product.mrp_paise * part
    # What is packed by a maker has one MRP everywhere; loose goods have the platform's own.
    mrp = _rupees(base / (0.70 + 0.2 * luck(plan.slug, product.sku, "off")) if loose else ours_mrp)
    return Offered(
        plan, product, *_named(plan, product, size), _rupees(min(base, mrp)), mrp, key,
        luck(seed, plan.slug, product.sku), bool(plan.member_bp) and luck(plan.slug, product.sku, "member") < 0.33,
        product.zone == "ambient" and luck(plan.slug, product.sku, "bulk") < 0.1,
    )  # fmt: skip


def _size(product: ProductPlan, drawn: float) -> tuple[str, float]:
    """The pack as others have it: mostly ours, sometimes half of it or twice as much."""
    part = 0.5 if drawn < 0.07 else 2.0 if drawn > 0.95 else 1.0
    size = product.pack_size * part
    if product.pack_unit == "pc" or size != int(size):
        size, part = product.pack_size, 1.0
    unit, size = product.pack_unit, int(size)
    if unit in ("g", "ml") and size >= 1000 and drawn < 0.8:
        return f"{size / 1000:g} {'kg' if unit == 'g' else 'L'}", part
    return {"pc": f"{size} pcs" if size > 1 else "1 pc"}.get(unit, f"{size} {unit}"), part


def _named(plan: PlatformPlan, product: ProductPlan, size: str) -> tuple[str, str]:
    """The name and the pack column, each platform in its own way."""
    plain = product.name.removeprefix(f"{OWN_BRAND} ")
    loose = product.brand == OWN_BRAND
    bare = plain.split(" (")[0]
    branded = bare if loose or product.brand.lower() in bare.lower() else f"{product.brand} {bare}"
    match plan.naming:
        case "brand-first":
            return branded, size
        case "bar":
            if loose and product.name_hi:
                return f"{bare} | {product.name_hi.removeprefix(OWN_BRAND_HI).strip()}", size
            pouch = product.pack_unit in ("g", "ml") and luck(product.sku, "pouch") < 0.2
            return f"{branded} | Pouch" if pouch else branded, size
        case "no-pack":
            shouted = branded if loose else branded.replace(product.brand, product.brand.upper(), 1)
            return shouted, size if luck(product.sku, "weighs") < 0.8 else ""
        case "dash":
            return f"Fresho {bare}" if loose and product.zone == "produce" else branded.replace(" and ", " & "), size
        case _:
            return f"{branded} {size}", ""


# -- what it costs ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Quote:
    price_paise: int
    mrp_paise: int
    member_paise: int | None
    bulk_paise: int | None
    bulk_from: int | None
    surge_paise: int
    available: bool


def quote(it: Offered, at: datetime, seed: int) -> Quote:
    """What it costs at an instant."""
    slug, sku, stamp = it.plan.slug, it.product.sku, int(at.timestamp())
    hour = at.astimezone(ZONE).hour
    own = it.own
    fresh = it.product.zone == "produce"
    stay_s = int((1.5 + 4 * own) * 86_400)
    level = 1 + (luck(seed, slug, sku, "walk", (stamp + int(own * stay_s)) // stay_s) - 0.5) * (0.16 if fresh else 0.08)
    if fresh and hour >= 21:
        level -= 0.06  # what will not keep until tomorrow
    drawn = luck(seed, slug, sku, "nudge", (stamp + int(own * NUDGE_S)) // NUDGE_S)
    if drawn < 0.10:
        level += drawn - 0.07
    if luck(seed, slug, sku, "flash", stamp // 7_200) < 0.012:
        level -= 0.20
    price = min(it.mrp_paise, _rupees(it.base_paise * level))
    gone = luck(seed, slug, sku, "gone", (stamp + int(own * 21_600)) // 21_600) < 0.035
    surge = 300 if it.plan.surges and 19 <= hour < 22 and it.product.category in COLD and price > 2_000 else 0
    member = None
    if it.for_members:
        member = max(100, price * (10_000 - it.plan.member_bp) // 1_000_000 * 100)
    bulk = price * 95 // 10_000 * 100 if it.in_bulk else None
    return Quote(
        min(it.mrp_paise, price + surge), it.mrp_paise, member, bulk or None, 3 if bulk else None, surge, not gone
    )


def _rupees(paise: float) -> int:
    return max(100, round(paise / 100) * 100)


def _row(line: int, it: Offered, said: Quote, at: datetime) -> MarketRow:
    return MarketRow(
        line=line, name=it.name, price_paise=said.price_paise, at=at, key=it.key, pack=it.pack,
        mrp_paise=said.mrp_paise, member_paise=said.member_paise, bulk_paise=said.bulk_paise, bulk_from=said.bulk_from,
        surge_paise=min(said.surge_paise, said.price_paise - 1), available=said.available,
        category_slug=it.product.category,
    )  # fmt: skip


def terms_at(plan: PlatformPlan, at: datetime, seed: int) -> TermsRow:
    """In the evening, and on some half hours, an order costs more and takes longer."""
    busy = plan.surges and (
        19 <= at.astimezone(ZONE).hour < 22 or luck(seed, plan.slug, int(at.timestamp()) // 1800) < 0.1
    )
    low, high, slow = plan.terms.eta_low_minutes or 0, plan.terms.eta_high_minutes or 0, 4 if busy else 0
    return replace(
        plan.terms, surge_paise=1500 if busy else 0, eta_low_minutes=low + slow, eta_high_minutes=high + slow, at=at
    )


def offers_at(plan: PlatformPlan, at: datetime, seed: int) -> list[OfferRow]:
    """This week's coupon, bank offer and one bundle; each ends with the week."""
    day = at.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    begins = day - timedelta(days=day.weekday())
    ends, week = begins + timedelta(days=7), f"{begins:%G-%V}"
    drawn = luck(seed, plan.slug, week)
    bank, name = (
        ("HDFC", "HDFC Bank") if drawn < 0.4 else ("ICICI", "ICICI Bank") if drawn < 0.7 else ("SBI", "SBI Card")
    )
    off = 5_000 + int(drawn * 6) * 1_000
    bundle = offered(plan.slug, seed)[int(drawn * len(offered(plan.slug, seed)))]
    return [
        OfferRow(1, f"coupon-{week}", "coupon", f"₹{off // 100} off above ₹499", begins, ends, code=f"SAVE{off // 100}",
                 off_paise=off, minimum_paise=49_900),
        OfferRow(2, f"bank-{week}", "bank", f"10% off with {name} cards", begins, ends, bank=bank, off_bp=1_000,
                 most_paise=12_500, minimum_paise=99_900),
        OfferRow(3, f"bundle-{week}", "bundle", f"Any 2 of {bundle.name}: 8% off"[:160], begins, ends, off_bp=800,
                 pieces=2, listing_key=bundle.key),
    ]  # fmt: skip


# -- written ----------------------------------------------------------------------------------------------------------


def others() -> list[tuple[PlatformPlan, Platform]]:
    """The platforms that are there and are not ourselves."""
    there = {it.slug: it for it in Platform.objects.filter(is_ours=False, slug__in=[plan.slug for plan in PLATFORMS])}
    return [(plan, there[plan.slug]) for plan in PLATFORMS if plan.slug in there]


def make(*, now: datetime, seed: int = SEED, days: int = HISTORY_DAYS) -> int:
    """Platforms, terms, offers, today's prices and those of the days before. How many listings are new; none where the
    platforms are there already."""
    city = City.objects.get(slug=places.CITY["slug"])
    ours = own_listings.our_platform()
    if Listing.objects.exclude(platform=ours).exists():
        return 0
    Platform.objects.bulk_create(
        [
            Platform(slug=plan.slug, name=plan.name, site=plan.site, hue=plan.hue, rank=rank)
            for rank, plan in enumerate(PLATFORMS, start=1)
        ],
        ignore_conflicts=True,
    )
    new = _ourselves(ours, city, now=now, seed=seed, days=days).new
    for plan, platform in others():
        rows = list(_history(offered(plan.slug, seed), now=now, seed=seed, days=days))
        new += market.record(
            rows, source=SOURCE, platform=platform, city=city, now=now, terms=terms_at(plan, now, seed),
            offers=offers_at(plan, now, seed),
        ).new  # fmt: skip
    return new


def _history(listed: tuple[Offered, ...], *, now: datetime, seed: int, days: int) -> Iterator[MarketRow]:
    """A look a day (every third day before the last week), by turns at this hour and nine before; rows only where
    something is different."""
    looks = [*range(days, 7, -3), *range(min(days, 7), -1, -1)]
    for line, it in enumerate(listed, start=1):
        last: Quote | None = None
        for back in looks:
            at = now - timedelta(days=back, hours=0 if back % 4 < 2 else 9)
            said = quote(it, at, seed)
            if said != last or not back:
                last = said
                yield _row(line, it, said, at)


def _ourselves(ours: Platform, city: City, *, now: datetime, seed: int, days: int) -> FeedRun:
    """What we charged in the last weeks (made up), and what we charge now (not)."""
    skus = {plan.sku for plan in products()}
    shelf = ShelfItem.objects.filter(store__city=city, is_listed=True, product__sku__in=skus).order_by("price_paise")
    names = ("product__sku", "product__name", "product__pack", "price_paise", "mrp_paise")
    prices = {sku: rest for sku, *rest in reversed(shelf.values_list(*names))}
    rows = []
    for line, (sku, (name, pack, paise, mrp)) in enumerate(sorted(prices.items()), start=1):
        for back in range(days, 0, -6):
            moved = _rupees(paise * (1 + (luck(seed, "ours", sku, back // 12) - 0.5) * 0.08))
            rows.append(MarketRow(line, name, min(mrp, moved), now - timedelta(days=back), sku, pack, mrp))
    market.record(rows, source=SOURCE, platform=ours, city=city, now=now)
    return own_market.list_city(city, product_ids=None, now=now)


def move(*, now: datetime, seed: int = SEED) -> int:
    """The next prices of every platform: what differs from what is written, and a part of the rest as seen again. How
    many listings changed. Old runs of our own are forgotten on the way."""
    changed = 0
    forget_runs(now=now)
    city = City.objects.filter(slug=places.CITY["slug"]).first()
    if city is None:
        return 0
    names = ("key", "price_paise", "mrp_paise", "member_paise", "bulk_paise", "bulk_from", "surge_paise", "available")
    turn, there = int(now.timestamp()) // 5, others()
    for number, (plan, platform) in enumerate(there):
        again = turn // len(there) % SEEN_EVERY if turn % len(there) == number else -1
        listings = Listing.objects.filter(platform=platform, city=city).values_list(*names)
        known = {key: Quote(*rest) for key, *rest in listings}
        rows = [
            _row(line, it, said, now)
            for line, it in enumerate(offered(plan.slug, seed), start=1)
            if known.get(it.key) != (said := quote(it, now, seed)) or line % SEEN_EVERY == again
        ]
        if rows:
            run = market.record(
                rows, source=SOURCE, platform=platform, city=city, now=now, terms=terms_at(plan, now, seed),
                offers=() if again else offers_at(plan, now, seed),
            )  # fmt: skip
            changed += run.new + run.changed
    return changed


def forget_runs(*, now: datetime, limit: int = FORGET_AT_ONCE) -> int:
    """A market that moves every five seconds writes 40,000 runs a day, which nobody reads: those of the last hour stay.
    No content comes a second time, since each turn has its own. How many went, the oldest first."""
    old = FeedRun.objects.filter(source=SOURCE, at__lt=now - RUNS_KEPT).order_by("pk").values("pk")[:limit]
    return FeedRun.objects.filter(pk__in=old).delete()[0]
