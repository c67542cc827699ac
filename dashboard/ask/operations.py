"""Questions about the house itself (orders, stock, refunds, riders): understood from the words the layer has for them.

Nothing here knows a table: each entity is tried with the words of its label, fields and values; the one that explains
most of the question is what it is about, the table selector decides between equals. What an entity cannot say stays
unused, and counts against it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from blinkit.kernel.said import say
from dashboard.ask.dates import ZONE, Span
from dashboard.ask.entities import LONGEST_PHRASE, MARKET, Spot, told
from dashboard.ask.layer import Dimension, Entity, Measure
from dashboard.ask.query import Filter, Intent, Op, Order, Query, Reading, Value, Window
from dashboard.ask.sheet import Mention, Sheet, is_skipped

NUMERIC = frozenset({"paise", "seconds", "minutes", "number", "amount", "bp"})
SHORT, LONG = 10, 50
_RANK = {"measure": 0, "flag": 1, "value": 2, "entity": 3, "dimension": 4}
_SHARED = frozenset({"city", "category", "supplier", "product", "webhook", "event"})
"""Entities that are rarely the subject: they need their own name and nothing better."""
_GOOD = frozenset({"kept_share", "average_stars", "average_rider_stars", "accepted_share", "revenue", "units_sold",
                   "count",
                   "average_value", "in_stock_share", "answered_share", "paid_share", "searches"})  # fmt: skip
"""Measures of which more is better."""
_FLAGGED = frozenset({"order", "stock"})
"""Meant when only "late" or "out of stock" is said, and of two that would do."""
_MARKET_TALK = frozenset({"deal", "price", "thing", "cheap", "alternative", "available", "unavailable", "average",
                          "mrp", "value", "coupon", "bundle", "each", "compare", "highest", "total",
                          "count"})  # fmt: skip
_OPS = (("under", Op.LT), ("atmost", Op.LE), ("over", Op.GT), ("atleast", Op.GE))
_GRAINS = (("hourly", "hour"), ("daily", "day"), ("weekly", "week"), ("monthly", "month"), ("hourofday", "hour_of_day"),
           ("weekdays", "weekday"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hit:
    spot: Spot
    rank: str
    first: int
    last: int


@dataclass
class _Draft:
    measures: list[str] = field(default_factory=list)
    dimensions: list[str] = field(default_factory=list)
    filters: list[Filter] = field(default_factory=list)
    window: Window | None = None
    against: Window | None = None
    loose: list[str] = field(default_factory=list)
    """Groups nobody asked for with "by" or "which": they only say what is listed."""


def readings(sheet: Sheet, *, now: datetime, city: str) -> list[Reading]:
    """The likeliest readings about operations, best first; none when no entity of the house is named."""
    of_platforms = sheet.mentioned("platform") or sheet.has("platform")
    if of_platforms and not sheet.has("ours") and not _about_feeds(sheet):
        return []
    table = _hits(sheet)
    if not table:
        return []
    near = dict(sheet.layer_words.selector.nearest(sheet.said(0, len(sheet.tokens)), most=12))
    scored: list[tuple[float, str]] = []
    for name, hits in table.items():
        entity = sheet.layer_words.layer.entities[name]
        chosen = _chosen(hits)
        anchors = ("entity", "measure", "flag") if name in _FLAGGED else ("entity", "measure")
        if not any(hit.rank in anchors for hit in chosen):
            continue
        prior = 0.15 * (name in _FLAGGED) - 0.3 * (name in _SHARED)
        scored.append((_score(sheet, entity, chosen) + 0.9 * near.get(name, 0) + prior, name))
    scored.sort(key=lambda pair: (-pair[0], pair[1]))
    found: list[Reading] = []
    for score, name in scored[:3]:
        if found and score < scored[0][0] - 0.35:
            break
        fresh = sheet.fresh()
        entity = fresh.layer_words.layer.entities[name]
        maker = _Maker(fresh, entity, _chosen(table[name]), now)
        query = maker.made()
        sure = fresh.confidence() - 0.12 * (len(found) > 0) - 0.4 * maker.vain
        found.append(Reading(query, round(max(sure, 0.0), 2), _steps(query), fresh.unused()))
    return found


def is_strong(sheet: Sheet, reading: Reading) -> bool:
    """Whether it was named with a word of its own, not only with words that prices are asked for with too (products,
    offers, average price). Stock and our own shop count as such."""
    if not isinstance(reading.of, Query) or sheet.has("ours") or sheet.mentioned("store"):
        return True
    shared = {at for mark in sheet.marks if mark.name in _MARKET_TALK for at in range(mark.first, mark.last)}
    hits = _chosen(_hits(sheet).get(reading.of.entity, []))
    if reading.of.entity == "stock" and any(hit.rank in ("entity", "flag") for hit in hits):
        return True
    return any(
        hit.rank in ("entity", "measure", "flag") and not set(range(hit.first, hit.last)) <= shared for hit in hits
    )


def _about_feeds(sheet: Sheet) -> bool:
    return any(
        token.text in ("feed", "feeds", "import", "imports", "match", "matches", "alerts") for token in sheet.tokens
    )


def _hits(sheet: Sheet) -> dict[str, list[Hit]]:
    """By entity, every phrase of the question that it has a word for."""
    dated = {at for span in sheet.spans for at in range(span.first, span.last)}
    layer = sheet.layer_words.layer
    found: dict[str, list[Hit]] = {}
    stems = [token.stem for token in sheet.tokens]
    for first in range(len(stems)):
        for last in range(first + 1, min(first + LONGEST_PHRASE, len(stems)) + 1):
            if dated & set(range(first, last)):
                break
            for spot in sheet.layer_words.phrases.get(tuple(stems[first:last]), ()):
                if spot.entity in MARKET:
                    continue
                rank = _rank(layer.entities[spot.entity], spot)
                if last - first == 1 and rank in ("dimension", "flag", "value") and is_skipped(sheet.tokens[first]):
                    continue
                found.setdefault(spot.entity, []).append(Hit(spot, rank, first, last))
    return found


def _rank(entity: Entity, spot: Spot) -> str:
    if spot.kind != "dimension":
        return spot.kind
    dimension = entity.dimension(spot.name)
    return "flag" if dimension is not None and dimension.kind == "flag" else "dimension"


def _chosen(hits: list[Hit]) -> list[Hit]:
    """Longest first, each word once; of one phrase a measure before a flag before a value before the entity."""
    taken: set[int] = set()
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda one: (one.first - one.last, _RANK[one.rank], one.first)):
        here = set(range(hit.first, hit.last))
        if not here & taken:
            taken |= here
            kept.append(hit)
    return sorted(kept, key=lambda one: one.first)


def _score(sheet: Sheet, entity: Entity, hits: list[Hit]) -> float:
    weights = {"measure": 1.05, "entity": 1.2, "flag": 1.0, "value": 0.95, "dimension": 0.8}
    score = 0.0
    for hit in hits:
        weight = weights[hit.rank]
        if hit.rank != "measure" and hit.last - hit.first == 1 and is_skipped(sheet.tokens[hit.first]):
            weight *= 0.6
        if hit.rank == "value" and _is_a_name(sheet, hit):
            weight = 0.3
        score += weight * (hit.last - hit.first) ** 0.9
    covered = {at for hit in hits for at in range(hit.first, hit.last)}
    for one in sheet.mentions:
        if not covered & set(range(one.first, one.last)) and _place(entity, one) is not None:
            score += 0.8 * (one.last - one.first)
    if sheet.spans and entity.time:
        score += 0.4
    return score


def _is_a_name(sheet: Sheet, hit: Hit) -> bool:
    """Whether the word for a value is rather the name of another entity: payments for an "order"."""
    phrase = tuple(token.stem for token in sheet.tokens[hit.first : hit.last])
    return any(
        spot.kind == "entity" and spot.entity != hit.spot.entity for spot in sheet.layer_words.phrases.get(phrase, ())
    )


def _place(entity: Entity, one: Mention) -> tuple[str, Op, tuple[str, ...]] | None:
    """Where this entity would look for what is mentioned."""
    for meaning in one.meanings:
        names = {
            "store": ("store", "code") if entity.name == "store" else ("store",), "city": ("city",),
            "platform": ("platform",), "category": ("category",), "aisle": ("aisle",), "brand": ("brand",),
            "item": ("item",),
        }.get(meaning.kind, ())  # fmt: skip
        for name in names:
            if entity.dimension(name) is not None:
                return f"{entity.name}.{name}", Op.EQ if len(meaning.keys) == 1 else Op.IN, meaning.keys
        if meaning.kind in ("item", "word", "brand"):
            for name in ("product", "name"):
                if entity.dimension(name) is not None and entity.name not in ("store", "promotion", "platform"):
                    return f"{entity.name}.{name}", Op.HAS, (meaning.label,)
    return None


class _Maker:
    """One entity's query out of a question."""

    def __init__(self, sheet: Sheet, entity: Entity, hits: list[Hit], now: datetime) -> None:
        self.sheet, self.entity, self.hits, self.now = sheet, entity, hits, now
        self.draft = _Draft()
        self.ranked: list[str] = []
        self.sorted: list[str] = []
        self.vain = False
        """The largest or best was asked for, and there is no figure to say which that is."""

    def made(self) -> Query:
        sheet, entity = self.sheet, self.entity
        sheet.take("ours", "near")
        self._mentions()
        self._figures()
        self._words()
        self._aggregates()
        self._windows()
        grain = self._grain()
        if self._is_why():
            return self._why()
        return self._shaped(grain, entity)

    # Parts

    def _path(self, name: str) -> str:
        return f"{self.entity.name}.{name}"

    def _mentions(self) -> None:
        sheet = self.sheet
        covered = {at for hit in self.hits for at in range(hit.first, hit.last)}
        for one in sheet.mentions:
            where = _place(self.entity, one)
            if where is None or covered & set(range(one.first, one.last)):
                continue
            path, op, keys = where
            sheet.use(one.first, one.last)
            if one.no:
                for at in range(max(0, one.first - 3), one.first):
                    sheet.use(at, at + 1)
                self.draft.filters += [Filter(path, Op.NOT, (key,), one.said) for key in keys]
                continue
            same = next((f for f in self.draft.filters if f.field == path and f.op in (Op.EQ, Op.IN)), None)
            if same is not None and op in (Op.EQ, Op.IN):
                values = tuple(dict.fromkeys([*same.values, *keys]))
                self.draft.filters[self.draft.filters.index(same)] = Filter(
                    path, Op.IN, values, f"{same.said}, {one.said}"
                )
            else:
                self.draft.filters.append(Filter(path, op, keys, one.said))

    def _words(self) -> None:
        """The layer's own words: measures, flags, values, groups."""
        sheet = self.sheet
        for hit in self.hits:
            if set(range(hit.first, hit.last)) & sheet.used and hit.rank == "dimension":
                continue
            sheet.use(hit.first, hit.last)
            said = sheet.said(hit.first, hit.last)
            if hit.rank == "measure":
                self.draft.measures.append(self._path(hit.spot.name))
            elif hit.rank == "flag":
                self._flag(hit, said)
            elif hit.rank == "value":
                self._value(hit, said)
            elif hit.rank == "entity":
                self._entity_as_group(hit)
            elif hit.rank == "dimension":
                self._dimension(hit)

    def _entity_as_group(self, hit: Hit) -> None:
        """ "which stage breaks most promises": the entity's own name is also one of its fields."""
        phrase = tuple(token.stem for token in self.sheet.tokens[hit.first : hit.last])
        asked = self.sheet.mark_before(hit.first, "each", "top", reach=2) or self._which(hit.first)
        if not asked or not any(one.rank == "measure" for one in self.hits):
            return
        for spot in self.sheet.layer_words.phrases.get(phrase, ()):
            dimension = self.entity.dimension(spot.name) if spot.entity == self.entity.name else None
            if spot.kind == "dimension" and dimension is not None and dimension.kind == "text":
                self.draft.dimensions.append(spot.path)
                return

    def _flag(self, hit: Hit, said: str) -> None:
        before = self.sheet.tokens[hit.first - 1].text if hit.first else ""
        no = before in ("not", "without", "non")
        if no:
            self.sheet.use(hit.first - 1, hit.first)
        made = Filter(self._path(hit.spot.name), Op.EQ, (not no,), f"{before} {said}" if no else said)
        if all(one.field != made.field for one in self.draft.filters):
            self.draft.filters.append(made)

    def _value(self, hit: Hit, said: str) -> None:
        path = self._path(hit.spot.name)
        same = next((one for one in self.draft.filters if one.field == path and one.op in (Op.EQ, Op.IN)), None)
        if same is None:
            self.draft.filters.append(Filter(path, Op.EQ, (hit.spot.value,), said))
        else:
            values = tuple(dict.fromkeys([*same.values, hit.spot.value]))
            self.draft.filters[self.draft.filters.index(same)] = Filter(path, Op.IN, values, f"{same.said}, {said}")

    def _dimension(self, hit: Hit) -> None:
        """A numeric field waits for an aggregate; a word field groups, unless a name of it stands beside it."""
        dimension = self.entity.dimension(hit.spot.name)
        if dimension is None:
            return
        path = self._path(dimension.name)
        if dimension.kind in NUMERIC and dimension.name != "hour":
            just_total = any(mark.name == "total" and mark.first == hit.first for mark in self.sheet.marks)
            if not (just_total and any(one.rank == "measure" for one in self.hits)):
                self.ranked.append(path)
            return
        if dimension.kind in ("time", "date"):
            return
        if dimension.name == "late_cause" and not self._speaks_of_late():
            self.sheet.used -= set(range(hit.first, hit.last))
            return
        named = any(one.field == path and one.op in (Op.EQ, Op.HAS, Op.NOT) for one in self.draft.filters)
        asked = self.sheet.mark_before(hit.first, "each", "highest", "fewest", "top", reach=3) or self._which(hit.first)
        if (not named or asked) and path not in self.draft.dimensions:
            self.draft.dimensions.append(path)
            if not asked and not self._by_before(hit.first):
                self.draft.loose.append(path)

    def _speaks_of_late(self) -> bool:
        return self.sheet.has("late") or any(
            "late" in hit.spot.name for hit in self.hits if hit.spot.name != "late_cause"
        )

    def _by_before(self, at: int) -> bool:
        """ "by store and cause": the second of two groups."""
        return (
            at > 1
            and self.sheet.tokens[at - 1].text in ("and", "aur")
            and self.sheet.mark_before(at - 2, "each") is not None
        )

    def _which(self, at: int) -> bool:
        return at > 0 and self.sheet.tokens[at - 1].text in ("which", "what", "whose", "every", "each", "where")

    def _aggregates(self) -> None:
        """average, median, p90, total, highest of a numeric field; how many."""
        sheet, draft, entity = self.sheet, self.draft, self.entity
        named = next((n for n in ("p95", "p90", "median", "average", "total") if sheet.has(n)), "")
        suffix = {"median": "p50", "average": "avg", "total": "sum"}.get(named, named)
        for path in self.ranked:
            dimension = entity.dimension(path.partition(".")[2])
            if dimension is None:
                continue
            if suffix:
                draft.measures.append(self._declared(dimension, suffix) or f"{path}:{suffix}")
                sheet.take(named)
            elif sheet.has("share") and (measure := self._rate(dimension)):
                draft.measures.append(measure)
        if named:
            sheet.take("total")
            if named in ("average", "median", "p90", "p95") and draft.measures:
                sheet.take(named)
                if named != "average":
                    draft.measures = [self._same_but(one, suffix) for one in draft.measures]
        if sheet.take("count") and not draft.measures:
            draft.measures.append(self._path("count"))
        if sheet.has("share"):
            self._shares()

    def _declared(self, dimension: Dimension, aggregate: str) -> str:
        """The measure the layer has for it, so that the same figure has one name."""
        for one in self.entity.measures:
            if one.column == dimension.column and one.aggregate == aggregate and not one.where:
                return self._path(one.name)
        return ""

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

    def _rate(self, dimension: Dimension) -> str:
        for one in self.entity.measures:
            if one.aggregate == "rate" and one.column == dimension.column:
                return self._path(one.name)
        return ""

    def _shares(self) -> None:
        """ "what share of orders was late": the rate of the flag, not a count of the late ones."""
        draft = self.draft
        for one in list(draft.filters):
            dimension = self.entity.dimension(one.field.partition(".")[2])
            rate = self._rate(dimension) if dimension is not None and dimension.kind == "flag" else ""
            if rate and one.values == (True,):
                draft.filters.remove(one)
                draft.measures = [rate]
                self.sheet.take("share")
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
                self.sheet.take("share")
            elif measure is not None and measure.aggregate == "rate":
                self.sheet.take("share")

    def _figures(self) -> None:
        """Sums, lengths, counts and percentages with a comparison: of a field near by, or the main one."""
        sheet = self.sheet
        for at, token in enumerate(sheet.tokens):
            if at in sheet.used or token.kind not in ("money", "number", "percent"):
                continue
            dated = any(span.first <= at < span.last for span in sheet.spans)
            op, first, last = self._op(at)
            if dated or (op is None and not token.more):
                continue
            op = op or Op.GE
            after = sheet.tokens[at + 1].text if at + 1 < len(sheet.tokens) else ""
            times = {"minute": 60, "minutes": 60, "min": 60, "mins": 60, "second": 1, "seconds": 1, "hour": 3600,
                     "hours": 3600}.get(after, 0)  # fmt: skip
            kind = "seconds" if times else {"money": "paise", "percent": "bp"}.get(token.kind, "number")
            path, spent = self._nearest(first, last + bool(times), kind)
            if not path:
                continue
            measure = self.entity.measure(path.partition(".")[2])
            value = token.value * (times or 1)
            own = measure or self.entity.dimension(path.partition(".")[2])
            if own is not None and own.kind == "paise" and token.kind == "number":
                value *= 100
            if own is not None and own.kind == "minutes" and times:
                value /= 60
            sheet.use(first, last + bool(times))
            for hit in spent:
                sheet.use(hit.first, hit.last)
                self.hits = [one for one in self.hits if one is not hit]
            if measure is not None and path not in self.draft.measures:
                self.draft.measures.append(path)
            whole: Value = int(value) if value == int(value) else value
            self.draft.filters.append(Filter(path, op, (whole,), sheet.said(first, last + bool(times))))

    def _op(self, at: int) -> tuple[Op | None, int, int]:
        for name, op in _OPS:
            mark = self.sheet.mark_before(at, name)
            if mark is not None:
                return op, mark.first, at + 1
        for name, op in _OPS:
            mark = self.sheet.mark_at(at + 1, name)
            if mark is not None and mark.last - mark.first > 1:
                return op, at, mark.last
        return None, at, at + 1

    def _nearest(self, first: int, last: int, kind: str) -> tuple[str, list[Hit]]:
        """The field a figure is about: the fitting word nearest to it, else the entity's main one of that kind."""
        fits: list[tuple[int, Hit]] = []
        for hit in self.hits:
            own: Dimension | Measure | None = None
            if hit.rank in ("dimension", "measure", "flag"):
                own = self.entity.dimension(hit.spot.name) or self.entity.measure(hit.spot.name)
            if own is None:
                continue
            path_kind = own.kind
            if hit.rank == "flag":  # "late by more than 10 minutes"
                length = self.entity.dimension(f"{own.name}_by")
                if length is None or kind not in ("seconds", "minutes"):
                    continue
                path_kind = length.kind
            same = path_kind == kind or (kind == "seconds" and path_kind == "minutes") or (
                kind == "number" and path_kind in ("amount", "paise"))  # fmt: skip
            if same:
                distance = first - hit.last if hit.last <= first else hit.first - last
                if distance <= 3:
                    fits.append((distance, hit))
        if fits:
            _, hit = min(fits, key=lambda pair: pair[0])
            name = f"{hit.spot.name}_by" if hit.rank == "flag" else hit.spot.name
            return self._path(name), [] if hit.rank == "measure" else [hit]
        main = told()["main"].get(self.entity.name, {}).get(kind, "")
        if main and self.entity.dimension(main) is not None:
            return self._path(main), []
        count = self.entity.measure("count")
        if kind == "number" and count is not None and any(hit.rank == "entity" for hit in self.hits):
            return self._path("count"), []
        return "", []

    def _windows(self) -> None:
        sheet, draft, entity = self.sheet, self.draft, self.entity
        if not sheet.spans or not entity.time:
            return
        path = self._path(entity.time)
        done = any(one.field == self._path("delivered") and one.values == (True,) for one in draft.filters)
        if done and entity.dimension("delivered_at") is not None:
            path = self._path("delivered_at")
        first, *rest = sheet.spans
        for span in sheet.spans[:2]:
            sheet.use(span.first, span.last)
        if rest:
            draft.window, draft.against = _windows(path, first, rest[0])
            sheet.take("compare")
        elif sheet.has("compare") and first.end <= self.now and not draft.filters and not self._compares_names():
            current = _since(first, self.now)
            draft.window, draft.against = _windows(path, current, first)
            sheet.take("compare")
        else:
            draft.window = Window(path, first.start, first.end, first.said)

    def _compares_names(self) -> bool:
        return any(one.op == Op.IN for one in self.draft.filters)

    def _grain(self) -> str:
        sheet, entity = self.sheet, self.entity
        if not entity.time:
            return ""
        for concept, grain in _GRAINS:
            if sheet.take(concept):
                self.draft.dimensions = [one for one in self.draft.dimensions if not one.endswith((".hour", ".day"))]
                return grain
        if sheet.take("trend"):
            window = self.draft.window
            return "hour" if window is not None and window.end - window.start <= timedelta(days=1) else "day"
        return ""

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

    # The shape

    def _shaped(self, grain: str, entity: Entity) -> Query:
        sheet, draft = self.sheet, self.draft
        sheet.take("each", "thing", "price") if draft.dimensions or grain else sheet.take("thing")
        ranked = sheet.take("highest", "fewest", "top")
        down = not sheet.has("fewest")
        limit = self._limit()
        filters = self._grouped_filters()
        if grain:
            path = self._path(f"{entity.time}:{grain}")
            busiest = grain in ("hour_of_day", "weekday")
            measures = tuple(draft.measures) or (self._path("count"),)
            intent = Intent.TREND if not busiest else Intent.TOP if ranked else Intent.COMPARE
            order = Order(measures[0], down=down) if busiest and ranked else Order(path)
            return Query(intent, entity.name, measures=measures, dimensions=(path, *draft.dimensions), filters=filters,
                         window=draft.window, against=draft.against, order=(order,), limit=500)  # fmt: skip
        if sheet.has("compare") and not draft.dimensions:
            self._compared()
        if entity.name == "store" and draft.measures and not draft.dimensions:
            draft.dimensions.append("store.code")
        if self._lists(ranked=ranked):
            self.vain = ranked and not self.ranked and not limit
            return self._list(tuple(draft.filters), ranked=ranked, down=down, limit=limit)
        measures = tuple(dict.fromkeys(draft.measures)) or (self._path("count"),)
        sheet.take("compare")
        if sheet.has("share") and not draft.dimensions and not _is_rate(entity, measures[0]):
            filters = self._share_of_values(filters)
        share = bool(draft.dimensions or _is_rate(entity, measures[0])) and sheet.take("share")
        dimensions = tuple(dict.fromkeys(draft.dimensions))
        down = self._turned(measures[0], down)
        if not dimensions:
            intent = Intent.COMPARE if draft.against else Intent.FIGURE
            return Query(intent, entity.name, measures=measures, filters=filters, window=draft.window,
                         against=draft.against, limit=1)  # fmt: skip
        intent = (
            Intent.COMPARE if draft.against or self._compares_names()
            else Intent.SHARE if share and not _is_rate(entity, measures[0])
            else Intent.TOP if ranked else Intent.FIGURE
        )  # fmt: skip
        return Query(
            intent, entity.name, measures=measures, dimensions=dimensions, filters=filters, window=draft.window,
            against=draft.against, order=(Order(measures[0], down=down),), limit=limit or (SHORT if ranked else LONG),
        )  # fmt: skip

    def _lists(self, *, ranked: bool) -> bool:
        """Rows and no figures: nothing counted, no measure but "late orders", groups only named as what is shown."""
        sheet, draft = self.sheet, self.draft
        grouped = any(self.entity.measure(one.field.partition(".")[2]) for one in draft.filters)
        if sheet.has("count", "share") or draft.against is not None or grouped:
            return False
        asked = [one for one in draft.dimensions if one not in draft.loose]
        flags = [self._flag_of(path) for path in draft.measures]
        if any(not flag for flag in flags) or (flags and (asked or ranked)):
            return False
        starts_what = bool(sheet.tokens) and sheet.tokens[0].text == "what"
        if asked and not draft.loose and not starts_what:
            return False
        if asked and not all(one.partition(".")[2] in self.entity.columns for one in asked):
            return False
        for flag in flags:
            if all(one.field != self._path(flag) for one in draft.filters):
                draft.filters.append(Filter(self._path(flag), Op.EQ, (True,), flag.replace("_", " ")))
        self.sorted = asked
        return True

    def _flag_of(self, path: str) -> str:
        """The flag that a counting measure counts: late_orders counts late."""
        measure = self.entity.measure(path.partition(".")[2])
        if measure is None or measure.aggregate != "count" or measure.where.startswith("NOT "):
            return ""
        column = measure.where or ("" if measure.column == "*" else measure.column)
        return next((one.name for one in self.entity.dimensions if one.kind == "flag" and one.column == column), "")

    def _share_of_values(self, filters: tuple[Filter, ...]) -> tuple[Filter, ...]:
        """ "share of orders paid by cash": the whole by payment method, not a count of one."""
        for one in reversed(filters):
            dimension = self.entity.dimension(one.field.partition(".")[2])
            if dimension is not None and dimension.values and one.op == Op.EQ and one.said:
                self.draft.dimensions.append(one.field)
                return tuple(other for other in filters if other is not one)
        return filters

    def _turned(self, path: str, down: bool) -> bool:
        """ "worst" is the lowest of what should be high, "best" the lowest of what should be low."""
        said = {token.text for token in self.sheet.tokens}
        good = path.partition(".")[2] in _GOOD
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

    def _limit(self) -> int:
        sheet = self.sheet
        for at, token in enumerate(sheet.tokens):
            if token.kind == "number" and at not in sheet.used and 0 < token.value <= 1000 and token.value % 1 == 0:
                before = sheet.tokens[at - 1].text if at else ""
                after = sheet.mark_at(at + 1, "highest", "fewest")
                if before in ("top", "bottom", "first", "best", "worst", "last", "latest", "show", "list") or after:
                    sheet.use(at - (before in ("top", "bottom", "first", "latest")), at + 1)
                    return int(token.value)
        return 0

    def _list(self, filters: tuple[Filter, ...], *, ranked: bool, down: bool, limit: int) -> Query:
        entity = self.entity
        columns = tuple(self._path(name) for name in entity.columns)
        order: tuple[Order, ...] = ()
        if self.ranked and ranked:
            order = (Order(self.ranked[0], down=down),)
            if self.ranked[0] not in columns:
                columns = (*columns, self.ranked[0])
        elif self.sorted:
            order = tuple(Order(one) for one in self.sorted)
        elif entity.time:
            order = (Order(self._path(entity.time), down=True),)
        elif columns:
            order = (Order(columns[0]),)
        return Query(Intent.LIST if not (ranked and self.ranked) else Intent.TOP, entity.name, columns=columns,
                     filters=filters, window=self.draft.window, order=order, limit=limit or LONG)  # fmt: skip


def _is_rate(entity: Entity, path: str) -> bool:
    measure = entity.measure(path.partition(".")[2])
    return measure is not None and measure.aggregate == "rate"


def _windows(path: str, one: Span, other: Span) -> tuple[Window, Window]:
    """The later period and, beside it, the earlier."""
    late, early = (one, other) if one.start >= other.start else (other, one)
    return Window(path, late.start, late.end, late.said), Window(path, early.start, early.end, early.said)


def _since(past: Span, now: datetime) -> Span:
    """The period that follows a past one: today after yesterday, this week after last week."""
    length = past.end - past.start
    if length <= timedelta(days=1):
        shift = (now.astimezone(ZONE).date() - past.start.astimezone(ZONE).date()).days
        return Span(
            past.start + timedelta(days=shift), past.end + timedelta(days=shift), "today", past.first, past.last
        )
    return Span(past.end, past.end + length, "since then", past.first, past.last)


def _steps(query: Query) -> tuple[str, ...]:
    if query.intent != Intent.WHY:
        return ()
    return (
        say("Find the orders that came later than promised"),
        say("Say for each which leg took longest beyond its share: queue, picking, packing, rider, ride or door"),
        say("Count them by store and cause, most first"),
    )
