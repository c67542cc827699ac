"""Pick lists on A4, drawn with fpdf2: two short orders share a page, a long one goes on. Black on white, read at arm's
length, ticked with a pen. Figures come from `fulfillment.paper`; nothing is computed here."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from datetime import datetime
from io import BytesIO
from zoneinfo import ZoneInfo

import segno
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from fpdf import FPDF

from accounts.templatetags.ui import in_language
from fulfillment.paper import Sheet, SheetLine
from fulfillment.words import consent_words, zone_words
from orders.invoice_pdf import FONTS

logging.getLogger("fontTools").setLevel(logging.WARNING)
INK, SOFT, LINE = (20, 20, 20), (80, 80, 80), (150, 150, 150)
MARGIN, WIDTH, BOTTOM = 11.0, 188.0, 284.0
HEAD, ROW, GAP, BOX = 27.0, 13.5, 7.0, 4.6
MOST_BOXES = 6


def sheets_pdf(sheets: Sequence[Sheet], *, address_of: Callable[[Sheet], str], printed_at: datetime) -> bytes:
    """All sheets, one after the other. `address_of` gives what a sheet's QR code leads to."""
    page = _Paper()
    for sheet in sheets:
        page.sheet(sheet, address_of(sheet), printed_at=printed_at)
    if not sheets:
        page.add_page()
        page.write_in(12)
        page.cell(WIDTH, 8, _("Nothing is waiting."))
    return bytes(page.output())


class _Paper(FPDF):
    def __init__(self) -> None:
        super().__init__("P", "mm", "A4")
        for style, weight in (("", "Regular"), ("B", "Bold")):
            self.add_font("Noto", style, str(FONTS / f"NotoSans-{weight}.ttf"))
            self.add_font("Deva", style, str(FONTS / f"NotoSansDevanagari-{weight}.ttf"))
        self.set_fallback_fonts(["Deva"], exact_match=False)
        self.set_text_shaping(True)
        self.set_margins(MARGIN, MARGIN)
        self.set_auto_page_break(False)
        self.set_lang("hi" if get_language() == "hi" else "en-IN")
        self.set_title(_("Pick lists"))
        self.set_draw_color(*LINE)
        self.set_line_width(0.25)

    def write_in(self, size: float, *, bold: bool = False, soft: bool = False) -> None:
        self.set_font("Noto", "B" if bold else "", size)
        self.set_text_color(*(SOFT if soft else INK))
        if self.page:  # fpdf2 2.8.9 may lose a font that is named inside a saved state: see orders.invoice_pdf
            self.text(self.x, self.y, " ")

    def sheet(self, sheet: Sheet, address: str, *, printed_at: datetime) -> None:
        height = HEAD + ROW * len(sheet.lines)
        if not self.page or self.get_y() + min(height, BOTTOM - MARGIN) > BOTTOM:
            self.add_page()
        self._head(sheet, address, printed_at=printed_at)
        for line in sheet.lines:
            if self.get_y() + ROW > BOTTOM:
                self.add_page()
                self._again(sheet)
            self._line(line)
        self.set_y(self.get_y() + GAP)
        if self.get_y() < BOTTOM - HEAD - ROW:
            self.set_dash_pattern(2, 2)
            self.line(MARGIN, self.get_y() - GAP / 2, MARGIN + WIDTH, self.get_y() - GAP / 2)
            self.set_dash_pattern()

    # -- parts

    def _head(self, sheet: Sheet, address: str, *, printed_at: datetime) -> None:
        top, zone = self.get_y(), ZoneInfo(sheet.store.city.timezone)
        self._qr(address, MARGIN + WIDTH - 23, top, 23)
        self.set_xy(MARGIN, top)
        self.write_in(26, bold=True)
        self.cell(84, 12, sheet.number)
        self.write_in(11, bold=True)
        by = sheet.due_at.astimezone(zone).strftime("%H:%M")
        self.cell(78, 12, _("On the shelf by %(t)s") % {"t": by}, align="R")
        self.set_xy(MARGIN, top + 12)
        self.write_in(9.5)
        said = [sheet.store.name, _("%(n)s units to find") % {"n": sheet.units}, *map(zone_words, sheet.zones)]
        if sheet.picker_name:
            said.append(_("Begun by %(name)s") % {"name": sheet.picker_name})
        if sheet.lines_done:
            said.append(_("%(n)s lines are in the tote already") % {"n": sheet.lines_done})
        self.cell(WIDTH - 26, 5, self._cut(" · ".join(said), WIDTH - 26))
        self.set_xy(MARGIN, top + 17)
        self.write_in(9.5, bold=True)
        told = ([_("Gift: no prices, slip in the bag")] if sheet.is_gift else []) + [
            words for words, _icon in sheet.chips
        ]
        self.cell(WIDTH - 26, 5, self._cut(" · ".join(told), WIDTH - 26))
        self.set_xy(MARGIN, top + 22)
        self.write_in(8, soft=True)
        printed = printed_at.astimezone(zone).strftime("%d.%m. %H:%M")
        foot = _("Printed %(t)s. Picked by: ____________________") % {"t": printed}
        self.cell(WIDTH - 26, 4, foot)
        self.set_y(top + HEAD)
        self.line(MARGIN, self.get_y() - 1, MARGIN + WIDTH, self.get_y() - 1)

    def _again(self, sheet: Sheet) -> None:
        self.write_in(14, bold=True)
        self.cell(WIDTH, 8, f"{sheet.number} …")
        self.set_xy(MARGIN, MARGIN + 10)
        self.line(MARGIN, self.get_y() - 1, MARGIN + WIDTH, self.get_y() - 1)

    def _line(self, line: SheetLine) -> None:
        top = self.get_y()
        self.set_xy(MARGIN, top)
        self.write_in(15, bold=True)
        self.cell(25, 7, line.bin or "—")
        self.write_in(18, bold=True)
        self.cell(15, 7, f"{line.to_find} ×", align="R")
        self.set_xy(MARGIN + 43, top)
        self.write_in(11, bold=True)
        self.cell(88, 6, self._cut(in_language(line.product), 88))
        self.write_in(9.5)
        self.cell(28, 6, self._cut(line.product.pack, 28))
        self._boxes(line, MARGIN + 160, top + 0.8)
        self.set_xy(MARGIN, top + 7)
        self.write_in(8, soft=True)
        self.cell(40, 5, zone_words(line.zone))
        self.set_xy(MARGIN + 43, top + 6.2)
        self.write_in(9)
        head = line.code[:-4]
        self.cell(self.get_string_width(head) + 0.8, 5, head)
        self.write_in(10.5, bold=True)
        self.cell(16, 5, line.code[-4:])
        self.write_in(8.5)
        rest = " · ".join(filter(None, [self._lots(line), consent_words(line.agreed)]))
        self.cell(0, 5, self._cut(rest, MARGIN + WIDTH - self.get_x()))
        self.set_y(top + ROW)
        self.line(MARGIN, self.get_y() - 1.4, MARGIN + WIDTH, self.get_y() - 1.4)

    def _lots(self, line: SheetLine) -> str:
        """Which lots to take, first expired first; a place only where it is not the home bin."""
        said = []
        for lot in line.lots:
            words = [f"{lot.qty} ×"] if len(line.lots) > 1 else []
            if lot.lot:
                words.append(_("lot %(lot)s") % {"lot": lot.lot})
            if lot.expires_on:
                words.append(lot.expires_on.strftime("%d.%m.%y"))
            if lot.bin_code and lot.bin_code != line.bin:
                words.append(f"({lot.bin_code})")
            if lot.lot or lot.expires_on or (lot.bin_code and lot.bin_code != line.bin):
                said.append(" ".join(words))
        if line.in_tote:
            said.append(_("%(n)s in the tote already") % {"n": line.in_tote})
        return " · ".join(said)

    def _boxes(self, line: SheetLine, x: float, y: float) -> None:
        """One box to tick per unit; for many a single one with their number."""
        self.set_draw_color(*INK)
        count = line.to_find if line.to_find <= MOST_BOXES else 1
        for place in range(count):
            self.rect(x + (place % MOST_BOXES) * (BOX + 0.6), y, BOX, BOX)
        if line.to_find > MOST_BOXES:
            self.set_xy(x + BOX + 1, y)
            self.write_in(10)
            self.cell(18, BOX, f"____ / {line.to_find}")
        self.set_draw_color(*LINE)

    def _qr(self, address: str, x: float, y: float, size: float) -> None:
        picture = BytesIO()
        segno.make(address, error="m", micro=False).save(picture, kind="png", scale=6, border=1)
        self.image(picture, x=x, y=y, w=size, h=size)

    def _cut(self, words: str, width: float) -> str:
        """As much as fits on one line of this width."""
        if self.get_string_width(words) <= width - 1:
            return words
        keep = math.floor(len(words) * (width - 4) / self.get_string_width(words))
        while keep and self.get_string_width(f"{words[:keep]}…") > width - 1:
            keep -= 1
        return f"{words[:keep]}…"
