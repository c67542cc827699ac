"""Counts, wastage, orders and returns through the floor's doors: who may, and what they do."""

import io
import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from accounts.tests.factories import UserFactory
from catalog.tests.factories import store as make_store
from fulfillment import returns, services
from fulfillment.errors import NoSuchTask
from fulfillment.services import Verdict
from fulfillment.tests.factories import LATER, floor, packed, picked, product, task_for, undelivered, worker
from inventory import queries as stock_queries
from inventory import services as inventory
from inventory.counts import CountSheet, CountTask, ReorderPoint, ReplenishmentSuggestion, ShelfPolicy, Wastage
from inventory.inbound import PurchaseLine, Supplier
from inventory.models import Batch, Stock
from orders import services as orders

pytestmark = pytest.mark.django_db


@pytest.fixture
def milk():
    return product(name="Milk", zone="chilled")


@pytest.fixture
def bread():
    return product(name="Bread")


@pytest.fixture
def store(milk, bread):
    return floor(milk, bread)


@pytest.fixture
def web(client):
    def signed_in(user):
        client.force_login(user)
        return client

    return signed_in


def at(store, path=""):
    return f"/store/{store.code}/{path}"


def task_of(goods) -> CountTask:
    row = Stock.objects.get(product=goods)
    return inventory.ask_for_count(stock_id=row.pk, actor="user:1", now=LATER)


def lot_of(goods) -> int:
    return Batch.objects.get(stock__product=goods).pk


def suggestion(goods, qty=12) -> ReplenishmentSuggestion:
    row = Stock.objects.get(product=goods)
    inventory_row = ReplenishmentSuggestion.objects.create(
        stock=row, qty=qty, free=row.free, cover_days=0.5, daily_units=4, made_at=LATER,
        why={"method": "seasonal", "cover_after": 3.5, "cut_by_life": False},
    )  # fmt: skip
    ReorderPoint.objects.create(
        stock=row, daily_units=4, spread_units=2, method="seasonal", point_units=30, computed_at=LATER
    )
    return inventory_row


# -- who may -----------------------------------------------------------------------------------------------------------


PAGES = ("counts/", "wastage/", "replenish/")


@pytest.mark.parametrize("path", PAGES)
def test_strangers_sign_in_customers_and_other_stores_people_are_refused(web, client, store, path):
    assert "/sign-in/" in client.get(at(store, path)).url
    assert web(UserFactory()).get(at(store, path)).status_code == 403
    assert web(worker(make_store("BLR-Z"), role="store_manager")).get(at(store, path)).status_code == 403
    assert web(worker(store, role="store_manager")).get(at(store, path)).status_code == 200
    assert web(UserFactory(roles=["ops"])).get(at(store, path)).status_code == 200


def test_ordering_is_the_managers_and_operations_only_look(web, store, milk):
    row = suggestion(milk)
    assert web(worker(store)).get(at(store, "replenish/")).status_code == 403
    for who in (worker(store), UserFactory(roles=["ops"]), worker(make_store("BLR-Z"), role="store_manager")):
        answer = web(who).post(at(store, "replenish/order/"), {"pick": [row.pk], "act": "accept"})
        assert answer.status_code == 403
    row.refresh_from_db()
    assert row.state == "open"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("counts/{task}/decide/", {"act": "approve"}),
        ("wastage/{waste}/decide/", {"act": "approve"}),
        ("returned/{task}/save/", {}),
    ],
)
def test_pickers_decide_nothing(web, store, milk, path, body):
    task = task_of(milk)
    door = at(store, path.format(task=task.pk, waste=uuid4()))
    assert web(worker(store)).post(door, body).status_code == 403


def test_a_count_and_a_wastage_of_another_store_are_not_found(web, store, milk):
    task = task_of(milk)
    other = make_store("BLR-Z")
    boss = worker(other, role="store_manager")
    assert web(boss).get(at(other, f"counts/{task.pk}/")).status_code == 404
    assert web(boss).post(at(other, f"counts/{task.pk}/save/"), {"nonce": "n", "other": "3"}).status_code == 404
    assert web(boss).post(at(other, f"counts/{task.pk}/decide/"), {"act": "approve"}).status_code == 404
    web(boss).post(at(other, "wastage/ask/"), {"batch": lot_of(milk), "units": 1, "reason": "damaged", "nonce": "n"})
    assert not Wastage.objects.exists() and not CountSheet.objects.exists()


# -- counting ----------------------------------------------------------------------------------------------------------


def test_the_sheet_shows_no_figure_of_the_book(web, store, milk):
    inventory.receive(store_id=store.pk, lines=[(milk.pk, 757, None)], reason="GRN", actor="user:9", now=LATER)
    task = task_of(milk)
    html = web(worker(store)).get(at(store, f"counts/{task.pk}/")).content.decode()
    assert "Milk" in html and f'name="lot-{lot_of(milk)}"' in html
    assert not re.search(r"\b777\b", html)


def test_a_scan_opens_the_sheet_and_a_second_one_the_same(web, store, milk):
    http = web(worker(store))
    first = http.post(at(store, "counts/find/"), {"code": milk.barcode}).url
    assert http.post(at(store, "counts/find/"), {"code": milk.sku.lower()}).url == first
    assert CountTask.objects.count() == 1
    http.post(at(store, "counts/find/"), {"code": "nonsense"})
    assert CountTask.objects.count() == 1
    assert "Milk" in http.get(at(store, "counts/")).content.decode()


def test_counting_recounting_and_approving_through_the_doors(web, store, milk):
    first, second, boss = worker(store), worker(store, role="store_manager"), worker(store, role="store_manager")
    task, lot = task_of(milk), lot_of(milk)
    door = at(store, f"counts/{task.pk}/")
    web(first).post(f"{door}save/", {"nonce": "a", f"lot-{lot}": ""})
    assert not CountSheet.objects.exists()
    for _ in range(2):
        web(first).post(f"{door}save/", {"nonce": "a", f"lot-{lot}": "12"})
    assert CountSheet.objects.count() == 1
    assert str(task.pk) not in web(first).get(at(store, "counts/")).content.decode()
    web(second).post(f"{door}save/", {"nonce": "b", f"lot-{lot}": "12"})
    task.refresh_from_db()
    assert task.state == "review"
    page = web(second).get(at(store, "counts/")).content.decode()
    assert "For you to decide" in page and ">Book<" in page
    web(second).post(f"{door}decide/", {"act": "approve"})
    task.refresh_from_db()
    assert task.state == "review"
    web(boss).post(f"{door}decide/", {"act": "approve"})
    task.refresh_from_db()
    assert (task.state, task.difference) == ("posted", -8)
    assert Stock.objects.get(product=milk).on_hand == 12
    web(boss).post(f"{door}decide/", {"act": "nonsense"})
    assert stock_queries.audit() == []


def test_what_is_in_totes_and_bags_is_not_expected_on_the_shelf(web, store, milk):
    picker = worker(store)
    in_hand = picked(task_for(store, {milk: 3}), picker)
    assert returns.in_bags(store_id=store.pk, product_id=milk.pk) == {in_hand.order_id: 3}
    task = task_of(milk)
    web(worker(store)).post(at(store, f"counts/{task.pk}/save/"), {"nonce": "a", f"lot-{lot_of(milk)}": "17"})
    task.refresh_from_db()
    assert (task.state, task.difference) == ("posted", 0)
    services.pack(task_id=in_hand.pk, picker_id=picker.pk, now=LATER)
    orders.cancel(order_id=in_hand.order_id, by="staff", reason="Wrong address", actor="user:9", now=LATER)
    services.close_cancelled(order_id=in_hand.order_id, now=LATER)
    again = task_of(milk)
    web(worker(store)).post(at(store, f"counts/{again.pk}/save/"), {"nonce": "a", f"lot-{lot_of(milk)}": "17"})
    again.refresh_from_db()
    assert (again.state, again.difference) == ("posted", 0)
    services.clear_slot(task_id=in_hand.pk, actor="user:9", now=LATER)
    assert returns.in_bags(store_id=store.pk, product_id=milk.pk) == {}


def test_orders_that_wait_for_missing_units_are_named(web, store, milk):
    ShelfPolicy.objects.create(recount_units=99, recount_paise=10**9, approve_units=99, approve_paise=10**9)
    waiting = task_for(store, {milk: 5})
    task = task_of(milk)
    web(worker(store)).post(at(store, f"counts/{task.pk}/save/"), {"nonce": "a", f"lot-{lot_of(milk)}": "2"})
    CountTask.objects.update(closed_at=timezone.now())
    page = web(worker(store, role="store_manager")).get(at(store, "counts/")).content.decode()
    assert waiting.order.number in page and f"/pick/{waiting.pk}/" in page


def test_the_list_takes_few_statements(web, store, milk, bread, django_assert_max_num_queries):
    http = web(worker(store, role="store_manager"))
    for goods in (milk, bread, *(product() for _ in range(10))):
        inventory.receive(store_id=store.pk, lines=[(goods.pk, 9, None)], reason="GRN", actor="user:9", now=LATER)
        task_of(goods)
    with django_assert_max_num_queries(14):
        assert http.get(at(store, "counts/")).status_code == 200


# -- wastage -----------------------------------------------------------------------------------------------------------


def jpeg():
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(out, "JPEG")
    return SimpleUploadedFile("x.jpg", out.getvalue(), "image/jpeg")


def test_wastage_with_a_photo_and_its_approval(web, store, milk):
    ShelfPolicy.objects.create(waste_approve_paise=30_000)
    picker, boss = worker(store), worker(store, role="store_manager")
    body = {"batch": lot_of(milk), "units": "1", "reason": "damaged", "nonce": "a", "q": "milk"}
    answer = web(picker).post(at(store, "wastage/ask/"), body | {"photo": jpeg()})
    assert answer.url.endswith("/wastage/?q=milk")
    web(picker).post(at(store, "wastage/ask/"), body)
    web(picker).post(at(store, "wastage/ask/"), body | {"units": "4", "nonce": "b"})
    web(picker).post(at(store, "wastage/ask/"), body | {"units": "x", "nonce": "c"})
    web(picker).post(at(store, "wastage/ask/"), body | {"units": "900", "nonce": "d"})
    small, large = Wastage.objects.order_by("qty")
    assert (small.state, large.state) == ("posted", "waiting")
    shown = web(boss).get(at(store, f"wastage/{small.pk}/photo/"))
    assert shown["Content-Type"] == "image/jpeg" and shown.content[:2] == b"\xff\xd8"
    assert web(boss).get(at(store, f"wastage/{large.pk}/photo/")).status_code == 404
    stranger = worker(make_store("BLR-Z"), role="store_manager")
    assert web(stranger).get(at(store, f"wastage/{small.pk}/photo/")).status_code == 403
    page = web(boss).get(at(store, "wastage/")).content.decode()
    assert "For you to decide" in page and "Thrown away in 28 days" in page
    assert "For you to decide" not in web(picker).get(at(store, "wastage/")).content.decode()
    web(boss).post(at(store, f"wastage/{large.pk}/decide/"), {"act": "approve"})
    assert Stock.objects.get(product=milk).on_hand == 15


def test_a_photo_that_is_none_is_refused_and_nothing_is_written_off(web, store, milk):
    body = {"batch": lot_of(milk), "units": "1", "reason": "damaged", "nonce": "a"}
    fake = SimpleUploadedFile("x.jpg", b"not a picture", "image/jpeg")
    web(worker(store)).post(at(store, "wastage/ask/"), body | {"photo": fake})
    assert not Wastage.objects.exists()


def test_looking_finds_the_lots_by_scan(web, store, milk):
    html = web(worker(store)).get(at(store, "wastage/"), {"q": milk.barcode}, headers={"HX-Request": "true"})
    assert f'value="{lot_of(milk)}"' in html.content.decode() and "<html" not in html.content.decode()


# -- orders to suppliers -----------------------------------------------------------------------------------------------


def test_the_manager_orders_or_refuses_suggestions(web, store, milk, bread):
    wanted, unwanted = suggestion(milk), suggestion(bread)
    http = web(worker(store, role="store_manager"))
    html = http.get(at(store, "replenish/")).content.decode()
    assert "lasts 0.5 days" in html and "Running low" in html
    dairy = Supplier.objects.create(code="dairy", name="Dairy")
    http.post(at(store, "replenish/order/"), {"pick": [wanted.pk, "x"], "act": "accept"})
    http.post(at(store, "replenish/order/"), {"pick": [unwanted.pk], "act": "dismiss"})
    http.post(at(store, "replenish/order/"), {"act": "accept"})
    states = dict(ReplenishmentSuggestion.objects.values_list("pk", "state"))
    assert states == {wanted.pk: "accepted", unwanted.pk: "dismissed"}
    line = PurchaseLine.objects.get()
    assert (line.product, line.ordered, line.purchase.supplier) == (milk, wanted.qty, dairy)


# -- goods that come back ----------------------------------------------------------------------------------------------


def test_by_rule_cold_goods_that_were_out_too_long_are_thrown_away_and_the_rest_is_sold_again(store, milk, bread):
    order = undelivered(packed(task_for(store, {milk: 2, bread: 3}), worker(store)))
    boss = worker(store, role="store_manager")
    late = LATER + timedelta(minutes=45)
    back = returns.came_back(task_id=order.pick_task.pk, store_id=store.pk, now=late)
    assert {line.product.name: line.waste for line in back.lines} == {"Milk": "temperature", "Bread": ""}
    asked = {"task_id": order.pick_task.pk, "store_id": store.pk, "by": boss.pk, "verdicts": None}
    assert services.receive_back(**asked, now=late) == 2
    assert services.receive_back(**asked, now=late) == 0
    assert {s.product.name: (s.on_hand, s.free) for s in Stock.objects.select_related("product")} == {
        "Milk": (18, 18), "Bread": (20, 20),
    }  # fmt: skip
    waste = Wastage.objects.get()
    assert (waste.qty, waste.reason, waste.ref) == (2, "temperature", order.pk)
    assert order.number in waste.note
    assert stock_queries.audit() == []


def test_cold_goods_that_came_straight_back_are_sold_again(store, milk):
    order = undelivered(packed(task_for(store, [milk]), worker(store)))
    boss = worker(store, role="store_manager")
    services.receive_back(
        task_id=order.pick_task.pk, store_id=store.pk, by=boss.pk, verdicts=None, now=LATER + timedelta(minutes=20)
    )
    assert Stock.objects.get(product=milk).on_hand == 20


def test_the_manager_decides_line_by_line(web, store, milk, bread):
    order = undelivered(packed(task_for(store, {milk: 2, bread: 3}), worker(store)))
    boss = worker(store, role="store_manager")
    http = web(boss)
    assert "Was out too long" in http.get(at(store, f"returned/{order.pick_task.pk}/")).content.decode()
    door = at(store, f"returned/{order.pick_task.pk}/save/")
    http.post(door, {f"waste-{bread.pk}": "4", f"why-{bread.pk}": "opened"})
    http.post(door, {f"waste-{bread.pk}": "1", f"why-{bread.pk}": "boredom"})
    assert Stock.objects.get(product=bread).on_hand == 17 and not Wastage.objects.exists()
    for _ in range(2):
        http.post(door, {f"waste-{bread.pk}": "1", f"why-{bread.pk}": "opened", f"waste-{milk.pk}": "0"})
    assert dict(Stock.objects.values_list("product__name", "on_hand")) == {"Milk": 20, "Bread": 19}
    assert Wastage.objects.get().reason == "opened"
    assert "Somebody has received these bags" in http.get(at(store, f"returned/{order.pick_task.pk}/")).content.decode()


def test_dear_returns_wait_for_another_manager_and_cannot_be_bought_meanwhile(store, milk):
    ShelfPolicy.objects.create(waste_approve_paise=10_000)
    order = undelivered(packed(task_for(store, {milk: 4}), worker(store)))
    boss = worker(store, role="store_manager")
    services.receive_back(
        task_id=order.pick_task.pk, store_id=store.pk, by=boss.pk, verdicts={milk.pk: Verdict(4, "spoiled")}, now=LATER
    )
    row = Stock.objects.get(product=milk)
    assert (row.on_hand, row.free, Wastage.objects.get().state) == (20, 16, "waiting")


def test_goods_of_another_stores_order_are_refused(store, milk):
    order = undelivered(packed(task_for(store, [milk]), worker(store)))
    with pytest.raises(NoSuchTask):
        services.receive_back(
            task_id=order.pick_task.pk, store_id=make_store("BLR-Z").pk, by=1, verdicts=None, now=LATER
        )
    assert Stock.objects.get(product=milk).on_hand == 19
