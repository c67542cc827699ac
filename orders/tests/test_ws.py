"""The socket of an order."""

from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator

from blinkit.kernel import ws
from blinkit.kernel.tokens import access_token_for
from catalog.tests.factories import NOW
from orders import services
from orders.tests.factories import order
from orders.urls import ws_urls

pytestmark = pytest.mark.django_db(transaction=True)
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


def test_an_order_that_is_none_has_no_socket():
    async def ask():
        return (await socket(uuid4(), 1, ("ops",)).connect())[0]

    assert async_to_sync(ask)() is False
