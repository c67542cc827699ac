"""What a question about the market is about: goods by item, category, brand and words of the name; shopping lists."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import zip_longest

from dashboard.ask.entities import told
from dashboard.ask.lexicon import Meaning
from dashboard.ask.query import Filter, Op, Value, Wanted
from dashboard.ask.sheet import Mention, Sheet
from dashboard.ask.tokens import Token

CONTAINERS = frozenset({"pack", "packs", "packet", "packets", "bottle", "bottles", "bag", "bags", "jar", "jars", "box"})
"""What goods are sold in, however they are called."""
_HELD_IN = CONTAINERS | {"of", "loaf", "loaves", "tin", "tins", "carton", "cartons", "bunch", "tray"}
"""What stands between a number and the thing it counts: "1 loaf of bread"."""


@dataclass
class Subject:
    """What the question is about: filters on the goods, without platform and figures."""

    items: list[str] = field(default_factory=list)
    filters: list[Filter] = field(default_factory=list)
    categories: list[Meaning] = field(default_factory=list)
    label: str = ""

    @property
    def is_item(self) -> bool:
        """One kind of thing, so that its unit prices can be set side by side."""
        return bool(self.items) or any(one.field == "listing.name" for one in self.filters)

    def __bool__(self) -> bool:
        return bool(self.filters)


def one_of(path: str, keys: list[Value], said: str) -> Filter:
    return Filter(path, Op.EQ if len(keys) == 1 else Op.IN, tuple(keys), said)


def category_filters(found: list[Meaning], inside: dict[str, list[str]]) -> list[Filter]:
    """Aisles and categories at once can't both hold: an aisle is said by its categories (`inside`) then, unless one of
    them is among those said ("snacks of munchies")."""
    shelves = list(dict.fromkeys(key for one in found if one.kind == "category" for key in one.keys))
    aisles = list(dict.fromkeys(key for one in found if one.kind == "aisle" for key in one.keys))
    if shelves:
        for aisle in aisles:
            within = inside.get(aisle, [])
            shelves += [] if set(within) & set(shelves) else within
        return [one_of("listing.category", list(shelves), "")]
    return [one_of("listing.aisle", list(aisles), "")] if aisles else []


def turned_to(one: Filter, entity: str) -> Filter:
    """The same of another entity that has a field of that name."""
    return Filter(f"{entity}.{one.field.partition('.')[2]}", one.op, one.values, one.said)


def heads_of(sheet: Sheet, goods: list[Mention]) -> tuple[list[Mention], list[Mention]]:
    """Which mentions say what it is, and which only describe: of "apple juice" juice is the thing, apple a word of
    its name, when products are called so."""
    heads: list[Mention] = []
    words: list[Mention] = []
    for one, after in zip_longest(goods, goods[1:]):
        if one.kind == "word":
            words.append(one)
            continue
        beside = after is not None and after.first == one.last and not sheet.tokens[one.last - 1].cut
        if beside and after is not None and one.kind == "item" and after.of("item", "word", "category"):
            index = sheet.lexicon.index
            if index.together(sheet.tokens[one.last - 1].stem, sheet.tokens[after.first].stem):
                meaning = Meaning("word", (one.said,), one.said)
                if (after.of("item") or after.kind == "word") and after.of("item"):
                    words.append(Mention((meaning,), one.first, one.last, one.said, one.no))
                    continue
        heads.append(one)
    return heads, words


def wanted_of(sheet: Sheet, goods: list[Mention]) -> list[Wanted]:
    """A shopping list: each thing with the amount before it ("1kg potato") or behind it ("milk 1L")."""
    found: list[Wanted] = []
    taken: set[int] = set()
    heads, words = heads_of(sheet, [one for one in goods if not one.no])
    beside = any(one.of("item") for one in heads)
    items = [one for one in heads if one.of("item") or _measured(sheet, one) or (beside and _named_so(sheet, one))]
    for one in items:
        amount: Token | None = None
        pieces = 1
        before = _back(sheet, one.first)
        for at in (before, one.last):
            token = sheet.tokens[at] if 0 <= at < len(sheet.tokens) else None
            if token is None or at in taken:
                continue
            if token.kind == "amount":
                amount = token
            elif token.kind == "number" and at == before and 0 < token.value <= 50 and one.of("item"):
                counted = one.keys[0] in told()["counted"]["items"]
                amount = Token("amount", token.text, token.value, "pc") if counted else None
                pieces = 1 if counted else int(token.value)
            else:
                continue
            taken.add(at)
            sheet.use(at, at + 1)
            for between in range(at + 1, one.first):
                if sheet.tokens[between].text in _HELD_IN:
                    sheet.use(between, between + 1)
            break
        near = [w for w in words if one.first - 2 <= w.first <= one.last + 1]
        brands = [b for b in heads if b.of("brand") and not b.of("item") and one.first - 2 <= b.first <= one.last]
        filters = tuple(
            [Filter("listing.brand", Op.EQ, b.keys, b.said) for b in brands]
            + [Filter("listing.name", Op.HAS, (w.meanings[0].label,), w.said) for w in near]
        )
        meaning = one.of("item")
        item = meaning.keys[0] if meaning else one.said
        found.append(Wanted(item, amount.value if amount else None, amount.unit if amount else "", pieces, filters))
    return found


def _measured(sheet: Sheet, one: Mention) -> bool:
    """Something no listing is called by itself, but of which an amount is wanted: "1 litre oil"."""
    return any(
        0 <= at < len(sheet.tokens) and sheet.tokens[at].kind == "amount" and one.of("category", "aisle", "word")
        for at in (one.first - 1, one.last)
    )


def _named_so(sheet: Sheet, one: Mention) -> bool:
    """A kind that is in the names of what is sold: "rice, dal and oil" are three things."""
    kind = one.of("category", "aisle") and not one.of("brand") and one.last - one.first == 1
    return bool(kind) and sheet.tokens[one.first].stem in sheet.lexicon.index.in_products


def _back(sheet: Sheet, first: int) -> int:
    """The token before a thing, over "of", a brand or a describing word."""
    at = first - 1
    while at >= 0 and (sheet.tokens[at].text in _HELD_IN or any(m.first <= at < m.last for m in sheet.mentions)):
        if any(m.first <= at < m.last and m.of("item") for m in sheet.mentions):
            break
        at -= 1
    return at
