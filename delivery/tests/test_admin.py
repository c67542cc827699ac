"""Riders in Django Admin."""

import pytest
from django.utils.translation import gettext, override

from accounts.models import User
from catalog.tests.factories import store
from delivery.models import Decision, Earning, Job, Offer, Rider, Shift, Trip
from delivery.tests.factories import rider, trip

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(client):
    client.force_login(User.objects.create_superuser("+919000012345", "a long password", name="Boss"))
    return client


def act(boss, name, who, **more):
    body = {"action": name, "_selected_action": [who.pk], **more}
    return boss.post("/admin/delivery/rider/", body, follow=True)


def test_suspending_asks_for_a_reason_and_takes_the_rider_off_duty(boss):
    who = rider(store())
    asked = act(boss, "suspend", who)
    assert "reason is shown to them" in asked.content.decode()
    assert Rider.objects.get().suspended_reason == ""
    act(boss, "suspend", who, confirmed="yes", reason="Papers expired")
    assert Rider.objects.get().suspended_reason == "Papers expired"
    assert not Shift.objects.filter(ended_at=None).exists()
    act(boss, "end_suspension", who)
    assert Rider.objects.get().suspended_reason == ""


def test_verifying_allows_duty(boss):
    who = rider(store(), on_duty=False, is_verified=False)
    act(boss, "verify", who)
    assert Rider.objects.get().is_verified


def test_every_list_and_page_opens_and_ledgers_are_read_only(boss):
    made, stop = trip(to_door=True)
    order = stop.job.order
    from delivery import services

    services.deliver(
        stop_id=stop.pk, rider_id=made.rider_id, otp=order.door_otp, cash_paise=order.total_paise, now=order.placed_at
    )
    for model in (Rider, Trip, Job, Offer, Earning):
        name = model._meta.model_name
        assert boss.get(f"/admin/delivery/{name}/").status_code == 200
        page = boss.get(f"/admin/delivery/{name}/{model.objects.first().pk}/change/")
        assert page.status_code == 200
        if model is not Rider:
            assert boss.get(f"/admin/delivery/{name}/add/").status_code == 403
    assert "Made up of" in boss.get(f"/admin/delivery/job/{Job.objects.get().pk}/change/").content.decode()


def test_why_an_order_waits_is_said_in_the_readers_language(boss):
    job = Job.objects.get(pk=trip()[1].job_id)
    parts = {"at_the_shelf": 30.0, "late": 12.0}
    considered = [{"rider": 1, "name": "Ravi", "score_s": 42, "parts": parts, "note": ""}]
    barred = [{"rider": 1, "name": "Ravi", "score_s": None, "parts": {}, "note": "called for help"}]
    Decision.objects.create(job=job, at=job.opened_at, why=considered, strategy="rolling")
    left = "nobody may have it: called for help (1)"
    Decision.objects.create(job=job, at=job.opened_at, why=barred, left=left, strategy="rolling")
    url = f"/admin/delivery/job/{job.pk}/change/"
    english = boss.get(url).content.decode()
    assert "at the shelf 30 s" in english and "for being late 12 s" in english and "nobody may have it" in english
    hindi = boss.get(url, HTTP_ACCEPT_LANGUAGE="hi").content.decode()
    with override("hi"):
        for words in ("at the shelf", "for being late", "nobody may have it", "called for help"):
            assert gettext(words) != words and gettext(words) in hindi, words
    assert "nobody may have it" not in hindi
