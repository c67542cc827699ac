"""Bad weather in a city, said by operations, with an end."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from blinkit.kernel import events, live
from blinkit.kernel.errors import Invalid
from catalog.errors import NoSuchCity
from catalog.events import WeatherDeclared
from catalog.models import City, Store, Weather

LONGEST = timedelta(hours=12)


@transaction.atomic
def declare_weather(*, city_id: int, weather: str, until: datetime | None = None, actor: str, now: datetime) -> City:
    """From now until then rides in this city take longer (`travel.BAD_WEATHER`), and so do its promises; "" says that
    it is over. Recorded; the city's screens read themselves again. What was promised stays promised.

    It must end: `until` lies in the next twelve hours. The same again changes nothing. Raises Invalid, NoSuchCity.
    """
    if weather and weather not in Weather.values:
        raise Invalid("Choose one of the kinds of weather.", known=Weather.values)
    if not weather:
        until = None
    elif until is None or not now < until <= now + LONGEST:
        raise Invalid("Say until when: a time within the next 12 hours.")
    city = City.objects.select_for_update(no_key=True).filter(pk=city_id).first()
    if city is None:
        raise NoSuchCity("There is no such city.")
    if (city.bad_weather, city.bad_weather_until) == (weather, until):
        return city
    declared = WeatherDeclared(city=city.slug, old=city.bad_weather, weather=weather, until=until)
    city.bad_weather, city.bad_weather_until = weather, until
    city.save(update_fields=["bad_weather", "bad_weather_until"])
    events.record(declared, subject=f"city:{city.slug}", actor=actor)
    for code in Store.objects.filter(city=city, is_active=True).order_by("code").values_list("code", flat=True):
        live.touch(f"store.{code}", what="mode")
    live.touch("ops", what="weather")
    return city
