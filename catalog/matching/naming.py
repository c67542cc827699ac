"""What a shop's line says it sells: the maker, the thing, how much of it, and the words that tell its kinds apart.

English and Hinglish put the thing last and its kind before it; shops put remarks behind a dash, a bar or in brackets.
So the last known thing of the first part is what it is, unless that word is only a taste there: an onion, a tomato or
a cashew counts when nothing unknown stands beside it, or when the platform shows it among vegetables. Plain Python.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from catalog.packs import MOST, read_pack
from catalog.search.folding import stem, words
from catalog.search.naming import KINDS

_HERE = Path(__file__).parent
LONGEST_ITEM = 60


@dataclass(frozen=True, slots=True)
class Described:
    """`amount` is all of it in `measure` (g, ml or pc), None when the text doesn't say; `pieces` like packs make it up.

    `base` is the item a kind of it belongs to (sambar onion: onion), else the item itself. `kinds` are the words left
    that tell it from its neighbours, as stems, without the maker, the thing and the packing; `said` all of the first
    part in order. A bundle of unlike things has neither item nor category.
    """

    brand: str
    item: str
    base: str
    category_slug: str
    pack: str
    amount: Decimal | None
    measure: str
    pieces: int
    kinds: frozenset[str]
    remarks: frozenset[str]
    said: tuple[str, ...]
    is_bundle: bool = False

    @property
    def each(self) -> Decimal | None:
        """How much one of the like packs holds."""
        return None if self.amount is None else self.amount / self.pieces


class _Thing(NamedTuple):
    item: str
    slug: str


# Where a word is often only a taste, a smell or an ingredient of something else.
PRODUCE = frozenset({"fresh-vegetables", "leafy-herbs", "fresh-fruits", "exotic-fruits"})
_TASTES = PRODUCE | {"masalas", "dry-fruits", "dals-pulses", "salt-sugar", "chocolates-candy", "eggs"}
_WEAK = PRODUCE | {"dry-fruits", "chocolates-candy"}
_DAIRY = frozenset({"milk", "curd-paneer", "butter-cheese"})
_HOUSE = frozenset(
    {"laundry", "dishwash-cleaners", "home-needs", "bath-soap", "hair-care", "oral-care", "skin-grooming", "hygiene",
     "diapers-wipes", "dog-food", "cat-care", "pooja-needs", "stationery-party"}
)  # fmt: skip


# Where other words for a thing are makers' lines (marie gold, sunrise): they tell it apart and are none of its names.
_LINES = _HOUSE | {
    "biscuits-cookies", "chocolates-candy", "soft-drinks", "juices", "namkeen", "chips-crisps", "noodles-pasta", "tea",
    "butter-cheese", "health-drinks", "breakfast-cereals", "ice-cream", "pickles-sauces", "coffee", "water-mixers",
}  # fmt: skip
_VARIETIES = frozenset(
    word
    for line in (
        "robusta yelakki yellaki nendran alphonso alphanso banganapalli banginapalli kinnow malta iceberg romaine",
        "sunlite rohu surmai pomfret mackerel bangda basa salmon tuna sardine katla mozzarella cheddar",
        "basmati sona kolam",
        "ponni cassia tibar dubar mogra ragi jowar bajra",
    )
    for word in line.split()
)


def _stems(text: str) -> tuple[str, ...]:
    return tuple(_same.get(word, word) for word in map(stem, words(text)))


# Ways to write one word that a stem does not bring together.
_same: dict[str, str] = {
    **dict.fromkeys(("creme", "crème"), "cream"), "flavored": "flavour", "flavoured": "flavour", "flavor": "flavour",
    "chocochip": "chocochip", "biscuits": "biscuit", "yoghurt": "yogurt", "chilly": "chilli", "chili": "chilli",
    "chilie": "chilli", "chillie": "chilli", "masoori": "masuri", "masoor": "masoor", "idly": "idli",
    "leave": "leaf", "sambhar": "sambar", "organics": "organic", "seedles": "seedless", "colour": "color",
}  # fmt: skip


_TOLD: dict[str, dict[str, str]] = tomllib.loads((_HERE / "things.toml").read_text(encoding="utf-8"))


def _other_words() -> Iterator[tuple[str, str, str]]:
    """Shelf, item and another word for it, in the order of the file."""
    for slug, items in _TOLD.items():
        for item, others in items.items():
            for other in filter(None, others.split(", ")):
                yield slug, item, other


def _load() -> tuple[dict[tuple[str, ...], _Thing], dict[str, str]]:
    things: dict[tuple[str, ...], _Thing] = {}
    bases: dict[str, str] = {}
    for slug, items in _TOLD.items():
        for item in items:
            things.setdefault(_stems(item), _Thing(item, slug))
            last = item.split()[-1]
            bases[item] = last if last in items and last != item else item
    for slug, item, other in _other_words():
        things.setdefault(_stems(other), _Thing(item, slug))
    return things, bases


def _load_brands() -> tuple[dict[tuple[str, ...], str], dict[str, str], dict[str, str], frozenset[str]]:
    told = tomllib.loads((_HERE / "brands.toml").read_text(encoding="utf-8"))
    known: dict[tuple[str, ...], str] = {}
    for brand, others in told["names"].items():
        for written in (brand, *filter(None, others.split(", "))):
            known.setdefault(tuple(words(written)), brand)
    always, usual = (
        {brand: item for item, brands in told[how].items() for brand in brands.split(", ")}
        for how in ("always", "usual")
    )
    return known, always, usual, frozenset(told["labels"]["loose"].split(", "))


_THINGS, _BASES = _load()
_BRANDS, _ALWAYS, _USUAL, _LABELS = _load_brands()
_LONGEST_THING = max(map(len, _THINGS))
_LONGEST_BRAND = max(map(len, _BRANDS))
_SLUGS = {thing.item: thing.slug for thing in reversed(list(_THINGS.values()))}
_STARTS = frozenset(phrase[0] for phrase in _THINGS)
_BRAND_STARTS = frozenset(phrase[0] for phrase in _BRANDS)
_KIND_STEMS = frozenset(map(stem, KINDS))
_KIND_WORDS = frozenset(
    stem(word)
    for line in (
        "fresh local hybrid desi farm robusta yelakki nendran nagpur kinnaur shimla gala royal fuji imported"
        " indian ooty",
        "delhi hass red green white black yellow purple small big medium large long round seedless kiran striped thai",
        "pink lady granny smith washington delicious kashmir kashmiri kesar bharta bajji combo pack pc pcs"
        " piece bag net",
        "peeled cut diced chopped cleaned whole loose premium organic organically grown residue free hydroponic bunch",
        "with without root leaf stem and or pouch box tray each approx dozen half ripe raw semi sweet sour baby jumbo",
        "country english button variable weight economy everyday naati nati bhajji taiwan honey dew queen malgova",
        "thomson sonaka regular madras totapuri raspuri himayath sindhura langra dasheri nagpure cling wrapped super",
    )
    for word in line.split()
)
_PACKING = frozenset(
    stem(word)
    for line in (
        "pack packs packet pouch carton tetra box bottle can tin jar tub bag pet brick combo of x the a an and"
        " in by for",
        "buy get free offer each approx multipack value saver family economy jumbo party monthly pc pcs piece pieces",
        "g gm gms gram grams kg kgs ml ltr litre n nos unit units per rs new improved refill dozen",
        "किलो किग्रा ग्राम लीटर मिली पैक पीस",
    )
    for word in line.split()
)
_REMARK = re.compile(r"\s[-–—]\s|-\s|\s-|[(\[|:;]|,\s|\s(?:with|made with|for|from)\s", re.IGNORECASE)
_BAR = re.compile(r"[|(\[;]|\s[-–—]\s")
_NOT_THIS = frozenset({"flavour", "free", "les", "less", "based"})  # sugar free, onion flavour
_ALL_OR_NONE = re.compile(r"\b(?:100|0)\s?%")  # 100% wheat, 0% maida: said of everything
_DECIMALS = re.compile(r"(\d)\.\d+")
_PLUS = re.compile(r"\b([A-Za-z]+)\+(?!\S)")  # A+, Gold+
_NUMBER = re.compile(r"^\d+(?:x\d+)?(?:g|gm|gms|kg|kgs|ml|l|ltr|lit|pc|pcs|n|s)?$")
_TWO = re.compile(r"\s(?:&|\+|and)\s", re.IGNORECASE)
_BUNDLE = re.compile(r"\)\s*(?:&|\+|,)\s*\S|\d\s*(?:g|kg|ml|l)\s*\+\s*\D|\bcombo of\b", re.IGNORECASE)
_JOINED = re.compile(r"&|\+|,|\band\b", re.IGNORECASE)
_MIXED_PACK = re.compile(r"^\s*(\d{1,2})\s*combos?\s*$", re.IGNORECASE)

_UNITS = {
    **dict.fromkeys(("kg", "kgs"), ("g", 1000)), **dict.fromkeys(("g", "gm", "gms", "gram", "grams"), ("g", 1)),
    **dict.fromkeys(("l", "ltr", "litre", "liter", "lt"), ("ml", 1000)), "ml": ("ml", 1),
    **dict.fromkeys(("pc", "pcs", "piece", "pieces", "unit", "units", "nos"), ("pc", 1)),
}  # fmt: skip
_ONE = rf"(\d{{1,5}}(?:\.\d{{1,3}})?)\s*({'|'.join(sorted(_UNITS, key=len, reverse=True))})"
_COLUMN = re.compile(
    rf"^\s*(?:1 (?:pack|bunch|box|bottle|can)\s*\(\s*)?{_ONE}\.?(?:\s*[xX×*]\s*(\d{{1,3}}))?\s*\)?\s*$", re.I
)
_TIMES_FIRST = re.compile(rf"^\s*(\d{{1,3}})\s*[xX×*]\s*{_ONE}\s*$", re.I)
_IN_NAME = re.compile(rf"(?<![\w.]){_ONE}\b", re.I)
_TRAPS = re.compile(
    r"up\s?to|above|below|diaper|protein|sugar per|for \d|capacity|[+×*/]|\bset\b|\boff\b|₹|\brs\b|\bto\b|free|half"
    r"|dozen|pack of|-\s*pack|twin|per ",
    re.I,
)


def describe(name: str, pack: str = "", hint: str = "", brand: str = "") -> Described:
    """What the line says. `pack` is the platform's own pack column, `hint` its category in words or as a URL has it.

    Never raises; what isn't said stays empty. `brand` is taken as given where the platform tells it.
    """
    amount, measure, pieces, printed = how_much(name, pack)
    is_bundle = bool(_BUNDLE.search(name))
    mixed = _MIXED_PACK.match(pack)
    if mixed is not None:  # "2 combo": two of one thing, or two things
        is_bundle = is_bundle or bool(_JOINED.search(name)) or amount is None
        amount, pieces = (None, 1) if is_bundle or amount is None else (amount * int(mixed[1]), int(mixed[1]))
    name = _tidied(name)
    first, rest, said = _parts(name)
    maker, said = _made_by(brand, said)
    if not maker and rest is not None and " by " in name:
        maker = _brand(words(name.rsplit(" by ", 1)[1]))[0]
    stems = [_same.get(word, word) for word in map(stem, said)]
    thing = None if is_bundle else _thing(stems, maker, hint)
    if thing is not None and thing.slug in PRODUCE and _is_of_two(first, maker, hint):
        thing, is_bundle = None, True
    if thing is None and not is_bundle:
        thing = _remarked(rest or "", maker) or _usual(maker) or _thing(list(_stems(first)), "", hint)
    item, slug = thing or ("", "")
    if not slug and not is_bundle:
        slug = category_of(hint)
    if maker in _LABELS and slug in PRODUCE:
        maker = ""
    telling = [word for word in stems if word not in _PACKING]
    return Described(
        maker, item, _BASES.get(item, item), slug, printed, amount, measure, pieces,
        frozenset(_without(telling, item)), frozenset(word for word in _stems(rest or "") if word not in _PACKING),
        tuple(telling), is_bundle,
    )  # fmt: skip


def _tidied(name: str) -> str:
    """Without what would read as an amount or a sum: 1.25 L (how much it is was read before), 100 %, A+."""
    if "." in name:
        name = _DECIMALS.sub(r"\1", name)
    if "%" in name:
        name = _ALL_OR_NONE.sub(" ", name)
    if "+" in name:
        name = _PLUS.sub(r"\1plus", name)
    return name


def _parts(name: str) -> tuple[str, str | None, list[str]]:
    """What stands before the first remark, the remarks (None where there are none), and the words of the first part
    without amounts. A first part of nothing but amounts says nothing: then it is the whole name."""
    first, *rest = _REMARK.split(name.strip(" -|,"), maxsplit=1)
    said = words(first)
    if not said or all(map(_NUMBER.match, said)):
        return name, None, _no_amounts(words(name))
    return first, rest[0] if rest else None, _no_amounts(said)


def _made_by(brand: str, said: list[str]) -> tuple[str, list[str]]:
    """The maker as we write it, told by the platform or by the name, and the words without it."""
    if not brand:
        return _brand(said)
    makers = words(brand)
    return _BRANDS.get(tuple(makers), brand), said[len(makers) :] if said[: len(makers)] == makers else said


def _is_of_two(first: str, maker: str, hint: str) -> bool:
    """ "Onion & potato": fresh goods of two kinds."""
    if not _TWO.search(first):
        return False
    things = (_thing(list(_stems(part)), maker, hint) for part in _TWO.split(first))
    return len({_BASES[thing.item] for thing in things if thing is not None}) > 1


def _remarked(rest: str, maker: str) -> _Thing | None:
    """The first thing that a remark names: "Everest - turmeric powder"."""
    for part in _BAR.split(rest):
        stems = [word for word in _stems(part) if not _NUMBER.match(word)]
        thing = _thing(stems, maker, "") if stems else None
        if thing is not None:
            return thing
    return None


def _usual(maker: str) -> _Thing | None:
    """What a maker sells where no name says it."""
    item = _ALWAYS.get(maker) or _USUAL.get(maker, "")
    return _Thing(item, _SLUGS[item]) if item else None


def _no_amounts(said: list[str]) -> list[str]:
    """Without amounts and the unit behind them; a number that counts nothing stays (7 grain, 5 star, stage 1), so does
    a letter that is no unit there (diapers M and L)."""
    left: list[str] = []
    counted = False
    for at, word in enumerate(said):
        if counted and word in _UNITS:
            counted = False
        elif not word[0].isdigit() or not _NUMBER.match(word):
            left.append(word)
            counted = False
        elif word.isdigit():
            after = said[at + 1] if at + 1 < len(said) else "x"
            counted = after in _UNITS or stem(after) in _PACKING
            if not counted or (at and said[at - 1] == "stage"):
                left.append(word)
    return left


def _brand(said: list[str]) -> tuple[str, list[str]]:
    """The maker a name begins with (or repeats, or names second: "Nice Time Britannia"), and the words without it."""
    maker = ""
    for start in (0, 1, 2):
        if start >= len(said):
            break
        if said[start] in _BRAND_STARTS:
            for length in range(min(_LONGEST_BRAND, len(said) - start), 0, -1):
                found = _BRANDS.get(tuple(said[start : start + length]))
                if found is not None and (start == 0 or len(said[start]) > 4):
                    maker = found
                    said = said[:start] + said[start + length :]
                    break
        if maker:
            break
    if maker:
        again = tuple(words(maker))
        size = len(again)
        while said and tuple(said[:size]) == again:
            said = said[size:]
    return maker, said


def _named_at(stems: list[str], at: int) -> tuple[_Thing, int] | None:
    """The thing named from this word on, by its longest name, and where that ends."""
    if stems[at] in _STARTS:
        for stop in range(min(at + _LONGEST_THING, len(stems)), at, -1):
            thing = _THINGS.get(tuple(stems[at:stop]))
            if thing is not None:
                return thing, stop
    return None


def _without(stems: list[str], item: str) -> list[str]:
    """The words that are no name of the item itself: what it is called in either tongue goes, its kinds stay."""
    left: list[str] = []
    at = 0
    while at < len(stems):
        thing, stop = _named_at(stems, at) or (None, at + 1)
        if thing is not None and thing.item == item:
            phrase = stems[at:stop]
            own = [word for word in phrase if _names(word, item)]
            is_kind = bool(own) or thing.slug in _LINES or not _VARIETIES.isdisjoint(phrase)
            left += [word for word in phrase if word not in own] if is_kind else []
            at = stop
        else:
            left.append(stems[at])
            at += 1
    return left


def _thing(stems: list[str], maker: str, hint: str) -> _Thing | None:
    """The last thing the words name; a taste only where nothing else is meant."""
    found: list[tuple[int, int, _Thing]] = []
    at, end = 0, len(stems)
    while at < end:
        thing, stop = _named_at(stems, at) or (None, at + 1)
        if thing is not None:
            found.append((at, stop, thing))
        at = stop
    found = [f for f in found if f[1] >= end or stems[f[1]] not in _NOT_THIS]
    if not found:
        return None
    strong = [f for f in found if f[2].slug not in _WEAK]
    start, stop, thing = (strong or found)[-1]
    for other in strong or found:  # "Basmati Rice / Basmati Akki": the kind says more than its base
        if thing.item == _BASES[other[2].item] != other[2].item:
            start, stop, thing = other
    always = _ALWAYS.get(maker, "")
    if always:
        own = _SLUGS[always]
        is_taste = thing.slug in (_TASTES | _DAIRY) or (own in _HOUSE and thing.slug not in _HOUSE)
        return _Thing(always, own) if is_taste and thing.slug != own else thing
    if strong:
        return thing
    if usual := _usual(maker):
        return usual
    if thing.slug in PRODUCE:
        others = [word for i, word in enumerate(stems) if not start <= i < stop]
        unknown = [word for word in others if word not in _KIND_WORDS and word not in _PACKING]
        unknown = [word for word in unknown if (word,) not in _THINGS]
        if unknown and not _is_produce(hint):
            return None
    return thing


def how_much(name: str, pack: str) -> tuple[Decimal | None, str, int, str]:
    """All of it, what that counts, how many like packs, and as printed. The pack column first, then the name."""
    if pack:
        found = _COLUMN.match(pack)
        if found:
            return _amount(found[1], found[2], int(found[3] or 1), pack)
        found = _TIMES_FIRST.match(pack)
        if found:
            return _amount(found[2], found[3], int(found[1]), pack)
        if any(char.isdigit() for char in pack) and not _MIXED_PACK.match(pack):
            read = read_pack(pack, column=True)
            if read is not None and read.total is not None:
                return read.total, read.base, read.count, pack.strip()[:LONGEST_ITEM]
    if not any(map(str.isdigit, name)):
        return None, "", 1, pack.strip()[:LONGEST_ITEM] if pack and pack != name else ""
    if "multipack" in name.lower():  # of how many?
        return None, "", 1, ""
    amounts = _IN_NAME.findall(name)
    if (
        len(amounts) == 1
        and not _TRAPS.search(name)
        and sum(map(str.isdigit, name)) == sum(map(str.isdigit, amounts[0][0]))
    ):
        return _amount(amounts[0][0], amounts[0][1], 1, f"{amounts[0][0]} {amounts[0][1].lower()}")
    read = read_pack(name)
    if read is None or read.total is None:
        return None, "", 1, ""
    return read.total, read.base, read.count, read.printed


def _amount(size: str, unit: str, count: int, printed: str) -> tuple[Decimal | None, str, int, str]:
    measure, times = _UNITS[unit.lower()]
    total = Decimal(size) * times * count
    if not 0 < total <= MOST[measure] or not count:
        return None, "", 1, ""
    return total, measure, count, printed.strip()[:LONGEST_ITEM]


@lru_cache(maxsize=20_000)
def _names(word: str, item: str) -> bool:
    """A word that alone means the item. Where makers' lines stand for the thing ("marie gold") only its own"
    " words do."""
    if word in _stem_set(item):
        return True
    return word not in _VARIETIES and _SLUGS[item] not in _LINES and _THINGS.get((word,), _Thing("", "")).item == item


@lru_cache(maxsize=2_000)
def _stem_set(text: str) -> frozenset[str]:
    return frozenset(_stems(text))


@lru_cache(maxsize=2_000)
def category_of(hint: str) -> str:
    """The slug of our tree a platform's own category means, where it means just one: "Fresh+Vegetables", "/milk/"."""
    said = frozenset(_stems(hint.replace("%2C", " ").replace("+", " ")))
    for slug, needed in _HINTS:
        if needed <= said:
            return slug
    return ""


_HINTS: tuple[tuple[str, frozenset[str]], ...] = tuple(
    (slug, frozenset(_stems(text)))
    for slug, text in (
        ("fresh-vegetables", "fresh vegetables"), ("fresh-fruits", "fresh fruits"), ("butter-cheese", "cheese"),
        ("biscuits-cookies", "cookies"), ("biscuits-cookies", "wafers"), ("biscuits-cookies", "biscuits"),
        ("soft-drinks", "soft drink"), ("soft-drinks", "cold drinks"), ("rice-poha", "rice more"),
        ("atta-flours", "other flours"), ("masalas", "whole spices"), ("masalas", "masalas"),
        ("salt-sugar", "salt sugar"), ("fresh-vegetables", "vegetables"), ("leafy-herbs", "herbs"),
    )
)  # fmt: skip


@lru_cache(maxsize=2_000)
def _is_produce(hint: str) -> bool:
    return category_of(hint) in PRODUCE


def items() -> Iterable[str]:
    """Every item there is a word for."""
    return _SLUGS


@lru_cache(maxsize=1)
def said_for() -> dict[str, tuple[str, ...]]:
    """Every other word for a thing (pyaz, प्याज) to the item it is, and each item to itself; the first item that has a
    word keeps it. Kinds of it that are called by it (toned milk) are none. A maker's line (Parle-G) is itself first,
    for where names have it, then the item. Brands as people write them to the brand."""
    found: dict[str, tuple[str, ...]] = {item: (item,) for things in _TOLD.values() for item in things}
    for slug, item, other in _other_words():
        if not set(_stems(item)) <= set(_stems(other)) and tuple(words(other)) not in _BRANDS:
            found.setdefault(other, (other, item) if slug in _LINES else (item,))
    for written, brand in _BRANDS.items():
        found.setdefault(" ".join(written), (brand,))
    return found
