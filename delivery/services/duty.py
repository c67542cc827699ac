"""On and off duty, and what checkout and the promise are told about the riders of a store.

Lock order: open offers, their jobs, then the rider.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Case, Q, Value, When

from blinkit.kernel import events, live
from blinkit.kernel.said import say
from blinkit.kernel.sweeping import one_by_one
from catalog import services as goods
from delivery.errors import NoSuchRider, NotOnDuty, Suspended, TripLive
from delivery.events import DutyChanged
from delivery.incidents import URGENT
from delivery.models import DutyCheck, Rider, RiderBreak, RiderProfile, Shift, Trip
from delivery.services.asking import ask_for_round

if TYPE_CHECKING:
    from delivery.services.checks import Device

LOCAL = ZoneInfo(settings.TIME_ZONE)
LONG_BREAK = timedelta(hours=1)
"""So long after the time a rider meant to be back the break is a forgotten one."""

LONG_SILENCE = timedelta(minutes=15)
RIDE_GUESS_S = 900
"""How long a rider is away for one delivery, when nothing better is known; it counts as much as LEAN deliveries."""
LEAN = 2
LAST_TRIPS = timedelta(hours=2)


def rider_of(user_id: int) -> Rider:
    """The rider behind a signed-in person. Raises NoSuchRider."""
    rider = Rider.objects.select_related("user", "store", "wait_at").filter(user_id=user_id).first()
    if rider is None:
        raise NoSuchRider("You are not registered as a rider.")
    return rider


def rider_on_duty(user_id: int) -> int:
    """Id of the rider behind a signed-in person who is on duty; one small statement. Raises NotOnDuty."""
    found = Shift.objects.filter(rider__user_id=user_id, ended_at=None).values_list("rider_id", flat=True).first()
    if found is None:
        raise NotOnDuty("You are off duty: your position is not taken.")
    return found


def anyone_on_duty(store_id: int) -> bool:
    return Shift.objects.filter(rider__store_id=store_id, ended_at=None).exists()


def lock_rider(rider_id: int) -> Rider:
    """The rider's row, locked to the end of the transaction. Raises NoSuchRider."""
    riders = Rider.objects.select_related("user", "store").select_for_update(of=("self",), no_key=True)
    rider = riders.filter(pk=rider_id).first()
    if rider is None:
        raise NoSuchRider("There is no such rider.")
    return rider


@transaction.atomic
def go_on_duty(
    *,
    rider_id: int,
    now: datetime,
    device: Device | None = None,
    self_check: Collection[str] = (),
) -> Shift:
    """The rider may be offered trips from now on, to the end of the gig they booked or found a free place in. Silent
    when on duty.

    Raises Suspended with the reason or while papers are missing, LocationNeeded, SelfCheckNeeded, and what
    `gigs.check_in` raises: FarFromStore, BookingNeeded, GigFull.
    """
    from delivery.services import checks, gigs

    rider = lock_rider(rider_id)
    if rider.suspended_reason:
        raise Suspended(
            say("Your account is paused: {reason}. Write to us if that is wrong.", reason=rider.suspended_reason)
        )
    if not rider.is_verified:
        raise Suspended("Your papers are still being checked. We will tell you as soon as you can ride.")
    shift = Shift.objects.filter(rider=rider, ended_at=None).first()
    if shift is not None:
        return shift
    policy = gigs.policy_of(rider.store)
    warnings = checks.warnings_of(device, policy)
    today = now.astimezone(LOCAL).date()
    profile = RiderProfile.objects.filter(rider=rider).first()
    done, _open = checks.checked(profile, rider.vehicle, self_check, policy, today=today)
    booking = gigs.check_in(rider, policy=policy, at=device.point if device else None, now=now)
    ends_at = booking.gig.ends_at if booking else None
    shift = Shift.objects.create(rider=rider, started_at=now, vehicle=rider.vehicle, booking=booking, ends_at=ends_at)
    if not done:
        warnings.append("self-check-open")
    elif profile is not None and profile.checked_on != today:
        profile.checked_on = today
        profile.save(update_fields=["checked_on"])
    DutyCheck.objects.create(
        shift=shift,
        device=device.kept() if device else {},
        warnings=warnings,
        self_check=sorted(set(self_check) & set(checks.ITEMS)),
        at=now,
    )
    Rider.objects.filter(pk=rider.pk).update(seen_at=now, wait_at=None)  # a hint of another day is none
    _announce(rider, on_duty=True, now=now)
    ask_for_round(rider.store_id)
    return shift


@transaction.atomic
def go_off_duty(*, rider_id: int, now: datetime, still: Q | None = None) -> None:
    """No more offers; an open one is withdrawn. Silent when off duty; raises TripLive while a trip is not over.

    `still`: what a sweep saw of the shift. When it is true no more under the lock (the rider was heard of, came back
    from a break, rides on in another gig) nothing happens."""
    from delivery.services.offers import lock_open, withdraw_all  # late: offers ask this module who is on duty

    # Offers and jobs before the rider, as when an offer is accepted: the two may happen in the same second.
    offers, jobs = lock_open(Q(rider_id=rider_id), riders=[rider_id])
    rider = lock_rider(rider_id)
    shift = Shift.objects.filter(still or Q(), rider=rider, ended_at=None).first()
    if shift is None:
        return
    if Trip.objects.filter(rider=rider, ended_at=None).exists():
        raise TripLive("Finish your trip first, or hand it back to us with a reason.")
    withdraw_all(offers.values(), jobs, reason="went off duty", now=now)
    RiderBreak.objects.filter(shift=shift, ended_at=None).update(ended_at=now)
    shift.ended_at = now
    shift.save(update_fields=["ended_at"])
    _announce(rider, on_duty=False, now=now)


def sweep_silent(*, now: datetime, limit: int = 100) -> int:
    """Riders nobody has heard of for a quarter of an hour, and who have no trip, go off duty: the promise must not
    count on them. Returns how many; one that breaks does not hold up the others."""
    unheard = Q(rider__seen_at__lt=now - LONG_SILENCE)
    silent = Shift.objects.filter(unheard, ended_at=None).exclude(rider__trips__in=Trip.objects.filter(ended_at=None))

    def off(rider_id: int) -> bool:
        try:
            go_off_duty(rider_id=rider_id, now=now, still=unheard)
        except TripLive:  # sent by hand meanwhile
            return False
        return True

    return one_by_one(silent.order_by("pk").values_list("rider_id", flat=True)[:limit], off, sweep="silent-riders")


def sweep_shifts(*, now: datetime, limit: int = 200) -> int:
    """Shifts end with their gig (who walked in rides on while the next one has a place), when the rider may not
    ride any more, and when a break was forgotten for an hour; never while a trip is live. Returns how many ended; one
    that breaks does not hold up the others."""
    from delivery.services.gigs import go_on

    over = Q(ends_at__lte=now) | Q(rider__is_verified=False) | ~Q(rider__suspended_reason="")
    forgotten = Q(breaks__ended_at=None, breaks__back_at__lt=now - LONG_BREAK)
    due = Shift.objects.filter(over | forgotten, ended_at=None).exclude(
        rider__trips__in=Trip.objects.filter(ended_at=None)
    )
    allowed = Q(rider__is_verified=True, rider__suspended_reason="")
    riders = due.annotate(may=Case(When(allowed, then=Value(True)), default=Value(False)))

    def end(found: tuple[int, bool]) -> bool:
        rider_id, may = found
        try:
            if may and go_on(rider_id=rider_id, now=now):
                return False
            go_off_duty(rider_id=rider_id, now=now, still=over | forgotten)
        except TripLive:  # accepted one meanwhile
            return False
        return True

    return one_by_one(riders.order_by("pk").values_list("rider_id", "may").distinct()[:limit], end, sweep="shifts")


_LOAD = """
SELECT count(*), count(*) FILTER (WHERE t.id IS NULL),
    (SELECT count(*) FROM delivery_job j WHERE j.store_id = %(store)s AND j.state IN ('seeking', 'offered')),
    (SELECT coalesce(sum(last.s), 0) FROM last), (SELECT coalesce(sum(last.jobs), 0)::int FROM last),
    (SELECT coalesce(sum(last.there_s), 0) FROM last), (SELECT count(last.there_s) FROM last),
    (SELECT ARRAY[b.max_bags, b.max_litres] FROM delivery_rider b
        WHERE b.store_id = %(store)s AND b.is_verified AND b.suspended_reason = ''
        ORDER BY b.max_bags DESC, b.max_litres = 0 DESC, b.max_litres DESC LIMIT 1)
FROM delivery_shift s
    JOIN delivery_rider r ON r.id = s.rider_id
    LEFT JOIN delivery_trip t ON t.rider_id = r.id AND t.ended_at IS NULL
WHERE r.store_id = %(store)s AND s.ended_at IS NULL
    AND NOT EXISTS (SELECT FROM delivery_riderbreak b WHERE b.shift_id = s.id AND b.ended_at IS NULL)
    AND NOT EXISTS (SELECT FROM delivery_incident i
        WHERE i.rider_id = r.id AND i.kind = ANY(%(urgent)s) AND i.resolved_at IS NULL)
"""
_LAST_TRIPS = """
WITH last AS MATERIALIZED (
    SELECT extract(epoch FROM d.ended_at - d.started_at)::float AS s,
        (SELECT count(*) FROM delivery_stop p WHERE p.trip_id = d.id) AS jobs,
        extract(epoch FROM d.at_store_at - d.started_at)::float AS there_s
    FROM delivery_trip d WHERE d.store_id = %(store)s AND d.ended_at > %(since)s
    ORDER BY d.ended_at DESC LIMIT 30
)
"""


def write_load(*, store_id: int, now: datetime) -> None:
    """Write down how many riders of a store are on duty (no break, no call for help) and idle, how long until one is
    free and at the store, and by how much longer the next order waits because others need a rider before it; and what
    the strongest of its riders carries, on duty or not, which no order may exceed. Two statements.

    What it waits: those orders, less the riders who have nothing to do, times what a rider spends on an order (of the
    last trips; LEAN of RIDE_GUESS_S beside them), shared by all on duty; and the way to the store, as the last riders
    took it (LEAN who stood there beside them): who has nothing to do is not always there.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LAST_TRIPS + _LOAD, {"store": store_id, "since": now - LAST_TRIPS, "urgent": list(URGENT)})
        on, idle, waiting, spent_s, served, there_s, came, carries = cursor.fetchone()
    bags, litres = carries or (0, 0)
    each_s = (spent_s + LEAN * RIDE_GUESS_S) / (served + LEAN)
    free_s = 0 if idle or not on else round(each_s / on)
    wait_s = round(max(0, waiting + 1 - idle) * each_s / on) if on else 0
    way_s = round(there_s / (came + LEAN)) if on else 0
    goods.write_store_load(
        store_id=store_id, now=now, riders_on=on, riders_idle=idle, rider_wait_s=free_s + way_s,
        rider_queue_s=wait_s - free_s, carries_bags=bags, carries_litres=litres,
    )  # fmt: skip


def _announce(rider: Rider, *, on_duty: bool, now: datetime) -> None:
    events.record(
        DutyChanged(rider_id=rider.pk, on_duty=on_duty), subject=f"rider:{rider.pk}", actor=f"rider:{rider.pk}"
    )
    live.touch(f"rider.{rider.pk}", what="duty")
    live.touch("ops", what="riders")
    write_load(store_id=rider.store_id, now=now)
