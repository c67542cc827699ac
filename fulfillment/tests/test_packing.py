"""Bags closed, weighed, labelled, put on the shelf and handed over: services and doors."""

import re
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import UserFactory
from blinkit.kernel.models import Event
from catalog.tests.factories import store as make_store
from fulfillment import services
from fulfillment.errors import BagWeightOff, NoFreeSlot, UnknownBag, WeightMissing
from fulfillment.models import Bag, PackingRule, ShelfSlot, TaskState
from fulfillment.tests.factories import LATER, floor, packed, picked, product, task_for, worker
from orders import services as orders
from orders.errors import NotReady
from orders.models import Evidence, Order
from orders.states import Status

pytestmark = pytest.mark.django_db


@pytest.fixture
def goods():
    return SimpleNamespace(
        rice=product(name="Rice", weight_g=2000, hsn="1006"),
        salt=product(name="Salt", weight_g=1000, hsn="2501"),
        soap=product(name="Detergent", weight_g=1000, hsn="3402"),
        ice=product(name="Ice cream", weight_g=700, hsn="2105", zone="frozen"),
    )


@pytest.fixture
def store(goods):
    return floor(*vars(goods).values())


def in_hand(store, basket):
    who = worker(store)
    return picked(task_for(store, basket), who), who


def close(task, who, **more):
    return services.pack(task_id=task.pk, picker_id=who.pk, now=LATER, **more)


def ready(task):
    """A rider has taken the packed order."""
    orders.rider_accepted(order_id=task.order_id, rider_id=7, rider_name="Ravi", actor="rider:7", now=LATER)


# -- bags and weights --------------------------------------------------------------------------------------------


def test_bags_know_what_is_in_them_and_detergent_is_alone(store, goods):
    task, who = in_hand(store, {goods.rice: 2, goods.soap: 1, goods.ice: 1})
    assert services.suggested_bags(task.lines.select_related("product")) == {"ambient": 1, "nonfood": 1, "frozen": 1}
    bags = close(task, who, bags={"ambient": 2})
    assert [(bag.kind, bag.zone, bag.expected_g) for bag in bags] == [
        ("ambient", "ambient", 2060 + 700),
        ("ambient", "ambient", 2060),
        ("nonfood", "ambient", 1060),
    ]
    lines = {line.pk: line.product for line in task.lines.select_related("product")}
    assert [{lines[part["line"]].name: part["qty"] for part in bag.holds} for bag in bags] == [
        {"Rice": 1, "Ice cream": 1},
        {"Rice": 1},
        {"Detergent": 1},
    ]


def test_how_many_bags_it_will_be_is_known_before_anything_is_picked(store, goods):
    task = task_for(store, {goods.rice: 5, goods.soap: 1, goods.ice: 1})
    order = Order.objects.get(pk=task.order_id)
    assert order.bags_expected == 4, "ten kilos of rice are two bags"
    expected_ml = order.volume_ml_expected
    who = worker(store)
    assert len(close(picked(task, who), who)) == 4
    assert Event.objects.get(code="orders.OrderPacked").payload["volume_ml"] == expected_ml > 0


def test_with_the_bags_goes_how_much_room_they_take(store, goods):
    task, who = in_hand(store, {goods.rice: 2, goods.ice: 1})
    close(task, who)
    in_bags = sum(one.volume_ml * one.qty for one in services.packing.goods_of(task.lines.select_related("product")))
    said = Event.objects.get(code="orders.OrderPacked").payload
    assert (said["bags"], said["volume_ml"]) == (2, in_bags) and in_bags > 3000


def test_a_bag_that_is_too_light_names_what_is_missing_and_closes_with_a_reason(store, goods):
    task, who = in_hand(store, [goods.rice, goods.salt])
    light = {"task_id": task.pk, "picker_id": who.pk, "weights": [2050], "now": LATER}
    [answer] = services.weigh(**light)
    assert answer["words"] == "Bag 1 is 1010 g lighter than expected: is 1 × Salt missing?"
    assert (answer["verdict"], answer["off_g"]) == ("lighter", -1010)
    with pytest.raises(BagWeightOff) as off:
        services.pack(**light)
    assert off.value.extra["bags"] == [answer]
    task.refresh_from_db()
    assert task.state == TaskState.PICKED and not Bag.objects.exists()
    [bag] = services.pack(weight_reason="Counted twice", **light)
    assert (bag.weight_g, bag.expected_g) == (2050, 3060)
    kept = {row.kind: row.detail for row in Evidence.objects.filter(order=task.order)}
    assert kept["weighed"]["bags"][0]["off_g"] == -1010
    assert kept["packed"]["weights"][0]["actual_g"] == 2050 and kept["packed"]["weight_reason"] == "Counted twice"


def test_a_weighing_that_is_right_is_kept_with_the_bags_only(store, goods):
    task, who = in_hand(store, [goods.rice])
    assert services.weigh(task_id=task.pk, picker_id=who.pk, weights=[2100], now=LATER)[0]["verdict"] == "right"
    assert not Evidence.objects.exclude(kind="picked").exists()
    close(task, who, weights=[2100])
    assert Evidence.objects.get(kind="packed").detail["weights"][0]["off_g"] == 40


def test_only_a_store_that_weighs_every_bag_insists(store, goods):
    task, who = in_hand(store, [goods.rice])
    PackingRule.objects.create(store=store, scale="must")
    with pytest.raises(WeightMissing) as missing:
        close(task, who)
    assert missing.value.extra["missing"] == [1]
    PackingRule.objects.update(scale="may")
    assert close(task, who)[0].weight_g == 0


# -- the shelf ---------------------------------------------------------------------------------------------------


def test_cold_bags_stand_in_the_cold_and_both_places_are_free_again(store, goods):
    ShelfSlot.objects.create(store=store, code="C1", zone="cold")
    task, who = in_hand(store, [goods.rice, goods.ice])
    bags = close(task, who)
    assert [(bag.kind, bag.slot) for bag in bags] == [("ambient", "01"), ("frozen", "C1")]
    assert Order.objects.get().shelf_slot == "01 + C1"
    again, other = in_hand(store, [goods.rice, goods.ice])
    assert {bag.slot for bag in close(again, other)} == {"02"}, "no cold place left: the order is not held back"
    services.close_handed_over(order_id=task.order_id, now=LATER)
    assert set(ShelfSlot.objects.filter(task=None, cold_of=None).values_list("code", flat=True)) == {
        "01",
        "03",
        "04",
        "C1",
    }
    only_cold, third = in_hand(store, [goods.ice])
    close(only_cold, third)
    assert ShelfSlot.objects.get(task=only_cold).code == "C1"


def test_a_full_shelf_says_what_to_do(goods):
    store = floor(goods.rice, slots=1)
    first = packed(task_for(store, [goods.rice]), worker(store))
    task, who = in_hand(store, [goods.rice])
    for change, words in (
        (lambda: None, "Keep the bags with you"),
        (lambda: ready(first), "Hand over 01 first: Ravi comes for it"),
        (lambda: _cancel(first), "Unpack 01: its order was cancelled"),
    ):
        change()
        with pytest.raises(NoFreeSlot, match=words):
            close(task, who)


def _cancel(task):
    orders.cancel(order_id=task.order_id, by="staff", reason="Wrong", actor="user:9", now=LATER)
    services.close_cancelled(order_id=task.order_id, now=LATER)


# -- handing over ------------------------------------------------------------------------------------------------


def test_the_store_scans_bags_out_for_a_rider(store, goods):
    task, who = in_hand(store, [goods.rice, goods.soap])
    first, second = (bag.code for bag in close(task, who))
    send = {"store_id": store.pk, "worker_id": who.pk, "now": LATER}
    with pytest.raises(NotReady):
        services.hand_over(code=first, nonce="a", **send)
    ready(task)
    with pytest.raises(UnknownBag):
        services.hand_over(code="NOBODY-1/1", nonce="a", **send)
    assert services.hand_over(code=first.lower(), nonce="b", **send).missing == (second,)
    assert services.hand_over(code=second, nonce="c", order_id=task.order_id, **send).complete
    assert Order.objects.get().status == Status.PICKED_UP
    kept = Evidence.objects.get(kind="handover").detail
    assert {bag["by"] for bag in kept["bags"]} == {f"user:{who.pk}"} and kept["rider"] == "Ravi"


def test_the_handover_screen_ticks_bags_and_refuses_strangers(client, store, goods):
    task, who = in_hand(store, [goods.rice, goods.soap])
    first, second = (bag.code for bag in close(task, who))
    ready(task)
    base = f"/store/{store.code}/handover/"
    client.force_login(UserFactory())
    assert client.get(base).status_code == client.post(f"{base}scan/", {"code": first}).status_code == 403
    client.force_login(worker(floor(product(), at=make_store("BLR-Z")), on_shift=False))
    assert client.get(base).status_code == client.post(f"{base}scan/", {"code": first}).status_code == 403
    client.force_login(UserFactory(roles=["ops"]))
    assert client.get(base).status_code == 200 and client.post(f"{base}scan/", {"code": first}).status_code == 403
    client.force_login(who)
    assert ">01<" in client.get(base).content.decode()
    ask = {"HX-Request": "true"}
    chosen = {"order": str(task.order_id)}
    wrong = client.post(f"{base}scan/", {"code": "ZZZ", **chosen}, headers=ask).content.decode()
    assert 'data-feedback="wrong"' in wrong and "ZZZ is no bag of this store" in wrong and "0 of 2 bags" in wrong
    right = client.post(f"{base}scan/", {"code": first}, headers=ask).content.decode()
    assert 'data-feedback="right"' in right and "1 of 2 bags" in right and right.count('data-state="done"') == 1
    twice = client.post(f"{base}scan/", {"code": first, **chosen}, headers=ask).content.decode()
    assert "Bag 1 of 2 was scanned by the store" in twice
    assert client.post(f"{base}scan/", {"code": second, **chosen})["Location"] == base
    assert "The shelf is empty" in client.get(base).content.decode()


def test_the_handover_screen_asks_the_same_whatever_stands_there(client, store, goods):
    who = worker(store)
    client.force_login(who)

    def asked():
        with CaptureQueriesContext(connection) as said:
            client.get(f"/store/{store.code}/handover/")
        return len(said)

    packed(task_for(store, [goods.rice]), who)
    one = asked()
    for _ in range(3):
        packed(task_for(store, [goods.rice, goods.soap]), who)
    assert asked() == one


# -- doors of packing --------------------------------------------------------------------------------------------


def test_a_weight_that_is_off_is_asked_about_on_the_screen(client, store, goods):
    PackingRule.objects.create(store=store, scale="may")
    task, who = in_hand(store, [goods.rice, goods.salt, goods.soap])
    client.force_login(who)
    url = f"/store/{store.code}/pack/{task.pk}/"
    shown = client.get(url).content.decode()
    assert 'name="weight_2"' in shown and "3.1 kg" in shown and "Not food" in shown
    more = client.get(
        f"{url}plan/", {"bags_ambient": "2", "bags_nonfood": "1"}, HTTP_HX_REQUEST="true"
    ).content.decode()
    assert "<html" not in more and more.count('class="bag-no"') == 3
    form = {"bags_ambient": "1", "bags_nonfood": "1", "weight_1": "2.050 kg", "weight_2": "1060"}
    off = client.post(f"{url}close/", form).content.decode()
    assert "is 1 × Salt missing?" in off and 'value="2050"' in off and off.count("data-suspect") == 1
    task.refresh_from_db()
    assert task.state == TaskState.PICKED and Evidence.objects.exclude(kind="picked").get().kind == "weighed"
    client.post(f"{url}close/", {**form, "reason": "Scale is off"})
    task.refresh_from_db()
    assert task.state == TaskState.PACKED


def test_labels_come_three_ways_without_personal_data_and_printing_again_changes_nothing(client, store, goods):
    task, who = in_hand(store, [goods.rice, goods.ice])
    Order.objects.update(instructions=["no_bell"], contact_name="Asha Rao", contact_phone="+919812345678")
    codes = [bag.code for bag in close(task, who)]
    client.force_login(who)
    url = f"/store/{store.code}/pack/{task.pk}/labels"
    with CaptureQueriesContext(connection) as said:
        page = client.get(f"{url}/").content.decode()
        zpl = client.get(f"{url}.zpl")
        pdf = client.get(f"{url}.pdf", {"size": "50x40"})
    assert not [q["sql"] for q in said if re.match(r"(INSERT|UPDATE|DELETE)", q["sql"])]
    order = Order.objects.get()
    main = page[page.index('<div class="labels"') :]
    for text in (main, zpl.content.decode()):
        assert all(code in text for code in codes) and "Bag 2 of 2" in text and order.number[-4:] in text
        assert not any(word in text for word in ("Asha", "98123", order.address_text))
    assert zpl["Content-Type"].startswith("text/plain") and zpl.content.count(b"^XA") == 2
    assert pdf["Content-Type"] == "application/pdf" and pdf.content.count(b"/Type /Page\n") == 2
    assert client.get(f"{url}.exe").status_code in (400, 404)
    assert "SLOT:" not in client.get(f"/store/{store.code}/handover/places/").content.decode()
    client.force_login(UserFactory())
    assert {client.get(f"{url}.{kind}").status_code for kind in ("pdf", "zpl")} == {403}


def test_the_api_weighs_packs_prints_and_hands_over(api, store, goods):
    task, who = in_hand(store, [goods.rice, goods.salt])
    one, http = f"/api/v1/floor/tasks/{task.pk}", api(who)
    weighed = http.post(f"{one}/weigh/", {"weights": [2050]}, format="json").json()
    assert weighed["bags"][0]["verdict"] == "lighter"

    def pack(key, **body):
        return http.post(f"{one}/pack/", body, format="json", headers={"Idempotency-Key": key})

    refused = pack("1", weights=[2050])
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/bag-weight-off")
    assert pack("2", weights=[1] * 20).status_code == 400
    bag = pack("3", weights=[3050]).json()["bags"][0]
    assert (bag["weight_g"], bag["expected_g"], bag["slot"]) == (3050, 3060, "01")
    assert http.get(f"{one}/labels.pdf").content.startswith(b"%PDF")
    assert bag["code"] in http.get(f"{one}/labels.zpl", {"size": "50x40"}).content.decode()
    assert http.get(f"{one}/labels.zpl", {"size": "9x9"}).status_code == 400
    ready(task)
    door = f"/api/v1/floor/stores/{store.code}/handover/"
    assert http.post(door, {"code": "X", "nonce": "1"}, format="json").status_code == 404
    done = [http.post(door, {"code": bag["code"], "nonce": "2"}, format="json").json() for _ in range(2)]
    assert done[0] == done[1] and done[0]["complete"]
    stranger = api(worker(floor(product(), at=make_store("BLR-Z")), on_shift=False))
    assert stranger.post(door, {"code": bag["code"], "nonce": "3"}, format="json").status_code == 403
    assert stranger.get(f"{one}/labels.pdf").status_code == 403
