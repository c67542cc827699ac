"""Suspensions, which people decide, and appeals, which people answer. A score or a complaint suspends nobody.

Lock order: job (of an open offer), rider, suspension, appeal.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.core.files.base import File
from django.db import transaction

from blinkit.kernel import events, live
from blinkit.kernel.errors import Invalid
from blinkit.kernel.sweeping import one_by_one
from delivery import files
from delivery.errors import AppealSent, NoSuchSuspension, TripLive
from delivery.events import AppealAnswered, AppealSentIn, RiderSuspended, SuspensionOver
from delivery.models import Appeal, Rider, Suspension
from delivery.papers import AppealState
from delivery.services.duty import go_off_duty, lock_rider
from delivery.services.people import person_of

MOST_APPEALS = 3


@transaction.atomic
def suspend(
    *,
    rider_id: int,
    reason: str,
    actor: str,
    now: datetime,
    until: datetime | None = None,
    evidence: str = "",
) -> Rider:
    """No further duty, with a reason the rider reads, until a time or until somebody ends it; an empty reason ends the
    suspension. A live trip is finished. A new reason closes the row before and opens another: both are kept.

    Raises NoSuchRider, Invalid when no person decides it or `until` is over.
    """
    reason = reason.strip()[:160]
    if not actor.startswith("user:"):
        raise Invalid("Only a person suspends a rider, or ends it early.")
    if until is not None and until <= now:
        raise Invalid("The end has to lie ahead.")
    if reason:
        try:
            with transaction.atomic():
                go_off_duty(rider_id=rider_id, now=now)
        except TripLive:
            pass  # the bags in hand are delivered first; no new offer comes
    rider = lock_rider(rider_id)
    live_one = _live(rider)
    if not reason:
        return _end(rider, live_one, actor=actor, now=now)
    if live_one is not None:
        if (live_one.reason, live_one.until) == (reason, until):
            return rider
        live_one.ended_at, live_one.ended_by = now, actor
        live_one.save(update_fields=["ended_at", "ended_by"])
    Suspension.objects.create(
        rider=rider, reason=reason, evidence=evidence.strip()[:2000], by_id=person_of(actor), began_at=now, until=until
    )
    rider.suspended_reason = reason
    rider.save(update_fields=["suspended_reason"])
    return _changed(rider, RiderSuspended(rider_id=rider_id, reason=reason, until=until), actor=actor)


def sweep_suspensions(*, now: datetime, limit: int = 100) -> int:
    """End those whose time is over. Returns how many; one that breaks does not hold up the others."""
    due = Suspension.objects.filter(ended_at=None, until__lte=now).order_by("until", "pk")
    riders = list(due.values_list("rider_id", flat=True)[:limit])
    return one_by_one(riders, lambda rider_id: _end_due(rider_id, now=now), sweep="suspensions")


@transaction.atomic
def _end_due(rider_id: int, *, now: datetime) -> bool:
    rider = lock_rider(rider_id)
    found = _live(rider)
    if found is None or found.until is None or found.until > now:
        return False
    _end(rider, found, actor="system", now=now)
    return True


def appeal(*, rider_id: int, text: str, photo: File[bytes] | None, now: datetime) -> Appeal:
    """The rider says why the suspension is wrong. The same words again are silent while it is looked at.

    Raises NoSuchSuspension when there is none, AppealSent while one waits or after three, Invalid without words or for
    something that is no photo.
    """
    text = text.strip()[:1000]
    if len(text) < 3:
        raise Invalid("Tell us what happened.", errors={"text": ["Tell us what happened."]})
    name = "" if photo is None else files.keep(folder=f"appeals/{rider_id}", file=photo, pdf=False)
    with transaction.atomic():
        rider = lock_rider(rider_id)
        found = _live(rider)
        if found is None:
            raise NoSuchSuspension("You are not suspended.")
        sent = list(found.appeals.order_by("sent_at"))
        waiting = next((it for it in sent if it.state == AppealState.WAITING), None)
        if waiting is not None:
            if waiting.text == text:
                return waiting
            raise AppealSent("Your appeal is being looked at. We answer here.")
        if len(sent) >= MOST_APPEALS:
            raise AppealSent("You have appealed three times. Call us if there is something new.")
        made = Appeal.objects.create(suspension=found, text=text, photo=name, sent_at=now)
        events.record(
            AppealSentIn(appeal_id=made.pk, rider_id=rider_id), subject=f"rider:{rider_id}", actor=f"rider:{rider_id}"
        )
        live.touch("ops", what="riders")
        return made


@transaction.atomic
def answer_appeal(*, appeal_id: UUID, lift: bool, answer: str, actor: str, now: datetime) -> Appeal:
    """Lift the suspension or keep it, in words the rider reads. Silent when it was answered the same way.

    Raises NoSuchSuspension, AppealSent when it was answered otherwise, Invalid without words or a person.
    """
    answer = answer.strip()[:500]
    if not answer:
        raise Invalid("Answer in words: the rider reads them.")
    if not actor.startswith("user:"):
        raise Invalid("A person answers an appeal.")
    rider_id = Appeal.objects.filter(pk=appeal_id).values_list("suspension__rider_id", flat=True).first()
    if rider_id is None:
        raise NoSuchSuspension("There is no such appeal.")
    rider = lock_rider(rider_id)
    found = Appeal.objects.select_related("suspension").select_for_update(of=("self",), no_key=True).get(pk=appeal_id)
    wanted = AppealState.LIFTED if lift else AppealState.KEPT
    if found.state == wanted:
        return found
    if found.state != AppealState.WAITING:
        raise AppealSent("Somebody answered this appeal meanwhile.", state=found.state)
    found.state, found.answer, found.decided_at, found.decided_by_id = wanted, answer, now, person_of(actor)
    found.save(update_fields=["state", "answer", "decided_at", "decided_by"])
    events.record(
        AppealAnswered(appeal_id=appeal_id, rider_id=rider_id, is_lifted=lift), subject=f"rider:{rider_id}", actor=actor
    )
    if lift and found.suspension.ended_at is None:
        _end(rider, found.suspension, actor=actor, now=now)
    live.touch(f"rider.{rider_id}", what="duty")
    return found


def _live(rider: Rider) -> Suspension | None:
    return Suspension.objects.filter(rider=rider, ended_at=None).first()


def _end(rider: Rider, found: Suspension | None, *, actor: str, now: datetime) -> Rider:
    if found is not None:
        found.ended_at, found.ended_by = now, actor
        found.save(update_fields=["ended_at", "ended_by"])
    if not rider.suspended_reason and found is None:
        return rider
    rider.suspended_reason = ""
    rider.save(update_fields=["suspended_reason"])
    return _changed(rider, SuspensionOver(rider_id=rider.pk), actor=actor)


def _changed(rider: Rider, what: RiderSuspended | SuspensionOver, *, actor: str) -> Rider:
    events.record(what, subject=f"rider:{rider.pk}", actor=actor)
    live.touch(f"rider.{rider.pk}", what="duty")
    live.touch("ops", what="riders")
    return rider
