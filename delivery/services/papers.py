"""Papers: sent by riders, decided by people, over at their date. Whether a rider may ride follows from them.

Lock order: rider, then document.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import structlog
from django.conf import settings
from django.core.files.base import File
from django.db import IntegrityError, transaction
from django.db.models import F, Q

from blinkit.kernel import events, live, sealing
from blinkit.kernel.errors import Invalid, TooMany
from blinkit.kernel.said import say
from blinkit.kernel.sweeping import one_by_one
from delivery import banking, files, paperwork
from delivery.errors import NoSuchPaper, PaperDecided, PaperOfAnother, TripLive
from delivery.events import (
    PaperExpiring,
    PaperOpened,
    PaperRejected,
    PapersSeen,
    PaperSubmitted,
    PaperVerified,
    RiderUnverified,
    RiderVerified,
)
from delivery.models import Document, Rider, RiderProfile
from delivery.papers import PaperKind, PaperState
from delivery.services.duty import go_off_duty, lock_rider
from delivery.services.offers import lock_open
from delivery.services.people import person_of

log = structlog.get_logger(__name__)
LOCAL = ZoneInfo(settings.TIME_ZONE)
MOST_A_DAY = 30
FURTHEST_YEARS = 30
SEEN_FOR = timedelta(days=30)
"""How long papers count that were shown on paper: time enough to send them."""
FILES_OF_REFUSED_FOR = timedelta(days=90)
BANK_TRIES = 8
BANK_PAUSE = timedelta(minutes=2)


def local_day(rider: Rider, now: datetime) -> date:
    return now.astimezone(LOCAL).date()


def good_kinds(rider_id: int, *, today: date) -> set[str]:
    """Kinds of papers that count today: verified and not over, or seen on paper lately. Two statements."""
    verified = Document.objects.filter(rider_id=rider_id, state=PaperState.VERIFIED)
    good = set(verified.filter(Q(expires_on=None) | Q(expires_on__gte=today)).values_list("kind", flat=True))
    seen = RiderProfile.objects.filter(rider_id=rider_id, seen_until__gte=today).values_list("seen_kinds", flat=True)
    for kinds in seen:
        good.update(kinds)
    return good


def submit_paper(
    *,
    rider_id: int,
    kind: str,
    file: File[bytes] | None,
    number: str = "",
    expires_on: date | None = None,
    holder: str = "",
    ifsc: str = "",
    now: datetime,
) -> Document:
    """Keep a paper to be checked; one of the same kind that waits is replaced, one that is verified counts until this
    one is. The same again is silent. A bank account is asked about at the bank.

    Raises Invalid (a number, date or file that cannot be right), TooMany, NoSuchRider.
    """
    if kind not in PaperKind.values:
        raise Invalid("Choose which paper this is.", errors={"kind": list(PaperKind.values)})
    plain = "" if kind == PaperKind.PHOTO else paperwork.plain(number)
    today = now.astimezone(LOCAL).date()
    _check(kind, plain, expires_on, holder, ifsc, has_file=file is not None, today=today)
    name = "" if file is None else files.keep(folder=f"papers/{rider_id}", file=file, pdf=kind != PaperKind.PHOTO)
    return _keep_paper(
        rider_id=rider_id, kind=kind, name=name, plain=plain, expires_on=expires_on,
        holder=holder.strip()[:80] if kind == PaperKind.BANK else "",
        ifsc=paperwork.plain(ifsc) if kind == PaperKind.BANK else "", now=now,
    )  # fmt: skip


def _check(
    kind: str, plain: str, expires_on: date | None, holder: str, ifsc: str, *, has_file: bool, today: date
) -> None:
    form = paperwork.FORMS.get(kind)
    if form is not None and form.pattern.fullmatch(plain) is None:
        sentence = say("Write the number as it stands on the paper, like {example}.", example=form.example)
        raise Invalid(sentence, errors={"number": [sentence]})
    if kind == PaperKind.BANK:
        if not holder.strip():
            raise Invalid("In whose name is the account?", errors={"holder": ["In whose name is the account?"]})
        if paperwork.IFSC.fullmatch(paperwork.plain(ifsc)) is None:
            ifsc_words = say("Write the bank's IFSC, like {example}.", example="SBIN0001234")
            raise Invalid(ifsc_words, errors={"ifsc": [ifsc_words]})
    elif not has_file:
        raise Invalid("Add a photo or a PDF of the paper.", errors={"file": ["Add a photo or a PDF of the paper."]})
    if kind in paperwork.ENDS and expires_on is None:
        raise Invalid("Until when is it good?", errors={"expires_on": ["Until when is it good?"]})
    if expires_on is not None and not today <= expires_on <= today + timedelta(days=366 * FURTHEST_YEARS):
        wrong_date = "This paper is over already, or the date is wrong."
        raise Invalid(wrong_date, errors={"expires_on": [wrong_date]})


@transaction.atomic
def _keep_paper(
    *,
    rider_id: int,
    kind: str,
    name: str,
    plain: str,
    expires_on: date | None,
    holder: str,
    ifsc: str,
    now: datetime,
) -> Document:
    rider = lock_rider(rider_id)
    number_print = sealing.fingerprint(plain, purpose=kind) if plain else ""
    waiting = Document.objects.filter(rider=rider, kind=kind, state=PaperState.SUBMITTED).first()
    same = (name, number_print, expires_on, holder, ifsc)
    if waiting is not None and same == (
        waiting.file, waiting.number_print, waiting.expires_on, waiting.holder, waiting.ifsc,
    ):  # fmt: skip
        return waiting
    if Document.objects.filter(rider=rider, submitted_at__gt=now - timedelta(days=1)).count() >= MOST_A_DAY:
        raise TooMany("That were many papers for one day. Go on tomorrow, or write to us.", retry_after_s=3600)
    if waiting is not None:
        waiting.state, waiting.decided_at = PaperState.REPLACED, now
        waiting.save(update_fields=["state", "decided_at"])
    made = Document.objects.create(
        rider=rider, kind=kind, file=name, number_sealed=sealing.seal(plain), number_last4=plain[-4:],
        number_print=number_print, holder=holder, ifsc=ifsc, expires_on=expires_on, submitted_at=now,
        ask_bank_at=now if kind == PaperKind.BANK and banking.bank() is not None else None,
    )  # fmt: skip
    events.record(
        PaperSubmitted(document_id=made.pk, rider_id=rider_id, kind=kind),
        subject=f"rider:{rider_id}",
        actor=f"rider:{rider_id}",
    )
    live.touch("ops", what="papers")
    return made


@transaction.atomic
def verify_paper(*, document_id: UUID, actor: str, expires_on: date | None = None, now: datetime) -> Document:
    """The paper is real, this rider's and good; `expires_on` corrects the rider's date. The older one of its kind is
    replaced. Silent when it is verified already.

    Raises NoSuchPaper, PaperDecided, PaperOfAnother, Invalid for a paper that needs a date and has none, or is over.
    """
    rider, paper = _locked(document_id)
    if paper.state == PaperState.VERIFIED:
        return paper
    if paper.state != PaperState.SUBMITTED:
        raise PaperDecided("This paper was decided already, or a newer one took its place.", state=paper.state)
    paper.expires_on = expires_on or paper.expires_on
    today = local_day(rider, now)
    if paper.kind in paperwork.ENDS and paper.expires_on is None:
        raise Invalid("Until when is it good?")
    if not paperwork.is_good(paper.expires_on, today=today):
        raise Invalid("This paper is over already.")
    Document.objects.filter(rider=rider, kind=paper.kind, state=PaperState.VERIFIED).update(state=PaperState.REPLACED)
    paper.state, paper.decided_at, paper.decided_by_id = PaperState.VERIFIED, now, person_of(actor)
    paper.reason, paper.ask_bank_at, paper.warned_days = "", None, None
    try:
        with transaction.atomic():
            paper.save()
    except IntegrityError as error:
        if "identity_of_one_rider_only" not in str(error):
            raise
        raise PaperOfAnother("The same paper is verified for another rider. Ask both before you decide.") from error
    _no_longer_seen(rider, paper.kind)
    events.record(
        PaperVerified(document_id=paper.pk, rider_id=rider.pk, kind=paper.kind),
        subject=f"rider:{rider.pk}",
        actor=actor,
    )
    settle(rider, now=now, actor=actor)
    return paper


@transaction.atomic
def reject_paper(*, document_id: UUID, actor: str, reason: str, now: datetime) -> Document:
    """Not accepted, with a sentence the rider reads; also for one that was verified and turned out to be false. Silent
    when it is rejected already. Raises NoSuchPaper, PaperDecided, Invalid without a reason."""
    reason = reason.strip()[:200]
    if not reason:
        raise Invalid("Say why: the rider reads it.")
    rider, paper = _locked(document_id)
    if paper.state == PaperState.REJECTED:
        return paper
    if paper.state == PaperState.REPLACED:
        raise PaperDecided("A newer paper took its place.", state=paper.state)
    paper.state, paper.reason, paper.ask_bank_at = PaperState.REJECTED, reason, None
    paper.decided_at, paper.decided_by_id = now, person_of(actor)
    paper.save(update_fields=["state", "reason", "ask_bank_at", "decided_at", "decided_by"])
    events.record(
        PaperRejected(document_id=paper.pk, rider_id=rider.pk, kind=paper.kind, reason=reason),
        subject=f"rider:{rider.pk}",
        actor=actor,
    )
    settle(rider, now=now, actor=actor)
    return paper


@transaction.atomic
def verify(*, rider_id: int, actor: str, now: datetime) -> Rider:
    """Somebody saw, on paper, every paper that is not with us yet: those count for 30 days, so that the rider may ride
    while sending them. Silent when nothing is missing."""
    rider = lock_rider(rider_id)
    today = local_day(rider, now)
    missing = paperwork.missing(rider.vehicle, good_kinds(rider_id, today=today))
    if missing:
        until = today + SEEN_FOR
        RiderProfile.objects.update_or_create(
            rider=rider, defaults={"seen_kinds": list(missing), "seen_until": until, "seen_by_id": person_of(actor)}
        )
        events.record(
            PapersSeen(rider_id=rider_id, kinds=list(missing), until=until), subject=f"rider:{rider_id}", actor=actor
        )
    settle(rider, now=now, actor=actor)
    return rider


def settle(rider: Rider, *, now: datetime, actor: str) -> bool:
    """Whether this rider (whose row the caller has locked) may ride now, written down and told when it changed.

    Who may not any more goes off duty; a live trip is finished first, and `sweep_shifts` ends the shift after it.
    """
    missing = paperwork.missing(rider.vehicle, good_kinds(rider.pk, today=local_day(rider, now)))
    may = not missing
    if may == rider.is_verified:
        return may
    if not may:
        try:
            with transaction.atomic():
                go_off_duty(rider_id=rider.pk, now=now)
        except TripLive:
            pass  # the bags in hand are delivered first; no new offer comes
    rider.is_verified = may
    rider.save(update_fields=["is_verified"])
    what = RiderVerified(rider_id=rider.pk) if may else RiderUnverified(rider_id=rider.pk, kinds=list(missing))
    events.record(what, subject=f"rider:{rider.pk}", actor=actor)
    live.touch(f"rider.{rider.pk}", what="duty")
    live.touch("ops", what="riders")
    return may


def note_opened(*, document_id: UUID, actor: str) -> None:
    """An audit line: this person of ours looked at the paper."""
    paper = Document.objects.filter(pk=document_id).values("rider_id", "kind").first()
    if paper is not None:
        seen = PaperOpened(document_id=document_id, rider_id=paper["rider_id"], kind=paper["kind"])
        events.record(seen, subject=f"rider:{paper['rider_id']}", actor=actor)


def sweep_papers(*, now: datetime, limit: int = 1000) -> int:
    """Once a day: say which papers end in 30, 7 or 1 days, take who has a needed one that is over off new duty, and
    remove the files of papers refused long ago. Returns how many riders it told. Repeating says nothing twice; one that
    breaks does not hold up the others."""
    today = now.astimezone(LOCAL).date()
    soon = today + timedelta(days=max(paperwork.WARN_DAYS))
    expiring = Document.objects.filter(state=PaperState.VERIFIED, expires_on__range=(today, soon)).order_by("pk")
    papers = list(expiring.values_list("pk", flat=True)[:limit])
    told = one_by_one(papers, lambda pk: _warn(pk, now=now), sweep="papers")
    over = Q(documents__state=PaperState.VERIFIED, documents__expires_on__lt=today) | Q(profile__seen_until__lt=today)
    late = Rider.objects.filter(over, is_verified=True).order_by("pk").distinct()
    riders = list(late.values_list("pk", flat=True)[:limit])
    told += one_by_one(riders, lambda rider_id: _take_off(rider_id, now=now), sweep="papers")
    old = Document.objects.filter(
        state__in=[PaperState.REJECTED, PaperState.REPLACED], decided_at__lt=now - FILES_OF_REFUSED_FOR
    ).exclude(file="")
    one_by_one(list(old.values_list("pk", "rider_id", "file")[:limit]), lambda it: _forget_file(*it), sweep="papers")
    return told


def _forget_file(document_id: UUID, rider_id: int, name: str) -> None:
    Document.objects.filter(pk=document_id).update(file="")
    if not Document.objects.filter(rider_id=rider_id, file=name).exists():
        files.remove(name)


@transaction.atomic
def _warn(document_id: UUID, *, now: datetime) -> bool:
    rider, paper = _locked(document_id)
    if paper.state != PaperState.VERIFIED or paper.expires_on is None:
        return False
    due = paperwork.warning_due(paper.expires_on, today=local_day(rider, now), warned=paper.warned_days)
    if due is None or paper.kind not in paperwork.needed(rider.vehicle):
        return False
    if Document.objects.filter(rider=rider, kind=paper.kind, state=PaperState.SUBMITTED).exists():
        return False  # the next one is with us
    paper.warned_days = due
    paper.save(update_fields=["warned_days"])
    events.record(
        PaperExpiring(document_id=paper.pk, rider_id=rider.pk, kind=paper.kind, expires_on=paper.expires_on),
        subject=f"rider:{rider.pk}",
        actor="system",
    )
    return True


@transaction.atomic
def _take_off(rider_id: int, *, now: datetime) -> bool:
    lock_open(Q(rider_id=rider_id), riders=[rider_id])
    rider = lock_rider(rider_id)
    return rider.is_verified and not settle(rider, now=now, actor="system")


def ask_banks(*, now: datetime, limit: int = 50) -> int:
    """Ask the bank about accounts that wait. Returns how many were answered. Of two that run at once, whoever moves the
    time forward asks; the call is outside of any transaction."""
    whom = banking.bank()
    if whom is None:
        return 0
    due = Document.objects.filter(ask_bank_at__lte=now, state=PaperState.SUBMITTED, kind=PaperKind.BANK)
    done = 0
    for paper in list(due.select_related("rider__user").order_by("ask_bank_at")[:limit]):
        later = now + BANK_PAUSE * 2 ** min(paper.bank_tries, 6)
        mine = Document.objects.filter(pk=paper.pk, ask_bank_at=paper.ask_bank_at)
        last = paper.bank_tries + 1 >= BANK_TRIES
        if not mine.update(ask_bank_at=None if last else later, bank_tries=F("bank_tries") + 1):
            continue
        try:
            answer = whom.ask(
                account=sealing.unseal(paper.number_sealed), ifsc=paper.ifsc, holder=paper.holder, key=str(paper.pk)
            )
        except (httpx.HTTPError, PermissionError, banking.ServiceDown) as error:
            log.warning("bank not asked", document=str(paper.pk), error=repr(error))
            Document.objects.filter(pk=paper.pk).update(bank_said="no answer")
            continue
        _bank_said(paper, answer, now=now)
        done += 1
    return done


def _bank_said(paper: Document, answer: banking.Answer, *, now: datetime) -> None:
    """A real account in the rider's name is verified, one that is not there refused; another name is for a person."""
    fits = paperwork.same_name(paper.holder, answer.name) and paperwork.same_name(
        str(paper.rider.user.name), answer.name
    )
    said = "no account" if not answer.exists else "same name" if fits else "other name"
    Document.objects.filter(pk=paper.pk).update(bank_said=said, bank_name=answer.name, ask_bank_at=None)
    try:
        if not answer.exists:
            reason = "The bank knows no such account. Check the number and the IFSC."
            reject_paper(document_id=paper.pk, actor="system", reason=reason, now=now)
        elif fits:
            verify_paper(document_id=paper.pk, actor="system", now=now)
    except PaperDecided:
        pass  # the rider sent another one meanwhile


def _no_longer_seen(rider: Rider, kind: str) -> None:
    """From now on the paper itself says how long it counts."""
    profile = RiderProfile.objects.filter(rider=rider).first()
    if profile is not None and kind in profile.seen_kinds:
        profile.seen_kinds = [it for it in profile.seen_kinds if it != kind]
        profile.save(update_fields=["seen_kinds"])


def _locked(document_id: UUID) -> tuple[Rider, Document]:
    """Rider first; jobs offered to them before, since a decision may end their duty."""
    rider_id = Document.objects.filter(pk=document_id).values_list("rider_id", flat=True).first()
    if rider_id is None:
        raise NoSuchPaper("There is no such paper.")
    lock_open(Q(rider_id=rider_id), riders=[rider_id])
    rider = lock_rider(rider_id)
    return rider, Document.objects.select_for_update(of=("self",), no_key=True).get(pk=document_id)
