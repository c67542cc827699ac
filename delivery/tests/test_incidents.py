"""SOS, the incident log, and bags that a second rider takes over."""

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.tests.factories import UserFactory
from blinkit.kernel.models import Event
from catalog.tests.factories import NOW
from delivery import queries, services
from delivery.errors import NotOnDuty, RiderBusy, StopGone
from delivery.incidents import Incident, IncidentNote, Rescue
from delivery.models import Earning, Job, JobState, Stop, StopState, Trip
from delivery.services import incidents
from delivery.tests.factories import BAGS, rider, trip
from orders import services as orders
from orders.errors import WrongBags
from orders.models import LegStat, Order
from orders.states import Status

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=10)


def test_one_press_calls_operations_with_place_trip_and_battery(api):
    made, _stop = trip(to_door=True)
    http = api(made.rider.user)
    for _ in range(2):
        told = http.post("/api/v1/rider/sos/", {"nonce": "n", "battery_percent": 7})
        assert told.status_code == 200, told.content
    again = http.post("/api/v1/rider/sos/", {"nonce": "second", "lat": 12.9, "lng": 77.6}).json()
    incident = Incident.objects.get()
    assert again["id"] == str(incident.pk)
    assert (incident.trip, incident.battery_percent, incident.lat) == (made, 7, 12.9)
    assert [note.what for note in incident.notes.all()] == ["told", "pressed"]
    assert Event.objects.filter(code="delivery.IncidentTold").count() == 1


def test_an_sos_works_off_duty_without_trip_or_position(client):
    made, _ = trip()
    who = rider(made.store, on_duty=False)
    type(who).objects.filter(pk=who.pk).update(lat=None, lng=None)
    client.force_login(who.user)
    client.post("/rider/sos/", {"lat": "x", "lng": "", "battery": "many"})
    incident = Incident.objects.get()
    assert (incident.trip, incident.lat, incident.battery_percent) == (None, None, None)
    assert "Our team was called" in client.get("/rider/help/").content.decode()


def test_the_ride_screen_says_that_help_was_called_until_it_is_over(client):
    made, _ = trip()
    who = rider(made.store)
    client.force_login(who.user)
    assert "Ready when you are" in client.get("/rider/").content.decode()
    answer = client.post("/rider/sos/", {}, headers={"HX-Request": "true"})
    assert "live" in answer.headers["HX-Trigger"], "the screen reads itself again at once"
    page = client.get("/rider/").content.decode()
    assert "Our team was called" in page and "until it is over" in page and "Ready when you are" not in page
    meera = UserFactory(name="Meera")
    incidents.see(incident_id=Incident.objects.get().pk, by=meera.pk, name="Meera", now=NOW)
    assert "Meera looks after it" in client.get("/rider/").content.decode()
    incidents.resolve(incident_id=Incident.objects.get().pk, outcome="All well", by=meera.pk, name="Meera", now=NOW)
    assert "Ready when you are" in client.get("/rider/").content.decode()


def test_the_database_keeps_one_live_sos_a_rider():
    made, _ = trip()
    first = incidents.tell(rider_id=made.rider_id, kind="sos", nonce="a", now=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        Incident.objects.create(rider=made.rider, kind="sos", nonce="b", at=NOW)
    incidents.resolve(incident_id=first.pk, outcome="A false alarm", by=UserFactory().pk, name="Meera", now=NOW)
    assert incidents.tell(rider_id=made.rider_id, kind="sos", nonce="c", now=NOW).pk != first.pk


def test_operations_see_hear_handle_and_resolve(client):
    made, _ = trip()
    incident = incidents.tell(rider_id=made.rider_id, kind="sos", nonce="a", now=NOW)
    meera, arun = UserFactory(name="Meera", roles=["ops"]), UserFactory(name="Arun", roles=["ops"])
    client.force_login(meera)
    assert "data-sos-rings" in client.get("/ops/sos/").content.decode()
    assert "js/sos.js" in client.get("/ops/").content.decode()
    url = f"/ops/incidents/{incident.pk}/"
    client.post(f"{url}see/")
    client.force_login(arun)
    client.post(f"{url}see/")
    incident.refresh_from_db()
    assert (incident.seen_by, incident.handler) == (meera, meera), "the first one counts"
    assert "data-sos-rings" not in client.get("/ops/sos/").content.decode()
    client.post(f"{url}take/")
    client.post(f"{url}note/", {"text": "Police are on the way"})
    client.post(f"{url}resolve/", {"outcome": " "})
    assert Incident.objects.get().resolved_at is None
    for _ in range(2):
        client.post(f"{url}resolve/", {"outcome": "Safe at home"})
    page = client.get(url).content.decode()
    assert "Police are on the way" in page and "Safe at home" in page
    assert list(IncidentNote.objects.order_by("pk").values_list("what", flat=True)) == [
        "told", "seen", "handles", "note", "resolved",
    ]  # fmt: skip
    client.force_login(made.rider.user)
    seen = client.get("/rider/help/").content.decode()
    assert "Safe at home" in seen and "Police" not in seen


def test_the_log_is_filtered_and_costs_the_same_for_many(client, django_assert_max_num_queries):
    made, _ = trip()
    other = rider(made.store, name="Zoya")
    for number, kind in enumerate(("vehicle", "theft", "other", "vehicle")):
        incidents.tell(rider_id=made.rider_id, kind=kind, nonce=str(number), text=f"No {number}", now=NOW)
    incidents.tell(rider_id=other.pk, kind="spilled", nonce="z", text="Milk", now=NOW)
    client.force_login(UserFactory(roles=["ops"]))

    def shown(query):
        return client.get(f"/ops/incidents/{query}", HTTP_HX_REQUEST="true").content.decode()

    assert shown("?kind=vehicle").count('class="list-row"') == 2
    assert "Milk" in shown("?q=zoya") and "No 1" not in shown("?q=zoya")
    assert "Milk" not in shown("?state=resolved") and "Milk" not in shown("?store=ELSEWHERE&state=all")
    assert client.get("/ops/incidents/?before=nonsense&state=x").status_code == 200
    with django_assert_max_num_queries(6):
        shown("?state=all")


@pytest.mark.parametrize("role", ["customer", "picker", "store_manager", "rider"])
def test_other_roles_have_no_incidents_of_others(client, api, role):
    made, _ = trip()
    incident = incidents.tell(rider_id=made.rider_id, kind="theft", nonce="a", now=NOW)
    stranger = rider(made.store).user if role == "rider" else UserFactory(roles=[] if role == "customer" else [role])
    client.force_login(stranger)
    for url in ("/ops/sos/", "/ops/incidents/", f"/ops/incidents/{incident.pk}/"):
        assert client.get(url).status_code == 403
    for act in ("see", "take", "note", "resolve", "give-away", "rescue", "call-off"):
        assert client.post(f"/ops/incidents/{incident.pk}/{act}/", {"outcome": "x", "text": "x"}).status_code == 403
    own = api(stranger).get("/api/v1/rider/incidents/")
    assert own.status_code == 403 if role != "rider" else own.json() == []
    assert Incident.objects.get().seen_at is None


# -- a second rider --------------------------------------------------------------------------------------------------


def stranded():
    made, stop = trip(to_door=False, method="online", tip_paise=2_000)
    services.pick_up(stop_id=stop.pk, rider_id=made.rider_id, bag_codes=BAGS, now=NOW)
    services.depart(rider_id=made.rider_id, now=NOW)
    return made, stop, rider(made.store, name="Zoya")


def test_bags_of_a_stranded_rider_are_taken_over_and_delivered(client):
    made, stop, zoya = stranded()
    orders.doors_before(order_id=stop.job.order_id, rider_id=made.rider_id, longer_s=600)
    incident = incidents.tell(rider_id=made.rider_id, kind="accident", nonce="a", now=LATER)
    client.force_login(UserFactory(roles=["ops"]))
    page = client.get(f"/ops/incidents/{incident.pk}/").content.decode()
    assert "Zoya" in page
    for _ in range(2):
        client.post(f"/ops/incidents/{incident.pk}/rescue/", {"rider": zoya.pk})
    rescue = Rescue.objects.get()
    seen = queries.trip_of(rider=zoya, now=LATER)
    assert (seen["next"], seen["rescue"]["orders"][0]["bag_codes"]) == ("meet", BAGS)
    with pytest.raises(WrongBags):
        services.take_over(rider_id=zoya.pk, bag_codes=BAGS[:1], now=LATER)
    assert Order.objects.get().rider_id_ref == made.rider_id
    for _ in range(2):
        services.take_over(rider_id=zoya.pk, bag_codes=["bag-2", "BAG-1"], now=LATER)
    order = Order.objects.get()
    assert (order.status, order.rider_id_ref, order.rider_name) == (Status.IN_TRANSIT, zoya.pk, "Zoya")
    assert order.doors_before_s == 0, "the doors before it were of the other trip"
    made.refresh_from_db()
    assert made.ended_at == LATER and Job.objects.get().state == JobState.TAKEN
    assert Earning.objects.get().parts["tip_paise"] == 0, "the first rider is paid for the ride so far"
    new = Stop.objects.get(trip=rescue.trip)
    services.arrive(stop_id=new.pk, rider_id=zoya.pk, now=LATER)
    services.deliver(stop_id=new.pk, rider_id=zoya.pk, otp=order.door_otp, now=LATER)
    assert Earning.objects.get(rider=zoya).parts["tip_paise"] == 2_000
    assert not Trip.objects.filter(ended_at=None).exists()
    assert Event.objects.filter(code="orders.RiderChanged").count() == 1
    services.measure_legs(now=LATER + timedelta(hours=3))
    assert not LegStat.objects.exists(), "a mishap says nothing about how long things take"


def test_who_cannot_come_is_not_sent_and_a_rescue_can_be_called_off():
    made, _stop, zoya = stranded()
    send = {"from_rider_id": made.rider_id, "why": "Accident", "actor": "user:1", "now": LATER}
    with pytest.raises(NotOnDuty):
        services.send_rescue(**send, to_rider_id=rider(made.store, on_duty=False).pk)
    with pytest.raises(RiderBusy):
        services.send_rescue(**send, to_rider_id=made.rider_id)
    with pytest.raises(StopGone):
        services.send_rescue(**{**send, "from_rider_id": zoya.pk}, to_rider_id=made.rider_id)
    rescue = services.send_rescue(**send, to_rider_id=zoya.pk)
    with pytest.raises(RiderBusy):
        services.send_rescue(**send, to_rider_id=rider(made.store).pk)
    for _ in range(2):
        services.call_off(rescue_id=rescue.pk, actor="user:1", now=LATER)
    assert services.live_trip(zoya.pk) is None and services.live_trip(made.rider_id) is not None
    with pytest.raises(StopGone):
        services.take_over(rider_id=zoya.pk, bag_codes=BAGS, now=LATER)


@pytest.mark.django_db(transaction=True)
def test_taking_over_and_handing_over_at_the_door_at_once_happen_once():
    """The first rider limps to the door while the second presses: one of the two has the bags, never both."""
    made, stop, zoya = stranded()
    services.send_rescue(from_rider_id=made.rider_id, to_rider_id=zoya.pk, why="x", actor="user:1", now=LATER)
    code = stop.job.order.door_otp
    acts = [
        lambda: services.deliver(stop_id=stop.pk, rider_id=made.rider_id, otp=code, now=LATER),
        lambda: services.take_over(rider_id=zoya.pk, bag_codes=BAGS, now=LATER),
    ]
    gate, won = threading.Barrier(2), []

    def run(act):
        gate.wait()
        try:
            act()
            won.append(1)
        except StopGone:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    [thread.start() for thread in threads]
    [thread.join(30) for thread in threads]
    assert len(won) == 1
    assert Stop.objects.filter(state__in=[StopState.ON_BOARD, StopState.DELIVERED]).count() == 1


def test_the_screen_on_the_way_back_at_the_store_and_to_another_rider(client):
    made, stop, zoya = stranded()
    services.send_rescue(from_rider_id=made.rider_id, to_rider_id=zoya.pk, why="Accident", actor="user:1", now=LATER)
    client.force_login(made.rider.user)
    assert f"{zoya} comes to help you" in client.get("/rider/").content.decode()
    client.force_login(zoya.user)
    page = client.get("/rider/").content.decode()
    assert "data-helper" not in page
    assert 'data-act="meet"' in page and "Ravi" in page and "BAG-2" in page
    client.post("/rider/trip/take-over/", {"bag": BAGS})
    own = Stop.objects.get(trip__rider=zoya, state=StopState.ON_BOARD)
    client.post(f"/rider/stops/{own.pk}/arrive/")
    client.post(f"/rider/stops/{own.pk}/wait/")
    assert "You may leave from" in client.get("/rider/").content.decode()
    client.post(f"/rider/stops/{own.pk}/fail/", {"reason": "refused"})
    assert 'data-act="ride-back"' in client.get("/rider/").content.decode()
    client.post("/rider/trip/back/")
    page = client.get("/rider/").content.decode()
    assert 'data-act="hand-in"' in page and "BAG-1" in page and "you may put them down from" in page
    client.force_login(stop.job.order.customer)
    panel = client.get(f"/orders/{stop.job.order_id}/chat/", HTTP_HX_REQUEST="true")
    assert "<html" not in panel.content.decode()
