"""What kind of question it is before anything is made of it: about people, days to come, the house."""

from __future__ import annotations

from dashboard.ask.entities import told
from dashboard.ask.folding import stem
from dashboard.ask.house.words import hits_of, longest_first, speaks_of_expiry
from dashboard.ask.query import Query, Reading
from dashboard.ask.sheet import Sheet

_MARKET_TALK = frozenset({"deal", "price", "thing", "cheap", "alternative", "available", "unavailable", "average",
                          "mrp", "value", "coupon", "bundle", "each", "compare", "highest", "total",
                          "count"})  # fmt: skip
_PRICED = frozenset({"shelf", "product", "price_change", "price_list", "category", "city"})
"""Of ours, but asked for with the words platforms are asked with."""
_PEOPLE = frozenset(stem(word) for word in ("rider", "picker", "packer", "customer", "buyer", "user", "employee"))
_COUNTED_ONLY = frozenset({"customer", "buyer", "user"})
_RANKS_PEOPLE = frozenset({"which", "who", "whose", "top", "best", "worst", "slowest", "fastest", "laziest", "busiest"})


def is_about_people(sheet: Sheet) -> bool:
    """Whether single riders, pickers or customers are to be set against each other or picked out."""
    said = [token.text for token in sheet.tokens]
    for at, token in enumerate(sheet.tokens):
        if token.stem not in _PEOPLE:
            continue
        back = at - 1
        between = ("the", "is", "of", "our", "performing")
        while back >= 0 and (sheet.tokens[back].kind == "number" or said[back] in between):
            back -= 1
        one_by_one = back >= 0 and back == at - 1 and said[back] in ("by", "per", "each", "every")
        if one_by_one or (back >= 0 and said[back] in _RANKS_PEOPLE):
            return True
        after = said[at + 1] if at + 1 < len(said) else ""
        if after in ("wise", "ranking", "leaderboard") or (after == "who" and token.stem not in _COUNTED_ONLY):
            return True
        ranked = any(sheet.mark_at(n, "highest", "fewest", "top") for n in range(at + 1, at + 5))
        if after in ("with", "having") and ranked:
            return True
    return False


def is_figure(reading: Reading) -> bool:
    """ "top selling items" names a figure of the house; "our items" alone may be anybody's."""
    if not isinstance(reading.of, Query) or reading.confidence <= 0.9 or reading.of.entity in _PRICED:
        return False
    lists = {"stock.runs_out", "stock.low", "batch.near_expiry", "batch.past_expiry"}
    return bool(reading.of.measures) or any(one.field in lists for one in reading.of.filters)


def is_of_the_house(sheet: Sheet) -> bool:
    """Whether orders, riders, refunds or the like are spoken of, which no platform's prices have."""
    goods = sheet.mentioned("platform", "item", "category", "aisle", "brand", "word")
    if goods or sheet.has("platform", "cheap", "fee"):
        return False
    house = frozenset(told()["house"]["words"].split())
    return any(token.text in house for token in sheet.tokens)


def is_planned(sheet: Sheet) -> bool:
    """Days to come are known of what has a date already: what expires, slots, gigs, deliveries of suppliers."""
    if sheet.has("price", "cheap", "dear", "deal", "coupon", "bank", "bundle"):
        return False
    known = {"slot", "gig", "planned_shift", "purchase"} | ({"batch"} if speaks_of_expiry(sheet) else set())
    return any(hit.rank in ("entity", "flag") for name, hits in hits_of(sheet).items() if name in known for hit in hits)


def is_strong(sheet: Sheet, reading: Reading) -> bool:
    """Whether it was named with a word of its own, not only with words that prices are asked for with too (products,
    offers, average price). Stock and our own shop count as such."""
    if not isinstance(reading.of, Query) or sheet.has("ours") or sheet.mentioned("store"):
        return True
    shared = {at for mark in sheet.marks if mark.name in _MARKET_TALK for at in range(mark.first, mark.last)}
    hits = longest_first(hits_of(sheet).get(reading.of.entity, []))
    if reading.of.entity == "stock" and any(hit.rank in ("entity", "flag") for hit in hits):
        return True
    return any(
        hit.rank in ("entity", "measure", "flag") and not set(range(hit.first, hit.last)) <= shared for hit in hits
    )


def about_feeds(sheet: Sheet) -> bool:
    return any(
        token.text in ("feed", "feeds", "import", "imports", "match", "matches", "alerts") for token in sheet.tokens
    )
