"""Writing the price list: prices that begin and end at instants, for a store, a city or everywhere.

What is written here counts on shelves through `shelf.count_prices`: at once for what is in force, and by the sweep when
an instant passes that somebody named. Nothing else changes a shelf because time went by.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q

from blinkit.kernel.errors import Invalid
from catalog.errors import BadPrice, NoSuchProduct, PriceAboveMrp
from catalog.models import Price, Product, ShelfItem, Store
from catalog.pricing.price_list import Counted, ListPrice, Shelf, count
from catalog.services.shelf import NAMED_AT_MOST, count_prices, one_writer

MOST_AT_ONCE = 50_000
SWEPT_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class NewPrice:
    """A line for the list. Neither store nor city is everywhere; without `starts_at` it is from now on."""

    product_id: int
    paise: int
    store_id: int | None = None
    city_id: int | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    min_qty: int = 1
    members_only: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What a new price does to one shelf at the instant it begins; nothing where another one goes first."""

    store: Store
    product: Product
    at: datetime
    old: Counted
    new: Counted

    @property
    def changes(self) -> bool:
        return self.old != self.new

    @property
    def old_paise(self) -> int:
        return self.old.price_paise

    @property
    def new_paise(self) -> int:
        return self.new.price_paise


@transaction.atomic
def schedule_prices(
    *, prices: Sequence[NewPrice], actor: str, now: datetime, reason: str = ""
) -> tuple[list[Price], int]:
    """Write prices into the list, all or nothing; those in force count on shelves at once.

    Each needs a reason, its own or `reason`. One that is there already (the same product, place, price, dates and tier)
    is left alone, so that a repeat writes nothing. Returns the new ones and how many shelf rows changed. Raises
    BadPrice, NoSuchProduct, PriceAboveMrp, Invalid.
    """
    checked_prices(prices, reason=reason, now=now)
    standing = _standing({price.product_id for price in prices}, now=now)
    made: list[Price] = []
    for given in prices:
        if given.starts_at is None and _place_of(given) in standing:
            continue  # what is said without a date is true already
        starts_at = given.starts_at or now
        row = Price(
            product_id=given.product_id,
            store_id=given.store_id,
            city_id=given.city_id,
            paise=given.paise,
            min_qty=given.min_qty,
            members_only=given.members_only,
            starts_at=starts_at,
            ends_at=given.ends_at,
            reason=(given.reason or reason)[:120],
            actor=actor,
            created_at=now,
            due_at=starts_at if starts_at > now else given.ends_at,
        )
        made.append(row)
    newest = Price.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    Price.objects.bulk_create(made, ignore_conflicts=True, batch_size=2_000)
    ids = [price.product_id for price in made]
    written = list(Price.objects.filter(pk__gt=newest, product_id__in=set(ids), created_at=now, actor=actor))
    changed = count_again(prices=[price for price in written if price.starts_at <= now], now=now)
    return written, changed


def checked_prices(
    prices: Sequence[NewPrice], *, reason: str = "", now: datetime, known: dict[int, Product] | None = None
) -> dict[int, Product]:
    """The products by id (read, unless `known`).

    Raises BadPrice, NoSuchProduct(product_ids), PriceAboveMrp(above), Invalid.
    """
    if len(prices) > MOST_AT_ONCE:
        raise Invalid(f"At most {MOST_AT_ONCE} prices at once.")
    for price in prices:
        if price.paise < 1:
            raise BadPrice()
        if price.store_id is not None and price.city_id is not None:
            raise Invalid("A price is for a store or for a city, not for both.")
        if not 1 <= price.min_qty <= 99:
            raise Invalid("A tier begins at 1 to 99 units.")
        if price.ends_at is not None and price.ends_at <= max(price.starts_at or now, now):
            raise Invalid("A price ends after it has begun, and not in the past.")
        if not (price.reason or reason).strip():
            raise Invalid("Say why: every change of a price is written down with its reason.")
    products = Product.objects.in_bulk({price.product_id for price in prices}) if known is None else known
    missing = [price.product_id for price in prices if price.product_id not in products]
    if missing:
        raise NoSuchProduct("Some products are unknown.", product_ids=missing[:NAMED_AT_MOST])
    above = {
        products[price.product_id].sku: products[price.product_id].mrp_paise
        for price in prices
        if price.paise > products[price.product_id].mrp_paise
    }
    if above:
        named = dict(list(above.items())[:NAMED_AT_MOST])
        raise PriceAboveMrp(f"The price is above the MRP: {', '.join(named)}.", above=named)
    return products


def preview_prices(*, prices: Sequence[NewPrice], now: datetime, limit: int = 500) -> list[Change]:
    """What these would change on which shelves when they begin, by product and store; at most `limit` shelves.

    By the plain rule (`catalog.pricing.price_list`) on everything that is in the list already. Writes nothing.
    """
    products = Product.objects.in_bulk({price.product_id for price in prices})
    listed: dict[int, list[ListPrice]] = {}
    for row in Price.objects.filter(product_id__in=products, cancelled_at=None):
        listed.setdefault(row.product_id, []).append(_plain(row))
    changes: list[Change] = []
    for n, price in enumerate(prices):
        at = max(price.starts_at or now, now)
        new = ListPrice(
            id=2**62 + n,  # said last
            paise=price.paise,
            starts_at=price.starts_at or now,
            ends_at=price.ends_at,
            store_id=price.store_id,
            city_id=price.city_id,
            min_qty=price.min_qty,
            members_only=price.members_only,
        )
        shelves = ShelfItem.objects.filter(product_id=price.product_id).filter(_where(price.store_id, price.city_id))
        there = listed.setdefault(price.product_id, [])
        for item in shelves.select_related("store__city").order_by("store__code"):
            if len(changes) >= limit:
                return changes
            shelf = Shelf(item.store_id, item.store.city_id, item.mrp_paise, item.own_price_paise, item.own_price_at)
            old = count(there, shelf=shelf, now=at)
            changes.append(
                Change(item.store, products[price.product_id], at, old, count([*there, new], shelf=shelf, now=at))
            )
        there.append(new)
    return changes


def list_prices(*, store_id: int, product_ids: Sequence[int], now: datetime) -> dict[int, Counted]:
    """What products cost that a store lists now without a price of its own. Unknown ones are left out."""
    store = Store.objects.get(pk=store_id)
    at = now if store.priced_at is None else max(now, store.priced_at)
    said: dict[int, list[ListPrice]] = {}
    here = Q(store=store) | Q(city=store.city_id, store=None) | Q(city=None, store=None)
    for row in Price.objects.filter(here, product_id__in=product_ids, cancelled_at=None, starts_at__lte=at):
        said.setdefault(row.product_id, []).append(_plain(row))
    mrps = Product.objects.filter(pk__in=product_ids).values_list("pk", "mrp_paise")
    return {pk: count(said.get(pk, ()), shelf=Shelf(store.pk, store.city_id, mrp), now=at) for pk, mrp in mrps}


@transaction.atomic
def cancel_prices(*, price_ids: Iterable[int], actor: str, now: datetime) -> int:
    """These count no longer, from now on; what did not begin yet never will. Returns how many; silent when repeated."""
    rows = list(
        Price.objects.filter(pk__in=list(price_ids), cancelled_at=None).order_by("pk").select_for_update(of=("self",))
    )
    Price.objects.filter(pk__in=[row.pk for row in rows]).update(cancelled_at=now, cancelled_by=actor, due_at=None)
    count_again(prices=[row for row in rows if row.starts_at <= now], now=now)
    return len(rows)


@transaction.atomic
def follow_list(*, store_id: int, product_ids: Sequence[int], actor: str, reason: str, now: datetime) -> int:
    """The store has no price of its own for these any more: city and everywhere count, else the MRP. How many."""
    if not reason.strip():
        raise Invalid("Say why: every change of a price is written down with its reason.")
    with connection.cursor() as cursor:
        one_writer(cursor, store_id)
        changed = ShelfItem.objects.filter(
            store_id=store_id, product_id__in=product_ids, own_price_paise__isnull=False
        ).update(own_price_paise=None, own_price_at=now, own_price_by=actor, own_price_why=reason[:120])
        if changed:
            count_prices(cursor, store_id=store_id, product_ids=product_ids, now=now)
    return changed


def sweep_prices(*, now: datetime) -> int:
    """Prices whose beginning or end has passed count, or count no longer, on every shelf. Returns how many were due.

    One sweeper at a time; another one leaves at once. Interrupted, the next one does it again: counting is repeatable.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('catalog.prices'))")
        if not cursor.fetchone()[0]:
            return 0
        ids = list(
            Price.objects.filter(due_at__lte=now).order_by("due_at").values_list("pk", flat=True)[:SWEPT_AT_ONCE]
        )
        # Prices before stores, by key: a cancellation takes them in the same order.
        locked = Price.objects.filter(pk__in=ids, due_at__lte=now).order_by("pk").select_for_update(of=("self",))
        due = list(locked)
        if not due:
            return 0
        count_again(prices=due, now=now)
        cursor.execute(
            """UPDATE catalog_price SET due_at = CASE WHEN ends_at > %s THEN ends_at END
            WHERE id = ANY(%s) AND due_at <= %s""",
            [now, [price.pk for price in due], now],
        )
        return len(due)


def count_again(*, prices: Iterable[Price], now: datetime) -> int:
    """Bring every shelf these prices are about up to date, store by store in the order of ids. Rows changed.

    Every store of the scope is looked at under its lock: one that lists a product in this very moment is not missed.
    """
    by_store: dict[int, set[int]] = {}
    products: dict[tuple[int | None, int | None], set[int]] = {}
    for price in prices:
        products.setdefault((price.store_id, price.city_id), set()).add(price.product_id)
    for (store_id, city_id), ids in products.items():
        stores = Store.objects.all() if city_id is None else Store.objects.filter(city_id=city_id)
        places = [store_id] if store_id is not None else list(stores.values_list("pk", flat=True))
        for place in places:
            by_store.setdefault(place, set()).update(ids)
    with transaction.atomic(), connection.cursor() as cursor:
        return sum(
            count_prices(cursor, store_id=store_id, product_ids=sorted(ids), now=now)
            for store_id, ids in sorted(by_store.items())
        )


def _where(store_id: int | None, city_id: int | None) -> Q:
    if store_id is not None:
        return Q(store_id=store_id)
    return Q(store__city_id=city_id) if city_id is not None else Q()


Place = tuple[int, int | None, int | None, int, bool]


def _place_of(price: NewPrice) -> tuple[Place, int, datetime | None]:
    place = (price.product_id, price.store_id, price.city_id, price.min_qty, price.members_only)
    return place, price.paise, price.ends_at


def _standing(product_ids: set[int], *, now: datetime) -> set[tuple[Place, int, datetime | None]]:
    """What the list says now for each place and tier: the price that goes first there, and until when."""
    rows = Price.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=now), product_id__in=product_ids, cancelled_at=None, starts_at__lte=now
    ).order_by("starts_at", "pk")
    first: dict[tuple[Place, bool], tuple[int, datetime | None]] = {}
    for row in rows:  # the later one replaces the earlier one
        place = (row.product_id, row.store_id, row.city_id, row.min_qty, row.members_only)
        first[(place, row.ends_at is not None)] = (row.paise, row.ends_at)
    return {(place, paise, ends_at) for (place, _), (paise, ends_at) in first.items()}


def _plain(row: Price) -> ListPrice:
    return ListPrice(
        id=row.pk,
        paise=row.paise,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        store_id=row.store_id,
        city_id=row.city_id,
        min_qty=row.min_qty,
        members_only=row.members_only,
        reason=row.reason,
        actor=row.actor,
    )
