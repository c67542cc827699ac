""" "Tell me when …" about others' prices: asked for, taken back, and looked at for what a feed has just changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from blinkit.kernel import events
from blinkit.kernel.errors import NotAllowed
from blinkit.kernel.said import say
from catalog.errors import BadAlert, NoSuchAlert, NoSuchCategory, NoSuchProduct, TooManyAlerts
from catalog.events import MarketAlertRaised
from catalog.market import MarketAlert, MarketAlertKind, Platform
from catalog.models import Category, City, Product

MOST_ALERTS = 50
MOST_OF_STAFF = 200
NEWS = timedelta(days=1)
"""What a feed tells of the days before is history; nobody is woken for it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What to be told of. Without a platform: of any but ourselves. Names are slugs and a SKU."""

    kind: str
    city: str
    sku: str = ""
    category: str = ""
    platform: str = ""
    below_paise: int | None = None
    by_bp: int = 0


@transaction.atomic
def add_alert(*, user_id: int, wish: Wish, is_staff: bool, now: datetime) -> MarketAlert:
    """One more alert of this person; the same again is the one that is there. Customers name a product; staff may name
    a category or nothing, which is everything. Raises BadAlert, NoSuchProduct, NoSuchCategory, NotAllowed,
    TooManyAlerts."""
    found = _read(wish, is_staff=is_staff)
    with connection.cursor() as cursor:  # two at once must not both be the last that is allowed
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('catalog.market.alerts'), %s)", [user_id])
    mine = MarketAlert.objects.filter(user_id=user_id, is_active=True)
    if same := mine.filter(**found).first():
        return same
    most = MOST_OF_STAFF if is_staff else MOST_ALERTS
    if mine.count() >= most:
        raise TooManyAlerts(say("At most {most} alerts: take one out first.", most=most), max=most)
    return MarketAlert.objects.create(user_id=user_id, created_at=now, **found)


def _read(wish: Wish, *, is_staff: bool) -> dict[str, object]:
    if wish.kind not in MarketAlertKind.values:
        raise BadAlert("There is no such kind of alert.", errors={"kind": ["Unknown."]})
    if (wish.kind == MarketAlertKind.BELOW) != (wish.below_paise is not None):
        raise BadAlert("Say the price it should be below.", errors={"below_paise": ["With kind below, and only then."]})
    if wish.sku and wish.category:
        raise BadAlert("Name a product or a category, not both.", errors={"category": ["Not with a product."]})
    if not wish.sku and not is_staff:
        if wish.category:
            raise NotAllowed("Alerts for a whole category are for staff: name a product.")
        raise BadAlert("Name a product.", errors={"sku": ["Name a product."]})
    city = City.objects.filter(slug=wish.city).first()
    if city is None:
        raise BadAlert("There is no such city.", errors={"city": ["Unknown."]})
    platform = Platform.objects.filter(slug=wish.platform, is_active=True).first() if wish.platform else None
    if wish.platform and platform is None:
        raise BadAlert("There is no such platform.", errors={"platform": ["Unknown."]})
    product = Product.objects.filter(sku=wish.sku, is_active=True).first() if wish.sku else None
    if wish.sku and product is None:
        raise NoSuchProduct("There is no such product.")
    category = Category.objects.filter(slug=wish.category).first() if wish.category else None
    if wish.category and category is None:
        raise NoSuchCategory()
    return {
        "kind": wish.kind, "city": city, "product": product, "category": category, "platform": platform,
        "below_paise": wish.below_paise, "by_bp": wish.by_bp,
    }  # fmt: skip


def drop_alert(*, user_id: int, alert_id: UUID) -> None:
    """Raises NoSuchAlert, also for somebody else's."""
    if not MarketAlert.objects.filter(pk=alert_id, user_id=user_id).delete()[0]:
        raise NoSuchAlert()


def alerts_of(*, user_id: int) -> list[MarketAlert]:
    """The newest first."""
    mine = MarketAlert.objects.filter(user_id=user_id, is_active=True).order_by("-created_at", "-pk")
    return list(mine.select_related("city", "product", "category", "platform"))


@transaction.atomic
def look(*, changes: Sequence[Sequence[int]], now: datetime) -> int:
    """Alerts of what has just changed (MarketChanged.changes): a hit per alert and change, once however often this is
    asked; each alert says one thing of a feed, the cheapest, and how many more. How many hits are new.

    `drop` is a lower price, by `by_bp` at least; `below`, `undercut` (against our own listing of the matched product in
    this city), `gone` and `back` are told when they begin.
    """
    since = (now - NEWS).timestamp() * 1_000_000
    fresh = [change for change in changes if change[5] >= since]
    if not fresh:
        return 0
    ids, was, price, was_there, is_there, micros = (list(column) for column in zip(*fresh, strict=True))
    instants = [datetime.fromtimestamp(at // 1_000_000, UTC) + timedelta(microseconds=at % 1_000_000) for at in micros]
    with connection.cursor() as cursor:
        cursor.execute(_LOOK, [ids, was, price, was_there, is_there, instants])
        hits = cursor.fetchall()
    by_alert: dict[UUID, list[tuple[int, int, int, int, int, str]]] = {}
    for alert_id, user_id, kind, listing_id, before, paise, ours in hits:
        by_alert.setdefault(alert_id, []).append((paise, listing_id, before or 0, ours or 0, user_id, kind))
    told = []
    for _, found in sorted(by_alert.items()):
        paise, listing_id, before, ours, user_id, kind = min(found)
        event = MarketAlertRaised(user_id, kind, listing_id, before, paise, ours, len(found))
        told.append((event, f"user:{user_id}"))
    events.record_each(told)
    return len(hits)


_LOOK = """WITH c AS (
    SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::int[], %s::int[], %s::timestamptz[])
        AS c(listing_id, was, price, was_there, is_there, at)),
found AS (
    SELECT a.id AS alert_id, a.user_id, a.kind, c.listing_id, c.at, NULLIF(c.was, 0) AS was, c.price, o.ours
    FROM c JOIN catalog_listing l ON l.id = c.listing_id JOIN catalog_platform p ON p.id = l.platform_id
    LEFT JOIN catalog_category k ON k.id = l.category_id
    CROSS JOIN LATERAL (  -- three looks into an index, not every alert for every change
        SELECT * FROM catalog_marketalert WHERE product_id = l.product_id
        UNION ALL SELECT * FROM catalog_marketalert WHERE category_id IN (k.id, k.parent_id)
        UNION ALL SELECT * FROM catalog_marketalert WHERE product_id IS NULL AND category_id IS NULL
    ) a
    LEFT JOIN LATERAL (
        SELECT min(mine.price_paise) AS ours FROM catalog_listing mine
        JOIN catalog_platform us ON us.id = mine.platform_id AND us.is_ours
        WHERE NOT p.is_ours AND mine.product_id = l.product_id AND mine.city_id = l.city_id AND mine.available
    ) o ON a.kind = 'undercut'
    WHERE a.is_active AND a.city_id = l.city_id
        AND (a.platform_id = l.platform_id OR (a.platform_id IS NULL AND NOT p.is_ours))
        AND CASE a.kind
        WHEN 'drop' THEN c.is_there = 1 AND c.was > 0 AND c.price < c.was
            AND (c.was - c.price) * 10000 >= a.by_bp * c.was
        WHEN 'below' THEN c.is_there = 1 AND c.price <= a.below_paise
            AND NOT (c.was_there = 1 AND c.was > 0 AND c.was <= a.below_paise)
        WHEN 'undercut' THEN c.is_there = 1 AND c.price < o.ours AND c.price * 10000 <= o.ours * (10000 - a.by_bp)
            AND NOT (c.was_there = 1 AND c.was > 0 AND c.was < o.ours AND c.was * 10000 <= o.ours * (10000 - a.by_bp))
        WHEN 'gone' THEN c.was_there = 1 AND c.is_there = 0
        WHEN 'back' THEN c.was > 0 AND c.was_there = 0 AND c.is_there = 1
    END),
new AS (
    INSERT INTO catalog_marketalerthit (alert_id, listing_id, at, was_paise, price_paise)
    SELECT alert_id, listing_id, at, was, price FROM found ORDER BY alert_id, listing_id
    ON CONFLICT (alert_id, listing_id, at) DO NOTHING RETURNING alert_id, listing_id)
SELECT f.alert_id, f.user_id, f.kind, f.listing_id, f.was, f.price, f.ours
FROM found f JOIN new USING (alert_id, listing_id)"""
