"""Our Stripe page in a real browser. Stripe's own script is played by a few lines, for tests have no network."""

import os
import shutil

import pytest

from payments import services
from payments.gateways import stripe
from payments.models import Payment
from payments.tests.factories import NOW, online

playwright_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed (make setup-dev)")
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium here (apt-get install chromium, or set CHROMIUM)"),
]
QUIET = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
)
PLAYED = """
window.told = [];
window.Stripe = (key, options) => ({
  elements: (given) => {
    window.told.push({ key, options, given });
    const heard = {};
    return { create: (kind) => ({
      on: (name, act) => { heard[name] = act; },
      mount: (place) => { place.textContent = `[${kind} element]`; heard.ready(); },
    }) };
  },
  confirmPayment: async ({ confirmParams }) => {
    if (!window.again) { window.again = true; return { error: { message: "Your card was declined." } }; }
    location.href = confirmParams.return_url + "&payment_intent=pi_any&redirect_status=succeeded";
    return new Promise(() => {});
  },
});
"""


@pytest.fixture
def begun(wire, client, live_server, monkeypatch):
    """The page's address, the intent's id and the cookies of its customer."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright keeps an event loop in this thread
    payment = online(48_200)
    Payment.objects.filter(pk=payment.pk).update(due_by=None)
    client.force_login(payment.customer)
    started = services.start_attempt(
        payment_id=payment.pk, customer_id=payment.customer_id, instrument="upi", now=NOW, return_url="/offline/"
    )
    cookies = [{"name": name, "value": one.value, "url": live_server.url} for name, one in client.cookies.items()]
    return live_server.url + started["pay_url"], started["intent_id"], cookies


@pytest.fixture
def window():
    """window(cookies, ...): a page without network but for this house; a broken rule of the CSP fails the test."""
    broken = []
    with playwright_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=QUIET.split())

        def make(cookies, *, width=360, scheme="light", script=PLAYED):
            context = browser.new_context(viewport={"width": width, "height": 740}, color_scheme=scheme)
            context.add_cookies(cookies)
            page = context.new_page()
            page.on("pageerror", lambda error: broken.append(str(error)))
            page.on("console", lambda told: broken.append(told.text) if "Content Security" in told.text else None)
            page.route(
                stripe.SCRIPT,
                lambda route: route.fulfill(body=script, content_type="text/javascript") if script else route.abort(),
            )
            return page

        yield make
        browser.close()
    assert broken == []


def test_a_declined_card_may_be_tried_again_and_stripe_is_asked_at_the_end(begun, window, payer):
    url, intent_id, cookies = begun
    page = window(cookies)
    page.goto(url)
    button = page.get_by_role("button", name="Pay ₹482")
    playwright_api.expect(page.locator("[data-stripe-element]")).to_have_text("[payment element]")
    playwright_api.expect(button).to_be_enabled()
    [told] = page.evaluate("window.told")
    assert told["key"] == "pk_test_12345"
    assert told["given"]["clientSecret"].startswith(f"{intent_id}_secret_")
    button.click()
    playwright_api.expect(page.get_by_role("alert")).to_have_text("Your card was declined.")
    assert Payment.objects.get().state == "open"
    payer.pay(intent_id)
    button.click()
    page.wait_for_url("**/offline/")
    assert Payment.objects.get().state == "captured"


def test_without_stripes_script_the_page_says_what_to_do(begun, window):
    url, _, cookies = begun
    page = window(cookies, script="")
    page.goto(url)
    playwright_api.expect(page.get_by_role("alert")).to_contain_text("did not load")
    playwright_api.expect(page.get_by_role("button")).to_be_disabled()
    playwright_api.expect(page.get_by_role("link", name="Back to the shop")).to_have_attribute("href", "/offline/")
