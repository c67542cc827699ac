"""Refusals orders can give."""

from blinkit.kernel.errors import Conflict, Invalid, NotFound


class IllegalMove(Conflict):
    """The order's status does not allow this."""

    code = "illegal-move"


class BillChanged(Conflict):
    """Carries `bill`, to be shown and accepted; `changed` (parts, lines, promotions: old and new; None when the bill
    that was shown is not remembered any more), `sentences` that say it, and `moved` when another store took over."""

    code = "bill-changed"


class CartEmpty(Invalid):
    """There is nothing in the cart, or it was ordered already."""

    code = "cart-empty"


class NotServed(Conflict):
    """Nobody delivers to this place (yet)."""

    code = "not-served"


class StoreClosed(Conflict):
    """The store does not take orders now. Carries `reason`."""

    code = "store-closed"


class SlotGone(Conflict):
    """The chosen slot is full, past its last moment, or not this store's. Carries `slots`: those that are left."""

    code = "slot-gone"


class CashLimit(Conflict):
    """Carries `limit_paise`, this customer's, and `city_limit_paise`, that of everybody."""

    code = "cash-limit"


class CashNeedsHand(Conflict):
    """Cash is handed over at the door: it cannot be left there."""

    code = "cash-needs-hand"


class TooManyUnits(Conflict):
    """More than allowed per order. Carries `max`."""

    code = "too-many-units"


class TooMuchToCarry(Conflict):
    """More than one rider of the store carries: `bags` of `most_bags`, `litres` of `most_litres` (0: no such limit)."""

    code = "too-much-to-carry"


class BelowMinimum(Conflict):
    """Carries `minimum_paise` and `missing_paise`."""

    code = "below-minimum"


class TooManyOpenOrders(Conflict):
    """So many orders wait for payment (or for cash at the door) already. Carries `open` and `max`."""

    code = "too-many-open-orders"


class TooLateToCancel(Conflict):
    """Carries `status_now`."""

    code = "too-late-to-cancel"


class RiderTaken(Conflict):
    """Another rider has this order."""

    code = "rider-taken"


class WrongCash(Conflict):
    """Carries `due_paise`."""

    code = "wrong-cash"


class NoSuchOrder(NotFound):
    code = "no-such-order"
    default_detail = "There is no such order."


class NoSuchLine(NotFound):
    """Not a line of this order."""

    code = "no-such-line"


class NoSuchAddress(NotFound):
    code = "no-such-address"
    default_detail = "Choose one of your saved addresses."


class NotOnShelf(NotFound):
    """This store does not sell it."""

    code = "not-on-shelf"


class WrongOtp(Invalid):
    """Not the door code: the customer sees it on the order's page."""

    code = "wrong-otp"


class ProofNeeded(Invalid):
    """The door code (or, with "leave at door", a photo) is missing."""

    code = "proof-needed"


class ReasonNeeded(Invalid):
    """Say why."""

    code = "reason-needed"


class NoSubstitute(Conflict):
    """This can't come instead: not asked for, too dear, or in the order already."""

    code = "no-substitute"


class WrongBags(Conflict):
    """Carries `missing` and `foreign` bag codes."""

    code = "wrong-bags"


class WrongBag(Conflict):
    """A scanned code is not this order's. Carries `scanned`, `right_slot` and the bag codes still `missing`."""

    code = "wrong-bag"


class BagTwice(Conflict):
    """This bag is off the shelf already. Carries the bag codes still `missing`."""

    code = "bag-twice"


class NotReady(Conflict):
    """Bags that can't leave (yet): not packed, no rider, cancelled. Carries `status_now`."""

    code = "not-ready"


class BadFilter(Invalid):
    """Carries `errors`: what is wrong with which filter."""

    code = "bad-filter"


class ReferralRefused(Conflict):
    """A friend's code does not count. Carries `why`."""

    code = "referral-refused"


class NotClaimable(Conflict):
    """The order is not delivered (yet), or the time for claims is over. Carries `until` where there was a time."""

    code = "not-claimable"


class AlreadyClaimed(Conflict):
    """These units are claimed already. Carries `left`: units that are not."""

    code = "already-claimed"


class PhotoNeeded(Invalid):
    code = "photo-needed"
    default_detail = "Take a photo of it, please: what is damaged or bad can be seen."


class TooManyPhotos(Conflict):
    """Carries `max`."""

    code = "too-many-photos"


class NoSuchClaim(NotFound):
    code = "no-such-claim"
    default_detail = "There is no such claim."


class ClaimDecided(Conflict):
    """Somebody has decided it. Carries `state`."""

    code = "claim-decided"


class TooMuchBack(Invalid):
    """Carries `most_paise`."""

    code = "too-much-back"


class RatingClosed(Conflict):
    """Only delivered orders are rated, and a rating can be changed for a day."""

    code = "rating-closed"


class NoSuchDocument(NotFound):
    code = "no-such-document"
    default_detail = "There is no such invoice. It is made when the order leaves the store."


class OrderOpen(Conflict):
    """The account cannot be removed yet."""

    code = "order-open"
    default_detail = "An order or a claim is still running."
