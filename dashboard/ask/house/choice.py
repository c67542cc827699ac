"""Which entity a question is about: each is tried with its own words, the one that explains most is asked."""

from __future__ import annotations

from datetime import datetime

from blinkit.kernel.said import say
from dashboard.ask.entities import Spot, told
from dashboard.ask.house.draft import place_in, product_of, things_asked
from dashboard.ask.house.shape import Shape
from dashboard.ask.house.talk import about_feeds
from dashboard.ask.house.words import Hit, asks_length, hits_of, is_minutes, longest_first, passed_words, topics_of
from dashboard.ask.layer import Entity
from dashboard.ask.query import Intent, Query, Reading
from dashboard.ask.sheet import Sheet
from dashboard.ask.vocabulary import is_skipped, is_soft

_SHARED = frozenset(
    {
        "city",
        "category",
        "supplier",
        "product",
        "webhook",
        "event",
        "payment_attempt",
        "purchase_line",
        "store",
        "customer",
    }
)
"""Entities that are rarely the subject: they need their own name and nothing better."""
_FLAGGED = frozenset({"order", "stock"})
"""Meant when only "late" or "out of stock" is said, and of two that would do."""
_VAIN = 0.4
_UNUSED = 0.2
"""Of words nothing was made of: rather no answer than one about what is left of the question."""


def readings(sheet: Sheet, *, now: datetime, city: str) -> list[Reading]:
    """The likeliest readings about operations, best first; none when no entity of the house is named."""
    of_platforms = sheet.mentioned("platform") or sheet.has("platform")
    if of_platforms and not sheet.has("ours") and not about_feeds(sheet):
        return []
    table = hits_of(sheet)
    overview = _overview(sheet, now)
    if overview is not None:
        return [overview]
    if not table:
        return []
    near = dict(sheet.layer_words.selector.nearest(sheet.said(0, len(sheet.tokens)), most=12))
    scored: list[tuple[float, str]] = []
    for name, hits in table.items():
        entity = sheet.layer_words.layer.entities[name]
        chosen = longest_first(hits)
        anchors = ("entity", "measure", "flag") if name in _FLAGGED else ("entity", "measure")
        if not any(hit.rank in anchors or _is_telling(sheet, entity, hit) for hit in chosen):
            continue
        prior = 0.15 * (name in _FLAGGED) - 0.3 * (name in _SHARED)
        if things_asked(sheet) and not product_of(entity):
            prior -= 1.0
        scored.append((_score(sheet, entity, chosen) + 0.9 * near.get(name, 0) + prior, name))
    scored.sort(key=lambda pair: (-pair[0], pair[1]))
    found: list[Reading] = []
    for score, name in scored[:3]:
        if found and score < scored[0][0] - 0.35:
            break
        fresh = sheet.fresh()
        fresh.marks = [mark for mark in fresh.marks if not is_minutes(fresh, mark)]
        entity = fresh.layer_words.layer.entities[name]
        maker = Shape(fresh, entity, longest_first(table[name]), now)
        query = maker.made()
        for at, token in enumerate(fresh.tokens):
            if token.text in passed_words() or token.stem in topics_of(name):
                fresh.use(at, at + 1)
        left = any(
            at not in fresh.used and not is_skipped(token) and not is_soft(token)
            for at, token in enumerate(fresh.tokens)
        )
        sure = fresh.confidence() - 0.12 * (len(found) > 0) - _VAIN * maker.vain - _UNUSED * left
        found.append(Reading(query, round(max(sure, 0.0), 2), _steps(query), fresh.unused()))
    return found


def _overview(sheet: Sheet, now: datetime) -> Reading | None:
    """ "how are we doing today", "is today worse than yesterday": the few figures a day is judged by."""
    told_of = set(told()["overview"]["words"].split())
    plain = [
        at for at, token in enumerate(sheet.tokens)
        if not any(span.first <= at < span.last for span in sheet.spans) and not is_skipped(token)
        and not any(one.kind == "store" and one.first <= at < one.last for one in sheet.mentions)
    ]  # fmt: skip
    stores = [at for at in plain if sheet.tokens[at].stem == "store"]
    said = {sheet.tokens[at].text for at in plain if at not in stores}
    if not said or not said <= told_of or not (sheet.spans or stores or sheet.mentioned("store")):
        return None
    if stores and said & {"worst", "worse", "best"}:
        return None
    fresh = sheet.fresh()
    maker = Shape(fresh, fresh.layer_words.layer.entities["order"], [], now)
    for name in ("count", "revenue", "late_share", "average_delivery_time", "cancel_share"):
        maker.draft.measures.append(f"order.{name}")
    fresh.used.update(plain)
    if stores:
        maker.draft.dimensions.append("order.store")
    query = maker.made()
    return Reading(query, round(fresh.confidence(), 2), (), fresh.unused())


def _score(sheet: Sheet, entity: Entity, hits: list[Hit]) -> float:
    weights = {"measure": 1.05, "entity": 1.2, "flag": 1.0, "value": 0.95, "dimension": 0.8}
    score = 0.0
    for hit in hits:
        weight = weights[hit.rank]
        if hit.rank != "measure" and hit.last - hit.first == 1 and is_skipped(sheet.tokens[hit.first]):
            weight *= 0.6
        if hit.rank == "value" and _is_a_name(sheet, hit):
            weight = 0.3
        score += weight * (hit.last - hit.first) ** 0.9
    covered = {at for hit in hits for at in range(hit.first, hit.last)}
    for one in sheet.mentions:
        if not covered & set(range(one.first, one.last)) and place_in(entity, one) is not None:
            score += 0.8 * (one.last - one.first)
    if sheet.spans and entity.time:
        score += 0.4
    return score


def _is_telling(sheet: Sheet, entity: Entity, hit: Hit) -> bool:
    """Words that could be of nothing else, though they name no entity: "cancel reasons", "on the way", and what "how
    long" is asked of."""
    dimension = entity.dimension(hit.spot.name) if hit.rank == "dimension" else None
    if dimension is not None and dimension.kind == "seconds" and asks_length(sheet):
        return True
    phrase = tuple(token.stem for token in sheet.tokens[hit.first : hit.last])
    if Spot("entity", entity.name) in sheet.layer_words.phrases.get(phrase, ()):
        return True
    return hit.last - hit.first > 1 and hit.rank in ("dimension", "flag", "value")


def _is_a_name(sheet: Sheet, hit: Hit) -> bool:
    """Whether the word for a value is rather the name of another entity: payments for an "order"."""
    phrase = tuple(token.stem for token in sheet.tokens[hit.first : hit.last])
    return any(
        spot.kind == "entity" and spot.entity != hit.spot.entity for spot in sheet.layer_words.phrases.get(phrase, ())
    )


def _steps(query: Query) -> tuple[str, ...]:
    if query.intent != Intent.WHY:
        return ()
    return (
        say("Find the orders that came later than promised"),
        say("Say for each which leg took longest beyond its share: queue, picking, packing, rider, ride or door"),
        say("Count them by store and cause, most first"),
    )
