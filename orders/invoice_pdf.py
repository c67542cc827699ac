"""Invoices, credit notes and packing slips on A4, drawn with fpdf2 and shaped by HarfBuzz (Devanagari needs it).

Figures come from `orders.queries.invoices`; nothing is computed here. Labels are English, and Hindi beside it for a
customer who reads Hindi. The QR code leads to the page of the document, which asks who is there.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import segno
from django.conf import settings
from fpdf import FPDF
from fpdf.enums import TableBordersLayout, TableCellFillMode, XPos, YPos
from fpdf.fonts import FontFace

from blinkit.kernel.money import rupees
from orders.invoicing import state_name
from orders.invoicing.gstin import WITHOUT_LEGISLATURE
from orders.invoicing.numbers import IST
from orders.models import Order, OrderLine
from orders.queries.invoices import DocumentView

logging.getLogger("fontTools").setLevel(logging.WARNING)  # it tells every step of making a font smaller
FONTS = Path(__file__).parent / "fonts"
INK, SOFT, LINE, GREEN, LEAF = (27, 31, 29), (82, 92, 85), (214, 221, 216), (12, 122, 67), (237, 246, 240)
MARGIN, WIDTH = 12, 186

HINDI = {
    "Tax invoice": "टैक्स इनवॉइस",
    "Bill of supply": "आपूर्ति बिल",
    "Invoice-cum-bill of supply": "इनवॉइस और आपूर्ति बिल",
    "Credit note": "क्रेडिट नोट",
    "Packing slip": "पैकिंग पर्ची",
    "A gift for you": "आपके लिए तोहफ़ा",
    "Number": "नंबर",
    "Date": "तारीख़",
    "Order": "ऑर्डर",
    "Left the store": "दुकान से निकला",
    "Place of supply": "आपूर्ति का स्थान",
    "Against invoice": "इस इनवॉइस पर",
    "Reason": "वजह",
    "Sold by": "विक्रेता",
    "Delivered to": "किसे पहुँचाया",
    "Item": "सामान",
    "Qty": "मात्रा",
    "Price": "दाम",
    "Discount": "छूट",
    "Taxable": "कर योग्य",
    "Rate": "दर",
    "Total": "कुल",
    "Taxable value": "कर योग्य मूल्य",
    "Round-off": "पूर्णांक",
    "Value of supply": "आपूर्ति का मूल्य",
    "Tip for the rider, no tax": "राइडर की टिप, कर नहीं",
    "In words": "शब्दों में",
    "Paid": "भुगतान",
    "Tax by HSN and SAC": "HSN और SAC के अनुसार कर",
    "Scan to open": "खोलने के लिए स्कैन कीजिए",
}
TITLES = {
    "tax-invoice": "Tax invoice",
    "bill-of-supply": "Bill of supply",
    "invoice-cum-bill": "Invoice-cum-bill of supply",
    "credit-note": "Credit note",
}
WAYS = {"online": "UPI or card", "cod": "Cash at the door", "wallet": "Wallet"}


def document_pdf(view: DocumentView, *, url: str, brand: str, language: str = "en") -> bytes:
    """The invoice or credit note. `url` is what its QR code says, `language` that of the customer ("en" or "hi")."""
    document = view.document
    page = _Page(brand=brand, language=language, foot=f"{document.supplier_name} · GSTIN {document.supplier_gstin}")
    page.set_title(f"{TITLES[document.title]} {document.number}")
    facts = [
        ("Number", document.number),
        ("Date", _day(document.issued_at)),
        ("Order", document.order.number),
        ("Left the store", _day(document.supplied_at)),
        ("Place of supply", f"{state_name(document.place_of_supply)} ({document.place_of_supply})"),
    ]
    if document.against is not None:
        facts[3:4] = [("Against invoice", f"{document.against.number}, {_day(document.against.issued_at)}")]
    page.head(TITLES[document.title], facts)
    licence = f"FSSAI {document.supplier_fssai}" if document.supplier_fssai else ""
    trade = document.supplier_trade_name
    supplier = [
        document.supplier_name,
        f"({trade})" if trade and trade != document.supplier_name else "",
        document.supplier_address,
        f"GSTIN {document.supplier_gstin}",
        licence,
    ]
    recipient = [document.recipient_name, document.recipient_address, _state_line(document.place_of_supply)]
    page.two_blocks(("Sold by", supplier), ("Delivered to", recipient))
    if document.reason:
        page.sentence("Reason", document.reason)
    page.lines(view)
    page.sums(view, url)
    page.by_hsn(view)
    page.notes(_notes(view))
    return bytes(page.output())


def slip_pdf(order: Order, lines: Sequence[OrderLine], *, brand: str, language: str = "en") -> bytes:
    """What goes with the bags: what is in them, and of a gift its words. No price is on it, whatever the order."""
    page = _Page(brand=brand, language=language, foot=order.store.name)
    page.set_title(f"Packing slip {order.number}")
    when = order.packed_at or order.placed_at
    page.head("A gift for you" if order.is_gift else "Packing slip", [("Order", order.number), ("Date", _day(when))])
    if order.is_gift and (order.gift_note or order.gift_from):
        page.gift(order.gift_note, order.gift_from)
    page.goods([(line.name, line.pack, line.qty - line.short_qty) for line in lines])
    return bytes(page.output())


@dataclass(frozen=True, slots=True)
class Table:
    """Words in the first columns, figures from `numbers_from` on; widths in mm, together at most 186."""

    heads: Sequence[str]
    widths: Sequence[float]
    rows: Sequence[Sequence[str]]
    numbers_from: int = 1


def tables_pdf(
    title: str,
    facts: Sequence[tuple[str, str]],
    tables: Sequence[tuple[str, Table]],
    *,
    notes: Sequence[str],
    brand: str,
    foot: str,
) -> bytes:
    """A plain document of ours: facts at its head, titled tables, notes. All words come in the reader's language."""
    page = _Page(brand=brand, language="en", foot=foot)
    page.set_title(title)
    page.head(title, facts)
    for name, table in tables:
        page.sentence(name, "")
        page._table(table.heads, table.widths, table.rows, numbers_from=table.numbers_from, size=9)
        page.ln(4)
    page.notes(notes)
    return bytes(page.output())


def _notes(view: DocumentView) -> list[str]:
    """What the figures mean; the statutes are in docs/invoices.md."""
    said = ["Prices include GST. No tax is payable under reverse charge."]
    if not view.document.is_interstate and view.document.tax_paise:
        said.append("CGST and SGST are half of the tax each; the odd paisa of a line is CGST.")
    if view.document.is_credit_note:
        said.append("Issued under section 34 of the CGST Act, 2017.")
    said.append("Made by a computer; it needs no signature.")
    return said


def _day(at: datetime) -> str:
    return at.astimezone(IST).strftime("%d %b %Y")


def _state_line(code: str) -> str:
    return f"State {state_name(code)}, code {code}"


def _plain(paise: int) -> str:
    """Rupees without the sign, always two digits: columns of figures. The font has no minus sign but a dash."""
    whole = rupees(abs(paise) // 100 * 100).removeprefix("₹")
    return f"{'–' if paise < 0 else ''}{whole}.{abs(paise) % 100:02d}"


@cache
def _font_file(name: str) -> str:
    return str(FONTS / name)


class _Page(FPDF):
    def __init__(self, *, brand: str, language: str, foot: str) -> None:
        super().__init__("P", "mm", "A4")
        self.brand, self.is_hindi, self.foot_words = brand, language == "hi", foot
        for style, weight in (("", "Regular"), ("B", "Bold")):
            self.add_font("Noto", style, _font_file(f"NotoSans-{weight}.ttf"))
            self.add_font("Deva", style, _font_file(f"NotoSansDevanagari-{weight}.ttf"))
        self.set_fallback_fonts(["Deva"], exact_match=False)
        self.set_text_shaping(True)
        self.set_margins(MARGIN, MARGIN)
        self.set_auto_page_break(True, 18)
        self.set_lang("hi" if self.is_hindi else "en-IN")
        self.set_creator(brand)
        self.set_draw_color(*LINE)
        self.set_line_width(0.2)
        self.alias_nb_pages()
        self.add_page()

    def label(self, words: str, *, apart: str = " / ") -> str:
        return f"{words}{apart}{HINDI[words]}" if self.is_hindi and words in HINDI else words

    def set_font(self, *args: Any, **options: Any) -> None:
        """As always, and a space in the new font at once.

        fpdf2 2.8.9 tells a page its font with the first words in it; when those begin with a letter of the other font,
        it does so inside a saved state, and what follows is drawn in the font of before.
        """
        super().set_font(*args, **options)
        if self.page:
            self.text(self.x, self.y, " ")

    def write_in(self, size: float, *, bold: bool = False, colour: tuple[int, int, int] = INK) -> None:
        self.set_font("Noto", "B" if bold else "", size)
        self.set_text_color(*colour)

    def footer(self) -> None:
        self.set_y(-13)
        self.write_in(7, colour=SOFT)
        self.cell(WIDTH / 2, 5, self.foot_words)
        self.cell(WIDTH / 2, 5, f"{self.page_no()} / {{nb}}", align="R")

    # -- parts

    def head(self, title: str, facts: Sequence[tuple[str, str]]) -> None:
        top = self.get_y()
        self._mark(MARGIN + 1, top, 11)
        self.set_xy(MARGIN + 14, top)
        self.write_in(17, bold=True, colour=GREEN)
        self.cell(60, 11, self.brand)
        self.set_xy(MARGIN + 60, top)
        self.write_in(15, bold=True)
        self.multi_cell(WIDTH - 60, 7, self.label(title, apart="\n"), align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(1)
        for name, value in facts:
            self.set_x(MARGIN + 70)
            self.write_in(8, colour=SOFT)
            self.cell(76, 4.6, self.label(name), align="R")
            self.write_in(8.5, bold=True)
            self.cell(40, 4.6, value, align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(3)

    def _mark(self, x: float, y: float, size: float) -> None:
        """The basket of the icon, in four strokes."""
        unit = size / 32
        self.set_fill_color(*GREEN)
        self.rect(x, y, size, size, style="F", round_corners=True, corner_radius=9 * unit)
        self.set_draw_color(247, 201, 72)
        self.set_line_width(2.6 * unit)
        self.arc(x + 11 * unit, y + 9 * unit, 10 * unit, 180, 360, 10 * unit)
        self.set_fill_color(255, 255, 255)
        corners = ((7, 14), (25, 14), (23, 24), (21, 25), (11, 25), (9, 24))
        self.polygon([(x + left * unit, y + down * unit) for left, down in corners], style="F")
        self.set_draw_color(*GREEN)
        self.set_line_width(1.8 * unit)
        for left in (12.5, 16, 19.5):
            self.line(x + left * unit, y + 17.5 * unit, x + left * unit, y + 21.5 * unit)
        self.set_draw_color(*LINE)
        self.set_line_width(0.2)

    def two_blocks(self, *blocks: tuple[str, Sequence[str]]) -> None:
        top, lowest = self.get_y(), self.get_y()
        for place, (title, rows) in enumerate(blocks):
            left = MARGIN + place * (WIDTH / 2 + 2)
            self.set_xy(left, top)
            self.write_in(7.5, bold=True, colour=GREEN)
            self.cell(WIDTH / 2 - 2, 4.5, self.label(title), new_x=XPos.LEFT, new_y=YPos.NEXT)
            for number, row in enumerate(filter(None, rows)):
                self.write_in(9 if number == 0 else 8.5, bold=number == 0)
                self.multi_cell(WIDTH / 2 - 4, 4.4, row, align="L", new_x=XPos.LEFT, new_y=YPos.NEXT)
            lowest = max(lowest, self.get_y())
        self.set_xy(MARGIN, lowest + 3)

    def sentence(self, name: str, words: str) -> None:
        self.write_in(8, colour=SOFT)
        self.write(4.6, f"{self.label(name)}: ")
        self.write_in(8.5)
        self.write(4.6, words)
        self.ln(6.5)

    def lines(self, view: DocumentView) -> None:
        document = view.document
        within = not document.is_interstate
        state_tax = "UTGST" if document.place_of_supply in WITHOUT_LEGISLATURE else "SGST"
        heads = ["#", "Item", "HSN/SAC", "Qty", "Price", "Discount", "Taxable", "Rate"]
        widths: list[float] = [6, 50, 15, 9, 17, 16, 18, 10]
        if within:
            heads, widths = [*heads, "CGST", state_tax, "Total"], [*widths, 13, 13, 19]
        else:
            heads, widths = [*heads, "IGST", "Total"], [*widths, 20, 25]
        rows = []
        for line in view.lines:
            taxes = [line.cgst_paise, line.sgst_paise] if within else [line.igst_paise]
            rows.append(
                [
                    str(line.position),
                    f"{line.name}, {line.pack}" if line.pack else line.name,
                    line.hsn or "—",
                    str(line.qty or "—") if line.code == "goods" else "—",
                    _plain(line.unit_price_paise),
                    _plain(-line.discount_paise) if line.discount_paise else "—",
                    _plain(line.taxable_paise),
                    line.rate,
                    *map(_plain, taxes),
                    _plain(line.total_paise),
                ]
            )
        self._table(heads, widths, rows)
        self.ln(3)

    def sums(self, view: DocumentView, url: str) -> None:
        document = view.document
        tax = (
            [("IGST", document.igst_paise)]
            if document.is_interstate
            else [
                ("CGST", document.cgst_paise),
                ("UTGST" if document.place_of_supply in WITHOUT_LEGISLATURE else "SGST", document.sgst_paise),
            ]
        )
        rows = [("Taxable value", document.taxable_paise), *tax]
        if document.cess_paise:
            rows.append(("Cess", document.cess_paise))
        rows += [("Round-off", document.round_off_paise), ("Value of supply", document.supply_paise)]
        if document.tip_paise:
            rows.append(("Tip for the rider, no tax", document.tip_paise))
        height = 5 * len(rows) + 9
        if self.get_y() + max(height, 42) > self.page_break_trigger:
            self.add_page()
        top, left = self.get_y(), MARGIN + 100
        self.set_xy(left, top)
        for name, paise in rows:
            self.write_in(8.5, colour=SOFT)
            self.cell(58, 5, self.label(name))
            self.write_in(8.5)
            self.cell(28, 5, _plain(paise), align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
            self.set_x(left)
        self.set_fill_color(*LEAF)
        self.write_in(11, bold=True)
        self.cell(50, 8, f" {self.label('Total')}", fill=True)
        self.cell(36, 8, f"₹{_plain(document.total_paise)} ", align="R", fill=True)
        lowest = self.get_y() + 8
        self._qr(url, MARGIN + 1, top, 26)
        self.set_xy(MARGIN, top + 27)
        self.write_in(7, colour=SOFT)
        self.multi_cell(30, 3.4, self.label("Scan to open", apart="\n"), align="L")
        self.set_xy(MARGIN + 32, top)
        words = [("In words", view.words)]
        if not document.is_credit_note and view.paid_paise:
            ways = " + ".join(f"{WAYS.get(how, how)} ₹{_plain(paise)}" for how, paise in view.paid_paise.items())
            words.append(("Paid", ways))
        for name, said in words:
            self.write_in(7.5, colour=SOFT)
            self.multi_cell(62, 4, self.label(name), align="L", new_x=XPos.LEFT, new_y=YPos.NEXT)
            self.write_in(8.5)
            self.multi_cell(62, 4.4, said, align="L", new_x=XPos.LEFT, new_y=YPos.NEXT)
            self.ln(1.5)
            self.set_x(MARGIN + 32)
        self.set_xy(MARGIN, max(lowest, self.get_y(), top + 35) + 4)

    def by_hsn(self, view: DocumentView) -> None:
        within = not view.document.is_interstate
        if self.get_y() + 24 > self.page_break_trigger:
            self.add_page()
        self.write_in(8, bold=True, colour=GREEN)
        self.cell(WIDTH, 5, self.label("Tax by HSN and SAC"), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        state_tax = "UTGST" if view.document.place_of_supply in WITHOUT_LEGISLATURE else "SGST"
        taxes = ["CGST", state_tax] if within else ["IGST"]
        widths: list[float] = [40, 20, 38, *([28, 28] if within else [56]), 32]
        rows = [
            [
                row.hsn or "—",
                row.rate,
                _plain(row.taxable_paise),
                *map(_plain, [row.cgst_paise, row.sgst_paise] if within else [row.igst_paise]),
                _plain(row.total_paise),
            ]
            for row in view.by_hsn
        ]
        self._table(["HSN/SAC", "Rate", "Taxable", *taxes, "Total"], widths, rows, numbers_from=1)
        self.ln(3)

    def notes(self, sentences: Sequence[str]) -> None:
        self.write_in(7.5, colour=SOFT)
        self.multi_cell(WIDTH, 3.8, " ".join(sentences), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def gift(self, note: str, sender: str) -> None:
        self.set_fill_color(*LEAF)
        self.write_in(12)
        words = "\n".join(filter(None, [note, f"— {sender}" if sender else ""]))
        self.multi_cell(WIDTH, 7, words, align="C", fill=True, padding=5, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(5)

    def goods(self, rows: Sequence[tuple[str, str, int]]) -> None:
        told = [[f"{qty} ×", f"{name}, {pack}" if pack else name] for name, pack, qty in rows if qty]
        self._table(["Qty", "Item"], [24, WIDTH - 24], told, numbers_from=2, size=10)

    def _table(
        self,
        heads: Sequence[str],
        widths: Sequence[float],
        rows: Sequence[Sequence[str]],
        *,
        numbers_from: int = 3,
        size: float = 7.5,
    ) -> None:
        """Words to the left, figures to the right; the head again on every page."""
        self.write_in(size)
        self.set_fill_color(255, 255, 255)
        aligns = ["LEFT" if place < numbers_from else "RIGHT" for place in range(len(heads))]
        head_style = FontFace(emphasis="BOLD", color=SOFT, size_pt=7)
        with self.table(
            width=sum(widths),
            col_widths=tuple(widths),
            text_align=aligns,
            headings_style=head_style,
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            cell_fill_mode=TableCellFillMode.NONE,
            line_height=size * 0.52,
            padding=(1, 0.8),
            align="L",
        ) as table:
            table.row([self.label(head, apart="\n") for head in heads])
            for row in rows:
                table.row(row)

    def _qr(self, words: str, x: float, y: float, size: float) -> None:
        """As squares of the page, sharp at any size."""
        rows = list(segno.make(words, error="m", micro=False).matrix)
        step = size / len(rows)
        self.set_fill_color(*INK)
        for down, row in enumerate(rows):
            for left, is_dark in enumerate(row):
                if is_dark:
                    # a hair wider than its place, or viewers show seams
                    self.rect(x + left * step, y + down * step, step * 1.03, step * 1.03, style="F")


def brand_name() -> str:
    return str(getattr(settings, "SHOP_NAME", "Tokri"))
