"""SOS on top of every page of operations, the incident log, and what is done about one."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from blinkit.kernel.errors import Invalid
from catalog import queries as goods
from dashboard.queries import incidents as found
from dashboard.web.parts import act, actor_of, before_of, is_htmx, screen, show
from delivery import services as delivery
from delivery.incidents import Kind
from delivery.services import incidents


@screen
def ringing(request: HttpRequest) -> HttpResponse:
    """The strip on top: what nobody has seen yet."""
    return show(request, "dashboard/_sos.html", {"ringing": found.ringing()})


@screen
def incident_list(request: HttpRequest) -> HttpResponse:
    kind, store = request.GET.get("kind", "")[:12], request.GET.get("store", "")[:16]
    state, q = request.GET.get("state", "open"), request.GET.get("q", "").replace("\x00", "")[:60]
    if state not in found.STATES:
        state = "open"
    before = before_of(request)
    rows = list(found.incident_list(kind=kind, state=state, store=store, q=q, before=before)[: found.PAGE + 1])
    more = len(rows) > found.PAGE
    rows = rows[: found.PAGE]
    older = {"kind": kind, "state": state, "store": store, "q": q, "before": rows[-1].at.isoformat()} if more else None
    context = {
        "here": "incidents",
        "live_url": "/ws/ops/",
        "incidents": rows,
        "kinds": Kind.choices,
        "states": [
            ("open", pgettext("incidents", "Open")),
            ("unseen", _("Not seen yet")),
            ("resolved", _("Resolved")),
            ("all", _("All")),
        ],
        "stores": goods.active_stores(),
        "kind": kind,
        "state": state,
        "store": store,
        "q": q,
        "older": urlencode(older) if older else "",
    }
    return show(request, "dashboard/incidents.html#rows" if is_htmx(request) else "dashboard/incidents.html", context)


@screen
def incident(request: HttpRequest, incident_id: UUID) -> HttpResponse:
    desk = found.incident_desk(incident_id, now=timezone.now())
    it = desk.incident
    points = []
    if it.lat is not None:
        points.append({"id": "here", "kind": "rider", "lat": it.lat, "lng": it.lng, "label": str(it.rider)})
    context = {
        "here": "incidents",
        "live_url": "/ws/ops/",
        "desk": desk,
        "it": it,
        "points": {"points": points},
        "phone": it.rider.user.phone,
    }
    return show(request, "dashboard/incident.html#now" if is_htmx(request) else "dashboard/incident.html", context)


@screen
def rider(request: HttpRequest, rider_id: int) -> HttpResponse:
    """What one rider has now, how to reach them, and what to do when nobody answers."""
    desk = found.rider_desk(rider_id)
    at = desk.rider.point
    points = [{"id": "here", "kind": "rider", "lat": at.lat, "lng": at.lng, "label": str(desk.rider)}] if at else []
    context = {
        "here": "riders",
        "live_url": "/ws/ops/",
        "desk": desk,
        "it": desk.rider,
        "kinds": [(code, words) for code, words in Kind.choices if code != Kind.SOS],
        "points": {"points": points},
        "nonce": uuid4().hex,
    }
    return show(request, "dashboard/rider.html#now" if is_htmx(request) else "dashboard/rider.html", context)


@act("ops-rider")
def open_for(request: HttpRequest, rider_id: int) -> HttpResponse:
    """An incident on a rider's behalf, who cannot tell it."""
    made = incidents.open_for(
        rider_id=rider_id,
        kind=request.POST.get("kind", ""),
        text=request.POST.get("text", ""),
        nonce=request.POST.get("nonce", "")[:64] or uuid4().hex,
        **_me(request),
    )
    return redirect("ops-incident", made.pk)


@act("ops-incident")
def see(request: HttpRequest, incident_id: UUID) -> HttpResponse:
    incidents.see(incident_id=incident_id, **_me(request))
    return redirect("ops-incident", incident_id)


@act("ops-incident")
def take(request: HttpRequest, incident_id: UUID) -> HttpResponse:
    incidents.take(incident_id=incident_id, **_me(request))
    messages.success(request, _("You handle it now."))
    return redirect("ops-incident", incident_id)


@act("ops-incident")
def note(request: HttpRequest, incident_id: UUID) -> HttpResponse:
    incidents.add_note(incident_id=incident_id, text=request.POST.get("text", ""), **_me(request))
    return redirect("ops-incident", incident_id)


@act("ops-incident")
def resolve(request: HttpRequest, incident_id: UUID) -> HttpResponse:
    incidents.resolve(incident_id=incident_id, outcome=request.POST.get("outcome", ""), **_me(request))
    messages.success(request, _("The incident is resolved. The rider reads the outcome."))
    return redirect("ops-incident", incident_id)


@act("ops-incident")
def give_away(request: HttpRequest, incident_id: UUID) -> HttpResponse:
    """Orders that were not fetched yet go to other riders."""
    desk, now = found.incident_desk(incident_id, now=timezone.now()), timezone.now()
    for stop in desk.to_fetch:
        delivery.unassign(
            order_id=stop.job.order_id, reason=desk.incident.get_kind_display(), actor=actor_of(request), now=now
        )
        _noted(request, desk, _("%(number)s goes to somebody else.") % {"number": stop.job.order.number})
    messages.success(request, _("Somebody else is sought."))
    return redirect("ops-incident", incident_id)


@act("ops-incident")
def rescue(request: HttpRequest, incident_id: UUID) -> HttpResponse:
    """Another rider takes the bags over."""
    desk = found.incident_desk(incident_id, now=timezone.now())
    given = request.POST.get("rider", "")
    if not (given.isascii() and given.isdigit() and len(given) < 12):
        raise Invalid("Choose a rider.")
    made = delivery.send_rescue(
        from_rider_id=desk.incident.rider_id,
        to_rider_id=int(given),
        why=desk.incident.get_kind_display(),
        actor=actor_of(request),
        now=timezone.now(),
        sure=bool(request.POST.get("sure")),
    )
    _noted(request, desk, _("%(name)s rides there and takes the bags over.") % {"name": made.trip.rider})
    messages.success(request, _("%(name)s rides there and takes the bags over.") % {"name": made.trip.rider})
    return redirect("ops-incident", incident_id)


@act("ops-incident")
def call_off(request: HttpRequest, incident_id: UUID) -> HttpResponse:
    desk = found.incident_desk(incident_id, now=timezone.now())
    if desk.rescue is not None:
        delivery.call_off(rescue_id=desk.rescue.pk, actor=actor_of(request), now=timezone.now())
        _noted(request, desk, _("%(name)s turns round.") % {"name": desk.rescue.trip.rider})
    return redirect("ops-incident", incident_id)


def _noted(request: HttpRequest, desk: found.IncidentDesk, text: str) -> None:
    incidents.note_by_system(desk.incident, text, actor=actor_of(request), name=str(request.user), now=timezone.now())


def _me(request: HttpRequest) -> dict[str, Any]:
    return {"by": int(request.user.pk), "name": str(request.user), "now": timezone.now()}  # type: ignore[arg-type]
