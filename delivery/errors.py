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


class NotThere(Conflict):
    """The rider's position is somewhere else. Carries `metres`; say it again with `sure` when the position is wrong."""

    code = "not-there"


class ReasonMissing(Invalid):
    code = "reason-missing"


class NoSuchDeduction(NotFound):
    """None of this rider's."""

    code = "no-such-deduction"


class DeductionFinal(Conflict):
    """It is decided, dropped or counted, or the time to dispute is over."""

    code = "deduction-final"


class SamePerson(NotAllowed):
    """Who asked for a deduction does not decide its dispute."""

    code = "same-person"


class ReviewClosed(Conflict):
    code = "review-closed"


class NothingToDeposit(Conflict):
    """Carries `in_hand_paise`."""

    code = "nothing-to-deposit"


class DropRatingClosed(Conflict):
    """Only doors of one's own that are done are rated, and changed for a day."""

    code = "drop-rating-closed"


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
