"""Refusals payments can give."""

from blinkit.kernel.errors import Conflict, Invalid, NotFound, Unavailable


class PaymentClosed(Conflict):
    """The payment is already paid, cancelled, or its window is over."""

    code = "payment-closed"


class RefundTooLarge(Conflict):
    """More than was captured and not sent back yet."""

    code = "refund-exceeds-capture"


class BadSignature(Invalid):
    """A message of a gateway is not signed as agreed, or too old."""

    code = "bad-signature"


class GatewayDown(Unavailable):
    """Nobody can take the payment just now: the same key may be used again."""

    code = "gateway-unavailable"


class GatewayRefused(Conflict):
    """A gateway said no for good: nothing was taken, and asking again would not help."""

    code = "gateway-refused"


class WrongCash(Conflict):
    """The cash collected is not what is owed. Carries `due_paise`."""

    code = "wrong-cash-amount"


class TooMuchCash(Conflict):
    """More cash than the rider has. Carries `in_hand_paise`."""

    code = "deposit-exceeds-cash"


class ReceiptUsed(Conflict):
    """This receipt stands for other cash: of somebody else, or another sum."""

    code = "receipt-used"


class WalletTooLittle(Conflict):
    """Not enough in the wallet. Carries `balance_paise`."""

    code = "wallet-too-little"


class WalletChanged(Conflict):
    """The wallet can't give the amount that was shown any more. Carries `wallet_paise`: what it can give now."""

    code = "wallet-changed"


class TooMuchGoodwill(Conflict):
    """More than may be given at once or in a month. Carries `most_paise`."""

    code = "goodwill-limit"


class NoSuchPlan(NotFound):
    """No membership of this name is sold."""

    code = "no-such-plan"
