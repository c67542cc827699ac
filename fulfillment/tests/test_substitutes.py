"""Something similar instead: as the customer allowed it, never dearer than agreed, stock and money to the paisa."""

import pytest

from blinkit.kernel.errors import Invalid
from blinkit.kernel.events import timeline
from blinkit.kernel.money import tax_inside
from catalog.models import StoreLoad
from catalog.tests.factories import NOW, CategoryFactory
from catalog.tests.factories import store as make_store
from fulfillment import queries, services
from fulfillment.errors import NotYourTask
from fulfillment.models import PickTask, TaskState
from fulfillment.tests.factories import LATER, floor, product, worker
from inventory import queries as stock_queries
from inventory import services as stock
from inventory.errors import OutOfStock
from inventory.models import Hold, Stock
from orders import services as orders
from orders.errors import IllegalMove, NoSubstitute
from orders.models import Order, OrderLine
from orders.tests.factories import address, customer, place_order
from orders.tests.slots import slot
from payments import queries as money
from payments.gateways import sandbox
from payments.models import Payment, Refund
from payments.tests.factories import start, tell

pytestmark = pytest.mark.django_db


class Scene:
    """A picker with an order in hand: two packs of milk at ₹64 that are not there, and what stands beside them."""

    def __init__(self, *, consent="substitute", cap_paise=0, method="cod", qty=2):
        dairy = CategoryFactory(slug="dairy")
        self.milk = product(mrp_paise=6400, category=dairy, name="Amul Taaza milk")
        self.same = product(mrp_paise=6400, category=dairy, name="Nandini Taaza milk")
        self.cheap = product(mrp_paise=5000, category=dairy, name="Heritage milk", gst_bp=1200)
        self.dear = product(mrp_paise=8000, category=dairy, name="A2 Taaza milk")
        self.soap = product(mrp_paise=3000, category=CategoryFactory(slug="soap"), name="Soap")
        self.bread = product(mrp_paise=4500, name="Bread")
        self.store = floor(self.milk, self.same, self.cheap, self.dear, self.soap, self.bread)
        self.picker = worker(self.store)
        user = customer()
        here = address(user)
        asked = [orders.Asked(self.milk.sku, qty, consent, cap_paise), orders.Asked(self.bread.sku, 1)]
        view = orders.replace_lines(customer_id=user.pk, store_code=self.store.code, lines=asked, now=NOW)
        self.order = orders.checkout(
            customer_id=user.pk, address_id=here.pk, method=method, bill_fingerprint=view.fingerprint, now=NOW
        )
        if method == "online":
            sandbox.decide(intent_id=start(Payment.objects.get(ref=self.order.pk)), outcome="pay", now=NOW)
            tell(NOW)
            orders.confirm(order_id=self.order.pk, now=NOW)
        self.agreed = list(self.order.lines.all())
        self.task = services.open_task(order_id=self.order.pk, now=NOW)
        services.start(task_id=self.task.pk, picker_id=self.picker.pk, now=LATER)
        self.line = self.task.lines.select_related("order_line").get(product=self.milk)

    def bring(self, what, *, qty=2, nonce="n1"):
        return services.substitute(
            task_id=self.task.pk,
            picker_id=self.picker.pk,
            line_id=self.line.pk,
            sku=what.sku,
            qty=qty,
            nonce=nonce,
            now=LATER,
        )

    def fresh(self) -> Order:
        return Order.objects.get(pk=self.order.pk)

    def lines(self):
        rows = self.fresh().lines.all()
        return {row.product_id: row for row in rows}


def nothing_is_off() -> bool:
    return stock_queries.audit() == [] and money.audit() == []


def test_a_cheaper_one_comes_instead_and_the_bill_goes_down_by_the_difference():
    scene = Scene()
    before = scene.fresh()
    outcome = scene.bring(scene.cheap)
    order, lines = scene.fresh(), scene.lines()
    assert (outcome.line_done, outcome.task_done) == (True, False)
    assert before.total_paise - order.total_paise == 2 * (6400 - 5000)
    assert (lines[scene.milk.pk].qty, lines[scene.milk.pk].short_qty) == (2, 2)
    new = lines[scene.cheap.pk]
    assert (new.qty, new.unit_price_paise, new.gst_bp) == (2, 5000, 1200)
    assert new.substitute_for_id == lines[scene.milk.pk].pk
    fees_tax = before.tax_paise - sum(line.tax_paise for line in scene.agreed)
    assert order.tax_paise == fees_tax + sum(line.tax_paise for line in lines.values())
    assert new.tax_paise == tax_inside(2 * 5000, 1200)
    assert Payment.objects.get(ref=order.pk).amount_paise == order.total_paise
    assert nothing_is_off()
    told = next(row for row in timeline(f"order:{order.pk}") if row.code == "orders.LineSubstituted")
    assert (told.payload["qty"], told.payload["less_paise"], told.payload["refund_paise"]) == (2, 2800, 0)


def test_a_dearer_one_within_the_cap_costs_the_customer_what_was_agreed():
    scene = Scene(cap_paise=2000)
    before = scene.fresh().total_paise
    scene.bring(scene.dear)
    assert scene.fresh().total_paise == before
    assert scene.lines()[scene.dear.pk].unit_price_paise == 6400
    assert nothing_is_off()


def test_a_paid_order_gets_the_difference_back():
    scene = Scene(method="online")
    scene.bring(scene.cheap)
    refund = Refund.objects.get(payment__ref=scene.order.pk)
    assert refund.amount_paise == 2800
    assert nothing_is_off()


def test_stock_moves_from_what_is_missing_to_what_comes():
    scene = Scene()
    scene.bring(scene.cheap)
    counts = {row.product_id: (row.on_hand, row.held) for row in Stock.objects.all()}
    assert counts[scene.milk.pk] == (18, 0)  # they were not there
    assert counts[scene.cheap.pk] == (20, 2)
    assert set(Hold.objects.filter(ref=scene.order.pk, state="firm").values_list("stock__product_id", "qty")) == {
        (scene.cheap.pk, 2),
        (scene.bread.pk, 1),
    }


def test_the_substitute_is_next_on_the_walk_and_is_scanned_packed_and_shipped():
    scene = Scene()
    scene.bring(scene.cheap)
    task = PickTask.objects.get(pk=scene.task.pk)
    walk = queries.walk_of(queries.lines_of(task))
    assert walk.current.product_id == scene.cheap.pk
    for number, code in enumerate([scene.cheap, scene.cheap, scene.bread]):
        services.scan(task_id=task.pk, picker_id=scene.picker.pk, barcode=code.barcode, nonce=f"s{number}", now=LATER)
    task.refresh_from_db()
    assert task.state == TaskState.PICKED
    services.pack(task_id=task.pk, picker_id=scene.picker.pk, now=LATER)
    assert nothing_is_off()


def test_part_of_a_line_may_be_replaced_and_a_repeat_counts_once():
    scene = Scene()
    scene.bring(scene.same, qty=1)
    scene.bring(scene.same, qty=1)
    lines = scene.lines()
    assert (lines[scene.milk.pk].short_qty, lines[scene.same.pk].qty) == (1, 1)
    assert nothing_is_off()


@pytest.mark.parametrize("consent", ["refund", "call"])
def test_is_refused_when_the_customer_did_not_ask_for_it(consent):
    scene = Scene(consent=consent)
    before = scene.fresh().total_paise
    with pytest.raises(NoSubstitute):
        scene.bring(scene.same)
    assert (scene.fresh().total_paise, len(scene.lines())) == (before, 2)
    assert queries.instead_of(scene.line, store_id=scene.store.pk) == []


def test_is_refused_above_the_cap_for_other_goods_and_for_what_is_in_the_order():
    scene = Scene(cap_paise=1599)
    for what in (scene.dear, scene.soap, scene.bread):
        with pytest.raises(NoSubstitute):
            scene.bring(what)
    with pytest.raises(Invalid):
        scene.bring(scene.same, qty=3)
    assert len(scene.lines()) == 2
    assert nothing_is_off()


def test_is_refused_without_stock_and_nothing_is_written():
    scene = Scene()
    stock.waste(store_id=scene.store.pk, product_id=scene.same.pk, qty=19, reason="x", actor="system", now=NOW)
    before = scene.fresh().total_paise
    with pytest.raises(OutOfStock) as refused:
        scene.bring(scene.same)
    assert refused.value.extra["short"] == {scene.same.pk: 1}
    assert (scene.fresh().total_paise, len(scene.lines())) == (before, 2)
    assert nothing_is_off()


def test_only_the_picker_who_has_it_in_hand_may_and_only_while_it_is_picked():
    scene = Scene()
    other = worker(scene.store)
    with pytest.raises(NotYourTask):
        services.substitute(
            task_id=scene.task.pk, picker_id=other.pk, line_id=scene.line.pk, sku=scene.same.sku, qty=1, nonce="n",
            now=LATER,
        )  # fmt: skip
    orders.cancel(order_id=scene.order.pk, by="staff", reason="x", actor="user:1", now=LATER)
    with pytest.raises(IllegalMove):
        orders.substitute_line(
            order_id=scene.order.pk,
            order_line_id=scene.line.order_line_id,
            product_id=scene.same.pk,
            qty=1,
            actor="user:1",
            now=LATER,
        )
    assert nothing_is_off()


def test_candidates_are_alike_within_the_cap_with_stock_the_most_like_first():
    scene = Scene()
    found = queries.instead_of(scene.line, store_id=scene.store.pk)
    assert [it.row.sku for it in found] == [scene.same.sku, scene.cheap.sku]
    assert [it.dearer_paise for it in found] == [0, -1400]
    OrderLine.objects.filter(pk=scene.line.order_line_id).update(substitute_up_to_paise=1600)
    stock.waste(store_id=scene.store.pk, product_id=scene.same.pk, qty=20, reason="x", actor="system", now=NOW)
    scene.line.order_line.refresh_from_db()
    found = queries.instead_of(scene.line, store_id=scene.store.pk)
    assert {it.row.sku for it in found} == {scene.dear.sku, scene.cheap.sku}


def test_a_cancelled_order_with_a_substitute_refunds_what_was_paid_and_frees_what_was_held():
    scene = Scene(method="online")
    scene.bring(scene.cheap)
    orders.cancel(order_id=scene.order.pk, by="staff", reason="x", actor="user:1", now=LATER)
    payment = Payment.objects.get(ref=scene.order.pk)
    assert sum(Refund.objects.filter(payment=payment).values_list("amount_paise", flat=True)) == payment.captured_paise
    assert nothing_is_off()


# -- the doors -----------------------------------------------------------------------------------------------------


def test_the_api_shows_consent_cap_and_candidates_and_swaps(api):
    scene = Scene(cap_paise=2000)
    me = api(scene.picker)
    task = f"/api/v1/floor/tasks/{scene.task.pk}/"
    line = next(row for row in me.get(task).json()["lines"] if row["sku"] == scene.milk.sku)
    assert (line["consent"], line["substitute_up_to_paise"]) == ("substitute", 2000)
    found = me.get(f"{task}lines/{line['id']}/substitutes/").json()["candidates"]
    assert {row["sku"] for row in found} == {scene.same.sku, scene.cheap.sku, scene.dear.sku}
    assert me.get(f"{task}lines/999999/substitutes/").status_code == 404
    body = {"line_id": line["id"], "sku": scene.soap.sku, "qty": 2, "nonce": "a"}
    refused = me.post(f"{task}substitute/", body)
    assert (refused.status_code, refused.json()["type"].rsplit("/", 1)[-1]) == (409, "no-substitute")
    done = me.post(f"{task}substitute/", body | {"sku": scene.same.sku})
    assert (done.status_code, done.json()["line_done"]) == (200, True)
    lines = {row["sku"]: row for row in me.get(task).json()["lines"]}
    assert lines[scene.same.sku]["substitute_for"] == lines[scene.milk.sku]["id"]


def test_nobody_from_another_store_or_the_street_may(api):
    scene = Scene()
    elsewhere = worker(make_store("BLR-X"))
    body = {"line_id": scene.line.pk, "sku": scene.same.sku, "qty": 1, "nonce": "a"}
    task = f"/api/v1/floor/tasks/{scene.task.pk}/"
    for stranger in (elsewhere, customer()):
        assert api(stranger).post(f"{task}substitute/", body).status_code == 403
        assert api(stranger).get(f"{task}lines/{scene.line.pk}/substitutes/").status_code == 403
    assert len(scene.lines()) == 2


def test_the_pick_screen_offers_what_is_allowed_and_swaps(client):
    scene = Scene()
    client.force_login(scene.picker)
    url = f"/store/{scene.store.code}/pick/{scene.task.pk}/"
    page = client.get(url, follow=True).content.decode()
    assert f'name="sku" value="{scene.same.sku}"' in page and scene.dear.name not in page
    assert client.get(url)["Location"].startswith(f"/store/{scene.store.code}/walk/")
    client.post(f"{url}substitute/", {"line": scene.line.pk, "sku": scene.same.sku, "qty": 2, "nonce": "a"})
    assert scene.same.pk in scene.lines()
    shown = client.get(url, follow=True).context["facts"]["walk"]["lines"]
    assert [line["instead_of"] for line in shown if line["sku"] == scene.same.sku] == [scene.line.pk]


def test_a_gift_prints_its_note_and_no_price(client):
    scene = Scene()
    Order.objects.filter(pk=scene.order.pk).update(
        is_gift=True, gift_note="Happy birthday!", gift_from="Asha", instructions=["no_bell"]
    )
    for number, what in enumerate([scene.milk, scene.milk, scene.bread]):
        services.scan(
            task_id=scene.task.pk, picker_id=scene.picker.pk, barcode=what.barcode, nonce=f"s{number}", now=LATER
        )
    client.force_login(scene.picker)
    pack = f"/store/{scene.store.code}/pack/{scene.task.pk}/"
    assert "Happy birthday!" in client.get(pack).content.decode()
    services.pack(task_id=scene.task.pk, picker_id=scene.picker.pk, now=LATER)
    slip = client.get(f"{pack}labels/").content.decode()
    assert "Happy birthday!" in slip and "from Asha" in slip and "₹" not in slip
    assert "Don&#x27;t ring the bell" in slip


# -- for later -----------------------------------------------------------------------------------------------------


def test_an_order_for_a_slot_gets_no_task_and_no_load_until_its_time(client):
    milk = product(name="Milk")
    store = floor(milk)
    manager = worker(store, role="store_manager")
    order = place_order(customer(), store, [milk], slot_id=slot(store).pk)
    assert services.open_task(order_id=order.pk, now=NOW) is None
    services.write_load(store_id=store.pk, now=NOW)
    assert StoreLoad.objects.get(store=store).open_orders == 0
    (later,) = queries.later(store_id=store.pk)
    assert (later.number, later.units) == (order.number, 1)
    client.force_login(manager)
    page = client.get(f"/store/{store.code}/").content.decode()
    assert "For later" in page and order.number in page
    orders.release_due(now=order.release_at)
    task = services.open_task(order_id=order.pk, now=order.release_at)
    assert order.release_at < task.due_at < order.promised_by
    assert StoreLoad.objects.get(store=store).open_orders == 1
    assert queries.later(store_id=store.pk) == []
