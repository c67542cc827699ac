"""Counting without seeing the book, four eyes, and no sale lost between the count and its approval."""

import random
import threading
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from accounts.tests.factories import UserFactory
from blinkit.kernel.ids import uuid7
from blinkit.kernel.models import Event
from catalog.models import StoreMembership
from catalog.tests.factories import NOW, ProductFactory, on_shelf
from catalog.tests.factories import store as make_store
from inventory import abc, queries, services
from inventory.counts import COUNT_NEXT, CountSheet, CountState, CountTask, ShelfPolicy
from inventory.errors import AnotherPerson, BadQuantity, CountClosed, NoSuchBatch, NoSuchCount
from inventory.models import Batch, Movement, MovementKind, Stock
from inventory.services import Arrival
from inventory.tests.factories import hold, stocked
from inventory.tests.test_batches import batch, lots

LATER = NOW + timedelta(hours=1)


def task_of(stock: Stock) -> CountTask:
    return services.ask_for_count(stock_id=stock.pk, actor="user:1", now=NOW)


def count(task: CountTask, found: dict[int, int], *, by=None, nonce=None, away=None, now=NOW) -> CountTask:
    return services.count_blind(
        task_id=task.pk, by=by or UserFactory().pk, nonce=nonce or str(uuid7()), lots=found, away=away or {}, now=now
    )


def only_lot(stock: Stock) -> int:
    return Batch.objects.get(stock=stock).pk


def sell(stock: Stock, qty: int) -> None:
    services.ship(ref=hold(stock, qty), actor="rider:1", now=NOW)


# -- classes and scores ---------------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=20))
def test_classes_are_by_share_of_value_and_never_rank_less_above_more(each):
    values = dict(enumerate(each))
    found = abc.classes(values, a_share_bp=8000, b_share_bp=9500)
    assert found.keys() == values.keys()
    ranked = sorted(values, key=lambda key: -values[key])
    assert all(found[a] <= found[b] for a, b in pairwise(ranked) if values[a] > values[b])
    assert all(found[key] == "C" for key in values if values[key] == 0)
    total = sum(values.values())
    if total:
        assert found[max(values, key=lambda key: (values[key], -key))] == "A"
        assert sum(values[key] for key in values if found[key] == "A") * 10 >= total * 8


def test_the_first_eighty_percent_are_a():
    assert abc.classes({1: 700, 2: 150, 3: 100, 4: 50, 5: 0}, a_share_bp=8000, b_share_bp=9500) == {
        1: "A", 2: "A", 3: "B", 4: "C", 5: "C",
    }  # fmt: skip


def test_a_score_is_the_sum_of_its_reasons():
    quiet = abc.Signals(days_since=3)
    assert abc.reasons(quiet, abc="A", every_days=7) == []
    doubted = abc.Signals(days_since=8, short=2, returned=1)
    why = abc.reasons(doubted, abc="A", every_days=7)
    assert [one.reason for one in why] == ["short", "due", "return"]
    assert abc.score(why) == 80 + 21 + 15
    assert abc.reasons(abc.Signals(days_since=8), abc="B", every_days=30) == []


def test_every_count_state_has_a_row_and_a_posted_one_stays():
    assert set(COUNT_NEXT) == set(CountState)
    assert COUNT_NEXT[CountState.POSTED] == frozenset()


# -- one count ------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_count_that_agrees_is_written_down_and_closed():
    stock = stocked(10)
    task = count(task_of(stock), {only_lot(stock): 10})
    assert (task.state, task.difference) == ("posted", 0)
    line = Movement.objects.get(kind="count")
    assert (line.ref, line.on_hand_delta) == (task.pk, 0)


@pytest.mark.django_db
def test_a_small_difference_is_true_at_once_and_a_sent_again_count_is_silent():
    stock = stocked(10)
    task, person = task_of(stock), UserFactory()
    for _ in range(2):
        done = count(task, {only_lot(stock): 8}, by=person.pk, nonce="n1")
    assert (done.state, done.difference) == ("posted", -2)
    stock.refresh_from_db()
    assert stock.on_hand == 8
    assert CountSheet.objects.count() == 1
    with pytest.raises(CountClosed):
        count(task, {only_lot(stock): 7})
    assert queries.audit() == []


@pytest.mark.django_db
def test_from_the_threshold_on_somebody_else_counts_again():
    stock = stocked(10)
    task, first = task_of(stock), UserFactory()
    assert count(task, {only_lot(stock): 6}, by=first.pk).state == CountState.RECOUNT
    stock.refresh_from_db()
    assert stock.on_hand == 10
    with pytest.raises(AnotherPerson):
        count(task, {only_lot(stock): 6}, by=first.pk)
    assert count(task, {only_lot(stock): 6}).state == CountState.POSTED
    stock.refresh_from_db()
    assert stock.on_hand == 6


@pytest.mark.django_db
def test_a_second_count_that_agrees_with_the_book_settles_it_and_one_that_differs_goes_to_the_manager():
    right, wrong = stocked(10), stocked(10)
    task = task_of(right)
    count(task, {only_lot(right): 6})
    assert (count(task, {only_lot(right): 10}).state, CountTask.objects.get(pk=task.pk).difference) == ("posted", 0)
    task = task_of(wrong)
    count(task, {only_lot(wrong): 6})
    assert count(task, {only_lot(wrong): 7}).state == CountState.REVIEW
    wrong.refresh_from_db()
    assert wrong.on_hand == 10


@pytest.mark.django_db
@pytest.mark.parametrize("what", [{"approve_units": 4}, {"approve_paise": 40_000, "approve_units": 99}])
def test_above_the_limit_of_units_or_value_a_manager_who_did_not_count_approves(what):
    ShelfPolicy.objects.create(recount_units=99, recount_paise=10**9, **what)
    stock = stocked(10)  # MRP is 100 rupees
    task, counter, boss = task_of(stock), UserFactory(), UserFactory()
    assert count(task, {only_lot(stock): 6}, by=counter.pk).state == CountState.REVIEW
    with pytest.raises(AnotherPerson):
        services.approve_count(task_id=task.pk, by=counter.pk, now=LATER)
    assert not Movement.objects.filter(kind="count").exists()
    for _ in range(2):
        done = services.approve_count(task_id=task.pk, by=boss.pk, now=LATER)
    assert (done.state, done.difference, done.approved_by_id) == ("posted", -4, boss.pk)
    stock.refresh_from_db()
    assert stock.on_hand == 6
    assert queries.audit() == []


@pytest.mark.django_db
def test_a_manager_may_have_it_counted_anew_by_anybody():
    stock = stocked(20)
    task, person = task_of(stock), UserFactory()
    count(task, {only_lot(stock): 9}, by=person.pk)
    assert count(task, {only_lot(stock): 9}).state == CountState.REVIEW
    assert services.count_again(task_id=task.pk, by=UserFactory().pk).state == CountState.OPEN
    assert count(task, {only_lot(stock): 20}, by=person.pk).state == CountState.POSTED
    with pytest.raises(CountClosed):
        services.count_again(task_id=task.pk, by=person.pk)


@pytest.mark.django_db
def test_a_count_is_refused_without_lots_with_foreign_lots_and_for_no_task():
    stock, other = stocked(10), stocked(10)
    task = task_of(stock)
    with pytest.raises(BadQuantity):
        count(task, {})
    with pytest.raises(BadQuantity):
        count(task, {only_lot(stock): -1})
    with pytest.raises(NoSuchBatch):
        count(task, {only_lot(other): 3})
    with pytest.raises(NoSuchCount):
        count(CountTask(stock=stock), {only_lot(stock): 3})
    assert not CountSheet.objects.exists()


@pytest.mark.django_db
def test_each_lot_is_counted_and_units_of_no_known_lot_go_to_the_one_that_expires_first():
    stock = lots(("SOON", 4, 10), ("LATE", 5, 90))
    soon, late = batch(stock, "SOON"), batch(stock, "LATE")
    task = count(task_of(stock), {soon.pk: 3, late.pk: 5, 0: 1})
    assert (task.state, task.difference) == ("posted", 0)
    assert {b.lot: b.on_hand for b in Batch.objects.all()} == {"SOON": 4, "LATE": 5}
    assert queries.audit() == []


@pytest.mark.django_db
def test_what_lies_in_a_bag_is_not_expected_on_the_shelf():
    stock = lots(("SOON", 4, 10), ("LATE", 5, 90))
    ref = hold(stock, 5)  # four of SOON, one of LATE
    found = {batch(stock, "SOON").pk: 0, batch(stock, "LATE").pk: 5}
    task = count(task_of(stock), found, away={ref: 4})
    assert (task.state, task.difference) == ("posted", 0)
    stock.refresh_from_db()
    assert stock.on_hand == 9


# -- what happens between the count and its approval ----------------------------------------------------------------


@pytest.mark.django_db
def test_a_sale_between_the_count_and_its_approval_is_not_lost():
    stock = stocked(20)
    task = task_of(stock)
    for _ in range(2):
        count(task, {only_lot(stock): 12})
    sell(stock, 5)
    services.receive(
        store_id=stock.store_id, lines=[(stock.product_id, 3, None)], reason="GRN", actor="user:9", now=NOW
    )
    services.approve_count(task_id=task.pk, by=UserFactory().pk, now=LATER)
    stock.refresh_from_db()
    assert stock.on_hand == 20 - 8 - 5 + 3
    assert queries.audit() == []


@pytest.mark.django_db
def test_what_a_short_pick_wrote_off_meanwhile_is_not_written_off_twice():
    stock = stocked(20)
    task, ref = task_of(stock), hold(stock, 5)
    for _ in range(2):
        count(task, {only_lot(stock): 12})  # eight are missing
    services.release_part(ref=ref, product_id=stock.product_id, qty=3, reason="x", actor="user:2", now=NOW)
    done = services.approve_count(task_id=task.pk, by=UserFactory().pk, now=LATER)
    stock.refresh_from_db()
    assert (done.difference, stock.on_hand) == (-5, 12)
    assert queries.audit() == []


@pytest.mark.django_db
def test_missing_units_that_orders_hold_stay_in_the_book_and_the_floor_is_told_which_orders():
    boss = UserFactory(roles=["store_manager"])
    stock = stocked(10)
    StoreMembership.objects.create(user=boss, store=stock.store)
    stranger = UserFactory(roles=["store_manager"])
    ref = hold(stock, 8)
    task = task_of(stock)
    for _ in range(2):
        count(task, {only_lot(stock): 4})
    done = services.approve_count(task_id=task.pk, by=UserFactory().pk, now=LATER)
    stock.refresh_from_db()
    assert (stock.on_hand, stock.held, stock.free) == (8, 8, 0)
    assert (done.difference, done.left_units, done.left_refs) == (-2, 4, [str(ref)])
    assert Event.objects.get(code="inventory.CountLeftHeld").payload["refs"] == [str(ref)]
    told = set(Event.objects.filter(code="inventory.HeldMissingNotice").values_list("payload__user_id", flat=True))
    assert boss.pk in told and stranger.pk not in told
    services.release_part(ref=ref, product_id=stock.product_id, qty=4, reason="x", actor="user:2", now=LATER)
    stock.refresh_from_db()
    assert stock.on_hand == 4
    assert queries.audit() == []


@pytest.mark.django_db(transaction=True)
def test_sales_while_counts_are_approved_lose_nothing(race):
    """Sixteen threads sell; others count two too few and approve it. What is left is what was sold and found."""
    ShelfPolicy.objects.create(recount_units=400, recount_paise=10**9, approve_units=1)
    stock = stocked(400)
    people = [UserFactory().pk for _ in range(8)]
    counter, boss = people[0], people[1]
    found = threading.Lock()
    posted: list[int] = []

    def work(number: int) -> int:
        chance, sold = random.Random(number), 0
        for _ in range(6):
            if number % 4 == 0 and found.acquire(blocking=False):
                try:
                    with transaction.atomic():
                        task = task_of(stock)
                        services.count_blind(
                            task_id=task.pk, by=counter, nonce=str(uuid7()), away={}, now=NOW,
                            lots={only_lot(stock): Stock.objects.get(pk=stock.pk).on_hand},
                        )  # fmt: skip
                    task.refresh_from_db()
                    if task.state == CountState.REVIEW:
                        posted.append(services.approve_count(task_id=task.pk, by=boss, now=LATER).difference)
                finally:
                    found.release()
            qty = chance.randint(1, 3)
            with transaction.atomic():
                sell(stock, qty)
            sold += qty
        return sold

    sold = race(16, work)
    stock.refresh_from_db()
    assert stock.on_hand == 400 - sum(sold) + sum(posted)
    assert queries.audit() == []


@pytest.mark.django_db(transaction=True)
def test_control_an_absolute_figure_loses_the_sales_made_since(race):
    """The same with what a careless count would do: write the figure that was counted."""
    stock = stocked(100)
    barrier = threading.Barrier(2)

    def work(number: int) -> None:
        counted = 90 if number else 0  # ten are missing
        barrier.wait()
        if not number:
            sell(stock, 5)
        barrier.wait()
        if number:
            place = {"store_id": stock.store_id, "product_id": stock.product_id}
            services.count(**place, counted=counted, reason="x", actor="user:9", now=NOW)

    assert race(2, work) == [None, None]
    stock.refresh_from_db()
    assert stock.on_hand == 90  # 85 are on the shelf: the sale is back in the book


@pytest.mark.django_db(transaction=True)
def test_one_approval_of_many_is_written(race):
    stock = stocked(20)
    task = task_of(stock)
    for _ in range(2):
        count(task, {only_lot(stock): 10})
    bosses = iter([UserFactory().pk for _ in range(8)])

    def approve() -> None:
        services.approve_count(task_id=task.pk, by=next(bosses), now=LATER)

    results = race(8, approve)
    assert results.count(None) == 1
    assert all(r is None or isinstance(r, CountClosed) for r in results)
    stock.refresh_from_db()
    assert stock.on_hand == 10


# -- the nightly list -----------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_list_is_what_is_doubted_then_what_is_due_as_much_as_a_store_can_count():
    place = make_store()
    ShelfPolicy.objects.create(counts_per_day=3)
    shorted, dear, cheap, fresh = (stocked(50, at=place) for _ in range(4))
    on_shelf(place, *(stock.product for stock in (shorted, dear, cheap, fresh)))
    sell(dear, 30)
    ref = hold(shorted, 2)
    services.release_part(ref=ref, product_id=shorted.product_id, qty=1, reason="x", actor="user:2", now=NOW)
    services.count(
        store_id=place.pk, product_id=fresh.product_id, counted=50, reason="x", actor="user:2", now=NOW
    )  # fmt: skip
    assert services.make_counts(store_id=place.pk, now=LATER) == 3
    assert services.make_counts(store_id=place.pk, now=LATER) == 0
    tasks = list(CountTask.objects.order_by("-score"))
    assert [task.stock_id for task in tasks] == [shorted.pk, dear.pk, cheap.pk]
    assert tasks[1].abc == "A" and tasks[2].abc == "C"
    assert ["short", 40, 1] in tasks[0].why
    assert sum(points for _, points, _ in tasks[0].why) == tasks[0].score


@pytest.mark.django_db
def test_a_class_is_due_when_its_days_are_over_and_a_count_that_differed_is_doubted():
    place = make_store()
    sold, still, bad = stocked(50, at=place), stocked(50, at=place), stocked(50, at=place)
    on_shelf(place, sold.product, still.product, bad.product)
    for stock, counted in ((sold, 50), (still, 50), (bad, 48)):
        count(task_of(stock), {only_lot(stock): counted})
    sell(sold, 5)
    assert services.make_counts(store_id=place.pk, now=NOW + timedelta(days=6)) == 1
    assert CountTask.objects.exclude(state="posted").get().stock_id == bad.pk
    assert services.make_counts(store_id=place.pk, now=NOW + timedelta(days=7)) == 1
    assert CountTask.objects.exclude(state="posted").get(stock=sold).why[0][0] == "due"


@pytest.mark.django_db
def test_expired_units_returns_and_unknown_losses_are_doubts():
    place = make_store()
    old = lots(("A", 3, 2), at=place)
    back, lost = stocked(50, at=place), stocked(50, at=place)
    for stock in (old, back, lost):
        services.count(
            store_id=place.pk, product_id=stock.product_id, counted=stock.on_hand, reason="x", actor="user:2", now=NOW
        )
    ref = hold(back, 1)
    services.ship(ref=ref, actor="rider:1", now=LATER)
    services.take_back(ref=ref, actor="rider:1", now=LATER)
    services.ask_waste(
        store_id=place.pk, batch_id=only_lot(lost), qty=1, reason="unknown", by=UserFactory().pk, nonce="w", now=LATER
    )
    services.sweep_short_dated(now=NOW + timedelta(days=4))
    services.make_counts(store_id=place.pk, now=NOW + timedelta(days=4))
    found = {task.stock_id: task.why[0][0] for task in CountTask.objects.all()}
    assert found == {old.pk: "expired", back.pk: "return", lost.pk: "surprise"}
    for task in CountTask.objects.all():
        count(task, {only_lot(task.stock): task.stock.on_hand}, now=NOW + timedelta(days=5))
    assert services.make_counts(store_id=place.pk, now=NOW + timedelta(days=6)) == 0  # doubted once, counted once


@pytest.mark.django_db
def test_a_store_of_five_thousand_products_takes_six_statements(django_assert_max_num_queries):
    place = make_store()
    template = ProductFactory()
    made = [ProductFactory.build(category=template.category, brand=None) for _ in range(5000)]
    type(template).objects.bulk_create(made, batch_size=1000)
    services.receive(
        store_id=place.pk, lines=[Arrival(product.pk, 5) for product in made], reason="x", actor="system", now=NOW
    )
    with django_assert_max_num_queries(8):  # two are the savepoint inside the test's transaction
        assert services.make_counts(store_id=place.pk, now=LATER) == 60
    assert MovementKind.COUNT not in set(Movement.objects.values_list("kind", flat=True))
