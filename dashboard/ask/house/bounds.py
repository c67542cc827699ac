"""Figures with a comparison: sums, lengths of time, counts, percentages, stars, days left, an order's own number."""

from __future__ import annotations

from dashboard.ask.entities import told
from dashboard.ask.house.draft import Drafting
from dashboard.ask.house.words import DELIVERS, MINUTES, OPS, Hit
from dashboard.ask.layer import Dimension, Measure
from dashboard.ask.query import Filter, Op, Value
from dashboard.ask.tokens import Token

_LATES = frozenset({"late", "delay", "delayed", "overdue", "promise", "behind", "lateness", "promised"})
ASKS_STATE = frozenset({"status", "happened", "happen", "stage", "state", "track", "timeline", "details"})
_SAID_OF_LENGTHS = {"in": Op.LE, "inside": Op.LE, "for": Op.GE, "since": Op.GE} | dict.fromkeys(
    ("after", "past", "exceed", "exceeds", "exceeded", "crossed", "crossing", "breached"), Op.GT
)
_OTHERWISE = {Op.LE: Op.GT, Op.LT: Op.GE, Op.GT: Op.LE, Op.GE: Op.LT}


class Bounds(Drafting):
    """Filters out of the numbers of a question."""

    def _number(self) -> None:
        """ "status of order 10452": an order is known to operations by its number."""
        if self.entity.name != "order":
            return
        sheet = self.sheet
        for at, token in enumerate(sheet.tokens):
            if token.kind != "number" or token.value < 1000 or token.value % 1 or at in sheet.used:
                continue
            first = at
            while first and (
                len(sheet.tokens[first - 1].text) == 1 or sheet.tokens[first - 1].text in ("no", "number", "id", "nr")
            ):
                first -= 1
            if first and sheet.tokens[first - 1].stem == "order" and self._op(at)[0] is None:
                sheet.use(first, at + 1)
                self.draft.filters.append(
                    Filter("order.number", Op.HAS, (f"{token.value:.0f}",), sheet.said(first, at + 1))
                )
                for other, one in enumerate(sheet.tokens):
                    if one.text in ASKS_STATE:
                        sheet.use(other, other + 1)

    def _figures(self) -> None:
        """Sums, lengths, counts and percentages with a comparison: of a field near by, or the main one."""
        sheet = self.sheet
        for at, token in enumerate(sheet.tokens):
            if at in sheet.used or token.kind not in ("money", "number", "percent"):
                continue
            compared = self._bounding(at)
            if compared is None:
                continue
            op, first, last = compared
            after = sheet.tokens[at + 1].text if at + 1 < len(sheet.tokens) else ""
            times = MINUTES.get(after, 0)
            until = last + bool(times)
            kind = "seconds" if times else {"money": "paise", "percent": "bp"}.get(token.kind, "number")
            path, spent = self._nearest(first, until, kind)
            if kind == "seconds" and self.entity.name == "order":
                path, spent = self._length(first, last + 1, path, spent)
            if not path:
                continue
            self.bounds.update(range(first, until))
            if path == "order.took" and self._asks_share() and self._within(op, token.value * times):
                sheet.use(first, last + 1)
                for other, one in enumerate(sheet.tokens):
                    if one.stem in DELIVERS:
                        sheet.use(other, other + 1)
                continue
            sheet.use(first, until)
            for hit in spent:
                sheet.use(hit.first, hit.last)
                self.hits = [one for one in self.hits if one is not hit]
            if self.entity.measure(path.partition(".")[2]) is not None and path not in self.draft.measures:
                self.draft.measures.append(path)
            self.draft.filters.append(Filter(path, op, (self._in_unit(path, token, times),), sheet.said(first, until)))

    def _bounding(self, at: int) -> tuple[Op, int, int] | None:
        """How a figure bounds, and the words that say so; None for one of a date and one that is only named."""
        sheet, token = self.sheet, self.sheet.tokens[at]
        if any(span.first <= at < span.last for span in sheet.spans):
            return None
        op, first, last = self._op(at)
        if op is None and at and (lasts := self._lasts(at)) is not None:
            op, first = lasts, at - 1
        if op is None and not token.more:
            return None
        op = op or Op.GE
        if first and sheet.tokens[first - 1].stem in DELIVERS and sheet.tokens[first - 2].text == "not":
            return _OTHERWISE[op], first - 2, last  # "not delivered within 20 minutes"
        return op, first, last

    def _in_unit(self, path: str, token: Token, seconds: int) -> Value:
        """A figure in the unit of its field; `seconds` is what one of a length of time lasts."""
        name = path.partition(".")[2]
        own = self.entity.measure(name) or self.entity.dimension(name)
        value = token.value * (seconds or 1)
        if own is not None and own.kind == "paise" and token.kind == "number":
            value *= 100
        if own is not None and own.kind == "minutes" and seconds:
            value /= 60
        return int(value) if value == int(value) else value

    def _stars(self) -> None:
        """ "1 star ratings"."""
        tokens = self.sheet.tokens
        for at, token in enumerate(tokens[:-1]):
            if token.kind == "number" and tokens[at + 1].stem == "star" and self._op(at)[0] is None and not token.more:
                self.sheet.use(at, at + 2)
                self.draft.filters.append(
                    Filter("rating.stars", Op.EQ, (int(token.value),), self.sheet.said(at, at + 2))
                )
                self.draft.measures.append("rating.count")
                for hit in self.hits:
                    if hit.rank == "measure":
                        self.sheet.use(hit.first, hit.last)
                self.hits = [hit for hit in self.hits if hit.rank != "measure"]

    def _days_left(self) -> None:
        """ "expiring in the next 3 days", "within 3 days": so many days left or fewer, not past already."""
        tokens = self.sheet.tokens
        for at, token in enumerate(tokens[:-1]):
            if token.kind != "number" or tokens[at + 1].text not in ("day", "days") or at in self.sheet.used:
                continue
            first = at
            while first and tokens[first - 1].text in ("in", "within", "next", "the", "coming", "following", "under"):
                first -= 1
            if first == at or any(span.first <= at < span.last for span in self.sheet.spans):
                continue
            self.sheet.use(first, at + 2)
            self.bounds.update(range(first, at + 2))
            self.draft.filters = [one for one in self.draft.filters if one.field != "batch.near_expiry"]
            self.draft.filters.append(
                Filter("batch.days_left", Op.BETWEEN, (0, int(token.value)), self.sheet.said(first, at + 2))
            )

    def _lasts(self, at: int) -> Op | None:
        """ "delivered in 10 minutes", "after 20 minutes": only of lengths of time."""
        after = self.sheet.tokens[at + 1].text if at + 1 < len(self.sheet.tokens) else ""
        before = self.sheet.tokens[at - 1].text
        if after not in MINUTES:
            return None
        return _SAID_OF_LENGTHS.get(before)

    def _length(self, first: int, last: int, path: str, spent: list[Hit]) -> tuple[str, list[Hit]]:
        """Which length of an order is bounded: how late it was, how long it took, how long it has been in its step."""
        tokens = self.sheet.tokens
        steps = [one for one in self.hits if one.rank == "value" and one.spot.name == "step"]
        if steps:
            return "order.in_step", []
        if spent and not any(one.rank == "flag" for one in spent):
            return path, spent
        if path not in ("order.late_by", ""):
            return path, spent
        if any(one.spot.name == "open" for one in self.hits):  # those on their way have no delivery time yet
            return "order.age", []
        if self._far(_LATES, first, last) < self._far(DELIVERS, first, last):
            return "order.late_by", [
                one for one in self.hits if one.spot.name in ("late", "late_by") and one.rank != "measure"
            ]
        for at, token in enumerate(tokens):
            if token.stem in DELIVERS and not any(one.first <= at < one.last for one in self.hits):
                self.sheet.use(at, at + 1)
        spent = [one for one in self.hits if one.spot.name in ("delivered", "took") and one.rank != "measure"]
        for one in self.hits:  # "delayed (delivered after 20 minutes)" says what is meant by it
            if one.spot.name == "late" and any(other.first == one.last for other in spent):
                spent.append(one)
        return "order.took", spent

    def _far(self, said: frozenset[str], first: int, last: int) -> int:
        """How many words the nearest of these is from [first, last)."""
        found = [at for at, token in enumerate(self.sheet.tokens) if token.stem in said]
        return min((first - at if at < first else at - last + 1 for at in found), default=99)

    def _within(self, op: Op, seconds: float) -> bool:
        """The share delivered within (or after) so long, where the layer has it."""
        name = f"{'within' if op in (Op.LE, Op.LT) else 'beyond'}_{seconds / 60:g}_share"
        if self.entity.measure(name) is None:
            return False
        self.draft.measures.append(self._path(name))
        for hit in self.hits:
            if hit.spot.name in ("delivered", "took", "late"):
                self.sheet.use(hit.first, hit.last)
        self.hits = [one for one in self.hits if one.spot.name not in ("delivered", "took", "late", "count")]
        return True

    def _op(self, at: int) -> tuple[Op | None, int, int]:
        for name, op in OPS:
            mark = self.sheet.mark_before(at, name)
            if mark is not None:
                return op, mark.first, at + 1
        for name, op in OPS:
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
        mains = told()["main"].get(self.entity.name, {})
        main = mains.get(kind, "")
        rows = any(hit.rank == "entity" and first - 1 <= hit.last <= first for hit in self.hits)
        if kind == "number" and not main and "paise" in mains and rows:
            main = mains["paise"]  # "refunds over 500": rupees; "more than 3 refunds": so many
        if main and self.entity.dimension(main) is not None:
            return self._path(main), []
        count = self.entity.measure("count")
        if kind == "number" and count is not None and any(hit.rank == "entity" for hit in self.hits):
            return self._path("count"), []
        return "", []
