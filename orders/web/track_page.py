"""What the tracking page asks for while it lasts: small, and the same for the owner and for whoever has the link."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID
from zlib import crc32

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from blinkit.kernel.api import dumps
from blinkit.kernel.geo import Point, distance_metres
from blinkit.kernel.words import said
from orders import queries
from orders.models import Order
from orders.queries.shared_track import shared_view
from orders.queries.tracking import tracking_of
from orders.services.shared_track import share_token, shared_order
from orders.states import FINISHED, ON_ROAD, Status
from orders.web import track_map
from orders.web.sentences import step_words
from orders.web.shopper import customer_of, is_htmx

LATE_AFTER_S = 60
AT_DOOR_METRES = 20
"""Nearer than positions measure: the map then says no figure."""
STOPPED = frozenset({Status.CANCELLED, Status.UNDELIVERED, Status.REFUNDED})
HEAD = (
    "status", "eta_from_m", "eta_to_m", "eta_why", "cancel_reason", "rider_is_coming", "rider_at_door_at", "otp",
    "schedule", "promised_by", "payment", "late_credit_paise",
)  # fmt: skip
REST = ("status", "lines", "bill", "payment", "can_cancel")


def marks_of(facts: Mapping[str, Any]) -> dict[str, str]:
    """A mark for each of the two parts of the page: while it stays, that part has nothing new to say."""
    rider = facts.get("rider") or {}
    head = [facts.get(word) for word in HEAD]
    head += [facts["late_s"] >= LATE_AFTER_S, facts["expected_late_s"] > 0, rider.get("name"), rider.get("rating")]
    return {"now": _mark(head), "rest": _mark([facts.get(word) for word in REST])}


def _mark(what: Any) -> str:
    return f"{crc32(dumps(what)):08x}"


def _told(
    facts: Mapping[str, Any], place: Mapping[str, Any] | None, door: Point, *, route: Mapping[str, Any] | None = None
) -> HttpResponse:
    """Some 250 bytes: which parts changed, and where the rider is. `route`: a line the page does not have yet."""
    away = None if place is None else round(distance_metres(Point(place["lat"], place["lng"]), door), -1)
    told = {
        "status": facts["status"],
        "live": facts["is_live"],
        "from": facts["eta_from_m"],
        "to": facts["eta_to_m"],
        "rider": place,
        "away": None if away is None else int(away),
        "at": facts["as_of"],
    }
    if route is not None:
        told["route"] = route
    return HttpResponse(dumps(told | marks_of(facts)), content_type="application/json")


@never_cache
@login_required
@require_safe
def order_now(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """The owner's page asks again with this: five statements with the session's. `?route=` is the line it has."""
    row = queries.order_of(order_id=order_id, customer_id=customer_of(request))
    facts = tracking_of(row, for_customer=True, now=timezone.now())
    rider = facts["rider"] or {}
    route = rider.get("route")
    is_new = route is not None and route["id"] != request.GET.get("route")
    return _told(facts, rider.get("position"), row.point, route=route if is_new else None)


@never_cache
@require_safe
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """Somebody's order on its way: map, range and steps, for whoever has the link."""
    now = timezone.now()
    row = shared_order(token, now=now)
    view = shared_view(row, now=now)
    door = Point(**view["door"]) if view["door"] else row.point
    context = {
        "track": {
            **view,
            "sentence": said(view["sentence"]),
            "why": said(view["eta_why"]["sentence"]) if view["eta_why"] else "",
            "late": view["is_live"] and view["late_s"] >= LATE_AFTER_S and not view["is_near"],
            "stopped": row.status in STOPPED,
            "steps": steps(view["steps"], row),
            "marks": marks_of(view),
            "away": away_words(view["rider"], door),
            "no_rider": no_rider_words(row.status, is_near=view["is_near"]),
        },
        "map": map_of(row.store.point, door, view["rider"], about=True) if view["is_live"] else None,
        "now_url": reverse("shop-shared-track-now", args=[token]),
    }
    name = "shop/track_shared.html#now" if is_htmx(request) else "shop/track_shared.html"
    answer = render(request, name, context)
    answer["X-Robots-Tag"] = "noindex"
    answer["Referrer-Policy"] = "no-referrer"  # the address is the key
    return answer


@never_cache
@require_safe
def shared_now(request: HttpRequest, token: str) -> HttpResponse:
    """The same small answer for a link: three statements."""
    now = timezone.now()
    row = shared_order(token, now=now)
    view = shared_view(row, now=now)
    return _told(view, view["rider"], Point(**view["door"]) if view["door"] else row.point)


def share_url(request: HttpRequest, row: Order) -> str:
    """The link somebody else may have; "" for an order that is over or waits for its money."""
    if row.status in FINISHED or row.status == Status.PENDING:
        return ""
    return request.build_absolute_uri(reverse("shop-shared-track", args=[share_token(row)]))


def chat_url(row: Order) -> str:
    """Where the panel of chat, call and a waiting rider is read; "" in a house without one."""
    try:
        return reverse("chat", args=[row.pk])
    except NoReverseMatch:
        return ""


def map_of(
    store: Point,
    door: Point,
    rider: Mapping[str, Any] | None,
    *,
    route: Mapping[str, Any] | None = None,
    about: bool = False,
    shop: str = "",
) -> Any:
    """The facts for the script and the picture for everybody. `route`: the line of the rider's way, if it is known."""
    where = None if rider is None else Point(rider["lat"], rider["lng"])
    road, elsewhere = track_map.road_of(rider, route), rider is not None and bool(rider.get("rough"))
    words = {
        "store": shop or _("Store"), "door": _("About here") if about else _("You"), "rider": _("Rider"),
        # for the script, which fills in figures of its own
        "far": _("The rider is %(far)s from the door."), "here": _("The rider is at the door."),
        "first": another_first(), "m": _("%(n)s m"), "km": _("%(n)s km"),
        "old": _("Seen %(n)s min ago."),
    }  # fmt: skip
    return {
        "facts": track_map.facts_of(store, door, rider, route=route, words=words, about=about),
        "picture": track_map.picture_of(store, door, where, road, hides_way=elsewhere),
        "words": words,
    }


def away_words(rider: Mapping[str, Any] | None, door: Point, *, at_door: bool = False) -> str:
    """The map in words: how far from the door. Who said that they stand `at_door` knows better than a position."""
    if rider is None:
        return ""
    here = Point(rider["lat"], rider["lng"])
    metres = distance_metres(here, door)
    if at_door or metres < AT_DOOR_METRES:
        return _("The rider is at the door.")
    if rider.get("rough"):
        return another_first()
    far = _("%(n)s m") % {"n": round(metres, -1) and int(round(metres, -1))}
    if metres >= 1_000:
        far = _("%(n)s km") % {"n": f"{metres / 1_000:.1f}"}
    return _("The rider is %(far)s from the door.") % {"far": far}


def another_first() -> str:
    """Instead of a distance while somebody else's door comes first: the place is only told by the neighbourhood."""
    return _("The rider stops at another door first.")


def no_rider_words(status: str, *, is_near: bool = False, at_door: bool = False) -> str:
    """What stands in its place while no position is shown."""
    if at_door:
        return _("The rider is at the door.")
    if is_near:
        return _("The rider is nearly there.")
    if status in ON_ROAD:
        return _("Where the rider is, is not known just now.")
    return _("You see the rider here as soon as they have the bags.")


def steps(told: list[dict[str, Any]], row: Order) -> list[dict[str, str]]:
    """The five-step line; of an order that ended on its way, how far it came and what ended it."""
    shown = []
    for step in told:
        words, icon = step_words(step["key"])
        shown.append({"words": words, "icon": icon, "state": step["state"]})
    if row.status not in STOPPED or row.delivered_at is not None:
        return shown
    came = [step for step in shown if step["state"] == "done"][:4]
    ended = _("Not handed over") if row.picked_up_at else _("Cancelled")
    return [*came, {"words": ended, "icon": "x", "state": "stop"}]
