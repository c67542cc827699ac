"""From a question to what it is understood as, without any model: words → mentions → intent and filters → query.

Nothing is guessed in silence: two likely readings are both given, words nothing was made of are reported, and a
question most of whose words mean nothing here is not answered. What cannot be answered is refused with its reason.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import cache

from blinkit.kernel.said import say
from dashboard.ask import market, operations
from dashboard.ask.entities import MARKET, told
from dashboard.ask.folding import fold, stems, words
from dashboard.ask.layer import Layer
from dashboard.ask.lexicon import Lexicon
from dashboard.ask.query import Basket, Query, Reading, Understanding
from dashboard.ask.sheet import Sheet, lay_out, phrases_in
from dashboard.ask.suggest import suggest
from dashboard.ask.tokens import LONGEST
from dashboard.ask.vocabulary import is_ordinary, is_skipped

__all__ = ["suggest", "understand"]

SURE = 0.76
"""Below this a reading is not answered."""
CLOSE = 0.08
"""Two readings no further apart are both offered."""
_REASONS = {
    "inject": say("I only answer questions from data you may see; no wording changes that."),
    "act": say("I only answer questions; I can't order, change or delete anything."),
    "people": say("I don't answer about people: no names, phones, addresses or other personal data."),
    "own": say("Your own orders, cart and refunds are on their own pages; here are prices and figures."),
    "weather": say("I only know prices, stock and orders, not the weather."),
    "future": say("I can't say what has not happened yet: I only know prices and orders up to now."),
    "which": say("Which things do you mean? Please name them."),
    "advice": say("I only answer from our own data about prices, stock and orders; that is not in it."),
}
_COMING = frozenset({"become", "rise", "drop", "fall", "increase", "decrease", "launch", "start"})
_NEAR_PUBLIC = (
    "Which app has the cheapest onions?",
    "Show deals above 30% discount",
    "Compare milk prices across apps",
)
_NEAR_OPS = ("How many orders were late yesterday?", "Which store was late yesterday evening and why?",
             "Show out of stock products by store")  # fmt: skip


def understand(
    question: str, lexicon: Lexicon, layer: Layer, now: datetime, city: str, audiences: frozenset[str]
) -> Understanding:
    """One reading: answer it. Several: ask which. None: `sorry` says why, `near` are questions that would work.

    `layer` is the whole one; what the audiences may not ask about is refused by its name, never answered in part.
    """
    short = " ".join(question.split())
    if not fold(short):
        return _sorry(short, say("Ask about prices, deals or orders, in a few words."), audiences)
    if len(short) > LONGEST:
        return _sorry(
            short[:LONGEST], say("That is too long: please ask in at most {most} letters.", most=LONGEST), audiences
        )
    sheet = lay_out(short, lexicon, layer, now)
    reason = _refused(sheet) or _unknown_place(sheet, lexicon)
    if reason:
        return _sorry(short, reason, audiences)
    elsewhere = _unknown_platform(sheet)
    if elsewhere:
        return _sorry(short, _no_prices(elsewhere, lexicon), audiences)
    missing = _unlisted(sheet)
    if missing:
        return _sorry(short, say("Nothing called “{name}” is listed here.", name=missing), audiences, sheet, layer)
    found = [one for one in _readings(sheet, now, city, audiences) if one.confidence >= SURE]
    found.sort(key=lambda one: -one.confidence)
    known = [one for one in found if _is_known(one, layer)]
    allowed = [one for one in known if _entity(one) is None or layer.entity(_entity(one) or "").who & audiences]
    if not allowed:
        return _not_understood(short, sheet, layer, audiences, known)
    best = allowed[0].confidence
    if known[0] is not allowed[0] and known[0].confidence - best > CLOSE:
        return _not_understood(short, sheet, layer, audiences, known)
    likely = [one for one in allowed if best - one.confidence <= CLOSE]
    return Understanding(short, tuple(_distinct(likely)[:2]))


def _readings(sheet: Sheet, now: datetime, city: str, audiences: frozenset[str]) -> list[Reading]:
    """Of the house and of the market. A question that has no word of the market is rather about the house, for those
    who work in it; for the public it is rather about the market."""
    house = operations.readings(sheet.fresh(), now=now, city=city)
    prices = market.readings(sheet.fresh(), now=now, city=city)
    if not audiences <= {"public"} and not sheet.mentioned("platform", "item", "category", "aisle", "brand", "word"):
        less = 0.3 * operations.is_of_the_house(sheet) + 0.15 * bool(house and operations.is_figure(house[0]))
        prices = [replace(one, confidence=round(one.confidence - less - 0.15 * bool(one.unused), 2)) for one in prices]
    if not audiences <= {"public"} and prices and _of_our_shelves(sheet):
        prices = [replace(one, confidence=round(one.confidence - 0.3, 2)) for one in prices]
    if prices:  # "products", "offers": the house has such things too, but nobody asks for them so
        best = prices[0].confidence
        house = [one for one in house if one.confidence > best or operations.is_strong(sheet, one)]
    if house and prices and house[0].confidence >= SURE:
        named = sheet.mentioned("platform", "item", "category", "aisle", "brand", "word")
        of_market = (
            named
            or sheet.has(
                "platform",
                "price",
                "cheap",
                "deal",
                "dear",
                "unavailable",
                "available",
                "basket",
                "shopping",
                "spend",
            )
            or (sheet.has("thing") and not operations.is_figure(house[0]))
        )
        if audiences <= {"public"}:
            house = [replace(one, confidence=round(one.confidence - 0.3, 2)) for one in house] if of_market else house
        elif not of_market:
            prices = [replace(one, confidence=round(one.confidence - 0.15, 2)) for one in prices]
    return [*house, *prices]


def _of_our_shelves(sheet: Sheet) -> bool:
    """ "Is bread available in every store", "how much onion do we have left": of stock, not of what others list."""
    said = {token.text for token in sheet.tokens}
    if sheet.has("cheap", "deal", "compare", "dear") or sheet.mentioned("platform") or sheet.has("platform"):
        return False
    in_stores = bool(said & {"store", "stores"}) and sheet.has("available", "unavailable")
    return in_stores or (sheet.has("ours") and bool(said & {"left", "stock", "have"}))


def _entity(reading: Reading) -> str | None:
    return reading.of.entity if isinstance(reading.of, Query) else None


def _distinct(found: list[Reading]) -> list[Reading]:
    kept: list[Reading] = []
    for one in found:
        if all(one.of != other.of for other in kept):
            kept.append(one)
    return kept


def _is_known(reading: Reading, layer: Layer) -> bool:
    """Whether the layer has every field of it."""
    if isinstance(reading.of, Basket):
        return True
    for path in paths(reading.of):
        try:
            layer.field(path)
        except KeyError:
            return False
    return True


def paths(query: Query) -> list[str]:
    """Every field a query names."""
    windows = [one.field for one in (query.window, query.against) if one is not None]
    return [
        *query.measures, *query.dimensions, *query.columns, *(one.field for one in query.filters), *windows,
        *(one.field for one in query.order),
    ]  # fmt: skip


@cache
def _refusals() -> dict[tuple[str, ...], str]:
    """Phrases, word for word, to the reason they are refused for; the first list that has one counts."""
    found: dict[tuple[str, ...], str] = {}
    for name, phrases in told()["refuse"].items():
        for phrase in phrases:
            found.setdefault(tuple(words(phrase)), name)
    return found


@cache
def _elsewhere() -> dict[tuple[str, ...], str]:
    return {stems(name): str(name).title() for name in told()["elsewhere"]["names"]}


@cache
def _places() -> dict[tuple[str, ...], str]:
    return {stems(name): str(name).title() for name in told()["places"]["names"]}


@cache
def _hints() -> dict[tuple[str, ...], str]:
    return {stems(said): item for item, phrases in told()["hints"].items() for said in phrases}


def _refused(sheet: Sheet) -> str:
    said = [token.text for token in sheet.tokens]
    found = {reason for _, reason in phrases_in(said, _refusals())}
    if "own" in found and _is_a_list(sheet):  # "the best app for my basket: milk, bread, eggs"
        found.remove("own")
    if sheet.mentions:
        found.discard("which")
    if any(span.future for span in sheet.spans) or _is_to_come(said, dated=bool(sheet.spans)):
        found.add("future")
    if "future" in found and operations.is_planned(sheet):
        found.remove("future")
    if operations.is_about_people(sheet):
        found.add("people")
    return next((sentence for reason, sentence in _REASONS.items() if reason in found), "")


def _is_to_come(said: list[str], *, dated: bool) -> bool:
    """ "Will oil become cheaper", "what will eggs cost in December"; "what will 2 kg cost" is of now."""
    after = set(said[said.index("will") :]) if "will" in said else set()
    return bool(after & _COMING) or (dated and "cost" in after)


def _is_a_list(sheet: Sheet) -> bool:
    things = sum(one.of("item") is not None for one in sheet.mentions)
    listed = sheet.has("basket", "cheap", "deal") or any(token.text == "split" for token in sheet.tokens)
    return things > 1 and listed and not sheet.mentioned("store")


def _unknown_place(sheet: Sheet, lexicon: Lexicon) -> str:
    """A city nobody has prices of is said to be none, instead of answering for another."""
    taken = {at for one in sheet.mentions if one.kind != "word" for at in range(one.first, one.last)}
    said = [token.stem if at not in taken else "" for at, token in enumerate(sheet.tokens)]
    found = phrases_in(said, _places())
    if not found:
        return ""
    cities = ", ".join(one.label for one in lexicon.cities) or "none yet"
    return say("There are no prices for {place} here. Known: {cities}.", place=max(found)[1], cities=cities)


def _unknown_platform(sheet: Sheet) -> str:
    taken = {at for one in sheet.mentions for at in range(one.first, one.last)}
    said = [token.stem if at not in taken else "" for at, token in enumerate(sheet.tokens)]
    found = phrases_in(said, _elsewhere())
    return max(found)[1] if found else ""


@cache
def _goods() -> frozenset[tuple[str, ...]]:
    """Everyday goods, kinds and brands people ask for, whether anybody sells them here or not."""
    named = told()["goods"]
    return frozenset(stems(name) for name in (*named["words"].split(), *named["names"], *told()["categories"]))


def _unlisted(sheet: Sheet) -> str:
    """Goods no listing is called by: said so, instead of answering about what is left of the question."""
    spoken = [(one.first, one.last) for one in sheet.mentions] + [(one.first, one.last) for one in sheet.marks]
    taken = {at for first, last in spoken for at in range(first, last)}
    goods, unlisted = _goods(), sheet.lexicon.index.unlisted
    for size in (3, 2, 1):
        for at in range(len(sheet.tokens) - size + 1):
            spots = set(range(at, at + size))
            said = tuple(token.stem for token in sheet.tokens[at : at + size])
            plain = size == 1 and (is_ordinary(sheet.tokens[at]) or is_skipped(sheet.tokens[at]))
            if not spots <= taken and (said in goods or (said in unlisted and not plain)):
                return sheet.said(at, at + size)
    return ""


def _no_prices(name: str, lexicon: Lexicon) -> str:
    return say("There are no prices of {name} here. Known: {platforms}.", name=name, platforms=_platforms(lexicon))


def _platforms(lexicon: Lexicon) -> str:
    return ", ".join(one.label for one in lexicon.platforms) or "none yet"


def _not_understood(
    question: str, sheet: Sheet, layer: Layer, audiences: frozenset[str], known: list[Reading]
) -> Understanding:
    for one in known:
        name = _entity(one)
        if name is not None and not layer.entity(name).who & audiences:
            label = layer.entity(name).label
            said = say("{label}: that is not for everybody. Ask somebody who may see it.", label=label)
            return _sorry(question, said, audiences)
    fresh = sheet.fresh()
    dated = {at for span in sheet.spans for at in range(span.first, span.last)}
    spots = [(one.first, one.last) for one in sheet.marks] + [(one.first, one.last) for one in sheet.mentions]
    known_at = dated | {at for first, last in spots for at in range(first, last)}
    unused = fresh.unused()
    unclear = [token.text for at, token in enumerate(sheet.tokens) if at not in known_at and token.text in unused]
    named = ", ".join(f"“{word}”" for word in unclear[:3])
    sentence = (
        say("I don't know what to make of {words}.", words=named)
        if named
        else say("I'm not sure what you would like to know.")
    )
    return _sorry(question, sentence, audiences, sheet, layer)


def _sorry(
    question: str, sentence: str, audiences: frozenset[str], sheet: Sheet | None = None, layer: Layer | None = None
) -> Understanding:
    near = near_questions(sheet, layer, audiences) if sheet is not None and layer is not None else ()
    rest = _NEAR_PUBLIC if audiences <= {"public"} else (_NEAR_OPS[0], _NEAR_PUBLIC[0], _NEAR_OPS[1])
    return Understanding(question, sorry=sentence, near=tuple(dict.fromkeys([*near, *rest]))[:3])


def near_questions(sheet: Sheet, layer: Layer, audiences: frozenset[str]) -> tuple[str, ...]:
    """Questions that work and are like this one: about the same goods, or the entity that looks most like it."""
    found: list[str] = []
    for one in sheet.mentions:
        if one.of("item", "category", "brand"):
            label = one.meanings[0].label
            found += [f"Show {label} prices", f"Which app has the cheapest {label}?"]
            break
    if not found:
        known = {one.key for one in sheet.lexicon.items}
        hinted = phrases_in([token.stem for token in sheet.tokens], _hints())
        found += [f"Show {item} prices" for _, item in sorted(hinted, reverse=True) if item in known][:1]
    examples = told().get("examples", {})
    nearest = sheet.layer_words.selector.nearest(sheet.said(0, len(sheet.tokens)))
    if sheet.has("price", "deal", "cheap", "platform"):
        nearest.sort(key=lambda pair: pair[0] not in MARKET)
    for name, score in nearest:
        entity = layer.entities.get(name)
        if (
            entity is not None
            and score > 0.08
            and entity.who & audiences
            and (name in MARKET or audiences - {"public"})
        ):
            found += examples.get(name, [])[:1]
    return tuple(found[:3])
