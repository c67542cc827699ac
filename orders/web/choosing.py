"""Filters and order of a shelf or search page: read from the address, shown as a panel and as chips to take off."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from accounts.templatetags.ui import rupees
from catalog.facets import Choice, Facets, Filters, UnitRange, without_each
from orders import filters

RUPEE = 100


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is set; `href` is the page without it, which would show `count` cards (None: not asked)."""

    text: str
    href: str
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    text: str
    count: int | None
    chosen: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """What the templates draw. `facets` is None while the panel is closed on an unfiltered page."""

    path: str
    q: str
    here: str
    toggle: str
    is_open: bool
    clear: str
    chips: tuple[Chip, ...]
    easing: tuple[Chip, ...]
    sorts: tuple[Option, ...]
    kept: tuple[tuple[str, str], ...]
    facets: Facets | None
    brands: tuple[Option, ...] = ()
    marks: tuple[Option, ...] = ()
    tags: tuple[Option, ...] = ()
    discounts: tuple[Option, ...] = ()
    units: tuple[Option, ...] = ()
    unit_range: UnitRange | None = None
    any_discount: bool = True
    any_unit: bool = True
    price_from: int | None = None
    price_to: int | None = None
    unit_price_to: int | None = None


class Choosing:
    """The filters of one request. A filter nobody knows is left out: a person gets a page, not an error."""

    def __init__(self, request: HttpRequest, *, q: str = "") -> None:
        chosen = filters.read(request.GET, paise_per=RUPEE, strict=False)
        self.request, self.q = request, q
        self.wanted, self.sort = chosen.wanted, chosen.sort
        self.is_open = request.GET.get("filters") == "1"
        self.needs_facets = self.is_open or self.wanted.is_set
        self.is_asked = request.headers.get("HX-Target") in {"goods", "found"} and "cursor" not in request.GET
        """A filter was touched: only the part with the goods is wanted. (Typing in the search field is not it.)"""
        if request.headers.get("HX-Trigger-Name") == "q":
            self.is_asked = False

    def link(self, wanted: Filters | None = None, **more: str) -> str:
        wanted = self.wanted if wanted is None else wanted
        return filters.address(wanted, sort=self.sort, paise_per=RUPEE, q=self.q, **more)

    def answer(self, response: HttpResponse) -> HttpResponse:
        """The address bar follows, unless only the panel was opened."""
        here = self.request.path + self.link().rstrip("?")
        shown = urlsplit(self.request.headers.get("HX-Current-URL", ""))
        if f"{shown.path}?{shown.query}".rstrip("?") != here:
            response["HX-Push-Url"] = here
        return response

    def shown(self, facets: Facets | None) -> Shown:
        brands = {it.key: it.name for it in facets.brands} if facets else {}
        left = {(kind, value): without for kind, value, without in without_each(self.wanted)}
        chips = tuple(
            Chip(self._text(kind, value, brands), self.link(without, filters="1" if self.is_open else ""))
            for (kind, value), without in left.items()
        )
        easing = tuple(
            Chip(self._text(kind, value, brands), self.link(left[kind, value]), count)
            for kind, value, count in (facets.easing if facets else ())
        )
        kept = [("q", self.q)] if self.q else []
        kept += parse_qsl(filters.address(self.wanted, paise_per=RUPEE)[1:])
        if self.is_open:
            kept.append(("filters", "1"))
        panel = {}
        if facets:
            unit = next((it for it in facets.units if it.unit == self.wanted.unit), None)
            panel = {
                "brands": _options(facets.brands, {}),
                "marks": _options(facets.marks, mark_names()),
                "tags": _options(facets.tags, tag_names()),
                "discounts": _options(
                    facets.discounts, {it.key: _("%(n)s%% or more") % {"n": it.key} for it in facets.discounts}
                ),
                "units": tuple(
                    Option(it.unit, unit_names()[it.unit], it.count, it.unit == self.wanted.unit) for it in facets.units
                ),
                "unit_range": unit,
            }
        return Shown(
            path=self.request.path,
            q=self.q,
            here=self.link(),
            toggle=self.link(filters="" if self.is_open else "1"),
            is_open=self.is_open,
            clear=self.link(Filters(), filters="1" if self.is_open else ""),
            chips=chips,
            easing=easing,
            sorts=tuple(Option(key, text, None, key == self.sort) for key, text in sort_names(self.q).items()),
            kept=tuple(kept),
            facets=facets,
            any_discount=self.wanted.discount is None,
            any_unit=not self.wanted.unit,
            price_from=_rupees(self.wanted.price_from),
            price_to=_rupees(self.wanted.price_to),
            unit_price_to=_rupees(self.wanted.unit_to_paise),
            **panel,  # type: ignore[arg-type]
        )

    def _text(self, kind: str, value: str, brands: dict[str, str]) -> str:
        low, high = self.wanted.price_from, self.wanted.price_to
        if kind == "brand":
            return brands.get(value) or value.replace("-", " ").title()
        if kind == "mark":
            return mark_names()[value]
        if kind == "tag":
            return tag_name(value)
        if kind == "discount":
            return _("%(n)s%% off or more") % {"n": value}
        if kind == "unit":
            unit = unit_names().get(value, "")
            if self.wanted.unit_to_paise is None:
                return unit
            return _("up to %(price)s %(unit)s") % {"price": rupees(self.wanted.unit_to_paise), "unit": unit}
        if low is None:
            return _("up to %(price)s") % {"price": rupees(high or 0)}
        if high is None:
            return _("from %(price)s") % {"price": rupees(low)}
        return f"{rupees(low)} – {rupees(high)}"


def _options(choices: tuple[Choice, ...], names: dict[str, str]) -> tuple[Option, ...]:
    return tuple(Option(it.key, names.get(it.key) or it.name or it.key, it.count, it.chosen) for it in choices)


def _rupees(paise: int | None) -> int | None:
    return None if paise is None else paise // RUPEE


def sort_names(q: str = "") -> dict[str, str]:
    return {
        "rank": _("Best match") if q else _("Most wanted"),
        "price": _("Price: low to high"),
        "price-down": _("Price: high to low"),
        "discount": _("Biggest discount"),
        "unit-price": _("Lowest unit price"),
    }


def mark_names() -> dict[str, str]:
    return {"veg": _("Vegetarian"), "nonveg": _("Non-vegetarian"), "egg": _("Contains egg")}


def unit_names() -> dict[str, str]:
    return {"kg": _("per kg"), "l": _("per litre"), "pc": _("per piece")}


def tag_names() -> dict[str, str]:
    return {
        "vegan": _("Vegan"), "gluten-free": _("Gluten free"), "organic": _("Organic"), "sugar-free": _("Sugar free"),
        "jain": _("Jain"), "lactose-free": _("Lactose free"), "no-onion-garlic": _("No onion, no garlic"),
        "high-protein": _("High protein"), "whole-grain": _("Whole grain"), "no-preservatives": _("No preservatives"),
    }  # fmt: skip


def tag_name(tag: str) -> str:
    return tag_names().get(tag, tag)
