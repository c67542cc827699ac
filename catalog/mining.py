"""Failed searches, grouped, each with what was probably meant: the list a category manager works through."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Max, Sum

from catalog.models import SearchTerm, Synonym
from catalog.search.folding import sound, stem

MOST_GROUPS = 40
MOST_PROPOSALS = 4
LIKE = 0.3
"""Trigram likeness from which a word of the catalogue is proposed; a person decides, so it is generous."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """`means`: words of the catalogue, in so many products."""

    means: str
    products: int


@dataclass(frozen=True, slots=True)
class FailedGroup:
    """One thing asked for in several spellings; `text` is the commonest. `proposals` likeliest first."""

    text: str
    spellings: tuple[str, ...]
    times: int
    last_at: datetime
    proposals: tuple[Proposal, ...]


def failed_groups(*, since: datetime, limit: int = MOST_GROUPS) -> list[FailedGroup]:
    """What was asked for since then, found nothing the last time and was not dismissed; most asked first, over all
    stores. Spellings that sound the same, and singular and plural, are one group. Two statements."""
    terms = SearchTerm.objects.filter(results=0, failed__gt=0, is_dismissed=False, last_at__gte=since)
    counted = terms.values("text").annotate(times=Sum("failed"), last=Max("last_at")).order_by("-times", "text")
    groups: dict[str, list[tuple[str, int, datetime]]] = {}
    for row in counted[: limit * 5]:
        groups.setdefault(_key(row["text"]), []).append((row["text"], row["times"], row["last"]))
    ordered = sorted(groups.values(), key=lambda found: (-sum(times for _, times, _ in found), found[0][0]))[:limit]
    proposals = _proposals([found[0][0] for found in ordered])
    return [
        FailedGroup(
            text=found[0][0],
            spellings=tuple(text for text, _, _ in found),
            times=sum(times for _, times, _ in found),
            last_at=max(last for _, _, last in found),
            proposals=proposals.get(found[0][0], ()),
        )
        for found in ordered
    ]


def _key(text: str) -> str:
    return " ".join(sorted(sound(stem(word)) for word in text.split()))


def _proposals(texts: list[str]) -> dict[str, tuple[Proposal, ...]]:
    """Words like the whole question or like one of its words; a word that is itself a synonym proposes its meaning."""
    if not texts:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT asked.text, near.word, near.products FROM unnest(%s::text[]) AS asked(text)
            CROSS JOIN LATERAL (
                SELECT w.word, w.products, max(similarity(w.word, part.word)) AS likeness
                FROM (SELECT replace(asked.text, ' ', '') AS word
                      UNION SELECT unnest(string_to_array(asked.text, ' '))) part
                JOIN catalog_searchword w ON w.word %% part.word
                WHERE length(part.word) > 2 AND similarity(w.word, part.word) >= %s AND w.word <> asked.text
                GROUP BY w.word, w.products ORDER BY likeness DESC, w.products DESC LIMIT %s) near""",
            [texts, LIKE, MOST_PROPOSALS * 2],
        )
        rows: list[tuple[str, str, int]] = cursor.fetchall()
    unsold = {word for _, word, products in rows if not products}
    meant: dict[str, list[str]] = {}
    for term, means in Synonym.objects.filter(term__in=unsold, is_approved=True).values_list("term", "means"):
        meant.setdefault(term, []).append(means)
    found: dict[str, dict[str, Proposal]] = {}
    for text, word, products in rows:
        for means in [word] if products else meant.get(word, []):
            found.setdefault(text, {}).setdefault(means, Proposal(means, products))
    return {text: tuple(proposals.values())[:MOST_PROPOSALS] for text, proposals in found.items()}
