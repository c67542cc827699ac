import httpx
import pytest


@pytest.fixture(autouse=True)
def _no_wire(monkeypatch):
    """No test of this app posts to a real address."""

    def unplugged(body, headers):
        raise httpx.ConnectError("unplugged")

    monkeypatch.setattr("payments.gateways.sandbox_wire.post_over_http", unplugged)
