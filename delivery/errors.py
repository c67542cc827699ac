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


class RiderBusy(Conflict):
    """The rider is on a trip already."""

    code = "rider-busy"


class Suspended(NotAllowed):
    code = "rider-suspended"


class NoSuchRider(NotFound):
    code = "no-such-rider"


class NoSuchOffer(NotFound):
    """There is none with this id for this rider; somebody else's is none."""

    code = "no-such-offer"


class NoSuchStop(NotFound):
    """Not on a trip of this rider."""

    code = "no-such-stop"


class StopGone(Conflict):
    """The stop is not in the state this act needs. Carries `state`."""

    code = "stop-gone"


class ReasonMissing(Invalid):
    code = "reason-missing"


class TooEarly(Conflict):
    """The rider may not leave yet. Carries `leave_from`, None while no wait has begun."""

    code = "too-early"


class CallFirst(Conflict):
    """Carries `calls` so far and how many are `needed`."""

    code = "call-first"


class ChatClosed(Conflict):
    """There is no open chat: the bags are not on the road, or the time after the door is over."""

    code = "chat-closed"


class NoSuchMessage(NotFound):
    code = "no-such-message"


class NoSuchIncident(NotFound):
    code = "no-such-incident"


class IncidentOver(Conflict):
    """It is resolved already."""

    code = "incident-over"
