"""Which platforms there are and where they deliver; what is new; what members pay."""

from __future__ import annotations

from datetime import timedelta

from dashboard.ask.goods import one_of, turned_to
from dashboard.ask.market.asked import Asked
from dashboard.ask.market.shape import LONG, OFFER_ROWS, SHORT, midnight
from dashboard.ask.query import Filter, Intent, Op, Order, Query, Window

_LISTED = frozenset({"list", "which", "what", "name", "names", "many", "show", "supported", "compared", "covered",
                     "track", "tracked", "there", "known", "all"})  # fmt: skip
_A_WEEK = timedelta(days=7)


def platforms(asked: Asked) -> Query | None:
    """ "List platforms", "how many apps are compared?": nothing else is said of them."""
    sheet = asked.sheet
    if not asked.wants_platform or asked.platforms or asked.goods or sheet.spans or asked.here:
        return None
    if not any(token.text in _LISTED for token in sheet.tokens):
        return None
    said = {mark.name for mark in sheet.marks} - {"platform", "count", "compare", "available"}
    if said - {"thing"} or (sheet.has("compare") and not any(t.text in ("compared", "you") for t in sheet.tokens)):
        return None
    if sheet.has("thing") or (sheet.has("available") and any(t.text == "all" for t in sheet.tokens)):
        return None
    sheet.take("compare", "available")
    if sheet.take("count"):
        return Query(Intent.FIGURE, "platform", measures=("platform.count",), limit=1)
    return Query(Intent.LIST, "platform", columns=("platform.name", "platform.is_ours"),
                 order=(Order("platform.name"),), limit=LONG)  # fmt: skip


def served(asked: Asked) -> Query | None:
    """In which cities a platform delivers; whether it does in one."""
    sheet, terms = asked.sheet, "platform_terms"
    texts = [token.text for token in sheet.tokens]
    cities = [at for at, text in enumerate(texts) if text in ("city", "cities", "where")]
    delivers = [at for at, text in enumerate(texts) if text in ("deliver", "delivers", "operate", "operates", "serve",
                "serves", "available", "present", "work", "works")]  # fmt: skip
    you = asked.asks("you", "u") and not asked.platforms
    if (
        asked.goods
        or not (asked.platforms or asked.wants_platform or you)
        or sheet.has("fee", "fast", "minimum", "price")
    ):
        return None
    if not delivers or not (cities or asked.here) or sheet.has("thing", "cheap", "deal", "compare"):
        return None
    for at in (*cities, *delivers):
        sheet.use(at, at + 1)
    sheet.take("available")
    columns = ("platform", "city", "eta_low", "eta_high", "delivery_fee")
    filters = [turned_to(one, terms) for one in asked.platforms]
    ours = next((one.key for one in sheet.lexicon.platforms if one.ours), "")
    if you and ours:
        filters.append(Filter(f"{terms}.platform", Op.EQ, (ours,), "you"))
    if asked.here:
        filters.append(one_of(f"{terms}.city", list(asked.cities), ""))
    return Query(
        Intent.LIST, terms, columns=tuple(f"{terms}.{one}" for one in columns), filters=tuple(filters),
        order=(Order(f"{terms}.city"), Order(f"{terms}.eta_low")), limit=LONG,
    )  # fmt: skip


def fresh(asked: Asked) -> Query | None:
    """New offers by when they began, new products by when they were first seen; a week back when nothing is said."""
    sheet = asked.sheet
    offers = sheet.has("fresh_offer")
    if not (offers or sheet.has("new")):
        return None
    sheet.take("fresh_offer", "new", "thing", "deal", "price", "available")
    subject = asked.subject()
    if offers:
        offer = "market_offer"
        named = [one for one in (*subject.filters, *asked.platforms) if one.field != "listing.name"]
        filters = [turned_to(one, offer) for one in named]
        if asked.city:
            filters.append(Filter(f"{offer}.city", Op.EQ, (asked.city,), ""))
        return Query(Intent.DEALS, offer, columns=OFFER_ROWS, filters=tuple(filters),
                     window=_lately(asked, f"{offer}.starts_at"), order=(Order(f"{offer}.starts_at", down=True),),
                     limit=LONG)  # fmt: skip
    seen = "listing.first_seen_at"
    filters = asked.filters_of(subject, available=True)
    columns = ("listing.name", "listing.pack", "listing.platform", "listing.price", "listing.discount", seen)
    return Query(Intent.LIST, "listing", columns=columns, filters=tuple(filters), window=_lately(asked, seen),
                 order=(Order(seen, down=True),), limit=LONG)  # fmt: skip


def _lately(asked: Asked, path: str) -> Window:
    tonight = midnight(asked.now) + timedelta(days=1)
    return asked.window(path) or Window(path, tonight - _A_WEEK, tonight, "last 7 days")


def members(asked: Asked) -> Query | None:
    """What platforms charge those who pay for a membership."""
    sheet = asked.sheet
    if not sheet.has("member") or not (sheet.has("price", "deal", "thing") or asked.goods or asked.platforms or any(
        token.text in ("price", "prices", "discount", "discounts") for token in sheet.tokens
    )):  # fmt: skip
        return None
    sheet.take("member", "price", "deal", "thing", "compare", "cheap", "each", "shopping")
    subject = asked.subject()
    filters = [*subject.filters, *asked.figures(money="listing.member_price"),
               Filter("listing.member_price", Op.GT, (0,), ""), *asked.where(available=True)]  # fmt: skip
    columns = ("listing.name", "listing.pack", "listing.platform", "listing.member_price", "listing.price",
               "listing.mrp")  # fmt: skip
    return Query(Intent.LIST, "listing", columns=columns, filters=tuple(filters),
                 order=(Order("listing.member_price"),), limit=LONG if not subject.items else SHORT)  # fmt: skip
