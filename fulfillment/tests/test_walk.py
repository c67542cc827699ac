"""Clusters, split orders and the scan's rules: lots, expiry, totes, weight; what a device sends after a cut."""

from datetime import timedelta
from uuid import uuid4

import pytest

from catalog.tests.factories import NOW
from catalog.tests.factories import store as another_store
from fulfillment import services, walk
from fulfillment.errors import ExpiredItem, NeedsWeight, NotYourTask, TaskBusy, WeightOff, WrongLot
from fulfillment.models import PickTask, TaskState
from fulfillment.tests.factories import LATER, floor, product, task_for, worker
from inventory import queries as shelves
from inventory import services as stock
from inventory.counts import CountTask
from inventory.models import Batch, Bin, Stock
from inventory.services import Arrival

pytestmark = pytest.mark.django_db


def gs1(product, *, lot="", until=None):
    text = f"(01)0{product.barcode}"
    return text + (f"(17){until:%y%m%d}" if until else "") + (f"(10){lot}" if lot else "")


def ean(number: int) -> str:
    """A barcode with its check digit."""
    first = f"890{number:09}"
    return first + str(-sum(int(digit) * (1 if place % 2 == 0 else 3) for place, digit in enumerate(first)) % 10)


def send(picker, store, **action):
    [result] = walk.take(picker_id=picker.pk, store_id=store.pk, actions=[{"nonce": uuid4().hex, **action}], now=LATER)
    return result


def two_in_hand():
    """A picker with two orders of one walk: (store, picker, task in tote A, task in tote B, milk)."""
    milk = product()
    store = floor(milk)
    stock.move_bin(store_id=store.pk, product_id=milk.pk, bin_code="G-12-1", actor="test", now=NOW)
    picker = worker(store)
    tasks = [task_for(store, {milk: 2}), task_for(store, {milk: 1})]
    PickTask.objects.update(due_at=LATER + timedelta(minutes=8))
    services.set_totes(picker_id=picker.pk, store_id=store.pk, totes=4)
    services.next_task(store_id=store.pk, picker_id=picker.pk, now=LATER)
    in_hand = list(PickTask.objects.filter(picker=picker, state=TaskState.PICKING).order_by("tote"))
    assert {task.pk for task in in_hand} == {task.pk for task in tasks}
    return store, picker, *in_hand, milk


def test_orders_of_the_same_bin_are_picked_on_one_walk_each_into_its_own_tote():
    store, picker, first, second, _milk = two_in_hand()
    assert [first.tote, second.tote] == [1, 2]
    seen = walk.of(picker_id=picker.pk, store_id=store.pk, now=LATER)
    assert [tote["tote"] for tote in seen["totes"]] == ["A", "B"]
    assert [(line["tote"], line["qty"]) for line in seen["lines"]] in ([("A", 2), ("B", 1)], [("A", 1), ("B", 2)])
    assert services.next_task(store_id=store.pk, picker_id=picker.pk, now=LATER) == first, "nothing more meanwhile"


def test_an_item_goes_into_the_right_tote_or_is_refused():
    store, picker, first, _second, milk = two_in_hand()
    scan = {"do": "scan", "task": first.pk, "code": milk.barcode}
    assert send(picker, store, **scan)["code"] == "wrong-tote", "with two orders in hand the tote has to be said"
    wrong = send(picker, store, **scan, tote="B")
    assert (wrong["code"], wrong["more"]["wanted"]) == ("wrong-tote", "A")
    assert send(picker, store, **scan, tote="A")["ok"]
    first.refresh_from_db()
    assert first.refused_scans == 2


def test_a_device_sends_what_it_kept_twice_and_nothing_counts_twice():
    store, picker, first, second, milk = two_in_hand()
    kept = [
        {"nonce": f"n{n}", "do": "scan", "task": task.pk, "code": milk.barcode, "tote": tote}
        for n, (task, tote) in enumerate(
            [(first, "A")] * first.lines.get().qty + [(second, "B")] * second.lines.get().qty
        )
    ]
    odd = {"nonce": "odd", "do": "short", "task": first.pk, "line": first.lines.get().pk, "qty": 1}
    sent = [kept[0], odd | {"qty": 5}, *kept[1:]]
    answers = walk.take(picker_id=picker.pk, store_id=store.pk, actions=sent, now=LATER)
    assert [it["ok"] for it in answers] == [True, False, True, True], "what is refused does not stop the rest"
    again = walk.take(picker_id=picker.pk, store_id=store.pk, actions=sent, now=LATER)
    assert [it["ok"] for it in again] == [True, False, True, True]
    assert set(PickTask.objects.values_list("state", flat=True)) == {TaskState.PICKED}
    assert sum(line["picked"] for line in walk.of(picker_id=picker.pk, store_id=store.pk, now=LATER)["lines"]) == 3


def test_a_walk_costs_five_statements_whatever_is_in_hand(django_assert_num_queries):
    store, picker, *_ = two_in_hand()
    with django_assert_num_queries(5):
        walk.of(picker_id=picker.pk, store_id=store.pk, now=LATER)


# -- lots ----------------------------------------------------------------------------------------------------------


def lotted():
    """Milk of an early and a late lot; an order for two holds the early one: (store, picker, task, milk)."""
    milk = product(barcode=ean(77))
    store = floor(milk)
    Batch.objects.update(on_hand=0)
    Stock.objects.update(on_hand=0)
    Bin.objects.bulk_create([Bin(store=store, code=code, zone="chilled", sequence=1) for code in ("C-01-1", "C-02-1")])
    stock.receive(
        store_id=store.pk,
        lines=[
            Arrival(milk.pk, qty=2, lot="EARLY", expires_on=(NOW + timedelta(days=9)).date()),
            Arrival(milk.pk, qty=5, lot="LATE", expires_on=(NOW + timedelta(days=20)).date()),
        ],
        reason="Test", actor="test", now=NOW,
    )  # fmt: skip
    for lot, bin_code in (("EARLY", "C-01-1"), ("LATE", "C-02-1")):
        Batch.objects.filter(lot=lot).update(bin=Bin.objects.get(code=bin_code))
    picker = worker(store)
    task = task_for(store, {milk: 2})
    services.next_task(store_id=store.pk, picker_id=picker.pk, now=LATER)
    return store, picker, task, milk


def scan(task, picker, code, **more):
    return services.scan(task_id=task.pk, picker_id=picker.pk, barcode=code, nonce=uuid4().hex, now=LATER, **more)


def test_the_wrong_lot_and_what_has_expired_are_refused_and_the_right_one_is_named():
    _store, picker, task, milk = lotted()
    assert task.lines.get().bin_code == "C-01-1", "the walk goes to the lot that expires first"
    with pytest.raises(WrongLot) as wrong:
        scan(task, picker, gs1(milk, lot="LATE"))
    assert wrong.value.extra == {"wanted": "EARLY", "scanned": "LATE"} and "C-01-1" in wrong.value.detail
    with pytest.raises(ExpiredItem):
        scan(task, picker, gs1(milk, lot="EARLY", until=(NOW - timedelta(days=2)).date()))
    assert scan(task, picker, gs1(milk, lot="EARLY", until=(NOW + timedelta(days=9)).date())).picked_qty == 1
    assert scan(task, picker, milk.barcode).line_done, "a plain barcode says nothing of lots"


def test_not_there_then_another_lot_is_taken_and_the_product_is_counted():
    store, picker, task, milk = lotted()
    line = task.lines.get()
    [elsewhere] = walk.of(picker_id=picker.pk, store_id=store.pk, now=LATER)["lines"][0]["elsewhere"]
    assert (elsewhere["lot"], elsewhere["bin"], elsewhere["units"]) == ("LATE", "C-02-1", 5)
    move = {"do": "other_lot", "task": task.pk, "line": line.pk, "batch": elsewhere["batch"], "qty": 1}
    assert send(picker, store, **move)["ok"]
    held = {lot.lot: lot.qty for lot in shelves.lots_for(ref=task.order_id)[milk.pk]}
    assert held == {"EARLY": 1, "LATE": 1}
    line.refresh_from_db()
    assert line.bin_code == "C-02-1"
    assert CountTask.objects.get().stock.product == milk
    assert send(picker, store, **move | {"qty": 3})["code"] == "invalid"
    assert scan(task, picker, gs1(milk, lot="LATE")).picked_qty == 1
    assert not [wrong for wrong in shelves.audit() if wrong.lot]


def test_a_recalled_lot_does_not_go_into_the_tote():
    _store, picker, task, milk = lotted()
    stock.block(
        batch_id=Batch.objects.get(lot="EARLY").pk, state="quarantined", reason="Glass", actor="test", now=LATER
    )
    with pytest.raises(WrongLot):
        scan(task, picker, gs1(milk, lot="EARLY"))
    assert scan(task, picker, gs1(milk, lot="LATE")).picked_qty == 1, "the hold has moved to the good lot"


# -- weight --------------------------------------------------------------------------------------------------------


def test_loose_goods_are_weighed_within_what_the_law_allows():
    tomatoes = product(is_weighed=True, weight_g=500)
    store = floor(tomatoes)
    picker = worker(store)
    task = task_for(store, {tomatoes: 2})
    services.next_task(store_id=store.pk, picker_id=picker.pk, now=LATER)
    with pytest.raises(NeedsWeight) as asked:
        scan(task, picker, tomatoes.barcode)
    assert asked.value.extra == {"least_g": 485, "most_g": 575}
    for grams, words in ((480, "5 g too light"), (600, "25 g too heavy")):
        with pytest.raises(WeightOff, match=words):
            scan(task, picker, tomatoes.barcode, grams=grams)
    scan(task, picker, tomatoes.barcode, grams=500)
    scan(task, picker, tomatoes.barcode, grams=520)
    line = task.lines.get()
    assert (line.picked_qty, line.grams) == (2, 1020)
    services.put_back(task_id=task.pk, picker_id=picker.pk, line_id=line.pk, nonce="u", now=LATER)
    line.refresh_from_db()
    assert (line.picked_qty, line.grams) == (1, 510)


def test_a_scales_label_says_the_weight_itself():
    tomatoes = product(is_weighed=True, weight_g=500, barcode="2112345000005")
    store = floor(tomatoes)
    picker = worker(store)
    task = task_for(store, {tomatoes: 1})
    services.next_task(store_id=store.pk, picker_id=picker.pk, now=LATER)
    label = "211234500512"
    label += str(-sum(int(digit) * (1 if place % 2 == 0 else 3) for place, digit in enumerate(label)) % 10)
    assert scan(task, picker, label).line_done
    assert task.lines.get().grams == 512


# -- a split order -------------------------------------------------------------------------------------------------


def split_order():
    milk, peas = product(zone="chilled"), product(zone="frozen")
    store = floor(milk, peas)
    picker, helper = worker(store), worker(store)
    task = task_for(store, {milk: 1, peas: 1})
    services.start(task_id=task.pk, picker_id=picker.pk, now=LATER)
    zone = task.lines.get(product=peas).zone
    services.split(task_id=task.pk, helper_id=helper.pk, zones=[zone], actor="user:1", now=LATER)
    return store, picker, helper, task, milk, peas


def test_two_people_pick_one_order_and_the_first_one_packs():
    store, picker, helper, task, milk, peas = split_order()
    assert [line["sku"] for line in walk.of(picker_id=picker.pk, store_id=store.pk, now=LATER)["lines"]] == [milk.sku]
    seen = walk.of(picker_id=helper.pk, store_id=store.pk, now=LATER)
    assert [line["sku"] for line in seen["lines"]] == [peas.sku] and seen["totes"][0]["picker"] == str(picker)
    assert not send(picker, store, do="scan", task=task.pk, code=peas.barcode, tote="A")["ok"], "not theirs to fetch"
    assert send(helper, store, do="scan", task=task.pk, code=peas.barcode)["ok"]
    with pytest.raises(NotYourTask):
        services.pack(task_id=task.pk, picker_id=helper.pk, now=LATER)
    assert send(picker, store, do="scan", task=task.pk, code=milk.barcode)["ok"]
    task.refresh_from_db()
    assert task.state == TaskState.PICKED
    assert services.pack(task_id=task.pk, picker_id=picker.pk, now=LATER)


def test_a_helper_is_busy_until_done_and_their_lines_come_back_when_they_leave():
    store, picker, helper, task, milk, _peas = split_order()
    with pytest.raises(TaskBusy):
        services.end_shift(picker_id=helper.pk, now=LATER)
    with pytest.raises(TaskBusy, match="in hand"):
        services.split(
            task_id=task.pk, helper_id=helper.pk, zones=[task.lines.get(product=milk).zone], actor="x", now=LATER
        )
    helper.picker_shifts.update(ended_at=LATER)
    services.sweep(now=LATER)
    assert len(walk.of(picker_id=picker.pk, store_id=store.pk, now=LATER)["lines"]) == 2


# -- the doors -----------------------------------------------------------------------------------------------------


def test_the_walk_of_another_store_and_of_a_customer_are_closed(api):
    store, picker, first, _second, milk = two_in_hand()
    url = f"/api/v1/floor/stores/{store.code}/walk/"
    body = {"actions": [{"nonce": "n", "do": "scan", "task": str(first.pk), "code": milk.barcode, "tote": "A"}]}
    elsewhere = worker(floor(product(), at=another_store("BLR-Z")))
    for who, status in ((elsewhere, 403), (first.order.customer, 403)):
        assert api(who).get(url).status_code == status
        assert api(who).post(url, body).status_code == status
    answer = api(picker).post(url, body)
    assert answer.status_code == 200 and answer.json()["results"][0]["ok"]
    assert api(picker).post(url, {"actions": []}).status_code == 400
    colleague = worker(store)
    assert (
        api(colleague).post(url, body | {"actions": [body["actions"][0] | {"nonce": "m"}]}).json()["results"][0]["code"]
        == "not-your-task"
    )
