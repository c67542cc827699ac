"""One order in a real browser: storefront, store floor and rider, each in a window of its own."""

from __future__ import annotations

import json
import time
import urllib.request
from datetime import UTC
from urllib.parse import quote

import pytest

from blinkit.demo import people, places
from blinkit.demo.simulate.link import _CODE
from tests.conftest import CHROMIUM
from tests.house import ARTEFACTS

pytest.importorskip("playwright.sync_api", reason="Playwright is not installed (make setup-dev)")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium here (apt-get install chromium, or set CHROMIUM)"),
]
STORE = "BLR-KOR"
PHONE, TABLET = {"width": 360, "height": 780}, {"width": 1280, "height": 800}
WITHIN_MS = 40_000  # beside other long tests on two cores
NEXT_UNIT = "before => document.querySelector('#walk-tally')?.textContent !== before"


ON_EACH_OTHER = """() => {
    const texts = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        const words = walk.currentNode.textContent.trim(), el = walk.currentNode.parentElement;
        const floats = ".toasts, .topbar, .tabbar, .pay-bar, .act-now", unseen = "script, style, svg, select, .sr-only";
        if (!words || el.closest(`${floats}, ${unseen}, .leaflet-container`)) continue;
        if (!el.checkVisibility() || getComputedStyle(el).overflow !== "visible") continue;
        const range = document.createRange();
        range.selectNodeContents(walk.currentNode);
        for (const it of range.getClientRects()) texts.push({ el, words, it });
    }
    const crossed = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2
        && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 6;
    return texts.flatMap((a, n) => texts.slice(n + 1).filter((b) => !a.el.contains(b.el) && !b.el.contains(a.el)
        && crossed(a.it, b.it)).map((b) => `${a.words} / ${b.words}`));
}"""


class Window:
    """One person's browser window; notes what a person would call broken."""

    def __init__(self, chromium, house, person, size, at):
        self.house, self.person = house, person
        self.context = chromium.new_context(
            base_url=house.url, viewport=size, geolocation=at, permissions=["geolocation"], reduced_motion="reduce"
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(WITHIN_MS)
        self.broken = []
        self.page.on("pageerror", lambda error: self.broken.append(f"{self.page.url}: {error}"))
        self.page.on("console", self._note)
        self.page.on(
            "response", lambda answer: answer.status >= 500 and self.broken.append(f"{answer.status} {answer.url}")
        )

    def _note(self, message):
        if message.type == "error" and "Content Security Policy" in message.text:
            self.broken.append(f"{self.page.url}: {message.text}")

    def sign_in(self, going):
        self.page.goto(f"/sign-in/?next={quote(going)}")
        self.page.locator("#phone").fill(self.person.phone)
        self.page.locator("#phone").press("Enter")
        self.page.locator("#code").fill(self._code())
        self.page.locator("#code").press("Enter")
        self.page.wait_for_url(f"**{going}*")

    def _code(self):
        deadline = time.monotonic() + 15
        while True:
            with urllib.request.urlopen(f"{self.house.url}/demo/inbox.json?to={quote(self.person.phone)}") as answer:
                for message in json.load(answer)["messages"]:
                    if message["template"] == "sign_in_code":
                        return _CODE.search(message["body"])[1]
            assert time.monotonic() < deadline, "no code in the demo inbox"
            self.page.wait_for_timeout(100)

    def until(self, true):
        deadline = time.monotonic() + WITHIN_MS / 1000
        while not true():
            assert time.monotonic() < deadline, "it does not come"
            self.page.wait_for_timeout(100)

    def press(self, words):
        self.page.get_by_role("button", name=words).locator("visible=true").first.click()

    def keep(self, name):
        ARTEFACTS.mkdir(exist_ok=True)
        self.page.screenshot(path=str(ARTEFACTS / f"journey-{name}.png"))
        self.broken += [f"{name}: {words} lie on each other" for words in self.page.evaluate(ON_EACH_OTHER)]


def test_storefront_store_and_rider_play_one_order(city, chromium):
    house = city
    plan = next(store for store in places.STORES if store.code == STORE)
    shop = {"latitude": plan.lat, "longitude": plan.lng}
    buyer = next(p for p in people.customers() if p.door.store == STORE and p.language == "en")
    home = {"latitude": buyer.door.lat, "longitude": buyer.door.lng}
    staff = {p.role: p for p in [*people.staff(), *people.riders()] if p.store == STORE}
    customer = Window(chromium, house, buyer, PHONE, home)
    picker = Window(chromium, house, staff["picker"], TABLET, shop)
    rider = Window(chromium, house, staff["rider"], PHONE, shop)
    windows = {"customer": customer, "picker": picker, "rider": rider}
    try:
        order_url = buy(customer)
        go_on_duty(rider)
        pick_and_pack(picker)
        accept(rider)
        deliver(rider, customer, home)
        customer.page.locator("[data-status=DELIVERED]").wait_for()
        customer.keep("7-delivered")
        assert order_url in customer.page.url
    except BaseException:
        for name, window in windows.items():
            window.keep(f"failed-{name}")
        raise
    assert [line for window in windows.values() for line in window.broken] == []


def buy(customer):
    page = customer.page
    customer.sign_in("/")
    page.locator("article.product").first.wait_for()
    customer.keep("1-home")
    page.goto("/search/?q=milk")
    card = page.locator("article.product:not([data-gone])").first
    card.locator(".btn-add").click()
    card.locator(".stepper").wait_for()
    customer.keep("2-search")
    page.goto("/cart/")
    customer.keep("3-cart")
    page.get_by_role("link", name="Pay").locator("visible=true").first.click()
    page.locator("input[name=method][value=cod]").check(force=True)
    customer.press("Pay")
    page.wait_for_url("**/orders/*/")
    page.locator(".door-code").wait_for()
    return page.url.rstrip("/").rpartition("/")[2]


def go_on_duty(rider):
    rider.sign_in("/rider/me/")
    rider.keep("4-me")
    rider.page.goto("/rider/")
    rider.press("Go on duty")
    rider.page.get_by_text("Ready when you are").wait_for()


def accept(rider):
    """Who stands at the store is asked when the bags are there, not before."""
    rider.page.locator("[data-offer]").wait_for()
    rider.keep("4-offer")
    rider.press("Accept")
    rider.page.locator("[data-act=at-store]").wait_for()
    rider.press("I am at the store")
    rider.page.locator("[data-act=wait], [data-act=pick-up]").first.wait_for()


def pick_and_pack(picker):
    page = picker.page
    picker.sign_in(f"/store/{STORE}/")
    picker.press("Start my shift")
    picker.press("Start next")
    page.wait_for_url("**/walk/**")
    page.locator("#walk-in").wait_for()
    picker.keep("5-pick")
    while "/pack/" not in page.url and page.locator("#demo-scan").is_visible():
        before = page.locator("#walk-tally").inner_text()
        page.locator("#demo-scan").click()
        page.wait_for_function(NEXT_UNIT, arg=before)
    page.wait_for_url("**/pack/**")
    picker.press("Close the bags")
    page.get_by_role("button", name="Close the bags").wait_for(state="detached")
    picker.keep("6-packed")


def deliver(rider, customer, home):
    page = rider.page
    page.locator("[data-act=pick-up]").wait_for()
    for box in page.locator("input[name=bag]").all():
        box.check(force=True)
    rider.press("All bags on board")
    customer.page.locator("[data-status=PICKED_UP], [data-status=IN_TRANSIT]").first.wait_for()
    rider.context.set_geolocation(home)
    page.locator("[data-act=depart], [data-act=arrive]").first.wait_for()
    if page.locator("[data-act=depart]").is_visible():
        rider.press("I am leaving the store")
    page.locator("[data-act=arrive]").wait_for()
    rider.press("I am at the door")
    page.locator("[data-act=deliver]").wait_for()
    customer.keep("6-on-the-way")
    page.locator("input[name=cash_paise]").check(force=True)
    page.locator("#otp").fill(customer.page.locator(".door-code").get_attribute("aria-label"))
    rider.keep("6-at-the-door")
    rider.press("Handed over")


def test_a_rider_rides_on_without_a_network_and_every_position_arrives_once(city, chromium):
    """In order and at the instant it was taken, also what the socket carried last before it was lost."""
    person = next(p for p in people.riders() if p.store != STORE)
    plan = next(store for store in places.STORES if store.code == person.store)
    rider = Window(chromium, city, person, PHONE, {"latitude": plan.lat + 0.004, "longitude": plan.lng, "accuracy": 5})
    page, frames, posts = rider.page, [], []

    def note(line):
        line.on("framesent", lambda frame: '"position"' in frame and frames.append(json.loads(frame)))

    page.on("websocket", note)
    page.on("request", lambda asked: "/rider/positions/" in asked.url and posts.append(json.loads(asked.post_data)))
    waiting = "() => JSON.parse(localStorage.getItem('rider-positions') || '[]')"
    rider.sign_in("/rider/")
    rider.press("Go on duty")
    page.locator('[data-live-dot][data-state="live"]').first.wait_for(state="attached")
    along = page.locator("#ride-along")  # drawn anew with the page, so a click by its place may miss it
    rider.until(lambda: along.is_checked() or along.dispatch_event("click"))
    rider.until(lambda: len(frames) >= 3)
    rider.context.set_offline(True)
    page.locator('[data-live-dot][data-state="lost"]').first.wait_for(state="attached")
    rider.until(lambda: len(page.evaluate(waiting)) >= len(frames) + 3)
    kept = page.evaluate(waiting)
    rider.context.set_offline(False)
    rider.until(lambda: not page.evaluate(waiting))
    sent = [fix["at"] for post in posts for fix in post["positions"]]
    assert {frame["at"] for frame in frames[-3:]} <= {fix["at"] for fix in kept} <= set(sent)
    assert sent == sorted(set(sent))

    def written():
        house_rows = "SELECT at FROM delivery_position p JOIN delivery_rider r ON r.id = p.rider_id"
        asked = f"{house_rows} JOIN accounts_user u ON u.id = r.user_id WHERE u.phone = %s ORDER BY at"
        return [
            at.astimezone(UTC).isoformat(timespec="milliseconds")[:23] + "Z" for (at,) in city.rows(asked, person.phone)
        ]

    rider.until(lambda: set(sent) <= set(written()))
    assert len(written()) == len(set(written()))
    assert rider.broken == []
