"""Refusals payments can give."""

from blinkit.kernel.errors import Conflict, Invalid, Unavailable


class PaymentClosed(Conflict):
    """The payment is already paid, cancelled, or its window is over."""

    code = "payment-closed"


class RefundTooLarge(Conflict):
    code = "refund-exceeds-capture"


class BadSignature(Invalid):
    code = "bad-signature"


class GatewayDown(Unavailable):
    code = "gateway-unavailable"


class WrongCash(Conflict):
    """The cash collected is not what is owed. Carries `due_paise`."""

    code = "wrong-cash-amount"


class TooMuchCash(Conflict):
    """More cash than the rider has. Carries `in_hand_paise`."""

    code = "deposit-exceeds-cash"
