"""Declared bad weather: rounds reckon with it, and who rides in it is paid more until it ends."""

from datetime import timedelta

import pytest

from blinkit.kernel.errors import Invalid
from catalog.models import City
from catalog.tests.factories import NOW
from delivery import services
from delivery.models import PaySurge
from delivery.services import situation
from delivery.services.pay import policy_of
from delivery.tests.factories import waiting_job

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def rain(place, *, paise=1_000, weather="rain", until=NOW + HOUR, now=NOW):
    return services.declare_weather(
        city_id=place.city_id, weather=weather, until=until if weather else None, paise=paise, actor="user:1", now=now
    )


def test_riders_get_more_per_door_until_it_ends():
    place = waiting_job().store
    for _ in range(2):
        rain(place)
    assert PaySurge.objects.count() == 1
    policy = policy_of(place, now=NOW)
    assert (policy.surge_paise, policy.surge.reason) == (1_000, "Heavy rain")
    assert policy_of(place, now=NOW + HOUR).surge_paise == 0
    later = NOW + HOUR / 2
    rain(place, paise=2_000, weather="storm", until=NOW + 2 * HOUR, now=later)
    assert policy_of(place, now=later).surge_paise == 2_000, "the new declaration stands in the place of the old one"
    assert policy_of(place, now=NOW).surge_paise == 1_000, "what was offered then stays as it was"
    rain(place, weather="", now=later + HOUR / 4)
    assert policy_of(place, now=later + HOUR / 4).surge_paise == 0
    assert City.objects.get(pk=place.city_id).bad_weather == ""


def test_said_over_in_the_second_it_was_declared_nothing_is_left():
    place = waiting_job().store
    rain(place)
    rain(place, weather="")
    assert not PaySurge.objects.exists()


def test_windows_of_one_store_or_planned_ahead_are_left_alone_and_no_pay_needs_none():
    place = waiting_job().store
    hill = {"city": place.city, "kind": "weather", "reason": "Hill", "paise": 700, "ends_at": NOW + 9 * HOUR}
    own = PaySurge.objects.create(**hill, store=place, starts_at=NOW)
    ahead = PaySurge.objects.create(**hill, starts_at=NOW + HOUR)
    rain(place, paise=0)
    rain(place, weather="")
    assert set(PaySurge.objects.filter(ends_at=NOW + 9 * HOUR)) == {own, ahead} == set(PaySurge.objects.all())
    with pytest.raises(Invalid, match="up to ₹200"):
        rain(place, paise=20_001)
    assert City.objects.get(pk=place.city_id).bad_weather == ""


def test_rounds_reckon_slower_rides():
    job = waiting_job()
    here, door = job.store.point, job.order.point
    dry = situation.area_of((job.store_id,), now=NOW).ways
    rain(job.store)
    wet = situation.area_of((job.store_id,), now=NOW).ways
    assert wet(here, door, "scooter") > 1.2 * dry(here, door, "scooter")
    assert wet.table([here], [door], "scooter")[0][0] == pytest.approx(wet(here, door, "scooter"), abs=1.0)
    over = situation.area_of((job.store_id,), now=NOW + HOUR).ways
    assert not over.bad_weather
