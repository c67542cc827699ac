"""Orders for later: places are booked once, work begins when it is time, and the window is the promise."""

import time as clock
from datetime import datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from blinkit.kernel.events import timeline
from blinkit.kernel.models import Event
from catalog import services as catalog_services
from catalog.models import FeePolicy, Store, StoreLoad, StoreMode
from catalog.tests.factories import NOW, ProductFactory
from catalog.tests.factories import store as make_store
from inventory import queries as stock_queries
from inventory.errors import OutOfStock
from inventory.models import Hold, HoldState
from orders import queries, services
from orders.errors import BillChanged, SlotGone, StoreClosed
from orders.models import CartLine, Order, Promise, Slot, SlotTemplate
from orders.states import Status
from orders.tests.factories import address, customer, full_cart, place_order, shop
from orders.tests.slots import full, plan, slot
from payments.models import Payment

pytestmark = pytest.mark.django_db
IST = ZoneInfo("Asia/Kolkata")
SATURDAY_SIX = datetime(2026, 11, 21, 18, tzinfo=IST)


def later_order(*, method: str = "cod", capacity: int = 3, **more) -> Order:
    goods = ProductFactory()
    place = shop(goods)
    return place_order(customer(), place, [goods], method=method, slot_id=slot(place, capacity=capacity).pk, **more)


def booked(order: Order) -> int:
    return Slot.objects.get(pk=order.slot_id).booked


# -- the plan ------------------------------------------------------------------------------------------------------


def test_slots_are_made_once_from_the_week_however_often_it_is_asked():
    place = make_store()
    plan(place, weekday=4, hour=18)  # today
    plan(place, weekday=5, hour=7)
    plan(place, weekday=1, hour=7)  # too far ahead
    assert services.make_slots(now=NOW) == 2
    assert services.make_slots(now=NOW) == 0
    made = list(Slot.objects.order_by("starts_at"))
    assert [one.starts_at.astimezone(IST).strftime("%a %H:%M") for one in made] == ["Fri 18:00", "Sat 07:00"]
    assert made[0].ends_at - made[0].starts_at == timedelta(hours=1)
    assert made[0].cut_off_at == made[0].starts_at - timedelta(minutes=30)


def test_a_window_of_today_that_has_begun_is_not_made():
    place = make_store()
    plan(place, weekday=4, hour=14)
    assert services.make_slots(now=NOW) == 0
    assert not Slot.objects.exists()


def test_a_window_until_midnight_ends_on_the_next_day():
    place = make_store()
    SlotTemplate.objects.create(store=place, weekday=5, from_time=time(22), to_time=time(0), capacity=2)
    services.make_slots(now=NOW)
    assert Slot.objects.get().ends_at == datetime(2026, 11, 22, 0, tzinfo=IST)


def test_a_changed_plan_changes_what_has_not_begun_and_keeps_what_was_promised():
    order = later_order(capacity=3)
    template = SlotTemplate.objects.get()
    template.capacity = 8
    template.save()
    services.make_slots(now=NOW)
    assert Slot.objects.get().capacity == 8
    template.is_active = False
    template.save()
    services.make_slots(now=NOW)
    one = Slot.objects.get()
    assert (one.capacity, one.booked) == (1, 1)  # takes no more, the promised place stands
    assert order.slot_id == one.pk
    assert queries.slots_left(store_id=order.store_id, now=NOW) == []


def test_the_database_refuses_more_bookings_than_places():
    one = slot(make_store(), capacity=2)
    with pytest.raises(IntegrityError, match="slot_booked_within_capacity"), transaction.atomic():
        Slot.objects.filter(pk=one.pk).update(booked=3)


# -- booking -------------------------------------------------------------------------------------------------------


def test_a_cash_order_for_a_slot_is_confirmed_waits_and_promises_the_window():
    order = later_order()
    assert order.status == Status.CONFIRMED
    assert (order.promised_from, order.promised_by) == (SATURDAY_SIX, SATURDAY_SIX + timedelta(hours=1))
    assert booked(order) == 1
    assert set(Hold.objects.filter(ref=order.pk).values_list("state", flat=True)) == {HoldState.FIRM}
    promise = Promise.objects.get(order=order)
    assert (promise.version, promise.promised_by) == ("slot-1", order.promised_by)
    assert promise.p50_at == SATURDAY_SIX
    work_s = promise.inputs["work_s"]
    assert order.release_at == SATURDAY_SIX - timedelta(seconds=work_s)
    assert work_s == pytest.approx(sum(p50 for p50, _p90 in promise.inputs["legs"].values()), abs=5)
    assert promise.inputs["legs"]["backlog"] == [0, 0]  # today's queue says nothing about tomorrow


def test_a_paid_order_keeps_its_window_and_its_slot():
    order = later_order(method="online")
    assert (order.status, booked(order)) == (Status.PENDING, 1)
    services.confirm(order_id=order.pk, now=NOW + timedelta(minutes=4))
    order.refresh_from_db()
    assert (order.status, order.promised_by) == (Status.CONFIRMED, SATURDAY_SIX + timedelta(hours=1))
    assert Promise.objects.get(order=order).version == "slot-1"
    assert NOW < order.release_at < SATURDAY_SIX


def test_a_closed_store_takes_orders_for_its_slots_and_none_for_now():
    goods = ProductFactory()
    place = shop(goods, at=make_store(opens=time(6), closes=time(12)))
    where = slot(place, hour=7)
    with pytest.raises(StoreClosed):
        place_order(customer(), place, [goods])
    assert place_order(customer(), place, [goods], slot_id=where.pk).status == Status.CONFIRMED
    catalog_services.set_store_mode(
        store_id=place.pk, mode=StoreMode.PAUSED, reason="Rain", until=NOW + timedelta(hours=1), actor="system", now=NOW
    )
    assert place_order(customer(), place, [goods], slot_id=where.pk).status == Status.CONFIRMED


@pytest.mark.parametrize("why", ["full", "too late", "unknown", "elsewhere"])
def test_a_slot_that_is_gone_is_refused_with_those_that_are_left_and_the_cart_stays(why):
    goods = ProductFactory()
    place, user = shop(goods), customer()
    first, second = slot(place), slot(place, hour=20)
    now, wanted = NOW, first.pk
    if why == "full":
        full(first)
    elif why == "too late":
        now = first.cut_off_at
    elif why == "unknown":
        wanted = 10**9
    else:
        far = make_store("DEL-T", area=[[77.1, 28.5], [77.3, 28.5], [77.3, 28.7]], lat=28.6, lng=77.2)
        wanted = slot(far).pk
    with pytest.raises(SlotGone) as refused:
        place_order(user, place, [goods], slot_id=wanted, now=now)
    left = [one["id"] for one in refused.value.extra["slots"]]
    both = [first.pk, second.pk]
    assert left == {"full": both[1:], "too late": both[1:], "unknown": both, "elsewhere": both}[why]
    assert not Order.objects.exists()
    assert not Hold.objects.exists()
    assert not Payment.objects.exists()
    assert CartLine.objects.filter(cart__customer=user).count() == 1


def test_a_refused_checkout_books_nothing():
    goods = ProductFactory()
    place, user = shop(goods, units=1), customer()
    where = slot(place)
    view = full_cart(user, place, {goods: 2})
    here = address(user)
    asked = {"customer_id": user.pk, "address_id": here.pk, "method": "cod", "slot_id": where.pk, "now": NOW}
    with transaction.atomic():  # as behind an idempotency key: the refusal is an answer, the transaction goes on
        with pytest.raises(OutOfStock):
            services.checkout(bill_fingerprint=view.fingerprint, **asked)
        with pytest.raises(BillChanged):
            services.checkout(bill_fingerprint="x", **asked)
    where.refresh_from_db()
    assert where.booked == 0


def test_a_slot_costs_a_purchase_five_statements_and_an_order_for_now_none():
    goods = ProductFactory()
    place = shop(goods)
    where = slot(place)

    def statements(**more) -> int:
        user = customer()
        here, view = address(user), full_cart(user, place, [goods])
        with CaptureQueriesContext(connection) as seen:
            services.checkout(
                customer_id=user.pk,
                address_id=here.pk,
                method="cod",
                bill_fingerprint=view.fingerprint,
                now=NOW,
                **more,
            )
        return len(seen)

    statements()
    assert statements(slot_id=where.pk) - statements() <= 5  # read, savepoint, update, release


def test_the_busy_hour_of_now_is_not_charged_for_later():
    goods, user = ProductFactory(), customer()
    place = shop(goods)
    where = slot(place)
    FeePolicy.objects.create(store=place, surge_cap_paise=3_000)
    StoreLoad.objects.filter(store=place).update(
        surge_paise=1500, surge_why="Rain", surge_until=NOW + timedelta(minutes=5)
    )
    assert place_order(user, place, [goods]).surge_paise == 1500
    full_cart(user, place, [goods])
    for_now = queries.cart_view(customer_id=user.pk, method="cod", now=NOW)
    for_later = queries.cart_view(customer_id=user.pk, method="cod", later=True, now=NOW)
    assert for_now.bill.total_paise - for_later.bill.total_paise == 1500
    asked = {"customer_id": user.pk, "address_id": user.addresses.get().pk, "method": "cod", "now": NOW}
    with pytest.raises(BillChanged):
        services.checkout(bill_fingerprint=for_now.fingerprint, slot_id=where.pk, **asked)
    order = services.checkout(bill_fingerprint=for_later.fingerprint, slot_id=where.pk, **asked)
    assert order.surge_paise == 0


# -- giving back ---------------------------------------------------------------------------------------------------


def test_the_place_is_given_back_once_when_the_order_is_cancelled():
    order = later_order()
    for _ in range(2):
        services.cancel(order_id=order.pk, by="customer", reason="", actor="user:1", now=NOW)
    assert booked(order) == 0
    assert stock_queries.audit() == []


def test_the_place_is_given_back_when_the_window_to_pay_is_over():
    order = later_order(method="online")
    services.sweep_unpaid(now=NOW + timedelta(minutes=16))
    order.refresh_from_db()
    assert (order.status, booked(order)) == (Status.CANCELLED, 0)


# -- when it is time -----------------------------------------------------------------------------------------------


def test_the_store_begins_when_it_is_time_and_not_before():
    order = later_order()
    assert services.release_due(now=order.release_at - timedelta(seconds=1)) == 0
    assert not Event.objects.filter(code="orders.OrderReleased").exists()
    assert services.release_due(now=order.release_at) == 1
    assert services.release_due(now=order.release_at) == 0
    order.refresh_from_db()
    assert (order.released_at, order.is_for_later) == (order.release_at, False)
    assert [row.code for row in timeline(f"order:{order.pk}")].count("orders.OrderReleased") == 1


def test_a_cancelled_or_unpaid_order_is_never_begun_with():
    cancelled, unpaid = later_order(), None
    services.cancel(order_id=cancelled.pk, by="customer", reason="", actor="user:1", now=NOW)
    goods = ProductFactory()
    place = shop(goods, at=Store.objects.get())
    unpaid = place_order(customer(), place, [goods], method="online", slot_id=cancelled.slot_id)
    assert services.release_due(now=SATURDAY_SIX) == 0
    assert services.release(order_id=unpaid.pk, now=SATURDAY_SIX) is False


def test_the_customer_may_cancel_until_picking_begins():
    order = later_order()
    services.release_due(now=order.release_at)
    services.cancel(order_id=order.pk, by="customer", reason="", actor="user:1", now=order.release_at)
    assert booked(order) == 0


# -- what is said --------------------------------------------------------------------------------------------------


def test_tracking_says_the_window_and_what_happens_when_instead_of_minutes():
    order = later_order()
    said = queries.tracking(order_id=order.pk, now=NOW)
    assert (said["eta_from_m"], said["eta_to_m"], said["late_s"]) == (None, None, 0)
    assert said["sentence"].startswith("Your items are set aside. Tomorrow 18:00–19:00.")
    assert said["slot"] == {"id": order.slot_id, "starts_at": order.promised_from, "ends_at": order.promised_by}
    assert [step["at"] for step in said["schedule"]] == [order.release_at, order.promised_from, order.promised_by]
    assert said["can_cancel"] is True
    on_the_day = queries.tracking(order_id=order.pk, now=SATURDAY_SIX - timedelta(hours=2))
    assert "Today 18:00–19:00." in on_the_day["sentence"]
    services.release_due(now=order.release_at)
    begun = queries.tracking(order_id=order.pk, now=order.release_at)
    assert begun["schedule"] == []
    assert begun["sentence"].startswith("The store has your order. Today 18:00–19:00.")


def test_late_is_measured_against_the_end_of_the_window():
    order = later_order()
    services.release_due(now=order.release_at)
    end = order.promised_by
    assert queries.tracking(order_id=order.pk, now=end)["late_s"] == 0
    assert queries.tracking(order_id=order.pk, now=end + timedelta(minutes=3))["late_s"] == 180


# -- the doors -----------------------------------------------------------------------------------------------------


def test_the_api_lists_slots_and_orders_for_one(api):
    goods = ProductFactory()
    place, user = shop(goods), customer()
    now = datetime.now(IST)
    tomorrow = (now + timedelta(days=1)).weekday()
    first = slot(place, weekday=tomorrow, hour=18, now=now)
    full(slot(place, weekday=tomorrow, hour=20, now=now))
    listed = api().get(f"/api/v1/stores/{place.code}/slots/").json()
    assert listed["now"] is True
    assert [(one["id"], one["left"]) for one in listed["slots"]] == [(first.pk, 3)]
    here, view = address(user), full_cart(user, place, [goods])
    body = {"address_id": str(here.pk), "method": "cod", "bill_fingerprint": view.fingerprint}
    gone = api(user).post("/api/v1/checkout/", body | {"slot_id": 10**9}, HTTP_IDEMPOTENCY_KEY=uuid4().hex)
    assert (gone.status_code, gone.json()["code"] if "code" in gone.json() else gone.json()["type"]) == (
        409,
        gone.json().get("code", "/problems/slot-gone"),
    )
    assert [one["id"] for one in gone.json()["slots"]] == [first.pk]
    placed = api(user).post("/api/v1/checkout/", body | {"slot_id": first.pk}, HTTP_IDEMPOTENCY_KEY=uuid4().hex)
    assert placed.status_code == 201, placed.json()
    assert placed.json()["slot"]["id"] == first.pk
    order = api(user).get(f"/api/v1/orders/{placed.json()['id']}/").json()
    assert order["slot"]["id"] == first.pk
    assert len(order["schedule"]) == 3
    assert api(user).get("/api/v1/orders/").json()["results"][0]["slot"]["id"] == first.pk


# -- the race ------------------------------------------------------------------------------------------------------


def buyers_of(n: int, place: Store, goods, where: Slot) -> list[dict]:
    asked = []
    for _ in range(n):
        user = customer()
        here = address(user)
        view = full_cart(user, place, [goods])
        asked.append({"customer_id": user.pk, "address_id": here.pk, "bill_fingerprint": view.fingerprint})
    return [one | {"method": "cod", "slot_id": where.pk, "now": NOW} for one in asked]


@pytest.mark.django_db(transaction=True)
def test_the_last_place_of_a_slot_is_sold_once_to_sixteen_buyers(race):
    goods = ProductFactory()
    place = shop(goods, units=40)
    where = slot(place, capacity=1)
    asked = buyers_of(16, place, goods, where)
    results = race(16, lambda number: services.checkout(**asked[number]))
    assert sum(isinstance(result, Order) for result in results) == 1, results
    assert sum(isinstance(result, SlotGone) for result in results) == 15, results
    where.refresh_from_db()
    assert (where.booked, Order.objects.count()) == (1, 1)
    assert Hold.objects.count() == 1  # the fifteen hold nothing
    assert stock_queries.audit() == []


@pytest.mark.django_db(transaction=True)
def test_control_read_then_write_sells_the_last_place_many_times(race, monkeypatch):
    """Look, think, write an absolute value: what a careless booking would do. The CHECK does not notice."""

    def careless(*, slot_id: int, now: datetime) -> bool:
        one = Slot.objects.get(pk=slot_id)
        if one.booked >= one.capacity:
            return False
        clock.sleep(0.05)  # the race is the point: everyone has looked before anyone writes
        Slot.objects.filter(pk=slot_id).update(booked=one.booked + 1)
        return True

    monkeypatch.setattr("orders.services.slots.book", careless)
    goods = ProductFactory.create_batch(8)
    place = shop(*goods)
    where = slot(place, capacity=1)
    asked = [buyers_of(1, place, product, where)[0] for product in goods]  # other goods: no stock row makes them wait
    results = race(8, lambda number: services.checkout(**asked[number]))
    assert sum(isinstance(result, Order) for result in results) > 1
    where.refresh_from_db()
    assert where.booked == 1
