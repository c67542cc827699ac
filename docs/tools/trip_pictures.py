"""One trip as its customer sees it, as pictures: docs/img/trip-customer-*.png.

    BLINKIT_DATA_DIR=/tmp/pictures make run                                          (in another window)
    BLINKIT_DATA_DIR=/tmp/pictures .venv/bin/python docs/tools/trip_pictures.py

An order is walked through its life by the house's own services, without a store or a rider: use a data directory that
is thrown away. `--all` also takes the states that end badly, the shared link, and the page without script;
`--dark`, `--hi`, `--wide 1280`, `--at URL`, `--out DIR`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "blinkit.settings")
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright's loop runs in this thread

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.db.models import F  # noqa: E402
from django.utils import timezone  # noqa: E402
from PIL import Image  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

from accounts.models import Address, User  # noqa: E402
from blinkit.demo import people  # noqa: E402
from blinkit.kernel import live  # noqa: E402
from blinkit.kernel.geo import Point  # noqa: E402
from catalog.models import ShelfItem, Store  # noqa: E402
from inventory.models import Stock  # noqa: E402
from orders import services  # noqa: E402
from orders.models import Order  # noqa: E402
from orders.services.shared_track import share_token  # noqa: E402

STORE, RIDER = "BLR-IND", 9_999
QUIET = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
MOST_BYTES = 60 * 1024


class Trip:
    """One order of a demo customer, moved by services."""

    def __init__(self) -> None:
        person = next(p for p in people.customers() if p.door.store == STORE and p.language == "en")
        self.user = User.objects.get(phone=person.phone)
        self.order = self.placed()

    def placed(self) -> Order:
        store, now = Store.objects.get(code=STORE), timezone.now()
        where = Address.objects.filter(user=self.user).order_by("-is_default").first()
        assert where is not None
        Order.objects.filter(customer=self.user, finished_at=None).update(finished_at=now, status="CANCELLED")
        there = Stock.objects.filter(store=store, on_hand__gt=F("held") + 5).order_by("pk").values("product_id")
        items = ShelfItem.objects.filter(store=store, is_listed=True, product__in=there).select_related("product")
        lines = [services.Asked(item.product.sku, 1) for item in items.order_by("pk")[3:6]]
        view = services.replace_lines(customer_id=self.user.pk, store_code=STORE, lines=lines, tip_paise=0, now=now)
        return services.checkout(
            customer_id=self.user.pk, address_id=where.pk, method="cod", bill_fingerprint=view.fingerprint, now=now
        )

    def do(self, name: str, **more: Any) -> None:
        getattr(services, name)(order_id=self.order.pk, now=timezone.now(), **more)
        self.order.refresh_from_db()

    def picking(self) -> None:
        self.do("to_store", actor="system")
        self.do("start_picking", actor="user:1")

    def packed(self) -> None:
        self.do("packed", bag_codes=["T-1"], shelf_slot="S1", actor="user:1")

    def coming(self) -> None:
        self.do("rider_accepted", rider_id=RIDER, rider_name="Ravi Kumar", actor=f"rider:{RIDER}")

    def picked_up(self) -> None:
        self.do("picked_up", bag_codes=["T-1"], actor=f"rider:{RIDER}")

    def at(self, part: float, aside: float = 0.0) -> None:
        """The rider reports from so far along the way, 0 to 1."""
        store, door = self.order.store, self.order.point
        lat, lng = store.lat + (door.lat - store.lat) * part, store.lng + (door.lng - store.lng) * part
        where = Point(lat + aside, lng - aside)
        now = timezone.now()
        fact = {
            "type": "position", "rider": RIDER, "lat": where.lat, "lng": where.lng, "at": now.isoformat(),
            "seq": int(now.timestamp() * 1000),
        }  # fmt: skip
        live.remember(f"rider-of-order:{self.order.pk}", fact, ttl_s=3600)
        live.share(f"order.{self.order.pk}", fact)

    def late(self, minutes: int) -> None:
        by = timezone.now() - timedelta(minutes=minutes)
        Order.objects.filter(pk=self.order.pk).update(promised_by=by, promised_from=by - timedelta(minutes=4))

    def delivered(self) -> None:
        self.do(
            "delivered", rider_id=RIDER, otp=self.order.door_otp, cash_paise=self.order.cash_due_paise,
            actor=f"rider:{RIDER}",
        )  # fmt: skip


def session_of(user: User) -> str:
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()
    return str(store.session_key)


def pictures(given: argparse.Namespace) -> None:
    out = Path(given.out)
    out.mkdir(parents=True, exist_ok=True)
    words = ((given.dark, "-dark"), (given.hi, "-hi"), (given.wide != 360, f"-{given.wide}"))
    tag = "".join(word for on, word in words if on)
    trip = Trip()
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=QUIET)

        def window(**more: Any) -> Any:
            context = browser.new_context(
                base_url=given.at, viewport={"width": given.wide, "height": 800 if given.wide > 700 else 760},
                color_scheme="dark" if given.dark else "light", locale="en-IN", service_workers="block",
                reduced_motion="reduce", **more,
            )  # fmt: skip
            cookies = {settings.SESSION_COOKIE_NAME: session_of(trip.user)}
            if given.hi:
                cookies[settings.LANGUAGE_COOKIE_NAME] = "hi"
            context.add_cookies([{"name": name, "value": kept, "url": given.at} for name, kept in cookies.items()])
            page = context.new_page()
            page.on("console", lambda said: said.type == "error" and print("console:", said.text))
            page.on("pageerror", lambda error: print("script:", error))
            return page

        page = window()

        def take(name: str, *, path: str = "", on: Any = None, whole: bool = False) -> None:
            view = on or page
            view.goto(path or f"/orders/{trip.order.pk}/")
            view.wait_for_timeout(900)
            wide = view.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if wide > 0:
                print(f"{name}: {wide} px too wide")
            kept = out / f"trip-customer-{name}{tag}.png"
            view.screenshot(path=str(kept), full_page=whole)
            Image.open(kept).convert("RGB").quantize(96).save(kept, optimize=True)
            print(f"{kept.name}: {kept.stat().st_size // 1024} KiB, {view.title()}")
            view.goto("about:blank")  # so that it does not read itself again while the next thing happens
            assert given.all or kept.stat().st_size <= MOST_BYTES

        steps: list[tuple[str, Callable[[], None]]] = [
            ("1-placed", lambda: None),
            ("2-picking", trip.picking),
            ("3-packed", trip.packed),
            ("4-rider-coming", trip.coming),
            ("5-riding", lambda: (trip.picked_up(), trip.at(0.3, 0.002))[0]),
            ("6-near", lambda: (trip.do("in_transit", actor=f"rider:{RIDER}"), trip.at(0.85))[0]),
            ("7-at-door", lambda: trip.do("at_the_door", actor=f"rider:{RIDER}")),
            ("8-delivered", trip.delivered),
        ]
        kept = {"2-picking", "4-rider-coming", "5-riding", "6-near", "8-delivered"}
        for name, act in steps:
            act()
            if given.all or name in kept:
                take(name)
            if name == "5-riding":
                link = f"/track/{share_token(trip.order)}/"
                take("9-shared", path=link)
                if given.all:
                    take("no-script", on=window(java_script_enabled=False))
                    take("whole", whole=True)
            if name == "6-near" and given.all:
                take("shared-near", path=link)
        if given.all:
            take("shared-over", path=link)
            trip.order = trip.placed()
            trip.picking()
            trip.late(6)
            take("late")
            trip.do("cancel", by="staff", reason="The store has no electricity", actor="user:1")
            take("cancelled")
            trip.order = trip.placed()
            for act in (trip.picking, trip.packed, trip.coming, trip.picked_up):
                act()
            trip.do("undelivered", reason="Nobody opened the door", actor=f"rider:{RIDER}")
            take("undelivered")
        browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--at", default="http://127.0.0.1:8000")
    parser.add_argument("--out", default=str(ROOT / "docs" / "img"))
    parser.add_argument("--wide", type=int, default=360)
    for flag in ("--all", "--dark", "--hi"):
        parser.add_argument(flag, action="store_true")
    pictures(parser.parse_args())
