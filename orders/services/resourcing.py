"""A confirmed order moves to another store, because its own can't do it: until picking begins, never for more money.

The order's lock comes first, so a picker who begins and a store that falls away cannot both have it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, OuterRef, Q, Subquery

from blinkit.kernel import events, live, metrics
from blinkit.kernel.errors import Refusal
from blinkit.kernel.sweeping import one_by_one
from catalog import queries as goods
from catalog.models import Store, StoreMode
from catalog.ways import way_metres
from inventory import services as stock
from inventory.errors import OutOfStock
from orders import sourcing
from orders.errors import IllegalMove, ReasonNeeded
from orders.events import OrderResourced
from orders.models import Cause, Order, OrderLine, Promise, Sourcing
from orders.queries.places import MOST_STORES_ASKED, candidate, promise_for, sellable
from orders.services import slots
from orders.services.ending import cancel_locked
from orders.services.mover import hint, lock, step, subject
from orders.sourcing import Need, Reason, Verdict
from orders.states import Status

MOVABLE = frozenset({Status.CONFIRMED, Status.ASSIGNED_TO_STORE})
NOBODY_HAS_IT = "Your store can't prepare it, and no other store near you has everything."
CLOSED_FOR = timedelta(minutes=15)
"""After closing time people finish what they have; a store that is dark for so long will not begin any more."""
SOURCINGS_KEPT = timedelta(days=30)


@transaction.atomic
def resource(*, order_id: UUID, store_id: int, cause: Cause, why: str, actor: str, now: datetime) -> Order:
    """`store_id` can't do this order: the next store that has everything takes it, or it is cancelled and refunded.

    The bill stays as it was agreed, also where the other store is dearer or cheaper. The basket is set aside there and
    given back here in one transaction, the promise is made anew (an order for a slot keeps its window and gives its
    place in it back), a rider who was coming is free. The stores that were judged are kept. Silent when the order is
    not that store's any more.

    Raises NoSuchOrder, ReasonNeeded, IllegalMove once picking has begun, before it is paid, and while it waits for its
    slot.
    """
    order = lock(order_id)
    if order.store_id != store_id or order.status == Status.CANCELLED:
        return order
    why = why.strip()[:160]
    if not why:
        raise ReasonNeeded("Say why the store can't do it.")
    if order.status not in MOVABLE or order.is_for_later:
        raise IllegalMove("Only an order that nobody has begun to pick goes to another store.", status_now=order.status)
    wanted = OrderLine.objects.filter(order=order, qty__gt=F("short_qty"))  # what was recalled is not wanted any more
    lines = list(wanted.values_list("product_id", F("qty") - F("short_qty")))
    store, judged = _take_over(order, dict(lines), why=why, actor=actor, now=now)
    own = {"store": order.store.code, "score": 0, "parts": {}, "reason": cause.value}
    Sourcing.objects.create(
        order=order,
        cause=cause,
        store=store,
        candidates=[*(verdict.as_json() for verdict in judged), own],
        why=why,
        made_at=now,
    )
    metrics.count("orders_resourced_total", cause=cause.value, to="nobody" if store is None else "another")
    if store is None:
        return cancel_locked(order, reason=NOBODY_HAS_IT, actor=actor, now=now)
    return _move(order, store, lines=len(lines), units=sum(qty for _, qty in lines), why=why, actor=actor, now=now)


def sweep_offline(*, now: datetime, limit: int = 100) -> int:
    """Move what waits in stores that are paused, closed or switched off for longer than its promise bears. Returns how
    many orders. Each is an act of its own: one that is refused or breaks does not hold up the others."""
    back = {store.pk: _back_at(store, now=now) for store in _offline(now=now)}
    made = Promise.objects.filter(order=OuterRef("pk")).order_by("-pk")
    waiting = (
        Order.objects.at_work()
        .filter(status__in=MOVABLE, store_id__in=list(back))
        .annotate(usual=Subquery(made.annotate(takes=F("p50_at") - F("made_at")).values("takes")[:1]))
        .order_by("promised_by", "pk")
    )
    leaving = (
        order for order in waiting if not bears(order, back_at=back[order.store_id], usual=order.usual or timedelta(0))
    )
    return one_by_one(list(islice(leaving, limit)), lambda order: _leave(order, now=now), sweep="offline")


def _leave(order: Order, *, now: datetime) -> bool:
    why = "The store is not working now"
    try:
        resource(order_id=order.pk, store_id=order.store_id, cause=Cause.OFFLINE, why=why, actor="system", now=now)
    except Refusal:  # a picker was quicker
        return False
    return True


def bears(order: Order, *, back_at: datetime | None, usual: timedelta) -> bool:
    """Whether the promise still holds, within ORDER_RESOURCE_AFTER_M minutes, when the store is back at `back_at`
    (None: nobody knows) and then takes as long as is `usual`."""
    if back_at is None or order.promised_by is None:
        return False
    begins = back_at if order.release_at is None else max(back_at, order.release_at)
    if order.slot_id is not None and order.release_at is not None:
        usual = order.promised_by - order.release_at
    return begins + usual <= order.promised_by + timedelta(minutes=settings.ORDER_RESOURCE_AFTER_M)


@transaction.atomic
def purge_sourcings(*, now: datetime) -> int:
    """Forget how stores were judged for orders of more than 30 days ago. Returns how many choices."""
    return Sourcing.objects.filter(made_at__lt=now - SOURCINGS_KEPT).delete()[0]


def _take_over(
    order: Order, basket: dict[int, int], *, why: str, actor: str, now: datetime
) -> tuple[Store | None, Sequence[Verdict]]:
    """The store whose stock is set aside for the order now, and how all were judged. A store that had it once is not
    asked again."""
    tried = {order.store_id, *Sourcing.objects.filter(order=order).values_list("store_id", flat=True)}
    stores = [store for store in goods.stores_for(order.point) if store.pk not in tried][:MOST_STORES_ASKED]
    if not stores:
        return None, ()
    free = sellable(stores, product_ids=list(basket))
    candidates = [candidate(store, order.point, free[store.pk], now=now) for store in stores]
    judged = list(sourcing.choose(candidates, Need(basket=basket), now=now).why)
    for rank, verdict in enumerate(judged):
        if verdict.reason is not None:
            break
        try:
            with transaction.atomic():
                stock.move_hold(
                    ref=order.pk, to_store_id=verdict.store_id, basket=basket, reason=why[:120], actor=actor, now=now,
                    arrives_at=max(now, order.promised_by or now),
                )  # fmt: skip
        except OutOfStock as refusal:  # sold since it was looked at
            missing = tuple(sorted(refusal.extra["short"]))
            judged[rank] = replace(verdict, reason=Reason.MISSING_ITEMS, missing=missing)
            continue
        judged.insert(0, judged.pop(rank))
        return next(store for store in stores if store.pk == verdict.store_id), judged
    return None, judged


def _move(order: Order, store: Store, *, lines: int, units: int, why: str, actor: str, now: datetime) -> Order:
    old = order.store
    slots.give_back(order)
    if order.rider_id_ref is not None:
        live.touch(f"rider.{order.rider_id_ref}", what="order", id=order.pk)
    order.store = store
    order.distance_metres = way_metres(store, order.point)
    order.supplier_state = store.city.state_code
    order.rider_id_ref, order.rider_name, order.rider_accepted_at, order.rider_here_at = None, "", None, None
    order.doors_before_s = 0
    if order.slot_id is None:
        quote, inputs = promise_for(store, to=order.point, lines=lines, units=units, now=now)
        order.promised_from, order.promised_by = quote.from_at(now), quote.by(now)
        Promise.objects.create(
            order=order, version=quote.version, made_at=now, p50_at=quote.middle_at(now),
            promised_by=order.promised_by, inputs={**inputs, "instead_of": old.code},
        )  # fmt: skip
    moved = OrderResourced(
        order_id=order.pk, customer_id=order.customer_id, old_store=old.code, store_code=store.code, why=why
    )
    fields = (
        "store", "distance_metres", "supplier_state", "rider_id_ref", "rider_name", "rider_accepted_at",
        "rider_here_at", "doors_before_s", "promised_from", "promised_by",
    )  # fmt: skip
    live.touch(f"store.{old.code}", what="order", id=order.pk)
    if order.status == Status.CONFIRMED:
        order.save(update_fields=fields)
        events.record(moved, subject=subject(order), actor=actor)
        hint(order)
        return order
    return step(order, Status.CONFIRMED, actor=actor, now=now, why=why, fields=fields, also=[moved])


def _offline(*, now: datetime) -> list[Store]:
    """Stores that do not work now: switched off, paused, or closed for a while."""
    with_orders = Order.objects.at_work().filter(status__in=MOVABLE).values("store_id")
    paused = Q(mode=StoreMode.PAUSED) & (Q(mode_until=None) | Q(mode_until__gt=now))
    stores = Store.objects.filter(pk__in=with_orders).select_related("city")
    off = set(stores.filter(paused | Q(is_active=False)).values_list("pk", flat=True))
    return [store for store in stores if store.pk in off or _is_dark(store, now=now)]


def _is_dark(store: Store, *, now: datetime) -> bool:
    return not goods.is_open(store, now=now) and not goods.is_open(store, now=now - CLOSED_FOR)


def _back_at(store: Store, *, now: datetime) -> datetime | None:
    """When it works again; None when nobody knows."""
    if not store.is_active:
        return None
    paused = goods.current_mode(store, now=now) == StoreMode.PAUSED
    if paused and store.mode_until is None:
        return None
    until = store.mode_until if paused and store.mode_until is not None else now
    return goods.next_opening(store, now=until) if _is_dark(store, now=now) else until
