"""What makes products findable: search words, synonyms, and the list of searches that found nothing."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import structlog
from django.db import connection, transaction

from blinkit.kernel.errors import Invalid
from blinkit.kernel.redis_client import client, key
from catalog.models import Product, ProductPlace, SearchLog, SearchTerm, Store, Synonym
from catalog.search import index
from catalog.search.folding import fold, sound
from catalog.search.synonyms import known

log = structlog.get_logger(__name__)

SEED = Path(__file__).resolve().parent.parent / "seed_synonyms.csv"
CHUNK = 2_000


@transaction.atomic
def refresh_search(product_ids: Sequence[int] | None = None) -> int:
    """Write search words of these products (or all), and the vocabulary misspelt words are corrected to.

    Call it after products, their brand or their category were created or changed. Returns how many products were read;
    rows whose words did not change are not written.
    """
    products = Product.objects.order_by("pk")
    if product_ids is not None:
        products = products.filter(pk__in=product_ids)
    rows = products.values_list(
        "pk", "name", "name_hi", "brand__name", "keywords", "category__name", "category__name_hi", "pack",
        "pack_size", "pack_unit",
    )  # fmt: skip
    done = 0
    also_in = _further_categories(product_ids)
    for chunk in _chunks(rows.iterator(CHUNK), CHUNK):
        ids: list[int] = []
        texts: list[str] = []
        vectors: list[str] = []
        for pk, name, name_hi, brand, keywords, category, category_hi, pack, pack_size, pack_unit in chunk:
            wording = index.Wording(
                name, name_hi, brand or "", keywords, category, category_hi, pack, pack_size, pack_unit,
                also_in.get(pk, ""),
            )  # fmt: skip
            ids.append(pk)
            texts.append(index.search_text(wording))
            vectors.append(index.search_vector(wording))
        with connection.cursor() as cursor:
            cursor.execute(
                """UPDATE catalog_product p SET search_text = n.words, search_vector = n.vector::tsvector
                FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS n(id, words, vector)
                WHERE p.id = n.id AND (p.search_vector IS NULL OR p.search_text <> n.words
                    OR p.search_vector <> n.vector::tsvector)""",
                [ids, texts, vectors],
            )
        done += len(ids)
    _refresh_vocabulary(product_ids)
    return done


def _further_categories(product_ids: Sequence[int] | None) -> dict[int, str]:
    """The names of the further categories of these products, run together."""
    places = ProductPlace.objects.order_by("product_id", "category_id")
    if product_ids is not None:
        places = places.filter(product_id__in=product_ids)
    found: dict[int, str] = {}
    for pk, name, name_hi in places.values_list("product_id", "category__name", "category__name_hi"):
        found[pk] = f"{found.get(pk, '')} {name} {name_hi}".strip()
    return found


def refresh_search_if_outdated() -> bool:
    """After an upgrade that changed what is stored for search: write all of it anew. Tells by one product."""
    first = Product.objects.order_by("pk").values_list("pk", "search_vector").first()
    if first is None:
        return False
    with transaction.atomic():
        refresh_search([first[0]])
        if Product.objects.values_list("search_vector", flat=True).get(pk=first[0]) == first[1]:
            return False
        refresh_search()
    return True


def _refresh_vocabulary(product_ids: Sequence[int] | None) -> None:
    """Words of all products anew, or the words of a few products added. Corrections only need the words to be there."""
    which = "" if product_ids is None else " AND p.id = ANY(%s)"
    parameters = [] if product_ids is None else [list(product_ids)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT v.lexeme, count(*) FROM catalog_product p, unnest(p.search_vector) AS v
            WHERE p.is_active{which} AND length(v.lexeme) BETWEEN 3 AND 80
                AND v.lexeme !~ '^[0-9._!=~%%#]' GROUP BY v.lexeme ORDER BY v.lexeme""",
            parameters,
        )
        uses: dict[str, int] = dict(cursor.fetchall())
        if product_ids is None:
            for term in known().terms:
                for word in term.split():
                    uses.setdefault(word, 0)
            cursor.execute("DELETE FROM catalog_searchword WHERE NOT word = ANY(%s)", [list(uses)])
        write_words(uses, add=product_ids is not None)


def write_words(uses: dict[str, int], *, add: bool) -> None:
    """Words with the number of products that use them, into the vocabulary."""
    if not uses:
        return
    # When words are only added the known count stays: it orders corrections, and the full refresh sets it right.
    count = "catalog_searchword.products" if add else "EXCLUDED.products"
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO catalog_searchword (word, sound, products)
            SELECT * FROM unnest(%s::text[], %s::text[], %s::int[]) ORDER BY 1
            ON CONFLICT (word) DO UPDATE SET sound = EXCLUDED.sound, products = {count}
            WHERE (catalog_searchword.sound, catalog_searchword.products) <> (EXCLUDED.sound, {count})""",
            [list(uses), [sound(word) for word in uses], list(uses.values())],
        )


@transaction.atomic
def load_synonyms(rows: Iterable[tuple[str, str]] | None = None) -> int:
    """Add (term, means) pairs, by default those of `seed_synonyms.csv`; known pairs stay as an administrator left them.

    Terms become part of the vocabulary, so that a misspelt "tamattar" finds "tamatar". Returns how many are new.
    """
    pairs = list(dict.fromkeys((fold(a)[:80], fold(b)[:80]) for a, b in (seed_pairs() if rows is None else rows)))
    before = Synonym.objects.count()
    Synonym.objects.bulk_create(
        [Synonym(term=term, means=means) for term, means in pairs if term and means and term != means],
        ignore_conflicts=True,
    )
    write_words({word: 0 for term, _ in pairs for word in term.split() if len(word) > 2}, add=True)
    known.forget()
    return Synonym.objects.count() - before


def seed_pairs() -> Iterator[tuple[str, str]]:
    """The pairs of the seed file: each line is a meaning and then the words people use for it."""
    with SEED.open(encoding="utf-8", newline="") as lines:
        for means, terms in csv.reader(line for line in lines if line.strip() and not line.startswith("#")):
            for term in terms.split("|"):
                yield term, means


@transaction.atomic
def approve_synonyms(*, synonym_ids: Sequence[int], approved: bool) -> int:
    """Use these pairs in searches, or not. Returns how many changed."""
    changed = Synonym.objects.filter(pk__in=synonym_ids, is_approved=not approved).update(is_approved=approved)
    synonyms_changed()
    return changed


def synonyms_changed() -> None:
    """Read them again in this process; others follow within seconds."""
    known.forget()


# -- the search log: written to a Redis list on the way, moved to the table by a task --------------------------------

LOG_KEY = "searches"
LOG_LONGEST = 20_000
MOST_DIGITS = 6
"""More digits than this may be a telephone number typed into the wrong field."""


def log_search(*, store_id: int, q: str, results: int, now: datetime) -> None:
    """Note a search for the failed-search list. One Redis write, best effort, never raises, no person kept."""
    try:
        size = client().rpush(key(LOG_KEY), json.dumps([store_id, q[:120], results, now.isoformat()]))
        if int(size) > LOG_LONGEST:  # type: ignore[arg-type]  # nobody collects them: keep the newest
            client().ltrim(key(LOG_KEY), -LOG_LONGEST, -1)
    except Exception as error:
        log.info("search not logged", error=repr(error))


def write_search_log(*, most: int = 5_000) -> int:
    """Move noted searches into the table. What a crash interrupts is lost: it is a statistic, not a ledger."""
    found: list[Any] = client().lpop(key(LOG_KEY), most) or []  # type: ignore[assignment]
    stores = set(Store.objects.values_list("pk", flat=True)) if found else set()
    rows = [json.loads(text) for text in found]
    logs = [
        SearchLog(store_id=store_id, query=q.replace("\x00", ""), results=results, at=datetime.fromisoformat(at))
        for store_id, q, results, at in rows
        if store_id in stores
    ]
    SearchLog.objects.bulk_create(logs, batch_size=1_000)
    count_searches(logs)
    return len(logs)


def count_searches(logs: Sequence[SearchLog]) -> None:
    """Add searches to the counts by store and words; the latest result stands. What may be a number of a person or a
    card is not kept."""
    counted: dict[tuple[int, str], list[Any]] = {}
    for entry in sorted(logs, key=lambda entry: entry.at):
        text = fold(entry.query)[:80].strip()
        if len(text) < 2 or sum(char.isdigit() for char in text) > MOST_DIGITS:
            continue
        count = counted.setdefault((entry.store_id, text), [0, 0, 0, entry.at])
        count[0] += 1
        count[1] += entry.results == 0
        count[2:] = entry.results, entry.at
    if not counted:
        return
    keys = sorted(counted)  # one order for everybody: no deadlock
    columns = zip(*(counted[key] for key in keys), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO catalog_searchterm AS t (store_id, text, times, failed, results, last_at, is_dismissed)
            SELECT n.*, false FROM unnest(%s::bigint[], %s::text[], %s::int[], %s::int[], %s::int[],
                %s::timestamptz[]) AS n
            ON CONFLICT (store_id, text) DO UPDATE SET times = t.times + EXCLUDED.times,
                failed = t.failed + EXCLUDED.failed, results = EXCLUDED.results, last_at = EXCLUDED.last_at""",
            [[store for store, _ in keys], [text for _, text in keys], *map(list, columns)],
        )


@transaction.atomic
def mend_search(*, term: str, means: str) -> None:
    """From now on `term` also finds what `means` finds, approved. Raises Invalid when either is empty or both are the
    same; a pair that was withdrawn is used again."""
    term, means = fold(term)[:80].strip(), fold(means)[:80].strip()
    if not term or not means or term == means:
        raise Invalid("Say what it means in other words than it is asked in.")
    Synonym.objects.update_or_create(term=term, means=means, defaults={"is_approved": True})
    write_words({word: 0 for word in term.split() if len(word) > 2}, add=True)
    SearchTerm.objects.filter(text=term).update(results=1)  # off the list; the next search says what it really finds
    synonyms_changed()


@transaction.atomic
def dismiss_search(*, text: str) -> int:
    """Nothing need be done about this failed search. Returns in how many stores it was listed."""
    return SearchTerm.objects.filter(text=text, is_dismissed=False).update(is_dismissed=True)


def _chunks(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    walk = iter(rows)
    while chunk := list(islice(walk, size)):
        yield chunk
