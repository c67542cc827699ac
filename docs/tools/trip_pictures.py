"""One trip of two doors as its rider, its customer and operations see it, as pictures: docs/img/trip-*.png.

    BLINKIT_DATA_DIR=/tmp/pictures make run                                          (in another window)
    BLINKIT_DATA_DIR=/tmp/pictures .venv/bin/python docs/tools/trip_pictures.py

Two orders are walked through their life by the house's own services, without anybody in the store: use a data directory
that is thrown away. `--all` also takes the states in between and those that end badly, the shared link, and the page
without script; `--dark`, `--hi`, `--wide 1280` (not for operations: always wide and dark), `--at URL`, `--out DIR`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "blinkit.settings")
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright's loop runs in this thread

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.db import transaction  # noqa: E402
from django.db.models import F  # noqa: E402
from django.utils import timezone  # noqa: E402
from PIL import Image  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

from accounts.models import Address, User  # noqa: E402
from blinkit.demo import people  # noqa: E402
from blinkit.kernel import live  # noqa: E402
from blinkit.kernel.geo import Point  # noqa: E402
from catalog.models import ShelfItem, Store  # noqa: E402
from catalog.travel import street_metres  # noqa: E402
from delivery import services as road  # noqa: E402
from delivery.chats import Side  # noqa: E402
from delivery.incidents import Incident, Kind  # noqa: E402
from delivery.models import Job, Offer, Rider, Shift, Stop  # noqa: E402
from delivery.models import Trip as RoadTrip  # noqa: E402
from delivery.services import chats, incidents  # noqa: E402
from inventory.models import Stock  # noqa: E402
from orders import services  # noqa: E402
from orders.models import Order, Promise  # noqa: E402
from orders.services.shared_track import share_token  # noqa: E402

STORE = "BLR-IND"
QUIET = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
MOST_BYTES = 60 * 1024
OFFER_WITHIN_S = 60


class Trip:
    """Orders of demo customers and the one rider on duty, moved by services."""

    def __init__(self) -> None:
        self.store = Store.objects.get(code=STORE)
        near = [p for p in people.customers() if p.door.store == STORE and p.language == "en"]
        self.people = [User.objects.get(phone=person.phone) for person in near]
        riders = [person.phone for person in people.riders() if person.store == STORE and person.vehicle == "scooter"]
        found = Rider.objects.select_related("user").filter(user__phone__in=riders).order_by("pk")
        self.rider, self.other = found[0], found[1]
        self.ops = User.objects.get(phone=next(p.phone for p in people.staff() if p.role == "ops"))
        self._sweep()
        for shift in Shift.objects.filter(ended_at=None, rider__store=self.store):
            road.go_off_duty(rider_id=shift.rider_id, now=timezone.now())
        self.user = self.people[0]
        self.second, self.order = self.placed(self._neighbour()), self.placed(self.user, tip_paise=2000)

    def _sweep(self) -> None:
        """What the pictures of before left lying about."""
        now = timezone.now()
        for incident in Incident.objects.filter(resolved_at=None):
            who = {"by": self.ops.pk, "name": str(self.ops), "now": now}
            incidents.resolve(incident_id=incident.pk, outcome="Everything is well.", **who)
        Stop.objects.filter(trip__ended_at=None, done_at=None).update(state="dropped", done_at=now - timedelta(hours=1))
        RoadTrip.objects.filter(ended_at=None).update(ended_at=now)
        Offer.objects.filter(state="open").update(state="withdrawn")
        Job.objects.filter(state__in=("seeking", "offered", "taken")).update(state="cancelled")

    def _neighbour(self) -> User:
        home = self._home(self.user)
        return min(self.people[1:], key=lambda other: street_metres(home.point, self._home(other).point))

    @staticmethod
    def _home(user: User) -> Address:
        found = Address.objects.filter(user=user).order_by("-is_default").first()
        assert found is not None
        return found

    def placed(self, user: User, *, tip_paise: int = 0) -> Order:
        now = timezone.now()
        Order.objects.filter(customer=user, finished_at=None).update(finished_at=now, status="CANCELLED")
        there = Stock.objects.filter(store=self.store, on_hand__gt=F("held") + 5).order_by("pk").values("product_id")
        items = ShelfItem.objects.filter(store=self.store, is_listed=True, product__in=there).select_related("product")
        lines = [services.Asked(item.product.sku, 1) for item in items.order_by("pk")[3:6]]
        view = services.replace_lines(customer_id=user.pk, store_code=STORE, lines=lines, tip_paise=tip_paise, now=now)
        return services.checkout(
            customer_id=user.pk,
            address_id=self._home(user).pk,
            method="cod",
            bill_fingerprint=view.fingerprint,
            now=now,
        )

    def do(self, name: str, order: Order | None = None, **more: Any) -> None:
        order = order or self.order
        getattr(services, name)(order_id=order.pk, now=timezone.now(), **more)
        order.refresh_from_db()

    def act(self, name: str, **more: Any) -> None:
        """An act of the rider."""
        getattr(road, name)(rider_id=self.rider.pk, now=timezone.now(), **more)
        self.order.refresh_from_db()
        self.second.refresh_from_db()

    def picking(self) -> None:
        self.do("to_store", actor="system")
        self.do("start_picking", actor="user:1")

    def packed(self, order: Order | None = None, bags: tuple[str, ...] = ("T-1",), slot: str = "S1") -> None:
        self.do("packed", order, bag_codes=list(bags), shelf_slot=slot, actor="user:1")

    def both_packed(self) -> None:
        self.do("to_store", self.second, actor="system")
        self.do("start_picking", self.second, actor="user:1")
        self.packed(bags=("T-1", "T-2"))
        self.packed(self.second, ("T-3",), "S2")

    def offered(self) -> None:
        """The rider comes on duty near the store and is asked about both, when the dispatcher's plan says so."""
        now, shop = timezone.now(), self.store
        for order in (self.order, self.second):
            if not Job.objects.filter(order=order).exists():
                road.open_job(order_id=order.pk, now=now)
        Rider.objects.filter(pk=self.rider.pk).update(lat=shop.lat + 0.002, lng=shop.lng, seen_at=now)
        checks = ["helmet", "lights", "brakes"]
        Rider.objects.filter(pk=self.other.pk).update(lat=shop.lat + 0.009, lng=shop.lng - 0.004, seen_at=now)
        with transaction.atomic():  # both at once: the round that follows has somebody to choose among
            road.go_on_duty(rider_id=self.other.pk, now=now, self_check=checks)
            road.go_on_duty(rider_id=self.rider.pk, now=now, self_check=checks)
        until = time.monotonic() + OFFER_WITHIN_S
        while not (offer := Offer.objects.filter(rider=self.rider, state="open").first()):
            assert time.monotonic() < until, "nobody offers anything"
            road.dispatch_round(now=timezone.now(), store_id=shop.pk)
            time.sleep(0.5)
        self.offer = offer

    def accepted(self) -> None:
        self.act("accept", offer_id=self.offer.pk)
        for order in (self.order, self.second):
            if not Stop.objects.filter(job__order=order, trip__ended_at=None).exists():
                road.assign_by_hand(order_id=order.pk, rider_id=self.rider.pk, actor="user:1", now=timezone.now())

    def stop_of(self, order: Order) -> Stop:
        return Stop.objects.exclude(state="dropped").get(job__order=order)

    def bag(self, order: Order, code: str) -> None:
        self.act("scan_bag", stop_id=self.stop_of(order).pk, code=code, nonce=uuid4().hex)

    def on_board(self) -> None:
        self.bag(self.order, "T-2")
        self.bag(self.second, "T-3")

    def leaves(self) -> None:
        self.act("door_first", stop_id=self.stop_of(self.second).pk)
        self.act("leave_store", stop_id=self.stop_of(self.second).pk)

    def first_door(self) -> None:
        stop = self.stop_of(self.second)
        self.act("arrive", stop_id=stop.pk)
        self.act("deliver", stop_id=stop.pk, otp=self.second.door_otp, cash_paise=self.second.cash_due_paise)

    def at_door(self) -> None:
        self.at(1.0)
        self.act("arrive", stop_id=self.stop_of(self.order).pk)

    def waits(self) -> None:
        stop = self.stop_of(self.order)
        self.act("begin_wait", stop_id=stop.pk)
        self.writes(Side.RIDER, "at_gate")

    def writes(self, side: Side, quick: str = "", text: str = "") -> None:
        stop = self.stop_of(self.order)
        chats.send(stop=stop, side=side, text=text, quick=quick, nonce=uuid4().hex, now=timezone.now())

    def answered(self) -> None:
        road.answer_door(order_id=self.order.pk, customer_id=self.user.pk, answer="coming", now=timezone.now())
        self.writes(Side.CUSTOMER, text="Coming down, the bell does not work.")

    def at(self, part: float, aside: float = 0.0) -> None:
        """The rider reports from so far along the way, 0 to 1."""
        store, door = self.store, self.order.point
        lat, lng = store.lat + (door.lat - store.lat) * part, store.lng + (door.lng - store.lng) * part
        where = Point(lat + aside, lng - aside)
        now = timezone.now()
        fact = {
            "type": "position", "rider": self.rider.pk, "lat": where.lat, "lng": where.lng, "at": now.isoformat(),
            "seq": int(now.timestamp() * 1000),
        }  # fmt: skip
        live.remember(f"rider-of-order:{self.order.pk}", fact, ttl_s=3600)
        live.share(f"order.{self.order.pk}", fact)
        Rider.objects.filter(pk=self.rider.pk).update(lat=where.lat, lng=where.lng, seen_at=now)

    def sos(self) -> None:
        door = self.order.point
        self.incident = incidents.tell(
            rider_id=self.rider.pk, kind=Kind.SOS.value, nonce=uuid4().hex, at=door, battery_percent=64,
            now=timezone.now(),
        )  # fmt: skip

    def seen(self) -> None:
        who = {"by": self.ops.pk, "name": str(self.ops), "now": timezone.now()}
        incidents.see(incident_id=self.incident.pk, **who)
        incidents.add_note(incident_id=self.incident.pk, text="Called back: a dog in the yard, nobody hurt.", **who)

    def late(self, minutes: int) -> None:
        by = timezone.now() - timedelta(minutes=minutes)
        Order.objects.filter(pk=self.order.pk).update(promised_by=by, promised_from=by - timedelta(minutes=4))
        Promise.objects.filter(order=self.order).update(promised_by=by)

    def delivered(self) -> None:
        stop = self.stop_of(self.order)
        self.act("deliver", stop_id=stop.pk, otp=self.order.door_otp, cash_paise=self.order.cash_due_paise)


def session_of(user: User) -> str:
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()
    return str(store.session_key)


class Camera:
    """The three windows; a picture is taken where the person would be at that moment."""

    def __init__(self, given: argparse.Namespace, browser: Any, trip: Trip) -> None:
        self.given, self.browser, self.trip = given, browser, trip
        words = ((given.dark, "-dark"), (given.hi, "-hi"), (given.wide != 360, f"-{given.wide}"))
        self.tag = "".join(word for on, word in words if on)
        self.out = Path(given.out)
        self.out.mkdir(parents=True, exist_ok=True)
        self.views = {who: self.window(who) for who in ("customer", "rider", "ops")}

    def window(self, who: str, **more: Any) -> Any:
        given, ops = self.given, who == "ops"
        wide = 1280 if ops else given.wide
        context = self.browser.new_context(
            base_url=given.at, viewport={"width": wide, "height": 800 if wide > 700 else 760},
            color_scheme="dark" if given.dark or ops else "light", locale="en-IN", service_workers="block",
            reduced_motion="reduce", **more,
        )  # fmt: skip
        user = {"customer": self.trip.user, "rider": self.trip.rider.user, "ops": self.trip.ops}[who]
        cookies = {settings.SESSION_COOKIE_NAME: session_of(user)}
        if given.hi:
            cookies[settings.LANGUAGE_COOKIE_NAME] = "hi"
        context.add_cookies([{"name": name, "value": kept, "url": given.at} for name, kept in cookies.items()])
        page = context.new_page()
        page.on("console", lambda said: said.type == "error" and print("console:", said.text))
        page.on("pageerror", lambda error: print("script:", error))
        return page

    def take(self, name: str, path: str = "", *, on: Any = None, whole: bool = False, show: str = "") -> None:
        """`name` begins with who sees it; `show` is what has to be in view."""
        who = name.split("-")[0]
        view = on or self.views[who]
        at_home = {"customer": f"/orders/{self.trip.order.pk}/", "rider": "/rider/", "ops": "/ops/"}
        view.goto(path or at_home[who])
        view.wait_for_timeout(900)
        if show:
            view.locator(show).first.evaluate("el => el.scrollIntoView({block: 'center'})")
            view.wait_for_timeout(200)
        wide = view.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            print(f"{name}: {wide} px too wide")
        kept = self.out / f"trip-{name}{self.tag}.png"
        view.screenshot(path=str(kept), full_page=whole)
        for colours in (192, 96, 64, 40, 24):
            Image.open(kept).convert("RGB").quantize(colours).save(kept, optimize=True)
            if kept.stat().st_size <= MOST_BYTES:
                break
        print(f"{kept.name}: {kept.stat().st_size // 1024} KiB, {view.title()}")
        view.goto("about:blank")  # so that it does not read itself again while the next thing happens
        assert self.given.all or kept.stat().st_size <= MOST_BYTES


def pictures(given: argparse.Namespace) -> None:
    trip = Trip()
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=QUIET)
        camera = Camera(given, browser, trip)
        take = camera.take
        desk = f"/ops/orders/{trip.order.pk}/"

        def more(name: str, *rest: Any, **kept: Any) -> None:
            if given.all:
                take(name, *rest, **kept)

        more("customer-1-placed")
        trip.picking()
        take("customer-2-picking")
        trip.both_packed()
        more("customer-3-packed")
        more("rider-0-off")
        trip.offered()
        take("rider-1-offer")
        trip.accepted()
        take("customer-4-rider-coming")
        more("rider-2-to-store")
        trip.act("arrive_at_store")
        trip.bag(trip.order, "T-1")
        take("rider-2-bags", show="[data-bag-scan]")
        trip.on_board()
        more("rider-2-leave")
        trip.leaves()
        trip.at(0.3, 0.002)
        take("customer-5-riding")
        more("rider-2-riding")
        link = f"/track/{share_token(trip.order)}/"
        take("customer-9-shared", link)
        if given.all:
            take("customer-no-script", on=camera.window("customer", java_script_enabled=False))
            take("customer-whole", whole=True)
        trip.first_door()
        trip.at(0.85)
        take("customer-6-near")
        more("customer-shared-near", link)
        trip.at_door()
        more("rider-3-door")
        more("customer-7-at-door")
        take("ops-1-why", desk, show="#why-this-rider")
        trip.waits()
        take("customer-7-rider-waits", show="[data-rider-waits]")
        trip.answered()
        take("rider-3-waits")
        more("rider-3-chat", f"/rider/stops/{trip.stop_of(trip.order).pk}/chat/")
        trip.sos()
        take("ops-2-sos")
        trip.seen()
        take("ops-3-incident", f"/ops/incidents/{trip.incident.pk}/")
        trip.delivered()
        take("customer-8-delivered")
        take("rider-4-earned", "/rider/earnings/", show="[data-receipt] .bill")
        if given.all:
            take("rider-5-idle")
            take("customer-shared-over", link)
            bad_ends(trip, take)
        browser.close()


def bad_ends(trip: Trip, take: Callable[..., None]) -> None:
    trip.order = trip.placed(trip.user)
    trip.picking()
    trip.late(6)
    take("customer-late")
    trip.do("cancel", by="staff", reason="The store has no electricity", actor="user:1")
    take("customer-cancelled")
    trip.order = trip.placed(trip.user)
    trip.picking()
    trip.packed()
    trip.do("rider_accepted", rider_id=trip.rider.pk, rider_name=str(trip.rider), actor="system")
    trip.do("picked_up", bag_codes=["T-1"], actor="system")
    trip.do("undelivered", reason="Nobody opened the door", actor="system")
    take("customer-undelivered")
    trip.order = trip.placed(trip.user)
    trip.picking()
    trip.packed()
    trip.late(24)
    trip.do("rider_accepted", rider_id=trip.rider.pk, rider_name=str(trip.rider), actor="system")
    trip.do("picked_up", bag_codes=["T-1"], actor="system")
    trip.do("at_the_door", actor="system")
    trip.do(
        "delivered", rider_id=trip.rider.pk, otp=trip.order.door_otp, cash_paise=trip.order.cash_due_paise,
        actor="system",
    )  # fmt: skip
    time.sleep(3)  # the credit is a reaction of its own
    take("customer-late-credit")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--at", default="http://127.0.0.1:8000")
    parser.add_argument("--out", default=str(ROOT / "docs" / "img"))
    parser.add_argument("--wide", type=int, default=360)
    for flag in ("--all", "--dark", "--hi"):
        parser.add_argument(flag, action="store_true")
    pictures(parser.parse_args())
