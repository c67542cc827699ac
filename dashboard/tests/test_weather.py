"""The page where operations declare bad weather, and what customers then read."""

import pytest
from django.utils import timezone

from accounts.tests.factories import UserFactory
from catalog.models import City
from catalog.tests.factories import NOW, ProductFactory
from delivery.models import PaySurge
from orders import queries as orders
from orders.models import Promise
from orders.promise import PromiseInputs, quote
from orders.tests.factories import address, customer, place_order, shop

pytestmark = pytest.mark.django_db


def declared(client, city, **fields):
    client.force_login(UserFactory(roles=["ops"]))
    said = {"city": city.pk, "weather": "rain", "minutes": "60", "paise": "1000"} | fields
    return client.post("/ops/weather/declare/", said, follow=True)


def test_it_is_declared_on_the_page_and_customers_read_why(client):
    place = shop(ProductFactory())
    where = address(customer())
    before = orders.serviceability(point=where.point, now=timezone.now())
    page = declared(client, place.city)
    assert "Heavy rain. Promises are longer now." in page.text
    assert "Riders get ₹10 more per door." in page.text
    after = orders.serviceability(point=where.point, now=timezone.now())
    assert after.eta_to_m > before.eta_to_m
    assert after.eta_why.as_dict() == {"code": "bad-weather", "sentence": "Heavy rain: our riders take more time."}
    page = declared(client, place.city, weather="")
    assert "the weather is as usual again" in page.text
    assert City.objects.get().bad_weather == ""


def test_the_promise_remembers_it_and_what_wet_rides_took_replaces_the_guess():
    milk = ProductFactory()
    place = shop(milk)
    City.objects.update(bad_weather="fog", bad_weather_until=NOW.replace(hour=23))
    order = place_order(customer(), place, [milk])
    assert Promise.objects.get(order=order).inputs["bad_weather"] is True
    measured = {"ride_times": (1.0, 1.2), "ride_wet": (2.0, 2.5)}
    dry = quote(PromiseInputs(lines=1, units=1, ride_s=300, measured=measured))
    wet = quote(PromiseInputs(lines=1, units=1, ride_s=300, bad_weather=True, measured=measured))
    rides = [{leg.name: leg.p50_s for leg in one.legs}["ride"] for one in (dry, wet)]
    assert rides == [300, 600]
    del measured["ride_wet"]
    assert quote(PromiseInputs(lines=1, units=1, ride_s=300, bad_weather=True, measured=measured)) == dry


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"weather": "frogs"}, "Choose one of the kinds of weather."),
        ({"minutes": "many"}, "Say for how many minutes"),
        ({"minutes": "0"}, "Say until when"),
        ({"minutes": "9999"}, "Say for how many minutes."),
        ({"paise": "-5"}, "up to ₹200"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_written(client, fields, words):
    place = shop(ProductFactory())
    assert words in declared(client, place.city, **fields).text
    assert City.objects.get().bad_weather == ""
    assert not PaySurge.objects.exists()


@pytest.mark.parametrize("role", ["customer", "rider", "picker", "manager"])
def test_only_operations_declare(client, role):
    place = shop(ProductFactory())
    client.force_login(UserFactory(roles=[role]))
    assert client.get("/ops/weather/").status_code == 403
    said = {"city": place.city_id, "weather": "rain", "minutes": "60"}
    assert client.post("/ops/weather/declare/", said).status_code == 403
    assert City.objects.get().bad_weather == ""
    client.force_login(UserFactory(roles=["ops"]))
    assert client.post("/ops/weather/declare/", {**said, "city": 999_999}).status_code == 404
