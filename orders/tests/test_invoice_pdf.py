"""The PDF of an invoice, and the slip of a gift: drawn whole, in both scripts, with a code that leads to the page."""

from io import BytesIO

import pytest
import segno
from django.core.management import call_command
from fontTools.ttLib import TTFont

from catalog.tests.factories import NOW, ProductFactory
from orders import invoice_pdf
from orders.models import Order
from orders.queries.invoices import invoice_of
from orders.services.invoices import keep_documents
from orders.states import Status
from orders.tests.factories import advance, customer, place_order, shop
from orders.tests.invoicing import supplier

pytestmark = pytest.mark.django_db
URL = "https://shop.example.in/orders/1/invoice/"


@pytest.fixture
def drawn(monkeypatch) -> list[str]:
    """The words of every cell, in the order they are drawn."""
    words: list[str] = []
    for name in ("cell", "multi_cell", "write"):
        draw = getattr(invoice_pdf.FPDF, name)

        def spy(self, *args, _draw=draw, **more):
            words.extend(value for value in (*args, *more.values()) if isinstance(value, str))
            return _draw(self, *args, **more)

        monkeypatch.setattr(invoice_pdf.FPDF, name, spy)
    return words


def sold(*, products: int = 3, mrp_paise: int = 2_000, **more) -> Order:
    supplier(fssai="11226999000100", trade_name="Tokri")
    goods = ProductFactory.create_batch(products, hsn="1101", gst_bp=500, mrp_paise=mrp_paise)
    an_order = place_order(customer("Asha Rao"), shop(*goods), dict.fromkeys(goods, 2), **more)
    an_order = advance(an_order, Status.PICKED_UP)
    keep_documents(order_id=an_order.pk, now=NOW)
    return an_order


def pages(pdf: bytes) -> int:
    return pdf.count(b"/Type /Page\n")


def invoice_pdf_of(an_order: Order, language: str = "en") -> bytes:
    view = invoice_of(an_order.pk, customer_id=None)
    return invoice_pdf.document_pdf(view, url=URL, brand="Tokri", language=language)


def test_it_says_what_rule_46_asks_for(drawn):
    an_order = sold()
    pdf = invoice_pdf_of(an_order)
    view = invoice_of(an_order.pk, customer_id=None)
    document = view.document
    assert pdf.startswith(b"%PDF-") and pages(pdf) == 1 and len(pdf) < 100_000
    words = "\n".join(drawn)
    for needed in (
        "Tax invoice", document.number, "20 Nov 2026", document.supplier_name, "GSTIN 29AAZCT4821K1ZG",
        "FSSAI 11226999000100", document.recipient_name, document.recipient_address, "Karnataka (29)", view.words,
    ):  # fmt: skip
        assert needed in words, needed
    assert f"₹{document.total_paise // 100}" in words.replace(",", "")


def test_many_lines_go_on_over_pages_under_the_same_head():
    assert pages(invoice_pdf_of(sold(products=60, mrp_paise=1_000))) >= 2


def test_labels_are_in_both_languages_for_who_reads_hindi(drawn):
    invoice_pdf_of(sold(), "hi")
    words = "\n".join(drawn)
    assert "Sold by / विक्रेता" in words and "टैक्स इनवॉइस" in words


def test_the_fonts_have_every_letter_of_the_labels():
    have = set()
    for name in ("NotoSans-Regular", "NotoSansDevanagari-Regular"):
        bold = TTFont(invoice_pdf.FONTS / f"{name.replace('Regular', 'Bold')}.ttf").getBestCmap().keys()
        regular = TTFont(invoice_pdf.FONTS / f"{name}.ttf").getBestCmap().keys()
        assert set(bold) == set(regular)
        have |= set(regular)
    said = set("".join([*invoice_pdf.HINDI, *invoice_pdf.HINDI.values()])) | set("₹×—–‘’“”•·…é")
    assert {letter for letter in said if ord(letter) not in have} == set()
    assert sum(file.stat().st_size for file in invoice_pdf.FONTS.glob("*.ttf")) < 600_000


def test_the_code_is_the_address_of_the_page(monkeypatch):
    """Read back from the squares that are drawn."""
    squares = []
    draw = invoice_pdf.FPDF.rect

    def spy(self, x, y, w, h, *args, **more):
        if w == h and w < 2:
            squares.append((round(x, 3), round(y, 3)))
        return draw(self, x, y, w, h, *args, **more)

    monkeypatch.setattr(invoice_pdf.FPDF, "rect", spy)
    invoice_pdf_of(sold())
    code = segno.make(URL, error="m", micro=False)
    step = 26 / len(code.matrix)
    left, top = min(x for x, _ in squares), min(y for _, y in squares)
    seen = {(round((x - left) / step), round((y - top) / step)) for x, y in squares}
    assert seen == {(x, y) for y, row in enumerate(code.matrix) for x, dark in enumerate(row) if dark}


def test_words_after_another_script_keep_their_font():
    """Each page's font is set outside of saved states: fpdf2 2.8.9 forgets it there, and draws other letters."""
    page = invoice_pdf._Page(brand="Tokri", language="hi", foot="")
    page.set_compression(False)
    page.gift("जन्मदिन मुबारक, Meera!", "Asha")
    out = BytesIO()
    page.output(out)
    lines = out.getvalue().split(b"\n")
    plain = f"/F{page.fonts['noto'].i} 12.00 Tf".encode()
    at = next(number for number, line in enumerate(lines) if plain in line)
    assert not lines[at].startswith(b"q ")


def test_the_sample_is_written_and_nothing_is_kept(tmp_path, capsys):
    supplier()
    goods = ProductFactory.create_batch(3, hsn="1101")
    shop(*goods)
    call_command("sample_invoice", "--out", str(tmp_path))
    assert {file.name for file in tmp_path.glob("*.pdf")} == {"invoice-en.pdf", "invoice-hi.pdf", "slip.pdf"}
    assert not Order.objects.exists()
