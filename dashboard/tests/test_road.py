"""A rider who does not answer, and bags called back from the road: what operations see and can do."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.tests.factories import UserFactory
from catalog.tests.factories import NOW
from dashboard.queries.board import forget_board
from delivery import services
from delivery.incidents import Incident, Rescue
from delivery.models import Rider, Stop, StopState
from delivery.tests.factories import BAGS, rider, trip
from orders.models import Order
from orders.states import Status

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=10)
OTHER_ROLES = ["customer", "picker", "store_manager", "rider"]


@pytest.fixture
def ops(client):
    client.force_login(UserFactory(name="Meera", roles=["ops"]))
    return client


def on_the_road():
    made, stop = trip(method="online")
    services.pick_up(stop_id=stop.pk, rider_id=made.rider_id, bag_codes=BAGS, now=NOW)
    services.depart(rider_id=made.rider_id, now=NOW)
    return made, stop


def silent_with_bags():
    made, stop = on_the_road()
    services.watch_trips(now=LATER)
    return made, stop


def somebody(role):
    return UserFactory(roles=[] if role == "customer" else [role])


class TestARiderWhoDoesNotAnswer:
    def test_operations_open_an_incident_on_their_behalf_and_send_another(self, ops):
        made, stop = silent_with_bags()
        page = ops.get(f"/ops/riders/{made.rider_id}/").content.decode()
        assert "The phone is silent" in page and "Open an incident" in page and stop.job.order.number in page
        assert f"tel:{made.rider.user.phone}" in page
        body = {"kind": "other", "text": "Does not answer since ten minutes", "nonce": "n"}
        for _ in range(2):
            opened = ops.post(f"/ops/riders/{made.rider_id}/incident/", body)
        incident = Incident.objects.get()
        assert opened.url == f"/ops/incidents/{incident.pk}/"
        assert (incident.trip, incident.kind, str(incident.handler)) == (made, "other", "Meera")
        assert incident.seen_at is not None, "who opens it has seen it: it rings at nobody"
        [note] = incident.notes.all()
        assert (note.what, note.name, note.text) == ("told", "Meera", "Does not answer since ten minutes")
        zoya = rider(made.store, name="Zoya")
        ops.post(f"/ops/incidents/{incident.pk}/rescue/", {"rider": zoya.pk, "sure": "1"})
        assert Rescue.objects.get().trip.rider == zoya
        assert "Zoya rides there" in ops.get(f"/ops/riders/{made.rider_id}/").content.decode()

    @pytest.mark.parametrize(
        "body", [{"kind": "sos", "text": "x"}, {"kind": "moon", "text": "x"}, {"kind": "other", "text": " "}]
    )
    def test_without_kind_or_words_it_is_refused(self, ops, body):
        made, _ = trip()
        back = ops.post(f"/ops/riders/{made.rider_id}/incident/", body)
        assert back.url == f"/ops/riders/{made.rider_id}/"
        assert not Incident.objects.exists()
        assert ops.get("/ops/riders/999999/").status_code == 404

    @pytest.mark.parametrize("role", OTHER_ROLES)
    def test_no_other_role_does(self, client, role):
        """Neither a manager of the rider's own store nor one of another."""
        made, _ = trip()
        client.force_login(somebody(role))
        assert client.get(f"/ops/riders/{made.rider_id}/").status_code == 403
        answer = client.post(f"/ops/riders/{made.rider_id}/incident/", {"kind": "other", "text": "x", "nonce": "n"})
        assert answer.status_code == 403 and not Incident.objects.exists()

    def test_the_trouble_is_on_the_riders_list_and_the_order_until_it_is_over(self, ops):
        made, stop = silent_with_bags()
        order_url = f"/ops/orders/{stop.job.order_id}/"
        for url in ("/ops/riders/?state=trouble", order_url):
            forget_board()
            assert "The phone is silent" in ops.get(url).content.decode(), url
        assert "open an incident and send another rider" in ops.get(order_url).content.decode()
        Rider.objects.update(seen_at=LATER)
        services.watch_trips(now=LATER)
        for url in ("/ops/riders/", order_url, f"/ops/riders/{made.rider_id}/"):
            forget_board()
            assert "The phone is silent" not in ops.get(url).content.decode(), url

    def test_the_page_costs_the_same_for_many_orders(self, ops, django_assert_max_num_queries):
        made, _ = silent_with_bags()
        with django_assert_max_num_queries(9):
            ops.get(f"/ops/riders/{made.rider_id}/", HTTP_HX_REQUEST="true")


class TestCallingBagsBack:
    def test_from_the_order_with_a_reason(self, ops):
        _made, stop = on_the_road()
        url = f"/ops/orders/{stop.job.order_id}/"
        assert "Call the bags back" in ops.get(url).content.decode()
        ops.post(f"{url}call-back/", {"reason": ""})
        assert Stop.objects.get().state == StopState.ON_BOARD
        said = ops.post(f"{url}call-back/", {"reason": "The customer asked for it"}, follow=True).content.decode()
        assert "The rider was told and brings the bags back" in said
        assert "Operations called the bags back: The customer asked for it" in said
        order = Order.objects.get()
        assert (order.status, order.cancel_reason) == (Status.UNDELIVERED, "The customer asked for it")
        assert "Call the bags back" not in ops.get(url).content.decode()

    @pytest.mark.parametrize("role", OTHER_ROLES)
    def test_no_other_role_does(self, client, role):
        _made, stop = on_the_road()
        client.force_login(somebody(role))
        answer = client.post(f"/ops/orders/{stop.job.order_id}/call-back/", {"reason": "x"})
        assert answer.status_code == 403 and Order.objects.get().status == Status.IN_TRANSIT

    def test_what_was_delivered_stays_delivered(self, ops):
        made, stop = on_the_road()
        services.deliver(stop_id=stop.pk, rider_id=made.rider_id, otp=stop.job.order.door_otp, now=LATER)
        said = ops.post(f"/ops/orders/{stop.job.order_id}/call-back/", {"reason": "x"}, follow=True).content.decode()
        assert "This stop is" in said and Order.objects.get().status == Status.DELIVERED


class TestBagsThatDoNotComeBack:
    def called_back(self):
        made, stop = on_the_road()
        services.call_back(order_id=stop.job.order_id, reason="x", actor="user:1", now=LATER)
        return made, f"/ops/orders/{stop.job.order_id}/"

    def test_are_waited_for_no_longer_when_operations_say_why(self, ops):
        made, url = self.called_back()
        assert "Wait for them no longer" in ops.get(f"{url}road/").content.decode()
        ops.post(f"{url}not-coming/", {"reason": " "})
        assert services.live_trip(made.rider_id) is not None
        said = ops.post(f"{url}not-coming/", {"reason": "Stolen"}, follow=True).content.decode()
        assert "The bags do not come back: Stolen" in said and services.live_trip(made.rider_id) is None
        panel = ops.get(f"{url}road/").content.decode()
        assert "The bags do not come back" in panel and "Wait for them no longer" not in panel

    @pytest.mark.parametrize("role", OTHER_ROLES)
    def test_nobody_else_says_so(self, client, role):
        made, url = self.called_back()
        client.force_login(somebody(role))
        assert client.post(f"{url}not-coming/", {"reason": "x"}).status_code == 403
        assert services.live_trip(made.rider_id) is not None
