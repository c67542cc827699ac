"""Which listing of another shop is which product of ours: proposed by score, accepted when clear, else asked of people.

What a person decided is never written over. Locks: listings in key order, then their matches (docs/locking.md).
Candidates come by trigrams of the names (pg_trgm), the score from catalog.matching.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db import connection, transaction

from blinkit.kernel import events
from catalog import versions
from catalog.errors import MatchTaken, NoSuchMatch
from catalog.events import MatchDecided, MatchModelLearned
from catalog.market import Listing, Match, MatchModel, MatchState
from catalog.matching import evaluation, scoring
from catalog.matching.naming import Described, describe
from catalog.matching.scoring import FAMILY, OTHER, SAME, Model, Pair, Scored

AT_ONCE = 500
CANDIDATES = 12
"""So many products are compared with one listing."""
LEAST_SIMILAR = 0.22
"""pg_trgm's similarity of two names from which they are compared at all."""
CLEAR = 0.08
"""An acceptance without a person is so far ahead of the runner-up."""
SHOWN = 3
"""So many proposals a listing has at most."""
SURE_FAMILY = 0.8
"""The chance of being one thing from which another pack is noted as family without a person."""
FEWEST_DECISIONS = 50
"""Below so many decisions of people nothing new is learned."""
LABEL_OF = {MatchState.ACCEPTED: SAME, MatchState.FAMILY: FAMILY, MatchState.REJECTED: OTHER}


@dataclass(slots=True)
class Matched:
    """What came of listings looked at. `family`: only another pack of it is ours."""

    looked_at: int = 0
    accepted: int = 0
    waiting: int = 0
    family: int = 0


@dataclass(frozen=True, slots=True)
class _Proposal:
    listing_id: int
    product_id: int
    state: MatchState
    scored: Scored


# -- proposing ---------------------------------------------------------------------------------------------------------


def match_listings(ids: Sequence[int] | None = None, *, now: datetime) -> Matched:
    """Compare these listings, or all of other shops, with our products. Again changes nothing.

    A listing whose product a person accepted stays as it is; a pair a person rejected is not proposed again.
    """
    wanted = Listing.objects.filter(platform__is_ours=False)
    if ids is not None:
        wanted = wanted.filter(pk__in=ids)
    done = Matched()
    model = model_in_use()
    keys = list(wanted.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), AT_ONCE):
        _match_some(keys[start : start + AT_ONCE], model, done, now=now)
    return done


def match_new(platform_id: int | None = None, *, now: datetime) -> Matched:
    """Listings never looked at (of one platform, or of all): after a feed, and by beat for what a lost task left."""
    new = Listing.objects.filter(looked_at=None, platform__is_ours=False)
    if platform_id is not None:
        new = new.filter(platform=platform_id)
    ids = list(new.order_by("pk").values_list("pk", flat=True))
    return match_listings(ids, now=now) if ids else Matched()


@transaction.atomic
def _match_some(ids: Sequence[int], model: Model, done: Matched, *, now: datetime) -> None:
    listings = list(Listing.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True))
    decided: dict[int, dict[int, str]] = {}
    for listing_id, product_id, state in Match.objects.filter(listing__in=ids, decided_by__isnull=False).values_list(
        "listing_id", "product_id", "state"
    ):
        decided.setdefault(listing_id, {})[product_id] = state
    free = [row for row in listings if MatchState.ACCEPTED not in decided.get(row.pk, {}).values()]
    told = {row.pk: described_listing(row) for row in free}
    proposals: list[_Proposal] = []
    for listing_id, products in _candidates(told).items():
        known = decided.get(listing_id, {})
        found = [(pk, model.score(told[listing_id], product)) for pk, product in products if pk not in known]
        proposals += _proposed(listing_id, found, model)
    _write(free, proposals, now=now)
    Listing.objects.filter(pk__in=ids).update(looked_at=now)
    done.looked_at += len(listings)
    for proposal in proposals:
        done.accepted += proposal.state == MatchState.ACCEPTED
        done.waiting += proposal.state == MatchState.WAITING
        done.family += proposal.state == MatchState.FAMILY


def _proposed(listing_id: int, found: list[tuple[int, Scored]], model: Model) -> list[_Proposal]:
    found.sort(key=lambda pair: (-pair[1].score, -pair[1].thing, pair[0]))
    if not found:
        return []
    best, runner_up = found[0], found[1][1].score if len(found) > 1 else 0.0
    if best[1].score >= model.accept_from and best[1].score - runner_up >= CLEAR:
        return [_Proposal(listing_id, best[0], MatchState.ACCEPTED, best[1])]
    waiting = [pair for pair in found if pair[1].score >= model.review_from][:SHOWN]
    proposals = [_Proposal(listing_id, pk, MatchState.WAITING, scored) for pk, scored in waiting]
    if not proposals:
        pk, scored = max(found, key=lambda pair: (pair[1].thing, -pair[0]))
        if scored.thing >= SURE_FAMILY and scored.pack in {"differs", "pieces differ", "not told"}:
            proposals.append(_Proposal(listing_id, pk, MatchState.FAMILY, scored))
    return proposals


def _candidates(told: dict[int, Described]) -> dict[int, list[tuple[int, Described]]]:
    """Per listing the products whose names are likest, in one statement."""
    if not told:
        return {}
    asking: dict[str, list[int]] = {}
    for pk in sorted(told):  # several platforms say the same
        asking.setdefault(_asked(told[pk]).upper(), []).append(pk)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pg_trgm.similarity_threshold', %s, true)", [str(LEAST_SIMILAR)])
        cursor.execute(
            """SELECT t.said, p.id, p.name, p.pack, p.pack_size, p.pack_unit, coalesce(b.name, '')
            FROM unnest(%s::text[]) AS t(said)
            CROSS JOIN LATERAL (
                SELECT * FROM catalog_product p WHERE p.is_active AND upper(p.name) %% t.said
                ORDER BY similarity(upper(p.name), t.said) DESC, p.id LIMIT %s
            ) AS p LEFT JOIN catalog_brand b ON b.id = p.brand_id""",
            [list(asking), CANDIDATES],
        )
        rows = cursor.fetchall()
    found: dict[int, list[tuple[int, Described]]] = {}
    seen: dict[int, Described] = {}
    for said, product_id, name, pack, size, unit, brand in rows:
        if product_id not in seen:
            seen[product_id] = described_product(name, pack, size, unit, brand)
        for listing_id in asking[said]:
            found.setdefault(listing_id, []).append((product_id, seen[product_id]))
    return found


def _asked(told: Described) -> str:
    """The maker, what stands in the name and what it is called in our words, without remarks and amounts."""
    words = [told.brand, *told.said]
    if told.item and not set(told.item.split()) <= set(told.said):
        words.append(told.item)
    return " ".join(words)


def described_listing(listing: Listing) -> Described:
    return describe(listing.name, listing.pack, brand=listing.brand)


def described_product(name: str, pack: str, size: Any, unit: str, brand: str) -> Described:
    printed = pack or (f"{size.normalize():f} {unit}" if size and unit else "")
    return describe(name, printed, brand=brand)


def _write(listings: Sequence[Listing], proposals: Sequence[_Proposal], *, now: datetime) -> None:
    """These proposals instead of the machine's earlier ones, and the product where one is accepted."""
    ids = [row.pk for row in listings]
    pairs = [(p.listing_id, p.product_id, p.state.value, p.scored.score, _reasons(p.scored)) for p in proposals]
    columns = [list(column) for column in zip(*pairs, strict=True)] or [[], [], [], [], []]
    with connection.cursor() as cursor:
        cursor.execute(
            """DELETE FROM catalog_match m WHERE m.listing_id = ANY(%s) AND m.decided_by_id IS NULL
            AND NOT EXISTS (SELECT FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS n(listing, product, state)
                WHERE n.listing = m.listing_id AND n.product = m.product_id AND n.state = m.state)""",
            [ids, *columns[:3]],
        )
        cursor.execute(
            """INSERT INTO catalog_match (listing_id, product_id, state, score, reasons, made_at)
            SELECT n.listing, n.product, n.state, n.score, n.reasons, %s
            FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::float8[], %s::jsonb[])
                AS n(listing, product, state, score, reasons)
            ORDER BY n.listing, n.product
            ON CONFLICT (listing_id, product_id) DO UPDATE SET score = EXCLUDED.score, reasons = EXCLUDED.reasons
            WHERE catalog_match.decided_by_id IS NULL""",
            [now, *columns],
        )
        cursor.execute(
            """UPDATE catalog_listing l SET product_id = m.product_id
            FROM unnest(%s::bigint[]) AS t(id)
            LEFT JOIN catalog_match m ON m.listing_id = t.id AND m.state = 'accepted'
            WHERE l.id = t.id AND l.product_id IS DISTINCT FROM m.product_id RETURNING l.city_id""",
            [ids],
        )
        cities = {city for (city,) in cursor.fetchall()}
    _changed(cities)


def _reasons(scored: Scored) -> str:
    return orjson.dumps([[what, how] for what, how in scored.reasons]).decode()


def _changed(city_ids: Iterable[int]) -> None:
    """Answers kept about the market are old now (services.market reads these tokens)."""
    from catalog.models import City

    slugs = City.objects.filter(pk__in=sorted(city_ids)).values_list("slug", flat=True) if city_ids else []
    for slug in slugs:
        versions.bump(f"market:{slug}")
    if slugs:
        versions.bump("market")


# -- deciding ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def decide(*, match_id: int, state: MatchState, user_id: int, now: datetime) -> Match:
    """A person says what a proposal is: the same product, the same family in another pack, or another product.

    Accepted, the listing has the product from now on, and its other proposals wait no longer (rejected, by nobody: they
    teach nothing). The same again is silent.
    Raises NoSuchMatch, and MatchTaken when it was decided otherwise, or another product was accepted meanwhile.
    """
    found = Match.objects.filter(pk=match_id).values_list("listing_id", flat=True).first()
    if found is None:
        raise NoSuchMatch()
    listing = Listing.objects.select_for_update(no_key=True).get(pk=found)
    matches = {row.pk: row for row in Match.objects.filter(listing=listing).order_by("pk").select_for_update()}
    match = matches.get(match_id)
    if match is None:  # looked at again while we waited for the listing: no proposal any more
        raise NoSuchMatch()
    if match.decided_by_id is not None:
        if match.state == state:
            return match
        raise MatchTaken("It was decided already.", state=match.state)
    if state == MatchState.ACCEPTED:
        if any(row.state == state and row.decided_by_id is not None for row in matches.values()):
            raise MatchTaken("Another product was accepted for this listing.", state=state)
        others = [pk for pk, row in matches.items() if row.decided_by_id is None and pk != match_id]
        Match.objects.filter(pk__in=others).update(state=MatchState.REJECTED, decided_at=now)
    match.state, match.decided_by_id, match.decided_at = state, user_id, now
    match.save(update_fields=["state", "decided_by", "decided_at"])
    product_id = match.product_id if state == MatchState.ACCEPTED else None
    if state == MatchState.ACCEPTED or listing.product_id == match.product_id:
        Listing.objects.filter(pk=listing.pk).update(product=product_id)
    events.record(
        MatchDecided(match_id=match.pk, product_id=match.product_id, state=state.value),
        subject=f"listing:{listing.pk}", actor=f"user:{user_id}",
    )  # fmt: skip
    _changed([listing.city_id])
    return match


@transaction.atomic
def reopen(*, match_id: int, user_id: int, now: datetime) -> Match:
    """A decision was a slip: it waits again, and the listing has no product by it. Silent when it waits already."""
    found = Match.objects.filter(pk=match_id).values_list("listing_id", flat=True).first()
    if found is None:
        raise NoSuchMatch()
    listing = Listing.objects.select_for_update(no_key=True).get(pk=found)
    match = Match.objects.select_for_update().get(pk=match_id)
    if match.state == MatchState.WAITING:
        return match
    if match.state == MatchState.ACCEPTED:
        Listing.objects.filter(pk=listing.pk).update(product=None)
        _changed([listing.city_id])
    match.state, match.decided_by_id, match.decided_at = MatchState.WAITING, None, None
    match.save(update_fields=["state", "decided_by", "decided_at"])
    events.record(
        MatchDecided(match_id=match.pk, product_id=match.product_id, state=match.state),
        subject=f"listing:{listing.pk}", actor=f"user:{user_id}",
    )  # fmt: skip
    return match


# -- learning ----------------------------------------------------------------------------------------------------------


def model_in_use() -> Model:
    """The weights learned here, else those that come with the house."""
    row = MatchModel.objects.filter(is_used=True).values("weights", "accept_from", "review_from").first()
    if row is None:
        return scoring.given()
    return Model.of(row["weights"] | {"accept_from": row["accept_from"], "review_from": row["review_from"]})


def decided_pairs(*, most: int = 20_000) -> list[Pair]:
    """What people decided, the latest first, as labelled pairs."""
    rows = (
        Match.objects.filter(decided_by__isnull=False, state__in=list(LABEL_OF))
        .select_related("listing", "product__brand").order_by("-decided_at", "-pk")[:most]
    )  # fmt: skip
    found = []
    for row in rows:
        product = row.product
        brand = product.brand.name if product.brand else ""
        ours = described_product(product.name, product.pack, product.pack_size, product.pack_unit, brand)
        one = evaluation.hash_of(row.listing.name, row.listing.pack)
        other = evaluation.hash_of(product.name, product.pack)
        label = LABEL_OF[MatchState(row.state)]
        is_for_learning = evaluation.is_for_learning(one, other)
        found.append(Pair(described_listing(row.listing), ours, label, "decided", is_for_learning))
    return found


def learn(*, now: datetime) -> MatchModel | None:
    """Weights and thresholds anew from what people decided and the house's labelled pairs; None below
    FEWEST_DECISIONS or without news. Used from now on only if no worse than those in use on the half not learned from:
    neither precision nor F1 may fall. Its figures are kept either way."""
    decided = decided_pairs()
    last = MatchModel.objects.order_by("-made_at", "-pk").first()
    if len(decided) < FEWEST_DECISIONS or (last is not None and last.metrics.get("decisions") == len(decided)):
        return None
    data = evaluation.shared_data()
    pairs = decided + evaluation.own_pairs() + (evaluation.scraped_pairs(data)[0] if data is not None else [])
    old = model_in_use()
    new = scoring.learn([pair for pair in pairs if pair.is_for_learning])
    held = [pair for pair in pairs if not pair.is_for_learning]
    before, after = scoring.measure(old, held), scoring.measure(new, held)
    is_better = after.precision >= before.precision - 1e-9 and after.f1 >= before.f1 - 1e-9
    told = new.as_json()
    figures = {name: {"precision": round(m.precision, 4), "recall": round(m.recall, 4), "f1": round(m.f1, 4)}
               for name, m in (("before", before), ("after", after))}  # fmt: skip
    metrics = {
        "decisions": len(decided), "pairs": len(pairs), "held_out": after.pairs,
        **figures["after"], "before": figures["before"],
    }  # fmt: skip
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('catalog.match-model'))")
        if is_better:
            MatchModel.objects.filter(is_used=True).update(is_used=False)
        row = MatchModel.objects.create(
            made_at=now, weights={name: told[name] for name in ("bias", "weights", "packs")},
            accept_from=new.accept_from, review_from=new.review_from, metrics=metrics, is_used=is_better,
        )  # fmt: skip
        events.record(MatchModelLearned(model_id=row.pk, is_used=is_better), subject=f"match-model:{row.pk}")
    return row


def nightly(*, now: datetime) -> Matched:
    """Learn, then look at all listings that no person decided: products, names and weights may be new."""
    learn(now=now)
    return match_listings(now=now)
