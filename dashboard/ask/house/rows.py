"""Lists: when rows are meant and not figures, how many, and in which order."""

from __future__ import annotations

from dashboard.ask.entities import told
from dashboard.ask.house.bounds import ASKS_STATE
from dashboard.ask.house.periods import Periods
from dashboard.ask.query import Filter, Intent, Op, Order, Query

SHORT, LONG = 10, 50
_LASTS = frozenset({"last", "latest", "newest", "recent"})
COUNTED = frozenset({"rider", "picker_shift", "rider_shift"})
"""People: counted by store, never listed one by one."""


class Rows(Periods):
    """Rows of an entity."""

    def _lists(self, *, ranked: bool) -> bool:
        """Rows and no figures: nothing counted, no measure but "late orders", groups only named as what is shown."""
        sheet, draft = self.sheet, self.draft
        if self.entity.name in COUNTED:
            if not draft.dimensions and not draft.measures and not sheet.has("count"):
                draft.dimensions.append(self._path("store"))
            return False
        grouped = any(self.entity.measure(one.field.partition(".")[2]) for one in draft.filters)
        much = any(sheet.said(at, at + 2) == "how much" for at in range(len(sheet.tokens)))
        if sheet.has("count") or much or self._asks_share() or draft.against is not None or grouped:
            return False
        asked = [one for one in draft.dimensions if one not in draft.loose]
        flags = [self._flag_of(path) for path in draft.measures]
        if any(not flag for flag in flags) or (flags and (asked or ranked)):
            return False
        starts_what = bool(sheet.tokens) and sheet.tokens[0].text == "what" and not ranked
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

    def _rank_rows(self, *, ranked: bool) -> None:
        """ "worst late orders": by how late; rows of what has one main length or sum by that."""
        if not ranked or self.ranked:
            return
        for one in self.draft.filters:
            if self.entity.dimension(f"{one.field.partition('.')[2]}_by") is not None:
                self.ranked.append(f"{one.field}_by")
                return
        if self.entity.name == "order" and {"slowest", "longest", "fastest"} & {t.text for t in self.sheet.tokens}:
            self.ranked.append("order.took")
            return
        main = told()["main"].get(self.entity.name, {})
        said = {token.text for token in self.sheet.tokens}
        kind = "seconds" if said & {"slowest", "longest", "fastest", "shortest"} else "paise"
        if kind in main and not said & {"worst", "best"}:
            self.ranked.append(self._path(main[kind]))

    def _limit(self) -> int:
        sheet = self.sheet
        for at, token in enumerate(sheet.tokens):
            if token.kind == "number" and at not in sheet.used and 0 < token.value <= 1000 and token.value % 1 == 0:
                before = sheet.tokens[at - 1].text if at else ""
                after = sheet.mark_at(at + 1, "highest", "fewest", "thing")
                if before in ("top", "bottom", "first", "best", "worst", "last", "latest", "show", "list") or after:
                    sheet.use(at - (before in ("top", "bottom", "first", "latest")), at + 1)
                    return int(token.value)
        for at, token in enumerate(sheet.tokens[:-1]):  # "the last late order"
            if token.text in _LASTS and not any(span.first <= at < span.last for span in sheet.spans):
                rows = [hit for hit in self.hits if hit.rank in ("entity", "measure") and 0 < hit.first - at <= 3]
                if rows and not sheet.tokens[rows[0].last - 1].text.endswith("s"):
                    sheet.use(at, at + 1)
                    for other, one in enumerate(sheet.tokens):
                        if one.text in ASKS_STATE:
                            sheet.use(other, other + 1)
                    return 1
        return 0

    def _oldest(self) -> bool:
        found = [at for at, token in enumerate(self.sheet.tokens) if token.text in ("oldest", "earliest")]
        self.sheet.used.update(found)
        return bool(found)

    def _list(self, filters: tuple[Filter, ...], *, ranked: bool, down: bool, limit: int) -> Query:
        entity = self.entity
        columns = tuple(self._path(name) for name in entity.columns)
        order: tuple[Order, ...] = ()
        if self.ranked and ranked:
            order = (Order(self.ranked[0], down=down),)
            columns = tuple(dict.fromkeys([*columns, *self.ranked]))
        elif self.ranked:
            columns = tuple(dict.fromkeys([*columns, *self.ranked]))
            order = (Order(self.ranked[0], down=entity.name != "stock"),)
        elif entity.name == "batch":
            order = (Order("batch.expires_on"),)
        elif entity.time and self._oldest():
            order = (Order(self._path(entity.time)),)
        elif self.sorted:
            order = tuple(Order(one) for one in self.sorted)
        elif entity.time:
            order = (Order(self._path(entity.time), down=True),)
        elif columns:
            order = (Order(columns[0]),)
        return Query(Intent.LIST if not (ranked and self.ranked) else Intent.TOP, entity.name, columns=columns,
                     filters=filters, window=self.draft.window, order=order, limit=limit or LONG)  # fmt: skip
