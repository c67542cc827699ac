"""The recall screens: who may open them, what asks twice, whose phones are seen."""

import pytest
from django.contrib.auth.models import Permission

from accounts.tests.factories import UserFactory
from blinkit.kernel.models import Event
from catalog.models import Store
from catalog.tests.factories import NOW
from dashboard.tests.test_recalled_orders import only_lot, product
from fulfillment.tests.factories import customer, order_for, place_order
from inventory import services
from inventory.models import Recall, Stock
from notifications.models import Message

pytestmark = pytest.mark.django_db


@pytest.fixture
def gone():
    """A lot of which one unit is with a customer."""
    goods = product(name="Toned milk")
    store, _other = only_lot(goods, units=4)
    order = order_for(store, {goods: 1})
    services.ship(ref=order.pk, actor="rider:1", now=NOW)
    return goods, order


def ops(client, *roles, **more):
    person = UserFactory(roles=list(roles or ("ops",)), **more)
    client.force_login(person)
    return person


def test_a_lot_is_found_and_taken_off_sale_after_asking_twice(client, gone):
    goods, order = gone
    ops(client)
    page = client.get("/ops/recalls/", {"q": "l1"}).content.decode()
    assert "Toned milk" in page and "Take off sale everywhere" in page
    assert "Take every lot off sale" in client.get("/ops/recalls/", {"q": goods.sku}).content.decode()
    given = {"product": goods.pk, "lot": "L1", "reason": "Glass in it"}
    asked = client.post("/ops/recalls/begin/", given).content.decode()
    assert "3 units in stores go off sale now" in asked and not Recall.objects.exists()
    client.post("/ops/recalls/begin/", {**given, "sure": "yes"})
    made = Recall.objects.get()
    assert Stock.objects.get(product=goods).free == 0
    assert order.number in client.get(f"/ops/recalls/{made.pk}/").content.decode()


@pytest.mark.parametrize("given", [{"reason": ""}, {"product": "x"}, {"product": "99999"}, {"product": ""}])
def test_a_recall_without_its_parts_is_refused_with_a_sentence(client, gone, given):
    ops(client)
    answer = client.post(
        "/ops/recalls/begin/", {"product": gone[0].pk, "lot": "L1", "reason": "x", "sure": "yes"} | given
    )
    assert answer.status_code in (302, 404)
    assert not Recall.objects.exists()


def test_phones_are_for_those_with_the_permission(client, gone):
    goods, order = gone
    made = services.recall(product_id=goods.pk, lot="L1", reason="Glass", actor="user:9", now=NOW)
    phone = order.customer.phone
    who = ops(client)
    url = f"/ops/recalls/{made.pk}/"
    assert phone not in client.get(url).content.decode()
    sheet = client.post(f"{url}orders.csv").content.decode()
    assert order.number in sheet and phone not in sheet
    who.user_permissions.add(Permission.objects.get(codename="see_recall_phones"))
    ops_again = type(who).objects.get(pk=who.pk)
    client.force_login(ops_again)
    assert phone in client.get(url).content.decode()
    assert phone in client.post(f"{url}orders.csv").content.decode()
    ops(client, "admin")
    assert phone in client.get(url).content.decode()
    assert [
        e.payload["with_phones"] for e in Event.objects.filter(code="dashboard.RecallListExported").order_by("pk")
    ] == [
        False,
        True,
    ]


def test_customers_are_told_and_the_recall_ends_only_when_meant(client, gone, run_events):
    goods, _order = gone
    made = services.recall(product_id=goods.pk, lot="L1", reason="Glass", actor="user:9", now=NOW)
    ops(client)
    url = f"/ops/recalls/{made.pk}/"
    client.post(f"{url}tell/")
    client.post(f"{url}end/", {"reason": "Tested"})
    client.post(f"{url}end/", {"sure": "yes"})
    made.refresh_from_db()
    assert made.ended_at is None and not made.notices.exists()
    for _ in range(2):
        client.post(f"{url}tell/", {"sure": "yes"})
    run_events()
    assert Message.objects.filter(template_code="recall_notice", channel="inapp").count() == 1
    client.post(f"{url}end/", {"sure": "yes", "reason": "Tested"})
    assert Stock.objects.get(product=goods).free == 3


@pytest.mark.parametrize("role", ["customer", "picker", "store_manager", "rider"])
def test_other_roles_have_no_recalls(client, gone, role):
    goods, _order = gone
    made = services.recall(product_id=goods.pk, lot="L1", reason="Glass", actor="user:9", now=NOW)
    client.force_login(UserFactory(roles=[] if role == "customer" else [role]))
    for url in ("/ops/recalls/", f"/ops/recalls/{made.pk}/"):
        assert client.get(url).status_code == 403
    for url in ("begin/", f"{made.pk}/tell/", f"{made.pk}/end/", f"{made.pk}/orders.csv"):
        assert client.post(f"/ops/recalls/{url}", {"sure": "yes", "reason": "x"}).status_code == 403
    made.refresh_from_db()
    assert made.ended_at is None


def test_the_page_of_a_recall_asks_the_same_few_statements_for_many_orders(client, gone, django_assert_max_num_queries):
    goods, _order = gone

    for _ in range(3):
        place_order(customer(), Store.objects.get(), {goods: 1})
    made = services.recall(product_id=goods.pk, lot="L1", reason="Glass", actor="user:9", now=NOW)
    ops(client)
    with django_assert_max_num_queries(12):
        client.get(f"/ops/recalls/{made.pk}/")
