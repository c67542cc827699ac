"""What a customer reads when another store takes over, and when an order came late: once, in their language."""

import pytest

from catalog.tests.factories import NOW, ProductFactory
from catalog.tests.factories import store as make_store
from notifications import words
from notifications.models import Message
from orders import services
from orders.models import Cause
from orders.tests.factories import customer, place_order, shop
from orders.tests.test_late import handed_over, on_the_way

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh_words():
    words.forget()
    yield
    words.forget()


def read_by(order) -> list[str]:
    return [f"{one.subject} {one.body}" for one in Message.objects.filter(user_id=order.customer_id, channel="inapp")]


@pytest.mark.parametrize(("language", "said"), [("en", "at the same price"), ("hi", "दाम वही रहेगा")])
def test_another_store_is_told_once_with_its_name_and_the_same_price(run_events, language, said):
    milk = ProductFactory()
    first = shop(milk)
    second = shop(milk, at=make_store("BLR-U", lat=12.96, lng=77.63))
    order = place_order(customer(language=language), first, [milk])
    run_events()
    given = {"cause": Cause.DECLINED, "why": "No power", "actor": "user:1", "now": NOW}
    services.resource(order_id=order.pk, store_id=first.pk, **given)
    run_events()
    services.resource(order_id=order.pk, store_id=first.pk, **given)
    run_events()
    (told,) = [text for text in read_by(order) if said in text]
    assert second.name in told and order.number in told


def test_an_order_nobody_could_do_is_told_with_why(run_events):
    milk = ProductFactory()
    first = shop(milk)
    order = place_order(customer(), first, [milk])
    given = {"cause": Cause.DECLINED, "why": "No power", "actor": "user:1", "now": NOW}
    services.resource(order_id=order.pk, store_id=first.pk, **given)
    run_events()
    (told,) = [text for text in read_by(order) if "no other store near you has everything" in text]
    assert "all of it goes back to you" in told


def test_credit_for_coming_late_is_told_once(run_events):
    order = handed_over(on_the_way(), after_m=45)
    run_events()
    run_events()
    (told,) = [text for text in read_by(order) if "came late" in text]
    assert "₹100" in told and order.number in told
