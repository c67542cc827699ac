"""The shelf's socket: what it tells of prices and stock, how often, and who may listen."""

from __future__ import annotations

import asyncio

import pytest
from asgiref.sync import async_to_sync
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import path
from django.utils import timezone

import inventory.services as stock
from blinkit.kernel import live, ws
from catalog import services as goods
from catalog.tests.factories import ProductFactory
from orders import watching
from orders.queries.watched import watched
from orders.tests.factories import shop
from orders.urls import ws_urls
from orders.ws import ShelfConsumer

OURS = [(b"origin", b"http://shop.test"), (b"host", b"shop.test")]


@pytest.fixture
def milk():
    return ProductFactory(sku="MILK", mrp_paise=6000, pack_size=500, pack_unit="ml")


@pytest.fixture
def store(milk):
    return shop(milk)


@pytest.fixture
def no_limits(settings):
    settings.RATE_LIMIT_PER_MINUTE = 0


def knock(code, *, headers=OURS):
    routes = URLRouter([path("ws/", URLRouter(ws_urls))])
    application = ws.wrap(routes, open_to_all=("/ws/shelf/",))
    return WebsocketCommunicator(application, f"/ws/shelf/{code}/", headers=list(headers))


def reprice(store, product, paise):
    goods.set_price(
        store_id=store.pk, product_id=product.pk, price_paise=paise, actor="test", reason="", now=timezone.now()
    )


def leave_only(store, product, free):
    stock.count(store_id=store.pk, product_id=product.pk, counted=free, reason="", actor="test", now=timezone.now())


def listening(store, act):
    """What two guests hear after `act` ran in a thread: (first message, second guest's messages)."""

    async def talk():
        one, two = knock(store.code), knock(store.code)
        assert (await one.connect())[0] and (await two.connect())[0]
        first = await one.receive_json_from(5)
        await two.receive_json_from(5)
        heard = []
        await asyncio.to_thread(in_own_connection, act)
        while not await one.receive_nothing(2 if not heard else 0.3):
            heard.append((await one.receive_json_from(), await two.receive_json_from(2)))
        await one.disconnect()
        await two.disconnect()
        return first, heard

    return async_to_sync(talk)()


def in_own_connection(act):
    try:
        act()
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_guests_hear_a_new_price_with_everything_a_card_shows(store, milk):
    first, heard = listening(store, lambda: reprice(store, milk, 4500))
    assert (first["seq"], first["type"], first["data"]["items"]) == (0, "snapshot", [])
    item = {
        "sku": "MILK",
        "price_paise": 4500,
        "mrp_paise": 6000,
        "unit": {"paise": 900, "per": "100 ml"},
        "left": None,
        "available": True,
    }
    assert [one for one, _ in heard] == [{"seq": 1, "type": "shelf", "data": [item]}]
    assert all(one == two for one, two in heard)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("free", "said"), [(0, (None, False)), (3, (3, True))], ids=["sold out", "only three are left"]
)
def test_stock_is_told_when_a_customer_would_see_the_difference(store, milk, free, said):
    _, heard = listening(store, lambda: leave_only(store, milk, free))
    (item,) = heard[-1][0]["data"]
    assert (item["left"], item["available"]) == said


@pytest.mark.django_db(transaction=True)
def test_one_unit_less_of_many_is_nobodys_news(store, milk, monkeypatch):
    sent = []
    monkeypatch.setattr(live, "_publish", lambda messages: sent.extend(group for group, _ in messages))
    leave_only(store, milk, 400)
    sent.clear()
    leave_only(store, milk, 399)
    assert f"shelf.{store.code}" not in sent
    leave_only(store, milk, 4)
    assert f"shelf.{store.code}" in sent


@pytest.mark.django_db(transaction=True)
def test_a_transaction_is_one_message_with_all_its_products(store, milk):
    bread = ProductFactory(sku="BREAD", mrp_paise=5000)
    goods.put_on_shelf(store_id=store.pk, rows=[(bread.pk, 5000)], actor="test", now=timezone.now())
    prices = [(milk.pk, 5000), (bread.pk, 4000)]

    def both():
        with transaction.atomic():
            goods.put_on_shelf(store_id=store.pk, rows=prices, actor="test", now=timezone.now())
            leave_only(store, milk, 2)

    _, heard = listening(store, both)
    assert [{item["sku"] for item in one["data"]} for one, _ in heard] == [{"MILK", "BREAD"}]


@pytest.mark.django_db(transaction=True)
def test_a_product_taken_off_the_shelf_is_no_longer_available(store, milk):
    take_off = lambda: goods.set_listed(store_id=store.pk, product_ids=[milk.pk], listed=False, now=timezone.now())  # noqa: E731
    _, heard = listening(store, take_off)
    assert heard[-1][0]["data"][0]["available"] is False


@pytest.mark.django_db(transaction=True)
def test_what_changed_a_moment_ago_is_told_to_who_comes_now(store, milk):
    async def talk():
        early, late = knock(store.code), knock(store.code)
        await early.connect()
        await early.receive_json_from(5)
        await asyncio.to_thread(in_own_connection, lambda: reprice(store, milk, 4200))
        await early.receive_json_from(5)
        await late.connect()
        snapshot = await late.receive_json_from(5)
        await early.disconnect()
        await late.disconnect()
        return snapshot

    data = async_to_sync(talk)()["data"]
    assert [item["price_paise"] for item in data["items"]] == [4200] and data["since_s"] > 0
    assert watching._watches == {}  # nobody looks: nothing is listened to


@pytest.mark.django_db(transaction=True)
def test_too_much_to_tell_is_told_as_stale(store, milk, monkeypatch):
    monkeypatch.setattr("catalog.services.shelf.TOLD_BY_NAME", 0)
    _, heard = listening(store, lambda: reprice(store, milk, 4100))
    assert [one["type"] for one, _ in heard] == ["stale"]


class Ear:
    def __init__(self):
        self.heard = []

    async def tell(self, kind, data):
        self.heard.append((kind, data))

    async def close(self, code):
        self.heard.append(("closed", code))


def watch_of(ears, monkeypatch, rows, *, clock):
    """A watch without a channel layer, on a clock that only the test moves, reading `rows` instead of a database."""
    real_sleep = asyncio.sleep

    async def sleep(seconds):
        until = clock[0] + seconds
        while clock[0] < until:
            await real_sleep(0)

    async def in_thread(read):
        return list(rows)

    async def subscribe(self):
        self.since = self._clock()

    monkeypatch.setattr(watching.asyncio, "sleep", sleep)
    monkeypatch.setattr(watching.ws, "in_thread", in_thread)
    monkeypatch.setattr(watching.ShelfWatch, "_subscribe", subscribe)
    watch = watching.ShelfWatch("X", 1, clock=lambda: clock[0])
    watch.watchers |= set(ears)
    return watch


async def let_it_run():
    event = asyncio.Event()
    for _ in range(20):
        asyncio.get_running_loop().call_soon(event.set)
        await event.wait()
        event.clear()


class Row:
    def __init__(self, left):
        self.product_id, self.left = 1, left

    def as_dict(self):
        return {"sku": "HOT", "left": self.left}


def test_a_product_sold_fifty_times_a_second_is_told_ten_times_a_second_and_last_as_it_is(monkeypatch):
    clock, ear, rows = [100.0], Ear(), [Row(50)]

    async def sell():
        watch = watch_of([ear], monkeypatch, rows, clock=clock)
        for sold in range(1, 51):
            rows[0] = Row(50 - sold)
            await watch.note(["1"])
            await let_it_run()
            clock[0] += 0.02
        while not watch._flush.done():
            clock[0] += 0.02
            await let_it_run()
        return clock[0] - 100.0

    took = asyncio.run(sell())
    assert took < 1.3 and 5 <= len(ear.heard) <= took / watching.LEAST_GAP_S + 1
    assert ear.heard[0] == ("shelf", b'[{"sku":"HOT","left":49}]')  # the first at once
    assert ear.heard[-1] == ("shelf", b'[{"sku":"HOT","left":0}]')


def test_a_socket_that_does_not_take_its_messages_is_let_go(monkeypatch):
    class Stuck(Ear):
        async def tell(self, kind, data):
            await asyncio.Event().wait()

    good, stuck = Ear(), Stuck()
    monkeypatch.setattr(watching, "SLOW_SOCKET_S", 0.01)

    async def talk():
        watch = watch_of([good, stuck], monkeypatch, [Row(1)], clock=[0.0])
        await watch._tell("stale", b"{}")
        return watch.watchers

    assert asyncio.run(talk()) == {good}
    assert stuck.heard == [("closed", ws.CLOSE_TRY_LATER)]


@pytest.mark.django_db
def test_one_statement_reads_all_that_changed(store, milk, django_assert_num_queries):
    with django_assert_num_queries(1):
        (row,) = watched(store_id=store.pk, product_ids=[milk.pk])
    assert row.sku == "MILK"


@pytest.mark.django_db
def test_a_hold_has_no_statement_more_for_the_shelf(store, milk, django_assert_num_queries):
    leave_only(store, milk, 4)
    with transaction.atomic(), django_assert_num_queries(3):
        stock.hold(
            ref="00000000-0000-0000-0000-00000000000a", store_id=store.pk, basket={milk.pk: 1}, until=None,
            actor="test", now=timezone.now(),
        )  # fmt: skip


@pytest.mark.django_db
def test_the_page_reads_its_products_again_in_one_statement_of_its_own(store, milk, client):
    client.get(f"/shelf-now/{store.code}/?skus=MILK")
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(f"/shelf-now/{store.code}/?skus=MILK,NOPE")
    assert [item["sku"] for item in answer.json()["items"]] == ["MILK"]
    assert len(asked) <= 2
    assert client.get("/shelf-now/NOPE/?skus=A").status_code == 404
    assert client.get(f"/shelf-now/{store.code}/").json() == {"items": []}


@pytest.mark.django_db(transaction=True)
def test_strangers_pages_unknown_stores_and_the_hundredth_socket_are_refused(store, settings):
    settings.RATE_LIMIT_PER_MINUTE, settings.RATE_LIMIT_TRUST_LOOPBACK = 100, False
    settings.SOCKETS_PER_ADDRESS = 2

    async def talk():
        elsewhere = knock(store.code, headers=[(b"origin", b"http://evil.test"), (b"host", b"shop.test")])
        nowhere = knock("NO-SUCH")
        refused = [(await socket.connect())[0] for socket in (elsewhere, nowhere)]
        two = [knock(store.code), knock(store.code)]
        opened = [(await socket.connect())[0] for socket in two]
        third = knock(store.code)
        refused.append((await third.connect())[0])
        for socket in (elsewhere, nowhere, third):
            await socket.wait()
        await two[0].disconnect()
        again = knock(store.code)
        opened.append((await again.connect())[0])
        await again.disconnect()
        await two[1].disconnect()
        return refused, opened

    refused, opened = async_to_sync(talk)()
    assert refused == [False, False, False] and opened == [True, True, True]
    assert not ShelfConsumer.open_from


@pytest.mark.django_db(transaction=True)
def test_knocking_too_often_is_refused(store, settings):
    settings.RATE_LIMIT_PER_MINUTE, settings.RATE_LIMIT_TRUST_LOOPBACK = 1, False

    async def talk():
        opened = []
        for _ in range(3):
            socket = knock(store.code)
            opened.append((await socket.connect())[0])
            await (socket.disconnect() if opened[-1] else socket.wait())
        return opened

    assert False in async_to_sync(talk)()
    assert live.client().ping()
