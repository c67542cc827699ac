"""What people are told about a rider at the door, an SOS, bags nobody took and a flagged message."""

from datetime import timedelta
from uuid import uuid4

import pytest

from accounts.tests.factories import UserFactory
from catalog.tests.factories import NOW
from delivery import services
from delivery.events import (
    AppealSentIn,
    ArrivalDoubted,
    BagsLeftUnseen,
    BagsOutgrewRider,
    ChatFlagged,
    DeductionDisputed,
)
from delivery.services import incidents
from delivery.tests.factories import BAGS, rider, trip, waiting_job
from delivery.tests.test_between import bundle
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


def test_operations_hear_once_of_a_trip_in_trouble_and_what_to_do(run_events):
    made, _stops = bundle(picked_up=True)
    meera, arun = UserFactory(roles=["ops"]), UserFactory(roles=["ops"], language="hi")
    for minutes in (10, 11):
        services.watch_trips(now=NOW + timedelta(minutes=minutes))
    run_events()
    assert subjects("trip_trouble", meera) == ["Ravi: the phone is silent"], "of two orders one message"
    [said] = Message.objects.filter(template_code="trip_trouble", user=meera, channel="inapp")
    assert "2 orders are on board. Call; if nobody answers, send another rider there." in said.body
    assert said.link == f"/ops/riders/{made.rider_id}/"
    assert subjects("trip_trouble", arun) == ["Ravi: फ़ोन चुप है"]


@pytest.mark.parametrize(("where", "says"), [("store", "at the store"), ("door", "at the door")])
def test_operations_hear_of_an_arrival_the_position_contradicts(where, says):
    made, stop = trip()
    ops = UserFactory(roles=["ops"])
    event = ArrivalDoubted(
        order_id=stop.job.order_id, store_code=made.store.code, rider_id=made.rider_id, rider="Ravi", where=where,
        metres=3_100,
    )  # fmt: skip
    tell(event=event, event_id=900, now=NOW)
    assert subjects("arrival_doubted", ops) == [f"Ravi says to be {says}, the phone is 3100 m away"]


def test_an_appeal_and_a_dispute_reach_operations():
    made, _stop = trip()
    ops, appeal, deduction = UserFactory(roles=["ops"]), uuid4(), uuid4()
    tell(event=AppealSentIn(appeal_id=appeal, rider_id=made.rider_id), event_id=900, now=NOW)
    tell(event=DeductionDisputed(deduction_id=deduction, rider_id=made.rider_id), event_id=901, now=NOW)
    said = {it.subject: it.link for it in Message.objects.filter(user=ops)}
    assert said == {
        "Ravi appeals against the suspension": f"/admin/delivery/appeal/{appeal}/change/",
        "Ravi says no to a deduction": f"/admin/delivery/deduction/{deduction}/change/",
    }


def test_the_events_themselves_are_told(run_events):
    """From the act to the message: an appeal of a suspended rider."""
    made, _stop = trip()
    ops, who = UserFactory(roles=["ops"]), rider(made.store, name="Zoya")
    services.suspend(rider_id=who.pk, reason="Cash", actor=f"user:{ops.pk}", now=NOW)
    services.appeal(rider_id=who.pk, text="It was not me", photo=None, now=NOW)
    run_events()
    assert subjects("appeal_sent", ops) == ["Zoya appeals against the suspension"]


def test_the_rider_is_told_at_once_that_the_bags_are_called_back(run_events):
    made, stop = trip(method="online")
    services.pick_up(stop_id=stop.pk, rider_id=made.rider_id, bag_codes=BAGS, now=NOW)
    order = stop.job.order
    services.call_back(order_id=order.pk, reason="The customer asked for it", actor="user:1", now=NOW)
    run_events()
    [said] = Message.objects.filter(template_code="bags_called_back", user=made.rider.user, channel="inapp")
    assert said.subject == f"Bring {order.number} back to the store"
    assert said.body == "The customer asked for it. Your ride and the way back are paid."
    assert subjects("order_undelivered", order.customer), "and so is the customer"
