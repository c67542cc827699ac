"""Which gateway takes the money: the operator's order, without those that are not set up or not well."""

from __future__ import annotations

from django.conf import settings

from blinkit.kernel import breakers
from payments import gateways
from payments.errors import GatewayDown
from payments.routes import Route

RETRY_AFTER_S = 15


def route(method: str) -> list[str]:
    """Names of the gateways to try for this way of paying, the first choice first; never empty.

    One whose breaker is open is left out. Raises GatewayDown when none is set up for it, ServiceDown
    when none is well.
    """
    row = Route.objects.filter(method=method).first()
    wanted = row.names() if row else [settings.PAYMENT_GATEWAY]
    able = [name for name in wanted if gateways.usable(name) and method in gateways.named(name).methods]
    if not able:
        raise GatewayDown("Paying online is not available yet. Choose cash on delivery.")
    well = [name for name in able if not breakers.is_open(f"gateway:{name}")]
    if not well:
        raise breakers.ServiceDown(
            "This service is having trouble. Try again in a moment.", retry_after_s=RETRY_AFTER_S
        )
    return well
