"""The rider's doors for programs."""

from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.tests.factories import UserFactory
from delivery import services
from delivery.models import Earning, Job, Offer, Rider
from delivery.services.history import write_positions
from delivery.tests.factories import BAGS, packed, rider, waiting_job
from orders.models import Order

pytestmark = pytest.mark.django_db
BASE = "/api/v1/rider"
PIXEL = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    b"\x00\x00\x00\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\x00\x05\x00\x01\xff\x89\x99=\x1d\x00\x00\x00\x00IEND\xaeB`\x82"
)


def key():
    return {"HTTP_IDEMPOTENCY_KEY": uuid4().hex}


def with_offer(api, **order):
    """A rider's client with an open offer, made just now."""
    job = waiting_job(**order)
    who = rider(job.store, on_duty=False)
    http = api(who.user)
    assert http.post(f"{BASE}/duty/", {"on": True}).json()["on_duty"] is True
    services.dispatch_round(now=timezone.now())
    return job, who, http


def test_only_riders_come_in(api):
    assert api().get(f"{BASE}/me/").status_code == 401
    assert api(UserFactory(roles=["ops", "admin"])).get(f"{BASE}/me/").status_code == 403
    nobody = api(UserFactory(roles=["rider"])).get(f"{BASE}/me/")
    assert (nobody.status_code, nobody.json()["type"]) == (404, "/problems/no-such-rider")


def test_from_duty_to_pay(api):
    job, _who, http = with_offer(api)
    offer = http.get(f"{BASE}/offers/current/").json()["offer"]
    assert offer["pay_paise"] == sum(offer["pay_parts"].values())
    assert "address" not in offer["drops"][0] and "due_at" not in offer
    header = key()
    first, second = (http.post(f"{BASE}/offers/{offer['id']}/accept/", **header) for _ in range(2))
    assert first.status_code == 200, first.json()
    assert first.json() == second.json()
    stop = first.json()["trip"]["stops"][0]
    assert stop["next"] == "at-store"
    packed(job.order)
    at_store = http.post(f"{BASE}/trip/at-store/").json()
    stop = at_store["trip"]["stops"][0]
    assert (stop["next"], stop["bag_codes"], stop["shelf_slot"]) == ("pick-up", BAGS, "S1")
    url = f"{BASE}/stops/{stop['id']}"
    wrong = http.post(f"{url}/pick-up/", {"bag_codes": ["BAG-1"]})
    assert (wrong.status_code, wrong.json()["missing"]) == (409, ["BAG-2"])
    assert http.post(f"{url}/pick-up/", {"bag_codes": BAGS}).json()["stop"]["next"] == "depart"
    assert http.post(f"{url}/depart/").json()["stop"]["next"] == "arrive"
    assert http.post(f"{url}/arrive/").json()["stop"]["next"] == "deliver"
    order = Order.objects.get()
    body = {"otp": order.door_otp, "cash_paise": order.total_paise}
    short = http.post(f"{url}/deliver/", {**body, "cash_paise": 1}, **key())
    assert (short.status_code, short.json()["due_paise"]) == (409, order.total_paise)
    done = http.post(f"{url}/deliver/", body, **key())
    assert done.status_code == 200, done.json()
    assert (done.json()["trip"], done.json()["earned_paise"]) == (None, offer["pay_paise"])
    me = http.get(f"{BASE}/me/").json()
    assert me["today"] == {"deliveries": 1, "total_paise": offer["pay_paise"]}
    assert me["cash_paise"] == order.total_paise
    earnings = http.get(f"{BASE}/earnings/").json()
    assert (len(earnings["days"]), earnings["days"][-1]["deliveries"]) == (7, 1)
    assert earnings["results"][0]["order_number"] == order.number


def test_another_riders_offer_and_stop_are_not_found(api):
    job, _who, http = with_offer(api)
    stranger = api(rider(job.store).user)
    offer = Offer.objects.get()
    assert stranger.get(f"{BASE}/offers/current/").json() == {"offer": None}
    assert stranger.post(f"{BASE}/offers/{offer.pk}/accept/", **key()).status_code == 404
    assert stranger.post(f"{BASE}/offers/{offer.pk}/decline/").status_code == 404
    trip = http.post(f"{BASE}/offers/{offer.pk}/accept/", **key()).json()["trip"]
    url = f"{BASE}/stops/{trip['stops'][0]['id']}"
    assert stranger.get(f"{BASE}/trip/").json() == {"trip": None}
    assert stranger.post(f"{url}/pick-up/", {"bag_codes": BAGS}).status_code == 404
    assert stranger.post(f"{url}/depart/").status_code == 404
    assert stranger.post(f"{url}/arrive/").status_code == 404
    assert stranger.post(f"{url}/deliver/", {"otp": "1234"}, **key()).status_code == 404
    assert stranger.post(f"{url}/fail/", {"reason": "x"}, **key()).status_code == 404


def test_declining_gives_the_reason(api):
    _, _, http = with_offer(api)
    offer = Offer.objects.get()
    assert http.post(f"{BASE}/offers/{offer.pk}/decline/", {"reason": "Too far"}).json()["offer"] is None
    assert Offer.objects.get().decline_reason == "Too far"
    assert http.post(f"{BASE}/offers/{offer.pk}/accept/", **key()).json()["type"] == "/problems/offer-gone"


def test_positions_are_taken_on_duty_only(api):
    job = waiting_job()
    who = rider(job.store, on_duty=False)
    http = api(who.user)
    body = {"positions": [{"lat": 12.95, "lng": 77.62, "accuracy_metres": 8}]}
    off = http.post(f"{BASE}/positions/", body)
    assert (off.status_code, off.json()["type"]) == (409, "/problems/not-on-duty")
    http.post(f"{BASE}/duty/", {"on": True})
    assert http.post(f"{BASE}/positions/", body).json()["taken"] is True
    assert write_positions() == 1
    assert Rider.objects.get().lat == 12.95
    for bad in (
        {},
        {"positions": []},
        {"positions": [{"lat": 95, "lng": 0}]},
        {"positions": [body["positions"][0]] * 201},
    ):
        assert http.post(f"{BASE}/positions/", bad).status_code == 400


def test_off_duty_with_a_trip_is_refused(api):
    _, _, http = with_offer(api)
    http.post(f"{BASE}/offers/{Offer.objects.get().pk}/accept/", **key())
    refused = http.post(f"{BASE}/duty/", {"on": False})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/trip-live")


def test_left_at_the_door_with_a_photo(api, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    job, _who, http = with_offer(api, method="online", instructions=["leave_at_door"])
    trip = http.post(f"{BASE}/offers/{Offer.objects.get().pk}/accept/", **key()).json()["trip"]
    packed(job.order)
    url = f"{BASE}/stops/{trip['stops'][0]['id']}"
    http.post(f"{url}/pick-up/", {"bag_codes": BAGS})
    text = SimpleUploadedFile("door.txt", b"no photo", "text/plain")
    refused = http.post(f"{url}/deliver/", {"photo": text}, format="multipart", **key())
    assert refused.status_code == 400
    photo = SimpleUploadedFile("door.png", PIXEL, "image/png")
    done = http.post(f"{url}/deliver/", {"photo": photo}, format="multipart", **key())
    assert done.status_code == 200, done.json()
    assert len(list((tmp_path / "doors").iterdir())) == 1


def test_leaving_before_the_pickup_is_out_of_order(api):
    _, _, http = with_offer(api)
    trip = http.post(f"{BASE}/offers/{Offer.objects.get().pk}/accept/", **key()).json()["trip"]
    refused = http.post(f"{BASE}/stops/{trip['stops'][0]['id']}/depart/")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/stop-gone")


def test_positions_are_answered_in_utc(api):
    _, _, http = with_offer(api)
    fix = {"lat": 12.95, "lng": 77.62, "at": timezone.now().astimezone(ZoneInfo("Asia/Kolkata")).isoformat()}
    assert http.post(f"{BASE}/positions/", {"positions": [fix]}).json()["at"].endswith("Z")


def test_failing_before_the_pickup_gives_it_back(api):
    _, _, http = with_offer(api)
    trip = http.post(f"{BASE}/offers/{Offer.objects.get().pk}/accept/", **key()).json()["trip"]
    url = f"{BASE}/stops/{trip['stops'][0]['id']}/fail/"
    assert http.post(url, {"reason": " "}, **key()).status_code == 400
    assert http.post(url, {"reason": "Flat tyre"}, **key()).json()["trip"] is None
    assert Job.objects.get().state == "seeking"
    assert not Earning.objects.exists()


def test_the_screen_is_read_with_few_statements(api):
    _, _who, http = with_offer(api)
    with CaptureQueriesContext(connection) as asked:
        http.get(f"{BASE}/me/")
    assert len(asked) <= 13
    http.post(f"{BASE}/offers/{Offer.objects.get().pk}/accept/", **key())
    with CaptureQueriesContext(connection) as asked:
        http.get(f"{BASE}/trip/")
    assert len(asked) <= 7


@pytest.mark.parametrize("query", ["days=0", "days=x", "days=99"])
def test_bad_parameters_are_a_problem(api, query):
    who = rider(waiting_job().store, on_duty=False)
    answer = api(who.user).get(f"{BASE}/earnings/?{query}")
    assert answer["Content-Type"] == "application/problem+json"
