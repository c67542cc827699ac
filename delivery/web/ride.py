"""The ride: duty, the offer, the live trip. Each act answers with the whole screen as it is then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Concatenate, ParamSpec
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from blinkit.kernel.money import rupees
from blinkit.kernel.permissions import web_role
from blinkit.kernel.words import said as spoken
from catalog.models import Store
from delivery import navigation, photos, queries, road, services
from delivery.errors import NotThere
from delivery.models import Rider
from delivery.services import incidents, pay
from delivery.web.parts import device_of, rider_of, text_of
from orders import words

P = ParamSpec("P")
Act = Callable[Concatenate[HttpRequest, Rider, datetime, P], str]
"""Does one thing and returns what to say about it (or nothing)."""

NOT_THERE = "rider-not-there"
NOT_THERE_FOR = timedelta(minutes=3)


def door_chips(place: dict[str, Any] | None) -> list[tuple[str, str]]:
    """What the customer asked for at the door, as (words, icon), in the order they were chosen."""
    return words.door_chips(place["drop"]["instructions"]) if place else []


def _with_chips(offer: dict[str, Any] | None) -> None:
    for drop in offer["drops"] if offer else ():
        drop["chips"] = words.door_chips(drop["instructions"])


def decline_reasons() -> list[str]:
    """As they are kept: the screen says them in the rider's language, the order desk in its own."""
    return [
        gettext_noop("Too far"),
        gettext_noop("Bags too heavy for my vehicle"),
        gettext_noop("I need a break"),
        gettext_noop("Vehicle trouble"),
    ]


def trouble_before() -> list[str]:
    """As they are kept, too."""
    return [
        gettext_noop("Vehicle trouble"),
        gettext_noop("I had an accident"),
        gettext_noop("The bags are not there"),
        gettext_noop("I can't come"),
    ]


def trouble_after() -> list[tuple[str, str]]:
    """(code of services.doors, words) of what lets bags ride back."""
    return [
        ("nobody", _("Nobody opens, the phone is not answered")),
        ("address", _("The address is wrong")),
        ("refused", _("The customer does not want it")),
        ("damaged", _("The bags are damaged")),
    ]


@never_cache
@require_GET
@web_role("rider")
def home(request: HttpRequest) -> HttpResponse:
    return show(request, rider_of(request))


def show(request: HttpRequest, rider: Rider, *, said: str = "") -> HttpResponse:
    """The whole page, or for htmx the part that changes."""
    now = timezone.now()
    services.still_here(rider_id=rider.pk, now=now)
    state = queries.rider_state(rider=rider, now=now)
    stop = _current(state["trip"])
    _with_chips(state["offer"])
    context: dict[str, Any] = {
        "state": state,
        "rider": state["rider"],
        "stop": stop,
        "stop_chips": door_chips(stop),
        "facts": _facts(state),
        "live_url": "/ws/rider/",
        "home_url": "/rider/",
        "tab": "ride",
        "not_there": _not_there(request, rider, now, str(stop["id"]) if stop and stop["next"] == "arrive" else ""),
        "trip_pay_paise": sum(it["pay_paise"] for it in state["trip"]["stops"] if it["state"] != "dropped")
        if state["trip"]
        else 0,
        "help": incidents.open_call(rider),
        "helper": road.helper_of(state["trip"]["id"]) if state["trip"] and state["trip"]["stops"] else "",
        "way": _way(state["trip"], stop, request.headers.get("User-Agent", "")),
        "answers": DOOR_ANSWERS,
        "nonce": uuid4().hex,
        "decline_reasons": decline_reasons(),
        "trouble_before": trouble_before(),
        "trouble_after": trouble_after(),
        "demo": settings.DEMO_MODE,
        "wait_free_m": _wait_free_m(state["trip"]) if state["trip"] else None,
    }
    partial = bool(getattr(request, "htmx", False))
    response = render(request, "delivery/ride.html#now" if partial else "delivery/ride.html", context)
    if partial and said:
        from django_htmx.http import trigger_client_event

        trigger_client_event(response, "toast", {"text": said, "kind": "success"})
    return response


def _wait_free_m(trip: dict[str, Any]) -> int | None:
    """Beyond how many minutes waiting for bags is paid, as this trip's policy says; None where it is not."""
    if trip["next"] != "wait":
        return None
    store = Store.objects.select_related("city").get(code=trip["store"]["code"])
    rates = pay.policy_of(store, now=trip["started_at"]).rates
    return rates.wait_free_s // 60 if rates.wait_per_min_paise else None


def door(act: Act[P]) -> Callable[..., HttpResponseBase]:
    """A view that does one act for the signed-in rider and shows the screen again."""

    @never_cache
    @require_POST
    @web_role("rider")
    def view(request: HttpRequest, *args: P.args, **ids: P.kwargs) -> HttpResponse:
        rider = rider_of(request)
        said = act(request, rider, timezone.now(), *args, **ids)
        if getattr(request, "htmx", False):
            return show(request, rider, said=said)
        if said:
            messages.success(request, said)
        return redirect("rider-home")

    return view


@door
def duty(request: HttpRequest, rider: Rider, now: datetime) -> str:
    if request.POST.get("on") == "1":
        services.go_on_duty(
            rider_id=rider.pk, now=now, device=device_of(request), self_check=request.POST.getlist("self_check")[:8]
        )
        return _("You are on duty.")
    services.go_off_duty(rider_id=rider.pk, now=now)
    return _("You are off duty. Ride home safely.")


@door
def accept(request: HttpRequest, rider: Rider, now: datetime, *, offer_id: UUID) -> str:
    services.accept(offer_id=offer_id, rider_id=rider.pk, now=now)
    return ""


@door
def decline(request: HttpRequest, rider: Rider, now: datetime, *, offer_id: UUID) -> str:
    services.decline(offer_id=offer_id, rider_id=rider.pk, reason=text_of(request, "reason", 80), now=now)
    return _("All right. The next one will come.")


@door
def at_store(request: HttpRequest, rider: Rider, now: datetime) -> str:
    sure = request.POST.get("sure") == "1"
    _standing_there(request, rider, now, partial(services.arrive_at_store, rider_id=rider.pk, now=now, sure=sure))
    return ""


def _standing_there(
    request: HttpRequest, rider: Rider, now: datetime, arrive: Callable[[], object], place: str = ""
) -> None:
    """The position may be wrong: what it says is shown beside "I do stand there", which is believed. `place`: the stop
    it is about, "" for the store."""
    try:
        arrive()
    except NotThere as refusal:
        asked = {"rider": rider.pk, "place": place, "words": spoken(refusal.detail), "at": now.timestamp()}
        request.session[NOT_THERE] = asked
    else:
        request.session.pop(NOT_THERE, None)


def _not_there(request: HttpRequest, rider: Rider, now: datetime, place: str) -> str:
    """Why "I am at the store" (or at the door of this stop) was refused, for as long as the question stands."""
    asked = request.session.get(NOT_THERE)
    if not asked or (asked["rider"], asked.get("place", "")) != (rider.pk, place):
        return ""
    return asked["words"] if now.timestamp() - asked["at"] < NOT_THERE_FOR.total_seconds() else ""


@door
def pick_up(request: HttpRequest, rider: Rider, now: datetime, *, stop_id: UUID) -> str:
    typed = request.POST.get("codes", "").replace(",", " ").split()
    codes = list(dict.fromkeys([*request.POST.getlist("bag"), *typed]))
    services.pick_up(stop_id=stop_id, rider_id=rider.pk, bag_codes=codes, now=now)
    return _("The bags are on board.")


@door
def bag(request: HttpRequest, rider: Rider, now: datetime, *, stop_id: UUID) -> str:
    nonce = text_of(request, "nonce", 64) or uuid4().hex
    handed = services.scan_bag(
        stop_id=stop_id, rider_id=rider.pk, code=text_of(request, "code", 40), nonce=nonce, now=now
    )
    if handed.complete:
        return _("The bags are on board.")
    if not handed.number:
        return _("This is the right place.")
    return _("Bag %(n)s of %(m)s is in your hands.") % {"n": handed.number, "m": handed.of}


@door
def depart(request: HttpRequest, rider: Rider, now: datetime, *, stop_id: UUID) -> str:
    services.leave_store(stop_id=stop_id, rider_id=rider.pk, now=now)
    return ""


@door
def arrive(request: HttpRequest, rider: Rider, now: datetime, *, stop_id: UUID) -> str:
    sure = request.POST.get("sure") == "1"
    act = partial(services.arrive, stop_id=stop_id, rider_id=rider.pk, now=now, sure=sure)
    _standing_there(request, rider, now, act, place=str(stop_id))
    return ""


@door
def deliver(request: HttpRequest, rider: Rider, now: datetime, *, stop_id: UUID) -> str:
    services.require_stop(stop_id=stop_id, rider_id=rider.pk)
    cash = request.POST.get("cash_paise", "")
    otp = text_of(request, "otp", 8)
    photo = request.FILES.get("photo")
    with photos.proof(stop_id, None if otp else photo) as name:
        services.deliver(
            stop_id=stop_id,
            rider_id=rider.pk,
            otp=otp,
            photo=name,
            cash_paise=int(cash) if cash.isascii() and cash.isdigit() and len(cash) < 12 else None,
            at=rider.point,
            now=now,
        )
    return _("Delivered. Thank you! %(pay)s earned today.") % {
        "pay": rupees(queries.today_of(rider=rider, now=now)["total_paise"])
    }


@door
def fail(request: HttpRequest, rider: Rider, now: datetime, *, stop_id: UUID) -> str:
    services.give_up(stop_id=stop_id, rider_id=rider.pk, reason=text_of(request, "reason", 160), now=now)
    return _("Noted. Thank you for telling us.")


def _current(trip: dict[str, Any] | None) -> dict[str, Any] | None:
    """The stop whose turn it is."""
    return road.turn(trip["stops"]) if trip else None


def _facts(state: dict[str, Any]) -> dict[str, Any]:
    """What rider.js needs: whether to report positions, where to, and the points of the map."""
    trip, offer = state["trip"], state["offer"]
    stop = _current(trip)
    store = (trip or offer or state["rider"])["store"]
    points = [{"id": "store", "kind": "store", "lat": store["lat"], "lng": store["lng"], "label": store["name"]}]
    target = None
    if trip and trip["rescue"]:
        other = trip["rescue"]
        target = [other["lat"], other["lng"]]
        points.append({"id": "door", "kind": "rider", "lat": other["lat"], "lng": other["lng"], "label": other["name"]})
    elif trip and stop is None:
        target = [store["lat"], store["lng"]]
    if stop is not None:
        drop = stop["drop"]
        points.append({"id": "door", "kind": "home", "lat": drop["lat"], "lng": drop["lng"], "label": drop["area"]})
        on_road = stop["next"] in ("depart", "arrive", "deliver")
        target = [drop["lat"], drop["lng"]] if on_road else [store["lat"], store["lng"]]
    return {
        "on_duty": state["on_duty"],
        "key": f"{trip['id']}:{stop['id'] if stop else trip['next']}" if trip else "",
        "target": target,
        "points": points,
        "home": [store["lat"], store["lng"]],
    }


DOOR_ANSWERS = {
    "coming": gettext_lazy("The customer is coming."),
    "leave_at_door": gettext_lazy("Leave it at the door and take a photo."),
    "leave_with_guard": gettext_lazy("Give it to the guard and take a photo."),
    "cancel": gettext_lazy("The customer has cancelled. Bring the bags back to the store."),
}
"""What the customer answered, for the rider."""


def _way(trip: dict[str, Any] | None, stop: dict[str, Any] | None, agent: str) -> str:
    """Where Navigate leads now, on this phone."""
    if trip is None:
        return ""
    if trip["rescue"]:
        to = trip["rescue"]["navigate"]
    elif stop is not None and stop["next"] in ("depart", "arrive", "deliver"):
        to = stop["navigate"]
    else:
        to = trip["navigate"]
    return navigation.chosen(to["urls"], to["maps"], agent=agent)
