"""Places people know by name: to judge a pin by, and to choose from where there is no map."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings

from accounts.templatetags.ui import shop_name
from blinkit.kernel.geo import Point
from catalog.models import Store

STREETS_FROM_ZOOM, AREAS_FROM_ZOOM = 15, 12.5


@dataclass(frozen=True, slots=True)
class Street:
    """A point with a name. `key` names it in a form."""

    key: str
    name: str
    point: Point

    @property
    def area(self) -> str:
        """ "Indiranagar" of "12th Main Road, Indiranagar"; "" where the name does not say."""
        last = self.name.rpartition(", ")[2] if ", " in self.name else ""
        return "" if re.search(r"[0-9]", last) else last


def known_streets(stores: Iterable[Store]) -> list[Street]:
    """The streets of our stores, and those of the demo city where it is shown; by name."""
    found = {_street(store): store.point for store in stores if store.address}
    for name, lat, lng in _demo_streets():
        found.setdefault(name, Point(lat, lng))
    return [Street(name, name, point) for name, point in sorted(found.items(), key=lambda item: _sorted(item[0]))]


def map_words(streets: Iterable[Street], *, without: Iterable[str]) -> list[dict[str, object]]:
    """What map.js writes on the ground: areas from afar, streets from near. Names in `without` stand there already."""
    streets = list(streets)
    areas: defaultdict[str, list[Point]] = defaultdict(list)
    for street in streets:
        if street.area and street.area not in without:
            areas[street.area].append(street.point)
    words = [_word(street.name.partition(",")[0], street.point, STREETS_FROM_ZOOM) for street in streets]
    for name, points in areas.items():
        middle = Point(sum(p.lat for p in points) / len(points), sum(p.lng for p in points) / len(points))
        words.append(_word(name, middle, AREAS_FROM_ZOOM, until=STREETS_FROM_ZOOM))
    return words


def _word(text: str, point: Point, zoom: float, until: float = 99) -> dict[str, object]:
    return {"text": text, "lat": point.lat, "lng": point.lng, "from": zoom, "until": until}


def _street(store: Store) -> str:
    """ "12th Main Road, Indiranagar" of a store's "18, 12th Main Road, HAL 2nd Stage, Indiranagar"."""
    parts = [part.strip() for part in store.address.split(",")]
    street = next((part for part in parts if re.search(r"[A-Za-z]{3}", part)), parts[0])
    return f"{street}, {store.name.removeprefix(shop_name()).strip()}"


def _sorted(name: str) -> tuple[str, int, str]:
    """Ordered by area; within it the 6th before the 17th."""
    street, _comma, area = name.partition(", ")
    number = re.match(r"[0-9]+", street)
    return (area or street, int(number[0]) if number else 0, street)


def _demo_streets() -> list[tuple[str, float, float]]:
    if not settings.DEMO_MODE:
        return []
    try:
        from blinkit.demo import streets
    except ImportError:
        return []
    return streets()
