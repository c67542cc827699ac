"""Reading a file into the catalogue and onto one store's shelf: streamed, staged, merged set by set, all or nothing.

Lines go straight from the file through COPY into a temporary table; only SKU and line number of each stay in memory.
Then a few statements merge the table into categories, brands, products and the shelf. The caller owns the transaction,
so that stock can be part of it; nothing is visible before it commits.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

from django.db import connection, transaction

from catalog import services
from catalog.importing.brands import BrandBook
from catalog.importing.formats import FORMATS, Format
from catalog.importing.rows import BadLine, ImportRow, Note, NotThisFormat, brand_slug, category_slug
from catalog.models import Brand, Category

if TYPE_CHECKING:
    from _csv import Reader

csv.field_size_limit(1_000_000)

Lines = Callable[[Iterable[str]], Iterable[str]]


@dataclass
class Imported:
    """What became of a file. `lines` counts records; each is accepted, merged into an earlier line, or refused.

    `packs` counts accepted lines by the rule that read their pack; `brands_read` those whose brand was told from the
    name; `also_in` the further categories of merged lines, by SKU, and `places_new` how many of them are new.
    """

    lines: int = 0
    accepted: int = 0
    products_new: int = 0
    products_changed: int = 0
    shelf_written: int = 0
    packs: Counter[str] = field(default_factory=Counter)
    brands_read: int = 0
    places_new: int = 0
    also_in: dict[str, set[tuple[str, ...]]] = field(default_factory=dict)
    merged: list[Note] = field(default_factory=list)
    refused: list[Note] = field(default_factory=list)
    stock: dict[int, int | None] = field(default_factory=dict)  # product id → units the file speaks of

    @property
    def changed_nothing(self) -> bool:
        return not (self.products_new or self.products_changed or self.shelf_written or self.places_new)


@transaction.atomic
def import_file(
    path: Path,
    *,
    format: str,
    store_id: int,
    actor: str,
    now: datetime,
    limit: int | None = None,
    encoding: str | None = None,
    watch: Lines = iter,
) -> Imported:
    """Read the file into the catalogue and list its products on the store's shelf, in one transaction.

    Running it again with the same file changes nothing. A bad line is refused with its number and reason and does not
    stop the rest. `watch` is given the lines as they are read (a progress bar). Raises NotThisFormat: wrong header.
    """
    wanted = FORMATS[format]
    done = Imported()
    with path.open(encoding=encoding or wanted.encoding, errors="replace", newline="") as file:
        book = _brand_book(file, wanted) if wanted.brands_in_names else None
        categories = _stage(_read(file, wanted, watch, limit, done, book), done)
    _refuse_taken_barcodes(done)
    for paths in done.also_in.values():
        categories |= {category_slug(path): path for path in paths}
    ids = _categories(categories)
    _brands()
    changed = _products(wanted, ids, done, now)
    changed = sorted({*changed, *_further_places(ids, done)})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.id, i.price_paise, i.stock FROM pg_temp.import_row i JOIN catalog_product p ON p.sku = i.sku"
            " WHERE p.is_active ORDER BY p.id"
        )
        rows: list[tuple[int, int, int | None]] = cursor.fetchall()
    reason = f"import {format}"
    services.refresh_families(changed)
    services.refresh_shelf(product_ids=changed, actor=actor, now=now)  # an MRP may have moved on other stores' shelves
    done.shelf_written = services.put_on_shelf(
        store_id=store_id, rows=((id, price) for id, price, _ in rows), actor=actor, reason=reason, now=now
    )
    if changed:
        services.refresh_search(changed if len(changed) < 500 else None)
    done.stock = {id: stock for id, _, stock in rows}
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE pg_temp.import_row")
    return done


class _First(NamedTuple):
    """What is remembered of the line that had a product first."""

    line: int
    mrp_paise: int
    price_paise: int
    category: tuple[str, ...]


def _read(
    file: IO[str], wanted: Format, watch: Lines, limit: int | None, done: Imported, book: BrandBook | None
) -> Iterator[tuple[int, ImportRow]]:
    """Good rows with the line each starts on; every other record leaves a note."""
    reader = csv.reader(watch(file))
    places = _places(next(reader, []), wanted)
    needed = max(places[name] for name in wanted.columns)
    seen: dict[str, _First] = {}
    barcodes: dict[str, int] = {}
    for line, values in _records(reader, limit, done):
        try:
            if len(values) <= needed:
                raise BadLine(f"Only {len(values)} columns")
            record = {name: values[place] if place < len(values) else "" for name, place in places.items()}
            row = wanted.read(record)
        except BadLine as bad:
            done.refused.append(Note(line, str(bad), _short(values)))
            continue
        if row.sku in seen:
            _merge(line, row, seen[row.sku], done)
            continue
        if row.barcode and barcodes.setdefault(row.barcode, line) != line:
            done.refused.append(Note(line, f"The barcode is already on line {barcodes[row.barcode]}", row.name))
            continue
        seen[row.sku] = _First(line, row.mrp_paise, row.price_paise, row.category)
        done.packs[row.pack_kind] += 1
        if book is not None and not row.brand and (brand := book.brand_of(row.name)):
            row = replace(row, brand=brand)
            done.brands_read += 1
        yield line, row


def _places(header: list[str], wanted: Format) -> dict[str, int]:
    """Where each column stands; of a doubled heading the first counts. Raises NotThisFormat."""
    names = [name.strip() for name in header]
    missing = [name for name in wanted.columns if name not in names]
    if missing:
        raise NotThisFormat(f"This is not a {wanted.name} file: it has no column {', '.join(missing)}.")
    return {name: place for place, name in reversed(list(enumerate(names)))}


def _records(reader: Reader, limit: int | None, done: Imported) -> Iterator[tuple[int, list[str]]]:
    """Records that hold something, `limit` at most, with the line each starts on. What is no CSV leaves a note."""
    while limit is None or done.lines < limit:
        line = reader.line_num + 1
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            done.lines += 1
            done.refused.append(Note(line, f"Not readable as CSV: {error}"))
            continue
        if any(value.strip() for value in values):
            done.lines += 1
            yield line, values


def _merge(line: int, row: ImportRow, first: _First, done: Imported) -> None:
    """A product the file has already had: only another category is taken from it."""
    if row.category != first.category:
        done.also_in.setdefault(row.sku, set()).add(row.category)
    reason = f"Same product as line {first.line}"
    if (first.mrp_paise, first.price_paise) != (row.mrp_paise, row.price_paise):
        reason += f", whose price {first.price_paise / 100:g} (MRP {first.mrp_paise / 100:g}) stays"
    done.merged.append(Note(line, reason, row.name))


def _short(values: list[str]) -> str:
    return " | ".join(value.strip() for value in values if value.strip())[:80]


_TYPES = {"mrp_paise": "bigint", "price_paise": "bigint", "pack_size": "numeric(10,3)", "weight_g": "int",
          "gst_bp": "int", "shelf_life_days": "int", "max_per_order": "smallint", "popularity": "int",
          "stock": "int"}  # fmt: skip
_STAGED = [f.name for f in fields(ImportRow) if f.name not in {"category", "pack_kind"}]


def _stage(rows: Iterator[tuple[int, ImportRow]], done: Imported) -> dict[str, tuple[str, ...]]:
    """The rows into a temporary table of this transaction. Returns the categories they name, by slug."""
    categories: dict[str, tuple[str, ...]] = {}
    brands: dict[str, str] = {}
    with connection.cursor() as cursor:
        columns = ", ".join(f"{name} {_TYPES.get(name, 'text')}" for name in _STAGED)
        cursor.execute("DROP TABLE IF EXISTS pg_temp.import_row")
        cursor.execute(
            f"CREATE TEMP TABLE import_row ({columns}, line int, category text, brand_slug text) ON COMMIT DROP"
        )
        names = ", ".join([*_STAGED, "line", "category", "brand_slug"])
        with cursor.copy(f"COPY pg_temp.import_row ({names}) FROM STDIN") as copy:
            for line, row in rows:
                slug = category_slug(row.category)
                categories.setdefault(slug, row.category)
                if row.brand and row.brand not in brands:
                    brands[row.brand] = brand_slug(row.brand)
                values = [getattr(row, name) for name in _STAGED]
                copy.write_row([*values, line, slug, brands.get(row.brand, "")])
                done.accepted += 1
        cursor.execute("CREATE UNIQUE INDEX ON pg_temp.import_row (sku)")
        cursor.execute("ANALYZE pg_temp.import_row")
    return categories


def _refuse_taken_barcodes(done: Imported) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """DELETE FROM pg_temp.import_row i USING catalog_product p
            WHERE i.barcode <> '' AND p.barcode = i.barcode AND p.sku <> i.sku RETURNING i.line, i.name, p.sku"""
        )
        taken = cursor.fetchall()
    done.accepted -= len(taken)
    done.refused += [Note(line, f"The barcode belongs to {sku} already", name) for line, name, sku in taken]
    done.refused.sort(key=lambda note: note.line)


def _brand_book(file: IO[str], wanted: Format) -> BrandBook:
    """Brands known from other files and what this file's names betray: one reading more, of one column."""
    reader = csv.DictReader(file)
    names: list[str] = []
    things = set(Category.objects.values_list("name", flat=True))
    for record in reader:
        names.append(" ".join((record.get(wanted.brands_in_names) or "").split()))
        things.add(record.get("Category") or "")
    file.seek(0)
    return BrandBook(names=names, brands=Brand.objects.values_list("name", flat=True), things=things)


def _categories(wanted: dict[str, tuple[str, ...]]) -> dict[str, int]:
    """Ids by slug; categories that are not there yet are made, parents first."""
    paths = {category_slug(path[:depth]): path[:depth] for path in wanted.values() for depth in range(1, len(path) + 1)}
    known = dict(Category.objects.filter(slug__in=paths).values_list("slug", "pk"))
    for slug, path in sorted(paths.items(), key=lambda item: (len(item[1]), item[0])):
        if slug not in known:
            parent = known[category_slug(path[:-1])] if len(path) > 1 else None
            made, _ = Category.objects.get_or_create(
                slug=slug,
                defaults={"name": path[-1][:80], "parent_id": parent, "rank": 1_000, "hue": sum(slug.encode()) % 360},
            )
            known[slug] = made.pk
    return known


def _brands() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO {Brand._meta.db_table} (slug, name)
            SELECT DISTINCT ON (brand_slug) brand_slug, brand FROM pg_temp.import_row WHERE brand_slug <> ''
            ORDER BY brand_slug, line ON CONFLICT (slug) DO NOTHING"""
        )


_FACTS = ["name", "pack", "pack_size", "pack_unit", "mrp_paise", "keywords", "popularity"]
_ALL_FACTS = [*_FACTS, "name_hi", "weight_g", "hsn", "gst_bp", "veg", "zone", "shelf_life_days", "max_per_order"]


def _products(wanted: Format, categories: dict[str, int], done: Imported, now: datetime) -> list[int]:
    """Products made or changed. A file that assumes things never overwrites what people may have put right by hand."""
    facts = [(name, f"i.{name}") for name in _ALL_FACTS]
    given = [*facts, ("category_id", "c.id"), ("brand_id", "b.id"), ("barcode", "NULLIF(i.barcode, '')")]
    updated = [name for name, _ in given] if wanted.full else [*_FACTS, "brand_id"]
    # A brand read out of a name never replaces one that is known.
    newer = {name: f"EXCLUDED.{name}" for name in updated}
    if wanted.brands_in_names:
        newer["brand_id"] = "COALESCE(p.brand_id, EXCLUDED.brand_id)"
    columns = ", ".join(name for name, _ in given)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO catalog_product AS p
                (sku, {columns}, source, updated_at, description, image, is_active, search_text)
            SELECT i.sku, {", ".join(value for _, value in given)}, %s, %s, '', '', true, ''
            FROM pg_temp.import_row i JOIN unnest(%s::text[], %s::bigint[]) AS c(slug, id) ON c.slug = i.category
            LEFT JOIN catalog_brand b ON b.slug = i.brand_slug AND i.brand_slug <> ''
            ORDER BY i.line
            ON CONFLICT (sku) DO UPDATE SET updated_at = EXCLUDED.updated_at,
                {", ".join(f"{name} = {value}" for name, value in newer.items())}
            WHERE ({", ".join(f"p.{name}" for name in newer)}) IS DISTINCT FROM ({", ".join(newer.values())})
            RETURNING p.id, (p.xmax = 0)""",
            [wanted.name, now, list(categories), list(categories.values())],
        )
        written = cursor.fetchall()
    done.products_new = sum(is_new for _, is_new in written)
    done.products_changed = len(written) - done.products_new
    return [id for id, _ in written]


def _further_places(categories: dict[str, int], done: Imported) -> list[int]:
    """Under which other categories the file had a product. Returns the products that got a new one."""
    pairs = [(sku, category_slug(path)) for sku, paths in sorted(done.also_in.items()) for path in sorted(paths)]
    if not pairs:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO catalog_productplace (product_id, category_id)
            SELECT p.id, c.id FROM unnest(%s::text[], %s::text[]) AS g(sku, slug)
            JOIN catalog_product p ON p.sku = g.sku JOIN catalog_category c ON c.slug = g.slug
            WHERE p.category_id <> c.id ORDER BY p.id, c.id
            ON CONFLICT (product_id, category_id) DO NOTHING RETURNING product_id""",
            [[sku for sku, _ in pairs], [slug for _, slug in pairs]],
        )
        written = [id for (id,) in cursor.fetchall()]
    done.places_new = len(written)
    return written
