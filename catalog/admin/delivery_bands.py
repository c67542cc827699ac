"""Delivery by distance and basket as a table of fields: a row per distance, a column per basket."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from blinkit.kernel.money import rupees
from catalog.pricing.delivery import BadBands, Band, bands, checked

ROWS, COLUMNS = 6, 5
_FIELD = "border border-base-200 dark:border-base-700 dark:bg-base-900 rounded-default px-2 py-1 w-24"


def steps_of(table: tuple[Band, ...]) -> list[int]:
    """The baskets at which any band changes its fee."""
    return sorted({step for band in table for step, _ in band.fees})


class BandsWidget(forms.Widget):
    """Values are strings as typed, so that a mistake can be shown again."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        typed = value if isinstance(value, dict) else _typed(bands(value))

        def cell(key: str, label: str) -> SafeString:
            return format_html(
                '<input name="{}-{}" value="{}" aria-label="{}" inputmode="decimal" class="{}">',
                name, key, typed.get(key, ""), label, _FIELD,
            )  # fmt: skip

        def cells(r: int) -> SafeString:
            labels = [(f"{r}-{c}", f"Distance {r + 1}, basket {c + 1}: fee in rupees") for c in range(COLUMNS)]
            return format_html_join("", "<td class='py-1 pr-2'>{}</td>", ((cell(*label),) for label in labels))

        heads = format_html_join(
            "", '<th class="py-1 pr-2 text-left">{}</th>',
            ((cell(f"c{c}", f"Basket {c + 1} from, in rupees"),) for c in range(COLUMNS)),
        )  # fmt: skip
        rows = format_html_join(
            "",
            "<tr><th class='py-1 pr-2 text-left'>{}</th>{}</tr>",
            ((cell(f"r{r}", f"Distance {r + 1}: beyond, in kilometres"), cells(r)) for r in range(ROWS)),
        )
        return format_html(
            '<div class="overflow-x-auto" style="width:0;min-width:100%"><table>'
            '<thead><tr><th class="py-1 pr-2 text-left">{}</th>{}</tr></thead>'
            "<tbody>{}</tbody></table></div>",
            "Beyond km ↓ Basket from ₹ →",
            heads,
            rows,
        )

    def value_from_datadict(self, data: Any, files: Any, name: str) -> dict[str, str]:
        keys = [f"c{c}" for c in range(COLUMNS)] + [f"r{r}" for r in range(ROWS)]
        keys += [f"{r}-{c}" for r in range(ROWS) for c in range(COLUMNS)]
        return {key: text for key in keys if (text := str(data.get(f"{name}-{key}", "")).strip())}

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return False


def _typed(table: tuple[Band, ...]) -> dict[str, str]:
    steps = steps_of(table)[:COLUMNS]
    typed = {f"c{c}": f"{Decimal(step) / 100:f}" for c, step in enumerate(steps)}
    for r, band in enumerate(table[:ROWS]):
        typed[f"r{r}"] = f"{Decimal(band.beyond_metres) / 1000:f}"
        typed |= {f"{r}-{c}": f"{Decimal(band.fee(step)) / 100:f}" for c, step in enumerate(steps)}
    return typed


class BandsField(forms.Field):
    """An empty table means: the single fees above count. Raises ValidationError with what is wrong with the table."""

    widget = BandsWidget

    def clean(self, value: Any) -> list[dict[str, Any]] | None:
        typed: dict[str, str] = value or {}
        if not typed:
            return None
        columns = [c for c in range(COLUMNS) if f"c{c}" in typed]
        lines = [r for r in range(ROWS) if f"r{r}" in typed]
        used = {f"c{c}" for c in columns} | {f"r{r}" for r in lines} | {f"{r}-{c}" for r in lines for c in columns}
        if stray := set(typed) - used:
            raise ValidationError(f"{len(stray)} fees stand in a row without a distance or a column without a basket.")
        table = []
        for r in lines:
            fees: list[list[int]] = []
            for c in columns:
                fee = _units(typed.get(f"{r}-{c}", ""), 100)
                if not fees or fees[-1][1] != fee:
                    fees.append([_units(typed[f"c{c}"], 100), fee])
            table.append({"beyond_metres": _units(typed[f"r{r}"], 1000), "fees": fees})
        try:
            return checked(table)
        except BadBands as wrong:
            raise ValidationError(str(wrong)) from None

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(_typed(bands(initial)) != (data or {}))


def _units(text: str, per: int) -> int:
    try:
        found = Decimal(text) * per
        if not found.is_finite() or found != int(found):
            raise InvalidOperation
    except (InvalidOperation, ValueError):
        what = text[:20] or "An empty cell"
        raise ValidationError(f"{what} is no number here: fill in every cell of the table.") from None
    return int(found)


def as_table(table: tuple[Band, ...]) -> SafeString:
    """To look at: what delivery costs, by distance and basket."""
    steps = steps_of(table)
    heads = format_html_join("", '<th class="py-1 pr-4 text-left">from {}</th>', ((rupees(step),) for step in steps))
    rows = format_html_join(
        "", "<tr><th class='py-1 pr-4 text-left'>beyond {} km</th>{}</tr>",
        (
            (
                f"{band.beyond_metres / 1000:g}",
                format_html_join("", "<td class='py-1 pr-4'>{}</td>", ((rupees(band.fee(step)),) for step in steps)),
            )
            for band in table
        ),
    )  # fmt: skip
    return format_html("<table><thead><tr><th></th>{}</tr></thead><tbody>{}</tbody></table>", heads, rows)
