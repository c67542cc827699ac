"""Who sells what: sold by one platform only, by all of them, by one and not by another."""

from __future__ import annotations

from dashboard.ask.goods import turned_to
from dashboard.ask.market.asked import Asked
from dashboard.ask.market.shape import LONG, figures_of
from dashboard.ask.query import Filter, Intent, Op, Order, Query, Value
from dashboard.ask.vocabulary import word_list

_OF = "assortment"
_ROWS = tuple(f"{_OF}.{one}" for one in ("name", "brand", "pack", "platform", "price", "sold_by"))
_LACKING = word_list("lacking")
_SOLD = word_list("sold")
_APART = word_list("apart")
_ALL = word_list("all")


def sold_by(asked: Asked) -> Query | None:
    """ "Products only on Zepto", "on all platforms", "on Zepto but not on Blinkit", "on both Blinkit and Zepto"."""
    sheet = asked.sheet
    sells = sheet.has("thing", "available", "common", "exclusive") or asked.asks(*_SOLD)
    if not sells or sheet.has("cheap", "compare", "drop", "rise", "trend", "fee", "fast") or asked.duel:
        return None
    bounds = _bounds(asked)
    if bounds is None:
        return None
    counted = sheet.take("count")
    groups = [one for one in asked.groups() if sheet.tokens[one].stem in ("brand", "categori", "aisl", "department")]
    sheet.take("thing", "available", "common", "exclusive", "shopping", "share", "each", "between", "price", "highest")
    deal = sheet.take("deal")
    sheet.pass_over(*(_SOLD | _LACKING | _ALL | _APART))
    limit = asked.top(LONG)
    by = asked.by(_OF) if groups else ()
    subject = asked.subject()
    asked.take_now_spans()
    city = [one for one in asked.where() if one.field == "listing.city"]
    filters = [turned_to(one, _OF) for one in [*subject.filters, *asked.figures(), *city]] + bounds
    if deal:
        filters.append(Filter(f"{_OF}.discount", Op.GT, (0,), "discount"))
    if by == (f"{_OF}.brand",) and not asked.platforms and sheet.has("exclusive"):  # of brands, not of their things
        filters = [one for one in filters if one.field != f"{_OF}.sellers"]
        filters.append(Filter(f"{_OF}.platforms", Op.EQ, (1,), "one platform"))
        return figures_of((f"{_OF}.platforms", f"{_OF}.things"), by, filters, down=True)
    if by or counted:
        by = tuple(one for one in by if one != f"{_OF}.platform")
        return figures_of((f"{_OF}.things",), by, filters, down=True)
    return Query(Intent.LIST, _OF, columns=_ROWS, filters=tuple(filters),
                 order=(Order(f"{_OF}.name"), Order(f"{_OF}.platform")), limit=limit)  # fmt: skip


def _bounds(asked: Asked) -> list[Filter] | None:
    """Which platforms must sell a thing and which must not; None when the question is not about that."""
    sheet = asked.sheet
    yes = [value for one in asked.platforms if one.op != Op.NOT for value in one.values]
    no = [value for one in asked.platforms if one.op == Op.NOT for value in one.values]
    lacking = _lacking(asked)
    if lacking:
        yes, no = [one for one in yes if one not in lacking], [*no, *lacking]
    if no and yes:
        return [_on(yes), *(Filter(f"{_OF}.sold_by", Op.LACKS, (one,), "") for one in no)]
    if lacking and (asked.wants_platform or asked.asks("others", "competitors", "rivals", "other")):
        return [Filter(f"{_OF}.sold_by", Op.LACKS, (one,), "") for one in lacking]
    if sheet.has("exclusive") or (yes and not no and asked.asks("only", "alone") and sheet.has("thing", "available")):
        if sheet.has("deal", "bank", "coupon") or len(yes) > 1:
            return None
        return [*([_on(yes)] if yes else []), Filter(f"{_OF}.sellers", Op.EQ, (1,), "only there")]
    everywhere = asked.on_all_platforms() or (sheet.has("common") and not yes)
    if everywhere:
        return [Filter(f"{_OF}.sellers", Op.GE, (len(sheet.lexicon.platforms),), "all platforms")]
    if len(yes) > 1 and not sheet.has("price", "deal") and (asked.asks("both") or sheet.has("common")):
        return [_on(yes), *(Filter(f"{_OF}.sold_by", Op.HAS, (one,), "") for one in yes)]
    return None


def _on(keys: list[Value]) -> Filter:
    return Filter(f"{_OF}.platform", Op.EQ if len(keys) == 1 else Op.IN, tuple(keys), "")


def _lacking(asked: Asked) -> list[Value]:
    """Platforms said to lack something: "Blinkit does not have", "we don't sell", "missing on Zepto"."""
    sheet, tokens = asked.sheet, asked.sheet.tokens
    found: list[Value] = []
    places = [(one.first, one.last, one.keys) for one in sheet.mentioned("platform") if not one.no]
    ours = next((one.key for one in sheet.lexicon.platforms if one.ours), "")
    places += [(mark.first, mark.last, (ours,)) for mark in sheet.marks if mark.name == "ours" and ours]
    for first, last, keys in places:
        after = [token.text for token in tokens[last : last + 3]]
        before = [token.text for token in tokens[max(0, first - 3) : first]]
        lacks = bool(after) and after[0] in _LACKING - {"do", "does", "no"} | {"doesn", "don"}
        lacks = lacks or (len(after) > 1 and after[0] in ("do", "does") and after[1] in ("not", "nt"))
        if lacks or {"missing", "lacks", "lack"} & set(before) or after[:1] == ["lacks"]:
            found += keys
    return found
