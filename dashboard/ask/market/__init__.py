"""Questions about prices, deals and fees of platforms made into queries and baskets of the market's entities."""

from __future__ import annotations

from datetime import datetime

from dashboard.ask.market import beside, moves, places, rivals, sets, shelf, shopping, sums, terms
from dashboard.ask.market.asked import Asked
from dashboard.ask.query import Basket, Reading, Understood
from dashboard.ask.sheet import Sheet

_WAYS = (
    beside.sizes,
    shopping.basket,
    shopping.alternatives,
    places.served,
    sets.sold_by,
    rivals.wins,
    rivals.gaps,
    terms.terms,
    places.fresh,
    terms.offers,
    places.members,
    moves.moved_prices,
    moves.periods,
    moves.extremes,
    moves.trend,
    places.platforms,
    shelf.detailed,
    beside.beside_others,
    sums.availability,
    sums.on_offer,
    sums.counted,
    sums.averaged,
    sums.topmost,
    sums.grouped,
    sums.best_platform,
    shelf.deals,
    sums.kinds,
    shelf.cheapest,
    beside.compared,
    shelf.stocked,
    shelf.listed,
)
"""Tried in this order; the first that has an answer counts."""


def readings(sheet: Sheet, *, now: datetime, city: str) -> list[Reading]:
    """How the question may be meant about the market; none when it is not."""
    made = _made(Asked(sheet, now, city))
    if made is None:
        return []
    understood, steps = made
    return [Reading(understood, sheet.confidence(), steps, sheet.unused())]


def _made(asked: Asked) -> tuple[Understood, tuple[str, ...]] | None:
    begins = asked.sheet.tokens[0].text
    if begins == "when" and not asked.sheet.has("ending"):
        return None
    if asked.sells_best():  # how much of it platforms sell nobody tells
        return None
    if (
        asked.sheet.has("equal") and asked.two_platforms() and not asked.goods
    ):  # what is equal on all is known, not on two
        return None
    before = set(asked.sheet.used)
    for way in _WAYS:
        asked.sheet.used = set(before)
        made = way(asked)
        if isinstance(made, Basket):
            return made, shopping.basket_steps(made)
        if made is not None:
            return made, ()
    return None
