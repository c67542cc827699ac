"""The map of unmet demand: for operations only, with a file, and one click that tells those we serve now."""

import json

import pytest
from django.utils import timezone

from accounts.tests.factories import UserFactory
from blinkit.kernel.geo import Point
from blinkit.kernel.models import Event
from catalog import services as goods
from catalog.events import WeAreHere
from catalog.models import Waitlist
from catalog.tests.factories import SQUARE, store
from notifications.facts import facts_of

pytestmark = pytest.mark.django_db
URLS = ("/ops/demand/", "/ops/demand/cells.csv")


def signed_in(client, *roles):
    client.force_login(UserFactory(roles=list(roles)))
    return client


def waiting(point=Point(28.6139, 77.2090), phone="9876500001"):
    return goods.join_waitlist(phone=phone, point=point, now=timezone.now())


@pytest.mark.parametrize("role", ["picker", "store_manager", "rider", "customer"])
def test_other_people_see_no_demand_and_tell_nobody(client, role):
    place = store()
    waiting(Point(12.95, 77.62))
    signed_in(client, *([] if role == "customer" else [role]))
    assert [client.get(url).status_code for url in URLS] == [403, 403]
    assert client.post("/ops/demand/tell/", {"store": place.code}).status_code == 403
    assert Waitlist.objects.get().told_at is None


def test_strangers_sign_in_first(client):
    assert {client.get(url).status_code for url in URLS} == {302}


@pytest.mark.parametrize("role", ["ops", "admin"])
def test_the_page_draws_the_cells_over_the_areas_and_lists_the_top_ones(client, role):
    store()
    waiting()
    page = signed_in(client, role).get("/ops/demand/?days=7")
    facts = page.context["facts"]
    assert facts["areas"][0]["ring"] == SQUARE
    (cell,) = facts["cells"]
    south, west, north, east = cell["box"]
    assert south < 28.6139 < north and west < 77.2090 < east
    assert (cell["shade"], cell["label"]) == (1.0, "1 waiting · asked 0 times")
    assert page.context["waiting"] == 1


def test_the_page_says_so_when_nobody_asked(client):
    assert "Nobody asked from outside" in signed_in(client, "ops").get("/ops/demand/?days=x").content.decode()


def test_the_file_has_a_line_per_cell(client):
    waiting()
    answer = signed_in(client, "ops").get("/ops/demand/cells.csv?days=30")
    assert answer["Content-Type"].startswith("text/csv")
    head, row = answer.content.decode().split()
    assert head == "lat,lng,waiting,asked"
    lat, lng, people, asked = row.split(",")
    assert (float(lat), float(lng)) == (pytest.approx(28.6139, abs=0.003), pytest.approx(77.209, abs=0.003))
    assert (people, asked) == ("1", "0")


def test_one_click_tells_those_inside_once(client):
    place = store()
    row = waiting(Point(12.95, 77.62))
    ops = signed_in(client, "ops")
    assert "1 person on the list" in ops.get("/ops/demand/").content.decode()
    for _ in range(2):
        assert ops.post("/ops/demand/tell/", {"store": place.code}).url == "/ops/demand/"
    assert Event.objects.filter(code="catalog.WeAreHere").count() == 1
    facts = facts_of(WeAreHere(waitlist_id=row.pk, store_code=place.code))
    assert (facts.person.phone, facts.words) == ("+919876500001", {"store": place.name})
    row.delete()  # asked to be forgotten meanwhile
    assert facts_of(WeAreHere(waitlist_id=row.pk or 0, store_code=place.code)) is None


def test_saving_a_stores_area_says_who_can_be_told(client):
    place = store()
    waiting(Point(12.95, 77.62))
    boss = UserFactory(is_staff=True, is_superuser=True)
    client.force_login(boss)
    url = f"/admin/catalog/store/{place.pk}/change/"
    form = client.get(url).context["adminform"].form
    fields = {name: value for name, value in form.initial.items() if value is not None}
    inlines = {
        "load-TOTAL_FORMS": 0, "load-INITIAL_FORMS": 0, "members-TOTAL_FORMS": 0, "members-INITIAL_FORMS": 0,
    }  # fmt: skip
    answer = client.post(url, {**fields, "area": json.dumps(SQUARE), "is_active": "on", **inlines}, follow=True)
    assert "1 on the waiting list live in this area" in answer.content.decode()
