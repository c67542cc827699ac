"""Pick lists on paper: what is printed, and what is written down when the network is back."""

import threading
from datetime import date, timedelta
from io import BytesIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pypdf import PdfReader

from accounts.tests.factories import UserFactory
from blinkit.kernel.errors import Invalid
from catalog.tests.factories import NOW
from catalog.tests.factories import store as make_store
from fulfillment import paper, paper_pdf, services
from fulfillment.errors import LinesOpen, NoSuchTask, NotOnShift, NotYourTask, TaskBusy
from fulfillment.models import PickTask, ScanNonce, TaskState
from fulfillment.tests.factories import LATER, floor, packed, picked, product, task_for, worker
from inventory import queries as stock
from inventory import services as inventory
from orders import services as orders
from orders.models import Evidence, Order, OrderLine
from orders.states import Status

pytestmark = pytest.mark.django_db


@pytest.fixture
def milk():
    return product(name="Milk", name_hi="दूध", zone="chilled")


@pytest.fixture
def bread():
    return product(name="Bread")


@pytest.fixture
def store(milk, bread):
    return floor(milk, bread, slots=8)


@pytest.fixture
def web(client):
    def signed_in(user):
        client.force_login(user)
        return client

    return signed_in


def at(store, path=""):
    return f"/store/{store.code}/{path}"


def entered(task: PickTask, who, found: dict | None = None, **more) -> PickTask:
    """The sheet entered by `who`: all found, or {product: units}."""
    lines = {line.pk: line.qty - line.short_qty for line in task.lines.all()}
    lines |= {task.lines.get(product=goods).pk: units for goods, units in (found or {}).items()}
    return services.enter_paper(
        **({"task_id": task.pk, "picker_id": who.pk, "found": lines, "nonce": "p1", "now": LATER} | more)
    )


# -- what is printed -----------------------------------------------------------------------------------------------


def test_a_sheet_says_which_lots_to_take_where_and_in_walking_order(store, milk, bread):
    inventory.move_bin(store_id=store.pk, product_id=milk.pk, bin_code="C-01", actor="user:1", now=NOW)
    inventory.move_bin(store_id=store.pk, product_id=bread.pk, bin_code="A-02", actor="user:1", now=NOW)
    old = [inventory.Arrival(milk.pk, 2, lot="M7", expires_on=date(2030, 1, 4))]
    new = [inventory.Arrival(milk.pk, 9, lot="M8", expires_on=date(2031, 2, 3))]
    for lots in (new, old):
        inventory.receive(store_id=store.pk, lines=lots, reason="delivery", actor="user:1", now=NOW)
    task = task_for(store, {milk: 3, bread: 1})
    packed(task_for(store, [bread]), worker(store))
    sheets = paper.sheets(store=store)
    assert [sheet.number for sheet in sheets] == [task.order.number]  # what stands on the shelf needs no paper
    lines = sheets[0].lines
    assert [line.product for line in lines] == [line.product for line in task.lines.order_by("walk")]
    of_milk = next(line for line in lines if line.product == milk)
    held = stock.lots_for(ref=task.order_id)[milk.pk]
    assert [(lot.lot, lot.expires_on, lot.qty) for lot in of_milk.lots] == [
        (lot.lot, lot.expires_on, lot.qty) for lot in held
    ]
    assert [(lot.lot, lot.qty) for lot in held] == [("M7", 2), ("M8", 1)]
    assert (of_milk.to_find, of_milk.in_tote, of_milk.bin) == (3, 0, "C-01")
    printed = paper_pdf.sheets_pdf(sheets, address_of=lambda sheet: f"https://shop/{sheet.task_id}/", printed_at=NOW)
    words = PdfReader(BytesIO(printed)).pages[0].extract_text()
    for told in (task.order.number, "C-01", "3 ×", milk.barcode[-4:], "lot M7 04.01.30", "1 × lot M8 03.02.31"):
        assert told in words


def test_what_was_scanned_before_the_outage_is_not_looked_for_again(store, milk, bread):
    task, asha = task_for(store, {milk: 2, bread: 1}), worker(store, name="Asha")
    services.start(task_id=task.pk, picker_id=asha.pk, now=LATER)
    for n, goods in enumerate((milk, bread)):
        services.scan(task_id=task.pk, picker_id=asha.pk, barcode=goods.barcode, nonce=str(n), now=LATER)
    (sheet,) = paper.sheets(store=store)
    assert [(line.product, line.to_find, line.in_tote) for line in sheet.lines] == [(milk, 1, 1)]
    assert (sheet.lines_done, sheet.picker_name, sheet.units) == (1, "Asha", 1)


def test_sheets_take_three_statements_however_many_they_are(store, milk, bread):
    def statements():
        with CaptureQueriesContext(connection) as asked:
            paper.sheets(store=store)
        return len(asked)

    task_for(store, [milk])
    assert statements() == 3
    for _ in range(3):
        task_for(store, {milk: 1, bread: 2})
    assert statements() == 3


def test_the_pdf_holds_short_orders_together_and_goes_on_with_a_long_one(store, milk, bread):
    long = [product(name=f"Item {n}", mrp_paise=4_000) for n in range(24)]
    floor(*long, at=store, slots=0)
    for _ in range(4):
        task_for(store, [milk, bread])

    def pages():
        sheets = paper.sheets(store=store)
        made = paper_pdf.sheets_pdf(sheets, address_of=lambda sheet: f"https://shop/{sheet.task_id}/", printed_at=NOW)
        assert made.startswith(b"%PDF")
        return made.count(b"/Type /Page\n")

    assert pages() == 1
    task_for(store, dict.fromkeys(long, 1))
    assert pages() == 3
    PickTask.objects.update(state=TaskState.CANCELLED)
    assert pages() == 1


# -- entered afterwards --------------------------------------------------------------------------------------------


def test_one_save_books_the_whole_task_and_it_goes_on_to_its_bags(store, milk, bread):
    task, asha = task_for(store, {milk: 2, bread: 1}), worker(store)
    done = entered(task, asha)
    assert (done.state, done.picker_id, done.picked_at) == (TaskState.PICKED, asha.pk, LATER)
    assert [(line.picked_qty, line.short_qty, line.done_at) for line in task.lines.order_by("qty")] == [
        (1, 0, LATER),
        (2, 0, LATER),
    ]
    kept = Evidence.objects.get(order=task.order, kind="paper")
    assert kept.actor == f"user:{asha.pk}" and sum(line["picked"] for line in kept.detail["lines"]) == 3
    assert Order.objects.get(pk=task.order_id).status == Status.PICKING
    services.pack(task_id=task.pk, picker_id=asha.pk, now=LATER)
    assert Order.objects.get(pk=task.order_id).status == Status.PACKED


def test_what_is_missing_lowers_the_bill_and_what_was_scanned_before_stays(store, milk, bread):
    task, asha = task_for(store, {milk: 3, bread: 1}), worker(store)
    services.start(task_id=task.pk, picker_id=asha.pk, now=LATER)
    services.scan(task_id=task.pk, picker_id=asha.pk, barcode=milk.barcode, nonce="1", now=LATER)
    services.short(
        task_id=task.pk, picker_id=asha.pk, line_id=task.lines.get(product=milk).pk, qty=1, nonce="2", now=LATER
    )
    before = Order.objects.get(pk=task.order_id)
    for units in (0, 3):  # one was scanned, one was shorted: one or two are possible
        with pytest.raises(Invalid):
            entered(task, asha, {milk: units})
    entered(task, asha, {milk: 1, bread: 1})
    line = task.lines.get(product=milk)
    assert (line.picked_qty, line.short_qty) == (1, 2)
    agreed = before.lines.get(product=milk)
    assert agreed.short_qty == 2
    assert Order.objects.get(pk=task.order_id).total_paise == before.total_paise - agreed.unit_price_paise


def test_sent_again_it_does_nothing_more(store, milk, bread):
    task, asha = task_for(store, {milk: 2, bread: 1}), worker(store)
    entered(task, asha, {milk: 1})
    total = Order.objects.get(pk=task.order_id).total_paise
    assert entered(task, asha, {milk: 1}).state == TaskState.PICKED
    assert entered(task, asha, {milk: 0}, nonce="another").state == TaskState.PICKED
    assert Order.objects.get(pk=task.order_id).total_paise == total
    assert Evidence.objects.filter(order=task.order, kind="paper").count() == 1
    services.pack(task_id=task.pk, picker_id=asha.pk, now=LATER)
    assert entered(task, asha, {milk: 1}).state == TaskState.PACKED
    with pytest.raises(TaskBusy, match="done"):
        entered(task, asha, nonce="later")
    services.end_shift(picker_id=asha.pk, now=LATER)
    assert entered(task, asha, {milk: 1}).state == TaskState.PACKED


def test_nothing_found_at_all_cancels_the_order(store, milk):
    task, asha = task_for(store, {milk: 2}), worker(store)
    assert entered(task, asha, {milk: 0}).state == TaskState.CANCELLED
    assert Order.objects.get(pk=task.order_id).status in (Status.CANCELLED, Status.REFUNDED)
    assert entered(task, asha, {milk: 0}).state == TaskState.CANCELLED


def test_refusals_write_nothing(store, milk, bread):
    asha, binod = worker(store), worker(store)
    away = worker(store, on_shift=False)
    elsewhere = worker(floor(product(), at=make_store("BLR-Z")))
    task, gone = task_for(store, {milk: 2, bread: 1}), task_for(store, [milk])
    services.start(task_id=task.pk, picker_id=binod.pk, now=LATER)
    orders.cancel(order_id=gone.order_id, by="customer", reason="Changed my mind", actor="user:1", now=LATER)
    services.close_cancelled(order_id=gone.order_id, now=LATER)
    lines = {line.pk: line.qty for line in task.lines.all()}
    refused = [
        (TaskBusy, {"picker_id": asha.pk}),  # in another's hands
        (NotOnShift, {"picker_id": away.pk}),
        (NotOnShift, {"picker_id": elsewhere.pk}),
        (NotOnShift, {"picker_id": elsewhere.pk, "entered_by": asha.pk}),
        (LinesOpen, {"picker_id": binod.pk, "found": dict(list(lines.items())[:1])}),
        (Invalid, {"picker_id": binod.pk, "found": dict.fromkeys(lines, 3)}),
        (Invalid, {"picker_id": binod.pk, "nonce": ""}),
        (NotYourTask, {"picker_id": asha.pk, "task_id": gone.pk}),
        (NoSuchTask, {"picker_id": asha.pk, "task_id": gone.order_id}),
    ]
    for error, asked in refused:
        with pytest.raises(error):
            services.enter_paper(
                **({"task_id": task.pk, "found": lines, "nonce": "p", "now": LATER} | asked)  # type: ignore[arg-type]
            )
    assert not ScanNonce.objects.exists() and not Evidence.objects.filter(kind="paper").exists()
    assert not task.lines.exclude(picked_qty=0).exists()
    task.refresh_from_db()
    assert (task.state, task.picker_id) == (TaskState.PICKING, binod.pk)


def test_a_manager_enters_a_sheet_for_another_and_takes_it_over(store, milk, bread):
    boss = worker(store, role="store_manager", on_shift=False)
    asha, binod = worker(store), worker(store)
    held, waiting, theirs = (task_for(store, [milk, bread]) for _ in range(3))
    services.start(task_id=held.pk, picker_id=binod.pk, now=LATER)
    assert entered(held, boss, entered_by=boss.pk).picker_id == boss.pk
    assert entered(waiting, asha, entered_by=boss.pk).picker_id == asha.pk
    assert Evidence.objects.get(order=waiting.order, kind="paper").actor == f"user:{boss.pk}"
    picked(theirs, binod)
    with pytest.raises(TaskBusy, match="found already"):  # nothing of it is left to enter
        entered(theirs, boss, entered_by=boss.pk)
    theirs.refresh_from_db()
    assert theirs.picker_id == binod.pk


# -- the screens ---------------------------------------------------------------------------------------------------


def test_scan_the_sheet_save_once_and_stand_before_its_bags(web, store, milk, bread):
    task, asha = task_for(store, {milk: 2, bread: 1}), worker(store)
    http = web(asha)
    lists = http.get(at(store, "paper/")).content.decode()
    assert task.order.number in lists and milk.barcode[-4:] in lists and "<svg" in lists
    assert http.get(at(store, "paper/pdf/"))["Content-Type"] == "application/pdf"
    door = at(store, f"paper/{task.pk}/")
    for words in (f"http://testserver{door}", str(task.pk), task.order.number.lower()):
        assert http.get(at(store, "paper/"), {"find": words})["Location"] == door
    assert "no order" in http.get(at(store, "paper/"), {"find": "T-00000"}).content.decode()
    form = http.get(door).content.decode()
    names = {line.product: f"found-{line.pk}" for line in task.lines.all()}
    assert all(f'name="{name}"' in form for name in names.values()) and 'value="2"' in form
    wrong = {"nonce": "w", names[milk]: "x", names[bread]: "1"}
    assert http.post(f"{door}save/", wrong)["Location"] == door
    answer = http.post(f"{door}save/", {"nonce": "w", names[milk]: "1", names[bread]: "1"})
    assert answer["Location"] == at(store, f"pack/{task.pk}/")
    assert task.lines.get(product=milk).short_qty == 1
    assert "Nothing of it is left to find" in http.get(door).content.decode()


def test_paper_of_another_store_and_of_strangers_is_refused(web, client, store, milk):
    task = task_for(store, [milk])
    other = floor(product(), at=make_store("BLR-Z"))
    boss = web(worker(other, role="store_manager"))
    for path in ("paper/", "paper/pdf/", f"paper/{task.pk}/"):
        assert boss.get(at(store, path)).status_code == 403
    assert boss.get(at(other, f"paper/{task.pk}/")).status_code == 404
    assert boss.post(at(other, f"paper/{task.pk}/save/"), {"nonce": "a"}).status_code == 404
    assert "no order" in boss.get(at(other, "paper/"), {"find": task.order.number}).content.decode()
    ops = web(UserFactory(roles=["ops"]))
    assert ops.get(at(store, "paper/")).status_code == 200
    assert ops.get(at(store, f"paper/{task.pk}/")).status_code == 403
    assert ops.post(at(store, f"paper/{task.pk}/save/"), {"nonce": "a"}).status_code == 403
    assert web(UserFactory()).get(at(store, "paper/")).status_code == 403


def test_a_sheet_of_an_order_cancelled_meanwhile_says_so(web, store, milk):
    task, asha = task_for(store, [milk]), worker(store)
    orders.cancel(order_id=task.order_id, by="staff", reason="Wrong address", actor="user:9", now=LATER)
    services.close_cancelled(order_id=task.order_id, now=LATER + timedelta(seconds=1))
    http = web(asha)
    door = at(store, f"paper/{task.pk}/")
    assert "cancelled meanwhile" in http.get(door).content.decode()
    body = {"nonce": "x"} | {f"found-{line.pk}": "1" for line in task.lines.all()}
    assert http.post(f"{door}save/", body)["Location"] == door
    assert "put its items back" in http.get(door).content.decode()


# -- at once -------------------------------------------------------------------------------------------------------


def sheet_of_five(picker_role="store_manager"):
    milk = product(name="Milk")
    store = floor(milk)
    task, boss = task_for(store, {milk: 5}), worker(store, role=picker_role)
    return task, boss, OrderLine.objects.get(order_id=task.order_id)


@pytest.mark.django_db(transaction=True)
def test_one_sheet_entered_by_eight_hands_at_once_is_booked_once(race):
    task, boss, agreed = sheet_of_five()
    got = race(8, lambda n: entered(task, boss, nonce=f"n{n}", found={agreed.product: 3}, entered_by=boss.pk))
    assert {type(result) for result in got} == {PickTask}
    agreed.refresh_from_db()
    assert agreed.short_qty == 2 and Evidence.objects.filter(kind="paper").count() == 1


@pytest.mark.django_db(transaction=True)
def test_control_without_the_locks_what_is_missing_is_taken_off_twice(race, monkeypatch):
    task, boss, agreed = sheet_of_five()
    meet = threading.Barrier(2)

    def unlocked(lines, found):
        meet.wait(timeout=10)  # both have read the lines, nobody has written

    monkeypatch.setattr("fulfillment.services.paper.lock_with_order", lambda pk: (PickTask.objects.get(pk=pk), None))
    monkeypatch.setattr("fulfillment.services.paper._check", unlocked)
    monkeypatch.setattr("fulfillment.services.paper.lock_shift", lambda *a: None)
    race(2, lambda n: entered(task, boss, nonce=f"n{n}", found={agreed.product: 3}, entered_by=boss.pk))
    agreed.refresh_from_db()
    assert agreed.short_qty == 4
