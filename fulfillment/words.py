"""Words of the floor that a template and a printed page share."""

from __future__ import annotations

from django.utils.translation import gettext as _

from blinkit.kernel.money import rupees
from orders.models import Consent, OrderLine


def zone_words(zone: str) -> str:
    words = {"frozen": _("Frozen"), "chilled": _("Chilled"), "produce": _("Produce"), "ambient": _("Dry")}
    return words.get(zone, "")


def consent_words(line: OrderLine) -> str:
    """What the customer wants when it is not there."""
    if line.consent == Consent.SUBSTITUTE:
        if line.substitute_up_to_paise:
            cap = _("up to %(amount)s dearer") % {"amount": rupees(line.substitute_up_to_paise)}
            return f"{_('If missing: bring similar')}, {cap}"
        return _("If missing: bring similar")
    if line.consent == Consent.CALL:
        return _("If missing: call")
    return _("If missing: refund")
