"""Refusals catalog can give."""

from __future__ import annotations

from blinkit.kernel.errors import Conflict, Invalid, NotFound, Refusal, SignInNeeded


class PriceAboveMrp(Invalid):
    """Nothing is sold above its MRP (Legal Metrology rules). Carries `above`: {sku: mrp_paise}."""

    code = "price-above-mrp"


class BadPrice(Invalid):
    code = "bad-price"
    default_detail = "A price must be at least one paisa."


class BadArea(Invalid):
    code = "bad-area"
    default_detail = "Draw the area as a ring of at least three corners, each [longitude, latitude]."


class NoSuchStore(NotFound):
    code = "no-such-store"
    default_detail = "There is no such store."


class NoSuchProduct(NotFound):
    code = "no-such-product"
    default_detail = "This product is not on this store's shelf."


class NoSuchCategory(NotFound):
    code = "no-such-category"
    default_detail = "There is no such category."


class BadCursor(Invalid):
    code = "bad-cursor"
    default_detail = "This page link is damaged. Start again from the first page."


class NoSuchList(NotFound):
    code = "no-such-list"
    default_detail = "There is no such list."


class ListNameTaken(Conflict):
    code = "list-name-taken"
    default_detail = "You have a list of this name already."


class TooManyWishes(Conflict):
    """Carries `max`."""

    code = "too-many-wishes"


class PromotionGone(Conflict):
    """Carries `promotion_id`."""

    code = "promotion-gone"
    default_detail = "A promotion has just been used up."


class BadPicture(Invalid):
    code = "bad-picture"
    default_detail = "This is no picture we can show."


class BadSchedule(Invalid):
    code = "bad-schedule"
    default_detail = "Give a time that lies ahead."


class SheetChanged(Conflict):
    code = "sheet-changed"
    default_detail = "Something changed since the preview. Look at it once more."


class SheetRefused(Invalid):
    """A sheet of an import has faults. They are listed by row."""

    code = "sheet-refused"


class NoSuchAlert(NotFound):
    code = "no-such-alert"
    default_detail = "There is no such alert."


class BadAlert(Invalid):
    """Carries `errors` by field."""

    code = "bad-alert"


class TooManyAlerts(Conflict):
    """Carries `max`."""

    code = "too-many-alerts"


class BadFeedSignature(SignInNeeded):
    code = "bad-feed-signature"
    default_detail = "The signature does not fit this feed and message."


class FeedTooLarge(Refusal):
    """Send the feed in parts."""

    code = "feed-too-large"
    status = 413


class FeedUnreadable(Invalid):
    """The feed is not in the form that was agreed."""

    code = "feed-unreadable"


class NoSuchMatch(NotFound):
    code = "no-such-match"
    default_detail = "There is no such match."


class MatchTaken(Conflict):
    """Carries `state`: what was decided before, or that another product was accepted for the listing."""

    code = "match-taken"
    default_detail = "Somebody has decided on this listing already."


class NoSuchCity(NotFound):
    code = "no-such-city"
    default_detail = "We know no prices in such a city."
