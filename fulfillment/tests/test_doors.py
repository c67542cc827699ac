"""Every door of the floor: who may open it, and what it does."""

import json
import re
from datetime import timedelta
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync
from channels.db import database_sync_to_async
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.tests.factories import UserFactory
from catalog.models import Store
from catalog.tests.factories import NOW
from catalog.tests.factories import store as make_store
from fulfillment import queries, services, walk
from fulfillment.models import PickerShift, PickTask, ShelfSlot, TaskState
from fulfillment.tests.factories import (
    LATER,
    floor,
    packed,
    picked,
    product,
    task_for,
    undelivered,
    worker,
)
from inventory import services as stock
from inventory.models import Stock
from inventory.tests.factories import leave
from orders import services as orders
from orders.models import Cause, Order
from orders.states import Status

pytestmark = pytest.mark.django_db


@pytest.fixture
def goods():
    return product(name="Milk", zone="chilled"), product(name="Bread")


@pytest.fixture
def store(goods):
    return floor(*goods)


@pytest.fixture
def web(client):
    def signed_in(user):
        client.force_login(user)
        return client

    return signed_in


def page(store):
    return f"/store/{store.code}/"


# -- who may -----------------------------------------------------------------------------------------------------------


def doors(store, task):
    base = f"/store/{store.code}/"
    pick, pack = f"{base}pick/{task.pk}/", f"{base}pack/{task.pk}/"
    read = [base, f"{base}stock/", pick, pack, f"{pack}labels/", f"{base}totes/labels/"]
    work = [
        f"{base}shift/",
        f"{base}next/",
        f"{pick}scan/",
        f"{pick}short/",
        f"{pick}undo/",
        f"{pack}close/",
        f"{base}totes/",
    ]
    manage = [f"{base}tasks/{task.pk}/", f"{base}back/{task.pk}/", f"{base}mode/", f"{base}stock/X/"]
    return read, work, manage


def test_strangers_are_sent_to_sign_in_and_customers_are_refused_at_every_screen(web, client, store, goods):
    read, work, manage = doors(store, task_for(store, goods))
    for path in read:
        assert "/sign-in/" in client.get(path)["Location"]
    for path in work + manage:
        assert "/sign-in/" in client.post(path)["Location"]
    customer = web(UserFactory())
    assert {customer.get(path).status_code for path in read} == {403}
    assert {customer.post(path).status_code for path in work + manage} == {403}


def test_people_of_another_store_are_refused_at_every_screen(web, store, goods):
    read, work, manage = doors(store, task_for(store, goods))
    elsewhere = floor(product(), at=make_store("BLR-Z"))
    for role in ("picker", "store_manager"):
        other = web(worker(elsewhere, role=role, on_shift=False))
        assert {other.get(path).status_code for path in read} == {403}
        assert {other.post(path).status_code for path in work + manage} == {403}
    boss = web(worker(elsewhere, role="store_manager", on_shift=False))
    task = task_for(store, goods)
    assert boss.get(f"/store/{elsewhere.code}/pick/{task.pk}/").status_code == 404
    assert boss.post(f"/store/{elsewhere.code}/tasks/{task.pk}/", {"act": "pin"}).status_code == 404


def test_pickers_work_but_do_not_manage_and_operations_only_look(web, store, goods):
    read, work, manage = doors(store, task_for(store, goods))
    picker = web(worker(store))
    assert {picker.get(path).status_code for path in read} <= {200, 302}
    assert {picker.post(path).status_code for path in manage} == {403}
    assert picker.get(f"{page(store)}walk/").status_code == 200
    ops = web(UserFactory(roles=["ops"]))
    assert ops.get(f"{page(store)}walk/").status_code == 403, "nothing is in their hands"
    assert {ops.get(path).status_code for path in read} <= {200, 302}
    assert {ops.post(path).status_code for path in work + manage} == {403}


def test_the_api_refuses_strangers_customers_other_stores_and_operations(api, store, goods):
    task = task_for(store, goods)
    base, one = f"/api/v1/floor/stores/{store.code}", f"/api/v1/floor/tasks/{task.pk}"
    gets = [f"{base}/queue/", f"{one}/"]
    scan = {"barcode": "1", "nonce": "n"}
    posts = {
        f"{base}/shift/start/": {},
        f"{base}/shift/end/": {},
        f"{base}/next/": {},
        f"{one}/scan/": scan,
        f"{one}/short/": {"line_id": 1, "qty": 1, "nonce": "n"},
        f"{one}/undo/": {"line_id": 1, "nonce": "n"},
        f"{one}/pack/": {},
    }
    elsewhere = worker(floor(product(), at=make_store("BLR-Z")), on_shift=False)
    ops = UserFactory(roles=["ops"])
    people = {None: (401, 401), UserFactory(): (403, 403), elsewhere: (403, 403), ops: (200, 403)}
    for person, (reading, writing) in people.items():
        http = api(person)
        assert {http.get(path).status_code for path in gets} == {reading}
        for path, body in posts.items():
            answer = http.post(path, body, format="json", headers={"Idempotency-Key": str(uuid4())})
            assert answer.status_code == writing, path
    assert PickTask.objects.get(pk=task.pk).state == TaskState.OPEN


# -- the API -----------------------------------------------------------------------------------------------------------


def test_an_order_is_picked_and_packed_through_the_api(api, store, goods):
    task = task_for(store, goods)
    http, base = api(worker(store, on_shift=False)), f"/api/v1/floor/stores/{store.code}"
    assert http.post(f"{base}/next/").status_code == 409
    key = {"Idempotency-Key": "k1"}
    assert http.post(f"{base}/shift/start/", headers=key).status_code == 201
    assert http.post(f"{base}/shift/start/", headers=key).headers["Idempotent-Replay"] == "true"
    assert http.post(f"{base}/shift/start/").status_code == 400
    assert [card["id"] for card in http.get(f"{base}/queue/").json()["waiting"]] == [str(task.pk)]
    taken = http.post(f"{base}/next/").json()
    assert taken["id"] == str(task.pk) and [line["name"] for line in taken["lines"]] == ["Bread", "Milk"]
    one = f"/api/v1/floor/tasks/{task.pk}"
    wrong = http.post(f"{one}/scan/", {"barcode": product(name="Soap").barcode, "nonce": "w"}, format="json")
    assert (wrong.status_code, wrong.json()["type"]) == (409, "/problems/wrong-item")
    assert (wrong.json()["wanted"], wrong.json()["scanned"]) == ("Bread", "Soap")
    first, second = taken["lines"]
    for _ in range(2):
        done = http.post(f"{one}/scan/", {"barcode": first["barcode"], "nonce": "a"}, format="json").json()
        assert (done["picked_qty"], done["task_done"]) == (1, False)
    undone = http.post(f"{one}/undo/", {"line_id": first["id"], "nonce": "b"}, format="json").json()
    assert undone["picked_qty"] == 0
    http.post(f"{one}/scan/", {"barcode": first["barcode"], "nonce": "c"}, format="json")
    short = http.post(f"{one}/short/", {"line_id": second["id"], "qty": 1, "nonce": "d"}, format="json").json()
    assert short["task_done"]
    assert http.get(f"{one}/").json()["suggested_bags"] == {"ambient": 1}
    made = http.post(f"{one}/pack/", {}, format="json", headers={"Idempotency-Key": "p"}).json()
    assert (len(made["bags"]), made["slot"]) == (1, "01")
    assert http.post(f"{base}/next/").status_code == 204
    assert http.post(f"{base}/shift/end/").status_code == 204
    assert Order.objects.get(pk=task.order_id).status == Status.PACKED


def test_the_queue_costs_the_same_for_one_and_for_many_tasks(store, goods):
    picker = worker(store)
    for n in range(4):
        task_for(store, goods)
    services.next_task(store_id=store.pk, picker_id=picker.pk, now=LATER)
    with CaptureQueriesContext(connection) as seen:
        board = queries.board(store_id=store.pk, now=LATER)
    assert len(seen) == 2
    assert (len(board.waiting), len(board.in_work), len(board.pickers)) == (3, 1, 1)
    assert board.waiting[0].zones == ["ambient", "chilled"]


# -- the screens -------------------------------------------------------------------------------------------------------


def test_missing_is_counted_only_where_more_than_one_can_be(web, store, goods):
    milk, bread = goods
    task = task_for(store, {milk: 1, bread: 2})
    http = web(worker(store))
    http.post(f"{page(store)}next/")
    url = f"/store/{store.code}/pick/{task.pk}/"
    assert '<select class="input" name="qty"' in http.get(url, follow=True).content.decode()  # bread comes first
    for nonce in "ab":
        http.post(f"{url}scan/", {"code": bread.barcode, "nonce": nonce})
    shown = http.get(url, follow=True).content.decode()
    assert '<select class="input" name="qty"' not in shown and 'name="qty" value="1"' in shown
    line = task.lines.get(product=milk)
    http.post(f"{url}short/", {"line": line.pk, "qty": 1, "nonce": "c"})
    packing = http.get(f"/store/{store.code}/pack/{task.pk}/").content.decode()
    assert re.search(r'In tote A</span> <span class="count">1</span>', packing) and "1 missing" in packing


def test_the_packed_page_says_by_itself_that_a_rider_comes(web, store, goods):
    picker = worker(store)
    task = packed(task_for(store, goods[:1]), picker)
    http, url = web(picker), f"/store/{store.code}/pack/{task.pk}/"
    shown = http.get(url).content.decode()
    stem = task.bags.first().stem
    assert "A rider is being found" in shown and f'data-live="/ws/stores/{store.code}/"' in shown
    assert f"{task.order.number} · {stem}" in shown and stem in http.get(page(store)).content.decode()
    Order.objects.filter(pk=task.order_id).update(rider_name="Ravi")
    part = http.get(url, HTTP_HX_REQUEST="true").content.decode()
    assert "Ravi picks them up" in part and "<html" not in part


def test_a_picker_walks_from_the_queue_to_the_slot_without_javascript(web, store, goods):
    milk, bread = goods
    task = task_for(store, {milk: 1, bread: 2})
    http = web(worker(store, on_shift=False))
    assert "Start my shift" in http.get(page(store)).content.decode()
    http.post(f"{page(store)}shift/", {"act": "start"})
    assert task.order.number in http.get(page(store)).content.decode()
    pick = f"/store/{store.code}/pick/{task.pk}/"
    assert http.post(f"{page(store)}next/")["Location"] == f"{page(store)}walk/"
    assert http.get(pick)["Location"] == f"{page(store)}walk/?task={task.pk}"
    shown = http.get(f"{page(store)}walk/").content.decode()
    assert "2 ×" in shown and task.lines.get(product=bread).bin_code in shown and "Demo scanner" not in shown
    for nonce, code in enumerate((bread.barcode, "9", bread.barcode, milk.barcode)):
        last = http.post(f"{pick}scan/", {"code": code, "nonce": nonce})
    assert last["Location"] == f"/store/{store.code}/pack/{task.pk}/"
    assert "How many bags?" in http.get(last["Location"]).content.decode()
    http.post(f"{last['Location']}close/", {"bags_ambient": "1", "bags_chilled": "1"})
    assert 'huge-code">01<' in http.get(last["Location"]).content.decode()
    labels = http.get(f"{last['Location']}labels/").content.decode()
    assert labels.count("<svg") >= 2 and "Bag 2 of 2" in labels
    http.post(f"{page(store)}shift/", {"act": "end"})
    assert not PickerShift.objects.filter(ended_at=None).exists()


def test_the_walk_carries_all_orders_in_hand_and_lists_them_without_a_script(web, store, goods):
    picker = worker(store)
    services.set_totes(picker_id=picker.pk, store_id=store.pk, totes=2)
    for one in goods:  # far enough for one walk to be worth while
        stock.move_bin(store_id=store.pk, product_id=one.pk, bin_code="G-12-1", actor="test", now=NOW)
    first, second = task_for(store, goods[:1]), task_for(store, goods)
    PickTask.objects.update(due_at=LATER + timedelta(minutes=8))
    http = web(picker)
    services.next_task(store_id=store.pk, picker_id=picker.pk, now=LATER)
    shown = http.get(f"{page(store)}walk/")
    facts = json.loads(re.search(r'<script id="walk-facts"[^>]*>(.*?)</script>', shown.content.decode(), re.S)[1])
    assert {tote["order"] for tote in facts["walk"]["totes"]} == {first.order.number, second.order.number}
    assert len(facts["walk"]["lines"]) == 3 and facts["me"] == picker.pk
    assert f'href="?task={second.pk}"' in shown.content.decode()
    with CaptureQueriesContext(connection) as seen:
        walk.of(picker_id=picker.pk, store_id=store.pk, now=LATER)
    assert len(seen) <= 5, "what is shown of a line is read with it"
    [tote] = [it["tote"] for it in facts["walk"]["totes"] if it["order"] == second.order.number]
    scan, other = f"{page(store)}pick/{second.pk}/scan/", "A" if tote == "B" else "B"
    wrong = http.post(scan, {"code": goods[1].barcode, "tote": other}, follow=True)
    assert f"This goes into tote {tote}" in wrong.content.decode()
    http.post(scan, {"code": goods[1].barcode, "tote": tote})
    assert second.lines.get(product=goods[1]).picked_qty == 1


def test_what_a_device_refuses_itself_counts_once_and_is_named(store, goods):
    task, picker = task_for(store, goods[:1]), worker(store)
    services.start(task_id=task.pk, picker_id=picker.pk, now=LATER)
    refused = {"nonce": "r", "do": "refused", "task": task.pk, "line": task.lines.get().pk, "code": goods[1].barcode}
    for _ in range(2):
        [said] = walk.take(picker_id=picker.pk, store_id=store.pk, actions=[refused], now=LATER)
        assert said["ok"] and said["say"] == f"That is {goods[1].name}. Wanted: {goods[0].name}."
    taken = refused | {"nonce": "s", "code": goods[0].barcode}
    assert walk.take(picker_id=picker.pk, store_id=store.pk, actions=[taken], now=LATER)[0]["say"] == ""
    task.refresh_from_db()
    assert picker.picker_stats.get().refused == 2 and task.lines.get().picked_qty == 0, (
        "whatever the code is, nothing is taken"
    )


def test_totes_are_chosen_for_the_next_walk_and_their_labels_are_printed(web, store, goods):
    picker = worker(store)
    http, task = web(picker), task_for(store, goods)
    http.post(f"{page(store)}totes/", {"totes": "3"})
    assert picker.picker_shifts.get().totes == 3
    assert "Between 1 and 4" in http.post(f"{page(store)}totes/", {"totes": "9"}, follow=True).content.decode()
    queue = http.get(page(store)).content.decode()
    assert 'name="totes" value="3" checked' in queue and f"<b>{task.order.number}</b>" in queue
    labels = http.get(f"{page(store)}totes/labels/").content.decode()
    assert all(f"TOTE-{letter}" in labels for letter in "ABCD") and labels.count("<svg") >= 4


def test_a_picker_sees_that_the_order_was_cancelled(web, store, goods):
    task, picker = task_for(store, goods), worker(store)
    services.start(task_id=task.pk, picker_id=picker.pk, now=LATER)
    http, pick = web(picker), f"/store/{store.code}/pick/{task.pk}/"
    orders.cancel(order_id=task.order_id, by="staff", reason="Wrong address", actor="user:9", now=LATER)
    services.close_cancelled(order_id=task.order_id, now=LATER)
    assert "This order was cancelled" in http.get(pick).content.decode()
    answer = http.post(f"{pick}scan/", {"code": goods[0].barcode, "nonce": "1"}, follow=True)
    assert "was cancelled: put its items back" in answer.content.decode()


def test_a_scan_of_a_device_has_a_small_statement_budget(api, store, goods):
    task, picker = task_for(store, goods), worker(store)
    services.start(task_id=task.pk, picker_id=picker.pk, now=LATER)
    http, door = api(picker), f"/api/v1/floor/stores/{store.code}/walk/"
    scan = {"nonce": "1", "do": "scan", "task": str(task.pk), "code": goods[1].barcode}
    with CaptureQueriesContext(connection) as seen:
        assert http.post(door, {"actions": [scan]}).json()["results"][0]["ok"]
    assert len(seen) <= 19, [query["sql"][:100] for query in seen.captured_queries]


def test_when_nothing_is_found_the_picker_is_told_and_sent_to_the_queue(web, store, goods):
    task, picker = task_for(store, goods[:1]), worker(store)
    services.start(task_id=task.pk, picker_id=picker.pk, now=LATER)
    body = {"line": task.lines.get().pk, "qty": 1, "nonce": "1"}
    answer = web(picker).post(f"/store/{store.code}/pick/{task.pk}/short/", body)
    assert answer["Location"] == f"/store/{store.code}/"


def test_the_manager_pins_passes_on_and_gives_back(web, store, goods):
    boss, picker = worker(store, role="store_manager"), worker(store)
    task = task_for(store, goods)
    http, door = web(boss), f"/store/{store.code}/tasks/{task.pk}/"
    http.post(door, {"act": "pin"})
    http.post(door, {"act": "start"})
    http.post(door, {"act": "reassign", "picker": picker.pk})
    task.refresh_from_db()
    assert (task.pinned, task.picker_id) == (True, picker.pk)
    assert "Back into the queue" in http.get(page(store)).content.decode()
    http.post(door, {"act": "give_back"})
    http.post(door, {"act": "dance"})
    task.refresh_from_db()
    assert task.state == TaskState.OPEN


def test_the_manager_receives_bags_that_come_back_and_unpacks_cancelled_ones(web, store, goods):
    boss, picker = worker(store, role="store_manager"), worker(store)
    out, gone = (packed(task_for(store, goods[:1]), picker) for _ in range(2))
    undelivered(out)
    orders.cancel(order_id=gone.order_id, by="staff", reason="Wrong address", actor="user:9", now=LATER)
    services.close_cancelled(order_id=gone.order_id, now=LATER)
    kinds = {item.kind for item in queries.coming_back(store_id=store.pk, now=LATER)}
    assert kinds == {"undelivered", "cancelled"}
    before = Stock.objects.get(product=goods[0]).on_hand
    Order.objects.filter(pk=out.order_id).update(picked_up_at=timezone.now())
    http = web(boss)
    http.post(f"/store/{store.code}/back/{out.pk}/", {"kind": "undelivered"})
    http.post(f"/store/{store.code}/back/{gone.pk}/", {"kind": "cancelled"})
    assert not queries.coming_back(store_id=store.pk, now=LATER)
    assert Stock.objects.get(product=goods[0]).on_hand == before + 1
    assert not ShelfSlot.objects.exclude(task=None).exists()


def test_the_manager_counts_receives_and_pauses(web, store, goods):
    http = web(worker(store, role="store_manager"))
    found = http.get(f"/store/{store.code}/stock/", {"q": goods[0].barcode}).content.decode()
    assert "Milk" in found and "Bread" not in found
    rows = http.get(f"/store/{store.code}/stock/", {"q": "milk"}, headers={"HX-Request": "true"})
    assert "Milk" in rows.content.decode() and "<html" not in rows.content.decode()
    door = f"/store/{store.code}/stock/{goods[0].sku}/"
    leave(store, 8, goods[0])
    http.post(door, {"act": "count", "units": "7", "reason": "Cycle count"})
    http.post(door, {"act": "receive", "units": "5", "reason": "Delivery", "bin": "C-01"})
    http.post(door, {"act": "count", "units": "x", "reason": "Cycle count"})
    http.post(door, {"act": "count", "units": "1", "reason": " "})
    row = Stock.objects.select_related("bin").get(product=goods[0])
    assert (row.on_hand, row.bin.code) == (12, "C-01")
    http.post(f"/store/{store.code}/mode/", {"mode": "paused", "minutes": "20", "reason": "Power cut"})
    assert Store.objects.get(pk=store.pk).mode == "paused"
    assert "Power cut" in http.get(page(store)).content.decode()
    http.post(f"/store/{store.code}/mode/", {"mode": "open"})
    assert Store.objects.get(pk=store.pk).mode == "open"


def test_home_leads_to_the_own_store(web, store):
    assert web(worker(store)).get("/store/")["Location"] == f"/store/{store.code}/"
    assert web(UserFactory(roles=["ops"])).get("/store/")["Location"] == f"/store/{store.code}/"
    assert web(UserFactory(roles=["picker"])).get("/store/").status_code == 403


def test_reactions_open_and_close_the_task(run_events, store, goods):
    from fulfillment.tests.factories import order_for

    order = order_for(store, goods)
    run_events()
    task = PickTask.objects.get(order=order)
    orders.cancel(order_id=order.pk, by="customer", reason="", actor="user:1", now=NOW)
    run_events()
    task.refresh_from_db()
    assert task.state == TaskState.CANCELLED
    assert picked(task_for(store, goods), worker(store)).state == TaskState.PICKED


# -- the socket --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_socket_shows_the_queue_to_its_people_only():
    from channels.routing import URLRouter
    from channels.testing import WebsocketCommunicator

    from fulfillment.urls import ws_urls

    milk = product()
    store = floor(milk)
    task = task_for(store, [milk])
    picker, customer = worker(store), UserFactory()
    elsewhere = worker(floor(product(), at=make_store("BLR-Z")), on_shift=False)

    async def talk():
        application = URLRouter(ws_urls)

        async def knock(user, path=""):
            line = WebsocketCommunicator(application, f"/stores/{store.code}/{path}")
            line.scope["user"] = user
            accepted, _ = await line.connect()
            return line, accepted

        for nobody in (customer, elsewhere):
            assert not (await knock(nobody))[1] and not (await knock(nobody, "mine/"))[1]
        mine, _ = await knock(picker, "mine/")
        assert (await mine.receive_json_from(timeout=5))["data"] == {"hands": {}}
        line, accepted = await knock(picker)
        assert accepted
        first = await line.receive_json_from(timeout=5)
        assert first["data"]["waiting"][0]["id"] == str(task.pk)
        await database_sync_to_async(services.next_task)(store_id=store.pk, picker_id=picker.pk, now=LATER)
        while not (change := await line.receive_json_from(timeout=5))["data"]["in_work"]:
            pass
        assert change["data"]["in_work"][0]["picker_id"] == picker.pk
        while not (hands := (await mine.receive_json_from(timeout=5))["data"]["hands"]):
            pass
        assert list(hands) == [str(picker.pk)]
        await mine.disconnect()
        await line.disconnect()

    async_to_sync(talk)()


# -- an order the store can't do ---------------------------------------------------------------------------------------


@pytest.fixture
def other(goods):
    return floor(*goods, at=make_store("BLR-U", lat=12.96, lng=77.63))


def opened(run_events, store, goods) -> PickTask:
    """An open task as the house makes it: by its events."""
    from fulfillment.tests.factories import order_for

    order = order_for(store, goods)
    run_events()
    return PickTask.objects.get(order=order)


def test_a_manager_declines_and_the_task_opens_in_the_next_store(web, run_events, store, other, goods):
    task = opened(run_events, store, goods)
    http, door = web(worker(store, role="store_manager")), f"/store/{store.code}/tasks/{task.pk}/"
    assert "We can't do it…" in http.get(page(store)).content.decode()
    answer = http.post(door, {"act": "decline", "reason": "No power or network"}, follow=True).content.decode()
    assert other.name in answer
    run_events()
    moved = PickTask.objects.get(order_id=task.order_id)
    assert (moved.store_id, moved.state, moved.pk == task.pk) == (other.pk, TaskState.OPEN, False)
    assert {line.bin_code for line in moved.lines.all()} == {"A-01", "A-02"}
    order = Order.objects.get(pk=task.order_id)
    assert (order.store_id, order.status) == (other.pk, Status.ASSIGNED_TO_STORE)
    assert store.load.open_orders == 0
    assert http.post(door, {"act": "decline", "reason": "Again"}).status_code == 404  # it is not theirs any more
    assert picked(moved, worker(other)).state == TaskState.PICKED


def test_an_order_no_other_store_can_do_is_cancelled_and_leaves_the_queue(web, run_events, store, goods):
    task = opened(run_events, store, goods)
    http = web(worker(store, role="store_manager"))
    door = f"/store/{store.code}/tasks/{task.pk}/"
    page = http.post(door, {"act": "decline", "reason": "No power"}, follow=True).content.decode()
    assert "gets all of their money back" in page
    run_events()
    task.refresh_from_db()
    assert task.state == TaskState.CANCELLED
    assert Order.objects.get(pk=task.order_id).status == Status.CANCELLED


def test_only_the_stores_own_manager_declines_with_a_reason_and_before_picking(web, store, other, goods):
    task = task_for(store, goods)
    door = f"/store/{store.code}/tasks/{task.pk}/"
    body = {"act": "decline", "reason": "No power"}
    for wrong in (worker(store), worker(other, role="store_manager"), UserFactory(roles=["ops"]), UserFactory()):
        assert web(wrong).post(door, body).status_code == 403
    boss, picker = worker(store, role="store_manager"), worker(store)
    assert web(boss).post(f"/store/{store.code}/tasks/{uuid4()}/", body).status_code == 404
    web(boss).post(door, {"act": "decline", "reason": " "})
    services.start(task_id=task.pk, picker_id=picker.pk, now=LATER)
    assert "Somebody has begun" in web(boss).post(door, body, follow=True).content.decode()
    order = Order.objects.get(pk=task.order_id)
    assert (order.store_id, order.status) == (store.pk, Status.PICKING)


def test_an_order_that_moves_before_its_task_was_opened_gets_one_task_in_the_right_store(
    run_events, store, other, goods
):
    from fulfillment.tests.factories import order_for

    order = order_for(store, goods)
    orders.resource(
        order_id=order.pk, store_id=store.pk, cause=Cause.DECLINED, why="No power", actor="user:1", now=LATER
    )
    run_events()
    assert PickTask.objects.get(order=order).store_id == other.pk
    services.follow_order(order_id=order.pk, now=LATER)
    assert PickTask.objects.get(order=order).store_id == other.pk
