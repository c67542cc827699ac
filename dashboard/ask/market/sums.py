"""Counts, averages and rankings of what platforms list."""

from __future__ import annotations

from dashboard.ask.market.asked import GROUPS, Asked
from dashboard.ask.market.shape import PRICES, figures_of
from dashboard.ask.query import Filter, Intent, Op, Order, Query


def counted(asked: Asked) -> Query | None:
    """How many; by platform when platforms are asked about."""
    sheet = asked.sheet
    most = (
        asked.which_platform() and sheet.has("highest", "fewest") and not sheet.has("price", "cheap", "value", "dear")
    )
    if not sheet.take("count") and not (
        most and sheet.has("thing", "available", "unavailable") and not sheet.has("deal")
    ):
        return None
    sheet.take("thing", "shopping", "price")
    by = asked.by()
    filters = []
    if sheet.take("unavailable"):
        filters.append(Filter("listing.available", Op.EQ, (False,), "out of stock"))
    elif sheet.take("available"):
        filters.append(Filter("listing.available", Op.EQ, (True,), "available"))
    figures = asked.figures()
    if sheet.take("deal") and not any(one.field == "listing.discount" for one in figures):
        filters.append(Filter("listing.discount", Op.GT, (0,), "discount"))
    sheet.take("highest", "fewest", "compare", "each")
    asked.take_now_spans()
    subject = asked.subject()
    filters = [*subject.filters, *filters, *figures, *asked.where()]
    return figures_of(("listing.count",), by, filters, down=True)


def averaged(asked: Asked) -> Query | None:
    sheet = asked.sheet
    names = [n for n in ("average", "median") if sheet.has(n)]
    if not names or (sheet.has("each", "daily") and not sheet.has("price", "deal")):
        return None
    deal = sheet.has("deal")
    if not (deal or sheet.has("price", "value", "compare")):
        return None
    sheet.take("average", "median", "price", "thing", "compare", "deal", "value", "shopping", "highest", "cheap",
               "between")  # fmt: skip
    by = asked.by()
    subject = asked.subject()
    asked.take_now_spans()
    filters = [*subject.filters, *asked.figures(), *asked.where()]
    if deal:
        measures: tuple[str, ...] = ("listing.average_discount", "listing.count")
    elif names == ["median"]:
        measures = ("listing.median_price", "listing.count")
    elif subject.items:
        measures = ("listing.average_price", "listing.average_unit_price", "listing.count")
    else:
        measures = ("listing.average_price", "listing.count")
    return figures_of(measures, by, filters, down=deal, intent=Intent.COMPARE if by else Intent.FIGURE)


def grouped(asked: Asked) -> Query | None:
    """Which category or brand has the highest discounts; deals by category."""
    sheet = asked.sheet
    texts = [token.text for token in sheet.tokens]
    if not any(word in texts for word in GROUPS) or not sheet.has("deal", "price", "cheap", "dear"):
        return None
    if not (sheet.has("each") or any(word in texts for word in ("which", "what"))):
        return None
    deal = sheet.take("deal")
    down = sheet.take("dear") or deal
    sheet.take("price", "cheap", "thing", "highest", "top", "shopping", "each", "average", "compare")
    by = asked.by()
    subject = asked.subject()
    asked.take_now_spans()
    filters = [*subject.filters, *asked.figures(), *asked.where(available=True)]
    measures = ("listing.average_discount", "listing.highest_discount", "listing.count") if deal else (
        "listing.average_price", "listing.lowest_price", "listing.count",
    )  # fmt: skip
    return figures_of(measures, by, filters, down=down, intent=Intent.TOP)


def best_platform(asked: Asked) -> Query | None:
    """Which app has the best discounts, the better snack prices."""
    sheet = asked.sheet
    if not asked.which_platform():
        return None
    items = any(one.of("item", "word", "brand") for one in asked.goods)
    if sheet.has("deal") and not sheet.has("cheap"):
        sheet.take("deal", "highest", "thing", "shopping", "compare", "top", "price", "average", "value", "each")
        subject = asked.subject()
        asked.take_now_spans()
        filters = [*subject.filters, *asked.figures(), *asked.where(available=True)]
        measures = ("listing.average_discount", "listing.highest_discount", "listing.on_offer_share")
        return figures_of(measures, ("listing.platform",), filters, down=True, intent=Intent.TOP)
    best = sheet.has("highest") and (sheet.has("shopping") or bool(asked.goods))
    if items or not (best or sheet.has("cheap", "value", "compare")):
        return None
    sheet.take(
        "total",
        "top",
        "cheap",
        "value",
        "compare",
        "price",
        "thing",
        "shopping",
        "highest",
        "fewest",
        "average",
        "each",
    )
    subject = asked.subject()
    asked.take_now_spans()
    filters = [*subject.filters, *asked.figures(), *asked.where(available=True)]
    measures = ("listing.average_price", "listing.average_unit_price", "listing.count")
    return figures_of(measures, ("listing.platform",), filters, intent=Intent.COMPARE)


def kinds(asked: Asked) -> Query | None:
    """Which brands of milk there are; which categories Zepto has."""
    sheet = asked.sheet
    texts = [token.text for token in sheet.tokens]
    if not any(word in texts for word in ("brands", "categories", "aisles")) or sheet.has("cheap", "price", "dear"):
        return None
    sheet.take("thing", "available", "shopping")
    by = asked.by()
    subject = asked.subject()
    filters = [*subject.filters, *asked.figures(), *asked.where(available=True)]
    return figures_of(("listing.count", "listing.lowest_price"), by, filters, down=True)


def topmost(asked: Asked) -> Query | None:
    """The dearest; the n of anything is taken from "top n"."""
    sheet = asked.sheet
    ends = sheet.has("cheap", "fewest", "minimum") and (
        sheet.has("dear") or (sheet.has("highest") and sheet.has("price"))
    )
    if ends and asked.goods and any(token.text == "and" for token in sheet.tokens):
        sheet.take("cheap", "fewest", "dear", "highest", "price", "thing")
        subject = asked.subject()
        filters = [*subject.filters, *asked.figures(), *asked.where(available=True)]
        measures = ("listing.lowest_price", "listing.highest_price", "listing.average_price")
        return figures_of(measures, asked.by(), filters)
    if not sheet.take("dear"):
        return None
    sheet.take("thing", "shopping", "price", "highest", "top", "each")
    limit = asked.top(10)
    subject = asked.subject()
    asked.take_now_spans()
    filters = [*subject.filters, *asked.figures(), *asked.where(available=True)]
    if asked.which_platform() and not subject.items:
        return figures_of(("listing.average_price", "listing.count"), ("listing.platform",), filters, down=True,
                        intent=Intent.TOP)  # fmt: skip
    return Query(Intent.TOP, "listing", columns=PRICES[:6], filters=tuple(filters),
                 order=(Order("listing.price", down=True),), limit=limit)  # fmt: skip
