"""When and where products are listed: timed publishing, ranges of cities and stores, what a store keeps off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q

from catalog import tree
from catalog.errors import BadSchedule
from catalog.models import AssortmentUse, KeptOff, Product, Schedule, ShelfItem, Store
from catalog.pricing.price_list import MRP
from catalog.services.prices import list_prices
from catalog.services.shelf import list_at_list_price, set_active, set_listed

# -- what a store keeps off ----------------------------------------------------------------------------------------


@transaction.atomic
def keep_off(*, store_id: int, product_ids: Sequence[int], actor: str, now: datetime) -> int:
    """A store takes products off its shelf and they stay off, whatever its ranges say. Returns how many changed."""
    KeptOff.objects.bulk_create(
        [KeptOff(store_id=store_id, product_id=id, actor=actor, at=now) for id in sorted(set(product_ids))],
        ignore_conflicts=True,
    )
    return set_listed(store_id=store_id, product_ids=product_ids, listed=False, now=now)


@transaction.atomic
def put_back(*, store_id: int, product_ids: Sequence[int], now: datetime) -> int:
    """The opposite: listed again, and its ranges decide from now on. Returns how many changed."""
    KeptOff.objects.filter(store_id=store_id, product_id__in=product_ids).delete()
    return set_listed(store_id=store_id, product_ids=product_ids, listed=True, now=now)


# -- timed publishing ----------------------------------------------------------------------------------------------


@transaction.atomic
def schedule(
    *,
    product_ids: Sequence[int] = (),
    category_id: int | None = None,
    publish_at: datetime | None,
    unpublish_at: datetime | None,
    actor: str,
    now: datetime,
) -> int:
    """Plan when products, or all of a category, are sold and no longer sold. None: no such plan any more.

    What is to be published later is taken off at once, so that nothing shows before. Returns how many rows wait now.
    Raises BadSchedule for a time that is past, or an end before the beginning.
    """
    if any(at is not None and at <= now for at in (publish_at, unpublish_at)):
        raise BadSchedule()
    if publish_at and unpublish_at and unpublish_at <= publish_at:
        raise BadSchedule("It would end before it begins.")
    ids = sorted(set(product_ids))
    of = Q(product_id__in=ids) if category_id is None else Q(category_id=category_id)
    Schedule.objects.filter(of, done_at=None).delete()
    rows = [
        Schedule(product_id=id, category_id=category_id, publish=publish, at=at, actor=actor, created_at=now)
        for publish, at in ((True, publish_at), (False, unpublish_at))
        if at is not None
        for id in (ids if category_id is None else [None])
    ]
    Schedule.objects.bulk_create(rows, batch_size=1_000)
    if publish_at:
        hidden = ids if category_id is None else _of_category(category_id)
        set_active(product_ids=hidden, active=False, actor=actor, now=now)
    return len(rows)


def sweep_schedules(*, now: datetime) -> int:
    """Do what is due, in the order it was due. Each row is done once, however many sweep. How many rows."""
    done = 0
    while _sweep_some(now=now):
        done += 1
    return done


MOST_PER_SWEEP = 500


@transaction.atomic
def _sweep_some(*, now: datetime) -> int:
    """The next due rows of one kind together: a hundred products that begin at midnight are one change of the shelf."""
    with connection.cursor() as cursor:  # one sweeper: an end may never overtake the beginning before it
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('catalog.schedule'))")
    due = list(
        Schedule.objects.filter(done_at=None, at__lte=now).order_by("at", "id").select_for_update()[:MOST_PER_SWEEP]
    )
    if not due:
        return 0
    same = [row for row in due if (row.at, row.publish, row.actor) == (due[0].at, due[0].publish, due[0].actor)]
    publish, actor = same[0].publish, same[0].actor
    ids = {row.product_id for row in same if row.product_id}
    for row in same:
        if row.category_id:
            ids.update(_of_category(row.category_id))
    products = sorted(ids)
    switched = set_active(product_ids=products, active=publish, actor=actor, now=now)
    if publish:
        _list_again(products, actor=actor, now=now)
    for row in same:
        row.done_at, row.changed = now, switched
    Schedule.objects.bulk_update(same, ["done_at", "changed"])
    return len(same)


def _of_category(category_id: int) -> list[int]:
    return list(
        Product.objects.filter(category_id__in=_beneath(category_id)).order_by("pk").values_list("pk", flat=True)
    )


def _list_again(product_ids: list[int], *, actor: str, now: datetime) -> None:
    """On every shelf that has them, and in every store whose ranges include them, unless the store keeps them off."""
    kept = set(KeptOff.objects.filter(product_id__in=product_ids).values_list("store_id", "product_id"))
    shelves: dict[int, list[int]] = {}
    for store_id, product_id in ShelfItem.objects.filter(product_id__in=product_ids, is_listed=False).values_list(
        "store_id", "product_id"
    ):
        if (store_id, product_id) not in kept:
            shelves.setdefault(store_id, []).append(product_id)
    ranged = _stores_with_ranges()
    for store_id, ids in sorted(shelves.items()):
        if store_id not in ranged:
            set_listed(store_id=store_id, product_ids=ids, listed=True, now=now)
    for store_id in sorted(ranged):
        change = preview_assortment(store_id=store_id, now=now, only=product_ids)
        _apply(change, actor=actor, now=now)


# -- ranges --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RangeChange:
    """What a store's shelf would become. `listed` holds (product id, paise); `new` of them it never had.

    Those cost what the price list says; `at_mrp` of them are not on it. What comes back keeps the price it has.
    `kept_off` are left off because the store said so.
    """

    store_id: int
    ranges: tuple[str, ...]
    wanted: int
    listed: tuple[tuple[int, int], ...]
    new: int
    unlisted: tuple[int, ...]
    kept_off: int
    at_mrp: int

    @property
    def by_list(self) -> int:
        return self.new - self.at_mrp

    @property
    def changes_nothing(self) -> bool:
        return not (self.listed or self.unlisted)


def preview_assortment(*, store_id: int, now: datetime, only: Sequence[int] | None = None) -> RangeChange:
    """What applying its ranges would do to a store, in a handful of statements. Nothing is written.

    A store without ranges sells what it sells: nothing changes. `only` limits the answer to some products.
    """
    store = Store.objects.get(pk=store_id)
    uses = AssortmentUse.objects.filter(Q(store=store) | Q(city=store.city_id)).select_related("assortment")
    ranges = {use.assortment_id: use.assortment.name for use in uses.order_by("assortment__name")}
    if not ranges:
        return RangeChange(store_id, (), 0, (), 0, (), 0, 0)
    wanted = _wanted(sorted(ranges))
    shelf = {
        product_id: (price, is_listed)
        for product_id, price, is_listed in ShelfItem.objects.filter(store=store).values_list(
            "product_id", "price_paise", "is_listed"
        )
    }
    kept_off = set(KeptOff.objects.filter(store=store).values_list("product_id", flat=True))
    limit = None if only is None else set(only)
    may = {id for id in wanted if limit is None or id in limit}
    back = sorted(id for id in may - kept_off if id in shelf and not shelf[id][1])
    new = sorted(id for id in may - kept_off if id not in shelf)
    prices = list_prices(store_id=store_id, product_ids=new, now=now) if new else {}
    listed = [(id, shelf[id][0]) for id in back] + [(id, prices[id].price_paise) for id in new]
    off = sorted(
        id for id, (_, is_listed) in shelf.items() if is_listed and id not in wanted and (limit is None or id in limit)
    )
    return RangeChange(
        store_id, tuple(ranges.values()), len(wanted), tuple(listed), len(new), tuple(off),
        len(may & kept_off), sum(price.source == MRP for price in prices.values()),
    )  # fmt: skip


@transaction.atomic
def apply_assortment(*, store_id: int, actor: str, now: datetime) -> RangeChange:
    """Make a store's shelf what its ranges say. Again changes nothing. Returns what was done."""
    Store.objects.select_for_update(no_key=True).get(pk=store_id)
    change = preview_assortment(store_id=store_id, now=now)
    _apply(change, actor=actor, now=now)
    return change


def stores_of(assortment_id: int) -> list[Store]:
    """Active stores that sell this range, by code."""
    uses = AssortmentUse.objects.filter(assortment=assortment_id).values_list("store_id", "city_id")
    stores, cities = {store for store, _ in uses if store}, {city for _, city in uses if city}
    return list(Store.objects.filter(Q(pk__in=stores) | Q(city_id__in=cities), is_active=True).order_by("code"))


def _apply(change: RangeChange, *, actor: str, now: datetime) -> None:
    # No price is said: what comes back at today's sale price would keep it when the sale is over.
    ids = [id for id, _ in change.listed]
    list_at_list_price(store_id=change.store_id, product_ids=ids, actor=actor, reason="assortment", now=now)
    if change.unlisted:
        set_listed(store_id=change.store_id, product_ids=change.unlisted, listed=False, now=now)


def _stores_with_ranges() -> set[int]:
    uses = list(AssortmentUse.objects.values_list("store_id", "city_id"))
    cities = {city for _, city in uses if city}
    of_cities = Store.objects.filter(city_id__in=cities).values_list("pk", flat=True) if cities else []
    return {store for store, _ in uses if store} | set(of_cities)


def _wanted(assortment_ids: list[int]) -> set[int]:
    """Active products any of these ranges lets in and that range does not except, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH RECURSIVE beneath(rule_id, category_id) AS (
                SELECT r.id, r.category_id FROM catalog_assortmentrule r
                WHERE r.assortment_id = ANY(%s) AND r.category_id IS NOT NULL
                UNION SELECT b.rule_id, c.id FROM beneath b JOIN catalog_category c ON c.parent_id = b.category_id
            ), told AS (
                SELECT r.assortment_id, r.is_exception, r.product_id FROM catalog_assortmentrule r
                WHERE r.assortment_id = ANY(%s) AND r.product_id IS NOT NULL
                UNION SELECT r.assortment_id, r.is_exception, p.id FROM catalog_assortmentrule r
                JOIN catalog_product p ON p.brand_id = r.brand_id WHERE r.assortment_id = ANY(%s)
                UNION SELECT r.assortment_id, r.is_exception, p.id FROM beneath b
                JOIN catalog_assortmentrule r ON r.id = b.rule_id
                JOIN catalog_product p ON p.category_id = b.category_id
            )
            SELECT DISTINCT t.product_id FROM told t JOIN catalog_product p ON p.id = t.product_id AND p.is_active
            WHERE NOT t.is_exception AND NOT EXISTS (SELECT 1 FROM told x WHERE x.is_exception
                AND x.assortment_id = t.assortment_id AND x.product_id = t.product_id)""",
            [assortment_ids, assortment_ids, assortment_ids],
        )
        return {id for (id,) in cursor.fetchall()}


def _beneath(category_id: int) -> list[int]:
    """The category and everything under it."""
    slug = next((node.slug for node in _all(tree.category_tree()) if node.id == category_id), None)
    return [category_id] if slug is None else tree.category_ids(slug)


def _all(nodes: Sequence[tree.CategoryNode]) -> list[tree.CategoryNode]:
    return [node for top in nodes for node in (top, *_all(top.children))]
