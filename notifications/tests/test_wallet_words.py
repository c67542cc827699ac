"""What people read about their wallet and membership."""

from datetime import timedelta

import pytest

from accounts.tests.factories import UserFactory
from blinkit.kernel.ids import uuid7
from notifications import services, words
from notifications.models import Message
from notifications.tests.factories import NOW
from orders.models import Order
from orders.tests.factories import order
from payments.events import MembershipBegun, MembershipEnding, RefundCompleted, WalletCredited

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh_words():
    words.forget()
    yield
    words.forget()


def told(event):
    services.tell(event=event, event_id=1, now=NOW)
    message = Message.objects.get(channel="inapp")
    return message.subject, message.body, message.link


@pytest.mark.parametrize(
    ("source", "language", "begins"),
    [
        ("cashback", "en", "Your cashback has come. Spend it by "),
        ("referral", "en", "For sharing the shop with a friend. Spend it by "),
        ("goodwill", "en", "From us: Late and cold. Spend it by "),
        ("cashback", "hi", "आपका कैशबैक आ गया। "),
    ],
)
def test_credit(source, language, begins):
    user = UserFactory(language=language)
    ends = NOW + timedelta(days=90)
    subject, body, link = told(WalletCredited(user.pk, 4_000, source, "late and cold", expires_at=ends))
    assert "₹40" in subject and body.startswith(begins) and link == "/wallet/"


def test_membership():
    user = UserFactory()
    until = NOW + timedelta(days=30)
    assert told(MembershipBegun(user.pk, "Plus", until))[2] == "/membership/"
    Message.objects.all().delete()
    subject, body, _ = told(MembershipEnding(user.pk, until))
    assert subject.startswith("Your membership ends on ") and "does not renew" in body


def test_a_refund_says_where_it_is():
    placed = order(products=1)
    Message.objects.all().delete()
    assert told(RefundCompleted(uuid7(), placed.pk, 500, to_wallet=True))[1].endswith("It is in your wallet.")
    Message.objects.all().delete()
    known_already = RefundCompleted(uuid7(), placed.pk, 500, to_wallet=True, told=True)
    assert services.tell(event=known_already, event_id=77, now=NOW) == 0
    assert told(RefundCompleted(uuid7(), placed.pk, 500))[1].endswith("Banks may take a day to show it.")


def test_a_payment_that_is_no_orders_tells_nobody_about_an_order():
    assert services.tell(event=RefundCompleted(uuid7(), uuid7(), 500), event_id=1, now=NOW) == 0
    assert not Order.objects.exists()
