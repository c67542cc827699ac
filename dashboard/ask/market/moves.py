"""How prices moved: drops and rises, one period beside another, trends."""

from __future__ import annotations

from datetime import datetime, timedelta

from dashboard.ask.dates import Span
from dashboard.ask.goods import turned_to
from dashboard.ask.market.asked import Asked
from dashboard.ask.market.shape import LONG, SHORT, figures_of, midnight, window_of
from dashboard.ask.query import Filter, Intent, Op, Order, Query, Window

_BACK = {"month": 120, "week": 60}
"""Days a trend goes back that says none, by its grain."""


def moved_prices(asked: Asked) -> Query | None:
    sheet = asked.sheet
    fell, rose, moved = sheet.has("drop"), sheet.has("rise"), sheet.has("moved")
    if not (fell or rose or moved) or sheet.has("trend"):
        return None
    often = asked.asks("often", "frequently", "most", "count", "volatile", "many", "number") or sheet.has("count")
    if often and not (fell or rose):
        return _how_often(asked)
    long = any(span.end - span.start > timedelta(days=1) for span in sheet.spans)
    if moved and long and asked.goods and not sheet.figures("percent"):
        return None
    which = asked.which_platform() or asked.before_platform("by", "per", "each")
    ranked = sheet.has("highest")
    sheet.take("drop", "rise", "moved", "thing", "price", "highest", "each", "cheap", "compare", "shopping",
               "count", "top", "fewest", "available")  # fmt: skip
    subject = asked.subject()
    limit = asked.top(LONG)
    asked.percent_of = "listing.moved_by"
    percent = sheet.figures("percent") or asked.asks("percent", "percentage", "%")
    filters = asked.filters_of(subject)
    drops, rises = fell and not rose, rose and not fell
    if drops:
        filters.append(Filter("listing.dropped", Op.EQ, (True,), "price drops"))
    if rises:
        filters.append(Filter("listing.rose", Op.EQ, (True,), "price rises"))
    by = asked.by() if asked.groups() else ()
    window = asked.window("listing.changed_at")
    if by:
        return figures_of(("listing.count",), by, filters, down=True, intent=Intent.TOP, window=window)
    size = ("listing.drop",) if drops else ()
    if which:
        counts = ("listing.drops", "listing.rises") if fell and rose else ("listing.count",)
        measures = (*counts, *(("listing.drop:avg",) if drops else ()))
        return figures_of(measures, ("listing.platform",), filters, down=True, intent=Intent.TOP, window=window,
                          limit=SHORT)  # fmt: skip
    columns = ("listing.name", "listing.pack", "listing.platform", "listing.was", "listing.price", *size,
               "listing.moved_by", "listing.changed_at")  # fmt: skip
    first = "listing.moved_by" if percent or (ranked and not drops) else "listing.drop" if drops else columns[-1]
    return Query(Intent.LIST, "listing", columns=columns, filters=tuple(filters), window=window,
                 order=(Order(first, down=True),), limit=limit)  # fmt: skip


def _how_often(asked: Asked) -> Query:
    """Whose prices change most often: by platform, brand or kind when they are asked about, else thing by thing."""
    sheet = asked.sheet
    which = asked.which_platform() or asked.groups()
    only_count = sheet.has("count") and not which
    sheet.take("moved", "thing", "price", "highest", "each", "compare", "shopping", "count", "top", "fewest")
    sheet.pass_over("often", "frequently", "recorded", "seen", "change", "changes")
    limit = asked.top(SHORT)
    groups = asked.by("listing_price")
    subject = asked.subject()
    window = asked.window("listing_price.at")
    filters = [turned_to(one, "listing_price") for one in [*subject.filters, *asked.where()]]
    if not groups and only_count:
        return figures_of(("listing_price.count",), (), filters, window=window, limit=1)
    if not groups:
        groups = ("listing_price.platform",) if subject.items else ("listing_price.name", "listing_price.platform")
    measures = ("listing_price.count", "listing_price.lowest_price", "listing_price.highest_price")
    return figures_of(measures, groups, filters, down=True, intent=Intent.TOP, window=window, limit=limit)


def periods(asked: Asked) -> Query | None:
    """Today's prices beside yesterday's, this week's beside last week's."""
    sheet = asked.sheet
    than = asked.asks("than") and bool(asked.goods)  # "are onions dearer now than last week"
    if not sheet.spans or not (sheet.has("compare", "price", "cheap") or than) or sheet.has("moved", "drop", "rise"):
        return None
    if sheet.has("trend") and not asked.asks("compared", "than"):
        return None
    past = [span for span in sheet.spans if span.end <= asked.now]
    if not past:
        return None
    if len(sheet.spans) == 1 and not sheet.has("compare") and not than:  # "onion price yesterday"
        return _then(asked, past[0])
    current = next((one for one in sheet.spans if one is not past[0]), None) or _same_length(past[0], asked.now)
    earlier = past[0]
    if current.start < earlier.start:
        current, earlier = earlier, current
    for span in sheet.spans:
        sheet.use(span.first, span.last)
    sheet.take("compare", "price", "thing", "cheap", "average", "shopping", "each", "value",
               "trend", *(("dear", "over", "under") if than else ()))  # fmt: skip
    subject = asked.subject()
    unit = ("price_day.average_unit_price", "price_day.lowest_price")
    return Query(
        Intent.COMPARE, "price_day", measures=unit if subject.items else ("price_day.average_price",),
        dimensions=("price_day.platform",), filters=tuple(asked.filters_of(subject, entity="price_day")),
        window=window_of("price_day.day", current), against=window_of("price_day.day", earlier),
        order=(Order("price_day.platform"),), limit=SHORT,
    )  # fmt: skip


def _then(asked: Asked, span: Span) -> Query | None:
    """Prices of a past day."""
    sheet = asked.sheet
    sheet.use(span.first, span.last)
    cheap = sheet.take("cheap")
    average = sheet.take("average")
    sheet.take("price", "thing", "shopping")
    by = asked.by("price_day") if average else ()
    subject = asked.subject()
    if not subject:
        return None
    filters, window = asked.filters_of(subject, entity="price_day"), window_of("price_day.day", span)
    if average:
        unit = ("price_day.average_unit_price",) if subject.is_item else ()
        measures = (*unit, "price_day.average_price")
        return figures_of(measures, by, filters, intent=Intent.COMPARE if by else Intent.FIGURE, window=window,
                          limit=LONG if by else 1)  # fmt: skip
    columns = ("price_day.day", "price_day.name", "price_day.pack", "price_day.platform", "price_day.price",
               "price_day.unit_price")  # fmt: skip
    return Query(
        Intent.CHEAPEST if cheap else Intent.LIST, "price_day", columns=columns, filters=tuple(filters), window=window,
        order=(Order("price_day.unit_price" if subject.is_item else "price_day.price"),),
        limit=SHORT if cheap else LONG,
    )  # fmt: skip


def extremes(asked: Asked) -> Query | None:
    """The lowest, highest or average price of something over days past, on each platform."""
    sheet = asked.sheet
    low, mean = sheet.has("cheap", "fewest"), sheet.has("average")
    high = sheet.has("dear") or (sheet.has("highest") and (sheet.has("price") or low))
    said = ("last", "past", *(("this",) if mean or asked.asks("had", "was", "were", "been") else ()))
    long_ago = asked.now - timedelta(days=2)
    span = next((one for one in sheet.spans if one.said.startswith(said) and one.start < long_ago), None)
    if span is None or not asked.goods or not (low or high or mean):
        return None
    if sheet.has("deal", "drop", "rise", "moved", "trend"):
        return None
    sheet.take("cheap", "fewest", "dear", "highest", "average", "price", "thing", "shopping", "each", "value",
               "compare")  # fmt: skip
    sheet.use(span.first, span.last)
    limit = asked.top(SHORT)
    asked.by()
    subject = asked.subject()
    filters = asked.filters_of(subject, entity="price_day")
    asked_for = {
        "price_day.average_unit_price": mean and subject.is_item, "price_day.average_price": mean,
        "price_day.lowest_price": low, "price_day.highest_price": high,
    }  # fmt: skip
    measures = tuple(path for path, is_asked in asked_for.items() if is_asked)
    return figures_of(measures, ("price_day.platform",), filters, down=high and not low, intent=Intent.TOP,
                      window=window_of("price_day.day", span), limit=limit)  # fmt: skip


def trend(asked: Asked) -> Query | None:
    sheet = asked.sheet
    grain = next((g for c, g in (("weekly", "week"), ("monthly", "month"), ("daily", "day")) if sheet.has(c)), "")
    moved = sheet.has("moved") and bool(sheet.spans) and bool(asked.goods)
    lately = sheet.has("price") and bool(asked.goods) and any(_runs_until_now(one, asked.now) for one in sheet.spans)
    often = grain and sheet.has("price", "deal") and not sheet.has("shopping")
    if not (sheet.has("trend") or moved or lately or often):
        return None
    sheet.take("trend", "price", "thing", "compare", "daily", "weekly", "monthly", "average", "each", "deal",
               "shopping", "moved", "drop", "rise", "over")  # fmt: skip
    subject = asked.subject()
    window = asked.window("price_day.day")
    if window is None:
        tonight = midnight(asked.now) + timedelta(days=1)
        back = _BACK.get(grain, 30)
        window = Window("price_day.day", tonight - timedelta(days=back), tonight, f"last {back} days")
    measure = "price_day.average_unit_price" if subject.is_item else "price_day.average_price"
    by = f"price_day.day:{grain or 'day'}"
    return Query(
        Intent.TREND, "price_day", measures=(measure,), dimensions=(by, "price_day.platform"),
        filters=tuple(asked.filters_of(subject, entity="price_day")), window=window, order=(Order(by),), limit=500,
    )  # fmt: skip


def _runs_until_now(span: Span, now: datetime) -> bool:
    """ "the price for the last two weeks" is a course, not a day's price."""
    return span.said.startswith(("last", "past")) and span.start < now - timedelta(days=2) and span.end > now


def _same_length(past: Span, now: datetime) -> Span:
    """The period that began when the past one ended: today after yesterday, this week after last week."""
    if past.end - past.start <= timedelta(days=1):
        start = midnight(now)
        return Span(start, start + timedelta(days=1), "today", past.first, past.last)
    return Span(past.end, past.end + (past.end - past.start), "since", past.first, past.last)
