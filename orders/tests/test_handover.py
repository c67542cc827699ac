"""Bags leave the store one by one: what does not belong stays, and two devices at once are as good as one."""

from datetime import timedelta
from threading import Barrier

import pytest

from catalog.tests.factories import NOW
from catalog.tests.factories import ProductFactory as product
from inventory.models import Stock
from orders import services
from orders.errors import BagTwice, NotReady, WrongBag, WrongBags
from orders.handover import BagScan
from orders.models import Evidence, Order
from orders.states import Status
from orders.tests.factories import customer, place_order, shop

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=3)
BAGS = ["AAAAAA-1/2", "AAAAAA-2/2"]
RIDER = {"actor": "rider:7", "now": LATER}


def on_shelf(store, goods, *, bags=BAGS, slot="03", rider=True):
    order = place_order(customer(), store, [goods])
    one = {"order_id": order.pk, "actor": "user:2", "now": NOW}
    services.to_store(**one)
    services.start_picking(**one)
    services.packed(bag_codes=bags, shelf_slot=slot, **one)
    if rider:
        services.rider_accepted(order_id=order.pk, rider_id=7, rider_name="Ravi", **RIDER)
    return Order.objects.get(pk=order.pk)


@pytest.fixture
def milk():
    return product()


@pytest.fixture
def store(milk):
    return shop(milk)


def scan(order, code, nonce="", **other):
    return services.scan_bag(order_id=order.pk, code=code, nonce=nonce, **{**RIDER, **other})


def test_the_last_bag_takes_the_order_out_with_its_stock_and_evidence(store, milk):
    order = on_shelf(store, milk)
    assert scan(order, f"slot:{store.code.lower()}:03").number == 0
    first = scan(order, " aaaaaa-2/2 ")
    assert (first.number, first.of, first.scanned, first.missing, first.complete) == (2, 2, 1, (BAGS[0],), False)
    last = scan(order, BAGS[0], actor="user:5", now=LATER + timedelta(seconds=5))
    assert last.complete and last.scanned == 2
    order.refresh_from_db()
    assert order.status == Status.PICKED_UP and Stock.objects.get(product=milk).on_hand == 19
    kept = Evidence.objects.get(order=order, kind="handover").detail
    assert [(bag["code"], bag["by"], bag["how"]) for bag in kept["bags"]] == [
        (BAGS[1], "rider:7", "scan"),
        (f"SLOT:{store.code.upper()}:03", "rider:7", "scan"),
        (BAGS[0], "user:5", "scan"),
    ]
    assert (kept["slot"], kept["rider"], kept["rider_id"]) == ("03", "Ravi", 7)


def test_a_bag_of_another_order_is_named_with_its_place_and_the_right_one(store, milk):
    mine, other = on_shelf(store, milk), on_shelf(store, milk, bags=["BBBBBB-1/1"], slot="05")
    with pytest.raises(WrongBag) as wrong:
        scan(mine, "BBBBBB-1/1")
    assert wrong.value.detail == (
        f"BBBBBB-1/1 is bag 1 of 1 of order {other.number}: put it back on 05."
        " Still to scan: AAAAAA-1/2, AAAAAA-2/2. Place: 03."
    )
    assert wrong.value.extra["right_slot"] == "03" and wrong.value.extra["missing"] == BAGS
    for code, word in (("SLOT:X:05", "This is place 05."), ("Z", "Z is no bag of this store."), ("05", "05 is no bag")):
        with pytest.raises(WrongBag, match=word):
            scan(mine, code)
    assert not BagScan.objects.exists()


def test_a_bag_twice_is_refused_but_a_scan_sent_again_is_not(store, milk):
    order = on_shelf(store, milk)
    assert scan(order, BAGS[0], nonce="a") == scan(order, BAGS[0], nonce="a")
    for again in ({"nonce": "b"}, {"nonce": "a", "actor": "user:5"}, {}):
        with pytest.raises(BagTwice, match="Bag 1 of 2 was scanned by the rider at"):
            scan(order, BAGS[0], **again)
    done = scan(order, BAGS[1], nonce="c")
    assert scan(order, BAGS[1], nonce="c") == done
    with pytest.raises(BagTwice, match="left with Ravi already"):
        scan(order, BAGS[1], nonce="d")
    assert Evidence.objects.filter(kind="handover").count() == 1


def test_nothing_leaves_without_a_rider_nor_of_a_cancelled_order(store, milk):
    order = on_shelf(store, milk, rider=False)
    with pytest.raises(NotReady, match=r"No rider has taken order .* stay on 03"):
        scan(order, BAGS[0])
    services.cancel(order_id=order.pk, by="staff", reason="Wrong address", actor="user:9", now=LATER)
    with pytest.raises(NotReady, match=r"was cancelled\. Leave its bags on 03"):
        scan(order, BAGS[0])
    mine = on_shelf(store, milk, bags=["CCCCCC-1/1"], slot="06")
    with pytest.raises(WrongBag, match=r"which was cancelled\. Put it back"):
        scan(mine, BAGS[0])
    assert not BagScan.objects.exists()


def test_a_list_of_bags_completes_what_was_scanned_one_by_one(store, milk):
    order = on_shelf(store, milk)
    scan(order, BAGS[0])
    with pytest.raises(WrongBags) as wrong:
        services.picked_up(order_id=order.pk, bag_codes=["ZZZ"], **RIDER)
    assert (wrong.value.extra["missing"], wrong.value.extra["foreign"]) == ([BAGS[1]], ["ZZZ"])
    for _ in range(2):
        services.picked_up(order_id=order.pk, bag_codes=[BAGS[1]], **RIDER)
    assert dict(BagScan.objects.values_list("code", "how")) == {BAGS[0]: "scan", BAGS[1]: "list"}
    assert Evidence.objects.filter(kind="handover").count() == 1


def test_when_the_rider_falls_away_the_next_one_scans_from_the_start(store, milk):
    order = on_shelf(store, milk)
    scan(order, BAGS[0])
    services.rider_fell_away(order_id=order.pk, actor="ops", now=LATER)
    assert not BagScan.objects.exists()
    assert Evidence.objects.get(kind="handover_stopped").detail["bags"][0]["code"] == BAGS[0]
    services.rider_accepted(order_id=order.pk, rider_id=8, rider_name="Asha", actor="rider:8", now=LATER)
    assert scan(order, BAGS[0], actor="rider:8").scanned == 1


@pytest.mark.django_db(transaction=True)
def test_two_devices_scanning_one_order_take_each_bag_out_once(race):
    milk = product()
    order = on_shelf(shop(milk), milk)

    def device(n):
        for code in BAGS if n % 2 else reversed(BAGS):
            try:
                scan(order, code, nonce=f"{n}{code}", actor=f"user:{n}")
            except BagTwice:
                pass

    got = race(8, device)
    assert got == [None] * 8
    assert Order.objects.get().status == Status.PICKED_UP
    assert BagScan.objects.count() == 2 and Evidence.objects.filter(kind="handover").count() == 1
    assert Stock.objects.get().on_hand == 19


@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_two_devices_both_find_the_bag_on_the_shelf(race):
    milk = product()
    order = on_shelf(shop(milk), milk)
    meet = Barrier(2)

    def unlocked(n):
        there = not BagScan.objects.filter(order=order, code=BAGS[0]).exists()
        meet.wait(timeout=10)
        return there

    assert race(2, unlocked) == [True, True]
