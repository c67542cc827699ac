"""Words of claims, ratings and the help page, in the reader's language."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from blinkit.kernel.money import rupees
from catalog.pricing import FeeRules
from orders import claiming
from orders.claims import Claim, ClaimState


def line_kinds() -> list[tuple[str, str, str, bool]]:
    """(code, words, icon, whether a photo is needed)."""
    return [
        ("missing", _("It is missing"), "package-x", False),
        ("wrong", _("It is something else"), "arrow-up-down", False),
        ("damaged", _("It is damaged"), "package-open", True),
        ("bad", _("It is expired or bad"), "thumbs-down", True),
        ("not-as-described", _("It is not as described"), "circle-help", False),
    ]


def order_kinds() -> list[tuple[str, str, str]]:
    return [
        ("never-came", _("The order never came"), "package-x"),
        ("late", _("It came late"), "clock"),
        ("rider", _("About the rider"), "bike"),
        ("payment", _("Payment or bill"), "receipt-text"),
    ]


def kind_words(kind: str) -> str:
    words = {code: text for code, text, _icon, _photo in line_kinds()}
    words |= {code: text for code, text, _icon in order_kinds()}
    return words.get(kind, kind)


def state_words(claim: Claim) -> str:
    if claim.state == ClaimState.REFUNDED:
        return _("%(amount)s refunded") % {"amount": rupees(claim.refund_paise)}
    return _("A person looks at it") if claim.state == ClaimState.WAITING else _("Not refunded")


def short_state(claims: list[Claim]) -> str:
    """One badge for a card of the order list; "" without claims."""
    if not claims:
        return ""
    if any(claim.state == ClaimState.WAITING for claim in claims):
        return _("Claim: a person looks at it")
    back = sum(claim.refund_paise for claim in claims)
    return _("Claim: %(amount)s refunded") % {"amount": rupees(back)} if back else _("Claim: not refunded")


def chip_words() -> list[tuple[str, str, str, bool]]:
    """(code, words, icon, whether it is praise)."""
    return [
        ("fresh", _("Fresh"), "leaf", True),
        ("in-time", _("In time"), "clock", True),
        ("well-packed", _("Well packed"), "package-check", True),
        ("kind-rider", _("Kind rider"), "smile", True),
        ("good-prices", _("Good prices"), "badge-percent", True),
        ("not-fresh", _("Not fresh"), "thumbs-down", False),
        ("late", _("Late"), "hourglass", False),
        ("badly-packed", _("Badly packed"), "package-open", False),
        ("unkind-rider", _("Unkind rider"), "user-x", False),
        ("item-missing", _("Something missing"), "package-x", False),
    ]


def questions(
    claims: claiming.Policy, fees: FeeRules | None, *, pay_m: int, cash_paise: int = 0
) -> list[tuple[str, str]]:
    """Frequent questions, answered from the values that hold now: (question, answer). `cash_paise`: the most that the
    reader may owe in cash, 0 for none.
    """
    hours = {"n": claims.window_h, "fresh": claims.perishable_window_h}
    found = [
        (
            _("Can I cancel an order?"),
            _("Yes, until the store begins to pick it. What you paid goes back the way it came. After that, call us."),
        ),
        (
            _("Something was missing, wrong or bad. What now?"),
            _(
                "Open the order, tap “Help” and tap the item. You have %(n)s hours after delivery; "
                "%(fresh)s for chilled and frozen things, fruit and vegetables. For damaged or bad things take a photo."
            )
            % hours,
        ),
        (
            _("When do I get my money back?"),
            _(
                "Most claims up to %(amount)s are answered in seconds, and the money goes back the way you paid; what "
                "you paid in cash comes into your wallet. Others are looked at by a person, who answers within a few "
                "hours. Banks may take a day to show it."
            )
            % {"amount": rupees(claims.order_paise)},
        ),
        (
            _("My order was late. Do I get something back?"),
            ngettext(
                "Credit for a delay comes into your wallet by itself. From %(n)s minute after the promised time on, "
                "what is left of the delivery fee goes back when you tell us.",
                "Credit for a delay comes into your wallet by itself. From %(n)s minutes after the promised time on, "
                "what is left of the delivery fee goes back when you tell us.",
                claims.late_after_m,
            )
            % {"n": claims.late_after_m},
        ),
        (
            _("How long may I take to pay?"),
            _("Your items are set aside for %(n)s minutes. If you don't pay, they go back and nothing is charged.")
            % {"n": pay_m},
        ),
    ]
    if fees is not None:
        found += [
            (_("What does delivery cost?"), _fee_words(fees)),
            (
                _("Can I pay cash?"),
                _("Yes, at the door, up to %(limit)s: not with “Leave at the door” or “Leave with the guard”.")
                % {"limit": rupees(cash_paise)}
                if cash_paise
                else _("Not just now. Orders paid by UPI or card are not limited."),
            ),
        ]
    found.append(
        (
            _("What if something can't be found?"),
            _("You choose for each item in the cart: refund it, bring something similar, or call you."),
        )
    )
    return found


def _fee_words(fees: FeeRules) -> str:
    said = [
        _("%(fee)s, free from %(free)s.")
        % {"fee": rupees(fees.delivery_paise), "free": rupees(fees.free_delivery_from_paise)}
    ]
    if fees.handling_paise:
        said.append(_("Handling costs %(fee)s.") % {"fee": rupees(fees.handling_paise)})
    if fees.small_cart_paise:
        said.append(
            _("Carts under %(below)s pay %(fee)s more.")
            % {"below": rupees(fees.small_cart_below_paise), "fee": rupees(fees.small_cart_paise)}
        )
    return " ".join(said)
