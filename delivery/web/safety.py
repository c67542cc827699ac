"""Help and safety: SOS, incidents of one's own, and which map opens."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from blinkit.kernel.errors import Invalid
from blinkit.kernel.geo import Point
from blinkit.kernel.permissions import web_role
from delivery import services
from delivery.doors import MapChoice, Maps
from delivery.incidents import Kind
from delivery.models import Rider
from delivery.services import incidents
from delivery.web.parts import rider_of, text_of


@never_cache
@require_safe
@web_role("rider")
def page(request: HttpRequest) -> HttpResponse:
    rider = rider_of(request)
    maps = MapChoice.objects.filter(rider=rider).values_list("maps", flat=True).first() or Maps.GOOGLE.value
    context = {
        "incidents": incidents.of_rider(rider),
        "kinds": kinds(),
        "maps": maps,
        "map_choices": [
            (Maps.GOOGLE.value, _("Google Maps")),
            (Maps.PHONE.value, _("The map of the phone")),
            (Maps.OSM.value, _("OpenStreetMap")),
        ],
        "nonce": uuid4().hex,
        "live_url": "/ws/rider/",
        "home_url": "/rider/",
        "tab": "help",
        "rider_name": str(rider),
    }
    partial = bool(getattr(request, "htmx", False))
    return render(request, "delivery/safety.html#log" if partial else "delivery/safety.html", context)


@never_cache
@require_POST
@web_role("rider")
def sos(request: HttpRequest) -> HttpResponse:
    """Operations are called; with position and battery where the phone tells them."""
    rider, now = rider_of(request), timezone.now()
    _tell(request, rider, Kind.SOS.value, now=now)
    words = _("We know and are looking. Call 112 if you are in danger.")
    if getattr(request, "htmx", False):
        from django_htmx.http import trigger_client_event

        response = HttpResponse(status=204)
        trigger_client_event(response, "toast", {"text": words, "kind": "success"})
        trigger_client_event(response, "live", {})  # the screen behind says at once that help was called
        return response
    messages.success(request, words)
    return redirect("rider-help")


@never_cache
@require_POST
@web_role("rider")
def tell(request: HttpRequest) -> HttpResponse:
    rider, now = rider_of(request), timezone.now()
    kind = text_of(request, "kind", 12)
    if kind == Kind.SOS:
        raise Invalid(_("Press SOS for that."))
    _tell(request, rider, kind, now=now)
    messages.success(request, _("Noted. Our team looks at it and calls you."))
    return redirect("rider-help")


@never_cache
@require_POST
@web_role("rider")
def maps(request: HttpRequest) -> HttpResponse:
    services.choose_maps(rider_id=rider_of(request).pk, maps=text_of(request, "maps", 8))
    messages.success(request, _("Noted."))
    return redirect("rider-help")


def kinds() -> list[tuple[str, str, str]]:
    """(code, words, icon) of what a rider can tell, without SOS."""
    return [
        (Kind.ACCIDENT.value, _("I had an accident"), "heart-pulse"),
        (Kind.VEHICLE.value, _("Vehicle trouble"), "bike"),
        (Kind.HARASSMENT.value, _("Somebody harasses me"), "hand"),
        (Kind.SPILLED.value, _("Goods are spilled or broken"), "droplets"),
        (Kind.THEFT.value, _("Something was stolen"), "lock-open"),
        (Kind.OTHER.value, _("Something else"), "ellipsis"),
    ]


def _tell(request: HttpRequest, rider: Rider, kind: str, *, now: datetime) -> None:
    incidents.tell(
        rider_id=rider.pk,
        kind=kind,
        nonce=text_of(request, "nonce", 64) or uuid4().hex,
        text=text_of(request, "text", 400),
        at=_place(request),
        battery_percent=_percent(request),
        now=now,
    )


def _place(request: HttpRequest) -> Point | None:
    """Where the phone says it is; nothing odd in these fields may keep an SOS from being heard."""
    try:
        return Point(float(request.POST.get("lat", "")), float(request.POST.get("lng", "")))
    except ValueError:
        return None


def _percent(request: HttpRequest) -> int | None:
    given = request.POST.get("battery", "")
    return min(100, int(given)) if given.isascii() and given.isdigit() and len(given) < 4 else None
