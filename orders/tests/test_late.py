"""Credit for late deliveries: by the first promise, by the table, once, and only when we were late."""

from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from django.db import IntegrityError, transaction

from accounts.models import User
from blinkit.kernel import metrics
from blinkit.kernel.geo import Point
from catalog.models import City
from catalog.tests.factories import NOW, ProductFactory
from catalog.tests.factories import store as make_store
from orders import late, queries, services
from orders.claiming import Kind
from orders.late import STANDARD, Step
from orders.models import Cause, LateCredit, LateStep, Order, Promise
from orders.queries.money import money_of
from orders.services import personal
from orders.services.claims import _late_s
from orders.services.eta import delivered_rows
from orders.services.judging import count_promise
from orders.states import Status
from orders.tests.factories import advance, customer, place_order, shop
from orders.tests.slots import slot
from payments import queries as books
from payments.ledger import GOODWILL
from payments.models import WalletLot

AT = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
M = timedelta(minutes=1)


def minutes(**more):
    return late.late_m(**{"promised_by": AT, "at_door": None, "handed_over": AT + 25 * M, **more})


def test_late_counts_from_the_promise_to_the_door_in_whole_minutes():
    assert minutes() == 25
    assert minutes(handed_over=AT - M) == 0
    assert minutes(handed_over=AT + timedelta(seconds=599)) == 9
    assert minutes(at_door=AT + 3 * M) == 3  # the rider waited for 22 minutes: that is not ours
    assert minutes(at_door=AT - 5 * M) == 0


@pytest.mark.parametrize(("late_m", "from_m"), [(9, None), (10, 10), (19, 10), (20, 20), (39, 20), (400, 40)])
def test_the_last_step_that_was_reached_counts(late_m, from_m):
    step = late.step_for(late_m, STANDARD)
    assert (None if step is None else step.from_m) == from_m


def test_a_step_gives_a_sum_or_a_part_rounded_up_and_never_over_its_cap():
    fees = {"delivery_paise": 2_501, "total_paise": 30_001}
    assert Step(1, "paise", 5_000, 9_000).worth_paise(**fees) == 5_000
    assert Step(1, "delivery", 5_000, 9_000).worth_paise(**fees) == 1_251
    assert Step(1, "total", 1_000, 9_000).worth_paise(**fees) == 3_001
    assert Step(1, "total", 10_000, 9_000).worth_paise(**fees) == 9_000
    assert Step(1, "delivery", 10_000, 9_000).worth_paise(delivery_paise=0, total_paise=1) == 0


pytestmark = pytest.mark.django_db


def on_the_way(**more):
    milk = ProductFactory(mrp_paise=12_000)  # below the free delivery
    return advance(place_order(customer(), shop(milk), [milk], **more), Status.IN_TRANSIT)


def handed_over(order, *, after_m, at_door_m=None):
    """Delivered so many minutes after the promise."""
    if at_door_m is not None:
        services.at_the_door(order_id=order.pk, actor="rider:7", now=order.promised_by + at_door_m * M)
    return services.delivered(
        order_id=order.pk, rider_id=7, otp=order.door_otp, cash_paise=order.cash_due_paise, actor="rider:7",
        now=order.promised_by + after_m * M,
    )  # fmt: skip


def credit(order):
    return services.credit_late(order_id=order.pk, now=NOW)


def balance(order):
    return books.wallet_of(order.customer_id, now=NOW).balance_paise


def test_a_late_order_gets_what_the_table_says_once_from_goodwill():
    order = handed_over(on_the_way(), after_m=12)
    assert order.delivery_paise == 2_500
    assert credit(order) == 2_500
    assert credit(order) == 0
    assert balance(order) == 2_500
    lot = WalletLot.objects.get()
    assert (lot.source, lot.key, lot.expires_at) == ("late", f"late:{order.pk}", None)
    row = LateCredit.objects.get()
    assert (row.late_m, row.paise, row.order_id) == (12, 2_500, order.pk)
    assert books.balances()[GOODWILL] == 2_500


@pytest.mark.parametrize(("after_m", "at_door_m", "paise"), [(9, None, 0), (-3, None, 0), (60, 2, 0), (60, 21, 5_000)])
def test_in_time_nearly_in_time_and_a_customer_who_let_the_rider_wait_get_what_is_theirs(after_m, at_door_m, paise):
    order = handed_over(on_the_way(), after_m=after_m, at_door_m=at_door_m)
    assert credit(order) == paise
    assert LateCredit.objects.exists() == bool(paise)


def test_neither_before_it_is_delivered_nor_when_it_never_was():
    order = on_the_way()
    assert credit(order) == 0
    services.undelivered(order_id=order.pk, reason="Nobody there", actor="rider:7", now=order.promised_by + 90 * M)
    assert credit(order) == 0
    assert not WalletLot.objects.exists()


def test_a_city_has_a_table_of_its_own():
    LateStep.objects.create(from_m=5, of="paise", amount=1_000, cap_paise=1_000)
    order = handed_over(on_the_way(), after_m=6)
    other = City.objects.create(slug="delhi", name="Delhi", state_code="07")
    LateStep.objects.create(city=other, from_m=1, of="paise", amount=9_999, cap_paise=9_999)
    LateStep.objects.create(city=order.store.city, from_m=5, of="total", amount=1_000, cap_paise=900)
    assert credit(order) == 900


@pytest.mark.parametrize(
    "wrong", [{"from_m": 0, "amount": 1}, {"from_m": 5, "amount": 1}, {"from_m": 6, "of": "total", "amount": 10_001}]
)
def test_the_table_is_a_table(wrong):
    LateStep.objects.create(from_m=5, amount=1_000)
    with pytest.raises(IntegrityError), transaction.atomic():
        LateStep.objects.create(**wrong)


def test_a_second_promise_takes_nothing_away():
    milk = ProductFactory(mrp_paise=12_000)
    first = shop(milk)
    shop(milk, at=make_store("BLR-U", lat=12.96, lng=77.63))
    order = place_order(customer(), first, [milk])
    promised_by = order.promised_by
    services.resource(
        order_id=order.pk, store_id=first.pk, cause=Cause.DECLINED, why="Dark", actor="user:1",
        now=NOW + 8 * M,
    )  # fmt: skip
    order = advance(Order.objects.get(pk=order.pk), Status.IN_TRANSIT)
    assert order.promised_by > promised_by + 5 * M
    services.delivered(
        order_id=order.pk, rider_id=7, otp=order.door_otp, cash_paise=order.cash_due_paise, actor="rider:7",
        now=promised_by + 21 * M,
    )  # fmt: skip
    assert credit(order) == 5_000


def test_an_order_for_a_slot_is_late_after_its_window():
    milk = ProductFactory(mrp_paise=12_000)
    place = shop(milk)
    window = slot(place)
    order = place_order(customer(), place, [milk], slot_id=window.pk)
    services.release(order_id=order.pk, now=window.starts_at - 20 * M)
    order = advance(Order.objects.get(pk=order.pk), Status.IN_TRANSIT)
    assert order.promised_by == window.ends_at
    assert credit(handed_over(order, after_m=9)) == 0
    Order.objects.filter(pk=order.pk).update(delivered_at=window.ends_at + 10 * M)
    assert credit(order) == order.delivery_paise


def test_it_comes_by_itself_after_the_delivery(run_events):
    order = handed_over(on_the_way(), after_m=45)
    run_events()
    assert balance(order) == 10_000
    run_events()
    assert balance(order) == 10_000


@pytest.mark.django_db(transaction=True)
def test_asked_at_once_it_is_given_once(race):
    order = handed_over(on_the_way(), after_m=45)
    assert sorted(race(6, lambda: credit(order))) == [0] * 5 + [10_000]
    assert balance(order) == 10_000


@pytest.mark.django_db(transaction=True)
def test_control_without_the_orders_lock_the_database_still_refuses_a_second_credit(race):
    order = handed_over(on_the_way(), after_m=45)
    both_looked = Barrier(2, timeout=10)

    def give(number):
        assert not LateCredit.objects.filter(order=order).exists()
        both_looked.wait()
        LateCredit.objects.create(
            order=order, city_id=order.store.city_id, promised_by=NOW, came_at=NOW, late_m=45, paise=10_000, rule="",
            made_at=NOW,
        )  # fmt: skip

    results = race(2, give)
    assert results.count(None) == 1 and sum(isinstance(one, IntegrityError) for one in results) == 1


def test_the_customer_reads_it_and_the_statement_shows_it(client, django_assert_num_queries):
    order = handed_over(on_the_way(), after_m=12)
    plain = queries.tracking(order_id=order.pk, customer_id=order.customer_id, now=NOW)
    assert (plain["sentence"], plain["late_credit_paise"]) == ("Delivered. Enjoy!", 0)
    credit(order)
    with django_assert_num_queries(4):  # one is the measured legs, kept for a minute
        told = queries.tracking(order_id=order.pk, customer_id=order.customer_id, now=NOW)
    assert told["sentence"] == "Delivered, but late. Sorry: ₹25 is in your wallet."
    assert told["late_credit_paise"] == 2_500
    lines = money_of(queries.order_of(order_id=order.pk, customer_id=None))
    (line,) = [line for line in lines if line.kind == "late-credit"]
    assert (line.text, line.amount_paise) == ("₹25 into the wallet: 12 min late", 0)
    client.force_login(order.customer)
    assert (
        "It came 12 minutes late. Sorry: ₹25 is in your wallet." in client.get(f"/orders/{order.pk}/").content.decode()
    )


def test_the_report_counts_by_day_and_only_staff_see_it(client):
    credit(handed_over(on_the_way(), after_m=45))
    path = "/admin/orders/latecredit/"
    assert client.get(path).status_code == 302
    client.force_login(User.objects.create_superuser("+919999999999", "secret"))
    page = client.get(path).content.decode()
    assert "Credit by day" in page and "₹100" in page
    assert client.get("/admin/orders/latestep/add/").status_code == 200


def test_a_person_is_told_what_they_got():
    order = handed_over(on_the_way(), after_m=45)
    credit(order)
    assert personal.held(user_id=order.customer_id)["late_credits"][0]["paise"] == 10_000


def test_a_claim_of_lateness_is_judged_by_the_same_first_promise():
    order = on_the_way()
    later = order.promised_by + 60 * M  # another store took it
    Promise.objects.create(order=order, version="x", made_at=NOW, p50_at=later, promised_by=later, inputs={})
    handed_over(order, after_m=30)
    Order.objects.filter(pk=order.pk).update(promised_by=later)
    LateStep.objects.create(from_m=5, of="paise", amount=500, cap_paise=500)
    assert credit(order) == 500
    report = services.Reported(kind=Kind.LATE)
    (claim,) = services.open_claims(
        order_id=order.pk, customer_id=order.customer_id, reported=[report], now=order.promised_by + 40 * M
    )
    assert (claim.state, claim.refund_paise) == ("refunded", order.delivery_paise - 500)


@pytest.mark.parametrize("wished", [True, False])
def test_claims_metrics_and_training_go_by_the_promise_an_order_is_held_to(wished, monkeypatch):
    """The longer one where the customer moved the door, the one before where operations did."""
    order = on_the_way()
    to = Point(2 * order.lat - order.store.lat, 2 * order.lng - order.store.lng)
    moved = services.move_pin(order_id=order.pk, to=to, most_metres=2_000, actor="user:1", now=NOW, wished=wished)
    longer_s = (moved.promised_by - order.promised_by).total_seconds()
    first_ride_s = Promise.objects.filter(order=order).order_by("pk").first().inputs["ride_s"]
    assert longer_s > 60
    handed_over(moved, after_m=0)
    (row,) = delivered_rows(now=moved.promised_by + 5 * M)
    assert row.made_from["ride_s"] == first_ride_s + (longer_s if wished else 0)
    counted = []
    monkeypatch.setattr(metrics, "count", lambda name, by=1, /, **labels: counted.append(labels.get("kept")))
    count_promise(order_id=order.pk)
    assert counted[0] == ("yes" if wished else "no")
    assert (_late_s(Order.objects.get(pk=order.pk)) == 0) is wished
