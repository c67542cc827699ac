"""Refusals the floor can give."""

from blinkit.kernel.errors import Conflict, Invalid, NotAllowed, NotFound


class WrongItem(Conflict):
    """The scanned code is not the wanted product. Carries `wanted` and `scanned`."""

    code = "wrong-item"


class WrongLot(Conflict):
    """The right product of a lot that is held for somebody else, or off sale. Carries `wanted` and `scanned`."""

    code = "wrong-lot"


class ExpiredItem(Conflict):
    """The pack in the hand is past its last day. Carries `expired_on`."""

    code = "expired-item"


class WrongTote(Conflict):
    """The item belongs into another tote, or it was not said into which. Carries `wanted` and `scanned` (A to D)."""

    code = "wrong-tote"


class NeedsWeight(Conflict):
    """Loose goods have to be weighed. Carries `least_g` and `most_g`."""

    code = "needs-weight"


class WeightOff(Conflict):
    """Too light or too heavy. Carries `grams`, `least_g` and `most_g`."""

    code = "weight-off"


class EnoughOfIt(Conflict):
    """All units of this line are in the tote."""

    code = "enough-of-it"


class UnknownBarcode(Invalid):
    """No product has this code."""

    code = "unknown-barcode"


class NotYourTask(Conflict):
    """Another picker has it in hand."""

    code = "not-your-task"


class TaskBusy(Conflict):
    """Another picker has it, or this picker still has one in hand."""

    code = "task-busy"


class NotOnShift(Conflict):
    """Begin a shift first."""

    code = "not-on-shift"


class OnBreak(Conflict):
    """No order is given to somebody who rests."""

    code = "on-break"


class AlreadyPlanned(Conflict):
    """The person is planned at that time. Carries `store`, `from` and `to`."""

    code = "already-planned"


class LinesOpen(Conflict):
    """Some lines are neither picked nor shorted. Carries `open`."""

    code = "lines-open"


class NoFreeSlot(Conflict):
    """Every place of the handover shelf is taken."""

    code = "no-free-slot"


class BagWeightOff(Conflict):
    """Bags that weigh what they should not. Carries `bags`: per bag what is off, in grams and in words."""

    code = "bag-weight-off"


class WeightMissing(Invalid):
    """This store weighs every bag. Carries `missing`: the numbers of those that were not."""

    code = "weight-missing"


class UnknownBag(NotFound):
    """No bag that stands here has this code."""

    code = "unknown-bag"


class OtherStore(NotAllowed):
    """This person does not work in that store."""

    code = "other-store"


class NoSuchTask(NotFound):
    """There is none with this id."""

    code = "no-such-task"
