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


class NoSupplier(Conflict):
    code = "no-supplier"


class NoSuchDelivery(NotFound):
    """No such purchase order, receipt, transfer, putaway or difference, or not in this store."""

    code = "no-such-delivery"


class DeliveryMoved(Conflict):
    """A purchase order, receipt or transfer is in a state in which this cannot be done. Carries `state`."""

    code = "delivery-moved"


class ExpiryNeeded(Invalid):
    code = "expiry-needed"


class TemperatureNeeded(Invalid):
    code = "temperature-needed"


class ShortDated(Conflict):
    """Too little life is left to sell it. Carries `expires_on`; choose to refuse it or to keep it off sale."""

    code = "short-dated"


class NoSuchBin(Invalid):
    code = "no-such-bin"


class WrongZone(Conflict):
    """The bin is of another temperature zone. Carries `wanted` and `zone`."""

    code = "wrong-zone"


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
