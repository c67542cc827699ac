"""The same thing in the same pack on several platforms: how far apart prices are, who is cheapest for how many."""

from __future__ import annotations

from dashboard.ask.goods import turned_to
from dashboard.ask.market.asked import GROUPS, Asked
from dashboard.ask.market.shape import LONG, SHORT, figures_of
from dashboard.ask.query import Filter, Intent, Op, Order, Query
from dashboard.ask.vocabulary import word_list

_GAP = "price_gap"
_TALK = tuple(sorted(word_list("rivals_concepts")))
_SMALL = word_list("rivals_words")


def wins(asked: Asked) -> Query | None:
    """ "Who is cheapest on the most items", "in which categories is JioMart cheapest", "the share where we are"."""
    sheet = asked.sheet
    cheap = sheet.has("cheap") or sheet.has("undercut")
    said = {token.text for token in sheet.tokens}
    often = bool(said & {"often", "frequently", "wins", "win"}) or sheet.has("share")
    most_things = (
        sheet.has("highest") and sheet.has("thing") and "most" in said and (asked.which_platform() or "who" in said)
    )
    groups = [GROUPS[sheet.tokens[at].text] for at in asked.groups()]
    where = bool(groups) and len(asked.platforms) == 1 and asked.asks("which", "what", "where") and not asked.goods
    if not cheap or sheet.has("deal", "fee", "fast", "trend", "drop", "rise") or sheet.spans:
        return None
    if not (often or most_things or (where and asked.asks("is", "are", "we"))):
        return None
    if len(asked.platforms) and len(asked.platforms[0].values) > 1:
        return None  # two set against each other are told thing by thing
    sheet.take("undercut", *_TALK)
    sheet.pass_over(*_SMALL)
    by = list(asked.by(_GAP))
    if not asked.platforms and f"{_GAP}.platform" not in by:
        by.insert(0, f"{_GAP}.platform")
    subject = asked.subject()
    asked.take_now_spans()
    filters = [turned_to(one, _GAP) for one in [*subject.filters, *asked.where()]]
    measures = (f"{_GAP}.cheapest_share", f"{_GAP}.cheapest_count", f"{_GAP}.average_above", f"{_GAP}.count")
    return figures_of(measures, tuple(by), filters, down=True, intent=Intent.TOP if by else Intent.FIGURE,
                      limit=LONG if by else 1)  # fmt: skip


def gaps(asked: Asked) -> Query | None:
    """The widest differences of prices, what costs the same everywhere, what is dearer than the cheapest."""
    sheet = asked.sheet
    dearer = sheet.has("dear") or asked.asks("dearer", "above", "costlier", "pricier")
    beside_lowest = (
        dearer
        and asked.asks("than", "above")
        and asked.asks("cheapest", "lowest", "market", "others", "competitors", "rivals", "competition")
    )
    equal = (
        sheet.has("equal")
        and not asked.two_platforms()
        and (asked.asks("everywhere") or asked.wants_platform or sheet.has("price"))
    )
    gap = sheet.has("gap") and (
        sheet.has("highest", "fewest") or bool(asked.goods) or sheet.figures("percent")
        or (asked.wants_platform and not asked.goods and asked.asks("is", "are", "any"))
        or (asked.groups() and sheet.has("average", "highest")) or asked.asks("top", "biggest", "percent")
    )  # fmt: skip
    saved = asked.asks("save") and asked.asks("much", "what") and (sheet.has("cheap") or asked.two_platforms())
    if saved and not sheet.figures("percent", "money"):  # by buying where it is cheapest
        gap = True
        sheet.take("deal")
        sheet.pass_over("save", "money")
    if sheet.has("fee", "fast", "trend", "mrp") or sheet.spans or not (gap or equal or beside_lowest):
        return None
    if sheet.has("deal") and not saved:
        return None
    measured = sheet.has("highest", "fewest", "average") or sheet.figures("percent")
    if gap and asked.goods and not (measured or saved or asked.asks("percent", "top", "gap", "gaps")):
        return None  # "onion price difference between apps": side by side
    down = not sheet.has("fewest")
    limit = asked.top(SHORT if gap else LONG)
    asked.percent_of = f"listing.{'above' if beside_lowest else 'gap_share'}"
    figures = asked.figures(money=f"listing.{'above_amount' if beside_lowest else 'gap'}")
    by = asked.by(_GAP) if asked.groups() else ()
    sheet.take(*_TALK)
    sheet.pass_over(*_SMALL)
    subject = asked.subject()
    asked.take_now_spans()
    filters = [turned_to(one, _GAP) for one in [*subject.filters, *figures, *asked.where()]]
    if by:
        measures = (f"{_GAP}.average_gap", f"{_GAP}.widest_gap", f"{_GAP}.count")
        return figures_of(measures, by, filters, down=down, intent=Intent.TOP)
    if equal:
        filters.append(Filter(f"{_GAP}.equal", Op.EQ, (True,), "the same"))
        order = Order(f"{_GAP}.name")
    elif beside_lowest:
        if not figures:
            filters.append(Filter(f"{_GAP}.cheapest", Op.EQ, (False,), "dearer"))
        order = Order(f"{_GAP}.above", down=True)
    else:
        if not any(one.field == f"{_GAP}.platform" for one in filters):  # the cheapest row stands for the thing
            filters.append(Filter(f"{_GAP}.cheapest", Op.EQ, (True,), ""))
        order = Order(f"{_GAP}.gap_share" if asked.asks("percent", "percentage", "%") else f"{_GAP}.gap", down=down)
    shown: tuple[str, ...] = ("name", "pack", "platform", "price", "lowest", "highest", "gap", "gap_share", "sellers")
    if beside_lowest:
        shown = ("name", "pack", "platform", "price", "lowest", "above_amount", "above", "sellers")
    return Query(Intent.LIST if equal else Intent.TOP, _GAP, columns=tuple(f"{_GAP}.{one}" for one in shown),
                 filters=tuple(filters), order=(order,), limit=limit)  # fmt: skip
