"""Becoming a rider, and what a rider may change about themselves."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from accounts import services as accounts
from accounts.models import Role
from accounts.phones import normalise
from blinkit.kernel import events, live
from blinkit.kernel.errors import Invalid
from catalog.models import Store
from delivery import paperwork
from delivery.errors import PapersMissing, TripLive
from delivery.events import RiderApplied
from delivery.models import Rider, RiderProfile, Shift, Trip, Vehicle
from delivery.services.duty import lock_rider
from delivery.services.offers import Jobs, Offers, lock_open, withdraw_all
from delivery.services.papers import good_kinds, local_day, settle

MOST_BAGS = {Vehicle.CYCLE: 2, Vehicle.EBIKE: 4, Vehicle.SCOOTER: 6}
LITRES = {Vehicle.CYCLE: 30, Vehicle.EBIKE: 40, Vehicle.SCOOTER: 60}
MOST_LITRES = 120


@transaction.atomic
def join(
    *,
    user_id: int,
    store_code: str,
    name: str,
    vehicle: str,
    language: str,
    emergency_name: str,
    emergency_phone: str,
    now: datetime,
) -> Rider:
    """Somebody signed in becomes a rider of this store, who may ride once the papers are verified. Silent when they
    are one already: nothing of theirs is changed.

    Raises Invalid (unknown store, vehicle or language, no name), BadPhone.
    """
    there = Rider.objects.select_related("user", "store").filter(user_id=user_id).first()
    if there is not None:
        return there
    store = Store.objects.filter(code=store_code, is_active=True).first()
    if store is None:
        raise Invalid("Choose the store you want to ride from.", errors={"store": ["There is no such store."]})
    if vehicle not in Vehicle.values:
        raise Invalid("Choose your vehicle.", errors={"vehicle": ["cycle, ebike or scooter."]})
    if len(name.strip()) < 2:
        raise Invalid("Tell us your name.", errors={"name": ["Your name."]})
    if not emergency_name.strip():
        raise Invalid("Whom do we call in an emergency?", errors={"emergency_name": ["A name."]})
    phone = normalise(emergency_phone)
    # Locks the person: of two taps the second finds the rider.
    user = accounts.update_profile(user_id=user_id, name=name[:120], language=language)
    rider, created = Rider.objects.get_or_create(
        user_id=user_id,
        defaults={
            "store": store,
            "vehicle": vehicle,
            "max_bags": MOST_BAGS[Vehicle(vehicle)],
            "max_litres": LITRES[Vehicle(vehicle)],
        },
    )
    if not created:
        return rider
    if phone == user.phone:
        raise Invalid(
            "Give somebody else's number for an emergency.", errors={"emergency_phone": ["Somebody else's number."]}
        )
    RiderProfile.objects.create(
        rider=rider, emergency_name=emergency_name.strip()[:80], emergency_phone=phone, applied_at=now
    )
    accounts.grant_role(user_id=user_id, role=Role.RIDER, actor=f"user:{user_id}")
    events.record(
        RiderApplied(rider_id=rider.pk, store_code=store.code), subject=f"rider:{rider.pk}", actor=f"user:{user_id}"
    )
    live.touch("ops", what="riders")
    return rider


@transaction.atomic
def update_rider(
    *,
    rider_id: int,
    language: str | None = None,
    emergency_name: str | None = None,
    emergency_phone: str | None = None,
    has_cold_bag: bool | None = None,
    max_litres: int | None = None,
    now: datetime,
) -> Rider:
    """Change what is given. Another bag takes an open offer back: it was made for the one before. Raises NoSuchRider,
    Invalid, BadPhone, TripLive for another bag on a trip."""
    if language is not None:
        user_id = Rider.objects.values_list("user_id", flat=True).get(pk=rider_id)
        accounts.update_profile(user_id=user_id, language=language)
    offers: Offers = {}
    jobs: Jobs = {}
    if has_cold_bag is not None or max_litres is not None:
        offers, jobs = lock_open(Q(rider_id=rider_id), riders=[rider_id])
    rider = lock_rider(rider_id)
    if max_litres is not None and not 5 <= max_litres <= MOST_LITRES:
        raise Invalid("A bag holds 5 to 120 litres.", errors={"max_litres": ["From 5 to 120."]})
    cold = rider.has_cold_bag if has_cold_bag is None else has_cold_bag
    litres = rider.max_litres if max_litres is None else max_litres
    if (cold, litres) != (rider.has_cold_bag, rider.max_litres):
        if Trip.objects.filter(rider=rider, ended_at=None).exists():
            raise TripLive("Finish your trip first, then change the bag.")
        withdraw_all(offers.values(), jobs, reason="another bag", now=now)
        rider.has_cold_bag, rider.max_litres = cold, litres
        rider.save(update_fields=["has_cold_bag", "max_litres"])
    changes: dict[str, str] = {}
    if emergency_name is not None:
        if not emergency_name.strip():
            raise Invalid("Whom do we call in an emergency?", errors={"emergency_name": ["A name."]})
        changes["emergency_name"] = emergency_name.strip()[:80]
    if emergency_phone is not None:
        changes["emergency_phone"] = normalise(emergency_phone)
    if changes:
        RiderProfile.objects.update_or_create(rider=rider, defaults=changes)
    return rider


@transaction.atomic
def change_vehicle(*, rider_id: int, vehicle: str, now: datetime) -> Rider:
    """Ride something else from now on, also within a shift; an open offer, made for what they rode, is taken back.
    Silent when it is what they ride.

    A rider who may ride stays one: raises PapersMissing when the new vehicle needs papers that are not good, TripLive
    on a trip, Invalid for what is no vehicle. An applicant is only asked for other papers.
    """
    if vehicle not in Vehicle.values:
        raise Invalid("Choose your vehicle.", errors={"vehicle": ["cycle, ebike or scooter."]})
    offers, jobs = lock_open(Q(rider_id=rider_id), riders=[rider_id])
    rider = lock_rider(rider_id)
    if rider.vehicle == vehicle:
        return rider
    if Trip.objects.filter(rider=rider, ended_at=None).exists():
        raise TripLive("Finish your trip first, then change the vehicle.")
    missing = paperwork.missing(vehicle, good_kinds(rider_id, today=local_day(rider, now)))
    if rider.is_verified and missing:
        raise PapersMissing(
            "Send the papers of this vehicle first. We tell you when they are checked.", missing=missing
        )
    withdraw_all(offers.values(), jobs, reason="another vehicle", now=now)
    rider.vehicle = vehicle
    rider.max_bags = MOST_BAGS[Vehicle(vehicle)]
    rider.save(update_fields=["vehicle", "max_bags"])
    Shift.objects.filter(rider=rider, ended_at=None).update(vehicle=vehicle)
    settle(rider, now=now, actor=f"rider:{rider_id}")
    live.touch(f"rider.{rider_id}", what="duty")
    live.touch("ops", what="riders")
    return rider
