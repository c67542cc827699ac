"""Payment gateways behind one interface, chosen by name. Every call is guarded by a breaker of the gateway's own.

A gateway answers with facts; what they mean for a payment is decided in `payments.services.settling`. Calls to a
gateway are made outside transactions and are safe to repeat: an attempt's or refund's id is the gateway's idempotency
key.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.utils.module_loading import import_string

from blinkit.kernel.breakers import breaker
from blinkit.kernel.errors import NotFound, Refusal
from payments.errors import GatewayDown
from payments.gateways.base import AUTHORISED as AUTHORISED
from payments.gateways.base import CAPTURED as CAPTURED
from payments.gateways.base import DECLINED as DECLINED
from payments.gateways.base import DISPUTE_LOST as DISPUTE_LOST
from payments.gateways.base import DISPUTE_WON as DISPUTE_WON
from payments.gateways.base import DISPUTED as DISPUTED
from payments.gateways.base import REFUND_FAILED as REFUND_FAILED
from payments.gateways.base import REFUNDED as REFUNDED
from payments.gateways.base import Gateway as Gateway
from payments.gateways.base import Intent as Intent
from payments.gateways.base import Message as Message
from payments.gateways.base import Notice as Notice
from payments.gateways.base import RefundAnswer as RefundAnswer

REGISTRY = {
    "sandbox": "payments.gateways.sandbox.SandboxGateway",
    "stripe": "payments.gateways.stripe.StripeGateway",
    "cod": "payments.gateways.cod.CashOnDelivery",
    "razorpay": "payments.gateways.razorpay.RazorpayGateway",
}


def named(name: str) -> Gateway:
    """The gateway of this name. Raises NotFound for one we do not have."""
    path = REGISTRY.get(name)
    if path is None:
        raise NotFound("There is no such payment gateway.")
    gateway: Gateway = import_string(path)()
    return gateway


def usable(name: str) -> bool:
    """Whether this gateway may take money here: built, with its secrets set; the sandbox in demo mode only."""
    if name == "sandbox":  # nobody may get real goods for pretend money
        return bool(settings.DEMO_MODE or settings.TESTING)
    return name in REGISTRY and name in settings.GATEWAY_SECRETS and not missing_secrets(name)


def missing_secrets(name: str) -> list[str]:
    """Names of the settings this gateway needs and does not have."""
    return [secret for secret in settings.GATEWAY_SECRETS.get(name, ()) if not getattr(settings, secret)]


@contextmanager
def guarded(name: str) -> Iterator[None]:
    """Around one call of a gateway: counted by its breaker; any failure but a refusal comes out as GatewayDown."""
    try:
        with breaker(f"gateway:{name}"):
            yield
    except Refusal:
        raise
    except Exception as error:
        raise GatewayDown("The payment service does not answer. Try again, or pay another way.") from error
