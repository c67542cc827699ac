"""Filters, their counts and other orders of a shelf. The plain shelf, best first, is `queries.shelf_page`.

A filter is asked of single packs; what is shown and counted are families: one that has a pack meeting all filters, with
the best of these packs in front. Each facet is counted as if its own filter were not set, so that every number says
what choosing it would show. Each dietary claim is a facet of its own: those chosen must all hold.

What filters ask of a shelf is kept in each process for a few seconds as bit sets (`Digest`), one bit per pack, in the
order of brand and family, so that a brand is a range of bits and a family stands together. Choosing and counting are
then a few ANDs; what is shown is always read anew and checked again, so that no price on a page is ever an old one.
"""

from __future__ import annotations

import base64
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeVar

from django.db import connection

from catalog import queries
from catalog.errors import BadCursor
from catalog.kept import BrieflyKept
from catalog.queries import ShelfRow
from catalog.traits import MARKS, MEASURES, TAGS

SORTS = ("rank", "price", "price-down", "discount", "unit-price")
DISCOUNTS = (10, 20, 30, 40, 50)
"""Per cent that are counted; any other may be asked for."""
MOST_BRANDS = 30
_NO_UNIT = 2**62
Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Filters:
    """Empty means no wish. Brands are slugs, one of them must fit, as must one of the marks; all tags must hold. Prices
    in paise and inclusive; `unit_to_paise` per kg, litre or piece, of goods measured in `unit` when that is given."""

    brands: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    price_from: int | None = None
    price_to: int | None = None
    discount: int | None = None
    unit_to_paise: int | None = None
    unit: str = ""

    @property
    def is_set(self) -> bool:
        return self != _NONE


_NONE = Filters()


def without_each(wanted: Filters) -> list[tuple[str, str, Filters]]:
    """(filter, value, the filters without it) for each one that is set and could be dropped."""
    left = [("brand", it, replace(wanted, brands=_but(wanted.brands, it))) for it in wanted.brands]
    left += [("mark", it, replace(wanted, marks=_but(wanted.marks, it))) for it in wanted.marks]
    left += [("tag", it, replace(wanted, tags=_but(wanted.tags, it))) for it in wanted.tags]
    if wanted.price_from is not None or wanted.price_to is not None:
        left.append(("price", "", replace(wanted, price_from=None, price_to=None)))
    if wanted.discount is not None:
        left.append(("discount", str(wanted.discount), replace(wanted, discount=None)))
    if wanted.unit or wanted.unit_to_paise is not None:
        left.append(("unit", wanted.unit, replace(wanted, unit="", unit_to_paise=None)))
    return left


def _but(values: tuple[str, ...], left_out: str) -> tuple[str, ...]:
    return tuple(value for value in values if value != left_out)


@dataclass(frozen=True, slots=True)
class SortCursor:
    """The last row of a page in one of the orders. It is of no use in another order: that one is refused."""

    sort: str
    key: int
    id: int

    def encode(self) -> str:
        return base64.urlsafe_b64encode(f"{self.sort}.{self.key}.{self.id}".encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str, *, sort: str) -> SortCursor:
        """Raises BadCursor for anything `encode` did not make for this order."""
        try:
            made_for, key, id = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii").split(".")
            cursor = cls(made_for, int(key), int(id))
        except ValueError:
            raise BadCursor() from None
        if made_for != sort or not (abs(cursor.key) < 2**63 and 0 <= cursor.id < 2**63):
            raise BadCursor()
        return cursor


# -- counts -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that can be chosen, and how many families it would show beside the other filters."""

    key: str
    count: int
    chosen: bool
    name: str = ""


@dataclass(frozen=True, slots=True)
class UnitRange:
    """Unit prices within one measure: paise per kg, litre or piece."""

    unit: str
    count: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Facets:
    """`total` families meet all filters. Prices are those of packs that meet all filters but the price's own. Where
    nothing is left, `easing` says how many there would be without one of them: (filter, value, families)."""

    total: int
    brands: tuple[Choice, ...]
    marks: tuple[Choice, ...]
    tags: tuple[Choice, ...]
    discounts: tuple[Choice, ...]
    price_low: int | None
    price_high: int | None
    units: tuple[UnitRange, ...]
    easing: tuple[tuple[str, str, int], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        def choices(of: Sequence[Choice]) -> list[dict[str, Any]]:
            return [{"key": it.key, "name": it.name, "count": it.count, "chosen": it.chosen} for it in of]

        return {
            "total": self.total,
            "brands": choices(self.brands),
            "marks": choices(self.marks),
            "tags": choices(self.tags),
            "discounts": choices(self.discounts),
            "price": {"low_paise": self.price_low, "high_paise": self.price_high},
            "units": [
                {"unit": it.unit, "count": it.count, "low_paise": it.low, "high_paise": it.high} for it in self.units
            ],
            "easing": [{"filter": name, "value": value, "count": n} for name, value, n in self.easing],
        }


class Entry(NamedTuple):
    """What filters ask of one pack. `brand` is its slug, "" when it has none; `rank`: higher is shown first."""

    id: int
    family: int
    brand: str
    brand_name: str
    price_paise: int
    unit_paise: int | None
    traits: int
    discount_bp: int
    rank: int

    @classmethod
    def of(cls, row: ShelfRow, *, rank: int) -> Entry:
        return cls(
            row.shelf_item_id, row.family, row.brand_slug, row.brand, row.price_paise, row.unit_paise, row.traits,
            row.discount_bp, rank,
        )  # fmt: skip


# Smaller comes first in every order; equal ones by id.
_KEYS: dict[str, Callable[[Entry], int]] = {
    "rank": lambda it: -it.rank,
    "price": lambda it: it.price_paise,
    "price-down": lambda it: -it.price_paise,
    "discount": lambda it: -it.discount_bp,
    "unit-price": lambda it: _NO_UNIT if it.unit_paise is None else it.unit_paise,
}


class Digest:
    """Packs of one shelf as bit sets. Bit n stands for `entries[n]`."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = sorted(entries, key=lambda it: (it.brand, it.family, it.id))
        self.all = (1 << len(self.entries)) - 1
        self._brands: list[tuple[str, str, int, int]] = []  # slug, name, first bit, number of bits
        self._family: list[tuple[int, int]] = []  # of each bit: first bit of its family, number of bits
        starts: list[int] = []
        brand: str | None = None
        for at, it in enumerate(self.entries):
            if it.brand != brand:
                self._brands.append((it.brand, it.brand_name, at, 0))
                brand = it.brand
            if not starts or self.entries[starts[-1]].family != it.family or self.entries[starts[-1]].brand != brand:
                starts.append(at)
        ends = [*starts[1:], len(self.entries)] if starts else []
        for start, end in zip(starts, ends, strict=True):
            self._family += [(start, end - start)] * (end - start)
        firsts = [at for _, _, at, _ in self._brands]
        self._brands = [
            (slug, name, at, end - at)
            for (slug, name, at, _), end in zip(self._brands, [*firsts[1:], len(self.entries)], strict=False)
        ]
        # The first bits of families of more than k packs, for each k: what `families` shifts onto them.
        sizes = [(start, end - start) for start, end in zip(starts, ends, strict=True)]
        self._firsts = [
            _bits(len(self.entries), (start for start, size in sizes if size > k))
            for k in range(max((size for _, size in sizes), default=0))
        ]
        self._with: dict[int, int] = {}
        self._off: dict[int, int] = {}
        self._orders: dict[str, tuple[list[tuple[int, int]], list[int]]] = {}
        self._measured: dict[str, tuple[list[int], list[int]]] = {}
        self._met: tuple[Filters, dict[str, int]] = (_NONE, {})

    def families(self, packs: int) -> int:
        """The first bit of each family that has one of these packs."""
        found = 0
        for k, firsts in enumerate(self._firsts):
            found |= (packs >> k) & firsts
        return found

    def where(self, holds: Callable[[Entry], bool]) -> int:
        return _bits(len(self.entries), (at for at, it in enumerate(self.entries) if holds(it)))

    def having(self, trait: int) -> int:
        """Packs with this bit among their traits."""
        if trait not in self._with:
            self._with[trait] = self.where(lambda it: bool(it.traits & trait))
        return self._with[trait]

    def off(self, percent: int) -> int:
        """Packs at least so far below their MRP."""
        if percent not in self._off:
            self._off[percent] = self.where(lambda it: it.discount_bp >= percent * 100)
        return self._off[percent]

    def order(self, sort: str) -> tuple[list[tuple[int, int]], list[int]]:
        """(key, id) of all packs in this order, and their bits."""
        if sort not in self._orders:
            key = _KEYS[sort]
            ranked = sorted((key(it), it.id, at) for at, it in enumerate(self.entries))
            self._orders[sort] = ([(k, id) for k, id, _ in ranked], [at for _, _, at in ranked])
        return self._orders[sort]

    def measured(self, unit: str) -> tuple[list[int], list[int]]:
        """Unit prices of what is measured so, going up, and their bits."""
        if unit not in self._measured:
            trait = MEASURES[unit]
            ranked = sorted(
                (it.unit_paise, at)
                for at, it in enumerate(self.entries)
                if it.traits & trait and it.unit_paise is not None
            )
            self._measured[unit] = ([paise for paise, _ in ranked], [at for _, at in ranked])
        return self._measured[unit]

    # -- choosing ------------------------------------------------------------------------------------------------------

    def meeting(self, wanted: Filters) -> dict[str, int]:
        """For each filter that is set, the packs that meet it. Each tag is a filter of its own."""
        if self._met[0] == wanted:  # a page and its counts ask for the same
            return self._met[1]
        met: dict[str, int] = {}
        if wanted.brands:
            met["brand"] = 0
            for slug, _, at, size in self._brands:
                if slug in wanted.brands:
                    met["brand"] |= ((1 << size) - 1) << at
        if wanted.marks:
            met["mark"] = 0
            for mark in wanted.marks:
                met["mark"] |= self.having(MARKS[mark])
        for tag in wanted.tags:
            met[f"tag {tag}"] = self.having(TAGS[tag])
        if wanted.price_from is not None or wanted.price_to is not None:
            low, high = wanted.price_from or 0, _NO_UNIT if wanted.price_to is None else wanted.price_to
            keys, bits = self.order("price")
            within = bits[bisect_left(keys, (low, 0)) : bisect_left(keys, (high + 1, 0))]
            met["price"] = _bits(len(self.entries), within)
        if wanted.discount is not None:
            met["discount"] = self.off(wanted.discount)
        if wanted.unit or wanted.unit_to_paise is not None:
            met["unit"] = self.having(MEASURES[wanted.unit]) if wanted.unit else self.all
            if wanted.unit_to_paise is not None:
                keys, bits = self.order("unit-price")
                cheap = bits[: bisect_left(keys, (min(wanted.unit_to_paise + 1, _NO_UNIT), 0))]
                met["unit"] &= _bits(len(self.entries), cheap)
        self._met = (wanted, met)
        return met

    def without(self, met: dict[str, int], own: str = "") -> int:
        """Packs that meet all filters but their own."""
        left = self.all
        for name, packs in met.items():
            if name != own:
                left &= packs
        return left

    def page(
        self, wanted: Filters, *, sort: str, after: SortCursor | None, limit: int
    ) -> tuple[list[int], SortCursor | None]:
        """Ids of the packs in front, one per family, and where the next page begins (None: there is none)."""
        chosen = self.without(self.meeting(wanted))
        there = chosen.to_bytes(len(self.entries) // 8 + 1, "little")
        keys, bits = self.order(sort)
        key = _KEYS[sort]
        if chosen.bit_count() * 8 < len(keys):  # a few among many: sorting them is quicker than passing the others
            few = sorted(((key(self.entries[at]), self.entries[at].id), at) for at in _places(chosen))
            keys, bits = [it for it, _ in few], [at for _, at in few]
        ids: list[int] = []
        last: SortCursor | None = None
        for place in range(bisect_right(keys, (after.key, after.id)) if after else 0, len(keys)):
            at = bits[place]
            if not there[at >> 3] >> (at & 7) & 1:
                continue
            first, size = self._family[at]
            if size > 1 and any(
                there[other >> 3] >> (other & 7) & 1
                and (key(self.entries[other]), self.entries[other].id) < keys[place]
                for other in range(first, first + size)
            ):
                continue  # a pack of its family stands further in front
            if len(ids) == limit:
                return ids, last
            ids.append(keys[place][1])
            last = SortCursor(sort, *keys[place])
        return ids, None

    # -- counting ------------------------------------------------------------------------------------------------------

    def facets(self, wanted: Filters) -> Facets:
        met = self.meeting(wanted)

        def count(packs: int) -> int:
            return self.families(packs).bit_count()

        firsts = f"{self.families(self.without(met, 'brand')):0{len(self.entries)}b}"[::-1]  # one character per pack
        brands = [
            Choice(slug, firsts.count("1", at, at + size), slug in wanted.brands, name)
            for slug, name, at, size in self._brands
            if slug
        ]
        brands.sort(key=lambda it: (not it.chosen, -it.count, it.name))
        beside_mark, beside_discount = self.without(met, "mark"), self.without(met, "discount")
        marks = [
            Choice(mark, count(beside_mark & self.having(bit)), mark in wanted.marks) for mark, bit in MARKS.items()
        ]
        tags = [
            Choice(tag, count(self.without(met, f"tag {tag}") & self.having(bit)), tag in wanted.tags)
            for tag, bit in TAGS.items()
        ]
        discounts = [
            Choice(str(percent), count(beside_discount & self.off(percent)), percent == wanted.discount)
            for percent in DISCOUNTS
        ]
        beside_unit = self.without(met, "unit")
        units = []
        for unit, bit in MEASURES.items():
            measured = beside_unit & self.having(bit)
            cheapest, dearest = _ends(measured, *self.measured(unit))
            if cheapest is not None and dearest is not None:
                units.append(UnitRange(unit, count(measured), cheapest, dearest))
        keys, bits = self.order("price")
        low, high = _ends(self.without(met, "price"), keys, bits)
        total = count(self.without(met))
        easing: list[tuple[str, str, int]] = []
        if not total and wanted.is_set:
            tried = [(name, value, self.total(left)) for name, value, left in without_each(wanted)]
            easing = sorted((it for it in tried if it[2]), key=lambda it: -it[2])
        return Facets(
            total=total,
            brands=tuple(it for it in brands if it.count or it.chosen)[:MOST_BRANDS],
            marks=tuple(it for it in marks if it.count or it.chosen),
            tags=tuple(it for it in tags if it.count or it.chosen),
            discounts=tuple(it for it in discounts if it.count or it.chosen),
            price_low=low[0] if low else None,
            price_high=high[0] if high else None,
            units=tuple(units),
            easing=tuple(easing),
        )

    def total(self, wanted: Filters) -> int:
        """How many families meet the filters."""
        return self.families(self.without(self.meeting(wanted))).bit_count()


def _ends(packs: int, keys: Sequence[Key], bits: Sequence[int]) -> tuple[Key | None, Key | None]:
    """The smallest and the largest of the keys, which go up, whose bits are set."""
    there = packs.to_bytes(packs.bit_length() // 8 + 1, "little")
    last = len(there) * 8

    def first(places: Iterable[int]) -> Key | None:
        for place in places:
            at = bits[place]
            if at < last and there[at >> 3] >> (at & 7) & 1:
                return keys[place]
        return None

    return first(range(len(keys))), first(range(len(keys) - 1, -1, -1))


def _places(packs: int) -> list[int]:
    """The bits that are set."""
    text = f"{packs:b}"[::-1]
    found, at = [], text.find("1")
    while at >= 0:
        found.append(at)
        at = text.find("1", at + 1)
    return found


def _bits(length: int, places: Iterable[int]) -> int:
    flags = bytearray(length // 8 + 1)
    for at in places:
        flags[at >> 3] |= 1 << (at & 7)
    return int.from_bytes(flags, "little")


def _read(store_id: int, category_ids: tuple[int, ...] | None) -> Digest:
    where = ""
    given: list[Any] = [store_id]
    if category_ids is not None:
        where, given = " AND s.category_id = ANY(%s)", [store_id, list(category_ids)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT s.id, COALESCE(s.family_no, -s.id), s.brand_id, s.price_paise, s.unit_paise, s.traits,
                s.discount_bp, s.rank FROM catalog_shelfitem s WHERE s.store_id = %s AND s.is_listed{where}""",
            given,
        )
        rows = cursor.fetchall()
        cursor.execute(
            "SELECT id, slug, name FROM catalog_brand WHERE id = ANY(%s)", [list({row[2] for row in rows} - {None})]
        )
        brands = {id: (slug, name) for id, slug, name in cursor.fetchall()}
    return Digest(
        Entry(id, family, *brands.get(brand_id, ("", "")), *figures) for id, family, brand_id, *figures in rows
    )


_digests: BrieflyKept[Digest] = BrieflyKept(_read, most=32)


def digest_of(*, store_id: int, category_ids: Sequence[int] | None) -> Digest:
    """What filters ask of this part of the shelf, some seconds old at most; two statements when it must be read."""
    return _digests(store_id, None if category_ids is None else tuple(sorted(category_ids)))


def still_meeting(rows: Sequence[ShelfRow], wanted: Filters) -> list[ShelfRow]:
    """Those rows that meet the filters as they were just read."""
    if not wanted.is_set:
        return list(rows)
    digest = Digest(Entry.of(row, rank=0) for row in rows)
    packs = digest.without(digest.meeting(wanted))
    meeting = {it.id for at, it in enumerate(digest.entries) if packs >> at & 1}
    return [row for row in rows if row.shelf_item_id in meeting]


@dataclass(frozen=True, slots=True)
class FilteredPage:
    rows: list[ShelfRow]
    next: SortCursor | None
    digest: Digest


def filtered_page(
    *,
    store_id: int,
    category_ids: Sequence[int] | None,
    wanted: Filters,
    sort: str = "rank",
    after: SortCursor | None = None,
    limit: int = 40,
) -> FilteredPage:
    """Families with a pack that meets the filters, in the order asked for. The pack in front is the first of them in
    that order and carries the other packs of its family. One statement while the digest is kept."""
    digest = digest_of(store_id=store_id, category_ids=category_ids)
    ids, following = digest.page(wanted, sort=sort, after=after, limit=limit)
    rows = queries.shelf_rows_by_item(store_id=store_id, shelf_item_ids=ids)
    return FilteredPage(still_meeting(rows, wanted), following, digest)
