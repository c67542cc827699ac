"""Where Navigate leads: links that open a map with the way to a place, on any phone.

- google: the universal link of Google Maps (developers.google.com/maps/documentation/urls), with a stop at the gate
- phone: the map the phone has: `geo:` (RFC 5870) on Android, maps.apple.com on iPhones, Google elsewhere
- osm: openstreetmap.org

Only Google's link takes a stop on the way. The others lead to the gate itself, which is a short walk from the door.
"""

from __future__ import annotations

from urllib.parse import quote, urlencode

from blinkit.kernel.geo import Point
from delivery.doors import Maps

MODES = {"cycle": "bicycling"}


def links(to: Point, *, via: Point | None = None, label: str = "", vehicle: str = "ebike") -> dict[str, str]:
    """One address per kind of map: google, geo, apple, osm."""
    end = via or to
    google = {"api": 1, "destination": _pair(to), "travelmode": MODES.get(vehicle, "two-wheeler")}
    if via is not None:
        google["waypoints"] = _pair(via)
    named = f"({quote(label, safe='')})" if label else ""
    return {
        "google": "https://www.google.com/maps/dir/?" + urlencode({**google, "dir_action": "navigate"}, safe=","),
        "geo": f"geo:{_pair(end)}?q={_pair(end)}{named}",
        "apple": "https://maps.apple.com/?" + urlencode({"daddr": _pair(end), "dirflg": "d"}, safe=","),
        "osm": "https://www.openstreetmap.org/directions?" + urlencode({"to": _pair(end)}, safe=","),
    }


def chosen(urls: dict[str, str], maps: str, *, agent: str = "") -> str:
    """The address for this rider's choice on this phone (`agent`: what the browser says it is)."""
    if maps == Maps.OSM:
        return urls["osm"]
    if maps == Maps.PHONE:
        if "Android" in agent:
            return urls["geo"]
        if "iPhone" in agent or "iPad" in agent:
            return urls["apple"]
    return urls["google"]


def _pair(p: Point) -> str:
    return f"{p.lat:.6f},{p.lng:.6f}"
