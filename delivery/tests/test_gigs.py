"""Gigs, breaks and what is checked on going on duty: through the services."""

from datetime import date, time, timedelta

import pytest
from django.db.models import F

from blinkit.kernel.errors import Invalid
from blinkit.kernel.geo import Point
from blinkit.kernel.models import Event
from catalog.models import StoreLoad
from catalog.tests.factories import NOW
from catalog.tests.factories import store as make_store
from delivery import services, tasks
from delivery.errors import (
    BookingNeeded,
    FarFromStore,
    GigClash,
    GigFull,
    GigOver,
    LocationNeeded,
    NoSuchGig,
    NotOnDuty,
    PapersMissing,
    SelfCheckNeeded,
    Suspended,
    TripLive,
)
from delivery.models import (
    Booking,
    DutyCheck,
    DutyPolicy,
    Gig,
    GigPattern,
    Offer,
    Rider,
    RiderBreak,
    RiderProfile,
    Shift,
    Trip,
)
from delivery.services import duty, gigs, situation
from delivery.tests.factories import offered, rider, trip, waiting_job

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def gig(store, *, after=HOUR, hours=4, places=2):
    return services.open_gig(
        store_id=store.pk, starts_at=NOW + after, ends_at=NOW + after + hours * HOUR, places=places, now=NOW
    )


def off_duty(store, **fields):
    return rider(store, on_duty=False, **fields)


def here(store):
    return services.Device(lat=store.lat, lng=store.lng, location="granted")


def policy(store, **fields):
    return DutyPolicy.objects.create(city=store.city, **fields)


@pytest.mark.django_db
class TestBooking:
    def test_a_place_is_booked_once_and_given_back_once(self):
        store = make_store()
        who, window = off_duty(store), gig(store)
        first, second = (services.book(rider_id=who.pk, gig_id=window.pk, now=NOW) for _ in range(2))
        assert first.pk == second.pk
        assert Gig.objects.get().booked == 1
        for _ in range(2):
            services.give_back(rider_id=who.pk, gig_id=window.pk, now=NOW)
        assert (Gig.objects.get().booked, Booking.objects.get().state) == (0, "cancelled")
        services.book(rider_id=who.pk, gig_id=window.pk, now=NOW)
        assert Gig.objects.get().booked == 1

    def test_giving_back_late_is_counted(self):
        store = make_store()
        who = off_duty(store)
        soon, later = gig(store, after=HOUR), gig(store, after=24 * HOUR)
        for window in (soon, later):
            services.book(rider_id=who.pk, gig_id=window.pk, now=NOW)
            services.give_back(rider_id=who.pk, gig_id=window.pk, now=NOW)
        assert set(Booking.objects.values_list("gig_id", "is_late")) == {(soon.pk, True), (later.pk, False)}

    def test_who_may_not_ride_or_has_no_place_there_is_refused(self):
        store, other = make_store(), make_store(code="HAL")
        full = gig(store, places=1)
        services.book(rider_id=off_duty(store).pk, gig_id=full.pk, now=NOW)
        cases = [
            (off_duty(store), GigFull),
            (off_duty(other), NoSuchGig),
            (off_duty(store, is_verified=False), PapersMissing),
            (off_duty(store, suspended_reason="x"), Suspended),
        ]
        for who, refusal in cases:
            with pytest.raises(refusal):
                services.book(rider_id=who.pk, gig_id=full.pk, now=NOW)
        with pytest.raises(GigOver):
            services.book(rider_id=off_duty(store).pk, gig_id=full.pk, now=full.ends_at)
        assert Booking.objects.count() == Gig.objects.get().booked == 1

    def test_nobody_is_in_two_gigs_at_once_or_longer_than_the_day_allows(self):
        store = make_store()
        policy(store, most_hours_a_day=8)
        who = off_duty(store)
        services.book(rider_id=who.pk, gig_id=gig(store, hours=3).pk, now=NOW)
        meets = gig(store, after=2 * HOUR, hours=2)
        next_one = gig(store, after=4 * HOUR, hours=3)
        third = gig(store, after=7 * HOUR, hours=3)
        with pytest.raises(GigClash, match="already"):
            services.book(rider_id=who.pk, gig_id=meets.pk, now=NOW)
        services.book(rider_id=who.pk, gig_id=next_one.pk, now=NOW)
        with pytest.raises(GigClash, match="8 hours"):
            services.book(rider_id=who.pk, gig_id=third.pk, now=NOW)

    def test_places_never_fall_below_what_is_booked(self):
        store = make_store()
        window = gig(store)
        services.book(rider_id=off_duty(store).pk, gig_id=window.pk, now=NOW)
        with pytest.raises(GigFull):
            services.change_places(gig_id=window.pk, places=0)
        assert services.change_places(gig_id=window.pk, places=1).free == 0

    def test_calling_off_is_told_to_who_booked_and_only_once(self):
        store = make_store()
        who, window = off_duty(store), gig(store)
        services.book(rider_id=who.pk, gig_id=window.pk, now=NOW)
        for _ in range(2):
            services.call_off_gig(gig_id=window.pk, reason="The street is flooded", actor="user:1", now=NOW)
        assert (Gig.objects.get().booked, Booking.objects.get().state) == (0, "called_off")
        with pytest.raises(GigOver):
            services.book(rider_id=who.pk, gig_id=window.pk, now=NOW)
        told = Event.objects.filter(code="delivery.GigCalledOff")
        assert [it.payload["rider_id"] for it in told] == [who.pk]

    @pytest.mark.parametrize(("hours", "places", "after"), [(15, 1, HOUR), (4, 0, HOUR), (4, 1, 90 * 24 * HOUR)])
    def test_a_gig_that_makes_no_sense_is_refused(self, hours, places, after):
        with pytest.raises(Invalid):
            gig(make_store(), hours=hours, places=places, after=after)

    def test_the_week_is_made_from_the_pattern_once_and_what_was_called_off_stays_off(self):
        store = make_store()
        GigPattern.objects.create(store=store, weekday=4, from_time=time(22), to_time=time(2), places=3)
        assert services.make_gigs(now=NOW) == 2  # this Friday and the next
        assert services.make_gigs(now=NOW) == 0
        first = Gig.objects.earliest("starts_at")
        assert (first.starts_at.isoformat(), first.ends_at - first.starts_at) == (
            "2026-11-20T16:30:00+00:00",
            4 * HOUR,
        )
        services.call_off_gig(gig_id=first.pk, reason="Rain", actor="user:1", now=NOW)
        assert services.make_gigs(now=NOW) == 0


@pytest.mark.django_db
class TestComing:
    def test_going_on_duty_in_the_window_is_the_check_in_and_tells_the_planned_end(self):
        store = make_store()
        who, window = off_duty(store), gig(store, after=10 * MINUTE)
        booking = services.book(rider_id=who.pk, gig_id=window.pk, now=NOW)
        shift = services.go_on_duty(rider_id=who.pk, device=here(store), now=NOW)
        booking.refresh_from_db()
        assert (shift.ends_at, shift.booking_id, booking.state) == (window.ends_at, booking.pk, "came")

    def test_a_booked_gig_begins_near_the_store(self):
        store = make_store()
        who, window = off_duty(store, at=(store.lat + 0.02, store.lng)), gig(store, after=10 * MINUTE)
        services.book(rider_id=who.pk, gig_id=window.pk, now=NOW)
        with pytest.raises(LocationNeeded):
            services.go_on_duty(rider_id=who.pk, now=NOW)
        Rider.objects.update(seen_at=NOW)
        with pytest.raises(FarFromStore) as refused:
            services.go_on_duty(rider_id=who.pk, now=NOW)
        assert 2_000 < refused.value.extra["metres"] < 2_500
        assert not Shift.objects.exists()
        services.go_on_duty(rider_id=who.pk, device=here(store), now=NOW)

    def test_walking_in_takes_a_free_place_or_is_refused(self):
        store = make_store()
        window = gig(store, after=-HOUR, places=1)
        first = services.go_on_duty(rider_id=off_duty(store).pk, now=NOW)
        assert first.ends_at == window.ends_at
        with pytest.raises(GigFull):
            services.go_on_duty(rider_id=off_duty(store).pk, now=NOW)
        assert (Shift.objects.count(), Gig.objects.get().booked) == (1, 1)
        services.go_off_duty(rider_id=first.rider_id, now=NOW)
        services.go_on_duty(rider_id=first.rider_id, now=NOW)
        assert Gig.objects.get().booked == 1, "coming back is the same place"

    def test_a_city_may_ride_by_booking_only(self):
        store = make_store()
        policy(store, walk_in=False)
        with pytest.raises(BookingNeeded):
            services.go_on_duty(rider_id=off_duty(store).pk, now=NOW)

    def test_without_gigs_duty_is_open(self):
        assert services.go_on_duty(rider_id=off_duty(make_store()).pk, now=NOW).ends_at is None

    def test_a_shift_ends_with_its_gig_but_never_in_a_trip(self):
        made, _stop = trip()
        Shift.objects.update(ends_at=NOW + HOUR)
        idle = rider(made.store)
        Shift.objects.filter(rider=idle).update(ends_at=NOW + HOUR)
        assert services.sweep_shifts(now=NOW + HOUR - MINUTE) == 0
        assert services.sweep_shifts(now=NOW + HOUR) == 1
        assert Shift.objects.get(ended_at=None).rider_id == made.rider_id
        Trip.objects.update(ended_at=NOW)
        assert services.sweep_shifts(now=NOW + HOUR) == 1

    def test_the_next_booked_gig_goes_on_by_itself_and_one_nobody_came_to_is_missed(self):
        store = make_store()
        who, absent = off_duty(store), off_duty(store)
        first, second = gig(store, after=MINUTE, hours=2), gig(store, after=MINUTE + 2 * HOUR, hours=2)
        for window in (first, second):
            services.book(rider_id=who.pk, gig_id=window.pk, now=NOW)
        services.book(rider_id=absent.pk, gig_id=first.pk, now=NOW)
        services.go_on_duty(rider_id=who.pk, device=here(store), now=NOW)
        end = first.ends_at
        assert services.sweep_bookings(now=end) == 2
        assert services.sweep_bookings(now=end) == 0
        assert services.sweep_shifts(now=end) == 0
        assert Shift.objects.get(ended_at=None).ends_at == second.ends_at
        assert Booking.objects.get(rider=absent).state == "missed"

    def test_who_walked_in_rides_on_while_the_next_gig_has_a_place(self):
        store = make_store()
        first, second = gig(store, after=-HOUR, hours=2), gig(store, after=HOUR, hours=2, places=1)
        riders = [off_duty(store) for _ in range(2)]
        for who in riders:
            services.go_on_duty(rider_id=who.pk, now=NOW)
        assert services.sweep_shifts(now=first.ends_at) == 1
        assert Shift.objects.get(ended_at=None).ends_at == second.ends_at

    def test_the_change_of_gigs_takes_no_order_from_who_walked_in(self):
        """Minutes before its end; who booked it goes home then."""
        store = make_store()
        first = gig(store, after=-HOUR, hours=2)
        who = off_duty(store)
        services.go_on_duty(rider_id=who.pk, now=NOW)
        area = situation.area_of([store.pk], now=NOW)
        (free,) = situation.as_free([who], area, now=first.ends_at)
        assert free.off_s is None
        Booking.objects.update(walk_in=False)
        (booked,) = situation.as_free([who], area, now=first.ends_at)
        assert booked.off_s == first.ends_at.timestamp()


@pytest.mark.django_db
class TestChecks:
    def test_only_a_phone_without_a_position_is_stopped(self):
        who = off_duty(make_store())
        with pytest.raises(LocationNeeded):
            services.go_on_duty(rider_id=who.pk, device=services.Device(location="denied"), now=NOW)
        poor = services.Device(
            app_version="1.2", battery_pct=5, location="prompt", notifications="denied", lat=1.0, lng=2.0
        )
        policy(who.store, oldest_app="1.10")
        services.go_on_duty(rider_id=who.pk, device=poor, now=NOW)
        kept = DutyCheck.objects.get()
        assert kept.warnings == ["battery-low", "notifications-off", "app-old", "self-check-open"]
        assert "lat" not in kept.device

    def test_the_self_check_is_once_a_day_and_a_city_may_insist(self):
        store = make_store()
        who = off_duty(store)
        RiderProfile.objects.create(rider=who)
        policy(store, self_check_needed=True)
        for ticked in ((), ("helmet",)):
            with pytest.raises(SelfCheckNeeded):
                services.go_on_duty(rider_id=who.pk, self_check=ticked, now=NOW)
        services.go_on_duty(rider_id=who.pk, self_check=("helmet", "lights", "brakes"), now=NOW)
        services.go_off_duty(rider_id=who.pk, now=NOW)
        services.go_on_duty(rider_id=who.pk, now=NOW)
        services.go_off_duty(rider_id=who.pk, now=NOW)
        assert RiderProfile.objects.get().checked_on == date(2026, 11, 20)
        with pytest.raises(SelfCheckNeeded):
            services.go_on_duty(rider_id=who.pk, now=NOW + 24 * HOUR)


@pytest.mark.django_db
class TestBreaks:
    def take(self, who, now=NOW, minutes=20):
        return services.start_break(rider_id=who.pk, minutes=minutes, now=now)

    def test_on_a_break_no_offer_comes_and_the_promise_does_not_count_on_the_rider(self):
        job = waiting_job()
        who = rider(job.store)
        assert self.take(who).pk == self.take(who).pk
        load = StoreLoad.objects.get(store=job.store)
        assert (load.riders_on, load.riders_idle) == (0, 0)
        assert services.dispatch_round(now=NOW) == 0
        for _ in range(2):
            services.end_break(rider_id=who.pk, now=NOW + MINUTE)
        load.refresh_from_db()
        assert (load.riders_on, load.riders_idle) == (1, 1)
        assert services.dispatch_round(now=NOW + MINUTE) == 1

    def test_an_open_offer_goes_to_somebody_else(self):
        job = waiting_job()
        who = rider(job.store)
        offered(job)
        self.take(who)
        assert Offer.objects.get().state == "withdrawn"

    def test_refused_on_a_trip_off_duty_and_for_a_day(self):
        made, _stop = trip()
        with pytest.raises(TripLive):
            self.take(made.rider)
        with pytest.raises(NotOnDuty, match="Go on duty first"):
            self.take(off_duty(made.store))
        with pytest.raises(Invalid):
            self.take(rider(made.store), minutes=600)
        assert not RiderBreak.objects.exists()

    def test_off_duty_ends_it_and_one_forgotten_for_an_hour_ends_the_shift(self):
        who = rider(make_store())
        self.take(who)
        assert services.sweep_shifts(now=NOW + 80 * MINUTE) == 0
        assert services.sweep_shifts(now=NOW + 81 * MINUTE) == 1
        assert RiderBreak.objects.get().ended_at is not None


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def sixteen(self):
        store = make_store()
        return gig(store, places=3), [off_duty(store).pk for _ in range(16)]

    def test_three_places_go_to_three_of_sixteen_riders(self, race):
        window, riders = self.sixteen()
        done = race(16, lambda n: services.book(rider_id=riders[n], gig_id=window.pk, now=NOW))
        assert {type(it) for it in done if isinstance(it, BaseException)} == {GigFull}
        assert Booking.objects.count() == Gig.objects.get().booked == 3

    def test_without_the_one_update_more_riders_book_than_there_are_places(self, race, monkeypatch):
        """The control: look, then write what was seen."""

        def look_then_write(row, *, now):
            seen = Gig.objects.get(pk=row.pk)
            if seen.booked >= seen.places:
                raise GigFull
            Gig.objects.filter(pk=row.pk).update(booked=seen.booked + 1)

        monkeypatch.setattr(gigs, "_take_place", look_then_write)
        for _ in range(10):
            window, riders = self.sixteen()
            race(
                16, lambda n, window=window, riders=riders: services.book(rider_id=riders[n], gig_id=window.pk, now=NOW)
            )
            if Booking.objects.filter(gig=window).count() > 3:
                return
            Booking.objects.all().delete()
            Gig.objects.all().delete()
        pytest.fail("the race never happened")

    def test_walking_in_and_booking_share_the_last_place(self, race):
        store = make_store()
        window = gig(store, after=-HOUR, places=1)
        riders = [off_duty(store).pk for _ in range(8)]

        def act(n):
            if n % 2:
                return services.go_on_duty(rider_id=riders[n], now=NOW)
            return services.book(rider_id=riders[n], gig_id=window.pk, now=NOW)

        done = race(8, act)
        assert sum(not isinstance(it, BaseException) for it in done) == 1
        assert Gig.objects.filter(booked__lte=F("places")).get().booked == Booking.objects.count() == 1

    def test_giving_back_coming_and_calling_off_count_each_place_once(self, race):
        store = make_store()
        window = gig(store, after=MINUTE, places=4)
        riders = [off_duty(store).pk for _ in range(4)]
        for rider_id in riders:
            services.book(rider_id=rider_id, gig_id=window.pk, now=NOW)

        def act(n):
            if n == 0:
                return services.call_off_gig(gig_id=window.pk, reason="Rain", actor="user:1", now=NOW)
            if n % 2:
                return services.give_back(rider_id=riders[n // 2], gig_id=window.pk, now=NOW)
            return services.go_on_duty(rider_id=riders[n // 2], device=here(store), now=NOW)

        done = race(8, act)
        names = {type(it).__name__ for it in done if isinstance(it, BaseException)}
        assert names <= {"GigOver", "NoSuchGig"}, names
        left = Booking.objects.filter(state__in=["booked", "came"], walk_in=False).count()
        assert Gig.objects.get().booked == left

    def test_a_break_while_accepting_never_deadlocks(self, race):
        job = waiting_job()
        who = rider(job.store)
        offer = offered(job)

        def act(n):
            if n % 2:
                return services.accept(offer_id=offer.pk, rider_id=who.pk, now=NOW)
            return services.start_break(rider_id=who.pk, minutes=10, now=NOW)

        done = race(8, act)
        assert {type(it).__name__ for it in done if isinstance(it, BaseException)} <= {"OfferGone", "TripLive"}
        assert Trip.objects.filter(ended_at=None).exists() != RiderBreak.objects.filter(ended_at=None).exists()


def test_a_point_is_only_known_with_both_of_its_parts():
    assert services.Device(lat=1.0).point is None
    assert services.Device(lat=1.0, lng=2.0).point == Point(1.0, 2.0)


@pytest.mark.django_db
def test_the_clockwork_does_it_all_without_a_word():
    made, _stop = trip()
    gig(made.store)
    assert [task() for task in (tasks.sweep_riders, tasks.sweep_papers, tasks.ask_banks, tasks.make_gigs)] == [0] * 4


@pytest.mark.django_db
@pytest.mark.parametrize("sweep", ["silent", "break"])
def test_who_is_back_in_the_second_of_the_sweep_stays_on_duty(sweep, monkeypatch):
    who, later = rider(make_store()), NOW + timedelta(hours=2)
    if sweep == "break":
        services.start_break(rider_id=who.pk, minutes=5, now=NOW)
    lock = duty.lock_rider

    def a_moment_before(rider_id):
        if sweep == "silent":
            Rider.objects.filter(pk=rider_id).update(seen_at=later)
        else:
            RiderBreak.objects.update(ended_at=later)
        return lock(rider_id)

    monkeypatch.setattr(duty, "lock_rider", a_moment_before)
    (services.sweep_silent if sweep == "silent" else services.sweep_shifts)(now=later)
    assert Shift.objects.get(rider=who).ended_at is None
    monkeypatch.setattr(duty, "lock_rider", lock)
    if sweep == "silent":
        services.sweep_silent(now=later + timedelta(hours=1))
        assert Shift.objects.get(rider=who).ended_at is not None
