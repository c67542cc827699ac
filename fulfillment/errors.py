"""Refusals the floor can give."""

from blinkit.kernel.errors import Conflict, Invalid, NotAllowed, NotFound


class WrongItem(Conflict):
    """The scanned code is not the wanted product. Carries `wanted` and `scanned`."""

    code = "wrong-item"


class EnoughOfIt(Conflict):
    code = "enough-of-it"


class UnknownBarcode(Invalid):
    code = "unknown-barcode"


class NotYourTask(Conflict):
    code = "not-your-task"


class TaskBusy(Conflict):
    """Another picker has it, or this picker still has one in hand."""

    code = "task-busy"


class NotOnShift(Conflict):
    code = "not-on-shift"


class LinesOpen(Conflict):
    """Some lines are neither picked nor shorted. Carries `open`."""

    code = "lines-open"


class NoFreeSlot(Conflict):
    code = "no-free-slot"


class WeightOff(Conflict):
    """Bags that weigh what they should not. Carries `bags`: per bag what is off, in grams and in words."""

    code = "weight-off"


class WeightMissing(Invalid):
    """This store weighs every bag. Carries `missing`: the numbers of those that were not."""

    code = "weight-missing"


class UnknownBag(NotFound):
    code = "unknown-bag"


class OtherStore(NotAllowed):
    code = "other-store"


class NoSuchTask(NotFound):
    code = "no-such-task"
