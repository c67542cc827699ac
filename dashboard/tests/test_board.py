"""The live board: right figures, a fixed number of statements, only for operations."""

from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.utils import timezone

from accounts.tests.factories import UserFactory
from blinkit.kernel import live, ws
from blinkit.kernel.tokens import access_token_for
from catalog import services as stores
from catalog.models import Store
from catalog.tests.factories import NOW, ProductFactory
from catalog.tests.factories import store as make_store
from dashboard import queries
from dashboard.queries.board import forget_board
from dashboard.urls import ws_urls
from delivery import services
from delivery.models import Stop, StopState
from delivery.services import incidents
from delivery.tests.factories import BAGS, offered, rider, waiting_job
from delivery.tests.test_incidents import stranded
from orders import services as orders
from orders.models import Order
from orders.states import Status
from orders.tests.factories import advance, customer, order, place_order, shop
from orders.tests.slots import slot

pytestmark = pytest.mark.django_db
BOARD_STATEMENTS = 7
"""With measured legs, which are kept for a minute outside of tests."""


@pytest.fixture(autouse=True)
def _anew():
    forget_board()
    yield
    forget_board()


def state(board, status):
    return next(s for s in board.states if s.state == status)


def test_counts_orders_by_state_with_the_time_left_of_the_nearest():
    first = order()
    advance(order(at=first.store), Status.PICKING)
    board = queries.board(now=NOW)
    assert (board.open, state(board, "CONFIRMED").count, state(board, "PICKING").count) == (2, 1, 1)
    assert state(board, "CONFIRMED").least_left_s == int((first.promised_by - NOW).total_seconds())
    (row,) = board.stores
    assert (row.open, row.to_pick, row.picking, row.packed) == (2, 1, 1, 0)


def test_an_order_is_at_risk_before_it_is_late_and_says_why():
    an_order = order()
    assert queries.board(now=NOW).at_risk == []
    (soon,) = queries.board(now=an_order.promised_by - timedelta(seconds=60)).at_risk
    assert (soon.is_late, soon.why) == (False, "The store has not taken it up yet")
    assert soon.expected_late_s > 0
    (late,) = queries.board(now=an_order.promised_by + timedelta(minutes=3)).at_risk
    assert (late.is_late, late.late_m) == (True, 3)


def test_an_order_nobody_wants_is_first_in_the_queue_and_a_rider_can_be_sent(client):
    job = waiting_job()
    who = rider(job.store)
    assert queries.board(now=NOW).at_risk == []
    services.decline(offer_id=offered(job).pk, rider_id=who.pk, reason="Too far", now=NOW)
    (stuck,) = queries.board(now=NOW).at_risk
    assert (stuck.id, stuck.why, stuck.is_late) == (job.order_id, "No rider: all said no", False)
    client.force_login(UserFactory(roles=["ops"]))
    client.post(f"/ops/orders/{job.order_id}/assign/", {"rider": who.pk})
    assert Order.objects.get(pk=job.order_id).rider_id_ref == who.pk
    assert not any(risk.nobody_goes for risk in queries.board(now=NOW).at_risk)


def test_riders_show_what_they_do():
    store = make_store()
    rider(store)
    rider(store, on_duty=False)
    board = queries.board(now=NOW)
    assert [r.state for r in board.riders] == ["idle"]
    assert (board.stores[0].riders_on, board.stores[0].riders_idle) == (1, 1)


def test_a_rider_with_bags_to_bring_back_or_another_rider_to_help_is_not_free(client):
    made, _stop, helper = stranded()
    later = NOW + timedelta(minutes=10)

    def doing():
        forget_board()
        return {dot.id: (dot.state, dot.label) for dot in queries.board(now=later).riders}

    services.send_rescue(from_rider_id=made.rider_id, to_rider_id=helper.pk, why="Flat", actor="user:1", now=later)
    assert doing()[helper.pk] == ("rescue", "To another rider")
    client.force_login(helper.user)
    client.post("/rider/trip/take-over/", {"bag": BAGS})
    own = Stop.objects.get(trip__rider=helper, state=StopState.ON_BOARD)
    assert doing()[helper.pk] == ("on_board", "To a door")
    client.post(f"/rider/stops/{own.pk}/arrive/")
    client.post(f"/rider/stops/{own.pk}/wait/")
    client.post(f"/rider/stops/{own.pk}/fail/", {"reason": "refused"})
    assert doing()[helper.pk] == ("back", "Bringing bags back")


def test_who_called_for_help_is_not_free_but_said_so(client):
    who = rider(make_store())
    incidents.tell(rider_id=who.pk, kind="accident", nonce="a", now=NOW)
    board = queries.board(now=NOW)
    assert [(dot.state, dot.label) for dot in board.riders] == [("help", "Called for help")]
    assert board.riders_idle == board.stores[0].riders_idle == 0


def test_today_counts_what_was_delivered_and_whether_in_time():
    done = advance(order(), Status.DELIVERED)
    today = queries.board(now=done.delivered_at + timedelta(minutes=1)).today
    assert (today.delivered, today.on_time_percent) == (1, 100 if done.delivered_at <= done.promised_by else 0)
    Order.objects.update(promised_by=done.delivered_at)
    assert queries.board(now=done.delivered_at).today.on_time_percent == 100
    assert today.median_m == pytest.approx((done.delivered_at - done.confirmed_at).total_seconds() / 60, abs=0.1)


def test_the_last_hour_has_sixty_minutes():
    order()
    board = queries.board(now=NOW + timedelta(seconds=5))
    assert (len(board.minutes), board.last_hour, board.minutes[-1][1]) == (60, 1, 1)


def test_statements_do_not_grow_with_the_city(django_assert_num_queries):
    for code in ("BLR-1", "BLR-2"):
        place = make_store(code)
        order(at=place)
        advance(order(at=place), Status.PACKED)
        rider(place)
        rider(place)
    with django_assert_num_queries(BOARD_STATEMENTS):
        queries.board(now=NOW)


def test_many_looks_within_a_second_read_once(django_assert_num_queries):
    make_store()
    with django_assert_num_queries(BOARD_STATEMENTS):
        for _ in range(5):
            queries.board_lately()


def test_the_page_and_its_moving_part(client):
    an_order = order()
    client.force_login(UserFactory(roles=["ops"]))
    page = client.get("/ops/")
    assert page.status_code == 200
    assert b'data-theme="dark"' in page.content and b"/ws/ops/" in page.content
    assert f"state={an_order.status}".encode() in page.content
    part = client.get("/ops/", headers={"HX-Request": "true"})
    assert b"ops-states" in part.content and b"<html" not in part.content


@pytest.mark.parametrize("path", ["/ops/", "/ops/riders/", "/ops/orders/"])
@pytest.mark.parametrize("role", ["customer", "picker", "store_manager", "rider"])
def test_nobody_else_comes_in(client, path, role):
    client.force_login(UserFactory(roles=[role]))
    assert client.get(path).status_code == 403
    assert client.get(path, headers={"HX-Request": "true"}).status_code == 403


def test_strangers_sign_in_first(client):
    answer = client.get("/ops/")
    assert (answer.status_code, answer.url.split("?")[0]) == (302, "/sign-in/")


def test_the_board_and_the_store_say_why_a_promise_is_long_now(client):
    store = make_store()
    stores.write_store_load(store_id=store.pk, now=NOW, pick_backlog_s=600, pickers_on=1, pickers_planned=3)
    client.force_login(UserFactory(roles=["ops"]))
    for page in ("/ops/", f"/ops/stores/{store.code}/"):
        assert "Fewer people on the floor than planned." in client.get(page).content.decode()
    stores.write_store_load(store_id=store.pk, now=NOW, pick_backlog_s=60)
    assert queries.board(now=NOW).stores[0].why_long == ""


def test_a_store_is_paused_with_a_reason_and_an_end_and_opened_again(client):
    store = make_store()
    client.force_login(UserFactory(roles=["ops"]))
    assert client.get(f"/ops/stores/{store.code}/").status_code == 200
    client.post(f"/ops/stores/{store.code}/mode/", {"mode": "paused", "reason": "", "minutes": "30"})
    assert Store.objects.get().mode == "open"
    client.post(f"/ops/stores/{store.code}/mode/", {"mode": "paused", "reason": "Power cut", "minutes": "30"})
    paused = Store.objects.get()
    assert (paused.mode, paused.mode_reason) == ("paused", "Power cut")
    assert timedelta(minutes=29) < paused.mode_until - timezone.now() <= timedelta(minutes=30)
    client.post(f"/ops/stores/{store.code}/mode/", {"mode": "open"})
    assert Store.objects.get().mode == "open"


def test_the_riders_page_filters(client):
    store = make_store()
    rider(store, name="Farhan")
    client.force_login(UserFactory(roles=["admin"]))
    assert b"Farhan" in client.get("/ops/riders/?state=idle").content
    assert b"Farhan" not in client.get("/ops/riders/?state=on_board").content


APPLICATION = ws.wrap(URLRouter(ws_urls))


def socket(roles):
    return WebsocketCommunicator(APPLICATION, "/ops/", subprotocols=["bearer", access_token_for(1, roles)])


@pytest.mark.django_db(transaction=True)
def test_the_socket_sends_the_board_and_riders_as_they_move(settings):
    settings.LIVE_READ_THREADS = 0
    order()

    async def watch():
        board = socket(("ops",))
        assert (await board.connect())[0]
        first = await board.receive_json_from(timeout=5)
        live.share("ops", {"type": "position", "rider": 4, "lat": 12.9, "lng": 77.6})
        second = await board.receive_json_from(timeout=5)
        await board.disconnect()
        return first, second

    first, second = async_to_sync(watch)()
    assert (first["type"], first["data"]["open"], len(first["data"]["stores"])) == ("snapshot", 1, 1)
    assert (second["type"], [one["rider"] for one in second["data"]]) == ("positions", [4])
    assert Order.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("role", ["customer", "picker", "store_manager", "rider"])
def test_the_socket_is_for_operations(role):
    async def ask():
        return (await socket((role,)).connect())[0]

    assert async_to_sync(ask)() is False


def test_an_order_for_later_is_no_open_load_until_its_time():
    milk = ProductFactory()
    place = shop(milk)
    kept = place_order(customer(), place, [milk], slot_id=slot(place).pk)
    board = queries.board(now=NOW)
    assert (board.open, state(board, "CONFIRMED").count, board.at_risk) == (0, 0, [])
    assert [found.number for found in queries.order_list(now=NOW, state="later")] == [kept.number]
    orders.release_due(now=kept.release_at)
    assert state(queries.board(now=kept.release_at), "CONFIRMED").count == 1
    assert not queries.order_list(now=NOW, state="later").exists()
