"""Rosters, breaks, the learned pace and what the promise makes of them: through the services, and through the doors."""

import threading
from datetime import date, time, timedelta
from itertools import pairwise
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.tests.factories import UserFactory
from blinkit.kernel.errors import Invalid
from catalog import queries as goods
from catalog import services as stores
from catalog.models import StoreLoad, StoreMembership
from catalog.tests.factories import NOW
from catalog.tests.factories import store as make_store
from fulfillment import services, staff, staffing
from fulfillment.errors import AlreadyPlanned, NotOnShift, OnBreak, OtherStore, TaskBusy
from fulfillment.models import Break, PickerShift, PickerStat, PickPace, PickTask, PlannedShift, TaskState
from fulfillment.services import personal, shifts, taking
from fulfillment.tests.factories import LATER, floor, order_for, packed, picked, product, task_for, worker
from orders import queries as orders
from orders.models import Order

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 20)  # NOW is 14:30 in the store, a Friday
MINUTE = timedelta(minutes=1)


def backlog(store):
    return StoreLoad.objects.get(store=store).pick_backlog_s


def plan(store, person, begins, ends, **more):
    more = more or {"day": TODAY}
    return services.plan_shift(store_id=store.pk, user_id=person.pk, from_time=begins, to_time=ends, now=NOW, **more)


def rest(store, person, *, now=NOW, minutes=15):
    return services.start_break(picker_id=person.pk, store_id=store.pk, minutes=minutes, now=now)


# -- breaks --------------------------------------------------------------------------------------------------------


def test_nobody_on_a_break_is_given_an_order_until_they_are_back():
    milk = product()
    store = floor(milk)
    asha, manager = worker(store), worker(store, role="store_manager")
    task = task_for(store, [milk])
    assert rest(store, asha).pk == rest(store, asha, now=LATER).pk
    for give in (
        lambda: services.next_task(store_id=store.pk, picker_id=asha.pk, now=LATER),
        lambda: services.start(task_id=task.pk, picker_id=asha.pk, now=LATER),
    ):
        with pytest.raises(OnBreak):
            give()
    services.start(task_id=task.pk, picker_id=manager.pk, now=LATER)
    with pytest.raises(OnBreak):
        services.reassign(task_id=task.pk, picker_id=asha.pk, actor="user:1", now=LATER)
    for _ in range(2):
        services.end_break(picker_id=asha.pk, store_id=store.pk, now=LATER)
    assert Break.objects.get().ended_at == LATER
    services.reassign(task_id=task.pk, picker_id=asha.pk, actor="user:1", now=LATER)


def test_a_break_never_begins_with_an_order_in_hand_off_shift_or_without_an_end():
    milk = product()
    store = floor(milk)
    asha = worker(store)
    picked(task_for(store, [milk]), asha)
    with pytest.raises(TaskBusy):
        rest(store, asha)
    with pytest.raises(NotOnShift):
        rest(store, worker(store, on_shift=False))
    with pytest.raises(NotOnShift):
        rest(make_store("BLR-Z"), worker(store))
    for minutes in (0, 61):
        with pytest.raises(Invalid):
            rest(store, worker(store), minutes=minutes)
    assert not Break.objects.exists()


def test_a_forgotten_break_ends_by_the_sweep_and_a_shift_takes_its_break_along():
    store = floor(product())
    asha, ravi = worker(store), worker(store)
    for person in (asha, ravi):
        rest(store, person)
    services.sweep(now=NOW + 44 * MINUTE)
    assert Break.objects.filter(ended_at=None).count() == 2
    services.end_shift(picker_id=ravi.pk, now=LATER)
    services.sweep(now=NOW + 46 * MINUTE)
    assert not Break.objects.filter(ended_at=None).exists()
    assert Break.objects.get(shift__user=ravi).ended_at == LATER


def test_the_database_allows_one_live_break_per_shift():
    store = floor(product())
    rest(store, worker(store))
    with pytest.raises(IntegrityError, match="shift_one_live_break"), transaction.atomic():
        Break.objects.create(shift=PickerShift.objects.get(), started_at=NOW, back_at=LATER)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("locked", [True, False])
def test_a_break_and_an_order_at_once(race, monkeypatch, locked):
    """One of both is refused. The control takes the shift's lock out of `next_task`, and has both."""
    milk = product()
    store = floor(milk)
    asha = worker(store)
    task_for(store, [milk])
    if not locked:
        meet = threading.Barrier(2)
        shift_of = lambda picker_id, store_id: PickerShift.objects.get(user=picker_id, ended_at=None)  # noqa: E731
        monkeypatch.setattr(taking, "lock_shift", lambda *who: (meet.wait(timeout=10), shift_of(*who))[1])
        lock_live = shifts._lock_live

        def late_lock(picker_id, store_id):
            found = lock_live(picker_id, store_id)
            meet.wait(timeout=10)
            return found

        monkeypatch.setattr(shifts, "_lock_live", late_lock)
        # Both have looked before either commits: neither sees the other.
        begin = taking.begin
        both = threading.Barrier(2)
        monkeypatch.setattr(taking, "begin", lambda *a, **k: (begin(*a, **k), both.wait(timeout=10))[0])
        moved = shifts._moved
        monkeypatch.setattr(shifts, "_moved", lambda *a, **k: (moved(*a, **k), both.wait(timeout=10))[0])
    acts = [
        lambda: services.next_task(store_id=store.pk, picker_id=asha.pk, now=LATER),
        lambda: rest(store, asha, now=LATER),
    ]
    race(2, lambda n: acts[n]())
    has = [
        PickTask.objects.filter(picker=asha, state=TaskState.PICKING).exists(),
        Break.objects.filter(ended_at=None).exists(),
    ]
    assert has.count(True) == (1 if locked else 2)


# -- the plan ------------------------------------------------------------------------------------------------------


def test_a_plan_is_made_once_changed_and_taken_out():
    store = floor(product())
    asha = worker(store, on_shift=False)
    first = plan(store, asha, time(14), time(18))
    assert plan(store, asha, time(14), time(18)).pk == first.pk
    assert plan(store, asha, time(14), time(20)).pk == first.pk
    assert PlannedShift.objects.get().to_time == time(20)
    services.unplan_shift(plan_id=first.pk, store_id=make_store("BLR-Z").pk, now=NOW)
    assert PlannedShift.objects.count() == 1
    for _ in range(2):
        services.unplan_shift(plan_id=first.pk, store_id=store.pk, now=NOW)
    assert not PlannedShift.objects.exists()


@pytest.mark.parametrize(
    ("begins", "ends", "when"),
    [
        (time(9), time(9), {"day": TODAY}),
        (time(4), time(22), {"day": TODAY}),
        (time(9), time(12), {"day": date(2026, 11, 19)}),
        (time(9), time(12), {"day": date(2027, 3, 1)}),
        (time(9), time(12), {"day": TODAY, "weekday": 4}),
        (time(9), time(12), {"weekday": 7}),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(begins, ends, when):
    store = floor(product())
    asha = worker(store, on_shift=False)
    with pytest.raises(Invalid):
        plan(store, asha, begins, ends, **when)
    assert not PlannedShift.objects.exists()


def test_nobody_is_planned_twice_at_a_time_nor_where_they_do_not_work():
    store, other = floor(product()), make_store("BLR-Z")
    asha = worker(store, on_shift=False)
    with pytest.raises(OtherStore):
        plan(other, asha, time(9), time(12))
    StoreMembership.objects.create(user=asha, store=other)
    plan(store, asha, time(22), time(4), weekday=4)
    for place, begins, ends, when in (
        (other, time(3), time(6), {"day": date(2026, 11, 21)}),  # the night before reaches into it
        (store, time(20), time(23), {"day": TODAY}),
        (store, time(2), time(5), {"weekday": 5}),
    ):
        with pytest.raises(AlreadyPlanned):
            plan(place, asha, begins, ends, **when)
    plan(other, asha, time(4), time(8), day=date(2026, 11, 21))
    assert PlannedShift.objects.count() == 2


def test_a_night_shift_of_yesterday_still_counts_after_midnight():
    store = floor(product())
    asha = worker(store, on_shift=False)
    plan(store, asha, time(22), time(6), weekday=4)
    early = NOW + timedelta(hours=11)  # 01:30 on Saturday
    assert staffing.state(store_id=store.pk, now=early).pickers_planned == 1


# -- what the promise makes of it ----------------------------------------------------------------------------------


def test_the_load_is_written_in_two_statements_whatever_is_on_the_floor():
    milk = product()
    store = floor(milk)
    for _ in range(3):
        person = worker(store)
        plan(store, person, time(14), time(18))
        task_for(store, [milk])
    rest(store, person)
    with CaptureQueriesContext(connection) as written:
        services.write_load(store_id=store.pk, now=NOW)
    assert len(written) == 2
    load = StoreLoad.objects.get(store=store)
    assert (load.open_orders, load.pickers_on, load.pickers_planned) == (3, 2, 3)


def test_a_roster_that_brings_somebody_in_twelve_minutes_is_the_promise():
    milk = product()
    store = floor(milk)
    asha = worker(store, on_shift=False)
    plan(store, asha, time(14, 42), time(18))
    assert backlog(store) == 12 * 60
    services.refresh_loads(now=NOW + 5 * MINUTE)
    assert backlog(store) == 7 * 60
    services.refresh_loads(now=NOW + 15 * MINUTE)  # she is three minutes late
    assert backlog(store) == 3 * 60
    services.start_shift(picker_id=asha.pk, store_id=store.pk, now=NOW + 15 * MINUTE)
    assert backlog(store) == 0
    services.end_shift(picker_id=asha.pk, now=NOW + 20 * MINUTE)  # she went home: nobody comes
    assert backlog(store) == 7200


def test_a_floor_without_a_plan_counts_as_one_pair_of_hands():
    milk = product()
    store = floor(milk)
    task_for(store, [milk])
    one = backlog(store)
    worker(store)
    assert 0 < backlog(store) == one


def test_the_promise_stretches_smoothly_as_orders_come_and_shrinks_as_people_do():
    milk = product()
    store = floor(milk, slots=40)
    team = [worker(store), worker(store)]

    def promised():
        found = goods.store_by_code(store.code)
        return orders.promise_for(found, to=found.point, lines=5, units=7, now=NOW)[0].to_m

    seen = [promised()]
    for _ in range(18):
        task_for(store, [milk])
        seen.append(promised())
    steps = [after - before for before, after in pairwise(seen)]
    assert min(steps) >= 0
    assert max(steps) <= 1
    assert seen[-1] >= seen[0] + 5
    services.start_shift(picker_id=worker(store, on_shift=False).pk, store_id=store.pk, now=NOW)
    more_hands = promised()
    rest(store, team[0])
    fewer = promised()
    services.end_break(picker_id=team[0].pk, store_id=store.pk, now=NOW)
    assert more_hands < seen[-1]
    assert more_hands < fewer < seen[-1] + 1
    assert promised() == more_hands


def test_why_it_takes_long_is_said_with_the_quote_and_kept_with_the_promise():
    milk = product()
    store = floor(milk)
    asha, ravi = worker(store), worker(store, on_shift=False)

    def why():
        found = goods.store_by_code(store.code)
        answer = orders.serviceability(point=found.point, now=NOW)
        kept = orders.promise_for(found, to=found.point, lines=5, units=7, now=NOW)[1].get("why")
        told = answer.as_dict()["eta_why"]
        assert told == kept
        return told

    assert why() is None
    for _ in range(5):
        task_for(store, [milk])
    assert why() == {"code": "many-orders", "sentence": "Many orders in the store right now."}
    for person in (asha, ravi):
        plan(store, person, time(14), time(18))
    assert why()["code"] == "few-hands"
    until = NOW + 30 * MINUTE
    stores.set_store_mode(store_id=store.pk, mode="rush", reason="Diwali", until=until, actor="user:1", now=NOW)
    assert why() == {"code": "rush", "sentence": "Rush: Diwali"}
    services.end_shift(picker_id=asha.pk, now=NOW)


def test_customers_read_why_and_nothing_when_all_is_as_usual(client):
    milk = product()
    store = floor(milk)
    worker(store)
    words = "Many orders in the store right now."

    def shop():
        return client.get("/").content.decode()

    assert words not in shop()
    StoreLoad.objects.filter(store=store).update(pick_backlog_s=600)
    assert words in shop()


def test_an_order_for_later_is_work_once_its_time_comes_near():
    milk = product()
    store = floor(milk)
    worker(store)
    for _ in range(4):
        waiting = order_for(store, [milk])
        Order.objects.filter(pk=waiting.pk).update(release_at=NOW + 10 * MINUTE)
    seen = staffing.state(store_id=store.pk, now=NOW)
    assert [(it.in_s, round(it.work_s)) for it in seen.floor().later] == [(600, 58)] * 4
    assert not staffing.state(store_id=store.pk, now=NOW - timedelta(hours=3)).later
    assert seen.open_orders == 0


def test_a_limit_holds_until_its_end_and_never_takes_more_than_the_store_can():
    milk = product()
    store = floor(milk)
    worker(store)
    task_for(store, [milk])
    until, ask = NOW + 60 * MINUTE, {"store_id": store.pk, "actor": "user:1", "now": NOW}
    for wrong in (
        {"most": 0, "reason": "Few", "until": until},
        {"most": 9_999, "reason": "Many", "until": until},
        {"most": 1, "reason": "", "until": until},
        {"most": 1, "reason": "Few", "until": NOW},
        {"most": 1, "reason": "Few", "until": None},
    ):
        with pytest.raises(Invalid):
            stores.set_store_limit(**ask, **wrong)
    for _ in range(2):
        stores.set_store_limit(**ask, most=1, reason="Two people are ill", until=until)

    def reason(now):
        return orders.serviceability(point=store.point, now=now).reason

    assert reason(NOW) == "full"
    assert reason(until) == ""
    stores.set_store_limit(**ask, most=None)
    assert reason(NOW) == ""


# -- days and pace -------------------------------------------------------------------------------------------------


def test_a_packed_order_is_counted_once_into_its_pickers_day(run_events):
    milk, bread = product(), product()
    store = floor(milk, bread)
    asha = worker(store)
    task = task_for(store, {milk: 2, bread: 1})
    packed(task, asha)
    run_events()
    run_events()
    services.note_refused(picker_id=asha.pk, store_id=store.pk, now=LATER)
    day = PickerStat.objects.get()
    assert (day.picker, day.day, day.tasks, day.lines, day.units) == (asha, TODAY, 1, 2, 3)
    assert (day.refused, day.shorted) == (1, 0)


def test_orders_picked_together_share_their_seconds():
    milk = product()
    store = floor(milk)
    asha = worker(store)
    at = {name: NOW + timedelta(seconds=s) for name, s in {"a": 0, "b": 100, "c": 130, "d": 150}.items()}
    tasks = []
    for packed_at in ("c", "d"):
        task = packed(task_for(store, [milk]), asha)
        PickTask.objects.filter(pk=task.pk).update(started_at=at["a"], picked_at=at["b"], packed_at=at[packed_at])
        tasks.append(task)
    for task in reversed(tasks):
        services.note_packed(task_id=task.pk)
    day = PickerStat.objects.get()
    assert (day.tasks, day.pick_s, day.pack_s) == (2, 100, 50)


def test_the_pace_is_learned_by_night_and_a_quick_floor_promises_sooner():
    milk = product()
    store = floor(milk, slots=20)
    asha = worker(store)
    for n in range(12):
        task = packed(task_for(store, [milk]), asha)
        began = NOW - timedelta(hours=n + 1)
        PickTask.objects.filter(pk=task.pk).update(started_at=began, packed_at=began + timedelta(seconds=30))
    task_for(store, [milk])
    before = backlog(store)
    for _ in range(2):
        assert services.learn_pace(now=NOW) == 3  # the house, the store, Asha
    own = PickPace.objects.get(picker=asha)
    assert own.orders == 12
    assert own.pace.seconds(1, 1) < 50
    services.write_load(store_id=store.pk, now=NOW)
    assert 0 < backlog(store) < before
    with pytest.raises(IntegrityError, match="pace_once"), transaction.atomic():
        PickPace.objects.create(store=store, picker=None, base_s=1, line_s=1, unit_s=1, learned_at=NOW)


# -- doors ---------------------------------------------------------------------------------------------------------


def test_the_screen_of_people_is_for_the_stores_manager_and_those_who_look_after_all_stores(client):
    milk = product()
    store = floor(milk)
    asha, manager = worker(store, name="Asha"), worker(store, role="store_manager")
    stranger = worker(make_store("BLR-Z"), role="store_manager", on_shift=False)
    page = f"/store/{store.code}/staff/"
    for who, status in ((asha, 403), (stranger, 403), (manager, 200), (UserFactory(roles=["ops"]), 200)):
        client.force_login(who)
        assert client.get(page).status_code == status
    form = {"person": asha.pk, "day": "2999-01-01", "preset": "06:00-14:00"}
    for who in (asha, stranger, UserFactory(roles=["ops"])):
        client.force_login(who)
        assert client.post(f"{page}plan/", form).status_code == 403
        assert client.post(f"{page}limit/", {"most": 3}).status_code == 403
    assert not PlannedShift.objects.exists()


def test_a_manager_plans_limits_and_sees_who_is_here(client):
    milk = product()
    store = floor(milk)
    asha, manager = worker(store, name="Asha"), worker(store, role="store_manager", name="Meena")
    task_for(store, [milk])
    client.force_login(manager)
    page = f"/store/{store.code}/staff/"
    day = staff.staff_of(goods.store_by_code(store.code), now=timezone.now()).days[1].day
    client.post(f"{page}plan/", {"person": asha.pk, "day": day.isoformat(), "preset": "06:00-14:00"})
    client.post(f"{page}plan/", {"person": asha.pk, "day": day.isoformat(), "from": "15:00", "to": "nonsense"})
    row = PlannedShift.objects.get()
    assert (row.user, row.day, row.from_time, row.to_time) == (asha, day, time(6), time(14))
    client.post(f"{page}limit/", {"most": "40", "minutes": "60", "reason": "Two people are ill"})
    shown = client.get(page).content.decode()
    for words in ("Asha", "06:00–14:00", "At most 40 open orders", "Two people are ill", "load-chart"):
        assert words in shown
    client.post(f"{page}limit/", {"act": "end"})
    client.post(f"{page}plan/{row.pk}/remove/")
    assert not PlannedShift.objects.exists()
    assert "At most 40" not in client.get(page).content.decode()


def test_the_screen_costs_the_same_for_two_people_and_for_six():
    milk = product()
    store = floor(milk)

    def cost():
        with CaptureQueriesContext(connection) as run:
            staff.staff_of(goods.store_by_code(store.code), now=NOW)
        return len(run)

    for _ in range(2):
        plan(store, worker(store), time(14), time(18))
    few = cost()
    for _ in range(4):
        plan(store, worker(store), time(14), time(18))
        task_for(store, [milk])
    assert cost() == few <= 10


def test_a_picker_rests_on_the_queue_screen_and_by_the_api(client, api):
    milk = product()
    store = floor(milk)
    asha = worker(store)
    client.force_login(asha)
    door = f"/store/{store.code}/shift/"
    client.post(door, {"act": "break", "minutes": "30"})
    assert "I am back" in client.get(f"/store/{store.code}/").content.decode()
    client.post(door, {"act": "back"})
    assert "I am back" not in client.get(f"/store/{store.code}/").content.decode()
    http, base = api(asha), f"/api/v1/floor/stores/{store.code}"
    begun = http.post(f"{base}/break/start/", {"minutes": 10}, HTTP_IDEMPOTENCY_KEY=uuid4().hex)
    assert begun.status_code == 201
    refused = http.post(f"{base}/next/")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/on-break")
    assert http.post(f"{base}/break/end/").status_code == 204
    assert http.post(f"{base}/break/start/", {"minutes": 99}, HTTP_IDEMPOTENCY_KEY=uuid4().hex).status_code == 400
    outsider = api(worker(make_store("BLR-Z"), on_shift=False))
    assert outsider.post(f"{base}/break/end/").status_code == 403


def test_what_is_kept_about_a_picker_is_told_and_forgotten():
    milk = product()
    store = floor(milk)
    asha = worker(store)
    plan(store, asha, time(14), time(18))
    rest(store, asha)
    services.note_refused(picker_id=asha.pk, store_id=store.pk, now=NOW)
    held = personal.held(user_id=asha.pk)
    assert [len(held[part]) for part in ("planned", "shifts", "breaks", "days")] == [1, 1, 1, 1]
    personal.forget(user_id=asha.pk, now=NOW)
    held = personal.held(user_id=asha.pk)
    assert [len(held[part]) for part in ("planned", "shifts", "breaks", "days")] == [0, 1, 0, 0]


def test_a_refused_scan_is_counted_and_nothing_else_changes(api):
    milk, bread = product(), product()
    store = floor(milk, bread)
    asha = worker(store)
    task = task_for(store, [milk])
    services.start(task_id=task.pk, picker_id=asha.pk, now=LATER)
    wrong = api(asha).post(f"/api/v1/floor/tasks/{task.pk}/scan/", {"barcode": bread.barcode, "nonce": "n1"})
    assert wrong.status_code == 409
    assert PickerStat.objects.get().refused == 1
    assert task.lines.get().picked_qty == 0
