"""What platforms list: deals, the cheapest, side by side, in stock, prices."""

from __future__ import annotations

from itertools import pairwise

from dashboard.ask.market.asked import Asked
from dashboard.ask.market.beside import each_beside_itself, side_by_side
from dashboard.ask.market.bounds import UNITS
from dashboard.ask.market.shape import DEAL_ROWS, LONG, PRICES, ROWS, SHORT, figures_of
from dashboard.ask.query import Filter, Intent, Op, Order, Query

_BULK = 1000  # g or ml: a large pack
_OF_EACH = 5


_COLUMNS = {
    said: f"listing.{name}"
    for name, words in {
        "category": "category categories", "brand": "brand brands", "price": "price prices", "mrp": "mrp",
        "discount": "discount discounts", "pack": "pack size quantity", "available": "availability stock",
        "platform": "platform app store",
    }.items()
    for said in words.split()
}  # fmt: skip


def deals(asked: Asked) -> Query | None:
    sheet = asked.sheet
    family = not sheet.has("cheap") and sheet.take("family")
    bulk = sheet.has("bulk") and sheet.has("deal") and not sheet.has("value") and sheet.take("bulk")
    if sheet.has("deal") and not asked.asks("distribution", "breakdown", "split", "ratio"):
        sheet.take("share", "total")
    if sheet.has("cheap") or not (family or sheet.has("deal")):
        return None
    if family and not sheet.has("deal"):  # large packs, discounted or not
        return _families(asked)
    if asked.asks("save") and asked.asks("by", "if") and asked.two_platforms():  # one thing here and another there
        return None
    per, many = asked.of_each()
    rupees = sheet.pass_over("rupees")
    saved = asked.asks("savings", "saving", "save") and (rupees or sheet.has("highest"))
    sheet.take("deal", "thing", "shopping", "price", "highest", "value", "top", "each", "compare", "available", "mrp",
               *(("weekly", "monthly", "daily") if sheet.has("shopping") else ()))  # fmt: skip
    limit = asked.top(LONG)
    subject = asked.subject()
    asked.take_now_spans()
    figures = asked.figures()
    filters = [*subject.filters, *figures]
    if family:
        filters.append(Filter("listing.combo", Op.EQ, (True,), "family pack"))
    if bulk:
        filters += [
            Filter("listing.amount", Op.GE, (_BULK,), "bulk"),
            Filter("listing.measure", Op.IN, ("g", "ml"), ""),
        ]
    saved = saved or any(one.field == "listing.saving" for one in figures)
    if not any(one.field in ("listing.discount", "listing.saving") for one in figures):
        filters.append(Filter("listing.discount", Op.GT, (0,), "discount"))
    filters += asked.where(available=True)
    columns = (*DEAL_ROWS, *(("listing.saving",) if saved else ()), *((per,) if per and per not in DEAL_ROWS else ()))
    by = asked.sorted_by()
    sheet.take("sortdown")
    least = any([sheet.take("sortup"), sheet.take("fewest")])
    most = Order("listing.saving" if saved else "listing.discount", down=not least)
    order = (by, most) if by and by.field != most.field else (by or most, Order("listing.price"))
    return Query(Intent.DEALS, "listing", columns=columns, filters=tuple(filters), order=order,
                  limit=(many or _OF_EACH) if per else limit, per=per)  # fmt: skip


def _families(asked: Asked) -> Query:
    sheet = asked.sheet
    sheet.take("thing", "price", "shopping", "available", "each", "top", "highest")
    limit = asked.top(LONG)
    subject = asked.subject()
    asked.take_now_spans()
    combo = Filter("listing.combo", Op.EQ, (True,), "family pack")
    filters = [*subject.filters, combo, *asked.figures(), *asked.where()]
    return Query(Intent.LIST, "listing", columns=PRICES, filters=tuple(filters), order=(Order("listing.unit_price"),),
                 limit=limit)  # fmt: skip


def cheapest(asked: Asked) -> Query | None:
    sheet = asked.sheet
    bulk = sheet.has("bulk")
    items = any(one.of("item", "word") for one in asked.goods)
    cheaper = asked.duel and (sheet.has("cheap", "undercut", "dear") or asked.asks("cheaper", "than", "versus"))
    if cheaper and not items:
        return side_by_side(asked)
    if len(asked.platforms) == 1 and not asked.goods and asked.asks("cheaper") and asked.asks("is", "are"):
        asked.platforms = []  # "is Zepto cheaper?": than the others
        return side_by_side(asked)
    thrifty = bool(asked.goods) and asked.asks("optimize", "optimise", "maximize", "maximise")
    best_app = asked.which_platform() and bool(asked.goods) and sheet.has("highest")
    large = bulk and sheet.has("highest", "price", "top")
    things = {key for one in asked.goods if one.of("item") for key in one.keys}
    beside = len(things) > 1 and asked.asks("cheaper", "dearer", "costlier", "expensive") and asked.asks("than", "or")
    if not (sheet.has("cheap", "value") or cheaper or thrifty or best_app or large or beside):
        return None
    value = sheet.has("value") or bulk
    per, many = asked.of_each()
    sheet.take("cheap", "value", "thing", "price", "shopping", "deal", "highest", "available", "bulk", "top", "each",
               "compare", "fewest", "average", "spend", "dear", "undercut")  # fmt: skip
    if beside:
        sheet.take("under", "over")
    if asked.two_platforms():
        sheet.take("between")
    elif not asked.platforms:  # "ran out of milk, who has it cheapest"
        sheet.take("unavailable")
    limit = asked.top(SHORT)
    subject = asked.subject()
    asked.take_now_spans()
    filters = [*subject.filters, *asked.figures()]
    if subject.categories and (unit := _told_by(asked)) and not any(one.field == "listing.measure" for one in filters):
        filters.append(Filter("listing.measure", Op.EQ, (unit,), ""))
    if sheet.take("family"):
        filters.append(Filter("listing.combo", Op.EQ, (True,), "family pack"))
    if bulk:
        filters += [Filter("listing.amount", Op.GE, (_BULK,), "large quantity"),
                    Filter("listing.measure", Op.IN, ("g", "ml"), "")]  # fmt: skip
    if not filters and not asked.platforms and not sheet.spans and not sheet.has("shopping", "thing", "bulk", "value"):
        return None
    filters += asked.where(available=True)
    if len(set(subject.items)) > 1:  # unlike things: each beside itself
        return each_beside_itself(filters)
    by_unit = subject.is_item or value
    order = (Order("listing.unit_price"), Order("listing.price")) if by_unit else (Order("listing.price"),)
    if per:
        columns = (*ROWS, *((per,) if per not in ROWS else ()))
        return Query(Intent.CHEAPEST, "listing", columns=columns, filters=tuple(filters), order=order,
                     limit=many or 1, per=per)  # fmt: skip
    return Query(Intent.CHEAPEST, "listing", columns=ROWS, filters=tuple(filters), order=order, limit=limit)


def stocked(asked: Asked) -> Query | None:
    sheet = asked.sheet
    out = sheet.has("unavailable")
    levels = [at for at, token in enumerate(sheet.tokens) if token.text in ("stock", "inventory", "levels", "level")]
    if asked.platforms and levels and not out and not sheet.has("available"):
        for at in levels:
            sheet.use(at, at + 1)
        return listed(asked)
    if not (out or sheet.has("available")):
        return None
    if out and sheet.has("available") and asked.two_platforms():  # here but not there: of sets of listings, not of one
        return None
    if out and asked.of_all() and not asked.goods and asked.asks("any"):  # of nobody to be had
        sheet.take("unavailable", "thing", "platform", "each")
        none = Filter("listing.in_stock", Op.EQ, (0,), "nowhere")
        return figures_of(
            ("listing.count", "listing.in_stock"), ("listing.brand", "listing.item"), [*asked.where(), none], down=True
        )
    if not (asked.platforms or asked.goods or asked.wants_platform or sheet.has("thing")):
        return None
    sheet.take("unavailable" if out else "available", "thing", "shopping", "price", "platform", "each")
    subject = asked.subject()
    asked.take_now_spans()
    filters = asked.filters_of(subject)
    filters.append(Filter("listing.available", Op.EQ, (not out,), "out of stock" if out else "available"))
    order = (Order("listing.unit_price"),) if subject.is_item else (Order("listing.name"),)
    return Query(Intent.LIST, "listing", columns=PRICES[:7], filters=tuple(filters), order=order, limit=LONG)


def listed(asked: Asked) -> Query | None:
    """Prices of something: onion prices, Amul butter on Zepto, milk 1L, everything on Blinkit under ₹50."""
    sheet = asked.sheet
    said_stock = any(token.text in ("stock", "inventory") for token in sheet.tokens) and bool(asked.platforms)
    of_platforms = (asked.platforms or asked.wants_platform) and sheet.has("price", "thing", "mrp")
    priced = sheet.has("price") and sheet.has("shopping")
    sold = bool(asked.platforms) and asked.asks("sell", "sells", "carry", "carries")
    if not (sold or asked.goods or said_stock or of_platforms or priced or sheet.has("thing")):
        return None
    sheet.take("price", "thing", "shopping", "mrp", "available", "each", "member", "highest")
    limit = asked.top(LONG)
    subject = asked.subject()
    asked.take_now_spans()
    mrp = sheet.has("mrp")
    money = "listing.mrp" if mrp else "listing.price"
    filters = [*subject.filters, *asked.figures(money=money), *asked.where()]
    if sheet.take("nodiscount"):
        filters.append(Filter("listing.discount", Op.EQ, (0,), "no discount"))
    order = (Order("listing.unit_price"), Order("listing.price")) if subject.is_item else (Order("listing.price"),)
    if (by := asked.sorted_by()) is not None:
        order = (by,)
    sheet.take("sortup")
    if sheet.take("sortdown"):
        order = (Order("listing.price", down=True),)
    if mrp and sheet.has("compare", "gap"):  # "the difference between MRP and price": both are shown
        sheet.take("compare", "gap", "between")
    return Query(Intent.LIST, "listing", columns=PRICES, filters=tuple(filters), order=order, limit=limit)


def _told_by(asked: Asked) -> str:
    """What a kind's prices are to be told by: "the cheapest fruit per kg" leaves out what is sold by the piece."""
    beside = pairwise(token.text for token in asked.sheet.tokens)
    return next((UNITS[unit] for before, unit in beside if before in ("per", "a") and unit in UNITS), "")


def detailed(asked: Asked) -> Query | None:
    """ "Ten products with their category, price and discount": rows with what was wished for of each."""
    wished = _columns(asked)
    if not wished or asked.sheet.has("cheap", "dear", "compare", "highest", "count", "average"):
        return None
    asked.sheet.take("thing", "deal", "price", "available", "shopping", "mrp")
    limit = asked.top(LONG)
    subject = asked.subject()
    filters = (*subject.filters, *asked.figures(), *asked.where())
    columns = tuple(dict.fromkeys(("listing.name", "listing.platform", *wished)))
    return Query(Intent.LIST, "listing", columns=columns, filters=filters, order=(Order("listing.name"),), limit=limit)


def _columns(asked: Asked) -> tuple[str, ...]:
    """What is to be shown of each: "with their category, price and discount"."""
    tokens = asked.sheet.tokens
    begin = next((at for at, token in enumerate(tokens) if token.text == "with"), len(tokens))
    found: list[str] = []
    for at in range(begin + 1, len(tokens)):
        named = _COLUMNS.get(tokens[at].text)
        if named is None and tokens[at].text not in ("their", "its", "the", "and"):
            return ()
        found += [named] if named else []
    if found:
        asked.sheet.use(begin, len(tokens))
    return tuple(found) if len(found) > 1 else ()
