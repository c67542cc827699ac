"""Who may be handed which orders: the rule of the rounds (`delivery.dispatch`), asked of riders by name.

What a rider cannot carry or may not collect is refused to everybody. What only speaks against them (they said no, ride
in another zone, called for help, would do the last door after their shift, have many orders already, the door is far
for their vehicle, the bag is too small for what we reckon lies in theirs, the one order is more than anybody here
carries) a person may decide otherwise, told so in words.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from blinkit.kernel.geo import Point
from blinkit.kernel.money import rupees
from blinkit.kernel.said import say
from catalog.models import StoreLoad
from delivery.dispatch import FreeRider, OpenJob
from delivery.dispatch.problem import (
    NEEDS_HELP,
    NO_COLD_BAG,
    NO_ROOM,
    SAID_NO,
    TOO_MANY_BAGS,
    TOO_MUCH_CASH,
    against,
    last_door,
    overload,
    unable,
)
from delivery.errors import AgainstRule, CannotTake
from delivery.models import Job, Rider, Stop, StopState, Vehicle
from delivery.services import situation
from delivery.services.rounds import CITY


@dataclass(frozen=True, slots=True)
class Barred:
    """`never`: the sentence that says what bars this rider, empty when nothing does; `against`: what rounds mind."""

    never: str = ""
    against: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Carried:
    """What a rider has to fetch or carries already."""

    bags: int
    litres: float
    ready_s: float
    door: Point


def refuse_unfit(
    rider: Rider, job_ids: Collection[UUID], *, now: datetime, at_shelf: bool = True, sure: bool = False
) -> None:
    """For acts that hold the rider's lock. Raises CannotTake, and AgainstRule unless somebody is `sure`. `at_shelf`:
    as barred_from."""
    barred = barred_from(job_ids, [rider], at_shelf=at_shelf, now=now)[rider.pk]
    if barred.never:
        raise CannotTake(barred.never, why=barred.why)
    if barred.against and not sure:
        raise AgainstRule(barred.against)


def barred_from(
    job_ids: Collection[UUID], riders: Sequence[Rider], *, at_shelf: bool = True, now: datetime
) -> dict[int, Barred]:
    """By rider: what bars them from these jobs together, beside what they have to fetch or carry already. Bags that are
    not `at_shelf` (another rider has them) belong to no zone, and who said no to them is asked all the same. At most
    nine statements, whatever the number of riders."""
    if not riders:
        return {}
    jobs = list(situation.with_cold(Job.objects.filter(pk__in=job_ids)).order_by("pk"))
    zones = {home: situation.sharing_riders(home) for home in {rider.store_id for rider in riders}}
    stores = {job.store_id for job in jobs}.union(*zones.values())
    area = situation.area_of(sorted(stores), now=now)
    wanted = situation.as_open(jobs, area, on_duty=(), answer_s=0.0, now=now, ready={})
    load: dict[int, list[Carried]] = {}
    under_way = Stop.objects.filter(
        trip__rider__in=riders, trip__ended_at=None, state__in=(StopState.TO_PICK_UP, StopState.ON_BOARD)
    )
    carried = under_way.exclude(job__in=job_ids).order_by("rank", "pk")
    columns = ("trip__rider_id", "job__bags", "job__volume_ml", "job__ready_at", "job__order__lat", "job__order__lng")
    for rider_id, bags, volume_ml, ready_at, lat, lng in carried.values_list(*columns):
        load.setdefault(rider_id, []).append(Carried(bags, volume_ml / 1000, ready_at.timestamp(), Point(lat, lng)))
    beyond = _beyond_all(jobs, riders)
    found = {}
    for rider, free in zip(riders, situation.as_free(riders, area, now=now), strict=True):
        has = load.get(rider.pk, [])
        # The cash of what they have already is taken off their room by `cash_rooms`.
        bags, litres = sum(it.bags for it in has), sum(it.litres for it in has)
        free = replace(
            free,
            max_bags=free.max_bags - bags,
            max_litres=None if free.max_litres is None else free.max_litres - litres,
            stores=frozenset(zones[rider.store_id]),
        )
        if beyond and not has and rider.max_bags >= beyond:
            free = replace(free, max_bags=jobs[0].bags)
        barred = _barred(rider, free, wanted, carried=has, at_shelf=at_shelf, area=area, now=now)
        if free.max_bags > rider.max_bags and not barred.never:
            barred = Barred(against=_bulky(rider, jobs[0]), why=TOO_MANY_BAGS)
        found[rider.pk] = barred
    return found


def _beyond_all(jobs: Sequence[Job], riders: Sequence[Rider]) -> int:
    """What the strongest rider of the store carries when this one order is more than that, else 0. Somebody has to take
    it: whoever carries most, when a person says so."""
    if len(jobs) != 1 or all(rider.max_bags >= jobs[0].bags for rider in riders):
        return 0
    most = StoreLoad.objects.filter(store_id=jobs[0].store_id).values_list("carries_bags", flat=True).first() or 0
    return most if jobs[0].bags > most else 0


def _barred(
    rider: Rider,
    free: FreeRider,
    jobs: Sequence[OpenJob],
    *,
    carried: Sequence[Carried],
    at_shelf: bool,
    area: situation.Area,
    now: datetime,
) -> Barred:
    why = unable(jobs, free)
    if why == NO_ROOM:  # a reckoned size: bars the rounds, and whoever stands beside the bags knows better
        return Barred(against=_small(rider, free, jobs), why=why)
    if why:
        return Barred(never=_never(why, rider, free, jobs), why=why)
    if free.needs_help:
        return Barred(
            against=say("{rider} called for help, and it is not resolved yet.", rider=str(rider)), why=NEEDS_HELP
        )
    for job in jobs if at_shelf else ():
        if why := against(job, free, CITY):
            return Barred(against=_minded(why, rider, free, job, area), why=why)
    late = ""
    if free.off_s is not None:
        door_s = _last_door_s(free, jobs, carried, at_shelf=at_shelf, area=area, now=now)
        late = _home_late(rider, free.off_s, door_s, area) if door_s > last_door(free, CITY) else ""
    return Barred(against=late or _full(rider, has=len(carried), more=len(jobs), area=area))


def _never(why: str, rider: Rider, free: FreeRider, jobs: Sequence[OpenJob]) -> str:
    if why == NO_COLD_BAG:
        return say("{rider} has no cold bag, and there are chilled or frozen goods in it.", rider=str(rider))
    if why == TOO_MANY_BAGS:
        bags, places = sum(job.bags for job in jobs), max(0, free.max_bags)
        return say(
            "{rider} cannot carry so many bags: {n}, with room for {room}.", rider=str(rider), n=bags, room=places
        )
    if why == TOO_MUCH_CASH:
        due, room = rupees(sum(job.cash_paise for job in jobs)), rupees(free.cash_room_paise or 0)
        return say("{rider} may not collect {due} in cash: up to {room} more.", rider=str(rider), due=due, room=room)
    return say("{rider} cannot carry it: no room in the bag, or not with this vehicle.", rider=str(rider))


def _bulky(rider: Rider, job: Job) -> str:
    return say(
        "Nobody here carries so many bags at once: {n}. {rider} carries {most}.",
        n=job.bags, rider=str(rider), most=rider.max_bags,
    )  # fmt: skip


def _small(rider: Rider, free: FreeRider, jobs: Sequence[OpenJob]) -> str:
    litres, room = sum(job.litres for job in jobs), max(0.0, free.max_litres or 0.0)
    return say(
        "The bag of {rider} is too small for it: about {n} litres, with room for {room}.",
        rider=str(rider), n=f"{litres:.0f}", room=f"{room:.0f}",
    )  # fmt: skip


def too_much_for(rider: Rider, jobs: Sequence[Job]) -> str:
    """Why the rider cannot carry all these orders at once, as a sentence; empty when they can. Of size alone: what else
    bars somebody was asked before they were theirs."""
    wanted = [
        OpenJob(job.pk, "", None, None, 0.0, 0.0, 0.0, bags=job.bags, litres=job.volume_ml / 1000) for job in jobs
    ]
    bag = FreeRider(rider.pk, "", None, 0.0, max_bags=rider.max_bags, max_litres=rider.max_litres or None)
    why = overload(wanted, bag)
    if why is None:
        return ""
    return _small(rider, bag, wanted) if why == NO_ROOM else _never(why, rider, bag, wanted)


def _minded(why: str, rider: Rider, free: FreeRider, job: OpenJob, area: situation.Area) -> str:
    if job.vehicles is not None and free.vehicle not in job.vehicles:
        metres, most = area.ways.metres(job.pickup, job.drop), area.policy.farthest_metres[free.vehicle]
        return say(
            "The door is too far for the vehicle of {rider} ({vehicle}): {n} km by street, up to {most} km here.",
            rider=str(rider), vehicle=say(Vehicle(free.vehicle).label), n=f"{metres / 1000:.1f}",
            most=f"{most / 1000:.1f}",
        )  # fmt: skip
    if why == SAID_NO:
        return say("{rider} said no to it, or it was taken from them, a moment ago.", rider=str(rider))
    return say("{rider} rides in another zone.", rider=str(rider))


def _last_door_s(
    free: FreeRider, jobs: Sequence[OpenJob], carried: Sequence[Carried], *, at_shelf: bool, area: situation.Area,
    now: datetime,
) -> float:  # fmt: skip
    """When the rider would be done at the last door: what they have first, then these. Bags that are not `at_shelf` are
    reckoned as if they met at the first door."""
    clock, at = now.timestamp(), free.at
    if at_shelf:
        store = jobs[0].pickup
        clock += 0.0 if free.heading == jobs[0].store else area.ways(at, store, free.vehicle)
        clock = max([clock, *(job.ready_s for job in jobs), *(it.ready_s for it in carried)]) + CITY.pick_after_s
        at = store
    for door in (*(it.door for it in carried), *(job.drop for job in jobs)):
        clock += area.ways(at, door, free.vehicle) + CITY.drop_before_s + CITY.drop_after_s
        at = door
    return clock - CITY.drop_after_s


def _home_late(rider: Rider, off_s: float, door_s: float, area: situation.Area) -> str:
    ends, door = _clock(off_s, area), _clock(door_s, area)
    return say(
        "The shift of {rider} ends at {clock}: they would be at the last door at about {door}.",
        rider=str(rider), clock=ends, door=door,
    )  # fmt: skip


def _clock(second: float, area: situation.Area) -> str:
    return f"{datetime.fromtimestamp(second, UTC).astimezone(ZoneInfo(area.ways.timezone)):%H:%M}"


def _full(rider: Rider, *, has: int, more: int, area: situation.Area) -> str:
    if has and has + more > (most := area.policy.most_jobs):
        return say("{rider} has {has} orders already; here {most} go together.", rider=str(rider), has=has, most=most)
    return ""
