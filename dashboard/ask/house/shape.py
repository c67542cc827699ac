"""From what was found to one query, and whether a word that decides was passed over."""

from __future__ import annotations

from itertools import pairwise

from dashboard.ask.entities import told
from dashboard.ask.house.draft import is_rate
from dashboard.ask.house.rows import COUNTED, LONG, SHORT, Rows
from dashboard.ask.house.words import SHARES
from dashboard.ask.layer import Entity
from dashboard.ask.query import Filter, Intent, Op, Order, Query
from dashboard.ask.vocabulary import is_skipped

_GOOD = frozenset({"kept_share", "average_stars", "average_rider_stars", "accepted_share", "revenue", "units_sold",
                   "count",
                   "average_value", "in_stock_share", "answered_share", "paid_share", "searches"})  # fmt: skip
"""Measures of which more is better."""
_DECIDES = frozenset({"share", "over", "under", "atleast", "atmost", "between", "average", "median", "p90", "p95",
                      "count", "trend", "hourly", "daily", "weekly", "monthly", "hourofday", "weekdays",
                      "nodiscount"})  # fmt: skip
"""Said of a figure or its bounds: passed over, the answer would be another question's."""
_GIVEN = {"cancel_why": "cancelled", "late_cause": "late"}
"""Groups that only some rows have, and the flag of those."""


class Shape(Rows):
    """One entity's query out of a question."""

    def made(self) -> Query:
        sheet, entity = self.sheet, self.entity
        sheet.take("ours", "near")
        self._number()
        if entity.name == "batch":
            self._days_left()
        if entity.name == "rating":
            self._stars()
        self._mentions()
        self._figures()
        self._words()
        self._things()
        self._aggregates()
        self._windows()
        grain = self._grain()
        if self._is_why():
            return self._why()
        for name, flag in _GIVEN.items():
            path = self._path(flag)
            if self._path(name) in self.draft.dimensions and all(one.field != path for one in self.draft.filters):
                self.draft.filters.append(Filter(path, Op.EQ, (True,), flag))
        if "order.in_step" in self.ranked and not self.draft.filters:
            self.draft.filters.append(Filter("order.open", Op.EQ, (True,), "open"))
        query = self._shaped(grain, entity)
        self.vain = self.vain or self._passed_over(query)
        return query

    def _passed_over(self, query: Query) -> bool:
        """Whether the query is the answer to another question: a word that decides came to nothing, or it asks for what
        can't be."""
        return self._lost_word(query) or self._lost_comparison(query) or self._cannot_be(query)

    def _lost_word(self, query: Query) -> bool:
        """A word that bounds, ranks, groups or measures was said and the query has nothing of it."""
        sheet = self.sheet
        spoken = {at for hit in self.hits for at in range(hit.first, hit.last)}
        for mark in sheet.marks:
            here = set(range(mark.first, mark.last))
            if mark.name in _DECIDES and not here & sheet.used and not all(is_skipped(sheet.tokens[at]) for at in here):
                return True
            if mark.name == "each" and not here & spoken and not self._is_grouped(mark.last, query):
                return True
        telling = SHARES | {"out", "off"}
        if self.entity.name in COUNTED or self.entity.name == "store":
            telling |= {"available", "best"}
        if any(token.text in telling and at not in sheet.used for at, token in enumerate(sheet.tokens)):
            return True
        shown = {*query.measures, *query.dimensions, *query.columns, *(one.field for one in query.filters), *self.plain}
        shown |= {path.partition(":")[0] for path in shown}
        return any(path not in shown and f"{path}_band" not in shown for path in self.ranked)

    def _lost_comparison(self, query: Query) -> bool:
        """ "Late vs on time": two were set against each other, and the query has one."""
        sheet = self.sheet
        beside = (
            query.against or len(query.measures) > 1 or query.dimensions or any(f.op == Op.IN for f in query.filters)
        )
        if not beside and any(token.text in ("vs", "versus") for token in sheet.tokens):
            return True
        flags = [hit for hit in self.hits if hit.rank == "flag"]
        return any(
            token.text in ("vs", "versus", "or", "against")
            for one, other in pairwise(flags)
            for token in sheet.tokens[one.last : other.first]
        )

    def _cannot_be(self, query: Query) -> bool:
        """What the layer could compile and that means nothing."""
        fields = [one.field for one in query.filters]
        said = {path.partition(".")[2] for path in fields}
        if not query.dimensions and any(self.entity.measure(name) is not None for name in said):
            return True  # a bound of a figure chooses among groups
        if "took" in said and said & {"pending", "open"}:  # what has not ended has no length yet
            return True
        now_only = any(path.endswith((".on_now_count", ".on_now")) for path in [*query.measures, *fields])
        if now_only and query.window is not None and (query.against is not None or query.window.end <= self.now):
            return True
        time = self.entity.dimension(self.entity.time)
        if time is not None and time.kind == "date" and any(":hour" in path for path in query.dimensions):
            return True  # a day has no hours
        return "order.step" in fields and not set(query.measures) <= {"order.count", "order.longest_in_step"}

    def _is_grouped(self, at: int, query: Query) -> bool:
        """Whether what stands behind "by" is a group of the query, a period, or a bound of its own."""
        tokens = self.sheet.tokens
        while at < len(tokens) and tokens[at].text in ("the", "each", "of", "our", "all", "its"):
            at += 1
        listed = any(hit.first <= at < hit.last and self._path(hit.spot.name) in query.columns for hit in self.hits)
        if at >= len(tokens) or bool(query.dimensions) or listed or tokens[at].kind != "word":
            return True
        return any(span.first <= at < span.last for span in self.sheet.spans) or at in self.bounds

    def _is_why(self) -> bool:
        if self.entity.name != "order" or not self.sheet.has("why"):
            return False
        late = any(one.field == "order.late" for one in self.draft.filters)
        return late or "order.late_orders" in self.draft.measures

    def _why(self) -> Query:
        """Who was late and what the late ones have in common: per store, how many by cause."""
        draft = self.draft
        self.sheet.take("why", "count", "highest", "each")
        late = Filter("order.late", Op.EQ, (True,), "late")
        filters = [late, *(one for one in draft.filters if one.field != "order.late")]
        return Query(
            Intent.WHY, "order", measures=("order.count", "order.average_late"),
            dimensions=("order.store", "order.late_cause"), filters=tuple(filters), window=draft.window,
            against=draft.against, order=(Order("order.count", down=True),), limit=LONG,
        )  # fmt: skip

    def _shaped(self, grain: str, entity: Entity) -> Query:
        sheet, draft = self.sheet, self.draft
        sheet.take("each", "thing", "price") if draft.dimensions or grain else sheet.take("thing")
        spoken = {
            at
            for hit in self.hits
            if hit.rank == "measure" or hit.last - hit.first > 1
            for at in range(hit.first, hit.last)
        }
        ranked = any(
            mark.name in ("highest", "fewest", "top")
            and mark.first not in self.bounds
            and not set(range(mark.first, mark.last)) <= spoken
            for mark in sheet.marks
        )
        named_so = sheet.take("highest", "fewest", "top")
        down = not sheet.has("fewest")
        limit = self._limit()
        filters = self._grouped_filters()
        if grain:
            path = self._path(f"{entity.time}:{grain}")
            if not draft.measures and named_so:
                self._best_of()
            busiest = grain in ("hour_of_day", "weekday")
            ranked = ranked or any(token.text in ("peak", "rush", "busiest") for token in sheet.tokens)
            down = self._turned(draft.measures[0], down) if draft.measures else down
            measures = tuple(draft.measures) or self._main_figures()[:1]
            intent = Intent.TREND if not busiest else Intent.TOP if ranked else Intent.COMPARE
            order = Order(measures[0], down=down) if busiest and ranked else Order(path)
            return Query(intent, entity.name, measures=measures, dimensions=(path, *draft.dimensions), filters=filters,
                         window=draft.window, against=draft.against, order=(order,), limit=500)  # fmt: skip
        if sheet.has("compare") and not draft.dimensions:
            self._compared()
        if entity.name == "store" and draft.measures and not draft.dimensions:
            draft.dimensions.append("store.code")
        if self._lists(ranked=ranked):
            self._rank_rows(ranked=ranked)
            self.vain = self.vain or (ranked and not self.ranked)
            return self._list(tuple(draft.filters), ranked=ranked, down=down, limit=limit)
        if not draft.measures and named_so:
            self._best_of()
        measures = tuple(dict.fromkeys(draft.measures)) or self._main_figures()
        if len(measures) > 1 or draft.dimensions or draft.against:
            sheet.take("compare")
        if self._asks_share() and not draft.dimensions and not is_rate(entity, measures[0]):
            filters = self._share_of_values(filters)
        self.vain = self.vain or (
            self._asks_share()
            and not is_rate(entity, measures[0])
            and (any(self._is_value(one) for one in filters) or self._asks_rate())
        )
        share = bool(draft.dimensions or is_rate(entity, measures[0])) and self._asks_share()
        if share:
            self._take_share()
        dimensions = tuple(dict.fromkeys(draft.dimensions))
        down = self._turned(measures[0], down)
        self.vain = self.vain or (ranked and not dimensions)
        if not dimensions:
            intent = Intent.COMPARE if draft.against else Intent.FIGURE
            return Query(intent, entity.name, measures=measures, filters=filters, window=draft.window,
                         against=draft.against, limit=1)  # fmt: skip
        intent = (
            Intent.COMPARE if draft.against or self._compares_names()
            else Intent.SHARE if share and not is_rate(entity, measures[0])
            else Intent.TOP if named_so else Intent.FIGURE
        )  # fmt: skip
        return Query(
            intent, entity.name, measures=measures, dimensions=dimensions, filters=filters, window=draft.window,
            against=draft.against, order=(Order(measures[0], down=down),), limit=limit or (SHORT if named_so else LONG),
        )  # fmt: skip

    def _is_value(self, one: Filter) -> bool:
        """Bounded by what a word said of the rows, not by a place: a share of the whole is another thing then."""
        dimension = self.entity.dimension(one.field.partition(".")[2])
        said_so = any(hit.rank in ("value", "flag") and self._path(hit.spot.name) == one.field for hit in self.hits)
        return dimension is not None and said_so

    def _share_of_values(self, filters: tuple[Filter, ...]) -> tuple[Filter, ...]:
        """ "share of orders paid by cash": the whole by payment method, not a count of one."""
        for one in reversed(filters):
            dimension = self.entity.dimension(one.field.partition(".")[2])
            if dimension is not None and dimension.values and one.op == Op.EQ and one.said:
                self.draft.dimensions.append(one.field)
                return tuple(other for other in filters if other is not one)
        return filters

    def _best_of(self) -> None:
        """ "which part of the day is slowest": how long orders took; "worst" without a figure: how many were late. Of
        other things nobody said by what."""
        said = {token.text for token in self.sheet.tokens}
        if not said & {"slowest", "fastest", "longest", "quickest", "shortest", "worst", "best"}:
            return
        if self.entity.name != "order" or self.draft.filters:
            self.vain = True
        elif said & {"worst", "best"}:
            self.draft.measures.append("order.late_share")
        else:
            self.draft.measures.append("order.average_delivery_time")

    def _main_figures(self) -> tuple[str, ...]:
        """What is counted when only the thing was named: waste in money, refunds in number and money."""
        flagged = any(one.values in ((True,), (False,)) for one in self.draft.filters)
        if self.sheet.has("count") or flagged:
            return (self._path("count"),)
        return tuple(self._path(name) for name in told()["figures"].get(self.entity.name, ("count",)))

    def _turned(self, path: str, down: bool) -> bool:
        """ "worst" is the lowest of what should be high, "best" the lowest of what should be low."""
        said = {token.text for token in self.sheet.tokens}
        good = path.partition(".")[2] in _GOOD
        if said & {"fastest", "quickest"} and path.endswith("_time"):
            return False
        return not down if ("worst" in said and good) or ("best" in said and not good) else down

    def _compared(self) -> None:
        """ "compare BLR-01 and BLR-02": by what is named twice."""
        for one in self.draft.filters:
            if one.op == Op.IN:
                self.draft.dimensions.append(one.field)
                self.sheet.take("compare")
                return

    def _grouped_filters(self) -> tuple[Filter, ...]:
        return tuple(self.draft.filters)
