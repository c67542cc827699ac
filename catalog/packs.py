"""How much is in it: a pack read out of the ways shops write one. Plain Python.

`read_pack` answers with a pack, with what is printed but can't be counted (a range, two unlike things), or with
nothing. It prefers nothing to a guess: amounts that contradict each other, what a vessel holds, what a baby weighs, a
dose, a nutrient or a price are not the pack.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import pairwise

LONGEST_PRINTED = 60
MOST = {"g": Decimal(100_000), "ml": Decimal(100_000), "pc": Decimal(2_000)}
"""More than this in the base unit is no grocery: 100 kg, 100 l, 2,000 pieces."""


@dataclass(frozen=True, slots=True)
class Pack:
    """`count` like units of `size` `unit` each (g, kg, ml, l or pc); `total` of all in `base` (g, ml or pc).

    `size` and `total` are None when the text can be shown but not counted. `kind` names the rule that read it, `sure`
    is false where shops use the same words for two things and the likelier one was taken.
    """

    printed: str
    count: int = 1
    size: Decimal | None = None
    unit: str = ""
    kind: str = "size"
    sure: bool = True

    @property
    def base(self) -> str:
        return {"kg": "g", "l": "ml"}.get(self.unit, self.unit)

    @property
    def total(self) -> Decimal | None:
        return None if self.size is None else self.count * self.size * _TIMES[self.unit]

    @property
    def total_in_unit(self) -> Decimal | None:
        """All of it in the printed unit: 2 x 500 g is 1000 g."""
        return None if self.size is None else self.count * self.size


_TIMES = {"g": 1, "kg": 1000, "ml": 1, "l": 1000, "pc": 1}
_SIZES = {
    **dict.fromkeys(("kilograms", "kilogram", "kilogrammes", "kilos", "kilo", "kgs", "kg", "किलो", "किग्रा"), "kg"),
    **dict.fromkeys(("grams", "gram", "grammes", "gramme", "grms", "grm", "gms", "gm", "gr", "g", "ग्राम"), "g"),
    **dict.fromkeys(("millilitres", "millilitre", "milliliters", "milliliter", "mls", "ml", "cc", "मिली"), "ml"),
    **dict.fromkeys(("litres", "litre", "liters", "liter", "ltrs", "ltr", "lts", "lt", "l", "लीटर"), "l"),
}
# Things counted. Of what is *in* a pack (tea bags, tablets) a weight beside the count is the weight of all of them.
_PLAIN = "pieces piece pcs pc nos no units unit count ct n u pkts pkt पीस"
_CONTENT = (
    "tablets tablet tabs capsules capsule caps softgels gummies lozenges sachets sachet teabags slices slice cubes cube"
    " sticks eggs egg wipes pads diapers diaper nappies sheets pulls rolls roll pods candles matchsticks earbuds buds"
    " crackers"
)
_COUNTED = f"{_PLAIN} {_CONTENT}".split()
_CONTENT_WORDS = frozenset(_CONTENT.split())
_HOLDERS = (
    "packs pack packets packet pouches pouch bottles bottle cans can boxes box jars jar bags bag tins tin bars bar"
)


def _any(words: object) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))  # type: ignore[call-overload]


_HELD = _any(_HOLDERS.split())
_COUNTED_OR_HELD = _any([*_COUNTED, *_HOLDERS.split()])
_N = r"(?:\d+\s+\d/\d+|\d+/\d+|\d+(?:\.\d+)?|\.\d+|half)"
_UNIT = rf"(?:{_any(_SIZES)})"
_END = r"(?![\w\u0900-\u097f])"
_START = r"(?<![\w.])(?<!\d/)(?<!\d-)"
_DASH = r"\s*(?:-|to)\s*"
_SIZE = rf"{_START}({_N})\s*-?\s*({_UNIT})\.?{_END}"
_COUNT = rf"(?<![\w./])(?<!\w-)(\d+|half)\s*-?\s*(?:'?s\b\s*)?({_any(_COUNTED)}|dozen|tea\s?bags|diaper pants)\.?{_END}"
_TENS = rf"(?<![\w./-])(\d{{1,3}})\s?'?s{_END}(?!\s*['\w]*\s*series)"
_BETWEEN = r"\s*(?:x|\*)\s*"

_DROPPED = [
    re.compile(pattern)
    for pattern in (
        r"(?:\brs\.?|\binr|₹|\bmrp\b)\s*\d+(?:\.\d+)?(?:\s*/-)?(?:\s*(?:only|off|pack|pkt)\b(?!\s+of))?",
        r"\b\d+(?:\.\d+)?\s*(?:rs\b\.?|rupees?\b|/-)",
        r"\b\d+\s*-?\s*in\s*-?\s*\d\b",
        r"\b\d+(?:\.\d+)?\s*-?\s*(?:mg|mcg|iu|kcal|cal|%|mm|cm|inch(?:es)?|in\b|m\b|mtrs?|meters?|watts?|w\b|v\b|hrs?|"
        r"hours?|days?|months?|years?|yrs?|ply|gsm|microns?|servings?)",
        # Nutrients: "20 g protein", "0 g trans fat", "5 g of sugar per serving".
        rf"\b{_N}\s*(?:{_UNIT})\.?\s*(?:of\s+)?(?:added\s+)?(?:plant\s+)?(?:whey\s+)?"
        r"(?:protein|fibre|fiber|sugars?|carbs?|trans\b|fat\b|cholesterol|salt per|bcaa|collagen)\b",
        # What somebody weighs, or something carries.
        rf"(?:up\s?to|upto|above|below|over|under|minimum|min\.?|capacity(?: of)?|load|for(?: weight)?|weigh(?:s|ing)|"
        rf"carcass|wt of)\s*{_N}(?:{_DASH}{_N})?\s*(?:{_UNIT}){_END}",
        rf"{_START}{_N}\s*(?:kgs?|kilos?)\s*\+(?=\s*(?:[),]|$))",
        rf"{_START}{_N}\s*(?:{_UNIT})\s*(?:&\s*)?(?:above|capacity|and above)\b",
        r"\bbis\s*\d+|\bno\.\s*\d+",
        r"\(?\bwith (?:a )?free\b[^)]*\)?",
    )
]
_NOT_A_PACK = re.compile(r"\bbuy\s*\d|\bget\s+\d+|\b\d\s*\+\s*\d\b(?!\s*(?:g|ml|kg|l)\b)|\bassorted sizes\b")
_VESSEL = re.compile(
    r"\b(?:containers?|casseroles?|cookers?|kada[ih]i?|kadhai|tawa|tava|pans?|patila|handi|pots?|buckets?|"
    r"dust\s?bins?|bins?|flasks?|mugs?|tumblers?|jugs?|tiffins?|lunch\s?box(?:es)?|bowls?|sippers?|"
    r"baskets?|kettles?|moulds?|(?:feeding|water|fridge|pet|steel|sports?|spray|thermos|insulated) bottles?|"
    r"(?:jar|glass|dinner|canister)s? sets?|"
    r"garbage bags?|mixers?|stoves?|dispensers?|thermosteel|crock|planters?|bean bags?|storage|drum|lunch bags?)\b"
)
_WEARERS = re.compile(r"\b(?:diapers?|diaper pants|nappy|nappies|breeds?|pupp(?:y|ies)|carrier|harness|collar)\b")
_TELLS_AMOUNT = re.compile(r"\d|\bhalf\b|\bdozen\b|\bper\b|/\s*kg|\b(?:twin|duo|double)\b")
_APPROXIMATELY = re.compile(r"\b(?:approx(?:imately)?|aprx|app|about)\b\.?\s*-?\s*")


def read_pack(text: str | None, *, column: bool = False) -> Pack | None:
    """The pack a text tells, None when it tells none or contradicts itself.

    `column`: the text is a file's own pack column, not a product's name; everything in it is about the pack.
    """
    said = _normal(text or "")
    if not said or (
        not any(char.isdigit() for char in said) and not re.search(r"\bhalf\b|\bdozen\b|\bper\b|/\s*kg", said)
    ):
        return None
    for pattern in _DROPPED:
        said = pattern.sub(" ~ ", said)
    if _NOT_A_PACK.search(said):
        return None
    found = _Found.of(said, column=column)
    pack = found.judged()
    if pack is None:
        return None
    if pack.total is not None and not 0 < pack.total <= MOST[pack.base]:
        return None
    return pack if len(pack.printed) <= LONGEST_PRINTED else None


_SIGNS = str.maketrans("⁄×✕–—’_", "/xx--' ")


def _normal(text: str) -> str:
    """Lower case with plain digits, fractions, signs and points; thousands run together."""
    said = re.sub(r"(\d)([½¼¾⅓⅔])", r"\1 \2", text)
    said = unicodedata.normalize("NFKC", said).lower()
    said = said.translate(_SIGNS)
    said = "".join(str(unicodedata.digit(char)) if char.isdigit() and not char.isascii() else char for char in said)
    said = re.sub(r"(?<![\d,.])(\d{1,3}),(\d{3})(?=\s*(?:g|gm|gms|ml|pcs?)\b)", r"\1\2", said)
    said = re.sub(rf"(?<![\d,.])(\d{{1,3}}),(\d{{1,2}})(?=\s*{_UNIT}{_END})", r"\1.\2", said)
    said = re.sub(r"(\d\s*(?:g|gm|gms|kg|ml|l|ltr))x(\d)", r"\1 x \2", said)  # "150gx4"
    return " ".join(said.split())


def _number(text: str) -> Decimal | None:
    if text == "half":
        return Decimal("0.5")
    try:
        if "/" in text:
            whole, _, fraction = text.rpartition(" ")
            over, under = fraction.split("/")
            return Decimal(whole or 0) + Decimal(over) / Decimal(under)
        return Decimal(text)
    except (InvalidOperation, ArithmeticError):
        return None


@dataclass(frozen=True, slots=True)
class _Amount:
    """One amount met in a text. `high` of a range; `count` units of it."""

    size: Decimal
    unit: str
    start: int
    count: int = 1
    high: Decimal | None = None
    high_unit: str = ""
    content: bool = False
    extra: Decimal | None = None  # "+ 250 ml free", in the same unit
    extra_printed: str = ""

    @property
    def total(self) -> Decimal:
        return self.count * self.size * _TIMES[self.unit]

    @property
    def base(self) -> str:
        return {"kg": "g", "l": "ml"}.get(self.unit, self.unit)

    @property
    def each(self) -> str:
        if self.high is not None:
            low = _plain(self.size) + (f" {self.unit}" if self.high_unit != self.unit else "")
            return f"{low}-{_plain(self.high)} {self.high_unit}"
        return f"{_plain(self.size)} {self.unit}"

    @property
    def printed(self) -> str:
        return f"{self.count} x {self.each}" if self.count > 1 else self.each


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


@dataclass(frozen=True, slots=True)
class _Found:
    """All amounts of a text by what they are."""

    text: str
    column: bool
    multiples: list[_Amount]
    sizes: list[_Amount]
    counts: list[_Amount]
    ranges: list[_Amount]
    times: list[int]  # "pack of 6"
    holders: list[int]  # "2 packs"
    per: _Amount | None

    @classmethod
    def of(cls, said: str, *, column: bool) -> _Found:
        taker = _Taker(_APPROXIMATELY.sub("", said))
        approximate = taker.text != said
        is_vessel = not column and _VESSEL.search(said) is not None
        is_worn = not column and _WEARERS.search(said) is not None

        times = list(taker.times())
        ranges = list(taker.ranges(anywhere=column or approximate))
        multiples = [*taker.with_free(), *taker.multiples()]
        holders = list(taker.holders())
        sizes = list(taker.sizes())
        per = taker.per()
        counts = list(taker.counts(column=column))
        if is_vessel or is_worn:
            sizes = []
            ranges = [r for r in ranges if r.base == "pc"]
            multiples = [m for m in multiples if m.base == "pc"]
        if not column and re.search(r"\bsets?\b(?! of)", said):
            counts = []  # a snack set of two pieces is one set
        return cls(said, column, multiples, sizes, counts, ranges, times, holders, per)

    def judged(self) -> Pack | None:
        amounts = sorted([*self.multiples, *self.sizes, *self.counts], key=lambda amount: amount.start)
        joined = any(re.search(r"\+|&|\bwith\b|\band\b|,", self.text[a.start : b.start]) for a, b in pairwise(amounts))
        two_things = bool(re.search(r"\s\+|\+\s|\w\+[a-z]{2}", self.text)) and not any(
            amount.extra is not None for amount in self.multiples
        )
        if re.search(r"\bcombos?\b", self.text):
            two_things = two_things or not self.multiples or len(amounts) > 1
        if two_things:
            if len(amounts) > 1 and joined and not self.ranges:
                return Pack(" + ".join(amount.printed for amount in amounts), kind="combo")
            return None
        if self.multiples:
            return self._multiple()
        if re.search(r"\beach\b", self.text) and not self.times:
            return None  # of how many?
        if split := self._whole_and_part():
            return split
        if len(set(self.times)) > 1 or len({(s.total, s.base) for s in self.sizes}) > 1:
            return None
        if self.sizes:
            return self._one_size()
        if self.per is not None:
            return Pack(self.per.printed, 1, self.per.size, self.per.unit, kind="per unit")
        if self.counts or self.times or self.holders:
            return self._pieces()
        if len(self.ranges) == 1:
            return Pack(self.ranges[0].printed, self.ranges[0].count, kind="range")
        return None

    def _multiple(self) -> Pack | None:
        first = self.multiples[0]
        if len({(m.count, m.total, m.base, m.extra) for m in self.multiples}) > 1:
            return None
        if first.extra is not None:
            size = first.size + first.extra
            stated = {(s.total, s.base) for s in self.sizes}
            if stated - {(size * _TIMES[first.unit], first.base)} or self.times or first.count > 1:
                return None
            printed = f"{_plain(first.size)} {first.unit} + {first.extra_printed} free"
            return Pack(printed, 1, size, first.unit, kind="free")
        # Beside "2 x 400 g" a text may say the whole (800 g), the single one, and "pack of 2": nothing else.
        for other in self.sizes:
            if other.base != first.base or other.total not in {first.total, first.size * _TIMES[first.unit]}:
                return None
        if any(n not in {1, first.count} for n in [*self.times, *self.holders]):
            return None
        return Pack(first.printed, first.count, first.size, first.unit, kind="multiple")

    def _whole_and_part(self) -> Pack | None:
        """ "5 kg (1 kg, pack of 5)"."""
        sizes = {(s.total, s.base): s for s in self.sizes}
        if len(sizes) != 2 or len(set(self.times)) != 1:
            return None
        part, whole = sorted(sizes.values(), key=lambda amount: amount.total)
        if part.base != whole.base or part.total * self.times[0] != whole.total:
            return None
        return Pack(f"{self.times[0]} x {part.each}", self.times[0], part.size, part.unit, kind="multiple")

    def _one_size(self) -> Pack | None:
        size = self.sizes[0]
        many = {n for n in [*self.times, *self.holders] if n > 1}
        if len(many) > 1:
            return None
        several = [c for c in self.counts if c.total != 1]
        if many:
            if several and {int(c.total) for c in several} != many:
                return None
            count = many.pop()
            return Pack(f"{count} x {size.each}", count, size.size, size.unit, kind="pack of", sure=False)
        if any(not c.content for c in several):
            # "100 g (5 pcs)" is five of 100 g in one shop and five biscuits of 20 g in another.
            return Pack(f"{size.each} ({several[0].each})", kind="either") if len(several) == 1 else None
        return Pack(size.printed, 1, size.size, size.unit, sure=len(self.sizes) == 1)

    def _pieces(self) -> Pack | None:
        pieces = {int(c.total) for c in self.counts}
        outer = {n for n in [*self.times, *self.holders] if n > 1}
        if len(pieces) > 1:
            pieces.discard(1)
        if len(pieces) > 1 or len(outer) > 1 or (pieces - {1} and outer and pieces != outer):
            return None
        if not pieces and not outer:
            if self.ranges:
                return Pack(self.ranges[0].printed, kind="range")
            return Pack("1 pack", kind="pack only") if self.column else None
        n = max(pieces | outer)
        return Pack(f"{n} pc", 1, Decimal(n), "pc", kind="pieces" if pieces else "pack of", sure=bool(pieces))


class _Taker:
    """Takes what it recognises out of the text, so that nothing is read twice."""

    def __init__(self, text: str) -> None:
        self.text = text

    def _all(self, pattern: str) -> Iterator[re.Match[str]]:
        for found in list(re.finditer(pattern, self.text)):
            self.text = f"{self.text[: found.start()]}{'~' * (found.end() - found.start())}{self.text[found.end() :]}"
            yield found

    def ranges(self, *, anywhere: bool) -> Iterator[_Amount]:
        """A range is the pack in a pack column, in brackets or at the end; elsewhere it is what a baby weighs."""
        unit = rf"({_UNIT}|pieces|pcs|pc|nos)"
        pattern = rf"{_START}(?:(\d+)\s*x\s*)?\(?\s*({_N})\s*(?:{unit})?\.?{_DASH}({_N})\s*{unit}\.?{_END}\)?"
        for found in self._all(pattern):
            n, low, low_unit, high, high_unit = found.groups()
            a, b = _number(low), _number(high)
            inside = found.string[: found.start()].count("(") > found.string[: found.start()].count(")")
            at_end = not found.string[found.end() :].strip(" ).,")
            if a and b and a < b * 1001 and (anywhere or inside or at_end or "(" in found[0]):
                to = _SIZES.get(high_unit, "pc")
                yield _Amount(a, _SIZES.get(low_unit or high_unit, "pc"), found.start(), int(n or 1), b, to)

    def with_free(self) -> Iterator[_Amount]:
        pattern = rf"{_SIZE}\s*\+\s*{_SIZE}\s*(?:free|extra)\b"
        for found in self._all(pattern):
            a, b = _number(found[1]), _number(found[3])
            unit, other = _SIZES[found[2]], _SIZES[found[4]]
            if a and b and _Amount(a, unit, 0).base == _Amount(b, other, 0).base:
                yield _Amount(
                    a,
                    unit,
                    found.start(),
                    extra=b * _TIMES[other] / _TIMES[unit],
                    extra_printed=f"{_plain(b)} {other}",
                )

    def multiples(self) -> Iterator[_Amount]:
        things = f"(?:{_COUNTED_OR_HELD})"
        size = rf"({_N})\s*-?\s*({_UNIT}|pcs?|pieces?)\.?"
        for pattern, n, amount, unit in (
            (rf"(?<![\w./])(\d+)\s*(?:{things})?{_BETWEEN}\(?{size}{_END}(?!{_BETWEEN}\d)", 1, 2, 3),
            (rf"{_START}{size}\)?{_BETWEEN}(?:pack of )?(\d+)(?!\s*(?:{_UNIT}){_END})(?![\w.])", 3, 1, 2),
            (rf"(?<![\w./])(\d+)\s*{things}\s+of\s+{size}{_END}", 1, 2, 3),
            (rf"(?<![\w./])(\d+)\s*{things}?\s*@\s*{size}{_END}", 1, 2, 3),
        ):
            for found in self._all(pattern):
                count, value = int(found[n]), _number(found[amount])
                kind = _SIZES.get(found[unit], "pc")
                if not value or not 0 < count <= 500:
                    continue
                if kind == "pc":
                    yield _Amount(count * value, "pc", found.start())
                else:
                    yield _Amount(value, kind, found.start(), count)

    def times(self) -> Iterator[int]:
        holder = r"(?:packs?|pkts?|packets?|set|box|case|bundle|carton|tray|value pack|combo pack|pouch|tin)"
        no_amount = rf"(?![\w.]|\s*-?\s*(?:{_UNIT}){_END})"
        for found in self._all(rf"\b{holder}\s*(?:of|:)\s*(\d+){no_amount}(?:\s*(?:pcs?|pieces?|nos|units?)\b)?"):
            if 0 < int(found[1]) <= 500:
                yield int(found[1])
        for _found in self._all(r"\b(?:twin|duo|double)\s*-?\s*pack\b"):
            yield 2

    def holders(self) -> Iterator[int]:
        for found in self._all(rf"(?<![\w./])(?<!\w-)(\d+)\s*-?\s*({_HELD}){_END}"):
            if 0 < int(found[1]) <= 100 and (int(found[1]) == 1 or found[2] == "pack" or found[2].endswith("s")):
                yield int(found[1])

    def per(self) -> _Amount | None:
        for found in self._all(rf"(?:\bper\s*|/\s*)(\d+)?\s*({_UNIT}|piece|pc){_END}"):
            size = _number(found[1] or "1")
            if size:
                return _Amount(size, _SIZES.get(found[2], "pc"), found.start())
        return None

    def sizes(self) -> Iterator[_Amount]:
        for found in self._all(rf"{_START}(\d+)\s*(kgs?)\s*(?:&|and)?\s*(\d{{1,3}})\s*(?:g|gms?|grams?){_END}"):
            yield _Amount(Decimal(found[1]) + Decimal(found[3]) / 1000, "kg", found.start())
        for found in self._all(_SIZE):
            value = _number(found[1])
            if value:
                yield _Amount(value, _SIZES[found[2]], found.start())

    def counts(self, *, column: bool) -> Iterator[_Amount]:
        for found in self._all(_COUNT):
            word = found[2]
            if word in {"n", "u", "no", "ct"} and not column and found.string[found.end() :].strip(" ).,"):
                continue  # "Vitamin 12 n …" is anything; at the end of a name it is a count
            n = _number(found[1])
            n = n * 12 if n and word == "dozen" else n
            if n and n == n.to_integral_value() and n <= 2_000:
                bag = word.replace(" ", "") == "teabags"
                yield _Amount(n, "pc", found.start(), content=bag or word in _CONTENT_WORDS)
        for found in self._all(_TENS):
            if int(found[1]) > 0:
                yield _Amount(Decimal(found[1]), "pc", found.start(), content=True)
