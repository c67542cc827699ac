"""Refusals inventory can give."""

from blinkit.kernel.errors import Conflict, Invalid, NotFound


class OutOfStock(Conflict):
    """Carries `short`: {product id: units really free}."""

    code = "out-of-stock"


class HoldGone(Conflict):
    """The units were given back (the payment window ended) or were never set aside."""

    code = "hold-gone"


class UnitsHeld(Conflict):
    """The units to take away are set aside for orders. Carries `held` and `on_hand`."""

    code = "units-held"


class BadQuantity(Invalid):
    code = "bad-quantity"


class NoSuchBatch(NotFound):
    code = "no-such-batch"


class LotRecalled(Conflict):
    """Units of a recalled or expired lot would leave the store. Carries `lots`: [{"product", "lot", "units"}]."""

    code = "lot-recalled"
