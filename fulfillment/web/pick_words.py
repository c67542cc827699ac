"""What the pick screen says: the script knows what happened, the words are made here, in the reader's language.

Places like {name} are filled in by the script.
"""

from __future__ import annotations

from django.utils.translation import gettext as _


def feedback_words() -> dict[str, str]:
    """By what walk_state.js calls it, and the sentences of the page itself."""
    return {
        "got-it": _("Got it"),
        "n-of-m": _("{n} of {all}"),
        "all-found": _("All found"),
        "now-the-tote": _("Into tote {tote}"),
        "needs-weight": _("Weigh it: {least_g} to {most_g} g"),
        "item-first": _("That is tote {tote}. Scan the item first."),
        "tote-first": _("Put the one in your hand into tote {tote} first."),
        "weigh-first": _("Weigh the one in your hand first."),
        "enough-of-it": _("{name}: you have all {n} of it."),
        "not-wanted": _("Not on your list. Wanted: {name}."),
        "no-such-tail": _("No code on your list ends in {tail}. Look at the pack again."),
        "expired-item": _("This one was good until {until}. Put it aside and take another."),
        "wrong-lot": _("This is lot {scanned}. Take lot {wanted} from {bin}."),
        "lot-off-sale": _("Lot {scanned} is off sale. Put it aside."),
        "wrong-tote": _("That is tote {scanned}. This goes into tote {wanted}."),
        "too-light": _("{grams} g is {off} g too light. Add some."),
        "too-heavy": _("{grams} g is {off} g too heavy. Take some out."),
        "fits-nowhere": _("That is done already. Look at the line in front of you."),
        "undone": _("One unit is out of the tote again."),
        "short": _("Noted: {n} not found. The customer is told."),
        "other-lot": _("Go to {bin}."),
        "swapped": _("{name} comes instead. Go to {bin} and scan it."),
        "not-taken": _("Not taken over"),
        "offline-0": _("Working offline · everything is saved"),
        "offline-1": _("Working offline · 1 action saved"),
        "offline-n": _("Working offline · {n} actions saved"),
        "sign-in": _("You are signed out. {n} actions are kept: sign in to send them."),
        "left": _("{n} min"),
        "now": _("Now"),
        "late": _("{n} min late"),
        "in-tote": _("{n} of {all} in the tote"),
        "until": _("good until {until}"),
        "lot": _("Lot {lot}"),
        "gone": _("Recalled: take another"),
        "take-from": _("Take it from {bin}"),
        "home-place": _("its own place"),
        "there": _("{n} there"),
        "instead": _("Bring {name}"),
        "same-price": _("same price"),
        "cheaper": _("cheaper"),
        "dearer": _("{amount} dearer, on us"),
        "call": _("Call the customer first"),
        "none": _("{n} not in the store"),
        "back": _("{amount} less to pay, or back if it was paid. The customer is told now."),
        "missing": _("{n} of {all} missing"),
        "range": _("{least_g} to {most_g} g"),
        "no-camera": _("No camera here. Use the scanner or the last four digits."),
        "take-out": _("Recalled: take {n} × {name} out of tote {tote} and put it aside."),
        "wait": _("This needs the network. Scanning goes on without it."),
        "if-refund": _("If missing: refund"),
        "if-substitute": _("If missing: bring similar"),
        "if-call": _("If missing: call"),
        "is-instead": _("Comes instead of something missing"),
        "do-scan": _("Scan"),
        "do-short": _("Not found"),
        "do-substitute": _("Bring instead"),
        "do-other_lot": _("From another bin"),
        "do-undo": _("Undo"),
        "ambient": _("Dry"),
        "produce": _("Produce"),
        "chilled": _("Chilled"),
        "frozen": _("Frozen"),
        "pack-it": _("Pack {order}"),
        "waits": _("A colleague still brings something"),
        "others": _("{picker} packs this"),
    }


def next_words() -> dict[str, str]:
    """What to do about an action the store did not take over, by the refusal's code."""
    elsewhere = _(
        "Somebody else has this order now, or it was cancelled. Leave its tote where it is and tell your manager."
    )
    again = _("Look at the line again: what is still missing is shown. Choose another way.")
    return {
        "not-your-task": elsewhere,
        "no-such-task": elsewhere,
        "illegal-move": elsewhere,
        "enough-of-it": _("Put the one too many back into its bin."),
        "expired-item": _("Take it out of the tote, put it aside and scan another."),
        "wrong-lot": _("Take it out of the tote, put it aside and scan another."),
        "wrong-tote": _("Take it out, scan it again and then the right tote."),
        "wrong-item": _("Take it out of the tote and put it back into its bin."),
        "unknown-barcode": _("Take it out of the tote and put it back into its bin."),
        "weight-off": _("Weigh it again."),
        "needs-weight": _("Weigh it again."),
        "out-of-stock": again,
        "no-substitute": again,
        "not-on-shift": _("Start your shift again."),
        "": again,
    }
