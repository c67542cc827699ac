"""Bad weather, city by city: what holds now, and declaring it."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from blinkit.kernel.errors import Invalid
from blinkit.kernel.said import say
from blinkit.kernel.words import said
from catalog.models import City, Weather
from catalog.ways import weather_of
from dashboard.queries.board import forget_board
from dashboard.web.parts import act, actor_of, screen, show
from delivery import services

LASTS_M = (30, 60, 120, 240, 480)
MORE_PAISE = (0, 500, 1000, 1500, 2000, 3000)
ICONS = {"rain": "cloud-rain", "storm": "cloud-lightning", "flood": "waves", "fog": "cloud-fog", "heat": "sun"}


@screen
def weather(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    cities = []
    for city in City.objects.order_by("name"):
        pay = services.running_pay(city, now=now).first()
        cities.append({"city": city, "now": weather_of(city, at=now), "pay": pay})
    context = {
        "here": "board",
        "cities": cities,
        "kinds": [(kind.value, kind.label, ICONS[kind.value]) for kind in Weather],
        "lasts": LASTS_M,
        "more": MORE_PAISE,
    }
    return show(request, "dashboard/weather.html", context)


@act("ops-weather")
def declare(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    kind = request.POST.get("weather", "")
    try:
        city_id, lasts, paise = (int(request.POST.get(name) or 0) for name in ("city", "minutes", "paise"))
    except ValueError:
        raise Invalid("Say for how many minutes, and how much more riders get.") from None
    if not 0 <= lasts <= 24 * 60:
        raise Invalid("Say for how many minutes.")
    city = services.declare_weather(
        city_id=city_id,
        weather=kind,
        until=now + timedelta(minutes=lasts) if kind else None,
        paise=paise,
        actor=actor_of(request),
        now=now,
    )
    forget_board()
    words = (
        say("{city}: {weather}. Promises are longer now.", city=city.name, weather=_(Weather(kind).label))
        if kind
        else say("{city}: the weather is as usual again.", city=city.name)
    )
    messages.success(request, said(words))
    return redirect("ops-weather")
