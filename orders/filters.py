"""Filters as they stand in an address: `?brand=amul&tag=vegan&price_to=20000&sort=price`. Read for both doors, and
written back for links that add or drop one. Prices are paise for apps and rupees for people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import QueryDict

from catalog.facets import SORTS, Filters
from catalog.traits import MARKS, MEASURES, TAGS
from orders.errors import BadFilter

MOST_VALUES = 20
MOST_PAISE = 10**11


@dataclass(frozen=True, slots=True)
class Chosen:
    """Filters and the order of a page."""

    wanted: Filters
    sort: str = "rank"

    @property
    def is_plain(self) -> bool:
        return not self.wanted.is_set and self.sort == "rank"


def read(query: QueryDict, *, paise_per: int, strict: bool) -> Chosen:
    """What the address asks for. An app (`strict`) is refused with BadFilter for what is no filter; for a person, who
    may have typed anything into a link, it is left out. `paise_per` 1: amounts in paise, 100: in rupees."""
    problems: dict[str, list[str]] = {}

    def several(name: str, known: Iterable[str] | None = None) -> tuple[str, ...]:
        values = [part.strip() for text in query.getlist(name) for part in text.split(",")]
        readable = dict.fromkeys(value for value in values if value and len(value) <= 90 and "\x00" not in value)
        given = list(readable)[:MOST_VALUES]
        if len(values) > MOST_VALUES:
            problems[name] = [f"At most {MOST_VALUES}."]
        elif any(value and value not in readable for value in values):
            problems[name] = ["At most 90 characters each."]
        if known is None:
            return tuple(sorted(given))
        if unknown := [value for value in given if value not in known]:
            problems[name] = [f"Unknown: {unknown[0]}. One of {', '.join(known)}."]
        return tuple(sorted(value for value in given if value in known))

    def number(name: str, *, times: int, most: int) -> int | None:
        text = query.get(name, "").strip()
        if not text:
            return None
        if text.isascii() and text.isdigit() and len(text) < 13 and int(text) * times <= most:
            return int(text) * times
        problems[name] = ["A whole number."]
        return None

    def one(name: str, known: Iterable[str]) -> str:
        value = query.get(name, "").strip()
        if value and value not in known:
            problems[name] = [f"One of {', '.join(known)}."]
        return value if value in known else ""

    wanted = Filters(
        brands=several("brand"),
        marks=several("mark", MARKS),
        tags=several("tag", TAGS),
        price_from=number("price_from", times=paise_per, most=MOST_PAISE) or None,
        price_to=number("price_to", times=paise_per, most=MOST_PAISE),
        discount=number("discount", times=1, most=99) or None,
        unit_to_paise=number("unit_price_to", times=paise_per, most=MOST_PAISE),
        unit=one("unit", MEASURES),
    )
    chosen = Chosen(wanted, one("sort", SORTS) or "rank")
    if problems and strict:
        name, (why, *_) = next(iter(problems.items()))
        raise BadFilter(f"{name}: {why}", errors=problems)
    return chosen


def address(wanted: Filters, *, sort: str = "rank", paise_per: int, **more: str) -> str:
    """The same as a query string beginning with "?", in one order, so that equal pages have equal addresses."""
    pairs: list[tuple[str, str]] = [(name, value) for name, value in more.items() if value]
    pairs += [("brand", value) for value in wanted.brands]
    pairs += [("mark", value) for value in wanted.marks]
    pairs += [("tag", value) for value in wanted.tags]
    for name, amount in (
        ("price_from", wanted.price_from), ("price_to", wanted.price_to), ("unit_price_to", wanted.unit_to_paise),
    ):  # fmt: skip
        if amount is not None:
            pairs.append((name, str(amount // paise_per)))
    if wanted.discount is not None:
        pairs.append(("discount", str(wanted.discount)))
    if wanted.unit:
        pairs.append(("unit", wanted.unit))
    if sort != "rank":
        pairs.append(("sort", sort))
    return "?" + urlencode(pairs)
