"""What to offer while somebody types: whole questions that work, made of examples and of names that begin so."""

from __future__ import annotations

from collections.abc import Iterator

from dashboard.ask.entities import MARKET, told
from dashboard.ask.folding import fold, words
from dashboard.ask.layer import Layer
from dashboard.ask.lexicon import Lexicon

MOST = 8
_ABOUT_GOODS = ("Which app has the cheapest {name}?", "Compare {name} prices across apps", "Show {name} deals",
                "Show {name} price trends")  # fmt: skip
_ABOUT_PLATFORMS = ("Show deals on {name}", "What's available on {name} right now?", "Compare fees of {name}")
_ABOUT_STORES = ("How many orders were late at {name} yesterday?", "Show out of stock products at {name}")

IN_HINDI = (
    ("listing", "सबसे सस्ता प्याज़ किस ऐप पर है?"), ("listing", "ज़ेप्टो और ब्लिंकिट पर दूध के दाम की तुलना करो"),
    ("listing", "30% से ज़्यादा छूट"), ("listing", "दूध पर सबसे ज़्यादा छूट"), ("listing", "टमाटर के दाम"),
    ("listing", "सबसे सस्ता दूध"),
    ("order", "आज कितने ऑर्डर हुए?"), ("order", "कल कितने ऑर्डर देर से पहुँचे?"),
    ("order", "कल शाम कौन सा स्टोर देर से था और क्यों?"), ("order", "इस हफ़्ते स्टोर के हिसाब से बिक्री"),
    ("order", "कल रद्द हुए ऑर्डर"),
)  # fmt: skip
OF_OURS = 5
"""Of the first questions offered to who works here: so many about our own house."""


def begin(layer: Layer, audiences: frozenset[str], *, language: str = "en", most: int = MOST) -> list[str]:
    """Where nothing is typed: one of each kind, in the reader's language; our own house first for who works here."""
    given = IN_HINDI if language.startswith("hi") else tuple(_examples())
    market = [text for name, text in given if name in MARKET and _may(name, layer, audiences)]
    own: dict[str, str] = {}
    rest: list[str] = []
    for name, text in given:
        if name not in MARKET and _may(name, layer, audiences):
            own.setdefault(name, text)
            rest += [text] if own[name] != text else []
    ours = [*own.values(), *rest][:OF_OURS]
    spread = market[::2] + market[1::2]
    return [*ours, *spread[: most - len(ours)]]


def suggest(prefix: str, lexicon: Lexicon, layer: Layer, audiences: frozenset[str], most: int = MOST) -> list[str]:
    """Questions the asker may ask, the nearest first; nothing typed offers one of each kind."""
    typed = fold(prefix)
    staff = bool(audiences - {"public"})
    found: dict[str, None] = {}
    if not typed:
        return begin(layer, audiences, most=most)
    examples = [text for name, text in (*_examples(), *IN_HINDI) if _may(name, layer, audiences)]
    for text in examples:
        if fold(text).startswith(typed):
            found[text] = None
    if " " in typed:
        found |= dict.fromkeys(_with_all(examples, typed))
    last = words(prefix)[-1]
    if len(found) < most and len(last) >= 2:
        for text in _of_names(last, lexicon, staff=staff):
            found[text] = None
            if len(found) >= most:
                break
    found |= dict.fromkeys(_with_all(examples, typed))
    return list(found)[:most]


def _with_all(examples: list[str], typed: str) -> list[str]:
    """Examples that have a word for each beginning typed."""
    return [
        text for text in examples
        if all(any(word.startswith(part) for word in fold(text).split()) for part in typed.split())
    ]  # fmt: skip


def _examples() -> Iterator[tuple[str, str]]:
    for name, texts in told().get("examples", {}).items():
        yield from ((name, text) for text in texts)


def _may(name: str, layer: Layer, audiences: frozenset[str]) -> bool:
    entity = layer.entities.get(name)
    return entity is not None and bool(entity.who & audiences) and (name in MARKET or bool(audiences - {"public"}))


def _of_names(beginning: str, lexicon: Lexicon, *, staff: bool) -> Iterator[str]:
    for names, shapes in (
        ([one.label for one in lexicon.platforms], _ABOUT_PLATFORMS),
        ([one.key for one in lexicon.items], _ABOUT_GOODS[:2]),
        ([one.label for one in lexicon.categories], _ABOUT_GOODS[1:3]),
        ([one.label for one in lexicon.stores] if staff else [], _ABOUT_STORES),
        (list(lexicon.brands), _ABOUT_GOODS[2:3]),
    ):
        for name in [one for one in names if any(word.startswith(beginning) for word in fold(one).split())][:3]:
            for shape in shapes:
                yield shape.format(name=name)
