"""Wastage: written off once, by lot, with four eyes from a value on, and nobody buys what waits for them."""

from datetime import timedelta

import pytest

from accounts.tests.factories import UserFactory
from catalog.tests.factories import NOW, ProductFactory, on_shelf
from catalog.tests.factories import store as make_store
from inventory import queries, services, shelf
from inventory.counts import ShelfPolicy, Wastage
from inventory.errors import AnotherPerson, BadQuantity, NoSuchBatch, NoSuchWastage, OutOfStock, UnitsHeld
from inventory.models import Batch, Movement
from inventory.services import Arrival
from inventory.tests.factories import hold, stocked
from inventory.tests.test_batches import batch, lots
from inventory.tests.test_cycle_counts import only_lot
from inventory.tests.test_replenishing import sold

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


def ask(stock, qty=1, *, lot=None, by=None, nonce="n1", reason="damaged", now=NOW, **more):
    return services.ask_waste(
        store_id=stock.store_id, batch_id=lot or only_lot(stock), qty=qty, reason=reason, by=by or UserFactory().pk,
        nonce=nonce, now=now, **more,
    )  # fmt: skip


def test_what_costs_little_is_written_off_at_once_and_once():
    stock, person = stocked(10), UserFactory()
    for _ in range(2):
        done = ask(stock, 3, by=person.pk, note=" torn ")
    assert (done.state, done.value_paise, done.is_cost) == ("posted", 30_000, False)
    line = Movement.objects.get(kind="waste")
    assert (line.on_hand_delta, line.reason, line.ref) == (-3, "Damaged: torn", done.pk)
    stock.refresh_from_db()
    assert stock.on_hand == 7
    assert queries.audit() == []


def test_refused_without_units_reason_or_a_lot_of_this_store():
    stock, other = stocked(10), stocked(10, at=make_store("BLR-Z"))
    hold(stock, 8)
    for qty, reason, error in ((3, "damaged", UnitsHeld), (0, "damaged", BadQuantity), (1, "bored", BadQuantity)):
        with pytest.raises(error):
            ask(stock, qty, reason=reason)
    with pytest.raises(NoSuchBatch):
        ask(stock, 1, lot=only_lot(other))
    assert not Wastage.objects.exists() and not Movement.objects.filter(kind="waste").exists()


def test_above_the_value_somebody_else_approves_and_meanwhile_nobody_can_buy_it():
    ShelfPolicy.objects.create(waste_approve_paise=50_000)
    stock, person, boss = stocked(10), UserFactory(), UserFactory()
    waits = ask(stock, 6, by=person.pk)
    assert waits.state == "waiting"
    stock.refresh_from_db()
    assert (stock.on_hand, stock.free) == (10, 4)
    with pytest.raises(OutOfStock):
        hold(stock, 5)
    with pytest.raises(AnotherPerson):
        services.approve_waste(waste_id=waits.pk, by=person.pk, now=LATER)
    for _ in range(2):
        services.approve_waste(waste_id=waits.pk, by=boss.pk, now=LATER)
    stock.refresh_from_db()
    assert (stock.on_hand, stock.held, stock.free) == (4, 0, 4)
    with pytest.raises(NoSuchWastage):
        services.refuse_waste(waste_id=waits.pk, by=boss.pk, now=LATER)
    assert queries.audit() == []


def test_refused_wastage_is_on_sale_again():
    ShelfPolicy.objects.create(waste_approve_paise=0)
    stock, boss = stocked(10), UserFactory()
    waits = ask(stock, 6)
    for _ in range(2):
        services.refuse_waste(waste_id=waits.pk, by=boss.pk, now=LATER)
    stock.refresh_from_db()
    assert (stock.on_hand, stock.free) == (10, 10)
    with pytest.raises(NoSuchWastage):
        services.approve_waste(waste_id=waits.pk, by=boss.pk, now=LATER)


def test_a_lot_that_expires_while_its_wastage_waits_is_still_written_off():
    ShelfPolicy.objects.create(waste_approve_paise=0)
    stock = lots(("OLD", 4, 2), ("NEW", 9, 60))
    waits = ask(stock, 4, lot=batch(stock, "OLD").pk)
    services.sweep_short_dated(now=NOW + timedelta(days=4))
    services.approve_waste(waste_id=waits.pk, by=UserFactory().pk, now=NOW + timedelta(days=4))
    assert {b.lot: (b.on_hand, b.held) for b in Batch.objects.all()} == {"OLD": (0, 0), "NEW": (9, 0)}
    stock.refresh_from_db()
    assert (stock.on_hand, stock.blocked, stock.free) == (9, 0, 9)
    assert queries.audit() == []


def test_one_approval_of_many_writes_it_off(db):
    ShelfPolicy.objects.create(waste_approve_paise=0)
    stock = stocked(10)
    waits = ask(stock, 4)
    first, second = UserFactory(), UserFactory()
    services.approve_waste(waste_id=waits.pk, by=first.pk, now=LATER)
    services.approve_waste(waste_id=waits.pk, by=second.pk, now=LATER)
    assert Movement.objects.filter(kind="waste").count() == 1
    assert Wastage.objects.get().decided_by_id == first.pk


@pytest.mark.django_db(transaction=True)
def test_many_who_send_the_same_wastage_write_it_off_once(race):
    stock, person = stocked(10), UserFactory()

    def send() -> str:
        return ask(stock, 3, by=person.pk, nonce="same").state

    assert race(8, send) == ["posted"] * 8
    stock.refresh_from_db()
    assert stock.on_hand == 7


def test_cost_is_the_lots_where_it_is_known():
    stock = stocked(1)
    line = Arrival(stock.product_id, 5, None, "C", None, 4_000)
    services.receive(store_id=stock.store_id, lines=[line], reason="GRN", actor="user:9", now=NOW)
    done = ask(stock, 2, lot=batch(stock, "C").pk)
    assert (done.unit_paise, done.is_cost, done.value_paise) == (4_000, True, 8_000)


def test_pull_lists_what_may_not_be_sold_first_expired_first_and_mark_down_what_soon_may_not(
    django_assert_num_queries,
):
    place = make_store()
    good = lots(("GOOD", 3, 60), at=place)
    soon = lots(("SOON", 3, 1), at=place)
    short = lots(("SHORT", 3, 20), product=ProductFactory(shelf_life_days=100), at=place)
    bad = lots(("BAD", 3, 30), at=place)
    services.block(batch_id=batch(bad, "BAD").pk, state="quarantined", reason="Recall", actor="user:9", now=NOW)
    lots(("ELSEWHERE", 3, 1), at=make_store("BLR-Z"))
    with django_assert_num_queries(2):
        pull = [lot.lot for lot in shelf.to_pull(store_id=place.pk)]
        down = [lot.lot for lot in shelf.to_mark_down(store_id=place.pk, now=NOW)]
    assert (pull, down) == (["SHORT", "BAD"], ["SOON"])
    assert {good.pk, soon.pk, short.pk}


def test_the_report_adds_up_what_was_written_off_by_store_and_reason():
    ShelfPolicy.objects.create(waste_approve_paise=50_000)
    stock, other = stocked(20), stocked(20, at=make_store("BLR-Z"))
    ask(stock, 1, nonce="a")
    ask(stock, 2, nonce="b")
    ask(stock, 1, nonce="c", reason="expired")
    ask(stock, 9, nonce="d")  # waits: not written off
    ask(other, 1, nonce="e")
    ask(stock, 1, nonce="f", now=NOW - timedelta(days=40))
    window = {"since": NOW - timedelta(days=28), "until": LATER}
    found = [(line.store_code, line.reason, line.times, line.units, line.value_paise)
             for line in shelf.waste_by_reason(**window)]  # fmt: skip
    assert found == [
        ("BLR-T", "damaged", 2, 3, 30_000), ("BLR-T", "expired", 1, 1, 10_000), ("BLR-Z", "damaged", 1, 1, 10_000),
    ]  # fmt: skip
    assert len(shelf.waste_by_reason(**window, store_id=stock.store_id)) == 2


def test_sold_out_says_since_when_and_what_was_lost(django_assert_num_queries):
    stock = sold(*[6] * 28, left=3)
    on_shelf(stock.store, stock.product)
    services.plan_store(store_id=stock.store_id, now=NOW)
    assert shelf.sold_out(store_id=stock.store_id, now=NOW) == []
    assert [row.stock_id for row in shelf.low(store_id=stock.store_id)] == [stock.pk]
    hold(stock, 3, now=NOW)
    with django_assert_num_queries(2):
        (gone,) = shelf.sold_out(store_id=stock.store_id, now=NOW + timedelta(days=2))
    assert (gone.product, gone.since) == (stock.product, NOW)
    assert gone.lost_units == pytest.approx(12, rel=0.06)
    assert gone.lost_paise == round(gone.lost_units * 10_000)


def test_a_recalled_lot_that_waits_to_be_thrown_away_takes_no_good_unit_from_an_order():
    ShelfPolicy.objects.create(waste_approve_paise=1)
    stock = lots(("BAD", 2, 30), ("GOOD", 1, 60))
    boss = UserFactory()
    waits = ask(stock, 1, lot=batch(stock, "BAD").pk)
    ref = hold(stock, 1)
    told = services.block(
        batch_id=batch(stock, "BAD").pk, state="quarantined", reason="Glass", actor="user:9", now=NOW
    )  # fmt: skip
    assert (told.relotted, told.stuck) == ((ref,), ())
    services.approve_waste(waste_id=waits.pk, by=boss.pk, now=LATER)
    stock.refresh_from_db()
    assert (stock.on_hand, stock.held, stock.blocked) == (2, 1, 1)
    assert batch(stock, "BAD").on_hand == 1
    assert queries.audit() == []
