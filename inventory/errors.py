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
    """A quantity is not a whole number that makes sense here."""

    code = "bad-quantity"


class NoSuchBatch(NotFound):
    """There is none with this id in this store."""

    code = "no-such-batch"


class LotRecalled(Conflict):
    """Units of a recalled or expired lot would leave the store. Carries `lots`: [{"product", "lot", "units"}]."""

    code = "lot-recalled"


class NoSupplier(Conflict):
    """Nobody is named who supplies this product."""

    code = "no-supplier"


class NoSuchDelivery(NotFound):
    """No such purchase order, receipt, transfer, putaway or difference, or not in this store."""

    code = "no-such-delivery"


class DeliveryMoved(Conflict):
    """A purchase order, receipt or transfer is in a state in which this cannot be done. Carries `state`."""

    code = "delivery-moved"


class ExpiryNeeded(Invalid):
    """These goods have a last day: say which."""

    code = "expiry-needed"


class TemperatureNeeded(Invalid):
    """Chilled and frozen goods are measured at the door."""

    code = "temperature-needed"


class ShortDated(Conflict):
    """Too little life is left to sell it. Carries `expires_on`; choose to refuse it or to keep it off sale."""

    code = "short-dated"


class NoSuchBin(Invalid):
    """This store has no bin of that name."""

    code = "no-such-bin"


class WrongZone(Conflict):
    """The bin is of another temperature zone. Carries `wanted` and `zone`."""

    code = "wrong-zone"


class NoSuchCount(NotFound):
    """There is none with this id in this store."""

    code = "no-such-count"


class CountClosed(Conflict):
    """The count is not in a state in which this can be done. Carries `state`."""

    code = "count-closed"


class AnotherPerson(Conflict):
    """Two pairs of eyes: who counted or asked cannot be the one who counts again or approves."""

    code = "another-person"


class NoSuchWastage(NotFound):
    """There is none with this id in this store."""

    code = "no-such-wastage"
