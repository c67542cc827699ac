"""Bad weather that operations declared: rides take longer while it lasts, and it ends by itself."""

from datetime import timedelta

import pytest

from blinkit.kernel.errors import Invalid
from blinkit.kernel.geo import Point
from blinkit.kernel.models import Event
from catalog import services
from catalog.errors import NoSuchCity
from catalog.models import City, Store, Weather
from catalog.tests.factories import NOW, store
from catalog.travel import SETTLE_S
from catalog.ways import leg_seconds, ride_seconds, weather_of

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def rain(city_id, *, until=NOW + HOUR, now=NOW):
    return services.declare_weather(city_id=city_id, weather="rain", until=until, actor="user:1", now=now)


def test_rides_take_longer_until_it_is_over():
    place = store()
    to = Point(place.lat + 0.02, place.lng)
    dry_s = ride_seconds(place, to, at=NOW)
    place.city = rain(place.city_id)
    assert weather_of(place.city, at=NOW) == Weather.RAIN
    assert ride_seconds(place, to, at=NOW) == pytest.approx(SETTLE_S + 1.3 * (dry_s - SETTLE_S), abs=1)
    assert leg_seconds(place, to, place.point, vehicle="scooter", at=NOW) > leg_seconds(
        place, to, place.point, vehicle="scooter", at=NOW + HOUR
    )
    assert weather_of(place.city, at=NOW + HOUR) is None, "at its end it is over, whether or not anybody says so"
    assert ride_seconds(place, to, at=NOW + HOUR) == dry_s
    over = services.declare_weather(city_id=place.city_id, weather="", actor="user:1", now=NOW)
    assert (over.bad_weather, over.bad_weather_until, weather_of(over, at=NOW)) == ("", None, None)


def test_it_is_recorded_once_and_another_city_stays_dry():
    place = store()
    other = City.objects.create(slug="mysuru", name="Mysuru", state_code="29")
    rain(place.city_id)
    rain(place.city_id)
    (event,) = Event.objects.filter(code="catalog.WeatherDeclared")
    assert (event.subject, event.actor, event.payload["weather"]) == ("city:bengaluru", "user:1", "rain")
    other.refresh_from_db()
    assert weather_of(other, at=NOW) is None
    assert weather_of(Store.objects.select_related("city").get(pk=place.pk).city, at=NOW) == Weather.RAIN


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"weather": "frogs", "until": NOW + HOUR}, "kinds of weather"),
        ({"weather": "rain"}, "until when"),
        ({"weather": "rain", "until": NOW}, "until when"),
        ({"weather": "rain", "until": NOW + timedelta(hours=12, seconds=1)}, "until when"),
    ],
)
def test_it_has_a_kind_and_an_end(asked, words):
    place = store()
    with pytest.raises(Invalid, match=words):
        services.declare_weather(city_id=place.city_id, actor="user:1", now=NOW, **asked)
    with pytest.raises(NoSuchCity):
        rain(place.city_id + 1)
    assert not Event.objects.filter(code="catalog.WeatherDeclared").exists()
