"""Refusals riders can meet."""

from blinkit.kernel.errors import Conflict, Invalid, NotAllowed, NotFound


class OfferGone(Conflict):
    """Answered, expired, withdrawn, or taken by somebody else."""

    code = "offer-gone"


class NotOnDuty(Conflict):
    code = "not-on-duty"


class TripLive(Conflict):
    """Not possible while bags are in hand."""

    code = "trip-live"


class NotYourTrip(NotAllowed):
    code = "not-your-trip"


class Suspended(NotAllowed):
    code = "rider-suspended"


class NoSuchRider(NotFound):
    code = "no-such-rider"


class StopGone(Conflict):
    """The stop is not in the state this act needs. Carries `state`."""

    code = "stop-gone"


class ReasonMissing(Invalid):
    code = "reason-missing"
