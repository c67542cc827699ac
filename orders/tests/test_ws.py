"""The socket of an order."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator

from blinkit.kernel import live, ws
from blinkit.kernel.tokens import access_token_for
from catalog.tests.factories import NOW
from orders import queries, services
from orders.states import Status
from orders.tests.factories import advance, order
from orders.urls import ws_urls
from orders.ws import OrderConsumer

pytestmark = pytest.mark.django_db(transaction=True)
LATER = NOW + timedelta(minutes=9)
APPLICATION = ws.wrap(URLRouter(ws_urls))


def socket(order_id, user_id, roles=("customer",)):
    return WebsocketCommunicator(
        APPLICATION, f"/orders/{order_id}/", subprotocols=["bearer", access_token_for(user_id, roles)]
    )


def test_the_customer_gets_a_snapshot_and_then_every_move():
    an_order = order()

    async def watch():
        live = socket(an_order.pk, an_order.customer_id)
        connected, _ = await live.connect()
        assert connected
        first = await live.receive_json_from(timeout=5)
        await sync_to_async(services.to_store)(order_id=an_order.pk, actor="system", now=NOW)
        second = await live.receive_json_from(timeout=5)
        await live.disconnect()
        return first, second

    first, second = async_to_sync(watch)()
    assert (first["seq"], first["type"], first["data"]["status"]) == (0, "snapshot", "CONFIRMED")
    assert first["data"]["otp"] == an_order.door_otp
    assert (second["seq"], second["data"]["status"]) == (1, "ASSIGNED_TO_STORE")


@pytest.mark.parametrize("roles", [("customer",), ("customer", "rider")])
def test_nobody_else_may_listen(roles):
    an_order = order()

    async def ask():
        live = socket(an_order.pk, an_order.customer_id + 1, roles)
        connected, _ = await live.connect()
        return connected

    assert async_to_sync(ask)() is False


def test_operations_may_listen_but_never_see_the_door_code():
    an_order = order()

    async def watch():
        live = socket(an_order.pk, an_order.customer_id + 1, ("ops",))
        assert (await live.connect())[0]
        first = await live.receive_json_from(timeout=5)
        await live.disconnect()
        return first

    assert async_to_sync(watch)()["data"]["otp"] is None


def test_positions_come_only_while_the_bags_are_on_the_road_and_say_nothing_else():
    """The customer's socket is in the order's group all the time; what is shared there too early or too late stays."""
    an_order = advance(order(), Status.ASSIGNED_TO_PARTNER)
    group, pk = f"order.{an_order.pk}", an_order.pk

    def at(seq):
        live.share(
            group, {"type": "position", "rider": 7, "lat": 12.9, "lng": 77.6, "at": "2026-01-05T10:00Z", "seq": seq}
        )

    async def watch():
        socket_of = socket(pk, an_order.customer_id)
        assert (await socket_of.connect())[0]
        seen = [await socket_of.receive_json_from(timeout=5)]
        await sync_to_async(at)(1)
        await sync_to_async(services.picked_up)(order_id=pk, bag_codes=["BAG-1"], actor="rider:7", now=LATER)
        seen.append(await socket_of.receive_json_from(timeout=5))
        await sync_to_async(at)(2)
        seen.append(await socket_of.receive_json_from(timeout=5))
        done = {"rider_id": 7, "otp": an_order.door_otp, "cash_paise": an_order.cash_due_paise, "actor": "rider:7"}
        await sync_to_async(services.delivered)(order_id=pk, now=LATER, **done)
        await sync_to_async(at)(3)
        seen.append(await socket_of.receive_json_from(timeout=5))
        nothing = await socket_of.receive_nothing(timeout=0.3)
        await socket_of.disconnect()
        return seen, nothing

    seen, nothing = async_to_sync(watch)()
    assert [(it["type"], it["data"].get("status")) for it in seen] == [
        ("snapshot", "ASSIGNED_TO_PARTNER"), ("snapshot", "PICKED_UP"), ("position", None), ("snapshot", "DELIVERED")
    ]  # fmt: skip
    assert seen[2]["data"] == {"lat": 12.9, "lng": 77.6, "at": "2026-01-05T10:00Z", "seq": 2} and nothing
    assert [it["data"].get("rider") for it in (seen[0], seen[3])] == [None, None]


def test_an_order_that_is_none_has_no_socket():
    async def ask():
        return (await socket(uuid4(), 1, ("ops",)).connect())[0]

    assert async_to_sync(ask)() is False


def test_coming_back_costs_four_statements_whoever_looks(django_assert_num_queries, client):
    """Owner and snapshot in one read: the order with its store, its lines, its payment, and the measured legs (which
    are kept for a minute elsewhere). A browser's session is in the cache: the person costs one more."""
    an_order = advance(order(products=8, qty=1), Status.IN_TRANSIT)
    client.force_login(an_order.customer)
    headers = [(b"cookie", f"sessionid={client.cookies['sessionid'].value}".encode()), (b"host", b"shop")]
    page = WebsocketCommunicator(
        APPLICATION, f"/orders/{an_order.pk}/", headers=[*headers, (b"origin", b"http://shop")]
    )

    async def seen(live):
        assert (await live.connect())[0]
        told = await live.receive_json_from(timeout=5)
        await live.disconnect()
        return told["data"]["number"]

    app = socket(an_order.pk, an_order.customer_id)
    queries.tracking(order_id=an_order.pk, customer_id=an_order.customer_id)  # counts the stars
    for live_socket, statements in ((app, 4), (page, 5)):
        with django_assert_num_queries(statements):
            assert async_to_sync(seen)(live_socket) == an_order.number


def test_a_hint_between_the_read_and_the_door_is_not_lost(monkeypatch):
    """The first snapshot was read before somebody was let in; what changes in that moment is read again."""
    an_order = order()
    accept = OrderConsumer.accept

    async def accept_late(self, *args, **kwargs):
        await sync_to_async(services.to_store)(order_id=an_order.pk, actor="system", now=NOW)
        while self._wanted <= 0:  # until the hint is here
            await asyncio.sleep(0.005)
        await accept(self, *args, **kwargs)

    monkeypatch.setattr(OrderConsumer, "accept", accept_late)

    async def watch():
        live = socket(an_order.pk, an_order.customer_id)
        assert (await live.connect(timeout=5))[0]
        told = [await live.receive_json_from(timeout=5) for _ in range(2)]
        await live.disconnect()
        return [(one["seq"], one["data"]["status"]) for one in told]

    assert async_to_sync(watch)() == [(0, "CONFIRMED"), (1, "ASSIGNED_TO_STORE")]


def test_two_customers_never_share_a_snapshot():
    """The owner's read is under way when a stranger asks for the same order."""
    an_order = order()

    async def both():
        own, strange = socket(an_order.pk, an_order.customer_id), socket(an_order.pk, an_order.customer_id + 1)
        answers = await asyncio.gather(own.connect(timeout=5), strange.connect(timeout=5))
        await own.disconnect()
        return [answer[0] for answer in answers]

    assert async_to_sync(both)() == [True, False]
