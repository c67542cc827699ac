"""Labels as PDF, one page per bag in the label's own size, drawn with fpdf2 and shaped by HarfBuzz (Hindi needs it)."""

from __future__ import annotations

import io
from collections.abc import Sequence

import segno
from fpdf import FPDF

from fulfillment.labelling import SIZES, Label
from orders.invoice_pdf import FONTS

FAMILY, HINDI = "NotoSans", "NotoSansDevanagari"
EDGE_MM = 3


def labels_pdf(labels: Sequence[Label], *, size: str = "100x50") -> bytes:
    """A page per label; black on white, because label printers know no grey. Without labels one empty page."""
    paper = SIZES[size]
    pdf = FPDF(orientation="P", unit="mm", format=(paper.width_mm, paper.height_mm))
    pdf.set_margin(0)
    pdf.set_auto_page_break(False)
    for style, file in (("", "Regular"), ("B", "Bold")):
        pdf.add_font(FAMILY, style, FONTS / f"{FAMILY}-{file}.ttf")
        pdf.add_font(HINDI, style, FONTS / f"{HINDI}-{file}.ttf")
    pdf.set_fallback_fonts([HINDI], exact_match=False)
    pdf.set_text_shaping(True)
    pdf.set_title("Bag labels")
    for label in labels:
        _page(pdf, label, wide=paper.width_mm >= 100, width_mm=paper.width_mm, height_mm=paper.height_mm)
    if not labels:
        pdf.add_page()
    return bytes(pdf.output())


def _page(pdf: FPDF, label: Label, *, wide: bool, width_mm: int, height_mm: int) -> None:
    pdf.add_page()
    qr_mm = 30 if wide else 18
    drawn = io.BytesIO()
    segno.make(label.code, error="m", micro=False).save(drawn, kind="png", scale=8, border=1)
    drawn.seek(0)
    pdf.image(drawn, x=EDGE_MM, y=EDGE_MM, w=qr_mm, h=qr_mm)
    left = EDGE_MM + qr_mm + 3
    room = width_mm - left - EDGE_MM
    big, middle, small = (38, 15, 10) if wide else (26, 9, 7)
    y = float(EDGE_MM - 1)
    for words, points, style in (
        (label.slot, big, "B"),
        (f"{label.count_words} · {label.zone_words}", middle, "B"),
        (f"#{label.order_short}", middle, ""),
    ):
        y = _line(pdf, words, x=left, y=y, room=room, points=points, style=style)
    below = max(y, float(EDGE_MM + qr_mm))
    below = _line(pdf, label.code, x=EDGE_MM, y=below, room=width_mm - 2 * EDGE_MM, points=middle, style="B")
    if label.chips:
        words = ", ".join(label.chips)
        _line(pdf, words, x=EDGE_MM, y=min(below, height_mm - 5), room=width_mm - 2 * EDGE_MM, points=small, style="")


def _line(pdf: FPDF, words: str, *, x: float, y: float, room: float, points: float, style: str) -> float:
    """One line, made smaller until it fits. Returns where the next one begins."""
    pdf.set_font(FAMILY, style, points)
    while points > 5 and pdf.get_string_width(words) > room:
        points -= 0.5
        pdf.set_font(FAMILY, style, points)
    height_mm = points * 0.3528 * 1.3
    pdf.set_xy(x, y)
    pdf.cell(room, height_mm, words)
    return y + height_mm
