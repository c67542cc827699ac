"""Another try at paying keeps what was held for the order, and ends with one payment."""

import pytest

from catalog.tests.factories import NOW, ProductFactory
from inventory.models import Hold, Stock
from orders.models import Order
from orders.states import Status
from orders.tests.factories import address, customer, full_cart, shop
from payments import services as money
from payments.gateways import sandbox
from payments.models import Attempt, Payment, Refund
from payments.tests.factories import tell

pytestmark = pytest.mark.django_db


@pytest.fixture
def order():
    from orders import services

    user, product = customer(), ProductFactory()
    place = shop(product, units=5)
    view = full_cart(user, place, {product: 2})
    return services.checkout(
        customer_id=user.pk, address_id=address(user).pk, method="online", bill_fingerprint=view.fingerprint, now=NOW
    )


def begin(order, instrument):
    payment = Payment.objects.get(ref=order.pk)
    return money.start_attempt(payment_id=payment.pk, customer_id=order.customer_id, instrument=instrument, now=NOW)[
        "intent_id"
    ]


def test_after_a_decline_another_way_pays_and_the_goods_were_held_all_the_time(order, run_events):
    held = list(Hold.objects.values_list("pk", "state"))
    for way in ("upi", "card"):
        sandbox.decide(intent_id=begin(order, way), outcome="decline", now=NOW)
        tell(NOW)
        run_events()
        assert Stock.objects.get().held == 2
        assert list(Hold.objects.values_list("pk", "state")) == held
        order.refresh_from_db()
        assert order.status == Status.PENDING
    sandbox.decide(intent_id=begin(order, "netbanking"), outcome="pay", now=NOW)
    tell(NOW)
    run_events()
    assert Order.objects.get().status == Status.ASSIGNED_TO_STORE
    assert Stock.objects.get().held == 2
    assert sorted(Attempt.objects.values_list("state", flat=True)) == ["captured", "declined", "declined"]
    assert not Refund.objects.exists()
