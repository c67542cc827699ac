"""A weekly statement as a file: PDF for people, CSV for their accountants. Figures as they were issued."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from blinkit.kernel.money import rupees
from catalog.importing.sheets import harmless
from delivery.models import WeekStatement
from orders.invoice_pdf import Table, brand_name, tables_pdf


def part_names() -> dict[str, str]:
    return {
        "base_paise": _("Base pay"),
        "distance_paise": _("Distance"),
        "long_distance_paise": _("Long distance"),
        "waiting_paise": _("Waiting at the store"),
        "surge_paise": _("Busy hours and bad weather"),
        "bundle_paise": _("Several orders at once"),
        "detour_paise": _("Detours"),
        "tip_paise": _("Tips, all of it yours"),
    }


def line_text(line: dict[str, object]) -> str:
    """What a line of a statement says, in the reader's language; reasons are as they were written."""
    text = str(line["text"])
    if line["kind"] == "target":
        return _("Target: %(name)s") % {"name": text}
    if line["kind"] == "hours":
        return _("Hourly promise, %(hours)s hours on duty") % {"hours": text}
    if line["kind"] == "way_back":
        return _("Way back to the store with the bags, %(km)s km") % {"km": text}
    if line["kind"] == "way_there":
        return _("Way to %(store)s, before help was called") % {"store": text}
    if line["kind"] == "deducted":
        return _("Deduction: %(reason)s") % {"reason": text}
    return text


def statement_pdf(statement: WeekStatement) -> bytes:
    names = part_names()
    pay = [(names[code], statement.parts[code]) for code in names if statement.parts.get(code)]
    pay += [(line_text(line), int(line["paise"])) for line in statement.lines]
    pay.append((_("Paid out"), statement.payout_paise))
    days = [
        (date_format(statement.week + timedelta(days=n), "D j M"), str(day["deliveries"]), _amount(day["total_paise"]))
        for n, day in enumerate(statement.days)
    ]
    cash = [
        (_("In hand before"), statement.cash_before_paise),
        (_("Collected at doors"), statement.cash_collected_paise),
        (_("Handed in"), -statement.cash_handed_in_paise),
        (_("In hand after"), statement.cash_after_paise),
    ]
    kilometres = [
        (name, f"{statement.metres[code] / 1000:.1f} km" if statement.metres[code] else _("not known"))
        for name, code in ((_("Routed"), "routed"), (_("Ridden"), "ridden"), (_("Paid"), "paid"))
        if code in statement.metres
    ]
    return tables_pdf(
        _("Weekly statement"),
        [
            (_("Number"), statement.number),
            (_("Rider"), str(statement.rider)),
            (_("Store"), statement.rider.store.name),
            (_("Week"), week_words(statement)),
            (_("Deliveries"), str(statement.deliveries)),
        ],
        [
            (_("Earnings"), Table([_("What"), _("Amount")], [146, 40], [(name, _amount(p)) for name, p in pay])),
            (_("Days"), Table([_("Day"), _("Deliveries"), _("Pay")], [86, 50, 50], days)),
            (_("Cash"), Table([_("What"), _("Amount")], [146, 40], [(name, _amount(p)) for name, p in cash])),
            (_("Kilometres"), Table([_("What"), _("Distance")], [146, 40], kilometres)),
        ],
        notes=[_("Cash of customers is not part of your pay. Every deduction was told to you before it counted.")],
        brand=brand_name(),
        foot=statement.number,
    )


def statement_csv(statement: WeekStatement) -> str:
    """One row per figure: section, what, paise. English codes, so that programs read every language's file alike."""
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(["section", "what", "date", "paise"])
    writer.writerows(_rows(statement))
    return table.getvalue()


def _rows(statement: WeekStatement) -> Iterator[tuple[str, str, str, int]]:
    for code, paise in statement.parts.items():
        yield ("part", code.removesuffix("_paise"), "", paise)
    for line in statement.lines:
        yield (str(line["kind"]), harmless(str(line["text"])), str(line["at"])[:10], int(line["paise"]))
    yield ("total", "payout", "", statement.payout_paise)
    for day in statement.days:
        yield ("day", f"{day['deliveries']} deliveries", str(day["date"]), int(day["total_paise"]))
    for name in ("before", "collected", "handed_in", "after"):
        yield ("cash", name, "", getattr(statement, f"cash_{name}_paise"))


def _amount(paise: int) -> str:
    """The font of our documents has no minus sign but a dash."""
    return rupees(paise).replace("−", "–")


def week_words(statement: WeekStatement) -> str:
    """ "16 Nov – 22 Nov 2026"."""
    until = statement.week + timedelta(days=6)
    return f"{date_format(statement.week, 'j M')} – {date_format(until, 'j M Y')}"
