"""Refusals orders can give."""

from blinkit.kernel.errors import Conflict, Invalid, NotFound


class IllegalMove(Conflict):
    code = "illegal-move"


class BillChanged(Conflict):
    """Carries `bill`: the new bill, to be shown and accepted."""

    code = "bill-changed"


class CartEmpty(Invalid):
    code = "cart-empty"


class NotServed(Conflict):
    """Nobody delivers to this place (yet)."""

    code = "not-served"


class StoreClosed(Conflict):
    """The store does not take orders now. Carries `reason`."""

    code = "store-closed"


class CashLimit(Conflict):
    code = "cash-limit"


class TooManyUnits(Conflict):
    """More than allowed per order. Carries `max`."""

    code = "too-many-units"


class NotOnShelf(NotFound):
    code = "not-on-shelf"


class WrongOtp(Invalid):
    code = "wrong-otp"


class WrongBags(Conflict):
    """Carries `missing` and `foreign` bag codes."""

    code = "wrong-bags"
