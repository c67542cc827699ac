"""Prices of the demo that begin, end or depend: each kind the price list knows, on goods people look at first."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from blinkit.demo import places
from catalog import services
from catalog.models import City, Price, Product, Store
from catalog.services import NewPrice

ACTOR = "system"
SALE_FOR = timedelta(days=14)
SATURDAY = 5
SALE, FROM_TWO, FROM_THREE, MEMBERS, WEEKEND = "TK0132", "TK0096", "TK0088", "TK0099", "TK0001"


def make(*, now: datetime) -> int:
    """Write them once: where the list has any price, nothing is made. Returns how many."""
    if Price.objects.exists():
        return 0
    ids = dict(Product.objects.values_list("sku", "pk"))
    city = City.objects.get(slug=places.CITY["slug"])
    store = Store.objects.get(code=places.STORES[0].code)
    begins, ends = next_weekend(now)
    prices = [
        NewPrice(ids[SALE], 25_900, city_id=city.pk, ends_at=now + SALE_FOR, reason="Atta weeks in Bengaluru"),
        NewPrice(ids[FROM_TWO], 5_500, min_qty=2, reason="Two butters are cheaper"),
        NewPrice(ids[FROM_THREE], 3_300, min_qty=3, reason="Curd for the family"),
        NewPrice(ids[MEMBERS], 12_900, members_only=True, reason="For members"),
        NewPrice(
            ids[WEEKEND], 2_900, store_id=store.pk, starts_at=begins, ends_at=ends, reason="Weekend potatoes"
        ),
    ]  # fmt: skip
    written, _ = services.schedule_prices(prices=prices, actor=ACTOR, now=now)
    return len(written)


def next_weekend(now: datetime) -> tuple[datetime, datetime]:
    """The next Saturday that has not begun, and the Monday after it, both at midnight in the city."""
    zone = ZoneInfo(places.CITY["timezone"])
    today = now.astimezone(zone).date()
    saturday = today + timedelta(days=(SATURDAY - today.weekday() - 1) % 7 + 1)
    monday = saturday + timedelta(days=2)
    return datetime.combine(saturday, time(), zone), datetime.combine(monday, time(), zone)
