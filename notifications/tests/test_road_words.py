"""What people are told about a rider at the door, an SOS, bags nobody took and a flagged message."""

from datetime import timedelta

import pytest

from accounts.tests.factories import UserFactory
from catalog.tests.factories import NOW
from delivery import services
from delivery.events import BagsLeftUnseen, BagsOutgrewRider, ChatFlagged
from delivery.services import incidents
from delivery.tests.factories import BAGS, rider, trip, waiting_job
from notifications.models import Message
from notifications.services import tell

pytestmark = pytest.mark.django_db


def subjects(code, user):
    found = Message.objects.filter(template_code=code, user=user, channel="inapp")
    return list(found.values_list("subject", flat=True))


def test_the_customer_reads_until_when_the_rider_waits(run_events):
    made, stop = trip(to_door=True)
    services.begin_wait(stop_id=stop.pk, rider_id=made.rider_id, now=NOW + timedelta(minutes=10))
    run_events()
    [said] = subjects("rider_waits", stop.job.order.customer)
    assert said.startswith("Ravi waits at your door until ")


def test_operations_hear_of_an_sos_in_their_language(run_events):
    made, _stop = trip()
    meera, arun = UserFactory(roles=["ops"]), UserFactory(roles=["ops"], language="hi")
    UserFactory(roles=["picker"])
    incidents.tell(rider_id=made.rider_id, kind="accident", nonce="a", now=NOW)
    run_events()
    assert (subjects("incident_told", meera), subjects("incident_told", arun)) == (
        ["Accident: Ravi"],
        ["दुर्घटना: Ravi"],
    )
    assert Message.objects.filter(template_code="incident_told", channel="inapp").count() == 2


def test_a_rider_whose_trip_grew_is_told(run_events):
    made, stop = trip()
    more = waiting_job(at=made.store)
    services.assign_by_hand(order_id=more.order_id, rider_id=made.rider_id, actor="user:1", now=NOW, sure=True)
    run_events()
    assert subjects("trip_grew", made.rider.user) == [f"One more order from {made.store.name}"]
    body = Message.objects.get(template_code="trip_grew", channel="inapp").body
    assert body.startswith("It goes to the last door of your trip: ₹") and "bag" in body
    assert stop.trip_id == made.pk


def test_the_second_rider_and_the_desk_are_told(run_events):
    made, stop = trip()
    ops, zoya = UserFactory(roles=["ops"]), rider(made.store, name="Zoya")
    services.pick_up(stop_id=stop.pk, rider_id=made.rider_id, bag_codes=BAGS, now=NOW)
    services.send_rescue(from_rider_id=made.rider_id, to_rider_id=zoya.pk, why="x", actor="user:1", now=NOW)
    run_events()
    assert subjects("rescue_asked", zoya.user) == ["Ravi needs your help"]
    order = stop.job.order
    for number, event in enumerate(
        (
            BagsLeftUnseen(order_id=order.pk, store_code=made.store.code, rider_id=made.rider_id),
            ChatFlagged(order_id=order.pk, message_id=order.pk, by_side="customer"),
            BagsOutgrewRider(
                order_id=order.pk, store_code=made.store.code, rider_id=made.rider_id, rider="Ravi", bags=5
            ),
        ),
        start=900,
    ):
        for _ in range(2):
            tell(event=event, event_id=number, now=NOW)
    assert len(subjects("bags_left", ops)) == len(subjects("chat_flagged", ops)) == 1
    assert subjects("bags_outgrew", ops) == [f"{order.number} is more than Ravi can carry"]
