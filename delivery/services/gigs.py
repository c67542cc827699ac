"""Gigs: opened by operations, booked and given back by riders, kept by going on duty.

Lock order: rider, then gig, then booking. A place is taken by one update under the table's own check.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet

from blinkit.kernel import events, live
from blinkit.kernel.errors import Invalid
from blinkit.kernel.geo import Point, distance_metres
from blinkit.kernel.said import say
from blinkit.kernel.sweeping import one_by_one
from catalog.models import Store
from delivery.errors import (
    BookingNeeded,
    FarFromStore,
    GigClash,
    GigFull,
    GigOver,
    LocationNeeded,
    NoSuchGig,
    PapersMissing,
    Suspended,
)
from delivery.events import BookingGivenBack, BookingMissed, GigCalledOff
from delivery.gigs import LIVE_BOOKING, BookingState
from delivery.models import Booking, DutyPolicy, Gig, GigPattern, Rider, Shift
from delivery.services.duty import lock_rider

LONGEST = timedelta(hours=14)
AHEAD_DAYS = 7
"""So far ahead gigs are made from the weekly pattern."""
FURTHEST = timedelta(days=60)
POSITION_COUNTS = timedelta(minutes=10)


def policy_of(store: Store) -> DutyPolicy:
    """What the store's city asks. One statement."""
    return DutyPolicy.objects.filter(city_id=store.city_id).first() or DutyPolicy(city_id=store.city_id)


# -- operations -------------------------------------------------------------------------------------------------------


@transaction.atomic
def open_gig(*, store_id: int, starts_at: datetime, ends_at: datetime, places: int, now: datetime) -> Gig:
    """One more window at a store. The same begin again changes nothing and gives the gig that is there.

    Raises Invalid: no place, longer than 14 hours, over already or further than two months ahead.
    """
    if places < 1:
        raise Invalid("A gig needs at least one place.")
    if not timedelta(0) < ends_at - starts_at <= LONGEST:
        raise Invalid("A gig ends after it begins, within 14 hours.")
    if ends_at <= now or starts_at > now + FURTHEST:
        raise Invalid("Choose hours from now on, within two months.")
    gig, _ = Gig.objects.get_or_create(
        store_id=store_id, starts_at=starts_at, called_off_at=None, defaults={"ends_at": ends_at, "places": places}
    )
    live.touch("ops", what="gigs")
    return gig


@transaction.atomic
def change_places(*, gig_id: UUID, places: int) -> Gig:
    """More places, or fewer: never fewer than are taken (GigFull). Raises NoSuchGig."""
    gig = _lock_gig(gig_id)
    if places < max(1, gig.booked):
        raise GigFull(say("{n} places are taken already.", n=gig.booked), booked=gig.booked)
    gig.places = places
    gig.save(update_fields=["places"])
    return gig


@transaction.atomic
def call_off_gig(*, gig_id: UUID, reason: str, actor: str, now: datetime) -> Gig:
    """No gig after all: whoever booked it is told why. Silent when repeated; riders who are on duty in it stay. Raises
    NoSuchGig, GigOver when it has ended, Invalid without a reason."""
    reason = reason.strip()[:160]
    if not reason:
        raise Invalid("Say why: the riders read it.")
    gig = _lock_gig(gig_id)
    if gig.called_off_at is not None:
        return gig
    if gig.ends_at <= now:
        raise GigOver("This gig has ended.")
    gig.called_off_at, gig.called_off_reason = now, reason
    booked = Booking.objects.filter(gig=gig, state=BookingState.BOOKED)
    riders = list(booked.order_by("rider_id").values_list("rider_id", flat=True))
    gig.booked -= booked.update(state=BookingState.CALLED_OFF, cancelled_at=now)
    gig.save(update_fields=["called_off_at", "called_off_reason", "booked"])
    for rider_id in riders:
        events.record(
            GigCalledOff(gig_id=gig_id, rider_id=rider_id, reason=reason), subject=f"rider:{rider_id}", actor=actor
        )
        live.touch(f"rider.{rider_id}", what="gigs")
    return gig


def make_gigs(*, now: datetime) -> int:
    """The gigs of the coming week from the weekly patterns. Returns how many are new; one that was called off does not
    come back."""
    made = 0
    patterns = GigPattern.objects.filter(is_active=True, store__is_active=True).select_related("store__city")
    for pattern in patterns.order_by("store_id", "pk"):
        zone = ZoneInfo(pattern.store.city.timezone)
        today = now.astimezone(zone).date()
        for n in range(AHEAD_DAYS + 1):
            day = today + timedelta(days=n)
            if day.weekday() != pattern.weekday:
                continue
            starts_at, ends_at = window(day, pattern.from_time, pattern.to_time, zone)
            if ends_at <= now or Gig.objects.filter(store_id=pattern.store_id, starts_at=starts_at).exists():
                continue
            rows = [Gig(store_id=pattern.store_id, starts_at=starts_at, ends_at=ends_at, places=pattern.places)]
            Gig.objects.bulk_create(rows, ignore_conflicts=True)
            made += 1
    return made


def window(day: date, from_time: time, to_time: time, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The instants of local times on a day; an end that is not after the begin is on the next day."""
    starts_at = datetime.combine(day, from_time, tzinfo=zone)
    end_day = day if to_time > from_time else day + timedelta(days=1)
    return starts_at, datetime.combine(end_day, to_time, tzinfo=zone)


# -- riders -----------------------------------------------------------------------------------------------------------


def gigs_for(*, rider: Rider, now: datetime, days: int = AHEAD_DAYS) -> QuerySet[Gig]:
    """Windows at the rider's home store that are not over, soonest first; called-off ones only with a booking."""
    return (
        Gig.objects.filter(store_id=rider.store_id, ends_at__gt=now, starts_at__lt=now + timedelta(days=days))
        .filter(Q(called_off_at=None) | Q(bookings__rider=rider, bookings__state=BookingState.CALLED_OFF))
        .order_by("starts_at", "pk")
        .distinct()
    )


@transaction.atomic
def book(*, rider_id: int, gig_id: UUID, now: datetime) -> Booking:
    """A place in this gig. Silent when the rider has one.

    Raises NoSuchGig (also for another store's), GigOver, GigFull, GigClash, Suspended, PapersMissing while the papers
    are not verified.
    """
    rider = lock_rider(rider_id)
    gig = Gig.objects.filter(pk=gig_id, store_id=rider.store_id).first()
    if gig is None:
        raise NoSuchGig("There is no such gig at your store.")
    mine = Booking.objects.filter(rider=rider, gig=gig, state__in=LIVE_BOOKING).first()
    if mine is not None:
        return mine
    if rider.suspended_reason:
        raise Suspended(say("Your account is paused: {reason}.", reason=rider.suspended_reason))
    if not rider.is_verified:
        raise PapersMissing("Your papers are still being checked. You can book as soon as you may ride.")
    if gig.called_off_at is not None or gig.ends_at <= now:
        raise GigOver("This gig is over or was called off.")
    _refuse_clash(rider, gig)
    _take_place(gig, now=now)
    made = Booking.objects.create(gig=gig, rider=rider, booked_at=now)
    live.touch(f"rider.{rider_id}", what="gigs")
    return made


@transaction.atomic
def give_back(*, rider_id: int, gig_id: UUID, now: datetime) -> Booking:
    """The place is free again; late by the city's rule is counted, and nothing is taken for it. Silent when repeated.

    Raises NoSuchGig without a booking of this rider, GigOver once they came or it has ended.
    """
    rider = lock_rider(rider_id)
    _lock_gig(gig_id)  # it may be called off in the same second: one of the two gives the place back
    booking = (
        Booking.objects.filter(rider=rider, gig_id=gig_id)
        .exclude(state=BookingState.CALLED_OFF)
        .select_related("gig__store")
        .order_by("-booked_at")
        .first()
    )
    if booking is None:
        raise NoSuchGig("You have no place in this gig.")
    if booking.state == BookingState.CANCELLED:
        return booking
    if booking.state != BookingState.BOOKED or booking.gig.ends_at <= now:
        raise GigOver("This gig has begun for you or is over.")
    late = timedelta(minutes=policy_of(booking.gig.store).late_cancel_m)
    booking.state, booking.cancelled_at = BookingState.CANCELLED, now
    booking.is_late = now > booking.gig.starts_at - late
    Gig.objects.filter(pk=gig_id).update(booked=F("booked") - 1)
    booking.save(update_fields=["state", "cancelled_at", "is_late"])
    events.record(
        BookingGivenBack(gig_id=gig_id, rider_id=rider_id, is_late=booking.is_late),
        subject=f"rider:{rider_id}",
        actor=f"rider:{rider_id}",
    )
    live.touch(f"rider.{rider_id}", what="gigs")
    return booking


def check_in(rider: Rider, *, policy: DutyPolicy, at: Point | None, now: datetime) -> Booking | None:
    """The booking that a rider (locked by the caller) goes on duty with: their own, or a free place taken on the way.
    None when no gig is open at the store now and the city lets riders walk in.

    Raises FarFromStore, LocationNeeded (a booked gig begins near the store), BookingNeeded, GigFull.
    """
    soon = now + timedelta(minutes=policy.check_in_before_m)
    mine = (
        Booking.objects.filter(rider=rider, state__in=LIVE_BOOKING, gig__starts_at__lte=soon, gig__ends_at__gt=now)
        .select_related("gig")
        .order_by("gig__starts_at")
        .first()
    )
    if mine is not None:
        if mine.state == BookingState.BOOKED:
            _refuse_far(rider, policy, at=at, now=now)
        if mine.state == BookingState.CAME or _came(mine, now=now):
            return mine
    open_now = Gig.objects.filter(store_id=rider.store_id, starts_at__lte=now, ends_at__gt=now, called_off_at=None)
    gig = open_now.order_by("-ends_at").first()
    if not policy.walk_in:
        raise BookingNeeded("Book a gig first: duty in this city is by booking.")
    if gig is None:
        return None
    _take_place(gig, now=now)
    return Booking.objects.create(
        gig=gig, rider=rider, state=BookingState.CAME, walk_in=True, booked_at=now, came_at=now
    )


def sweep_bookings(*, now: datetime, limit: int = 500) -> int:
    """A booked gig that begins while its rider is on duty begins for them without a tap; one that ended without them
    is missed, and counted. Returns how many bookings changed; one that breaks does not hold up the others."""
    begun = Booking.objects.filter(
        state=BookingState.BOOKED, gig__starts_at__lte=now, gig__ends_at__gt=now, rider__shifts__ended_at=None
    ).filter(rider__shifts__isnull=False)
    begins = list(begun.order_by("rider_id", "pk").values_list("pk", "rider_id").distinct()[:limit])
    changed = one_by_one(begins, lambda it: _carry_on(*it, now=now), sweep="bookings")
    gone = Booking.objects.filter(state=BookingState.BOOKED, gig__ends_at__lte=now).order_by("rider_id", "pk")
    missed = list(gone.values_list("pk", "rider_id")[:limit])
    return changed + one_by_one(missed, lambda it: _miss(*it, now=now), sweep="bookings")


@transaction.atomic
def go_on(*, rider_id: int, now: datetime) -> bool:
    """A rider without a booking whose gig is over rides on while the next one has a free place (or none is planned).
    Whether they do; False too for a shift that does not end now."""
    rider = lock_rider(rider_id)
    shift = Shift.objects.filter(rider=rider, ended_at=None, ends_at__lte=now).select_related("booking").first()
    if shift is None or shift.booking is None or not shift.booking.walk_in:
        return False
    try:
        booking = check_in(rider, policy=policy_of(rider.store), at=None, now=now)
    except (BookingNeeded, GigFull, FarFromStore, LocationNeeded):
        return False
    shift.booking, shift.ends_at = booking or shift.booking, booking.gig.ends_at if booking else None
    shift.save(update_fields=["booking", "ends_at"])
    live.touch(f"rider.{rider_id}", what="duty")
    return True


@transaction.atomic
def _carry_on(booking_id: UUID, rider_id: int, *, now: datetime) -> bool:
    rider = lock_rider(rider_id)
    shift = Shift.objects.filter(rider=rider, ended_at=None).first()
    booking = Booking.objects.select_related("gig").filter(pk=booking_id, state=BookingState.BOOKED).first()
    if shift is None or booking is None:
        return False
    if not _came(booking, now=now):
        return False
    shift.booking, shift.ends_at = booking, booking.gig.ends_at
    shift.save(update_fields=["booking", "ends_at"])
    live.touch(f"rider.{rider_id}", what="duty")
    return True


@transaction.atomic
def _miss(booking_id: UUID, rider_id: int, *, now: datetime) -> bool:
    lock_rider(rider_id)
    booking = Booking.objects.filter(pk=booking_id).first()
    mine = Booking.objects.filter(pk=booking_id, state=BookingState.BOOKED)
    if booking is None or not mine.update(state=BookingState.MISSED):
        return False
    missed = BookingMissed(gig_id=booking.gig_id, rider_id=rider_id)
    events.record(missed, subject=f"rider:{rider_id}", actor="system")
    return True


def _came(booking: Booking, *, now: datetime) -> bool:
    """Whether the booking stood until now: it may be called off in the same second."""
    mine = Booking.objects.filter(pk=booking.pk, state=BookingState.BOOKED)
    return bool(mine.update(state=BookingState.CAME, came_at=now))


def _take_place(gig: Gig, *, now: datetime) -> None:
    """One update, refused by the row itself when the last place is gone: two riders never get it."""
    free = Gig.objects.filter(pk=gig.pk, booked__lt=F("places"), called_off_at=None, ends_at__gt=now)
    if not free.update(booked=F("booked") + 1):
        raise GigFull("All places are taken. Look at the next hours.")


def _refuse_clash(rider: Rider, gig: Gig) -> None:
    live_ones = Booking.objects.filter(rider=rider, state__in=LIVE_BOOKING).select_related("gig")
    meets = live_ones.filter(gig__starts_at__lt=gig.ends_at, gig__ends_at__gt=gig.starts_at).first()
    zone = ZoneInfo(settings.TIME_ZONE)
    if meets is not None:
        begins, ends = (f"{it.astimezone(zone):%H:%M}" for it in (meets.gig.starts_at, meets.gig.ends_at))
        raise GigClash(say("You have booked {begins} to {ends} already.", begins=begins, ends=ends))
    day = gig.starts_at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    same_day = live_ones.filter(gig__starts_at__gte=day, gig__starts_at__lt=day + timedelta(days=1))
    hours = sum((it.gig.ends_at - it.gig.starts_at for it in same_day), gig.ends_at - gig.starts_at)
    most = policy_of(rider.store).most_hours_a_day
    if hours > timedelta(hours=most):
        raise GigClash(say("That would be more than {n} hours in one day. Rest a little.", n=most), most_hours=most)


def _refuse_far(rider: Rider, policy: DutyPolicy, *, at: Point | None, now: datetime) -> None:
    if settings.DEMO_MODE:
        return  # whoever tries the demo sits somewhere else
    if at is None and rider.seen_at is not None and rider.seen_at >= now - POSITION_COUNTS:
        at = rider.point
    if at is None:
        raise LocationNeeded("We can't see where you are. Allow your position, then go on duty.")
    metres = round(distance_metres(at, rider.store.point))
    if metres > policy.check_in_metres:
        away = say("You are {km} km from {store}. Come closer, then go on duty.", km=f"{metres / 1000:.1f}",
                   store=rider.store.name)  # fmt: skip
        raise FarFromStore(away, metres=metres, allowed_metres=policy.check_in_metres)


def _lock_gig(gig_id: UUID) -> Gig:
    gig = Gig.objects.select_for_update(of=("self",), no_key=True).filter(pk=gig_id).first()
    if gig is None:
        raise NoSuchGig("There is no such gig.")
    return gig
