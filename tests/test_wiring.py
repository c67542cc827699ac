"""What only the wiring knows: who follows which event, and where each person works."""

import pytest
from django.utils.module_loading import import_string

from accounts.tests.factories import UserFactory
from blinkit import wiring
from blinkit.kernel.events import reactions
from catalog.models import StoreMembership
from catalog.tests.factories import store
from notifications.rules import RULES


def test_every_event_people_are_told_about_is_wired():
    wired = {cls.code() for cls, handlers in wiring.REACTIONS.items() if wiring.TELL in handlers}
    assert wired == set(RULES)


def test_every_handler_is_there():
    for reaction in reactions().values():
        for handler in reaction.handlers:
            assert callable(import_string(handler)), handler


@pytest.mark.django_db
def test_a_picker_lands_at_their_store(client):
    phone = "+919876543210"
    user = UserFactory(phone=phone, password="a good one", roles=["picker"])
    StoreMembership.objects.create(user=user, store=store("BLR-X"))
    assert client.post("/staff/sign-in/", {"phone": phone, "password": "a good one"}).url == "/store/BLR-X/"
    assert client.get("/staff/sign-in/").url == client.get("/staff/").url == "/store/BLR-X/"
