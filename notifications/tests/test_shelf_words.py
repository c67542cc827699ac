"""What the people of a store are told about its shelves."""

import pytest

from accounts.tests.factories import UserFactory
from catalog.tests.factories import ProductFactory, store
from inventory.events import HeldMissingNotice, LowStockNotice
from notifications import services, words
from notifications.models import Message
from notifications.tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh_words():
    words.forget()
    yield
    words.forget()


def told(notice, language="en", **more):
    person = UserFactory(language=language)
    place, product = store("BLR-T"), ProductFactory(name="Milk")
    event = notice(**{"user_id": person.pk, "store_code": place.code, "n": 7, "product_id": product.pk} | more)
    services.tell(event=event, event_id=1, now=NOW)
    return list(Message.objects.filter(user=person, channel="inapp"))


def test_low_stock_is_told_in_the_app_with_the_page_to_order_from():
    (message,) = told(LowStockNotice)
    assert "Milk" in message.subject and "7 products" in message.body
    assert message.link == "/store/BLR-T/replenish/"


def test_missing_units_of_orders_are_told_in_the_persons_language():
    (message,) = told(HeldMissingNotice, language="hi")
    assert "ऑर्डर" in message.subject and message.link == "/store/BLR-T/counts/"


def test_nobody_is_told_of_a_store_that_is_gone():
    assert told(LowStockNotice, store_code="NOWHERE") == []
