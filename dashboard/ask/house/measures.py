"""Averages, percentiles, sums and shares; and the reason that is kept of a thing."""

from __future__ import annotations

from dashboard.ask.entities import told
from dashboard.ask.house.groups import Groups
from dashboard.ask.house.words import GRAINS, asks_length
from dashboard.ask.layer import Dimension, Measure
from dashboard.ask.query import Filter, Op

_AGGREGATES = {"p95": "p95", "p90": "p90", "median": "p50", "average": "avg", "total": "sum"}
"""Concepts of the question and how the layer calls them; the first that was said counts."""


class Measures(Groups):
    """Which figure is meant."""

    def _aggregates(self) -> None:
        """average, median, p90, total, highest of a numeric field; how many."""
        sheet, draft = self.sheet, self.draft
        named = next((name for name in _AGGREGATES if sheet.has(name)), "")
        if not named and asks_length(sheet):
            named = "average"
        if named:
            self._of_fields(named)
        elif not draft.measures and (draft.dimensions or self._asks_grain()):
            self._of_each_group()
        self._in_money()
        self._why_of()
        if any(one.kind == "paise" for one in self._held()):
            sheet.pass_over("value", "amount", "amounts", "values")
        if draft.measures and asks_length(sheet):
            sheet.take("fast")
        if named:
            sheet.take("total")
            if named != "total" and draft.measures:
                self._of_figures(named)
        if sheet.take("count") and not draft.measures:
            draft.measures.append(self._path("count"))
        if self._asks_share():
            self._shares()

    def _of_fields(self, named: str) -> None:
        """ "median order value": the aggregate of each numeric field that was said."""
        for path, dimension in self._fields():
            suffix = _AGGREGATES[named]
            self.draft.measures.append(self._declared(dimension, suffix) or f"{path}:{suffix}")
            self.sheet.take(named)

    def _of_each_group(self) -> None:
        """ "days of cover by category": a field without an aggregate is averaged where the layer averages it, else a
        number is summed."""
        for path, dimension in self._fields():
            measure = self._declared(dimension, "avg")
            if not measure and dimension.kind in ("number", "paise"):
                measure = self._declared(dimension, "sum") or f"{path}:sum"
            if measure:
                self.draft.measures.append(measure)
                self.plain.append(path)

    def _fields(self) -> list[tuple[str, Dimension]]:
        """The numeric fields that were said."""
        found = ((path, self.entity.dimension(path.partition(".")[2])) for path in self.ranked)
        return [(path, dimension) for path, dimension in found if dimension is not None]

    def _of_figures(self, named: str) -> None:
        """ "average delay of late orders": the aggregate of the figures themselves. Of what is counted or summed there
        is none."""
        sheet, draft = self.sheet, self.draft
        sheet.take(named)
        if len(draft.measures) > 1 and "order.late_orders" in draft.measures:
            draft.measures.remove("order.late_orders")
            draft.filters.append(Filter("order.late", Op.EQ, (True,), "late"))
        if any(one.aggregate in ("count", "sum", "distinct") for one in self._held()):
            self.vain = True
        if named != "average":
            draft.measures = [self._same_but(one, _AGGREGATES[named]) for one in draft.measures]

    def _held(self) -> list[Measure]:
        """The measures of the query so far that the layer has; an aggregate of a field is none of them."""
        found = (self.entity.measure(path.partition(".")[2]) for path in self.draft.measures)
        return [one for one in found if one is not None]

    def _asks_grain(self) -> bool:
        return any(self.sheet.has(concept) for concept, _ in GRAINS)

    def _why_of(self) -> None:
        """ "why are refunds high", "reasons customers cancelled": by the reason that is kept of it."""
        name = {"refund": "why", "wastage": "reason", "claim": "kind", "payment_attempt": "decline_reason"}.get(
            self.entity.name, ""
        )
        if any(one.field == "order.cancelled" for one in self.draft.filters):
            name = "cancel_why"
        if name and self.sheet.has("why") and self._path(name) not in self.draft.dimensions:
            self.sheet.take("why")
            self.draft.dimensions.append(self._path(name))

    def _in_money(self) -> None:
        """ "waste this month in rs": the sum of money it has."""
        said = [at for at, token in enumerate(self.sheet.tokens) if token.text in ("rs", "rupees", "inr", "money")]
        if not said:
            return
        names = [name for name in told()["figures"].get(self.entity.name, ()) if name != "count"]
        measure = next((one for name in names if (one := self.entity.measure(name)) and one.kind == "paise"), None)
        if any(one.kind == "paise" for one in self._held()):
            self.sheet.used.update(said)
        elif not self.draft.measures and measure is not None:
            self.draft.measures.append(self._path(measure.name))
            self.sheet.used.update(said)

    def _same_but(self, path: str, aggregate: str) -> str:
        """ "median delivery time" when the words named its average."""
        measure = self.entity.measure(path.partition(".")[2].partition(":")[0])
        if measure is None or measure.aggregate == aggregate or measure.aggregate not in ("avg", "p50", "p90", "p95"):
            return path
        for one in self.entity.measures:
            if one.column == measure.column and one.aggregate == aggregate:
                return self._path(one.name)
        dimension = next((one for one in self.entity.dimensions if one.column == measure.column), None)
        return self._path(f"{dimension.name}:{aggregate}") if dimension else path

    def _shares(self) -> None:
        """ "what share of orders was late": the rate of the flag, not a count of the late ones."""
        draft = self.draft
        for one in list(draft.filters):
            dimension = self.entity.dimension(one.field.partition(".")[2])
            of_value = self.entity.measure(f"{one.values[0]}_share") if one.op == Op.EQ else None
            if of_value is not None and (draft.dimensions or self._asks_grain()):
                draft.filters.remove(one)
                draft.measures = [self._path(of_value.name)]
                self._take_share()
                continue
            rate = self._rate(dimension) if dimension is not None and dimension.kind == "flag" else ""
            if rate and one.values == (True,):
                draft.filters.remove(one)
                draft.measures = [rate]
                self._take_share()
        for path in list(draft.measures):  # late_orders → late_share
            measure = self.entity.measure(path.partition(".")[2])
            flag = measure.column if measure and measure.aggregate == "count" and measure.column != "*" else ""
            flag = flag or (measure.where if measure and measure.aggregate == "count" else "")
            rate = (
                next((m.name for m in self.entity.measures if m.aggregate == "rate" and m.column == flag), "")
                if flag
                else ""
            )
            if rate:
                draft.measures[draft.measures.index(path)] = self._path(rate)
                self._take_share()
            elif measure is not None and measure.aggregate == "rate":
                self._take_share()
