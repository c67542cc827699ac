"""What a delivery pays, part by part, so that a rider can check every figure.

The rules are plain Python (`delivery.paying`); here they meet the policy of the city, the route and the positions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q

from blinkit.kernel import live
from blinkit.kernel.geo import Point
from catalog.models import Store
from catalog.travel import street_metres
from catalog.ways import streets_of, way_metres
from delivery import paying
from delivery.models import (
    Adjustment,
    Earning,
    OfferedJob,
    OfferState,
    PayPolicy,
    PayReview,
    PaySurge,
    Position,
    Stop,
    StopState,
    Trip,
)
from delivery.paybook import WAY_BACK, WAY_THERE
from delivery.paying import Rates, Surge, Way
from delivery.paying import total_of as total_of
from delivery.services.arriving import came_to_store
from delivery.tracing import CITY, DEMO

SERVED = (StopState.DELIVERED, StopState.FAILED)
NOT_THE_WAY = ("base_paise", "surge_paise")
"""What of an offer is paid although the door was never reached: the way to the store, the pickup, the hour."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The rates and the window that hold at a store at an instant; `name` is written on receipts."""

    rates: Rates
    surge: Surge | None
    name: str = "standard"

    @property
    def surge_paise(self) -> int:
        return self.surge.paise if self.surge else 0


def policy_of(store: Store, *, now: datetime) -> Policy:
    """The newest policy of the store's city that has begun, else that of everywhere, else the standard; and of the
    open windows the one that pays most. Two statements."""
    here = Q(city_id=store.city_id) | Q(city=None)
    begun = PayPolicy.objects.filter(here, starts_at__lte=now).order_by("city", "-starts_at")  # NULLs come last
    policy = begun.first()
    dated = Q(starts_at=None) | Q(starts_at__lte=now), Q(ends_at=None) | Q(ends_at__gt=now)
    rows = PaySurge.objects.filter(here, Q(store=None) | Q(store_id=store.pk), *dated)
    surge = paying.highest([row.window for row in rows], at=now.astimezone(ZoneInfo(store.city.timezone)))
    if policy is None:
        return Policy(paying.STANDARD, surge)
    return Policy(policy.rates, surge, name=f"{policy.pk}:{policy}")


def quote(
    *,
    store: Store,
    doors: Sequence[Point],
    tips_paise: Sequence[int],
    now: datetime,
    policy: Policy | None = None,
) -> list[dict[str, int]]:
    """What a trip from the store to these doors, in this order, pays at least: paise by part, one dict per door.

    Each door is paid for its leg from the place before it (never less than the policy's share of its own way from the
    store); tips are whole and the rider's. `policy`: as policy_of found it, for many quotes at once. Raises ValueError
    unless there is a tip (or 0) for each door.
    """
    policy = policy or policy_of(store, now=now)
    return paying.quoted(_ways(store, doors), tips_paise=tips_paise, rates=policy.rates, surge_paise=policy.surge_paise)


def parts_of(*, store: Store, door: Point, tip_paise: int = 0, now: datetime) -> dict[str, int]:
    """`quote` of one door."""
    return quote(store=store, doors=[door], tips_paise=[tip_paise], now=now)[0]


def earn(
    stop: Stop, *, door: Point, tip_paise: int, now: datetime, turned: Point | None = None, keeps_offer: bool = False
) -> Earning:
    """Write down what a stop that is over has paid, with its receipt. For acts that hold the stop's lock.

    The policy is that of the trip's beginning; no part is less than what the offer said. Waiting is counted once per
    trip. A ride longer than the policy pays by itself opens a review.

    `turned`: the bags never came to the door, they turned round there. The base is paid, and the way as far as it was
    ridden; what the offer said of the rest is not, unless `keeps_offer`.
    """
    trip, store = stop.trip, stop.job.store
    policy = policy_of(store, now=trip.started_at)
    rates = policy.rates
    others = list(
        Stop.objects.filter(trip=trip, picked_up_at__isnull=False).exclude(pk=stop.pk)
        .select_related("job__order", "earning")
    )  # fmt: skip
    before = max(
        (other for other in others if other.state in SERVED and other.done_at),
        key=lambda other: (other.done_at, other.rank),
        default=None,
    )
    start, door = _place_of(before) if before else store.point, turned or door
    direct = way_metres(store, door)
    leg = street_metres(start, door, streets_of(store.city)) if before else direct
    routed = leg if turned else Way(leg, direct).paid_metres(rates)  # a share is for a door that was reached
    ridden = _ridden(stop, start=start, door=door, since=_left_at(stop, others, before), now=now)
    paid = paying.paid_way(routed_metres=leg, ridden_metres=ridden, rates=rates)
    paid_metres = max(routed, paid.metres)
    came = _came(stop, others, rates)
    parts = paying.pay_of(
        routed,
        rates=rates,
        is_first=_pays_the_fetching(stop, others),
        waiting_paise=_waiting(stop, others, came, rates),
        surge_paise=policy.surge_paise,
        tip_paise=tip_paise,
    )
    parts = paying.earned(parts, paid_metres=paid_metres, routed_metres=routed, rates=rates)
    promised = promised_parts(stop)
    kept = promised if turned is None or keeps_offer else {name: promised.get(name, 0) for name in NOT_THE_WAY}
    parts = paying.at_least(parts, kept)
    receipt: dict[str, Any] = {
        "routed_metres": leg,
        "ridden_metres": ridden,
        "paid_metres": paid_metres,
        "why": "turned-back" if turned else "share" if paid_metres == routed > paid.metres else paid.why,
        "from": before.job.order.number if before else "",
        "waited_s": _waited_s(stop.picked_up_at, came),
        "surge": policy.surge.reason if policy.surge and parts["surge_paise"] else "",
        "policy": policy.name,
        "rates": asdict(rates),
        "offered_paise": total_of(promised) if promised else None,
    }
    if turned:
        receipt["turned_at"] = [round(turned.lat, 5), round(turned.lng, 5)]
    earning = Earning.objects.create(
        rider_id=trip.rider_id, stop=stop, parts=parts, total_paise=total_of(parts), receipt=receipt, at=now
    )
    Trip.objects.filter(pk=trip.pk).update(paid_metres=trip.paid_metres + paid_metres)
    if paid.wants_a_look:
        _ask_about(earning, stop)
    return earning


def pay_way_back(trip: Trip, *, now: datetime) -> None:
    """The ride from the trip's last door (or from where its bags turned round) back to the store with bags nobody took:
    each kilometre at the policy's rate, the first one too. Once per trip, by the key of the adjustment. For acts that
    hold the trip's lock."""
    served = Stop.objects.filter(trip=trip, state__in=SERVED).select_related(
        "job__order", "job__store__city", "earning"
    )
    last = served.order_by("-done_at", "-rank").first()
    if last is None:
        return
    store = last.job.store
    metres = way_metres(store, _place_of(last))
    paise = metres * policy_of(store, now=trip.started_at).rates.per_km_paise // 1000
    if paise <= 0:
        return
    Adjustment.objects.get_or_create(
        key=f"{WAY_BACK}{trip.pk}",
        defaults={
            "rider_id": trip.rider_id, "amount_paise": paise, "reason": f"{metres / 1000:.1f}", "actor": "system",
            "at": now,
        },
    )  # fmt: skip
    live.touch(f"rider.{trip.rider_id}", what="pay")


def pay_way_there(trip: Trip, *, now: datetime) -> None:
    """The way to the shelf of a rider who then called for help and fetched nothing: the base and the busy hour, as
    offered or by the policy. Once per trip, by the key of the adjustment. Where something was picked up its own base
    pays this way. For acts that hold the trip's lock."""
    stops = list(Stop.objects.filter(trip=trip).select_related("trip"))
    if any(stop.picked_up_at for stop in stops):
        return
    policy = policy_of(trip.store, now=trip.started_at)
    known = {"base_paise": policy.rates.base_paise, "surge_paise": policy.surge_paise}
    offers = [promised_parts(stop) for stop in stops]
    paise = sum(max([known[name], *(offer.get(name, 0) for offer in offers)]) for name in NOT_THE_WAY)
    if paise <= 0:
        return
    Adjustment.objects.get_or_create(
        key=f"{WAY_THERE}{trip.pk}",
        defaults={
            "rider_id": trip.rider_id, "amount_paise": paise, "reason": trip.store.name[:160], "actor": "system",
            "at": now,
        },
    )  # fmt: skip
    live.touch(f"rider.{trip.rider_id}", what="pay")


def _pays_the_fetching(stop: Stop, others: Sequence[Stop]) -> bool:
    """The way to the store and the pickup are in the first base, once a trip: with the stop the offer said it of,
    whichever door is done first; else (that one fell away, or nothing was offered) with the first that is earned."""
    if any(hasattr(other, "earning") for other in others):  # also of a bag somebody took over
        return False
    said_of_another = OfferedJob.objects.filter(
        rank=1, offer__rider_id=stop.trip.rider_id, offer__state=OfferState.ACCEPTED,
        job__stops__trip=stop.trip, job__stops__state__in=(StopState.TO_PICK_UP, StopState.ON_BOARD),
    ).exclude(job=stop.job_id)  # fmt: skip
    return not said_of_another.exists()


def promised_parts(stop: Stop) -> Mapping[str, int]:
    """What the offer said this stop pays; nothing for a trip that was given by hand."""
    taken = OfferedJob.objects.filter(
        job_id=stop.job_id, offer__rider_id=stop.trip.rider_id, offer__state=OfferState.ACCEPTED
    )
    parts: Mapping[str, int] | None = taken.order_by("-offer__made_at").values_list("pay_parts", flat=True).first()
    return parts or {}


def _ways(store: Store, doors: Sequence[Point]) -> list[Way]:
    streets = streets_of(store.city)
    directs = [way_metres(store, door) for door in doors]
    legs = [street_metres(a, b, streets) for a, b in pairwise(doors)]
    return [Way(leg, direct) for leg, direct in zip([*directs[:1], *legs], directs, strict=True)]


def _place_of(stop: Stop) -> Point:
    """Where the rider was with a stop that is over: at its door, or where its bags turned round."""
    turned = stop.earning.receipt.get("turned_at") if hasattr(stop, "earning") else None
    return Point(*turned) if turned else stop.job.order.point


def _came(stop: Stop, others: Sequence[Stop], rates: Rates) -> datetime | None:
    """Since when waiting at the store counts; looked up only where it would be paid."""
    said_at = stop.trip.at_store_at
    last = max((one.picked_up_at for one in [stop, *others] if one.picked_up_at), default=None)
    if last is None or paying.waiting_of(_waited_s(last, said_at), rates) == 0:
        return said_at
    return came_to_store(stop.trip, until=last)


def _waited_s(picked_up_at: datetime | None, came: datetime | None) -> int:
    """Whole seconds from the rider's coming to the shelf to a pickup."""
    return max(0, round((picked_up_at - came).total_seconds())) if came and picked_up_at else 0


def _waiting(stop: Stop, others: Sequence[Stop], came: datetime | None, rates: Rates) -> int:
    """This stop's share of one wait: what it added after the pickups before it, so that a minute is paid once."""
    picked = stop.picked_up_at
    if picked is None:
        return 0
    mine = (picked, stop.rank, str(stop.pk))
    earlier = [
        _waited_s(other.picked_up_at, came)
        for other in others
        if other.picked_up_at and (other.picked_up_at, other.rank, str(other.pk)) < mine
    ]
    waited_s = _waited_s(picked, came)
    return paying.waiting_of(waited_s, rates) - paying.waiting_of(max(earlier, default=0), rates)


def _left_at(stop: Stop, others: Sequence[Stop], before: Stop | None) -> datetime | None:
    """When this leg began: at the last door, or with the last pickup at the store."""
    if before is not None:
        return before.done_at
    return max((one.picked_up_at for one in [stop, *others] if one.picked_up_at), default=None)


def _ridden(stop: Stop, *, start: Point, door: Point, since: datetime | None, now: datetime) -> int | None:
    until = stop.arrived_at or now
    if since is None or since >= until:
        return None
    rows = Position.objects.filter(rider_id=stop.trip.rider_id, at__gte=since, at__lte=until)
    fixes = [
        paying.Fix(Point(lat, lng), at, accuracy)
        for lat, lng, at, accuracy in rows.values_list("lat", "lng", "at", "accuracy_metres")
    ]
    limits = DEMO if settings.DEMO_MODE else CITY
    return paying.ridden_metres(fixes, start=start, end=door, since=since, until=until, limits=limits)


def _ask_about(earning: Earning, stop: Stop) -> None:
    facts = {name: earning.receipt[name] for name in ("routed_metres", "ridden_metres", "paid_metres")}
    PayReview.objects.create(
        kind=PayReview.Kind.DETOUR,
        rider_id=earning.rider_id,
        earning=earning,
        key=f"detour:{earning.pk}",
        facts=facts | {"order": stop.job.order.number},
        opened_at=earning.at,
    )
