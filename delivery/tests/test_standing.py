"""Suspension, appeal, and the doors of the rider's own matters."""

import io
import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from accounts.models import User
from accounts.tests.factories import UserFactory
from blinkit.kernel.errors import Invalid
from blinkit.kernel.models import Event
from catalog.models import StoreMembership
from catalog.tests.factories import NOW
from catalog.tests.factories import store as make_store
from delivery import services
from delivery.errors import AppealSent, NoSuchSuspension, Suspended
from delivery.models import Appeal, Booking, Document, Gig, Rider, RiderProfile, Shift, Suspension
from delivery.tests.factories import rider, trip

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
API = "/api/v1/rider"


@pytest.fixture(autouse=True)
def _private(tmp_path, settings):
    settings.STORAGES = settings.STORAGES | {
        "private": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path, "base_url": None},
        }
    }


def photo():
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "green").save(out, "JPEG")
    return SimpleUploadedFile("x.jpg", out.getvalue(), "image/jpeg")


def suspend(who, boss, reason="Papers were false", **more):
    return services.suspend(rider_id=who.pk, reason=reason, actor=f"user:{boss.pk}", **({"now": NOW} | more))


def fresh(who):
    return Rider.objects.select_related("user", "store").get(pk=who.pk)


def test_a_suspension_says_who_why_until_and_what_it_rests_on_and_is_kept():
    boss, who = UserFactory(), rider(make_store())
    suspend(who, boss, until=NOW + DAY, evidence="Seen by the manager")
    row = Suspension.objects.get()
    assert (row.by_id, row.reason, row.until, row.evidence) == (
        boss.pk, "Papers were false", NOW + DAY, "Seen by the manager",
    )  # fmt: skip
    suspend(who, boss, until=NOW + DAY)
    assert Suspension.objects.count() == 1, "the same again is silent"
    suspend(who, boss, reason="Something else")
    assert list(Suspension.objects.order_by("began_at", "pk").values_list("ended_at", flat=True)) == [NOW, None]
    assert fresh(who).suspended_reason == "Something else"
    with pytest.raises(Suspended):
        services.go_on_duty(rider_id=who.pk, now=NOW)


def test_only_a_person_suspends():
    who = rider(make_store())
    for actor in ("system", f"rider:{who.pk}", "score"):
        with pytest.raises(Invalid):
            services.suspend(rider_id=who.pk, reason="Low rating", actor=actor, now=NOW)
    assert not Suspension.objects.exists()
    assert Shift.objects.filter(ended_at=None).exists()


def test_it_ends_by_itself_and_not_before():
    boss, who = UserFactory(), rider(make_store())
    suspend(who, boss, until=NOW + DAY)
    assert services.sweep_suspensions(now=NOW + DAY - timedelta(seconds=1)) == 0
    assert services.sweep_suspensions(now=NOW + DAY) == 1
    assert services.sweep_suspensions(now=NOW + DAY) == 0
    assert (fresh(who).suspended_reason, Suspension.objects.get().ended_by) == ("", "system")
    services.go_on_duty(rider_id=who.pk, now=NOW + DAY)


def test_bags_in_hand_are_delivered_first():
    boss = UserFactory()
    made, _stop = trip(to_door=True)
    suspend(made.rider, boss)
    assert services.sweep_shifts(now=NOW) == 0
    assert Shift.objects.filter(ended_at=None).exists()


def test_an_appeal_is_answered_in_words_and_may_lift_the_suspension():
    boss, who = UserFactory(), rider(make_store())
    with pytest.raises(NoSuchSuspension):
        services.appeal(rider_id=who.pk, text="Why?", photo=None, now=NOW)
    suspend(who, boss)
    sent = [services.appeal(rider_id=who.pk, text="It was my brother", photo=photo(), now=NOW).pk for _ in range(2)]
    assert len(set(sent)) == 1
    with pytest.raises(AppealSent):
        services.appeal(rider_id=who.pk, text="And another thing", photo=None, now=NOW)
    with pytest.raises(Invalid):
        services.answer_appeal(appeal_id=sent[0], lift=True, answer=" ", actor=f"user:{boss.pk}", now=NOW)
    for _ in range(2):
        services.answer_appeal(appeal_id=sent[0], lift=True, answer="Sorry.", actor=f"user:{boss.pk}", now=NOW)
    assert (fresh(who).suspended_reason, Suspension.objects.get().ended_by) == ("", f"user:{boss.pk}")
    with pytest.raises(AppealSent):
        services.answer_appeal(appeal_id=sent[0], lift=False, answer="No.", actor=f"user:{boss.pk}", now=NOW)
    said = Event.objects.filter(subject=f"rider:{who.pk}").order_by("pk").values_list("code", flat=True)
    assert [code.removeprefix("delivery.") for code in said][-4:] == [
        "RiderSuspended",
        "AppealSentIn",
        "AppealAnswered",
        "SuspensionOver",
    ]


def test_three_appeals_and_no_more():
    boss, who = UserFactory(), rider(make_store())
    suspend(who, boss)
    for n in range(3):
        made = services.appeal(rider_id=who.pk, text=f"Please {n}", photo=None, now=NOW)
        services.answer_appeal(appeal_id=made.pk, lift=False, answer="It stays.", actor=f"user:{boss.pk}", now=NOW)
    with pytest.raises(AppealSent):
        services.appeal(rider_id=who.pk, text="Please", photo=None, now=NOW)
    assert fresh(who).suspended_reason


# -- doors -----------------------------------------------------------------------------------------------------------


def key():
    return {"HTTP_IDEMPOTENCY_KEY": uuid4().hex}


def join_body(store, **more):
    return {
        "name": "Ravi", "store": store.code, "vehicle": "cycle", "language": "en", "emergency_name": "Asha",
        "emergency_phone": "9876543210",
    } | more  # fmt: skip


def test_from_nobody_to_a_booked_gig_by_api(api):
    store, user, boss = make_store(), UserFactory(), UserFactory()
    assert api().post(f"{API}/join/", join_body(store), **key()).status_code == 401
    assert api(user).get(f"{API}/profile/").status_code == 403
    joined = api(user).post(f"{API}/join/", join_body(store), **key())
    assert (joined.status_code, joined.json()["next_step"]) == (200, "send-papers")
    http = api(User.objects.get(pk=user.pk))
    for kind, more in (
        ("kyc", {"number": "ABCDE1234F", "file": photo()}),
        ("photo", {"file": photo()}),
        ("bank", {"number": "123456789012", "ifsc": "SBIN0001234", "holder": "Ravi"}),
    ):
        sent = http.post(f"{API}/papers/", {"kind": kind, **more}, format="multipart", **key())
        assert sent.status_code == 200, sent.json()
    assert "123456789012" not in sent.content.decode()
    assert http.get(f"{API}/profile/").json()["next_step"] == "wait"
    assert http.post(f"{API}/duty/", {"on": True}).json()["type"] == "/problems/rider-suspended"
    for paper in Document.objects.all():
        services.verify_paper(document_id=paper.pk, actor=f"user:{boss.pk}", now=timezone.now())
    now = timezone.now()
    services.open_gig(store_id=store.pk, starts_at=now + DAY, ends_at=now + DAY + DAY / 6, places=1, now=now)
    listed = http.get(f"{API}/gigs/").json()
    assert (listed["items"][0]["free"], listed["items"][0]["booking"]) == (1, "")
    url = f"{API}/gigs/{listed['items'][0]['id']}"
    for _ in range(2):
        assert http.post(f"{url}/book/").json()["items"][0]["booking"] == "booked"
    assert http.post(f"{url}/cancel/").json()["items"][0]["free"] == 1
    changed = http.patch(f"{API}/profile/", {"has_cold_bag": True, "max_litres": 60, "language": "hi"})
    assert (changed.json()["has_cold_bag"], changed.json()["language"]) == (True, "hi")
    assert http.post(f"{API}/vehicle/", {"vehicle": "scooter"}).json()["type"] == "/problems/papers-missing"
    device = {"location": "denied"}
    assert http.post(f"{API}/duty/", {"on": True, "device": device}).json()["type"] == "/problems/location-needed"
    on = http.post(f"{API}/duty/", {"on": True, "device": {"battery_pct": 9}, "self_check": ["lights", "brakes"]})
    assert on.json()["duty"]["warnings"] == ["battery-low"]
    assert http.post(f"{API}/break/", {"minutes": 10}).json()["duty"]["break"]["back_at"]
    assert http.post(f"{API}/break/end/").json()["duty"]["break"] is None


def test_another_riders_gig_is_not_given_back(api):
    store = make_store()
    who, other = rider(store, on_duty=False), rider(store, on_duty=False)
    now = timezone.now()
    window = services.open_gig(store_id=store.pk, starts_at=now + DAY, ends_at=now + DAY * 1.2, places=1, now=now)
    services.book(rider_id=who.pk, gig_id=window.pk, now=now)
    assert api(other.user).post(f"{API}/gigs/{window.pk}/cancel/").status_code == 404
    assert api(other.user).post(f"{API}/gigs/{window.pk}/book/").json()["type"] == "/problems/gig-full"
    assert Booking.objects.get().state == "booked"


@pytest.mark.parametrize("path", ["/rider/me/", "/rider/gigs/", "/rider/papers/kyc/"])
def test_the_riders_pages_are_for_riders(client, path):
    assert client.get(path)["Location"].startswith("/sign-in/")
    manager = UserFactory(roles=["store_manager"])
    StoreMembership.objects.create(user=manager, store=make_store())
    for user in (UserFactory(), manager, UserFactory(roles=["ops"])):
        client.force_login(user)
        assert client.get(path).status_code == 403


def test_the_whole_way_in_by_plain_forms(client):
    store, user = make_store(), UserFactory(name="")
    client.force_login(user)
    client.cookies["django_language"] = "hi"
    assert re.search(r'name="language" value="hi" checked', client.get("/rider/join/").content.decode())
    del client.cookies["django_language"]
    wrong = client.post("/rider/join/", join_body(store, emergency_phone="12"))
    assert wrong.status_code == 400
    assert 'value="Asha"' in wrong.content.decode(), "what was typed is kept"
    assert client.post("/rider/join/", join_body(store))["Location"] == "/rider/me/"
    me = client.get("/rider/me/").content.decode()
    assert "Send the papers marked below" in me
    assert client.get("/rider/papers/licence/").status_code == 404, "a bicycle needs none"
    bad = client.post("/rider/papers/kyc/", {"number": "1", "file": photo()})
    assert (bad.status_code, "ABCDE1234F" in bad.content.decode()) == (400, True)
    client.post("/rider/papers/kyc/", {"number": "ABCDE1234F", "file": photo()})
    page = client.get("/rider/me/").content.decode()
    assert "being checked" in page and "•••• 234F" in page and "ABCDE1234F" not in page
    who = Rider.objects.get()
    services.verify(rider_id=who.pk, actor=f"user:{user.pk}", now=timezone.now())
    client.post("/rider/duty/", {"on": "1", "self_check": ["lights", "brakes"]})
    client.post("/rider/break/", {"minutes": "10", "back": "ride"})
    assert "On a break" in client.get("/rider/").content.decode()
    client.post("/rider/break/end/")
    client.post("/rider/me/vehicle/", {"vehicle": "scooter"}, follow=True)
    assert Rider.objects.get().vehicle == "cycle"
    client.post("/rider/me/bag/", {"has_cold_bag": "1", "max_litres": "60"})
    client.post("/rider/me/emergency/", {"emergency_name": "Om", "emergency_phone": "9876543211"})
    client.post("/rider/me/language/", {"language": "hi"})
    row = Rider.objects.select_related("user", "profile").get()
    assert (row.has_cold_bag, row.max_litres, row.profile.emergency_name, row.user.language) == (True, 60, "Om", "hi")


def test_a_suspended_rider_reads_why_and_answers(client):
    boss, who = UserFactory(), rider(make_store(), on_duty=False)
    now = timezone.now()
    services.suspend(
        rider_id=who.pk, reason="Cash was missing", evidence="Three hand-ins", actor=f"user:{boss.pk}",
        until=now + DAY, now=now,
    )  # fmt: skip
    client.force_login(who.user)
    page = client.get("/rider/me/").content.decode()
    assert "Cash was missing" in page and "Three hand-ins" in page
    client.post("/rider/me/appeal/", {"text": "I handed it in", "photo": photo()})
    assert Appeal.objects.get().photo.startswith("appeals/")
    page = client.get("/rider/me/").content.decode()
    assert "I handed it in" in page and "a person is reading it" in page and 'name="text"' not in page


def test_gigs_are_booked_and_given_back_on_the_screen(client):
    store = make_store()
    who = rider(store, on_duty=False)
    now = timezone.now()
    window = services.open_gig(store_id=store.pk, starts_at=now + DAY, ends_at=now + DAY * 1.2, places=2, now=now)
    client.force_login(who.user)
    assert "2 places free" in client.get("/rider/gigs/").content.decode()
    client.post(f"/rider/gigs/{window.pk}/book/")
    page = client.get("/rider/gigs/").content.decode()
    assert "yours" in page and "1 place free" in page
    client.post(f"/rider/gigs/{window.pk}/give-back/")
    assert Gig.objects.get().booked == 0


# -- administration --------------------------------------------------------------------------------------------------


def waiting_paper():
    who = rider(make_store(), on_duty=False, is_verified=False)
    return services.submit_paper(rider_id=who.pk, kind="kyc", number="ABCDE1234F", file=photo(), now=NOW)


def test_a_paper_is_checked_beside_its_picture_and_the_picture_is_private(client):
    paper = waiting_paper()
    boss = User.objects.create_superuser("+919000012345", "a long password", name="Boss")
    client.force_login(boss)
    assert "Identity" in client.get("/admin/delivery/document/").content.decode()
    url = f"/admin/delivery/document/{paper.pk}/change/"
    page = client.get(url).content.decode()
    address = re.search(r'src="([^"]*file/\?t=[^"]+)"', page).group(1)
    assert "ABCDE1234F" not in page and "•••• 234F" in page
    picture = client.get(address)
    assert (picture.status_code, picture["Content-Type"]) == (200, "image/jpeg")
    assert "no-store" in picture["Cache-Control"]
    assert Event.objects.filter(code="delivery.PaperOpened", actor=f"user:{boss.pk}").count() == 1
    client.post(url, {"reject": "yes", "reason": ""})
    assert Document.objects.get().state == "submitted"
    client.post(url, {"verify": "yes"})
    assert (Document.objects.get().state, Document.objects.get().decided_by_id) == ("verified", boss.pk)
    colleague = User.objects.create_superuser("+919000012346", "a long password")
    client.force_login(colleague)
    assert client.get(address).status_code == 404, "an address is one person's"


def test_papers_and_appeals_are_for_whom_they_are_entrusted_to(client):
    paper = waiting_paper()
    staff = UserFactory(is_staff=True)
    staff.user_permissions.add(Permission.objects.get(codename="view_rider"))
    url = f"/admin/delivery/document/{paper.pk}/change/"
    for user in (UserFactory(roles=["store_manager"]), UserFactory(roles=["rider"]), UserFactory()):
        client.force_login(user)
        assert client.get(url).status_code in (302, 403)
    client.force_login(staff)
    assert client.get(url).status_code == client.post(url, {"verify": "yes"}).status_code == 403
    staff.user_permissions.add(Permission.objects.get(codename="view_document"))
    looked = client.get(url).content.decode()
    assert "file/?t=" not in looked and "verify" not in looked
    assert client.post(url, {"verify": "yes"}).status_code == 403
    assert Document.objects.get().state == "submitted"


def test_gigs_suspensions_and_appeals_in_admin(client):
    store = make_store()
    client.force_login(User.objects.create_superuser("+919000012345", "a long password", name="Boss"))
    begins = timezone.now() + DAY
    body = {
        "store": store.pk, "places": 2, "starts_at_0": f"{begins:%Y-%m-%d}", "starts_at_1": "10:00:00",
        "ends_at_0": f"{begins:%Y-%m-%d}", "ends_at_1": "14:00:00",
    }  # fmt: skip
    client.post("/admin/delivery/gig/add/", body, follow=True)
    window = Gig.objects.get()
    client.post(f"/admin/delivery/gig/{window.pk}/change/", {"places": 5})
    assert Gig.objects.get().places == 5
    act = {"action": "call_off", "_selected_action": [window.pk]}
    assert "Call off" in client.post("/admin/delivery/gig/", act).content.decode()
    client.post("/admin/delivery/gig/", {**act, "confirmed": "yes", "reason": "Flooded"})
    assert Gig.objects.get().called_off_reason == "Flooded"
    who = rider(store)
    client.post(
        "/admin/delivery/rider/",
        {"action": "suspend", "_selected_action": [who.pk], "confirmed": "yes", "reason": "Cash", "evidence": "Seen",
         "until": f"{begins:%Y-%m-%dT%H:%M}"},
    )  # fmt: skip
    assert Suspension.objects.get().until is not None
    made = services.appeal(rider_id=who.pk, text="No!", photo=photo(), now=timezone.now())
    url = f"/admin/delivery/appeal/{made.pk}/change/"
    assert "file/?t=" in client.get(url).content.decode()
    client.post(url, {"answer": "You are right.", "lift": "yes"})
    assert fresh(who).suspended_reason == ""
    for model in ("document", "appeal", "suspension", "gig", "gigpattern", "booking", "riderbreak", "dutypolicy"):
        assert client.get(f"/admin/delivery/{model}/?show=all").status_code in (200, 302), model
    assert "papers" in client.get(f"/admin/delivery/rider/{who.pk}/change/").content.decode().lower()
    assert RiderProfile.objects.count() == 0
