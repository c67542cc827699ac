import httpx
import pytest

from payments.tests import stripe_wire


@pytest.fixture(autouse=True)
def _no_wire(monkeypatch):
    """No test of this app posts to a real address."""

    def unplugged(body, headers):
        raise httpx.ConnectError("unplugged")

    monkeypatch.setattr("payments.gateways.sandbox_wire.post_over_http", unplugged)


# -- Stripe: a real HTTP stand-in, for tests of one worker (TOGETHER in the root conftest) ----------------------------


@pytest.fixture(scope="session")
def localstripe():
    with stripe_wire.localstripe() as base:
        yield base


@pytest.fixture(scope="session")
def mailbox(localstripe):
    with stripe_wire.serving(stripe_wire.Mailbox()) as box:
        told = {"url": box.url, "secret": stripe_wire.SECRET}
        httpx.post(f"{localstripe}/_config/webhooks/shop", json=told, trust_env=False).raise_for_status()
        yield box


@pytest.fixture
def wire(localstripe, settings, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with stripe_wire.serving(stripe_wire.Wire(localstripe)) as hop:
        settings.PAYMENT_GATEWAY = "stripe"
        settings.STRIPE_API_BASE = hop.url
        settings.STRIPE_SECRET_KEY = stripe_wire.KEY
        settings.STRIPE_PUBLISHABLE_KEY = "pk_test_12345"
        settings.STRIPE_WEBHOOK_SECRET = stripe_wire.SECRET
        settings.STRIPE_METHODS = ["card", "upi"]
        yield hop
        hop.let_go.set()


@pytest.fixture
def payer(localstripe):
    return stripe_wire.Payer(localstripe)
