"""Stages are timed, and a promise at risk is warned of once, before it is broken, and only then."""

from datetime import timedelta
from threading import Barrier

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from blinkit.kernel.models import Event
from catalog.models import StoreLoad
from catalog.tests.factories import NOW, ProductFactory
from catalog.tests.factories import store as make_store
from orders import queries, services
from orders.models import Cause, Order, StageTimer, StoreWarning
from orders.services import risk
from orders.states import Status
from orders.tests.factories import advance, customer, order, place_order, shop
from orders.tests.slots import slot

pytestmark = pytest.mark.django_db
M = timedelta(minutes=1)
SWEEP_STATEMENTS = 12


def events(code):
    return list(Event.objects.filter(code=f"orders.{code}").order_by("pk"))


def warned():
    return [(event.subject, event.payload["stage"]) for event in events("PromiseAtRisk")]


def timer(an_order):
    return StageTimer.objects.get(order=an_order, ended_at=None)


def long_queue(an_order):
    StoreLoad.objects.update_or_create(store=an_order.store, defaults={"pick_backlog_s": 3_000})


def soon(an_order):
    """A minute before the promise ends."""
    return an_order.promised_by - M


def test_each_stage_has_a_due_time_of_its_own_that_follows_from_the_promise():
    an_order = order()
    services.sweep_timers(now=NOW)
    first = timer(an_order)
    assert (first.stage, first.began_at, first.promised_by) == ("accept", NOW, an_order.promised_by)
    assert NOW < first.due_at < an_order.promised_by
    advance(an_order, Status.PICKING)
    services.sweep_timers(now=NOW + 3 * M)
    ended, second = StageTimer.objects.order_by("pk")
    assert (ended.ended_at, second.stage, second.began_at) == (NOW + 2 * M, "picking", NOW + 2 * M)
    assert first.due_at < second.due_at < an_order.promised_by


def test_packing_begins_when_all_is_picked():
    an_order = advance(order(), Status.PICKING)
    services.evidence(order_id=an_order.pk, kind="picked", detail={}, actor="user:2", now=NOW + 4 * M)
    services.sweep_timers(now=NOW + 5 * M)
    assert (timer(an_order).stage, timer(an_order).began_at) == ("packing", NOW + 4 * M)


def test_a_promise_at_risk_is_warned_of_once_per_order_and_stage_before_it_is_broken():
    an_order = order()
    assert services.sweep_timers(now=NOW) == 0
    assert services.sweep_timers(now=soon(an_order)) == 1
    assert services.sweep_timers(now=soon(an_order)) == services.sweep_timers(now=an_order.promised_by) == 0
    (event,) = events("PromiseAtRisk")
    said = event.payload
    assert (said["stage"], said["slow"], said["store_code"]) == ("accept", "accept", an_order.store.code)
    assert said["expected_late_s"] > 60 and said["probability"] > 90
    assert (said["why"], said["help"]) == ("The store has not taken it up yet", "Move it to another store")


def test_nobody_is_warned_of_what_is_broken_already():
    an_order = order()
    assert services.sweep_timers(now=an_order.promised_by + M) == 0
    assert warned() == []


def test_a_later_stage_warns_again_only_when_it_got_worse():
    an_order = order()
    services.sweep_timers(now=NOW)
    services.sweep_timers(now=soon(an_order) - 3 * M)
    advance(an_order, Status.ASSIGNED_TO_STORE)
    services.sweep_timers(now=soon(an_order) - 3 * M)
    assert [stage for _subject, stage in warned()] == ["accept"] and timer(an_order).at_risk
    services.sweep_timers(now=soon(an_order))
    assert [stage for _subject, stage in warned()] == ["accept", "queue"]


def test_why_names_the_stage_that_lost_the_time():
    an_order = order()
    services.sweep_timers(now=NOW)
    Order.objects.filter(pk=an_order.pk).update(status="PICKING", status_at=soon(an_order) - M)
    services.sweep_timers(now=soon(an_order))
    (event,) = events("PromiseAtRisk")
    assert (event.payload["stage"], event.payload["slow"]) == ("picking", "accept")
    seen = queries.outlooks(queries.with_facts(Order.objects.all()).values(*queries.OUTLOOK_FIELDS), now=soon(an_order))
    assert seen[an_order.pk].slow == "accept"
    assert "min lost: before the store took it up" in seen[an_order.pk].why


def test_an_order_that_recovers_is_cleared_and_the_list_is_honest():
    an_order = order()
    place = an_order.store
    long_queue(an_order)
    assert services.sweep_timers(now=NOW) == 1 and timer(an_order).at_risk
    StoreLoad.objects.filter(store=place).update(pick_backlog_s=0)
    services.sweep_timers(now=NOW)
    services.sweep_timers(now=NOW)
    (again,) = events("PromiseKeptAgain")
    assert again.payload["stage"] == "accept" and not timer(an_order).at_risk
    StoreLoad.objects.filter(store=place).update(pick_backlog_s=3_000)
    assert services.sweep_timers(now=NOW + 2 * M) == 0 and timer(an_order).at_risk, "back on the list, said once"
    assert len(warned()) == 1


def test_cancelled_and_unpaid_orders_and_those_for_later_are_never_warned_of():
    gone, unpaid = order(), order(method="online", at=make_store("BLR-2"))
    milk = ProductFactory()
    place = shop(milk, at=make_store("BLR-3"))
    kept = place_order(customer(), place, [milk], slot_id=slot(place).pk)
    services.sweep_timers(now=NOW)
    services.cancel(order_id=gone.pk, by="staff", reason="Asked for it", actor="user:1", now=NOW + M)
    assert Order.objects.get(pk=unpaid.pk).status == Status.PENDING
    services.sweep_timers(now=soon(gone))
    assert warned() == []
    assert list(StageTimer.objects.values_list("order", "breached", "ended_at")) == [(gone.pk, False, NOW + M)]
    services.release_due(now=kept.release_at)
    services.sweep_timers(now=kept.release_at)
    assert timer(kept).began_at == kept.release_at
    assert services.sweep_timers(now=soon(kept)) == 1


def test_an_order_that_is_cancelled_while_the_sweep_reads_is_left_out(monkeypatch):
    an_order = order()
    read = risk.outlooks

    def cancelled_meanwhile(rows, *, now):
        seen = read(rows, now=now)
        services.cancel(order_id=an_order.pk, by="staff", reason="Asked for it", actor="user:1", now=now)
        return seen

    monkeypatch.setattr(risk, "outlooks", cancelled_meanwhile)
    assert services.sweep_timers(now=soon(an_order)) == 0
    assert warned() == []


def test_orders_of_a_paused_store_are_warned_of_and_say_why():
    an_order = order()
    an_order.store.mode = "paused"
    an_order.store.save()
    assert services.sweep_timers(now=soon(an_order)) == 1
    assert events("PromiseAtRisk")[0].payload["why"] == "The store is paused, nobody has begun with it"


def test_another_store_begins_the_stage_anew_with_its_own_promise():
    milk = ProductFactory()
    first, second = shop(milk), shop(milk, at=make_store("BLR-2"))
    an_order = place_order(customer(), first, [milk])
    services.sweep_timers(now=soon(an_order))
    at = soon(an_order)
    moved = services.resource(
        order_id=an_order.pk, store_id=an_order.store_id, cause=Cause.DECLINED, why="Flooded", actor="user:1", now=at
    )
    assert moved.store_id in {first.pk, second.pk} - {an_order.store_id}
    services.sweep_timers(now=at)
    row = timer(an_order)
    assert (row.store_id, row.promised_by, row.at_risk) == (moved.store_id, moved.promised_by, False)
    assert len(events("PromiseKeptAgain")) == 1


def test_the_stage_that_crossed_its_line_is_the_breached_one():
    an_order = order()
    services.sweep_timers(now=NOW)
    advance(an_order, Status.ASSIGNED_TO_STORE)
    Order.objects.filter(pk=an_order.pk).update(status_at=an_order.promised_by)
    services.sweep_timers(now=an_order.promised_by)
    advance_at = an_order.promised_by + M
    services.start_picking(order_id=an_order.pk, actor="user:2", now=advance_at)
    services.sweep_timers(now=advance_at)
    assert dict(StageTimer.objects.values_list("stage", "breached")) == {
        "accept": True,
        "queue": False,
        "picking": False,
    }


def test_the_customer_is_told_once_with_the_time_it_will_really_be():
    an_order = order()
    services.sweep_timers(now=soon(an_order))
    assert warned() and events("RunningLate") == [], "not for less than five minutes"
    long_queue(an_order)
    services.sweep_timers(now=soon(an_order))
    advance(an_order, Status.ASSIGNED_TO_STORE)
    services.sweep_timers(now=soon(an_order))
    (told,) = events("RunningLate")
    assert told.payload["customer_id"] == an_order.customer_id
    assert an_order.promised_by.isoformat() < told.payload["from_at"] < told.payload["to_at"]
    with pytest.raises(IntegrityError, match="customer_is_told_once_of_delay"), transaction.atomic():
        StageTimer.objects.filter(order=an_order).update(customer_told_at=NOW)


def test_tracking_says_that_it_will_be_late_before_it_is():
    an_order = order()
    fresh = queries.tracking(order_id=an_order.pk, now=NOW)
    assert fresh["expected_late_s"] == 0 and "later than promised" not in fresh["sentence"]
    long_queue(an_order)
    late = queries.tracking(order_id=an_order.pk, now=soon(an_order))
    assert late["expected_late_s"] >= 300 and late["late_s"] == 0
    assert "It will be later than promised. Sorry." in late["sentence"]


def test_a_store_is_told_at_most_every_ten_minutes_and_how_many():
    goods = ProductFactory.create_batch(2)
    place = shop(*goods)
    first, second = (place_order(customer(), place, [product]) for product in goods)
    services.sweep_timers(now=NOW)
    Order.objects.filter(pk=second.pk).update(promised_by=first.promised_by + 5 * M)
    second.refresh_from_db()
    services.sweep_timers(now=soon(first))
    assert [(event.subject, event.payload["orders"]) for event in events("StoreAtRisk")] == [(f"store:{place.code}", 1)]
    assert services.sweep_timers(now=soon(second)) == 1
    assert len(events("StoreAtRisk")) == 1, "five minutes later: too soon"
    services.sweep_timers(now=soon(first) + 10 * M)
    assert [event.payload["orders"] for event in events("StoreAtRisk")] == [1, 2]
    assert StoreWarning.objects.get().stage == "accept"


def test_a_sweep_costs_the_same_for_many(django_assert_max_num_queries):
    goods = ProductFactory.create_batch(2)
    place = shop(*goods, units=200)
    some = [place_order(customer(), place, goods) for _ in range(12)]
    for an_order in some[:4]:
        advance(an_order, Status.PICKED_UP)
    services.sweep_timers(now=NOW)
    for an_order in some[4:8]:
        advance(an_order, Status.PICKING)
    with CaptureQueriesContext(connection) as all_at_once:
        assert services.sweep_timers(now=soon(some[0])) > 6
    assert len(all_at_once) <= SWEEP_STATEMENTS, "\n".join(row["sql"][:100] for row in all_at_once)


def test_forgotten_after_sixty_days():
    an_order = advance(order(), Status.DELIVERED)
    services.sweep_timers(now=NOW)
    StageTimer.objects.create(
        order=an_order, store=an_order.store, stage="ride", began_at=NOW, usual_s=1, due_at=NOW, promised_by=NOW,
        ended_at=NOW,
    )  # fmt: skip
    assert services.purge_timers(now=NOW + timedelta(days=59)) == 0
    assert services.purge_timers(now=NOW + timedelta(days=61)) == 1


@pytest.mark.django_db(transaction=True)
def test_eight_sweeps_at_once_warn_once(race, monkeypatch):
    an_order = order()
    services.sweep_timers(now=NOW)
    long_queue(an_order)
    monkeypatch.setattr(risk, "_first", lambda: True)  # without the lock of sweeps the rows referee
    news = race(8, lambda: services.sweep_timers(now=soon(an_order)))
    assert sorted(n for n in news if isinstance(n, int))[-1] == 1 and sum(n for n in news if isinstance(n, int)) == 1
    assert warned() == [(f"order:{an_order.pk}", "accept")]
    assert len(events("RunningLate")) == len(events("StoreAtRisk")) == 1


@pytest.mark.django_db(transaction=True)
def test_control_a_sweep_that_looks_first_and_writes_then_warns_twice(race):
    an_order = order()
    services.sweep_timers(now=NOW)

    both_looked = Barrier(2, timeout=30)

    def naive():
        row = timer(an_order)
        if row.raised_at is None:
            both_looked.wait()
            StageTimer.objects.filter(pk=row.pk).update(raised_at=NOW)
            return 1
        return 0

    assert sum(race(2, naive)) == 2
