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


class NoSuchCount(NotFound):
    code = "no-such-count"


class CountClosed(Conflict):
    """The count is not in a state in which this can be done. Carries `state`."""

    code = "count-closed"


class AnotherPerson(Conflict):
    """Two pairs of eyes: who counted or asked cannot be the one who counts again or approves."""

    code = "another-person"


class NoSuchWastage(NotFound):
    code = "no-such-wastage"
