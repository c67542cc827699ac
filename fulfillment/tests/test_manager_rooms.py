"""The manager's screens: the live floor, the day, everything within two taps; and a picker's own day."""

import csv
import re
from datetime import date, timedelta
from io import StringIO

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from accounts.tests.factories import UserFactory
from catalog.models import Store
from catalog.tests.factories import NOW
from catalog.tests.factories import store as make_store
from fulfillment import daybook, services, watch
from fulfillment.models import PickTask, TaskState
from fulfillment.templatetags.floor import clock, compared, kind_word
from fulfillment.tests.factories import LATER, floor, packed, picked, product, task_for, worker
from inventory import services as inventory
from inventory.counts import CountTask
from inventory.models import Stock
from inventory.tests.factories import leave
from orders import services as orders
from orders.claims import Claim
from orders.models import Consent, Order, OrderLine

pytestmark = pytest.mark.django_db


@pytest.fixture
def goods():
    return product(name="Milk", zone="chilled"), product(name="Bread")


@pytest.fixture
def store(goods):
    return floor(*goods, slots=8)


@pytest.fixture
def web(client):
    def signed_in(user):
        client.force_login(user)
        return client

    return signed_in


def at(store, path=""):
    return f"/store/{store.code}/{path}"


# -- who may -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["floor/", "day/", "day/csv/"])
def test_the_floor_and_its_day_are_for_those_who_answer_for_it(web, client, store, path):
    assert "/sign-in/" in client.get(at(store, path))["Location"]
    assert web(UserFactory()).get(at(store, path)).status_code == 403
    assert web(worker(store)).get(at(store, path)).status_code == 403
    elsewhere = floor(product(), at=make_store("BLR-Z"))
    assert web(worker(elsewhere, role="store_manager")).get(at(store, path)).status_code == 403
    for who in (worker(store, role="store_manager"), UserFactory(roles=["ops"])):
        assert web(who).get(at(store, path)).status_code == 200


def test_every_room_is_two_taps_from_every_other(web, store):
    rooms = [
        "",
        "floor/",
        "stock/",
        "inbound/",
        "counts/",
        "wastage/",
        "replenish/",
        "transfers/",
        "day/",
        "me/",
        "paper/",
    ]
    boss = web(worker(store, role="store_manager"))
    more = boss.get(at(store, "more/")).content.decode()
    for room in rooms:
        assert f'href="{at(store, room)}"' in more
        page = boss.get(at(store, room)).content.decode()
        assert page.count(f'href="{at(store, "more/")}"') == 2, room  # the tab, and the bar at the foot of a phone
    picker = web(worker(store)).get(at(store, "more/")).content.decode()
    assert at(store, "me/") in picker and at(store, "floor/") not in picker and at(store, "day/") not in picker


# -- the live floor ----------------------------------------------------------------------------------------------------


def test_every_picker_is_a_tile_with_what_they_do_and_for_how_long(store, goods):
    asha, binod, chitra = (worker(store, name=name) for name in ("Asha", "Binod", "Chitra"))
    first, second, third = (task_for(store, goods) for _ in range(3))
    packed(task_for(store, goods), chitra)
    services.start(task_id=first.pk, picker_id=asha.pk, now=LATER)
    line = first.lines.order_by("walk").first()
    services.scan(task_id=first.pk, picker_id=asha.pk, barcode=line.product.barcode, nonce="1", now=LATER)
    picked(second, binod)
    orders.rider_accepted(order_id=third.order_id, rider_id=7, rider_name="Ravi", actor="rider:7", now=LATER)
    seen = watch.floor_now(store=store, now=LATER + timedelta(minutes=4))
    told = {tile.name: (tile.doing, tile.minutes, [held.card.number for held in tile.tasks]) for tile in seen.tiles}
    assert told == {
        "Asha": ("picking", 4, [first.order.number]),
        "Binod": ("packing", 4, [second.order.number]),
        "Chitra": ("free", 4, []),
    }
    held = next(tile.tasks[0] for tile in seen.tiles if tile.name == "Asha")
    following = first.lines.filter(done_at=None).order_by("walk").first()
    assert (held.card.done_units, held.card.units, held.bin) == (1, 2, following.bin_code)
    rider = seen.riders[0]
    assert (rider.name, rider.minutes, rider.is_ready, rider.waits) == ("Ravi", 4, False, True)
    assert (seen.capacity.open_orders, seen.capacity.pickers, seen.capacity.free) == (3, 3, 1)
    assert [tile.name for tile in seen.free_pickers] == ["Chitra"]


def test_nobody_on_a_break_is_asked_to_help(web, store, goods):
    asha, binod = worker(store, name="Asha"), worker(store, name="Binod")
    held = task_for(store, goods)
    services.start(task_id=held.pk, picker_id=asha.pk, now=NOW)
    services.start_break(picker_id=binod.pk, store_id=store.pk, minutes=15, now=NOW)
    seen = watch.floor_now(store=store, now=LATER)
    assert [(tile.name, tile.doing, tile.minutes) for tile in seen.tiles] == [
        ("Asha", "picking", 1),
        ("Binod", "break", 1),
    ]
    assert (seen.free_pickers, seen.capacity.free) == ([], 0)
    boss = web(worker(store, role="store_manager", on_shift=False))
    for page in ("", "floor/"):
        assert f'value="{binod.pk}"' not in boss.get(f"/store/{store.code}/{page}").content.decode()
    services.end_break(picker_id=binod.pk, store_id=store.pk, now=LATER)
    for page in ("", "floor/"):
        assert f'value="{binod.pk}"' in boss.get(f"/store/{store.code}/{page}").content.decode()


def test_the_floor_takes_five_statements_however_full_it_is(store, goods):
    def statements():
        with CaptureQueriesContext(
            connection,
        ) as asked:
            watch.floor_now(store=store, now=LATER)
        return len(asked)

    picked(task_for(store, goods), worker(store))
    assert statements() == 5
    for _ in range(3):
        picked(task_for(store, goods), worker(store))
        task_for(store, goods)
    assert statements() == 5


def test_the_manager_acts_from_the_floor_and_stays_there(web, store, goods):
    asha, binod = worker(store, name="Asha"), worker(store, name="Binod")
    waiting, held = task_for(store, goods), task_for(store, goods)
    services.start(task_id=held.pk, picker_id=asha.pk, now=NOW)
    http = web(worker(store, role="store_manager", on_shift=False))
    page = http.get(at(store, "floor/")).content.decode()
    assert "Asha" in page and f'name="picker" value="{binod.pk}"' in page
    assert 'value="split"' in page
    act = {"back": "floor"}
    for task, more in [
        (waiting, {"act": "pin"}),
        (held, {"act": "reassign", "picker": binod.pk}),
        (held, {"act": "give_back"}),
        (held, {"act": "give_back"}),
        (held, {"act": "reassign", "picker": binod.pk}),  # refused: nobody has it
    ]:
        answer = http.post(at(store, f"tasks/{task.pk}/"), act | more)
        assert answer["Location"] == at(store, "floor/")
    waiting.refresh_from_db()
    held.refresh_from_db()
    assert waiting.pinned and held.state == TaskState.OPEN
    answer = http.post(at(store, "mode/"), act | {"mode": "rush", "minutes": "20", "reason": "Too many orders at once"})
    assert answer["Location"] == at(store, "floor/") and Store.objects.get(pk=store.pk).mode == "rush"
    part = http.get(at(store, "floor/"), headers={"HX-Request": "true"}).content.decode()
    assert "Rush" in part and "<html" not in part


def test_an_order_of_several_zones_can_be_split_with_somebody_free(web, store, goods, monkeypatch):
    monkeypatch.setattr(services, "split", lambda **asked: None, raising=False)
    asha, binod = worker(store, name="Asha"), worker(store, name="Binod")
    held = task_for(store, goods)
    services.start(task_id=held.pk, picker_id=asha.pk, now=NOW)
    page = web(worker(store, role="store_manager", on_shift=False)).get(at(store, "floor/")).content.decode()
    assert f'name="helper" value="{binod.pk}"' in page and f'name="helper" value="{asha.pk}"' not in page
    assert re.findall(r'name="zones" value="(\w+)"( checked)?', page)[:2] == [("ambient", ""), ("chilled", " checked")]


def test_operations_see_the_floor_without_its_buttons(web, store, goods):
    task_for(store, goods)
    page = web(UserFactory(roles=["ops"])).get(at(store, "floor/")).content.decode()
    assert "The floor now" in page and "limit-sheet" not in page and "task-menu" not in page


# -- the day -----------------------------------------------------------------------------------------------------------


DAY = date(2026, 3, 10)


def moved(task: PickTask, *, opened: str, wait_s: int, work_s: int, **order: object) -> PickTask:
    """The task as it was on DAY: opened then (store's clock), packed wait and work later."""
    zone = timezone.get_fixed_timezone(330)
    hour, minute = map(int, opened.split(":"))
    opened_at = timezone.datetime(DAY.year, DAY.month, DAY.day, hour, minute, tzinfo=zone)
    started_at = opened_at + timedelta(seconds=wait_s)
    packed_at = started_at + timedelta(seconds=work_s)
    PickTask.objects.filter(pk=task.pk).update(
        opened_at=opened_at, started_at=started_at, packed_at=packed_at, due_at=opened_at + timedelta(seconds=200)
    )
    out_s, there_s, promised_s = order.get("out_s", 60), order.get("there_s", 300), order.get("promised_s", 700)
    Order.objects.filter(pk=task.order_id).update(
        promised_by=opened_at + timedelta(seconds=promised_s),
        picked_up_at=packed_at + timedelta(seconds=out_s),
        delivered_at=packed_at + timedelta(seconds=out_s + there_s),
    )
    return task


def test_the_day_of_a_store_counts_what_was_packed_between_its_own_midnights(store, goods):
    asha = worker(store)
    done = [packed(task_for(store, goods), asha) for _ in range(6)]
    moved(done[0], opened="00:01", wait_s=30, work_s=100)
    moved(done[1], opened="18:10", wait_s=50, work_s=120)
    moved(done[2], opened="18:20", wait_s=400, work_s=90)  # late: it waited
    moved(done[3], opened="18:30", wait_s=20, work_s=500)  # late: it was picked slowly
    moved(done[4], opened="23:50", wait_s=20, work_s=90, out_s=600)  # late: nobody took it
    moved(done[5], opened="23:59", wait_s=20, work_s=90)  # packed after midnight: tomorrow's
    report = daybook.day_of(store=store, day=DAY)
    now = report.figures
    assert (now.orders, now.lines, now.units) == (5, 10, 10)
    assert (now.pick_pack_p50_s, now.wait_p50_s) == (100, 30)
    assert now.pick_pack_p90_s == pytest.approx(348)  # between 120 and 500, six tenths of the way
    assert (now.promised, now.kept, now.kept_percent) == (5, 2, 40)
    assert (now.late_queue, now.late_pick, now.late_rider, now.late_road) == (1, 1, 1, 0)
    assert [(h.hour, h.orders, h.lines, h.percent) for h in report.hours] == [
        (0, 1, 2, 33),
        (18, 3, 6, 100),
        (23, 1, 2, 33),
    ]
    tomorrow = daybook.day_of(store=store, day=DAY + timedelta(days=1))
    assert (tomorrow.figures.orders, tomorrow.yesterday.orders, tomorrow.last_week.orders) == (1, 5, 0)
    assert compared(tomorrow) == "4 orders fewer than the day before. An order took 10 s less."
    assert daybook.day_of(store=store, day=DAY + timedelta(days=7)).last_week == now
    assert daybook.day_of(store=make_store("BLR-Z"), day=DAY).figures == daybook.DayFigures()


def test_days_are_read_on_indexes(store):
    since, until = daybook.bounds(DAY, store)
    asked = {"store": store.pk, "picker": 1, "since": since, "until": until, "zone": "Asia/Kolkata", "shown": 9}
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for sql, indexes in (
            (daybook._HOURS, ["task_day_of_store"]),
            (daybook._MISSING, ["task_day_of_store", "task_begun_in_vain"]),
            (daybook._OWN, ["task_day_of_picker"]),
        ):
            # Of a table with nothing in it every index costs the same, and chance takes one: only these are left.
            point = transaction.savepoint()
            cursor.execute(
                "SELECT x.relname FROM pg_index AS i JOIN pg_class AS x ON x.oid = i.indexrelid"
                " WHERE i.indrelid = 'fulfillment_picktask'::regclass AND NOT i.indisunique AND x.relname <> ALL(%s)",
                [indexes],
            )
            for (name,) in cursor.fetchall():
                cursor.execute(f'DROP INDEX "{name}"')
            cursor.execute(f"EXPLAIN {sql}", asked)
            plan = " ".join(row[0] for row in cursor.fetchall())
            transaction.savepoint_rollback(point)
            assert all(index in plan for index in indexes), plan


def test_missing_and_substituted_units_and_orders_of_which_nothing_was_found(store, goods):
    milk, _bread = goods
    asha = worker(store)
    butter = product(name="Butter", category=milk.category, zone="chilled")
    floor(butter, at=store, slots=0)
    one, gone = task_for(store, {milk: 3}), task_for(store, {milk: 1})
    OrderLine.objects.filter(order=one.order).update(consent=Consent.SUBSTITUTE, substitute_up_to_paise=100_000)
    for task, qty in ((one, 1), (gone, 1)):
        services.start(task_id=task.pk, picker_id=asha.pk, now=LATER)
        line = task.lines.get()
        services.short(task_id=task.pk, picker_id=asha.pk, line_id=line.pk, qty=qty, nonce="s", now=LATER)
        if task == one:
            services.substitute(
                task_id=one.pk, picker_id=asha.pk, line_id=line.pk, sku=butter.sku, qty=1, nonce="b", now=LATER
            )
            for n, code in enumerate((milk.barcode, butter.barcode)):
                services.scan(task_id=one.pk, picker_id=asha.pk, barcode=code, nonce=f"g{n}", now=LATER)
            services.pack(task_id=one.pk, picker_id=asha.pk, now=LATER)
    report = daybook.day_of(store=store, day=daybook.today_of(store, now=LATER))
    assert [(row.product, row.orders, row.units, row.substituted) for row in report.missing] == [(milk, 2, 3, 1)]
    assert (report.figures.orders, report.figures.units, report.figures.short_units) == (1, 2, 2)


def test_the_day_takes_six_statements_and_is_a_page_a_file_and_a_clear_no(web, store, goods):
    packed(task_for(store, goods), worker(store))
    short = task_for(store, goods)
    asha = worker(store)
    services.start(task_id=short.pk, picker_id=asha.pk, now=LATER)
    line = short.lines.get(product=goods[0])
    services.short(task_id=short.pk, picker_id=asha.pk, line_id=line.pk, qty=1, nonce="s", now=LATER)
    services.scan(task_id=short.pk, picker_id=asha.pk, barcode=goods[1].barcode, nonce="g", now=LATER)
    services.pack(task_id=short.pk, picker_id=asha.pk, now=LATER)
    with CaptureQueriesContext(connection) as asked:
        daybook.day_of(store=store, day=daybook.today_of(store, now=LATER))
    assert len(asked) == 6
    http = web(worker(store, role="store_manager"))
    day = daybook.today_of(store, now=LATER)
    PickTask.objects.update(packed_at=timezone.now())
    day = daybook.today_of(store, now=timezone.now())
    page = http.get(at(store, f"day/?day={day}")).content.decode()
    assert "Milk" in page and "orders picked" in page and "The day is not over yet." in page
    answer = http.get(at(store, f"day/csv/?day={day}"))
    rows = list(csv.reader(StringIO(answer.content.decode())))
    assert ["day", "orders", "2", "0", "0"] in rows and ["not found", f"{goods[0].sku} Milk", "1", "", ""] in rows
    for wrong in ("x", "2020-01-01", f"{day + timedelta(days=1)}", "2026-13-01"):
        assert http.get(at(store, f"day/?day={wrong}")).status_code == 400
    empty = http.get(at(store, f"day/?day={day - timedelta(days=3)}")).content.decode()
    assert "No order was packed on this day" in empty


# -- one's own day -----------------------------------------------------------------------------------------------------


def test_a_picker_sees_the_own_day_beside_the_own_week_and_nobody_elses(store, goods):
    asha, binod = worker(store), worker(store)
    mine = [packed(task_for(store, goods), asha) for _ in range(3)]
    theirs = packed(task_for(store, goods), binod)
    moved(mine[0], opened="18:00", wait_s=0, work_s=120)
    moved(mine[1], opened="18:01", wait_s=0, work_s=120)  # two totes at once: their minute together counts once
    moved(theirs, opened="18:00", wait_s=0, work_s=10)
    moved(mine[2], opened="12:00", wait_s=0, work_s=180)
    earlier = PickTask.objects.get(pk=mine[2].pk)
    PickTask.objects.filter(pk=mine[2].pk).update(
        started_at=earlier.started_at - timedelta(days=2), packed_at=earlier.packed_at - timedelta(days=2)
    )
    evening = PickTask.objects.get(pk=mine[1].pk).packed_at
    with CaptureQueriesContext(connection) as asked:
        own = daybook.own_day(picker_id=asha.pk, store=store, now=evening)
    assert len(asked) == 1
    assert (own.today.orders, own.today.lines, own.today.lines_per_hour) == (2, 4, 80)  # 4 lines in 180 s
    assert (own.before.orders, own.before.lines_per_hour) == (1, 40)
    assert (own.best_hour, own.streak, own.today.right_percent) == ((18, 4), 3, 100)
    line = OrderLine.objects.filter(order=mine[1].order_id).first()
    Claim.objects.create(
        batch=line.order_id, order_id=line.order_id, customer_id=line.order.customer_id, line=line, kind="missing",
        qty=1, state="refunded", created_at=evening,
    )  # fmt: skip
    own = daybook.own_day(picker_id=asha.pk, store=store, now=evening)
    assert (own.streak, own.today.right_percent) == (0, 75)
    assert kind_word(own) == "2 orders are on their way thanks to you."
    assert daybook.own_day(picker_id=binod.pk, store=store, now=evening).today.orders == 1


def test_the_own_day_has_no_address_for_anybody_else(web, store, goods):
    asha = worker(store, name="Asha")
    task = packed(task_for(store, goods), asha)
    PickTask.objects.filter(pk=task.pk).update(packed_at=timezone.now())
    assert "orders today" in web(asha).get(at(store, "me/")).content.decode()
    boss = web(worker(store, role="store_manager"))
    for path in ("me/", f"me/?picker={asha.pk}", f"me/?user={asha.pk}"):
        page = boss.get(at(store, path)).content.decode()
        assert "Nothing here yet" in page and "Asha" not in page
    assert "Asha" not in boss.get(at(store, "day/")).content.decode()
    assert web(UserFactory(roles=["ops"])).get(at(store, "me/")).status_code == 403


# -- stock -------------------------------------------------------------------------------------------------------------


def test_who_may_have_to_count_does_not_read_the_book(web, store, goods):
    row = Stock.objects.get(product=goods[0])
    leave(store, 37, goods[0])
    asha, boss = worker(store), worker(store, role="store_manager")
    figures = re.compile(r"<b[^>]*>37</b>")
    assert figures.search(web(asha).get(at(store, "stock/?q=milk")).content.decode())
    inventory.ask_for_count(stock_id=row.pk, actor="user:1", now=LATER)
    hidden = web(asha).get(at(store, "stock/?q=milk")).content.decode()
    assert "Being counted" in hidden and not figures.search(hidden)
    assert figures.search(web(boss).get(at(store, "stock/?q=milk")).content.decode())


def test_a_manager_alone_corrects_little_and_two_people_count_what_is_far_off(web, store, goods):
    milk = goods[0]
    leave(store, 20, milk)
    http = web(worker(store, role="store_manager"))
    door = at(store, f"stock/{milk.sku}/")
    http.post(door, {"act": "count", "units": "19", "reason": "Cycle count"})
    assert Stock.objects.get(product=milk).on_hand == 19 and not CountTask.objects.exists()
    answer = http.post(door, {"act": "count", "units": "9", "reason": "Cycle count"})
    task = CountTask.objects.get()
    assert answer["Location"] == at(store, f"counts/{task.pk}/")
    assert Stock.objects.get(product=milk).on_hand == 19
    http.post(door, {"act": "count", "units": "9", "reason": "Cycle count"})
    assert CountTask.objects.count() == 1


def test_words_of_the_floor():
    assert [clock(value) for value in (None, 7, 106.4, 3725)] == ["–", "0:07", "1:46", "1:02:05"]
    with translation.override("en"):
        assert compared(daybook.Day(DAY, *[daybook.DayFigures()] * 3, [], [], [], daybook.Counted(0, 0, 0))) == ""
