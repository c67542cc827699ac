"""The layer's own words: what is measured, flagged, named and grouped by."""

from __future__ import annotations

from dashboard.ask.entities import told
from dashboard.ask.house.bounds import Bounds
from dashboard.ask.house.draft import place_in, product_of, things_asked
from dashboard.ask.house.words import NUMERIC, Hit
from dashboard.ask.layer import Dimension
from dashboard.ask.query import Filter, Op

_JOINS = frozenset({"and", "or", "aur", "ya", "vs", "versus", "with", "than"})
_REASONS = frozenset({"why", "reason", "cancel_why", "late_cause", "decline_reason", "took_band", "value_band"})
"""Said only to have them told apart, with "by" or without."""


class Groups(Bounds):
    """Measures, filters and groups out of words."""

    def _mentions(self) -> None:
        sheet = self.sheet
        covered = {at for hit in self.hits for at in range(hit.first, hit.last)}
        last = 0
        for one in sheet.mentions:
            where = place_in(self.entity, one)
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
                between = {token.text for token in sheet.tokens[last : one.first]} if last else set()
                listed = bool(between & {"and", "or", "aur", "ya"}) or (last > 0 and sheet.tokens[last - 1].cut)
                if op is Op.HAS and listed and any(f.field == path for f in self.draft.filters):
                    self.vain = True  # either of two names: the words of a filter must all be in one
                self.draft.filters.append(Filter(path, op, keys, one.said))
            last = one.last

    def _words(self) -> None:
        """The layer's own words: measures, flags, values, groups."""
        sheet = self.sheet
        for hit in self.hits:
            if set(range(hit.first, hit.last)) & sheet.used and hit.rank == "dimension":
                continue
            sheet.use(hit.first, hit.last)
            said = sheet.said(hit.first, hit.last)
            if hit.rank == "measure":
                if not self._is_having(hit):
                    self.draft.measures.append(self._path(hit.spot.name))
                    self._group_within(hit)
            elif hit.rank == "flag":
                self._flag(hit, said)
            elif hit.rank == "value":
                self._value(hit, said)
            elif hit.rank == "entity":
                self._entity_as_group(hit)
            elif hit.rank == "dimension":
                self._dimension(hit)

    def _things(self) -> None:
        """ "top 10 wasted items": by product, where the entity has products."""
        name = product_of(self.entity)
        if not things_asked(self.sheet) or self.entity.name in ("product", "store"):
            return
        path = self._path(name)
        if not name:
            self.vain = True
        elif not self._shows_rows():
            if path not in self.draft.dimensions:
                self.draft.dimensions.append(path)
            self.draft.loose = [one for one in self.draft.loose if one != path]

    def _shows_rows(self) -> bool:
        """Stock and batches are a row a product already: "which items are out of stock" lists them."""
        return self.entity.name in ("stock", "batch", "replenishment", "shelf") and not self.draft.measures

    def _is_having(self, hit: Hit) -> bool:
        """ "orders with a tip": those where it is above nothing."""
        before = [token.text for token in self.sheet.tokens[max(0, hit.first - 2) : hit.first] if len(token.text) > 2]
        measure = self.entity.measure(hit.spot.name)
        rows = any(one.rank == "entity" and one.last < hit.first for one in self.hits)
        if (
            measure is None
            or measure.kind != "paise"
            or not rows
            or before[-1:] not in (["with"], ["without"], ["having"])
        ):
            return False
        own = next((one for one in self.entity.dimensions if one.column == measure.column), None)
        if own is None:
            self.vain = True
        else:
            op = Op.EQ if before[-1] == "without" else Op.GT
            self.draft.filters.append(Filter(self._path(own.name), op, (0,), f"{before[-1]} {own.label}"))
        return True

    def _group_within(self, hit: Hit) -> None:
        """ "worst store", "which hour do we break the promise": the words of a figure that name a group as well."""
        ends = {self.sheet.tokens[hit.first].stem, self.sheet.tokens[hit.last - 1].stem}
        if "store" in ends and self.entity.dimension("store") is not None:
            self.draft.dimensions.append(self._path("store"))
        if self.entity.name == "stage" and hit.spot.name == "breaches" and not self._which(hit.first):
            self.draft.dimensions.append("stage.stage")

    def _entity_as_group(self, hit: Hit) -> None:
        """ "which stage breaks most promises": the entity's own name is also one of its fields."""
        phrase = tuple(token.stem for token in self.sheet.tokens[hit.first : hit.last])
        asked = self.sheet.mark_before(hit.first, "each", "top", reach=2) or self._which(hit.first)
        said = {token.text for token in self.sheet.tokens}
        length = told()["main"].get(self.entity.name, {}).get("seconds", "")
        lasts = self.entity.dimension(length) if said & {"longest", "slowest", "fastest", "shortest"} else None
        if not asked or not (lasts or any(one.rank == "measure" for one in self.hits)):
            return
        for spot in self.sheet.layer_words.phrases.get(phrase, ()):
            dimension = self.entity.dimension(spot.name) if spot.entity == self.entity.name else None
            if spot.kind == "dimension" and dimension is not None and dimension.kind == "text":
                self.draft.dimensions.append(spot.path)
                if lasts is not None and not self.draft.measures:
                    self.draft.measures.append(self._declared(lasts, "avg") or f"{self._path(lasts.name)}:avg")
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
        dimension = self.entity.dimension(hit.spot.name)
        if dimension is not None and dimension.kind == "flag":  # "pending": done=no
            self.draft.filters.append(Filter(path, Op.EQ, (hit.spot.value == "yes",), said))
            return
        same = next((one for one in self.draft.filters if one.field == path and one.op in (Op.EQ, Op.IN)), None)
        if same is None:
            self.draft.filters.append(Filter(path, Op.EQ, (hit.spot.value,), said))
        else:
            between = {token.text for token in self.sheet.tokens[self.value_ends : hit.first]}
            self.vain = self.vain or not between <= _JOINS
            values = tuple(dict.fromkeys([*same.values, hit.spot.value]))
            self.draft.filters[self.draft.filters.index(same)] = Filter(path, Op.IN, values, f"{same.said}, {said}")
        self.value_ends = hit.last

    def _dimension(self, hit: Hit) -> None:
        """A numeric field waits for an aggregate; a word field groups, unless a name of it stands beside it."""
        dimension = self.entity.dimension(hit.spot.name)
        if dimension is None or dimension.kind in ("time", "date"):
            return
        if dimension.kind in NUMERIC and dimension.name != "hour":
            self._numeric(hit, dimension)
        elif not self._with_or_without(hit, dimension):
            self._group_by(hit, dimension)

    def _numeric(self, hit: Hit, dimension: Dimension) -> None:
        sheet, path = self.sheet, self._path(dimension.name)
        said = sheet.said(hit.first, hit.last)
        if said == "total" and any(one.rank == "entity" and one.first == hit.last for one in self.hits):
            self.draft.measures.append(self._path("count"))  # "total orders"
            return
        just_total = any(mark.name == "total" and mark.first == hit.first for mark in sheet.marks)
        band = self.entity.dimension(f"{dimension.name}_band")
        if band is not None and (sheet.mark_before(hit.first, "each", reach=3) or sheet.has("compare")):
            self.draft.dimensions.append(self._path(band.name))
            sheet.take("compare")
        elif sheet.mark_before(hit.first, "each", reach=1) and (summed := self._declared(dimension, "sum")):
            self.draft.measures.append(summed)  # "top products by value"
        elif not (just_total and any(one.rank == "measure" for one in self.hits)):
            self.ranked.append(path)
            if said in ("total", "amount", "value", "units", "quantity", "times"):
                self.plain.append(path)

    def _with_or_without(self, hit: Hit, dimension: Dimension) -> bool:
        """ "orders without a coupon": the flag that says whether there is one. Of another word it can't be said."""
        before = self.sheet.tokens[hit.first - 1].text if hit.first else ""
        if before not in ("with", "without", "having", "no", "any"):
            return False
        flag = self.entity.dimension(f"has_{dimension.name}")
        if flag is None or self._path(dimension.name) in self.draft.dimensions:
            self.vain = self.vain or dimension.kind == "text"
            return False
        value = before not in ("without", "no")
        self.draft.filters.append(Filter(self._path(flag.name), Op.EQ, (value,), f"{before} {dimension.label}"))
        return True

    def _group_by(self, hit: Hit, dimension: Dimension) -> None:
        if dimension.name == "late_cause" and not self._speaks_of_late():
            self.sheet.used -= set(range(hit.first, hit.last))
            return
        path = self._path(dimension.name)
        named = any(one.field == path and one.op in (Op.EQ, Op.HAS, Op.NOT) for one in self.draft.filters)
        asked = (
            self.sheet.mark_before(hit.first, "each", "highest", "fewest", "top", reach=3)
            or self._which(hit.first)
            or dimension.name in _REASONS
            or self.sheet.said(hit.last, hit.last + 1) == "wise"
            or self._ranks_near(hit.first)
        )
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

    def _ranks_near(self, at: int) -> bool:
        """ "most wasted category": a superlative a word or two before."""
        return any(
            mark.name in ("highest", "fewest", "top")
            and 0 <= at - mark.last <= 2
            and self.sheet.tokens[mark.first].text != "best"
            for mark in self.sheet.marks
        )

    def _which(self, at: int) -> bool:
        return at > 0 and self.sheet.tokens[at - 1].text in ("which", "what", "whose", "every", "each", "where")
