"""Lots: first expired first, sellable at the door or not at all, blocked at once."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.tests.factories import UserFactory
from blinkit.kernel.errors import Refusal
from blinkit.kernel.ids import uuid7
from blinkit.kernel.models import Event
from catalog.importing.sheets import plan_sheet
from catalog.services.goods import apply_sheet
from catalog.tests.factories import NOW, ProductFactory
from catalog.tests.factories import store as make_store
from inventory import fefo, queries, services
from inventory.errors import LotRecalled, OutOfStock, UnitsHeld
from inventory.models import Batch, BatchState, Hold, HoldLot, Movement, Stock
from inventory.services import Arrival
from inventory.tests.factories import hold

TODAY = NOW.date()


def lots(*lines: tuple[str, int, int | None], product=None, at=None) -> Stock:
    """(lot, units, days until the last day of use or None) each, in one store."""
    goods, place = product or ProductFactory(), at or make_store()
    came = [
        Arrival(goods.pk, qty, None, lot, None if days is None else TODAY + timedelta(days=days))
        for lot, qty, days in lines
    ]
    services.receive(store_id=place.pk, lines=came, reason="GRN", actor="user:9", now=NOW)
    return Stock.objects.select_related("store", "product").get(store=place, product=goods)


def held_of(ref) -> dict[str, int]:
    return dict(HoldLot.objects.filter(hold__ref=ref, qty__gt=0).values_list("batch__lot", "qty"))


def batch(stock: Stock, lot: str) -> Batch:
    return Batch.objects.get(stock=stock, lot=lot)


@settings(suppress_health_check=[HealthCheck.too_slow])  # a busy machine
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 20))), st.integers(0, 60))
def test_allocation_takes_in_the_order_given_and_never_too_much(free, qty):
    takes = fefo.allocate(free, qty)
    assert fefo.units(takes) == min(qty, sum(units for _, units in free))
    assert all(take.qty > 0 for take in takes)
    left = qty
    for batch_id, units in free:
        if units and left > 0:
            assert takes.pop(0) == (batch_id, min(units, left))
            left -= min(units, left)
    assert not takes


@pytest.mark.django_db
def test_units_that_expire_first_are_held_first():
    stock = lots(("LATE", 5, 90), ("SOON", 2, 10), ("KEEPS", 5, None))
    ref = hold(stock, 4)
    assert held_of(ref) == {"SOON": 2, "LATE": 2}
    assert queries.lots_for(ref=ref)[stock.product_id][0][1:] == ("SOON", TODAY + timedelta(days=10), None, 2, "open")
    services.ship(ref=ref, actor="rider:1", now=NOW)
    assert {b.lot: (b.on_hand, b.held) for b in Batch.objects.all()} == {
        "SOON": (0, 0),
        "LATE": (3, 0),
        "KEEPS": (5, 0),
    }
    services.take_back(ref=ref, actor="rider:1", now=NOW)
    assert batch(stock, "SOON").on_hand == 2
    assert queries.audit() == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("life", "least", "needed"), [(10, None, timedelta(days=3)), (10, 5, timedelta(days=5)), (None, None, timedelta(0)),
                                  (2, 0, timedelta(hours=14, minutes=24)), (10, 2, timedelta(days=3))]
)  # fmt: skip
def test_the_life_that_must_remain_is_the_stricter_of_its_share_and_its_days(life, least, needed):
    product = ProductFactory(shelf_life_days=life, min_life_days=least)
    stock = lots(("A", 1, 8), product=product)
    last = TODAY + timedelta(days=9)
    end_of_last_day = datetime(last.year, last.month, last.day, tzinfo=UTC) - timedelta(hours=5, minutes=30)
    assert batch(stock, "A").sell_until == end_of_last_day - needed


@pytest.mark.django_db
def test_what_is_too_short_dated_at_the_door_cannot_be_held():
    """Ten days of life: three must remain. What is enough now is not enough for the slot of tomorrow."""
    product = ProductFactory(shelf_life_days=10)
    stock = lots(("SHORT", 4, 3), ("GOOD", 3, 9), product=product)
    ends = batch(stock, "SHORT").sell_until
    assert queries.free(store_id=stock.store_id, product_ids=[product.pk]) == {product.pk: 7}
    tomorrow = ends + timedelta(hours=1)
    assert queries.free(store_id=stock.store_id, product_ids=[product.pk], arrives_at=tomorrow) == {product.pk: 3}
    basket = {"ref": uuid7(), "store_id": stock.store_id, "until": None, "actor": "user:1", "now": NOW}
    with pytest.raises(OutOfStock) as refusal:
        services.hold(**basket, basket={product.pk: 4}, arrives_at=tomorrow)
    assert refusal.value.extra["short"] == {product.pk: 3}
    services.hold(**basket, basket={product.pk: 3}, arrives_at=tomorrow)
    assert held_of(basket["ref"]) == {"GOOD": 3}
    assert held_of(hold(stock, 4)) == {"SHORT": 4}


@pytest.mark.django_db
def test_the_sweep_takes_off_sale_what_cannot_arrive_in_time_and_then_calls_it_expired():
    product = ProductFactory(shelf_life_days=10)
    stock = lots(("SHORT", 4, 3), ("GOOD", 3, 60), product=product)
    ends = batch(stock, "SHORT").sell_until
    assert services.sweep_short_dated(now=ends - timedelta(hours=1)) == 0
    assert services.sweep_short_dated(now=ends - timedelta(minutes=10)) == 1
    assert services.sweep_short_dated(now=ends - timedelta(minutes=10)) == 0
    stock.refresh_from_db()
    assert (stock.on_hand, stock.blocked, stock.free) == (7, 4, 3)
    assert batch(stock, "SHORT").state == BatchState.SHORT
    assert services.sweep_short_dated(now=ends + timedelta(days=3)) == 1
    assert batch(stock, "SHORT").state == BatchState.EXPIRED
    assert [e.payload["state"] for e in Event.objects.filter(code="inventory.BatchBlocked").order_by("pk")] == [
        "short", "expired",
    ]  # fmt: skip
    assert queries.audit() == []


@pytest.mark.django_db
def test_goods_that_come_too_short_dated_never_go_on_sale():
    product = ProductFactory(shelf_life_days=100)
    stock = lots(("OLD", 4, 20), product=product)
    assert (stock.on_hand, stock.blocked, stock.free) == (4, 4, 0)
    assert batch(stock, "OLD").state == BatchState.SHORT


@pytest.mark.django_db
def test_a_recalled_lot_is_off_sale_at_once_and_its_orders_get_other_units():
    stock = lots(("BAD", 6, 20), ("GOOD", 4, 60))
    left = hold(stock, 1)
    services.ship(ref=left, actor="rider:1", now=NOW)
    unpaid = hold(stock, 2, until=NOW + timedelta(minutes=15))
    paid = hold(stock, 3)
    did = services.block(
        batch_id=batch(stock, "BAD").pk, state="quarantined", reason="Recall 7", actor="user:9", now=NOW
    )
    assert set(did.relotted) == {paid}  # paid before unpaid: four good units are enough for one of them
    assert did.stuck == (unpaid,)
    assert held_of(paid) == {"GOOD": 3}
    assert held_of(unpaid) == {"BAD": 1, "GOOD": 1}
    stock.refresh_from_db()
    assert (stock.on_hand, stock.held, stock.blocked, stock.free) == (9, 5, 4, 0)
    with pytest.raises(OutOfStock):
        hold(stock, 1)
    event = Event.objects.get(code="inventory.BatchBlocked")
    assert (event.payload["lot"], event.payload["stuck"]) == ("BAD", [str(unpaid)])
    assert {ref for ref, _, _ in queries.orders_with(batch_id=batch(stock, "BAD").pk)} == {left, unpaid}
    assert queries.audit() == []
    services.release(ref=unpaid, reason="gone", actor="system", now=NOW)
    stock.refresh_from_db()
    assert (stock.held, stock.blocked, stock.free) == (3, 5, 1)
    services.unblock(batch_id=batch(stock, "BAD").pk, reason="Cleared", actor="user:9", now=NOW)
    stock.refresh_from_db()
    assert (stock.blocked, stock.free) == (0, 6)
    assert queries.audit() == []


@pytest.mark.django_db
def test_a_hold_for_tomorrow_moves_only_to_lots_that_are_good_tomorrow():
    stock = lots(("BAD", 2, 20), ("TODAY", 2, 0), ("GOOD", 1, 30))
    tomorrow = NOW + timedelta(days=1)
    ref = uuid7()
    services.hold(
        ref=ref, store_id=stock.store_id, basket={stock.product_id: 2}, until=None, arrives_at=tomorrow, actor="user:1",
        now=NOW,
    )  # fmt: skip
    assert held_of(ref) == {"BAD": 2}
    did = services.block(batch_id=batch(stock, "BAD").pk, state="quarantined", reason="x", actor="user:9", now=NOW)
    assert (did.stuck, held_of(ref)) == ((ref,), {"BAD": 1, "GOOD": 1})
    assert queries.audit() == []


@pytest.mark.django_db
def test_more_of_a_blocked_lot_arrives_blocked():
    stock = lots(("BAD", 6, 20))
    services.block(batch_id=batch(stock, "BAD").pk, state="quarantined", reason="Recall", actor="user:9", now=NOW)
    lots(("BAD", 5, 20), product=stock.product, at=stock.store)
    stock.refresh_from_db()
    assert (stock.on_hand, stock.blocked, stock.free) == (11, 11, 0)
    assert queries.audit() == []


@pytest.mark.django_db
def test_a_short_pick_over_two_lots_leaves_the_oldest():
    stock = lots(("SOON", 2, 10), ("LATE", 5, 90))
    ref = hold(stock, 4)
    services.release_part(ref=ref, product_id=stock.product_id, qty=3, reason="not there", actor="user:2", now=NOW)
    assert held_of(ref) == {"SOON": 1}
    assert {b.lot: (b.on_hand, b.held) for b in Batch.objects.all()} == {"SOON": (1, 1), "LATE": (3, 0)}
    assert queries.audit() == []


@pytest.mark.django_db
def test_counts_and_waste_of_one_lot_or_of_all():
    stock = lots(("SOON", 4, 10), ("LATE", 5, 90))
    hold(stock, 1)
    place = {"store_id": stock.store_id, "product_id": stock.product_id, "actor": "user:9", "now": NOW, "reason": "x"}
    assert services.count(**place, counted=6) == -3
    assert {b.lot: b.on_hand for b in Batch.objects.all()} == {"SOON": 4, "LATE": 2}
    assert services.count(**place, counted=9) == 3
    assert {b.lot: b.on_hand for b in Batch.objects.all()} == {"SOON": 7, "LATE": 2}
    assert services.count(**place, counted=5, batch_id=batch(stock, "LATE").pk) == 3
    services.block(batch_id=batch(stock, "LATE").pk, state="quarantined", reason="Recall", actor="user:9", now=NOW)
    services.waste(**place, qty=5, batch_id=batch(stock, "LATE").pk)
    with pytest.raises(UnitsHeld):
        services.waste(**place, qty=7)  # one of the seven is held
    stock.refresh_from_db()
    assert (stock.on_hand, stock.held, stock.blocked) == (7, 1, 0)
    assert queries.audit() == []


@pytest.mark.django_db
def test_availability_of_two_hundred_products_is_one_statement(django_assert_num_queries):
    first = lots(("A", 3, 20))
    ids = [first.product_id, *(lots(("A", 3, 20), at=first.store).product_id for _ in range(199))]
    for more in ({}, {"arrives_at": NOW + timedelta(days=2)}):
        with django_assert_num_queries(1):
            assert queries.free(store_id=first.store_id, product_ids=ids, **more) == dict.fromkeys(ids, 3)


@pytest.mark.django_db
def test_a_changed_rule_moves_the_last_instant():
    stock = lots(("A", 3, 20))
    before = batch(stock, "A").sell_until
    type(stock.product).objects.filter(pk=stock.product_id).update(min_life_days=4)
    assert services.retime(product_ids=[stock.product_id]) == 1
    assert services.retime(product_ids=[stock.product_id]) == 0
    assert before - batch(stock, "A").sell_until == timedelta(days=4)


@pytest.mark.django_db(transaction=True)
def test_sixteen_writers_on_one_hot_product_lose_nothing(race):
    """Holds, shipments, receipts, shorts, counts and blocks of three lots at once: no deadlock, nothing lost."""
    stock = lots(("A", 150, 10), ("B", 150, 20), ("C", 150, 30))
    place = {"store_id": stock.store_id, "product_id": stock.product_id, "actor": "user:9", "now": NOW, "reason": "x"}

    def work(number: int) -> Counter:
        chance, done = random.Random(number), Counter()
        for _ in range(15):
            ref, end = uuid7(), chance.choice(["ship", "short", "release", "keep", "receive", "waste", "block"])
            try:
                with transaction.atomic():
                    if end == "receive":
                        lot = chance.choice("ABC")
                        lots((lot, 3, {"A": 10, "B": 20, "C": 30}[lot]), product=stock.product, at=stock.store)
                        continue
                    if end == "waste":
                        services.waste(**place, qty=1)
                        continue
                    if end == "block":
                        one = Batch.objects.filter(stock=stock).order_by("?").first()
                        services.block(batch_id=one.pk, state="quarantined", reason="x", actor="user:9", now=NOW)
                        services.unblock(batch_id=one.pk, reason="x", actor="user:9", now=NOW)
                        continue
                    hold(stock, chance.randint(1, 4), ref=ref)
                with transaction.atomic():
                    if end == "ship":
                        services.ship(ref=ref, actor="rider:1", now=NOW)
                    elif end == "release":
                        services.release(ref=ref, reason="x", actor="user:1", now=NOW)
                    elif end == "short":
                        services.release_part(
                            ref=ref, qty=1, **{k: place[k] for k in ("product_id", "actor", "now", "reason")}
                        )
            except Refusal as refusal:
                done[refusal.code] += 1
        return done

    results = race(16, work)
    assert all(isinstance(result, Counter) for result in results), results
    assert queries.audit() == []
    assert Hold.objects.exists() and Movement.objects.count() > 200


@pytest.mark.django_db
def test_a_rule_changed_in_the_administration_reaches_batches_with_the_next_sweep(client):
    """Stricter: off sale. Looser again: on sale. A recalled batch stays off sale."""
    product = ProductFactory(shelf_life_days=10)
    stock = lots(("A", 3, 20), ("BAD", 2, 20), product=product)
    services.block(batch_id=batch(stock, "BAD").pk, state="quarantined", reason="x", actor="user:9", now=NOW)
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    page = client.get(f"/admin/catalog/product/{product.pk}/change/")
    assert b'name="min_life_days"' in page.content
    for days, state, free in ((30, BatchState.SHORT, 0), (1, BatchState.OPEN, 3)):
        type(product).objects.filter(pk=product.pk).update(min_life_days=days)
        services.retime()
        services.sweep_short_dated(now=NOW)
        services.sweep_in_time(now=NOW)
        stock.refresh_from_db()
        assert (batch(stock, "A").state, batch(stock, "BAD").state, stock.free) == (state, "quarantined", free)
    assert services.retime() == services.sweep_in_time(now=NOW) == 0
    assert queries.audit() == []


@pytest.mark.django_db
@pytest.mark.parametrize(("said", "kept"), [("5", 5), ("0", 0), ("", None)])
def test_the_life_at_the_door_comes_with_a_sheet(said, kept):
    product = ProductFactory(min_life_days=9)
    content = f"sku,min_life_days\n{product.sku},{said}\n".encode()
    plan = plan_sheet(content, store_id=None)
    apply_sheet(
        content=content, digest=plan.digest, store_id=None, all_or_nothing=True, reason="x", actor="user:1", now=NOW
    )
    product.refresh_from_db()
    assert product.min_life_days == kept


@pytest.mark.django_db
def test_a_recalled_lot_stays_recalled_when_its_days_are_over():
    stock = lots(("BAD", 2, 30))
    bad = batch(stock, "BAD")
    how = {"batch_id": bad.pk, "actor": "system", "now": NOW}
    services.block(state="quarantined", reason="Glass", **how)
    for milder in ("short", "expired"):  # a sweep that looked before the recall
        services.block(state=milder, reason="Old", **how)
    bad.refresh_from_db()
    assert (bad.state, bad.state_reason) == ("quarantined", "Glass")


@pytest.mark.django_db
def test_what_has_expired_does_not_leave_also_before_a_sweep_has_said_so():
    stock = lots(("OLD", 2, 1))
    ref = hold(stock, 1)
    in_time, over = NOW + timedelta(hours=20), NOW + timedelta(days=2)
    with pytest.raises(LotRecalled) as refusal:
        services.ship(ref=ref, actor="rider:1", now=over)
    assert refusal.value.extra["lots"][0]["lot"] == "OLD"
    services.ship(ref=ref, actor="rider:1", now=in_time)
    assert queries.audit() == []
