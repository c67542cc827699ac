"""Units between two stores: dispatched = arrived + lost + in transit, whatever happens."""

import random
from collections import Counter
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from blinkit.kernel.errors import Invalid, Refusal
from blinkit.kernel.ids import uuid7
from catalog.tests.factories import NOW, ProductFactory
from catalog.tests.factories import store as make_store
from inventory import queries, services
from inventory.errors import BadQuantity, DeliveryMoved, NoSuchDelivery, UnitsHeld
from inventory.inbound import Discrepancy, GoodsReceipt, Transfer, TransferLot
from inventory.models import Batch, Movement, MovementKind, Stock
from inventory.services import Arrival, inbound, transfers
from inventory.tests.factories import hold
from inventory.tests.inbound_factories import IN_A_MONTH, TODAY, enter, receipt, transfer

WHO = {"actor": "user:1", "now": NOW}
SOON = TODAY + timedelta(days=20)


@pytest.fixture
def stores():
    return make_store("BLR-A"), make_store("BLR-B")


@pytest.fixture
def tea(stores):
    product = ProductFactory(name="Tea")
    came = [Arrival(product.pk, 4, None, "SOON", SOON, 700), Arrival(product.pk, 6, None, "LATE", IN_A_MONTH, 800)]
    services.receive(store_id=stores[0].pk, lines=came, reason="GRN", **WHO)
    return product


def units() -> Counter:
    """Where all units of the house are."""
    found: Counter[str] = Counter()
    for stock in Stock.objects.select_related("store"):
        found[stock.store.code] += stock.on_hand
    for lot in TransferLot.objects.all():
        found["in_transit"] += lot.in_transit
        found["lost"] += lot.lost
    return +found


def close(one: GoodsReceipt):
    return inbound.close(receipt_id=one.pk, **WHO)


@pytest.mark.django_db
def test_units_leave_travel_and_arrive_with_lot_expiry_and_cost(stores, tea):
    sent = transfer(*stores, (tea, 7))
    assert units() == {"BLR-A": 10}
    transfers.dispatch(transfer_id=sent.pk, **WHO)
    assert units() == {"BLR-A": 3, "in_transit": 7}
    assert queries.totals()["in_transit"] == 7 and queries.audit() == []
    one = receipt(stores[1], transfer=sent)
    enter(one, tea, 7, lot="", expires_on=None)
    close(one)
    assert units() == {"BLR-A": 3, "BLR-B": 7}
    there = Batch.objects.filter(stock__store=stores[1])
    assert {(b.lot, b.expires_on, b.on_hand, b.unit_cost_paise) for b in there} == {
        ("SOON", SOON, 4, 700), ("LATE", IN_A_MONTH, 3, 800),
    }  # fmt: skip
    assert set(Movement.objects.filter(ref=sent.pk).values_list("kind", flat=True)) == {"dispatch", "arrive"}
    sent.refresh_from_db()
    assert sent.state == "received" and not Discrepancy.objects.exists()
    assert queries.totals()["in_transit"] == 0 and queries.audit() == []


@pytest.mark.django_db
def test_what_did_not_come_is_lost_and_what_came_too_much_is_received(stores, tea):
    salt = ProductFactory(name="Salt")
    one = receipt(stores[1], transfer=transfer(*stores, (tea, 7), sent=True))
    enter(one, tea, 2, damaged=1, lot="SOON", expires_on=SOON)
    enter(one, tea, 5, lot="LATE")
    enter(one, salt, 2, lot="", expires_on=None)
    close(one)
    assert units() == {"BLR-A": 3, "BLR-B": 9, "lost": 2}
    assert {(d.product.name, d.kind, d.units) for d in Discrepancy.objects.all()} == {
        ("Tea", "damaged", 1), ("Tea", "short", 1), ("Tea", "over", 2), ("Salt", "over", 2),
    }  # fmt: skip
    assert queries.audit() == []


@pytest.mark.django_db
def test_a_transfer_of_which_nothing_comes_is_lost(stores, tea):
    one = receipt(stores[1], transfer=transfer(*stores, (tea, 7), sent=True))
    close(one)
    assert units() == {"BLR-A": 3, "lost": 7} and queries.audit() == []


@pytest.mark.django_db
def test_held_and_blocked_units_are_never_sent(stores, tea):
    stock = Stock.objects.get()
    hold(stock, 3)
    services.block(batch_id=Batch.objects.get(lot="LATE").pk, state="quarantined", reason="Recall", **WHO)
    asked = transfer(*stores, (tea, 2))
    with pytest.raises(UnitsHeld) as refusal:
        transfers.dispatch(transfer_id=asked.pk, **WHO)
    assert refusal.value.extra["short"] == {tea.pk: 1}
    assert not TransferLot.objects.exists() and Transfer.objects.get().state == "requested"
    transfers.dispatch(transfer_id=asked.pk, units={tea.pk: 1}, **WHO)
    stock.refresh_from_db()
    assert (stock.on_hand, stock.held, stock.free) == (9, 3, 0)
    assert TransferLot.objects.get().batch.lot == "SOON"
    assert queries.audit() == []


@pytest.mark.django_db
@pytest.mark.parametrize("going", [{}, {0: 1}, {"tea": 8}, {"tea": -1}])
def test_no_more_goes_than_was_asked_for(stores, tea, going):
    asked = transfer(*stores, (tea, 7))
    with pytest.raises(BadQuantity):
        transfers.dispatch(
            transfer_id=asked.pk, units={tea.pk if k == "tea" else k: n for k, n in going.items()}, **WHO
        )
    assert units() == {"BLR-A": 10}


@pytest.mark.django_db
def test_every_act_may_be_repeated(stores, tea):
    asked = transfer(*stores, (tea, 7))
    same = transfers.request_transfer(transfer_id=asked.pk, from_store_id=stores[0].pk, to_store_id=stores[1].pk, **WHO)
    assert same.pk == asked.pk
    transfers.ask_for(transfer_id=asked.pk, product_id=tea.pk, units=7)
    for _ in range(2):
        transfers.dispatch(transfer_id=asked.pk, **WHO)
    one = receipt(stores[1], transfer=asked)
    enter(one, tea, 7, lot="", expires_on=None)
    for _ in range(2):
        close(one)
    assert receipt(stores[1], transfer=asked).pk == one.pk
    assert units() == {"BLR-A": 3, "BLR-B": 7}
    assert Movement.objects.filter(ref=asked.pk).count() == 4


@pytest.mark.django_db
def test_it_is_cancelled_and_changed_before_it_leaves_only(stores, tea):
    asked = transfer(*stores, (tea, 7))
    for _ in range(2):
        assert transfers.cancel_transfer(transfer_id=asked.pk, **WHO).state == "cancelled"
    with pytest.raises(DeliveryMoved):
        transfers.dispatch(transfer_id=asked.pk, **WHO)
    gone = transfer(*stores, (tea, 7), sent=True)
    with pytest.raises(DeliveryMoved):
        transfers.cancel_transfer(transfer_id=gone.pk, **WHO)
    with pytest.raises(DeliveryMoved):
        transfers.ask_for(transfer_id=gone.pk, product_id=tea.pk, units=1)
    assert units() == {"BLR-A": 3, "in_transit": 7}


@pytest.mark.django_db
def test_only_the_other_store_receives_it_and_only_when_it_left(stores, tea):
    asked = transfer(*stores, (tea, 7))
    with pytest.raises(DeliveryMoved):
        receipt(stores[1], transfer=asked)
    transfers.dispatch(transfer_id=asked.pk, **WHO)
    for wrong in (stores[0], make_store("BLR-C")):
        with pytest.raises(NoSuchDelivery):
            receipt(wrong, transfer=asked)
    with pytest.raises(Invalid):
        transfers.request_transfer(transfer_id=uuid7(), from_store_id=stores[0].pk, to_store_id=stores[0].pk, **WHO)


@pytest.mark.django_db
def test_a_lot_recalled_on_its_way_arrives_blocked(stores, tea):
    one = receipt(stores[1], transfer=transfer(*stores, (tea, 7), sent=True))
    enter(one, tea, 7, lot="", expires_on=None)
    services.block(batch_id=Batch.objects.get(lot="SOON").pk, state="quarantined", reason="Recall 7", **WHO)
    close(one)
    there = Stock.objects.get(store=stores[1])
    assert (there.on_hand, there.blocked, there.free) == (7, 4, 3)
    assert queries.audit() == []


@pytest.mark.django_db
def test_audit_sees_a_transfer_that_the_ledger_does_not_bear_out(stores, tea):
    transfer(*stores, (tea, 7), sent=True)
    TransferLot.objects.filter(batch__lot="SOON").update(sent=5, lost=1)
    assert {(d.counter, d.counted, d.expected, d.lot) for d in queries.audit()} == {("dispatched", 5, 4, "SOON")}
    Transfer.objects.update(state="received")
    assert {d.counter for d in queries.audit()} == {"dispatched", "in_transit"}
    services.take_off(
        store_id=stores[0].pk, product_id=tea.pk, qty=1, kind=MovementKind.DISPATCH, reason="x", ref=uuid7(), **WHO
    )
    assert len([d for d in queries.audit() if d.counter == "dispatched"]) == 2


@pytest.mark.django_db
def test_a_transfer_of_many_lines_is_a_fixed_number_of_statements(stores):
    goods = [ProductFactory() for _ in range(100)]
    services.receive(store_id=stores[0].pk, lines=[(p.pk, 9, None) for p in goods], reason="GRN", **WHO)

    def statements(products) -> tuple[int, int]:
        asked = transfer(*stores, *((p, 2) for p in products))
        with CaptureQueriesContext(connection) as out:
            transfers.dispatch(transfer_id=asked.pk, **WHO)
        one = receipt(stores[1], transfer=asked)
        for product in products:
            enter(one, product, 3, lot="", expires_on=None)
        with CaptureQueriesContext(connection) as into:
            close(one)
        return len(out), len(into)

    assert statements(goods[:2]) == statements(goods)
    assert queries.audit() == []


@pytest.mark.django_db(transaction=True)
def test_eight_people_close_one_receipt_and_the_units_arrive_once(race, stores, tea):
    sent = transfer(*stores, (tea, 7), sent=True)
    one = receipt(stores[1], transfer=sent)
    enter(one, tea, 7, lot="", expires_on=None)
    results = race(8, lambda: close(one))
    assert all(isinstance(result, GoodsReceipt) for result in results), results
    assert units() == {"BLR-A": 3, "BLR-B": 7} and queries.audit() == []


@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_the_units_arrive_more_than_once(race, stores, tea):
    """Look, think, receive: what a careless close would do. The audit tells."""
    sent = transfer(*stores, (tea, 7), sent=True)
    lines = [Arrival(tea.pk, 7, None, "SOON", SOON)]

    all_looked = Barrier(8, timeout=30)

    def careless() -> None:
        assert Transfer.objects.get(pk=sent.pk).state == "dispatched"
        all_looked.wait()
        services.receive(store_id=stores[1].pk, lines=lines, reason="x", kind=MovementKind.ARRIVE, ref=sent.pk, **WHO)
        Transfer.objects.filter(pk=sent.pk).update(state="received")

    race(8, careless)
    assert units()["BLR-B"] > 7
    assert "arrived" in {difference.counter for difference in queries.audit()}


@pytest.mark.django_db(transaction=True)
def test_eight_open_one_delivery_and_dispatch_one_transfer_and_get_one(race, stores, tea):
    asked = transfer(*stores, (tea, 7))
    race(8, lambda: transfers.dispatch(transfer_id=asked.pk, **WHO))
    assert units() == {"BLR-A": 3, "in_transit": 7}
    opened = race(8, lambda: receipt(stores[1], transfer=asked))
    assert len({one.pk for one in opened}) == 1 and GoodsReceipt.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_transfers_both_ways_and_orders_at_once_lose_nothing(race, stores):
    """Two stores send each other the same goods while customers buy them: no deadlock, no unit lost or made."""
    goods = [ProductFactory() for _ in range(4)]
    for store in stores:
        services.receive(store_id=store.pk, lines=[(p.pk, 50, None) for p in goods], reason="GRN", **WHO)

    def work(number: int) -> Counter:
        chance, done = random.Random(number), Counter()
        for _ in range(4):
            here, there = chance.sample(stores, 2)
            try:
                if chance.random() < 0.5:
                    wanted = chance.sample(goods, 3)
                    services.hold(ref=uuid7(), store_id=here.pk, basket={p.pk: chance.randint(1, 3) for p in wanted},
                                  until=None, **WHO)  # fmt: skip
                else:
                    sent = transfer(
                        here, there, *((p, chance.randint(1, 5)) for p in chance.sample(goods, 3)), sent=True
                    )
                    one = receipt(there, transfer=sent)
                    for product in goods:
                        enter(one, product, chance.randint(1, 4), lot="", expires_on=None, nonce=str(uuid7()))
                    close(one)
            except Refusal as refusal:
                done[refusal.code] += 1
        return done

    results = race(8, work)
    assert all(isinstance(result, Counter) for result in results), results
    over = Movement.objects.filter(reason__endswith="not sent").values_list("on_hand_delta", flat=True)
    where = units()
    assert where["BLR-A"] + where["BLR-B"] + where["lost"] == 400 + sum(over)
    assert queries.audit() == []


@pytest.mark.django_db(transaction=True)
def test_two_taps_that_begin_the_same_make_it_once_and_nobody_sees_an_error(race, stores):
    one, other = stores
    pk = uuid7()
    ask = {"transfer_id": pk, "from_store_id": one.pk, "to_store_id": other.pk}
    assert {made.pk for made in race(6, lambda: transfers.request_transfer(**ask, **WHO))} == {pk}
    opened = race(6, lambda: inbound.open_receipt(store_id=one.pk, receipt_id=pk, **WHO))
    assert {made.pk for made in opened} == {pk}
    assert (Transfer.objects.count(), GoodsReceipt.objects.count()) == (1, 1)
