"""Riders' side of the demo city: papers on file, a week of gigs, a few bookings, and somebody who has just applied."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from django.contrib.auth.hashers import make_password
from django.core.files.base import ContentFile
from PIL import Image, ImageDraw

from accounts.models import User
from blinkit.demo import people
from catalog.models import Store
from delivery import paperwork, services
from delivery.models import Gig, GigPattern, Rider, RiderProfile
from delivery.papers import PaperKind

WINDOWS = ((time(6), time(12)), (time(12), time(18)), (time(18), time(0)), (time(0), time(6)))
PLACES = 12
"""More than a store has riders, so that a simulated city never stands still for want of a place."""
APPLICANT = ("+919900070001", "Harish Kumar")


def make(stores: Mapping[str, Store], *, now: datetime) -> int:
    """Make what is not there yet. Returns how many gigs and papers are new."""
    _profiles(now=now)
    if not GigPattern.objects.exists():
        GigPattern.objects.bulk_create(
            GigPattern(store=store, weekday=weekday, from_time=begins, to_time=ends, places=PLACES)
            for store in stores.values()
            for weekday in range(7)
            for begins, ends in WINDOWS
        )
    made = services.make_gigs(now=now)
    if made:
        _book(now=now)
    return made + _apply(next(iter(stores.values())), now=now)


def _profiles(*, now: datetime) -> None:
    """The demo's riders showed their papers on paper; they count for a year."""
    bare = Rider.objects.filter(profile=None, user__phone__in=[person.phone for person in people.riders()])
    RiderProfile.objects.bulk_create(
        RiderProfile(
            rider=rider, emergency_name="Family", emergency_phone="+919900080001",
            seen_kinds=list(paperwork.needed(rider.vehicle)), seen_until=now.date() + timedelta(days=365),
        )
        for rider in bare
    )  # fmt: skip


def _book(*, now: datetime) -> None:
    for rider in Rider.objects.filter(is_verified=True).order_by("store_id", "pk").distinct("store_id"):
        gig = Gig.objects.filter(store_id=rider.store_id, starts_at__gt=now).order_by("starts_at").first()
        if gig is not None:
            services.book(rider_id=rider.pk, gig_id=gig.pk, now=now)


def _apply(store: Store, *, now: datetime) -> int:
    phone, name = APPLICANT
    user, created = User.objects.get_or_create(
        phone=phone, defaults={"name": name, "joined_at": now, "password": make_password(None)}
    )
    if not created:
        return 0
    rider = services.join(
        user_id=user.pk, store_code=store.code, name=name, vehicle="scooter", language="en",
        emergency_name="Sunita Kumar", emergency_phone="+919900080002", now=now,
    )  # fmt: skip
    papers: list[tuple[str, str, date | None]] = [
        (PaperKind.KYC, "ABCDE1234F", None),
        (PaperKind.LICENCE, "KA0120110012345", now.date() + timedelta(days=400)),
        (PaperKind.PHOTO, "", None),
    ]
    for kind, number, expires_on in papers:
        services.submit_paper(
            rider_id=rider.pk, kind=kind, number=number, expires_on=expires_on, now=now,
            file=ContentFile(_picture(PaperKind(kind).label, name, number), name="paper.png"),
        )  # fmt: skip
    return len(papers)


def _picture(title: str, name: str, number: str) -> bytes:
    """A made-up paper: nobody's."""
    image = Image.new("RGB", (640, 400), "#e6f4ec")
    draw = ImageDraw.Draw(image)
    draw.rectangle((16, 16, 624, 384), outline="#0c7a43", width=4)
    draw.rectangle((40, 120, 200, 320), fill="#6fbb94")
    for line, text in enumerate(("DEMO, not a real paper", title, name, number)):
        draw.text((230, 60 + line * 60), text, fill="#1b1f1d", font_size=24)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
