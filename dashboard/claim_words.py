"""What the rules of claims saw and why they decided, in words for staff. Codes without words stay as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from blinkit.kernel.money import rupees
from blinkit.kernel.said import Said, say

RULES = {
    "for-a-person": say("No rule fits: a person decides"),
    "rider": say("About a person: no scan answers it"),
    "payment": say("About the bill: no scan answers it"),
    "never-came": say("Said to have never come: no scan answers it"),
    "in-time": say("It came in time"),
    "credited-already": say("The delay is in the wallet already"),
    "nothing-left": say("Nothing is left to give back"),
    "late": say("It came late"),
    "fewer-scanned": say("Fewer were scanned than billed"),
    "over-order-limit": say("More than goes back by itself for one order"),
    "over-30-day-limit": say("More than goes back by itself in 30 days"),
    "over-share-of-spending": say("A large share of what was spent"),
    "many-claims": say("Many claims in 30 days"),
    "unusual-history": say("An unusual history"),
    "photo": say("There is a photo"),
    "left-at-door": say("Left at the door: nobody could look into the bags"),
    "small-amount": say("A small amount"),
    "scanned-and-handed-over": say("All was scanned, and handed over with the code"),
}
HANDED_OVER = {"code": say("with the code"), "door": say("left at the door")}
YES, NO, UNKNOWN = say("yes"), say("no"), say("not known")


def rule_words(rule: str) -> str:
    return RULES.get(rule, rule)


def fact_rows(facts: Mapping[str, Any]) -> list[tuple[Said, str]]:
    """What was seen, the money first; of units only where the claim is about some."""

    def count(name: str) -> str:
        return UNKNOWN if facts.get(name) is None else str(facts[name])

    def money(name: str) -> str:
        return rupees(facts.get(name) or 0)

    if not facts:
        return []
    rows = [
        (say("Asked for"), money("amount_paise")),
        (say("Given back for this order before"), money("refunded_order_paise")),
    ]
    if facts.get("credited_paise"):
        rows.append((say("Given for the delay"), money("credited_paise")))
    if facts.get("qty"):
        rows += [(say("Units claimed"), count("qty")), (say("Units billed"), count("billed_qty"))]
        rows.append((say("Units scanned by the picker"), count("scanned_qty")))
    rows.append((say("Every bag scanned by the rider"), YES if facts.get("bags_complete") else NO))
    rows.append((say("Handed over"), HANDED_OVER.get(facts.get("handed_over", ""), UNKNOWN)))
    rows.append((say("Photo"), YES if facts.get("has_photo") else NO))
    if late_m := max(0, facts.get("late_s") or 0) // 60:
        rows.append((say("Late"), say("{n} min", n=late_m)))
    return rows
