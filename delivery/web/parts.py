"""What the rider's screens have in common."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext as _

from blinkit.kernel.errors import Invalid
from delivery import services
from delivery.models import Rider


def rider_of(request: HttpRequest) -> Rider:
    return services.rider_of(int(request.user.pk))  # type: ignore[arg-type]  # riders only


def device_of(request: HttpRequest) -> services.Device | None:
    """What static/js/duty.js added to the form; None without it. Whatever is no answer counts as not said."""
    if "app_version" not in request.POST:
        return None
    permissions = ("granted", "denied", "prompt")
    battery = request.POST.get("battery_pct", "")
    location, words = request.POST.get("location", ""), request.POST.get("notifications", "")
    lat, lng = _degrees(request, "lat", 90), _degrees(request, "lng", 180)
    return services.Device(
        app_version=request.POST["app_version"][:20],
        battery_pct=int(battery) if battery.isascii() and battery.isdigit() and len(battery) < 4 else None,
        location=location if location in permissions else "",
        notifications=words if words in permissions else "",
        lat=lat if lng is not None else None,
        lng=lng if lat is not None else None,
    )


def _degrees(request: HttpRequest, name: str, most: int) -> float | None:
    try:
        value = float(request.POST.get(name, ""))
    except ValueError:
        return None
    return value if -most <= value <= most else None


def text_of(request: HttpRequest, name: str, longest: int) -> str:
    text = request.POST.get(name, "").strip()
    if len(text) > longest or "\x00" in text:
        raise Invalid(_("That is too long."))
    return text
