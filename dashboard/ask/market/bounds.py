"""Figures of a question about the market: percentages, sums, packs and amounts as bounds."""

from __future__ import annotations

from dashboard.ask.entities import told
from dashboard.ask.market.shape import whole
from dashboard.ask.query import Filter, Op
from dashboard.ask.sheet import Sheet
from dashboard.ask.tokens import Token

_ABOUT_A_TENTH = 0.1
_APART = ("cheaper", "dearer", "costlier", "pricier")
_SAVED = frozenset({"save", "saves", "saved", "saving", "savings"})
UNITS = {
    "kg": "g", "kilo": "g", "gram": "g", "gm": "g", "g": "g", "litre": "ml", "liter": "ml", "ml": "ml", "piece": "pc",
}  # fmt: skip


def _either(found: list[Filter]) -> list[Filter]:
    """Two amounts are one or the other: "1 kg vs 500 g"."""
    kept: dict[tuple[str, Op], Filter] = {}
    for one in found:
        key = (one.field, one.op)
        held = kept.get(key)
        if held is None or one.op != Op.EQ:
            kept[key if held is None else (f"{one.field}#{len(kept)}", one.op)] = one
        elif one.values != held.values:
            kept[key] = Filter(one.field, Op.IN, (*held.values, *one.values), f"{held.said}, {one.said}")
    return list(kept.values())


class Bounds:
    sheet: Sheet
    percent_of: str
    """What a percentage is of."""

    def figures(self, *, money: str = "listing.price") -> list[Filter]:
        """Percentages, sums and packs as filters; of what is used already nothing."""
        sheet, found = self.sheet, []
        at = 0
        while at < len(sheet.tokens):
            token = sheet.tokens[at]
            if at not in sheet.used and token.kind in ("percent", "money", "amount", "number"):
                made, last = self._figure(at, token, money)
                found += made
                at = max(at, last - 1)
            at += 1
        return _either(found)

    def _figure(self, at: int, token: Token, money: str) -> tuple[list[Filter], int]:
        sheet = self.sheet
        path = {"percent": self.percent_of, "money": money, "amount": "listing.amount"}.get(token.kind, "")
        value: float = token.value
        op, first = self.op_before(at, token)
        by = op is not None and first and sheet.tokens[first - 1].text == "by" and not sheet.has("deal")
        if by and self.percent_of == "listing.discount":
            return [], at + 1  # "cheapest by more than ₹10" bounds no price
        if token.kind == "money" and at + 1 < len(sheet.tokens) and sheet.tokens[at + 1].text in _APART:
            return [], at + 1  # "₹10 cheaper than" is a difference
        each = sheet.tokens[at + 1] if at + 1 < len(sheet.tokens) else None
        if token.kind in ("money", "number") and each and each.kind == "amount" and each.text.startswith(("a ", "an ")):
            paise = value if token.kind == "money" else value * 100  # "₹30 a kilo"
            times = (1 if each.unit == "pc" else 1000) / each.value
            return self._unit_price(op or Op.LE, paise * times, each.unit, first, at + 2)
        if token.kind == "number":
            if op is None and not token.more and self._between(at) is None:
                return [], at + 1
            after = sheet.tokens[at + 1].text if at + 1 < len(sheet.tokens) else ""
            path = "listing.discount" if after in ("off", "discount", "discounts") else money
            value = token.value * 100
        if token.kind in ("money", "number") and path != "listing.discount":
            path = self._sum_of(first, at + 1, path)
            if path == "listing.unit_price":
                return self._per_unit(at, first, op or Op.LE, value)
        between = self._between(at)
        if between is not None:
            low, high, first, last = between
            if token.kind == "number" and sheet.tokens[last - 1].kind == "percent":
                path = "listing.discount"
            sheet.use(first, last)
            times = 100 if {sheet.tokens[at].kind, sheet.tokens[last - 1].kind} == {"number"} else 1
            pair = (whole(low * times), whole(high * times))
            return [Filter(path, Op.BETWEEN, pair, sheet.said(first, last))], last
        sheet.use(first, at + 1)
        said = sheet.said(first, at + 1)
        if sheet.mark_before(at, "around", reach=1) and token.kind == "money":
            sheet.use(at - 1, at)
            near = value * _ABOUT_A_TENTH
            return [Filter(path, Op.BETWEEN, (whole(value - near), whole(value + near)), said)], at + 1
        if token.kind == "amount":
            made = [
                Filter(path, op or Op.EQ, (whole(value),), said),
                Filter("listing.measure", Op.EQ, (token.unit,), ""),
            ]
            return made, at + 1
        default = Op.GE if token.kind == "percent" or path == "listing.saving" else Op.LE
        return [Filter(path, Op.GE if token.more else op or default, (whole(value),), said)], at + 1

    def _sum_of(self, first: int, last: int, path: str) -> str:
        """What a sum is of: the MRP said before it ("MRP is above ₹300"), a kilo's price ("under ₹30 per kg")."""
        sheet = self.sheet
        mrp = sheet.mark_before(first, "mrp", reach=4)
        if mrp is not None:
            sheet.use(mrp.first, mrp.last)
            return "listing.mrp"
        if path == "listing.price" and self._is_saved(first, last):
            return "listing.saving"
        unit = sheet.mark_at(last, "value")
        return "listing.unit_price" if unit is not None and sheet.tokens[last].text in ("per", "a") else path

    def _is_saved(self, first: int, last: int) -> bool:
        """ "Save more than ₹100", "₹50 off": what is below the MRP, no price."""
        tokens = self.sheet.tokens
        before = [token.text for token in tokens[max(0, first - 2) : first]]
        if before and (before[-1] == "discount" or before == ["discount", "is"] or before == ["discount", "of"]):
            return not self.sheet.mark_at(first, "under", "atmost")
        if last < len(tokens) and tokens[last].text in ("off", "discount"):
            self.sheet.use(last, last + 1)
            return True
        return bool(before) and before[-1] in _SAVED | {"of"} and bool(_SAVED & set(before))

    def _per_unit(self, at: int, first: int, op: Op, value: float) -> tuple[list[Filter], int]:
        sheet = self.sheet
        unit = next(mark for mark in sheet.marks if mark.name == "value" and mark.first == at + 1)
        last = sheet.tokens[unit.last - 1]
        times = 1000 if last.stem in ("gram", "gm", "g", "ml") else 1
        return self._unit_price(op, value * times, UNITS.get(last.text, "pc"), first, unit.last)

    def _unit_price(self, op: Op, paise: float, measure: str, first: int, last: int) -> tuple[list[Filter], int]:
        """A bound on the price of a kilo, a litre or a piece, said by these tokens."""
        self.sheet.use(first, last)
        return [
            Filter("listing.unit_price", op, (whole(paise),), self.sheet.said(first, last)),
            Filter("listing.measure", Op.EQ, (measure,), ""),
        ], last

    def packs(self, items: list[str]) -> list[Filter]:
        """ "12 pack", "pack of 4": of what is bought by the piece so many pieces, else so many together."""
        sheet, tokens = self.sheet, self.sheet.tokens
        for at, token in enumerate(tokens):
            if token.kind != "number" or at in sheet.used or not 1 < token.value <= 100:
                continue
            after = tokens[at + 1].text if at + 1 < len(tokens) else ""
            before = [one.text for one in tokens[max(0, at - 2) : at]]
            if after in ("wala", "wale", "wali") and at + 2 < len(tokens) and tokens[at + 2].text in ("pack", "packet"):
                first, last = at, at + 3
            elif after in ("pack", "packs"):
                first, last = at, at + 2
            elif before in (["pack", "of"], ["box", "of"], ["tray", "of"]):
                first, last = at - 2, at + 1
            else:
                continue
            sheet.use(first, last)
            said, counted = sheet.said(first, last), set(items) & set(told()["counted"]["items"])
            if not counted:
                return [Filter("listing.pieces", Op.EQ, (int(token.value),), said)]
            return [
                Filter("listing.amount", Op.EQ, (int(token.value),), said),
                Filter("listing.measure", Op.EQ, ("pc",), ""),
            ]
        return []

    def op_before(self, at: int, token: Token) -> tuple[Op | None, int]:
        for name, op in (("under", Op.LT), ("atmost", Op.LE), ("over", Op.GT), ("atleast", Op.GE)):
            mark = self.sheet.mark_before(at, name)
            if mark is not None:
                return op, mark.first
        if at and self.sheet.tokens[at - 1].text == "exactly":
            return Op.EQ, at - 1
        after = self.sheet.tokens[at + 1].text if at + 1 < len(self.sheet.tokens) else ""
        if token.kind in ("money", "number") and after in ("me", "mein", "में"):  # "₹200 me"
            return Op.LE, at
        for name, op in (("atmost", Op.LE), ("atleast", Op.GE)):  # "20% or less"
            mark = self.sheet.mark_at(at + 1, name)
            if mark is not None and mark.last - mark.first > 1:
                self.sheet.use(mark.first, mark.last)
                return op, at
        return None, at

    def _between(self, at: int) -> tuple[float, float, int, int] | None:
        """ "between ₹20 and ₹50", "₹20 to ₹50", "₹20-50"."""
        tokens = self.sheet.tokens
        for step in (2, 1):
            end = at + step
            if end < len(tokens) and tokens[end].kind in ("money", "percent", "number", "amount"):
                if step == 2 and tokens[at + 1].text not in ("and", "to", "till", "se"):
                    continue
                before = self.sheet.mark_before(at, "between", "atleast")
                if step == 1 and before is None:
                    continue
                low, high = tokens[at], tokens[end]
                if step == 2 and tokens[at + 1].text == "and" and before is None:
                    continue
                a, b = low.value, high.value
                if low.kind == "number" and high.kind != "number":
                    a *= 100
                elif high.kind == "number" and low.kind != "number":
                    b *= 100
                if a < b:
                    return a, b, before.first if before else at, end + 1
        return None
