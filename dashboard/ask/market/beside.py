"""Things, packs and platforms set beside each other."""

from __future__ import annotations

from dashboard.ask.goods import CONTAINERS, one_of, turned_to
from dashboard.ask.market.asked import COUNTS, Asked
from dashboard.ask.market.shape import LONG, figures_of, whole
from dashboard.ask.query import Filter, Intent, Op, Order, Query

_OTHERS = frozenset({"other", "others", "another", "rival"})
_ELSE = ("else", "elsewhere", "others", "rivals", "rest")
_PACKED = CONTAINERS | {"size", "sizes"}
_SO_MANY = {"one", "1", *COUNTS, *(str(many) for many in COUNTS.values())}


def sizes(asked: Asked) -> Query | None:
    """Which pack costs least for what is in it: "is 1 L cheaper than two of 500 ml", "the best pack size of Maggi"."""
    sheet = asked.sheet
    amounts = [at for at, token in enumerate(sheet.tokens) if token.kind == "amount"]
    said = {(sheet.tokens[at].value, sheet.tokens[at].unit) for at in amounts}
    larger = asked.asks("larger", "bigger", "smaller") and asked.asks("pack", "packs", "packet", "bag", "bottle")
    which = asked.asks("which", "what") and asked.asks("size", "sizes", "pack", "packs", "packet")
    weighed = sheet.has("cheap", "value", "compare", "deal") or asked.asks("than", "better", "cheaper", "or")
    if (
        not (weighed and asked.goods)
        or sheet.has("drop", "rise", "trend", "basket")
        or sheet.figures("percent", "money")
    ):
        return None
    if len(said) > 1:
        several = len({key for one in asked.goods if one.of("item") for key in one.keys}) > 1
        if several or len({unit for _, unit in said}) > 1:
            return None
    elif not (larger or (which and sheet.has("value", "cheap"))) or sum(one.kind == "brand" for one in asked.goods) > 1:
        return None
    for at in amounts:  # "two 500 ml packs", "five 1 kg bags": each is told by what is in it
        sheet.use(at - (at > 0 and sheet.tokens[at - 1].text in _SO_MANY), at + 1)
    sheet.take("cheap", "value", "compare", "deal", "price", "thing", "highest", "fewest", "each", "available", "under",
               "over")  # fmt: skip
    sheet.pass_over(*_PACKED, *_SO_MANY, "much", "larger", "bigger", "smaller", "save", "anything")
    asked.goods = [one for one in asked.goods if one.said not in _PACKED]
    subject = asked.subject()
    asked.take_now_spans()
    filters = [*subject.filters, *asked.where(available=True)]
    if said:
        filters += [one_of("listing.amount", [whole(value) for value, _ in sorted(said)], ""),
                    Filter("listing.measure", Op.EQ, (next(iter(said))[1],), "")]  # fmt: skip
    measures = ("listing.lowest_unit_price", "listing.lowest_price", "listing.count")
    return figures_of(measures, ("listing.size",), filters, intent=Intent.TOP)


def beside_others(asked: Asked) -> Query | None:
    """ "Are eggs dearer on Zepto than on other apps": the one named beside all."""
    sheet = asked.sheet
    others = asked.before_platform(*_OTHERS) or asked.asks(*_ELSE)
    beside = asked.asks("than", "versus", "against") or sheet.has("compare")
    if asked.goods and not sheet.figures("percent", "money") and asked.asks("is", "are", "if", "am"):
        # "Is salt cheaper on Blinkit": than elsewhere.
        alone = asked.asks("cheaper", "costlier", "dearer", "pricier", "overpaying") and not asked.asks("than")
        beside = others = (others and beside) or alone
    said = sheet.has("dear") and asked.asks("cheaper")  # "pricey on Zepto, show cheaper ones"
    if asked.goods and (said or (sheet.has("price") and asked.asks("others"))):
        beside = others = True
    if (
        not (others and beside and len(asked.platforms) == 1)
        or asked.two_platforms()
        or sheet.has("fee", "fast", "deal")
    ):
        return None
    sheet.take("cheap", "dear", "price", "compare", "thing", "value", "over", "under", "available", "each")
    sheet.pass_over("pay", "everywhere", "overpaying", *_OTHERS, *_ELSE)
    if not asked.goods and sheet.has("thing"):
        return _ahead_of_all(asked)
    asked.platforms = []
    subject = asked.subject()
    asked.take_now_spans()
    filters = asked.filters_of(subject, available=True)
    return _lowest(filters, limit=LONG) if subject.is_item else each_beside_itself(filters)


def _ahead_of_all(asked: Asked) -> Query:
    """ "What is cheaper on Blinkit than on all others": where it has the lowest price of a thing, or has it not."""
    gap = "price_gap"
    dear = asked.sheet.has("dear", "over") or asked.asks("dearer", "costlier", "expensive", "pricier")
    filters = [turned_to(one, gap) for one in asked.where()]
    filters.append(Filter(f"{gap}.cheapest", Op.EQ, (not dear,), "dearer" if dear else "cheapest"))
    shown = ("name", "pack", "platform", "price", "lowest", "highest", "gap", "sellers")
    return Query(Intent.TOP, gap, columns=tuple(f"{gap}.{one}" for one in shown), filters=tuple(filters),
                 order=(Order(f"{gap}.gap", down=True),), limit=LONG)  # fmt: skip


def side_by_side(asked: Asked) -> Query | None:
    """What is cheaper on one platform than on another: each thing's unit price on both. By how much, no bound."""
    if asked.sheet.figures("money", "percent"):
        return None
    asked.sheet.take("cheap", "dear", "thing", "price", "shopping", "each", "highest", "value", "over", "mrp", "gap",
                     "compare", "total", "available", "between", "under", "average", "undercut", "equal")  # fmt: skip
    asked.sheet.pass_over("often", "much", "market")
    subject = asked.subject()
    asked.take_now_spans()
    return each_beside_itself(asked.filters_of(subject, available=True))


def each_beside_itself(filters: list[Filter]) -> Query:
    return Query(Intent.COMPARE, "listing", measures=("listing.lowest_unit_price", "listing.lowest_price"),
                 dimensions=("listing.item", "listing.platform"), filters=tuple(filters),
                 order=(Order("listing.item"), Order("listing.lowest_unit_price")), limit=500)  # fmt: skip


def _lowest(filters: list[Filter], of: str = "", *, limit: int = 200) -> Query:
    """The lowest prices on each platform: of all together, or of each city, brand or item."""
    unit, price = Order("listing.lowest_unit_price"), Order("listing.lowest_price")
    groups = (f"listing.{of}", "listing.platform") if of else ("listing.platform",)
    order = (Order(groups[0]), unit) if of else (unit, price)
    measures = ("listing.lowest_price", "listing.lowest_unit_price", "listing.count")
    return Query(Intent.COMPARE, "listing", measures=measures, dimensions=groups, filters=tuple(filters), order=order,
                 limit=limit)  # fmt: skip


def compared(asked: Asked) -> Query | None:
    sheet = asked.sheet
    overall = asked.which_platform() and sheet.has("total") and not asked.goods
    alike = sheet.has("equal") and asked.two_platforms() and bool(asked.goods)
    if not (sheet.has("compare") or overall or alike or (asked.duel and not asked.goods)):
        return None
    overview = not asked.goods
    if sheet.has("mrp") and asked.goods and not asked.two_platforms():
        return None
    if overview and (sheet.has("price") or asked.asks("gap", "gaps")):
        return side_by_side(asked)
    data = not sheet.has("mrp")
    sheet.take("compare", "price", "thing", "shopping", "each", "available", "between", "highest", "over", "mrp")
    sheet.take("total", *(("equal", "gap", "share") if asked.two_platforms() else ()))
    subject = asked.subject()
    asked.take_now_spans()
    figures = asked.figures()
    filters = [*subject.filters, *figures, *asked.where(available=not overview)]
    if overview:
        if not (asked.wants_platform or asked.platforms or asked.asks("overview", "summary")):
            return None
        sheet.pass_over("market")
        more = ("listing.in_stock_share",) if data else ()
        measures = ("listing.average_price", "listing.average_discount", "listing.count", *more)
        return figures_of(measures, ("listing.platform",), filters, intent=Intent.COMPARE)
    brands = next((one for one in filters if one.field == "listing.brand"), None)
    cities = asked.asks("cities") and not asked.here
    if cities:
        filters = [one for one in filters if one.field != "listing.city"]
        sheet.pass_over("cities")
    if cities or len(asked.cities) > 1:
        return _lowest(filters, "city")
    if brands is not None and len(brands.values) > 1:
        return _lowest(filters, "brand")
    one_thing = subject.is_item and len(subject.items) < 2 and not subject.categories
    return _lowest(filters, "" if one_thing else "item")
