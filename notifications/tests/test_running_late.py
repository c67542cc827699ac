"""A delay is told once and honestly; a store's people hear how many, in their own language."""

import re
from datetime import timedelta

import pytest

from accounts.tests.factories import UserFactory
from blinkit.kernel.events import record
from catalog.models import StoreLoad, StoreMembership
from catalog.tests.factories import NOW
from notifications.models import Message
from notifications.services import set_preferences
from orders import services
from orders.events import StoreAtRisk
from orders.models import Order
from orders.tests.factories import order

pytestmark = pytest.mark.django_db


def told(code):
    return {(m.user_id, m.channel): m for m in Message.objects.filter(template_code=code)}


def late(an_order):
    StoreLoad.objects.update_or_create(store=an_order.store, defaults={"pick_backlog_s": 3_000})
    services.sweep_timers(now=an_order.promised_by - timedelta(minutes=1))


def test_the_customer_reads_the_new_time_in_their_language(run_events):
    an_order = order()
    an_order.customer.language = "hi"
    an_order.customer.save()
    run_events()
    late(an_order)
    late(an_order)
    run_events()
    (message,) = [m for (user, channel), m in told("running_late").items() if channel == "inapp"]
    assert message.user_id == an_order.customer_id and message.link == f"/orders/{an_order.pk}/"
    assert re.match(r"थोड़ी देर होगी, अब \d\d:\d\d–\d\d:\d\d$", message.subject) and an_order.number in message.body


def test_a_channel_that_is_switched_off_stays_silent(run_events):
    an_order = order()
    set_preferences(user_id=an_order.customer_id, channels={"inapp": False, "push": False})
    run_events()
    late(an_order)
    run_events()
    assert told("running_late") == {}


def test_operations_and_the_managers_of_the_store_hear_it_each_in_their_language(run_events):
    an_order = order()
    ops, mine, other = (
        UserFactory(roles=["ops"]),
        UserFactory(roles=["store_manager"]),
        UserFactory(roles=["store_manager"]),
    )
    picker = UserFactory(roles=["picker"])
    for who in (mine, picker):
        StoreMembership.objects.create(user=who, store=an_order.store)
    mine.language = "hi"
    mine.save()
    run_events()
    late(an_order)
    run_events()
    found = {user: m for (user, _channel), m in told("store_at_risk").items()}
    assert set(found) == {ops.pk, mine.pk} and other.pk not in found
    assert found[ops.pk].subject == f"{an_order.store.name}: 1 order late or about to be"
    assert found[mine.pk].subject == f"{an_order.store.name}: 1 ऑर्डर देर से हैं या होने वाले हैं"
    assert found[ops.pk].link == f"/store/{an_order.store.code}/"
    assert Order.objects.get(pk=an_order.pk).placed_at == NOW


def test_nobody_to_tell_is_no_error(run_events):
    record(StoreAtRisk(store_code="GONE", orders=2, late_s=90, stage="queue"), subject="store:GONE")
    run_events()
    assert told("store_at_risk") == {}
