"""Dispatch rounds: the waiting jobs of an area are planned with all its riders, and what can't wait is offered.

An area is a store, or several that share riders. The engine plans (`delivery.dispatch`); here its decisions become
offers, and every one is written down with its reasons.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from blinkit.kernel import events, live, metrics
from blinkit.kernel.errors import Refusal
from blinkit.kernel.sweeping import one_by_one
from catalog.models import Store
from delivery import dispatch
from delivery.dispatch import Candidate, FreeRider, OpenJob, Plan, Policy
from delivery.dispatch.problem import Reach, misfit, out_of_reach, reach
from delivery.events import OfferMade
from delivery.models import Decision, Job, JobState, Offer, OfferedJob, Rider
from delivery.services import pay, situation
from delivery.services.asking import ask_for_round
from delivery.services.duty import write_load
from delivery.services.offers import accept
from delivery.services.situation import Area

GRACE_S = 300.0
"""The last door may be done so long after the end of the shift: streets are not reckoned to the minute."""
CITY = Policy(
    round_s=5.0, early_s=300.0, home_store_only=False, pick_before_s=0.0, pick_after_s=30.0, drop_before_s=60.0,
    grace_s=GRACE_S,
)  # fmt: skip
"""How a round plans. Who is not at the store needs time to get going: asked five minutes before they must leave."""
ANSWER_S = 15.0
"""An offer is usually answered within so long."""
BROADCAST_TO = 5
GOES_ALONG = "takes it along"
HINT_S = 60
KEPT_FOR = timedelta(days=7)
_LOCK_CLASS = 4117
"""Any number that no other advisory lock of the house uses."""


def dispatch_round(*, now: datetime, store_id: int | None = None) -> int:
    """Offer waiting jobs to free riders, of one store's area or of all. Returns how many offers were made.

    Two dispatchers never work on one area at once: the second finds its advisory lock taken and skips it. Where the
    city's policy says so, what was offered is accepted at once. Of all, an area that breaks does not hold up the
    others; a round of one store tells that it broke.
    """
    if store_id is not None:
        store_ids, along = situation.planned_with(store_id)
        return _dispatch(store_ids, along=along, now=now)
    areas = dict(situation.planned_with(one) for one in situation.waiting_anywhere())
    made: list[int] = []
    one_by_one(sorted(areas), lambda ids: made.append(_dispatch(ids, along=areas[ids], now=now)), sweep="dispatch")
    return sum(made)


def _dispatch(store_ids: tuple[int, ...], *, along: bool, now: datetime) -> int:
    offers, auto, goes_along = _round(store_ids, along=along, now=now)
    one_by_one(goes_along, lambda made: _put_along(made, now=now), sweep="along")
    one_by_one(offers if auto else (), lambda offer: _accept(offer, now=now), sweep="auto-accept")
    return len(offers)


def _accept(offer: Offer, *, now: datetime) -> None:
    try:
        accept(offer_id=offer.pk, rider_id=offer.rider_id, actor="system", now=now)
    except Refusal:  # left in this second: whoever goes off duty takes the offer along
        metrics.count("auto_accept_refused_total")


def _put_along(made: Decision, *, now: datetime) -> None:
    """An act of its own, with its own locks: the rider may have left the shelf in this second."""
    from delivery.services.trips import take_along  # late: trips ask how this module plans

    try:
        take_along(order_id=made.job.order_id, rider_id=made.rider_id or 0, now=now)
    except Refusal:
        metrics.count("take_along_refused_total")
        return
    made.save()


Done = tuple[list[Offer], bool, list[Decision]]
"""The offers a round made, whether they are accepted at once, and which orders are to go along with whom."""
NOTHING: Done = ([], False, [])


@transaction.atomic
def _round(store_ids: tuple[int, ...], *, along: bool, now: datetime) -> Done:
    if not _only_dispatcher(store_ids[0]):
        return NOTHING
    riders = situation.free_riders(store_ids=store_ids, now=now)  # few, and often none: asked first
    if not riders:
        return _nobody_free(store_ids, along=along, now=now)
    area = situation.area_of(store_ids, now=now)
    jobs = situation.waiting_jobs(area)
    if not jobs:
        return NOTHING
    asked: Collection[int] = ()
    if any(job.declined_by for job in jobs):
        asked = frozenset(situation.reachable_riders(store_ids=store_ids, now=now).values_list("pk", flat=True))
    free = situation.as_free(riders, area, now=now)
    open_jobs = situation.as_open(
        jobs, area, on_duty=asked, answer_s=0.0 if area.policy.auto_accept else ANSWER_S, now=now
    )
    soon = situation.soon_free(area, now=now)
    turn = _Round(area, {job.pk: job for job in jobs}, {rider.pk: rider for rider in riders}, now)
    turn.names |= {rider.pk: str(rider) for rider, _ in soon}
    turn.broadcast(open_jobs, free, [one for _, one in soon])
    turn.plan(open_jobs, free, [one for _, one in soon])
    if along:
        turn.take_along(open_jobs, [*free, *(one for _, one in soon)])
    return turn.write(), area.policy.auto_accept, turn.goes_along


def _nobody_free(store_ids: tuple[int, ...], *, along: bool, now: datetime) -> Done:
    _note_left_all(store_ids, "no rider is free", now=now)
    for store_id in store_ids:  # the wait is longer by each order that found nobody
        write_load(store_id=store_id, now=now)
    if not along:
        return NOTHING
    area = situation.area_of(store_ids, now=now)
    jobs = situation.waiting_jobs(area)
    if not jobs:
        return NOTHING
    turn = _Round(area, {job.pk: job for job in jobs}, {}, now)
    open_jobs = situation.as_open(jobs, area, on_duty=(), answer_s=0.0, now=now)
    turn.take_along(open_jobs, [one for _, one in situation.soon_free(area, now=now)])
    return [], False, turn.goes_along


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Jobs of one store that are to be put to riders: to one, or to several at once."""

    jobs: Sequence[Job]
    riders: Sequence[Rider]
    why: Mapping[UUID, Iterable[Candidate]]
    is_broadcast: bool = False


class _Round:
    """One round of an area: its rows at hand, and what was decided so far. It is written down at the end, when the
    riders it is about are locked and asked once more whether they are free."""

    def __init__(self, area: Area, jobs: dict[UUID, Job], riders: dict[int, Rider], now: datetime) -> None:
        self.area, self.jobs, self.riders, self.now = area, jobs, riders, now
        self.names = {rider.pk: str(rider) for rider in riders.values()}
        """Those on a trip, too, who are about to be free."""
        self.rates: dict[int, pay.Policy] = {}
        self.gone: set[Any] = set()
        """Jobs and riders that are spoken for."""
        self.wanted: list[_Wanted] = []
        self.goes_along: list[Decision] = []
        """Which orders riders on the way to their shelf are to take along: written when they do."""
        self.sent: dict[int, int] = {}
        """Stores at which riders without work are to wait."""

    def broadcast(self, jobs: Iterable[OpenJob], riders: Sequence[FreeRider], soon: Sequence[FreeRider]) -> None:
        """Packed bags that nobody took are put to the nearest riders who can fetch and finish them, at once; the first
        answer counts. Two of three must be so: somebody said no to them, they stood too long, and who could bring them
        soonest would be late. (Where that is somebody about to be free, they wait for them.)"""
        stood_since = self.now - timedelta(seconds=self.area.policy.broadcast_after_s)
        for job in jobs if not self.area.policy.auto_accept else ():
            row = self.jobs[job.id]  # type: ignore[index]  # ids are the rows' keys
            said_no, stood = bool(row.declined_by), row.ready_at <= stood_since
            if not job.is_known or not (said_no or stood):
                continue
            able = self._in_reach(job, [rider for rider in riders if rider.id not in self.gone])
            if len(able) < 2:
                continue
            soonest = min(way.door_s for _, way in able)
            if not (said_no and stood):
                is_late = soonest > job.due_s
                if not is_late or any(way.door_s < soonest for _, way in self._in_reach(job, soon)):
                    continue
            near = sorted(able, key=lambda one: one[1].pick_s)[:BROADCAST_TO]
            why = [Candidate(r.id, way.door_s - self.now.timestamp(), self._way_parts(way)) for r, way in near]
            asked = [self.riders[r.id] for r, _ in near]  # type: ignore[index]
            self.wanted.append(_Wanted([row], asked, {row.pk: why}, is_broadcast=True))
            self.gone |= {job.id, *(r.id for r, _ in near)}

    def _in_reach(self, job: OpenJob, riders: Iterable[FreeRider]) -> list[tuple[FreeRider, Reach]]:
        now_s, ways = self.now.timestamp(), self.area.ways
        able = [(r, reach(job, r, now_s, ways, CITY)) for r in riders if misfit(job, r, CITY) is None]
        return [(r, way) for r, way in able if out_of_reach(way, r, CITY) is None]

    def _way_parts(self, way: Reach) -> dict[str, float]:
        at_shelf_s = way.pick_s - way.ride_s - self.now.timestamp()
        return {"ride_to_store": way.ride_s, "at_the_shelf": at_shelf_s, "to_the_door": way.door_s - way.pick_s}

    def plan(self, jobs: Sequence[OpenJob], free: Sequence[FreeRider], soon: Sequence[FreeRider]) -> None:
        """All that is left, planned together; decisions of riders who are not free yet are left to their time."""
        jobs = [job for job in jobs if job.id not in self.gone]
        riders = [rider for rider in free if rider.id not in self.gone]
        if not jobs or not riders:
            return
        riders += soon
        plan = dispatch.assign(
            jobs, riders, now_s=self.now.timestamp(), travel=self.area.ways, policy=_policy(self.area, now=self.now),
            strategy=self.area.strategy, before=_recall(self.area),
        )  # fmt: skip
        for assignment in plan.assignments:
            rider = self.riders.get(assignment.rider)  # type: ignore[call-overload]
            if rider is None:
                continue  # not free yet
            rows = [self.jobs[job] for job in assignment.jobs]  # type: ignore[index]
            self.wanted.append(_Wanted(rows, [rider], {row.pk: plan.why.get(row.pk, ()) for row in rows}))
            self.gone |= {row.pk for row in rows}
        self._left(plan)
        for move in plan.moves:
            rider = self.riders.get(move.rider)  # type: ignore[call-overload]
            if rider is not None and not move.jobs and rider.wait_at_id != move.store:
                self.sent[rider.pk] = move.store  # type: ignore[assignment]  # ids are the rows' keys
        _remember(self.area, plan, gone=self.gone)

    def take_along(self, jobs: Sequence[OpenJob], others: Sequence[FreeRider]) -> None:
        """What nobody is asked for now goes along with a rider who has not left its shelf, where none of the `others`
        (free, or about to be) could bring it sooner."""
        jobs = [job for job in jobs if job.id not in self.gone]
        trips = situation.coming(self.area, now=self.now) if jobs else []
        if not trips:
            return
        left = [rider for rider in others if rider.id not in self.gone]
        soonest = lambda job: min((way.door_s for _, way in self._in_reach(job, left)), default=math.inf)  # noqa: E731
        riders = {rider.pk: rider for rider, _ in trips}
        self.names |= {pk: str(rider) for pk, rider in riders.items()}
        policy = replace(CITY, most_jobs=self.area.policy.most_jobs)
        coming, now_s = [one for _, one in trips], self.now.timestamp()
        for one in dispatch.along(jobs, coming, now_s, self.area.ways, policy, soonest):
            job, rider = self.jobs[one.job], riders[one.rider]  # type: ignore[index]  # ids are the rows' keys
            why = [Candidate(rider.pk, one.door_s - now_s, one.parts, GOES_ALONG)]
            self.goes_along.append(self._decision(job, rider, why))
            self.gone.add(job.pk)

    def write(self) -> list[Offer]:
        """The offers, to those of the riders who are free still. A job whose rider left in this second is sought by the
        next round, which is asked for at once."""
        about = {rider.pk for one in self.wanted for rider in one.riders} | self.sent.keys()
        if not about:
            return []
        free = situation.still_free(about, store_ids=list(self.area.stores), now=self.now)
        made = []
        for one in self.wanted:
            riders = [rider for rider in one.riders if rider.pk in free]
            made += [self._offer(one.jobs, rider, broadcast=one.is_broadcast) for rider in riders]
            for job in one.jobs:
                if not riders:
                    self._decided(job, None, one.why[job.pk], left="its rider went away in this moment")
                elif one.is_broadcast:
                    self._decided(job, None, one.why[job.pk], left="broadcast")
                else:
                    self._decided(job, riders[0], one.why[job.pk])
            if not riders:
                ask_for_round(one.jobs[0].store_id)
        self._send_to_wait(free)
        return made

    def _offer(self, jobs: Sequence[Job], rider: Rider, *, broadcast: bool = False) -> Offer:
        store = self.area.stores[jobs[0].store_id]
        parts = pay.quote(
            store=store, doors=[job.order.point for job in jobs], tips_paise=[job.order.tip_paise for job in jobs],
            now=self.now, policy=self._rates_of(store),
        )  # fmt: skip
        offer = Offer.objects.create(
            store=store,
            rider=rider,
            is_broadcast=broadcast,
            pay_paise=sum(pay.total_of(one) for one in parts),
            made_at=self.now,
            expires_at=self.now + timedelta(seconds=self.area.policy.answer_s),
        )
        OfferedJob.objects.bulk_create(
            OfferedJob(
                offer=offer, job=job, rank=rank, pay_paise=pay.total_of(one), pay_parts=one, is_broadcast=broadcast
            )
            for rank, (job, one) in enumerate(zip(jobs, parts, strict=True), start=1)
        )
        for rank, job in enumerate(jobs, start=1):
            job.state = JobState.OFFERED
            job.save(update_fields=["state"])
            events.record(
                OfferMade(
                    offer_id=offer.pk, order_id=job.order_id, rider_id=rider.pk, rider_user_id=rider.user_id,
                    rank=rank, auto=self.area.policy.auto_accept,
                ),
                subject=f"order:{job.order_id}",
                actor="system",
            )  # fmt: skip
            live.touch("ops", what="job", id=job.pk)
        live.touch(f"rider.{rider.pk}", what="offer", id=offer.pk)
        return offer

    def _rates_of(self, store: Store) -> pay.Policy:
        if store.pk not in self.rates:
            self.rates[store.pk] = pay.policy_of(store, now=self.now)
        return self.rates[store.pk]

    def _decided(self, job: Job, rider: Rider | None, why: Iterable[Candidate], *, left: str = "") -> None:
        self._decision(job, rider, why, left=left).save()

    def _decision(self, job: Job, rider: Rider | None, why: Iterable[Candidate], *, left: str = "") -> Decision:
        named, strategy = self._named(why), self.area.strategy
        return Decision(job=job, at=self.now, rider=rider, why=named, left=left, strategy=strategy)

    def _named(self, candidates: Iterable[Candidate]) -> list[dict[str, Any]]:
        """As they are kept; `score_s` None for who cannot have it, and `note` says why."""
        return [
            {
                "rider": c.rider,
                "name": self.names.get(c.rider, ""),  # type: ignore[call-overload]  # ids are the rows' keys
                "score_s": None if c.score == math.inf else round(c.score),
                "parts": {part: round(seconds, 1) for part, seconds in c.parts.items() if abs(seconds) >= 0.05},
                "note": c.note,
            }
            for c in candidates
        ]

    def _left(self, plan: Plan) -> None:
        """Why jobs wait and who was considered, written down when the reason is a new one."""
        left = {job: _shortened(why) for job, why in plan.left.items() if job not in self.gone}
        known = _last_left(left)
        Decision.objects.bulk_create(
            self._decision(self.jobs[job], None, plan.considered(job), left=why)  # type: ignore[index]  # as above
            for job, why in left.items()
            if known.get(job) != why
        )

    def _send_to_wait(self, free: Collection[int]) -> None:
        """A hint to riders without work: the store at which the next order is likely."""
        for rider_id, store_id in self.sent.items():
            if rider_id in free:
                Rider.objects.filter(pk=rider_id).update(wait_at=store_id)
                live.touch(f"rider.{rider_id}", what="wait")


def _shortened(why: str) -> str:
    """As long as its column: each rider's own reason is kept beside it."""
    most = Decision._meta.get_field("left").max_length or 0
    return why if len(why) <= most else why[: most - 1] + "…"


def _policy(area: Area, *, now: datetime) -> Policy:
    demand = situation.demand_of(area, now=now) if len(area.stores) > 1 else {}
    weights = dispatch.WEIGHTS[area.policy.weights]
    return replace(CITY, most_jobs=area.policy.most_jobs, demand=demand, weights=weights)


def _remember(area: Area, plan: Plan, *, gone: Collection[Any]) -> None:
    """The plan as a hint to the next round: who is meant to fetch what."""
    routes = {
        str(rider): [[store, [str(job) for job in route if job not in gone]] for store, route in trips]
        for rider, trips in plan.routes.items()
    }
    live.remember(f"dispatch-plan:{min(area.stores)}", {"routes": routes}, ttl_s=HINT_S)


def _recall(area: Area) -> Plan | None:
    kept = live.recall(f"dispatch-plan:{min(area.stores)}")
    if kept is None:
        return None
    return Plan(
        routes={
            int(rider): tuple((store, tuple(UUID(job) for job in route)) for store, route in trips)
            for rider, trips in kept["routes"].items()
        }
    )


def _only_dispatcher(store_id: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [_LOCK_CLASS, store_id])
        return bool(cursor.fetchone()[0])


def _last_left(jobs: Iterable[Any]) -> dict[Any, str]:
    last = Decision.objects.filter(job__in=list(jobs)).order_by("job", "-at", "-pk").distinct("job")
    return dict(last.values_list("job_id", "left"))


_NOTE_LEFT = """
INSERT INTO delivery_decision (job_id, at, why, "left", strategy)
SELECT j.id, %(now)s, '[]', %(why)s::varchar, '' FROM delivery_job j
WHERE j.store_id = ANY(%(stores)s) AND j.state = 'seeking' AND %(why)s::varchar IS DISTINCT FROM (
  SELECT d."left" FROM delivery_decision d WHERE d.job_id = j.id ORDER BY d.at DESC, d.id DESC LIMIT 1)
"""


def _note_left_all(store_ids: Sequence[int], why: str, *, now: datetime) -> None:
    """Every waiting job of these stores is left for this reason, written down once. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_NOTE_LEFT, {"now": now, "why": why, "stores": list(store_ids)})


def forget_decisions(*, now: datetime, limit: int = 20_000) -> int:
    """Reasons are kept for seven days. Returns how many were dropped."""
    old = Decision.objects.filter(at__lt=now - KEPT_FOR).order_by("at").values("pk")[:limit]
    return Decision.objects.filter(pk__in=old).delete()[0]
