"""Many buyers at once, with real threads. Each race has a control that shows it is a race."""

import random
import threading
from collections import Counter
from threading import Barrier

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import F

from blinkit.kernel.errors import Refusal
from blinkit.kernel.ids import uuid7
from blinkit.kernel.testing import until_somebody_waits
from catalog.tests.factories import NOW
from inventory import queries, services
from inventory.errors import OutOfStock
from inventory.models import Hold, Stock
from inventory.services import cycle_counts, ledger, replenishing
from inventory.tests.factories import hold, stocked

pytestmark = pytest.mark.django_db(transaction=True)


def outcomes(results):
    return Counter("sold" if r is None else r.code if isinstance(r, Refusal) else repr(r) for r in results)


def test_last_unit_is_sold_once_to_sixteen_buyers(race):
    stock = stocked(1)

    def buy() -> None:
        hold(stock, 1)

    assert outcomes(race(16, buy)) == {"sold": 1, "out-of-stock": 15}
    stock.refresh_from_db()
    assert (stock.on_hand, stock.held) == (1, 1)
    assert queries.audit() == []


def test_control_without_lock_and_delta_the_last_unit_is_sold_many_times(race):
    """Read, think, write an absolute value: what a careless hold would do. The CHECK does not notice."""
    stock = stocked(1)
    all_looked = Barrier(16, timeout=30)

    def buy() -> None:
        row = Stock.objects.get(pk=stock.pk)
        if row.free < 1:
            raise OutOfStock("Some items just sold out.", short={})
        all_looked.wait()
        row.held += 1
        row.save(update_fields=["held"])

    assert outcomes(race(16, buy))["sold"] > 1
    stock.refresh_from_db()
    assert stock.held == 1  # and the other sales are lost updates


def test_control_without_lock_the_check_still_refuses_to_oversell(race):
    stock = stocked(1)
    all_looked = Barrier(16, timeout=30)

    def buy() -> None:
        assert Stock.objects.get(pk=stock.pk).free == 1
        all_looked.wait()
        Stock.objects.filter(pk=stock.pk).update(held=F("held") + 1)

    results = race(16, buy)
    assert results.count(None) == 1
    assert all(r is None or isinstance(r, DatabaseError | AssertionError) for r in results)


def test_two_hundred_buyers_on_thirty_two_threads_get_exactly_fifty_units(race):
    stock = stocked(50)
    queue = iter(range(200))

    def shop() -> Counter:
        mine: Counter = Counter()
        for _ in queue:
            try:
                with transaction.atomic():
                    hold(stock, 1)
                mine["sold"] += 1
            except OutOfStock:
                mine["refused"] += 1
        return mine

    results = race(32, shop)
    assert sum(results, Counter()) == {"sold": 50, "refused": 150}
    stock.refresh_from_db()
    assert (stock.on_hand, stock.held) == (50, 50)
    assert queries.audit() == []


def test_baskets_in_random_order_never_deadlock(race):
    shelf = [stocked(1000)]
    shelf += [stocked(1000, at=shelf[0].store) for _ in range(7)]
    store_id = shelf[0].store_id

    def shop(number: int) -> int:
        chance = random.Random(number)
        done = 0
        for _ in range(12):
            lines = chance.sample(shelf, 5)
            ref = uuid7()
            with transaction.atomic():
                basket = {stock.product_id: chance.randint(1, 3) for stock in lines}
                services.hold(ref=ref, store_id=store_id, basket=basket, until=None, actor="user:1", now=NOW)
            end = chance.choice(["release", "ship", "short", "keep"])
            with transaction.atomic():
                if end == "release":
                    services.release(ref=ref, reason="changed mind", actor="user:1", now=NOW)
                elif end == "ship":
                    services.ship(ref=ref, actor="rider:1", now=NOW)
                elif end == "short":
                    services.release_part(
                        ref=ref, product_id=lines[0].product_id, qty=1, reason="gone", actor="user:2", now=NOW
                    )
            done += 1
        return done

    assert race(12, shop) == [12] * 12
    assert queries.audit() == []


def test_control_locking_in_basket_order_deadlocks(race):
    one = stocked(10)
    two = stocked(10, at=one.store)
    both_have_one = threading.Barrier(2)

    def buy(number: int) -> None:
        first, second = (one.pk, two.pk) if number else (two.pk, one.pk)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL deadlock_timeout = '50ms'")
            cursor.execute("UPDATE inventory_stock SET held = held + 1 WHERE id = %s", [first])
            both_have_one.wait(timeout=10)
            cursor.execute("UPDATE inventory_stock SET held = held + 1 WHERE id = %s", [second])

    results = race(2, buy)
    assert sum("deadlock" in repr(r) for r in results) == 1


def test_one_ref_held_by_two_requests_at_once_is_held_once(race):
    stock = stocked(10)
    ref = uuid7()

    def buy() -> None:
        hold(stock, 4, ref=ref)

    assert race(8, buy) == [None] * 8
    stock.refresh_from_db()
    assert stock.held == 4
    assert Hold.objects.count() == 1


def test_an_expiring_hold_is_either_made_firm_or_released_never_both(race):
    stock = stocked(40)
    refs = [hold(stock, 1, until=NOW) for _ in range(20)]

    def act(number: int) -> int:
        if number == 0:
            return services.sweep_expired(now=NOW)
        firm = 0
        for ref in reversed(refs):
            try:
                services.firm(ref=ref, now=NOW)
                firm += 1
            except Refusal:
                pass
        return firm

    released, firm = race(2, act)
    assert released + firm == 20
    stock.refresh_from_db()
    assert stock.held == firm
    assert queries.audit() == []


def test_swaps_in_both_directions_never_deadlock_and_lose_no_unit(race):
    one, other = stocked(20), stocked(20)
    refs = [uuid7() for _ in range(12)]
    pairs = [(one, other) if number % 2 else (other, one) for number in range(12)]
    for ref, (missing, _) in zip(refs, pairs, strict=True):
        services.hold(
            ref=ref, store_id=one.store_id, basket={missing.product_id: 1}, until=None, actor="system", now=NOW
        )

    def swap(number: int) -> None:
        missing, instead = pairs[number]
        services.swap(
            ref=refs[number], store_id=one.store_id, product_id=missing.product_id, substitute_id=instead.product_id,
            qty=1, reason="Not found", actor="user:1", now=NOW,
        )  # fmt: skip

    assert race(12, swap) == [None] * 12
    assert list(Stock.objects.order_by("pk").values_list("on_hand", "held")) == [(14, 6), (14, 6)]
    assert queries.audit() == []


def test_the_last_unit_of_a_substitute_comes_once(race):
    missing, last = stocked(8), stocked(1)
    refs = [uuid7() for _ in range(8)]
    for ref in refs:
        services.hold(
            ref=ref, store_id=missing.store_id, basket={missing.product_id: 1}, until=None, actor="system", now=NOW
        )

    def swap(number: int) -> None:
        services.swap(
            ref=refs[number], store_id=missing.store_id, product_id=missing.product_id, substitute_id=last.product_id,
            qty=1, reason="Not found", actor="user:1", now=NOW,
        )  # fmt: skip

    assert outcomes(race(8, swap)) == {"sold": 1, "out-of-stock": 7}
    missing.refresh_from_db()
    last.refresh_from_db()
    assert ((missing.on_hand, missing.held), (last.on_hand, last.held)) == ((7, 7), (1, 1))
    assert queries.audit() == []


@pytest.mark.parametrize("made", ["counts", "suggestions"])
def test_what_is_written_about_many_products_at_night_does_not_deadlock_with_a_basket(made, monkeypatch):
    low, high = (stock := stocked(5)), stocked(5, at=stock.store)
    worst_first = [high.pk, low.pk]

    def write() -> None:
        if made == "counts":
            most = [(pk, "A", []) for pk in worst_first]
            monkeypatch.setattr(cycle_counts, "_most_needed", lambda *given, **more: most)
            assert services.make_counts(store_id=low.store_id, now=NOW) == 2
        else:
            wanted = [(pk, 1, 1, 0, 0, 0.0, 0.0, "[]") for pk in worst_first]
            with transaction.atomic():
                replenishing._write_suggestions(low.store_id, wanted, now=NOW)

    def at_night() -> None:
        try:
            write()
        except DatabaseError as error:
            failed.append(error)
        finally:
            connection.close()

    failed: list[DatabaseError] = []
    other = threading.Thread(target=at_night)
    with transaction.atomic():  # as a hold: its stock rows by key
        ledger.lock_stock([low.pk])
        other.start()
        until_somebody_waits()
        ledger.lock_stock([high.pk])
    other.join()
    assert not failed
