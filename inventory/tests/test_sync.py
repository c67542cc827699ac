"""Stock as another system tells it: whatever the order, the repeats and the sales meanwhile, the same units."""

import random
import threading
from collections import Counter
from datetime import date, timedelta
from itertools import pairwise

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.tests.factories import UserFactory
from blinkit.kernel.ids import uuid7
from catalog.tests.factories import NOW, ProductFactory
from catalog.tests.factories import store as make_store
from inventory import queries, services
from inventory.counts import ShelfPolicy
from inventory.models import Batch, Movement, Stock, SyncKind, SyncMessage, SyncStream
from inventory.services import Line, syncing
from inventory.services.clients import make_client
from inventory.tests.factories import hold, stocked
from inventory.tests.test_batches import TODAY, lots

SET, DELTA = SyncKind.SET, SyncKind.DELTA


def partner(*stores, **more):
    made, _key = make_client(name=f"WMS {uuid7()}", store_ids=[s.pk for s in stores], may_write=True, now=NOW, **more)
    return made


def tell(client, *lines, now=NOW, stores=None):
    ids = stores or [s.pk for s in client.stores.all()]
    return list(services.sync(client_id=client.pk, store_ids=ids, lines=lines, now=now))


def on_hand(stock) -> int:
    stock.refresh_from_db()
    return stock.on_hand


@pytest.fixture
def shelf(db):
    stock = stocked(10)
    client = partner(stock.store)

    def line(kind, units, sequence, **more):
        return Line(stock.store.code, stock.product.sku, kind, units, sequence, **more)

    return stock, client, line


def test_a_count_is_what_is_there_and_the_ledger_says_who_said_so(shelf):
    stock, client, line = shelf
    (done,) = tell(client, line(SET, 7, 1))
    assert (done.result, done.difference, done.on_hand) == ("applied", -3, 7)
    moved = Movement.objects.get(kind="sync")
    assert (moved.actor, moved.ref, moved.on_hand_delta) == (f"client:{client.pk}", SyncStream.objects.get().pk, -3)
    assert on_hand(stock) == 7
    assert queries.audit() == []


def test_the_same_number_again_is_answered_the_same_and_changes_nothing(shelf):
    stock, client, line = shelf
    tell(client, line(DELTA, 5, 1), line(SET, 3, 2))
    (again, count) = tell(client, line(DELTA, 5, 1), line(SET, 3, 2))
    assert (again.result, again.first, again.difference, again.on_hand) == ("duplicate", "applied", 5, 15)
    assert (count.result, count.difference, count.on_hand) == ("duplicate", -12, 3)
    (other,) = tell(client, line(SET, 4, 2))
    assert (other.result, other.code) == ("refused", "sequence-reused")
    assert on_hand(stock) == 3


def test_what_is_older_than_a_count_changes_nothing_and_says_so(shelf):
    stock, client, line = shelf
    tell(client, line(SET, 20, 5))
    old_count, old_change = tell(client, line(SET, 8, 3), line(DELTA, -4, 4))
    assert [(it.result, it.difference, it.on_hand) for it in (old_count, old_change)] == [("stale", 0, 20)] * 2
    assert tell(client, line(DELTA, -4, 4))[0].first == "stale"
    assert on_hand(stock) == 20


def test_a_late_count_keeps_the_changes_numbered_after_it_and_takes_back_those_before(shelf):
    stock, client, line = shelf
    tell(client, line(DELTA, 4, 1), line(DELTA, -2, 3))
    assert on_hand(stock) == 12
    (late,) = tell(client, line(SET, 30, 2))
    assert (late.on_hand, late.difference) == (28, 16)
    assert on_hand(stock) == 28


def test_a_count_does_not_undo_what_was_sold_after_it_was_taken(shelf):
    stock, client, line = shelf
    later = NOW + timedelta(minutes=10)
    services.waste(
        store_id=stock.store_id, product_id=stock.product_id, qty=4, reason="sold", actor="user:1", now=later
    )
    at = NOW + timedelta(minutes=5)
    (done,) = tell(client, line(SET, 9, 1, counted_at=at), now=later + timedelta(minutes=1))
    assert (done.difference, done.on_hand) == (-1, 5)  # nine then, four sold since
    (now,) = tell(client, line(SET, 9, 2), now=later + timedelta(minutes=1))
    assert now.on_hand == 9  # without a moment it is about now


def test_a_lot_that_sold_out_after_the_count_counts_as_sold(db):
    stock = lots(("A", 5, 10), ("B", 5, 20))
    client = partner(stock.store)
    ref = hold(stock, 5)
    services.ship(ref=ref, actor="rider:1", now=NOW + timedelta(minutes=2))
    line = Line(stock.store.code, stock.product.sku, SET, 10, 1, counted_at=NOW + timedelta(minutes=1))
    (done,) = tell(client, line, now=NOW + timedelta(minutes=3))
    assert (done.difference, done.on_hand) == (0, 5)


def test_units_of_orders_are_never_taken_and_the_line_says_how_many(shelf):
    stock, client, line = shelf
    ref = hold(stock, 6)
    short, less, good = tell(client, line(SET, 5, 1), line(DELTA, -5, 2), line(SET, 6, 3))
    assert [(it.result, it.code, it.held, it.on_hand) for it in (short, less)] == [("refused", "units-held", 6, 10)] * 2
    assert good.result == "applied"
    assert SyncMessage.objects.count() == 1  # what was refused may come again
    services.ship(ref=ref, actor="rider:1", now=NOW)
    assert tell(client, line(SET, 5, 4))[0].result == "applied"
    assert queries.audit() == []


def test_lots_are_streams_of_their_own_and_made_when_they_are_new(shelf):
    stock, client, line = shelf
    ends = TODAY + timedelta(days=60)
    new, same_number, gone = tell(
        client, line(SET, 4, 1, lot="L1", expires_on=ends), line(SET, 3, 1, lot="L2", expires_on=ends),
        line(DELTA, -5, 2, lot="L1", expires_on=ends),
    )  # fmt: skip
    assert (new.result, same_number.result, gone.code) == ("applied", "applied", "not-enough-units")
    assert dict(Batch.objects.filter(stock=stock).values_list("lot", "on_hand")) == {"": 10, "L1": 4, "L2": 3}
    assert on_hand(stock) == 17
    assert queries.audit() == []


def test_counting_a_lot_off_sale_keeps_it_off_sale(db):
    stock = lots(("BAD", 6, 20))
    client = partner(stock.store)
    bad = Batch.objects.get(lot="BAD")
    services.block(batch_id=bad.pk, state="quarantined", reason="x", actor="user:1", now=NOW)
    tell(client, Line(stock.store.code, stock.product.sku, SET, 4, 1, "BAD", bad.expires_on))
    stock.refresh_from_db()
    assert (stock.on_hand, stock.blocked, stock.free) == (4, 4, 0)
    assert queries.audit() == []


def test_lines_are_judged_one_by_one(shelf):
    stock, client, line = shelf
    elsewhere = make_store("BLR-X")
    good = line(SET, 8, 1)
    told = tell(
        client, good._replace(store=elsewhere.code), good._replace(store="NOWHERE"), good._replace(product="NOTHING"),
        good._replace(units=-1), good._replace(sequence=-1), good._replace(counted_at=NOW + timedelta(hours=1)),
        good._replace(counted_at=NOW - timedelta(days=40)), line(DELTA, 1, 2, counted_at=NOW), good,
    )  # fmt: skip
    assert [it.code for it in told] == [
        "wrong-store", "wrong-store", "unknown-product", "bad-quantity", "bad-line", "counted-in-future",
        "counted-too-long-ago", "bad-line", "",
    ]  # fmt: skip
    assert all(it.detail for it in told[:-1])
    assert on_hand(stock) == 8
    assert not Stock.objects.filter(store=elsewhere).exists()


def test_a_barcode_names_the_product_too_and_a_new_product_gets_its_row(db):
    place, goods = make_store(), ProductFactory(barcode="8901234567890")
    client = partner(place)
    (done,) = tell(client, Line(place.code, "8901234567890", DELTA, 6, 1))
    assert done.on_hand == 6
    assert Stock.objects.get(product=goods).free == 6


def test_statements_of_a_chunk_are_bounded_whatever_its_lines(django_assert_max_num_queries, db):
    first = stocked(5)
    rows = [first, *(stocked(5, at=first.store) for _ in range(59))]
    client = partner(first.store)
    moment = NOW - timedelta(minutes=5)
    lines = [Line(s.store.code, s.product.sku, SET, 9, n, counted_at=moment) for n in (1, 2) for s in rows]
    with django_assert_max_num_queries(20):  # savepoints of the test among them
        told = tell(client, *lines)
    assert Counter(it.result for it in told) == {"applied": 120}


def test_superseded_messages_are_forgotten_and_still_change_nothing(shelf):
    stock, client, line = shelf
    tell(client, line(DELTA, 2, 1), line(SET, 9, 2), line(DELTA, 3, 3))
    later = NOW + timedelta(days=60)
    assert services.forget_superseded(now=later) == 1
    assert [it.result for it in tell(client, line(DELTA, 2, 1), line(SET, 9, 2), line(DELTA, 3, 3))] == [
        "stale", "duplicate", "duplicate",
    ]  # fmt: skip
    assert on_hand(stock) == 12


# -- the promise, against a model ------------------------------------------------------------------------------------


def model(base: int, messages, sold_after: dict[int, int]) -> int:
    """The formula at the head of inventory/services/syncing.py. `sold_after`: units sold since each count was taken."""
    counts = [m for m in messages if m[1] == SET]
    if not counts:
        return base + sum(units for _, _, units, _ in messages) - sum(sold_after.values())
    sequence, _, units, at = max(counts)
    sold = sum(qty for moment, qty in sold_after.items() if moment > at)
    return units - sold + sum(u for s, kind, u, _ in messages if kind == DELTA and s > sequence)


@st.composite
def histories(draw):
    """Messages numbered as they were made, one a minute; sales between; a way they arrive, some of them repeatedly."""
    count = draw(st.integers(1, 7))
    messages = [
        (n, draw(st.sampled_from([SET, DELTA, DELTA])), draw(st.integers(0, 9)), n * 10) for n in range(1, count + 1)
    ]
    messages = [(n, k, u if k == SET else draw(st.integers(-4, 9)), at) for n, k, u, at in messages]
    sales = draw(st.dictionaries(st.integers(1, 79), st.integers(1, 2), max_size=3))
    arrivals = draw(st.permutations(messages + draw(st.lists(st.sampled_from(messages), max_size=5))))
    cuts = draw(st.sets(st.integers(1, len(arrivals)), max_size=3))
    by_lot = draw(st.booleans())
    return messages, sales, arrivals, cuts, by_lot


@pytest.mark.django_db(transaction=True)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories())
def test_any_order_and_any_repeats_of_the_same_messages_end_in_the_same_stock(history):
    """Sales happen at their minute; messages come afterwards, in any order and batches, refused ones again."""
    messages, sales, arrivals, cuts, by_lot = history
    base = 12
    wanted = model(base, messages, sales)
    if wanted < 0:
        return  # no true story
    with transaction.atomic():
        lot = {"lot": "L", "expires_on": TODAY + timedelta(days=90)} if by_lot else {}
        stock = lots(("L" if by_lot else "", base, 90 if by_lot else None), at=make_store(f"S{uuid7().hex[-8:]}"))
        client = partner(stock.store)
        for minute, qty in sorted(sales.items()):
            services.waste(
                store_id=stock.store_id, product_id=stock.product_id, qty=qty, reason="sold", actor="user:1",
                now=NOW + timedelta(minutes=minute),
            )  # fmt: skip
        lines = [
            Line(
                stock.store.code, stock.product.sku, kind, units, n, **lot,
                counted_at=NOW + timedelta(minutes=at) if kind == SET else None,
            )
            for n, kind, units, at in arrivals
        ]  # fmt: skip
        edges = [0, *sorted(cuts), len(lines)]
        waiting = []
        for start, end in pairwise(edges):
            some = waiting + lines[start:end]
            told = tell(client, *some, now=NOW + timedelta(minutes=100))
            waiting = [line for line, it in zip(some, told, strict=True) if it.result == "refused"]
        for _ in range(len(lines)):
            told = tell(client, *waiting, now=NOW + timedelta(minutes=100))
            waiting = [line for line, it in zip(waiting, told, strict=True) if it.result == "refused"]
        assert waiting == []
        assert on_hand(stock) == wanted
        assert queries.audit() == []
        transaction.set_rollback(True)


# -- two at once -----------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_batches_at_once_lose_nothing_and_never_deadlock(race):
    """Eight senders, the same forty products in different orders, each message from two senders, and buyers between."""
    first = stocked(50)
    shelf = [first, *(stocked(50, at=first.store) for _ in range(39))]
    client = partner(first.store)

    def work(number: int) -> Counter:
        chance = random.Random(number)
        mine = [Line(s.store.code, s.product.sku, DELTA, 1, turn * 4 + number // 2) for turn in range(5) for s in shelf]
        chance.shuffle(mine)
        done: Counter = Counter()
        for start in range(0, len(mine), 50):
            done.update(it.result for it in tell(client, *mine[start : start + 50], stores=[first.store_id]))
            hold(chance.choice(shelf), 1)
        return done

    results = race(8, work)
    assert all(isinstance(result, Counter) for result in results), results
    assert sum(results, Counter()) == {"applied": 800, "duplicate": 800}
    assert set(Stock.objects.values_list("on_hand", flat=True)) == {70}
    assert queries.audit() == []


@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_messages_are_lost_or_collide(race, monkeypatch):
    stock = stocked(50)
    client = partner(stock.store)
    everyone = threading.Barrier(2)
    tell(client, Line(stock.store.code, stock.product.sku, DELTA, 0, 0))
    (own,) = Batch.objects.filter(stock=stock).values_list("pk", flat=True)
    row = syncing.ledger.Row(stock.pk, stock.product_id, 50, 0, 0, 50, stock.store.code)
    ask = syncing._Book._ask

    def ask_and_think(self, keys, lines):
        found = ask(self, keys, lines)
        everyone.wait(timeout=10)  # both have looked before either writes
        return found

    monkeypatch.setattr(syncing.ledger, "lock_stock", lambda ids: {stock.pk: row})
    monkeypatch.setattr(syncing, "see_to_batches", lambda lines, now: {(stock.pk, "", None): own})
    monkeypatch.setattr(syncing._Book, "_ask", ask_and_think)

    def count(number: int) -> str:
        line = Line(stock.store.code, stock.product.sku, SET, 40, number + 1)
        return tell(client, line, stores=[stock.store_id])[0].result

    assert race(2, count) == ["applied", "applied"]
    assert on_hand(stock) == 30  # both took ten away


@pytest.mark.parametrize("day", [date(1, 1, 1), date(9999, 12, 31)])
def test_a_last_day_of_use_that_cannot_be_one_is_refused_and_poisons_no_reader(shelf, day):
    stock, client, line = shelf
    stock.product.__class__.objects.update(shelf_life_days=100)
    (answer,) = tell(client, line(SET, 3, 1, lot="L9", expires_on=day))
    assert (answer.result, answer.code) == ("refused", "bad-line")
    assert [it.sell_until for it in Batch.objects.all()] == [None]


def test_a_cycle_count_that_waits_does_not_take_again_what_the_other_systems_count_has_taken(shelf):
    stock, client, line = shelf
    ShelfPolicy.objects.create(recount_units=99, recount_paise=10**9, approve_units=1)
    task = services.ask_for_count(stock_id=stock.pk, actor="user:1", now=NOW)
    who, boss = UserFactory(), UserFactory()
    lot = Batch.objects.get().pk
    task = services.count_blind(task_id=task.pk, by=who.pk, nonce="n", lots={lot: 8}, away={}, now=NOW)
    assert task.state == "review"
    tell(client, line(SET, 8, 1), line(DELTA, -3, 2))  # the same two units are missing; three more were taken away
    services.approve_count(task_id=task.pk, by=boss.pk, now=NOW)
    assert on_hand(stock) == 5
    assert queries.audit() == []
