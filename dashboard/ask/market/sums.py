"""Counts, averages and rankings of what platforms list."""

from __future__ import annotations

from dashboard.ask.goods import Subject
from dashboard.ask.market.asked import Asked
from dashboard.ask.market.shape import LONG, PRICES, figures_of
from dashboard.ask.query import Filter, Intent, Op, Order, Query

_LEVELS = frozenset({"stock", "inventory", "levels", "level", "availability", "status"})


def counted(asked: Asked) -> Query | None:
    """How many; by platform when platforms are asked about."""
    sheet = asked.sheet
    which = asked.which_platform() or (bool(asked.groups()) and asked.asks("which", "what"))
    best = asked.asks("best", "better")  # the most products are not the best
    most = which and not best and sheet.has("highest", "fewest") and not sheet.has("price", "cheap", "value", "dear")
    most = most or (
        asked.asks("more") and asked.two_platforms() and sheet.has("thing") and not sheet.has("over", "dear")
    )
    brands = asked.asks("brands", "brand") and (asked.wants_platform or sheet.has("count"))
    brands = brands and not (sheet.has("thing") and asked.asks("by", "top", "biggest", "largest"))
    if brands and (sheet.has("count") or (most and asked.which_platform())) and not (
        sheet.has("deal") or asked.asks("dominate", "dominates", "dominated")
    ):  # fmt: skip
        return _brands(asked)
    if not sheet.take("count") and not (
        most and sheet.has("thing", "available", "unavailable") and not sheet.has("deal")
    ):
        return None
    sheet.take("thing", "shopping", "price", "share")
    sheet.pass_over("listed", "listing")
    by = asked.by()
    filters = []
    if sheet.has("available") and sheet.has("unavailable"):
        sheet.take("available", "unavailable", "each", "highest")
        subject = asked.subject()
        whole = ("listing.in_stock", "listing.out_of_stock", "listing.count")
        return figures_of(whole, by, asked.filters_of(subject), down=True)
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
    return figures_of(("listing.count",), by, filters, down=not sheet.has("fewest"))


def _brands(asked: Asked) -> Query:
    """How many brands there are of something, on each platform when they are asked about."""
    sheet = asked.sheet
    sheet.take("count", "thing", "highest", "fewest", "each", "available", "shopping")
    sheet.pass_over("brand", "brands")
    by = asked.by()
    subject = asked.subject()
    filters = asked.filters_of(subject, available=True)
    return figures_of(("listing.brands", "listing.count"), by, filters, down=not sheet.has("fewest"))


def availability(asked: Asked) -> Query | None:
    """How much of what is listed can be bought: by category or platform, as a share, or how the shelves stand."""
    sheet = asked.sheet
    out = sheet.has("unavailable")
    levels = [at for at, token in enumerate(sheet.tokens) if token.text in _LEVELS]
    share = sheet.has("share") or asked.asks("rate")
    bare = len(levels) > 1 and not asked.goods and not asked.platforms
    if sheet.has("cheap", "deal", "count", "ours") or sheet.mentioned("store"):
        return None
    if not (bare or (sheet.has("available", "unavailable") and (asked.groups() or share))):
        return None
    ranked = out or share or sheet.has("highest", "fewest")
    if asked.asks("list", "all") and not ranked:  # "list all rice brands available" names them
        return None
    sheet.take("available", "unavailable", "share", "highest", "fewest", "each", "thing", "average", "compare", "price")
    for at in levels:
        sheet.use(at, at + 1)
    limit = asked.top(LONG)
    by = asked.by() or ("listing.platform",)
    subject = asked.subject()
    asked.take_now_spans()
    filters = asked.filters_of(subject)
    if out and not share:
        measures = ("listing.out_of_stock", "listing.in_stock_share", "listing.count")
        return figures_of(measures, by, filters, down=True, intent=Intent.TOP, limit=limit)
    measures = ("listing.in_stock_share", "listing.out_of_stock", "listing.count")
    return figures_of(
        measures,
        by,
        filters,
        down=not (out or asked.asks("worst", "lowest", "poorest")),
        intent=Intent.TOP,
        limit=limit,
    )


def on_offer(asked: Asked) -> Query | None:
    """What share of the products is discounted, by platform or group."""
    sheet = asked.sheet
    first = [token.text for token in sheet.tokens[:2]]
    if asked.asks("off") and first[:1] == ["what"]:  # "what percentage off is oil getting": its discounts
        return None
    part = first in (["what", "percentage"], ["what", "percent"]) or asked.asks("share", "proportion", "fraction")
    if not part or not sheet.has("deal") or sheet.has("cheap", "average"):
        return None
    sheet.take("share", "deal", "thing", "each", "compare", "highest", "available")
    by = asked.by()
    subject = asked.subject()
    asked.take_now_spans()
    filters = asked.filters_of(subject)
    measures = ("listing.on_offer_share", "listing.deals", "listing.count")
    return figures_of(measures, by, filters, down=True, intent=Intent.TOP if by else Intent.FIGURE)


def averaged(asked: Asked) -> Query | None:
    sheet = asked.sheet
    named = sheet.has("average", "median")
    if named and asked.duel and (sheet.has("cheap", "dear") or asked.asks("cheaper", "dearer", "costlier")):
        return None
    if not named or (sheet.has("each", "daily") and not sheet.has("price", "deal", "value", "mrp")):
        return None
    deal = sheet.has("deal")
    mrp = sheet.has("mrp") and not deal
    sheet.take("gap")
    if not (deal or mrp or sheet.has("price", "value", "compare", "dear")):
        return None
    lowest = sheet.has("cheap", "fewest")
    dear = sheet.take("dear")
    sheet.take("average", "median", "price", "thing", "compare", "deal", "value", "shopping", "highest", "cheap",
               "between", "share", "fewest", "each", *(("mrp",) if mrp else ()))  # fmt: skip
    limit = asked.top(LONG)
    by = asked.by()
    subject = asked.subject()
    if not by and any(one.field == "listing.brand" and len(one.values) > 1 for one in subject.filters):
        by = ("listing.brand",)
    if not by and subject.categories and asked.asks("which"):  # "which vegetable has the highest average price"
        by = ("listing.item",)
    asked.take_now_spans()
    here = sheet.take("available")
    filters = asked.filters_of(subject, available=here)
    measures = _averages(asked, subject)
    down = (deal or sheet.has("highest") or dear) and not lowest
    return figures_of(measures, by, filters, down=down, intent=Intent.COMPARE if by else Intent.FIGURE, limit=limit)


def _averages(asked: Asked, subject: Subject) -> tuple[str, ...]:
    """The average that is asked for, what is shown beside it, and how many there are."""
    sheet = asked.sheet
    median = sheet.has("median") and not sheet.has("average")
    if sheet.has("deal"):
        return ("listing.discount:p50" if median else "listing.average_discount", "listing.count")
    if sheet.has("mrp"):
        if sheet.has("gap"):
            return ("listing.saving:avg", "listing.average_discount", "listing.count")
        return ("listing.mrp:avg", "listing.average_price", "listing.count")
    if median:
        return ("listing.median_price", "listing.count")
    if sheet.has("value"):
        return ("listing.average_unit_price", "listing.average_price", "listing.count")
    if subject.items:
        return ("listing.average_price", "listing.average_unit_price", "listing.count")
    return ("listing.average_price", "listing.count")


def grouped(asked: Asked) -> Query | None:
    """Which category or brand has the highest discounts; deals by category."""
    sheet = asked.sheet
    of_brands = asked.asks("brand", "brands") and bool(asked.goods)
    if not asked.groups() or not (sheet.has("deal", "price", "cheap", "dear") or (of_brands and sheet.has("compare"))):
        return None
    brands = of_brands and sheet.has("cheap", "price", "compare")
    if not (sheet.has("each", "top") or brands or asked.asks("which", "what")):
        return None
    deal = sheet.take("deal")
    cheap = sheet.has("cheap")
    down = sheet.take("dear") or deal or (sheet.has("highest") and not cheap)
    sheet.take("price", "cheap", "thing", "highest", "top", "shopping", "each", "average", "compare", "share", "value")
    limit = asked.top(LONG)
    by = asked.by()
    if asked.two_platforms() and asked.asks("than", "compared", "versus") and "listing.platform" not in by:
        by = (*by, "listing.platform")
    subject = asked.subject()
    asked.take_now_spans()
    filters = asked.filters_of(subject, available=True)
    measures: tuple[str, ...] = ("listing.average_price", "listing.lowest_price", "listing.count")
    if deal:
        measures = ("listing.average_discount", "listing.highest_discount", "listing.count")
    elif cheap and not brands and asked.asks("cheapest", "lowest"):
        measures = ("listing.lowest_price", "listing.average_price", "listing.count")
    elif brands:
        measures = ("listing.lowest_unit_price", "listing.lowest_price", "listing.count")
    return figures_of(measures, by, filters, down=down, intent=Intent.TOP, limit=limit)


def best_platform(asked: Asked) -> Query | None:
    """Which app has the best discounts, the better snack prices."""
    sheet = asked.sheet
    ranked = _from_end_to_end(asked)
    better = asked.two_platforms() and sheet.has("deal") and asked.asks("better", "higher", "bigger", "best")
    ranked = ranked or (better and asked.asks("or", "than", "which", "who"))
    if not (asked.which_platform() or ranked) or (sheet.has("thing") and asked.before_platform("each", "every")):
        return None
    items = any(one.of("item", "word", "brand") for one in asked.goods)
    if sheet.has("deal") and not sheet.has("cheap"):
        fewest = sheet.take("fewest")
        sheet.take("deal", "highest", "thing", "shopping", "compare", "top", "price", "average", "value", "each")
        subject = asked.subject()
        asked.take_now_spans()
        filters = asked.filters_of(subject, available=True)
        measures = ("listing.average_discount", "listing.highest_discount", "listing.on_offer_share")
        if asked.asks("most") and sheet.has("thing"):  # "the most products on discount" counts them
            measures = ("listing.deals", "listing.on_offer_share", "listing.count")
        if fewest:
            measures = ("listing.deals", "listing.on_offer_share", "listing.average_discount")
        return figures_of(measures, ("listing.platform",), filters, down=not fewest, intent=Intent.TOP)
    wished = sheet.has("highest") or asked.asks("should", "choose", "use", "prefer")
    best = wished and (sheet.has("shopping") or bool(asked.goods))
    if (items and not ranked) or not (best or sheet.has("cheap", "value", "compare")):
        return None
    unit = (asked.asks("per") and sheet.has("value")) or items
    sheet.take("dear", "total", "top", "cheap", "value", "compare", "price", "thing", "shopping", "highest", "fewest",
               "average", "each", "spend")  # fmt: skip
    subject = asked.subject()
    asked.take_now_spans()
    filters = asked.filters_of(subject, available=True)
    measures = ("listing.average_price", "listing.average_unit_price", "listing.count")
    if unit:
        measures = ("listing.lowest_unit_price", "listing.average_unit_price", "listing.count")
    return figures_of(measures, ("listing.platform",), filters, intent=Intent.COMPARE)


def kinds(asked: Asked) -> Query | None:
    """Which brands of milk there are; which categories Zepto has."""
    sheet = asked.sheet
    texts = [token.text for token in sheet.tokens]
    if not any(word in texts for word in ("brands", "categories", "aisles")) or sheet.has("cheap", "price", "dear"):
        return None

    sheet.take("thing", "available", "shopping")
    sheet.take("spend")
    sheet.pass_over("cover", "covered", "carry", "support")
    by = asked.by()
    subject = asked.subject()
    filters = asked.filters_of(subject, available=True)
    return figures_of(("listing.count", "listing.lowest_price"), by, filters, down=True)


def _from_end_to_end(asked: Asked) -> bool:
    """ "The apps from cheapest to costliest"."""
    return asked.sheet.has("cheap") and asked.sheet.has("dear") and asked.wants_platform and asked.asks("to")


def topmost(asked: Asked) -> Query | None:
    """The dearest; the n of anything is taken from "top n"."""
    sheet = asked.sheet
    ends = sheet.has("cheap", "fewest", "minimum") and (
        sheet.has("dear") or (sheet.has("highest") and sheet.has("price"))
    )
    spread = sheet.take("range") and bool(asked.goods)
    if spread or (ends and (asked.goods or asked.groups()) and asked.asks("and")):
        sheet.take("cheap", "fewest", "dear", "highest", "price", "thing", "each")
        subject = asked.subject()
        filters = asked.filters_of(subject, available=True)
        measures = ("listing.lowest_price", "listing.highest_price", "listing.average_price")
        return figures_of(measures, asked.by(), filters)
    if asked.duel or _from_end_to_end(asked):
        return None
    said = [mark.name for mark in sheet.marks if mark.name in ("cheap", "dear")]
    if said and said[-1] == "cheap":  # "apples are so expensive, where are they cheapest"
        return None
    high = asked.asks("highest", "maximum") and sheet.has("price") and bool(asked.goods)
    high = high and not sheet.has("cheap", "deal", "average", "value", "drop", "rise", "trend", "sortup", "sortdown")
    if not sheet.take("dear") and not high and not (sheet.has("mrp") and sheet.has("highest") and sheet.take("mrp")):
        return None
    per, many = asked.of_each()
    sheet.take("thing", "shopping", "price", "highest", "top", "each", "compare")
    limit = asked.top(10)
    subject = asked.subject()
    asked.take_now_spans()
    out = sheet.take("unavailable")
    filters = asked.filters_of(subject, available=not out)
    if out:
        filters.append(Filter("listing.available", Op.EQ, (False,), "out of stock"))
    if asked.which_platform() and not subject.items:
        return figures_of(("listing.average_price", "listing.count"), ("listing.platform",), filters, down=True,
                        intent=Intent.TOP)  # fmt: skip
    by = "listing.mrp" if asked.asks("mrp") else "listing.price"
    columns = (*PRICES[:6], *((per,) if per and per not in PRICES else ()))
    return Query(Intent.TOP, "listing", columns=columns, filters=tuple(filters), order=(Order(by, down=True),),
                 limit=(many or 1) if per else limit, per=per)  # fmt: skip
