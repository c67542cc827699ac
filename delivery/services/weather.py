"""Bad weather as one act of operations: longer rides and promises, and more pay for who rides in it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from blinkit.kernel.errors import Invalid
from catalog import services as goods
from catalog.models import City, Weather
from delivery.models import PaySurge

MOST_PAISE = 20_000
"""More than ₹200 a door is a slip of the finger."""


@transaction.atomic
def declare_weather(
    *, city_id: int, weather: str, until: datetime | None = None, paise: int = 0, actor: str, now: datetime
) -> City:
    """What `catalog.services.declare_weather` does, and until then riders of the city get `paise` more per door under
    the name of the weather; what an offer said already stays paid. `weather` "" ends both. The same again changes
    nothing. Lock order: the city before its pay. Raises Invalid, NoSuchCity.
    """
    if not 0 <= paise <= MOST_PAISE:
        raise Invalid("Riders can get up to ₹200 more per door.", most_paise=MOST_PAISE)
    city = goods.declare_weather(city_id=city_id, weather=weather, until=until, actor=actor, now=now)
    running = running_pay(city, now=now)
    if weather and [(row.reason, row.paise, row.ends_at) for row in running] == [
        (Weather(weather).label, paise, until)
    ]:
        return city
    running.filter(starts_at__gte=now).delete()
    running.update(ends_at=now)
    if weather and paise:
        PaySurge.objects.create(
            city=city, kind=PaySurge.Kind.WEATHER, reason=Weather(weather).label, paise=paise, starts_at=now,
            ends_at=until,
        )  # fmt: skip
    return city


def running_pay(city: City, *, now: datetime) -> QuerySet[PaySurge]:
    """What a declaration pays in this city now; windows for one store alone, or planned ahead, are somebody else's."""
    here = PaySurge.objects.filter(city=city, store=None, kind=PaySurge.Kind.WEATHER)
    return here.filter(starts_at__lte=now, ends_at__gt=now).order_by("pk")
