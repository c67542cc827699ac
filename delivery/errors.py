"""Refusals riders can meet."""

from blinkit.kernel.errors import Conflict, NotAllowed


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
