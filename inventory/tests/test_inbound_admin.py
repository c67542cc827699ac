"""Purchase orders are written in Django Admin, by hand or from a file; the rest is looked at."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import UserFactory
from catalog.tests.factories import ProductFactory
from catalog.tests.factories import store as make_store
from inventory.inbound import PurchaseOrder, Supplier
from inventory.services import inbound, purchase_csv
from inventory.tests.inbound_factories import enter, purchase, receipt, transfer

pytestmark = pytest.mark.django_db
LIST = "admin:inventory_purchaseorder_changelist"


@pytest.fixture
def boss(client):
    client.force_login(User.objects.create_superuser("+917000000000", "x"))
    return client


def typed(**more):
    supplier, _ = Supplier.objects.get_or_create(code="nandi", defaults={"name": "Nandi"})
    empty = {"lines-TOTAL_FORMS": 0, "lines-INITIAL_FORMS": 0, "lines-MIN_NUM_FORMS": 0, "lines-MAX_NUM_FORMS": 1000}
    return (
        {"number": "PO-7", "supplier": supplier.pk, "store": make_store().pk, "expected_on": "", "note": ""}
        | empty
        | more
    )


def csv_file(text: str) -> SimpleUploadedFile:
    return SimpleUploadedFile("lines.csv", text.encode(), content_type="text/csv")


def test_an_order_is_written_with_lines_and_sent_after_asking(boss):
    line = {"lines-TOTAL_FORMS": 1, "lines-0-product": ProductFactory().pk, "lines-0-ordered": 5,
            "lines-0-unit_cost_paise": 700}  # fmt: skip
    boss.post(reverse("admin:inventory_purchaseorder_add"), typed(**line))
    order = PurchaseOrder.objects.get()
    assert (order.state, order.lines.get().ordered) == ("draft", 5)
    asked = {"action": "send_to_supplier", "_selected_action": [str(order.pk)]}
    assert "cannot be changed any more" in boss.post(reverse(LIST), asked).content.decode()
    order.refresh_from_db()
    assert order.state == "draft"
    boss.post(reverse(LIST), asked | {"confirmed": "yes"})
    order.refresh_from_db()
    assert order.state == "sent"
    page = reverse("admin:inventory_purchaseorder_change", args=[order.pk])
    assert boss.get(page).status_code == 200 and boss.post(page, typed(number="X")).status_code == 403
    boss.post(reverse(LIST), {"action": "cancel_orders", "_selected_action": [str(order.pk)], "confirmed": "yes"})
    order.refresh_from_db()
    assert order.state == "cancelled"
    again = boss.post(reverse(LIST), asked | {"confirmed": "yes"}, follow=True).content.decode()
    assert "cannot be done any more" in again


def test_lines_come_from_a_file_all_or_none_and_every_mistake_is_named(boss):
    milk, rice = ProductFactory(sku="MILK", barcode="8901234567890"), ProductFactory(sku="RICE")
    bad = "sku,units,cost\nMILK,5,42.50\nNOPE,1,1\nRICE,x,1\nRICE,2,1.005\n8901234567890,3,1\n,1,1\n"
    page = boss.post(reverse("admin:inventory_purchaseorder_add"), typed(lines_file=csv_file(bad))).content.decode()
    for words in (
        "Line 3: no product",
        "Line 4: units",
        "Line 5: the cost",
        "Line 6: 8901234567890",
        "Line 7: the SKU",
    ):
        assert words in page
    assert not PurchaseOrder.objects.exists()
    good = '\ufeffSKU,Units,Cost\n8901234567890,5,42.50\nRICE,2,"1,000"\n\n'
    boss.post(reverse("admin:inventory_purchaseorder_add"), typed(lines_file=csv_file(good)))
    rows = PurchaseOrder.objects.get().lines.values_list("product", "ordered", "unit_cost_paise")
    assert set(rows) == {(milk.pk, 5, 4_250), (rice.pk, 2, 100_000)}


@pytest.mark.parametrize("text", ["", "a,b\n", "sku,units,cost\n", 'sku,units,cost\n"a', "sku,units,cost\nX,1,NaN\n"])
def test_a_file_that_is_none_gets_a_sentence(text):
    assert purchase_csv.read(text).problems and not purchase_csv.read(text).rows


@pytest.mark.parametrize("model", ["supplier", "purchaseorder", "goodsreceipt", "transfer", "discrepancy"])
def test_every_list_opens_with_few_statements_and_searches(boss, model, django_assert_max_num_queries):
    store, product = make_store(), ProductFactory()
    for _ in range(5):
        one = receipt(store, purchase(store, (product, 5, 100)))
        enter(one, product, 3)
        inbound.close(receipt_id=one.pk, actor="user:1", now=one.opened_at)
        transfer(store, make_store("BLR-Z"), (product, 1), sent=True)
    with django_assert_max_num_queries(14):
        assert boss.get(reverse(f"admin:inventory_{model}_changelist")).status_code == 200
    assert boss.get(reverse(f"admin:inventory_{model}_changelist"), {"q": "X-1"}).status_code == 200


@pytest.mark.parametrize("model", ["goodsreceipt", "transfer", "discrepancy"])
def test_what_is_looked_at_cannot_be_changed(boss, model):
    store, product = make_store(), ProductFactory()
    one = receipt(store, purchase(store, (product, 5, 100)))
    enter(one, product, 3)
    inbound.close(receipt_id=one.pk, actor="user:1", now=one.opened_at)
    sent = transfer(store, make_store("BLR-Z"), (product, 1), sent=True)
    pk = {"goodsreceipt": one.pk, "transfer": sent.pk, "discrepancy": one.discrepancies.get().pk}[model]
    url = reverse(f"admin:inventory_{model}_change", args=[pk])
    assert boss.get(url).status_code == 200
    assert boss.post(url, {"state": "open"}).status_code == 403


def test_staff_without_the_permission_do_not_send_orders(client):
    order = purchase(make_store(), (ProductFactory(), 5, 100), sent=False)
    client.force_login(UserFactory(is_staff=True))
    client.post(reverse(LIST), {"action": "send_to_supplier", "_selected_action": [str(order.pk)], "confirmed": "yes"})
    order.refresh_from_db()
    assert order.state == "draft"
