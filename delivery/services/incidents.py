"""SOS and whatever else goes wrong on the road: told in one press, seen by operations, resolved with an outcome.

Lock order: open offers, their jobs, rider, incident.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from blinkit.kernel import events, live
from blinkit.kernel.errors import Invalid
from blinkit.kernel.geo import Point
from delivery.errors import IncidentOver, NoSuchIncident, ReasonMissing
from delivery.events import IncidentOpened, IncidentResolved, IncidentSeen, IncidentTold
from delivery.incidents import URGENT, Incident, IncidentNote, Kind
from delivery.models import Rider
from delivery.services.asking import ask_for_round
from delivery.services.doors import last_known
from delivery.services.duty import lock_rider, write_load
from delivery.services.offers import Jobs, Offers, lock_open, withdraw_all
from delivery.services.trips import live_trip

BY_RULE = "By rule"
"""Who did what nobody pressed, on a timeline."""


@transaction.atomic
def tell(
    *,
    rider_id: int,
    kind: str,
    nonce: str,
    now: datetime,
    text: str = "",
    at: Point | None = None,
    battery_percent: int | None = None,
) -> Incident:
    """A rider needs help or tells what happened, with or without a trip, on duty or not. Operations hear at once. Who
    needs help gets no work until it is resolved: an offer that is open is taken back, and what is not fetched yet goes
    to somebody else (services.watching, after the commit: nothing about an order holds up a call for help).

    Without `at` the last known position counts. A re-sent press (same nonce) is the same incident, and so is another
    SOS while one is live: its place and battery are brought up to date and the press is noted. Raises Invalid.
    """
    if kind not in Kind.values:
        raise Invalid("There is no such kind of incident.", kinds=Kind.values)
    offers, jobs = _open_offers(rider_id, kind)
    rider = lock_rider(rider_id)
    found = Incident.objects.filter(rider=rider, nonce=nonce).first()
    if found is not None:
        return found
    place, placed_at = (at, now) if at is not None else last_known(rider)
    where = {
        "lat": place.lat if place else None,
        "lng": place.lng if place else None,
        "placed_at": placed_at if place else None,
        "battery_percent": battery_percent,
    }
    running = Incident.objects.filter(rider=rider, kind=Kind.SOS, resolved_at=None).first()
    if kind == Kind.SOS and running is not None:
        Incident.objects.filter(pk=running.pk).update(**{name: it for name, it in where.items() if it is not None})
        _note(running, f"rider:{rider.pk}", str(rider), "pressed", "", now=now)
        _hint(running)
        return running
    incident = Incident.objects.create(
        rider=rider, trip=live_trip(rider.pk), kind=kind, text=text.strip()[:400], nonce=nonce, at=now, **where
    )
    _note(incident, f"rider:{rider.pk}", str(rider), "told", incident.text, now=now)
    _no_work(incident, offers, jobs, now=now)
    events.record(
        IncidentTold(incident_id=incident.pk, kind=kind, rider_id=rider.pk),
        subject=f"rider:{rider.pk}",
        actor=f"rider:{rider.pk}",
    )
    _hint(incident)
    return incident


@transaction.atomic
def open_for(*, rider_id: int, kind: str, text: str, nonce: str, by: int, name: str, now: datetime) -> Incident:
    """Operations tell it for a rider who cannot: the phone is dead, nobody answers. Who opens it has seen it and
    handles it; the last known place comes with it. For an accident the rider gets no work until it is resolved, as if
    they had told it. A re-sent press (same nonce) is the same incident.

    Raises NoSuchRider, ReasonMissing without words, Invalid for an unknown kind and for SOS, which is the rider's.
    """
    if kind not in Kind.values or kind == Kind.SOS:
        raise Invalid("There is no such kind of incident.", kinds=[it for it in Kind.values if it != Kind.SOS])
    text = text.strip()[:400]
    if not text:
        raise ReasonMissing("Write what happened.")
    offers, jobs = _open_offers(rider_id, kind)
    rider = lock_rider(rider_id)
    found = Incident.objects.filter(rider=rider, nonce=nonce).first()
    if found is not None:
        return found
    place, placed_at = last_known(rider)
    incident = Incident.objects.create(
        rider=rider, trip=live_trip(rider.pk), kind=kind, text=text, nonce=nonce, at=now,
        lat=place.lat if place else None, lng=place.lng if place else None, placed_at=placed_at if place else None,
        seen_at=now, seen_by_id=by, handler_id=by,
    )  # fmt: skip
    _note(incident, f"user:{by}", name, "told", text, now=now)
    _no_work(incident, offers, jobs, now=now)
    opened = IncidentOpened(incident_id=incident.pk, kind=kind, rider_id=rider.pk)
    events.record(opened, subject=f"rider:{rider.pk}", actor=f"user:{by}")
    _hint(incident)
    return incident


@transaction.atomic
def see(*, incident_id: UUID, by: int, name: str, now: datetime) -> Incident:
    """Somebody of operations has seen it and handles it: the alarm is silent. The first one counts; silent then."""
    incident = _lock(incident_id)
    if incident.seen_at is None:
        incident.seen_at, incident.seen_by_id, incident.handler_id = now, by, by
        incident.save(update_fields=["seen_at", "seen_by", "handler"])
        _note(incident, f"user:{by}", name, "seen", "", now=now)
        seen = IncidentSeen(incident_id=incident.pk, rider_id=incident.rider_id)
        events.record(seen, subject=f"rider:{incident.rider_id}", actor=f"user:{by}")
        _hint(incident)
    return incident


@transaction.atomic
def take(*, incident_id: UUID, by: int, name: str, now: datetime) -> Incident:
    """This person handles it from now on; seen as well. Silent when they do. Raises IncidentOver."""
    see(incident_id=incident_id, by=by, name=name, now=now)
    incident = _lock(incident_id)
    if incident.resolved_at is not None:
        raise IncidentOver("This incident is resolved.")
    if incident.handler_id != by:
        incident.handler_id = by
        incident.save(update_fields=["handler"])
        _note(incident, f"user:{by}", name, "handles", "", now=now)
        _hint(incident)
    return incident


@transaction.atomic
def add_note(*, incident_id: UUID, text: str, by: int, name: str, now: datetime) -> IncidentNote:
    """A line on its timeline, also after it is resolved. The same words of the same person within a minute are one."""
    incident = _lock(incident_id)
    text = text.strip()[:400]
    if not text:
        raise ReasonMissing("Write what happened.")
    last = incident.notes.filter(actor=f"user:{by}", what="note", text=text).order_by("-at").first()
    if last is not None and (now - last.at).total_seconds() < 60:
        return last
    made = _note(incident, f"user:{by}", name, "note", text, now=now)
    _hint(incident)
    return made


@transaction.atomic
def resolve(*, incident_id: UUID, outcome: str, by: int, name: str, now: datetime) -> Incident:
    """It is over, with an outcome the rider reads too. Silent when repeated. Raises ReasonMissing."""
    incident = _lock(incident_id)
    if incident.resolved_at is not None:
        return incident
    outcome = outcome.strip()[:240]
    if not outcome:
        raise ReasonMissing("Say how it ended.")
    if incident.seen_at is None:
        incident.seen_at, incident.seen_by_id = now, by
    incident.handler_id = incident.handler_id or by
    incident.resolved_at, incident.outcome = now, outcome
    incident.save(update_fields=["seen_at", "seen_by", "handler", "resolved_at", "outcome"])
    _note(incident, f"user:{by}", name, "resolved", outcome, now=now)
    if incident.kind in URGENT:  # they may be asked again
        write_load(store_id=incident.rider.store_id, now=now)
        ask_for_round(incident.rider.store_id)
    done = IncidentResolved(incident_id=incident.pk, rider_id=incident.rider_id, outcome=outcome)
    events.record(done, subject=f"rider:{incident.rider_id}", actor=f"user:{by}")
    _hint(incident)
    return incident


def note_by_system(incident: Incident, text: str, *, actor: str, name: str, now: datetime) -> None:
    """What was done about it elsewhere (bags handed over, an order given to somebody else)."""
    _note(incident, actor, name, "note", text, now=now)
    _hint(incident)


def note_by_rule(incident: Incident, text: str, *, now: datetime) -> None:
    """What the house did about it by itself; `text` is a sentence that is said in the reader's language."""
    note_by_system(incident, text, actor="system", name=BY_RULE, now=now)


def _open_offers(rider_id: int, kind: str) -> tuple[Offers, Jobs]:
    """Locked, where this kind of incident takes them back."""
    return lock_open(Q(rider_id=rider_id), riders=[rider_id]) if kind in URGENT else ({}, {})


def _no_work(incident: Incident, offers: Offers, jobs: Jobs, *, now: datetime) -> None:
    """Who needs help gets none until it is resolved."""
    if incident.kind in URGENT:
        withdraw_all(offers.values(), jobs, reason="called for help", now=now)
        write_load(store_id=incident.rider.store_id, now=now)


def _note(incident: Incident, actor: str, name: str, what: str, text: str, *, now: datetime) -> IncidentNote:
    return IncidentNote.objects.create(incident=incident, actor=actor, name=name, what=what, text=text, at=now)


def _lock(incident_id: UUID) -> Incident:
    rows = Incident.objects.select_for_update(of=("self",), no_key=True).select_related("rider__user")
    incident = rows.filter(pk=incident_id).first()
    if incident is None:
        raise NoSuchIncident("There is no such incident.")
    return incident


def _hint(incident: Incident) -> None:
    live.touch("ops", what="incident", id=incident.pk)
    live.touch(f"rider.{incident.rider_id}", what="incident", id=incident.pk)


def open_call(rider: Rider) -> Incident | None:
    """The rider's call for help that nobody has said is over: until then nothing is offered. One statement."""
    return Incident.objects.needing_help().filter(rider=rider).select_related("handler").order_by("-at").first()


def of_rider(rider: Rider) -> list[Incident]:
    """The rider's own, newest first, with their notes: two statements, at most fifty."""
    found = Incident.objects.filter(rider=rider).select_related("handler").prefetch_related("notes")
    return list(found.order_by("-at")[:50])
