"""What one promotion is worth on its own, kind by kind.

Rounding: a share of an amount is rounded half up to a whole paisa, once for the whole promotion; the parts of the
lines then sum exactly to it (largest remainder).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from blinkit.kernel.money import BASIS_POINTS, rupees, share_out
from blinkit.kernel.said import say
from catalog.pricing.promotions.rules import Item, Kind, Left, Lines, Rule, Why

FREE_BP = BASIS_POINTS


@dataclass(frozen=True, slots=True)
class Refusal:
    why: Why
    sentence: str


NOTHING_THERE = Refusal(Why.NOT_IN_BASKET, "Nothing it is for is in your cart.")


@dataclass(frozen=True, slots=True)
class Benefit:
    """An item promotion applied to a basket: paise off per line (by place in the basket), and the lines it takes."""

    rule: Rule
    off: dict[int, int]
    takes: frozenset[int]
    units: int = 0
    worth: int = field(default=0)


def share_of(amount_paise: int, bp: int) -> int:
    return (amount_paise * bp * 2 + BASIS_POINTS) // (BASIS_POINTS * 2)


def off_whole(rule: Rule, paid_paise: int) -> int:
    """What a PERCENT, FLAT or CASHBACK takes (or credits) on an amount: never more than the amount or its cap.

    One paisa less to pay lowers it by at most one paisa: the engine relies on that.
    """
    worth = share_of(paid_paise, rule.percent_bp) if rule.percent_bp else rule.amount_paise
    if rule.cap_paise is not None:
        worth = min(worth, rule.cap_paise)
    return max(0, min(worth, paid_paise))


def is_per_line(rule: Rule) -> bool:
    """Whether each line's discount is its own affair: then the promotion may get some of its lines and not others."""
    if rule.is_limited or rule.min_items_paise or rule.cap_paise is not None:
        return False
    return rule.kind == Kind.PERCENT or (rule.kind == Kind.FLASH and rule.most_times is None)


def item_benefit(rule: Rule, basket: Lines | Sequence[Item], left: Left) -> Benefit | Refusal:
    """The rule on all the lines it is on."""
    lines = basket if isinstance(basket, Lines) else Lines(basket)
    items = lines.items
    places = list(range(len(items))) if rule.kind == Kind.BUNDLE else lines.on(rule)
    if not places:
        return NOTHING_THERE
    gross = [lines.gross[place] for place in places]
    if rule.kind != Kind.FREE_ITEM and (missing := rule.min_items_paise - sum(gross)) > 0:
        return Refusal(Why.BELOW_MINIMUM, say("Add {amount} more of what it is for.", amount=rupees(missing)))
    match rule.kind:
        case Kind.PERCENT | Kind.FLAT:
            shares = share_out(off_whole(rule, sum(gross)), gross)
            found: Benefit | Refusal = _made(rule, dict(zip(places, shares, strict=True)), places)
        case Kind.FLASH:
            found = _flash(rule, items, places, left)
        case Kind.FREE_ITEM:
            found = _free_item(rule, items, places)
        case Kind.BUY_GET:
            found = _buy_get(rule, items, places)
        case Kind.BUNDLE:
            found = _bundle(rule, lines)
        case _:
            raise ValueError(f"{rule.kind} is not about items.")
    if isinstance(found, Benefit):
        found = _capped(found)
        if left.paise is not None and found.worth > left.paise:
            return Refusal(Why.USED_UP, "Its budget is used up.")
        if not found.worth:
            return Refusal(Why.NOTHING_TO_SAVE, "It saves nothing on what is in your cart.")
    return found


def _made(rule: Rule, off: dict[int, int], takes: Sequence[int], units: int = 0) -> Benefit:
    kept = {place: paise for place, paise in off.items() if paise > 0}
    return Benefit(rule, kept, frozenset(takes), units, sum(kept.values()))


def _capped(benefit: Benefit) -> Benefit:
    cap = benefit.rule.cap_paise
    if cap is None or benefit.worth <= cap:
        return benefit
    places = sorted(benefit.off)
    shares = share_out(cap, [benefit.off[place] for place in places])
    return _made(benefit.rule, dict(zip(places, shares, strict=True)), sorted(benefit.takes), benefit.units)


def _flash(rule: Rule, items: Sequence[Item], places: Sequence[int], left: Left) -> Benefit | Refusal:
    """The dearest units first, as many as the sale still has and one order may take."""
    limits = [limit for limit in (rule.most_times, left.units) if limit is not None]
    units = min(limits, default=None)
    if units is not None and units <= 0:
        return Refusal(Why.USED_UP, "The sale is sold out.")
    off: dict[int, int] = {}
    used = 0
    for place in sorted(places, key=lambda place: (-items[place].unit_price_paise, place)):
        saving = items[place].unit_price_paise - rule.amount_paise
        count = items[place].qty if units is None else min(items[place].qty, units - used)
        if saving > 0 and count > 0:
            off[place] = saving * count
            used += count
    return _made(rule, off, sorted(off), used)


def _free_item(rule: Rule, items: Sequence[Item], places: Sequence[int]) -> Benefit | Refusal:
    """The cheapest of its products, free. What is free does not count towards the minimum."""
    place = min(places, key=lambda place: (items[place].unit_price_paise, place))
    count = min(rule.get_qty, items[place].qty)
    worth = count * items[place].unit_price_paise
    others = sum(item.qty * item.unit_price_paise for item in items) - worth
    if (missing := rule.min_items_paise - others) > 0:
        return Refusal(Why.BELOW_MINIMUM, say("Add {amount} more and it is free.", amount=rupees(missing)))
    return _made(rule, {place: worth}, [place], count)


def _buy_get(rule: Rule, items: Sequence[Item], places: Sequence[int]) -> Benefit | Refusal:
    """Takes all lines it is on: what was bought towards it earns no other promotion."""
    together = rule.buy_qty + rule.get_qty
    units = sum(items[place].qty for place in places)
    times = units // together
    if rule.most_times is not None:
        times = min(times, rule.most_times)
    if not times:
        return Refusal(Why.TOO_FEW, say("Add {n} more of what it is for.", n=together - units))
    open_units = times * rule.get_qty
    off: dict[int, int] = {}
    for place in sorted(places, key=lambda place: (items[place].unit_price_paise, place)):
        count = min(open_units, items[place].qty)
        open_units -= count
        off[place] = share_of(count * items[place].unit_price_paise, rule.percent_bp or FREE_BP)
    return _made(rule, off, places, times)


def _bundle(rule: Rule, lines: Lines) -> Benefit | Refusal:
    items = lines.items
    places = [place for product, _ in rule.parts if (place := lines.place_of(product)) is not None]
    if not places or len(places) < len(rule.parts):
        return Refusal(Why.NOT_IN_BASKET, "Not everything of the bundle is in your cart.")
    times = min([items[place].qty // qty for place, (_, qty) in zip(places, rule.parts, strict=True)])
    if rule.most_times is not None:
        times = min(times, rule.most_times)
    if not times:
        return Refusal(Why.TOO_FEW, "The bundle needs more of something that is in your cart.")
    worths = [items[place].unit_price_paise * qty * times for place, (_, qty) in zip(places, rule.parts, strict=True)]
    saved = sum(worths) - rule.amount_paise * times
    if saved <= 0:
        return Refusal(Why.NOTHING_TO_SAVE, "The bundle is no cheaper just now.")
    return _made(rule, dict(zip(places, share_out(saved, worths), strict=True)), places, times)
