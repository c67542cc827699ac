"""What happened in a wallet, in the reader's language."""

from __future__ import annotations

from django.utils.translation import gettext as _


def entry_words(kind: str, memo: str) -> tuple[str, str]:
    """(what, about what) of one posting. The memo of an order is "Order T-48213", else a reason as it was given."""
    words = {
        "wallet": _("Paid"),
        "wallet_return": _("Back from an order"),
        "refund": _("Refund"),
        "cashback": _("Cashback"),
        "cashback_back": _("Cashback of what was refunded"),
        "referral": _("For inviting a friend"),
        "goodwill": _("From us"),
        "expired": _("Expired"),
    }
    number = memo.removeprefix("Order ")
    about = _("Order %(number)s") % {"number": number} if number != memo else memo
    return words.get(kind, kind), about


def source_words(source: str) -> str:
    words = {
        "refund": _("Refund"),
        "cashback": _("Cashback"),
        "referral": _("For inviting a friend"),
        "late": _("Came late"),
    }
    return words.get(source, _("From us"))
