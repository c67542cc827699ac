"""Every websocket address of the house, as the server routes it."""

from asgiref.sync import async_to_sync
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator

from blinkit.kernel import ws
from blinkit.kernel.tokens import access_token_for
from blinkit.urls import websocket_routes


def test_an_address_without_a_socket_is_refused_without_noise():
    application = ws.wrap(URLRouter(websocket_routes()))

    async def knock(path):
        socket = WebsocketCommunicator(application, path, subprotocols=["bearer", access_token_for(1, ["ops"])])
        connected, code = await socket.connect()
        await socket.disconnect()
        return connected, code

    for address in ("/ws/nowhere/", "/ws/orders/none/", "/elsewhere", "/"):
        assert async_to_sync(knock)(address) == (False, ws.CLOSE_REFUSED)
