"""Refusals riders can meet."""

from blinkit.kernel.errors import Conflict, Invalid, NotAllowed, NotFound


class OfferGone(Conflict):
    """Answered, expired, withdrawn, or taken by somebody else."""

    code = "offer-gone"


class NotOnDuty(Conflict):
    """Only riders on duty do this."""

    code = "not-on-duty"


class TripLive(Conflict):
    """Not possible while bags are in hand."""

    code = "trip-live"


class RiderBusy(Conflict):
    """The rider is on a trip already."""

    code = "rider-busy"


class CannotTake(Conflict):
    """The rider cannot carry it, or may not collect it. Carries `why`, in the words of the dispatcher."""

    code = "cannot-take"


class AgainstRule(Conflict):
    """Rounds would not do this; a person may, who says so with `sure`."""

    code = "against-the-rule"


class Suspended(NotAllowed):
    """The rider may not ride: why, and until when, is said."""

    code = "rider-suspended"


class NoSuchRider(NotFound):
    """There is none like that, or whoever is signed in does not ride."""

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
    """Say why."""

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
    """Somebody has decided it already."""

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
    """Not in this chat."""

    code = "no-such-message"


class NoSuchIncident(NotFound):
    """There is none with this id."""

    code = "no-such-incident"


class IncidentOver(Conflict):
    """It is resolved already."""

    code = "incident-over"


class PapersMissing(NotAllowed):
    """Carries `missing`: the kinds of papers that are still needed."""

    code = "papers-missing"


class NoSuchPaper(NotFound):
    """There is none with this id."""

    code = "no-such-paper"


class PaperDecided(Conflict):
    """Somebody decided it meanwhile, or a newer one took its place. Carries `state`."""

    code = "paper-decided"


class PaperOfAnother(Conflict):
    """The same identity or licence is verified for another rider."""

    code = "paper-of-another-rider"


class NoSuchGig(NotFound):
    """There is none with this id at this rider's store."""

    code = "no-such-gig"


class GigFull(Conflict):
    """Nobody else can book this gig."""

    code = "gig-full"


class GigOver(Conflict):
    """It has ended, was called off, or cannot be changed any more."""

    code = "gig-over"


class GigClash(Conflict):
    """Another booking of this rider at the same hours, or more hours than a day may have."""

    code = "gig-clash"


class BookingNeeded(Conflict):
    """This city rides by booking only."""

    code = "booking-needed"


class LocationNeeded(Conflict):
    """The phone gives no position: nobody can be sent to a rider we cannot see."""

    code = "location-needed"


class FarFromStore(Conflict):
    """Carries `metres` and `allowed_metres`."""

    code = "far-from-store"


class SelfCheckNeeded(Conflict):
    """Carries `items`: what to look at before the first ride of the day."""

    code = "self-check-needed"


class NoSuchSuspension(NotFound):
    """This rider is not suspended."""

    code = "no-such-suspension"


class AppealSent(Conflict):
    """One is being looked at, or no more can be sent."""

    code = "appeal-sent"
