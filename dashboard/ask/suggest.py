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


def suggest(prefix: str, lexicon: Lexicon, layer: Layer, audiences: frozenset[str], most: int = MOST) -> list[str]:
    """Questions the asker may ask, the nearest first; nothing typed offers one of each kind."""
    typed = fold(prefix)
    staff = bool(audiences - {"public"})
    found: dict[str, None] = {}
    examples = list(_examples(layer, audiences))
    if not typed:
        return [text for number, text in enumerate(examples) if number % 2 == 0][:most]
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


def _examples(layer: Layer, audiences: frozenset[str]) -> Iterator[str]:
    for name, texts in told().get("examples", {}).items():
        entity = layer.entities.get(name)
        if entity is not None and entity.who & audiences and (name in MARKET or audiences - {"public"}):
            yield from texts


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
