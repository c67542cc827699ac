"""A lot is recalled: orders, pickers, riders, customers and operations."""

from datetime import timedelta

import pytest
from django.db import transaction

from accounts.models import RoleGrant
from accounts.tests.factories import UserFactory
from blinkit.kernel.errors import Invalid, Refusal
from blinkit.kernel.models import Event
from catalog.tests.factories import NOW, on_shelf
from catalog.tests.factories import store as make_store
from delivery import services as delivery
from delivery.tests.factories import BAGS, trip
from fulfillment import services as floor_services
from fulfillment.models import TaskState
from fulfillment.services import recalls
from fulfillment.tests.factories import LATER, floor, order_for, packed, product, task_for, worker
from inventory import queries, recall_queries, services
from inventory.errors import LotRecalled
from inventory.models import Batch, BatchState, Recall, RecallNotice, Stock
from inventory.services import Arrival
from notifications.models import Message
from orders import services as orders
from orders.models import Order
from orders.queries import proof
from orders.states import Status
from orders.tests.factories import customer, place_order

pytestmark = pytest.mark.django_db
WHO = {"actor": "user:9", "now": LATER}


def recall(goods, lot="", reason="Glass in it"):
    return services.recall(product_id=goods.pk, lot=lot, reason=reason, **WHO)


def receive(store, goods, lot, units, days=90):
    line = Arrival(goods.pk, units, None, lot, NOW.date() + timedelta(days=days))
    services.receive(store_id=store.pk, lines=[line], reason="GRN", actor="user:9", now=NOW)


def only_lot(goods, lot="L1", units=5):
    """A floor with this product in one lot only, and another product without."""
    other = product()
    store = floor(other)
    services.receive(
        store_id=store.pk, lines=[Arrival(goods.pk, units, None, lot, NOW.date() + timedelta(days=90))],
        reason="GRN", actor="user:9", now=NOW,
    )  # fmt: skip
    on_shelf(store, goods)
    return store, other


# -- the recall itself ------------------------------------------------------------------------------------------------


def test_a_lot_goes_off_sale_in_every_store_and_other_lots_stay():
    goods = product()
    stores = [make_store("BLR-A"), make_store("BLR-B")]
    for store in stores:
        receive(store, goods, "BAD", 4)
        receive(store, goods, "GOOD", 3)
    first = recall(goods, "BAD")
    assert {s.store.code: (s.on_hand, s.blocked, s.free) for s in Stock.objects.select_related("store")} == {
        "BLR-A": (7, 4, 3), "BLR-B": (7, 4, 3),
    }  # fmt: skip
    assert recall(goods, "BAD").pk == first.pk  # again: nothing new
    assert Event.objects.filter(code="inventory.RecallBegun").count() == 1
    assert Event.objects.filter(code="inventory.BatchBlocked").count() == 2
    with pytest.raises(Invalid):
        recall(goods, "GOOD", reason=" ")
    assert queries.audit() == []


@pytest.mark.parametrize("lot", ["BAD", ""])
def test_what_comes_later_arrives_in_quarantine_anywhere(lot):
    goods = product()
    recall(goods, lot)
    store = make_store("BLR-Z")
    receive(store, goods, "BAD", 6)
    assert Batch.objects.get().state == BatchState.QUARANTINED
    stock = Stock.objects.get()
    assert (stock.on_hand, stock.blocked, stock.free) == (6, 6, 0)
    receive(store, goods, "OTHER", 2)
    stock.refresh_from_db()
    assert stock.free == (0 if lot == "" else 2)
    assert queries.audit() == []


def test_a_recalled_lot_is_sold_again_only_when_the_recall_ends():
    goods = product()
    store = make_store()
    receive(store, goods, "BAD", 4)
    it = recall(goods, "BAD")
    batch = Batch.objects.get()
    with pytest.raises(LotRecalled):
        services.unblock(batch_id=batch.pk, reason="looks good", **WHO)
    whole = recall(goods)
    services.end_recall(recall_id=it.pk, reason="Tested", **WHO)
    assert Stock.objects.get().free == 0  # the other recall is still there
    services.end_recall(recall_id=whole.pk, reason="Tested", **WHO)
    services.end_recall(recall_id=whole.pk, reason="Tested", **WHO)
    assert Stock.objects.get().free == 4
    assert Event.objects.filter(code="inventory.RecallEnded").count() == 2
    receive(store, goods, "BAD", 1)
    assert Stock.objects.get().free == 5


def test_what_slipped_through_is_blocked_by_the_sweep():
    goods = product()
    Recall.objects.create(product=goods, lot="BAD", reason="x", actor="user:1", started_at=NOW)
    receive(make_store(), goods, "BAD", 4)
    Batch.objects.update(state="open")
    Stock.objects.update(blocked=0)
    assert services.sweep_recalls(now=NOW) == 1
    assert services.sweep_recalls(now=NOW) == 0
    assert Stock.objects.get().free == 0


# -- orders that hold it ----------------------------------------------------------------------------------------------


def test_what_is_not_picked_yet_comes_off_the_order_and_the_customer_is_told_once(run_events):
    goods = product()
    store, other = only_lot(goods)
    task = task_for(store, {goods: 2, other: 1})
    before = Order.objects.get(pk=task.order_id)
    run_events()
    recall(goods, "L1")
    run_events()
    after = Order.objects.get(pk=task.order_id)
    assert after.total_paise == before.total_paise - 2 * goods.mrp_paise
    line = task.lines.get(product=goods)
    assert (line.short_qty, line.done_at is not None) == (2, True)
    assert Message.objects.filter(template_code="line_recalled", channel="inapp").count() == 1
    assert not Message.objects.filter(template_code="line_shorted").exists()
    stock = Stock.objects.get(product=goods)
    assert (stock.on_hand, stock.held, stock.blocked) == (5, 0, 5)  # the units are still here, off sale
    floor_services.take_out_recalled(order_id=after.pk, now=LATER)
    floor_services.sweep_recalled(now=LATER)
    run_events()
    assert Message.objects.filter(template_code="line_recalled", channel="inapp").count() == 1
    assert queries.audit() == []


def test_an_order_of_nothing_else_is_cancelled_with_the_reason(run_events):
    goods = product()
    store, _other = only_lot(goods)
    task = task_for(store, {goods: 2})
    recall(goods, "L1")
    run_events()
    order = Order.objects.get(pk=task.order_id)
    assert (order.status, order.cancel_reason) == (Status.CANCELLED, "All of it was recalled by its maker")
    task.refresh_from_db()
    assert task.state == TaskState.CANCELLED
    assert queries.audit() == []


def test_with_other_lots_there_the_order_gets_those_and_nobody_is_told(run_events):
    goods = product()
    store, other = only_lot(goods)
    receive(store, goods, "L2", 5, days=120)
    task = task_for(store, {goods: 2, other: 1})
    recall(goods, "L1")
    run_events()
    assert [it.lot for it in queries.lots_for(ref=task.order_id)[goods.pk]] == ["L2"]
    assert not Message.objects.filter(template_code="line_recalled").exists()


def test_what_is_in_the_tote_is_held_back_and_what_is_not_is_shorted(run_events):
    goods = product()
    store, other = only_lot(goods)
    task = task_for(store, {goods: 3, other: 1})
    picker = worker(store)
    floor_services.start(task_id=task.pk, picker_id=picker.pk, now=LATER)
    floor_services.scan(task_id=task.pk, picker_id=picker.pk, barcode=goods.barcode, nonce="1", now=LATER)
    recall(goods, "L1")
    run_events()
    line = task.lines.get(product=goods)
    assert (line.picked_qty, line.short_qty) == (1, 2)
    held = Event.objects.get(code="orders.OrderHeldBack")
    assert held.payload["units"] == 1
    assert [(it.lot, it.units) for it in recall_queries.not_to_leave(refs=[task.order_id])] == [("L1", 1)]


def test_packed_bags_stay_and_operations_are_told_once(run_events):
    goods = product()
    store, other = only_lot(goods)
    boss = UserFactory()
    RoleGrant.objects.create(user=boss, role="ops")
    task = packed(task_for(store, {goods: 2, other: 1}), worker(store))
    recall(goods, "L1")
    run_events()
    floor_services.sweep_recalled(now=LATER)
    run_events()
    message = Message.objects.get(template_code="order_held_back", channel="inapp")
    assert message.user_id == boss.pk and "(lot L1)" in message.body
    assert Event.objects.filter(code="orders.OrderHeldBack").count() == 1
    order = Order.objects.get(pk=task.order_id)
    rider = {"order_id": order.pk, "actor": "rider:7", "now": LATER}
    orders.rider_accepted(rider_id=7, rider_name="Ravi", **rider)
    with pytest.raises(LotRecalled) as refusal:
        orders.picked_up(bag_codes=order.bag_codes, **rider)
    assert "must not leave" in str(refusal.value.detail) and refusal.value.extra["lots"][0]["lot"] == "L1"
    order.refresh_from_db()
    assert order.status == Status.ASSIGNED_TO_PARTNER  # nothing half done
    assert Stock.objects.get(product=goods).on_hand == 5
    orders.cancel(order_id=order.pk, by="staff", reason="Recalled", actor="user:9", now=LATER)
    assert recall_queries.not_to_leave() == []
    assert queries.audit() == []


def test_the_rider_at_the_shelf_reads_why(api, run_events):
    live, stop = trip()
    held = Batch.objects.get(hold_lots__hold__ref=stop.job.order_id)
    services.block(batch_id=held.pk, state="quarantined", reason="Glass", **WHO)
    answer = api(live.rider.user).post(
        f"/api/v1/rider/stops/{stop.pk}/pick-up/", {"bag_codes": BAGS}, HTTP_IDEMPOTENCY_KEY="k"
    )
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/lot-recalled")
    assert "must not leave" in answer.json()["detail"]
    services.unblock(batch_id=held.pk, reason="Tested", **WHO)
    delivery.pick_up(stop_id=stop.pk, rider_id=live.rider_id, bag_codes=BAGS, now=LATER + timedelta(minutes=5))


def test_an_unpaid_order_is_seen_to_when_it_is_paid(run_events):
    goods = product()
    store, other = only_lot(goods)
    order = place_order(customer(), store, {goods: 1, other: 1}, method="online")
    recall(goods, "L1")
    run_events()
    assert floor_services.sweep_recalled(now=LATER) == 0
    orders.confirm(order_id=order.pk, now=LATER)
    assert floor_services.sweep_recalled(now=LATER) == 1
    assert order.lines.get(product=goods).short_qty == 1
    assert floor_services.sweep_recalled(now=LATER) == 0


@pytest.mark.django_db(transaction=True)
def test_a_recall_and_a_picker_at_once_leave_each_unit_in_one_place(race, run_events):
    goods = product()
    store, other = only_lot(goods, units=8)
    task = task_for(store, {goods: 6, other: 1})
    picker = worker(store)
    floor_services.start(task_id=task.pk, picker_id=picker.pk, now=LATER)
    recall(goods, "L1")

    def act(number: int) -> int:
        if number < 2:
            floor_services.take_out_recalled(order_id=task.order_id, now=LATER)
            return 0
        done = 0
        for turn in range(3):
            try:
                with transaction.atomic():
                    floor_services.scan(
                        task_id=task.pk, picker_id=picker.pk, barcode=goods.barcode, nonce=f"{number}-{turn}", now=LATER
                    )
                done += 1
            except Refusal:
                break
        return done

    results = race(4, act)
    assert all(isinstance(it, int) for it in results), results
    line = task.lines.get(product=goods)
    assert line.picked_qty == sum(results)
    assert line.picked_qty + line.short_qty == line.qty
    assert line.order_line.short_qty == line.short_qty
    assert sum(it.units for it in recall_queries.not_to_leave()) == line.picked_qty
    assert queries.audit() == []


# -- customers who have it --------------------------------------------------------------------------------------------


def test_customers_of_orders_that_left_are_told_once_in_their_language(run_events):
    goods = product(name="Milk")
    store, other = only_lot(goods, units=6)
    gone = [order_for(store, {goods: 1}), order_for(store, {goods: 1})]
    gone[1].customer.__class__.objects.filter(pk=gone[1].customer_id).update(language="hi")
    for order in gone:
        services.ship(ref=order.pk, actor="rider:1", now=NOW)
    order_for(store, {goods: 1, other: 1})
    it = recall(goods, "L1")
    run_events()
    assert orders.tell_recalled(recall_id=it.pk, actor="user:9", now=LATER) == 2
    assert orders.tell_recalled(recall_id=it.pk, actor="user:9", now=LATER) == 0
    run_events()
    told = Message.objects.filter(template_code="recall_notice", channel="inapp").order_by("pk")
    assert sorted(m.user_id for m in told) == sorted(o.customer_id for o in gone)
    assert {"Glass in it" in m.body for m in told} == {True}
    assert sum("इस्तेमाल न करें" in m.body for m in told) == 1
    assert RecallNotice.objects.count() == 2


def test_the_list_names_who_received_the_lot():
    goods = product()
    store, _other = only_lot(goods, units=6)
    shipped, waiting, cancelled = (order_for(store, {goods: n}) for n in (1, 2, 1))
    services.ship(ref=shipped.pk, actor="rider:1", now=NOW)
    orders.cancel(order_id=cancelled.pk, by="staff", reason="x", actor="user:9", now=NOW)
    got = recall_queries.received(product_id=goods.pk, lot="L1")
    assert [(it.ref, it.state, it.units, it.store_code) for it in got] == [
        (waiting.pk, "firm", 2, store.code), (shipped.pk, "shipped", 1, store.code),
    ]  # fmt: skip
    (found,) = recall_queries.find_lots("l1")
    assert (found.on_hand, found.held, found.shipped) == (5, 2, 1)


def test_a_task_that_opens_after_the_recall_asks_only_for_what_is_left(run_events):
    goods, gone = product(), product()
    store, other = only_lot(goods, units=2)
    receive(store, gone, "L1", 2)
    on_shelf(store, gone)
    order = place_order(customer(), store, {goods: 2, gone: 1, other: 1})
    receive(store, goods, "L2", 1, days=120)
    recall(goods, "L1")
    recall(gone)
    floor_services.take_out_recalled(order_id=order.pk, now=LATER)
    task = floor_services.open_task(order_id=order.pk, now=LATER)
    assert dict(task.lines.values_list("product_id", "qty")) == {goods.pk: 1, other.pk: 1}
    task = packed(task, worker(store))
    assert (task.state, proof.audit(), queries.audit()) == (TaskState.PACKED, [], [])


def test_one_order_that_cannot_be_seen_to_does_not_hold_up_the_others(monkeypatch):
    goods = product()
    store, other = only_lot(goods, units=2)
    broken, one = (place_order(customer(), store, {goods: 1, other: 1}) for _ in range(2))
    recall(goods, "L1")
    act = recalls.take_out_recalled

    def breaks(*, order_id, now):
        if order_id == broken.pk:
            raise RuntimeError("This one breaks.")
        act(order_id=order_id, now=now)

    monkeypatch.setattr(recalls, "take_out_recalled", breaks)
    assert floor_services.sweep_recalled(now=LATER) == 2
    assert [made.lines.get(product=goods).short_qty for made in (broken, one)] == [0, 1]
