"""The rider's socket."""

import pytest
from asgiref.sync import async_to_sync
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.urls import path

from accounts.tests.factories import UserFactory
from blinkit.kernel.tokens import access_token_for
from blinkit.kernel.ws import wrap
from catalog.tests.factories import store
from delivery.models import Rider
from delivery.services.history import write_positions
from delivery.tests.factories import rider
from delivery.urls import ws_urls
from delivery.ws import intake

pytestmark = pytest.mark.django_db(transaction=True)


def socket(token):
    application = wrap(URLRouter([path("ws/", URLRouter(ws_urls))]))
    return WebsocketCommunicator(application, "/ws/rider/", subprotocols=["bearer", token])


@pytest.fixture(autouse=True)
def _one_thread(settings):
    settings.LIVE_READ_THREADS = 0


def test_a_snapshot_first_then_positions_are_taken():
    who = rider(store())
    token = access_token_for(who.user_id, who.user.roles)

    async def talk():
        ws = socket(token)
        assert (await ws.connect())[0]
        first = await ws.receive_json_from(timeout=5)
        await ws.send_json_to({"type": "position", "lat": 12.956, "lng": 77.626})
        await ws.send_json_to({"type": "position", "lat": "north"})
        refused = await ws.receive_json_from(timeout=5)
        await ws.send_json_to({"type": "dance"})
        odd = await ws.receive_json_from(timeout=5)
        await intake().rest()
        await ws.disconnect()
        return first, refused, odd

    first, refused, odd = async_to_sync(talk)()
    assert (first["seq"], first["type"], first["data"]["on_duty"]) == (0, "snapshot", True)
    assert refused["type"] == odd["type"] == "refused"
    assert write_positions() == 1
    assert Rider.objects.get(pk=who.pk).lat == 12.956


def test_strangers_and_other_roles_stay_outside():
    async def knock(token):
        ws = socket(token)
        connected, _ = await ws.connect()
        await ws.disconnect()
        return connected

    for user in (UserFactory(), UserFactory(roles=["rider"]), UserFactory(roles=["ops"])):
        assert async_to_sync(knock)(access_token_for(user.pk, user.roles)) is False
