"""How prices moved: drops and rises, one period beside another, trends."""

from __future__ import annotations

from datetime import datetime, timedelta

from dashboard.ask.dates import Span
from dashboard.ask.goods import turned_to
from dashboard.ask.market.asked import Asked
from dashboard.ask.market.shape import LONG, SHORT, midnight, window_of
from dashboard.ask.query import Filter, Intent, Op, Order, Query, Window

_BACK = {"month": 120, "week": 60}
"""Days a trend goes back that says none, by its grain."""


def moved_prices(asked: Asked) -> Query | None:
    sheet = asked.sheet
    fell, rose, moved = sheet.has("drop"), sheet.has("rise"), sheet.has("moved")
    long = any(span.end - span.start > timedelta(days=1) for span in sheet.spans)
    if not (fell or rose or moved) or sheet.has("trend"):
        return None
    often = asked.asks("often", "frequently", "most", "count", "volatile", "many", "number") or sheet.has("count")
    if moved and not (fell or rose) and often:
        return _how_often(asked)
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
    filters = [*subject.filters, *asked.figures(), *asked.where()]
    if fell and not rose:
        filters.append(Filter("listing.dropped", Op.EQ, (True,), "price drops"))
    elif rose and not fell:
        filters.append(Filter("listing.rose", Op.EQ, (True,), "price rises"))
    by = asked.by() if asked.groups() else ()
    window = asked.window("listing.changed_at")
    if by:
        return Query(Intent.TOP, "listing", measures=("listing.count",), dimensions=by, filters=tuple(filters),
                     window=window, order=(Order("listing.count", down=True),), limit=LONG)  # fmt: skip
    if which:
        measures = ("listing.count", *(("listing.drop:avg",) if fell and not rose else ()))
        if fell and rose:
            measures = ("listing.drops", "listing.rises")
        return Query(
            Intent.TOP, "listing", measures=measures,
            dimensions=("listing.platform",), filters=tuple(filters), window=window,
            order=(Order(measures[0], down=True),), limit=SHORT,
        )  # fmt: skip
    sized = ("listing.drop",) if fell and not rose else ()
    columns = ("listing.name", "listing.pack", "listing.platform", "listing.was", "listing.price", *sized,
               "listing.moved_by", "listing.changed_at")  # fmt: skip
    largest = "listing.moved_by" if percent or (ranked and not sized) else sized[0] if sized else "listing.changed_at"
    order = Order(largest, down=True)
    return Query(Intent.LIST, "listing", columns=columns, filters=tuple(filters), window=window, order=(order,),
                 limit=limit)  # fmt: skip


def _how_often(asked: Asked) -> Query:
    """Whose prices change most often: by platform, brand or kind when they are asked about, else thing by thing."""
    sheet, entity = asked.sheet, "listing_price"
    which = asked.which_platform() or asked.groups()
    only_count = sheet.has("count") and not which
    sheet.take("moved", "thing", "price", "highest", "each", "compare", "shopping", "count", "top", "fewest")
    sheet.pass_over("often", "frequently", "recorded", "seen", "change", "changes")
    limit = asked.top(SHORT)
    groups = asked.by(entity)
    subject = asked.subject()
    window = asked.window(f"{entity}.at")
    filters = tuple(turned_to(one, entity) for one in [*subject.filters, *asked.where()])
    if not groups and not only_count:
        groups = (f"{entity}.name", f"{entity}.platform") if not subject.items else (f"{entity}.platform",)
    measures = (f"{entity}.count", f"{entity}.lowest_price", f"{entity}.highest_price")
    return Query(
        Intent.TOP if groups else Intent.FIGURE,
        entity,
        measures=measures[: 3 if groups else 1],
        dimensions=groups,
        filters=filters,
        window=window,
        order=(Order(measures[0], down=True),) if groups else (),
        limit=limit if groups else 1,
    )


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
    day = "price_day"
    filters = [*subject.filters, *asked.figures(), *asked.where()]
    measures = (f"{day}.average_unit_price", f"{day}.lowest_price") if subject.items else (f"{day}.average_price",)
    return Query(
        Intent.COMPARE, day, measures=measures, dimensions=(f"{day}.platform",),
        filters=tuple(turned_to(one, day) for one in filters),
        window=window_of(f"{day}.day", current),
        against=window_of(f"{day}.day", earlier),
        order=(Order(f"{day}.platform"),), limit=SHORT,
    )  # fmt: skip


def _then(asked: Asked, span: Span) -> Query | None:
    """Prices of a past day."""
    sheet, day = asked.sheet, "price_day"
    sheet.use(span.first, span.last)
    cheap = sheet.take("cheap")
    average = sheet.take("average")
    sheet.take("price", "thing", "shopping")
    by = asked.by(day) if average else ()
    subject = asked.subject()
    if not subject:
        return None
    filters = [*subject.filters, *asked.figures(), *asked.where()]
    if average:
        measures = (*((f"{day}.average_unit_price",) if subject.is_item else ()), f"{day}.average_price")
        return Query(
            Intent.COMPARE if by else Intent.FIGURE, day, measures=measures, dimensions=by,
            filters=tuple(turned_to(one, day) for one in filters), window=window_of(f"{day}.day", span),
            order=(Order(measures[0]),) if by else (), limit=LONG if by else 1,
        )  # fmt: skip
    order = Order(f"{day}.unit_price") if subject.is_item else Order(f"{day}.price")
    return Query(
        Intent.CHEAPEST if cheap else Intent.LIST, day,
        columns=tuple(f"{day}.{one}" for one in ("day", "name", "pack", "platform", "price", "unit_price")),
        filters=tuple(turned_to(one, day) for one in filters),
        window=window_of(f"{day}.day", span), order=(order,),
        limit=SHORT if cheap else LONG,
    )  # fmt: skip


def extremes(asked: Asked) -> Query | None:
    """The lowest, highest or average price of something over days past, on each platform."""
    sheet, day = asked.sheet, "price_day"
    low, mean = sheet.has("cheap", "fewest"), sheet.has("average")
    high = sheet.has("dear") or (sheet.has("highest") and (sheet.has("price") or low))
    said = ("last", "past", *(("this",) if mean or asked.asks("had", "was", "were", "been") else ()))
    span = next(
        (one for one in sheet.spans if one.said.startswith(said) and one.start < asked.now - timedelta(days=2)), None
    )
    if (
        span is None
        or not asked.goods
        or not (low or high or mean)
        or sheet.has("deal", "drop", "rise", "moved", "trend")
    ):
        return None
    sheet.take(
        "cheap", "fewest", "dear", "highest", "average", "price", "thing", "shopping", "each", "value", "compare"
    )
    sheet.use(span.first, span.last)
    limit = asked.top(SHORT)
    asked.by()
    subject = asked.subject()
    filters = [*subject.filters, *asked.figures(), *asked.where()]
    names = [
        *(["average_price"] if mean else []),
        *(["lowest_price"] if low else []),
        *(["highest_price"] if high else []),
    ]
    if subject.is_item and mean:
        names.insert(0, "average_unit_price")
    measures = tuple(f"{day}.{one}" for one in names)
    return Query(
        Intent.TOP, day, measures=measures, dimensions=(f"{day}.platform",),
        filters=tuple(turned_to(one, day) for one in filters), window=window_of(f"{day}.day", span),
        order=(Order(measures[0], down=high and not low),), limit=limit,
    )  # fmt: skip


def trend(asked: Asked) -> Query | None:
    sheet, day = asked.sheet, "price_day"
    grain = next((g for c, g in (("weekly", "week"), ("monthly", "month"), ("daily", "day")) if sheet.has(c)), "")
    moved = sheet.has("moved") and bool(sheet.spans) and bool(asked.goods)
    lately = sheet.has("price") and bool(asked.goods) and any(_runs_until_now(one, asked.now) for one in sheet.spans)
    if not (
        sheet.has("trend") or moved or lately or (grain and sheet.has("price", "deal") and not sheet.has("shopping"))
    ):
        return None
    sheet.take("trend", "price", "thing", "compare", "daily", "weekly", "monthly", "average", "each", "deal",
               "shopping", "moved", "drop", "rise", "over")  # fmt: skip
    subject = asked.subject()
    window = asked.window(f"{day}.day")
    if window is None:
        tonight = midnight(asked.now) + timedelta(days=1)
        back = _BACK.get(grain, 30)
        window = Window(f"{day}.day", tonight - timedelta(days=back), tonight, f"last {back} days")
    measure = f"{day}.average_unit_price" if subject.is_item else f"{day}.average_price"
    filters = [*subject.filters, *asked.figures(), *asked.where()]
    return Query(
        Intent.TREND, day, measures=(measure,), dimensions=(f"{day}.day:{grain or 'day'}", f"{day}.platform"),
        filters=tuple(turned_to(one, day) for one in filters), window=window,
        order=(Order(f"{day}.day:{grain or 'day'}"),), limit=500,
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
